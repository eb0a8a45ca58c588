"""The flags of older programs, such as ``iop -s Demo.P -D``, as the sub-commands that do the same.

``sub_command_line`` turns a command line as people write it into one that starts with a
sub-command. The flags and their values are those of the command-line contract, section 1.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

import click


class Value(Enum):
    """Whether a flag takes a value."""

    NONE = "none"
    OPTIONAL = "optional"
    NEEDED = "needed"


@dataclass(frozen=True, slots=True)
class Deed:
    """A flag that says what to do.

    Attributes:
        value: Whether it takes a value.
        command: The sub-command, which the value follows.
        without: The sub-command when there is no value; empty: the same.
        value_option: Option that the value belongs to; empty: it is an argument.
        modifiers: Flags that go with it, to the option of the sub-command.
    """

    value: Value
    command: tuple[str, ...]
    without: tuple[str, ...] = ()
    value_option: str = ""
    modifiers: dict[str, str] = field(default_factory=dict[str, str])


_DRY_RUN = {"--dry-run": "--dry-run", "--explain": "--dry-run", "--strict-production-validation": "--strict"}
_DESTRUCTIVE = {"--allow-destructive": "--allow-destructive"}
_LOG = ("log", "--format", "columns", "--limit")

DEEDS = {
    "--default": Deed(Value.OPTIONAL, ("default",)),
    "--list": Deed(Value.NONE, ("list", "--json")),
    "--start": Deed(Value.OPTIONAL, ("start",), modifiers={"--detach": "--detach"}),
    "--stop": Deed(Value.NONE, ("stop",)),
    "--kill": Deed(Value.NONE, ("kill",)),
    "--restart": Deed(Value.NONE, ("restart",)),
    "--update": Deed(Value.NONE, ("update",)),
    "--status": Deed(Value.NONE, ("status", "--json")),
    "--migrate": Deed(Value.NEEDED, ("migrate",), modifiers=_DRY_RUN),
    "--export": Deed(Value.OPTIONAL, ("export",), ("export", "--default"), modifiers={"--format": "--format"}),
    "--log": Deed(Value.OPTIONAL, _LOG[:-1], (*_LOG, "10", "--follow"), value_option="--limit"),
    "--queue": Deed(Value.OPTIONAL, ("queue", "--json"), ("queue", "--json", "--default")),
    "--init": Deed(Value.OPTIONAL, ("init",)),
    "--bindings": Deed(Value.NONE, ("bindings", "list", "--json"), modifiers={"--unused": "--unused"}),
    "--unbind": Deed(Value.NEEDED, ("bindings", "remove")),
    "--test": Deed(
        Value.OPTIONAL, ("test",), ("test", ""), modifiers={"--classname": "--classname", "--body": "--body"}
    ),
    "--plan": Deed(Value.NEEDED, ("plan", "build"), modifiers={"--production": "--production", "--out": "--out"}),
    "--review-plan": Deed(Value.NEEDED, ("plan", "review")),
    "--verify-plan": Deed(Value.NEEDED, ("plan", "verify")),
    "--apply-plan": Deed(
        Value.NEEDED,
        ("plan", "apply"),
        modifiers={
            "--settings": "--settings",
            "--production": "--production",
            "--backup-dir": "--backup-dir",
            **_DESTRUCTIVE,
        },
    ),
    "--rollback-backup": Deed(Value.NEEDED, ("plan", "rollback"), modifiers=_DESTRUCTIVE),
    "--install-agent-guidance": Deed(
        Value.OPTIONAL, ("guidance",), modifiers={"--agent": "--agent", "--force-agent-guidance": "--force"}
    ),
}

# Options of all sub-commands, which may also stand before the sub-command.
SHARED = {
    "--namespace": (Value.OPTIONAL, "--namespace"),
    "--remote-settings": (Value.NEEDED, "--remote-settings"),
    "--force-local": (Value.NONE, "--local"),
    "--local": (Value.NONE, "--local"),
    "--url": (Value.NEEDED, "--url"),
    "--data-dir": (Value.NEEDED, "--data-dir"),
    "--json": (Value.NONE, "--json"),
    "--yes": (Value.NONE, "--yes"),
    "--timeout": (Value.NEEDED, "--timeout"),
    "--no-restart": (Value.NONE, "--no-restart"),
}

# Options of ``iop`` itself.
OWN = ("--debug", "--quiet", "--help", "--version")

_MODIFIERS = {
    "--detach": Value.NONE,
    "--format": Value.NEEDED,
    "--unused": Value.NONE,
    "--classname": Value.OPTIONAL,
    "--body": Value.OPTIONAL,
    "--production": Value.NEEDED,
    "--out": Value.NEEDED,
    "--settings": Value.NEEDED,
    "--backup-dir": Value.NEEDED,
    "--allow-destructive": Value.NONE,
    "--dry-run": Value.NONE,
    "--explain": Value.NONE,
    "--strict-production-validation": Value.NONE,
    "--agent": Value.NEEDED,
    "--force-agent-guidance": Value.NONE,
}

LETTERS = {
    "d": "--default",
    "l": "--list",
    "s": "--start",
    "S": "--stop",
    "k": "--kill",
    "r": "--restart",
    "u": "--update",
    "x": "--status",
    "m": "--migrate",
    "M": "--migrate",
    "e": "--export",
    "L": "--log",
    "q": "--queue",
    "i": "--init",
    "t": "--test",
    "D": "--detach",
    "C": "--classname",
    "B": "--body",
    "R": "--remote-settings",
    "n": "--namespace",
    "v": "--version",
    "h": "--help",
}

_VALUES = {
    **{name: deed.value for name, deed in DEEDS.items()},
    **{name: value for name, (value, _) in SHARED.items()},
    **_MODIFIERS,
    **dict.fromkeys(OWN, Value.NONE),
}
_NUMBER = re.compile(r"-\d+")


def sub_command_line(args: Sequence[str]) -> list[str]:
    """Return a command line that starts with options of ``iop`` itself and a sub-command.

    Options of sub-commands that stand before the sub-command are moved behind it.

    Raises:
        click.UsageError: Several flags say what to do, one does not go with another, or a
            value is missing.

    Example:
        >>> sub_command_line(["-xn", "DEV"])
        ['status', '--json', '--namespace=DEV']
        >>> sub_command_line(["--json", "queue"])
        ['queue', '--json']
    """
    found, rest = _read(list(args))
    own = [name for name, _ in found if name in OWN]
    shared = [part for name, value in found if name in SHARED for part in _option(SHARED[name][1], value)]
    deeds = [(name, value) for name, value in found if name in DEEDS]
    modifiers = [(name, value) for name, value in found if name in _MODIFIERS]
    if not deeds:
        if modifiers:
            raise click.UsageError(f"{modifiers[0][0]} says nothing without a sub-command that takes it")
        if rest is None:
            return [*own, *shared]
        end = rest.index("--") if "--" in rest else len(rest)
        return [*own, *rest[:end], *shared, *rest[end:]]
    if len(deeds) > 1:
        raise click.UsageError(f"{deeds[0][0]} and {deeds[1][0]} are two things to do; give one")
    if rest is not None:
        raise click.UsageError(f"unexpected argument {rest[0]!r} after {deeds[0][0]}")
    return [*own, *_translated(*deeds[0], modifiers), *shared]


def _translated(name: str, value: str | None, modifiers: Sequence[tuple[str, str | None]]) -> list[str]:
    deed = DEEDS[name]
    line = list(deed.without or deed.command) if value is None else list(deed.command)
    if value is not None:
        line += _option(deed.value_option, value) if deed.value_option else [value]
    for modifier, given in modifiers:
        if modifier not in deed.modifiers:
            raise click.UsageError(f"{modifier} does not go with {name}")
        if given is None and _MODIFIERS[modifier] is Value.OPTIONAL:
            continue  # as before: the same as not given
        line += _option(deed.modifiers[modifier], given)
    return line


def _option(name: str, value: str | None) -> list[str]:
    if value is not None:
        return [f"{name}={value}"]
    # A value that may be missing: said with nothing.
    return [f"{name}="] if _VALUES.get(name) is Value.OPTIONAL else [name]


def _read(args: list[str]) -> tuple[list[tuple[str, str | None]], list[str] | None]:
    """Return the options at the beginning with their values, and what follows; None for nothing."""
    found: list[tuple[str, str | None]] = []
    while args:
        if not args[0].startswith("-") or args[0] in {"-", "--"}:
            return found, args
        word = args.pop(0)
        if word.startswith("--"):
            name, equals, text = word.partition("=")
            if name not in _VALUES:
                return found, [word, *args]
            found.append((name, _value(name, text if equals else None, args)))
            continue
        found += _letters(word[1:], args)
    return found, None


def _letters(letters: str, args: list[str]) -> list[tuple[str, str | None]]:
    """Return the options of ``-xn``: a letter that takes a value takes the rest of the word, or the next one."""
    found: list[tuple[str, str | None]] = []
    while letters:
        letter, letters = letters[0], letters[1:]
        name = LETTERS.get(letter)
        if name is None:
            raise click.UsageError(f"no such option: -{letter}")
        if _VALUES[name] is Value.NONE:
            found.append((name, None))
            continue
        found.append((name, _value(name, letters.removeprefix("=") or None, args)))
        break
    return found


def _value(name: str, given: str | None, args: list[str]) -> str | None:
    kind = _VALUES[name]
    if kind is Value.NONE:
        if given is not None:
            raise click.UsageError(f"{name} takes no value")
        return None
    if given is None and args and (not args[0].startswith("-") or _NUMBER.fullmatch(args[0])):
        return args.pop(0)
    if given is None and kind is Value.NEEDED:
        raise click.UsageError(f"{name} needs a value")
    return given
