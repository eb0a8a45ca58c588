"""Writing a production of a file, or a deployed one, in one of the formats that plug-ins offer."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from iop_cli.application import Application
from iop_cli.completion import deployed_productions
from iop_cli.options import data_dir_option, namespace_option
from iop_cli.production_source import is_file, production_name, read_settings
from iop_core.errors import ConfigurationError, IopError
from iop_core.plugins import choose
from iop_director import Director
from iop_director.deployed_production import load_production
from iop_director.safe_text import one_line
from iop_migrate import choose_production
from iop_production import Production
from iop_production.secret_settings import declared_secrets, masked

if TYPE_CHECKING:
    from iop_core.exporters import Exporter

_Function = TypeVar("_Function", bound=Callable[..., Any])


def source_options(function: _Function) -> _Function:
    """Add the argument and options that say which production is written."""
    for option in (
        data_dir_option(".iop below the current directory"),
        namespace_option,
        click.option("--default", "is_default", is_flag=True, help="The default production."),
        click.option("--production", "name", metavar="NAME", help="Which one, when the file has several."),
        click.argument("source", metavar="[FILE|NAME]", required=False, shell_complete=deployed_productions),
    ):
        function = option(function)
    return function


def find_production(
    application: Application,
    *,
    source: str | None,
    name: str | None,
    is_default: bool,
    namespace: str | None,
    data_dir: Path | None,
) -> Production:
    """Return the production that the options of ``source_options`` name.

    Raises:
        ConfigurationError: They name none, or one that is not there.
    """
    if (source is None) is not is_default:
        raise click.UsageError("give FILE.py, the NAME of a deployed production, or --default")
    if source is not None and is_file(source):
        return choose_production(read_settings(source), name)
    if name is not None:
        raise click.UsageError("--production chooses from a file, and no file is given")
    director = application.query(data_dir, namespace)
    production = Production.from_iris(production_name(director, source), director=director)
    for warning in production.graph().warnings:
        click.echo(f"Warning: {one_line(warning)}", err=True)
    return production


def hide_secrets(production: Production) -> int:
    """Replace the values of secret settings by ``***`` in a production that is only shown; return how many.

    Secret are settings that sound so, and those that their class declares as such. The classes
    of a deployed production are loaded for this where they can be.
    """
    loaded = _with_classes(production)
    hidden = 0
    for ref in production.items:
        known = loaded.component_ref(ref.name) if ref.name in loaded.item_names else ref
        secrets = declared_secrets([known.component_class, known.adapter_class])
        for settings in (ref.host_settings, ref.adapter_settings):
            for name, value in settings.items():
                shown = masked(value, name, secrets=secrets)
                hidden += shown != value
                settings[name] = shown
        hidden += _hide_entries(ref.other_settings)
    return hidden + _hide_entries(production.other_settings)


def _with_classes(production: Production) -> Production:
    director = production.director
    if not isinstance(director, Director):
        return production  # of a file: it has its classes
    try:
        return load_production(director.backend.deployments(), production.name)
    except IopError:
        return production


def _hide_entries(entries: Sequence[MutableMapping[str, Any]]) -> int:
    before = [entry.get("#text") for entry in entries]
    for entry in entries:
        entry.update(cast("dict[str, Any]", masked(dict(entry))))
    return sum(entry.get("#text") != text for entry, text in zip(entries, before, strict=True))


def export_production(application: Application, production: Production, *, form: str, output: Path | None) -> None:
    """Write a production to standard output or to a file.

    Args:
        application: What all commands share.
        production: The production.
        form: Name of the format.
        output: File to write; a folder gets a file named after the production. None: standard output.
    """
    exporter: type[Exporter] = choose("format", form, application.plugins.exporters())
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
    if not application.quiet:
        click.echo(f"{one_line(production.name)} was written to {path}", err=True)
