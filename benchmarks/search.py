"""How long operators wait for the first page of a search in a long history."""

from __future__ import annotations

import tempfile
import time
from datetime import timedelta
from pathlib import Path

from benchmarks.history import DAYS, FIRST, ROUTERS, SINKS, WARDS, stored_history
from benchmarks.measuring import report
from iop_director import Director

SIZES = (1_000_000, 10_000_000)
PAGE = 50


def search(rounds: int, *, count: int | None, folder: Path | None) -> None:
    """Report the first page of each kind of search, among so many messages.

    Args:
        rounds: How many different values are looked for, each once.
        count: Messages in the store; None: one million, then ten.
        folder: Where the stores are kept; None: they are made anew.
    """
    for size in SIZES if count is None else (count,):
        with tempfile.TemporaryDirectory() as temporary:
            place = stored_history(folder or Path(temporary), size)
            _measure(Director(f"local://{place.absolute()}"), size, max(rounds, 5))


def searches(number: int, size: int) -> dict[str, dict[str, object]]:
    """Return name to filters; the first word of a name says where it is looked for."""
    order = number * 7919 % (size // 2)
    router, sink, ward = (f"Router{number % ROUTERS}", f"Sink{number % SINKS}", f"W{number % WARDS}")
    middle = FIRST + timedelta(days=DAYS / 2 + number)
    return {
        "header: nothing, newest": {},
        "header: id": {"message_id": order + 1},
        "header: session": {"session": order + 1},
        "header: target": {"target": sink},
        "header: source": {"source": router},
        "header: class": {"class_name": "Admission"},
        "header: status Error": {"status": "Error"},
        "header: status Completed": {"status": "Completed"},
        "header: status Queued, none": {"status": "Queued"},
        "header: error text": {"error_text": "unknown code"},
        "text: error text that is not there": {"error_text": "no such text"},
        "header: since": {"since": middle},
        "header: until": {"until": middle},
        "several: target and Error": {"target": sink, "status": "Error"},
        "several: source and target": {"source": router, "target": sink},
        "several: source and target that never meet": {"source": "Sink0", "target": sink},
        "several: target in an hour": {"target": sink, "since": middle, "until": middle + timedelta(hours=1)},
        "body: number": {"where": {"number": str(order)}},
        "body: number that is not there": {"where": {"number": "-1"}},
        "body: ward": {"where": {"ward": ward}},
        "several: ward and Error": {"where": {"ward": ward}, "status": "Error"},
        "several: ward and target": {"where": {"ward": ward}, "target": sink},
        "several: ward and number": {"where": {"ward": ward, "number": str(order)}},
    }


def _measure(director: Director, size: int, rounds: int) -> None:
    for name in searches(0, size):
        times: dict[bool, list[float]] = {True: [], False: []}
        found = 0
        for number in range(rounds):
            for newest_first in (True, False):
                filters = searches(number, size)[name]
                start = time.perf_counter()
                page = list(director.messages(**filters, limit=PAGE, newest_first=newest_first))
                times[newest_first].append(time.perf_counter() - start)
                found = max(found, len(page))
        slowest = max(max(each) for each in times.values())
        worst = max(times.values(), key=sum)
        report(
            f"search: {name}",
            messages=size,
            n=2 * rounds,
            found=found,
            p50_ms=sorted(worst)[len(worst) // 2] * 1e3,
            slowest_ms=slowest * 1e3,
        )
