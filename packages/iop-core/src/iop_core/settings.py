"""Settings: values of a component that a production can fill in.

Every public class attribute of a component is one. ``setting()`` and ``target()`` say
more about it: a category, a description, an editor control.
"""

from __future__ import annotations

import copy
from enum import Enum
from inspect import getattr_static
from typing import (
    Annotated,
    Any,
    Final,
    Generic,
    Protocol,
    TypeGuard,
    TypeVar,
    cast,
    get_args,
    get_origin,
    overload,
)

from typing_extensions import Self, TypedDict, Unpack

from iop_core import controls
from iop_core.annotations import annotated_type, find_annotation, namespace_of, own_annotations, resolve
from iop_core.errors import SettingError, SettingTypeError
from iop_core.setting_values import ALIASES, read_value

T = TypeVar("T")

_CONTAINERS = (list, dict, set, bytearray)


class Category(str, Enum):
    """Sections of the settings in the production's user interface.

    A category moves a setting to a section and does nothing else. Any other text
    makes a section of that name.

    Example:
        >>> timeout = setting(30, category=Category.CONNECTION, description="Seconds to wait")
        >>> str(Category.CONNECTION)
        'Connection'
    """

    INFO = "Info"
    BASIC = "Basic"
    CONNECTION = "Connection"
    ADDITIONAL = "Additional"
    ALERTING = "Alerting"
    DEV = "Dev"

    def __str__(self) -> str:
        return self.value


class Missing(Enum):
    """Type of the mark for "no default given"."""

    MISSING = "missing"


MISSING: Final = Missing.MISSING


class SettingOptions(TypedDict, total=False):
    """What ``setting()`` and ``target()`` take besides the default.

    Attributes:
        data_type: Python type of the values, or the name of a type. Left out: the
            annotation, then the type of the default.
        iris_type: Type of the property on IRIS; beats ``data_type`` there.
        category: Section in the user interface; left out: the one of Python attributes.
        required: True: the item needs a value for it.
        description: One or two sentences for the person who fills it in.
        control: Editor in the user interface, see ``iop_core.controls``.
        exclude: True: not offered as a setting; the attribute works all the same.
    """

    data_type: type | str | None
    iris_type: str | None
    category: Category | str | None
    required: bool
    description: str
    control: str | None
    exclude: bool


class Setting(Generic[T]):
    """A setting with metadata; ``setting()`` is the usual way to make one.

    Read on a class it is the Setting itself; on an instance it is the value: what was
    assigned, else the default, else None. Text that is assigned is turned into the
    type of the setting. ``del`` goes back to the default.

    Args:
        default: Value of an instance that was given none. Containers are copied for
            each instance.
        data_type: See ``SettingOptions``, as for all that follow.
        iris_type: Same.
        category: Same.
        required: Same.
        description: Same.
        control: Same.
        exclude: Same.

    Raises:
        SettingError: The category holds a comma or a colon, which separate on IRIS.

    Example:
        >>> class Poller:
        ...     limit = Setting(5, category=Category.BASIC)
        >>> poller = Poller()
        >>> poller.limit = "7"
        >>> poller.limit
        7
    """

    def __init__(
        self,
        default: T | Missing = MISSING,
        *,
        data_type: type | str | None = None,
        iris_type: str | None = None,
        category: Category | str | None = None,
        required: bool = False,
        description: str = "",
        control: str | None = None,
        exclude: bool = False,
    ) -> None:
        self.default = default
        self.data_type = data_type
        self.iris_type = iris_type
        self.category = "" if category is None else str(category)
        self.required = bool(required)
        self.description = description
        self.control = control or ""
        self.exclude = exclude
        self.name = ""
        self.owner: type | None = None
        if set(self.category) & set(",:"):
            raise SettingError(f"category {self.category!r} holds ',' or ':', which separate settings; use other words")

    @property
    def has_default(self) -> bool:
        """Whether a default was given, None included."""
        return self.default is not MISSING

    def python_type(self, component_class: type) -> type | None:
        """Return the type of the values on that class, None when nothing says it.

        ``data_type`` is asked first, then the annotation, then the default.
        """
        for declared in (self.data_type, self.iris_type):
            if isinstance(declared, type):
                return declared
            if declared is not None and declared.lower() in ALIASES:
                return ALIASES[declared.lower()]
        annotated = annotated_type(component_class, self.name)
        if not _is_setting_class(annotated) and find_annotation(component_class, self.name) is not None:
            return annotated
        default: object = self.default
        return None if default is None or default is MISSING else type(default)

    def bind(self, owner: type, name: str) -> None:
        """Put a copy of this setting on a class, under a name."""
        bound = copy.copy(self)
        bound.owner, bound.name = owner, name
        setattr(owner, name, bound)

    def __set_name__(self, owner: type, name: str) -> None:
        if self.name in ("", name):
            self.owner, self.name = self.owner or owner, name
        else:
            self.bind(owner, name)  # one object under two names; values are kept by name

    def _name_on(self, owner: type) -> str:
        if not self.name:  # put on the class after it was made: Python told us no name
            found = (name for cls in owner.__mro__ for name, member in vars(cls).items() if member is self)
            self.name = next(found)
        return self.name

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...

    @overload
    def __get__(self, instance: object, owner: type | None = None) -> T: ...

    def __get__(self, instance: object, owner: type | None = None) -> Self | T:
        if instance is None:
            return self
        values, name = instance.__dict__, self._name_on(type(instance))
        if name not in values:
            default: object = self.default
            if not isinstance(default, _CONTAINERS):
                return cast("T", None if default is MISSING else default)
            values.setdefault(name, copy.deepcopy(cast("object", default)))
        return cast("T", values[name])

    def __set__(self, instance: object, value: T) -> None:
        owner = type(instance)
        name = self._name_on(owner)
        given: object = value
        if isinstance(given, (str, int)):  # hosts give text, and 1 or 0 for booleans
            python_type = self.python_type(owner)
            if isinstance(given, str) or python_type is bool:
                given = read_setting(given, python_type, f"{owner.__qualname__}.{name}")
        instance.__dict__[name] = given

    def __delete__(self, instance: object) -> None:
        name = self._name_on(type(instance))
        if name not in instance.__dict__:
            raise AttributeError(f"{type(instance).__qualname__}.{name} has no value of its own")
        del instance.__dict__[name]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name or 'without a name'}>"


