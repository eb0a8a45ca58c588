"""The class ``Utils`` of earlier versions: other names for what is a function now."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from iop_core.actors import current_user
from iop_core.deployments import Deployments
from iop_core.errors import ConfigurationError
from iop_director import Director
from iop_migrate import bindings
from iop_migrate.bindings import DEFAULT_PACKAGE, Binding, register_described
from iop_migrate.migration import migrate
from iop_migrate.registrations import python_name
from iop_migrate.schema_entries import schema_of


class Utils:
    """Static methods of earlier versions; every call warns, and names what to use instead."""

    @staticmethod
    def register_component(
        module: str, classname: str, path: str, overwrite: int = 1, iris_classname: str = DEFAULT_PACKAGE
    ) -> None:
        """Do what ``iop.register_component`` does."""
        _warn("register_component", "iop.register_component")
        bindings.register_component(module, classname, path, overwrite, iris_classname)

    @staticmethod
    def bind_component(
        module: str, classname: str, path: str, overwrite: int = 1, iris_classname: str = DEFAULT_PACKAGE
    ) -> None:
        """Do what ``iop.bind_component`` does."""
        _warn("bind_component", "iop.bind_component")
        bindings.register_component(module, classname, path, overwrite, iris_classname)

    @staticmethod
    def unregister_component(iris_classname: str) -> None:
        """Do what ``iop.unregister_component`` does."""
        _warn("unregister_component", "iop.unregister_component")
        bindings.unregister_component(iris_classname)

    @staticmethod
    def unbind_component(iris_classname: str) -> None:
        """Do what ``iop.unbind_component`` does."""
        _warn("unbind_component", "iop.unbind_component")
        bindings.unregister_component(iris_classname)

    @staticmethod
    def list_bindings(unused_only: bool = False) -> list[Binding]:
        """Do what ``iop.list_bindings`` does."""
        _warn("list_bindings", "iop.list_bindings")
        return bindings.list_bindings(unused_only)

    @staticmethod
    def register_file(file: str, overwrite: int = 1, iris_package_name: str = DEFAULT_PACKAGE) -> None:
        """Register the components of one file, each as package, module and class."""
        _warn("register_file", "CLASSES = {...: {'file': ..., 'path': ...}} and iop migrate")
        entry = {"file": Path(file).name, "path": str(Path(file).absolute().parent)}
        register_described(iris_package_name, entry, "register_file", overwrite=bool(overwrite))

    @staticmethod
    def register_folder(path: str, overwrite: int = 1, iris_package_name: str = DEFAULT_PACKAGE) -> None:
        """Register the components of all files of a folder."""
        _warn("register_folder", "CLASSES = {...: {'path': ...}} and iop migrate")
        register_described(iris_package_name, {"path": path}, "register_folder", overwrite=bool(overwrite))

    @staticmethod
    def register_package(package: str, path: str, overwrite: int = 1, iris_package_name: str = DEFAULT_PACKAGE) -> None:
        """Register the components of a package."""
        _warn("register_package", "CLASSES = {...: {'package': ..., 'path': ...}} and iop migrate")
        entry = {"package": package, "path": path}
        register_described(iris_package_name, entry, "register_package", overwrite=bool(overwrite))

    @staticmethod
    def register_message_schema(message_class: type[object]) -> None:
        """Keep the JSON schema of a message class."""
        _warn("register_message_schema", "SCHEMAS = [...] and iop migrate")
        schema = json.dumps(schema_of(message_class, "register_message_schema"), ensure_ascii=False)
        with _deployments().transaction(actor=current_user(), reason="register_message_schema") as change:
            change.put_schema(python_name(message_class), schema)

    @staticmethod
    def register_production_definition(name: str, production_definition: Mapping[str, Any]) -> None:
        """Deploy a production given as ``{"Production": {...}}``."""
        _warn("register_production_definition", "PRODUCTIONS = [...] and iop migrate")
        _deployments().replace_production(
            name, production_definition, actor=current_user(), reason="register_production_definition"
        )

    @staticmethod
    def export_production(name: str) -> str:
        """Return a deployed production as JSON text."""
        _warn("export_production", "Director().export_production")
        return json.dumps(_deployments().export_production(name), ensure_ascii=False)

    @staticmethod
    def migrate(
        filename: str | None = None,
        mode: str | None = None,
        namespace: str | None = None,
        strict_production_validation: bool = False,
    ) -> None:
        """Deploy a settings file, ``settings.py`` of the current directory for None, and print what was done."""
        _warn("migrate", "iop_migrate.migrate")
        if mode is not None and mode.upper() != "LOCAL":
            raise ConfigurationError(f"mode {mode!r} is not for this call; set IOP_URL to migrate to another machine")
        path = filename or "settings.py"
        print(migrate(path, namespace=namespace, strict=strict_production_validation))  # noqa: T201 - what it is for


def _warn(name: str, instead: str) -> None:
    # Level 3: the line that calls the method.
    warnings.warn(
        f"iop.Utils.{name} is deprecated and will be removed in version 5.0; use {instead}",
        DeprecationWarning,
        stacklevel=3,
    )


def _deployments() -> Deployments:
    return Director().backend.deployments()
