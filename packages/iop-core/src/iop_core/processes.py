"""Business processes: routing and orchestration with a state that survives restarts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from iop_core.business_host import BusinessHost, Target
from iop_core.completing import CompletingHost
from iop_core.durations import parse_duration
from iop_core.errors import NoHandlerError, NotConnectedError


class BusinessProcess(BusinessHost):
    """Handles a request over time: one instance for each request it receives.

    An instance lives until no answer is outstanding. Events of one instance never run at
    the same time. Public attributes whose values JSON can hold, and bytes, are stored after each event and
    survive a restart; with ``PERSISTENT_PROPERTY_LIST`` only those it names.

    Attributes:
        PERSISTENT_PROPERTY_LIST: Names of the attributes to store; None stores all that were set.

    Example:
        >>> class Orders(BusinessProcess):
        ...     def on_request(self, request):
        ...         self.send_request_async("Stock", request, completion_key="stock")
        ...     def on_response(self, request, response, call_request, call_response, completion_key):
        ...         return call_response
    """

    PERSISTENT_PROPERTY_LIST: ClassVar[Sequence[str] | None] = None

    def on_message(self, request: Any) -> Any:
        """Handle a request that no handler takes; by default ``on_request``."""
        return self.on_request(request)

    def on_request(self, request: Any) -> Any:
        """Handle the primary request.

        Returns:
            A message becomes the response of the process, given to its caller at the end
            unless ``reply`` was called before; None leaves the response as it is.

        Raises:
            NoHandlerError: Not overridden: the message ends in the status Error.
        """
        raise NoHandlerError(
            f"{type(self).__name__} has no handler for {type(request).__module__}.{type(request).__qualname__} and did "
            "not override on_request. Add a method with @handler for that class"
        )

    def on_response(
        self, request: Any, response: Any, call_request: Any, call_response: Any, completion_key: str
    ) -> Any:
        """Handle the answer to one asynchronous request.

        Args:
            request: The primary request.
            response: The response of the process so far; while it has none, the answer itself.
            call_request: The request that was answered.
            call_response: The answer; None for one without a message.
            completion_key: The key given with that request.

        Returns:
            The new response of the process; None leaves it as it is.
        """
        return response

    def on_error(self, request: Any, response: Any, call_request: Any, error: Exception, completion_key: str) -> Any:
        """Handle the answer to one asynchronous request that ended in error.

        By default it ends the process in error too. Override it to go on without that answer.

        Args:
            request: The primary request.
            response: The response of the process so far; None while it has none.
            call_request: The request that failed.
            error: A ``RequestFailedError`` that says which item failed and why.
            completion_key: The key given with that request.

        Returns:
            The new response of the process; None leaves it as it is.

        Raises:
            Exception: Whatever it raises ends the process in error; by default ``error``.

        Example:
            >>> class Orders(BusinessProcess):
            ...     def on_error(self, request, response, call_request, error, completion_key):
            ...         self.log_warning(f"going on without {completion_key}: {error}")
        """
        raise error

    def on_complete(self, request: Any, response: Any) -> Any:
        """End the instance; called once no answer is outstanding.

        Returns:
            The final response; None leaves it as it is.
        """
        return response

    def send_request_async(
        self,
        target: Target,
        request: object,
        description: str | None = None,
        completion_key: str | None = None,
        response_required: bool = True,
    ) -> None:
        """Send a request; its answer comes to ``on_response``.

        The request is stored together with the end of the event in hand.

        Args:
            target: Item name, the value of a ``target()``, or a Port. Several names separated
                by commas get one request each.
            request: A message, or None for an empty body.
            description: Free text kept with the header; None for "<Class> -> <target>".
            completion_key: Comes back with the answer.
            response_required: False: no answer is wanted.

        Raises:
            As for ``BusinessHost.send_request_async``.
        """
        host = self._connected()
        for name in self._target_names(target):
            host.send_async(
                name,
                request,
                self._describe(name, description),
                completion_key=completion_key or "",
                response_required=response_required,
            )

    def reply(self, response: Any) -> None:
        """Give the caller its response now; the process goes on.

        Stored together with the end of the event in hand. Only the first reply counts.
        """
        self._connected().reply(response)

    def complete_now(self) -> None:
        """End this instance with the event in hand, though answers or timers are outstanding.

        ``on_complete`` is called as at any end, and the caller gets its response. Answers that
        come later become Discarded, timers do not ring any more. Use it to go on without an
        answer that took too long. In IRIS an instance ends only when nothing is outstanding.

        Raises:
            NotConnectedError: No engine that can do this runs the component.
            SendError: Called outside of an event of a process instance.

        Example:
            >>> class Ask(BusinessProcess):
            ...     def on_request(self, request):
            ...         self.send_request_async("Lab", request, completion_key="result")
            ...         self.set_timer("PT30S", "too late")
            ...     def on_response(self, request, response, call_request, call_response, completion_key):
            ...         self.complete_now()  # with the result, or without it
            ...         return call_response
        """
        host = self._connected()
        if not isinstance(host, CompletingHost):
            raise NotConnectedError(f"{type(self).__name__} is run by a host that cannot end an instance early")
        host.complete_now()

    def set_timer(self, timeout: float | str, completion_key: str | None = None) -> None:
        """Have ``on_response`` called after a time, with no response and the key.

        The timer is stored together with the end of the event in hand and survives a
        restart: one that became due meanwhile comes right after it. The instance waits for
        it as for any answer; an answer that was expected for longer is not given up, so
        decide in ``on_response`` what a timer means, and whether to end with ``complete_now``.

        Args:
            timeout: Seconds, or ISO 8601 text such as ``PT10S``.
            completion_key: Comes back in ``on_response``, to tell timers and answers apart.

        Raises:
            NotConnectedError: The component is not run by an engine.
            SendError: Called outside of an event of a process instance.
            ValueError: ``timeout`` is no duration.

        Example:
            >>> class Patient(BusinessProcess):
            ...     def on_request(self, request):
            ...         self.send_request_async("Lab", request, completion_key="result")
            ...         self.set_timer("PT30S", "too late")
            ...     def on_response(self, request, response, call_request, call_response, completion_key):
            ...         if completion_key == "too late" and response is None:
            ...             self.log_warning("no result yet")
            ...         return call_response
        """
        self._connected().set_timer(parse_duration(timeout), completion_key or "")
