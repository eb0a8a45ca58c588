"""What a director does to stored messages; these functions are methods of ``Director``.

Messages are chosen by id, by the filters of ``Director.messages``, or both. What runs is
asked to do it; where nothing runs it is done to what was left behind, except for a resend.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from iop_core.errors import ConfigurationError
from iop_core.message_control import BulkResult, Selection
from iop_director.filters import message_filter

if TYPE_CHECKING:
    from iop_core.backends import Backend
    from iop_core.headers import Body


class _WithBackend(Protocol):
    @property
    def backend(self) -> Backend: ...


def selection_of(ids: int | Sequence[int] | None, filters: dict[str, object]) -> Selection:
    """Return which messages are meant.

    Raises:
        ConfigurationError: Neither ids nor a filter, or both; an unknown filter or value.
    """
    given = {name: value for name, value in filters.items() if value is not None}
    if ids is not None:
        if given:
            raise ConfigurationError(f"give ids or filters ({', '.join(given)}), not both")
        return [ids] if isinstance(ids, int) else list(ids)
    if not given:
        raise ConfigurationError(
            "no messages are chosen: give ids, or a filter such as status='Suspended' or target='Archive'"
        )
    return message_filter(**given)


def resend_messages(
    director: _WithBackend,
    ids: int | Sequence[int] | None = None,
    *,
    new_target: str = "",
    body: Body | str | None = None,
    at_head: bool = False,
    actor: str = "",
    reason: str = "",
    dry_run: bool = False,
    **filters: object,
) -> BulkResult:
    """Send requests again as new messages of their sessions, oldest first; the old ones stay as they are.

    Args:
        director: The director.
        ids: Which messages; None: those that match the filters.
        new_target: Item that gets them instead; empty: the one that got them at first.
        body: Sent instead of the old body, for one message only: the text of a message of the
            old class as its serializer writes it, or a ``Body``.
        at_head: Before everything else that waits for the item.
        actor: Who does it; empty: the user of this process.
        reason: Why.
        dry_run: True: only say what would be done.
        **filters: As for ``messages``.

    Returns:
        The ids of the new messages, and what was refused.

    Raises:
        ConfigurationError: No messages are chosen, or a filter cannot be used.
        MessageControlError: Nothing runs, the target does not run, or the body cannot be read.

    Example:
        >>> from iop_director import Director
        >>> result = Director().resend_messages(status="Error", target="Archive")  # doctest: +SKIP
        >>> result.counts  # doctest: +SKIP
        {'done': 12, 'marked': 0, 'refused': 0}
    """
    selection = selection_of(ids, filters)
    with director.backend.message_control() as control:
        return control.resend(
            selection, actor=actor, reason=reason, dry_run=dry_run, target=new_target, body=body, at_head=at_head
        )


def resubmit_messages(
    director: _WithBackend,
    ids: int | Sequence[int] | None = None,
    *,
    body: Body | str | None = None,
    actor: str = "",
    reason: str = "",
    dry_run: bool = False,
    **filters: object,
) -> BulkResult:
    """Have suspended messages handled, under their old ids and at their old places.

    Arguments as for ``resend_messages``. Without a running production they wait for the next start.
    """
    selection = selection_of(ids, filters)
    with director.backend.message_control() as control:
        return control.resubmit(selection, actor=actor, reason=reason, dry_run=dry_run, body=body)


def abort_messages(
    director: _WithBackend,
    ids: int | Sequence[int] | None = None,
    *,
    actor: str = "",
    reason: str = "",
    dry_run: bool = False,
    **filters: object,
) -> BulkResult:
    """End messages that have not ended, as Aborted; who waits for an answer gets an error.

    Arguments as for ``resend_messages``. One that is being handled is marked: when its handling
    succeeds it counts, when it fails the message is Aborted and not tried again.
    """
    selection = selection_of(ids, filters)
    with director.backend.message_control() as control:
        return control.abort(selection, actor=actor, reason=reason, dry_run=dry_run)


def discard_messages(
    director: _WithBackend,
    ids: int | Sequence[int] | None = None,
    *,
    actor: str = "",
    reason: str = "",
    dry_run: bool = False,
    **filters: object,
) -> BulkResult:
    """End waiting or suspended messages as Discarded; they stay stored. Arguments as for ``resend_messages``."""
    selection = selection_of(ids, filters)
    with director.backend.message_control() as control:
        return control.discard(selection, actor=actor, reason=reason, dry_run=dry_run)


def suspend_messages(
    director: _WithBackend,
    ids: int | Sequence[int] | None = None,
    *,
    actor: str = "",
    reason: str = "",
    dry_run: bool = False,
    **filters: object,
) -> BulkResult:
    """Set waiting messages aside until they are resubmitted or discarded. Arguments as for ``resend_messages``."""
    selection = selection_of(ids, filters)
    with director.backend.message_control() as control:
        return control.suspend(selection, actor=actor, reason=reason, dry_run=dry_run)


def delete_messages(
    director: _WithBackend,
    ids: int | Sequence[int] | None = None,
    *,
    actor: str = "",
    reason: str = "",
    dry_run: bool = False,
    **filters: object,
) -> BulkResult:
    """Remove messages that have ended or are suspended, and their bodies, for good.

    Arguments as for ``resend_messages``. A body that another message has too stays with that one.
    Messages that an unfinished process instance needs are refused. ``purge`` is for what is old.
    """
    selection = selection_of(ids, filters)
    with director.backend.message_control() as control:
        return control.delete(selection, actor=actor, reason=reason, dry_run=dry_run)
