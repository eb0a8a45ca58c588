"""The topology of a production: its items and the routes between them."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, cast

from typing_extensions import Self, Unpack

from iop_core.errors import ProductionError
from iop_production.component_ref import ComponentRef
from iop_production.declarations import (
    ComponentItem,
    ItemDeclaration,
    OperationItem,
    ProcessItem,
    ServiceItem,
    add_declared_items,
)
from iop_production.graph import GraphEdge, ProductionGraph, node_of
from iop_production.item_changes import change_item
from iop_production.item_options import ItemChanges, ItemOptions, Kind
from iop_production.items import Items
from iop_production.message_registrations import PersistentMessageRegistration, check_registration
from iop_production.new_item import build_ref
from iop_production.port import Port
from iop_production.production_fields import ProductionFields
from iop_production.routes import ConnectionMode, Routes, connection_mode

if TYPE_CHECKING:
    from iop_core.persistent.messages import PersistentMessage
    from iop_production.production import Production


class Topology(ProductionFields):
    """Fields, items, and the routes between the items: what an author writes.

    Items can be added to an instance, or declared as class attributes of a subclass;
    both give the same production.

    Attributes:
        components: Declared items whose kind is not said; like the next three a class
            attribute, not the items of an instance, which are in ``items``.
        services: Declared business services.
        processes: Declared business processes.
        operations: Declared business operations.
        other_settings: Settings of the production that have no field here, each
            ``{"@Name": ..., "#text": ...}``. An import keeps them, and they are written as
            they are; a class may declare them, too.
    """

    components: ClassVar[ComponentItem | Iterable[ComponentItem] | None] = ()
    services: ClassVar[ServiceItem | Iterable[ServiceItem] | None] = ()
    processes: ClassVar[ProcessItem | Iterable[ProcessItem] | None] = ()
    operations: ClassVar[OperationItem | Iterable[OperationItem] | None] = ()

    def _assemble(self) -> None:
        self._clear()
        self.other_settings += [dict(entry) for entry in getattr(type(self), "other_settings", ())]
        add_declared_items(self._production)

    def _clear(self) -> None:
        self._items = Items()
        self._routes = Routes(self._items.by_name)
        self._warnings: list[str] = []
        self._queues: dict[str, dict[str, Any]] = {}
        self._messages: dict[str, PersistentMessageRegistration] = {}
        self.other_settings: list[dict[str, Any]] = []

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}, {len(self.items)} items>"

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        clone = type(self).__new__(type(self))
        memo[id(self)] = clone
        for field, value in vars(self).items():
            # A director stands for a connection, of which there is one.
            setattr(clone, field, value if field == "director" else copy.deepcopy(value, memo))
        return clone

    def __copy__(self) -> Self:
        # Items know their production, so that two productions cannot share them.
        return copy.deepcopy(self)

    def service(
        self, name: str | type, component_class: type | str | None = None, **options: Unpack[ItemOptions]
    ) -> ComponentRef:
        """Add a business service.

        Args:
            name: Name of the item; or a class, which gives the item its name.
            component_class: Python class, or the name of an IRIS class.
            **options: See ``ItemOptions``.

        Returns:
            The handle of the new item.

        Raises:
            ProductionError: The name is taken or cannot be a name, there is no class, or
                another Python class has the same proxy class.
            TypeError: An unknown keyword, or an argument of the wrong type.

        Example:
            >>> prod = Production("Demo.Production")
            >>> prod.service("FileIn", class_name="EnsLib.File.PassthroughService", pool_size=2).pool_size
            2
        """
        return self._add("service", name, component_class, options)

    def process(
        self, name: str | type, component_class: type | str | None = None, **options: Unpack[ItemOptions]
    ) -> ComponentRef:
        """Add a business process; arguments as for ``service``."""
        return self._add("process", name, component_class, options)

    def operation(
        self, name: str | type, component_class: type | str | None = None, **options: Unpack[ItemOptions]
    ) -> ComponentRef:
        """Add a business operation; arguments as for ``service``."""
        return self._add("operation", name, component_class, options)

    def component(
        self,
        name: str | type,
        component_class: type | str | None = None,
        *,
        kind: Kind = "component",
        **options: Unpack[ItemOptions],
    ) -> ComponentRef:
        """Add an item of any kind; the other arguments as for ``service``."""
        return self._add(kind, name, component_class, options)

    def add_component(
        self,
        name: str | type,
        component_class: type | str | None = None,
        *,
        kind: Kind = "component",
        **options: Unpack[ItemOptions],
    ) -> ComponentRef:
        """Add an item of any kind; the same as ``component``."""
        return self.component(name, component_class, kind=kind, **options)

    def message(self, iris_classname: str, msg_cls: type[PersistentMessage], *, sync_schema: bool = True) -> Self:
        """Register a persistent message with the production.

        It is no part of ``to_dict()``: it goes to where the production is deployed, and
        ``definition()`` makes it known in this process.

        Args:
            iris_classname: Package and name on IRIS that the class stands for.
            msg_cls: The class.
            sync_schema: Whether what is stored of the class is made and extended then.

        Raises:
            ProductionError: The name is missing, malformed or taken, or the class has another one.
            ProductionTypeError: It is no persistent message class.

        Example:
            >>> from iop_core import PersistentMessage
            >>> class Order(PersistentMessage):
            ...     order_id: str = ""
            >>> Production("Demo.Production").message("Demo.Msg.Order", Order).message_registrations()[0].iris_classname
            'Demo.Msg.Order'
        """
        made = check_registration(self._messages, iris_classname, msg_cls, sync_schema)
        self._messages.setdefault(made.iris_classname.lower(), made)
        return self

    def message_registrations(self) -> tuple[PersistentMessageRegistration, ...]:
        """Return the persistent messages that are registered with the production, in the order of ``message``."""
        return tuple(self._messages.values())

    def component_registrations(self) -> tuple[ComponentRef, ...]:
        """Return the items that have a Python class, which is registered with the production."""
        return tuple(ref for ref in self._items if ref.component_class is not None)

    def adapter_registrations(self) -> tuple[ComponentRef, ...]:
        """Return the items that have a Python class as their adapter, which is registered with the production."""
        return tuple(ref for ref in self._items if ref.adapter_class is not None)

    @property
    def items(self) -> tuple[ComponentRef, ...]:
        """The items, in the order in which they were added."""
        return tuple(self._items)

    @property
    def item_names(self) -> tuple[str, ...]:
        """Names of the items, in the order in which they were added."""
        return tuple(self._items.by_name)

    def has_item(self, name: str) -> bool:
        """Return whether there is an item of that name."""
        return name in self._items.by_name

    def item(self, name: str) -> ComponentRef:
        """Return the item of that name.

        Raises:
            UnknownItemError: There is none.
        """
        return self._items.get(name)

    def component_ref(self, target: ComponentRef | Port | str) -> ComponentRef:
        """Return an item.

        Args:
            target: Its name or handle; or a port, or ``"Item.Port"``, which mean the item
                that the port leads to. A name goes before a port.

        Raises:
            UnknownItemError: There is no such item.
            UnconnectedPortError: The port leads nowhere.
            AmbiguousPortError: The port leads to several items.
        """
        return self._items.resolve(target)

    def get_component(self, target: ComponentRef | Port | str) -> ComponentRef:
        """Return an item; the same as ``component_ref``."""
        return self.component_ref(target)

    def resolve_target(self, target: ComponentRef | Port | str) -> str:
        """Return the name of an item; the argument as for ``component_ref``."""
        return self.component_ref(target).name

    def update_component(self, item: ComponentRef | str, **changes: Unpack[ItemChanges]) -> ComponentRef:
        """Change an item.

        Args:
            item: Its name or handle.
            **changes: See ``ItemChanges``. Settings are merged and None removes one;
                ``other_settings`` are replaced.

        Returns:
            The handle of the item.

        Raises:
            UnknownItemError: There is no such item.
            ProductionError: An unknown field, or a value that cannot be.
        """
        ref = self._items.get_own(item)
        change_item(self._items, ref, changes)
        self._routes.remember(ref)
        return ref

    def delete_component(self, item: ComponentRef | str) -> None:
        """Remove an item, and every route to it.

        Args:
            item: Its name or handle.

        Raises:
            UnknownItemError: There is no such item.
        """
        ref = self._items.get_own(item)
        self._items.remove(ref)
        self._routes.forget(ref.name)

    def connect(
        self,
        port: Port | str,
        component: ComponentRef | ItemDeclaration | str | None = None,
        *,
        mode: ConnectionMode = "replace",
    ) -> None:
        """Connect a port to an item.

        Args:
            port: A port such as ``file.Output``, or ``"Item.Port"``.
            component: The item to send to, or its name. With ``remove``, None means all.
            mode: ``replace`` the targets of the port, ``add`` one, or ``remove`` one.

        Raises:
            UnknownItemError: There is no such item.
            UnconnectedPortError: ``remove``, and the port does not lead there.
            ProductionError: Something of another production, an unknown mode, or no
                target where one is needed.
            ProductionTypeError: An argument of the wrong type.

        Example:
            >>> prod = Production("Demo.Production")
            >>> out = prod.operation("Out", class_name="Demo.Out")
            >>> prod.service("In", class_name="Demo.In").port("Target").path
            'In.Target'
            >>> prod.connect("In.Target", out)
            >>> prod.resolve_target("In.Target")
            'Out'
        """
        action = connection_mode(mode)
        source = self._items.get_port(port)
        target = self._items.target_name(component)
        if action == "remove":
            self._routes.disconnect(source, target)
        elif target is None:
            raise ProductionError(f"target_component is required unless mode='remove' (port {source})")
        else:
            self._routes.connect(source, target, add=action == "add")

    def connect_add(self, port: Port | str, component: ComponentRef | ItemDeclaration | str) -> None:
        """Add a target to those a port has; arguments as for ``connect``."""
        self.connect(port, component, mode="add")

    def disconnect(self, port: Port | str) -> None:
        """Take all targets from a port.

        Raises:
            UnconnectedPortError: It has none.
        """
        self.connect(port, mode="remove")

    @property
    def edges(self) -> tuple[GraphEdge, ...]:
        """The routes between the items, in the order in which they were made."""
        return self._routes.edges()

    @property
    def unset_edges(self) -> tuple[GraphEdge, ...]:
        """Those of ``edges`` that were only seen at run time, and that no Host setting stands for."""
        return tuple(self._routes.unset_edges())

    @property
    def import_warnings(self) -> tuple[str, ...]:
        """What an import could not use, one line each."""
        return tuple(self._warnings)

    def graph(self) -> ProductionGraph:
        """Return the items and routes as they are now, ready to be printed."""
        return ProductionGraph(self.name, tuple(map(node_of, self._items)), self.edges, self.import_warnings)

    def _add(
        self, kind: Kind, name: str | type, component_class: type | str | None, options: ItemOptions
    ) -> ComponentRef:
        ref = build_ref(self._production, kind, name, component_class, **options)
        self._items.add(ref)
        self._routes.remember(ref)
        return ref

    @property
    def _production(self) -> Production:
        # Items know their production, which is the only class on top of this one.
        return cast("Production", self)
