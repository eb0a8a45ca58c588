"""The backend ``local``: productions in this process, data in a directory."""

from __future__ import annotations

import logging
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar
from urllib.parse import unquote, urlsplit

from iop_core.backends import DURABILITIES, Backend, RunningProduction, RunOptions, StartOrder, StoreUpkeep
from iop_core.bodies import BodyCodec
from iop_core.clock import SystemClock
from iop_core.definitions import ProductionDefinition
from iop_core.errors import BackendError, BackendUnavailableError, ConfigurationError
from iop_core.message_control import MessageControl
from iop_core.plugins import choose, installed_plugins
from iop_core.setting_layers import ResolvedSetting
from iop_core.stopped_productions import StoppedProduction
from iop_core.stores import Store
from iop_engine.addresses import AddressBook
from iop_engine.background import Background
from iop_engine.control.address_file import AddressFile
from iop_engine.default_settings_file import DefaultSettingsFile
from iop_engine.deployments.local import LocalDeployments
from iop_engine.engine import Engine
from iop_engine.history import History
from iop_engine.left_behind import LeftBehind
from iop_engine.message_control.message_deeds import MessageDeeds
from iop_engine.needed_update import NeededUpdate
from iop_engine.resolved_settings import explained, resolved
from iop_engine.running_engines import announce, connect, open_to_others
from iop_engine.sqlite.directory import DataDirectory
from iop_engine.upkeep import Upkeep
from iop_engine.worker_processes.class_places import is_loading_main

_LOG = logging.getLogger("iop.engine")

DEFAULT_LOCATION = ".iop"
DEFAULT_STORE = "sqlite"


class LocalBackend(Backend):
    """Runs productions in this process.

    URLs: ``local:`` for the directory ``.iop`` below the current one, ``local:DIR`` or
    ``local:///DIR`` for another.

    Args:
        location: The data directory.
        namespace: The namespace.
    """

    name: ClassVar[str] = "local"

    def __init__(self, location: str, *, namespace: str) -> None:
        self.location = location
        self.namespace = namespace
        self._store_class = choose("store", DEFAULT_STORE, installed_plugins().stores())

    @classmethod
    def open(cls, url: str, *, namespace: str) -> LocalBackend:
        """Open the backend a URL names."""
        parts = urlsplit(url)
        if parts.scheme != cls.name or parts.netloc or parts.query or parts.fragment:
            raise BackendError(f"{url!r} is not a local URL; use local:, local:DIR or local:///absolute/DIR")
        location = Path(unquote(parts.path) or DEFAULT_LOCATION)
        return cls(str(location.absolute()), namespace=namespace)

    def history(self) -> History:
        """Return read access to what is stored in the directory."""
        reader = self._store_class.open_reader(self.location, namespace=self.namespace)
        return History(reader, namespace=self.namespace, location=self.location)

    def deployments(self) -> LocalDeployments:
        """Return what is deployed in the directory."""
        return LocalDeployments(self.location, namespace=self.namespace, record=self._record)

    def run(self, production: ProductionDefinition, options: RunOptions) -> Engine:
        """Run a production in this process; returns when every item is ready."""
        if is_loading_main():
            raise BackendError(
                f"a worker process of {production.name!r} loads the program to find its classes, and came to where it "
                "runs the production. Put that under 'if __name__ == \"__main__\":'"
            )
        if options.durability not in DURABILITIES:
            raise ConfigurationError(
                f"unknown durability {options.durability!r}; use 'full' (safe against a power cut) or 'normal' (safe "
                "against the death of the process)"
            )

        def resolve(definition: ProductionDefinition) -> ProductionDefinition:
            return resolved(definition, self.default_settings().all())

        needed_update = NeededUpdate(production, options, resolve)
        production = resolve(production)
        # What is wrong with the production is found before anything is made on disk.
        addresses = AddressBook(production)
        codec = BodyCodec(default=production.serializer, allowed=production.allowed_serializers)
        store = self._store_class.open(
            self.location, namespace=self.namespace, durability=options.durability, clock=options.clock
        )
        try:
            codec.use_keys(store.secret)
            codec.ask_before_first(store.check_class)
            history = History(store.reader, namespace=self.namespace, location=self.location)
            engine = Engine(production, addresses, store, options, history, codec=codec, needed_update=needed_update)
        except BaseException:
            store.close()
            raise
        engine.start()
        announce(engine, self.location, self.namespace)
        if options.is_reachable:
            open_to_others(engine, production, store, codec, AddressFile(self.location, self.namespace))
        return engine

    def connect(self) -> RunningProduction:
        """Return the production that runs in the directory, in whatever process."""
        return connect(self.location, self.namespace)

    @contextmanager
    def message_control(self) -> Generator[MessageControl, None, None]:
        """Give what can be done to the messages of the directory, by what runs there or without it."""
        running = self._find_running()
        if running is not None:
            yield running
            return
        with self._left_behind() as store:
            yield MessageDeeds(store, SystemClock())

    @contextmanager
    def upkeep(self) -> Generator[StoreUpkeep, None, None]:
        """Give what can be done to all that is stored, by what runs there or without it."""
        running = self._find_running()
        if running is not None:
            yield running
            return
        with self._left_behind() as store:
            codec = BodyCodec()
            codec.use_keys(store.secret)
            yield Upkeep(store, codec, SystemClock())

    @contextmanager
    def stopped_production(self) -> Generator[StoppedProduction, None, None]:
        """Give what can be done only while nothing runs in the directory."""
        self._store_class.open_reader(self.location, namespace=self.namespace).close()
        with self._left_behind() as store:
            yield LeftBehind(store, SystemClock())

    def _record(self, action: str, subjects: Sequence[str], *, actor: str, reason: str) -> None:
        """Have the audit tell of a deed that was done beside the store; where nothing ever ran there is none."""
        try:
            with self.upkeep() as upkeep:
                upkeep.record_deed(action, subjects, actor=actor, reason=reason)
        except BackendUnavailableError:
            return
        except BackendError as exc:  # it is done, and a list of its own has most of it
            _LOG.warning("the %s of %s cannot be recorded in the audit: %s", action, ", ".join(subjects), exc)

    def _find_running(self) -> RunningProduction | None:
        """Return what runs and can be reached; None also when it cannot, as opening the store says so then."""
        self._store_class.open_reader(self.location, namespace=self.namespace).close()
        try:
            return self.connect()
        except BackendUnavailableError:
            return None

    @contextmanager
    def _left_behind(self) -> Generator[Store, None, None]:
        clock = SystemClock()
        store = self._store_class.open(self.location, namespace=self.namespace, durability="full", clock=clock)
        try:
            yield store
        finally:
            store.close()

    def start(self, order: StartOrder) -> RunningProduction:
        """Run a production in a process of its own; returns when every item is ready."""
        return Background(self.location, self.namespace).start(order)

    def last_start(self) -> StartOrder:
        """Return the order of the latest start."""
        return Background(self.location, self.namespace).last_start()

    def kill(self) -> None:
        """End the process that runs the production at once."""
        Background(self.location, self.namespace).kill()

    def default_settings(self) -> DefaultSettingsFile:
        """Return the system default settings, kept in a file beside the database."""
        database = DataDirectory(self.location, self.namespace).database
        return DefaultSettingsFile(database.with_suffix(".settings.json"), record=self._record)

    def explain_settings(self, production: ProductionDefinition, item: str | None = None) -> list[ResolvedSetting]:
        """Return the settings of an item, or of the production itself, with the value of each layer."""
        return explained(production, item, self.default_settings().all())
