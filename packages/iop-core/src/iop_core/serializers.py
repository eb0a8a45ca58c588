"""The serializer interface: between a message object and the bytes that are stored."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, NamedTuple


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

    A serializer is constructed without arguments, once per process. Its ``name`` is
    stored beside every body it writes, so it must never change its meaning.

    Attributes:
        name: What users write in settings, lower case.
        content_type: Media type of the bytes.
    """

    name: ClassVar[str]
    content_type: ClassVar[str]

    @abstractmethod
    def accepts(self, message_class: type) -> bool:
        """Return whether this serializer can handle the class."""

    @abstractmethod
    def codec_for(self, message_class: type) -> Codec:
        """Compile the codec of one class; the caller keeps it, so this may be slow.

        Raises:
            SerializationError: The class cannot be handled; the text says why.
        """
