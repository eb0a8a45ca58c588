"""Dispatch: which method of a component handles a message.

A method says so with ``@handler``; an explicit ``DISPATCH`` list and, last, the type of a
public method's only argument do the same. The table is made once per class.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from iop_core.class_members import unbound
from iop_core.dispatch_mappings import HANDLER, TAG, TYPED, HandlerMapping, find_mappings
from iop_core.errors import DispatchError, MessageTypeError
from iop_core.message_types import get_message_type, is_message_base, key_of, names_of_iris_object
from iop_core.registry import MESSAGE_CLASSES, class_name_of

F = TypeVar("F", bound=Callable[..., Any])


def handler(*message_types: type | str) -> Callable[[F], F]:
    """Make a method the handler of one or several message types.

    A message goes to the handler of its own class, else to that of its nearest base
    class. Decorators can be stacked. A subclass that overrides the method without a
    decorator keeps the mapping.

    Args:
        *message_types: Message classes (of ``Message`` or pydantic), or names with their
            module such as ``"orders.messages.CreateOrder"`` and ``"iris.Ens.StringRequest"``.

    Raises:
        MessageTypeError: Something else was given; it is a TypeError too.

    Example:
        >>> from iop_core import BusinessOperation, Message
        >>> class Ping(Message): ...
        >>> class Answering(BusinessOperation):
        ...     @handler(Ping)
        ...     def answer(self, request: Ping) -> None: ...
    """
    if not message_types:
        raise MessageTypeError(None)
    types = tuple(get_message_type(given) for given in message_types)

    def tag(method: F) -> F:
        function = unbound(method)
        if not callable(function) or isinstance(function, type):
            raise DispatchError(f"@handler stands on {method!r}, which is no method; put it right above a def")
        setattr(function, TAG, types + tuple(getattr(function, TAG, ())))
        return method

    return tag


class DispatchTable:
    """Which method of one component class handles which message; made by ``of``."""

    def __init__(self, component_class: type) -> None:
        self._mappings, warnings = find_mappings(component_class)
        self._warnings = tuple(warnings)
        self._by_identity = {mapping.identity: rank for rank, mapping in enumerate(self._mappings)}
        self._found: dict[type, str | None] = {}
        for mapping in self._mappings:
            if isinstance(mapping.message, type):
                MESSAGE_CLASSES.register(mapping.message)

    @classmethod
    def of(cls, component_class: type) -> DispatchTable:
        """Return the table of a component class, made when it is first asked for.

        Raises:
            DispatchError: A declared method is missing or cannot take one message, or
                ``DISPATCH`` is not a list of pairs. The text names class and method.
        """
        table = _TABLES.get(component_class)
        if table is None:
            with _MAKING:
                table = _TABLES.get(component_class) or _TABLES.setdefault(component_class, cls(component_class))
        return table

    @property
    def entries(self) -> list[tuple[str, str]]:
        """Pairs ``(message type, method name)``: decorated ones by name, ``DISPATCH`` as given, typed ones by name."""
        return [(mapping.key, mapping.method) for mapping in self._mappings]

    @property
    def message_classes(self) -> list[type]:
        """The message classes that have a method; those declared by name alone are not among them."""
        return [mapping.message for mapping in self._mappings if isinstance(mapping.message, type)]

    @property
    def handlers(self) -> tuple[str, ...]:
        """Names of the methods that carry ``@handler``."""
        return tuple(dict.fromkeys(mapping.method for mapping in self._mappings if mapping.source == HANDLER))

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the author of the class should know: one text for each mapping that does not count."""
        return self._warnings

    def find(self, message: object) -> str | None:
        """Return the name of the method that handles a message, None when there is none.

        The message's own class is looked for first, then its bases. A typed method for
        ``Message`` itself or another base made for deriving takes only its direct instances:
        otherwise any method with such an argument would take every message.
        """
        try:
            return self._found[type(message)]
        except KeyError:
            return self._search(message)

    def _search(self, message: object) -> str | None:
        names = names_of_iris_object(message)
        if names is not None:  # one Python type can stand for many classes of IRIS: not kept
            ranks = [self._by_identity[name] for name in names if name in self._by_identity]
            return self._mappings[min(ranks)].method if ranks else None
        method = self._found[type(message)] = self.find_for(type(message))
        return method

    def find_for(self, message_class: type) -> str | None:
        """Return the name of the method for messages of exactly that class, None when there is none.

        Objects of IRIS are of classes that Python does not know; for them there is ``find``.
        """
        candidates = (self._mapping_of(cls, message_class) for cls in message_class.__mro__)
        return next((mapping.method for mapping in candidates if mapping is not None), None)

    def types_of(self, method: str) -> tuple[type | str, ...]:
        """Return the message types that a method is there for: classes, or names of them."""
        return tuple(mapping.message for mapping in self._mappings if mapping.method == method)

    def _mapping_of(self, cls: type, message_class: type) -> HandlerMapping | None:
        """Return the mapping of one class in the line of a message's class."""
        by_class = self._by_identity.get(class_name_of(cls))
        by_name = self._by_identity.get(key_of(cls))  # as text it may be written without the enclosing class
        if by_name is not None and isinstance(self._mappings[by_name].message, type) and by_name != by_class:
            by_name = None
        ranks = [rank for rank in (by_class, by_name) if rank is not None]
        if not ranks:
            return None
        mapping = self._mappings[min(ranks)]
        return None if mapping.source == TYPED and cls is not message_class and is_message_base(cls) else mapping


_TABLES: WeakKeyDictionary[type, DispatchTable] = WeakKeyDictionary()
_MAKING = Lock()
