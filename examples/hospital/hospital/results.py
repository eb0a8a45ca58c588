"""The business operation that keeps laboratory results in a table."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

from hospital.messages import DeadLetter, FiledMessage
from hospital.parsing import ParsedMessage
from iop import BusinessOperation, controls, handler, setting, target

_CREATE = """
create table if not exists results (
    sender      text not null,     -- MSH-3@MSH-4: a control id is unique per sender
    control_id  text not null,
    row         integer not null,  -- position of the OBX in the message
    digest      text not null,     -- of the whole message
    facility    text not null,
    patient_id  text not null,
    observation text not null,
    name        text not null,
    value       text not null,
    units       text not null,
    status      text not null,
    primary key (sender, control_id, row)
)
"""
_INSERT = "insert into results values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_FIND = "select digest from results where sender = ? and control_id = ? limit 1"


class ResultsTable(BusinessOperation):
    """Writes one row per OBX segment, all rows of a message in one transaction.

    A message that comes again changes nothing. Another message under a control id that was
    used before is a fault of the sender, and a dead letter.
    """

    DeadLetters = target()
    Database = setting("out/results.sqlite", control=controls.file(), description="SQLite file; made when missing")

    _connection: sqlite3.Connection | None = None

    def on_init(self) -> None:
        """Open the database."""
        path = Path(self.Database)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path, timeout=30.0, check_same_thread=False)
        self._connection.execute("pragma journal_mode = wal")
        self._connection.execute("pragma synchronous = full")
        self._connection.execute(_CREATE)

    def on_tear_down(self) -> None:
        """Close the database."""
        if self._connection is not None:
            self._connection.close()

    @handler(FiledMessage)
    def keep(self, request: FiledMessage) -> None:
        """Write the observations of one message."""
        assert self._connection is not None, "on_init opens it"
        parsed = ParsedMessage(request.data)
        digest = hashlib.sha256(request.data).hexdigest()
        message = (parsed.sender, request.control_id)
        about = (digest, request.facility, parsed.patient_id)
        rows = [
            (*message, number, *about, seen.code, seen.name, seen.value, seen.units, seen.status)
            for number, seen in enumerate(parsed.observations(), start=1)
        ]
        with self._connection as transaction:
            known = transaction.execute(_FIND, message).fetchone()
            if known is None:
                transaction.executemany(_INSERT, rows)
        if known is not None and known[0] != digest:
            reason = f"control id {request.control_id!r} of {parsed.sender} was used before for another message"
            self.log_warning(reason)
            letter = DeadLetter(request.raw, request.control_id, request.peer, reason=reason)
            self.send_request_async(self.DeadLetters, letter)
