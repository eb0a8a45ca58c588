"""Running a business service: its adapter loop, and messages addressed to it."""

from __future__ import annotations

import threading

from iop_core.adapters import InboundAdapter
from iop_core.component import Component
from iop_core.definitions import ItemDefinition
from iop_core.services import BusinessService, takes_input
from iop_core.store_units import Delivery
from iop_engine import crash_points
from iop_engine.adapter_loop import AdapterLoop
from iop_engine.component_host import ComponentHost
from iop_engine.engine_settings import read_engine_settings
from iop_engine.exchange import Exchange
from iop_engine.handler_loop import HandlerLoop
from iop_engine.instances import (
    CALL_INTERVAL,
    attach_adapter,
    component_class_of,
    interval_of,
    make_instance,
    one_line,
    start_instance,
    stop_instances,
    warn_of_mistakes,
)
from iop_engine.pace import Pace
from iop_engine.request_handling import RequestHandling
from iop_engine.runtime import Runtime
from iop_engine.service_state import ServiceState
from iop_engine.stream_server import StreamOwners, StreamServer
from iop_engine.worker import Runner, Settle

DEFAULT_CALL_INTERVAL_SECONDS = 5.0


class ServiceRunner(Runner):
    """Runs one instance of a service.

    The adapter loop has a thread of its own. The instance is never called by two threads
    at the same time, except by threads that it starts itself.

    Args:
        item: The item.
        runtime: What the engine's parts share.
        owners: Who of the pool serves which stream.
    """

    def __init__(self, item: ItemDefinition, runtime: Runtime, owners: StreamOwners) -> None:
        self._item = item
        self._runtime = runtime
        self._host = ComponentHost(item, runtime)
        self._turn = threading.Lock()
        self._loop = HandlerLoop()
        self._streams = StreamServer(owners, runtime.streams, runtime.codec, self._loop)
        self._requests = RequestHandling(item, runtime, self._host, self._streams)
        self._started: list[Component] = []
        self.loop: AdapterLoop | None = None

    def start(self) -> None:
        """Make the instance and its adapter, run their start-up hooks, start the adapter loop."""
        self._streams.hand_over = self.hand_over
        service_class = component_class_of(self._item, BusinessService)
        self._takes_input = takes_input(service_class)
        self._service = make_instance(service_class, self._item, self._host, self._item.host_settings)
        warn_of_mistakes(self._service)
        adapter = attach_adapter(self._service, self._item, self._host)
        if isinstance(adapter, InboundAdapter):
            adapter.business_host = adapter.BusinessHost = ServiceInput(self)
            adapter.business_host_python = self._service
        self._settings = settings = read_engine_settings(self._item, self._service)
        self.throttle_seconds = settings.throttle_delay
        self._host.opens_super_sessions = settings.opens_super_sessions
        for instance in (adapter, self._service):
            if instance is not None:
                start_instance(instance, self._loop)
                self._started.append(instance)
        self._state = ServiceState(self._item.name, self._service, self._runtime.store)
        if isinstance(adapter, InboundAdapter):
            interval = interval_of(self._item, CALL_INTERVAL, (adapter, self._service), DEFAULT_CALL_INTERVAL_SECONDS)
            clock = self._runtime.clock
            pace = Pace(clock, interval, self.throttle_seconds, settings.call_schedule)
            self.loop = AdapterLoop(adapter, self._turn, self._loop, clock.alarm(), pace, on_end=self._input_ended)

    def handle(self, delivery: Delivery, settle: Settle) -> None:
        """Hand a message addressed to the service to it as input."""
        with self._turn:
            unit = self._requests.settlement_of(delivery, self.process_input)
            if unit is not None and not unit.settled[0].error:
                self._state.add_to(unit)
            if unit is not None:  # in turn, or an old state could be stored over a newer one
                settle(unit)

    def process_input(self, message_input: object) -> object:
        """Call the service with one input; the turn is already taken."""
        self._service._wait_for_next_call_interval = False  # pyright: ignore[reportPrivateUsage] - users' name
        if self._takes_input:
            return self._loop.call(self._service.on_process_input, message_input)
        return self._loop.call(self._service.on_process_input)

    def adapter_input(self, message_input: object) -> object:
        """Call the service with an input of its adapter: a session of its own."""
        self._host.enter_input()
        exchange, most = None, self._settings.archive_bytes
        if most:
            exchange = Exchange(self._item.name, self._runtime, message_input, is_inbound=True, most_bytes=most)
        activity = self._runtime.activities[self._item.name]
        result, error = None, ""
        try:
            result = self.process_input(message_input)
            self._state.save()
        except BaseException as exc:
            error = one_line(exc)
            raise
        else:
            return result
        finally:
            activity.ended(error)
            if exchange is not None:
                session_id = self._host.session_id  # which is the id of its first message
                exchange.end(session_id, session_id, result, error)
            self._host.leave()
            crash_points.reach("input.handled")

    def _input_ended(self, error: str) -> None:
        if error:
            self._runtime.alerts.input_failed(self._item.name, error)
        else:
            self._runtime.alerts.recovered(self._item.name)

    def stop(self) -> None:
        """End the adapter loop and run the tear-down hooks, service first."""
        if self.loop is not None:
            self.loop.stop()
        self._streams.close()
        stop_instances(reversed(self._started), self._loop)
        self._loop.close()


class ServiceInput:
    """The ``business_host`` of an inbound adapter: takes input for the service.

    Args:
        runner: Runs the service.
    """

    def __init__(self, runner: ServiceRunner) -> None:
        self._runner = runner

    def process_input(self, message_input: object = None) -> object:
        """Hand one input to the service and return what the service returns."""
        return self._runner.adapter_input(message_input)

    ProcessInput = process_input
