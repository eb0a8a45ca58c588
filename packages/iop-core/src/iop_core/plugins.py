"""Discovery and lookup of plug-ins: the only module that touches pluggy's manager."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib import metadata
from typing import TYPE_CHECKING, Any, TypeVar

import pluggy

from iop_core import hookspecs
from iop_core.__about__ import __version__
from iop_core.errors import PluginError, UnknownPluginError

if TYPE_CHECKING:
    from iop_core.backends import Backend
    from iop_core.checkups import Checkup
    from iop_core.commands import CommandEntry
    from iop_core.exporters import Exporter
    from iop_core.serializers import Serializer
    from iop_core.stores import Store

ENTRY_POINT_GROUP = "iop.plugins"

# Where to get what is asked for but not installed.
HINTS = {
    "local": "It is in the package 'iop-engine': pip install iop-engine",
    "sqlite": "It is in the package 'iop-engine': pip install iop-engine",
    "pickle": "It is in the package 'iop-serializer-pickle': pip install iop-serializer-pickle",
    "http": "It is in the package 'iop-backend-rest': pip install iop-backend-rest",
    "https": "It is in the package 'iop-backend-rest': pip install iop-backend-rest",
    "iris": "It is in the package 'iop-backend-iris': pip install iop-backend-iris",
    "postgresql": "It is in the package 'iop-store-postgres': pip install iop-store-postgres",
}


_Offer = TypeVar("_Offer")


class PluginRegistry:
    """Typed view of the plug-ins found on this machine.

    Args:
        discover: False leaves out installed plug-ins: only built-ins and what is
            registered by hand. Installed ones named in the environment variable
            ``IOP_DISABLE_PLUGINS`` (comma separated) are always left out.

    Raises:
        PluginError: An installed plug-in cannot be imported or misspells a hook.

    Example:
        >>> "json" in PluginRegistry(discover=False).serializers()
        True
    """

    def __init__(self, *, discover: bool = True) -> None:
        self._manager = pluggy.PluginManager("iop")
        self._manager.add_hookspecs(hookspecs)
        self._distributions = {"iop-core": f"iop-core {__version__}"}
        # Imported late: the built-ins import the whole core.
        from iop_core import builtins

        self.register(builtins, name="iop-core")
        if discover:
            self._discover()

    def register(self, plugin: object, *, name: str) -> None:
        """Add a plug-in: a module or object with hook implementations."""
        self._manager.register(plugin, name=name)
        self._check(name)

    def _discover(self) -> None:
        blocked = {n.strip() for n in os.environ.get("IOP_DISABLE_PLUGINS", "").split(",")}
        # Sorted, because the order of metadata differs between machines.
        for point in sorted(metadata.entry_points(group=ENTRY_POINT_GROUP), key=lambda p: p.name):
            if point.name in blocked:
                continue
            try:
                plugin = point.load()
            except Exception as exc:
                raise PluginError(
                    f"plug-in {point.name!r} ({point.value}) could not be loaded: {exc}. "
                    f"Repair or remove it, or set IOP_DISABLE_PLUGINS={point.name}"
                ) from exc
            if point.dist is not None:
                self._distributions[point.name] = f"{point.dist.name} {point.dist.version}"
            self.register(plugin, name=point.name)

    def _check(self, name: str) -> None:
        try:
            self._manager.check_pending()
        except pluggy.PluginValidationError as exc:
            raise PluginError(f"plug-in {name!r} implements a hook that does not exist: {exc}") from exc

    def names(self) -> dict[str, str]:
        """Return plug-in name to "distribution version" (empty for one given in code)."""
        return {name: self._distributions.get(name, "") for name, _ in self._manager.list_name_plugin()}

    def hooks(self) -> dict[str, tuple[str, ...]]:
        """Return plug-in name to the names of the hooks it implements, sorted."""
        return {
            name: tuple(sorted(caller.name for caller in self._manager.get_hookcallers(plugin) or ()))
            for name, plugin in self._manager.list_name_plugin()
        }

    def serializers(self) -> dict[str, type[Serializer]]:
        """Return serializer name to class."""
        return self._classes("serializer", self._manager.hook.iop_serializers.get_hookimpls())

    def backends(self) -> dict[str, type[Backend]]:
        """Return URL scheme to backend class."""
        return self._classes("backend", self._manager.hook.iop_backends.get_hookimpls())

    def stores(self) -> dict[str, type[Store]]:
        """Return store name to class."""
        return self._classes("store", self._manager.hook.iop_stores.get_hookimpls())

    def commands(self) -> dict[str, CommandEntry]:
        """Return command name to the place where the command lives."""
        return self._classes("command", self._manager.hook.iop_commands.get_hookimpls())

    def exporters(self) -> dict[str, type[Exporter]]:
        """Return the name of a format to the class that writes it."""
        return self._classes("exporter", self._manager.hook.iop_exporters.get_hookimpls())

    def checkups(self) -> dict[str, Checkup]:
        """Return the name of a checkup to what looks."""
        return self._classes("checkup", self._manager.hook.iop_checkups.get_hookimpls())

    def components(self) -> dict[str, type]:
        """Return the name of a component or adapter class to its Python class."""
        found: dict[str, type] = {}
        offers: Iterable[tuple[str, Mapping[str, type]]] = _answers(self._manager.hook.iop_components.get_hookimpls())
        for plugin, offered in offers:
            for name, cls in offered.items():
                if name in found:
                    raise PluginError(f"component {name!r} is offered twice; the second comes from {plugin!r}")
                found[name] = cls
        return found

    def _classes(self, kind: str, implementations: Iterable[pluggy.HookImpl]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        offers: Iterable[tuple[str, Iterable[Any]]] = _answers(implementations)
        for plugin, offered in offers:
            for offer in offered:
                name = getattr(offer, "name", None)
                if not isinstance(name, str) or not name:
                    raise PluginError(f"{kind} {offer!r} of plug-in {plugin!r} has no 'name'")
                if name in found:
                    raise PluginError(
                        f"{kind} {name!r} is offered by both {found[name]!r} and {offer!r} (plug-in {plugin!r}). "
                        f"Remove one, or set IOP_DISABLE_PLUGINS={plugin}"
                    )
                found[name] = offer
        return found


def _answers(implementations: Iterable[pluggy.HookImpl]) -> Iterable[tuple[str, Any]]:
    """Yield plug-in name and answer; one by one, so that a failing plug-in can be named."""
    for implementation in implementations:
        provider: Callable[[], Any] = implementation.function
        try:
            yield implementation.plugin_name, provider()
        except Exception as exc:
            raise PluginError(f"plug-in {implementation.plugin_name!r} failed in {provider.__name__}: {exc}") from exc


def choose(kind: str, name: str, offered: Mapping[str, _Offer]) -> _Offer:
    """Return the offer of that name.

    Raises:
        UnknownPluginError: Nothing of that name; the text says what is installed and,
            where known, which package has it.
    """
    found = offered.get(name)
    if found is None:
        raise UnknownPluginError(kind, name, offered, HINTS.get(name, ""))
    return found


@cache
def installed_plugins() -> PluginRegistry:
    """Return the registry of this process, made on first use."""
    return PluginRegistry()
