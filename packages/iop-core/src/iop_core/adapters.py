"""Adapters: the part of a service or operation that speaks to the outside."""

from __future__ import annotations

from typing import Any

from iop_core.component import Component
from iop_core.interfaces import InputReceiver


class InboundAdapter(Component):
    """Receives external data for a service.

    The engine calls ``on_task`` again and again. New data is handed over with
    ``self.business_host.process_input(data)``; then the next call follows at once. A call
    that brought nothing is followed by a wait: the adapter setting ``CallInterval``, in seconds (5
    when not given).

    Example:
        >>> class FolderAdapter(InboundAdapter):
        ...     Folder = "/in"
        ...     def on_task(self):
        ...         for file in sorted(Path(self.Folder).glob("*.txt")):
        ...             self.business_host.process_input(file.read_text())
    """

    # Set by the engine before on_init: the service, and its Python object.
    business_host: InputReceiver
    BusinessHost: InputReceiver
    business_host_python: Any = None

    def on_task(self) -> None:
        """Look for new data; override this."""


class IntervalAdapter(InboundAdapter):
    """Calls its service once per interval without input; known as ``Ens.InboundAdapter``."""

    def on_task(self) -> None:
        """Let the service look for data itself."""
        self.business_host.process_input()
        # There is always input here, so that the next call would follow at once.
        self.business_host_python._wait_for_next_call_interval = True


class OutboundAdapter(Component):
    """Sends data to external systems on behalf of an operation.

    The operation reaches it as ``self.adapter``; its public methods are what you write. What they
    raise is an error of the operation, handled as its settings for errors say.

    Example:
        >>> class MailAdapter(OutboundAdapter):
        ...     Server = "localhost"
        ...     def send(self, text):
        ...         self.log_info(f"{len(text)} characters to {self.Server}")
        >>> MailAdapter.Server
        'localhost'
    """

    def on_keepalive(self) -> None:
        """Keep connections alive; called as ``BusinessOperation.on_keepalive`` is."""
