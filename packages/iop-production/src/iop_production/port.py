"""Ports: the places of an item from which routes go out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from iop_core.errors import AmbiguousPortError, UnconnectedPortError, UnknownItemError
from iop_production.target_lists import split_targets

if TYPE_CHECKING:
    from iop_production.component_ref import ComponentRef
    from iop_production.production import Production


@dataclass(frozen=True, slots=True, repr=False)
class Port:
    """One outgoing side of an item: ``file.Output`` or ``file.port("TargetConfigNames")``.

    A port holds no route itself; it reads the Host setting of its name. Two ports are
    equal when they have the same name on the same item.

    Attributes:
        component: The item it belongs to.
        name: Name of the port, which is the name of its Host setting.

    Example:
        >>> from iop_production import Production
        >>> prod = Production("Demo.Production")
        >>> out = prod.operation("FileOut", class_name="EnsLib.File.PassthroughOperation")
        >>> port = prod.service("FileIn", class_name="EnsLib.File.PassthroughService").port("TargetConfigNames")
        >>> prod.connect(port, out)
        >>> str(port), port.resolve()
        ('FileIn.TargetConfigNames', 'FileOut')
    """

    component: ComponentRef
    name: str

    @property
    def production(self) -> Production:
        """The production of the item."""
        return self.component.production

    @property
    def item_name(self) -> str:
        """Name of the item."""
        return self.component.name

    @property
    def path(self) -> str:
        """``"Item.Port"``; the same before and after the port is connected."""
        return f"{self.component.name}.{self.name}"

    @property
    def targets(self) -> tuple[str, ...]:
        """Names of the items it leads to, as the Host setting has them."""
        return split_targets(self.component.host_settings.get(self.name))

    def resolve(self) -> str:
        """Return the name of the one item this port leads to.

        Raises:
            UnconnectedPortError: It leads nowhere.
            AmbiguousPortError: It leads to several items.
            UnknownItemError: It leads to a name that is no item.
        """
        targets = self.targets
        if len(targets) > 1:
            raise AmbiguousPortError(self.path, targets)
        target = next(iter(targets), None)
        if target is None:
            raise UnconnectedPortError(self.path, (f"{self.item_name}.{name}" for name in self.component.ports))
        if not self.production.has_item(target):
            raise UnknownItemError(target, self.production.item_names, self.path)
        return target

    def __str__(self) -> str:
        return self.path

    def __repr__(self) -> str:
        return f"<Port {self.path}>"


# The name of the class in the releases 4.x of the original package.
TargetSettingRef = Port
