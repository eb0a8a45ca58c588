"""The Python classes that a settings file registers, each under a name on IRIS."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace

from iop_core.component import Component
from iop_core.deployments import PERSISTENT_MESSAGE, ComponentRegistration
from iop_core.errors import IopError, SettingsFileError
from iop_core.persistent.classes import check_persistent_message_class, register_persistent_message_class
from iop_core.persistent.iris_names import check_iris_name
from iop_core.persistent.messages import PersistentMessage
from iop_core.setting_discovery import settings_of
from iop_director.registered_classes import import_root
from iop_production.component_classes import adapter_type
from iop_production.names import proxy_name
from iop_production.secret_settings import declared_secrets
from iop_production.texts import text_of


@dataclass(frozen=True, slots=True)
class _Entry:
    iris_name: str
    python_class: type[object]
    place: str
    adapter: type | str | None
    sync_schema: bool


class Registrations:
    """Name on IRIS to Python class, free of contradictions; names do not differ by case."""

    def __init__(self) -> None:
        self._entries: dict[str, _Entry] = {}

    def add(
        self,
        iris_name: str,
        python_class: type[object],
        place: str,
        *,
        adapter: type | str | None = None,
        sync_schema: bool = True,
    ) -> None:
        """Add a class; adding it again under the same name changes nothing.

        Args:
            iris_name: Its name on IRIS.
            python_class: A component, or a persistent message.
            place: Where it says so, for error texts.
            adapter: Class or name of the adapter; None: what the class itself says.
            sync_schema: Whether what is stored of a message is made like its class.

        Raises:
            SettingsFileError: It is neither, cannot be imported by its name, or the name is
                malformed or taken; a message has another name or ``sync_schema`` already.
        """
        check_importable(python_class, place)
        if kind_of(python_class) == PERSISTENT_MESSAGE:
            self._check_message(iris_name, python_class, place)
        entry = _Entry(iris_name, python_class, place, adapter, sync_schema)
        try:
            check_iris_name(iris_name)
            if adapter is None and issubclass(python_class, Component):
                entry = replace(entry, adapter=adapter_type(python_class))
        except IopError as exc:
            raise SettingsFileError(f"{place}: {exc}") from exc
        known = self._entries.setdefault(iris_name.lower(), entry)
        if known.python_class is not python_class:
            raise SettingsFileError(
                f"{place}: {iris_name!r} would stand for {python_name(python_class)}, and stands for "
                f"{python_name(known.python_class)} already ({known.place}); names on IRIS do not differ by case. "
                "Rename one"
            )
        if known.adapter != entry.adapter:
            raise SettingsFileError(
                f"{place}: {iris_name!r} has another adapter than in {known.place}; give this item a class_name of "
                "its own"
            )

        if known.sync_schema != sync_schema:
            raise SettingsFileError(
                f"{place}: {iris_name!r} has sync_schema={sync_schema}, and {known.sync_schema} in {known.place}; say "
                "the same in both"
            )

    def classes(self) -> dict[str, type]:
        """Return name on IRIS in lower case to class."""
        return {name: entry.python_class for name, entry in self._entries.items()}

    def messages(self) -> dict[str, type[PersistentMessage]]:
        """Return name on IRIS to class for the persistent messages."""
        return {
            entry.iris_name: entry.python_class
            for entry in self._entries.values()
            if issubclass(entry.python_class, PersistentMessage)
        }

    def register_messages(self) -> None:
        """Let the persistent messages stand for their classes on IRIS in this process."""
        for entry in self._entries.values():
            if issubclass(entry.python_class, PersistentMessage):
                register_persistent_message_class(entry.python_class, entry.iris_name, sync_schema=entry.sync_schema)

    def described(self) -> tuple[ComponentRegistration, ...]:
        """Return all of them with what can be said about each, in the order in which they were added.

        Raises:
            SettingsFileError: A setting of a class is declared in a way that cannot work.
        """
        # An adapter goes by the name that it is registered under, where it is.
        names = {entry.python_class: entry.iris_name for entry in reversed(self._entries.values())}
        return tuple(_describe(entry, names) for entry in self._entries.values())

    def _check_message(self, iris_name: str, message_class: type, place: str) -> None:
        for entry in self._entries.values():
            if entry.python_class is message_class and entry.iris_name != iris_name:
                raise SettingsFileError(
                    f"{place}: {message_class.__name__} is registered under another name too, {entry.iris_name!r}; "
                    "keep one"
                )
        try:
            check_persistent_message_class(message_class, iris_name)
        except (IopError, TypeError) as exc:
            raise SettingsFileError(f"{place}: {exc}") from exc


def kind_of(python_class: type[object]) -> str:
    """Return the name of the class of IoP that a class derives from; empty when it cannot be registered."""
    if issubclass(python_class, PersistentMessage):
        return "" if python_class is PersistentMessage else PERSISTENT_MESSAGE
    if not issubclass(python_class, Component):
        return ""
    info = python_class._get_info()  # pyright: ignore[reportPrivateUsage] - a hook of components
    return info[0].removeprefix("iop.") if info else ""


def check_importable(python_class: type, place: str) -> None:
    """Make sure that a class can be imported by its module and name.

    Raises:
        SettingsFileError: It cannot: it was made inside a function, or another has its name.
    """
    module = sys.modules.get(python_class.__module__)
    found: object = module
    try:
        for name in python_class.__qualname__.split("."):
            found = getattr(found, name)
    except AttributeError:
        found = None
    if module is None or found is not python_class or not import_root(module):
        raise SettingsFileError(
            f"{place}: {python_name(python_class)} cannot be imported by that name; define it at the top level of a "
            "module that has a file"
        )


def python_name(python_class: type) -> str:
    """Return module and class in one."""
    return f"{python_class.__module__}.{python_class.__qualname__}"


def _describe(entry: _Entry, names: dict[type, str]) -> ComponentRegistration:
    python_class, adapter = entry.python_class, entry.adapter
    defaults: dict[str, str] = {}
    if issubclass(python_class, Component):
        try:
            defaults = {name: text_of(info.default) for name, info in settings_of(python_class).items()}
        except IopError as exc:
            raise SettingsFileError(f"{entry.place}: {exc}") from exc
    secrets = declared_secrets([python_class, adapter if isinstance(adapter, type) else None])
    if isinstance(adapter, type):
        adapter = names.get(adapter) or proxy_name(adapter)
    return ComponentRegistration(
        iris_name=entry.iris_name,
        module=python_class.__module__,
        class_name=python_class.__qualname__,
        path=import_root(sys.modules[python_class.__module__]),
        kind=kind_of(python_class),
        adapter=adapter or "",
        defaults=defaults,
        secrets=tuple(sorted(secrets)),
    )
