"""What operators do to messages: suspend, resubmit, discard, resend, abort."""

from __future__ import annotations

import json

import pytest

from iop_core import BusinessOperation
from iop_core.errors import MessageControlError, RequestFailedError, StoreError
from iop_core.events import EventType
from iop_core.headers import MessageHeader, MessageStatus
from iop_production import Production
from iop_testing.conformance.trial import PATIENCE_SECONDS, BackendSuite, BackendTrial, Note, in_background
from iop_testing.production_run import ProductionRun

MENDED = json.dumps({"text": "mended"})


def plant(trial: BackendTrial, **settings: object) -> Production:
    """Return a production with an operation that suspends, fails, waits or answers as its messages say."""

    class Sink(BusinessOperation):
        def on_message(self, request: Note) -> Note:
            trial.seen.append(request.text)
            if request.text == "wait":
                trial.pass_gate()
            if request.text == "suspend":
                self.SuspendMessage = trial.seen.count("suspend") == 1
            if request.text == "fail":
                raise ValueError("no such bed")
            return request

    class Other(BusinessOperation):
        def on_message(self, request: Note) -> None:
            trial.seen.append(f"other {request.text}")

    production = Production("Conformance.Operators")
    production.operation("Sink", Sink)
    production.item("Sink").host_settings.update(settings)
    production.operation("Other", Other)
    return production


def hold(trial: BackendTrial, run: ProductionRun) -> int:
    """Have the operation wait at the gate with a message in hand, and return its id."""
    trial.gate.clear()
    message_id = run.send("Sink", Note("wait"))
    trial.until(lambda: trial.seen[-1:] == ["wait"])
    return message_id


def header_of(run: ProductionRun, message_id: int) -> MessageHeader:
    """Return one header."""
    (header,) = run.messages(id=message_id)
    return header


def notes(*texts: str) -> list[Note]:
    """Return messages with these texts."""
    return [Note(text) for text in texts]


def suspended(run: ProductionRun) -> int:
    """Have a message suspended, and return its id."""
    message_id = run.send("Sink", Note("suspend"))
    run.wait_until_idle()
    assert header_of(run, message_id).status is MessageStatus.SUSPENDED
    return message_id


