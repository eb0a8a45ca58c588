"""The director: the client of whatever runs productions."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from iop_core.backends import RunOptions
from iop_core.definitions import ProductionDefinition
from iop_core.errors import ConfigurationError
from iop_core.plugins import choose, installed_plugins
from iop_director.filters import message_filter
from iop_director.records import status_to_dict
from iop_production import Production

if TYPE_CHECKING:
    from iop_core.backends import Backend, RunningProduction
    from iop_core.default_settings import DefaultSettings
    from iop_core.events import LogEntry, ProductionStatus, QueueStatus, StoredMessage, Trace
    from iop_core.headers import MessageHeader
    from iop_core.plugins import PluginRegistry
    from iop_core.setting_layers import ResolvedSetting

DEFAULT_URL = "local:"
DEFAULT_NAMESPACE = "USER"


class Director:
    """Runs productions and answers questions about them, wherever they run.

    The place is chosen by URL and by nothing else: the argument, else the environment
    variable ``IOP_URL``, else ``local:``. A place that cannot be used is an error; no
    other is tried instead.

    Args:
        url: ``local:`` (data in ``.iop`` below the current directory),
            ``local:relative/path`` or ``local:///absolute/path``; other schemes come with
            plug-ins.
        namespace: Part of the place to work in. None: the environment variable
            ``IOP_NAMESPACE``, else ``USER``.
        plugins: Where backends are looked up. None: what is installed.

    Raises:
        ConfigurationError: The URL has no scheme.
        UnknownPluginError: No installed plug-in knows the scheme; the text names the
            package to install, where known.
        BackendError: The backend cannot use the URL.

    Example:
        >>> director = Director("local:///var/lib/orders")  # doctest: +SKIP
        >>> director.count_messages(status="Error", since="1h")  # doctest: +SKIP
        0
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        namespace: str | None = None,
        plugins: PluginRegistry | None = None,
    ) -> None:
        environment = os.environ
        chosen = url or environment.get("IOP_URL") or DEFAULT_URL
        self._namespace = namespace or environment.get("IOP_NAMESPACE") or DEFAULT_NAMESPACE
        registry = installed_plugins() if plugins is None else plugins
        backend_class = choose("backend", _scheme_of(chosen), registry.backends())
        self._backend: Backend = backend_class.open(chosen, namespace=self._namespace)

    @property
    def backend(self) -> Backend:
        """The backend in use."""
        return self._backend

    @property
    def namespace(self) -> str:
        """The namespace in use."""
        return self._namespace

    def run(self, production: Production | ProductionDefinition, *, durability: str = "full") -> RunningProduction:
        """Run a production in this process; returns when every item is ready.

        Args:
            production: A ``Production`` or its definition.
            durability: ``full``: a message is on the disk before its send returns.
                ``normal``: safe against the death of the process, not against a power cut.

        Returns:
            The running production. Call ``stop()`` on it at the end.

        Raises:
            ConfigurationError: Not a production, an unknown durability, or a production
                that cannot work.
            ComponentStartError: An item could not start; nothing is left running.
            StoreError: The store cannot be opened or belongs to a running production.
        """
        return self._backend.run(_definition_of(production), RunOptions(durability=durability))

    def status_production(self) -> dict[str, object]:
        """Return what runs, or ran last.

        Returns:
            ``Production`` (its name), ``Status`` (``running``, ``stopped``, ``suspended``
            or ``troubled``), ``Namespace``, ``Location``, ``Durability``, ``Pid`` and
            ``Since`` (ISO text or None).

        Raises:
            BackendUnavailableError: Nothing was ever stored there, or it cannot be read.
        """
        return status_to_dict(self.status())

    def status(self) -> ProductionStatus:
        """Return what ``status_production`` returns, as an object."""
        return self._backend.history().status()

    def queues(self) -> list[QueueStatus]:
        """Return every queue that holds messages, by name."""
        return self._backend.history().queues()

    def messages(self, **filters: object) -> Iterator[MessageHeader]:
        """Return the headers of the matching messages, oldest first, a page at a time.

        Args:
            **filters: See ``iop_director.filters.message_filter``.

        Raises:
            ConfigurationError: Unknown filter, or a value it cannot have.
            BackendUnavailableError: Nothing was ever stored there, or it cannot be read.

        Example:
            >>> for header in Director().messages(status="Error", since="2h"):  # doctest: +SKIP
            ...     print(header.message_id, header.error)
        """
        return self._backend.history().messages(message_filter(**filters))

    def count_messages(self, **filters: object) -> int:
        """Return how many messages match; the filters are those of ``messages``."""
        return self._backend.history().count_messages(message_filter(**filters))

    def message(self, message_id: int) -> StoredMessage | None:
        """Return one message with its body, or None."""
        return self._backend.history().message(message_id)

    def trace(self, session_id: int | None = None) -> Trace | None:
        """Return all messages and log entries of a session, the latest one for None.

        Returns:
            The trace; None when there is no such session.
        """
        return self._backend.history().trace(session_id)

    def log(self, *, since_id: int = 0, item: str | None = None, limit: int | None = None) -> list[LogEntry]:
        """Return entries of the event log, oldest first.

        Args:
            since_id: Only entries with higher ids.
            item: Only entries of that item.
            limit: Only the newest that many.
        """
        return self._backend.history().log(since_id=since_id, item=item, limit=limit)

    @property
    def default_settings(self) -> DefaultSettings:
        """The table of system default settings of the namespace; a change counts from the next start on.

        Raises:
            BackendError: The backend has none.

        Example:
            >>> from iop_core.setting_layers import DefaultSetting
            >>> Director().default_settings.put(DefaultSetting(name="Port", value="2575"))  # doctest: +SKIP
        """
        return self._backend.default_settings()

    def explain_settings(
        self, production: Production | ProductionDefinition, item: str | None = None
    ) -> list[ResolvedSetting]:
        """Return the settings of an item with the value of each layer, the winning one first.

        Args:
            production: A ``Production`` or its definition.
            item: Name of one of its items; None: the settings of the production itself.

        Raises:
            UnknownItemError: No such item.
            BackendError: The backend does not resolve settings here.
        """
        return self._backend.explain_settings(_definition_of(production), item)


def _scheme_of(url: str) -> str:
    scheme, colon, _ = url.partition(":")
    if not colon or not scheme:
        # The text itself stays out of the error: it may hold a password.
        raise ConfigurationError(
            "the URL of a backend starts with a scheme and a colon, such as 'local:' or 'local:///var/lib/iop'; "
            "see the argument 'url' and the environment variable IOP_URL"
        )
    return scheme.lower()


def _definition_of(production: object) -> ProductionDefinition:
    if isinstance(production, ProductionDefinition):
        return production
    if isinstance(production, Production):
        return production.definition()
    raise ConfigurationError(f"cannot run {production!r}: give a Production or a ProductionDefinition")
