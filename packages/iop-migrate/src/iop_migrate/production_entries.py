"""The section ``PRODUCTIONS``: productions as Python objects, or as the dictionaries IRIS exports."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any, cast

from iop_core.deployments import ComponentRegistration, DeploymentOptions, Export, normal_export
from iop_core.errors import IopError, IrisNameError, SettingsFileError
from iop_core.persistent.iris_names import check_iris_name
from iop_director.deployed_production import attach_classes
from iop_migrate.class_entries import ClassReader
from iop_migrate.registrations import kind_of
from iop_production import ComponentRef, Production, ProductionValidationError, ProductionValidationIssue
from iop_production.component_classes import adapter_type
from iop_production.names import proxy_name
from iop_production.texts import text_of

PRODUCTIONS = "PRODUCTIONS"


@dataclass(frozen=True, slots=True)
class ProductionEntry:
    """One production of a settings file.

    Attributes:
        production: The production; that of a dictionary has no Python classes at first.
        export: The dictionary it came from; None for a Python object.
        place: Where it stands, for error texts.
    """

    production: Production
    export: Export | None
    place: str

    @property
    def name(self) -> str:
        """Name of the production."""
        return self.production.name

    @property
    def options(self) -> DeploymentOptions:
        """What it has besides its export."""
        return DeploymentOptions(self.production.serializer, tuple(self.production.allowed_serializers))

    def to_export(self) -> Export:
        """Return the production as it is deployed."""
        return normal_export(self.name, self.production.to_dict()) if self.export is None else self.export

    def attach(self, registrations: Sequence[ComponentRegistration], classes: Mapping[str, type]) -> None:
        """Give the items of a dictionary their Python classes."""
        if self.export is not None:
            with _told(self.place):
                attach_classes(self.production, {each.iris_name.lower(): each for each in registrations}, classes)

    def issues(self) -> tuple[ProductionValidationIssue, ...]:
        """Return what validation finds wrong."""
        try:
            self.production.validate(strict=True)
        except ProductionValidationError as exc:
            return exc.report.issues
        return ()


def read_productions(names: Mapping[str, object], reader: ClassReader) -> list[ProductionEntry]:
    """Return the productions of ``PRODUCTIONS`` in the order of the file; their classes are registered.

    Args:
        names: The module-level names of the settings file.
        reader: Takes the classes.

    Raises:
        SettingsFileError: The section is no list, an entry is unusable, or two productions
            have the same name.
    """
    section = names.get(PRODUCTIONS)
    if section is None:
        return []
    if not isinstance(section, (list, tuple)):
        raise SettingsFileError(
            f"{reader.file}: PRODUCTIONS is a {type(section).__name__}; write a list: PRODUCTIONS = [production]"
        )
    entries: list[ProductionEntry] = []
    for index, value in enumerate(cast("Sequence[object]", section)):
        entries += _read_entry(value, f"{reader.file}: PRODUCTIONS[{index}]", reader)
    lower = [entry.name.lower() for entry in entries]
    twice = sorted({entry.name for entry in entries if lower.count(entry.name.lower()) > 1})
    if twice:
        raise SettingsFileError(
            f"{reader.file}: several productions have the same name: {', '.join(twice)}; rename one (IRIS does not "
            "tell case apart)"
        )
    return entries


def object_entry(production: Production, place: str, reader: ClassReader) -> ProductionEntry:
    """Return the entry of a Python object; its classes are registered."""
    for message in production.message_registrations():
        name, message_class = message.iris_classname, message.message_class
        reader.registrations.add(name, message_class, f"{place} message", sync_schema=message.sync_schema)
    for ref in production.items:
        _register(ref, f"{place} item {ref.name!r}", reader)
    return ProductionEntry(production, None, place)


def _read_entry(value: object, place: str, reader: ClassReader) -> Iterator[ProductionEntry]:
    made = _production_of(value, place)
    entries = _dictionary_of(value)
    if made is not None:
        yield object_entry(made, place, reader)
    elif entries:
        for name, body in entries.items():
            yield _dictionary_entry(name, body, f"{place}[{name!r}]", reader)
    else:
        given = _kind_of_value(value) + ("" if entries is None else " that is empty")
        raise SettingsFileError(
            f"{place} is {given}, not a Production; give a Production, or a dict such as "
            "{'Demo.Production': {'Item': [...]}}"
        )


def _production_of(value: object, place: str) -> Production | None:
    if isinstance(value, Production):
        return value
    if not isinstance(value, type) or not issubclass(value, Production):
        return None
    try:
        return value()
    except (IopError, TypeError) as exc:
        raise SettingsFileError(f"{place}: {value.__name__}() failed: {exc}") from exc


def _register(ref: ComponentRef, place: str, reader: ClassReader) -> None:
    if ref.component_class is None:
        return
    if not kind_of(ref.component_class):
        raise SettingsFileError(f"{place}: {ref.component_class!r} derives from none of the component classes")
    adapter = ref.adapter_class
    if adapter is None:
        found = adapter_type(ref.component_class)
        # Another name was given for this item: then its adapter is not the one of the class.
        adapter = found if isinstance(found, type) and proxy_name(found) == ref.adapter_class_name else None
    reader.registrations.add(
        ref.class_name, ref.component_class, place, adapter=adapter or ref.adapter_class_name or None
    )
    if adapter is not None and kind_of(adapter):
        reader.registrations.add(ref.adapter_class_name, adapter, f"{place} adapter")


def _dictionary_entry(name: object, body: object, place: str, reader: ClassReader) -> ProductionEntry:
    if not isinstance(name, str) or not name.strip():
        raise SettingsFileError(f"{place}: the key has to be the name of the production, as text")
    if not isinstance(body, Mapping):
        raise SettingsFileError(f"{place} is a {type(body).__name__}, not a dictionary; see Production.to_dict()")
    found = dict(cast("Mapping[str, Any]", body))
    if name == "Production":
        name = text_of(found.get("@Name")) or name
    items = found.get("Item")
    listed = cast("list[object]", items) if isinstance(items, (list, tuple)) else [items] if items else []
    if listed:
        found["Item"] = [_item(item, f"{place}.Item[{index}]", reader) for index, item in enumerate(listed)]
    with _told(place):
        export = normal_export(name, {name: _as_text(found, place)})
        production = Production.from_dict(export)
    for warning in production.graph().warnings:
        if "unknown key" not in warning:
            raise SettingsFileError(f"{place}: {warning}")
        reader.warnings.append(f"{place.removeprefix(f'{reader.file}: ')}: {warning}")
    return ProductionEntry(production, export, place)


def _item(item: object, place: str, reader: ClassReader) -> dict[str, Any]:
    if not isinstance(item, Mapping):
        raise SettingsFileError(f"{place} is a {type(item).__name__}, not a dictionary")
    found = dict(cast("Mapping[str, Any]", item))
    name, value = found.get("@Name"), found.get("@ClassName")
    if not isinstance(name, str) or not name.strip():
        raise SettingsFileError(f"{place} has no '@Name'; give each item a name of its own")
    place = f"{place} {name!r}"
    if not value:
        raise SettingsFileError(f"{place} has no '@ClassName'; give the name of a class on IRIS, or a Python class")
    if isinstance(value, ModuleType):
        raise SettingsFileError(f"{place}: '@ClassName' is the module {value.__name__!r}; name one class of it")
    if not isinstance(value, str):
        found["@ClassName"] = _item_class(name, value, f"{place} '@ClassName'", reader)
    return found


def _item_class(name: str, value: object, place: str, reader: ClassReader) -> str:
    """Register the class of an item; return its name on IRIS, which is that of the item where that can be."""
    entry = _dictionary_of(value)
    if entry is not None and "class" not in entry:
        raise SettingsFileError(f"{place} names several classes; give one, with 'module' and 'class'")
    try:
        key = check_iris_name(name)
    except IrisNameError:  # an item may be called anything, a class may not
        key = _own_key(value)
    reader.read(key, value, place)
    return key


def _own_key(value: object) -> str:
    if isinstance(value, type):
        return proxy_name(cast("type[object]", value))
    entry = _dictionary_of(value) or {}
    return f"Python.{entry.get('module')}.{entry.get('class')}".replace("_", "")


def _dictionary_of(value: object) -> dict[object, object] | None:
    return cast("dict[object, object]", value) if isinstance(value, dict) else None


def _kind_of_value(value: object) -> str:
    return cast("type[object]", value).__name__ if isinstance(value, type) else f"a {type(value).__name__}"


def _as_text(value: object, place: str) -> object:
    """Return a dictionary with all values text, as IRIS has them."""
    if isinstance(value, Mapping):
        entries = cast("Mapping[str, object]", value).items()
        return {str(key): _as_text(each, f"{place}.{key}") for key, each in entries}
    if isinstance(value, (list, tuple)):
        return [_as_text(each, f"{place}[{index}]") for index, each in enumerate(cast("Sequence[object]", value))]
    if value is not None and not isinstance(value, (str, int, float)):
        raise SettingsFileError(f"{place} is a {type(value).__name__}; give text, a number, True or False")
    return text_of(value)


@contextmanager
def _told(place: str) -> Generator[None]:
    """Let errors of IoP in the block name the place in the settings file."""
    try:
        yield
    except SettingsFileError:
        raise
    except IopError as exc:
        raise SettingsFileError(f"{place}: {exc}") from exc
