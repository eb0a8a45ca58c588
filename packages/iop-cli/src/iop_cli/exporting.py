"""Writing a production of a file in one of the formats that plug-ins offer."""

from __future__ import annotations

from pathlib import Path

import click

from iop_cli.application import Application
from iop_core.errors import ConfigurationError
from iop_core.plugins import choose
from iop_migrate import choose_production, load_settings


def export_production(
    application: Application, file: Path, *, name: str | None, form: str, output: Path | None
) -> None:
    """Write a production to standard output or to a file.

    Args:
        application: What all commands share.
        file: The settings file.
        name: Which of its productions; None: the only one.
        form: Name of the format.
        output: File to write; a folder gets a file named after the production. None: standard output.
    """
    exporter = choose("format", form, application.plugins.exporters())
    production = choose_production(load_settings(file), name)
    text = exporter().export(production)
    if output is None:
        click.echo(text, nl=not text.endswith("\n"))
        return
    path = output / f"{production.name.replace('/', '_')}{exporter.suffix}" if output.is_dir() else output
    try:
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as exc:
        raise ConfigurationError(
            f"cannot write {path}: {exc.strerror or exc}; name another file with --output"
        ) from exc
    click.echo(f"{production.name} was written to {path}", err=True)
