"""Having one request handled by a child process."""

from __future__ import annotations

from collections.abc import Callable

from iop_core.definitions import ItemDefinition
from iop_core.errors import SendError, WorkerProcessDiedError
from iop_core.operations import BusinessOperation
from iop_core.store_units import Delivery, Unit
from iop_engine.component_host import ComponentHost
from iop_engine.exchange import Exchange
from iop_engine.handler_loop import HandlerLoop
from iop_engine.instances import one_line
from iop_engine.request_handling import RequestHandling, Try
from iop_engine.runtime import Runtime
from iop_engine.settlement import is_postponed
from iop_engine.stream_server import FRAMES, StreamOwners, StreamServer
from iop_engine.worker_processes.failures import restored
from iop_engine.worker_processes.frames import Done, Failed, Handle
from iop_engine.worker_processes.worker_process import WorkerProcess


class ChildRequests(RequestHandling):
    """Has requests handled by a child process.

    Args:
        item: The item.
        runtime: What the engine's parts share.
        host: The component's side of the engine.
        operation: Gets the wishes of the component in the child.
        archive_bytes: How much of requests and answers is kept in the I/O log; 0: nothing.

    Attributes:
        process: The child.
        delivery: The request of the latest try.
    """

    process: WorkerProcess
    delivery: Delivery

    def __init__(
        self,
        item: ItemDefinition,
        runtime: Runtime,
        host: ComponentHost,
        operation: BusinessOperation,
        *,
        archive_bytes: int,
    ) -> None:
        streams = StreamServer(StreamOwners(), runtime.streams, runtime.codec, HandlerLoop())
        super().__init__(item, runtime, host, streams)
        self._operation = operation
        self._archive_bytes = archive_bytes

    def try_once(self, delivery: Delivery, respond: Callable[[object], object]) -> Try | None:
        """Have a request handled once; ``respond`` is not called, the component is in the child.

        Raises:
            WorkerProcessDiedError: The child died; what came of the request is not known.
        """
        self.delivery = delivery
        unit = Unit()
        if delivery.body.class_name in FRAMES:
            return Try(unit, error=self._no_streams())
        scope = self._host.enter_message(delivery, unit)
        try:
            done = self._asked(delivery)
        except WorkerProcessDiedError:
            if scope.is_deferred:
                self._runtime.deferred.forget(delivery.message_id)
            raise
        finally:
            self._host.leave()
        if done.wants_retry or done.wants_suspension:
            self._operation.retry, self._operation.suspend_message = done.wants_retry, done.wants_suspension
        if isinstance(done, Failed):
            error = restored(done.failure)
            return None if is_postponed(delivery, error) else Try(unit, error=error, is_deferred=scope.is_deferred)
        return Try(
            unit,
            done.reply,
            is_deferred=scope.is_deferred,
            has_reply=done.has_reply or scope.is_deferred,
            codes=done.codes,
        )

    def _asked(self, delivery: Delivery) -> Done | Failed:
        asked = Handle(
            self._host.context,
            delivery.body,
            bool(delivery.return_queue),
            bool(self._archive_bytes),
            self._host.keeps_trace,
        )
        most = self._archive_bytes
        if not most:
            return self.process.handle(asked)
        exchange = Exchange(self._item.name, self._runtime, delivery.body, is_inbound=False, most_bytes=most)
        reply, error = None, "its worker process died"
        try:
            done = self.process.handle(asked)
            if isinstance(done, Failed):
                error = one_line(restored(done.failure))
            else:
                reply, error = done.data, ""
            return done
        finally:
            exchange.end(delivery.message_id, delivery.session_id, reply, error)

    def _no_streams(self) -> SendError:
        return SendError(
            f"{self._item.name!r} runs in worker processes (Workers), so it gives no streams. Ask for a plain "
            "reply, or run it in threads"
        )
