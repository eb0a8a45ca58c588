"""``iop run``."""

from __future__ import annotations

from pathlib import Path

import click

from iop_cli.application import Application, pass_application
from iop_cli.completion import deployed_productions
from iop_cli.console_logging import console_logging
from iop_cli.durability import durability_option
from iop_cli.foreground import StopSignals, serve
from iop_cli.options import data_dir_option, namespace_option, production_option
from iop_cli.production_source import source_of
from iop_core.backends import RunOptions
from iop_director.safe_text import one_line


@click.command()
@click.argument("file", metavar="FILE|NAME", shell_complete=deployed_productions)
@production_option
@namespace_option
@data_dir_option(".iop beside the file")
@click.option("--until-idle", is_flag=True, help="Stop as soon as nothing is left to do.")
@durability_option
@pass_application
def run(
    application: Application,
    *,
    file: str,
    name: str | None,
    namespace: str | None,
    data_dir: Path | None,
    until_idle: bool,
    durability: str,
) -> None:
    """Run a production of FILE.py, or the deployed one of that NAME, in the foreground.

    Ctrl-C, SIGTERM or 'iop stop' elsewhere stops it: services first, then processes, then
    operations. What was not handled stays stored and is handled by the next run.
    """
    with console_logging(debug=application.debug):
        source = source_of(application, file, production=name, namespace=namespace, data_dir=data_dir)
        with StopSignals() as signals:
            options = RunOptions(
                durability, is_reachable=True, read_again=source.read_again, fingerprint=source.fingerprint
            )
            running = source.director.backend.run(source.definition, options)
            state = running.status()
            click.echo(
                f"{one_line(state.production)} is running; data: {one_line(state.location)}, "
                f"durability: {state.durability}. Press Ctrl-C to stop."
            )
            serve(running, signals, until_idle=until_idle)
        click.echo(f"{one_line(state.production)} stopped.")
