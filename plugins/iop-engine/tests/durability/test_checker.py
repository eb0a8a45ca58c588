"""The judge itself: a sound record passes, and each single damage to it is named."""

from __future__ import annotations

from typing import Any

import pytest

from iop_engine.verification.checker import Outside, check
from iop_engine.verification.traffic import checksum_of, text_of


def sent(number: int, kind: str, run: int = 0) -> dict[str, Any]:
    return {"seen": "sent", "run": run, "number": number, "lane": 0, "kind": kind, "key": "a"}


def acked(number: int, run: int = 0) -> dict[str, Any]:
    return {"seen": "acked", "run": run, "number": number}


def act(item: str, number: int, message_id: int, **other: Any) -> dict[str, Any]:
    entry = {"item": item, "number": number, "lane": 0, "key": "a", "part": 0, "value": 0, "id": message_id}
    return {**entry, "checksum": checksum_of(text_of(number)), "try": 1, "run": 0, "good": True, **other}


def sound() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return two hops, a call, and a flaky one; run 0 was killed and one message handled again."""
    partner = [
        {"seen": "deployed", "run": 0, "values": [0, 0]},
        *(
            entry
            for number, kind in ((1, "hop"), (4, "hop"), (7, "call"))
            for entry in (sent(number, kind), acked(number))
        ),
        {"seen": "asked", "run": 0, "wish": {"do": "deploy", "value": 1}},
        {"seen": "done", "run": 0, "wish": {"do": "deploy", "value": 1}, "count": 0},
        sent(10, "retry"),
        {"seen": "end", "run": 0, "code": -9},
        {"seen": "deployed", "run": 1, "values": [1, 1]},
        sent(10, "retry", 1),
        acked(10, 1),
        {"seen": "end", "run": 1, "code": 0},
    ]
    tries = [act("Flaky", 10, 5, **{"try": count, "run": 1, "good": count == 3}) for count in (1, 2, 3)]
    acts = [act("Sink", 1, 1), act("Sink", 4, 2), act("Called", 7, 3), act("Sink", 4, 2, run=1), *tries]
    return partner, acts


def test_a_sound_record_passes() -> None:
    assert check(Outside(*sound())) == []


@pytest.mark.parametrize(
    ("place", "change", "found"),
    [
        (0, None, "lost: parcel 1"),
        (0, {"number": 2}, "invented: Sink acted on parcel 2"),
        (2, {"item": "Sink"}, "invented: Sink acted on parcel 7"),
        (0, {"checksum": 0}, "changed: Sink"),
        (0, {"number": 4, "id": 2}, "twice in run 0"),
        (3, {"number": 1, "id": 2}, "copied: message 2"),
        (3, {"id": 9}, "more messages came to Sink"),
        (3, {"item": "Called", "number": 7, "id": 3}, "its answer had been received"),
        (1, {"id": 0}, "order: Sink"),
        (4, {"try": 2}, "tries: Flaky"),
        (6, {"try": 4}, "tries: Flaky"),
    ],
)
def test_damage_to_what_was_done_is_named(place: int, change: dict[str, Any] | None, found: str) -> None:
    partner, acts = sound()
    acts[place : place + 1] = [] if change is None else [{**acts[place], **change}]
    assert any(found in problem for problem in check(Outside(partner, acts)))


@pytest.mark.parametrize(
    ("values", "found"),
    [([0, 1], "half of a change"), ([0, 0], "not between 1 and 1"), ([2, 2], "not between 1 and 1")],
)
def test_damage_to_what_is_deployed_is_named(values: list[int], found: str) -> None:
    partner, acts = sound()
    [place] = [place for place, entry in enumerate(partner) if entry.get("values") == [1, 1]]
    partner[place] = {**partner[place], "values": values}
    assert any(found in problem for problem in check(Outside(partner, acts)))


def test_order_within_a_lane() -> None:
    partner, acts = sound()
    acts[0], acts[1] = {**acts[1], "id": 1}, {**acts[0], "id": 2}
    acts[3] = {**acts[3], "id": 1}
    assert any("after a later one of its lane" in problem for problem in check(Outside(partner, acts)))


def test_too_many_repetitions() -> None:
    numbers = range(1, 1 + 3 * 70, 3)
    partner = [entry for number in numbers for entry in (sent(number, "hop"), acked(number))]
    acts = [act("Sink", number, number, run=run) for run in (0, 1) for number in numbers]
    assert any("handled 70 messages again" in problem for problem in check(Outside(partner, acts)))
