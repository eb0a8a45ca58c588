"""Test messages: sent to one item of a running production by hand."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from iop_core.backends import Backend, RunningProduction
from iop_core.errors import ConfigurationError
from iop_core.headers import Body
from iop_core.json_serializer import JsonSerializer
from iop_core.reply_messages import message_of

TIMEOUT_SECONDS = 60.0
# Before the names of classes on IRIS.
_IRIS = "iris."


@dataclass(frozen=True, slots=True)
class TrialMessage:
    """A message to try an item with.

    Attributes:
        message: The message; not needed with ``classname``. None: an empty body.
        classname: Name of a message class that the production knows.
        body: Its fields, as JSON text or as what JSON can hold; None: no fields.

    Raises:
        ConfigurationError: Both a message and a class name, or a body without one.
    """

    message: object = None
    classname: str | None = None
    body: object = None

    def __post_init__(self) -> None:
        """Refuse what says two things."""
        if self.classname is None and self.body is not None:
            raise ConfigurationError("a test message with a body needs the name of its class, too: give classname=")
        if self.classname is not None and self.message is not None:
            raise ConfigurationError(
                "a test message is given either as message= or as classname= and body=, not as both"
            )

    def on(self, backend: Backend) -> TrialMessage:
        """Return it as a backend takes it; whether ``iris.X.Y`` is a class on IRIS is for a server to say.

        Example:
            >>> TrialMessage(classname="iris.Demo.Order").on(backend).classname  # doctest: +SKIP
            'Demo.Order'
        """
        if self.classname is None or backend.is_remote:
            return self
        return replace(self, classname=self.classname.removeprefix(_IRIS))

    def stored_form(self, classname: str) -> Body:
        """Return it as a body of a class.

        Raises:
            ConfigurationError: Its fields are no JSON.
        """
        return Body(classname, JsonSerializer.name, _json(self.body).encode())


def send_trial(running: RunningProduction, item: str, trial: TrialMessage) -> int:
    """Send a message to an item and return its session id, without waiting for a reply."""
    if trial.classname is None:
        return running.send(item, trial.message)
    return running.send_body(item, trial.stored_form(trial.classname))


def call_trial(running: RunningProduction, item: str, trial: TrialMessage, timeout_seconds: float) -> object:
    """Send a message to an item and return its reply.

    Returns:
        The reply message; ``{"classname", "body", "truncated"}`` where its class is not loaded here.

    Raises:
        ConfigurationError: The body is no JSON.
        RequestTimeoutError: No reply within ``timeout_seconds``; -1 waits for ever.
        RequestFailedError: The item ended with an error.
    """
    if trial.classname is None:
        return running.call(item, trial.message, timeout_seconds=timeout_seconds)
    return message_of(running.call_body(item, trial.stored_form(trial.classname), timeout_seconds).body)


def _json(body: object) -> str:
    if body is None or body == "":
        return "{}"
    if not isinstance(body, str):
        return json.dumps(body, ensure_ascii=False)
    try:
        json.loads(body)
    except ValueError as exc:
        raise ConfigurationError(f"the body of a test message is no JSON: {exc}") from exc
    return body
