"""The one table of what can be asked of an engine over the control socket.

Names, parameters and results are those of ``RunningProduction``; message objects travel as
bodies, and what takes or gives one has a form of its own here. Values become JSON and
return from it by their types, so that nothing arrives that the signature does not allow.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, create_model

from iop_core.backends import RunningProduction
from iop_core.duplex_messages import PrivateSession
from iop_core.headers import Body

_CONFIG = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64", extra="forbid", ser_json_inf_nan="constants")

# These take or give message objects or classes, or live in the process of the caller.
_OWN_FORM = frozenset({"send", "send_many", "call", "decode", "host_for", "wait_until_stopped", "update"})


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends from outside of the pools.

    Attributes:
        item: Item in whose name.
        session_id: Session that it belongs to; 0: one of its own.
        super_session: Super session that it belongs to; empty: as the item says.
    """

    item: str
    session_id: int = 0
    super_session: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of a send.

    Attributes:
        session_id: The session it went into.
        replies: The answers, each with its code (1 reply, 0 none in time, -1 error).
        super_session: The super session that it belongs to; empty for none.
    """

    session_id: int
    replies: tuple[tuple[Body, int], ...] = ()
    super_session: str = ""


@dataclass(frozen=True, slots=True)
class CodecChoice:
    """Which serializers a production uses.

    Attributes:
        serializer: Writes messages whose class names none.
        allowed: Those that need permission and have it.
    """

    serializer: str
    allowed: tuple[str, ...]


class BodyCalls(Protocol):
    """What takes or gives message objects, in the form in which it travels."""

    def codec_choice(self) -> CodecChoice:
        """Return which serializers the production uses."""
        ...

    def secret(self, name: str) -> bytes:
        """Return the key of a serializer that the production uses."""
        ...

    def keeps_trace(self, item: str) -> bool:
        """Return whether trace entries of an item are wanted."""
        ...

    def send_bodies(self, item: str, bodies: list[Body]) -> list[int]:
        """Send requests in one commit; return the session ids."""
        ...

    def send_async_as(self, sender: Sender, target: str, message: Body, description: str) -> Sent:
        """Send a request in the name of an item."""
        ...

    def send_sync_as(
        self, sender: Sender, target: str, message: Body, timeout_seconds: float, description: str
    ) -> Sent:
        """Send a request in the name of an item and return its reply."""
        ...

    def send_multi_sync_as(
        self, sender: Sender, requests: list[tuple[str, Body]], timeout_seconds: float, description: str
    ) -> Sent:
        """Send several requests in the name of an item and return their replies."""
        ...

    def send_generator_as(
        self, sender: Sender, target: str, message: Body, timeout_seconds: float, description: str
    ) -> Iterator[Body]:
        """Ask for a stream of messages in the name of an item."""
        ...

    def start_private_session_as(self, sender: Sender, target: str, timeout_seconds: float) -> PrivateSession:
        """Open a private session in the name of an item."""
        ...

    def send_document_as(self, sender: Sender, session: PrivateSession, document: Body, timeout_seconds: float) -> Body:
        """Send a document to the instance of a private session and return its answer."""
        ...

    def stop_private_session_as(self, sender: Sender, session: PrivateSession, attached: Body) -> None:
        """End a private session."""
        ...

    def write_log_as(self, sender: Sender, level: int, text: str, method: str) -> None:
        """Add an entry of an item to the event log."""
        ...


@dataclass(frozen=True, slots=True)
class WireMethod:
    """One method as it travels.

    Attributes:
        name: Its name.
        signature: Its parameters, without ``self``.
        arguments: Their values, as a model.
        result: What it returns, as the field ``value`` of a model; for a stream one page.
        is_stream: True: the result is fetched a page at a time.
    """

    name: str
    signature: inspect.Signature
    arguments: type[BaseModel]
    result: type[BaseModel]
    is_stream: bool


def served_names() -> frozenset[str]:
    """Return the names of all methods in the table."""
    return _names(RunningProduction) - _OWN_FORM | _names(BodyCalls)


@cache
def wire_method(name: str) -> WireMethod:
    """Return the method of a name in the table."""
    function: Callable[..., object] = getattr(BodyCalls if hasattr(BodyCalls, name) else RunningProduction, name)
    signature = inspect.signature(function)
    parameters = list(signature.parameters.values())[1:]
    types = get_type_hints(function)
    fields: dict[str, Any] = {
        each.name: (types[each.name], ... if each.default is inspect.Parameter.empty else each.default)
        for each in parameters
    }
    returned: Any = types["return"]
    is_stream = get_origin(returned) is Iterator
    if is_stream:
        returned = list[get_args(returned)[0]]  # type: ignore[misc]
    return WireMethod(
        name,
        signature.replace(parameters=parameters),
        create_model(f"{name}_arguments", __config__=_CONFIG, **fields),
        create_model(f"{name}_result", __config__=_CONFIG, value=(returned, ...)),
        is_stream,
    )


def _names(protocol: type) -> frozenset[str]:
    bases = [cls for cls in protocol.__mro__ if getattr(cls, "_is_protocol", False) and cls is not Protocol]
    return frozenset(
        name for cls in bases for name, member in vars(cls).items() if inspect.isfunction(member) and name[0] != "_"
    )
