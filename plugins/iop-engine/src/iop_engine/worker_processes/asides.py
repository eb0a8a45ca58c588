"""Serving what coroutines and further threads of a component in a child process want."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import CancelledError, Future
from functools import partial
from typing import Any

from iop_core.context import NO_MESSAGE
from iop_core.definitions import ItemDefinition
from iop_engine.component_host import ComponentHost
from iop_engine.runtime import Runtime
from iop_engine.worker_processes import records
from iop_engine.worker_processes.channel import Channel, ChannelClosedError
from iop_engine.worker_processes.failures import failure_of
from iop_engine.worker_processes.frames import Answer, Call, Cancel, Close, Record
from iop_engine.worker_processes.host_calls import HostCalls, OpenStreams


class Asides:
    """Serves the second channel of a child process, with a thread for each call that waits.

    Args:
        item: The item.
        runtime: What the engine's parts share.
        channel: The channel.
        streams: The streams that the child reads.
    """

    def __init__(self, item: ItemDefinition, runtime: Runtime, channel: Channel, streams: OpenStreams) -> None:
        self._item = item
        self._runtime = runtime
        self._channel = channel
        self._streams = streams
        self._loop: asyncio.AbstractEventLoop | None = None
        self._awaited: dict[int, Future[object]] = {}
        self._thread = threading.Thread(target=self._serve, name=f"iop-{item.name}-asides", daemon=True)

    def start(self) -> None:
        """Serve from now on, until the channel is closed."""
        self._thread.start()

    def join(self) -> None:
        """Wait until nothing is served any more."""
        self._thread.join()

    def _serve(self) -> None:
        try:
            while True:
                frame = self._channel.receive()
                if isinstance(frame, Call):
                    self._begin(frame)
                elif isinstance(frame, Cancel):
                    found = self._awaited.get(frame.number)
                    if found is not None:
                        found.cancel()
                elif isinstance(frame, Close):
                    self._streams.close(frame.stream)
                elif isinstance(frame, Record):
                    records.handle(frame.values, ComponentHost(self._item, self._runtime))
        except ChannelClosedError:
            pass
        finally:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._loop.stop)

    def _begin(self, call: Call) -> None:
        host = ComponentHost(self._item, self._runtime)
        calls = HostCalls(host, self._runtime, self._streams)
        if call.name == "send_and_await":
            future = asyncio.run_coroutine_threadsafe(_in_session(host, calls, call), self._event_loop())
            self._awaited[call.number] = future
            future.add_done_callback(partial(self._answer_awaited, call.number))
        else:
            threading.Thread(
                target=lambda: self._send(calls.answer(call)), name=f"iop-{self._item.name}-aside", daemon=True
            ).start()

    def _answer_awaited(self, number: int, future: Future[object]) -> None:
        self._awaited.pop(number, None)
        try:
            self._send(Answer(future.result(), None, number))
        except CancelledError:
            pass  # nobody waits for it
        except Exception as exc:  # noqa: BLE001 - boundary: the component is told, as if it had called
            self._send(Answer(None, failure_of(exc), number))

    def _send(self, answer: Answer) -> None:
        try:
            self._channel.send(answer)
        except ChannelClosedError:
            pass  # who asked has ended

    def _event_loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            threading.Thread(target=_run, args=(self._loop,), name=f"iop-{self._item.name}-awaits", daemon=True).start()
        return self._loop


def _in_session(host: ComponentHost, calls: HostCalls, call: Call) -> Coroutine[Any, Any, object]:
    async def send() -> object:
        context = call.context or NO_MESSAGE
        host.enter_input(context.session_id)
        if context.super_session:
            host.join_super_session(context.super_session)
        return await calls.send_and_await(*call.arguments)  # type: ignore[arg-type]

    return send()


def _run(loop: asyncio.AbstractEventLoop) -> None:
    try:
        loop.run_forever()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
    finally:
        loop.close()
