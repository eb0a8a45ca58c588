"""The items of a production, by name, and the ways to name one."""

from __future__ import annotations

from collections.abc import Iterator

from iop_core.errors import ProductionError, ProductionTypeError, UnknownItemError
from iop_core.settings import Setting
from iop_production.component_ref import ComponentRef
from iop_production.declarations import ItemDeclaration
from iop_production.port import Port


class Items:
    """The items of one production, in the order in which they were added."""

    def __init__(self) -> None:
        self.by_name: dict[str, ComponentRef] = {}
        self._python_classes: dict[str, type] = {}

    def __iter__(self) -> Iterator[ComponentRef]:
        return iter(self.by_name.values())

    def add(self, ref: ComponentRef) -> None:
        """Add an item.

        Raises:
            ProductionError: The name is taken, or another Python class has the same proxy class.
        """
        if ref.name in self.by_name:
            raise ProductionError(f"Production item already exists: {ref.name}; give each item a name of its own")
        self._claim(ref.class_name, ref.component_class)
        self.by_name[ref.name] = ref

    def remove(self, ref: ComponentRef) -> None:
        """Remove an item."""
        del self.by_name[ref.name]
        self._python_classes = self._classes_besides(None)

    def claim_class(self, class_name: str, component_class: type | None, *, besides: ComponentRef) -> None:
        """Give an item that is already here another IRIS class.

        Raises:
            ProductionError: Another item has that class for another Python class.
        """
        kept = self._python_classes
        self._python_classes = self._classes_besides(besides)
        try:
            self._claim(class_name, component_class)
        except ProductionError:
            self._python_classes = kept
            raise

    def get(self, name: str) -> ComponentRef:
        """Return the item of that name.

        Raises:
            UnknownItemError: There is none.
        """
        found = self.by_name.get(name)
        if found is None:
            raise UnknownItemError(name, self.by_name)
        return found

    def get_own(self, item: object, role: str = "component") -> ComponentRef:
        """Return the item that a name or a handle stands for.

        Raises:
            UnknownItemError: There is none of that name.
            ProductionError: The handle belongs to another production, or its item was deleted.
            ProductionTypeError: Neither a name nor a handle.
        """
        if isinstance(item, str):
            return self.get(item)
        if not isinstance(item, ComponentRef):
            raise ProductionTypeError(f"{role} must be an item or its name, got {item!r}")
        if self.by_name.get(item.name) is not item:
            raise ProductionError(
                f"{role} belongs to a different Production, or its item was deleted: {item.name!r} of "
                f"{item.production.name!r}"
            )
        return item

    def get_port(self, port: object) -> Port:
        """Return the port that a port or ``"Item.Port"`` stands for.

        Raises:
            UnknownItemError: There is no such item.
            ProductionError: The port belongs to another production.
            ProductionTypeError: Neither a port nor text.
        """
        if isinstance(port, Port):
            self.get_own(port.component, "source target setting")
            return port
        if isinstance(port, str):
            item, dot, name = port.rpartition(".")
            if not dot or not name or item not in self.by_name:
                raise UnknownItemError(item if name and dot else port, self.by_name)
            return self.by_name[item].find_port(name)
        if isinstance(port, Setting):
            raise ProductionTypeError(
                "source must be bound to a production item. Use component.connect(ComponentClass.Target, ...) "
                "or prod.connect(component.Target, ...)"
            )
        raise ProductionTypeError(f"source must be a port of an item, such as file.Output or 'Item.Port', got {port!r}")

    def resolve(self, target: object) -> ComponentRef:
        """Return an item as ``Production.component_ref`` says."""
        if isinstance(target, ComponentRef) or (isinstance(target, str) and target in self.by_name):
            return self.get_own(target)
        return self.get(self.get_port(target).resolve())

    def target_name(self, target: object) -> str | None:
        """Return the name of an item that is to be a target; None for None.

        Raises:
            ProductionError: It belongs to another production.
            ProductionTypeError: Neither an item nor a name.
        """
        if target is None or isinstance(target, str):
            return target
        if isinstance(target, ItemDeclaration):
            return target.name
        return self.get_own(target, "target component").name

    def _classes_besides(self, ref: ComponentRef | None) -> dict[str, type]:
        return {
            other.class_name: other.component_class
            for other in self
            if other is not ref and other.component_class is not None
        }

    def _claim(self, class_name: str, component_class: type | None) -> None:
        if component_class is None:
            return
        owner = self._python_classes.setdefault(class_name, component_class)
        if owner is not component_class:
            both = " and ".join(f"{known.__module__}.{known.__qualname__}" for known in (owner, component_class))
            raise ProductionError(
                f"{both} would both become the IRIS class {class_name!r}: rename one of them, or give one "
                "another name with class_name="
            )
