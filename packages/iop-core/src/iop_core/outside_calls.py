"""Instances of services that a program outside of the production makes for itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from iop_core.interfaces import Host


class OutsideHost(Host, Protocol):
    """The host of a service instance that no pool of the production runs."""

    def enter_input(self, session_id: int = 0) -> None:
        """Begin one input: what the calling thread sends from now on shares a session.

        Args:
            session_id: That session; 0: the first send opens one.
        """
        ...

    def leave(self) -> None:
        """End what ``enter_input`` began."""
        ...


@dataclass(frozen=True, slots=True)
class ComponentSource:
    """Where the class of an item comes from, and how the item fills it in.

    Attributes:
        item: Name of the item.
        kind: ``service``, ``process``, ``operation`` or ``component``.
        module: Module of the class; empty for a class without Python code.
        class_name: Name of the class in the module.
        file: File of the module; empty when it has none.
        settings: Setting name to text, for the business host.
    """

    item: str
    kind: str
    module: str
    class_name: str
    file: str
    settings: Mapping[str, str] = field(default_factory=dict[str, str])
