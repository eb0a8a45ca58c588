"""A message filter as the conditions of queries that an index answers.

Each filter but those that fit most messages anyway (the type, Completed, without an error) has an
index; a test looks at the plans of SQLite. SQLite does not know how many messages fit which
value, so this counts, up to a bound: the index of the rarest value is used, and the others are
checked message by message. Times are looked up as ids, which rise with them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any, NamedTuple

from iop_core.events import MessageFilter
from iop_core.headers import MessageStatus
from iop_core.searchable import search_text
from iop_engine.sqlite.rows import storable, to_microseconds

# How far the times of neighbouring messages may be out of order; after a larger step of the
# clock of the machine, of which the writer makes a note, times are compared one by one.
SLACK_MICROSECONDS = 60_000_000
CLOCK_SET_BACK = "clock_set_back"

# A value that fits fewer messages is looked up at once, whatever else is asked (measured: 1 µs for each).
RARE = 20_000
# Of a value that fits more, the first page is most often among so many messages at its end of the history.
NEAR = 50_000

_MOST = 2**63 - 1

_FIRST_AT = "SELECT id FROM headers WHERE created >= ? ORDER BY created, id LIMIT 1"
_LAST_BEFORE = "SELECT id FROM headers WHERE created < ? ORDER BY created DESC, id DESC LIMIT 1"

_OF_FIELD = "FROM search WHERE name = ? AND value = ?"
_OPEN = "SELECT id FROM headers WHERE status <= 3 AND status = ?"
# In the words of the partial index, which SQLite uses for nothing else.
_UNWELL = "h.status IN (4, 5, 6, 7, 8) AND {}h.status = ?"


class Demand(NamedTuple):
    """One thing that is asked of a message.

    Attributes:
        found: As a condition that is answered by an index; empty when there is none.
        checked: As a condition on a message that is at hand already.
        values: For the marks of either.
        all_of_it: Query of everything that fits, for counting.
        is_in_order: Whether the index gives messages by their ids.
    """

    found: str
    checked: str
    values: tuple[object, ...] = ()
    all_of_it: str = ""
    is_in_order: bool = True


class Condition(NamedTuple):
    """A WHERE clause over ``headers h``, and the values for its marks; only fixed texts go into it."""

    text: str
    values: tuple[object, ...]


class Conditions:
    """What a filter asks for.

    Args:
        criteria: The filter.
        connection: Where classes, times and numbers are looked up.
    """

    def __init__(self, criteria: MessageFilter, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._checks: list[Demand] = []
        self._lookups: list[Demand] = []
        self._add_columns(criteria)
        self._add_status(criteria.status)
        self._add_error(criteria)
        self._add_class(criteria.body_class)
        self._add_times(criteria)
        for name, value in (criteria.fields or {}).items():
            self._add_field(name, value)
        if criteria.after_id is not None:
            self._check("h.id > ?", criteria.after_id)
        # How many messages each fits, as far as that matters.
        self._counts: dict[Demand, int] = {
            demand: self._number(f"SELECT count(*) FROM ({demand.all_of_it} LIMIT ?)", *demand.values, RARE) or 0  # noqa: S608
            for demand in self._lookups
        }
        if criteria.any_of:
            self._add_alternatives([Conditions(each, connection) for each in criteria.any_of])

    def everything(self) -> Condition:
        """Return the condition of all that fits, in any order."""
        return self._using(self._rarest(self._lookups))

    def pages(self, *, newest_first: bool, beyond: int | None) -> list[Condition]:
        """Return conditions to try one after the other for a page by id; only the last one finds all.

        Args:
            newest_first: From which end.
            beyond: Id at which the page before ended; None for the first.
        """
        further = [] if beyond is None else [_check(f"h.id {'<' if newest_first else '>'} ?", beyond)]
        rarest = self._rarest(self._lookups)
        if rarest and self._counts[rarest[0]] < RARE:
            return [self._using(rarest, further)]
        in_order = [demand for demand in self._lookups if demand.is_in_order]
        if len(in_order) == len(self._lookups):
            return [self._using(in_order, further)]
        near = self._near(beyond, newest_first=newest_first)
        out_of_order = [demand for demand in self._lookups if not demand.is_in_order]
        return [self._using(in_order, [*further, near]), self._using(self._rarest(out_of_order), further)]

    def _rarest(self, demands: Sequence[Demand]) -> list[Demand]:
        """Return the demand that fits the fewest messages, in a list; an empty one when there is none."""
        return sorted(demands, key=self._counts.__getitem__)[:1]

    def _using(self, indexed: Sequence[Demand], more: Sequence[Demand] = ()) -> Condition:
        """Return a condition that looks some demands up in their indexes, and checks all others."""
        parts = [demand.found if demand in indexed else demand.checked for demand in self._lookups]
        parts += [demand.checked for demand in (*self._checks, *more)]
        values = [value for demand in (*self._lookups, *self._checks, *more) for value in demand.values]
        return Condition(" AND ".join(["1", *parts]), tuple(values))

    def _near(self, beyond: int | None, *, newest_first: bool) -> Demand:
        """Return the condition of the messages that are next to where the last page ended."""
        if newest_first:
            start = beyond or self._number("SELECT max(id) FROM headers") or 0
            return _check("h.id >= ?", start - NEAR)
        start = beyond or self._number("SELECT min(id) FROM headers") or 0
        return _check("h.id <= ?", start + NEAR)

    def _check(self, condition: str, *values: object) -> None:
        self._checks.append(_check(condition, *values))

    def _look_up(self, condition: str, *values: object) -> None:
        """Demand what an index on columns of the headers answers."""
        bound = tuple(bindable(value) for value in values)
        is_in_order = len(values) < 2  # else the index gives the messages of one value after those of another
        self._lookups.append(
            Demand(
                condition.format(""),
                condition.format("+"),  # which keeps SQLite from using the index
                bound,
                f"SELECT 1 FROM headers h WHERE {condition.format('')}",  # noqa: S608
                is_in_order,
            )
        )

    def _add_alternatives(self, alternatives: Sequence[Conditions]) -> None:
        """Demand that at least one fits.

        Looked up together they are a set of ids, so that what fits several is found once.
        """
        found = [each.everything() for each in alternatives]
        checked = " OR ".join(f"({each._using([]).text})" for each in alternatives)
        ids = " UNION ALL ".join(f"SELECT h.id FROM headers h WHERE {each.text}" for each in found)  # noqa: S608
        values = tuple(value for each in found for value in each.values)
        demand = Demand(f"h.id IN ({ids})", f"+({checked})", values, ids, False)
        count = min(RARE, sum(each._at_most() for each in alternatives))
        if count < RARE or all(each._lookups for each in alternatives):
            self._lookups.append(demand)
            self._counts[demand] = count
        else:  # one of them fits so many, and has no index, that looking at every message is no slower
            self._checks.append(demand)

    def _at_most(self) -> int:
        """Return how many messages are looked at to find all that fit; RARE stands for more."""
        if self._lookups:
            return min(self._counts.values())
        checks = self._using([])
        some = f"SELECT 1 FROM headers h WHERE {checks.text} LIMIT ?"  # noqa: S608
        return self._number(f"SELECT count(*) FROM ({some})", *checks.values, RARE) or 0  # noqa: S608

    def _add_columns(self, criteria: MessageFilter) -> None:
        if criteria.message_id is not None:
            self._check("h.id = ?", criteria.message_id)
        if criteria.type is not None:
            self._check("h.type = ?", int(criteria.type))
        for name in ("session_id", "source", "target"):
            value = getattr(criteria, name)
            if value is not None:
                self._look_up(f"{{}}h.{name} = ?", value)

    def _add_status(self, status: MessageStatus | None) -> None:
        if status is None:
            return
        if status <= MessageStatus.DELIVERED:
            self._lookups.append(Demand(f"h.id IN ({_OPEN})", "+h.status = ?", (int(status),), _OPEN, False))
        elif status < MessageStatus.COMPLETED:
            self._look_up(_UNWELL, int(status))
        else:
            self._check("h.status = ?", int(status))

    def _add_field(self, name: str, value: object) -> None:
        bodies = f"SELECT body_id {_OF_FIELD}"
        check = f"EXISTS (SELECT 1 {_OF_FIELD} AND body_id = h.body_id)"
        values = (bindable(name), bindable(search_text(value)))
        self._lookups.append(Demand(f"h.body_id IN ({bodies})", check, values, bodies, False))

    def _add_error(self, criteria: MessageFilter) -> None:
        if criteria.is_error or criteria.error_text is not None:
            self._look_up("{}h.is_error = 1")
        if criteria.is_error is False:
            self._check("h.is_error = 0")
        if criteria.error_text is not None:
            self._check("instr(lower(h.error), lower(?))", criteria.error_text)

    def _add_class(self, name: str | None) -> None:
        if name is None:
            return
        sql, values = "SELECT id FROM classes WHERE name = ?", [storable(name)]
        if "." not in name:
            sql += " OR substr(name, -length(?)) = ?"
            values += [f".{storable(name)}"] * 2
        numbers = [int(row[0]) for row in self._connection.execute(sql, values)]
        self._look_up(f"{{}}h.class_id IN ({', '.join('?' * len(numbers))})", *numbers)

    def _add_times(self, criteria: MessageFilter) -> None:
        since, until = criteria.since, criteria.until
        if since is None and until is None:
            return
        if since is not None:
            self._check("+h.created >= ?", to_microseconds(since))
        if until is not None:
            self._check("+h.created < ?", to_microseconds(until))
        if self._number("SELECT 1 FROM notes WHERE name = ?", CLOCK_SET_BACK) is not None:
            return
        if since is not None:
            first = self._number(_FIRST_AT, to_microseconds(since) - SLACK_MICROSECONDS)
            self._check("h.id >= ?", _MOST if first is None else first)
        if until is not None:
            last = self._number(_LAST_BEFORE, to_microseconds(until) + SLACK_MICROSECONDS)
            self._check("h.id <= ?", -1 if last is None else last)

    def _number(self, sql: str, *values: object) -> int | None:
        row: tuple[Any, ...] | None = self._connection.execute(sql, [bindable(value) for value in values]).fetchone()
        return None if row is None or row[0] is None else int(row[0])


def _check(condition: str, *values: object) -> Demand:
    """Return a demand that no index answers, or one that SQLite uses of its own accord."""
    return Demand("", condition, tuple(bindable(value) for value in values))


def bindable(value: object) -> object:
    """Return what SQLite can compare with: numbers and texts beyond its reach match nothing all the same."""
    if isinstance(value, int):
        return max(-_MOST, min(value, _MOST))
    return storable(value) if isinstance(value, str) else value
