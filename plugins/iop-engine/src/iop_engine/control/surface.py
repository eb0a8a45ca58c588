"""What the control socket serves: the methods of a running production, and its messages as bodies."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from iop_core.backends import RunningProduction
from iop_core.bodies import BodyCodec
from iop_core.definitions import ProductionDefinition
from iop_core.duplex_messages import PrivateSession
from iop_core.errors import BackendError, SendError
from iop_core.headers import Body
from iop_core.outside_calls import OutsideHost
from iop_core.super_sessions import SuperSessionHost
from iop_engine.control.wire_methods import CodecChoice, Sender, Sent, served_names


class ControlSurface:
    """Implements ``BodyCalls`` over a running production.

    Messages are read before they are sent: one that the production could not handle is refused.

    Args:
        running: The production.
        definition: What it was started with.
        codec: Its messages to bodies and back.
        secret: Name to the key of a serializer.
    """

    def __init__(
        self,
        running: RunningProduction,
        definition: ProductionDefinition,
        codec: BodyCodec,
        secret: Callable[[str], bytes],
    ) -> None:
        self._running = running
        self._choice = CodecChoice(definition.serializer, tuple(definition.allowed_serializers))
        self._codec = codec
        self._secret = secret

    def functions(self) -> dict[str, Callable[..., object]]:
        """Return what is served: name to function."""
        owners = {name: self if hasattr(self, name) else self._running for name in served_names()}
        return {name: getattr(owner, name) for name, owner in owners.items() if hasattr(owner, name)}

    def codec_choice(self) -> CodecChoice:
        """Return which serializers the production uses."""
        return self._choice

    def secret(self, name: str) -> bytes:
        """Return the key of a serializer that the production uses."""
        if name not in (self._choice.serializer, *self._choice.allowed):
            raise BackendError(f"the production does not use the serializer {name!r}, so its key is not given away")
        return self._secret(name)

    def keeps_trace(self, item: str) -> bool:
        """Return whether trace entries of an item are wanted."""
        return self._running.host_for(item).keeps_trace

    def send_bodies(self, item: str, bodies: list[Body]) -> list[int]:
        """Send requests in one commit; return the session ids."""
        return self._running.send_many(item, [self._codec.decode(body) for body in bodies])

    def send_async_as(self, sender: Sender, target: str, message: Body, description: str) -> Sent:
        """Send a request in the name of an item."""
        host = self._host(sender)
        host.send_async(target, self._codec.decode(message), description)
        return _sent(host)

    def send_sync_as(
        self, sender: Sender, target: str, message: Body, timeout_seconds: float, description: str
    ) -> Sent:
        """Send a request in the name of an item and return its reply."""
        host = self._host(sender)
        reply = host.send_sync(target, self._codec.decode(message), timeout_seconds, description)
        return _sent(host, ((self._codec.encode(reply), 1),))

    def send_multi_sync_as(
        self, sender: Sender, requests: list[tuple[str, Body]], timeout_seconds: float, description: str
    ) -> Sent:
        """Send several requests in the name of an item and return their replies."""
        host = self._host(sender)
        decoded = [(target, self._codec.decode(body)) for target, body in requests]
        replies = host.send_multi_sync(decoded, timeout_seconds, description)
        return _sent(host, tuple((self._codec.encode(reply), code) for reply, code in replies))

    def send_generator_as(
        self, sender: Sender, target: str, message: Body, timeout_seconds: float, description: str
    ) -> Iterator[Body]:
        """Ask for a stream of messages in the name of an item."""
        stream = self._host(sender).send_generator(target, self._codec.decode(message), timeout_seconds, description)
        with stream:
            for element in stream:
                yield self._codec.encode(element)

    def start_private_session_as(self, sender: Sender, target: str, timeout_seconds: float) -> PrivateSession:
        """Open a private session in the name of an item."""
        return self._host(sender).start_private_session(target, timeout_seconds)

    def send_document_as(self, sender: Sender, session: PrivateSession, document: Body, timeout_seconds: float) -> Body:
        """Send a document to the instance of a private session and return its answer."""
        message = self._codec.decode(document)
        return self._codec.encode(self._host(sender).send_document(session, message, timeout_seconds))

    def stop_private_session_as(self, sender: Sender, session: PrivateSession, attached: Body) -> None:
        """End a private session."""
        self._host(sender).stop_private_session(session, self._codec.decode(attached))

    def write_log_as(self, sender: Sender, level: int, text: str, method: str) -> None:
        """Add an entry of an item to the event log."""
        self._host(sender).write_log(level, text, method)

    def _host(self, sender: Sender) -> OutsideHost:
        """Return a host for one call; it goes on with the session that the caller names."""
        host = self._running.host_for(sender.item)
        if sender.session_id < 0:
            raise SendError(f"{sender.session_id} is no session")
        host.enter_input(sender.session_id)
        if sender.super_session and isinstance(host, SuperSessionHost):
            host.join_super_session(sender.super_session)
        return host


def _sent(host: OutsideHost, replies: tuple[tuple[Body, int], ...] = ()) -> Sent:
    return Sent(host.context.session_id, replies, host.context.super_session)
