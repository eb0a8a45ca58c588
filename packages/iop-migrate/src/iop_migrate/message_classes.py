"""The section ``CLASSES`` of a settings file, as far as it names persistent messages."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import cast

from iop_core.errors import IrisNameError, SettingsFileError
from iop_core.message_types import is_message_class
from iop_core.persistent.classes import check_persistent_message_class, register_persistent_message_class
from iop_core.persistent.messages import PersistentMessage

CLASSES = "CLASSES"


def read_message_classes(names: Mapping[str, object], file: Path) -> dict[str, type[PersistentMessage]]:
    """Return name on IRIS to persistent message class, for the entries that are such classes.

    Args:
        names: The module-level names of the settings file.
        file: For error texts.

    Raises:
        SettingsFileError: ``CLASSES`` is no dict, a name cannot be used or differs from
            ``Meta.classname``, a class stands there twice, or a message is not persistent.
    """
    section = names.get(CLASSES)
    if section is None:
        return {}
    if not isinstance(section, dict):
        raise SettingsFileError(
            f"{file}: CLASSES is a {type(section).__name__}; write a dict: CLASSES = {{'Demo.Msg.Order': Order}}"
        )
    found: dict[str, type[PersistentMessage]] = {}
    for name, value in cast("dict[object, object]", section).items():
        place = f"{file}: CLASSES[{name!r}]"
        is_message = is_message_class(value)
        if isinstance(value, type) and issubclass(value, PersistentMessage):
            if not isinstance(name, str):
                raise SettingsFileError(f"{place}: the key has to be the name of the class on IRIS")
            if value in found.values():
                raise SettingsFileError(f"{place}: {value.__name__} is registered under another name too; keep one")
            _check(value, name, place)
            found[name] = value
        elif is_message:
            raise SettingsFileError(
                f"{place} is a message that is not persistent and needs no class on IRIS; drop it, or use SCHEMAS"
            )
    lower = [name.casefold() for name in found]
    twice = [name for name in found if lower.count(name.casefold()) > 1]
    if twice:
        raise SettingsFileError(f"{file}: CLASSES has names that differ only in case: {', '.join(twice)}; rename one")
    return found


def register_message_classes(classes: Mapping[str, type[PersistentMessage]]) -> None:
    """Let the classes stand for the classes of these names on IRIS."""
    for name, message_class in classes.items():
        register_persistent_message_class(message_class, name)


def _check(message_class: type[PersistentMessage], name: str, place: str) -> None:
    try:
        check_persistent_message_class(message_class, name)
    except (IrisNameError, TypeError) as exc:
        raise SettingsFileError(f"{place}: {exc}") from exc
