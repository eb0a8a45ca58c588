"""The production that a command line names: one of a settings file, or one that is deployed."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from iop_cli.application import Application
from iop_core.errors import ConfigurationError
from iop_director.deployed_calls import NOT_DEFINED
from iop_director.deployed_production import DeployedProduction
from iop_migrate import choose_production, file_fingerprint, load_settings

if TYPE_CHECKING:
    from iop_core.definitions import ProductionDefinition
    from iop_director import Director
    from iop_migrate import Settings


@dataclass(frozen=True, slots=True)
class ProductionSource:
    """Where a production is read, and where it runs.

    Attributes:
        director: For the place where it runs.
        definition: The production.
        read_again: Returns it as it is written now.
        fingerprint: As for ``RunOptions``.
    """

    director: Director
    definition: ProductionDefinition
    read_again: Callable[[], ProductionDefinition]
    fingerprint: Callable[[], Mapping[str, str]]


def is_file(text: str) -> bool:
    """Return whether an argument names a settings file, and not a deployed production."""
    return text.endswith(".py") or os.sep in text or (bool(text) and Path(text).exists())


def read_settings(file: Path | str) -> Settings:
    """Run a settings file and return what it holds; what it prints goes to standard error."""
    with redirect_stdout(sys.stderr):
        return load_settings(file)


def production_name(director: Director, given: str | None) -> str:
    """Return the name that was given, else that of the default production.

    Raises:
        ConfigurationError: There is neither.
    """
    chosen = given or director.get_default_production()
    if not chosen or chosen == NOT_DEFINED:
        raise ConfigurationError(
            "no production name provided and no default production is defined; name one, or choose a default with "
            "'iop default NAME'"
        )
    return chosen


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
        deployed = DeployedProduction(director.backend, given)
        return ProductionSource(director, deployed.read(), deployed.read, deployed.fingerprint)
    file = Path(given).absolute()
    chosen = choose_production(read_settings(given), production)
    director = application.query(data_dir, namespace or chosen.namespace, beside=file)

    def read_file() -> ProductionDefinition:
        return choose_production(read_settings(file), chosen.name).definition()

    return ProductionSource(director, chosen.definition(), read_file, partial(file_fingerprint, file))
