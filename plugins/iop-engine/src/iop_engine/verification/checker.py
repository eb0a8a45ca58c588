"""Judges a run by its outside alone: what senders were told, and what operations did.

It knows nothing of the engine but its promises: what was acknowledged happens; in order per
lane and per key; twice only where a kill or a missing answer left it uncertain, and then for
a bounded number of messages; and a message is tried no more often than it has to be.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iop_engine.verification.outside_record import read_entries
from iop_engine.verification.traffic import EFFECTS, GOOD_TRY, checksum_of, effects_of, text_of, value_of

# A kill may have so many messages of one worker handled again, not more: what it runs ahead of the disk.
MOST_REPEATED = 64

POOLS = {"Branch": 2, "Keyed": 3}

# At most so many problems of one kind are listed.
_MOST_LISTED = 5

Seen = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Outside:
    """Everything that was seen outside of the engine.

    Attributes:
        partner: What the partner sent and was told, in order.
        acts: What operations did, in order.
    """

    partner: Seen
    acts: Seen

    @classmethod
    def of(cls, folder: Path) -> Outside:
        """Read the files of a run."""
        return cls(read_entries(folder / "partner.jsonl")[0], read_entries(folder / "acts.jsonl")[0])


def check(outside: Outside) -> list[str]:
    """Return every breach of a promise, each in one line; none when all were kept."""
    rules = (_lost, _invented, _wrong, _disordered, _repeated, _copied, _tries, _deployed)
    return [problem for rule in rules for problem in _first(rule(outside))]


def missing(outside: Outside) -> list[str]:
    """Return what has not happened yet though it was acknowledged."""
    return list(_lost(outside))


def _first(problems: Iterator[str]) -> Iterator[str]:
    listed = list(problems)
    yield from listed[:_MOST_LISTED]
    if len(listed) > _MOST_LISTED:
        yield f"... and {len(listed) - _MOST_LISTED} more like the last"


def _good(outside: Outside) -> list[Mapping[str, Any]]:
    return [act for act in outside.acts if act["good"]]


def _kinds(outside: Outside) -> dict[int, str]:
    return {entry["number"]: entry["kind"] for entry in outside.partner if entry["seen"] == "sent"}


def _lost(outside: Outside) -> Iterator[str]:
    """Whatever was acknowledged has all of its effects."""
    done: defaultdict[int, set[tuple[str, int]]] = defaultdict(set)
    for act in _good(outside):
        done[act["number"]].add((act["item"], act["part"]))
    kinds = _kinds(outside)
    for entry in outside.partner:
        if entry["seen"] == "acked":
            for item, part in sorted(effects_of(kinds[entry["number"]]) - done[entry["number"]]):
                yield f"lost: parcel {entry['number']} was acknowledged in run {entry['run']}, {item} {part} never came"


def _invented(outside: Outside) -> Iterator[str]:
    """Nothing happens that nobody asked for."""
    kinds = _kinds(outside)
    for act in outside.acts:
        kind = kinds.get(act["number"])
        if kind is None or act["item"] not in dict(EFFECTS[kind]):
            yield f"invented: {act['item']} acted on parcel {act['number']}, which was not sent to it"


def _wrong(outside: Outside) -> Iterator[str]:
    """Every act has the content that was sent, and what processes worked out is right."""
    for act in outside.acts:
        if act["checksum"] != checksum_of(text_of(act["number"])):
            yield f"changed: {act['item']} got another text for parcel {act['number']} than was sent"
        elif act["item"] in ("Branch", "Sum") and act["value"] != value_of(act["item"], act["number"], act["part"]):
            yield f"changed: {act['item']} got {act['value']} for parcel {act['number']}"


def _disordered(outside: Outside) -> Iterator[str]:
    """Parcels of a lane, and of a key in it, come first in the order they were sent; in a run ids only rise."""
    latest: dict[object, int] = {}
    firsts: set[tuple[str, int]] = set()
    latest_id: dict[object, int] = {}
    for act in _good(outside):
        item, number = act["item"], act["number"]
        if item not in ("Sink", "Called", "Flaky", "Keyed"):
            continue
        key = act["key"] if item == "Keyed" else ""
        if (item, number) not in firsts:
            firsts.add((item, number))
            if number < latest.get((item, act["lane"], key), 0):
                yield f"order: {item} {key} acted on parcel {number} after a later one of its lane"
            latest[item, act["lane"], key] = number
        if act["id"] < latest_id.get((item, key, act["run"]), 0):
            yield f"order: {item} {key} acted on message {act['id']} after a later one in run {act['run']}"
        latest_id[item, key, act["run"]] = act["id"]


def _repeated(outside: Outside) -> Iterator[str]:
    """A message is handled again only after a kill, and only one of the last, whose end was uncertain."""
    runs: defaultdict[tuple[str, int], list[int]] = defaultdict(list)
    kinds = _kinds(outside)
    acked = {entry["number"]: entry["run"] for entry in outside.partner if entry["seen"] == "acked"}
    repeats: Counter[tuple[str, int]] = Counter()
    stopped = {entry["run"] for entry in outside.partner if entry["seen"] == "end" and entry["code"] == 0}
    for act in _good(outside):
        item, message_id, number, run = act["item"], act["id"], act["number"], act["run"]
        before = runs[item, message_id]
        if run in before:
            yield f"twice: {item} handled message {message_id} (parcel {number}) twice in run {run}"
        elif before:
            repeats[item, run] += 1
            if before[-1] in stopped:
                yield f"twice: {item} handled message {message_id} again after run {before[-1]} was stopped cleanly"
            if kinds.get(number) == "call" and run > acked.get(number, run):
                yield f"twice: {item} handled message {message_id} again though its answer had been received"
        before.append(run)
    for (item, run), count in repeats.items():
        if count > MOST_REPEATED * POOLS.get(item, 1):
            yield f"twice: {item} handled {count} messages again in run {run}"


def _copied(outside: Outside) -> Iterator[str]:
    """A parcel becomes a message once for each time it was sent; an operator's resend adds one."""
    sent = Counter(entry["number"] for entry in outside.partner if entry["seen"] == "sent")
    resends = sum(1 for entry in outside.partner if entry["seen"] == "asked" and entry["wish"]["do"] == "resend")
    ids: defaultdict[tuple[str, int, int], set[int]] = defaultdict(set)
    owners: dict[int, tuple[str, int, int]] = {}
    for act in outside.acts:
        place = (act["item"], act["number"], act["part"])
        ids[place].add(act["id"])
        if owners.setdefault(act["id"], place) != place:
            yield f"copied: message {act['id']} is {place} and {owners[act['id']]}"
    extra = 0
    for (item, number, part), copies in ids.items():
        more = len(copies) - sent[number]
        if more > 0 and item != "Sink":
            yield f"copied: parcel {number} was sent {sent[number]} times and came to {item} {part} as {sorted(copies)}"
        elif more > 0:
            extra += more
    if extra > resends:
        yield f"copied: {extra} more messages came to Sink than were sent, and {resends} were sent again"
    done = sum(entry["count"] for entry in outside.partner if entry["seen"] == "done")
    total = sum(len(copies) for (item, *_), copies in ids.items() if item == "Sink")
    wanted = done + sum(1 for (item, *_) in ids if item == "Sink")
    if total < wanted:
        yield f"lost: {total} messages came to Sink, with {done} acknowledged resends at least {wanted} were due"


