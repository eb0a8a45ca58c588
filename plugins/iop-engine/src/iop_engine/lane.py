"""A lane: one queue and the pool of workers that serves it."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping, Sequence

from iop_core.alarms import ALARM_ITEM
from iop_core.definitions import ItemDefinition
from iop_core.errors import ComponentStartError, IopError
from iop_core.headers import BusinessType
from iop_engine.adapter_loop import AdapterLoop
from iop_engine.addresses import ALARM_QUEUE
from iop_engine.alarm_runner import AlarmRunner
from iop_engine.instances import one_line
from iop_engine.operation_runner import OperationRunner
from iop_engine.process_instance import ProcessTable
from iop_engine.process_runner import ProcessRunner
from iop_engine.runtime import Runtime
from iop_engine.service_runner import ServiceRunner
from iop_engine.stream_server import StreamOwners
from iop_engine.worker import Runner, Worker
from iop_engine.worker_processes.choice import runs_in_processes

# For what follows when a handler was ended.
GIVE_UP_SECONDS = 10.0

_LOG = logging.getLogger("iop.engine")


class Lane:
    """One queue with its workers.

    Args:
        queue: Name of the queue.
        kind: Kind of the items it serves, which decides when it starts and stops.
        pools: For each worker, item name to the runner of that item.
        runtime: What the engine's parts share.
        is_background: Whether its messages may wait while the production is idle.
    """

    def __init__(
        self,
        queue: str,
        kind: BusinessType,
        pools: Sequence[Mapping[str, Runner]],
        runtime: Runtime,
        *,
        is_background: bool = False,
    ) -> None:
        self.queue = queue
        self._is_background = is_background
        self.kind = kind
        self._store = runtime.store
        self._pools = pools
        self._workers = [
            Worker(f"iop-{queue}-{number}", queue, runners, runtime) for number, runners in enumerate(pools, 1)
        ]

    @property
    def jobs(self) -> int:
        """How many workers serve the queue."""
        return sum(worker.is_alive for worker in self._workers)

    def quiesce(self) -> None:
        """Take only synchronous messages from now on."""
        self._store.quiesce_queue(self.queue)
        self._interrupt()
        for worker in self._workers:
            worker.hurry()

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

    def stop(self, deadline: float) -> bool:
        """Let the messages in hand end, then the components clean up; repeatable.

        Args:
            deadline: Moment of ``time.monotonic`` after which nothing is waited for.

        Returns:
            False when a handler did not end in time.
        """
        self._store.close_queue(self.queue)
        self._interrupt()
        for worker in self._workers:
            worker.hurry()
        # A worker that is still at work must not hold up the others.
        late = [worker for worker in self._workers if not worker.join(max(0.0, deadline - time.monotonic()))]
        late = [worker for worker in late if not (worker.give_up() and worker.join(GIVE_UP_SECONDS))]
        if late:
            _LOG.warning(
                "queue %r: a handler did not end in time; if it never does, its message is handled again", self.queue
            )
        return not late

    def _interrupt(self) -> None:
        for runners in self._pools:
            for runner in runners.values():
                runner.interrupt()


def build_lane(queue: str, items: Sequence[ItemDefinition], size: int, runtime: Runtime) -> Lane:
    """Return the lane of an item, or of all items that share a queue.

    Args:
        queue: Name of the queue.
        items: Whose messages wait there.
        size: Number of jobs.
        runtime: What the engine's parts share.
    """
    tables = {item.name: ProcessTable() for item in items}
    owners = {item.name: StreamOwners() for item in items}
    if runs_in_processes(items[0]):
        return Lane(queue, items[0].business_type, _pools_of_processes(items[0], size, runtime), runtime)
    pools = [
        {item.name: _runner(item, runtime, tables[item.name], owners[item.name]) for item in items} for _ in range(size)
    ]
    return Lane(queue, items[0].business_type, pools, runtime)


def _pools_of_processes(item: ItemDefinition, size: int, runtime: Runtime) -> list[dict[str, Runner]]:
    from iop_engine.worker_processes.deaths import Deaths  # productions without such items need not load all this
    from iop_engine.worker_processes.runner import WorkerProcessRunner

    deaths = Deaths()
    return [{item.name: WorkerProcessRunner(item, runtime, deaths)} for _ in range(size)]


def build_alarm_lane(alarms: AlarmRunner, runtime: Runtime) -> Lane:
    """Return the lane of the timers: like a service it starts last and stops first."""
    return Lane(ALARM_QUEUE, BusinessType.SERVICE, [{ALARM_ITEM: alarms}], runtime, is_background=True)


def _runner(item: ItemDefinition, runtime: Runtime, instances: ProcessTable, owners: StreamOwners) -> Runner:
    if item.business_type is BusinessType.PROCESS:
        return ProcessRunner(item, runtime, instances)
    if item.business_type is BusinessType.SERVICE:
        return ServiceRunner(item, runtime, owners)
    return OperationRunner(item, runtime, owners)
