"""The handle of one item of a production."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from typing_extensions import Self

from iop_core.errors import ProductionError, UnknownPortError
from iop_production.component_classes import SettingKey, check_port_key, setting_name
from iop_production.item_options import Kind
from iop_production.names import ROUTE_SETTINGS
from iop_production.port import Port

if TYPE_CHECKING:
    from iop_production.declarations import ItemDeclaration
    from iop_production.production import Production
    from iop_production.routes import ConnectionMode


@dataclass(slots=True, eq=False, repr=False)
class ComponentRef:
    """One item of a production; made by ``prod.service()`` and its like.

    Ports are attributes: ``file.Output``. A port with the name of a member of this class
    (``pool``, ``comment``) is reached with ``file.port("pool")``. A type checker takes
    any unknown attribute for a port; ``file.connect(FileService.Output, orders)`` is
    checked in full. The fluent methods change the item and return it.

    The routes of a port are the text of the Host setting of its name, and nothing else.

    Attributes:
        production: The production it belongs to.
        name: Name of the item.
        kind: ``service``, ``process``, ``operation`` or ``component``.
        component_class: Python class of the business host, never of the adapter; None for
            a class that only IRIS knows.
        class_name: IRIS class; the proxy class when there is a Python class.
        adapter_class: Python class of the adapter, when it was given.
        adapter_class_name: IRIS class of the adapter; empty when there is none.
        category: Words to group items by.
        pool_size: Number of jobs.
        enabled: Whether messages are handled.
        foreground: Whether the jobs run in a console.
        comment: Free text.
        log_trace_events: Whether trace entries are kept.
        schedule: When the item is active.
        host_settings: Settings of the business host, routes included.
        adapter_settings: Settings of the adapter.
        other_settings: Settings for other targets, as they are written to IRIS.
        target_setting_names: Names of the declared ports.
        runtime_metadata: What a running production said about the item; not part of it.

    Example:
        >>> from iop_production import Production
        >>> prod = Production("Demo.P")
        >>> out = prod.operation("Out", class_name="EnsLib.File.PassthroughOperation", pool_size=2)
        >>> file = prod.service("In", class_name="EnsLib.File.PassthroughService")
        >>> prod.connect(file.port("TargetConfigNames"), out)
        >>> out.pool_size, file.host_settings
        (2, {'TargetConfigNames': 'Out'})
    """

    production: Production
    name: str
    kind: Kind = "component"
    component_class: type | None = None
    class_name: str = ""
    adapter_class: type | None = None
    adapter_class_name: str = ""
    category: str = ""
    pool_size: int = 1
    enabled: bool = True
    foreground: bool = False
    comment: str = ""
    log_trace_events: bool = False
    schedule: str = ""
    host_settings: dict[str, Any] = field(default_factory=dict[str, Any])
    adapter_settings: dict[str, Any] = field(default_factory=dict[str, Any])
    other_settings: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    target_setting_names: set[str] = field(default_factory=set[str])
    runtime_metadata: dict[str, Any] = field(default_factory=dict[str, Any])

    def __getattr__(self, name: str) -> Port:
        # Python looks up many special names, also on copies that have no data yet.
        if name.startswith("__") or name in type(self).__slots__:
            raise AttributeError(f"ComponentRef has no attribute {name!r}")
        if self.is_port(name):
            return Port(self, name)
        raise UnknownPortError(self.name, name, self.ports)

    def __dir__(self) -> list[str]:
        return sorted({*object.__dir__(self), *self.ports})

    def __repr__(self) -> str:
        return f"<{self.kind} {self.name!r} {self.class_name}>"

    @property
    def ports(self) -> tuple[str, ...]:
        """Names of the ports, sorted."""
        return tuple(sorted(self.target_setting_names | (ROUTE_SETTINGS & self.host_settings.keys())))

    def is_port(self, name: str) -> bool:
        """Return whether a Host setting of that name is a route."""
        return name in self.target_setting_names or (name in ROUTE_SETTINGS and name in self.host_settings)

    def port(self, name: SettingKey) -> Port:
        """Return a port, declaring it when the class does not.

        Args:
            name: Name of the Host setting, or a descriptor such as ``FileService.Output``.

        Raises:
            ProductionError: The descriptor belongs to another class.

        Example:
            >>> from iop_production import Production
            >>> file = Production("Demo.P").service("FileIn", class_name="EnsLib.File.PassthroughService")
            >>> str(file.port("TargetConfigNames"))
            'FileIn.TargetConfigNames'
        """
        port = self.find_port(name)
        self.target_setting_names.add(port.name)
        return port

    def find_port(self, name: SettingKey) -> Port:
        """Return a port as ``port()`` does, without declaring it."""
        return Port(self, check_port_key(name, self.component_class))

    def target_setting(self, name: SettingKey) -> Port:
        """Return a port; the name that releases 4.x give to ``port()``."""
        return self.port(name)

    def connect(
        self,
        port: Port | SettingKey,
        component: ComponentRef | ItemDeclaration | str | None = None,
        *,
        mode: ConnectionMode = "replace",
    ) -> Self:
        """Connect a port of this item, as ``Production.connect`` does.

        Args:
            port: A port of this item, its name, or a descriptor such as ``FileService.Output``.
            component: The item to send to, or its name.
            mode: See ``Production.connect``.

        Raises:
            ProductionError: The port belongs to another item; and as ``Production.connect``.
        """
        if not isinstance(port, Port):
            port = self.find_port(port)
        elif port.component is not self:
            raise ProductionError(f"source target setting belongs to a different component: {port}, not {self.name!r}")
        self.production.connect(port, component, mode=mode)
        return self

    def connect_add(self, port: Port | SettingKey, component: ComponentRef | ItemDeclaration | str) -> Self:
        """Add a target to those a port has; arguments as for ``connect``."""
        return self.connect(port, component, mode="add")

    def pool(self, size: int) -> Self:
        """Set the number of jobs; for a process, 0 shares the actor pool."""
        self.pool_size = size
        return self

    def enable(self, value: bool = True) -> Self:
        """Let the item handle messages."""
        self.enabled = value
        return self

    def disable(self) -> Self:
        """Let the item's queue take messages without handling them."""
        self.enabled = False
        return self

    def run_foreground(self, value: bool = True) -> Self:
        """Run the jobs in a console."""
        self.foreground = value
        return self

    def trace(self, value: bool = True) -> Self:
        """Keep the trace entries of this item."""
        self.log_trace_events = value
        return self

    def schedule_on(self, schedule: str) -> Self:
        """Set when the item is active; empty: always."""
        self.schedule = schedule
        return self

    def comment_as(self, comment: str) -> Self:
        """Set the free text."""
        self.comment = comment
        return self

    def category_as(self, category: str) -> Self:
        """Set the words to group items by."""
        self.category = category
        return self

    def host_setting(self, name: SettingKey, value: object) -> Self:
        """Set a Host setting; None removes it.

        On a port this is the same as connecting it: the value names the targets,
        separated by commas.
        """
        return self.host_settings_update({name: value})

    def host_settings_update(self, settings: Mapping[Any, object]) -> Self:
        """Set several Host settings; None as a value removes one."""
        merge_settings(self.host_settings, settings)
        return self

    def setting(self, name: SettingKey, value: object) -> Self:
        """Set a Host setting; the short name of ``host_setting()``."""
        return self.host_setting(name, value)

    def settings_update(self, settings: Mapping[Any, object]) -> Self:
        """Set several Host settings; the short name of ``host_settings_update()``."""
        return self.host_settings_update(settings)

    def adapter_setting(self, name: SettingKey, value: object) -> Self:
        """Set a setting of the adapter; None removes it."""
        return self.adapter_settings_update({name: value})

    def adapter_settings_update(self, settings: Mapping[Any, object]) -> Self:
        """Set several settings of the adapter; None as a value removes one."""
        merge_settings(self.adapter_settings, settings)
        return self

    def other_setting(self, target: str, name: SettingKey, value: object) -> Self:
        """Set a setting for another target than the host and its adapter; None removes it.

        Args:
            target: Name of the target; ``"Host"``, or empty, and ``"Adapter"`` mean those.
            name: Name of the setting.
            value: Its value; a setting that is set again moves to the end.
        """
        if target in ("Host", ""):  # IRIS reads an empty target as the host
            return self.host_setting(name, value)
        if target == "Adapter":
            return self.adapter_setting(name, value)
        key = setting_name(name)
        self.other_settings[:] = [
            entry for entry in self.other_settings if (entry["@Target"], entry["@Name"]) != (target, key)
        ]
        if value is not None:
            self.other_settings.append({"@Target": target, "@Name": key, "#text": value})
        return self

    def inspect(self, refresh: bool = True) -> dict[str, Any]:
        """Return everything that is known about the item, as ``Production.inspect_component`` does."""
        return self.production.inspect_component(self, refresh=refresh)

    def start(self) -> None:
        """Start the item, as ``Production.start_component`` does."""
        self.production.start_component(self)

    def stop(self) -> None:
        """Stop the item, as ``Production.stop_component`` does."""
        self.production.stop_component(self)

    def restart(self) -> None:
        """Stop the item and start it again, as ``Production.restart_component`` does."""
        self.production.restart_component(self)

    def test(self, message: object = None, *, classname: str | None = None, body: object = None) -> Any:
        """Send a test message to the item, as ``Production.test_component`` does."""
        return self.production.test_component(self, message, classname=classname, body=body)


def merge_settings(settings: dict[str, Any], changes: Mapping[Any, object]) -> None:
    """Put changes into settings; None as a value removes a setting."""
    for key, value in changes.items():
        name = setting_name(key)
        if value is None:
            settings.pop(name, None)
        else:
            settings[name] = value
