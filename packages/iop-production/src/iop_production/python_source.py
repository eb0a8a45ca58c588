"""Pieces of Python source made from text that may be hostile.

Names, warnings and values come from elsewhere. They get into a source only as literals,
as names that are checked, or as comments that cannot end early.
"""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping

from iop_production.texts import boolean_of

_WHOLE_NUMBER = re.compile(r"0|[1-9][0-9]{0,17}")
_WIDTH = 88


def literal(text: str) -> str:
    """Return the literal of a value from its text; one that is written as the same text again.

    Example:
        >>> literal("10"), literal("010"), literal("true"), literal("True")
        ('10', "'010'", 'True', "'True'")
    """
    return text.capitalize() if text in ("true", "false") else number_literal(text)


def number_literal(text: str) -> str:
    """Return a whole number as it is, and a literal of any other text."""
    return text if _WHOLE_NUMBER.fullmatch(text) else repr(text)


def boolean_literal(text: str) -> str:
    """Return ``True`` or ``False`` for text that means one of them, else a literal of the text."""
    truth = boolean_of(text)
    return repr(text if truth is None else truth)


def dict_literal(values: Mapping[str, str], indent: str) -> str:
    """Return a literal of settings: on one line if it fits, else one line for each."""
    pairs = [f"{name!r}: {literal(text)}" for name, text in values.items()]
    line = f"{{{', '.join(pairs)}}}"
    if len(indent) + len(line) <= _WIDTH:
        return line
    return "\n".join(["{", *(f"{indent}    {pair}," for pair in pairs), f"{indent}}}"])


def comment(text: str) -> str:
    r"""Return text as one comment line, whatever it holds.

    Example:
        >>> comment("one\nimport os")
        '# one import os'
    """
    return "# " + "".join(character if character.isprintable() else " " for character in text)


def variable_names(names: Iterable[str], reserved: Collection[str]) -> dict[str, str]:
    """Return a variable for each name, all different and none of them reserved.

    Example:
        >>> list(variable_names(["File In", "1 op", "class", "***", "file in"], ()).values())
        ['file_in', 'component_1_op', 'class_component', 'component', 'file_in_2']
    """
    variables: dict[str, str] = {}
    taken = set(reserved)
    numbers: dict[str, int] = {}
    for name in names:
        stem = variable = _variable(name, reserved)
        while variable in taken:
            numbers[stem] = numbers.get(stem, 1) + 1
            variable = f"{stem}_{numbers[stem]}"
        taken.add(variable)
        variables[name] = variable
    return variables


def _variable(name: str, reserved: Collection[str]) -> str:
    word = "_".join(_words(name)).lower().strip("_") or "component"
    if not word.isidentifier():
        word = f"component_{word}"
    return f"{word}_component" if keyword.iskeyword(word) or word in reserved else word


def class_name(name: str, reserved: Collection[str]) -> str:
    """Return a class name for a production of that name.

    Example:
        >>> [class_name(name, ("Production",)) for name in ("Demo.Production", "PEX.my_prod", "1abc", "Production")]
        ['DemoProduction', 'MyProd', 'Generated1abc', 'ProductionDefinition']
    """
    words = [word for word in _words(name) if word.strip("_")] or ["GeneratedProduction"]
    words = words[-2:] if words[-1] == "Production" else words[-1:]
    found = "".join(part[:1].upper() + part[1:] for word in words for part in word.split("_"))
    if not found.isidentifier():
        found = f"Generated{found}"
    found = unicodedata.normalize("NFKC", found)  # an accent may have met a letter
    return f"{found}Definition" if keyword.iskeyword(found) or found in reserved else found


def _words(name: str) -> list[str]:
    # Python reads identifiers in this normal form: without it two variables could be one. What
    # is in it stays in it in lower case.
    normal = unicodedata.normalize("NFKC", name)
    return "".join(character if f"_{character}".isidentifier() else " " for character in normal).split()
