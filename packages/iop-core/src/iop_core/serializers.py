"""The serializer interface: between a message object and the bytes that are stored."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, NamedTuple

from iop_core.errors import MessageDefinitionError

SERIALIZER = "__iop_serializer__"
"""Attribute of a message class with the name of the serializer that writes its messages."""


class Codec(NamedTuple):
    """The two functions compiled for one message class by one serializer.

    Attributes:
        encode: Message to bytes. Raises SerializationError for a value it cannot keep.
        decode: Bytes to message. Raises SerializationError for bytes it cannot read,
            and never anything else.
    """

    encode: Callable[[object], bytes]
    decode: Callable[[bytes], object]


class Serializer(ABC):
    """Compiles codecs for message classes; offered through the hook ``iop_serializers``.

    A serializer is constructed without arguments, once per running production. Its
    ``name`` is stored beside every body it writes, so it must never change its meaning.

    Attributes:
        name: What users write in message classes and productions, lower case.
        content_type: Media type of the bytes.
        needs_permission: True when reading its bytes could do more than make a message: then
            a production that does not allow it by name neither writes nor reads with it.
    """

    name: ClassVar[str]
    content_type: ClassVar[str]
    needs_permission: ClassVar[bool] = False

    @abstractmethod
    def accepts(self, message_class: type) -> bool:
        """Return whether this serializer can handle the class."""

    def use_key(self, key: Callable[[], bytes]) -> None:  # noqa: B027 - most serializers have no use for a key
        """Take note of the secret of the store; called before the first codec is asked for.

        Args:
            key: Returns 32 secret bytes, the same ones as long as the store exists. The
                secret is made when this is first called, so call it only for a codec.
        """

    @abstractmethod
    def codec_for(self, message_class: type) -> Codec:
        """Compile the codec of one class; the caller keeps it, so this may be slow.

        Raises:
            SerializationError: The class cannot be handled; the text says why.
        """


def chosen_serializer(message_class: type) -> str:
    """Return the name of the serializer that a message class names for itself; empty for none.

    Raises:
        MessageDefinitionError: The class names something else than text.
    """
    chosen: object = getattr(message_class, SERIALIZER, "")
    if not isinstance(chosen, str):
        raise MessageDefinitionError(
            f"{message_class.__module__}.{message_class.__qualname__} names its serializer as {chosen!r}; "
            "give its name as text, such as serializer='json'"
        )
    return chosen
