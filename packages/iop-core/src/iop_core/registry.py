"""Message classes by name, filled while code is loaded.

A name found in a stored body is looked up here and nowhere else: data can never
cause an import.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from iop_core.errors import UnknownMessageClassError


def class_name_of(message_class: type) -> str:
    """Return the name under which bodies of this class are stored: ``module.Class``.

    For a class inside another one the name is ``module.Outer.Inner``.
    """
    return f"{message_class.__module__}.{message_class.__qualname__}"


class MessageRegistry:
    """Name to message class.

    Subclasses of ``Message`` and ``PydanticMessage`` register themselves when they are
    defined. A plain pydantic model is known once it was sent, or once something registers
    it by hand, such as the compilation of a handler that takes it. A class of the same name
    that is defined again (a reloaded module) takes the place of the earlier one.

    May be used from any thread: each operation is one access to a dict.
    """

    def __init__(self) -> None:
        self._classes: dict[str, type] = {}

    def register(self, message_class: type) -> None:
        """Make a class known under its own name."""
        self._classes[class_name_of(message_class)] = message_class

    def get(self, name: str) -> type:
        """Return the class of that name.

        Raises:
            UnknownMessageClassError: No loaded module defined it.
        """
        found = self._classes.get(name)
        if found is None:
            raise UnknownMessageClassError(name)
        return found

    @contextmanager
    def preserved(self) -> Generator[None]:
        """Forget at the end of the block what was registered in it: code was only looked at."""
        before = dict(self._classes)
        try:
            yield
        finally:
            self._classes = before

    def __contains__(self, name: object) -> bool:
        return name in self._classes


MESSAGE_CLASSES = MessageRegistry()
