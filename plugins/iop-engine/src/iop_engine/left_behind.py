"""Deeds on what a production left behind that does not run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from iop_core.clock import Clock
from iop_core.errors import LifeCycleError
from iop_core.events import MessageFilter
from iop_core.headers import MessageStatus
from iop_core.process_instances import ProcessFilter
from iop_core.stopped_productions import CleanResult
from iop_core.store_units import HeaderChange, Unit
from iop_core.stores import Store
from iop_engine.recorded_deed import recorded_deed
from iop_engine.recovery import recovery_of

# So many changes are stored at once.
BATCH = 500

_WAITING = (MessageStatus.CREATED, MessageStatus.QUEUED, MessageStatus.DELIVERED, MessageStatus.DEFERRED)
_ERROR = "the production was cleaned"


class LeftBehind:
    """Implements ``iop_core.stopped_productions.StoppedProduction``.

    Args:
        store: What it left; nothing runs on it.
        clock: Where time comes from.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def clean(self, *, actor: str = "", reason: str = "", dry_run: bool = False) -> CleanResult:
        """Have it forget what it was about to do; see ``StoppedProduction``."""
        reader = self._store.reader
        waiting = [self._store.reader.count_messages(MessageFilter(status=status)) for status in _WAITING]
        result = CleanResult(
            is_dry_run=dry_run,
            messages=sum(waiting),
            processes=len(reader.processes(ProcessFilter(is_completed=False))),
            suspended=reader.count_messages(MessageFilter(status=MessageStatus.SUSPENDED)),
        )
        if dry_run:
            return result
        # Instances first: what waits for none of them can be discarded at any time.
        self._end_processes()
        ids = self._waiting_ids()
        while some := list(islice(ids, BATCH)):
            changes = [HeaderChange(message_id, MessageStatus.DISCARDED, error=_ERROR) for message_id in some]
            self._store.submit(Unit(changes=changes)).wait()
        text = f"cleaning of {result.messages} messages and {result.processes} process instances"
        counts = {"messages": result.messages, "processes": result.processes}
        self._record("clean", text, counts, Unit(), who=(actor, reason))
        return result

    def recover(self, *, actor: str = "", reason: str = "") -> None:
        """Make a Troubled production Stopped; see ``StoppedProduction``."""
        recovery = recovery_of(self._store.reader, self._clock.now())
        if recovery is None:
            raise LifeCycleError("the production is not Troubled: it was stopped, so there is nothing to recover")
        self._record("recover", "recovery of the production", {"done": 1}, recovery, who=(actor, reason))

    def _waiting_ids(self) -> Iterator[int]:
        for status in _WAITING:
            for header in self._store.reader.messages(MessageFilter(status=status)):
                yield header.message_id

    def _end_processes(self) -> None:
        for each in self._store.reader.processes(ProcessFilter(is_completed=False)):
            record = self._store.reader.find_process(each.process_id)
            if record is not None:
                ended = replace(
                    record,
                    pending=0,
                    is_completed=True,
                    has_replied=True,
                    error=_ERROR,
                    time_completed=self._clock.now(),
                )
                self._store.submit(Unit(process=ended)).wait()

    def _record(self, action: str, text: str, counts: dict[str, int], unit: Unit, *, who: tuple[str, str]) -> None:
        """Store a unit with the record of the deed, and note that the production is stopped."""
        notes = self._store.reader.notes()
        proof = ({"production": notes.get("production", "")}, counts)
        deed = recorded_deed(action, text, proof, self._clock.now(), actor=who[0], reason=who[1])
        deed.log = [*unit.log, *deed.log]
        deed.changes = unit.changes
        if notes.get("state") in ("Running", "Suspended"):
            deed.notes = {"state": "Stopped", "since": self._clock.now().isoformat()}
        self._store.submit(deed).wait()
