"""The production that is killed: it takes parcels in over sockets, and its operations write down what they do."""

from __future__ import annotations

import json
import select
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iop_core.adapters import InboundAdapter
from iop_core.definitions import ItemDefinition, ProductionDefinition
from iop_core.messages import Message
from iop_core.operations import BusinessOperation
from iop_core.processes import BusinessProcess
from iop_core.services import BusinessService
from iop_engine.verification.outside_record import OutsideRecord
from iop_engine.verification.traffic import BRANCHES, GOOD_TRY, LANES, checksum_of, text_of

_POLL_SECONDS = 0.05
_TARGETS = {"hop": "Sink", "retry": "Flaky", "keyed": "Keyed", "fan": "Fan", "timer": "Timer"}


@dataclass
class Load(Message):
    """A parcel on its way.

    Attributes:
        number: Of the parcel.
        lane: Of the parcel.
        key: Of the parcel.
        text: Follows from the number.
        part: Which branch it is for.
        value: Worked out by processes.
    """

    number: int = 0
    lane: int = 0
    key: str = ""
    text: str = ""
    part: int = 0
    value: int = 0


class LineAdapter(InboundAdapter):
    """Reads parcels from the partner, a line each, and answers each once the service has taken it."""

    port: int = 0
    lane: int = 0

    def on_init(self) -> None:
        """Connect."""
        self._buffer = b""
        self._socket = socket.create_connection(("127.0.0.1", int(self.port)))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(b'{"hello":"lane","lane":%d}\n' % int(self.lane))

    def on_tear_down(self) -> None:
        """Disconnect."""
        self._socket.close()

    def on_task(self) -> None:
        """Take at most one line."""
        if not select.select([self._socket], [], [], _POLL_SECONDS)[0]:
            return
        self._buffer += self._socket.recv(65536)
        line, newline, rest = self._buffer.partition(b"\n")
        if not newline:
            return
        self._buffer = rest
        parcel = json.loads(line)
        answer = "acked"
        try:
            self.business_host.process_input(parcel)
        except Exception:
            self.logger.exception("parcel %s was not taken", parcel["number"])
            answer = "refused"
        self._socket.sendall(json.dumps({answer: parcel["number"]}).encode() + b"\n")


class Gate(BusinessService):
    """Takes parcels of one lane and sends each where its kind goes."""

    def on_process_input(self, message_input: Any = None) -> None:
        """Return once what was sent is stored, for a call once it is answered."""
        number, kind = message_input["number"], message_input["kind"]
        load = Load(number, message_input["lane"], message_input["key"], text_of(number))
        if kind == "call":
            self.send_request_sync("Called", load)
        else:
            self.send_request_async(_TARGETS[kind], load)


class Actor(BusinessOperation):
    """Acts on the world: it adds an entry to a file."""

    record_file: str = ""
    run: int = 0

    def on_init(self) -> None:
        """Open the file."""
        self._record = OutsideRecord(Path(self.record_file))

    def on_tear_down(self) -> None:
        """Close the file."""
        self._record.close()

    def on_message(self, request: Load) -> Load:
        """Write down what was asked for."""
        self._act(request)
        return request

    def _act(self, request: Load, *, is_good: bool = True) -> None:
        context = self.context
        self._record.add(
            {
                "item": self._connected().item_name,
                "number": request.number,
                "lane": request.lane,
                "key": request.key,
                "part": request.part,
                "value": request.value,
                "checksum": checksum_of(request.text),
                "id": context.message_id,
                "try": context.attempt,
                "run": int(self.run),
                "good": is_good,
            }
        )


class FlakyActor(Actor):
    """Fails at first."""

    def on_message(self, request: Load) -> Load:
        """Succeed with the try that is to succeed."""
        is_good = self.context.attempt >= GOOD_TRY
        self._act(request, is_good=is_good)
        if not is_good:
            raise ConnectionError("planned: the other side is not there yet")
        return request


class Fan(BusinessProcess):
    """Asks several, remembers what they said, and sends the sum."""

    total: int = 0

    def on_request(self, request: Load) -> None:
        """Ask all branches."""
        for part in range(BRANCHES):
            load = Load(request.number, request.lane, request.key, request.text, part, request.number + part)
            self.send_request_async("Branch", load, completion_key=str(part))

    def on_response(
        self, request: Load, response: object, call_request: Load, call_response: Load, completion_key: str
    ) -> None:
        """Add one answer; the sum is stored with the end of this event."""
        self.total += call_response.value

    def on_complete(self, request: Load, response: object) -> None:
        """Send the sum."""
        load = Load(request.number, request.lane, request.key, request.text, 0, self.total)
        self.send_request_async("Sum", load, response_required=False)


class Timer(BusinessProcess):
    """Waits a moment before it sends a parcel on."""

    def on_request(self, request: Load) -> None:
        """Begin to wait."""
        self.set_timer(0.02, "rung")

    def on_response(
        self, request: Load, response: object, call_request: object, call_response: object, completion_key: str
    ) -> None:
        """Send it on."""
        self.send_request_async("Rung", request, response_required=False)


def production(port: int, acts: Path, run: int) -> ProductionDefinition:
    """Return the production.

    Args:
        port: Where the partner listens.
        acts: The file of what operations do.
        run: How many children there were before, noted with each act.
    """

    def actor(
        name: str, settings: Mapping[str, object], *, pool_size: int = 1, actor_class: type = Actor
    ) -> ItemDefinition:
        given = {"record_file": str(acts), "run": run, **settings}
        return ItemDefinition(name, "operation", actor_class, pool_size=pool_size, host_settings=given)

    gates = [
        ItemDefinition(
            f"Gate{lane}",
            "service",
            Gate,
            adapter_class=LineAdapter,
            adapter_settings={"port": port, "lane": lane, "CallInterval": 0.01},
        )
        for lane in range(LANES)
    ]
    retries = {"ReplyCodeActions": "E=R", "RetryInterval": 0.01, "FailureTimeout": -1}
    return ProductionDefinition(
        "IoP.Verification",
        (
            *gates,
            ItemDefinition("Fan", "process", Fan, pool_size=2),
            ItemDefinition("Timer", "process", Timer),
            *(actor(name, {}) for name in ("Sink", "Called", "Sum", "Rung")),
            actor("Branch", {}, pool_size=2),
            actor("Keyed", {"OrderBy": "key"}, pool_size=3),
            actor("Flaky", retries, actor_class=FlakyActor),
        ),
        shutdown_timeout_seconds=20,
    )
