"""``iop stop``, ``kill``, ``restart``, ``update``: deeds on the production that runs."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import click

from iop_cli.application import Application, pass_application
from iop_cli.options import query_options, who_options, yes_option
from iop_cli.output import print_json, tell
from iop_core.errors import BackendError
from iop_director import Director
from iop_director.records import status_to_dict
from iop_director.safe_text import one_line


@click.command()
@who_options
@query_options
@pass_application
def stop(
    application: Application, /, *, namespace: str | None, data_dir: Path | None, as_json: bool, **who: str
) -> None:
    """Stop the production that runs; what is not handled stays stored."""
    director = application.query(data_dir, namespace)
    name = director.connect().status().production
    director.stop_production(**who)
    _tell(director, f"Production {name} stopped.", as_json=as_json)


@click.command()
@yes_option
@who_options
@query_options
@pass_application
def kill(
    application: Application, /, *, yes: bool, namespace: str | None, data_dir: Path | None, as_json: bool, **who: str
) -> None:
    """Stop the production that runs, and end its process if that takes more than ten seconds."""
    director = application.query(data_dir, namespace)
    name = director.connect().status().production
    if not yes and sys.stdin.isatty():
        click.confirm(f"End {one_line(name)}, also in the middle of its work?", abort=True, err=True)
    director.shutdown_production(**who)
    _tell(director, f"Production {name} ended.", as_json=as_json)


@click.command()
@who_options
@query_options
@pass_application
def restart(
    application: Application, /, *, namespace: str | None, data_dir: Path | None, as_json: bool, **who: str
) -> None:
    """Stop the production that runs and start it as 'iop start' did, with the code as it is now."""
    director = application.query(data_dir, namespace)
    director.restart_production(**who)
    status = director.status()
    process = f" (process {status.pid})" if status.pid else ""  # a server does not say
    _tell(director, f"Production {status.production} restarted{process}.", as_json=as_json)


@click.command()
@who_options
@query_options
@pass_application
def update(
    application: Application, /, *, namespace: str | None, data_dir: Path | None, as_json: bool, **who: str
) -> None:
    """Have the production that runs take over what is deployed, or what its file says now."""
    director = application.query(data_dir, namespace)
    result = director.update_production(**who)
    if as_json:
        print_json(asdict(result))
    else:
        tell(f"Production {director.status().production} updated: {result.to_text()}")
    if result.failed:
        raise BackendError(f"not all items could take it over: {', '.join(result.failed)}")


def _tell(director: Director, text: str, *, as_json: bool) -> None:
    if as_json:
        print_json(status_to_dict(director.status()))
    else:
        tell(text)
