"""Business operations: where a production acts on the outside world."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from iop_core.business_host import BusinessHost
from iop_core.deferring import DeferringHost
from iop_core.errors import NoHandlerError, NotConnectedError
from iop_core.super_sessions import SuperSessionHost


class BusinessOperation(BusinessHost):
    """Handles requests; methods marked with ``@handler`` take the messages they name.

    Example:
        >>> from iop_core.dispatch import handler
        >>> from iop_core.messages import Message
        >>> class Archive(BusinessOperation):
        ...     @handler(Message)
        ...     def keep(self, request):
        ...         return None
    """

    # "InProc": it runs in the job of whoever sends to it, and has no queue.
    INVOCATION: ClassVar[str] = "Queue"
    # Codes that ``reply_codes`` may return, and ReplyCodeActions may name besides E, E#, E* and X.
    REPLY_CODES: ClassVar[tuple[str, ...]] = ()
    _wants_retry: bool = False
    _wants_suspension: bool = False

    @property
    def retry(self) -> bool:
        """Whether the message in hand is to be tried again; False at the start of each try.

        Set it while a message is handled: what the try sent is dropped, and the message is
        handled again after ``RetryInterval`` seconds, until ``FailureTimeout`` is over.
        ``Retry`` is the same.
        """
        return self._wants_retry

    @retry.setter
    def retry(self, value: object) -> None:
        self._wants_retry = bool(value)

    @property
    def retry_count(self) -> int:
        """Number of the try in hand: 1 for the first; ``RetryCount`` is the same."""
        return self.context.attempt

    @property
    def suspend_message(self) -> bool:
        """Whether the message in hand is to be set aside for an operator; False at the start of each try.

        Set it while a message is handled: what the try sent is dropped, the message becomes
        Suspended, and the next one is taken. ``SuspendMessage`` is the same.
        """
        return self._wants_suspension

    @suspend_message.setter
    def suspend_message(self, value: object) -> None:
        self._wants_suspension = bool(value)

    def _take_wishes(self) -> tuple[bool, bool]:
        """Return whether the code asked for a retry and for a suspension, and forget both."""
        wishes = (self._wants_retry, self._wants_suspension)
        if wishes != (False, False):
            self._wants_retry = self._wants_suspension = False
        return wishes

    Retry = retry
    RetryCount = retry_count
    SuspendMessage = suspend_message

    @property
    def super_session_to_send(self) -> str:
        """Id of the super session to send along, such as in a header of an HTTP request.

        Empty when the message in hand belongs to none, or the setting ``SendSuperSession`` is off,
        which it is unless the item says otherwise. ``self.context.super_session`` has it in any case.
        """
        host = self.iris_handle
        return host.super_session_to_send if isinstance(host, SuperSessionHost) else ""

    def defer_response(self) -> str:
        """Keep the caller of the message in hand waiting after its handler has ended.

        What the handler returns is not sent. Any component answers later, also after a
        restart, with ``send_deferred_response``. Until then the message and its answer have
        the status Deferred.

        Returns:
            The token that names the request.

        Raises:
            NotConnectedError: No engine that can defer answers runs this component.
            SendError: No request is in hand.

        Example:
            >>> class Lab(BusinessOperation):
            ...     def on_message(self, request):
            ...         request.token = self.defer_response()
            ...         self.send_request_async("Analyser", request)
        """
        host = self._connected()
        if not isinstance(host, DeferringHost):
            raise NotConnectedError(f"{type(self).__name__} is run by a host that cannot defer answers: return one")
        return host.defer_response()

    def reply_codes(self, reply: Any) -> Iterable[str]:
        """Say of a reply what it means, in codes for which ReplyCodeActions say what to do.

        Called with each reply, before it counts, of a class that names its codes in ``REPLY_CODES``.
        So a class that speaks HL7 can have the codes of InterSystems for acknowledgements, such as
        ``:?E``. A code for which there is no entry means nothing.

        Args:
            reply: What the handler returned; None for nothing.

        Example:
            >>> class Lab(BusinessOperation):
            ...     REPLY_CODES = (":?E", ":?R")
            ...     ReplyCodeActions = ":?R=RF,:?E=S,E=F"
            ...     def reply_codes(self, reply):
            ...         return {"AE": [":?E"], "AR": [":?R"]}.get(reply.acknowledgement, [])
        """
        return ()

    def on_message(self, request: Any) -> Any:
        """Handle a request that no handler takes.

        Returns:
            The reply message, or None.

        Raises:
            NoHandlerError: Not overridden: the message ends in the status Error.
        """
        raise NoHandlerError(
            f"{type(self).__name__} has no handler for {type(request).__module__}.{type(request).__qualname__} and did "
            "not override on_message. Add a method with @handler for that class"
        )

    def on_keepalive(self) -> None:
        """Keep connections alive; does nothing by default.

        Called in the thread of this instance between messages, once per ``KeepaliveInterval``:
        seconds, a setting of the adapter or an attribute of the class, 30 when not given.
        """
