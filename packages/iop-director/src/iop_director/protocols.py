"""What programs may ask of a director, in small interfaces; ``Director`` implements all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

__all__ = (
    "Bindings",
    "ComponentCalls",
    "DeployedProductions",
    "DirectorProtocol",
    "EventLog",
    "Preparation",
    "ProductionChoice",
    "ProductionLifeCycle",
)


class ProductionLifeCycle(Protocol):
    """Starting and stopping whole productions."""

    def start_production(self, production_name: str | None = None) -> None:
        """Start a production; None: the default one."""
        ...

    def start_production_with_log(self, production_name: str | None = None) -> None:
        """Start a production and show its log until Ctrl-C."""
        ...

    def stop_production(self) -> None:
        """Stop what runs."""
        ...

    def shutdown_production(self) -> None:
        """Stop what runs, by force if it takes long."""
        ...

    def restart_production(self) -> None:
        """Stop what runs and start it."""
        ...

    def update_production(self) -> object:
        """Have what runs take over what is deployed."""
        ...

    def status_production(self) -> dict[str, object]:
        """Return what runs, or ran last."""
        ...


class ProductionChoice(Protocol):
    """Which productions there are, and which one is meant."""

    def list_productions(self) -> dict[str, dict[str, object]]:
        """Return name to state."""
        ...

    def get_default_production(self) -> str:
        """Return the name of the default production."""
        ...

    def set_default_production(self, production_name: str = "") -> None:
        """Choose the default production."""
        ...


class ComponentCalls(Protocol):
    """Single items of the running production."""

    def start_component(self, component_name: str) -> None:
        """Start an item."""
        ...

    def stop_component(self, component_name: str) -> None:
        """Stop an item."""
        ...

    def restart_component(self, component_name: str) -> None:
        """Stop an item and start it."""
        ...

    def test_component(
        self,
        target: str,
        message: object = None,
        classname: str | None = None,
        body: object = None,
        restart: bool = False,
    ) -> Any:
        """Send a message to an item and return its reply."""
        ...


class EventLog(Protocol):
    """The event log."""

    def log_production(self) -> None:
        """Show it as it grows."""
        ...

    def log_production_top(self, top: int = 10) -> None:
        """Show its newest entries."""
        ...

    def read_log(self) -> Iterator[str]:
        """Return its entries as they come."""
        ...


class DeployedProductions(Protocol):
    """What is deployed, and changing it."""

    def export_production(self, production_name: str) -> dict[str, Any]:
        """Return a deployed production."""
        ...

    def export_production_connections(self, production_name: str) -> dict[str, Any]:
        """Return which items are connected to which."""
        ...

    def export_production_queue_info(self, production_name: str) -> dict[str, Any]:
        """Return what waits in its queues."""
        ...

    def apply_production_plan(self, plan: Mapping[str, Any], allow_destructive: bool = False) -> dict[str, Any]:
        """Change what is deployed as a plan says."""
        ...


class Bindings(Protocol):
    """Python classes that stand for classes on IRIS."""

    def list_bindings(self, unused_only: bool = False) -> Sequence[Mapping[str, Any]]:
        """Return them, one dictionary each."""
        ...

    def unbind_component(self, iris_classname: str) -> None:
        """Forget one; its source stays."""
        ...


class Preparation(Protocol):
    """Getting a place ready, and projects onto it."""

    def setup(self, path: str | Path | None = None) -> object:
        """Prepare the place for IoP."""
        ...

    def migrate(self, path: str | Path, strict_production_validation: bool = False) -> object:
        """Deploy what a settings file holds."""
        ...


@runtime_checkable
class DirectorProtocol(
    ProductionLifeCycle,
    ProductionChoice,
    ComponentCalls,
    EventLog,
    DeployedProductions,
    Bindings,
    Preparation,
    Protocol,
):
    """All of a director, wherever its productions run.

    Take it as the type of an argument when your code should work with any director, such as one
    of your own in a test. Only the presence of the methods is looked at by ``isinstance``.

    Example:
        >>> def restart_all(director: DirectorProtocol) -> None:
        ...     for name in director.list_productions():
        ...         director.start_production(name)
        >>> isinstance(object(), DirectorProtocol)
        False
    """

    @property
    def namespace(self) -> str:
        """The namespace it works in."""
        ...
