"""Services that a program outside of the production calls directly."""

from __future__ import annotations

import functools
import inspect
import sys
import threading
from collections.abc import Callable
from importlib import import_module, invalidate_caches
from pathlib import Path
from types import ModuleType
from typing import Any

from iop_core.backends import RunningProduction
from iop_core.component import Component, allocate
from iop_core.errors import BackendError, ConfigurationError
from iop_core.outside_calls import ComponentSource, OutsideHost
from iop_core.services import BusinessService
from iop_core.setting_discovery import apply_settings

_INPUTS = ("on_process_input", "on_message")


def make_service(running: RunningProduction, item: str) -> BusinessService:
    """Return an instance of a service's class in this process, whose sends go to the running production.

    Its start-up hooks are run, without an adapter. Calls of ``on_process_input`` and ``on_message``
    take turns, and each is an input of its own: what it sends shares one session.

    Raises:
        UnknownItemError: No such item.
        ConfigurationError: It is no service, or its class cannot be loaded here.
    """
    source = running.component_source(item)
    service_class = _load(source)
    if not issubclass(service_class, BusinessService):
        raise ConfigurationError(f"item {item!r} is no business service but a {source.kind}; name a service")
    host = running.host_for(item)
    service = allocate(service_class, host)
    apply_settings(service, source.settings, owner=item)
    service.on_connected()
    service.on_init()
    _take_turns(service, host)
    return service


def _take_turns(service: BusinessService, host: OutsideHost) -> None:
    turn = threading.RLock()
    depth = 0

    def as_input(method: Callable[..., object]) -> Callable[..., object]:
        @functools.wraps(method)
        def call(*args: Any, **kwargs: Any) -> object:
            nonlocal depth
            with turn:
                if depth == 0:
                    host.enter_input()
                depth += 1
                try:
                    return method(*args, **kwargs)
                finally:
                    depth -= 1
                    if depth == 0:
                        host.leave()

        return call

    for name in _INPUTS:
        method = getattr(service, name)
        if not inspect.iscoroutinefunction(method):  # the caller awaits it; each send has a session of its own
            setattr(service, name, as_input(method))


def _load(source: ComponentSource) -> type[Component]:
    if not source.module:
        raise ConfigurationError(f"item {source.item!r} has the class {source.class_name!r}, which has no Python code")
    label = f"the class {source.class_name!r} of item {source.item!r} is in the module {source.module!r}"
    if source.module == "__main__":
        raise ConfigurationError(
            f"{label} of the program that runs it, which other programs cannot import; put it into a module"
        )
    module = _module(source, label)
    found: object = module
    try:
        for name in source.class_name.split("."):
            found = getattr(found, name)
    except AttributeError as exc:
        raise ConfigurationError(f"{label}, which has no such class here; is it another version?") from exc
    if not isinstance(found, type) or not issubclass(found, Component):
        raise ConfigurationError(f"{label}, where that is no component; is it another version?")
    return found


def _module(source: ComponentSource, label: str) -> ModuleType:
    if source.module not in sys.modules and source.file:
        path = Path(source.file)
        levels = source.module.count(".") + (path.stem == "__init__")
        folder = str(path.parents[levels])
        if folder not in sys.path:
            # Last: modules of the calling program go before those of the production.
            sys.path.append(folder)
            invalidate_caches()
    try:
        module = import_module(source.module)
    except Exception as exc:
        raise BackendError(f"{label}, which cannot be imported here: {type(exc).__name__}: {exc}") from exc
    file = getattr(module, "__file__", None) or ""
    if source.file and file and Path(file).resolve() != Path(source.file).resolve():
        raise ConfigurationError(
            f"{label} from {source.file!r}, but in this program that module is {file!r}; rename one of the two"
        )
    return module
