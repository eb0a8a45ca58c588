"""The page that tells of one run of everything."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

from benchmarks.goals import Result, Verdict, judge

# In the order in which a message meets them; a test makes sure that they are there.
HOT_PATH = {
    "packages/iop-core/src/iop_core/business_host.py": "the calls of a component: send, call",
    "plugins/iop-engine/src/iop_engine/component_host.py": "what they mean in the engine",
    "plugins/iop-engine/src/iop_engine/sender.py": "the request is built",
    "packages/iop-core/src/iop_core/bodies.py": "a message becomes bytes, and bytes a message",
    "plugins/iop-engine/src/iop_engine/sqlite/store.py": "the unit is taken over; what is on disk is handed on",
    "plugins/iop-engine/src/iop_engine/sqlite/writer.py": "one thread gathers all that waits into one commit",
    "plugins/iop-engine/src/iop_engine/sqlite/unit_tables.py": "units become rows",
    "plugins/iop-engine/src/iop_engine/sqlite/many_rows.py": "many rows go into a table with one statement",
    "plugins/iop-engine/src/iop_engine/sqlite/flushing.py": "what is flushed at once, and what may share a flush",
    "plugins/iop-engine/src/iop_engine/queues.py": "the window of a queue in memory",
    "plugins/iop-engine/src/iop_engine/worker.py": "a job takes messages and runs ahead of their commits, at most 64",
    "plugins/iop-engine/src/iop_engine/operation_runner.py": "the handler of an operation is called",
    "plugins/iop-engine/src/iop_engine/process_runner.py": "the same for a process, with its state",
    "plugins/iop-engine/src/iop_engine/settlement.py": "end, reply and sends become one unit",
}

# What is known of goals that were missed at some time, by name and value.
_BUSY = (
    "the flushes are those of the floor, the processor time of a {thing} is not: {ours} µs, {floor} µs in the floor "
    "(start and stop included). As long as the disk is waited for, that does not show; beside other programs, "
    "with a load of ten on two cores, each thread waits for a core, and the ratio comes close to that of the "
    "processor times."
)
REASONS: dict[tuple[str, str], str] = {
    ("w1-batch ", "ratio_to_floor"): _BUSY.format(thing="message", ours=51, floor=15),
    ("w1-64 ", "ratio_to_floor"): _BUSY.format(thing="message", ours=137, floor=64),
    ("w1-8 ", "ratio_to_floor"): "as with 64 senders.",
    ("w3-8 ", "ratio_to_floor"): _BUSY.format(thing="call", ours=471, floor=194),
    (
        "w3 ",
        "ratio_to_floor",
    ): "as with 8 callers; a call wakes three threads in turn, each of which waits for a core.",
    ("w3-8 ", "rate_to_w3"): (
        "1 caller waits for the disk; with a fast disk and busy cores, 8 callers wait for the processor."
    ),
    ("w2 ", "ratio_to_floor"): "processor time again: with a fast disk the floor waits for nothing at all.",
    ("w4 ", "ratio_to_floor"): "processor time again; the state of a process is encoded and stored with each answer.",
    ("cpu processes", "ratio_to_threads"): (
        "there is nothing to gain where other programs keep both cores busy; the engine and the load take part of "
        "the second core, too."
    ),
    ("start: ", "fastest_ms"): (
        "it is processor time, most of it imports (pydantic, the engine, the command line), and takes longer the more "
        "programs there are for each core; the start of a bare Python was slowed in the same way."
    ),
}

_HEAD = """# How fast it is, and how that is measured

This page is written by `python -m benchmarks report`; do not edit it by hand.

* **Compare ratios.** Each workload runs in turns with a *floor*: a loop in the same process that does only the
  unavoidable work (the same bodies, the same settings of SQLite, group commit, a thread per consumer) and has no
  features (`benchmarks/floor.py`). A machine that others use slows both.
* **Flushes, not milliseconds.** A flush takes 0.2 ms or 4 ms on the same disk of such a machine, in turns of minutes.
  So flushes are counted, where SQLite asks for them (`benchmarks/own_flushes.py`), and a probe of `fdatasync` beside
  each result says which mood the disk was in.
