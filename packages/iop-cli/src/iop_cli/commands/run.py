"""``iop run``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from iop_cli.application import Application, local_url, pass_application
from iop_cli.console_logging import console_logging
from iop_cli.foreground import StopSignals, serve
from iop_cli.options import data_dir_option, namespace_option
from iop_core.backends import DURABILITIES
from iop_director.safe_text import one_line
from iop_migrate import choose_production, load_settings

if TYPE_CHECKING:
    from iop_migrate import Settings


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--production", "name", metavar="NAME", help="Production to run, when the file has several.")
@namespace_option
@data_dir_option(".iop beside the file")
@click.option("--until-idle", is_flag=True, help="Stop as soon as nothing is left to do.")
@click.option(
    "--durability",
    type=click.Choice(DURABILITIES),
    default="full",
    show_default=True,
    help="full: a message is on the disk before its send returns; normal: a power cut may lose the last ones.",
)
@pass_application
def run(
    application: Application,
    *,
    file: Path,
    name: str | None,
    namespace: str | None,
    data_dir: Path | None,
    until_idle: bool,
    durability: str,
) -> None:
    """Run a production of FILE.py in the foreground.

    Ctrl-C or SIGTERM stops it: services first, then processes, then operations. What was
    not handled stays stored and is handled by the next run.
    """
    with console_logging():
        settings = load_settings(file)
        production = choose_production(settings, name)
        director = application.director(url=_url(data_dir, settings), namespace=namespace or production.namespace)
        with StopSignals() as signals:
            running = director.run(production, durability=durability)
            state = running.status()
            click.echo(
                f"{one_line(state.production)} is running; data: {one_line(state.location)}, "
                f"durability: {state.durability}. Press Ctrl-C to stop."
            )
            serve(running, signals, until_idle=until_idle)
        click.echo(f"{one_line(state.production)} stopped.")


def _url(data_dir: Path | None, settings: Settings) -> str | None:
    if data_dir is not None:
        return local_url(data_dir)
    if os.environ.get("IOP_URL"):
        return None  # the director reads it
    return local_url(settings.path.parent / ".iop")
