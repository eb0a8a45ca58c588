"""The production that a command line names: one of a settings file, or one that is deployed."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from iop_cli.application import Application, local_url
from iop_director.deployed_production import load_definition
from iop_migrate import choose_production, load_settings

if TYPE_CHECKING:
    from iop_core.definitions import ProductionDefinition
    from iop_director import Director


@dataclass(frozen=True, slots=True)
class ProductionSource:
    """Where a production is read, and where it runs.

    Attributes:
        director: For the place where it runs.
        definition: The production.
        read_again: Returns it as it is written now.
    """

    director: Director
    definition: ProductionDefinition
    read_again: Callable[[], ProductionDefinition]


def is_file(text: str) -> bool:
    """Return whether an argument names a settings file, and not a deployed production."""
    return text.endswith(".py") or os.sep in text or Path(text).exists()


def url_for_file(file: Path, data_dir: Path | None) -> str | None:
    """Return where the productions of a file run: in ``.iop`` beside it, when nothing else says so."""
    if data_dir is not None:
        return local_url(data_dir)
    if os.environ.get("IOP_URL"):
        return None  # the director reads it
    return local_url(file.absolute().parent / ".iop")


def source_of(
    application: Application, given: str, *, production: str | None, namespace: str | None, data_dir: Path | None
) -> ProductionSource:
    """Return the production that a command line names.

    Args:
        application: What all commands share.
        given: A settings file, or the name of a deployed production.
        production: Which one of the file.
        namespace: Namespace to use; None: the one that the production says, or the default.
        data_dir: Directory of the local backend's data.
    """
    if not is_file(given):
        director = application.query(data_dir, namespace)

        def read_deployed() -> ProductionDefinition:
            return load_definition(director.backend.deployments(), given)

        return ProductionSource(director, read_deployed(), read_deployed)
    file = Path(given).absolute()
    chosen = choose_production(load_settings(given), production)
    director = application.director(url=url_for_file(file, data_dir), namespace=namespace or chosen.namespace)

    def read_file() -> ProductionDefinition:
        return choose_production(load_settings(file), chosen.name).definition()

    return ProductionSource(director, chosen.definition(), read_file)
