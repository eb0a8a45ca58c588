"""The bodies of a session, read from a running engine in another program and from what it left behind."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from iop import BusinessOperation, Director, Message, PickleMessage, Production
from iop_director import text_of_body


@dataclass
class Question(Message):
    text: str


@dataclass
class Answer(PickleMessage):
    text: str


class Out(BusinessOperation):
    def on_message(self, request):
        return Answer(request.text.upper())


def test_bodies_of_a_session(tmp_path: Path) -> None:
    production = Production("Demo.Bodies", allowed_serializers=("pickle",))
    production.operation(Out)
    director = Director(f"local:{tmp_path}")
    running = director.run(production)
    try:
        running.call("Out", Question("größe"), timeout_seconds=30)
        while_running = director.trace(bodies=True)
        assert director.trace().bodies is None
    finally:
        running.stop()
    afterwards = director.trace(bodies=True)
    assert while_running == afterwards
    request, reply = (text_of_body(afterwards.bodies[header.message_id]) for header in afterwards.messages)
    assert request.text == '{\n  "text": "größe"\n}'
    assert (reply.text, reply.serializer) == (None, "pickle")
