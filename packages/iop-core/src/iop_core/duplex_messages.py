"""What the two ends of a private session say besides their documents."""

from __future__ import annotations

from dataclasses import dataclass

from iop_core.messages import Message


@dataclass
class PrivateSessionStart(Message, serializer="json", strict=True):
    """Asks a duplex process for an instance of its own."""


@dataclass
class PrivateSessionAck(Message, serializer="json", strict=True):
    """Answers a start: documents can be sent."""


@dataclass
class PrivateSessionStop(Message, serializer="json", strict=True):
    """Ends a session; comes after all of its documents.

    Attributes:
        class_name: ``module.Class`` of the attached message; empty for none.
        serializer: Name of the serializer that wrote ``payload``.
        payload: The attached message.
    """

    class_name: str
    serializer: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class PrivateSession:
    """An open private session, as seen by the service or operation that started it.

    Attributes:
        target: The process item.
        process_id: The instance that the documents go to.
        session_id: Session of all of its messages.
    """

    target: str
    process_id: int
    session_id: int
