"""``iop dev``."""

from __future__ import annotations

from pathlib import Path

import click

from iop_cli.application import Application, pass_application
from iop_cli.code_watch import CodeWatch
from iop_cli.console_logging import console_logging
from iop_cli.foreground import StopSignals, serve
from iop_cli.options import data_dir_option, namespace_option, production_option
from iop_cli.production_source import is_file, source_of
from iop_core.backends import RunOptions
from iop_core.errors import ConfigurationError
from iop_director.safe_text import one_line


@click.command()
@click.argument("file")
@production_option
@namespace_option
@data_dir_option(".iop beside the file")
@pass_application
def dev(application: Application, *, file: str, name: str | None, namespace: str | None, data_dir: Path | None) -> None:
    """Run a production of FILE.py in the foreground and take over its code whenever that changes.

    All Python files in the folder are watched. A message in hand is handled to its end by the
    old code, and queues stay as they are. Code that cannot be loaded is shown and changes nothing; an
    item that cannot start with its new code goes on with the old one.
    """
    if not is_file(file):
        raise ConfigurationError(f"there is no file {file!r}; 'iop dev' needs the file whose changes it watches")
    with console_logging(debug=application.debug):
        source = source_of(application, file, production=name, namespace=namespace, data_dir=data_dir)
        with StopSignals() as signals:
            running = source.director.backend.run(
                source.definition,
                RunOptions(is_reachable=True, read_again=source.read_again, fingerprint=source.fingerprint),
            )
            state = running.status()
            with CodeWatch(Path(file).absolute(), source, running):
                click.echo(
                    f"{one_line(state.production)} is running; data: {one_line(state.location)}. Changes of code are "
                    "taken over. Press Ctrl-C to stop."
                )
                serve(running, signals, until_idle=False)
        click.echo(f"{one_line(state.production)} stopped.")
