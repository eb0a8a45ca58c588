"""Calls from a child process to the engine's process."""

from __future__ import annotations

import asyncio
import itertools
import os
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from typing import NoReturn, cast

from iop_core.context import MessageContext
from iop_engine.worker_processes.channel import Channel, ChannelClosedError
from iop_engine.worker_processes.failures import restored
from iop_engine.worker_processes.frames import Answer, Call, Cancel, Close, Record


class ChildCalls:
    """Calls methods of the host in the engine's process.

    Args:
        turns: For the thread that runs the component.
        asides: For all other threads, and for coroutines.
    """

    def __init__(self, turns: Channel, asides: Channel) -> None:
        self._turns = turns
        self._asides = asides
        self._own = threading.get_ident()
        self._numbers = itertools.count(1)
        self._open: dict[int, Future[object]] = {}
        threading.Thread(target=self._take_answers, name="iop-answers", daemon=True).start()

    @property
    def is_own_thread(self) -> bool:
        """Whether the calling thread is the one that runs the component."""
        return threading.get_ident() == self._own

    def call(self, name: str, *arguments: object) -> object:
        """Call a method and return what it returns.

        Raises:
            BaseException: What it raised.
        """
        if not self.is_own_thread:
            return self._begin(name, arguments, None)[1].result()
        self._turns.send(Call(name, arguments))
        answer: Answer = self._turns.receive()
        return _value_of(answer)

    async def call_and_await(self, name: str, *arguments: object, context: MessageContext) -> object:
        """Call a method and await what it returns; raises as ``call``."""
        number, future = self._begin(name, arguments, context)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            self._asides.send(Cancel(number))
            raise

    def secret(self, name: str) -> bytes:
        """Return the key of a serializer."""
        return cast("bytes", self.call("secret", name))

    def check_class(self, class_name: str) -> None:
        """Make sure that the store can keep messages of a class."""
        self.call("check_class", class_name)

    def close_stream(self, stream: int) -> None:
        """Want no more of a stream; may be called while an object is deleted."""
        self._asides.send(Close(stream))

    def send_record(self, values: Mapping[str, object]) -> None:
        """Have something logged, without waiting."""
        (self._turns if self.is_own_thread else self._asides).send(Record(values))

    def _begin(
        self, name: str, arguments: tuple[object, ...], context: MessageContext | None
    ) -> tuple[int, Future[object]]:
        number = next(self._numbers)
        future = self._open[number] = Future()
        self._asides.send(Call(name, arguments, number, context))
        return number, future

    def _take_answers(self) -> NoReturn:
        try:
            while True:
                answer: Answer = self._asides.receive()
                future = self._open.pop(answer.number)
                if not future.set_running_or_notify_cancel():
                    continue
                if answer.failure is None:
                    future.set_result(answer.value)
                else:
                    future.set_exception(restored(answer.failure))
        except ChannelClosedError:
            # The engine's process is gone, in the middle of whatever goes on here. Its message is
            # handled again after the next start; what is done for it from now on is lost.
            os._exit(1)


def _value_of(answer: Answer) -> object:
    if answer.failure is not None:
        raise restored(answer.failure)
    return answer.value
