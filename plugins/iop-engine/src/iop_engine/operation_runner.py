"""Running a business operation: one request, one settlement."""

from __future__ import annotations

from collections.abc import Callable

from iop_core.component import Component
from iop_core.definitions import ItemDefinition
from iop_core.dispatch import DispatchTable
from iop_core.operations import BusinessOperation
from iop_core.store_units import Delivery
from iop_engine.component_host import ComponentHost
from iop_engine.engine_settings import read_engine_settings
from iop_engine.exchange import Exchange
from iop_engine.handler_loop import HandlerLoop
from iop_engine.in_hand import Handling
from iop_engine.instances import (
    KEEPALIVE_INTERVAL,
    attach_adapter,
    codes_of,
    component_class_of,
    dispatch,
    interval_of,
    make_instance,
    one_line,
    start_instance,
    stop_instances,
    warn_of_mistakes,
)
from iop_engine.keepalive import DEFAULT_KEEPALIVE_INTERVAL_SECONDS, Keepalive
from iop_engine.request_handling import RequestHandling
from iop_engine.retrying import Retrying
from iop_engine.runtime import Runtime
from iop_engine.stream_server import StreamOwners, StreamServer
from iop_engine.worker import Runner, Settle


class OperationRunner(Runner):
    """Runs one instance of an operation.

    Args:
        item: The item.
        runtime: What the engine's parts share.
        owners: Who of the pool serves which stream.
    """

    def __init__(self, item: ItemDefinition, runtime: Runtime, owners: StreamOwners) -> None:
        self._item = item
        self._runtime = runtime
        self._host = ComponentHost(item, runtime)
        self._loop = HandlerLoop()
        self._streams = StreamServer(owners, runtime.streams, runtime.codec, self._loop)
        self._requests = RequestHandling(item, runtime, self._host, self._streams)
        self._keepalive: Keepalive | None = None
        self._started: list[Component] = []
        self._handling: Handling | None = None
        self._is_interrupted = False

    def start(self) -> None:
        """Make the instance and its adapter and run their start-up hooks."""
        self._is_interrupted = False
        self._streams.hand_over = self.hand_over
        operation_class = component_class_of(self._item, BusinessOperation)
        self._operation = make_instance(operation_class, self._item, self._host, self._item.host_settings)
        warn_of_mistakes(self._operation)
        self._table = DispatchTable.of(operation_class)
        adapter = attach_adapter(self._operation, self._item, self._host)
        both = (adapter, self._operation)
        for instance in both:
            if instance is not None:
                start_instance(instance, self._loop)
                self._started.append(instance)
        settings = read_engine_settings(self._item, self._operation)
        self.throttle_seconds = settings.throttle_delay
        self._host.sends_super_sessions = settings.sends_super_sessions
        self._archive_bytes = settings.archive_bytes
        respond = self._dispatch_and_archive if settings.archive_bytes else self._dispatch
        self._respond: Callable[[object], object] = respond
        self._requests.codes_of = codes_of(self._operation)
        self._retrying = Retrying(self._item, self._runtime, settings, self._operation, self._requests)
        self._keepalive = Keepalive(both, self._host, self._loop, self._runtime.clock)
        if self._keepalive.is_needed:
            interval = interval_of(self._item, KEEPALIVE_INTERVAL, both, DEFAULT_KEEPALIVE_INTERVAL_SECONDS)
            self._keepalive.start(interval, self.do_between)

    def handle(self, delivery: Delivery, settle: Settle) -> None:
        """Have the request handled; its sends and its reply are stored with its end."""
        handling = self._handling = self._runtime.in_hand.begin(delivery, self._runtime.clock)
        if self._is_interrupted:
            handling.call_back()
        try:
            self._retrying.handle(handling, self._respond, settle)
        finally:
            self._runtime.in_hand.end(handling)

    def interrupt(self) -> None:
        """Have a message that waits for its next try go back to the queue."""
        self._is_interrupted = True
        if self._handling is not None:
            self._handling.call_back()

    def stop(self) -> None:
        """Run the tear-down hooks, in the reverse order of the start."""
        if self._keepalive is not None:
            self._keepalive.stop()
        self._streams.close()
        stop_instances(reversed(self._started), self._loop)
        self._loop.close()

    def _dispatch(self, request: object) -> object:
        return dispatch(self._table, self._operation, request, self._loop)

    def _dispatch_and_archive(self, request: object) -> object:
        most = self._archive_bytes
        exchange = Exchange(self._item.name, self._runtime, request, is_inbound=False, most_bytes=most)
        reply, error = None, ""
        try:
            reply = self._dispatch(request)
        except BaseException as exc:
            error = one_line(exc)
            raise
        else:
            return reply
        finally:
            exchange.end(self._host.context.message_id, self._host.session_id, reply, error)
