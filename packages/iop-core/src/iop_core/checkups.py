"""What ``iop doctor`` asks: checks of an installation and of its data, each finding with its repair."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from enum import Enum


class Health(str, Enum):
    """What a finding means."""

    GOOD = "good"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        subject: What was looked at, such as ``data directory``.
        health: What it means.
        text: What was found, in one line; never a secret.
        repair: What to do about it, in one line; empty where nothing has to be done.

    Example:
        >>> Finding("clock", Health.GOOD, "2026-11-22 22:00 UTC").to_dict()["health"]
        'good'
    """

    subject: str
    health: Health
    text: str
    repair: str = ""

    def to_dict(self) -> dict[str, str]:
        """Return the finding as plain text values."""
        return {**asdict(self), "health": self.health.value}


@dataclass(frozen=True, slots=True)
class CheckupPlace:
    """The place that a checkup is about.

    Attributes:
        url: URL of the backend; a checkup of another kind of backend finds nothing to say.
        namespace: The namespace.
    """

    url: str
    namespace: str


@dataclass(frozen=True, slots=True)
class Checkup:
    """A check that a plug-in offers through the hook ``iop_checkups``.

    Attributes:
        name: Unique, such as ``local-data``.
        find: Looks, without changing anything, and returns what it found. Looks are short: the
            whole of ``iop doctor`` is over in seconds.
    """

    name: str
    find: Callable[[CheckupPlace], Iterable[Finding]]
