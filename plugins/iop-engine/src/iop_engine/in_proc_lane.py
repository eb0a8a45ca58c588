"""The instances of an operation that runs inside its callers' jobs."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial

from iop_core.definitions import ItemDefinition
from iop_core.errors import ComponentStartError, IopError, SendError
from iop_core.headers import Invocation, MessageStatus, MessageType
from iop_core.store_units import Delivery, HeaderChange, NewMessage, Unit
from iop_engine.in_proc_calls import CALLER
from iop_engine.instances import one_line
from iop_engine.lane import Lane
from iop_engine.operation_runner import OperationRunner
from iop_engine.runtime import Runtime
from iop_engine.stream_server import FRAMES, StreamOwners
from iop_engine.worker_processes.choice import runs_in_processes


class InProcLane(Lane):
    """The instances of an operation that runs in its callers' jobs, one for each caller at the same time.

    Args:
        item: The operation.
        runtime: What the engine's parts share.
    """

    def __init__(self, item: ItemDefinition, runtime: Runtime) -> None:
        super().__init__(item.name, item.business_type, (), runtime)
        self._item = item
        self._runtime = runtime
        self._changed = threading.Condition()
        self._idle: list[OperationRunner] = []
        self._busy: dict[OperationRunner, deque[Callable[[], None]]] = {}
        self._is_open = False

    def start(self) -> None:
        """Make the first instance, so that one that cannot start is found now."""
        if runs_in_processes(self._item):
            raise ComponentStartError(
                self._item.name,
                "settings Invocation and Workers: InProc runs it in its callers' jobs, not in others",
            )
        try:
            runner = self._made()
        except ComponentStartError:
            raise
        except Exception as exc:
            raise ComponentStartError(
                self._item.name, str(exc) if isinstance(exc, IopError) else one_line(exc)
            ) from exc
        self._idle.append(runner)
        self._is_open = True
        self._runtime.in_proc[self._item.name] = self

    def stop(self, deadline: float) -> bool:
        """Refuse further messages, and clean up once those in hand have ended; repeatable."""
        with self._changed:
            self._is_open = False
            self._runtime.in_proc.pop(self._item.name, None)
            self._interrupt()
            self._changed.wait_for(lambda: not self._busy, max(0.0, deadline - time.monotonic()))
            is_over = not self._busy
            idle, self._idle = self._idle, []
        for runner in idle:
            runner.stop()
        return is_over

    def deliver(self, request: NewMessage) -> NewMessage | None:
        """Have a request handled in the calling thread; both ends are on disk when this returns.

        Returns:
            The answer, with its error if there was one; None for one that wants none. An answer to a
            process instance is not stored yet.

        Raises:
            SendError: The item does not run, or stopped while it handled this.
        """
        if request.body.class_name in FRAMES:
            raise SendError(f"{self._item.name!r} runs in its callers' jobs (InProc), so it gives no streams")
        runner = self._borrow()
        try:
            request.queue, request.invocation, request.status = "", Invocation.IN_PROC, MessageStatus.DELIVERED
            self._runtime.store.submit(Unit(new=[request]))
            return _Handling(self._runtime, request).answer_of(runner)
        finally:
            self._give_back(runner)

    def _interrupt(self) -> None:
        for runner in self._busy:
            runner.interrupt()

    def _made(self) -> OperationRunner:
        runner = OperationRunner(self._item, self._runtime, StreamOwners())
        runner.hand_over = _hand_over
        runner.do_between = partial(self._do_between, runner)
        runner.start()
        return runner

    def _borrow(self) -> OperationRunner:
        with self._changed:
            if not self._is_open:
                raise SendError(f"operation {self._item.name!r} does not run, so nothing is sent to it. Start it first")
            runner = self._idle.pop() if self._idle else None
            if runner is not None:
                self._busy[runner] = deque()
                return runner
        runner = self._made()
        with self._changed:
            self._busy[runner] = deque()
        return runner

    def _give_back(self, runner: OperationRunner) -> None:
        while True:
            with self._changed:
                errands = self._busy[runner]
                errand = errands.popleft() if errands else None
                if errand is None:
                    del self._busy[runner]
                    is_open = self._is_open
                    if is_open:
                        self._idle.append(runner)
                    self._changed.notify_all()
                    break
            errand()
        if not is_open:
            runner.stop()

    def _do_between(self, runner: OperationRunner, errand: Callable[[], None]) -> None:
        """Have something done while an instance handles nothing."""
        with self._changed:
            if runner in self._busy:
                self._busy[runner].append(errand)
                return
            if runner not in self._idle:
                return
            self._idle.remove(runner)
            self._busy[runner] = deque([errand])
        self._give_back(runner)


class _Handling:
    """One message of an operation that runs in its caller's job."""

    def __init__(self, runtime: Runtime, request: NewMessage) -> None:
        self._runtime = runtime
        self._request = request
        self._delivery = _delivery_of(request, runtime)
        self._answer: NewMessage | None = None
        self._is_settled = False

    def answer_of(self, runner: OperationRunner) -> NewMessage | None:
        runner.handle(self._delivery, self._settle)
        if not self._is_settled:
            error = f"operation {self._request.target!r} was stopped while it handled this"
            change = HeaderChange(self._request.message_id, MessageStatus.ERROR, error=error)
            self._runtime.store.submit(Unit(changes=[change])).wait()
            raise SendError(error)
        return self._answer

    def _settle(self, unit: Unit) -> None:
        for message in list(unit.new):
            if message.type is MessageType.RESPONSE and message.corresponding_id == self._request.message_id:
                message.invocation = Invocation.IN_PROC
                self._answer = message
                if message.queue == CALLER:
                    message.queue, message.status = "", MessageStatus.COMPLETED
                else:  # stored together with the event that sent the request
                    message.invocation = Invocation.QUEUE
                    unit.new.remove(message)
        self._runtime.note_end(self._delivery, unit)
        # Not as settled: that is written before new messages, which the request may still be one of.
        ends = [HeaderChange(end.message_id, end.status, end.attempts, end.error) for end in unit.settled]
        unit.changes.extend(ends)
        unit.settled.clear()
        ticket = self._runtime.store.submit(unit)
        if ends:
            ticket.wait()
            self._is_settled = True


def _hand_over(_: Delivery) -> None:
    raise SendError("an operation that runs in its callers' jobs (InProc) gives no streams")


def _delivery_of(request: NewMessage, runtime: Runtime) -> Delivery:
    return Delivery(
        message_id=request.message_id,
        session_id=request.session_id,
        type=request.type,
        queue="",
        source=request.source,
        target=request.target,
        return_queue=request.return_queue,
        priority=request.priority,
        corresponding_id=0,
        process_id=request.process_id,
        is_error=False,
        error="",
        completion_key=request.completion_key,
        time_created=runtime.clock.now(),
        attempt=1,
        body=request.body,
        super_session=request.super_session,
        source_type=request.source_type,
    )
