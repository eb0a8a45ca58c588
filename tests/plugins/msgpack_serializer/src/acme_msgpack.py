"""Dataclass messages as MessagePack: what an author of a serializer has to write."""

from __future__ import annotations

from dataclasses import fields, is_dataclass

import msgpack
from pydantic import TypeAdapter

from iop_core import Message, hookimpl
from iop_core.errors import SerializationError
from iop_core.registry import class_name_of
from iop_core.serializers import Codec, Serializer

BIG_INTEGER = 1  # MessagePack itself ends at 64 bits


class MsgpackSerializer(Serializer):
    """Writes dataclasses derived from Message."""

    name = "msgpack"
    content_type = "application/vnd.msgpack"

    def accepts(self, message_class: type) -> bool:
        return issubclass(message_class, Message) and is_dataclass(message_class)

    def codec_for(self, message_class: type) -> Codec:
        name = class_name_of(message_class)
        if not self.accepts(message_class):
            raise SerializationError(f"{name} is no dataclass derived from Message")
        adapter = TypeAdapter(message_class)
        field_names = [field.name for field in fields(message_class)]

        def encode(message: object) -> bytes:
            packer = msgpack.Packer(default=to_msgpack, autoreset=False)
            packer.pack_map_header(len(field_names))
            for field_name in field_names:
                packer.pack(field_name)
                try:
                    packer.pack(getattr(message, field_name))
                except (TypeError, ValueError, OverflowError, RecursionError) as exc:
                    raise SerializationError(f"{name}.{field_name} cannot be stored: {exc}") from exc
            return packer.bytes()

        def decode(payload: bytes) -> object:
            try:
                return adapter.validate_python(msgpack.unpackb(payload, ext_hook=from_extension, strict_map_key=False))
            except Exception as exc:  # msgpack and pydantic raise all sorts
                raise SerializationError(f"no {name}: {' '.join(str(exc).split())}") from exc

        return Codec(encode, decode)


def to_msgpack(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, int):
        return msgpack.ExtType(BIG_INTEGER, str(value).encode())
    raise TypeError(f"a {type(value).__name__} has no place in MessagePack")


def from_extension(code: int, data: bytes) -> object:
    return int(data) if code == BIG_INTEGER else msgpack.ExtType(code, data)


@hookimpl
def iop_serializers() -> list[type[Serializer]]:
    return [MsgpackSerializer]
