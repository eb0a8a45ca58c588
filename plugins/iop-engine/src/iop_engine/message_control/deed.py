"""One deed of an operator: to which messages, by whom, why, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from enum import IntEnum
from typing import cast

from iop_core.actors import current_user
from iop_core.audit import AuditEntry
from iop_core.clock import Clock
from iop_core.events import EventType, LogEntry, MessageFilter
from iop_core.headers import MessageHeader
from iop_core.message_control import BulkResult, Selection
from iop_core.store_units import Unit
from iop_core.stores import Store
from iop_engine import crash_points

# So many messages are changed in one commit.
CHUNK = 200


class Deed:
    """Collects what is to be stored, stores it in chunks, and records the deed with the first.

    Args:
        store: Keeps the messages.
        clock: Where time comes from.
        action: What is done, such as ``resend``.
        selection: To which messages.
        actor: By whom; empty: the user of this process.
        reason: Why.
        dry_run: True: nothing is stored.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        action: str,
        selection: Selection,
        *,
        actor: str,
        reason: str,
        dry_run: bool,
    ) -> None:
        self._store = store
        self._clock = clock
        self.action = action
        self.actor = actor or current_user()
        self.reason = reason
        self.is_dry_run = dry_run
        self._selection = selection
        self._done: list[int] = []
        self._new: list[Unit] = []
        self._marked: list[int] = []
        self._refused: dict[int, str] = {}
        self._selected = 0
        self._unit = Unit()
        self._is_recorded = False

    @property
    def words(self) -> str:
        """The deed as a reason for the messages it is done to, such as ``aborted by kim: wrong file``."""
        participle = self.action if self.action.endswith("ed") else f"{self.action.removesuffix('e')}ed"
        participle = {"resend": "resent", "resubmit": "resubmitted"}.get(self.action, participle)
        return f"{participle} by {self.actor}{f': {self.reason}' if self.reason else ''}"

    def headers(self) -> list[MessageHeader]:
        """Return the selected messages as they are now, oldest first; unknown ids are refused."""
        reader = self._store.reader
        if isinstance(self._selection, MessageFilter):
            found = sorted(reader.messages(self._selection), key=lambda header: header.message_id)
        else:
            found = list[MessageHeader]()
            for message_id in sorted(set(self._selection)):
                stored = reader.message(message_id)
                if stored is None:
                    self.refuse(message_id, "there is no such message")
                else:
                    found.append(stored.header)
        self._selected = len(found)
        return found

    def refuse(self, message_id: int, why: str) -> None:
        """Note that it cannot be done to a message."""
        self._refused[message_id] = why

    def mark(self, message_id: int) -> None:
        """Note that it is done to a message once its handling ends."""
        self._marked.append(message_id)

    def add(self, message_id: int, unit: Unit) -> None:
        """Have a unit stored that does it to a message; for a resend its new message counts as done."""
        if self.is_dry_run:
            self._done.append(message_id)
            return
        self._unit.settled += unit.settled
        self._unit.new += unit.new
        self._unit.changes += unit.changes
        self._unit.removed += unit.removed
        if self.action == "resend":
            self._new.append(unit)
        else:
            self._done.append(message_id)
        unit = self._unit
        if len(unit.settled) + len(unit.new) + len(unit.changes) + len(unit.removed) >= CHUNK:
            self._flush()

    def finish(self) -> BulkResult:
        """Store what is left, with an entry in the event log, and return what came of it."""
        if not self.is_dry_run and (self._selected or self._refused):
            count = len(self._done) + len(self._new)
            text = f"{self.action} of {count} messages by {self.actor}{f': {self.reason}' if self.reason else ''}"
            if self._marked or self._refused:
                text += f" ({len(self._marked)} marked, {len(self._refused)} refused)"
            self._unit.log.append(LogEntry(0, EventType.INFO, "", 0, 0, "", text, self._clock.now()))
            self._flush()
        done = (*self._done, *(unit.new[0].message_id for unit in self._new))
        return BulkResult(self.action, self.is_dry_run, done, dict(self._refused), tuple(self._marked))

    def _flush(self) -> None:
        unit, self._unit = self._unit, Unit()
        if unit.removed:  # nothing else will tell which messages they were
            unit.audit.append(self._entry(unit.removed))
        elif not self._is_recorded:
            unit.audit.append(self._entry(self._selection))
        self._is_recorded = True
        self._store.submit(unit).wait()
        crash_points.reach("deed.submitted")

    def _entry(self, selection: Selection) -> AuditEntry:
        counts = {"selected": self._selected, "refused": len(self._refused)}
        return AuditEntry(
            0, self.action, self.actor, self.reason, _as_json(selection), json.dumps(counts), self._clock.now()
        )


def _as_json(selection: Selection) -> str:
    if not isinstance(selection, MessageFilter):
        return json.dumps(sorted(set(selection)))
    return json.dumps(_plain(selection))


def _plain(value: object) -> object:
    if isinstance(value, MessageFilter):
        given = {field.name: getattr(value, field.name) for field in fields(value)}
        return {field.name: _plain(given[field.name]) for field in fields(value) if given[field.name] != field.default}
    if isinstance(value, Mapping):
        return dict(cast("Mapping[str, str]", value))
    if isinstance(value, tuple):
        return [_plain(each) for each in cast("tuple[object, ...]", value)]
    if isinstance(value, IntEnum):
        return value.name.title()
    return value.isoformat() if isinstance(value, datetime) else value
