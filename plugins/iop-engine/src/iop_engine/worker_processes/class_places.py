"""Where classes are defined, so that a child process can load them too."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from iop_core.errors import ConfigurationError
from iop_core.registry import MESSAGE_CLASSES, class_name_of

MAIN = "__main__"
# The program is loaded under this name, so that what it does under its own is not done again.
_LOADED_MAIN = "__iop_main__"


class ClassPlace(NamedTuple):
    """Where a class is defined.

    Attributes:
        module: Name of its module; ``__main__`` for the program itself.
        name: Its name there; a class inside another one is ``Outer.Inner``.
        file: File of the module; empty when it has none.
        package: Package that the program belongs to, when it was run with ``python -m``; empty for other modules.
    """

    module: str
    name: str
    file: str
    package: str = ""


def place_of(found: type) -> ClassPlace:
    """Return where a class is defined.

    Raises:
        ConfigurationError: Another process cannot load it from there.
    """
    label = f"{found.__module__}.{found.__qualname__}"
    if "<locals>" in found.__qualname__:
        raise ConfigurationError(
            f"{label} is defined inside a function, where a worker process cannot find it; move it to the top level "
            "of its module"
        )
    file = getattr(sys.modules.get(found.__module__), "__file__", None) or ""
    if found.__module__ == MAIN and not Path(file).is_file():
        raise ConfigurationError(
            f"{label} was typed in, so a worker process cannot load it; put it into a file and import it from there"
        )
    spec = getattr(sys.modules.get(found.__module__), "__spec__", None)
    package = spec.parent if found.__module__ == MAIN and spec is not None else ""
    return ClassPlace(found.__module__, found.__qualname__, file, package or "")


def load(place: ClassPlace) -> type:
    """Return a class from its place.

    Raises:
        ConfigurationError: It is not there.
    """
    found: object = _module(place)
    for name in place.name.split("."):
        found = getattr(found, name, None)
    if not isinstance(found, type):
        raise ConfigurationError(f"{place.file or place.module} has no class {place.name!r} in a worker process")
    return found


def is_loading_main() -> bool:
    """Return whether this process is a child that is loading the program right now."""
    module = _find_main()
    return module is not None and sys.modules.get(MAIN) is not module


def _module(place: ClassPlace) -> ModuleType:
    if place.module == MAIN:
        return _find_main() or _load_main(place)
    if place.module in sys.modules:
        return sys.modules[place.module]
    try:
        module = importlib.import_module(place.module)
    except ModuleNotFoundError as exc:
        if exc.name is None or not f"{place.module}.".startswith(f"{exc.name}.") or not place.file:
            raise
        return _load_file(place.module, place.file)
    file = getattr(module, "__file__", None)
    is_other = bool(place.file and file) and Path(str(file)).resolve() != Path(place.file).resolve()
    return _load_file(place.module, place.file) if is_other else module


def _load_file(name: str, file: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ConfigurationError(f"{file!r}, which defines {name!r}, cannot be loaded by a worker process")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _find_main() -> ModuleType | None:
    return next((sys.modules[name] for name in sys.modules if name.rpartition(".")[2] == _LOADED_MAIN), None)


def _load_main(place: ClassPlace) -> ModuleType:
    """Load the program as a module; its classes have the names that they have in the engine's process."""
    name = f"{place.package}.{_LOADED_MAIN}" if place.package else _LOADED_MAIN
    module = _load_file(name, place.file)
    sys.modules[MAIN] = module
    _rename_classes(vars(module), name)
    return module


def _rename_classes(namespace: Mapping[str, object], loaded: str) -> None:
    for found in tuple(namespace.values()):
        if isinstance(found, type) and found.__module__ == loaded:
            is_message = class_name_of(found) in MESSAGE_CLASSES
            found.__module__ = MAIN
            if is_message:
                MESSAGE_CLASSES.register(found)
            _rename_classes(vars(found), loaded)
