"""What an engine has to do, in plain Python: messages, queues, and jobs that try the first of a queue."""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass, field

from iop_core.headers import MessageStatus

ITEMS = ("Lab", "Ward")
RETRY_INTERVAL, FAILURE_TIMEOUT = 10.0, 30.0
# At 0, 10 and 20 s and not at 30; each restart of the item adds one at most.
MOST_TRIES = 3
ENDS = {
    "suspend": MessageStatus.SUSPENDED,
    "abort": MessageStatus.ABORTED,
    "discard": MessageStatus.DISCARDED,
}
OVER = {MessageStatus.COMPLETED, MessageStatus.ERROR, MessageStatus.ABORTED, MessageStatus.DISCARDED}


@dataclass
class ModelMessage:
    message_id: int
    session_id: int
    item: str
    text: str
    body: int
    created: float
    priority: int = 6
    status: MessageStatus = MessageStatus.QUEUED
    attempts: int = 0
    first_start: float | None = None

    @property
    def place(self) -> tuple[int, int]:
        return self.priority, self.message_id


@dataclass
class ModelItem:
    """One job and its queue: of the messages at ``places`` the first is tried, and held while it is tried again."""

    is_disabled: bool = False
    is_stopped: bool = False
    places: list[tuple[int, int]] = field(default_factory=list)
    held: int = 0
    tries: int = 0
    next_start: float = 0.0

    @property
    def is_running(self) -> bool:
        return not (self.is_disabled or self.is_stopped)


class Model:
    """What an engine with one operation per item has to do.

    Args:
        outcomes: Text of a message to what comes of a try: fine, bad, odd or busy.
    """

    def __init__(self, outcomes: dict[str, str]) -> None:
        self.outcomes = outcomes
        self.now = 0.0
        self.messages: dict[int, ModelMessage] = {}
        self.items = {name: ModelItem() for name in ITEMS}
        self.tries: dict[str, list[tuple[int, int]]] = {name: [] for name in ITEMS}

    def queue(self, message: ModelMessage) -> None:
        message.status = MessageStatus.QUEUED
        insort(self.items[message.item].places, message.place)

    def work(self) -> None:
        """Let every item do what it can do now."""
        for name, item in self.items.items():
            if item.held and item.next_start <= self.now:
                self._try_message(name, item, self.messages[item.held])
            while item.is_running and item.places and not item.held:
                self._take(name, item)

    def _take(self, name: str, item: ModelItem) -> None:
        message = self.messages[item.places.pop(0)[1]]
        item.held, item.tries = message.message_id, 0
        self._try_message(name, item, message)

    def _try_message(self, name: str, item: ModelItem, message: ModelMessage) -> None:
        message.attempts += 1
        item.tries += 1
        first_start = self.now if message.first_start is None else message.first_start
        assert item.tries <= MOST_TRIES
        self.tries[name].append((message.message_id, message.attempts))
        outcome = self.outcomes[message.text]
        item.next_start = self.now + RETRY_INTERVAL
        if outcome == "busy" and item.next_start - first_start < FAILURE_TIMEOUT:
            message.first_start = first_start
            return
        ends = {"fine": MessageStatus.COMPLETED, "odd": MessageStatus.SUSPENDED}
        self._end(item, message, ends.get(outcome, MessageStatus.ERROR))

    def _end(self, item: ModelItem, message: ModelMessage, status: MessageStatus) -> None:
        message.status = status
        if item.held == message.message_id:
            item.held = 0
        elif message.place in item.places:
            item.places.remove(message.place)

    def put_back(self, item: ModelItem) -> None:
        if item.held:
            insort(item.places, self.messages[item.held].place)
            item.held = 0

    def crash(self) -> None:
        for item in self.items.values():
            self.put_back(item)
            item.is_stopped = False

    def stop(self) -> None:
        """Leave everything to the next start: nobody waits for any of these messages."""
        for item in self.items.values():
            self.put_back(item)
            item.is_stopped = False

    def end_by_hand(self, message_id: int, deed: str) -> str:
        """End a message and return whether that was done, held by a job or not, or refused."""
        message = self.messages.get(message_id)
        if message is None or message.status in OVER:
            return "refused"
        if message.status is MessageStatus.SUSPENDED and deed == "suspend":
            return "refused"
        item = self.items[message.item]
        how = "held" if item.held == message_id else "done"
        self._end(item, message, ENDS[deed])
        return how

    def purge(self, *, keep_integrity: bool) -> set[int]:
        """Remove what has ended before now, and return what that was."""

        def is_over(message: ModelMessage) -> bool:
            return message.status in OVER and message.created < self.now

        open_sessions = {each.session_id for each in self.messages.values() if not is_over(each)}
        gone = {
            each.message_id
            for each in self.messages.values()
            if (each.session_id not in open_sessions if keep_integrity else is_over(each))
        }
        for message_id in gone:
            del self.messages[message_id]
        return gone

    def snapshot(self) -> dict[int, tuple[str, int, MessageStatus, int]]:
        return {
            each.message_id: (each.item, each.session_id, each.status, each.attempts) for each in self.messages.values()
        }
