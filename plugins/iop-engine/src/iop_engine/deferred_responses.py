"""Answers that operations put off, until somebody gives them.

The request and its answer are stored with the status Deferred, so that the answer can be
given after a restart too. The token is the id of the request.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from iop_core.errors import SendError
from iop_core.headers import Body, MessageStatus
from iop_core.store_units import HeaderChange, Unit
from iop_core.stores import Store


@dataclass(slots=True)
class Deferred:
    """An answer that was put off in this run.

    Attributes:
        return_queue: Where it goes; empty when nobody wants it.
        is_settled: False while the handler of the request still runs.
        response_id: The stored answer; 0 when nobody wants one.
        early: An answer that was given while the handler still ran.
    """

    return_queue: str
    is_settled: bool = False
    response_id: int = 0
    early: Body | None = None


class DeferredResponses:
    """The answers that were put off in this run; those of earlier runs are found in the store."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[int, Deferred] = {}

    def begin(self, request_id: int, return_queue: str) -> str:
        """Note that the answer to a request in hand comes later; return the token."""
        with self._lock:
            self._open.setdefault(request_id, Deferred(return_queue))
        return str(request_id)

    def forget(self, request_id: int) -> None:
        """Undo ``begin``: the try that put the answer off did not count."""
        with self._lock:
            self._open.pop(request_id, None)

    def take_early(self, request_id: int) -> Body | None:
        """Return the answer when it was given already, and then it is not deferred any more.

        Otherwise call ``settled`` once the request is settled.
        """
        with self._lock:
            found = self._open[request_id]
            if found.early is not None:
                del self._open[request_id]
            return found.early

    def settled(self, request_id: int, response_id: int, store: Store) -> None:
        """Note that the handler has ended and the answer was stored as Deferred."""
        with self._lock:
            found = self._open[request_id]
            found.is_settled, found.response_id = True, response_id
            early = found.early
            if early is not None:  # it came in between
                del self._open[request_id]
        if early is not None:
            store.submit(_given(request_id, response_id, found.return_queue, early)).wait()

    def answer(self, token: str, body: Body, store: Store) -> None:
        """Give an answer; on disk when this returns, unless the handler still runs.

        Raises:
            SendError: The token names no request whose answer is outstanding.
        """
        request_id = int(token) if token.isdecimal() else 0
        with self._lock:
            found = self._open.get(request_id)
            if found is not None and not found.is_settled:
                if found.early is not None:
                    raise _not_outstanding(token)
                found.early = body
                return
            self._open.pop(request_id, None)
            # The store may not yet say that it is deferred; but an operator may have ended it.
            stored = _stored(request_id, token, store, is_of_this_run=found is not None)
            response_id = stored.response_id if found is None else found.response_id
            ticket = store.submit(_given(request_id, response_id, stored.return_queue, body))
            # Within the lock: who comes second must see what is stored.
            ticket.wait()


def _stored(request_id: int, token: str, store: Store, *, is_of_this_run: bool) -> Deferred:
    message = store.reader.message(request_id)
    if message is None:
        raise _not_outstanding(token)
    header = message.header
    is_coming = is_of_this_run and header.status < MessageStatus.DISCARDED
    if header.status is not MessageStatus.DEFERRED and not is_coming:
        raise _not_outstanding(token)
    later = store.reader.message(header.corresponding_id) if header.corresponding_id else None
    # Where the answer is stored: that of a process moves with its queue.
    return_queue = header.return_queue if later is None else later.header.queue
    return Deferred(return_queue, is_settled=True, response_id=header.corresponding_id)


def _given(request_id: int, response_id: int, return_queue: str, body: Body) -> Unit:
    changes = [HeaderChange(request_id, MessageStatus.COMPLETED)]
    if response_id:
        changes.append(
            HeaderChange(response_id, MessageStatus.QUEUED, queue=return_queue, body=None if body.is_empty else body)
        )
    return Unit(changes=changes)


def _not_outstanding(token: str) -> SendError:
    return SendError(
        f"no deferred answer is outstanding for token {token!r}: give what defer_response returned, and only once"
    )
