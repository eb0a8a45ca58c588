"""Which persistent message class stands for which class on IRIS, both ways."""

from __future__ import annotations

import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from iop_core.errors import IrisNameError, MessageDefinitionError, PersistentMessageError, UnknownMessageClassError
from iop_core.persistent.definitions import ModelField, definition_of
from iop_core.persistent.iris_names import check_iris_name, python_name_of
from iop_core.persistent.models import Model, iris_class_name_of
from iop_core.registry import MESSAGE_CLASSES, class_name_of

KIND = "IOP_MESSAGE_KIND"
PYTHON_CLASS = "IOP_PYTHON_CLASS"
PYTHON_CLASSPATH = "IOP_PYTHON_CLASSPATH"
PERSISTENT_MESSAGE = "PersistentMessage"


class PersistentClassRegistry:
    """Names on IRIS to persistent message classes, and back.

    A class is found under its own name from its definition on; registering it under another
    name replaces that. Names on IRIS do not differ by case.
    """

    def __init__(self) -> None:
        self._classes: dict[str, type[Model]] = {}
        self._names: dict[type[Model], str] = {}

    def register(self, message_class: type[Model], iris_name: str) -> None:
        """Let a class stand for the class of that name on IRIS.

        Raises:
            IrisNameError: The name is malformed, differs from ``Meta.classname``, or stands for
                another class.
        """
        self.check(message_class, iris_name)
        earlier = self._names.pop(message_class, None)
        if earlier is not None:
            del self._classes[earlier.casefold()]
        replaced = self._classes.get(iris_name.casefold())
        if replaced is not None:
            del self._names[replaced]
        self._classes[iris_name.casefold()] = message_class
        self._names[message_class] = iris_name

    def check(self, message_class: type[Model], iris_name: str) -> None:
        """Raise what ``register`` would raise, and change nothing."""
        own = message_class.__iop_meta__.classname
        if own and own != iris_name:
            raise IrisNameError(
                f"{class_name_of(message_class)} has Meta.classname {own!r}, but is registered as {iris_name!r}; "
                "use the same name, or drop Meta.classname"
            )
        check_iris_name(iris_name)
        other = self._classes.get(iris_name.casefold())
        if other is not None and _is_alive(other) and class_name_of(other) != class_name_of(message_class):
            raise IrisNameError(
                f"{iris_name!r} cannot stand for {class_name_of(message_class)}: {self._names[other]!r} already stands "
                f"for {class_name_of(other)} (IRIS does not tell case apart); give one of them another Meta.classname"
            )

    @contextmanager
    def preserved(self) -> Generator[None]:
        """Forget at the end of the block what was registered in it: code was only looked at."""
        before = dict(self._classes), dict(self._names)
        try:
            yield
        finally:
            self._classes, self._names = before

    def name_of(self, message_class: type[Model]) -> str:
        """Return the name on IRIS of a persistent message class."""
        return self._names.get(message_class) or iris_class_name_of(message_class)

    def find(self, iris_name: str) -> type[Model] | None:
        """Return the class that was registered for a name on IRIS, or None."""
        return self._classes.get(iris_name.casefold())


PERSISTENT_CLASSES = PersistentClassRegistry()
# Classes whose registration asked for their schema to be written.
_SYNCED: set[type[Model]] = set()


def register_persistent_message_class(message_class: type[Model], iris_name: str, *, sync_schema: bool = True) -> None:
    """Let a persistent message class stand for the class of that name on IRIS.

    It may be called again with another name, which then replaces the first.

    Args:
        message_class: A subclass of ``PersistentMessage``.
        iris_name: Package and name on IRIS, which is the name of its table too.
        sync_schema: True: what is stored of the class is made and extended, also where
            ``Meta.auto_sync`` is off. False: only the name is noted.

    Raises:
        MessageDefinitionError: It is no persistent message class; it is a TypeError too.
        IrisNameError: The name is empty or malformed, differs from ``Meta.classname``, or
            stands for another class; it is a ValueError too.
    """
    _check_class(message_class)
    PERSISTENT_CLASSES.register(message_class, iris_name)
    if sync_schema:
        _SYNCED.add(message_class)


