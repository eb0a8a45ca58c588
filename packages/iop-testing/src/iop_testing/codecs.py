"""Between a message and the bytes stored for it."""

from __future__ import annotations

from iop_core.plugins import choose, installed_plugins
from iop_core.serializers import Codec


def codec_for(message_class: type, *, serializer: str = "json") -> Codec:
    """Return ``(encode, decode)`` of a message class, as an engine uses them.

    Args:
        message_class: A message class.
        serializer: Name of an installed serializer.

    Returns:
        A pair of functions: message to bytes, and bytes to message.

    Raises:
        SerializationError: The serializer cannot handle the class.
        UnknownPluginError: There is no such serializer.

    Example:
        >>> from dataclasses import dataclass
        >>> from iop_core import Message
        >>> @dataclass
        ... class Order(Message):
        ...     number: str = ""
        >>> encode, decode = codec_for(Order)
        >>> encode(Order("A1"))
        b'{"number":"A1"}'
        >>> decode(b'{"number":"A1"}')
        Order(number='A1')
    """
    serializer_class = choose("serializer", serializer, installed_plugins().serializers())
    return serializer_class().codec_for(message_class)
