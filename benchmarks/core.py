"""The core: codecs, dispatch, logging, start-up."""

from __future__ import annotations

import logging
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from pydantic import TypeAdapter

from benchmarks.measuring import compare, report, seconds_per_call
from iop_core import BusinessOperation, Message, handler
from iop_core.dispatch import DispatchTable
from iop_core.json_serializer import JsonSerializer


@dataclass
class Small(Message):
    """A message of two fields."""

    integer: int = 0
    string: str = ""


@dataclass
class Line(Message):
    """One line of an order."""

    sku: str = ""
    quantity: int = 0
    price: float = 0.0


@dataclass
class Order(Message):
    """A message of ten lines."""

    number: str = ""
    customer: str = ""
    lines: list[Line] = field(default_factory=list)


CASES = {
    "small": Small(1, "a"),
    "order": Order("A1", "Ærø", [Line(f"sku-{n}", n, n * 1.5) for n in range(10)]),
}


def codec(rounds: int) -> None:
    """Measure encoding and decoding against a cached pydantic TypeAdapter of the same class."""
    for name, message in CASES.items():
        ours = JsonSerializer().codec_for(type(message))
        peer = TypeAdapter(type(message))
        payload = ours.encode(message)
        pairs: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
            "decode": (partial(ours.decode, payload), partial(peer.validate_json, payload)),
            "encode": (partial(ours.encode, message), partial(peer.dump_json, message)),
        }
        for verb, (mine, theirs) in pairs.items():
            compare(f"{verb} {name}", mine, theirs, rounds=rounds, peer_name="TypeAdapter")


class Handlers(BusinessOperation):
    """An operation with one handler."""

    @handler(Small)
    def small(self, request: Small) -> None:
        """Take a message."""


def dispatch(rounds: int) -> None:
    """Measure the look-up of a handler, and the building of a table."""
    message = CASES["small"]
    table = DispatchTable.of(Handlers)
    find = statistics.median(seconds_per_call(lambda: table.find(message)) for _ in range(rounds))
    report("dispatch look-up", us=find * 1e6)
    built: list[float] = []
    for _ in range(rounds):
        fresh = type("Fresh", (Handlers,), {"__module__": __name__})
        start = time.perf_counter()
        DispatchTable.of(fresh)
        built.append(time.perf_counter() - start)
    report("dispatch table of a class, once", us=statistics.median(built) * 1e6)


def log(rounds: int) -> None:
    """Measure a log call below the level."""
    component = Handlers()
    component.logger.setLevel(logging.WARNING)
    spent = statistics.median(seconds_per_call(lambda: component.log_info("nothing")) for _ in range(rounds))
    report("log call below the level", us=spent * 1e6)


def startup(rounds: int) -> None:
    """Measure ``import iop; iop.Message``, and the command, over the start of a bare Python."""

    def spent(*args: str) -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, *args], check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - start

    started = {
        "import iop; iop.Message": ("-c", "import iop; iop.Message"),
        "iop --version": ("-m", "iop_cli", "--version"),
        "iop --help": ("-m", "iop_cli", "--help"),
    }
    for name, args in started.items():
        pairs = [(spent(*args), spent("-c", "pass")) for _ in range(max(5, rounds))]
        own, bare = statistics.median(one for one, _ in pairs), statistics.median(one for _, one in pairs)
        report(
            f"{name} over bare Python",
            ms=statistics.median(one - other for one, other in pairs) * 1e3,
            bare_ms=bare * 1e3,
            ratio=own / bare,
        )
