"""What the engine is meant to reach, and whether results say that it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, cast

Result = Mapping[str, object]


class Goal(NamedTuple):
    """One number that is to be reached.

    Attributes:
        of: Start of the names of the results that it is about; the worst of them counts.
        key: Which of their values.
        bound: The least, or the most, that it may be.
        is_least: Whether ``bound`` is the least.
        text: The goal in words.
    """

    of: str
    key: str
    bound: float
    is_least: bool
    text: str


class Verdict(NamedTuple):
    """A goal beside what was measured.

    Attributes:
        goal: The goal.
        measured: The worst value; None when nothing was measured.
        is_met: Whether it was reached.
    """

    goal: Goal
    measured: float | None
    is_met: bool


def _least(of: str, key: str, bound: float, text: str) -> Goal:
    return Goal(of, key, bound, True, text)


def _most(of: str, key: str, bound: float, text: str) -> Goal:
    return Goal(of, key, bound, False, text)


def _of_floor(name: str, bound: float, text: str) -> Goal:
    return _least(f"{name} ", "ratio_to_floor", bound, text)


GOALS = (
    _of_floor("w1", 0.6, "W1, one hop, 1 sender that waits: part of the floor"),
    _most("w1 ", "flushes_per_message", 1.05, "W1: one flush per send, none for the end of the message"),
    _of_floor("w1-8", 0.6, "W1, 8 senders: part of the floor"),
    _of_floor("w1-64", 0.6, "W1, 64 senders: part of the floor"),
    _of_floor("w1-batch", 0.4, "W1, all in one commit: part of the floor"),
    _most("w1-batch ", "flushes_per_message", 0.01, "W1, all in one commit: flushes per message"),
    _of_floor("w2", 0.4, "W2, two hops: part of the floor"),
    _of_floor("w3", 0.7, "W3, synchronous calls, 1 caller: part of the floor"),
    _most("w3 ", "flushes_per_message", 2.05, "W3, 1 caller: flushes per call"),
    _of_floor("w3-8", 0.7, "W3, 8 callers: part of the floor"),
    _least("w3-8 ", "rate_to_w3", 2.5, "W3, 8 callers: times the rate of 1 caller"),
    _of_floor("w4", 0.4, "W4, a process that asks ten times: part of the floor"),
    _of_floor("mllp", 0.6, "MLLP in, file out, 1 connection: acknowledged, part of the floor"),
    _of_floor("mllp-8", 0.6, "MLLP, 8 connections: acknowledged, part of the floor"),
    _least("mllp-8 ", "delivered_to_rate", 0.9, "MLLP, 8 connections: files written per message acknowledged"),
    _most("start: ", "fastest_ms", 500, "iop run to its first message, over bare Python, ms"),
    _most("repeats after kill -9, 1 worker ", "repeats_most", 64, "handled again after kill -9, 1 worker"),
    _most("repeats after kill -9, 4 workers ", "repeats_most", 256, "handled again after kill -9, 4 workers"),
    _most("repeats ", "lost", 0, "lost after kill -9"),
    _most("search: header", "p50_ms", 50, "first page of a search by a header field, ms"),
    _most("search: body", "p50_ms", 100, "first page of a search by a field of the body, ms"),
    _most("memory: queued", "megabytes", 250, "100,000 messages of 2 KB queued, MB"),
    _most("memory: body", "bodies", 3, "one body of 50 MB on its way: bodies in memory"),
    _least("growth: w", "ratio_to_empty", 0.8, "rate in a long history, part of that in an empty store"),
    _most("growth: file", "last_step_to_first", 1.05, "growth of the file: the last step over the first"),
    _most("growth: purge", "left", 0.1, "part of the file that is left when everything is purged"),
    _least("cpu processes", "ratio_to_threads", 1.6, "handlers of 1 ms of processor time: processes over threads"),
)


def judge(results: Sequence[Result]) -> list[Verdict]:
    """Return each goal with what was measured."""
    complete = [with_ratios(result, results) for result in results]
    return [_judge(goal, complete) for goal in GOALS]


def with_ratios(result: Result, results: Sequence[Result]) -> Result:
    """Return a result with the values that follow from it and its neighbours."""
    name, more = result["name"], dict[str, object]()
    if name == "w3-8":
        single = next((each for each in results if each["name"] == "w3"), None)
        if single is not None:
            more["rate_to_w3"] = round(_number(result, "rate") / _number(single, "rate"), 2)
    if "delivered_rate" in result:
        more["delivered_to_rate"] = round(_number(result, "delivered_rate") / _number(result, "rate"), 2)
    if "megabytes_after" in result:
        more["left"] = round(_number(result, "megabytes_after") / _number(result, "megabytes_before"), 3)
    return {**result, **more}


def _judge(goal: Goal, results: Sequence[Result]) -> Verdict:
    # The blank at the end tells "w1 " from "w1-8 "; floors and peers have no goals.
    found = [
        _number(result, goal.key)
        for result in results
        if f"{result['name']} ".startswith(goal.of) and result.get(goal.key) is not None and _is_ours(result)
    ]
    if not found:
        return Verdict(goal, None, is_met=False)
    worst: Callable[[list[float]], float] = min if goal.is_least else max
    measured = worst(found)
    return Verdict(goal, measured, is_met=measured >= goal.bound if goal.is_least else measured <= goal.bound)


def _is_ours(result: Result) -> bool:
    return "peer" not in result and not str(result["name"]).endswith(" floor")


def _number(result: Result, key: str) -> float:
    return float(cast("float", result[key]))
