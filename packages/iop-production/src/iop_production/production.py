"""The Production: items and the routes between them, written in plain Python."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, cast

from typing_extensions import Self, Unpack

from iop_core.definitions import ProductionDefinition
from iop_core.errors import ProductionError, ProductionTypeError
from iop_production.comparison import compare_productions
from iop_production.component_ref import ComponentRef
from iop_production.declarations import (
    ComponentItem,
    ItemDeclaration,
    OperationItem,
    ProcessItem,
    ServiceItem,
    add_declared_items,
)
from iop_production.definition import define_production
from iop_production.deployed import export_deployed
from iop_production.diff import ProductionDiff
from iop_production.drafts import draft_class, draft_python
from iop_production.export import export_production
from iop_production.graph import GraphEdge, ProductionGraph, node_of
from iop_production.importing import import_production
from iop_production.item_changes import change_item
from iop_production.item_options import ItemChanges, ItemOptions, Kind
from iop_production.items import Items
from iop_production.loose_data import mapping_of, shown
from iop_production.new_item import build_ref
from iop_production.port import Port
from iop_production.production_fields import ProductionFields, check_production_name
from iop_production.reading import production_body
from iop_production.routes import ConnectionMode, Routes, connection_mode
from iop_production.validation import validate_production
from iop_production.validation_report import ProductionValidationReport
from iop_production.xml_text import parse_xml, render_xml


class Production(ProductionFields):
    """Items and the routes between them.

    Items can be added to an instance, or declared as class attributes of a subclass;
    both give the same production. The fluent methods (``testing`` and its like) change
    the production and return it.

    Its fields and the arguments to make one are those of ``ProductionFields``.

    Attributes:
        components: Declared items whose kind is not said; like the next three a class
            attribute, not the items of an instance, which are in ``items``.
        services: Declared business services.
        processes: Declared business processes.
        operations: Declared business operations.
        other_settings: Settings of the production that have no field here, each
            ``{"@Name": ..., "#text": ...}``. An import keeps them, and they are written as
            they are; a class may declare them, too.

    Raises:
        ProductionError: There is no name, or a declared item cannot work.

    Example:
        >>> from iop_production import OperationItem, Route, ServiceItem
        >>> prod = Production("Demo.Production").testing()
        >>> out = prod.operation("FileOut", class_name="EnsLib.File.PassthroughOperation")
        >>> file = prod.service("FileIn", class_name="EnsLib.File.PassthroughService")
        >>> prod.connect(file.port("TargetConfigNames"), out)
        >>> print(prod.graph())
        Demo.Production
          FileOut [EnsLib.File.PassthroughOperation]
          FileIn [EnsLib.File.PassthroughService]
            TargetConfigNames -> FileOut
    """

    components: ClassVar[ComponentItem | Iterable[ComponentItem] | None] = ()
    services: ClassVar[ServiceItem | Iterable[ServiceItem] | None] = ()
    processes: ClassVar[ProcessItem | Iterable[ProcessItem] | None] = ()
    operations: ClassVar[OperationItem | Iterable[OperationItem] | None] = ()

    def _assemble(self) -> None:
        self._clear()
        self.other_settings += [dict(entry) for entry in getattr(type(self), "other_settings", ())]
        add_declared_items(self)

    def _clear(self) -> None:
        self._items = Items()
        self._routes = Routes(self._items.by_name)
        self._warnings: list[str] = []
        self._queues: dict[str, dict[str, Any]] = {}
        self.other_settings: list[dict[str, Any]] = []

    @classmethod
    def from_dict(
        cls,
        data: Mapping[str, Any],
        *,
        connections: object = None,
        queue_info: object = None,
        namespace: str | None = None,
        director: object = None,
    ) -> Self:
        """Return the production that an exported dictionary describes.

        Nothing is imported and no file is read: items have the names of their classes, and
        no Python classes. What a subclass declares is left out. What cannot be used is in
        ``graph().warnings``.

        Args:
            data: What ``to_dict()`` gives, or ``{"Production": {...}}``.
            connections: What a running production reports about its routes: the dictionary
                that IRIS gives, ``{item: [targets]}``, or a list of edges. None: not asked.
            queue_info: Counters of the queues, by item or as a list; kept for ``queue()``.
            namespace: Namespace it was exported from.
            director: Director for life-cycle calls.

        Raises:
            ProductionTypeError: The data is no such dictionary.
            ProductionError: The production has no name.

        Example:
            >>> data = {"Demo.P": {"Item": {"@Name": "Out", "@ClassName": "EnsLib.File.PassthroughOperation"}}}
            >>> Production.from_dict(data).item("Out").kind
            'operation'
        """
        name, body = production_body(data)
        production = cls.__new__(cls)
        production.name = check_production_name(cls, name)
        production._clear()
        production._queues, production._warnings = import_production(
            production, production._items, production._routes, body, connections=connections, queue_info=queue_info
        )
        production.namespace, production.director = namespace, director
        return production

    @classmethod
    def from_xml(cls, text: str | bytes) -> Self:
        """Return the production that XML of IRIS describes; for the rest as ``from_dict``.

        Raises:
            ProductionError: The XML cannot be read, has a document type, or is no production.
        """
        return cls.from_dict(parse_xml(text))

    @classmethod
    def from_iris(cls, name: str, *, namespace: str | None = None, director: object = None) -> Self:
        """Return a deployed production, with the routes that it reports while it runs.

        Args:
            name: Name of the production.
            namespace: Namespace it is in; kept for later calls.
            director: Director to ask: its ``export_production`` and, where it has it,
                ``export_production_connections`` are called.

        Raises:
            ConfigurationError: There is no director, or it cannot export productions.
        """
        data, connections, warnings = export_deployed(director, name)
        production = cls.from_dict(data, connections=connections, namespace=namespace, director=director)
        production._warnings += warnings
        return production

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

    def graph(self) -> ProductionGraph:
        """Return the items and routes as they are now, ready to be printed."""
        return ProductionGraph(self.name, tuple(map(node_of, self._items)), self.edges, tuple(self._warnings))

    def to_mermaid(self, direction: str = "LR") -> str:
        """Return the graph as a Mermaid flowchart; ``direction`` as for ``ProductionGraph.to_mermaid``."""
        return self.graph().to_mermaid(direction)

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """Return the production as the dictionary that IRIS exports: ``{name: {...}}``, all values text."""
        return export_production(self)

    def diff(self, other: Production | Mapping[str, Any] | None = None) -> ProductionDiff:
        """Return what has to change in another production to make it this one.

        What is deployed counts: fields, items, settings and routes. A route is one entry, with
        its targets in the order in which they are set.

        Args:
            other: A production, or an exported dictionary. None: the deployed production of
                this name, from the director.

        Raises:
            ConfigurationError: None, and there is no director that can export productions.
            ProductionTypeError: Something else.

        Example:
            >>> print(Production("Demo.P", shutdown_timeout=300).diff(Production("Demo.P")))
            Production diff: Demo.P
              change production production.shutdown_timeout: '120' -> '300'
        """
        return compare_productions(self, self._other(other), edges=False)

    def graph_diff(self, other: Production | Mapping[str, Any] | None = None) -> ProductionDiff:
        """Return what ``diff`` does, and where routes are known from and how they are used, too."""
        return compare_productions(self, self._other(other), edges=True)

    def _other(self, other: object) -> Production:
        if other is None:
            return type(self).from_iris(self.name, namespace=self.namespace, director=self.director)
        if isinstance(other, Production):
            return other
        if isinstance(other, Mapping):
            return Production.from_dict(mapping_of(cast("object", other)))
        raise ProductionTypeError(f"other must be a Production, production dictionary, or None; got {shown(other)}")

    def validate(self, strict: bool = False) -> ProductionValidationReport:
        """Look for mistakes that can be found without running the production.

        Fields and settings are checked against what they can hold; names of settings, where
        the Python class of the item or of its adapter is known; routes for items that do
        not exist.

        Args:
            strict: False: each issue is a ``ProductionValidationWarning`` on the line that
                calls this. True: any issue is an error.

        Raises:
            ProductionValidationError: ``strict``, and there are issues, which are in its
                ``report``.

        Example:
            >>> prod = Production("Demo.P")
            >>> print(prod.validate(strict=True))
            Production validation: Demo.P
              no issues
        """
        return validate_production(self, strict=strict)

    def queue(self) -> dict[str, dict[str, Any]]:
        """Return the counters of the queues as ``from_dict`` got them, by item."""
        return copy.deepcopy(self._queues)

    def to_python(self) -> str:
        """Return Python source that builds this production, as a draft to review.

        Classes stand in it by their IRIS names. Run as it is, it makes a production without
        a ``diff`` to this one, in ``PRODUCTIONS``.
        """
        return draft_python(self)

    def to_class(self) -> str:
        """Return Python source that declares this production as a class; for the rest as ``to_python``."""
        return draft_class(self)

    def to_xml(self) -> str:
        """Return the production as the XML that IRIS imports.

        Raises:
            ProductionError: A text holds a character that XML cannot hold.
        """
        return render_xml(self.to_dict())

    def definition(self) -> ProductionDefinition:
        """Return the production as the plain data that an engine runs.

        Raises:
            ProductionError: A field holds text that is no number or no boolean.
        """
        return define_production(self)

    def _add(
        self, kind: Kind, name: str | type, component_class: type | str | None, options: ItemOptions
    ) -> ComponentRef:
        ref = build_ref(self, kind, name, component_class, **options)
        self._items.add(ref)
        self._routes.remember(ref)
        return ref
