"""Having one request handled by a service or an operation."""

from __future__ import annotations

from collections.abc import Callable

from iop_core.definitions import ItemDefinition
from iop_core.stores import Delivery, Unit
from iop_engine.component_host import ComponentHost
from iop_engine.runtime import Runtime
from iop_engine.settlement import answer, failure, is_postponed, settled
from iop_engine.stream_server import StreamServer


class RequestHandling:
    """Turns a request into its settlement, whatever the component does.

    Args:
        item: The item.
        runtime: What the engine's parts share.
        host: The component's side of the engine.
        streams: Answers requests for streams.
    """

    def __init__(self, item: ItemDefinition, runtime: Runtime, host: ComponentHost, streams: StreamServer) -> None:
        self._item = item
        self._runtime = runtime
        self._host = host
        self._streams = streams

    def settlement_of(self, delivery: Delivery, respond: Callable[[object], object]) -> Unit | None:
        """Have a request handled and return what is stored with its end.

        Args:
            delivery: The request.
            respond: Calls the component with the message and returns its reply.

        Returns:
            The settlement; None when another worker handles it, or the next start does.
        """
        unit = Unit()
        self._host.enter_message(delivery, unit)
        try:
            body = self._streams.respond(delivery, respond)
            if body is None:
                return None
            if delivery.return_queue:
                unit.new.append(answer(self._item, delivery, body))
            unit.settled.append(settled(delivery))
        except BaseException as exc:  # noqa: BLE001 - boundary: component code may raise anything
            if is_postponed(delivery, exc):
                return None
            return failure(self._item, delivery, exc, self._runtime.clock.now())
        finally:
            self._host.leave()
        return unit
