"""Alerts of the items of a production: made from what happens, sent to ``Ens.Alert``."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING

from iop_core.alerts import ALERT_ITEM, AlertRequest
from iop_core.definitions import ItemDefinition, ProductionDefinition
from iop_core.errors import StoreError
from iop_core.events import EventType, LogEntry
from iop_core.headers import MessageStatus, MessageType
from iop_core.registry import class_name_of
from iop_core.store_units import Delivery, NewMessage, Unit
from iop_engine.alerts.alert_settings import AlertSettings, read_alert_settings
from iop_engine.alerts.raised_alerts import RaisedAlerts

if TYPE_CHECKING:
    from iop_engine.runtime import Runtime

_LOG = logging.getLogger("iop.engine")

_ALERT_CLASS = class_name_of(AlertRequest)


class ItemAlerts:
    """Raises the alerts of all items.

    The alert of a message that failed is stored with the end of its handling, so that none is
    lost. ``Ens.Alert`` and what it sends to never alert: an alert that cannot be delivered
    must not make another one.

    Args:
        runtime: What the engine's parts share.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._raised = RaisedAlerts()
        self._production = ""
        self._settings: dict[str, AlertSettings] = {}
        self._quiet: frozenset[str] = frozenset()
        # Item to the moment since which it fails.
        self._failing: dict[str, float] = {}

    def follow(self, production: ProductionDefinition) -> None:
        """Take over what a production says; called at the start and with each update.

        Raises:
            ComponentStartError: A setting has a value that cannot be used.
        """
        self._settings = {item.name: read_alert_settings(item) for item in production.items}
        self._quiet = frozenset(_reached_from_alert(production))
        self._production = production.name

    def settings_of(self, item: str) -> AlertSettings:
        """Return what an item says about alerts."""
        return self._settings.get(item, _NONE)

    def is_quiet(self, item: str) -> bool:
        """Return whether an item never alerts."""
        return item in self._quiet

    def look_at(self, delivery: Delivery, unit: Unit) -> None:
        """Add the alert that the end of a try calls for to the unit that is stored with it.

        Args:
            delivery: The message.
            unit: Its end, or the note of a failed try.
        """
        item = delivery.target
        if self.is_quiet(item) or delivery.source in self._quiet or delivery.body.class_name == _ALERT_CLASS:
            return
        end = unit.settled[0] if unit.settled else None
        if end is not None and end.status is MessageStatus.SUSPENDED:
            text = f"message {delivery.message_id} is suspended: {end.error or 'as its operation wished'}"
            self._raise_repeating(unit, delivery, "suspended", text)
        error = end.error if end is not None else next((change.error for change in unit.changes if change.error), "")
        if error:
            if self._is_due(item):
                text = f"message {delivery.message_id} failed: {error}"
                self._raise_repeating(unit, delivery, "error", text, kind=error.partition(":")[0])
        elif end is not None:
            self.recovered(item)

    def input_failed(self, item: str, error: str) -> None:
        """Raise the alert that a failed input of a service calls for."""
        if not self.is_quiet(item) and self._is_due(item):
            unit = Unit()
            cause = (item, "error", error.partition(":")[0])
            self._raise(unit, cause, f"input failed: {error}", repeats=True)
            self._store(unit)

    def recovered(self, item: str) -> None:
        """Note that an item does not fail any more."""
        if self._failing.pop(item, None) is not None:
            self._raised.clear(item, "error")

    def job_died(self, item: str, error: str) -> None:
        """Raise the alert for a job that ended though nobody stopped it."""
        unit = Unit()
        self._raise(unit, (item, "dead job"), f"DeadJobAlert: a job of {item!r} ended with {error}", repeats=True)
        self._store(unit)

    def state_raised(self, item: str, kind: str, text: str) -> None:
        """Raise an alert for a state that lasts, once until ``state_cleared``."""
        unit = Unit()
        self._raise(unit, (item, kind), text, repeats=False)
        self._store(unit)

    def state_cleared(self, item: str, kind: str) -> None:
        """Note that the state is over."""
        self._raised.clear(item, kind)

    def told_by_component(self, entry: LogEntry, unit: Unit) -> None:
        """Add the request for an alert that a component wrote itself to the unit that holds its entry."""
        if not self.is_quiet(entry.item):
            unit.new += self._request(entry, "component")

    def _is_due(self, item: str) -> bool:
        """Note an error of an item and return whether it calls for an alert."""
        settings = self.settings_of(item)
        now = self._runtime.clock.monotonic()
        since = self._failing.setdefault(item, now)
        return settings.on_error and now - since >= settings.grace_seconds

    def _raise_repeating(self, unit: Unit, delivery: Delivery, name: str, text: str, *, kind: str = "") -> None:
        cause = (delivery.target, name, kind)
        self._raise(unit, cause, text, repeats=True, ids=(delivery.session_id, delivery.message_id))

    def _raise(
        self, unit: Unit, cause: tuple[str, ...], text: str, *, repeats: bool, ids: tuple[int, int] = (0, 0)
    ) -> None:
        """Add an alert to a unit, unless its cause has alerted already."""
        held_back = self._raised.let_through(cause, self._runtime.clock.monotonic(), repeats=repeats)
        if held_back is None:
            return
        if held_back:
            text += f" ({held_back} more since the last alert)"
        item, name = cause[:2]
        entry = LogEntry(0, EventType.ALERT, item, *ids, "", text, self._runtime.clock.now())
        unit.log.append(entry)
        unit.new += self._request(entry, name)

    def _request(self, entry: LogEntry, cause: str) -> list[NewMessage]:
        """Return the request to ``Ens.Alert``; none when the production has no such item."""
        address = self._runtime.addresses.find(ALERT_ITEM)
        if address is None:
            return []
        source = self._runtime.addresses.find(entry.item)
        request = AlertRequest(
            entry.item, entry.text, entry.time_logged, cause, entry.session_id, entry.message_id, self._production
        )
        message = NewMessage(
            MessageType.REQUEST,
            ALERT_ITEM,
            address.queue,
            self._runtime.codec.encode(request),
            session_id=entry.session_id,
            source=entry.item,
            target_type=address.business_type,
            description=f"alert: {cause}",
        )
        if source is not None:
            message.source_type = source.business_type
        return [message]

    def _store(self, unit: Unit) -> None:
        if not unit.log:
            return
        try:
            self._runtime.store.submit(unit)
        except StoreError as exc:
            _LOG.error("an alert of %r could not be stored: %s", unit.log[0].item, exc)


_NONE = AlertSettings()


def _reached_from_alert(production: ProductionDefinition) -> Iterable[str]:
    """Return ``Ens.Alert`` and all items that get messages from it, directly or not."""
    found: dict[str, None] = {}
    waiting = [ALERT_ITEM]
    names = {item.name: item for item in production.items}
    while waiting:
        name = waiting.pop()
        item = names.get(name)
        if item is not None and name not in found:
            found[name] = None
            waiting += _targets(item, names)
    return found


def _targets(item: ItemDefinition, names: Iterable[str]) -> list[str]:
    connected = [target for targets in item.targets.values() for target in targets]
    # A target may be named by a plain setting too.
    known = set(names)
    named = [
        part.strip()
        for value in item.host_settings.values()
        if isinstance(value, str)
        for part in value.split(",")
        if part.strip() in known
    ]
    return [*connected, *named]
