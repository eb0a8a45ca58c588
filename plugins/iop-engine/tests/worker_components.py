"""Components whose handlers run in worker processes, which load this module."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from iop import BusinessOperation, BusinessProcess, BusinessService, Message, OutboundAdapter, PickleMessage, setting
from iop_core.errors import RequestFailedError


@dataclass
class Task(Message):
    """What an operation is to do, and with what."""

    deed: str = ""
    text: str = ""


@dataclass
class Result(Message):
    text: str = ""


@dataclass
class Crate(PickleMessage):
    content: object = None
    deed: str = "pack"


def note(place: str, text: str) -> None:
    """Add a line to a file, in one write."""
    with open(place, "a", encoding="utf-8") as file:
        file.write(f"{text}\n")


class Unruly(Exception):
    """Cannot be made again from its arguments."""

    code = 4711

    def __init__(self, first: str, second: str) -> None:
        super().__init__(f"{first}-{second}")


class Line(OutboundAdapter):
    KeepaliveInterval = 0.05

    def on_init(self):
        self.calls = 0

    def on_keepalive(self):
        self.calls += 1


class Doer(BusinessOperation):
    """Does what a task says."""

    Notes = setting(default="")

    def on_init(self):
        self.state = "ready"
        if self.Notes:
            note(self.Notes, f"init {os.getpid()}")

    def on_tear_down(self):
        if self.Notes:
            note(self.Notes, f"down {os.getpid()}")

    def on_message(self, request):
        return getattr(self, request.deed)(request)

    def pid(self, request):
        return Result(str(os.getpid()))

    def nothing(self, request):
        return None

    def note(self, request):
        note(self.Notes, request.text)

    def look(self, request):
        context = self.context
        return Result(f"{context.session_id} {context.message_id} {context.source} {context.time_created.isoformat()}")

    def fail(self, request):
        self.send_request_async("Sink", Task("nothing", "never sent"))
        raise ValueError(f"cannot do {request.text}")

    def fail_unruly(self, request):
        raise Unruly("first", "second")

    def fail_connection(self, request):
        if self.retry_count < 3:
            raise RuntimeError("no answer") from ConnectionResetError("gone")
        return Result(f"try {self.retry_count}")

    def ask_again(self, request):
        self.retry = self.retry_count < 2
        return Result(f"try {self.retry_count}")

    def set_aside(self, request):
        self.suspend_message = True

    def send(self, request):
        self.send_request_async("Sink", Task("nothing", request.text))
        return Result("sent")

    def call(self, request):
        return self.send_request_sync("Sink", Task("echo", request.text), timeout=20)

    def call_missing(self, request):
        self.send_request_sync("Nobody", request)

    def call_failing(self, request):
        try:
            self.send_request_sync("Sink", Task("fail", request.text))
        except RequestFailedError as exc:
            return Result(f"{type(exc).__name__} {exc.target}: {exc.reason}")

    def call_many(self, request):
        pairs = [("Sink", Task("echo", str(number))) for number in range(3)]
        return Result(" ".join(answer[2].text for answer in self.send_multi_request_sync(pairs, 20)))

    async def await_many(self, request):
        asked = [self.send_request_async_ng("Sink", Task("echo", str(number)), 20) for number in range(3)]
        return Result(" ".join(answer.text for answer in await asyncio.gather(*asked)))

    async def give_up_waiting(self, request):
        waiting = asyncio.ensure_future(self.send_request_async_ng("Sink", Task("sleep", "0.3")))
        await asyncio.sleep(0.1)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        return Result("cancelled" if waiting.cancelled() else "not cancelled")

    def read_stream(self, request):
        with self.send_generator_request("Sink", Task("count", "3"), timeout=20) as stream:
            return Result(" ".join(each.text for each in stream))

    def send_from_thread(self, request):
        thread = threading.Thread(target=lambda: self.send_request_async("Sink", Task("nothing", request.text)))
        thread.start()
        thread.join()
        return Result("sent")

    def log(self, request):
        self.log_info(request.text)
        self.trace("not wanted")
        logging.getLogger("some.library").warning("library says %s", request.text)
        try:
            self.fail(request)
        except ValueError:
            self.logger.exception("caught")

    def put_off(self, request):
        note(self.Notes, self.defer_response())

    def give_answer(self, request):
        self.send_deferred_response(request.text, Result("late"))

    def keepalives(self, request):
        return Result(str(self.adapter.calls))

    def die(self, request):
        if self.Notes:
            note(self.Notes, f"die {self.context.attempt}")
        os.kill(os.getpid(), signal.SIGKILL)

    def die_once(self, request):
        self.send_request_async("Sink", Task("nothing", "once"))
        if self.context.attempt == 1:
            os._exit(3)
        return Result(f"attempt {self.context.attempt}")

    def die_with_heir(self, request):
        """Leave a program behind that still has everything open that it may inherit."""
        if self.context.attempt == 1:
            heir = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], close_fds=False)
            note(self.Notes, f"heir {heir.pid}")
            os._exit(3)
        return Result("again")

    def wait_for_file(self, request):
        note(self.Notes, f"waiting {os.getpid()}")
        while not Path(request.text).exists():
            time.sleep(0.01)
        return Result(f"attempt {self.context.attempt}")

    def pack(self, request):
        return Crate([request.content, ("seen", 3)])

    async def super_session(self, request):
        await self.send_request_async_ng("Sink", Task("nothing"), 20)
        self.send_request_async("Sink", Task("nothing"))
        return Result(self.super_session_to_send)

    def big(self, request):
        return Result("x" * len(request.text))


class NeverDown(Doer):
    def on_tear_down(self):
        super().on_tear_down()
        time.sleep(60)


class Coding(Doer):
    REPLY_CODES = ("R",)

    def reply_codes(self, reply):
        return ("R",) if self.context.attempt < 3 else ()

    def nothing(self, request):
        return Result(f"try {self.context.attempt}")


class SaysProcesses(Doer):
    Workers = "processes"


class DoerWithLine(Doer):
    @staticmethod
    def get_adapter_type():
        return Line


class Sink(BusinessOperation):
    """Runs in threads of the engine."""

    def on_message(self, request):
        return getattr(self, request.deed)(request)

    def nothing(self, request):
        return None

    def echo(self, request):
        return Result(request.text)

    def fail(self, request):
        raise ValueError(f"refused {request.text}")

    def sleep(self, request):
        time.sleep(float(request.text))

    def count(self, request):
        for number in range(int(request.text)):
            yield Result(str(number))


class Reader(BusinessOperation):
    """Runs in threads of the engine."""

    def on_message(self, request):
        return list(self.send_generator_request("Doer", request, timeout=20))


class BadStart(BusinessOperation):
    def on_init(self):
        raise ConnectionError("no line")


class DeadStart(BusinessOperation):
    def on_init(self):
        os._exit(7)


class Flow(BusinessProcess):
    pass


class Source(BusinessService):
    def on_process_input(self, message_input):
        self.join_super_session("shared")
        return self.send_request_sync("Doer", message_input, timeout=20)
