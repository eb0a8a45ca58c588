"""The sections of a settings file: upper-case names with a meaning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import cast

from iop_core.errors import IopError, SettingsFileError
from iop_production import Production

PRODUCTIONS = "PRODUCTIONS"
# All sections there are; CLASSES is read by message_classes.
SECTIONS = (PRODUCTIONS, "CLASSES", "SCHEMAS", "REMOTE_SETTINGS")


def read_productions(names: Mapping[str, object], file: Path) -> tuple[Production, ...]:
    """Return the productions among the module-level names of a settings file.

    Raises:
        SettingsFileError: There is none, one is unusable, two have the same name, or a
            name looks like a misspelt section.
    """
    _check_near_misses(names, file)
    if PRODUCTIONS in names:
        section = names[PRODUCTIONS]
        if not isinstance(section, (list, tuple)):
            raise SettingsFileError(
                f"{file}: PRODUCTIONS is a {type(section).__name__}; write a list: PRODUCTIONS = [production]"
            )
        entries = cast("Sequence[object]", section)
        productions = [_production(entry, f"{file}: PRODUCTIONS[{index}]") for index, entry in enumerate(entries)]
    else:
        # By identity: the same production may have two names.
        found = {id(value): value for value in names.values() if isinstance(value, Production)}
        productions = list(found.values())
        if not productions:
            raise SettingsFileError(f"{file} has no production; add a line: PRODUCTIONS = [production]")
    _check_duplicates(productions, file)
    return tuple(productions)


def _production(entry: object, place: str) -> Production:
    if isinstance(entry, Production):
        return entry
    if isinstance(entry, type) and issubclass(entry, Production):
        try:
            return entry()
        except (IopError, TypeError) as exc:
            raise SettingsFileError(f"{place}: {entry.__name__}() failed: {exc}") from exc
    given = entry.__name__ if isinstance(entry, type) else f"a {type(entry).__name__}"
    raise SettingsFileError(f"{place} is {given}, not a Production")


def _check_near_misses(names: Mapping[str, object], file: Path) -> None:
    for name, value in names.items():
        if name in SECTIONS or not isinstance(value, (list, tuple, dict)):
            continue
        # Lower-case names are ordinary variables, unless the section itself is missing.
        if not name.isupper() and PRODUCTIONS in names:
            continue
        sections = SECTIONS if name.isupper() else (PRODUCTIONS,)
        close = get_close_matches(name.upper(), sections, n=1, cutoff=0.85)
        if close:
            raise SettingsFileError(f"{file}: {name!r} is no section of a settings file (did you mean {close[0]!r}?)")


def _check_duplicates(productions: list[Production], file: Path) -> None:
    names = [production.name for production in productions]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SettingsFileError(f"{file}: several productions have the same name: {', '.join(twice)}; rename one")
