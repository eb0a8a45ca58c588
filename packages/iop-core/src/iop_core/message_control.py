"""What an operator can do with stored messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from iop_core.events import MessageFilter
from iop_core.headers import Body

# Which messages: those that match, or those with these ids.
Selection: TypeAlias = MessageFilter | Sequence[int]


@dataclass(frozen=True, slots=True)
class BulkResult:
    """What came of a deed.

    Attributes:
        action: What was done, such as ``resend``.
        is_dry_run: True: nothing was done; the rest says what would have been.
        ids: Messages it was done to, oldest first; for a resend the new messages.
        refused: Messages it could not be done to, by id: why, in one line.
        marked: Messages that are being handled: their handling ends first, and is not tried again.
    """

    action: str
    is_dry_run: bool
    ids: tuple[int, ...] = ()
    refused: Mapping[int, str] = field(default_factory=dict[int, str])
    marked: tuple[int, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """How many messages it was done to, how many were marked, and how many refused."""
        return {"done": len(self.ids), "marked": len(self.marked), "refused": len(self.refused)}


class MessageControl(Protocol):
    """Deeds on stored messages; each is recorded with its actor and reason.

    Common arguments:
        selection: A filter, or ids. Messages are taken oldest first, whatever the filter says.
        actor: Who does it; empty: the user of this process.
        reason: Why.
        dry_run: True: only say what would be done.
    """

    def resend(
        self,
        selection: Selection,
        *,
        actor: str = "",
        reason: str = "",
        dry_run: bool = False,
        target: str = "",
        body: Body | str | None = None,
        at_head: bool = False,
    ) -> BulkResult:
        """Send requests again as new messages of their sessions; the old ones stay as they are.

        Nobody gets the answers: their senders have gone on.

        Args:
            selection: As above.
            actor: As above.
            reason: As above.
            dry_run: As above.
            target: Item that gets them instead; empty: the one that got them at first.
            body: Sent instead of the old body, for one message only: the text of a message of the
                old class as its serializer writes it, or a ``Body``.
            at_head: Before everything else that waits for the item.

        Raises:
            MessageControlError: The target does not run, or the body cannot be used.
        """
        ...

    def resubmit(
        self,
        selection: Selection,
        *,
        actor: str = "",
        reason: str = "",
        dry_run: bool = False,
        body: Body | str | None = None,
    ) -> BulkResult:
        """Have suspended messages handled, under their old ids and at their old places; ``body`` as for ``resend``."""
        ...

    def abort(self, selection: Selection, *, actor: str = "", reason: str = "", dry_run: bool = False) -> BulkResult:
        """End messages that have not ended, as Aborted; who waits for an answer gets an error.

        One that waits for its next try is ended at once. One whose handling runs is marked: when
        that succeeds it counts, when it fails the message is Aborted and not tried again. A
        process instance that a request opened ends with it.
        """
        ...

    def discard(self, selection: Selection, *, actor: str = "", reason: str = "", dry_run: bool = False) -> BulkResult:
        """End waiting or suspended messages as Discarded; they stay stored."""
        ...

    def delete(self, selection: Selection, *, actor: str = "", reason: str = "", dry_run: bool = False) -> BulkResult:
        """Remove messages that have ended or are suspended for good; only the audit tells of them then.

        A body goes with the last message that has it, unless its class says ``purgeable=False``.
        Messages that an unfinished process instance needs are refused.
        """
        ...

    def suspend(self, selection: Selection, *, actor: str = "", reason: str = "", dry_run: bool = False) -> BulkResult:
        """Set waiting messages aside until they are resubmitted or discarded."""
        ...
