"""Bindings: Python classes registered by hand, each under the name of a class on IRIS."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from iop_core.actors import current_user
from iop_core.errors import DeploymentError
from iop_director import Director
from iop_director.bindings import Binding as Binding
from iop_migrate.class_entries import ClassReader
from iop_migrate.project_imports import ProjectImports, only_looking

if TYPE_CHECKING:
    from iop_core.deployments import Deployments

DEFAULT_PACKAGE = "Python"


def register_component(
    module: str,
    classname: str,
    path: str,
    overwrite: int = 1,
    iris_classname: str = DEFAULT_PACKAGE,
    *,
    director: Director | None = None,
) -> None:
    """Let a Python component stand for a class on IRIS.

    Args:
        module: Its module, with the packages it is in.
        classname: Its name in the module.
        path: Folder to import the module from.
        overwrite: 0: refuse a name that stands for another class already.
        iris_classname: Name on IRIS; ``Python`` alone means ``Python.<module>.<class>``.
        director: Where to register it; None: where ``IOP_URL`` says, or on this machine.

    Raises:
        SettingsFileError: There is no such component, or the name cannot be a class on IRIS.
        DeploymentError: ``overwrite`` is 0, and the name stands for another class.
        BackendError: The backend keeps no registrations, or could not write this one.

    Example:
        >>> register_component("bo", "FileOperation", "/src", 1, "Python.FileOperation")  # doctest: +SKIP
    """
    name = iris_classname
    if name == DEFAULT_PACKAGE:
        name = f"{DEFAULT_PACKAGE}.{module}.{classname}".replace("_", "")
    entry = {"module": module, "class": classname, "path": path}
    register_described(name, entry, "register_component", overwrite=bool(overwrite), director=director)


bind_component = register_component


def unregister_component(iris_classname: str, *, director: Director | None = None) -> None:
    """Forget a registered class; its Python source and the items of productions stay.

    Args:
        iris_classname: Its name on IRIS.
        director: Where; None: where ``IOP_URL`` says, or on this machine.

    Raises:
        UnknownDeploymentError: None of that name is registered.
        ComponentInUseError: Items of deployed productions have it; the text names them.

    Example:
        >>> unregister_component("Python.WrongOperation")  # doctest: +SKIP
    """
    (director or Director()).unbind_component(iris_classname)


unbind_component = unregister_component


def list_bindings(unused_only: bool = False, *, director: Director | None = None) -> list[Binding]:
    """Return the registered components, sorted by their names on IRIS.

    Args:
        unused_only: True: only those that no item of a deployed production has.
        director: Where; None: where ``IOP_URL`` says, or on this machine.

    Returns:
        One dict for each: ``class`` (name on IRIS), ``super`` (class of IoP there), ``module``,
        ``classname``, ``classpaths``, ``used`` and ``used_by``, a list of ``production`` and ``item``.

    Raises:
        BackendError: The backend keeps no registrations.

    Example:
        >>> for binding in list_bindings(unused_only=True):  # doctest: +SKIP
        ...     print(binding["class"], binding["module"])
        Demo.OldOperation demo.old
    """
    return (director or Director()).list_bindings(unused_only)


def register_described(
    name: str, entry: Mapping[str, str], call: str, *, overwrite: bool = True, director: Director | None = None
) -> list[str]:
    """Register what an entry of ``CLASSES`` describes; return the names on IRIS.

    Args:
        name: Name on IRIS of the class, or where the names of several start.
        entry: Such as ``{"module": ..., "class": ..., "path": ...}``.
        call: What was called, for error texts and the list of changes.
        overwrite: False: refuse names that stand for other classes already.
        director: Where; None: where ``IOP_URL`` says, or on this machine.

    Raises:
        SettingsFileError: What the entry names cannot be used.
        DeploymentError: ``overwrite`` is False, and a name is taken.
    """
    reader = ClassReader(Path(call).absolute(), ProjectImports(fresh=True))
    with only_looking():
        try:
            reader.read(name, dict(entry), call)
            registrations = reader.registrations.described()
        finally:
            reader.imports.forget()
    with _deployments(director).transaction(actor=current_user(), reason=call) as change:
        known = {each.iris_name.lower(): each for each in change.components()}
        for registration in registrations:
            there = known.get(registration.iris_name.lower())
            if there == registration:
                continue
            if there is not None and not overwrite:
                raise DeploymentError(
                    f"{call}: {there.iris_name!r} stands for {there.python_name} of {there.path!r} already; give "
                    "another name, or overwrite=1"
                )
            change.register_component(registration)
    return [registration.iris_name for registration in registrations]


def _deployments(director: Director | None) -> Deployments:
    return (director or Director()).backend.deployments()
