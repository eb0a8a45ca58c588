"""Registering the Python classes of items, so that what is deployed finds them."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from iop_production.directors import need_director
from iop_production.names import proxy_name

if TYPE_CHECKING:
    from iop_production.component_ref import ComponentRef
    from iop_production.message_registrations import PersistentMessageRegistration


class RegisteringDirector(Protocol):
    """Can register Python classes."""

    def register_component(
        self, module: str, classname: str, path: str, overwrite: int, iris_classname: str, /, *, actor: str, reason: str
    ) -> object:
        """Let a Python class stand for a class on IRIS.

        Args:
            module: Module to import.
            classname: Name of the class in it.
            path: Folder to import it from.
            overwrite: 1: in place of one that is registered already.
            iris_classname: Name of the class on IRIS.
            actor: Who asks for it.
            reason: Why.
        """
        ...


def register_classes(
    director: object,
    refs: Iterable[ComponentRef],
    root_path: str | Path | None,
    *,
    messages: Iterable[PersistentMessageRegistration] = (),
    actor: str,
    reason: str,
) -> None:
    """Register messages, and the Python classes of items: first all components, then all adapters, each once.

    Args:
        director: Where; needed only if there is a class to register.
        refs: The items.
        root_path: Folder to import from; None: the one above the top package of each class.
        messages: Persistent messages.
        actor: Who asks for it.
        reason: Why.
    """
    items = tuple(refs)
    components = {ref.class_name: ref.component_class for ref in items if ref.component_class is not None}
    adapters = {proxy_name(ref.adapter_class): ref.adapter_class for ref in items if ref.adapter_class is not None}
    bodies = {one.iris_classname: one.message_class for one in messages}
    for iris_name, python_class in [*bodies.items(), *components.items(), *adapters.items()]:
        known: RegisteringDirector = need_director(director, f"registering {iris_name!r}", "register_component")
        folder = str(root_path) if root_path is not None else source_folder(python_class)
        known.register_component(
            python_class.__module__, python_class.__qualname__, folder, 1, iris_name, actor=actor, reason=reason
        )


def source_folder(python_class: type) -> str:
    """Return the folder that the module of a class is imported from; the current one when it has no file."""
    module = sys.modules.get(python_class.__module__)
    file = getattr(module, "__file__", None)
    if module is None or not file:
        return str(Path.cwd())
    path = Path(file).resolve()
    depth = python_class.__module__.count(".") + (1 if path.name == "__init__.py" else 0)
    return str(path.parents[depth])
