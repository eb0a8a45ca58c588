"""The status of a message on its way, and errors."""

from __future__ import annotations

import pytest

from iop_core import BusinessOperation
from iop_core.errors import RequestFailedError
from iop_core.headers import MessageStatus, MessageType
from iop_testing.conformance.headers import NOTE, hospital
from iop_testing.conformance.trial import PATIENCE_SECONDS, BackendSuite, BackendTrial, Note, in_background


class StatusSuite(BackendSuite):
    """Checks of the status of messages; subclass it as ``Test...`` and give the ``open_backend`` fixture."""

    def test_status(self, trial: BackendTrial) -> None:
        """The numbers are those of IRIS, and a request and its response have statuses of their own."""
        names = "CREATED QUEUED DELIVERED DISCARDED SUSPENDED DEFERRED ABORTED ERROR COMPLETED"
        assert [each.name for each in MessageStatus] == names.split()
        assert [int(each) for each in MessageStatus] == list(range(1, 10))
        with trial.run(hospital(trial)) as run:
            with pytest.raises(RequestFailedError):
                run.call("Ward", Note("bad"))
            request, response = run.messages()
        assert (request.status, response.status) == (MessageStatus.ERROR, MessageStatus.COMPLETED)

    def test_is_error(self, trial: BackendTrial) -> None:
        """A message that failed and the answer that tells of it say so, with the text; others have no error."""
        with trial.run(hospital(trial)) as run:
            with pytest.raises(RequestFailedError):
                run.call("Ward", Note("bad"))
            for header in run.messages():
                assert header.is_error
                assert "no such bed" in header.error
            good = run.call("Ward", NOTE)
            assert good == NOTE
            assert {(header.is_error, header.error) for header in run.messages()[2:]} == {(False, "")}

    def test_status_path(self, trial: BackendTrial) -> None:
        """A message is Queued until its handling has ended, then Completed, also in what a crash leaves."""
        with trial.run(hospital(trial)) as run:
            trial.gate.clear()
            run.send("Ward", NOTE)
            assert [header.status for header in run.messages()] == [MessageStatus.QUEUED]
            trial.gate.set()
            run.wait_until_idle()
            assert [header.status for header in run.messages()] == [MessageStatus.COMPLETED]

    def test_deferred_status(self, trial: BackendTrial) -> None:
        """While an answer is put off, the request and the answer are Deferred."""

        class Lab(BusinessOperation):
            def on_message(self, request: Note) -> None:
                trial.seen.append(self.defer_response())

        class Clerk(BusinessOperation):
            def on_message(self, request: Note) -> None:
                self.send_deferred_response(request.text, NOTE)

        production = hospital(trial)
        production.operation(Lab)
        production.operation(Clerk)
        with trial.run(production) as run:
            called = in_background(lambda: run.call("Lab", NOTE))
            trial.until(lambda: len(run.messages(status="Deferred")) == 2)
            request, response = run.messages()
            assert (request.corresponding_id, response.type) == (response.message_id, MessageType.RESPONSE)
            run.call("Clerk", Note(trial.seen[0]))
            assert called.result(PATIENCE_SECONDS) == NOTE
            run.wait_until_idle()
            assert run.messages(status="Deferred") == []
