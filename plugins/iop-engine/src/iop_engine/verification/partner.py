"""The outside of the production: it sends parcels, waits for each answer, and writes down what it saw."""

from __future__ import annotations

import json
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType

from iop_engine.verification.outside_record import OutsideRecord
from iop_engine.verification.traffic import KINDS, LANES, Parcel, parcels

_ADDRESS = "127.0.0.1"


class Lane:
    """One connection's worth of parcels, each sent until it is answered, and then the next.

    Args:
        source: The parcels.
    """

    def __init__(self, source: Iterator[Parcel]) -> None:
        self._source = source
        self.current: Parcel | None = None
        self.connection: socket.socket | None = None
        # How many more are to be begun; None for any number.
        self.left: int | None = None

    @property
    def is_done(self) -> bool:
        """Whether all is answered and nothing more is to be sent."""
        return self.current is None and self.left == 0

    def next(self) -> Parcel | None:
        """Return what is to be sent now: what was not answered, else a new one; None when there is none."""
        if self.current is None and self.left != 0:
            self.current = next(self._source)
            if self.left is not None:
                self.left -= 1
        return self.current


class Partner:
    """Listens for children, and keeps the record of what it asked of them and was told; a context manager.

    Args:
        folder: Where the record is.
        seed: What is sent follows from it.
        kinds: Which kinds of parcels.

    Attributes:
        port: Where it listens.
        answers: How many parcels were answered so far.
        wishes: What the child is to do meanwhile, in order: ``resend``, ``purge``, ``deploy``.
    """

    def __init__(self, folder: Path, seed: int, kinds: tuple[str, ...] = KINDS) -> None:
        self._record = OutsideRecord(folder / "partner.jsonl")
        self._lanes = [Lane(parcels(lane, seed, kinds)) for lane in range(LANES)]
        self._listener = socket.create_server((_ADDRESS, 0))
        self.port = int(self._listener.getsockname()[1])
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._buffers: dict[socket.socket, bytes] = {}
        self._control: socket.socket | None = None
        self._asked: dict[str, object] | None = None
        self._deployed = 0
        self._is_stopping = False
        self._run = 0
        self.answers = 0
        self.wishes: deque[str] = deque()

    def __enter__(self) -> Partner:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening."""
        for connection in tuple(self._buffers):
            self._hang_up(connection)
        self._selector.close()
        self._listener.close()
        self._record.close()

    def begin(self, run: int) -> None:
        """Expect a child."""
        self._run = run
        self._is_stopping = False

    def limit(self, parcels_per_lane: int) -> None:
        """Begin at most so many more parcels on each lane."""
        for lane in self._lanes:
            lane.left = parcels_per_lane

    @property
    def is_done(self) -> bool:
        """Whether all parcels are answered and all wishes done."""
        return all(lane.is_done for lane in self._lanes) and not self.wishes and self._asked is None

    def serve(self, timeout_seconds: float, is_over: Callable[[], bool]) -> bool:
        """Speak with the child until something is over; False when time ran out first."""
        deadline = time.monotonic() + timeout_seconds
        while not is_over():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            for key, _ in self._selector.select(min(left, 0.02)):
                if key.fileobj is self._listener:
                    self._accept()
                else:
                    self._read(key.fileobj)
            self._wish()
        return True

    def hang_up(self, *, exit_code: int) -> None:
        """Note that the child ended, and how; what it said before counts."""
        while any(connection in self._buffers for connection in self._pending()):
            pass
        for connection in tuple(self._buffers):
            self._hang_up(connection)
        self._asked = None
        self._record.add({"seen": "end", "run": self._run, "code": exit_code})

    def stop(self) -> None:
        """Have the child asked to stop its production, as soon as it listens."""
        self._is_stopping = True

    def _pending(self) -> Iterator[socket.socket]:
        """Read once from everything that has something, and return what is still open of those."""
        for key, _ in self._selector.select(0):
            if key.fileobj is self._listener:
                self._accept()
            else:
                self._read(key.fileobj)
                if isinstance(key.fileobj, socket.socket):
                    yield key.fileobj

    def _accept(self) -> None:
        connection, _ = self._listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffers[connection] = b""
        self._selector.register(connection, selectors.EVENT_READ)

    def _hang_up(self, connection: socket.socket) -> None:
        self._selector.unregister(connection)
        del self._buffers[connection]
        connection.close()
        if connection is self._control:
            self._control = None
        for lane in self._lanes:
            if lane.connection is connection:
                lane.connection = None

    def _read(self, connection: object) -> None:
        if not isinstance(connection, socket.socket):
            return
        try:
            received = connection.recv(65536)
        except ConnectionError:
            received = b""
        if not received:
            self._hang_up(connection)
            return
        *lines, self._buffers[connection] = (self._buffers[connection] + received).split(b"\n")
        for line in lines:
            self._hear(connection, json.loads(line))

    def _hear(self, connection: socket.socket, said: Mapping[str, object]) -> None:
        if said.get("hello") == "control":
            self._control = connection
            self._record.add({"seen": "deployed", "run": self._run, "values": said["deployed"]})
        elif said.get("hello") == "lane":
            lane = self._lanes[int(str(said["lane"]))]
            lane.connection = connection
            self._send(lane)
        elif "done" in said:
            self._record.add({"seen": "done", "run": self._run, "wish": said["done"], "count": said["count"]})
            self._asked = None
        else:
            [lane] = [lane for lane in self._lanes if lane.connection is connection]
            if "acked" in said:
                self._record.add({"seen": "acked", "run": self._run, "number": said["acked"]})
                self.answers += 1
                lane.current = None
            self._send(lane)

    def _send(self, lane: Lane) -> None:
        parcel = lane.next()
        if parcel is None or lane.connection is None:
            return
        told = {"number": parcel.number, "lane": parcel.lane, "kind": parcel.kind, "key": parcel.key}
        self._record.add({"seen": "sent", "run": self._run, **told})
        self._tell(lane.connection, told)

    def _wish(self) -> None:
        if self._control is None or self._asked is not None:
            return
        if self._is_stopping:
            self._is_stopping = False
            self._tell(self._control, {"do": "stop"})
        if not self.wishes:
            return
        self._asked = {"do": self.wishes.popleft()}
        if self._asked["do"] == "deploy":
            self._deployed += 1
            self._asked["value"] = self._deployed
        self._record.add({"seen": "asked", "run": self._run, "wish": self._asked})
        self._tell(self._control, self._asked)

    def _tell(self, connection: socket.socket, what: Mapping[str, object]) -> None:
        try:
            connection.sendall(json.dumps(what).encode() + b"\n")
        except OSError:
            pass  # it was killed; reading from it will tell
