"""Productions as classes: items and routes as class attributes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, cast

from iop_core.errors import ProductionError, ProductionTypeError
from iop_production.component_classes import SettingKey, check_port_key, setting_name
from iop_production.item_options import Kind, OtherSettings, Settings, Workers
from iop_production.names import port_name
from iop_production.new_item import item_label

if TYPE_CHECKING:
    from iop_production.component_ref import ComponentRef
    from iop_production.production import Production

RouteTargets: TypeAlias = "str | ItemDeclaration | Iterable[str | ItemDeclaration]"


@dataclass(frozen=True, slots=True, init=False)
class Route:
    """Where the messages of one port go.

    Args:
        port: A descriptor such as ``FileService.Output``, or the name of the IRIS setting.
        targets: An item declaration, the name of an item, or several of them.
        target_setting: Another name for ``port``, as in releases 4.x.

    Example:
        >>> Route("TargetConfigNames", ("Audit", "Orders")).target_names()
        ('Audit', 'Orders')
    """

    port: SettingKey
    targets: object

    def __init__(
        self, port: SettingKey | None = None, targets: RouteTargets = (), *, target_setting: SettingKey | None = None
    ) -> None:
        if (port is None) == (target_setting is None):
            raise ProductionTypeError("Route needs one port, as in Route(FileService.Output, 'Orders')")
        object.__setattr__(self, "port", target_setting if port is None else port)
        # A generator would be empty for the second production made from the class.
        several = isinstance(targets, Iterable) and not isinstance(targets, str)
        object.__setattr__(self, "targets", tuple(cast("Iterable[object]", targets)) if several else targets)

    @property
    def target_setting(self) -> SettingKey:
        """The port, under the name it has in releases 4.x."""
        return self.port

    def target_names(self) -> tuple[str, ...]:
        """Return the names of the targets, each once, in order.

        Raises:
            ProductionError: There is none.
            ProductionTypeError: Something else than names and declarations.
        """
        label = f"Route {setting_name(self.port)!r}"
        given = self.targets
        if isinstance(given, (str, ItemDeclaration)):
            targets: tuple[object, ...] = (given,)
        elif isinstance(given, tuple):
            targets = cast("tuple[object, ...]", given)
        else:
            raise ProductionTypeError(
                f"{label} targets must be an item name, a production item declaration, or an iterable of either; "
                f"got {given!r}"
            )
        if not targets:
            raise ProductionError(f"{label} requires at least one target")
        names = [target.name if isinstance(target, ItemDeclaration) else target for target in targets]
        for name in names:
            if not isinstance(name, str) or not name:
                raise ProductionTypeError(
                    f"{label} targets must be item names or production item declarations, got {name!r}"
                )
        return tuple(dict.fromkeys(cast("list[str]", names)))


@dataclass(frozen=True)
class ItemDeclaration:
    """An item of a production class; use the subclass of its kind.

    Attributes:
        name: Name of the item.
        component: Python class, or the name of an IRIS class.
        routes: Where its ports lead, each a ``Route``.

    The other attributes are those of ``ItemOptions``.
    """

    kind: ClassVar[Kind] = "component"

    name: str
    component: type | str | None = None
    class_name: str = ""
    adapter_class: type | str | None = None
    adapter_class_name: str = ""
    enabled: bool = True
    pool_size: int = 1
    category: str = ""
    foreground: bool = False
    comment: str = ""
    log_trace_events: bool = False
    schedule: str = ""
    settings: Settings | None = None
    host_settings: Settings | None = None
    adapter_settings: Settings | None = None
    other_settings: OtherSettings | None = None
    routes: Route | Iterable[Route] = ()
    workers: Workers | None = None

    def __hash__(self) -> int:
        # Settings are dicts; equal declarations have equal names, which is enough.
        return hash((type(self), self.name))

    def options(self) -> dict[str, Any]:
        """Return the keywords for ``Production.service`` and its like: those that say something."""
        taken = ("name", "component", "routes")
        return {
            entry.name: getattr(self, entry.name)
            for entry in fields(self)
            if entry.name not in taken and getattr(self, entry.name) != entry.default
        }


class ServiceItem(ItemDeclaration):
    """A business service of a production class: an item that takes data in.

    Args and errors are those of ``prod.service()``; ``routes`` says where its ports lead.

    Example:
        >>> from iop_production import Production
        >>> class Demo(Production):
        ...     services = (ServiceItem("Item", class_name="EnsLib.File.PassthroughService", pool_size=2),)
        >>> Demo("Demo.P").item("Item").kind
        'service'
    """

    kind = "service"


class ProcessItem(ItemDeclaration):
    """A business process of a production class: an item that routes and orchestrates.

    Args and errors are those of ``prod.process()``; ``routes`` says where its ports lead.

    Example:
        >>> from iop_production import Production
        >>> class Demo(Production):
        ...     processes = (ProcessItem("Item", class_name="Demo.Router", pool_size=2),)
        >>> Demo("Demo.P").item("Item").kind
        'process'
    """

    kind = "process"


class OperationItem(ItemDeclaration):
    """A business operation of a production class: an item that acts on the world.

    Args and errors are those of ``prod.operation()``; ``routes`` says where its ports lead.

    Example:
        >>> from iop_production import Production
        >>> class Demo(Production):
        ...     operations = (OperationItem("Item", class_name="EnsLib.File.PassthroughOperation", pool_size=2),)
        >>> Demo("Demo.P").item("Item").kind
        'operation'
    """

    kind = "operation"


class ComponentItem(ItemDeclaration):
    """An item of a production class whose kind is not said.

    Args and errors are those of ``prod.component()``; ``routes`` says where its ports lead.

    Example:
        >>> from iop_production import Production
        >>> class Demo(Production):
        ...     components = (ComponentItem("Item", class_name="Demo.Anything", enabled=False),)
        >>> Demo("Demo.P").item("Item").enabled
        False
    """


# Class attributes of a production, in the order in which their items are added.
_SECTIONS: dict[str, type[ItemDeclaration]] = {
    "components": ComponentItem,
    "services": ServiceItem,
    "processes": ProcessItem,
    "operations": OperationItem,
}


def add_declared_items(production: Production) -> None:
    """Add the items that the class of a production declares, then connect their routes.

    Items are added through the methods ``service``, ``process``, ``operation`` and
    ``component``, which a class may override.

    Raises:
        ProductionError: A declaration cannot work.
        ProductionTypeError: Something that is no declaration.
    """
    pending: list[tuple[ComponentRef, ItemDeclaration]] = []
    for section, item_type in _SECTIONS.items():
        for item in _declared_items(section, getattr(production, section), item_type):
            add = getattr(production, item.kind)
            pending.append((add(item.name, item.component, **item.options()), item))
    for ref, item in pending:
        _connect_routes(ref, item)


def _declared_items(section: str, declared: object, item_type: type[ItemDeclaration]) -> Iterable[ItemDeclaration]:
    if declared is None:
        return ()
    if isinstance(declared, ItemDeclaration):
        declared = (declared,)
    if not isinstance(declared, Iterable) or isinstance(declared, str):
        raise ProductionTypeError(f"{section} must be an iterable of item declarations, got {declared!r}")
    items = tuple(cast("Iterable[object]", declared))
    for item in items:
        if not isinstance(item, ItemDeclaration):
            raise ProductionTypeError(f"{section} must contain production item declarations, got {item!r}")
        if not isinstance(item, item_type):
            raise ProductionTypeError(
                f"{section} must contain {item_type.__name__} declarations, got {type(item).__name__} {item.name!r}"
            )
    return cast("tuple[ItemDeclaration, ...]", items)


def _connect_routes(ref: ComponentRef, item: ItemDeclaration) -> None:
    label = item_label(item.kind, item.name)
    targets: dict[str, tuple[str, ...]] = {}
    for route in _as_tuple(item.routes or ()):
        if not isinstance(route, Route):
            raise ProductionTypeError(f"{label} routes must be Route instances, got {route!r}")
        port = check_port_key(route.port, ref.component_class, "Route target setting")
        if port in targets:
            raise ProductionError(f"{label} declares two routes for port {port!r}: give both targets to one Route")
        targets[port] = route.target_names()
    settings = {setting_name(key) for given in (item.settings, item.host_settings) for key in given or {}}
    twice = sorted(name for name in settings if name.strip() and port_name(name) in targets)
    if twice:
        names = ", ".join(repr(name) for name in twice)
        raise ProductionError(
            f"{label} declares route target setting(s) in Host settings: {names}. "
            "Declare route target settings with Route only."
        )
    for port, (first, *others) in targets.items():
        ref.connect(port, first)
        for name in others:
            ref.connect_add(port, name)


def _as_tuple(declared: object) -> tuple[object, ...]:
    if isinstance(declared, Iterable):
        return tuple(cast("Iterable[object]", declared))
    return (declared,)
