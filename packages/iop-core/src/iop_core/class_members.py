"""Members of users' classes, looked at without running any of their code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast


@dataclass(frozen=True, slots=True)
class Member:
    """A name of a class and what stands behind it.

    Attributes:
        owner: The class in whose body the value stands.
        value: As written: a property is the property, a static method is not unpacked.
    """

    owner: type
    value: object

    @property
    def is_framework(self) -> bool:
        """Whether IoP itself defines it, not a user."""
        return is_framework(self.owner)


def is_framework(cls: type) -> bool:
    """Return whether a class is one of IoP's own or of Python's."""
    module: str = getattr(cls, "__module__", "")  # code run by exec may have none
    return module == "iop_core" or module.startswith("iop_core.") or cls is object


def unbound(value: object) -> Any:
    """Return the function inside a static or class method, anything else as it is."""
    return cast("Any", value).__func__ if isinstance(value, (staticmethod, classmethod)) else value


def members_of(cls: type) -> Mapping[str, Member]:
    """Return what each name of a class stands for, those of bases first, in order of declaration."""
    found: dict[str, Member] = {}
    for owner in reversed(cls.__mro__):
        found.update({name: Member(owner, value) for name, value in vars(owner).items()})
    return found
