"""The serializer of persistent messages."""

from __future__ import annotations

import json
from typing import ClassVar, cast

from iop_core.errors import MessageDefinitionError, SerializationError
from iop_core.persistent.definitions import definition_of
from iop_core.persistent.messages import PersistentMessage
from iop_core.registry import class_name_of
from iop_core.serializers import Codec, Serializer


class PersistentSerializer(Serializer):
    """Writes persistent messages as a JSON object of their fields; a store may spread it over columns.

    Binary values are base64 text; dates, times and decimal numbers are texts.

    Example:
        >>> class Order(PersistentMessage):
        ...     OrderId: str
        ...
        ...     class Meta:
        ...         classname = "Demo.Msg.SerializedOrder"
        >>> PersistentSerializer().codec_for(Order).encode(Order(OrderId="A1"))
        b'{"OrderId":"A1"}'
    """

    name: ClassVar[str] = "persistent"
    content_type: ClassVar[str] = "application/json"

    def accepts(self, message_class: type) -> bool:
        """Return whether the class derives from PersistentMessage."""
        return issubclass(message_class, PersistentMessage) and message_class is not PersistentMessage

    def codec_for(self, message_class: type) -> Codec:
        """Compile the codec of one class.

        Raises:
            MessageDefinitionError: It is no persistent message class, or has an annotation
                that cannot be resolved.
        """
        if not self.accepts(message_class) or not issubclass(message_class, PersistentMessage):
            raise MessageDefinitionError(f"{class_name_of(message_class)} is not a subclass of PersistentMessage")
        definition = definition_of(message_class)

        def encode(message: object) -> bytes:
            definition.validate(message)
            try:
                text = json.dumps(definition.encode(message), ensure_ascii=False, separators=(",", ":"))
                return text.encode()
            except (ValueError, TypeError, RecursionError) as exc:
                raise SerializationError(f"{class_name_of(message_class)} cannot be kept: {exc}") from exc

        def decode(payload: bytes) -> object:
            if not payload:
                raise SerializationError(f"the stored row of this {class_name_of(message_class)} is gone")
            try:
                raw: object = json.loads(payload)
            except (ValueError, RecursionError) as exc:
                raise SerializationError(f"{class_name_of(message_class)} cannot be read: {exc}") from exc
            if not isinstance(raw, dict):
                raise SerializationError(f"{class_name_of(message_class)} cannot be read: it is no JSON object")
            return definition.decode(cast("dict[str, object]", raw))

        return Codec(encode, decode)