class OperatorSuite(BackendSuite):
    """Checks of deeds on messages; subclass it as ``Test...`` and give the ``open_backend`` fixture."""

    # Suspended messages

    def test_suspended_by_the_operation(self, trial: BackendTrial) -> None:
        """A message whose operation asks for it is Suspended, in no queue, and found by its status."""
        with trial.run(plant(trial)) as run:
            message_id = suspended(run)
            assert [header.message_id for header in run.messages(status="Suspended")] == [message_id]
            assert run.queues() == []

    def test_suspended_by_an_action(self, trial: BackendTrial) -> None:
        """The action S of ReplyCodeActions suspends."""
        with trial.run(plant(trial, ReplyCodeActions="E=S")) as run:
            message_id = run.send("Sink", Note("fail"))
            run.wait_until_idle()
            assert header_of(run, message_id).status is MessageStatus.SUSPENDED

    def test_answer_whose_caller_has_stopped_is_suspended(self, trial: BackendTrial) -> None:
        """When a synchronous sender stopped before it read its answer, the answer is Suspended."""
        with trial.run(plant(trial)) as run:
            run.running.disable("Sink")
            call = in_background(lambda: run.call("Sink", Note("asked")))
            trial.until(lambda: run.messages(target="Sink"))
            run.stop()
            with pytest.raises(StoreError):
                call.result(PATIENCE_SECONDS)
        with trial.run(plant(trial)) as run:
            run.running.enable("Sink")
            run.wait_until_idle()
            (answer,) = run.messages(type="Response")
            assert answer.status is MessageStatus.SUSPENDED
            assert run.running.discard([answer.message_id]).ids == (answer.message_id,)

    def test_suspended_by_hand(self, trial: BackendTrial) -> None:
        """A waiting message can be suspended; the others keep their order."""
        with trial.run(plant(trial)) as run:
            hold(trial, run)
            ids = run.send_many("Sink", notes("a", "b", "c"))
            assert run.running.suspend([ids[1]]).ids == (ids[1],)
            trial.gate.set()
            run.wait_until_idle()
            assert header_of(run, ids[1]).status is MessageStatus.SUSPENDED
        assert trial.seen == ["wait", "a", "c"]

    def test_suspended_messages_survive(self, trial: BackendTrial) -> None:
        """A suspended message is still there after a restart, and can be resubmitted then."""
        with trial.run(plant(trial)) as run:
            message_id = suspended(run)
        with trial.run(plant(trial)) as run:
            run.wait_until_idle()
            assert trial.seen == ["suspend"]
            run.running.resubmit([message_id])
            run.wait_until_idle()
            assert header_of(run, message_id).status is MessageStatus.COMPLETED

    def test_resubmit(self, trial: BackendTrial) -> None:
        """A resubmitted message keeps its header and session; its description tells."""
        with trial.run(plant(trial)) as run:
            message_id = suspended(run)
            before = header_of(run, message_id)
            run.running.resubmit([message_id], actor="kim", reason="fixed")
            run.wait_until_idle()
            (after,) = run.messages()
        assert (after.message_id, after.session_id, after.body_id) == (message_id, before.session_id, before.body_id)
        assert after.status is MessageStatus.COMPLETED
        assert "resubmitted" in after.description
        assert trial.seen == ["suspend", "suspend"]

    def test_resubmitted_message_goes_first(self, trial: BackendTrial) -> None:
        """A resubmitted message goes back to its old place: before what came later."""
        with trial.run(plant(trial)) as run:
            message_id = suspended(run)
            hold(trial, run)
            run.send("Sink", Note("later"))
            run.running.resubmit([message_id])
            trial.gate.set()
            run.wait_until_idle()
        assert trial.seen == ["suspend", "wait", "suspend", "later"]

    def test_edit_and_resubmit(self, trial: BackendTrial) -> None:
        """An edited message has the same header and a new body."""
        with trial.run(plant(trial)) as run:
            message_id = suspended(run)
            old_body = header_of(run, message_id).body_id
            run.running.resubmit([message_id], body=MENDED)
            run.wait_until_idle()
            (header,) = run.messages()
            assert header.body_id != old_body
            assert run.body(message_id) == Note("mended")
        assert trial.seen == ["suspend", "mended"]

    def test_only_suspended_messages_are_resubmitted(self, trial: BackendTrial) -> None:
        """A message that has ended is not resubmitted, also not twice by mistake."""
        with trial.run(plant(trial)) as run:
            message_id = suspended(run)
            run.running.resubmit([message_id])
            run.wait_until_idle()
            assert "Completed" in run.running.resubmit([message_id]).refused[message_id]
        assert trial.seen == ["suspend", "suspend"]

    def test_discard(self, trial: BackendTrial) -> None:
        """A discarded message has status 4 and stays stored."""
        with trial.run(plant(trial)) as run:
            message_id = suspended(run)
            assert run.running.discard([message_id]).ids == (message_id,)
            assert int(header_of(run, message_id).status) == 4
            assert run.body(message_id) == Note("suspend")

    # Deleted messages

    def test_delete(self, trial: BackendTrial) -> None:
        """Ended and suspended messages can be removed, with their bodies; the deed is in the event log."""
        with trial.run(plant(trial)) as run:
            ended, other = run.send_many("Sink", notes("a", "b"))
            message_id = suspended(run)
            deed = run.running.delete([ended, message_id], actor="kim", reason="wrong patient")
            assert deed.ids == (ended, message_id)
            assert {header.message_id for header in run.messages(type="Request")} == {other}
            assert run.running.message(ended) is None
            texts = [entry.text for entry in run.log()]
        assert "delete of 2 messages by kim: wrong patient" in texts

    def test_delete_keeps_a_shared_body(self, trial: BackendTrial) -> None:
        """A body stays as long as a message has it."""
        with trial.run(plant(trial)) as run:
            first = run.send("Sink", Note("a"))
            run.wait_until_idle()
            (second,) = run.resend(first).ids
            run.wait_until_idle()
            run.delete(first)
            assert run.body(second) == Note("a")

    def test_delete_refuses_what_has_not_ended(self, trial: BackendTrial) -> None:
        """A message that waits or is being handled is not removed."""
        with trial.run(plant(trial)) as run:
            held = hold(trial, run)
            waiting = run.send("Sink", Note("a"))
            result = run.running.delete([held, waiting])
            assert (result.ids, set(result.refused)) == ((), {held, waiting})
            trial.gate.set()
            run.wait_until_idle()
        assert trial.seen == ["wait", "a"]

    # Resend

    def test_resend(self, trial: BackendTrial) -> None:
        """A resent message has a new id, the same session and body, Resent r, and names the first one."""
        with trial.run(plant(trial)) as run:
            first = run.send("Sink", Note("a"))
            run.wait_until_idle()
            (new_id,) = run.running.resend([first]).ids
            run.wait_until_idle()
            old, new = header_of(run, first), header_of(run, new_id)
        assert new_id > first
        assert (new.session_id, new.body_id, new.resent) == (old.session_id, old.body_id, "r")
        assert str(first) in new.description
        assert (old.status, old.resent) == (MessageStatus.COMPLETED, "")
        assert trial.seen == ["a", "a"]

    def test_resend_oldest_first(self, trial: BackendTrial) -> None:
        """Messages are resent in the order of their ids, whatever the order of the choice."""
        with trial.run(plant(trial)) as run:
            ids = run.send_many("Sink", notes("a", "b", "c"))
            run.wait_until_idle()
            run.running.resend(ids[::-1])
            run.wait_until_idle()
        assert trial.seen == ["a", "b", "c"] * 2

    def test_resend_to_another_target(self, trial: BackendTrial) -> None:
        """A resent message may go to another item."""
        with trial.run(plant(trial)) as run:
            first = run.send("Sink", Note("a"))
            run.wait_until_idle()
            (new_id,) = run.running.resend([first], target="Other").ids
            run.wait_until_idle()
            assert (header_of(run, new_id).target, header_of(run, new_id).queue) == ("Other", "Other")
        assert trial.seen == ["a", "other a"]

    def test_resend_to_the_head_of_the_queue(self, trial: BackendTrial) -> None:
        """Assumed: the head of a queue is the priority of acknowledgements, before everything that waits."""
        with trial.run(plant(trial)) as run:
            first = run.send("Sink", Note("a"))
            run.wait_until_idle()
            hold(trial, run)
            run.send("Sink", Note("waiting"))
            (new_id,) = run.running.resend([first], at_head=True).ids
            trial.gate.set()
            run.wait_until_idle()
            assert int(header_of(run, new_id).priority) == 1
        assert trial.seen == ["a", "wait", "a", "waiting"]

    def test_resend_is_refused_when_the_target_does_not_run(self, trial: BackendTrial) -> None:
        """Nothing is resent to an item that does not run."""
        with trial.run(plant(trial)) as run:
            first = run.send("Sink", Note("a"))
            run.wait_until_idle()
            run.running.disable("Sink")
            assert "does not run" in run.running.resend([first]).refused[first]
            with pytest.raises(MessageControlError, match="does not run"):
                run.running.resend([first], target="Sink")
            assert len(run.messages()) == 1

    def test_edit_and_resend(self, trial: BackendTrial) -> None:
        """An edited message that is resent has a body of its own; the old message keeps the old one."""
        with trial.run(plant(trial)) as run:
            first = run.send("Sink", Note("a"))
            run.wait_until_idle()
            (new_id,) = run.running.resend([first], body=MENDED).ids
            run.wait_until_idle()
            assert (run.body(first), run.body(new_id)) == (Note("a"), Note("mended"))
            assert header_of(run, new_id).session_id == header_of(run, first).session_id
        assert trial.seen == ["a", "mended"]

    # Abort

    @pytest.mark.parametrize("is_all", [False, True])
    def test_abort_in_a_queue(self, trial: BackendTrial, *, is_all: bool) -> None:
        """One message of a queue can be aborted, or all of them."""
        with trial.run(plant(trial)) as run:
            run.running.disable("Sink")
            ids = run.send_many("Sink", notes("a", "b", "c"))
            chosen = tuple(ids) if is_all else (ids[1],)
            assert run.running.abort(chosen).ids == chosen
            run.running.enable("Sink")
            run.wait_until_idle()
            assert [header.message_id for header in run.messages(status="Aborted")] == list(chosen)
        assert trial.seen == ([] if is_all else ["a", "c"])

    def test_abort_tells_who_waits(self, trial: BackendTrial) -> None:
        """The synchronous sender of an aborted message gets an error."""
        with trial.run(plant(trial)) as run:
            run.running.disable("Sink")
            call = in_background(lambda: run.call("Sink", Note("a")))
            (asked,) = trial.until(lambda: run.messages(target="Sink"))
            run.running.abort([asked.message_id])
            with pytest.raises(RequestFailedError, match="aborted"):
                call.result(PATIENCE_SECONDS)

    @pytest.mark.parametrize(
        ("deed", "status"), [("abort", MessageStatus.ABORTED), ("suspend", MessageStatus.SUSPENDED)]
    )
    def test_deeds_on_the_message_of_a_job(self, trial: BackendTrial, deed: str, status: MessageStatus) -> None:
        """A message that is tried again can be aborted or suspended; its job goes on with the next."""
        with trial.run(plant(trial, ReplyCodeActions="E=R", FailureTimeout=-1)) as run:
            bad, good = run.send_many("Sink", notes("fail", "good"))
            trial.until(lambda: header_of(run, bad).attempts)
            trial.until(lambda: getattr(run.running, deed)([bad]).marked == (bad,))
            run.wait_until_idle()
            assert header_of(run, bad).status is status
            assert header_of(run, good).status is MessageStatus.COMPLETED
        assert trial.seen == ["fail", "good"]

    def test_abort_does_not_undo_what_succeeds(self, trial: BackendTrial) -> None:
        """Assumed: a handler that runs is not interrupted; when it succeeds, that counts."""
        with trial.run(plant(trial)) as run:
            message_id = hold(trial, run)
            assert run.running.abort([message_id]).marked == (message_id,)
            trial.gate.set()
            run.wait_until_idle()
            assert header_of(run, message_id).status is MessageStatus.COMPLETED

    @pytest.mark.parametrize("deed", ["abort", "discard", "suspend"])
    def test_deed_on_a_synchronous_message_in_hand(self, trial: BackendTrial, deed: str) -> None:
        """A synchronous message that is handled is not taken for one that waits: its caller gets one answer."""
        with trial.run(plant(trial)) as run:
            trial.gate.clear()
            call = in_background(lambda: run.call("Sink", Note("wait")))
            trial.until(lambda: trial.seen == ["wait"])
            (asked,) = run.messages()
            result = getattr(run.running, deed)([asked.message_id])
            assert (result.ids, result.marked) == ((), (asked.message_id,))
            trial.gate.set()
            assert call.result(PATIENCE_SECONDS) == Note("wait")
            run.wait_until_idle()
            assert [header.status for header in run.messages()] == [MessageStatus.COMPLETED] * 2

    def test_stop_from_a_job(self, trial: BackendTrial) -> None:
        """An item that tries a message again can be stopped; the message waits at its place."""
        with trial.run(plant(trial, ReplyCodeActions="E=R", FailureTimeout=-1)) as run:
            bad, good = run.send_many("Sink", notes("fail", "good"))
            trial.until(lambda: header_of(run, bad).attempts)
            run.running.stop_component("Sink")
            assert [header_of(run, each).status for each in (bad, good)] == [MessageStatus.QUEUED] * 2

    def test_deeds_are_in_the_event_log(self, trial: BackendTrial) -> None:
        """Who did what to which messages, and why, is told."""
        with trial.run(plant(trial)) as run:
            message_id = suspended(run)
            run.running.resubmit([message_id], actor="kim", reason="fixed")
            (entry,) = [entry for entry in run.log() if "kim" in entry.text]
            run.wait_until_idle()
        assert entry.type is EventType.INFO
        assert entry.text == "resubmit of 1 messages by kim: fixed"
