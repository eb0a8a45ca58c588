"""Whatever operators and clocks do to an engine, it does what a model in plain Python says.

The model knows nothing of threads or disks: it has messages, queues, and jobs that try the first
of a queue. After each step every stored message, and every try of every operation, is compared.
"""

from __future__ import annotations

import json
import logging
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from iop_core import BusinessOperation, Message
from iop_core.backends import RunningProduction, RunOptions
from iop_core.events import MessageFilter
from iop_core.headers import MessageStatus
from iop_core.message_control import BulkResult
from iop_core.purging import PurgeOptions, PurgeResult
from iop_engine.backend import LocalBackend
from iop_production import Production
from iop_testing import VirtualClock

from .conformance_places import NAMESPACE, copied
from .engine_model import ENDS, FAILURE_TIMEOUT, ITEMS, MOST_TRIES, OVER, RETRY_INTERVAL, Model, ModelMessage

OUTCOMES = st.sampled_from(["fine", "bad", "odd", "busy"])
PATIENCE_SECONDS = 10.0


@dataclass
class Sample(Message):
    text: str = ""


class EngineMachine(RuleBasedStateMachine):
    """Does the same to an engine and to the model."""

    steps = 0

    def __init__(self) -> None:
        super().__init__()
        self.outcomes: dict[str, str] = {}
        self.model = Model(self.outcomes)
        self.clock = VirtualClock()
        self.tries: dict[str, list[tuple[int, int]]] = {name: [] for name in ITEMS}
        self.tried = threading.Condition()
        # Ids of all messages that were ever acknowledged, purged ones too.
        self.ids: list[int] = []
        self.folder = tempfile.TemporaryDirectory(prefix="iop-model-")
        self.place = Path(self.folder.name) / "0"
        self.running: RunningProduction | None = None
        self.agreed = True

    @initialize()
    def start(self) -> None:
        backend = LocalBackend(str(self.place), namespace=NAMESPACE)
        self.running = backend.run(self.production().definition(), RunOptions(durability="normal", clock=self.clock))

    def production(self) -> Production:
        machine, place = self, self.place

        class Unit(BusinessOperation):
            def on_message(self, request: Sample) -> None:
                assert self.iris_handle is not None
                with machine.tried:
                    # What an engine that "crashed" goes on to do counts for nothing.
                    if machine.place is place:
                        tries = machine.tries[self.iris_handle.item_name]
                        tries.append((self.context.message_id, self.context.attempt))
                        machine.tried.notify_all()
                outcome = machine.outcomes[request.text]
                if outcome != "fine":
                    raise ValueError(outcome)

        production = Production("Test.Model")
        for name in ITEMS:
            production.operation(
                name,
                Unit,
                settings={
                    "ReplyCodeActions": "E*busy=RF,E*odd=S,E=F",
                    "RetryInterval": RETRY_INTERVAL,
                    "FailureTimeout": FAILURE_TIMEOUT,
                },
            )
        return production

    @property
    def engine(self) -> RunningProduction:
        assert self.running is not None
        return self.running

    # Comparing

    def stored(self) -> dict[int, tuple[str, int, MessageStatus, int]]:
        return {
            header.message_id: (header.target, header.session_id, header.status, header.attempts)
            for header in self.engine.messages(MessageFilter())
        }

    def agree(self) -> None:
        """Let the model work, and wait until the engine has come as far; differences fail."""
        self.agreed = False
        type(self).steps += 1
        self.model.work()
        expected = self.model.snapshot()
        with self.tried:
            self.tried.wait_for(lambda: self.count_tries() >= self.count_expected(), PATIENCE_SECONDS)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.stored() != expected and time.monotonic() < deadline:
            time.sleep(0.0005)
        found = self.stored()
        differing = [each for each in sorted({*found, *expected}) if found.get(each) != expected.get(each)]
        lines = [f"message {each} is {found.get(each)}, expected {expected.get(each)}" for each in differing]
        assert not lines, "; ".join([*lines, self.items_now()])
        for name in ITEMS:
            assert self.tries[name][-10:] == self.model.tries[name][-10:], self.items_now()
        assert self.tries == self.model.tries
        self.agreed = True

    def items_now(self) -> str:
        """Return what every item does, and its last tries beside those of the model, for people."""
        states = [f"{each.name} is {each.state.value} with {each.queue_count} messages" for each in self.engine.items()]
        tries = [f"tries of {name}: {self.tries[name][-5:]}, expected {self.model.tries[name][-5:]}" for name in ITEMS]
        return "; ".join([*states, *tries])

    def count_tries(self) -> int:
        return sum(len(tries) for tries in self.tries.values())

    def count_expected(self) -> int:
        return sum(len(tries) for tries in self.model.tries.values())

    def pick(self, number: int) -> int:
        return self.ids[number % len(self.ids)]

    # Messages come

    def new_text(self, outcome: str) -> str:
        text = f"sample {len(self.outcomes)}"
        self.outcomes[text] = outcome
        return text

    @rule(
        item=st.sampled_from(ITEMS),
        outcomes=st.lists(st.sampled_from(["fine", "bad", "odd", "busy"]), min_size=1, max_size=3),
    )
    def send(self, item: str, outcomes: list[str]) -> None:
        texts = [self.new_text(outcome) for outcome in outcomes]
        ids = self.engine.send_many(item, [Sample(text) for text in texts])
        assert ids == sorted(ids)
        assert not self.ids or ids[0] > self.ids[-1]
        for message_id, text in zip(ids, texts, strict=True):
            self.add(ModelMessage(message_id, message_id, item, text, message_id, self.model.now))
        self.agree()

    def add(self, message: ModelMessage) -> None:
        self.ids.append(message.message_id)
        self.model.messages[message.message_id] = message
        self.model.queue(message)

    @precondition(lambda self: self.ids)
    @rule(number=st.integers(0, 1000), outcome=OUTCOMES)
    def change_outcome(self, number: int, outcome: str) -> None:
        """The outside world mends, or breaks; the next try notices."""
        message = self.model.messages.get(self.pick(number))
        if message is not None:
            self.outcomes[message.text] = outcome
        self.agree()

    @rule(seconds=st.sampled_from([1.0, 5.0, 10.0, 12.0, 26.0]))
    def let_time_pass(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.model.now += seconds
        self.agree()

    # Deeds

    @precondition(lambda self: self.ids)
    @rule(number=st.integers(0, 1000), deed=st.sampled_from([*ENDS]))
    def end_by_hand(self, number: int, deed: str) -> None:
        message_id = self.pick(number)
        expected = self.model.end_by_hand(message_id, deed)
        self.check_result(getattr(self.engine, deed)([message_id]), {message_id: expected})
        self.agree()

    @precondition(lambda self: any(not item.is_running for item in self.model.items.values()))
    @rule(deed=st.sampled_from([*ENDS, "resubmit"]), number=st.integers(0, 1))
    def deed_on_a_whole_queue(self, deed: str, number: int) -> None:
        """All messages of an item that does not run, so that nothing moves meanwhile."""
        names = [name for name, item in self.model.items.items() if not item.is_running]
        name = names[number % len(names)]
        chosen = sorted(each.message_id for each in self.model.messages.values() if each.item == name)
        if deed == "resubmit":
            expected = {each: self.resubmit_in_model(each) for each in chosen}
        else:
            expected = {each: self.model.end_by_hand(each, deed) for each in chosen}
        self.check_result(getattr(self.engine, deed)(MessageFilter(target=name)), expected)
        self.agree()

    def resubmit_in_model(self, message_id: int) -> str:
        message = self.model.messages.get(message_id)
        if message is None or message.status is not MessageStatus.SUSPENDED:
            return "refused"
        message.first_start = None
        self.model.queue(message)
        return "done"

    @precondition(lambda self: self.ids)
    @rule(number=st.integers(0, 1000), outcome=st.sampled_from(["", "fine", "busy"]))
    def resubmit(self, number: int, outcome: str) -> None:
        suspended = [each.message_id for each in self.model.messages.values() if each.status is MessageStatus.SUSPENDED]
        message_id = suspended[number % len(suspended)] if suspended else self.pick(number)
        is_edited = bool(outcome and suspended)
        body = None
        if is_edited:
            text = self.new_text(outcome)
            body = json.dumps({"text": text})
            message = self.model.messages[message_id]
            message.text, message.body = text, -len(self.outcomes)
        expected = self.resubmit_in_model(message_id)
        self.check_result(self.engine.resubmit([message_id], body=body), {message_id: expected})
        self.agree()

    @precondition(lambda self: self.ids)
    @rule(number=st.integers(0, 1000), other_item=st.sampled_from(["", *ITEMS]), at_head=st.booleans())
    def resend(self, number: int, other_item: str, *, at_head: bool) -> None:
        old = self.model.messages.get(self.pick(number))
        if old is None or not self.model.items[other_item or old.item].is_running:
            return
        result = self.engine.resend([old.message_id], target=other_item, at_head=at_head)
        (new_id,) = result.ids
        assert new_id > self.ids[-1]
        new = ModelMessage(new_id, old.session_id, other_item or old.item, old.text, old.body, self.model.now)
        new.priority = 1 if at_head else 6
        self.add(new)
        self.agree()

    def check_result(self, result: BulkResult, expected: dict[int, str]) -> None:
        found = {**dict.fromkeys(result.ids, "done"), **dict.fromkeys(result.marked, "marked")}
        found.update(dict.fromkeys(result.refused, "refused"))
        # Whether a job waits for the next try, or only is about to, cannot be told from outside.
        found.update({each: "held" for each, how in expected.items() if how == "held" and found[each] != "refused"})
        assert found == expected
        assert sum(result.counts.values()) == len(expected)

    @rule(keep_integrity=st.booleans())
    def purge(self, *, keep_integrity: bool) -> None:
        self.let_time_pass(1.0)
        options = PurgeOptions(days_to_keep=0, keep_integrity=keep_integrity)
        before = len(self.model.messages)
        gone = self.model.purge(keep_integrity=keep_integrity)
        bodies = len({each.body for each in self.model.messages.values()})
        result = self.engine.purge(options)
        self.check_counts(result, before=before, gone=len(gone), bodies=bodies)
        self.agree()

    def check_counts(self, result: PurgeResult, *, before: int, gone: int, bodies: int) -> None:
        assert (result.before["headers"], result.after["headers"]) == (before, before - gone)
        assert result.removed.get("headers", 0) == gone
        assert result.after["bodies"] == bodies
        assert result.left == 0

    # Items and productions stop and start

    @rule(name=st.sampled_from(ITEMS), how=st.sampled_from(["stop_component", "disable"]))
    def stop_item(self, name: str, how: str) -> None:
        getattr(self.engine, how)(name)
        item = self.model.items[name]
        self.model.put_back(item)
        if how == "disable":
            item.is_disabled = True
        else:
            item.is_stopped = True
        self.agree()

    @rule(name=st.sampled_from(ITEMS), how=st.sampled_from(["start_component", "enable", "restart_component"]))
    def start_item(self, name: str, how: str) -> None:
        item = self.model.items[name]
        if how == "restart_component":
            self.model.put_back(item)
        getattr(self.engine, how)(name)
        item.is_disabled = item.is_stopped = False
        self.agree()

    @rule(is_crash=st.booleans())
    def restart(self, *, is_crash: bool) -> None:
        """Stop the production, or have it go on with what a crash would leave, and start it again."""
        old = self.engine
        if is_crash:
            self.place = copied(self.place, self.place.with_name(str(int(self.place.name) + 1)))
        old.stop()
        if is_crash:
            self.model.crash()
        else:
            self.model.stop()
        self.start()
        self.agree()

    # The end

    def teardown(self) -> None:
        try:
            if self.running is not None and self.agreed:
                self.bring_to_an_end()
        finally:
            if self.running is not None:
                self.running.stop()
            self.folder.cleanup()

    def bring_to_an_end(self) -> None:
        """Whatever was acknowledged and not purged has come to an end, with the right body."""
        for name in ITEMS:
            self.start_item(name, "enable")
        for _ in range(MOST_TRIES * (len(self.ids) + 1)):
            if not any(item.held for item in self.model.items.values()):
                break
            self.let_time_pass(RETRY_INTERVAL)
        ended = self.engine.wait_until_idle(PATIENCE_SECONDS)
        assert ended
        assert self.engine.queues() == []
        for message_id, message in self.model.messages.items():
            assert message.status in OVER | {MessageStatus.SUSPENDED}
            stored = self.engine.message(message_id)
            assert stored is not None, f"message {message_id} is lost"
            assert self.engine.decode(stored) == Sample(message.text)


def run_machine(examples: int, steps: int) -> int:
    """Run the machine, and return how many steps it took.

    Memory grows meanwhile by what hypothesis remembers of all choices it made; engines leave nothing
    behind, see ``test_engine_leftovers``.
    """
    EngineMachine.steps = 0
    options = settings(max_examples=examples, stateful_step_count=steps)
    run_state_machine_as_test(EngineMachine, settings=options)
    return EngineMachine.steps


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    # Thousands of messages fail as they are told to; their stacks would fill the report.
    caplog.set_level(logging.CRITICAL + 1, logger="iop")


def test_engine_does_what_the_model_says() -> None:
    assert run_machine(140, 100) >= 10_000


@pytest.mark.slow
def test_engine_does_what_the_model_says_for_long() -> None:
    assert run_machine(400, 200) >= 70_000
