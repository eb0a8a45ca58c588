"""Which settings a component class has, and filling them in."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from inspect import getattr_static
from types import MappingProxyType, ModuleType
from typing import Any, ClassVar, Final, get_origin
from weakref import WeakKeyDictionary

from iop_core import controls
from iop_core.annotations import find_annotation, own_annotations, returned_type
from iop_core.class_members import is_framework
from iop_core.errors import SettingError, SettingsMetadataError
from iop_core.secret_references import dereferenced, is_reference, sounds_secret
from iop_core.setting_info_hooks import apply_info_hook
from iop_core.setting_values import find_kind, iris_type_named, read_value, render_value
from iop_core.settings import (
    MISSING,
    Setting,
    find_annotated_setting,
    install_annotated_settings,
    is_setting,
    read_setting,
)

NOT_SETTINGS = frozenset(
    {
        "INFO_URL", "ICON_URL", "PERSISTENT_PROPERTY_LIST", "log_to_console", "logger", "iris_handle", "DISPATCH",
        "adapter", "Adapter", "buffer", "BusinessHost", "business_host", "business_host_python",
    }
)  # fmt: skip
"""Public names of components that mean something to IoP itself."""

MESSAGE_STATE = frozenset({"retry", "retry_count", "suspend_message"})
"""Names for the message in hand that a class may use for a setting of its own instead."""

_CLASS_NAME = re.compile(r"%?[^\W\d]\w*(\.\w+)*")


@dataclass(frozen=True, slots=True)
class SettingInfo:
    """One setting of a component class.

    Attributes:
        name: Name of the attribute.
        iris_type: ``String``, ``Integer``, ``Numeric``, ``Boolean`` or an IRIS class.
        default: As it stands in a configuration; empty text when there is none.
        required: Whether an item needs a value for it.
        category: Section in the user interface; empty: the one of Python attributes.
        description: For the person who fills it in.
        control: Editor in the user interface; empty: by type.
        python_type: Type that text is turned into; None: values are taken as they are.
        descriptor: The Setting on the class; None for a plain attribute.
    """

    name: str
    iris_type: str
    default: object
    required: bool
    category: str
    description: str
    control: str
    python_type: type | None = None
    descriptor: Setting[Any] | None = None

    @property
    def is_secret(self) -> bool:
        """Whether its value is not to be shown: it has the control ``controls.secret()``, or sounds secret."""
        return self.control == controls.secret() or sounds_secret(self.name)


_KNOWN: WeakKeyDictionary[type, Mapping[str, SettingInfo]] = WeakKeyDictionary()


def settings_of(component_class: type) -> Mapping[str, SettingInfo]:
    """Return the settings of a class by name, inherited ones first, in order of declaration.

    Looked at once per class, without running properties.

    Raises:
        SettingsMetadataError: A setting is declared in a way that cannot work; the text names it.
    """
    found = _KNOWN.get(component_class)
    if found is None:
        install_annotated_settings(component_class)  # names that could not be resolved when the class was made
        infos = {name: _describe(component_class, name) for name in _candidates(component_class)}
        found = MappingProxyType({name: info for name, info in infos.items() if info is not None})
        _KNOWN[component_class] = found
    return found


def get_properties(component_class: type) -> list[list[object]]:
    """Return ``[name, type, default, required, category, description, control]`` for each setting.

    Raises:
        SettingsMetadataError: A setting is declared in a way that cannot work.
    """
    return [
        [info.name, info.iris_type, info.default, info.required, info.category, info.description, info.control]
        for info in settings_of(component_class).values()
    ]


def missing_required(component: object) -> list[str]:
    """Return the required settings that have no value.

    Args:
        component: A component instance; or a class, whose defaults are then looked at.
    """
    if isinstance(component, type):
        values = {name: info.default for name, info in settings_of(component).items() if info.required}
    else:
        known = settings_of(type(component))
        values = {name: getattr(component, name, None) for name, info in known.items() if info.required}
    return [name for name, value in values.items() if value is None or value == ""]


def apply_settings(instance: object, values: Mapping[str, object], *, owner: str = "") -> list[str]:
    """Set the values a production has for a component, each turned into its setting's type.

    An empty text is a value too: it clears a default. A reference such as ``env:DB_PASSWORD``
    is replaced by what it names.

    Args:
        instance: The component.
        values: Setting name to value; text is usual.
        owner: Name of the item, for error texts.

    Returns:
        The names that the class does not have as settings; nothing was set for them.

    Raises:
        SettingError: A value does not fit; the text names item, setting, value and what is expected.
    """
    component_class = type(instance)
    known = settings_of(component_class)
    unknown: list[str] = []
    for name, value in values.items():
        declared = getattr_static(component_class, name, None)
        if name in known:
            python_type = known[name].python_type
        elif is_setting(declared):  # excluded from the list, but it can be set
            python_type = declared.python_type(component_class)
        else:
            unknown.append(name)
            continue
        where = f"{name} of {owner or component_class.__qualname__}"
        if is_reference(value):
            _assign_reference(instance, name, value, python_type, where)
        else:
            _assign(instance, name, read_setting(value, python_type, where), where)
    return unknown


def _assign_reference(instance: object, name: str, reference: object, python_type: type | None, where: str) -> None:
    try:
        secret = dereferenced(reference)
    except SettingError as exc:
        raise SettingError(f"setting {where}: {exc}") from exc
    try:
        _assign(instance, name, read_setting(secret, python_type, where), where)
    except SettingError:
        # Not chained: the text of the cause has the value in it.
        raise SettingError(f"setting {where}: what {reference!r} names does not fit this setting") from None


def _assign(instance: object, name: str, value: object, where: str) -> None:
    try:
        setattr(instance, name, value)
    except SettingError:
        raise
    except Exception as exc:
        raise SettingError(f"setting {where}: {value!r} was refused: {type(exc).__name__}: {exc}") from exc


def _candidates(component_class: type) -> list[str]:
    """Public names of users' classes that IoP does not use itself; its own ones only when they are a Setting."""
    names: dict[str, None] = {}
    own: set[str] = set()
    for cls in reversed(component_class.__mro__):
        written = vars(cls)
        for name in (*written, *own_annotations(cls)):
            if is_framework(cls) and not is_setting(written.get(name)):
                own.update({name} - MESSAGE_STATE)
            else:
                names.setdefault(name)
    return [name for name in names if not name.startswith("_") and name not in NOT_SETTINGS | own]


