"""Duplex components: a conversation between a service or operation and one process instance."""

from __future__ import annotations

from typing import Any

from iop_core.business_host import BusinessHost
from iop_core.duplex_messages import PrivateSession
from iop_core.errors import RequestFailedError
from iop_core.operations import BusinessOperation
from iop_core.processes import BusinessProcess
from iop_core.services import BusinessService
from iop_core.settings import target


class DuplexHost(BusinessHost):
    """What duplex services and operations have in common: a private session with a process.

    The session is opened by the first document, or by ``start_private_session``. All of its
    documents go to one instance of the process, in order. It ends with
    ``stop_private_session``, when the item stops, or when the process fails. Each job of a
    pool has a session of its own; use it from one thread at a time.
    """

    DuplexTargetConfigName = target(description="The duplex process to talk to")

    _session: PrivateSession | None = None

    def send_document_to_process(self, document: object, timeout: float = -1) -> Any:
        """Send a document to the process instance of the private session.

        It is on disk before it is handled, also when it is sent in the middle of a message.

        Args:
            document: A message, or None.
            timeout: Seconds to wait; -1 waits for ever.

        Returns:
            What ``on_document`` of the process returned.

        Raises:
            NotConnectedError: ``DuplexTargetConfigName`` is empty, or no engine runs this.
            SendError: The target is no duplex process.
            RequestTimeoutError: No answer in time; the document may still be handled.
            RequestFailedError: The process ended with an error, and the session with it.

        Example:
            >>> class Terminal(DuplexService):
            ...     def on_message(self, request):
            ...         return self.send_document_to_process(request)
        """
        session = self._session or self.start_private_session()
        try:
            return self._connected().send_document(session, document, timeout)
        except RequestFailedError:
            self._session = None
            self.on_private_session_stopped(session.target, False, None)
            raise

    def start_private_session(self, timeout: float = -1) -> PrivateSession:
        """Open the private session now; an open one is returned as it is.

        Raises:
            As for ``send_document_to_process``.
        """
        if self._session is None:
            name = self._one_target(self.DuplexTargetConfigName)
            self._session = self._connected().start_private_session(name, timeout)
            self.on_private_session_started(name, True)
        return self._session

    def stop_private_session(self, attached: object = None) -> None:
        """End the private session after the documents sent so far; repeatable.

        Args:
            attached: A message for ``on_private_session_stopped`` of the process, or None.
        """
        session = self._session
        if session is not None:
            self._connected().stop_private_session(session, attached)
            self._session = None
            self.on_private_session_stopped(session.target, True, attached)

    def on_private_session_started(self, source_config_name: str, self_generated: bool) -> Any:
        """Take note that the session is open; does nothing by default.

        Args:
            source_config_name: The item at the other end.
            self_generated: True: this end opened it, which is always so here.
        """

    def on_private_session_stopped(self, source_config_name: str, self_generated: bool, message: Any) -> Any:
        """Take note that the session has ended; does nothing by default.

        Args:
            source_config_name: The item at the other end.
            self_generated: True: this end stopped it; False: the process failed.
            message: The message attached to the stop, or None.
        """


class DuplexService(DuplexHost, BusinessService):
    """A service that talks to one instance of a process for as long as it likes.

    Example:
        >>> class Terminal(DuplexService):
        ...     def on_message(self, request):
        ...         return self.send_document_to_process(request)
    """


class DuplexOperation(DuplexHost, BusinessOperation):
    """An operation that also reports to one instance of a process what comes from outside.

    Requests are handled as by any operation.

    Example:
        >>> class Line(DuplexOperation):
        ...     def on_message(self, request):
        ...         self.send_document_to_process(request)
    """


class DuplexProcess(BusinessProcess):
    """A process with one instance for each private session; its state lasts as long as that.

    It can send requests like any process, also to the item at the other end. Once the
    session is stopped and no answer is outstanding, ``on_complete`` is called. An instance
    whose other end died without a stop stays open.

    Example:
        >>> class Dialog(DuplexProcess):
        ...     PERSISTENT_PROPERTY_LIST = ("count",)
        ...     count = 0
        ...     def on_document(self, source_config_name, request):
        ...         self.count += 1
        ...         return request
    """

    def on_document(self, source_config_name: str, request: Any) -> Any:
        """Handle one document; does nothing by default.

        Args:
            source_config_name: The item that sent it.
            request: The document.

        Returns:
            A message for the sender, or None. An error ends the instance and the session.
        """

    def on_private_session_started(self, source_config_name: str, self_generated: bool) -> Any:
        """Begin a session; called instead of ``on_request``; does nothing by default.

        Args:
            source_config_name: The item at the other end.
            self_generated: False: the other end opened it, which is always so here.
        """

    def on_private_session_stopped(self, source_config_name: str, self_generated: bool, message: Any) -> Any:
        """End a session; does nothing by default.

        Args:
            source_config_name: The item at the other end.
            self_generated: False: the other end stopped it, which is always so here.
            message: The message attached to the stop, or None.
        """
