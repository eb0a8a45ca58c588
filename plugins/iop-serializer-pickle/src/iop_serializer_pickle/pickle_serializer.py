"""The serializer of messages that are stored as pickles."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import ClassVar

from iop_core.errors import SerializationError
from iop_core.message_types import is_message_class
from iop_core.pickle_messages import PickleMessage
from iop_core.registry import class_name_of
from iop_core.serializers import Codec, Serializer
from iop_serializer_pickle.checked_pickles import dump, load
from iop_serializer_pickle.signature import sign, verified


class PickleSerializer(Serializer):
    """Writes ``PickleMessage`` and ``PydanticPickleMessage`` as signed pickles.

    A pickle is opened only when it bears the signature of the store that it comes from, and
    it may name known classes only: messages, and value types of the standard library.
    Nothing is ever imported because a pickle names it.

    Example:
        >>> serializer = PickleSerializer()
        >>> serializer.use_key(lambda: b"a secret that nobody else knows!")
        >>> codec = serializer.codec_for(PickleMessage)
        >>> type(codec.decode(codec.encode(PickleMessage()))).__name__
        'PickleMessage'
    """

    name: ClassVar[str] = "pickle"
    content_type: ClassVar[str] = "application/x-python-pickle"
    needs_permission: ClassVar[bool] = True

    def __init__(self) -> None:
        self._key: Callable[[], bytes] | None = None

    def use_key(self, key: Callable[[], bytes]) -> None:
        """Sign with the secret of a store."""
        self._key = key

    def accepts(self, message_class: type) -> bool:
        """Return whether the class derives from PickleMessage or PydanticPickleMessage."""
        # Not loaded: then nobody has derived a class from it, and it need not be imported to ask.
        models = sys.modules.get("iop_core.pydantic_messages")
        return issubclass(message_class, (PickleMessage, getattr(models, "PydanticPickleMessage", PickleMessage)))

    def codec_for(self, message_class: type) -> Codec:
        """Return the codec of one class.

        Any message class will do, not only those that are accepted: what was written stays
        readable when a class no longer derives from PickleMessage.

        Raises:
            SerializationError: It is no message class, or there is no key.
        """
        name = class_name_of(message_class)
        if not is_message_class(message_class):
            raise SerializationError(f"{name} is not a message class: derive it from PickleMessage")
        if self._key is None:
            raise SerializationError("the serializer 'pickle' has no key to sign with: give it one with use_key()")
        key = self._key()

        def encode(message: object) -> bytes:
            try:
                content = dump(message)
            except Exception as exc:  # boundary: the code of values decides how they are written
                raise SerializationError(f"{name} cannot be stored: {_culprit(message)}{_line(exc)}") from exc
            return sign(content, key)

        def decode(payload: bytes) -> object:
            content = verified(payload, key)
            try:
                message = load(content)
            except Exception as exc:  # boundary: the code of values decides how they are read
                raise SerializationError(f"a pickle of {name} cannot be read: {_line(exc)}") from exc
            if type(message) is not message_class:
                raise SerializationError(f"a pickle of {name} holds a {class_name_of(type(message))}")
            return message

        return Codec(encode, decode)


def _culprit(message: object) -> str:
    """Return ``field 'x': `` for the first field that cannot be written, empty when it is none of them."""
    names = dict.fromkeys((*getattr(message, "__dataclass_fields__", ()), *getattr(message, "__dict__", ())))
    for name in names:
        try:
            dump(getattr(message, name, None))
        except Exception:  # noqa: BLE001 - boundary: as in encode
            return f"field {name!r}: "
    return ""


def _line(exc: Exception) -> str:
    text = " ".join(str(exc).split())
    return text if isinstance(exc, SerializationError) else f"{type(exc).__name__}: {text}"
