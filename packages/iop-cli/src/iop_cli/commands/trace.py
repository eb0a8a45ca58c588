"""``iop trace``."""

from __future__ import annotations

from pathlib import Path

import click

from iop_cli.application import Application, pass_application
from iop_cli.options import query_options
from iop_cli.output import print_json
from iop_core.errors import BackendUnavailableError, ConfigurationError
from iop_director import render_mermaid, render_text, trace_to_dict


@click.command()
@click.argument("session", type=click.IntRange(min=1), required=False)
@click.option("--format", "form", type=click.Choice(["text", "mermaid", "json"]), default="text", show_default=True)
@query_options
@pass_application
def trace(
    application: Application,
    *,
    session: int | None,
    form: str,
    namespace: str | None,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Show all messages of SESSION, or of the latest session."""
    found = application.query(data_dir, namespace).trace(session)
    if found is None:
        if session is None:
            raise BackendUnavailableError("there is no session yet: no message was ever sent there")
        raise ConfigurationError(f"there is no session {session}; 'iop messages' shows those there are")
    if as_json or form == "json":
        print_json(trace_to_dict(found))
    else:
        click.echo(render_mermaid(found) if form == "mermaid" else render_text(found))
