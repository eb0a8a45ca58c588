"""The persistent messages that are registered with a production."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeGuard

from iop_core.errors import IrisNameError, ProductionError, ProductionTypeError
from iop_core.persistent.classes import check_persistent_message_class, register_persistent_message_class
from iop_core.persistent.messages import PersistentMessage


@dataclass(frozen=True, slots=True)
class PersistentMessageRegistration:
    """A persistent message class and the class on IRIS that it stands for.

    Attributes:
        iris_classname: Package and name on IRIS.
        message_class: The class in Python.
        sync_schema: Whether what is stored of the class is made and extended when it is registered.
    """

    iris_classname: str
    message_class: type[PersistentMessage]
    sync_schema: bool = True


def check_registration(
    known: Mapping[str, PersistentMessageRegistration], iris_classname: object, message_class: object, sync_schema: bool
) -> PersistentMessageRegistration:
    """Return the registration of a message if it does not contradict those that are known.

    Args:
        known: Those of the production, by name in lower case.
        iris_classname: Name on IRIS; spaces around it do not count.
        message_class: The class.
        sync_schema: As in ``PersistentMessageRegistration``.

    Raises:
        ProductionError: The name is missing, malformed or taken, or the class has another one.
        ProductionTypeError: It is no persistent message class.
    """
    name = iris_classname.strip() if isinstance(iris_classname, str) else ""
    if not name:
        raise ProductionError(
            f"PersistentMessage IRIS classname is required, got {iris_classname!r}; give one such as 'Demo.Msg.Order'"
        )
    if not _is_message(message_class):
        raise ProductionTypeError(f"msg_cls must be a concrete PersistentMessage subclass, got {message_class!r}")
    made = PersistentMessageRegistration(name, message_class, sync_schema)
    same = known.get(name.lower())
    if same is not None and same.message_class is not message_class:
        raise ProductionError(
            f"PersistentMessage IRIS classname already registered: {name} (for {same.message_class.__qualname__})"
        )
    other = next((one for one in known.values() if one.message_class is message_class), made)
    if other.iris_classname != name:
        raise ProductionError(
            f"PersistentMessage class already registered with IRIS classname {other.iris_classname} "
            f"({message_class.__qualname__} cannot have {name!r}, too)"
        )
    if other.sync_schema != sync_schema:
        raise ProductionError(f"PersistentMessage registration has conflicting sync_schema for {name}")
    try:
        check_persistent_message_class(message_class, name)
    except IrisNameError as error:
        raise ProductionError(f"PersistentMessage {message_class.__qualname__} cannot be {name!r}: {error}") from error
    return made


def _is_message(value: object) -> TypeGuard[type[PersistentMessage]]:
    return isinstance(value, type) and issubclass(value, PersistentMessage) and value is not PersistentMessage


def register_in_process(registrations: Iterable[PersistentMessageRegistration]) -> None:
    """Let the classes stand for those on IRIS in this process."""
    for one in registrations:
        register_persistent_message_class(one.message_class, one.iris_classname, sync_schema=one.sync_schema)
