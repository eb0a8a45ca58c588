"""HL7 in over MLLP, a routing process, a file out: with the listener of the hospital example, and the floor."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypedDict

from benchmarks.floor import Floor, Job, Stored
from benchmarks.result import Run
from iop_core import BusinessOperation, BusinessProcess, handler, setting
from iop_production import Production
from iop_testing import run_production

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "examples" / "hospital"))

from hospital.listener import MllpService  # noqa: E402
from hospital.messages import Hl7Message  # noqa: E402

ACK = b"\x0bMSH|^~\\&|HUB|IOP|LAB|NORTH|20261122120000||ACK|1|P|2.5\rMSA|AA|%s\r\x1c\r"


class Router(BusinessProcess):
    """Passes every message on."""

    def on_request(self, request: Hl7Message) -> None:
        """Look at the type and pass on."""
        if "|ADT^" in request.raw:
            self.send_request_async("Files", request, response_required=False)


class Files(BusinessOperation):
    """Writes each message as a file."""

    Directory = setting("out")

    @handler(Hl7Message)
    def write(self, request: Hl7Message) -> None:
        """Write."""
        Path(self.Directory, f"{request.control_id}.hl7").write_bytes(request.data)


def connections(number: int) -> tuple[Callable[[Path, int, str], Run], Callable[[Path, int, str], Run]]:
    """Return the workload with so many connections; ours and the floor."""

    def ours(folder: Path, count: int, durability: str) -> Run:
        out = folder / "out"
        out.mkdir()
        port = find_free_port()
        production = Production("Bench.Mllp")
        service = production.service("Mllp", MllpService, settings={"Port": port})
        service.connect("Output", production.process("Router", Router))
        service.connect("DeadLetters", production.operation("Files", Files, settings={"Directory": str(out)}))
        with run_production(production, data_dir=folder / "data", durability=durability) as run:
            sent = _send(port, number, count)
            run.wait_until_idle(600)
            return _result(sent, out, count)

    def floor(folder: Path, count: int, durability: str) -> Run:
        out = folder / "out"
        out.mkdir()
        server = FloorServer(folder, out, durability)
        sent = _send(server.port, number, count)
        server.base.wait_until_idle()
        result = _result(sent, out, count)
        server.stop()
        return result

    return ours, floor


def find_free_port() -> int:
    """Return a TCP port that nobody uses right now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


class Sent(TypedDict):
    """What the partner reports."""

    start: float
    seconds: float
    latencies: list[float]


def _send(port: int, number: int, count: int) -> Sent:
    command = [sys.executable, "-m", "benchmarks.mllp_client", str(port), str(number), str(count)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode:
        raise SystemExit(f"the partner failed: {done.stderr}")
    found: Sent = json.loads(done.stdout)
    return found


def _result(sent: Sent, out: Path, count: int) -> Run:
    # The clock of the partner's process is the same one.
    seconds = time.monotonic() - sent["start"]
    written = sum(1 for _ in out.iterdir())
    if written != count:
        raise SystemExit(f"{written} of {count} messages were written")
    return Run(seconds, sent["latencies"], sent["seconds"])


class FloorServer:
    """A listener with a thread per connection on top of the floor.

    Args:
        folder: Where the database is.
        out: Where the files go.
        durability: ``full`` or ``normal``.
    """

    def __init__(self, folder: Path, out: Path, durability: str) -> None:
        self.base = Floor(folder / "floor.db", durability)
        self._out = out
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.base.serve("files", self._write)
        self.base.serve("router", self._route)
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self) -> None:
        """End everything."""
        self._listener.close()
        self.base.close()

    def _route(self, message: Stored) -> Job:
        if b"|ADT^" in message.payload:
            return self.base.submit([Stored("files", message.payload)], message.message_id)
        return self.base.submit([], message.message_id)

    def _write(self, message: Stored) -> Job:
        name = message.payload.split(b"|", 10)[9].decode()
        Path(self._out, f"{name}.hl7").write_bytes(message.payload)
        return self.base.submit([], message.message_id)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        data = b""
        while piece := connection.recv(65536):
            data += piece
            while (end := data.find(b"\x1c\r")) >= 0:
                message, data = data[1:end], data[end + 2 :]
                self.base.submit([Stored("router", message)]).wait()
                connection.sendall(ACK % message.split(b"|", 10)[9])
        connection.close()