def check_persistent_message_class(message_class: object, iris_name: str) -> None:
    """Raise what ``register_persistent_message_class`` would raise, and change nothing."""
    PERSISTENT_CLASSES.check(_check_class(message_class), iris_name)


def may_sync(message_class: type[Model]) -> bool:
    """Return whether what is stored of a class may be made and extended at its first use."""
    meta = message_class.__iop_meta__
    return meta.syncs or (meta.mode != "observe" and message_class in _SYNCED)


@dataclass(frozen=True, slots=True)
class PersistentSchema:
    """What is stored of one persistent message class.

    Attributes:
        name: Name of the class on IRIS, and of the table.
        may_sync: True when what is stored may be made and extended.
        fields: The fields that are stored.
    """

    name: str
    may_sync: bool
    fields: tuple[ModelField, ...]


def find_schema(class_name: str) -> PersistentSchema | None:
    """Return what is stored of a class; None when none of that name is known here.

    Args:
        class_name: Module and class, as in ``Body.class_name``.
    """
    try:
        message_class = _check_class(MESSAGE_CLASSES.get(class_name))
    except (UnknownMessageClassError, MessageDefinitionError):
        return None
    fields = definition_of(message_class).fields.values()
    stored = tuple(field for field in fields if field.options.is_stored)
    return PersistentSchema(PERSISTENT_CLASSES.name_of(message_class), may_sync(message_class), stored)


def class_parameters(message_class: type[Model]) -> dict[str, str]:
    """Return the parameters of the class on IRIS: those of ``Meta``, and how to find the Python class."""
    return {
        **message_class.__iop_meta__.parameters,
        KIND: PERSISTENT_MESSAGE,
        PYTHON_CLASS: class_name_of(message_class),
        PYTHON_CLASSPATH: _import_root(message_class),
    }


def find_class_of_iris_object(iris_name: str, parameters: Mapping[str, str]) -> type[Model] | None:
    """Return the class for an object of IRIS; None when the object is to be passed on as it is.

    Looked up in this order: what was registered here, the parameters of the class on IRIS,
    the Python name that its name was derived from. No module is imported for it.

    Args:
        iris_name: Name of the object's class.
        parameters: Its class parameters, of which those that IoP writes are used.

    Raises:
        PersistentMessageError: The parameters name a class that is not loaded, or that is no
            persistent message class.
    """
    found = PERSISTENT_CLASSES.find(iris_name)
    if found is not None:
        return found
    is_named = bool(parameters.get(KIND) or parameters.get(PYTHON_CLASS))
    python_name = parameters.get(PYTHON_CLASS) or python_name_of(iris_name)
    try:
        return _check_class(MESSAGE_CLASSES.get(python_name))
    except UnknownMessageClassError as exc:
        if is_named:
            raise PersistentMessageError(
                f"{iris_name} stands for the Python class {python_name}, which could not be imported here: import its "
                "module in the production's file, or register the class in CLASSES"
            ) from exc
    except MessageDefinitionError as exc:
        if is_named:
            raise PersistentMessageError(
                f"{iris_name} stands for the Python class {python_name}, which is not a PersistentMessage subclass"
            ) from exc
    return None


def _check_class(candidate: object) -> type[Model]:
    from iop_core.persistent.messages import PersistentMessage  # it is built on this module

    if isinstance(candidate, type) and issubclass(candidate, PersistentMessage) and candidate is not PersistentMessage:
        return candidate
    raise MessageDefinitionError(f"{candidate!r} is not a subclass of PersistentMessage")


def _is_alive(message_class: type[Model]) -> bool:
    """Return whether the module of a class is still loaded; a settings file can be taken out again."""
    return message_class.__module__ in sys.modules


def _import_root(message_class: type[Model]) -> str:
    """Return the folder from which the module of a class is imported; empty when it has no file."""
    file = getattr(sys.modules.get(message_class.__module__), "__file__", None)
    if not file:
        return ""
    path = Path(file).absolute()
    levels = message_class.__module__.count(".") + (path.stem == "__init__")
    return str(path.parents[levels])
