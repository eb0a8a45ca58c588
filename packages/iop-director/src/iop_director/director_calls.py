"""The methods of ``Director`` as functions of earlier versions; each call works at the default place."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from iop_director.class_calls import also_on_class
from iop_director.director import Director

__all__ = tuple(sorted(name for name, value in vars(Director).items() if isinstance(value, also_on_class)))  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Callable[..., Any]:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no function {name!r}")
    return partial(_call, name)


def _call(name: str, *args: Any, **kwargs: Any) -> Any:
    # Looked up anew: the default place is that of the moment of the call.
    return getattr(Director, name)(*args, **kwargs)
