"""Pickles that name known classes only, when they are written and when they are read."""

from __future__ import annotations

import copyreg
import io
import pickle
from types import BuiltinFunctionType, FunctionType
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

from iop_core.errors import SerializationError
from iop_core.registry import class_name_of
from iop_serializer_pickle.known_classes import known_class

# Fixed, so that every supported Python reads what any other one wrote.
PROTOCOL = 5


def dump(value: object) -> bytes:
    """Return the pickle of a value.

    Raises:
        SerializationError: It holds something whose class is not known.
        Exception: Whatever the code of its classes raises.
    """
    stream = io.BytesIO()
    _KnownPickler(stream, PROTOCOL).dump(value)
    return stream.getvalue()


def load(content: bytes) -> object:
    """Return the value of a pickle.

    Raises:
        SerializationError: It names something that is not a known class.
        Exception: It is no pickle, or the code of its classes raises.
    """
    return _KnownUnpickler(io.BytesIO(content)).load()


class _KnownPickler(pickle.Pickler):
    """Refuses at once what could not be read back."""

    def reducer_override(self, obj: object) -> Any:
        """Return how to write an object; called for all but plain values and containers."""
        if isinstance(obj, type):
            if known_class(class_name_of(obj)) is not obj:
                raise SerializationError(f"{class_name_of(obj)} was defined again since this message was made")
            return NotImplemented
        if isinstance(obj, (FunctionType, BuiltinFunctionType)):
            _refuse(obj)
        if type(obj) is ZoneInfo and obj.key:
            return ZoneInfo, (obj.key,)  # by itself it asks for getattr
        reduce = copyreg.dispatch_table.get(type(obj))
        reduced = obj.__reduce_ex__(PROTOCOL) if reduce is None else reduce(obj)
        if isinstance(reduced, str):  # to be looked up by name in its module
            _refuse(obj)
        return reduced


class _KnownUnpickler(pickle.Unpickler):
    """Looks names up among known classes, in place of importing their modules."""

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        """Return a known class; called for each name in a pickle."""
        return known_class(f"{module_name}.{global_name}")


def _refuse(value: object) -> NoReturn:
    raise SerializationError(f"{value!r:.80} is not a value: only its name could be stored")
