"""Productions of thousands of items: author, read, compare, plan, verify, render."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from typing import Any

from benchmarks.measuring import report
from iop_core import BusinessOperation, BusinessService, target
from iop_production import Production, ProductionPlanOperation
from iop_production.deployed_model import DeployedModel

SIZES = (2_500, 10_000)


class Router(BusinessService):
    """A service with one port."""

    Output = target()


class Sink(BusinessOperation):
    """An operation."""


def production(rounds: int) -> None:
    """Measure what is done with a production of 2,500 and of 10,000 items; the second takes four times as long."""
    for size in SIZES:
        _measure(size, max(3, rounds // 5))


def _measure(size: int, rounds: int) -> None:
    authored, empty = _author(size), Production("P")
    data = authored.to_dict()
    changed = Production.from_dict(data)
    for ref in changed.items:
        ref.comment_as("changed")
    plan = authored.plan(changed)
    actions: dict[str, Callable[[], object]] = {
        "author": lambda: _author(size),
        "from_dict": lambda: Production.from_dict(data),
        "mermaid": authored.to_mermaid,
        "draft": authored.to_python,
        "class draft": authored.to_class,
        "diff and plan, all items new": lambda: authored.plan(empty),
        "diff and plan, one field of each item": lambda: authored.plan(changed),
        "inspect all items": lambda: authored.inspect_components(refresh=False),
        "verify": lambda: _verify(plan.operations, data),
    }
    for name, action in actions.items():
        report(f"production: {name}", items=size, seconds=statistics.median(_seconds(action) for _ in range(rounds)))


def _author(size: int) -> Production:
    prod = Production("P")
    for number in range(size // 2):
        sink = prod.operation(f"Sink {number}", Sink)
        prod.connect(prod.service(f"Router {number}", Router).Output, sink)
    return prod


def _verify(operations: tuple[ProductionPlanOperation, ...], data: dict[str, dict[str, Any]]) -> None:
    model = DeployedModel(data)
    assert all(operation.converged(model) for operation in operations)


def _seconds(action: Callable[[], object]) -> float:
    """Return the time of an action without garbage collection, as ``timeit`` does.

    A collection looks at every object there is, whoever made it, and would be taken for growth.
    """
    gc.collect()
    gc.disable()
    try:
        start = time.perf_counter()
        action()
        return time.perf_counter() - start
    finally:
        gc.enable()
