"""What a backend keeps of deployed productions and of the Python classes registered for them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeAlias, cast

from iop_core.errors import DeploymentError

Export: TypeAlias = "dict[str, Any]"
"""A production as IRIS exports it: ``{name: {...}}``, ``Item`` and ``Setting`` always lists."""

PERSISTENT_MESSAGE = "PersistentMessage"
"""The kind of a registration that is a message class, not a component."""


@dataclass(frozen=True, slots=True)
class ComponentRegistration:
    """A Python class that stands for a class on IRIS.

    Attributes:
        iris_name: Name of the class on IRIS, as items of productions name it.
        module: Module to import, with its packages.
        class_name: Name of the class in the module.
        path: Folder that the module is imported from: the one above its top package. Absolute.
        kind: Name of the class of IoP that it derives from, such as ``BusinessOperation``,
            ``InboundAdapter`` or ``PersistentMessage``.
        adapter: Name of the adapter's class; empty when there is none.
        defaults: Name of each setting to the text of its default.
        secrets: Names of the settings of the class and its adapter that are declared secret, sorted.
    """

    iris_name: str
    module: str
    class_name: str
    path: str
    kind: str
    adapter: str = ""
    defaults: Mapping[str, str] = field(default_factory=dict[str, str])
    secrets: tuple[str, ...] = ()

    @property
    def python_name(self) -> str:
        """Module and class in one."""
        return f"{self.module}.{self.class_name}"


@dataclass(frozen=True, slots=True)
class DeploymentOptions:
    """What a production in Python has besides its export, which has no place for it.

    Attributes:
        serializer: Name of the serializer that writes messages whose class names none.
        allowed_serializers: Names of serializers that need permission and have it.
    """

    serializer: str = "json"
    allowed_serializers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DeploymentChange:
    """One entry of the list of changes.

    Attributes:
        change_id: Number of the entry; later ones are higher. Entries of one transaction follow
            each other.
        time: When it was written (UTC).
        actor: Who asked for it.
        reason: Why, in the words of who asked.
        action: What was done, such as ``replace production``.
        subject: Name of the production, class or schema.
    """

    change_id: int
    time: datetime
    actor: str
    reason: str
    action: str
    subject: str


class DeploymentReader(Protocol):
    """Read access to what is deployed."""

    def production_names(self) -> list[str]:
        """Return the names of the deployed productions, sorted."""
        ...

    def export_production(self, name: str) -> Export:
        """Return a deployed production as ``{name: {...}}``; the caller may change it.

        Raises:
            UnknownDeploymentError: None of that name is deployed.
        """
        ...

    def options(self, name: str) -> DeploymentOptions:
        """Return what a deployed production has besides its export.

        Raises:
            UnknownDeploymentError: None of that name is deployed.
        """
        ...

    def components(self) -> list[ComponentRegistration]:
        """Return all registered classes, sorted by their names on IRIS."""
        ...

    def schemas(self) -> dict[str, str]:
        """Return the JSON schemas of messages: ``module.Class`` to JSON text."""
        ...

    def default_production(self) -> str:
        """Return the name of the default production; empty when none was chosen."""
        ...


class DeploymentTransaction(DeploymentReader, Protocol):
    """A group of changes that is written whole or not at all; reading shows them already."""

    def replace_production(
        self, name: str, export: Mapping[str, Any], options: DeploymentOptions | None = None
    ) -> None:
        """Deploy a production in place of the one of that name, if there is one.

        Args:
            name: Its name; upper and lower case are the same.
            export: What ``Production.to_dict()`` gives.
            options: None: as they were, or the defaults.

        Raises:
            DeploymentError: The export is none, or is that of another production.
        """
        ...

    def delete_production(self, name: str) -> None:
        """Remove a production; it is no longer the default one either.

        Raises:
            UnknownDeploymentError: None of that name is deployed.
        """
        ...

    def register_component(self, registration: ComponentRegistration) -> None:
        """Let a Python class stand for a class on IRIS, in place of another if there is one."""
        ...

    def unregister_component(self, iris_name: str) -> None:
        """Forget a registered class; its Python source stays.

        Raises:
            UnknownDeploymentError: None of that name is registered.
            ComponentInUseError: Items of deployed productions have it.
        """
        ...

    def put_schema(self, name: str, schema: str) -> None:
        """Keep the JSON schema of a message class, in place of an earlier one."""
        ...

    def set_default_production(self, name: str) -> None:
        """Choose the production that is meant when none is named; empty: none.

        Raises:
            UnknownDeploymentError: None of that name is deployed.
        """
        ...


class Deployments(DeploymentReader, Protocol):
    """What a backend keeps of productions and registered classes; usable from any thread.

    Every change names who asked for it and why, which ``changes`` then tells. A backend
    writes the two members that it has to give besides reading: ``transaction`` and ``changes``.
    """

    def transaction(self, *, actor: str, reason: str) -> AbstractContextManager[DeploymentTransaction]:
        """Return a group of changes for a ``with`` statement.

        All are written together at the end of the block, none when the block raises. Others
        who change something wait meanwhile, so that what is read in the block stays true.

        Args:
            actor: Who asks for the changes.
            reason: Why.

        Raises:
            BackendError: What is kept cannot be read or written.

        Example:
            >>> def rename(deployments: Deployments, old: str, new: str) -> None:
            ...     with deployments.transaction(actor="ops", reason="new name") as change:
            ...         change.replace_production(new, {new: {**change.export_production(old)[old], "@Name": new}})
            ...         change.delete_production(old)
        """
        ...

    def changes(self, *, limit: int | None = None) -> list[DeploymentChange]:
        """Return the list of changes, oldest first; with ``limit`` the newest that many."""
        ...

    def replace_production(
        self,
        name: str,
        export: Mapping[str, Any],
        *,
        actor: str,
        reason: str,
        options: DeploymentOptions | None = None,
    ) -> None:
        """Deploy a production in one transaction of its own; see ``DeploymentTransaction``."""
        with self.transaction(actor=actor, reason=reason) as change:
            change.replace_production(name, export, options)

    def delete_production(self, name: str, *, actor: str, reason: str) -> None:
        """Remove a production in one transaction of its own; see ``DeploymentTransaction``."""
        with self.transaction(actor=actor, reason=reason) as change:
            change.delete_production(name)

    def register_component(self, registration: ComponentRegistration, *, actor: str, reason: str) -> None:
        """Register a class in one transaction of its own; see ``DeploymentTransaction``."""
        with self.transaction(actor=actor, reason=reason) as change:
            change.register_component(registration)

    def unregister_component(self, iris_name: str, *, actor: str, reason: str) -> None:
        """Forget a class in one transaction of its own; see ``DeploymentTransaction``."""
        with self.transaction(actor=actor, reason=reason) as change:
            change.unregister_component(iris_name)

    def set_default_production(self, name: str, *, actor: str, reason: str) -> None:
        """Choose the default production in one transaction of its own; see ``DeploymentTransaction``."""
        with self.transaction(actor=actor, reason=reason) as change:
            change.set_default_production(name)


def users_of(reader: DeploymentReader) -> dict[str, list[tuple[str, str]]]:
    """Return which items have which class: name of the class in lower case to pairs (production, item)."""
    users: dict[str, list[tuple[str, str]]] = {}
    for production in reader.production_names():
        for item in reader.export_production(production)[production].get("Item", ()):
            users.setdefault(str(item.get("@ClassName", "")).lower(), []).append((production, item.get("@Name", "")))
    return users


def normal_export(name: str, export: Mapping[str, Any]) -> Export:
    """Return an export in the one form that backends keep.

    A single ``Item`` or ``Setting`` may stand for a list of one, as in what is made from XML.

    Raises:
        DeploymentError: It is no export, or that of another production.

    Example:
        >>> normal_export("Demo.P", {"Demo.P": {"Item": {"@Name": "Out"}}})
        {'Demo.P': {'@Name': 'Demo.P', 'Item': [{'@Name': 'Out'}]}}
    """
    if not name.strip():
        raise DeploymentError("a production without a name cannot be deployed; give a name such as 'Demo.Production'")
    if len(export) != 1:
        raise DeploymentError(f"the export of {name!r} has {len(export)} productions; give one: {{{name!r}: {{...}}}}")
    ((key, found),) = export.items()
    body = _dictionary(found, f"the export of {name!r}")
    said = body.pop("@Name", name if key == "Production" else key)
    if said != name:
        raise DeploymentError(f"the export is of {said!r}, not of {name!r}; use the same name in both places")
    normal: dict[str, Any] = {"@Name": name, **body}
    for part in ("Setting", "Item"):
        if part in normal:
            normal[part] = _dictionaries(normal[part], f"{part} of {name!r}")
    for number, item in enumerate(normal.get("Item", ()), 1):
        if "Setting" in item:
            item["Setting"] = _dictionaries(item["Setting"], f"Setting of Item {number} of {name!r}")
    return {name: normal}


def _dictionaries(value: object, place: str) -> list[dict[str, Any]]:
    if value is None or value == "":
        return []
    entries = cast("list[object]", value) if isinstance(value, (list, tuple)) else [value]
    return [_dictionary(entry, f"{place}, entry {number}") for number, entry in enumerate(entries, 1)]


def _dictionary(value: object, place: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise DeploymentError(f"{place} is a {type(value).__name__}, not a dictionary; give what to_dict() returns")
    return deepcopy(dict(cast("Mapping[str, Any]", value)))
