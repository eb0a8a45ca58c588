"""A sign of life on a terminal while long work is done."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager

import click

from iop_cli.application import Application
from iop_director.safe_text import one_line


@contextmanager
def busy(text: str) -> Generator[None, None, None]:
    """Show a moving bar and the time while the block runs; it is gone afterwards.

    It is shown on standard error, only where that is a terminal, and not with ``--quiet``:
    pipes and files never get anything of it.

    Args:
        text: What is being done.
    """
    application = click.get_current_context().find_object(Application)
    is_quiet = application is not None and application.quiet
    if is_quiet or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        progress.add_task(one_line(text), total=None)
        yield
