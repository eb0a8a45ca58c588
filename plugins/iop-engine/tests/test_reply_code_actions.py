"""ReplyCodeActions: what can be written, and what it means, against a plain model."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iop_core.errors import SettingError
from iop_engine.reply_code_actions import Action, ReplyCodeActions, TryResult, Verdict

CODES = st.sampled_from(["E", "X", "E#5", "E#404", "E#-1", "E*time", "E*out", "E*a b", 'E*"x,y"', 'E*"(=)"'])
LETTERS = st.sampled_from(["C", "W", "R", "S", "D", "F", "RF", "RS", "RC", "WF", "RW", "DS", "RD", "WRS"])
LISTS = st.lists(st.tuples(st.lists(CODES, min_size=1, max_size=3), LETTERS), max_size=5)
RESULTS = st.one_of(
    st.builds(
        TryResult,
        error=st.sampled_from(["", "time out", "a b", "x,y", "(=)", "other"]),
        number=st.sampled_from([None, 5, 404, -1]),
    ),
    st.builds(TryResult, has_reply=st.booleans()),
)


def written(entries: list[tuple[list[str], str]], gap: str) -> str:
    """Return the text of a list."""
    parts = []
    for codes, letters in entries:
        left = codes[0] if len(codes) == 1 else f"({f',{gap}'.join(codes)})"
        parts.append(f"{gap}{left}{gap}={gap}{letters}")
    return ",".join(parts)


def is_for(code: str, result: TryResult) -> bool:
    """Say by plain means what a code is for."""
    if code == "X":
        return result.error is None and not result.has_reply
    if result.error is None:
        return False
    if code == "E":
        return True
    if code[1] == "#":
        return str(result.number) == code[2:]
    return code[2:].strip('"') in result.error


@given(LISTS, RESULTS, st.sampled_from(["", " "]))
def test_decision_is_that_of_the_model(entries, result, gap) -> None:
    decided = ReplyCodeActions.parse(written(entries, gap)).decide(result)
    matching = [letters for codes, letters in entries if any(is_for(code, result) for code in codes)]
    others = [letters for letters in matching if letters != "W"]
    warnings = matching.count("W") + (1 if others and "W" in others[0] else 0)
    if others:
        expected = set(others[0])
    elif warnings:
        expected = {"C"}
    else:
        expected = {"F"} if result.error is not None else set()
    assert {action.value for action in decided.actions} == expected
    assert len(decided.warnings) == warnings


@given(st.text(alphabet='EX#*=(),"CWRSDF 5at', max_size=30))
def test_any_text_is_read_or_refused(text) -> None:
    with suppress(SettingError):
        assert isinstance(ReplyCodeActions.parse(text).decide(TryResult("a")), Verdict)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("E", "no entry"),
        ("=F", "unknown code ''"),
        ("E=", "no action"),
        ("E=X", "unknown action 'X'"),
        ("E=f", "unknown action 'f'"),
        ("Q=F", "unknown code 'Q'"),
        ("E#abc=F", "unknown code 'E#abc'"),
        ("E*=F", "unknown code"),
        ("E=SF", "in two ways"),
        ("(E,X=F", "parenthesis"),
        ('E*"a=F', "quote"),
        (":?A=C", "unknown code ':?A'"),
    ],
)
def test_mistakes_are_named(text, said) -> None:
    with pytest.raises(SettingError) as error:
        ReplyCodeActions.parse(text)
    assert said in str(error.value)


def test_documented_default_fails() -> None:
    assert ReplyCodeActions.parse("E=F").decide(TryResult("any")) == Verdict(frozenset({Action.FAIL}))
    assert ReplyCodeActions.parse("").entries == ()


def test_codes_of_a_class_are_known_beside_the_others() -> None:
    codes = (":?E", ":?R", ":*")
    actions = ReplyCodeActions.parse("X=S,:?R=RF,(:?E,:*)=W,E=F", codes)
    assert actions.decide(TryResult(codes=(":?R",))).actions == {Action.RETRY, Action.FAIL}
    assert actions.decide(TryResult(codes=(":*",))) == Verdict(frozenset({Action.COMPLETE}), ("(:?E,:*)=W",))
    assert actions.decide(TryResult(codes=("?",))) == Verdict()
    assert actions.decide(TryResult("E failed", codes=(":?R",))).actions == {Action.FAIL}
    with pytest.raises(SettingError, match="of this class :\\?E"):
        ReplyCodeActions.parse(":?A=C", codes)
