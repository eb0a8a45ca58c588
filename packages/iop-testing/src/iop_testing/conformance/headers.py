"""Message headers: what every field says, and the way of a status."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from iop_core import BusinessOperation, BusinessProcess, BusinessService, PollingBusinessService
from iop_core.errors import RequestFailedError
from iop_core.headers import BusinessType, Invocation, MessageHeader, MessagePriority, MessageType
from iop_production import Production
from iop_testing.conformance.trial import PATIENCE_SECONDS, BackendSuite, BackendTrial, Note, in_background
from iop_testing.production_run import ProductionRun

BODY_CLASS = f"{Note.__module__}.{Note.__qualname__}"
NOTE = Note("a")


def hospital(trial: BackendTrial, *, desk_jobs: int = 1) -> Production:
    """Return a production with a service, a process and an operation, whose names are not those of their classes."""

    class Door(BusinessService):
        def on_message(self, request: Note) -> object:
            return self.send_request_sync("Desk", request)

    class Caller(BusinessProcess):
        def on_request(self, request: Note) -> None:
            self.send_request_async("Ward", request, description="ward round", completion_key="bed")
            self.send_request_async("Ward", Note("told"), response_required=False)

        def on_response(
            self, request: Note, response: object, call_request: object, call_response: object, completion_key: str
        ) -> object:
            return call_response

    class Sink(BusinessOperation):
        def on_message(self, request: Note) -> Note:
            trial.pass_gate()
            if request.text == "bad":
                raise ValueError("no such bed")
            return request

    production = Production("Conformance.Headers")
    production.service("Front", Door)
    production.process("Desk", Caller, pool_size=desk_jobs)
    production.operation("Ward", Sink)
    return production


def find_one(headers: Iterable[MessageHeader], **fields: object) -> MessageHeader:
    """Return the one header with these values."""
    (found,) = [one for one in headers if all(getattr(one, name) == value for name, value in fields.items())]
    return found


def asked(run: ProductionRun) -> list[MessageHeader]:
    """Call the service and return the headers of the session when all is done."""
    assert run.call("Front", NOTE) == NOTE
    run.wait_until_idle()
    return run.messages()


class HeaderSuite(BackendSuite):
    """Checks of message headers; subclass it as ``Test...`` and give the ``open_backend`` fixture."""

    def test_id(self, trial: BackendTrial) -> None:
        """Ids are positive, rise over all sessions, and are not given again after a restart."""
        with trial.run(hospital(trial)) as run:
            ids = [header.message_id for header in (*asked(run), *asked(run)[7:])]
        with trial.run(hospital(trial)) as run:
            ids.append(run.send("Ward", NOTE))
        assert ids[0] > 0
        assert ids == sorted(set(ids))

    def test_type(self, trial: BackendTrial) -> None:
        """Requests are of type 1, responses of type 2."""
        with trial.run(hospital(trial)) as run:
            headers = asked(run)
        assert [int(header.type) for header in headers].count(1) == 4
        assert [int(header.type) for header in headers].count(2) == 3
        assert find_one(headers, source="Ward").type is MessageType.RESPONSE

    def test_session_id(self, trial: BackendTrial) -> None:
        """A session has the id of its first request, which all later messages copy."""
        with trial.run(hospital(trial)) as run:
            headers = asked(run)
            second = run.send("Ward", NOTE)
        assert {header.session_id for header in headers} == {headers[0].message_id}
        assert second > headers[-1].message_id

    def test_session_of_an_input(self, trial: BackendTrial) -> None:
        """Each input of an adapter opens a session, which all sends of that input share."""

        class Poll(PollingBusinessService):
            def on_poll(self) -> None:
                self.send_request_async("Ward", NOTE)
                self.send_request_async("Ward", NOTE)

        production = hospital(trial)
        production.service("Poll", Poll, adapter_settings={"CallInterval": 10})
        with trial.run(production) as run:
            trial.until(lambda: len(run.messages(target="Ward")) == 2)
            trial.pass_time_until(lambda: len(run.messages(target="Ward")) >= 4)
            first, second, third, fourth = run.messages(target="Ward", limit=4)
        assert first.session_id == second.session_id == first.message_id
        assert third.session_id == fourth.session_id == third.message_id

    def test_sessions_within_an_input(self, trial: BackendTrial) -> None:
        """A service may begin a session between two sends of one input; the answer of a message stays in its own."""

        class Poll(PollingBusinessService):
            def on_poll(self) -> None:
                self.send_request_async("Ward", Note("1"))
                self.begin_session()
                trial.seen.append(str(self.context.session_id))
                self.send_request_async("Ward", Note("2"))
                self.send_request_sync("Ward", Note("3"))

        class Told(BusinessService):
            def on_message(self, request: Note) -> None:
                self.begin_session()

        production = hospital(trial)
        production.service("Poll", Poll, adapter_settings={"CallInterval": 10})
        production.service("Told", Told)
        with trial.run(production) as run:
            run.wait_until_idle()
            first, second, third = run.messages(target="Ward")
            with pytest.raises(RequestFailedError, match="begin_session"):
                run.call("Told", NOTE)
        assert trial.seen == ["0"]
        assert first.session_id == first.message_id
        assert (second.session_id, third.session_id) == (second.message_id, second.message_id)

    def test_super_session(self, trial: BackendTrial) -> None:
        """With GenerateSuperSessionID each input of a service begins one, which all its messages copy."""

        class Poll(PollingBusinessService):
            def on_poll(self) -> None:
                self.send_request_async("Desk", NOTE)

        production = hospital(trial)
        production.service("Poll", Poll, settings={"GenerateSuperSessionID": True})
        with trial.run(production) as run:
            run.wait_until_idle()
            polled = run.messages()
            run.call("Ward", NOTE)
            others = run.messages()[len(polled) :]
        assert len({header.super_session for header in polled}) == 1
        assert polled[0].super_session
        assert {header.super_session for header in others} == {""}

    def test_corresponding_message_id(self, trial: BackendTrial) -> None:
        """A request names its answer, an answer its request, and a request without an answer nothing."""
        with trial.run(hospital(trial)) as run:
            headers = {header.message_id: header for header in asked(run)}
        pairs = [header for header in headers.values() if header.corresponding_id]
        assert len(pairs) == 6
        for header in pairs:
            other = headers[header.corresponding_id]
            assert (other.corresponding_id, other.source, other.target) == (
                header.message_id,
                header.target,
                header.source,
            )
            assert other.type != header.type

    def test_config_names(self, trial: BackendTrial) -> None:
        """Source and target are names of items, not of classes."""
        with trial.run(hospital(trial)) as run:
            headers = asked(run)
        requests = [header for header in headers if header.type is MessageType.REQUEST]
        assert {(header.source, header.target) for header in requests} == {
            ("", "Front"),
            ("Front", "Desk"),
            ("Desk", "Ward"),
        }

    def test_business_types(self, trial: BackendTrial) -> None:
        """Both ends say what kind of item they are: 0 unknown, 1 service, 2 process, 3 operation."""
        with trial.run(hospital(trial)) as run:
            headers = asked(run)
        kinds = {"": 0, "Front": 1, "Desk": 2, "Ward": 3}
        assert [int(kind) for kind in BusinessType] == [0, 1, 2, 3]
        for header in headers:
            assert (header.source_type, header.target_type) == (kinds[header.source], kinds[header.target]), header

    @pytest.mark.parametrize(("desk_jobs", "queue"), [(1, "Desk"), (0, "Ens.Actor")])
    def test_queue_names(self, trial: BackendTrial, desk_jobs: int, queue: str) -> None:
        """The queue is that of the item or shared; the return queue is empty when nobody expects an answer."""
        with trial.run(hospital(trial, desk_jobs=desk_jobs)) as run:
            headers = asked(run)
        assert find_one(headers, source="Front", target="Desk").queue == queue
        answered = find_one(headers, target="Ward", completion_key="bed")
        assert (answered.queue, answered.return_queue) == ("Ward", queue)
        assert find_one(headers, source="Ward").queue == queue
        told = find_one(headers, target="Ward", completion_key="")
        assert (told.queue, told.return_queue) == ("Ward", "")
        sync = find_one(headers, source="", target="Front")
        assert sync.return_queue.startswith("_SyncCall:")

    def test_business_process_id(self, trial: BackendTrial) -> None:
        """A request has the id of the sending instance, a response that of the receiving one."""
        with trial.run(hospital(trial)) as run:
            headers = asked(run)
        primary = find_one(headers, target="Desk", type=MessageType.REQUEST)
        sent = find_one(headers, target="Ward", completion_key="bed")
        assert primary.process_id == 0
        assert sent.process_id == find_one(headers, source="Ward").process_id > 0
        assert find_one(headers, target="").process_id == 0

    def test_message_body(self, trial: BackendTrial) -> None:
        """Headers refer to a body by class and id; headers of a resent message share one body."""
        with trial.run(hospital(trial)) as run:
            first = run.send("Ward", NOTE)
            run.wait_until_idle()
            run.running.resend([first])
            run.wait_until_idle()
            headers = run.messages()
            assert [run.body(header.message_id) for header in headers] == [NOTE, NOTE]
        assert [header.body_class for header in headers] == [BODY_CLASS] * 2
        assert len({header.message_id for header in headers}) == 2
        assert len({header.body_id for header in headers}) == 1

    def test_invocation(self, trial: BackendTrial) -> None:
        """Messages go through queues, so that their sender's job is free."""
        with trial.run(hospital(trial)) as run:
            assert {header.invocation for header in asked(run)} == {Invocation.QUEUE}
        assert [each.name for each in Invocation] == ["QUEUE", "IN_PROC"]

    def test_priority(self, trial: BackendTrial) -> None:
        """1 is HighSync, 2 Sync, 4 SimSync, 6 Async; an answer has the priority of its request."""
        assert {each.name: int(each) for each in MessagePriority} == {
            "HIGH_SYNC": 1,
            "SYNC": 2,
            "SIM_SYNC": 4,
            "ASYNC": 6,
        }
        with trial.run(hospital(trial)) as run:
            headers = asked(run)
        for header in headers:
            is_async = "Ward" in (header.source, header.target)
            assert header.priority == (MessagePriority.ASYNC if is_async else MessagePriority.SYNC), header

    def test_description(self, trial: BackendTrial) -> None:
        """Senders may pass a text, and resending adds to it."""
        with trial.run(hospital(trial)) as run:
            headers = asked(run)
            sent = find_one(headers, target="Ward", completion_key="bed")
            (again,) = run.running.resend([sent.message_id]).ids
            run.wait_until_idle()
            assert sent.description == "ward round"
            assert str(sent.message_id) in find_one(run.messages(), message_id=again).description

    def test_resent(self, trial: BackendTrial) -> None:
        """A message that an operator sent again has the mark r; others have none."""
        with trial.run(hospital(trial)) as run:
            run.running.resend([run.send("Ward", NOTE)])
            run.wait_until_idle()
            assert [header.resent for header in run.messages()] == ["", "r"]

    def test_time_created(self, trial: BackendTrial) -> None:
        """The time is that at which the message was put on its queue, in UTC."""
        with trial.run(hospital(trial)) as run:
            trial.gate.clear()
            called = in_background(lambda: run.call("Ward", NOTE))
            trial.until(lambda: run.messages(target="Ward"))
            trial.clock.advance(7)
            trial.gate.set()
            called.result(PATIENCE_SECONDS)
            request, response = run.messages()
        assert (response.time_created - request.time_created).total_seconds() == 7
        assert response.time_created == trial.clock.now()
        assert request.time_created.utcoffset() is not None

    def test_time_processed(self, trial: BackendTrial) -> None:
        """There is none while a message waits; in the end it is the time at which processing ended."""
        with trial.run(hospital(trial)) as run:
            trial.gate.clear()
            run.send_many("Ward", [NOTE, NOTE])
            assert run.messages()[1].time_processed is None
            trial.clock.advance(7)
            trial.gate.set()
            run.wait_until_idle()
            assert [header.time_processed for header in run.messages()] == [trial.clock.now()] * 2
