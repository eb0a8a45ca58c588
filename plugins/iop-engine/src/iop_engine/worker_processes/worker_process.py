"""A child process with one instance of an operation, seen from the engine's process."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack

from iop_core.definitions import ItemDefinition
from iop_core.errors import ComponentStartError, WorkerProcessDiedError
from iop_engine.component_host import ComponentHost
from iop_engine.instances import one_line
from iop_engine.runtime import Runtime
from iop_engine.worker_processes import records
from iop_engine.worker_processes.asides import Asides
from iop_engine.worker_processes.channel import Channel, ChannelClosedError
from iop_engine.worker_processes.failures import restored
from iop_engine.worker_processes.frames import Call, Done, Failed, Handle, KeepAlive, Record, Stop, unpacked
from iop_engine.worker_processes.host_calls import HostCalls, OpenStreams
from iop_engine.worker_processes.order import WorkerOrder

# After the component has cleaned up; what else the process runs is not waited for.
EXIT_SECONDS = 5.0

_PROGRAM = """\
import sys
sys.path[:] = {path!r}
import socket
from iop_engine.worker_processes.child import main
main(*(socket.socket(fileno=int(number)) for number in sys.argv[1:]))
"""


class WorkerProcess:
    """A child process with one instance of an operation.

    All methods but ``kill`` are called by one thread, the job whose messages it handles.

    Args:
        item: The item.
        runtime: What the engine's parts share.
        host: What the component asks in the course of a message is asked of this.
        on_exit: Called when the process has ended, whyever; from a thread of its own.
    """

    def __init__(
        self, item: ItemDefinition, runtime: Runtime, host: ComponentHost, on_exit: Callable[[WorkerProcess], None]
    ) -> None:
        self._item = item
        self._host = host
        self._on_exit = on_exit
        self._streams = OpenStreams()
        self._calls = HostCalls(host, runtime, self._streams)
        with ExitStack() as at_failure:
            turns, its_turns = map(at_failure.enter_context, socket.socketpair())
            asides, its_asides = map(at_failure.enter_context, socket.socketpair())
            with its_turns, its_asides:
                self._process = _spawn(its_turns, its_asides)
            at_failure.pop_all()
        self._channel, self._asides_channel = Channel(turns), Channel(asides)
        self._asides = Asides(item, runtime, self._asides_channel, self._streams)
        self._asides.start()
        self._has_ended = threading.Event()
        # Not the end of the channel tells: a program that the component started may still have it open.
        self._watch = threading.Thread(target=self._wait_for_end, name=f"iop-{item.name}-watch", daemon=True)
        self._watch.start()

    @property
    def pid(self) -> int:
        """Id of the process."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether it can handle messages."""
        return not self._has_ended.is_set()

    def start(self, order: WorkerOrder) -> None:
        """Have it make its component and run the start-up hooks.

        Raises:
            ComponentStartError: That failed, or it died; it has ended.
        """
        try:
            outcome = self._ask(order)
            if isinstance(outcome, Failed):
                error = restored(outcome.failure)
                self._serve()
                raise ComponentStartError(self._item.name, one_line(error)) from error
        except WorkerProcessDiedError as exc:
            self.end()
            raise ComponentStartError(self._item.name, f"its {exc.reason} while it started") from None
        except ComponentStartError:
            self.end()
            raise

    def handle(self, asked: Handle) -> Done | Failed:
        """Have a request handled.

        Raises:
            WorkerProcessDiedError: It died; what came of the request is not known.
        """
        return self._ask(asked.packed())

    def keep_alive(self) -> None:
        """Have it keep its connections alive; raises as ``handle``."""
        self._ask(KeepAlive())

    def stop(self) -> None:
        """Have the component clean up, and the process end."""
        try:
            self._ask(Stop())
        except WorkerProcessDiedError:
            pass
        self.end()

    def kill(self) -> None:
        """End it at once; may be called from any thread, repeatable."""
        self._process.kill()

    def death(self) -> WorkerProcessDiedError:
        """Return what to say of its end, which came though nobody stopped it."""
        self._wait()
        code = self._process.returncode
        how = f"was ended by signal {_name_of(-code)}" if code < 0 else f"ended with code {code}"
        return WorkerProcessDiedError(self._item.name, f"worker process {self.pid} {how}")

    def end(self) -> None:
        """Wait for its end, but not long."""
        self._wait()
        self._watch.join()
        self._asides.join()
        self._channel.close()
        self._asides_channel.close()

    def _ask(self, what: object) -> Done | Failed:
        try:
            self._channel.send(what)
        except ChannelClosedError:
            raise self.death() from None
        return self._serve()

    def _serve(self) -> Done | Failed:
        """Do what the component wants until what it was asked for is done."""
        try:
            while True:
                frame = unpacked(self._channel.receive())
                if isinstance(frame, Call):
                    self._channel.send(self._calls.answer(frame))
                elif isinstance(frame, Record):
                    records.handle(frame.values, self._host)
                elif isinstance(frame, (Done, Failed)):
                    return frame
        except ChannelClosedError:
            raise self.death() from None

    def _wait(self) -> None:
        if not self._has_ended.wait(EXIT_SECONDS):
            self._process.kill()
            self._has_ended.wait()

    def _wait_for_end(self) -> None:
        self._process.wait()
        self._has_ended.set()
        self._channel.end()
        self._asides_channel.end()
        self._streams.close_all()
        self._on_exit(self)


def _spawn(turns: socket.socket, asides: socket.socket) -> subprocess.Popen[bytes]:
    """Start a new interpreter; it has the two sockets, and nothing else of this process."""
    path = [place or os.getcwd() for place in sys.path]
    numbers = (turns.fileno(), asides.fileno())
    # Not copied with fork: threads of this process may hold any lock at that moment.
    return subprocess.Popen(  # noqa: S603 - our own command line
        [sys.executable, "-c", _PROGRAM.format(path=path), *map(str, numbers)],
        stdin=subprocess.DEVNULL,
        pass_fds=numbers,
    )


def _name_of(number: int) -> str:
    try:
        return f"{number} ({signal.Signals(number).name})"
    except ValueError:
        return str(number)
