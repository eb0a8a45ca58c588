"""A lane: one queue and the pool of workers that serves it."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping, Sequence

from iop_core.alarms import ALARM_ITEM
from iop_core.definitions import ItemDefinition, ProductionDefinition
from iop_core.errors import ComponentStartError, IopError
from iop_core.headers import BusinessType
from iop_core.stores import Store
from iop_engine.addresses import ACTOR_QUEUE, ALARM_QUEUE, queue_of
from iop_engine.alarm_runner import AlarmRunner
from iop_engine.instances import one_line
from iop_engine.operation_runner import OperationRunner
from iop_engine.process_instance import ProcessTable
from iop_engine.process_runner import ProcessRunner
from iop_engine.runtime import Runtime
from iop_engine.service_runner import AdapterLoop, ServiceRunner
from iop_engine.stream_server import StreamOwners
from iop_engine.worker import Runner, Worker

_LOG = logging.getLogger("iop.engine")


class Lane:
    """One queue with its workers.

    Args:
        queue: Name of the queue.
        kind: Kind of the items it serves, which decides when it starts and stops.
        pools: For each worker, item name to the runner of that item.
        store: Where messages come from.
        is_background: Whether its messages may wait while the production is idle.
    """

    def __init__(
        self,
        queue: str,
        kind: BusinessType,
        pools: Sequence[Mapping[str, Runner]],
        store: Store,
        *,
        is_background: bool = False,
    ) -> None:
        self.queue = queue
        self._is_background = is_background
        self.kind = kind
        self._store = store
        self._pools = pools
        self._workers = [
            Worker(f"iop-{queue}-{number}", queue, runners, store) for number, runners in enumerate(pools, 1)
        ]

    def start(self) -> None:
        """Start the workers and wait until their components are ready.

        Raises:
            ComponentStartError: One could not start.
        """
        self._store.open_queue(self.queue, is_background=self._is_background)
        for worker in self._workers:
            worker.start()
        for worker in self._workers:
            failed = worker.wait_until_ready()
            if failed is not None:
                item, exc = failed
                if isinstance(exc, ComponentStartError):
                    raise exc
                raise ComponentStartError(item, str(exc) if isinstance(exc, IopError) else one_line(exc)) from exc

    def start_input(self) -> None:
        """Let adapters look for input; called when every item is ready."""
        for loop in self.adapter_loops():
            loop.start()

    def adapter_loops(self) -> Iterator[AdapterLoop]:
        """Return the adapter loops of the services of this lane."""
        for runners in self._pools:
            for runner in runners.values():
                if isinstance(runner, ServiceRunner) and runner.loop is not None:
                    yield runner.loop

    def stop(self, deadline: float) -> None:
        """Let the messages in hand end, then the components clean up.

        Args:
            deadline: Moment of ``time.monotonic`` after which nothing is waited for.
        """
        self._store.close_queue(self.queue)
        for worker in self._workers:
            if not worker.join(max(0.0, deadline - time.monotonic())):
                _LOG.warning(
                    "queue %r: a handler did not end in time; its message is handled again after the next start",
                    self.queue,
                )


def build_lanes(production: ProductionDefinition, runtime: Runtime) -> list[Lane]:
    """Return the lanes of a production: one per enabled item, one for all shared actors."""
    lanes: list[Lane] = []
    actors: list[ItemDefinition] = []
    for item in production.items:
        if not item.enabled:
            continue
        if queue_of(item) == ACTOR_QUEUE:
            actors.append(item)
        else:
            lanes.append(_lane(item.name, [item], max(1, item.pool_size), runtime))
    if actors:
        lanes.append(_lane(ACTOR_QUEUE, actors, max(1, production.actor_pool_size), runtime))
    return lanes


def build_alarm_lane(alarms: AlarmRunner, store: Store) -> Lane:
    """Return the lane of the timers: like a service it starts last and stops first."""
    return Lane(ALARM_QUEUE, BusinessType.SERVICE, [{ALARM_ITEM: alarms}], store, is_background=True)


def _lane(queue: str, items: Sequence[ItemDefinition], size: int, runtime: Runtime) -> Lane:
    tables = {item.name: ProcessTable() for item in items}
    owners = {item.name: StreamOwners() for item in items}
    pools = [
        {item.name: _runner(item, runtime, tables[item.name], owners[item.name]) for item in items} for _ in range(size)
    ]
    return Lane(queue, items[0].business_type, pools, runtime.store)


def _runner(item: ItemDefinition, runtime: Runtime, instances: ProcessTable, owners: StreamOwners) -> Runner:
    if item.business_type is BusinessType.PROCESS:
        return ProcessRunner(item, runtime, instances)
    if item.business_type is BusinessType.SERVICE:
        return ServiceRunner(item, runtime, owners)
    return OperationRunner(item, runtime, owners)