def _tries(outside: Outside) -> Iterator[str]:
    """Tries are counted from 1 without a gap, end with the first good one, and only a kill repeats one."""
    latest: dict[tuple[str, int], tuple[int, int]] = {}
    for act in outside.acts:
        number, run = act["try"], act["run"]
        before, before_run = latest.get((act["item"], act["id"]), (0, 0))
        limit = GOOD_TRY if act["item"] == "Flaky" else 1
        if number > limit:
            yield f"tries: {act['item']} was given message {act['id']} as try {number}, at most {limit} were due"
        elif number != before + 1 and not (number <= before and run > before_run):
            yield f"tries: {act['item']} was given message {act['id']} as try {number} in run {run} after try {before}"
        latest[act["item"], act["id"]] = (number, run)


def _deployed(outside: Outside) -> Iterator[str]:
    """A change of what is deployed is there as a whole once it was acknowledged, or not at all."""
    least = most = 0
    for entry in outside.partner:
        if entry["seen"] == "deployed":
            first, second = entry["values"]
            if first != second:
                yield f"deployed: half of a change is there in run {entry['run']}: {first} and {second}"
            elif not least <= first <= most:
                yield f"deployed: {first} in run {entry['run']}, not between {least} and {most}"
            least = max(least, first)
        elif entry["seen"] in ("asked", "done") and entry["wish"]["do"] == "deploy":
            most = entry["wish"]["value"]
            least = most if entry["seen"] == "done" else least
