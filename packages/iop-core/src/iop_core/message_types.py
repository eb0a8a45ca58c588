"""Message types: what counts as one, and the names a message can be found by."""

from __future__ import annotations

import re
import sys

from iop_core.errors import MessageTypeError
from iop_core.messages import Message
from iop_core.registry import MESSAGE_CLASSES, class_name_of

_DOTTED_NAME = re.compile(r"%?[^\W\d][\w-]*(\.%?[^\W\d][\w-]*)+")
_IRIS = "iris."


def is_message_class(candidate: object) -> bool:
    """Return whether this is a class whose instances components can send.

    Those are subclasses of ``Message`` and of pydantic models, and classes that a
    plug-in has registered.
    """
    return isinstance(candidate, type) and _is_message_class(candidate)


def _is_message_class(candidate: type) -> bool:
    # Not loaded: then nobody has defined a model, and it need not be imported to ask.
    model: type = getattr(sys.modules.get("pydantic.main"), "BaseModel", Message)
    if issubclass(candidate, (Message, model)):
        return True
    name = class_name_of(candidate)
    return name in MESSAGE_CLASSES and MESSAGE_CLASSES.get(name) is candidate


def is_message_base(message_class: type) -> bool:
    """Return whether this is a class to derive messages from, of IoP, a plug-in of it, or pydantic."""
    package = message_class.__module__.partition(".")[0]
    return package == "pydantic" or package.startswith("iop_")


def find_message_type(given: object) -> type | str | None:
    """Return a message class as it is, the plain name for what names one, None for anything else.

    Args:
        given: A message class, a name with its module, or a class or object of IRIS.
    """
    if isinstance(given, str):
        name = given.removeprefix(_IRIS)
        return name if _DOTTED_NAME.fullmatch(name) else None
    if isinstance(given, type):
        return given if is_message_class(given) else key_of(given) if _is_of_iris(given) else None
    return _iris_class_name(given) if _is_of_iris(type(given)) else None


def get_message_type(given: object) -> type | str:
    """Return what ``find_message_type`` finds.

    Raises:
        MessageTypeError: It is not a message type.
    """
    found = find_message_type(given)
    if found is None:
        raise MessageTypeError(given)
    return found


def key_of(message_class: type | str) -> str:
    """Return the name shown in a dispatch table: ``module.Class``."""
    if isinstance(message_class, str):
        return message_class
    return f"{message_class.__module__}.{message_class.__name__}".removeprefix(_IRIS)


def names_of_iris_object(message: object) -> list[str] | None:
    """Return the names of a native object's class, None for any other message."""
    if not _is_of_iris(type(message)):
        return None
    return [key_of(type(message)), _iris_class_name(message)]


def _is_of_iris(cls: type) -> bool:
    return cls.__module__ == "iris" or cls.__module__.startswith(_IRIS)


def _iris_class_name(native: object) -> str:
    """Ask a native object; all of them can have the same Python type."""
    for method in ("%ClassName", "_ClassName"):
        ask = getattr(native, method, None)
        if callable(ask):
            return str(ask(1)).removeprefix(_IRIS)
    return key_of(type(native))
