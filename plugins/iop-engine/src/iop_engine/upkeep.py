"""Looking after what is stored: purging it, and making it searchable."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict

from iop_core.bodies import BodyCodec
from iop_core.clock import Clock
from iop_core.errors import StoreError
from iop_core.purging import DEFAULT_PURGE, PurgeOptions, PurgeResult, never
from iop_core.stores import Store
from iop_engine.recorded_deed import recorded_deed

# The event log names so many things of a deed; the audit has all.
_NAMED = 5


class Upkeep:
    """Deeds on the store as a whole; each is recorded with its actor and reason.

    Args:
        store: The store.
        codec: Reads bodies.
        clock: What is old is judged by it.
    """

    def __init__(self, store: Store, codec: BodyCodec, clock: Clock) -> None:
        self._store = store
        self._codec = codec
        self._clock = clock

    def purge(
        self,
        options: PurgeOptions = DEFAULT_PURGE,
        *,
        actor: str = "",
        reason: str = "",
        dry_run: bool = False,
        is_called_off: Callable[[], bool] = never,
    ) -> PurgeResult:
        """Remove what is old and return the proof; see ``iop_core.backends.StoreUpkeep``.

        One that failed in the middle is recorded, too; with ``is_called_off`` true it ends early.
        """
        try:
            result = self._store.purge(options, self._clock.now(), dry_run=dry_run, is_called_off=is_called_off)
        except StoreError as exc:
            if not dry_run:
                with suppress(StoreError):
                    self._record("purge", f"purge that failed ({exc})", (actor, reason), ({}, {"failed": 1}))
            raise
        if not dry_run:
            text = ", ".join(f"{count} {table}" for table, count in sorted(result.removed.items())) or "nothing"
            if result.left:
                text += f"; {result.left} messages that should have gone are still there"
            selection = {**asdict(options), "before": result.limit.isoformat()}
            counts = {"removed": result.removed, "before": result.before, "after": result.after, "left": result.left}
            self._record("purge", f"purge of {text}", (actor, reason), (selection, counts))
        return result

    def index_messages(self, class_name: str, *, actor: str = "", reason: str = "") -> int:
        """Make stored bodies of a class searchable; see ``iop_core.backends.StoreUpkeep``."""
        count = self._store.index_bodies(class_name, self._codec.with_search_fields)
        text = f"indexing of {count} bodies of {class_name}"
        self._record("index", text, (actor, reason), ({"class_name": class_name}, {"bodies": count}))
        return count

    def record_deed(self, action: str, subjects: Sequence[str], *, actor: str = "", reason: str = "") -> None:
        """Record what somebody did beside the store; see ``iop_core.backends.StoreUpkeep``."""
        more = f" and {len(subjects) - _NAMED} more" if len(subjects) > _NAMED else ""
        text = f"{action} of {', '.join(subjects[:_NAMED])}{more}"
        self._record(action, text, (actor, reason), ({"subjects": list(subjects)}, {"done": len(subjects)}))

    def _record(
        self,
        action: str,
        text: str,
        who: tuple[str, str],
        proof: tuple[Mapping[str, object], Mapping[str, object]],
    ) -> None:
        unit = recorded_deed(action, text, proof, self._clock.now(), actor=who[0], reason=who[1])
        self._store.submit(unit).wait()
