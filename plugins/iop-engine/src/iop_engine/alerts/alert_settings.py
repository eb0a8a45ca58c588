"""What an item says about alerts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from iop_core.definitions import ItemDefinition
from iop_core.errors import ComponentStartError, SettingError
from iop_core.headers import BusinessType
from iop_core.item_settings import ITEM_SETTINGS
from iop_core.setting_discovery import settings_of
from iop_core.setting_values import read_value

ALERT_DEFAULTS: Mapping[str, object] = {
    "AlertOnError": False,
    "AlertGracePeriod": 0.0,
    "AlertRetryGracePeriod": 0.0,
    "QueueCountAlert": 0,
    "QueueWaitAlert": 0.0,
    "InactivityTimeout": 0.0,
}
"""Name of each setting about alerts to its default."""


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """The alert settings of one item.

    Attributes:
        on_error: Whether errors raise an alert.
        grace_seconds: An error raises one only when errors began so long ago.
        queue_count: So many messages in the queue raise one; 0: none do.
        queue_wait_seconds: So long a wait of the first message raises one; 0: none does.
        inactivity_seconds: So long without anything to do raises one; 0: never.
    """

    on_error: bool = False
    grace_seconds: float = 0.0
    queue_count: int = 0
    queue_wait_seconds: float = 0.0
    inactivity_seconds: float = 0.0

    @property
    def needs_watching(self) -> bool:
        """Whether something of it is found only by looking from time to time."""
        return bool(self.queue_count or self.queue_wait_seconds or self.inactivity_seconds)


def read_alert_settings(item: ItemDefinition) -> AlertSettings:
    """Return what an item says about alerts; attributes of its class give defaults.

    Raises:
        ComponentStartError: A value cannot be used.
    """
    values = {name: _value(name, item) for name in ALERT_DEFAULTS}
    is_service = item.business_type is BusinessType.SERVICE
    grace = values["AlertGracePeriod" if is_service else "AlertRetryGracePeriod"]
    return AlertSettings(
        on_error=bool(values["AlertOnError"]),
        grace_seconds=grace,
        queue_count=0 if is_service else int(values["QueueCountAlert"]),
        queue_wait_seconds=0.0 if is_service else values["QueueWaitAlert"],
        inactivity_seconds=values["InactivityTimeout"],
    )


def _value(name: str, item: ItemDefinition) -> Any:
    given = item.host_settings.get(name)
    if given is None and item.component_class is not None:
        declared = settings_of(item.component_class).get(name)
        given = None if declared is None else declared.default
    if given is None or given == "":
        return ALERT_DEFAULTS[name]
    try:
        value = read_value(given, ITEM_SETTINGS[name].python_type)
    except SettingError as exc:
        raise ComponentStartError(item.name, f"setting {name}: {exc}") from exc
    if cast("float", value) < 0:
        raise ComponentStartError(item.name, f"setting {name}: {given!r} is not 0 or more")
    return value
