"""Messages to stored bodies and back, with one compiled codec per class."""

from __future__ import annotations

from collections.abc import Mapping

from iop_core.errors import SerializationError
from iop_core.headers import EMPTY_BODY, Body
from iop_core.plugins import choose, installed_plugins
from iop_core.registry import MESSAGE_CLASSES, MessageRegistry, class_name_of
from iop_core.serializers import Codec, Serializer


class BodyCodec:
    """Encodes messages with one serializer and decodes bodies written by any allowed one.

    One instance serves every thread: two that meet a class first both compile it, and
    either codec is as good.

    Args:
        serializers: Serializer name to instance; None: every installed one that needs no
            permission.
        default: Name of the serializer that writes.
        registry: Where class names found in bodies are looked up.
    """

    def __init__(
        self,
        serializers: Mapping[str, Serializer] | None = None,
        *,
        default: str = "json",
        registry: MessageRegistry = MESSAGE_CLASSES,
    ) -> None:
        if serializers is None:
            serializers = {name: cls() for name, cls in installed_plugins().serializers().items()}
        self._serializers = serializers
        self._default = choose("serializer", default, serializers)
        self._registry = registry
        self._encoders: dict[type, tuple[str, Codec]] = {}
        self._decoders: dict[tuple[str, str], tuple[type, Codec]] = {}

    def encode(self, message: object) -> Body:
        """Return the message as a body; None becomes the empty body.

        Raises:
            SerializationError: It is no message, or holds a value that cannot be kept.
        """
        if message is None:
            return EMPTY_BODY
        message_class = type(message)
        known = self._encoders.get(message_class)
        if known is None:
            known = self._compile_encoder(message_class)
        name, codec = known
        return Body(name, self._default.name, codec.encode(message))

    def decode(self, body: Body) -> object:
        """Return the message of a body; None for the empty body.

        Raises:
            UnknownMessageClassError: No loaded module defines the class.
            SerializationError: The bytes do not fit the class.
        """
        if not body.class_name:
            return None
        message_class = self._registry.get(body.class_name)
        key = (body.class_name, body.serializer)
        known = self._decoders.get(key)
        if known is None or known[0] is not message_class:
            serializer = choose("serializer", body.serializer, self._serializers)
            known = (message_class, serializer.codec_for(message_class))
            self._decoders[key] = known
        return known[1].decode(body.payload)

    def _compile_encoder(self, message_class: type) -> tuple[str, Codec]:
        if not self._default.accepts(message_class):
            raise SerializationError(
                f"{class_name_of(message_class)} is not a message: send an instance of a dataclass "
                "that derives from Message, a PydanticMessage, or None"
            )
        codec = self._default.codec_for(message_class)
        known = (class_name_of(message_class), codec)
        self._registry.register(message_class)
        self._encoders[message_class] = known
        return known
