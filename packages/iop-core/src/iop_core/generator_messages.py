"""What is said between the consumer of a generator request and the item that serves it.

The consumer sends ``GeneratorStart`` with the request in it, and gets ``GeneratorAck``. Each
``GeneratorPoll`` is answered with the next element itself, with an error, or at the end
with ``GeneratorEnd``. A consumer that wants no more sends ``GeneratorStop``.
"""

from __future__ import annotations

from dataclasses import dataclass

from iop_core.messages import Message


@dataclass
class GeneratorRequest(Message, serializer="json", strict=True):
    """Any request about one stream of elements.

    Attributes:
        stream: Id that the consumer gave to the stream.
    """

    stream: str


@dataclass
class GeneratorStart(GeneratorRequest):
    """Asks for a stream.

    Attributes:
        class_name: ``module.Class`` of the request; empty for a request without a message.
        serializer: Name of the serializer that wrote ``payload``.
        payload: The request.
    """

    class_name: str
    serializer: str
    payload: bytes


@dataclass
class GeneratorPoll(GeneratorRequest):
    """Asks for the next element."""


@dataclass
class GeneratorStop(GeneratorRequest):
    """Says that no more elements are wanted; not answered."""


@dataclass
class GeneratorAck(Message, serializer="json", strict=True):
    """Answers a start: elements can be asked for."""


@dataclass
class GeneratorEnd(Message, serializer="json", strict=True):
    """Answers a poll: there are no more elements."""
