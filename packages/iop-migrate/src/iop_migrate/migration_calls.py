"""The functions of earlier versions, under their names there; ``iop.migration.utils`` and ``Utils`` are made of them.

New programs use ``iop.register_component`` and its like, ``iop_migrate.migrate`` and ``Director``.
All of these work at the place of ``Director()``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from iop_core.actors import current_user
from iop_core.deployments import Deployments
from iop_core.errors import BackendError, ConfigurationError, DeploymentError, SettingsFileError
from iop_director import Director
from iop_migrate import bindings
from iop_migrate.bindings import DEFAULT_PACKAGE, Binding, register_described
from iop_migrate.migration import deploy_sections, summary_of
from iop_migrate.migration import migrate as migrate_file
from iop_migrate.module_paths import filename_to_module, guess_path, import_module_from_path
from iop_migrate.plan import MigrationPlan
from iop_migrate.registrations import Registrations, python_name
from iop_migrate.schema_entries import schema_of
from iop_migrate.text_streams import stream_to_string, string_to_stream
from iop_production import Production

__all__ = (
    "StatusError",
    "apply_production_plan",
    "bind_component",
    "dict_to_xml",
    "explain_migration",
    "export_production",
    "export_production_connections",
    "export_production_queue_info",
    "filename_to_module",
    "format_migration_plan",
    "format_migration_success",
    "guess_path",
    "import_module_from_path",
    "list_bindings",
    "migrate",
    "raise_on_error",
    "register_component",
    "register_file",
    "register_folder",
    "register_message_schema",
    "register_package",
    "register_persistent_message",
    "register_production",
    "register_production_definition",
    "register_schema",
    "set_classes_settings",
    "set_productions_settings",
    "setup",
    "stream_to_string",
    "string_to_stream",
    "unbind_component",
    "unregister_component",
    "xml_to_json",
)

_MODES = ("LOCAL", "REMOTE")


def migrate(
    filename: str | None = None,
    mode: str | None = None,
    namespace: str | None = None,
    strict_production_validation: bool = False,
) -> None:
    """Deploy a settings file and print what was done.

    Args:
        filename: The file; None: that of the module ``settings``.
        mode: ``LOCAL`` or ``REMOTE``, for the text: the file is deployed here, whatever its
            ``REMOTE_SETTINGS`` say, as by a server that got it. None: where they say.
        namespace: Namespace to deploy in.
        strict_production_validation: True: productions with validation issues are refused.

    Raises:
        ConfigurationError: There is no such file, or it cannot be used; nothing was written.
    """
    path, director = _file_of(filename), _director_for(mode, namespace)
    result = migrate_file(path, director=director, namespace=namespace, strict=strict_production_validation)
    print(f"{_labelled(result.plan, mode)}\n{result.summary()}")  # noqa: T201 - what it is for


def explain_migration(
    filename: str | None = None,
    mode: str | None = None,
    namespace: str | None = None,
    strict_production_validation: bool = False,
) -> str:
    """Return what ``migrate`` would do, as text; nothing is written."""
    path, director = _file_of(filename), _director_for(mode, namespace)
    result = migrate_file(
        path, director=director, namespace=namespace, strict=strict_production_validation, dry_run=True
    )
    return str(_labelled(result.plan, mode))


def format_migration_plan(plan: MigrationPlan) -> str:
    """Return a plan as text."""
    return plan.to_text()


def format_migration_success(filename: str, namespace: str | None = None) -> str:
    """Return the line that ends a migration.

    Example:
        >>> format_migration_success("/p/settings.py", "USER")
        'Migration succeeded in namespace USER: /p/settings.py'
    """
    return summary_of(filename, namespace or "", dry_run=False)


def register_component(
    module: str, classname: str, path: str, overwrite: int = 1, iris_classname: str = DEFAULT_PACKAGE
) -> None:
    """Do what ``iop.register_component`` does."""
    bindings.register_component(module, classname, path, overwrite, iris_classname)


def unregister_component(iris_classname: str) -> None:
    """Do what ``iop.unregister_component`` does."""
    bindings.unregister_component(iris_classname)


def list_bindings(unused_only: bool = False) -> list[Binding]:
    """Do what ``iop.list_bindings`` does."""
    return bindings.list_bindings(unused_only)


bind_component = register_component
unbind_component = unregister_component


def register_file(file: str, overwrite: int = 1, iris_package_name: str = DEFAULT_PACKAGE) -> None:
    """Register the components of one file, each as package, module and class."""
    entry = {"file": Path(file).name, "path": str(Path(file).absolute().parent)}
    register_described(iris_package_name, entry, "register_file", overwrite=bool(overwrite))


def register_folder(path: str, overwrite: int = 1, iris_package_name: str = DEFAULT_PACKAGE) -> None:
    """Register the components of all files of a folder."""
    register_described(iris_package_name, {"path": path}, "register_folder", overwrite=bool(overwrite))


def register_package(package: str, path: str, overwrite: int = 1, iris_package_name: str = DEFAULT_PACKAGE) -> None:
    """Register the components of a package."""
    entry = {"package": package, "path": path}
    register_described(iris_package_name, entry, "register_package", overwrite=bool(overwrite))


def register_schema(schema_name: str, schema_str: str, categories: str = "") -> None:
    """Keep a JSON schema.

    Args:
        schema_name: ``module.Class``.
        schema_str: The schema as JSON text.
        categories: Its category; in this version always the name.

    Raises:
        ConfigurationError: The text is no JSON object, or the category another than the name.
    """
    try:
        schema: object = json.loads(schema_str)
    except ValueError as exc:
        raise ConfigurationError(f"the schema of {schema_name!r} is no JSON: {exc}") from exc
    if not isinstance(schema, dict) or not schema_name.strip():
        raise ConfigurationError(f"the schema of {schema_name!r} is no JSON object, or has no name")
    if categories not in ("", schema_name):
        raise ConfigurationError(f"the category {categories!r} differs from the name; give {schema_name!r} for both")
    with _deployments().transaction(actor=current_user(), reason="register_schema") as change:
        change.put_schema(schema_name, schema_str)


def register_message_schema(message_class: type[object]) -> None:
    """Keep the JSON schema of a message class."""
    schema = json.dumps(schema_of(message_class, "register_message_schema"), ensure_ascii=False)
    register_schema(python_name(message_class), schema)


def register_persistent_message(message_class: type[object], iris_classname: str, sync_schema: bool = True) -> None:
    """Let a persistent message class stand for a class on IRIS.

    Args:
        message_class: The class.
        iris_classname: Name on IRIS.
        sync_schema: Whether the class there is made like it; on this machine there is none.

    Raises:
        SettingsFileError: It is no persistent message, or the name cannot be used.
        DeploymentError: The name stands for another class.
    """
    place = "register_persistent_message"
    registrations = Registrations()
    registrations.add(iris_classname, message_class, place)
    if not registrations.messages():
        raise SettingsFileError(f"{place}: {python_name(message_class)} is no PersistentMessage")
    with _deployments().transaction(actor=current_user(), reason=place) as change:
        for found in registrations.described():
            known = {each.iris_name.lower(): each for each in change.components()}.get(found.iris_name.lower())
            if known is not None and known.python_name != found.python_name:
                raise DeploymentError(f"{place}: {iris_classname!r} stands for {known.python_name} already")
            change.register_component(found)


def register_production(production_name: str, xml: str) -> None:
    """Deploy a production given as the XML of IRIS."""
    register_production_definition(production_name, Production.from_xml(xml).to_dict())


def register_production_definition(name: str, production_definition: Mapping[str, Any]) -> None:
    """Deploy a production given as ``{"Production": {...}}``."""
    _deployments().replace_production(
        name, production_definition, actor=current_user(), reason="register_production_definition"
    )


def export_production(name: str) -> str:
    """Return a deployed production as JSON text."""
    return json.dumps(_deployments().export_production(name), ensure_ascii=False)


def export_production_connections(name: str) -> dict[str, Any]:
    """Return which items of a production lead to which."""
    return Director().export_production_connections(name)


def export_production_queue_info(name: str) -> dict[str, Any]:
    """Return what waits in the queues of a production."""
    return Director().export_production_queue_info(name)


def apply_production_plan(plan: Mapping[str, Any], allow_destructive: bool = False) -> dict[str, Any]:
    """Change what is deployed as a plan says."""
    return Director().apply_production_plan(plan, allow_destructive)


def setup(path: str | None = None) -> None:
    """Prepare the place for IoP; on an IRIS its class files in ``path`` are sent there and compiled."""
    Director().setup(path)


def set_classes_settings(class_items: Mapping[str, Any], root_path: str | None = None) -> None:
    """Deploy what a section ``CLASSES`` holds; paths in it start from ``root_path``."""
    deploy_sections({"CLASSES": dict(class_items)}, Path(root_path or "."), "set_classes_settings")


def set_productions_settings(production_list: Sequence[Any], root_path: str | None = None) -> None:
    """Deploy what a section ``PRODUCTIONS`` holds; paths in it start from ``root_path``."""
    deploy_sections({"PRODUCTIONS": list(production_list)}, Path(root_path or "."), "set_productions_settings")


def raise_on_error(status: object) -> None:
    """Raise what a status of IRIS says, unless it says that all went well.

    Raises:
        StatusError: It is a failing one.

    Example:
        >>> raise_on_error(1)
    """
    if status in (1, True, None, "1"):
        return
    text = re.sub(r"[^\x20-\x7e\xa0-\U0010ffff]+", " ", str(status)).strip()
    raise StatusError(" ".join(text.removeprefix("0 ").split()) or "IRIS gave a failing status without a text")


class StatusError(BackendError, RuntimeError):
    """A call of IRIS gave a failing status."""


def dict_to_xml(production_definition: Mapping[str, Any]) -> str:
    """Return a production given as dictionary as the XML of IRIS."""
    return Production.from_dict(production_definition).to_xml()


def xml_to_json(xml: str) -> str:
    """Return a production given as XML of IRIS as JSON text."""
    return json.dumps(Production.from_xml(xml).to_dict(), ensure_ascii=False)


def _file_of(filename: str | None) -> Path:
    if filename:
        return Path(filename)
    found = find_spec("settings")
    if found is None or found.origin is None:
        raise SettingsFileError("there is no module 'settings' to migrate; give the path of a settings file")
    return Path(found.origin)


def _director_for(mode: str | None, namespace: str | None) -> Director | None:
    if mode is None:
        return None
    if mode.upper() not in _MODES:
        raise ConfigurationError(f"mode {mode!r} is not known; use one of {', '.join(_MODES)}, or None")
    return Director(namespace=namespace)


def _labelled(plan: MigrationPlan, mode: str | None) -> MigrationPlan:
    return plan if mode is None else replace(plan, mode=mode.upper())


def _deployments() -> Deployments:
    return Director().backend.deployments()
