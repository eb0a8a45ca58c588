"""The route check against real runs: what it reports has to happen for some input.

Random components are written as source, checked, and run with their configuration as it is
and with many inputs. A mistake that is reported and that no run makes is a false alarm.
"""

from __future__ import annotations

import linecache
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, product
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iop_core import BusinessOperation, BusinessProcess, Message, handler, setting, target
from iop_production import Production, ProductionValidationWarning


@dataclass
class A(Message):
    """Has a field of its own for each kind of question, so that the answers do not depend on each other."""

    text: str = ""
    rows: str = ""
    number: str = ""
    one: bool = False
    two: bool = False
    three: bool = False


@dataclass
class B(A):
    pass


@dataclass
class C(Message):
    text: str = ""
    rows: str = ""
    number: str = ""
    one: bool = False
    two: bool = False
    three: bool = False


class TakesA(BusinessOperation):
    @handler(A)
    def take(self, request: A) -> None: ...


class TakesB(BusinessOperation):
    @handler(B)
    def take(self, request: B) -> None: ...


class Sender(BusinessProcess):
    ToA = target("TakesA")
    ToB = target("TakesB")
    Open = target()
    Mode = setting("")
    Number = setting(0)


def give_a(text: str) -> A:
    return B(text) if text == "x" else A(text)


def give_any(text: str) -> Any:
    return C(text)


def is_on(*given: object) -> bool:
    return False


NAMES = {"A": A, "B": B, "C": C, "Sender": Sender, "give_a": give_a, "give_any": give_any, "is_on": is_on, "ON": False}
# What a made method does not assign itself is found in its module.
NAMES |= {"message": A(), "other": B(), "kind": A, "word": "x", "mode": "", "first": "", "port": "TakesA"}
HANDLED = {"TakesA": A, "TakesB": B}

PORTS = st.sampled_from(["self.ToA", "self.ToB", "self.Open", "'TakesA'", "'TakesB'", "'Gone'", "port"])
MESSAGES = st.sampled_from(
    ["A()", "B()", "C()", "give_a(request.rows)", "give_any('')", "message", "other", "request", "kind()",
     "self.make()", "A() if request.one else C()", "B() if self.Mode else C()", "(found := C())"]
)  # fmt: skip
CONDITIONS = st.sampled_from(
    ["request.one", "request.two", "not request.one", "request.three and not request.two", "request.one or request.two",
     "self.Mode", "self.Mode == 'x'", "not self.Open", "ON", "not ON", "is_on()", "is_on(self.Mode)", "True", "False",
     "self.Number > len(request.rows)", "request.one and self.Mode", "request.two or ON", "isinstance(request, B)",
     "not (request.one and request.three)", "mode", "self.asks()", "message is None"]
)  # fmt: skip
LOOPS = st.sampled_from(
    ["request.rows", "self.Mode", "range(self.Number)", "range(2)", "()", "request.rows.split()", "self.Mode.split()",
     "sorted(request.rows)", "[*self.Mode]", "mode"]
)  # fmt: skip
VALUES = st.sampled_from(
    ["message = C()", "message = A()", "other = B()", "kind = C", "kind = A", "port = self.ToA", "port = self.ToB",
     "word = request.rows", "mode = self.Mode", "first = request.rows[:1]", "port = self.Open", "word: str = ''",
     "self.ToA = 'TakesB'", "message, other = A(), C()", "del message", "request = C()", "word += 'x'"]
)  # fmt: skip
EXITS = st.sampled_from(["return", "raise ValueError", "pass", "break"])
SENDS = st.builds("self.send_request_async({}, {})".format, PORTS, MESSAGES)
CALLS = st.sampled_from(["self.helper(request)", "self.helper(C())", "self.later(self.helper)", "super().on_init()"])
SIMPLE = st.one_of(SENDS, SENDS, SENDS, VALUES, EXITS, CALLS)


