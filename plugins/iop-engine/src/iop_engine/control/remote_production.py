"""A production that runs in another process of this machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import cast

from iop_core.backends import StoredReply
from iop_core.bodies import BodyCodec
from iop_core.errors import BackendUnavailableError
from iop_core.events import StoredMessage
from iop_engine.control.client import ControlClient
from iop_engine.control.remote_host import RemoteHost
from iop_engine.control.wire_methods import CodecChoice, served_names

_PAUSE_SECONDS = 0.02
_STOP_SECONDS = 10.0


class RemoteProduction:
    """Implements ``RunningProduction`` over the control socket.

    What the table of ``wire_methods`` holds is passed on as it is.

    Args:
        client: Reaches the engine.
        is_running: Whether a process still holds the data directory.
    """

    def __init__(self, client: ControlClient, is_running: Callable[[], bool]) -> None:
        self._client = client
        self._is_running = is_running
        choice = cast("CodecChoice", client.call("codec_choice"))
        self._codec = BodyCodec(default=choice.serializer, allowed=choice.allowed)
        self._codec.use_keys(lambda name: cast("bytes", client.call("secret", name)))

    def __getattr__(self, name: str) -> Callable[..., object]:
        if name.startswith("_") or name not in served_names():
            raise AttributeError(f"a production that runs elsewhere has no {name!r}")
        return partial(self._client.call, name)

    @property
    def pid(self) -> int:
        """The process that runs it."""
        return self._client.address.pid

    def send(self, item: str, message: object) -> int:
        """Send a request from outside; return its session id once it is on disk."""
        return self.send_many(item, [message])[0]

    def send_many(self, item: str, messages: Sequence[object]) -> list[int]:
        """Send requests in one commit, each in a session of its own; return the session ids."""
        bodies = [self._codec.encode(message) for message in messages]
        return cast("list[int]", self._client.call("send_bodies", item, bodies))

    def call(self, item: str, message: object, *, timeout_seconds: float) -> object:
        """Send a request from outside and return the reply message."""
        reply = self._client.call("call_body", item, self._codec.encode(message), timeout_seconds)
        return self._codec.decode(cast("StoredReply", reply).body)

    def decode(self, stored: StoredMessage) -> object:
        """Return a stored message as a message object; its class has to be loaded in this process."""
        return self._codec.decode(stored.body)

    def host_for(self, item: str) -> RemoteHost:
        """Return a host for an instance of an item's class that this process makes for itself."""
        return RemoteHost(item, self._client, self._codec)

    def stop(self, *, actor: str = "", reason: str = "") -> None:
        """Stop it and wait until its data is free; repeatable.

        Args:
            actor: Who does it, for the audit; empty: the user of the process that runs it.
            reason: Why.

        Raises:
            BackendUnavailableError: It did not end.
        """
        try:
            self._client.call("stop", actor=actor, reason=reason)
        except BackendUnavailableError:
            if self._is_running() and not self.wait_until_stopped(_STOP_SECONDS):
                raise
        finally:
            self._client.close()
        if not self.wait_until_stopped(_STOP_SECONDS):
            raise BackendUnavailableError(f"process {self.pid} was told to stop, and still holds its data")

    def wait_until_stopped(self, timeout_seconds: float | None = None) -> bool:
        """Wait until the production was stopped, by whomever; False when time ran out."""
        deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        while self._is_running():
            if deadline is not None and time.monotonic() >= deadline:
                return False
            time.sleep(_PAUSE_SECONDS)
        return True
