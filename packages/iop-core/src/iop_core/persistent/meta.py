"""What a persistent class says about itself as a whole: its ``Meta`` and class keywords."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, cast

from iop_core.errors import MessageDefinitionError, did_you_mean

MODES = ("extend", "managed", "observe")


@dataclass(frozen=True, slots=True)
class ModelMeta:
    """The attributes that a class ``Meta`` may have, with their defaults.

    Attributes:
        classname: Name on IRIS and of the table; empty: derived from the Python name.
            Never inherited.
        superclasses: Names of the classes it extends on IRIS.
        mode: ``extend`` adds what the stored class lacks and leaves the rest alone;
            ``managed`` also updates and removes on IRIS; ``observe`` never changes it.
        auto_sync: Whether the stored class is made and extended at the first use; None:
            unless the mode is ``observe``.
        validate_on_init: Whether types and lengths are checked on construction. They are
            always checked before a message is stored.
        parameters: Class parameters on IRIS: name to text.

    All others are written to the class on IRIS as they are.
    """

    classname: str = ""
    superclasses: tuple[str, ...] = ()
    mode: str = "extend"
    auto_sync: bool | None = None
    validate_on_init: bool = True
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    indexes: object = None
    description: str | None = None
    deprecated: bool = False
    final: bool = False
    sql_table_name: str | None = None
    procedure_block: bool | None = None
    storage_tuning: object = None
    custom_storage: object = None

    @property
    def syncs(self) -> bool:
        """True when the first use of the class makes or extends what is stored of it."""
        return self.mode != "observe" and self.auto_sync is not False


_NAMES = tuple(known.name for known in fields(ModelMeta))


def read_meta(model_class: type, inherited: ModelMeta, superclasses: object) -> ModelMeta:
    """Return the attributes of a class, from its own ``Meta`` and those of its base class.

    Args:
        model_class: The class, while it is being defined.
        inherited: The attributes of its base class.
        superclasses: The class keyword of that name; None when it was not given.

    Raises:
        MessageDefinitionError: An attribute is unknown or cannot be used.
    """
    place = f"{model_class.__module__}.{model_class.__qualname__}"
    written = vars(model_class).get("Meta")
    own: dict[str, Any] = {}
    for cls in reversed(written.__mro__[:-1] if isinstance(written, type) else ()):
        own.update({name: value for name, value in vars(cls).items() if not name.startswith("__")})
    for name in own:
        if name not in _NAMES:
            raise MessageDefinitionError(
                f"{place}: Meta.{name} does not exist{did_you_mean(name, _NAMES)}; attributes: {', '.join(_NAMES)}"
            )
    if superclasses is not None:
        own["superclasses"] = superclasses
    if "superclasses" in own:
        own["superclasses"] = _names(own["superclasses"], place)
    if "parameters" in own:
        own["parameters"] = {**inherited.parameters, **own["parameters"]}
    meta = replace(inherited, **{"classname": "", **own})
    _check(meta, place)
    return meta


def _names(given: object, place: str) -> tuple[str, ...]:
    found = list(cast("Iterable[object]", given)) if isinstance(given, (list, tuple)) else [given]
    names = tuple(name for name in found if isinstance(name, str) and name)
    if not names or len(names) < len(found):
        raise MessageDefinitionError(f"{place}: superclasses={given!r}; give names of classes on IRIS")
    return names


def _check(meta: ModelMeta, place: str) -> None:
    if meta.mode not in MODES:
        raise MessageDefinitionError(f"{place}: Meta.mode is {meta.mode!r}; modes: {', '.join(MODES)}")
    if meta.mode == "observe" and meta.auto_sync:
        raise MessageDefinitionError(
            f"{place}: Meta has auto_sync = True, but mode = 'observe' never changes what is stored; drop one of them"
        )
    classname = cast("object", meta.classname)
    if not isinstance(classname, str):
        raise MessageDefinitionError(f"{place}: Meta.classname is {classname!r}; give a text such as 'Demo.Msg.Order'")
