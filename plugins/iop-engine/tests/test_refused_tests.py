"""Test messages are for productions that allow them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from iop import BusinessOperation, Director, Message, Production
from iop_core.errors import RefusedTestError


@dataclass
class Text(Message):
    text: str


class Out(BusinessOperation):
    starts = 0

    def on_init(self):
        Out.starts += 1

    def on_message(self, request):
        return Text(request.text.upper())


def production(director: Director, *, testing: bool) -> Production:
    made = Production("Demo.Refused", director=director, testing_enabled=testing)
    made.operation(Out)
    return made


def in_this_process(director: Director, made: Production) -> Callable[[], object]:
    return lambda: director.test_component("Out", Text("a"))


def by_class_name(director: Director, made: Production) -> Callable[[], object]:
    return lambda: director.test_component("Out", classname=f"{__name__}.Text", body={"text": "a"}, restart=True)


def by_the_production(director: Director, made: Production) -> Callable[[], object]:
    return lambda: made.test_component("Out", Text("a"))


@pytest.mark.parametrize("way", [in_this_process, by_class_name, by_the_production])
def test_refused_until_the_production_allows_it(tmp_path: Path, way: Callable[..., Callable[[], object]]) -> None:
    director = Director(f"local:{tmp_path}")
    made = production(director, testing=False)
    running = director.run(made)
    starts = Out.starts
    try:
        send = way(director, made)
        with pytest.raises(RefusedTestError, match=r"^'Demo.Refused' takes no test messages: .*testing_enabled=True"):
            send()
        assert (Out.starts, running.trace()) == (starts, None)
        assert running.call("Out", Text("b"), timeout_seconds=30) == Text("B")
        assert running.send("Out", Text("c"))
        running.update(production(director, testing=True).definition())
        assert send() == Text("A")
    finally:
        running.stop()
