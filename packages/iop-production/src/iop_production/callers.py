"""Warnings that point at the line of the user's code."""

from __future__ import annotations

import inspect
import warnings


def warn_caller(text: str, category: type[Warning] = UserWarning) -> None:
    """Warn, with the first line outside of this package as the place.

    Args:
        text: What is wrong and what to do.
        category: Class of the warning.
    """
    package = f"{__name__.partition('.')[0]}."
    level, frame = 1, inspect.currentframe()
    while frame is not None and f"{frame.f_globals.get('__name__')}.".startswith(package):
        level, frame = level + 1, frame.f_back
    warnings.warn(text, category, stacklevel=level)
