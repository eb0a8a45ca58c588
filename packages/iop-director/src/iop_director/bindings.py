"""Registered components of a place; the functions that take a director are methods of ``Director``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypedDict, cast

from iop_core.actors import current_user
from iop_core.deployments import PERSISTENT_MESSAGE, ComponentRegistration, users_of
from iop_core.errors import DeploymentError

if TYPE_CHECKING:
    from iop_core.backends import Backend


class BindingUser(TypedDict):
    """An item that has a registered class."""

    production: str
    item: str


# The functional form, as a key is a word of Python.
Binding = TypedDict(
    "Binding",
    {
        "class": str,
        "super": str,
        "module": str,
        "classname": str,
        "classpaths": str,
        "used": bool,
        "used_by": list[BindingUser],
    },
)
"""One row of ``list_bindings``."""


class _WithBackend(Protocol):
    @property
    def backend(self) -> Backend: ...


def list_bindings(director: _WithBackend, unused_only: bool = False) -> list[Binding]:
    """Return the registered components, sorted by their names on IRIS.

    Args:
        director: The director.
        unused_only: True: only those that no item of a deployed production has.

    Returns:
        One dict for each: ``class`` (name on IRIS), ``super`` (class of IoP there), ``module``,
        ``classname``, ``classpaths``, ``used`` and ``used_by``, a list of ``production`` and ``item``.

    Raises:
        BackendError: The backend keeps no registrations.
    """
    if director.backend.is_remote:
        return cast("list[Binding]", director.backend.server().bindings(unused_only=unused_only))
    deployments = director.backend.deployments()
    users = users_of(deployments)
    rows = [
        _binding(found, users.get(found.iris_name.lower(), []))
        for found in deployments.components()
        if found.kind != PERSISTENT_MESSAGE
    ]
    return [row for row in rows if not (unused_only and row["used"])]


def unbind_component(director: _WithBackend, iris_classname: str) -> None:
    """Forget a registered class; its Python source and the items of productions stay.

    Args:
        director: The director.
        iris_classname: Its name on IRIS.

    Raises:
        DeploymentError: The name is empty.
        UnknownDeploymentError: None of that name is registered.
        ComponentInUseError: Items of deployed productions have it; the text names them.
    """
    name = iris_classname.strip()
    if not name:
        raise DeploymentError("the name of a class on IRIS is required, such as 'Python.FileOperation'")
    director.backend.deployments().unregister_component(name, actor=current_user(), reason="unbind_component")


def _binding(found: ComponentRegistration, users: list[tuple[str, str]]) -> Binding:
    return {
        "class": found.iris_name,
        "super": f"IOP.{found.kind}",
        "module": found.module,
        "classname": found.class_name,
        "classpaths": found.path,
        "used": bool(users),
        "used_by": [{"production": production, "item": item} for production, item in users],
    }
