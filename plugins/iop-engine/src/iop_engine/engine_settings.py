"""Settings that the engine itself obeys, on items of any class.

A value comes from the item, else from an attribute of the component, else from here.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import cast

from iop_core.definitions import ItemDefinition
from iop_core.errors import ComponentStartError, SettingError
from iop_core.item_settings import ITEM_SETTINGS
from iop_core.setting_values import read_value
from iop_engine.alerts.alert_settings import ALERT_DEFAULTS
from iop_engine.assumptions import FAILURE_TIMEOUT_SECONDS, RETRY_INTERVAL_SECONDS
from iop_engine.cron import CronSchedule
from iop_engine.order_keys import ORDER_BY
from iop_engine.reply_code_actions import DEFAULT_REPLY_CODE_ACTIONS, ReplyCodeActions

DEFAULTS: Mapping[str, object] = {
    "ReplyCodeActions": DEFAULT_REPLY_CODE_ACTIONS,
    "RetryInterval": RETRY_INTERVAL_SECONDS,
    "FailureTimeout": FAILURE_TIMEOUT_SECONDS,
    "RetryBackoff": 1.0,
    "RetryIntervalMax": 0.0,
    "RetryOn": "",
    "FailOn": "",
    "NoFailWhileDisconnected": False,
    "ArchiveIO": False,
    "ArchiveIOSize": 100_000,
    "GenerateSuperSessionID": False,
    "SendSuperSession": False,
    "ThrottleDelay": 0.0,
    "CallSchedule": "",
    ORDER_BY: "",
    "Invocation": "Queue",
    "Workers": "threads",
    **ALERT_DEFAULTS,
}
"""Name of each setting in ``iop_core.item_settings`` to its default."""


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """The settings of one item, read once when its components start.

    Attributes:
        reply_code_actions: What to do when a try of a message fails.
        retry_interval: Seconds from the start of a try to the start of the next.
        failure_timeout: Seconds from the start of the first try after which none starts; -1 for ever.
        retry_backoff: Each interval is so many times as long as the one before.
        retry_interval_max: Seconds that an interval may grow to; 0 for no limit.
        retry_on: Names of error classes after which a message is tried again whatever
            ReplyCodeActions says, as after errors of a connection.
        fail_on: Names of error classes after which a message is not tried again.
        no_fail_while_disconnected: Errors of a connection never end a message.
        throttle_delay: Seconds that a job waits before each message or input; the setting is in milliseconds.
        archive_bytes: How much of what a service takes in, or an operation is asked, and of what it gives back is
            kept in the I/O log; 0: nothing is.
        opens_super_sessions: Whether each input of a service begins a super session.
        sends_super_sessions: Whether an operation sends the id of the super session along.
        call_schedule: When a polling service is called, instead of an interval; None for none.
    """

    reply_code_actions: ReplyCodeActions
    retry_interval: float
    failure_timeout: float
    retry_backoff: float
    retry_interval_max: float
    retry_on: frozenset[str]
    fail_on: frozenset[str]
    no_fail_while_disconnected: bool
    throttle_delay: float
    archive_bytes: int
    opens_super_sessions: bool
    sends_super_sessions: bool
    call_schedule: CronSchedule | None


def read_engine_settings(item: ItemDefinition, component: object) -> EngineSettings:
    """Return what an item says to the engine.

    Args:
        item: The item.
        component: Its component, whose attributes give defaults.

    Raises:
        ComponentStartError: A value cannot be used; the text names it and says what is allowed.
    """
    try:
        # The address book reads OrderBy, which may be a function.
        values = {name: _value(name, item, component) for name in DEFAULTS if name != ORDER_BY}
        seconds = {name: cast("float", values[name]) for name in ("RetryInterval", "RetryIntervalMax")}
        for name, value in seconds.items():
            _require(value >= 0, name, value, "seconds, 0 or more")
        timeout, backoff = cast("float", values["FailureTimeout"]), cast("float", values["RetryBackoff"])
        _require(timeout >= 0 or timeout == -1, "FailureTimeout", timeout, "seconds, 0 or more, or -1 for no limit")
        _require(backoff >= 1, "RetryBackoff", backoff, "a factor, 1 or more")
        archive_bytes = cast("int", values["ArchiveIOSize"])
        _require(archive_bytes >= 1, "ArchiveIOSize", archive_bytes, "bytes, 1 or more; ArchiveIO turns it off")
        return EngineSettings(
            reply_code_actions=_actions(cast("str", values["ReplyCodeActions"]), getattr(component, "REPLY_CODES", ())),
            retry_interval=seconds["RetryInterval"],
            failure_timeout=timeout,
            retry_backoff=backoff,
            retry_interval_max=seconds["RetryIntervalMax"],
            retry_on=_names(values["RetryOn"]),
            fail_on=_names(values["FailOn"]),
            no_fail_while_disconnected=bool(values["NoFailWhileDisconnected"]),
            throttle_delay=_milliseconds("ThrottleDelay", values["ThrottleDelay"]),
            archive_bytes=archive_bytes if values["ArchiveIO"] else 0,
            opens_super_sessions=bool(values["GenerateSuperSessionID"]),
            sends_super_sessions=bool(values["SendSuperSession"]),
            call_schedule=_cron(str(values["CallSchedule"])),
        )
    except SettingError as exc:
        raise ComponentStartError(item.name, str(exc)) from exc


def opens_super_sessions(item: ItemDefinition) -> bool:
    """Return whether each input of a service begins a super session, also one that a program makes for itself."""
    name = "GenerateSuperSessionID"
    given = item.host_settings.get(name)
    declared = getattr(item.component_class, name, False) is True
    return declared if given is None else bool(read_value(given, bool))


def _value(name: str, item: ItemDefinition, component: object) -> object:
    # A component that declares the setting has the value of the item already, in its own type.
    given = getattr(component, name, None)
    if given is None:
        given = item.host_settings.get(name)
    if given is None or given == "":
        return DEFAULTS[name]
    try:
        return read_value(given, ITEM_SETTINGS[name].python_type)
    except SettingError as exc:
        raise SettingError(f"setting {name}: {exc}") from exc


def _actions(text: str, more_codes: Collection[str]) -> ReplyCodeActions:
    try:
        return ReplyCodeActions.parse(text, more_codes)
    except SettingError as exc:
        raise SettingError(f"setting ReplyCodeActions: {exc}") from exc


def _milliseconds(name: str, value: object) -> float:
    number = cast("float", value)
    _require(0 <= number < math.inf, name, number, "milliseconds, 0 or more")
    return number / 1000


def _cron(text: str) -> CronSchedule | None:
    try:
        return CronSchedule.parse(text) if text else None
    except SettingError as exc:
        raise SettingError(f"setting CallSchedule: {exc}") from exc


def _names(text: object) -> frozenset[str]:
    return frozenset(name.strip() for name in str(text).split(",") if name.strip())


def _require(is_fine: bool, name: str, value: object, expected: str) -> None:
    if not is_fine:
        raise SettingError(f"setting {name}: {value!r} is not {expected}")
