"""What can be said about an item when it is added or changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeAlias

from typing_extensions import TypedDict

from iop_production.component_classes import SettingKey

Kind: TypeAlias = Literal["service", "process", "operation", "component"]
KINDS: tuple[Kind, ...] = ("service", "process", "operation", "component")

Workers: TypeAlias = Literal["threads", "processes"]
WORKERS: tuple[Workers, ...] = ("threads", "processes")
WORKERS_SETTING = "Workers"

Settings: TypeAlias = Mapping[SettingKey, Any]
OtherSettings: TypeAlias = Iterable[Mapping[str, Any]]


class ItemOptions(TypedDict, total=False):
    """Keywords of ``service()``, ``process()``, ``operation()`` and ``component()``.

    Attributes:
        class_name: IRIS class; left out: the proxy class of the Python class.
        adapter_class: Python class of the adapter, or the name of an IRIS class.
        adapter_class_name: IRIS class of the adapter; left out: from ``adapter_class``,
            then from ``get_adapter_type()`` of the component class.
        enabled: False: the item's queue takes messages, nothing is handled.
        pool_size: Number of jobs, 1 when left out; for a process, 0 shares the actor pool.
        workers: ``processes``: each job of an operation handles its messages in a process of its own, so
            that they use several processor cores at once; kept as the Host setting ``Workers``.
            ``threads``, or left out: in threads of the engine's process.
        category: Words to group items by, separated by commas.
        foreground: True: the jobs run in a console.
        comment: Free text.
        log_trace_events: True: trace entries are kept.
        schedule: When the item is active; empty: always.
        settings: Host settings by name or descriptor.
        host_settings: The same under the longer name.
        adapter_settings: Settings of the adapter.
        other_settings: Settings for another target, each
            ``{"@Target": ..., "@Name": ..., "#text": ...}``.
    """

    class_name: str
    adapter_class: type | str | None
    adapter_class_name: str
    enabled: bool
    pool_size: int
    workers: Workers | None
    category: str
    foreground: bool
    comment: str
    log_trace_events: bool
    schedule: str
    settings: Settings | None
    host_settings: Settings | None
    adapter_settings: Settings | None
    other_settings: OtherSettings | None


class ItemChanges(ItemOptions, total=False):
    """Keywords of ``update_component()``; what is left out stays.

    Settings are merged, None as a value removes one; ``other_settings`` are replaced.

    Attributes:
        kind: Kind of the item.
        component_class: Another Python class; its proxy class becomes the IRIS class.
        target_settings: Names of further ports.
    """

    kind: Kind
    component_class: type
    target_settings: Iterable[str]
