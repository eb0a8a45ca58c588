"""The message classes that an expression in a method can have."""

from __future__ import annotations

import ast
import copy
import dataclasses
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from types import FunctionType, UnionType
from typing import Annotated, Union, get_args, get_origin

import typing_extensions
from typing_extensions import TypeAliasType

from iop_core.annotations import namespace_of, own_annotations, resolve
from iop_core.class_members import is_framework, unbound
from iop_core.message_types import is_message_class
from iop_production.method_source import MethodSource, cells_of, is_plain
from iop_production.static_values import sole_binding, static_value

_DEPTH = 8
# Libraries whose ``__new__`` gives instances of the class it is called on.
_HARMLESS_MAKERS = frozenset({"pydantic", "typing", "builtins"})
_COPIERS: tuple[object, ...] = (copy.copy, copy.deepcopy, dataclasses.replace)
# One for each module that may have it: not the same before Python 3.11.
_SELF_TYPES: tuple[object, ...] = (getattr(typing_extensions, "Self"), getattr(typing, "Self", None))  # noqa: B009


@dataclass(frozen=True, slots=True)
class MessageType:
    """What is known of the class of a message.

    Attributes:
        message_class: The class.
        is_exact: True: of that class itself; False: or of one derived from it.
    """

    message_class: type
    is_exact: bool = False


@dataclass(frozen=True, slots=True)
class Scope:
    """Where an expression stands.

    Attributes:
        method: The method.
        component_class: The class of the instance, which may derive from that of the method.
        given: Types that parameters of the method are known to have.
        changed: Attributes that instances get while they run, in place of those of the class.
    """

    method: MethodSource
    component_class: type
    given: Mapping[str, tuple[MessageType, ...]]
    changed: frozenset[str]


def message_types_in(node: ast.expr, scope: Scope, depth: int = _DEPTH) -> tuple[MessageType, ...]:
    """Return the types that a message may have, one of which it has for certain; empty when that is not known.

    Args:
        node: The expression.
        scope: Where it stands.
        depth: How many names and calls may be followed.
    """
    if depth == 0:
        return ()
    if isinstance(node, ast.Call):
        return _types_of_call(node, scope, depth)
    if isinstance(node, ast.Name):
        return _types_of_name(node.id, scope, depth)
    if isinstance(node, ast.NamedExpr):
        return message_types_in(node.value, scope, depth - 1)
    if isinstance(node, ast.IfExp):
        both = [message_types_in(branch, scope, depth - 1) for branch in (node.body, node.orelse)]
        return both[0] + both[1] if all(both) else ()
    return ()


def types_of_annotation(annotation: object, namespace: Mapping[str, object]) -> tuple[MessageType, ...]:
    """Return the types that an annotation allows; empty when it is no message class, or allows None."""
    meaning = resolve(annotation, namespace)
    if isinstance(meaning, TypeAliasType):
        return types_of_annotation(meaning.__value__, namespace)
    arguments: tuple[object, ...] = get_args(meaning)
    if get_origin(meaning) is Annotated:
        return types_of_annotation(arguments[0], namespace)
    if get_origin(meaning) in (Union, UnionType):
        found = [types_of_annotation(member, namespace) for member in arguments]
        return tuple(each for member in found for each in member) if all(found) else ()
    return (MessageType(meaning),) if isinstance(meaning, type) and is_message_class(meaning) else ()


def find_member(component_class: type, name: str, *, after: type | None = None) -> tuple[type | None, object]:
    """Return the class that defines a name, and what it is there; ``(None, None)`` when none does.

    Args:
        component_class: The class to look in, with its bases.
        name: The name.
        after: Only bases that follow this one, as ``super()`` looks; None: all.
    """
    line = component_class.__mro__
    for owner in line if after is None else line[line.index(after) + 1 :]:
        if name in vars(owner):
            return owner, vars(owner)[name]
    return None, None


def _types_of_name(name: str, scope: Scope, depth: int) -> tuple[MessageType, ...]:
    method = scope.method
    if name not in method.parameters:
        only = sole_binding(name, method)
        return () if only is None else message_types_in(only, scope, depth - 1)
    if name in method.bindings or name in method.optional_parameters:
        return ()
    if name in scope.given:
        return scope.given[name]
    namespace = {**namespace_of(method.owner), **method.global_names, **method.cells}
    return types_of_annotation(method.annotations.get(name), namespace)


def _types_of_call(node: ast.Call, scope: Scope, depth: int) -> tuple[MessageType, ...]:
    called, method = node.func, scope.method
    if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name) and called.value.id == method.self_name:
        is_own = called.attr not in scope.changed and method.self_name not in method.bindings
        owner, value = find_member(scope.component_class, called.attr) if is_own else (None, None)
        return types_returned(unbound(value), owner)
    value = static_value(called, method)
    if any(value is copier for copier in _COPIERS):
        return message_types_in(node.args[0], scope, depth - 1) if node.args else ()
    if isinstance(value, type):
        return (MessageType(value, is_exact=True),) if _makes_instances(value) else ()
    receiver = static_value(called.value, method) if isinstance(called, ast.Attribute) else None
    return types_returned(unbound(value), receiver if isinstance(receiver, type) else None)


def types_returned(function: object, owner: type | None) -> tuple[MessageType, ...]:
    """Return the types that a function says it returns; empty when it says nothing to rely on.

    Args:
        function: The function.
        owner: The class it is called on, which is what ``Self`` means.
    """
    if not is_plain(function) or not isinstance(function, FunctionType):
        return ()
    annotation = own_annotations(function).get("return")
    enclosing = {} if owner is None else namespace_of(owner)
    namespace: dict[str, object] = {**enclosing, **function.__globals__, **cells_of(function)}
    meaning = resolve(annotation, namespace)
    if any(meaning is self_type for self_type in _SELF_TYPES if self_type is not None):
        return (MessageType(owner),) if owner is not None and is_message_class(owner) else ()
    return types_of_annotation(meaning, namespace)


def _makes_instances(message_class: type) -> bool:
    """Return whether calling a message class gives an instance of that class itself."""
    if not is_message_class(message_class) or type(message_class).__call__ is not type.__call__:
        return False
    makers = (cls for cls in message_class.__mro__ if "__new__" in vars(cls))
    return all(
        is_framework(cls) or cls.__module__.split(".")[0] in ("pydantic", "typing", "builtins") for cls in makers
    )
