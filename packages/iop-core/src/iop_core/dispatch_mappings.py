"""The mappings from message types to methods that a component class declares.

Three sources, the strongest first: ``@handler``, ``DISPATCH``, typed methods. Classes are
looked at as written; no property runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partialmethod, singledispatchmethod
from types import FunctionType
from typing import cast

from iop_core.annotations import signature_of
from iop_core.class_members import Member, is_framework, members_of, unbound
from iop_core.errors import DispatchError, MessageTypeError, did_you_mean
from iop_core.message_types import get_message_type, key_of
from iop_core.registry import class_name_of
from iop_core.typed_methods import message_types_of, names_of_hooks

TAG = "__iop_handler_messages__"
"""Attribute in which ``@handler`` leaves the message types on the function."""

HANDLER, DISPATCH, TYPED = "@handler", "DISPATCH", "typed method"
_STRENGTH = {HANDLER: 2, DISPATCH: 1, TYPED: 0}


@dataclass(frozen=True, slots=True)
class HandlerMapping:
    """One message type and the method that takes it.

    Attributes:
        message: Message class, or the name of one.
        method: Name of the method.
        source: ``@handler``, ``DISPATCH`` or ``typed method``.
        depth: How far down the line of classes it is declared; a subclass beats its bases.
    """

    message: type | str
    method: str
    source: str
    depth: int

    @property
    def key(self) -> str:
        """The message type as shown to people."""
        return key_of(self.message)

    @property
    def identity(self) -> str:
        """Equal for mappings of one message type, also when its module was loaded anew."""
        return self.message if isinstance(self.message, str) else class_name_of(self.message)

    @property
    def rank(self) -> tuple[int, int]:
        """The greater one counts; of equals the later."""
        return _STRENGTH[self.source], self.depth


def find_mappings(component_class: type) -> tuple[list[HandlerMapping], list[str]]:
    """Return the mappings that count, strongest source first, and what to warn of.

    Raises:
        DispatchError: A declared method is missing or cannot take one message, or
            ``DISPATCH`` is not a list of pairs.
    """
    members = members_of(component_class)
    warnings: list[str] = []
    declared = [
        *_decorated(component_class, members),
        *_explicit(component_class, members),
        *_typed(component_class, members, warnings),
    ]
    winners: dict[str, HandlerMapping] = {}
    for mapping in declared:
        rival = winners.get(mapping.identity)
        if rival is None or mapping.rank >= rival.rank:
            winners[mapping.identity] = mapping
    for mapping in dict.fromkeys(declared):
        winner = winners[mapping.identity]
        if mapping.method != winner.method:
            warnings.append(
                f"{component_class.__qualname__} has several methods for {mapping.key}: keeping {winner.method} from "
                f"{winner.source}, discarding {mapping.method} from {mapping.source}"
            )
    return [mapping for mapping in declared if winners[mapping.identity] is mapping], warnings


def _user_classes(component_class: type) -> Iterator[tuple[int, type]]:
    """Yield users' classes with their depth, subclasses first."""
    line = component_class.__mro__
    return ((len(line) - index, cls) for index, cls in enumerate(line) if not is_framework(cls))


def _decorated(component_class: type, members: Mapping[str, Member]) -> Iterator[HandlerMapping]:
    for name in sorted(members):
        for depth, cls in _user_classes(component_class):
            types = _types_given_to(vars(cls).get(name))
            if types:
                if members[name].value is not None:  # None: a subclass took the method away
                    _check_method(component_class, name, members)
                    yield from (HandlerMapping(message, name, HANDLER, depth) for message in types)
                break  # the nearest decorator counts, also for an override without one


def _types_given_to(value: object) -> tuple[type | str, ...]:
    """Return the message types of the decorators on a method."""
    if isinstance(value, type) or not (callable(value) or isinstance(value, classmethod)):
        return ()
    return cast("tuple[type | str, ...]", getattr(unbound(cast("object", value)), TAG, ()))


def _explicit(component_class: type, members: Mapping[str, Member]) -> Iterator[HandlerMapping]:
    for depth, cls in _user_classes(component_class):
        entries: object = vars(cls).get(DISPATCH, ())
        where = f"DISPATCH of {cls.__qualname__}"
        if not isinstance(entries, Sequence) or isinstance(entries, str):
            raise DispatchError(f"{where} is {entries!r}; give a list of pairs (message class, method name)")
        for entry in cast("Sequence[object]", entries):
            if not isinstance(entry, (tuple, list)) or len(cast("Sequence[object]", entry)) != 2:
                raise DispatchError(f"{where} has the entry {entry!r}; give pairs (message class, method name)")
            given, method = cast("tuple[object, object]", entry)
            try:
                message = get_message_type(given)
            except MessageTypeError as exc:
                raise DispatchError(f"{where} has the entry {entry!r}: {exc}") from exc
            yield HandlerMapping(message, _check_method(component_class, method, members), DISPATCH, depth)


def _check_method(component_class: type, name: object, members: Mapping[str, Member]) -> str:
    """Return the name, having refused what would only fail when the first message arrives."""
    where = f"{component_class.__qualname__} cannot dispatch to {name!r}"
    if not isinstance(name, str):
        raise DispatchError(f"{where}: give the name of a method")
    if name not in members:
        raise DispatchError(f"{where}: there is no such method{did_you_mean(name, members)}")
    value = members[name].value
    if not (callable(value) or isinstance(value, (classmethod, partialmethod, singledispatchmethod))):
        raise DispatchError(f"{where}: it is a {type(value).__name__}, not a method")
    if isinstance(value, (FunctionType, staticmethod, classmethod)):
        arguments = [None] if isinstance(value, staticmethod) else [None, None]
        try:
            signature_of(unbound(cast("object", value))).bind(*arguments)
        except TypeError as exc:
            raise DispatchError(f"{where}: it has to take one message ({exc})") from exc
        except ValueError:  # written in C; Python does not know the parameters
            pass
    return name


def _typed(component_class: type, members: Mapping[str, Member], warnings: list[str]) -> Iterator[HandlerMapping]:
    depths = {cls: depth for depth, cls in _user_classes(component_class)}
    decorated = {name for cls in depths for name, value in vars(cls).items() if _types_given_to(value)}
    not_handlers = decorated | names_of_hooks(component_class)
    for name, member in sorted(members.items()):
        if name.startswith("_") or name in not_handlers or member.owner not in depths:
            continue
        for message in message_types_of(member):
            if isinstance(message, str) and "." not in message:
                warnings.append(
                    f"{component_class.__qualname__}.{name} takes no messages: its annotation {message!r} has no "
                    "meaning at run time; import the class outside of TYPE_CHECKING, or use @handler"
                )
            else:
                yield HandlerMapping(message, name, TYPED, depths[member.owner])