* Everything goes through the public API, with real components and the default durability: a send returns when its
  message is flushed to the disk.
"""


def page_of(results: Sequence[Result]) -> str:
    """Return the page as Markdown."""
    parts = [
        _HEAD,
        _machine(results),
        "## The goals\n\n" + _goals(judge(results)),
        _missed(judge(results)),
        "## Workloads beside their floors\n\n" + _workloads(results),
        "## Beside others\n\n" + _peers(results),
        "## A long history\n\n" + _history(results),
        "## Start, memory, repetitions, processors\n\n" + _others(results),
        "## The hot path\n\n" + _hot_path(),
        "## Free-threaded Python\n\n" + _free_threaded(results),
        _AGAIN,
    ]
    return "\n".join(part.rstrip("\n") + "\n" for part in parts if part)


_AGAIN = """## Measure it yourself

    python -m pip install -r benchmarks/peers.txt
    python -m benchmarks w1 --floor --peers        # one workload; one JSON line for each result
    python -m benchmarks search --n 1000000
    python -m benchmarks report --rounds 3         # everything, and this page; half an hour and 8 GB of disk
    python -m benchmarks report --from-results     # this page again, from benchmarks/results.jsonl
"""


def _machine(results: Sequence[Result]) -> str:
    found = _machine_of(results)
    commits = sorted({str(result["commit"]) for result in results if result.get("commit")})
    lines = [
        f"* {found.get('date')}, commit {', '.join(commits)} (`+`: with changes that were not committed)",
        f"* {found.get('cores')} cores ({found.get('processor')}), {found.get('gigabytes')} GB, {found.get('system')}, "
        f"{found.get('file_system')}; load of others at the start: {found.get('load')}",
        f"* Python {found.get('python')} ({found.get('threads')}), SQLite {found.get('sqlite')}",
    ]
    if found.get("note"):
        lines.append(f"* {found['note']}")
    return "## The run\n\n" + "\n".join(lines)


def _goals(verdicts: Iterable[Verdict]) -> str:
    rows = [
        (
            verdict.goal.text,
            f"{'at least' if verdict.goal.is_least else 'at most'} {verdict.goal.bound:g}",
            "not measured" if verdict.measured is None else _text(verdict.measured),
            "met" if verdict.is_met else "**missed**",
        )
        for verdict in verdicts
    ]
    return _table(("What", "Goal", "Measured", ""), rows) + "\nOf several results, the worst counts."


def _missed(verdicts: Iterable[Verdict]) -> str:
    """Return what is known of each goal that was missed."""
    lines = [
        f"* {verdict.goal.text}: {REASONS.get(verdict.goal[:2], 'the cause is not known yet.')}"
        for verdict in verdicts
        if not verdict.is_met and verdict.measured is not None
    ]
    return "\n".join(["### Missed, and why\n", *lines]) if lines else ""


def _workloads(results: Sequence[Result]) -> str:
    rows: list[tuple[str, ...]] = []
    for result in results:
        floor = next((each for each in results if each["name"] == f"{result['name']} floor"), None)
        if floor is not None:
            rows.append(
                (
                    f"{result['name']}: {result['workload']}",
                    *(_text(result.get(key)) for key in ("n", "rate", "p50_ms", "p99_ms", "flushes_per_message")),
                    *(_text(floor.get(key)) for key in ("rate", "flushes_per_message")),
                    *(_text(result.get(key)) for key in ("ratio_to_floor", "fdatasync_ms")),
                )
            )
    head = (
        "Workload",
        "n",
        "per second",
        "p50 ms",
        "p99 ms",
        "flushes each",
        "floor",
        "its flushes",
        "ratio",
        "fdatasync ms",
    )
    return (
        _table(head, rows)
        + "\nThe rate of MLLP is that of acknowledgements; files were written at "
        + ", ".join(
            f"{_text(result['delivered_rate'])} a second ({result['name']})"
            for result in results
            if "delivered_rate" in result and not str(result["name"]).endswith("floor")
        )
    )


def _peers(results: Sequence[Result]) -> str:
    rows = [
        (
            str(result["name"]).partition(" ")[0],
            f"{result['peer']} {result.get(str(result['peer']), '')}",
            _text(result["rate"]),
            f"{float(cast('float', result['ours_to_peer'])):.1f} times as fast",
        )
        for result in results
        if "peer" in result and "ours_to_peer" in result
    ]
    if not rows:
        return "No peer of `benchmarks/peers.txt` was installed."
    return _table(("Workload", "Peer", "per second", "IoP"), rows) + "\nEach keeps its tasks in SQLite on this disk."


def _history(results: Sequence[Result]) -> str:
    growth = [result for result in results if str(result["name"]).startswith("growth: w")]
    rates = [
        (str(result["workload"]), *(_text(result.get(key)) for key in ("messages", "rate", "ratio_to_empty")))
        for result in growth
    ]
    searches = [result for result in results if str(result["name"]).startswith("search: ")]
    sizes = sorted({int(cast("int", result["messages"])) for result in searches})
    by_name: dict[str, dict[int, Result]] = {}
    for result in searches:
        by_name.setdefault(str(result["name"])[8:], {})[int(cast("int", result["messages"]))] = result
    found = [(name, *(_median_and_slowest(each.get(size)) for size in sizes)) for name, each in by_name.items()]
    lines = [
        "Rates, with so many messages stored:\n",
        _table(("Workload", "stored", "per second", "part of the rate in an empty store"), rates),
        "The first page (50 messages) of a search, from the end that takes longer, in ms: the median, and the slowest "
        "of all in brackets. A ward is a value that one message in fifty has; all others have one or two.\n",
        _table(("Search", *(f"among {size:,}" for size in sizes)), found),
    ]
    for result in results:
        if result["name"] == "growth: file":
            lines.append(
                f"A message of 1 KB takes {_text(result['bytes_per_message'])} bytes of the database with its header "
                f"and indexes: {_text(result['gigabytes'])} GB for four months of 50,000 a day, in a straight line.\n"
            )
        if result["name"] == "growth: purge":
            lines.append(
                f"A purge of everything left {_text(result['megabytes_after'])} of "
                f"{_text(result['megabytes_before'])} MB ({_text(result['rate'])} messages a second)."
            )
    return "\n".join(lines)


def _median_and_slowest(result: Result | None) -> str:
    return "" if result is None else f"{_text(result['p50_ms'])} ({_text(result['slowest_ms'])})"


def _machine_of(results: Sequence[Result]) -> Result:
    nothing: Result = {}
    return next((result for result in results if result["name"] == "machine"), nothing)


def _others(results: Sequence[Result]) -> str:
    names = ("start", "import", "memory", "repeats", "cpu")
    unsaid = {"name", "workload", "durability", "python", "sqlite", "iop-core", "commit", "n"}
    rows = [
        (
            f"{result['name']}{': ' if 'workload' in result else ''}{result.get('workload', '')}",
            ", ".join(f"{key.replace('_', ' ')} {_text(value)}" for key, value in result.items() if key not in unsaid),
        )
        for result in results
        if str(result["name"]).startswith(names)
    ]
    return _table(("What", "Measured"), rows)


def _hot_path() -> str:
    lines = [f"{number}. `{path}`: {text}" for number, (path, text) in enumerate(HOT_PATH.items(), 1)]
    return (
        "In the order in which a message meets them; [How a message travels](message-path.md) has the picture.\n\n"
        + "\n".join(lines)
    )


def _free_threaded(results: Sequence[Result]) -> str:
    found = _machine_of(results)
    if found.get("threads") == "free":
        return "All of the above was measured with a free-threaded Python."
    if found.get("free_threaded_python"):
        return f"Not measured, though the machine has one: `{found['free_threaded_python']}`."
    return "Not measured: the machine had no free-threaded Python (3.13t or 3.14t)."


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
