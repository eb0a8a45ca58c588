"""Removing what is no longer needed, with a proof of what went.

The rules are those of the message purge of InterSystems interoperability, with two differences:
bodies go with their headers unless one says otherwise, and what has not ended is never removed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

from iop_core.errors import ConfigurationError, did_you_mean

# What a purge removes unless it is told what; and what it can remove.
PURGE_TYPES = ("messages", "processes", "events", "io")
ALL_PURGE_TYPES = (*PURGE_TYPES, "audit")

DEFAULT_DAYS_TO_KEEP = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class PurgeOptions:
    """What a purge removes.

    Attributes:
        days_to_keep: Days that are kept; today, in the zone of the machine, counts as one. 0: all goes.
        before: What is older goes; None: ``days_to_keep`` says so.
        keep_integrity: True: a session goes as a whole or not at all; one that is not over stays,
            however old. False: each message that has ended is judged by itself.
        bodies_too: Whether bodies go with the last header that has them, unless their class says
            ``purgeable=False``.
        items: Only what these items sent, received or logged; empty: everything.
        types: Which of ``ALL_PURGE_TYPES``: ``messages`` (headers and bodies), ``processes`` (ended
            instances), ``events`` (the event log), ``io`` (the I/O log), and, only when named,
            ``audit`` (what operators did).
        keep_errors_days: Days that errors are kept, when that is longer: sessions with a message
            that ended in error, errors and alerts of the event log, failed exchanges of the I/O
            log. 0: no longer than the rest.

    Raises:
        ConfigurationError: A value that cannot be used.
    """

    days_to_keep: int = DEFAULT_DAYS_TO_KEEP
    before: datetime | None = None
    keep_integrity: bool = True
    bodies_too: bool = True
    items: tuple[str, ...] = ()
    types: tuple[str, ...] = PURGE_TYPES
    keep_errors_days: int = 0

    def __post_init__(self) -> None:
        for field_name in ("days_to_keep", "keep_errors_days"):
            if getattr(self, field_name) < 0:
                raise ConfigurationError(f"{field_name}={getattr(self, field_name)} cannot be used: give 0 or more")
        if self.before is not None and self.before.tzinfo is None:
            raise ConfigurationError(f"before={self.before.isoformat()} has no time zone: give one, such as UTC")
        for name in self.types:
            if name not in ALL_PURGE_TYPES:
                known = ", ".join(ALL_PURGE_TYPES)
                raise ConfigurationError(
                    f"types: {name!r} is not known{did_you_mean(name, ALL_PURGE_TYPES)}; types: {known}"
                )
        if self.items and "audit" in self.types:
            raise ConfigurationError("the audit is no matter of single items: purge it without items")

    def limit(self, now: datetime) -> datetime:
        """Return the moment before which things go.

        Args:
            now: The present.

        Example:
            >>> from datetime import timezone
            >>> noon = datetime(2026, 1, 10, 12, tzinfo=timezone.utc)
            >>> PurgeOptions(days_to_keep=0).limit(noon) == noon
            True
        """
        if self.before is not None:
            return self.before
        if not self.days_to_keep:
            return now
        return _first_moment(self.days_to_keep, now)

    def error_limit(self, now: datetime) -> datetime:
        """Return the moment before which errors go.

        Args:
            now: The present.
        """
        limit = self.limit(now)
        return min(limit, _first_moment(self.keep_errors_days, now)) if self.keep_errors_days else limit


def _first_moment(days: int, now: datetime) -> datetime:
    """Return when the first of so many days began, of which the present one is the last."""
    today = now.astimezone().replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    # By the calendar and not by hours, as a day may have 23 or 25 of them.
    return (today - timedelta(days=days - 1)).astimezone(now.tzinfo)


DEFAULT_PURGE = PurgeOptions()


def never() -> bool:
    """Return False: nobody calls it off."""
    return False


@dataclass(frozen=True, slots=True)
class DailyPurge:
    """A purge that a production has made every day by itself.

    Attributes:
        at: When, by the clock on the wall.
        options: What goes.
    """

    at: time
    options: PurgeOptions = DEFAULT_PURGE


@dataclass(frozen=True, slots=True, kw_only=True)
class PurgeResult:
    """What a purge did: the proof is kept in the audit.

    Attributes:
        limit: What is older went.
        is_dry_run: True: nothing was removed; ``removed`` says what would be.
        removed: Table to number of rows that were removed.
        before: Table to number of rows before the purge.
        after: The same after it; messages that came meanwhile are among them.
        left: Messages that matched and are still there: 0, or the purge was not complete.
        skipped_sessions: Sessions that are old enough and stay, because they are not over.
        kept_errors: Messages that ended in error, are old enough and stay, as errors are kept longer.
        freed_bytes: By how much the file of the store became smaller.
        seconds: How long it took.
    """

    limit: datetime
    is_dry_run: bool
    removed: Mapping[str, int] = field(default_factory=dict[str, int])
    before: Mapping[str, int] = field(default_factory=dict[str, int])
    after: Mapping[str, int] = field(default_factory=dict[str, int])
    left: int = 0
    skipped_sessions: int = 0
    kept_errors: int = 0
    freed_bytes: int = 0
    seconds: float = 0.0