def is_setting(value: object) -> TypeGuard[Setting[Any]]:
    """Return whether a class attribute, as written, is declared with ``setting()`` or ``target()``."""
    return isinstance(value, Setting)


def _is_setting_class(annotated: type | None) -> bool:
    """Whether an annotation speaks of the declaration (``x: Setting[int]``) and not of the values."""
    return annotated is not None and issubclass(annotated, Setting)


class NamedItem(Protocol):
    """Something that declares an item of a production, such as an ``OperationItem``."""

    @property
    def name(self) -> str:
        """Name of the item."""
        ...


class TargetSetting(Setting[str]):
    """A setting that names the item to send to; ``target()`` is the usual way to make one.

    Args:
        default: Name of an item, or its declaration; empty: to be filled in or connected
            by the production.
        **options: See ``SettingOptions``. Left out: category Basic, and the picker of
            production items.

    Raises:
        SettingTypeError: The default names no item.

    Example:
        >>> class Router:
        ...     Output = TargetSetting()
        >>> Router().Output
        ''
    """

    def __init__(self, default: str | NamedItem = "", **options: Unpack[SettingOptions]) -> None:
        name = default if isinstance(default, str) else getattr(default, "name", None)
        if not isinstance(name, str) or isinstance(default, Setting):
            raise SettingTypeError(f"default of a target is {default!r}; give the name of an item, or leave it out")
        described: SettingOptions = {
            "iris_type": "Ens.DataType.ConfigName",
            "category": Category.BASIC,
            "control": controls.production_item(),
        }
        described.update(options)
        super().__init__(name, **described)


@overload
def setting(default: None, **options: Unpack[SettingOptions]) -> Setting[Any]: ...


@overload
def setting(default: T, **options: Unpack[SettingOptions]) -> Setting[T]: ...


@overload
def setting(**options: Unpack[SettingOptions]) -> Any: ...


def setting(default: object = MISSING, **options: Unpack[SettingOptions]) -> Any:
    """Declare a setting of a component.

    Args:
        default: Value of an instance that was given none.
        **options: See ``SettingOptions``.

    Raises:
        SettingError: The category holds a comma or a colon.

    Example:
        >>> class Reader:
        ...     InputDirectory = setting("/data/in", category=Category.CONNECTION, required=True)
        >>> Reader().InputDirectory
        '/data/in'
    """
    return Setting(default, **options)


def target(default: str | NamedItem = "", **options: Unpack[SettingOptions]) -> TargetSetting:
    """Declare a setting that names the item to send to.

    Args:
        default: Name of an item, or its declaration; empty: to be filled in or connected
            by the production.
        **options: See ``SettingOptions``.

    Raises:
        SettingTypeError: The default names no item.

    Example:
        >>> class Router:
        ...     Output = target()
        >>> Router.Output.name
        'Output'
    """
    return TargetSetting(default, **options)


def read_setting(value: object, python_type: type | None, setting_name: str) -> object:
    """Return a value in the type of its setting.

    Args:
        value: Text from a configuration, or a value.
        python_type: Type of the setting; None: the value is taken as it is.
        setting_name: How an error names the setting.

    Raises:
        SettingError: The value does not fit.
    """
    try:
        return read_value(value, python_type)
    except SettingError as exc:
        raise SettingError(f"setting {setting_name}: {exc}") from exc


def find_annotated_setting(annotation: object) -> Setting[Any] | None:
    """Return the Setting inside ``Annotated[..., Setting(...)]``, None when there is none."""
    metadata: tuple[object, ...] = get_args(annotation)[1:] if get_origin(annotation) is Annotated else ()
    return next((found for found in metadata if is_setting(found)), None)


def install_annotated_settings(component_class: type) -> None:
    """Make names that are only annotated with a Setting readable on instances.

    Called by ``Component`` for each new class; mix-ins are looked at too. A class value
    of the same name stays.
    """
    for cls in reversed(component_class.__mro__):
        open_names = {name: value for name, value in own_annotations(cls).items() if name not in vars(cls)}
        if not open_names:
            continue
        namespace = namespace_of(cls)
        for name, annotation in open_names.items():
            declared = find_annotated_setting(resolve(annotation, namespace))
            if declared is not None:
                bound = copy.copy(declared)
                inherited: object = getattr_static(cls, name, MISSING)
                if not bound.has_default:
                    bound.default = inherited.default if is_setting(inherited) else inherited
                bound.bind(cls, name)
