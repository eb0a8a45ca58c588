"""Business operations: where a production acts on the outside world."""

from __future__ import annotations

from typing import Any

from iop_core.business_host import BusinessHost
from iop_core.errors import NoHandlerError


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
