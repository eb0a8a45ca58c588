"""What the test partner sends: numbered messages of several kinds, and what each must bring about."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from zlib import crc32

# How often each kind is sent, relative to the others.
WEIGHTS = {"hop": 6, "call": 3, "fan": 2, "timer": 1, "retry": 1, "keyed": 4}
KINDS = tuple(WEIGHTS)

LANES = 3
BRANCHES = 3
KEYS = 3
# The operation Flaky fails until this try.
GOOD_TRY = 3

# Kind to the operations that act because of it, and how often each.
EFFECTS = {
    "hop": (("Sink", 1),),
    "call": (("Called", 1),),
    "fan": (("Branch", BRANCHES), ("Sum", 1)),
    "timer": (("Rung", 1),),
    "retry": (("Flaky", 1),),
    "keyed": (("Keyed", 1),),
}

# Most are small; some do not fit into a page, or into the window of a queue.
_SIZES = (0, 20, 300, 300, 5_000, 60_000)


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message of the partner.

    Attributes:
        number: Unique; rises in each lane.
        lane: The connection it is sent over.
        kind: One of ``KINDS``.
        key: Parcels of one key must be handled in order by the operation Keyed.
    """

    number: int
    lane: int
    kind: str
    key: str


def parcels(lane: int, seed: int, kinds: tuple[str, ...] = KINDS) -> Iterator[Parcel]:
    """Return the parcels of a lane, without end."""
    rng = random.Random(seed * LANES + lane)  # noqa: S311 - a test is to be repeatable
    weights = [WEIGHTS[kind] for kind in kinds]
    number = lane + 1
    while True:
        [kind] = rng.choices(kinds, weights)
        yield Parcel(number, lane, kind, f"key{rng.randrange(KEYS)}")
        number += LANES


def text_of(number: int) -> str:
    """Return the text of a parcel, which follows from its number."""
    return f"parcel {number} ".ljust(_SIZES[number % len(_SIZES)], "0123456789abcdef"[number % 16])


def checksum_of(text: str) -> int:
    """Return what an operation notes of a text that it was given."""
    return crc32(text.encode())


def value_of(item: str, number: int, part: int) -> int:
    """Return what an operation must work out: the sum over all branches, or what one branch is given."""
    return sum(number + branch for branch in range(BRANCHES)) if item == "Sum" else number + part


def effects_of(kind: str) -> set[tuple[str, int]]:
    """Return each operation that must act because of a parcel of a kind, with the number of its part."""
    return {(item, part) for item, count in EFFECTS[kind] for part in range(count)}
