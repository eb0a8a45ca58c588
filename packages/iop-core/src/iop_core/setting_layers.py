"""Where the value of a setting comes from: the layers, and which of them wins.

The order is that of system default settings in InterSystems productions: a system override
for the few names that have one, the production's definition, the most specific matching
system default, the default of the class. An empty text is a value like any other.
Pure functions over plain values: nothing is read or written here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from iop_core.errors import SettingError
from iop_core.secret_references import is_secret_reference, masked, sounds_secret

ANY = "*"
"""In a key of a system default: whatever it is. There are no other wildcards."""

PRODUCTION_OVERRIDES = ("ActorPoolSize", "TestingEnabled")
ITEM_OVERRIDES = ("Enabled", "PoolSize")


class Layer(str, Enum):
    """One place that may have a value; the first one that has it wins."""

    OVERRIDE = "system override"
    PRODUCTION = "production"
    DEFAULT = "system default"
    CLASS = "class default"


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultSetting:
    """One system default setting: a value for whatever its keys match.

    Attributes:
        name: Name of the setting.
        value: Its value as text; may be empty, or a reference such as ``env:DB_PASSWORD``.
        production: Name of the production, or ``*``.
        item: Name of the item, or ``*``.
        host_class: Class of the item's business host, or ``*``.
        description: For people.
        deployable: Whether it is meant to be part of a deployment to other places.
        changed: When it was last written (UTC); None before.
        actor: Who wrote it.
        reason: Why, in the words of who wrote it.
    """

    name: str
    value: str
    production: str = ANY
    item: str = ANY
    host_class: str = ANY
    description: str = ""
    deployable: bool = False
    changed: datetime | None = None
    actor: str = ""
    reason: str = ""

    def __post_init__(self) -> None:
        for field in ("name", "production", "item", "host_class"):
            given = getattr(self, field)
            if (
                not given
                or given != given.strip()
                or (given != ANY and "*" in given)
                or (field, given) == ("name", ANY)
            ):
                raise SettingError(
                    f"{field} {given!r} of a default setting cannot be used: give a name"
                    + ("" if field == "name" else ", or '*' alone for any; there are no other wildcards")
                )

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What makes it the one it is: production, item, class and name."""
        return self.production, self.item, self.host_class, self.name

    @property
    def place(self) -> str:
        """The keys but the name, as text for people: ``production/item/class``."""
        return f"{self.production}/{self.item}/{self.host_class}"


@dataclass(frozen=True, slots=True)
class Place:
    """What a value is looked up for.

    Attributes:
        production: Name of the production.
        item: Name of the item; empty for a setting of the production itself.
        host_classes: Names under which the class of its business host is known.
    """

    production: str
    item: str = ""
    host_classes: Collection[str] = ()

    def is_matched_by(self, default: DefaultSetting) -> bool:
        """Return whether the keys of a default match, whatever its name."""
        return (
            default.production in (ANY, self.production)
            and (default.item == ANY or (default.item == self.item and bool(self.item)))
            and (default.host_class == ANY or default.host_class in self.host_classes)
        )


def find_default(defaults: Iterable[DefaultSetting], place: Place, name: str) -> DefaultSetting | None:
    """Return the most specific default of that name, or None.

    A given production is more specific than a given item, and that more than a given class.

    Example:
        >>> rows = [DefaultSetting(name="Port", value="1"), DefaultSetting(name="Port", value="2", item="In")]
        >>> found = find_default(rows, Place("Demo", "In"), "Port")
        >>> found.value if found else None
        '2'
    """
    matching = [default for default in defaults if default.name == name and place.is_matched_by(default)]
    return max(matching, key=_specificity, default=None)


def _specificity(default: DefaultSetting) -> tuple[bool, bool, bool]:
    return default.production != ANY, default.item != ANY, default.host_class != ANY


@dataclass(frozen=True, slots=True)
class LayerValue:
    """The value that one layer has.

    Attributes:
        layer: The layer.
        value: Its value.
        origin: Where in the layer it stands, for people.
    """

    layer: Layer
    value: object
    origin: str = ""


@dataclass(frozen=True, slots=True)
class ResolvedSetting:
    """A setting with the value of every layer that has one.

    Attributes:
        target: What it is a setting of: ``Production``, ``Item``, ``Host`` or ``Adapter``.
        name: Its name.
        values: The values, that of the winning layer first.
        is_secret: Whether they are not to be shown: its class declares it secret, its name sounds
            so, or one of the layers refers to a secret.
    """

    target: str
    name: str
    values: tuple[LayerValue, ...]
    is_secret: bool = False

    @property
    def winner(self) -> LayerValue | None:
        """The value that is used; None when no layer has one."""
        return self.values[0] if self.values else None

    def shown(self, value: LayerValue) -> str:
        """Return one of its values as text that may be shown: a secret is hidden, unless it is a reference."""
        return masked(self.name, value.value, is_secret=self.is_secret)


def resolve(
    target: str,
    name: str,
    *,
    given: LayerValue | None,
    default: DefaultSetting | None,
    class_default: LayerValue | None,
    is_secret: bool = False,
) -> ResolvedSetting:
    """Put the values of a setting in the order in which they count.

    Args:
        target: As in ``ResolvedSetting``.
        name: Of the setting.
        given: What the definition of the production says.
        default: The matching system default; it overrides the definition for the names in
            ``PRODUCTION_OVERRIDES`` and ``ITEM_OVERRIDES``.
        class_default: What the class says.
        is_secret: Whether its class declares it secret.
    """
    overrides = {"Production": PRODUCTION_OVERRIDES, "Item": ITEM_OVERRIDES}.get(target, ())
    is_override = name in overrides
    layer = Layer.OVERRIDE if is_override else Layer.DEFAULT
    stored = None if default is None else LayerValue(layer, default.value, default.place)
    order = (stored, given, class_default) if is_override else (given, stored, class_default)
    values = tuple(value for value in order if value is not None)
    is_secret = is_secret or sounds_secret(name) or any(is_secret_reference(value.value) for value in values)
    return ResolvedSetting(target, name, values, is_secret)
