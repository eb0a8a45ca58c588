"""The director: the client of whatever runs productions."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from iop_core.audit import NO_CHECKPOINTS
from iop_core.backends import RunOptions
from iop_core.definitions import ProductionDefinition
from iop_core.errors import BackendUnavailableError, ConfigurationError
from iop_core.events import EVERY_ENTRY
from iop_core.plugins import choose, installed_plugins
from iop_director import (
    bindings,
    deployed_calls,
    life_cycle,
    message_deeds,
    process_instances,
    stopped_production,
    store_upkeep,
)
from iop_director.class_calls import also_on_class
from iop_director.deployed_production import DeployedProduction
from iop_director.event_log import FIRST_ENTRIES, follow_log, format_entry
from iop_director.filters import message_filter
from iop_director.interruption import sigterm_as_interrupt
from iop_director.io_log import read_io_log
from iop_director.log_filters import log_filter
from iop_director.place import choose_place
from iop_director.records import status_to_dict
from iop_director.service_cache import ServiceCache
from iop_director.trace_bodies import with_bodies
from iop_director.trial_messages import TIMEOUT_SECONDS, TrialMessage, call_trial, send_trial
from iop_production import Production

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from iop_core.audit import AuditCheck, AuditEntry
    from iop_core.backends import Backend, MessageHistory, RunningProduction
    from iop_core.default_settings import DefaultSettings
    from iop_core.events import IoEntry, LogEntry, ProductionStatus, QueueStatus, StoredMessage, Trace
    from iop_core.headers import MessageHeader
    from iop_core.item_control import ItemStatus, UpdateResult
    from iop_core.plugins import PluginRegistry
    from iop_core.remote_settings import RemoteSettings
    from iop_core.setting_layers import ResolvedSetting
    from iop_director.io_log import IoOptions


class Director:
    """Runs productions and answers questions about them, wherever they run.

    The place is chosen by URL: the argument, else the environment variable ``IOP_URL``, else
    ``REMOTE_SETTINGS`` of a file, else ``local:``. A place that cannot be used is an error; no
    other is tried instead. Where a production runs there, it is asked, in whatever process it
    is; else what it left behind is read.

    Most methods can also be called on the class: ``Director.status_production()``.

    Args:
        url: ``local:`` (data in ``.iop`` below the current directory),
            ``local:relative/path`` or ``local:///absolute/path``; other schemes come with
            plug-ins.
        namespace: Part of the place to work in. None: the environment variable
            ``IOP_NAMESPACE``, or what the file says, else ``USER``.
        remote_settings: File with ``REMOTE_SETTINGS``, which is read and not run; or what such
            a section says. None: the environment variable ``IOP_SETTINGS``.
        plugins: Where backends are looked up. None: what is installed.

    Raises:
        ConfigurationError: The URL has no scheme, or the file cannot be used.
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
        remote_settings: str | os.PathLike[str] | RemoteSettings | None = None,
        plugins: PluginRegistry | None = None,
    ) -> None:
        place = choose_place(url, namespace=namespace, remote_settings=remote_settings)
        self._namespace = place.namespace
        registry = installed_plugins() if plugins is None else plugins
        backend_class = choose("backend", place.scheme, registry.backends())
        self._backend: Backend = backend_class.open_with(place.settings)
        self._services = ServiceCache(self._backend)

    @property
    def backend(self) -> Backend:
        """The backend in use."""
        return self._backend

    @property
    def namespace(self) -> str:
        """The namespace in use."""
        return self._namespace

    @property
    def is_remote(self) -> bool:
        """Whether productions run on another machine; what is deployed there is not changed by plans."""
        return self._backend.is_remote

    def run(self, production: Production | ProductionDefinition, *, durability: str = "full") -> RunningProduction:
        """Run a production in this process; returns when every item is ready.

        Other processes of this user can reach it meanwhile. It takes changes over from what is
        deployed under its name (``update_production``, ``Production.apply``).

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
        definition = _definition_of(production)
        place = DeployedProduction(self._backend, definition.name)
        options = RunOptions(durability, is_reachable=True, read_again=place.read, fingerprint=place.fingerprint)
        return self._backend.run(definition, options)

    def connect(self) -> RunningProduction:
        """Return the production that runs there, in whatever process.

        Raises:
            BackendUnavailableError: None runs, or it does not answer.
        """
        return self._backend.connect()

    @also_on_class
    def start_production(self, production_name: str | None = None) -> None:
        """Start a production in a process of its own, which outlives this one; returns when it is ready.

        Args:
            production_name: One that is deployed, or was started here last; None: the default one.

        Raises:
            ConfigurationError: There is none of that name, or none to choose.
            LifeCycleError: One runs already.
            BackendError: It did not start; the text says why.
        """
        life_cycle.start(self._backend, life_cycle.order_for(self._backend, production_name))

    @also_on_class
    def start_production_with_log(self, production_name: str | None = None) -> None:
        """Start a production and show its event log until Ctrl-C or SIGTERM, which stops it."""
        life_cycle.start(self._backend, life_cycle.order_for(self._backend, production_name))
        try:
            with sigterm_as_interrupt():
                self._print_log()
        except KeyboardInterrupt:
            self._backend.connect().stop()

    @also_on_class
    def stop_production(self, *, actor: str = "", reason: str = "") -> None:
        """Stop what runs, in whatever process; what is not handled stays stored.

        Raises:
            BackendUnavailableError: Nothing runs.
        """
        self._backend.connect().stop(actor=actor, reason=reason)

    @also_on_class
    def restart_production(self, *, actor: str = "", reason: str = "") -> None:
        """Stop what runs and start it as it was started; errors as for the two."""
        life_cycle.restart(self._backend, actor=actor, reason=reason)

    @also_on_class
    def shutdown_production(self, *, actor: str = "", reason: str = "") -> None:
        """Stop what runs, and end its process if that takes more than ten seconds.

        Raises:
            BackendUnavailableError: Nothing runs.
        """
        life_cycle.shut_down(self._backend, actor=actor, reason=reason)

    @also_on_class
    def update_production(self, *, actor: str = "", reason: str = "") -> UpdateResult:
        """Have the running production take over what is deployed, or what its file says now.

        Returns:
            What was added, removed and restarted, and what failed.

        Raises:
            BackendUnavailableError: Nothing runs.
            ConfigurationError: What is there now cannot run; nothing changed.
        """
        return self._backend.connect().refresh(actor=actor, reason=reason)

    @also_on_class
    def status_production(self) -> dict[str, object]:
        """Return what runs, or ran last.

        Returns:
            ``Production`` (its name), ``Status`` (``running``, ``stopped``, ``suspended``
            or ``troubled``), ``Namespace``, ``Location``, ``Durability``, ``Pid`` and
            ``Since`` (ISO text or None). ``NeedsUpdate``: whether ``update_production`` would
            take over something that was changed; then ``UpdateMessage`` says what.

        Raises:
            BackendUnavailableError: Nothing was ever stored there, or it cannot be read.
        """
        return status_to_dict(self._history().status())

    def status(self) -> ProductionStatus:
        """Return what ``status_production`` returns, as an object."""
        return self._history().status()

    def items(self) -> list[ItemStatus]:
        """Return every item of the running production.

        Raises:
            BackendUnavailableError: Nothing runs.
        """
        return self._backend.connect().items()

    @also_on_class
    def start_component(self, component_name: str, *, actor: str = "", reason: str = "") -> None:
        """Start an item of the running production; returns when it is ready.

        Args:
            component_name: The item.
            actor: Who does it, for the audit; empty: the user of the process that does it.
            reason: Why.

        Raises:
            BackendUnavailableError: Nothing runs.
            UnknownItemError: No such item.
            ComponentStartError: It could not start.
        """
        self._backend.connect().start_component(component_name, actor=actor, reason=reason)

    @also_on_class
    def stop_component(self, component_name: str, *, actor: str = "", reason: str = "") -> None:
        """Stop an item of the running production; its queue goes on taking messages."""
        self._backend.connect().stop_component(component_name, actor=actor, reason=reason)

    @also_on_class
    def restart_component(self, component_name: str, *, actor: str = "", reason: str = "") -> None:
        """Stop an item of the running production and start it."""
        self._backend.connect().restart_component(component_name, actor=actor, reason=reason)

    @also_on_class
    def get_business_service(self, target: str, force_session_id: bool = False) -> Any:
        """Return an instance of a service's class in this process, to be called directly.

        What it sends goes to the running production, in whatever process that is. The same
        instance is returned until the production is restarted. Its calls take turns.

        Args:
            target: Name of the service.
            force_session_id: Kept for older programs; every call opens a session of its own.

        Raises:
            BackendUnavailableError: Nothing runs.
            UnknownItemError: No such item.
            ConfigurationError: It is no service, or its class cannot be loaded here.

        Example:
            >>> service = Director().get_business_service("Intake")  # doctest: +SKIP
            >>> service.on_process_input("Hello")  # doctest: +SKIP
        """
        return self._services.get(target)

    @also_on_class
    def create_business_service(self, target: str) -> Any:
        """Return a new instance of a service's class, such as one for each thread; see ``get_business_service``."""
        return self._services.make(target)

    @also_on_class
    def create_python_business_service(self, target: str) -> Any:
        """Return a new instance of a service's class; the older name of ``create_business_service``."""
        return self._services.make(target)

    @also_on_class
    def test_component(
        self,
        target: str,
        message: object = None,
        classname: str | None = None,
        body: object = None,
        restart: bool = False,
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> Any:
        """Send a test message to one item of the running production and return its reply.

        As in IRIS, only productions with ``testing_enabled`` take test messages.

        Args:
            target: Any item.
            message: The message; None: an empty one.
            classname: Instead of ``message``: name of a class that the production knows.
            body: Fields of that class, as JSON text or dict.
            restart: Restart the item before.
            timeout_seconds: How long to wait for the reply; -1 waits for ever.

        Returns:
            The reply message; ``{"classname", "body", "truncated"}`` where its class is not
            loaded here.

        Raises:
            BackendUnavailableError: Nothing runs.
            RefusedTestError: What runs takes no test messages; nothing was restarted or sent.
            UnknownItemError: No such item.
            RequestTimeoutError: No reply in time.
            RequestFailedError: The item ended with an error.
        """
        trial = TrialMessage(message, classname, body).on(self._backend)
        return call_trial(self._for_trial(target, restart=restart), target, trial, timeout_seconds)

    def send_test(self, target: str, trial: TrialMessage, *, restart: bool = False) -> int:
        """Send a test message as ``test_component`` does, without waiting for a reply.

        Returns:
            The id of its session, once it is on disk.
        """
        return send_trial(self._for_trial(target, restart=restart), target, trial.on(self._backend))

    def _for_trial(self, target: str, *, restart: bool) -> RunningProduction:
        running = self._backend.connect()
        running.check_testing()
        if restart:
            running.restart_component(target)
        return running

    @also_on_class
    def log_production(self) -> None:
        """Show the event log on standard output as it grows, until Ctrl-C or SIGTERM."""
        with suppress(KeyboardInterrupt), sigterm_as_interrupt():
            self._print_log()

    @also_on_class
    def log_production_top(self, top: int = FIRST_ENTRIES) -> None:
        """Show the newest entries of the event log on standard output, oldest first."""
        for entry in self._history().log(limit=top):
            sys.stdout.write(format_entry(entry) + "\n")

    @also_on_class
    def read_top_log(self, top: int = FIRST_ENTRIES) -> list[str]:
        """Return the newest entries of the event log as text, oldest first."""
        return [format_entry(entry) for entry in self._history().log(limit=top)]

    @also_on_class
    def read_log(self) -> Iterator[str]:
        """Return the newest entries of the event log as text, then each new one, for ever."""
        return map(format_entry, follow_log(self.log))

    @staticmethod
    def format_log(entry: LogEntry) -> str:
        """Return an entry of the event log as text: one line, and its further lines indented."""
        return format_entry(entry)

    def queues(self) -> list[QueueStatus]:
        """Return every queue that holds messages, by name."""
        return self._history().queues()

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
        return self._history().messages(message_filter(**filters))

    def count_messages(self, **filters: object) -> int:
        """Return how many messages match; the filters are those of ``messages``."""
        return self._history().count_messages(message_filter(**filters))

    def message(self, message_id: int) -> StoredMessage | None:
        """Return one message with its body, or None."""
        return self._history().message(message_id)

    def trace(self, session_id: int | None = None, *, bodies: bool = False) -> Trace | None:
        """Return all messages and log entries of a session; None when there is none.

        Args:
            session_id: The session; None: the latest one.
            bodies: True: with the stored bodies, which ``iop_director.text_of_body`` turns into text.
        """
        history = self._history()
        trace = history.trace(session_id)
        return trace if trace is None or not bodies else with_bodies(trace, history)

    def log(
        self, *, since_id: int = 0, item: str | None = None, limit: int | None = None, **filters: object
    ) -> list[LogEntry]:
        """Return entries of the event log with ids above ``since_id``, oldest first; with ``limit`` the newest.

        ``filters`` are those of ``iop_director.log_filters.log_filter``: level, type, text, session, since, until_id.
        """
        criteria = log_filter(**filters)
        if criteria == EVERY_ENTRY:
            return self._history().log(since_id=since_id, item=item, limit=limit)
        return self._history().log(since_id=since_id, item=item, limit=limit, criteria=criteria)

    def io_log(self, *, session_id: int | None = None, **options: Unpack[IoOptions]) -> list[IoEntry]:
        """Return exchanges with the outside of items whose setting ``ArchiveIO`` is on; see ``read_io_log``."""
        return read_io_log(self._history(), session_id, **options)

    def audit(self, *, since_id: int = 0, limit: int | None = None) -> list[AuditEntry]:
        """Return what operators did, with ids above ``since_id``, oldest first; with ``limit`` the newest."""
        return self._history().audit(since_id=since_id, limit=limit)

    def check_audit(self, checkpoints: Mapping[int, str] = NO_CHECKPOINTS) -> AuditCheck:
        """Say whether the audit is as it was written, and if not, which entry is the first that is wrong.

        Args:
            checkpoints: Number to hash of entries, as earlier checks named them and somebody kept
                them elsewhere: with one, an audit that was written anew is found, too.
        """
        return self._history().check_audit(checkpoints)

    list_productions = also_on_class(deployed_calls.list_productions)
    set_default_production = also_on_class(deployed_calls.set_default_production)
    get_default_production = also_on_class(deployed_calls.get_default_production)
    export_production = also_on_class(deployed_calls.export_production)
    export_production_connections = also_on_class(deployed_calls.export_production_connections)
    export_production_queue_info = also_on_class(deployed_calls.export_production_queue_info)
    apply_production_plan = also_on_class(deployed_calls.apply_production_plan)
    register_production_definition = also_on_class(deployed_calls.register_production_definition)
    register_component = also_on_class(deployed_calls.register_component)
    list_bindings = also_on_class(bindings.list_bindings)
    unbind_component = also_on_class(bindings.unbind_component)
    setup = also_on_class(deployed_calls.setup)
    migrate = also_on_class(deployed_calls.migrate)
    resend_messages = message_deeds.resend_messages
    resubmit_messages = message_deeds.resubmit_messages
    abort_messages = message_deeds.abort_messages
    discard_messages = message_deeds.discard_messages
    suspend_messages = message_deeds.suspend_messages
    delete_messages = message_deeds.delete_messages
    clean_production = also_on_class(stopped_production.clean_production)
    recover_production = also_on_class(stopped_production.recover_production)
    processes = process_instances.processes
    purge = store_upkeep.purge
    index_messages = store_upkeep.index_messages

    @property
    def default_settings(self) -> DefaultSettings:
        """The table of system default settings of the namespace; a change counts from the next start on."""
        return self._backend.default_settings()

    def explain_settings(
        self, production: Production | ProductionDefinition, item: str | None = None
    ) -> list[ResolvedSetting]:
        """Return the settings of an item, or of the production, with the value of each layer, the winner first."""
        return self._backend.explain_settings(_definition_of(production), item)

    def _history(self) -> MessageHistory:
        """Return who answers questions: what runs, else what it left behind; a server knows itself."""
        if self._backend.is_remote:
            return self._backend.history()
        try:
            return self._backend.connect()
        except BackendUnavailableError:
            return self._backend.history()

    def _print_log(self) -> None:
        for text in self.read_log():
            sys.stdout.write(text + "\n")
            sys.stdout.flush()


def _definition_of(production: object) -> ProductionDefinition:
    if isinstance(production, ProductionDefinition):
        return production
    if isinstance(production, Production):
        return production.definition()
    raise ConfigurationError(f"cannot run {production!r}: give a Production or a ProductionDefinition")
