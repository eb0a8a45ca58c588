"""Sub-commands of ``iop`` as plug-ins, described without importing them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CommandEntry:
    """Where a sub-command lives; it is imported when it is first used.

    Attributes:
        name: Word after ``iop``.
        summary: One line for ``iop --help``.
        location: ``module:attribute`` of a click command.
    """

    name: str
    summary: str
    location: str
