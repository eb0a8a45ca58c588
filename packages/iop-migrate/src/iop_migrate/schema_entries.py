"""The section ``SCHEMAS``: message classes whose JSON schema is kept."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from iop_core.errors import SettingsFileError
from iop_core.message_types import is_message_class
from iop_core.persistent.messages import PersistentMessage
from iop_core.pickle_messages import PickleMessage
from iop_migrate.registrations import check_importable, python_name

if TYPE_CHECKING:
    from pydantic import BaseModel

SCHEMAS = "SCHEMAS"


def read_schemas(names: Mapping[str, object], file: Path) -> dict[str, str]:
    """Return ``module.Class`` to the JSON text of its schema, in the order of the file.

    Args:
        names: The module-level names of the settings file.
        file: For error texts.

    Raises:
        SettingsFileError: ``SCHEMAS`` is no list, or an entry is no message class that JSON
            can say.
    """
    section = names.get(SCHEMAS)
    if section is None:
        return {}
    if not isinstance(section, (list, tuple)):
        raise SettingsFileError(f"{file}: SCHEMAS is a {type(section).__name__}; write a list: SCHEMAS = [Order]")
    schemas: dict[str, str] = {}
    for index, entry in enumerate(cast("Sequence[object]", section)):
        place = f"{file}: SCHEMAS[{index}]"
        if not isinstance(entry, type) or not is_message_class(entry):
            raise SettingsFileError(f"{place} is {entry!r:.60}; give a message class, such as SCHEMAS = [Order]")
        check_importable(entry, place)
        schemas[python_name(entry)] = json.dumps(schema_of(entry, place), ensure_ascii=False)
    return schemas


def schema_of(message_class: type[object], place: str) -> dict[str, Any]:
    """Return the JSON schema of a message class.

    Raises:
        SettingsFileError: It is stored otherwise than as JSON, or has a field that JSON cannot say.
    """
    if issubclass(message_class, PersistentMessage):
        raise SettingsFileError(f"{place}: {python_name(message_class)} is a PersistentMessage; it belongs in CLASSES")
    if issubclass(message_class, PickleMessage) or getattr(message_class, "__iop_serializer__", None) == "pickle":
        raise SettingsFileError(
            f"{place}: {python_name(message_class)} is stored as a pickle, which no schema can describe; drop it"
        )
    from pydantic import TypeAdapter  # only who has schemas needs it

    try:
        if hasattr(message_class, "model_json_schema"):
            return cast("type[BaseModel]", message_class).model_json_schema()
        return TypeAdapter[Any](message_class).json_schema()
    except Exception as exc:
        text = " ".join(str(exc).split())
        raise SettingsFileError(f"{place}: {python_name(message_class)} has no JSON schema: {text:.200}") from exc
