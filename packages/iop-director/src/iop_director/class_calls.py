"""Methods that can also be called on their class, which then makes an instance."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class also_on_class(Generic[P, R]):
    """Lets a method be called on the class: on a new instance made without arguments.

    Example:
        >>> class Place:
        ...     @also_on_class
        ...     def name(self) -> str:
        ...         return "here"
        >>> Place.name() == Place().name()
        True
    """

    def __init__(self, method: Callable[Concatenate[Any, P], R]) -> None:
        self._method = method
        update_wrapper(self, method)  # type: ignore[arg-type]  # it is not a function, and shows the one it wraps

    def __get__(self, instance: object, owner: type) -> Callable[P, R]:
        receiver = owner() if instance is None else instance
        bound: Callable[P, R] = self._method.__get__(receiver, owner)
        return bound
