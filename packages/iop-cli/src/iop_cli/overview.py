"""What ``iop`` says without a sub-command, below its help: where it works."""

from __future__ import annotations

import os
from pathlib import Path

import click

from iop_cli.application import Application
from iop_core.errors import IopError
from iop_director.safe_text import one_line


def print_namespace() -> None:
    """Print the namespace that the environment names; what ``iop -n`` does."""
    click.echo(one_line(os.environ.get("IOP_NAMESPACE") or os.environ.get("IRISNAMESPACE") or "not set"))


def print_overview(application: Application, data_dir: Path | None, namespace: str | None) -> None:
    """Print the place, the default production and the namespace; a place that does not answer is no failure."""
    try:
        director = application.query(data_dir, namespace)
    except IopError as exc:
        click.echo(f"\nWarning: {one_line(str(exc))}", err=True)
        return
    # As the backend knows it: without a password that the URL may hold.
    mode = "REMOTE" if director.is_remote else "LOCAL"
    click.echo(f"\nMode: {mode} ({one_line(director.backend.location)})")
    try:
        click.echo(f"\nDefault production: {one_line(director.get_default_production())}")
    except IopError as exc:
        click.echo(f"\nWarning: the default production cannot be read: {one_line(str(exc))}", err=True)
    click.echo(f"\nNamespace: {one_line(director.namespace)}")
