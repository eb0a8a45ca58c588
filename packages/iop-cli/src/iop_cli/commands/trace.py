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
@click.option("--bodies", is_flag=True, help="With the body of each message, and its times.")
@click.option(
    "--chars",
    type=click.IntRange(min=1),
    default=2000,
    show_default=True,
    help="How many characters of each body to show.",
)
@click.option("--full", is_flag=True, help="Show the whole of each body.")
@query_options
@pass_application
def trace(
    application: Application,
    /,
    *,
    session: int | None,
    form: str,
    bodies: bool,
    chars: int,
    full: bool,
    namespace: str | None,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Show all messages of SESSION, or of the latest session."""
    as_json = as_json or form == "json"
    if form == "mermaid" and (bodies or full) and not as_json:
        raise ConfigurationError("a Mermaid diagram has no room for bodies; leave out --bodies or use another --format")
    found = application.query(data_dir, namespace).trace(session, bodies=bodies or full)
    if found is None:
        if session is None:
            raise BackendUnavailableError("there is no session yet: no message was ever sent there")
        raise ConfigurationError(f"there is no session {session}; 'iop messages' shows those there are")
    most = None if full else chars
    if as_json:
        print_json(trace_to_dict(found, most_characters=most))
    else:
        click.echo(render_mermaid(found) if form == "mermaid" else render_text(found, most_characters=most))
