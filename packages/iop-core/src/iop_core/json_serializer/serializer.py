"""The JSON serializer, which IoP uses unless told otherwise."""

from __future__ import annotations

import sys
from typing import Any, ClassVar

from iop_core.errors import MessageDefinitionError, SerializationError
from iop_core.messages import IRIS_ID, Message
from iop_core.serializers import Codec, Serializer


class JsonSerializer(Serializer):
    """Writes dataclass messages and pydantic models as compact JSON text in UTF-8.

    Pydantic is imported when the first codec is compiled.

    Example:
        >>> from dataclasses import dataclass
        >>> @dataclass
        ... class Order(Message):
        ...     number: str = ""
        >>> codec = JsonSerializer().codec_for(Order)
        >>> codec.encode(Order("A1"))
        b'{"number":"A1"}'
        >>> codec.decode(b'{"number":"A1"}')
        Order(number='A1')
    """

    name: ClassVar[str] = "json"
    content_type: ClassVar[str] = "application/json"

    def accepts(self, message_class: type[Any]) -> bool:
        """Return whether the class derives from Message or is a pydantic model."""
        return issubclass(message_class, Message) or _is_pydantic_model(message_class)

    def codec_for(self, message_class: type[Any]) -> Codec:
        """Compile the codec of one class.

        Raises:
            MessageDefinitionError: The class is declared in a way that cannot be stored.
            SerializationError: It is no message class.
        """
        if _is_pydantic_model(message_class):
            return _model_codec(message_class)
        if not issubclass(message_class, Message):
            raise SerializationError(
                f"{_name(message_class)} is not a message: derive it from Message and keep @dataclass above it, "
                "or use a PydanticMessage"
            )
        if not hasattr(message_class, "__dataclass_fields__"):
            raise MessageDefinitionError(
                f"{_name(message_class)} has to be a dataclass: write @dataclass above "
                f"'class {message_class.__name__}(Message):'"
            )
        if hasattr(message_class, "__pydantic_serializer__"):
            return _model_codec(message_class)
        return _dataclass_codec(message_class)


def _is_pydantic_model(message_class: type[Any]) -> bool:
    # A class can be a model only if pydantic is loaded; asking must not load it. While another
    # thread is loading it, it has no BaseModel yet.
    model: type | None = getattr(sys.modules.get("pydantic"), "BaseModel", None)
    return model is not None and issubclass(message_class, model)


def _model_codec(message_class: type[Any]) -> Codec:
    from iop_core.json_serializer.models import model_codec
    from iop_core.pydantic_messages import PydanticMessage, mixed_declaration

    is_model = _is_pydantic_model(message_class)
    if is_model and hasattr(message_class, "__dataclass_fields__"):
        raise MessageDefinitionError(mixed_declaration(message_class))
    if message_class is PydanticMessage:
        raise MessageDefinitionError("PydanticMessage itself has no fields: derive a class from it")
    try:
        return model_codec(message_class)
    except Exception as exc:
        raise MessageDefinitionError(f"{_name(message_class)} cannot be stored: {' '.join(str(exc).split())}") from exc


def _dataclass_codec(message_class: type[Any]) -> Codec:
    from iop_core.json_serializer.decoding import dataclass_decoder
    from iop_core.json_serializer.encoding import dataclass_encoder
    from iop_core.json_serializer.records import record_plan

    plan = record_plan(message_class)
    if IRIS_ID in plan.fields:
        raise MessageDefinitionError(
            f"{_name(message_class)} declares {IRIS_ID}, which IoP keeps for itself: rename it"
        )
    if plan.strict and plan.unresolved:
        raise MessageDefinitionError(
            f"{_name(message_class)} is strict, but the annotation of {', '.join(plan.unresolved)} names something "
            "that is unknown in its module: import it there"
        )
    return Codec(dataclass_encoder(plan), dataclass_decoder(plan))


def _name(message_class: type[Any]) -> str:
    return f"{message_class.__module__}.{message_class.__qualname__}"
