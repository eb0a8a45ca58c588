"""Methods that take a message by the type of their only argument, without a decorator."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import Parameter, unwrap
from types import FunctionType

from iop_core.annotations import alternatives, nested_classes, own_annotations, signature_of
from iop_core.class_members import Member, is_framework, unbound
from iop_core.message_types import find_message_type

# Hooks that are found by type when a user overrides them; all others are called for what they are.
_TYPED_HOOKS = frozenset({"on_message", "on_request"})


def names_of_hooks(component_class: type) -> set[str]:
    """Return the names that IoP's own classes define and that are therefore no handlers."""
    own = (cls for cls in component_class.__mro__ if is_framework(cls))
    return {name for cls in own for name in vars(cls)} - _TYPED_HOOKS


def message_types_of(member: Member) -> Iterator[type | str]:
    """Yield the message types that a method takes, nothing when it is no typed method.

    A typed method has one argument, given by position, annotated with a message class, with
    a union of them, or with the name of one. An annotation that is a bare name without a
    meaning is yielded as it is: it names no class, which the caller can report.
    """
    value = member.value
    function: object = unbound(value)
    if not isinstance(function, FunctionType):
        return
    parameters = list(signature_of(function).parameters.values())[0 if isinstance(value, staticmethod) else 1 :]
    if len(parameters) != 1 or parameters[0].kind not in (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD):
        return
    written = unwrap(function)
    annotation = own_annotations(written).get(parameters[0].name)
    if isinstance(annotation, str) and annotation.startswith("iris."):
        meanings: list[object] = [annotation]  # a name; asking for it would start IRIS
    else:
        meanings = alternatives(annotation, {**written.__globals__, **nested_classes(member.owner)})
    for meaning in meanings:
        found = find_message_type(meaning)
        if found is not None:
            yield found
        elif isinstance(meaning, str) and meaning.isidentifier():
            yield meaning
