"""Having one request handled by a service or an operation."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from iop_core.definitions import ItemDefinition
from iop_core.headers import EMPTY_BODY, Body, MessageStatus
from iop_core.store_units import Delivery, Unit
from iop_engine.component_host import ComponentHost
from iop_engine.runtime import Runtime
from iop_engine.settlement import answer, failure, is_postponed, settled
from iop_engine.stream_server import FRAMES, StreamServer


class Try(NamedTuple):
    """What came of handling a request once.

    Attributes:
        unit: What the component sent meanwhile; it counts only when the try does.
        reply: What it replied.
        error: What it raised.
        is_deferred: True when the reply will be given later.
        has_reply: False when it replied with nothing.
        codes: What the operation says of its reply, in codes for ReplyCodeActions.
    """

    unit: Unit
    reply: Body = EMPTY_BODY
    error: BaseException | None = None
    is_deferred: bool = False
    has_reply: bool = True
    codes: tuple[str, ...] = ()


class RequestHandling:
    """Has requests handled, whatever the component does.

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
        self._codec = runtime.codec
        # Of an operation whose class has codes for its replies: tells those of one.
        self.codes_of: Callable[[object], tuple[str, ...]] | None = None

    def settlement_of(self, delivery: Delivery, respond: Callable[[object], object]) -> Unit | None:
        """Have a request handled and return what is stored with its end.

        Args:
            delivery: The request.
            respond: Calls the component with the message and returns its reply.

        Returns:
            The settlement; None when another worker handles it, or the next start does.
        """
        tried = self.try_once(delivery, respond)
        if tried is None:
            return None
        if tried.error is not None:
            return failure(self._item, delivery, tried.error, self._runtime.clock.now())
        return self.completed(delivery, tried)

    def try_once(self, delivery: Delivery, respond: Callable[[object], object]) -> Try | None:
        """Have a request handled once; None when another worker handles it, or the next start does."""
        unit = Unit()
        scope = self._host.enter_message(delivery, unit)
        has_reply, codes = True, tuple[str, ...]()
        try:
            if delivery.body.class_name in FRAMES:
                reply = self._streams.respond(delivery, respond)
            else:
                response = respond(self._codec.decode(delivery.body))
                has_reply = response is not None
                if self.codes_of is not None:
                    codes = self.codes_of(response)
                reply = self._codec.encode(response) if delivery.return_queue else EMPTY_BODY
        except BaseException as exc:  # noqa: BLE001 - boundary: component code may raise anything
            return None if is_postponed(delivery, exc) else Try(unit, error=exc, is_deferred=scope.is_deferred)
        finally:
            self._host.leave()
        if reply is None:
            return None
        return Try(unit, reply, is_deferred=scope.is_deferred, has_reply=has_reply or scope.is_deferred, codes=codes)

    def completed(self, delivery: Delivery, tried: Try) -> Unit:
        """Return the end of a request whose try counts."""
        if delivery.return_queue:
            tried.unit.new.append(answer(self._item, delivery, tried.reply))
        tried.unit.settled.append(settled(delivery))
        return tried.unit

    def deferred(self, delivery: Delivery, tried: Try) -> Unit:
        """Return the end of a handling whose answer comes later: request and answer are Deferred."""
        if delivery.return_queue:
            later = answer(self._item, delivery)
            later.status = MessageStatus.DEFERRED
            tried.unit.new.append(later)
        tried.unit.settled.append(settled(delivery, MessageStatus.DEFERRED))
        return tried.unit
