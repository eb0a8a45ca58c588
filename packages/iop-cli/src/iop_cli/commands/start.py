"""``iop start``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from iop_cli.application import Application, pass_application
from iop_cli.completion import deployed_productions
from iop_cli.durability import durability_option
from iop_cli.options import data_dir_option, json_option, namespace_option, production_option
from iop_cli.output import print_json, tell
from iop_cli.production_source import is_file, read_settings
from iop_core.backends import StartOrder
from iop_director.event_log import follow_log, format_entry
from iop_director.interruption import sigterm_as_interrupt
from iop_director.life_cycle import order_for, start
from iop_director.records import status_to_dict
from iop_migrate import choose_production

if TYPE_CHECKING:
    from iop_core.backends import RunningProduction
    from iop_director import Director


@click.command("start")
@click.argument("file", metavar="[FILE|NAME]", required=False, shell_complete=deployed_productions)
@production_option
@namespace_option
@data_dir_option(".iop beside the file, or below the current directory")
@durability_option
@click.option("-D", "--detach", is_flag=True, help="Return when it is ready, instead of showing its log until Ctrl-C.")
@click.option(
    "--timeout", type=click.FloatRange(min=0.1), default=120.0, show_default=True, help="Seconds it may take."
)
@json_option
@pass_application
def start_command(
    application: Application,
    /,
    *,
    file: str | None,
    name: str | None,
    namespace: str | None,
    data_dir: Path | None,
    detach: bool,
    as_json: bool,
    **options: object,
) -> None:
    """Start a production in a process of its own and show its log.

    Without --detach, Ctrl-C stops the production. FILE|NAME is a settings file or a deployed
    production; left out: the default one, or the one that was started last.
    """
    durability, timeout = str(options["durability"]), float(str(options["timeout"]))
    if file is not None and is_file(file):
        path = Path(file).absolute()
        # Mistakes in the file are told here, by the process that was asked.
        chosen = choose_production(read_settings(file), name)
        director = application.query(data_dir, namespace or chosen.namespace, beside=path)
        order = StartOrder(chosen.name, str(path), durability, timeout)
    else:
        director = application.query(data_dir, namespace)
        known = order_for(director.backend, file)
        order = StartOrder(known.production, known.file, durability, timeout)
    running = start(director.backend, order)
    status = running.status()
    if as_json:
        print_json(status_to_dict(status))
    else:
        process = f" (process {status.pid})" if status.pid else ""  # a server does not say
        tell(f"Production {status.production} started{process}.")
    if not detach:
        _show_log(director, running, status.production)


def _show_log(director: Director, running: RunningProduction, production: str) -> None:
    try:
        with sigterm_as_interrupt():
            for entry in follow_log(director.log):
                click.echo(format_entry(entry))
    except KeyboardInterrupt:
        running.stop()
        tell(f"Production {production} stopped.")
