"""How commands print: JSON for programs, tables for people."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime

import click

from iop_cli.application import Application
from iop_director.safe_text import one_line, safe_json

# Wide enough that nothing is folded when the output goes to a file or a pipe.
_FILE_WIDTH = 10_000


def print_json(value: object) -> None:
    """Print a value as indented JSON; characters of all languages stay as they are."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    click.echo(text if text.isascii() else safe_json(text))


def tell(text: str) -> None:
    """Say in one line what was done, unless ``--quiet`` was given."""
    application = click.get_current_context().find_object(Application)
    if application is None or not application.quiet:
        click.echo(one_line(text))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows in columns under a heading; numbers stand on the right.

    Args:
        columns: The headings.
        rows: One value for each column; None is shown as nothing.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    listed = [list(row) for row in rows]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for index, heading in enumerate(columns):
        is_number = bool(listed) and all(isinstance(row[index], int) for row in listed)
        table.add_column(heading, justify="right" if is_number else "left", overflow="fold")
    for row in listed:
        table.add_row(*(Text("" if value is None else one_line(str(value))) for value in row))
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _FILE_WIDTH
    with console.capture() as captured:
        console.print(table)
    for line in captured.get().splitlines():
        click.echo(line.rstrip())


def time_text(time: datetime | None) -> str:
    """Return a time in the zone of this machine, to the millisecond; empty for None."""
    return "" if time is None else time.astimezone().isoformat(" ", "milliseconds")[:23]
