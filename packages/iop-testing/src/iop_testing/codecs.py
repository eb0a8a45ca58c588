"""Between a message and the bytes stored for it."""

from __future__ import annotations

import secrets
from functools import cache

from iop_core.plugins import choose, installed_plugins
from iop_core.serializers import Codec, chosen_serializer


def codec_for(message_class: type, *, serializer: str | None = None) -> Codec:
    """Return ``(encode, decode)`` of a message class, as an engine uses them.

    Args:
        message_class: A message class.
        serializer: Name of an installed serializer, which needs no permission here; None: the
            one that the class names, else ``json``.

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
    name = chosen_serializer(message_class) or "json" if serializer is None else serializer
    chosen = choose("serializer", name, installed_plugins().serializers())()
    chosen.use_key(_key_of_this_process)
    return chosen.codec_for(message_class)


@cache
def _key_of_this_process() -> bytes:
    return secrets.token_bytes(32)
