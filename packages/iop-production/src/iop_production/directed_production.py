"""A production and the director that runs it."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from iop_production.callers import warn_caller
from iop_production.directors import director_of, need_director
from iop_production.inspection import ask_queues, inspect_items
from iop_production.life_cycle import call_current, call_test
from iop_production.topology import Topology

if TYPE_CHECKING:
    from iop_production.component_ref import ComponentRef
    from iop_production.port import Port


class DirectedProduction(Topology):
    """What can be done with a production that is deployed, through its director.

    Calls that act on what runs ask for its status first, and are refused when another
    production is the current one.
    """

    def start(self, detach: bool = True) -> None:
        """Start the production.

        Args:
            detach: False: show its log until the user stops it.

        Raises:
            ConfigurationError: There is no director, here and below, or it cannot do this.
        """
        self._call("start_production" if detach else "start_production_with_log", self.name)

    def stop(self) -> None:
        """Stop the production, once handlers have ended.

        Raises:
            LifeCycleError: Another production is the current one, here and below.
        """
        self._call_current("stop", "stop_production")

    def restart(self) -> None:
        """Stop the production and start it again."""
        self._call_current("restart", "restart_production")

    def kill(self) -> None:
        """Stop the production without waiting for handlers."""
        self._call_current("kill", "shutdown_production")

    def update(self) -> None:
        """Let the running production take over what is deployed."""
        self._call_current("update", "update_production")

    def start_component(self, item: ComponentRef | Port | str) -> None:
        """Start one item.

        Args:
            item: Its name or handle; or a port, which means the item that it leads to; here
                and below.

        Raises:
            LifeCycleError: Another production is the current one.
            UnknownItemError: There is no such item.
        """
        self._call_component("start", item)

    def stop_component(self, item: ComponentRef | Port | str) -> None:
        """Stop one item."""
        self._call_component("stop", item)

    def restart_component(self, item: ComponentRef | Port | str) -> None:
        """Stop one item and start it again."""
        self._call_component("restart", item)

    def test_component(
        self,
        item: ComponentRef | Port | str,
        message: object = None,
        *,
        classname: str | None = None,
        body: object = None,
    ) -> Any:
        """Send a test message to one item and return its reply.

        Args:
            item: Its name or handle; or a port, which means the item that it leads to.
            message: The message; a dataclass or a pydantic model goes as JSON.
            classname: Class of the message, in place of ``message``.
            body: Text or dictionary for that class.

        Raises:
            LifeCycleError: The production does not run.
            UnknownItemError: This object has no such item.
        """
        return call_test(self._director(), self.name, self.component_ref(item).name, message, classname, body)

    def test(
        self,
        item: ComponentRef | Port | str,
        message: object = None,
        *,
        classname: str | None = None,
        body: object = None,
    ) -> Any:
        """Send a test message; the same as ``test_component``."""
        return self.test_component(item, message, classname=classname, body=body)

    def status(self) -> Mapping[str, Any]:
        """Return what runs: ``Production``, ``Status`` and what else the director knows."""
        found: Mapping[str, Any] = self._call("status_production")
        return found

    def export(self) -> Mapping[str, Any]:
        """Return the deployed production of this name as the exported dictionary."""
        found: Mapping[str, Any] = self._call("export_production", self.name)
        return found

    def set_default(self) -> None:
        """Make it the production that is meant when none is named."""
        self._call("set_default_production", self.name)

    def log(self, top: int | None = None) -> Any:
        """Show the log.

        Args:
            top: That many of the newest entries. None: go on until the user stops it.
        """
        return self._call("log_production") if top is None else self._call("log_production_top", top)

    def queue(self, refresh: bool = True) -> dict[str, dict[str, Any]]:
        """Return the counters of the queues, by item.

        They are no part of the production: nothing else here changes with them.

        Args:
            refresh: True: ask the director, if there is one. False: as they were last known.

        Raises:
            ConfigurationError: The director knows no queues.
        """
        if refresh and self.director is not None:
            self._queues, warnings = ask_queues(self)
            for text in warnings:
                warn_caller(text)
        return copy.deepcopy(self._queues)

    def queue_info(self, refresh: bool = True) -> dict[str, dict[str, Any]]:
        """Return the counters of the queues; the same as ``queue``."""
        return self.queue(refresh=refresh)

    def inspect_component(self, item: ComponentRef | Port | str, refresh: bool = True) -> dict[str, Any]:
        """Return everything that is known about one item.

        Args:
            item: Its name or handle; or a port, which means the item that it leads to.
            refresh: True: ask the director what runs. False: leave that out, but for the
                counters of the queue as they were last known.

        Returns:
            Fields and settings; ``target_settings`` (its ports); ``outgoing`` and ``incoming``
            (routes); and ``runtime``, whose ``warnings`` say what could not be asked.
        """
        ref = self.component_ref(item)
        return inspect_items(self, [ref], refresh=refresh)[ref.name]

    def inspect_components(self, refresh: bool = True) -> dict[str, dict[str, Any]]:
        """Return what ``inspect_component`` returns for every item, by name.

        The director is asked once for all of them, and routes are looked at once: use this for
        large productions.

        Args:
            refresh: As for ``inspect_component``.
        """
        return inspect_items(self, self.items, refresh=refresh)

    def _director(self) -> object:
        return director_of(self.director, self.namespace)

    def _call(self, method: str, *arguments: object) -> Any:
        director = need_director(self._director(), f"{method}() for {self.name!r}", method)
        return getattr(director, method)(*arguments)

    def _call_current(self, verb: str, method: str) -> None:
        call_current(self._director(), self.name, method, action=f"{verb} production {self.name!r}")

    def _call_component(self, verb: str, item: ComponentRef | Port | str) -> None:
        name = self.component_ref(item).name
        action = f"{verb} component {name!r} in production {self.name!r}"
        call_current(self._director(), self.name, f"{verb}_component", name, action=action)