def _describe(component_class: type, name: str) -> SettingInfo | None:
    try:
        declared = _declaration(component_class, name)
        return None if declared is None or declared.exclude else _info(component_class, declared)
    except SettingError as exc:
        class_name = f"{component_class.__module__}.{component_class.__qualname__}"
        raise SettingsMetadataError(class_name, name, exc) from exc


def _declaration(component_class: type, name: str) -> Setting[Any] | None:
    """Return what a name declares as if it were written with ``setting()``; None when it is no setting."""
    value = getattr_static(component_class, name, MISSING)
    annotation = find_annotation(component_class, name)
    declared: Setting[Any] | None
    if is_setting(value):
        declared = copy.copy(value)
    elif _is_constant(annotation) or not _can_be_set(value):
        return None
    else:
        declared = copy.copy(find_annotated_setting(annotation)) or Setting()
        if not isinstance(value, property) and value is not MISSING:
            declared.default = value
    declared.name = name
    return apply_info_hook(component_class, name, declared)


def _is_constant(annotation: object) -> bool:
    if isinstance(annotation, str):  # could not be resolved
        return annotation.rpartition("[")[0].rpartition(".")[2] in ("ClassVar", "Final")
    meaning = get_origin(annotation) or annotation
    return meaning is ClassVar or meaning is Final


def _can_be_set(value: object) -> bool:
    """Whether a plain class attribute is a value that a configuration can hold, or a property with a setter."""
    if isinstance(value, property):
        return value.fset is not None
    if value is None or isinstance(value, Enum):
        return True
    if callable(value) or isinstance(value, ModuleType) or hasattr(type(value), "__get__"):
        return False
    try:
        render_value(value)
    except SettingError:
        return False
    return True


def _info(component_class: type, declared: Setting[Any]) -> SettingInfo:
    name = declared.name
    written = getattr_static(component_class, name, None)
    if isinstance(written, property):
        python_type = returned_type(written.fget)
    else:
        python_type = declared.python_type(component_class)
    default = "" if declared.default is MISSING else declared.default
    if default not in (None, ""):
        read = read_value(default, python_type)
        default = render_value(read if isinstance(default, str) else default)
    return SettingInfo(
        name=name,
        iris_type=_iris_type(component_class, declared, python_type),
        default="" if default is None else default,
        required=declared.required,
        category=declared.category,
        description=declared.description,
        control=declared.control,
        python_type=python_type,
        descriptor=written if is_setting(written) else None,
    )


def _iris_type(component_class: type, declared: Setting[Any], python_type: type | None) -> str:
    """Names beat types, and what stands in the setting beats the annotation."""
    if declared.iris_type:
        return iris_type_named(declared.iris_type)
    if isinstance(declared.data_type, str):
        return iris_type_named(declared.data_type)
    annotation = find_annotation(component_class, declared.name)
    if declared.data_type is None and isinstance(annotation, str) and _CLASS_NAME.fullmatch(annotation):
        return iris_type_named(annotation)  # unknown in Python: taken as the name of an IRIS class
    kind = find_kind(python_type)
    return "String" if kind is None else kind.iris_type
