"""Test messages."""

from __future__ import annotations

from iop_core.headers import EMPTY_BODY, Body
from iop_core.json_serializer import JsonSerializer
from iop_director import text_of_body
from iop_director.trial_messages import TrialMessage
from iop_server.call import Call
from iop_server.json_text import parse_json
from iop_server.wire import TrialOrder

_LONGEST_BODY = 1_000_000


def send_test(call: Call, given: TrialOrder) -> dict[str, object]:
    """Send a test message to an item of the production that runs, and return the reply."""
    if isinstance(given.body, str) and given.body:
        parse_json(given.body, "the body of the test message")
    trial = TrialMessage(classname=given.classname or None, body=given.body).on(call.director.backend)
    running = call.director.connect()
    running.check_testing()
    if given.restart:
        running.restart_component(given.target, actor=call.user.name, reason=call.reason)
    request = EMPTY_BODY if trial.classname is None else trial.stored_form(trial.classname)
    # The reply stays in its stored form: no class of the production is needed here.
    reply = running.call_body(given.target, request, call.options.test_seconds)
    session = {"session_id": reply.session_id} if reply.session_id else {}
    return {**_told(reply.body), **session}


def _told(body: Body) -> dict[str, object]:
    if body.is_empty:
        return {}
    is_json = body.serializer == JsonSerializer.name
    text = body.payload.decode("utf-8", "replace") if is_json else text_of_body(body).to_text()
    return {
        "classname": body.class_name,
        "body": text[:_LONGEST_BODY],
        "truncated": int(len(text) > _LONGEST_BODY),
    }