def indent(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def blocks(inner: st.SearchStrategy[list[str]]) -> st.SearchStrategy[list[str]]:
    body = st.lists(inner, min_size=1, max_size=3).map(lambda parts: indent([line for part in parts for line in part]))
    both = st.tuples(body, body)
    return st.one_of(
        st.builds(lambda test, two: [f"if {test}:", *two[0], "else:", *two[1]], CONDITIONS, both),
        st.builds(lambda test, one: [f"if {test}:", *one], CONDITIONS, body),
        st.builds(lambda test, one: [f"while {test}:", *one, "    break"], CONDITIONS, body),
        st.builds(lambda over, one: [f"for word in {over}:", *one], LOOPS, body),
        st.builds(
            lambda over, test, one: [f"for word in {over}:", f"    if {test}:", "        continue", *one],
            LOOPS,
            CONDITIONS,
            body,
        ),
        st.builds(lambda two: ["try:", *two[0], "except ValueError:", *two[1]], both),
        st.builds(lambda one: ["try:", "    int(request.number)", "except ValueError:", *one], body),
        st.builds(lambda two: ["try:", *two[0], "finally:", *two[1]], both),
        st.builds(lambda one: ["with self:", *one], body),
        st.builds(
            lambda two: ["match request.text:", "    case 'x':", *indent(two[0]), "    case _:", *indent(two[1])], both
        ),
        st.builds(
            lambda two: ["match self.Mode:", "    case 'x':", *indent(two[0]), "    case _:", *indent(two[1])], both
        ),
        st.builds(lambda one: ["def inner(self):", *one], body),
        st.builds(lambda test, send: [f"{test} and {send}"], CONDITIONS, SENDS),
        st.builds(lambda over, send: [f"[{send} for word in {over}]"], LOOPS, SENDS),
        st.builds(lambda over, send: [f"({send} for word in {over})"], LOOPS, SENDS),
    )


STATEMENTS = st.recursive(SIMPLE.map(lambda line: [line]), blocks, max_leaves=8)
BODIES = st.lists(STATEMENTS, min_size=1, max_size=5).map(lambda parts: [line for part in parts for line in part])
NUMBERS = count()
# Asked twice, they would have to give the same answer.
ASKED_ONCE = ("int(request.number)", "match request.text")


def source_of(handling: list[str], helper: list[str]) -> str:
    helper = [
        line.replace("self.helper(", "str(").replace("self.later(self.helper)", "pass") for line in helper
    ]  # no loops
    lines = ["class Made(Sender):", "    def on_request(self, request):", *indent(indent(handling))]
    lines += ["    def helper(self, request, extra=None):", *indent(indent(helper))]
    lines += ["    def make(self) -> C:", "        return C()", "    def asks(self):", "        return False"]
    lines += ["    def later(self, call):", "        call(A('z'))"]
    lines += ["    def __enter__(self): return self", "    def __exit__(self, kind, *error): return kind is ValueError"]
    return "\n".join(lines) + "\n"


def load(source: str) -> type[Sender] | None:
    """Return the class of a source, None when it is no Python (a break outside of a loop)."""
    file = f"<made {next(NUMBERS)}>"
    try:
        code = compile(source, file, "exec")
    except SyntaxError:
        return None
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    names: dict[str, Any] = {**NAMES, "__name__": __name__}
    exec(code, names)
    made: type[Sender] = names["Made"]
    return made


def reported(made: type[Sender], mode: str) -> set[tuple[str, str]]:
    """Return pairs of target and message class, or of target and nothing, that are reported."""
    prod = Production("P")
    prod.process("S", made, settings={"Mode": mode})
    prod.operation(TakesA)
    prod.operation(TakesB)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ProductionValidationWarning)
        texts = [issue.message for issue in prod.validate().issues]
    return {pair for text in texts for pair in pairs_in(text)}


def pairs_in(text: str) -> Iterator[tuple[str, str]]:
    sent = text.partition(") sends ")[2]
    if ", and the production" in sent or "which is not connected" in sent:
        yield (sent.split("'")[1], "")
    else:
        names, _, rest = sent.partition(" to '")
        yield (rest.partition("'")[0], names)


def happening(made: type[Sender], mode: str) -> set[tuple[str, str]] | None:
    """Return what really goes wrong, by the same pairs, over many inputs; None for a method that is broken itself."""
    found: set[tuple[str, str]] = set()

    def send(self: Sender, to: object, message: object, *_: object) -> None:
        name = {"": "Open"}.get(str(to), str(to))
        if name in ("Gone", "Open"):
            found.add((name, ""))
        elif not isinstance(message, HANDLED[name]):
            found.add((name, f"{__name__}.{type(message).__name__}"))

    recorder = type("Recorder", (made,), {"send_request_async": send})
    answers = (["", "x", "y"], ["", "ab cd"], ["", "7"], *([False, True],) * 3)
    for message_class, *fields in product([A, B, C], *answers):
        component: Any = recorder.__new__(recorder)
        component.ToA, component.ToB, component.Open, component.Mode = "TakesA", "TakesB", "", mode
        try:
            component.on_request(message_class(*fields))
        except ValueError:
            pass
        except (NameError, AttributeError, TypeError):
            return None
    return found


@pytest.mark.parametrize("mode", ["", "x"])
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(handling=BODIES, helper=BODIES)
def test_no_false_alarm(mode: str, handling: list[str], helper: list[str]) -> None:
    source = source_of(handling, helper)
    made = load(source)
    if made is None or any(source.count(question) > 1 for question in ASKED_ONCE):
        return
    real = happening(made, mode)
    if real is None:
        return
    for name, message in reported(made, mode):
        classes = message.split(" or ")
        assert any((name, one) in real for one in classes), f"{name} {message}\n{source}"


def test_the_sources_do_hold_mistakes() -> None:
    made = load(source_of(["if request.one:", "    self.helper(request)"], ["self.send_request_async(self.ToA, C())"]))
    assert made is not None
    assert reported(made, "") == happening(made, "") == {("TakesA", f"{__name__}.C")}
