"""Annotations of users' classes and functions, each resolved on its own.

One annotation that cannot be resolved (a name imported for type checkers only) does
not spoil the others, as it would with ``typing.get_type_hints``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from inspect import Signature, signature
from types import UnionType
from typing import Annotated, ClassVar, Final, ForwardRef, Literal, Union, cast, get_args, get_origin

from typing_extensions import Format, TypeAliasType, get_annotations


def own_annotations(declared: object) -> Mapping[str, object]:
    """Return the annotations written on this class or function itself, unresolved ones as text."""
    found = get_annotations(declared, format=Format.FORWARDREF)
    return {name: value.__forward_arg__ if isinstance(value, ForwardRef) else value for name, value in found.items()}


def namespace_of(declared_in: type) -> dict[str, object]:
    """Return the names that an annotation inside this class may use: its module, then nested classes."""
    module = sys.modules.get(getattr(declared_in, "__module__", ""))  # code run by exec may have none
    return {**(vars(module) if module is not None else {}), **nested_classes(declared_in)}


def nested_classes(owner: type) -> dict[str, object]:
    """Return the classes defined inside a class and its bases, by name.

    Other members are left out: a setting named like a message class must not hide it.
    """
    return {
        name: value for cls in reversed(owner.__mro__) for name, value in vars(cls).items() if isinstance(value, type)
    }


def signature_of(function: Callable[..., object]) -> Signature:
    """Return the parameters of a function, also when its annotations name what does not exist at run time.

    Raises:
        ValueError: Python does not know them (some functions written in C).
    """
    if sys.version_info >= (3, 14):
        return signature(function, annotation_format=Format.FORWARDREF)
    return signature(function)


def resolve(annotation: object, namespace: Mapping[str, object]) -> object:
    """Return what an annotation means; one given as text that cannot be resolved comes back as text.

    Args:
        annotation: As it stands in ``__annotations__``.
        namespace: The names it may use.
    """
    if isinstance(annotation, ForwardRef):
        annotation = annotation.__forward_arg__
    if not isinstance(annotation, str):
        return annotation
    try:
        # The text is source code of the class itself: Python evaluates it in the same way.
        found = eval(annotation, dict(namespace))  # noqa: S307
    except Exception:  # noqa: BLE001 - boundary: code of the user, run before its names may exist
        return annotation
    return resolve(found, namespace) if isinstance(found, (str, ForwardRef)) and found != annotation else found


def alternatives(annotation: object, namespace: Mapping[str, object]) -> list[object]:
    """Return the types an annotation allows: members of a union, without None and without metadata.

    Example:
        >>> alternatives("int | None", {})
        [<class 'int'>]
    """
    meaning = resolve(annotation, namespace)
    if isinstance(meaning, TypeAliasType):
        return alternatives(meaning.__value__, namespace)
    if get_origin(meaning) in (Annotated, ClassVar, Final):
        return alternatives(get_args(meaning)[0], namespace)
    if get_origin(meaning) in (Union, UnionType):
        return [found for member in get_args(meaning) for found in alternatives(member, namespace)]
    return [] if meaning is None or meaning is type(None) else [meaning]


def find_annotation(owner: type, name: str) -> object:
    """Return the nearest annotation of that name in a class and its bases, resolved; None when there is none."""
    found = _nearest(owner, name)
    return None if found is None else resolve(*found)


def annotated_type(owner: type, name: str) -> type | None:
    """Return the class that values of an annotated name have; None when there is no single one.

    ``Optional[int]`` gives int, ``list[str]`` gives list, ``int | str`` and ``Any`` give None.
    """
    found = _nearest(owner, name)
    classes = {_class_of(member) for member in alternatives(*found)} if found is not None else {None}
    return classes.pop() if len(classes) == 1 else None


def returned_type(function: object) -> type | None:
    """Return the class that a function says it returns; None when it names no single one."""
    annotation = own_annotations(function).get("return") if function is not None else None
    classes = {_class_of(member) for member in alternatives(annotation, getattr(function, "__globals__", {}))}
    return classes.pop() if len(classes) == 1 else None


def _nearest(owner: type, name: str) -> tuple[object, dict[str, object]] | None:
    for cls in owner.__mro__:
        annotations = own_annotations(cls)
        if name in annotations:
            return annotations[name], namespace_of(cls)
    return None


def _class_of(annotation: object) -> type | None:
    if get_origin(annotation) is Literal:
        classes: set[type] = {type(value) for value in cast("tuple[object, ...]", get_args(annotation))}
        return classes.pop() if len(classes) == 1 else None
    meaning = get_origin(annotation) or annotation
    return meaning if isinstance(meaning, type) and meaning is not object else None
