"""Business services: where data enters a production."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any, ClassVar

from iop_core.business_host import BusinessHost
from iop_core.component import Component
from iop_core.errors import NoHandlerError, NotConnectedError
from iop_core.sessions import SessionHost
from iop_core.super_sessions import SuperSessionHost


class BusinessService(BusinessHost):
    """Takes data in and sends it on.

    A service is called by its adapter, by ``Director.get_business_service``, by a message
    addressed to it, or it runs threads of its own that it starts in ``on_init`` and ends in
    ``on_tear_down``.

    Attributes that ``PERSISTENT_PROPERTY_LIST`` names are stored after each input that ends
    without an error, and are there again after a restart: ``on_init`` sets first values, and
    what was stored counts more. What the input sent is stored before them, so that after a crash in between
    it may be sent again, and is never left out. Jobs of one service store the same attributes.

    Attributes:
        PERSISTENT_PROPERTY_LIST: Names of the attributes to store; None: nothing is stored.

    Example:
        >>> class Intake(BusinessService):
        ...     PERSISTENT_PROPERTY_LIST = ("count",)
        ...     def on_init(self):
        ...         self.count = 0
        ...     def on_message(self, request):
        ...         self.send_request_async("Archive", request)
        ...         self.count += 1
    """

    PERSISTENT_PROPERTY_LIST: ClassVar[Sequence[str] | None] = None

    # Set it in on_process_input to have the adapter wait for the next interval though there may be more input.
    _wait_for_next_call_interval: bool = False

    def on_process_input(self, message_input: Any = None) -> Any:
        """Take one input; by default hands it to ``on_message``.

        Args:
            message_input: What the adapter or caller gives; None from the interval adapter.

        Returns:
            A message for a caller that waits, or None.
        """
        return self.on_message(message_input)

    def on_message(self, request: Any) -> Any:
        """Handle one input; override this or ``on_process_input``.

        Raises:
            NoHandlerError: Neither is overridden.
        """
        raise NoHandlerError(
            f"{type(self).__name__} did not override on_message or on_process_input, so it cannot take "
            f"{type(request).__name__}. Define one of them"
        )

    def begin_session(self) -> None:
        """Have the next send of this input open a session of its own, which the sends after it share.

        All sends of one input share a session unless this is called between them: for an input of
        many parts, such as a file of orders, of which each is to have a trace of its own.

        Raises:
            NotConnectedError: No engine that knows sessions runs this service.
            SendError: No input is in hand, or it is a message that was sent to the service: what comes
                of that belongs to its session.

        Example:
            >>> class Intake(BusinessService):
            ...     def on_process_input(self, message_input):
            ...         for order in message_input:
            ...             self.begin_session()
            ...             self.send_request_async("Orders", order)
        """
        host = self._connected()
        if not isinstance(host, SessionHost):
            raise NotConnectedError(f"{type(self).__name__} is run by a host that knows no sessions")
        host.begin_session()

    def join_super_session(self, super_session: str) -> None:
        """Have what is sent for this input belong to a super session that another production began.

        Call it before the first send. With the setting ``GenerateSuperSessionID`` each input
        begins a super session of its own; this one counts instead.

        Args:
            super_session: Its id, such as a header of an HTTP request tells it.

        Raises:
            NotConnectedError: No engine that knows super sessions runs this service.
            SendError: No input is in hand.

        Example:
            >>> class Intake(BusinessService):
            ...     def on_process_input(self, message_input):
            ...         self.join_super_session(message_input.headers["X-Super-Session"])
            ...         self.send_request_async("Archive", message_input.message)
        """
        host = self._connected()
        if not isinstance(host, SuperSessionHost):
            raise NotConnectedError(f"{type(self).__name__} is run by a host that knows no super sessions")
        host.join_super_session(super_session)


class PollingBusinessService(BusinessService):
    """A service that is asked for new data again and again.

    ``on_poll`` is called once per interval. The interval is the adapter setting
    ``CallInterval`` in seconds (5 when not given).

    Example:
        >>> class Clock(PollingBusinessService):
        ...     def on_poll(self):
        ...         self.log_info("tick")
    """

    @staticmethod
    def get_adapter_type() -> str | type[Component] | None:
        """Return the adapter that calls its service once per interval."""
        return "Ens.InboundAdapter"

    def on_process_input(self, message_input: Any = None) -> Any:
        """Poll once; override for access to the adapter's input."""
        return self.on_poll()

    def on_poll(self) -> Any:
        """Look for new data and send it; override this.

        Raises:
            NoHandlerError: Not overridden.
        """
        raise NoHandlerError(f"{type(self).__name__} did not override on_poll. Define it, or on_process_input")


def takes_input(service_class: type[BusinessService]) -> bool:
    """Return whether ``on_process_input`` of the class wants the input (an override may take none)."""
    parameters = list(inspect.signature(service_class.on_process_input).parameters.values())[1:]
    return bool(parameters)
