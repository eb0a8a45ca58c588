"""ReplyCodeActions: what an operation does when a try ends with an error, or without a reply.

A list such as ``E*refused=R,E#5002=SW,X=C,E=F``: entries separated by commas, each one code
or several in parentheses, an equals sign, and letters for what to do. The codes and letters
are those of InterSystems operations. A class of operations may have more codes, for what its
replies say: an HL7 operation those for acknowledgements.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import Enum

from iop_core.errors import SettingError

DEFAULT_REPLY_CODE_ACTIONS = "E=F"

_ENTRY = re.compile(r"(?P<codes>\(.*\)|.*?)\s*=\s*(?P<actions>[^=]*)", re.DOTALL)
_NUMBER = re.compile(r"E#-?\d+")
_QUOTES = re.compile(r'"[^"]*"')


class Action(str, Enum):
    """What to do with a message; the values are the letters in the setting.

    Attributes:
        COMPLETE: Take it as completed.
        WARN: Log a warning; with nothing else, complete it.
        RETRY: Try it again, until FailureTimeout is over.
        SUSPEND: Set it aside for an operator.
        DISABLE: Disable the item; the message goes back to the front unless the entry ends it.
        FAIL: End it in error.
    """

    COMPLETE = "C"
    WARN = "W"
    RETRY = "R"
    SUSPEND = "S"
    DISABLE = "D"
    FAIL = "F"


_ENDS = frozenset({Action.COMPLETE, Action.SUSPEND, Action.FAIL})


@dataclass(frozen=True, slots=True)
class TryResult:
    """How a try ended, as far as the codes look at it.

    Attributes:
        error: The error in one line, None when there was none.
        number: The number of the error; None when it has none.
        has_reply: True when there was a reply.
        codes: What the operation says of its reply, in codes of its own.
    """

    error: str | None = None
    number: int | None = None
    has_reply: bool = True
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the list.

    Attributes:
        codes: What it is for.
        actions: What is done then.
        text: As it was written.
    """

    codes: tuple[str, ...]
    actions: frozenset[Action]
    text: str

    @property
    def is_warning_only(self) -> bool:
        """True when it only warns."""
        return self.actions == frozenset({Action.WARN})

    def matches(self, result: TryResult) -> bool:
        """Return whether one of its codes is for this result."""
        return any(_matches(code, result) for code in self.codes)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do with a message whose try ended.

    Attributes:
        actions: What the deciding entry says; empty when none matched.
        warnings: The entries that ask for a warning, as they were written.
    """

    actions: frozenset[Action] = frozenset()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReplyCodeActions:
    """A list of what to do.

    Attributes:
        entries: In the order in which they were written.
        minds_replies: True when an entry is for results without an error.
    """

    entries: tuple[Entry, ...]
    minds_replies: bool

    @classmethod
    def parse(cls, text: str, more_codes: Collection[str] = ()) -> ReplyCodeActions:
        """Read the text of the setting.

        Codes: ``E`` for any error, ``E#5002`` for the error of that number, ``E*text`` for one
        whose text has these words in it (in quotes when they hold a comma, a parenthesis or
        an equals sign: ``E*"a,b"``), and ``X`` for no reply.

        Args:
            text: The text.
            more_codes: Codes that the class of the operation has for its replies.

        Raises:
            SettingError: It cannot be understood; the text names the entry.
        """
        entries = tuple(_entry(part.strip(), more_codes) for part in _parts(text) if part.strip())
        of_replies = {"X", *more_codes}
        return cls(entries, any(not of_replies.isdisjoint(entry.codes) for entry in entries))

    def decide(self, result: TryResult) -> Verdict:
        """Return what to do: every matching entry that only warns, then the first other one that matches.

        An error that no entry is for ends the message in error.
        """
        matching = [entry for entry in self.entries if entry.matches(result)]
        warnings = [entry for entry in matching if entry.is_warning_only]
        deciding = next((entry for entry in matching if not entry.is_warning_only), None)
        if deciding is not None:
            if Action.WARN in deciding.actions:
                warnings.append(deciding)
            actions = deciding.actions
        elif warnings:
            actions = frozenset({Action.COMPLETE})
        else:
            actions = frozenset({Action.FAIL}) if result.error is not None else frozenset[Action]()
        return Verdict(actions, tuple(entry.text for entry in warnings))


def _matches(code: str, result: TryResult) -> bool:
    if code == "X":
        return result.error is None and not result.has_reply
    if result.error is None:
        return code in result.codes
    if code.startswith("E#"):
        return result.number == int(code[2:])
    return code == "E" or (code.startswith("E*") and code[2:] in result.error)


def _parts(text: str) -> Iterator[str]:
    """Split at commas outside of parentheses and quotes."""
    depth, is_quoted, start = 0, False, 0
    for position, letter in enumerate(text):
        if letter == '"':
            is_quoted = not is_quoted
        elif is_quoted:
            continue
        elif letter in "()":
            depth += 1 if letter == "(" else -1
        elif letter == "," and depth == 0:
            yield text[start:position]
            start = position + 1
    if is_quoted or depth:
        raise SettingError(f"{text!r} has a {'quote' if is_quoted else 'parenthesis'} without its partner")
    yield text[start:]


def _entry(text: str, more_codes: Collection[str]) -> Entry:
    # What is in quotes says nothing about the form.
    found = _ENTRY.fullmatch(_QUOTES.sub(lambda quoted: "q" * len(quoted[0]), text))
    if found is None:
        raise SettingError(f"{text!r} is no entry; write a code, '=' and actions, such as E=F or (E#5,X)=RS")
    codes = text[: found.end("codes")]
    listed = codes[1:-1] if codes.startswith("(") else codes
    return Entry(
        tuple(_code(code.strip(), text, more_codes) for code in _parts(listed)),
        _actions(found["actions"].strip(), text),
        text,
    )


def _code(code: str, entry: str, more_codes: Collection[str]) -> str:
    if code in ("E", "X") or code in more_codes or _NUMBER.fullmatch(code):
        return code
    words = code[2:].strip()
    if code.startswith("E*") and words.strip('"'):
        return f"E*{words[1:-1] if words.startswith(chr(34)) else words}"
    more = f", and of this class {', '.join(more_codes)}" if more_codes else ""
    raise SettingError(
        f"{entry!r}: unknown code {code!r}; codes: E (any error), E#number, E*text (text in the error), X (no reply)"
        f"{more}"
    )


def _actions(letters: str, entry: str) -> frozenset[Action]:
    known = {action.value for action in Action}
    unknown = sorted(set(letters) - known)
    if not letters or unknown:
        raise SettingError(
            f"{entry!r}: {'no action' if not letters else f'unknown action {unknown[0]!r}'}; actions: C (complete), "
            "W (warn), R (retry), S (suspend), D (disable), F (fail), or several such as RF"
        )
    actions = frozenset(Action(letter) for letter in letters)
    if len(actions & _ENDS) > 1:
        raise SettingError(f"{entry!r} ends a message in two ways; give one of C, S and F")
    return actions
