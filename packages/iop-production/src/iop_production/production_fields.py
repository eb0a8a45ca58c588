"""The fields of a production besides its items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from typing_extensions import Self

from iop_core.errors import ProductionError

# Fields that IRIS keeps as settings of the production, and the names of those, in the
# order in which they are written.
SETTING_NAMES = {
    "shutdown_timeout": "ShutdownTimeout",
    "update_timeout": "UpdateTimeout",
    "alert_notification_manager": "AlertNotificationManager",
    "alert_notification_operation": "AlertNotificationOperation",
    "alert_notification_recipients": "AlertNotificationRecipients",
    "alert_action_window": "AlertActionWindow",
    "purge_at": "PurgeAt",
    "purge_days_to_keep": "PurgeDaysToKeep",
    "purge_keep_errors_days": "PurgeKeepErrorsDays",
}


class ProductionFields:
    """The fields of a production and the fluent methods that set them.

    An argument that is left out, or None, is taken from the class attribute of the same
    name, so that a subclass can set it.

    Args:
        name: Name of the production; for a subclass without one, ``module.Class``.
        testing_enabled: Whether test messages may be sent to its items.
        log_general_trace_events: Whether trace entries of all items are kept.
        actor_pool_size: Jobs shared by the processes with pool size 0.
        description: Free text.
        shutdown_timeout: Seconds that a stop waits for handlers to end.
        update_timeout: Seconds that an update waits for handlers to end.
        alert_notification_manager: Item that manages alerts.
        alert_notification_operation: Item that sends notifications of alerts.
        alert_notification_recipients: Who gets them, separated by commas.
        alert_action_window: Minutes in which an alert should be dealt with.
        purge_at: When old messages are removed every day, such as ``03:00`` by the clock on the
            wall; empty: never. This and the next two are for productions that run in Python.
        purge_days_to_keep: Days that such a purge keeps; today counts as one.
        purge_keep_errors_days: Days that it keeps errors, when that is longer.
        namespace: Namespace of IRIS; None: the current one.
        director: Director for life-cycle calls; None: chosen when one is needed.
        serializer: Name of the serializer that writes messages whose class names none. This
            and the next are for productions that run in Python; IRIS gets neither.
        allowed_serializers: Names of serializers that need permission, such as ``pickle``, and
            have it in this production.
        schedules: Name to text of schedules that items refer to as ``@Name``; IRIS has its own.

    Raises:
        ProductionError: There is no name.
    """

    name: str = ""
    testing_enabled: bool = False
    log_general_trace_events: bool = False
    actor_pool_size: int = 2
    description: str = ""
    shutdown_timeout: float = 120
    update_timeout: float = 10
    alert_notification_manager: str = ""
    alert_notification_operation: str = ""
    alert_notification_recipients: str = ""
    alert_action_window: float = 60
    purge_at: str = ""
    purge_days_to_keep: int = 7
    purge_keep_errors_days: int = 0
    namespace: str | None = None
    director: Any = None
    serializer: str = "json"
    allowed_serializers: Sequence[str] = ()
    schedules: Mapping[str, str] = MappingProxyType({})

    def __init__(
        self,
        name: str | None = None,
        *,
        testing_enabled: bool | None = None,
        log_general_trace_events: bool | None = None,
        actor_pool_size: int | None = None,
        description: str | None = None,
        shutdown_timeout: float | None = None,
        update_timeout: float | None = None,
        alert_notification_manager: str | None = None,
        alert_notification_operation: str | None = None,
        alert_notification_recipients: str | None = None,
        alert_action_window: float | None = None,
        purge_at: str | None = None,
        purge_days_to_keep: int | None = None,
        purge_keep_errors_days: int | None = None,
        namespace: str | None = None,
        director: object = None,
        serializer: str | None = None,
        allowed_serializers: Sequence[str] | None = None,
        schedules: Mapping[str, str] | None = None,
    ) -> None:
        given = {
            "testing_enabled": testing_enabled,
            "log_general_trace_events": log_general_trace_events,
            "actor_pool_size": actor_pool_size,
            "description": description,
            "shutdown_timeout": shutdown_timeout,
            "update_timeout": update_timeout,
            "alert_notification_manager": alert_notification_manager,
            "alert_notification_operation": alert_notification_operation,
            "alert_notification_recipients": alert_notification_recipients,
            "alert_action_window": alert_action_window,
            "purge_at": purge_at,
            "purge_days_to_keep": purge_days_to_keep,
            "purge_keep_errors_days": purge_keep_errors_days,
            "namespace": namespace,
            "director": director,
            "serializer": serializer,
            "allowed_serializers": allowed_serializers,
            "schedules": schedules,
        }
        self.name = check_production_name(type(self), name)
        for field, value in given.items():
            values = (value, getattr(type(self), field), getattr(ProductionFields, field))
            setattr(self, field, next((found for found in values if found is not None), None))
        self.schedules = dict(self.schedules)  # its own, which can be copied and changed
        self._assemble()

    def _assemble(self) -> None:
        """Build the rest of a new production; called once, when the fields are set."""

    def testing(self, enabled: bool = True) -> Self:
        """Allow test messages to be sent to the items."""
        self.testing_enabled = enabled
        return self

    def tracing(self, enabled: bool = True) -> Self:
        """Keep the trace entries of all items."""
        self.log_general_trace_events = enabled
        return self

    def actor_pool(self, size: int) -> Self:
        """Set the number of jobs shared by the processes with pool size 0."""
        self.actor_pool_size = size
        return self

    def describe(self, text: str) -> Self:
        """Set the description."""
        self.description = text
        return self

    def timeouts(self, *, shutdown: float | None = None, update: float | None = None) -> Self:
        """Set how many seconds a stop and an update wait for handlers; None leaves a value."""
        return self._set(shutdown_timeout=shutdown, update_timeout=update)

    def alerting(
        self,
        *,
        manager: str | None = None,
        operation: str | None = None,
        recipients: str | None = None,
        action_window: float | None = None,
    ) -> Self:
        """Set how alerts are handled; None leaves a value, empty text clears it.

        Args:
            manager: Item that manages alerts.
            operation: Item that sends notifications.
            recipients: Who gets them, separated by commas.
            action_window: Minutes in which an alert should be dealt with.
        """
        return self._set(
            alert_notification_manager=manager,
            alert_notification_operation=operation,
            alert_notification_recipients=recipients,
            alert_action_window=action_window,
        )

    def purging(self, at: str, *, days_to_keep: int | None = None, keep_errors_days: int | None = None) -> Self:
        """Have old messages removed every day; None leaves a value.

        Args:
            at: When, such as ``03:00`` by the clock on the wall; empty: never.
            days_to_keep: Days that are kept; today counts as one.
            keep_errors_days: Days that errors are kept, when that is longer.
        """
        return self._set(purge_at=at, purge_days_to_keep=days_to_keep, purge_keep_errors_days=keep_errors_days)

    def in_namespace(self, namespace: str | None) -> Self:
        """Set the namespace of IRIS; None: the current one."""
        self.namespace = namespace
        return self

    def with_director(self, director: object) -> Self:
        """Set the director for life-cycle calls."""
        self.director = director
        return self

    def serialize_with(self, name: str) -> Self:
        """Set which serializer writes the messages whose class names none."""
        self.serializer = name
        return self

    def allow_serializers(self, *names: str) -> Self:
        """Allow serializers that need permission, besides those allowed before.

        Example:
            >>> from iop_production import Production
            >>> Production("Demo.Pickles").allow_serializers("pickle").allowed_serializers
            ('pickle',)
        """
        self.allowed_serializers = (*self.allowed_serializers, *names)
        return self

    def _set(self, **values: object) -> Self:
        for field, value in values.items():
            if value is not None:
                setattr(self, field, value)
        return self


FIELDS = tuple(ProductionFields.__annotations__)
"""Names of the fields."""


def check_production_name(production_class: type[ProductionFields], name: object) -> str:
    """Return the name of a new production; for None the one of its class.

    Raises:
        ProductionError: There is none.
    """
    if name is None:
        name = production_class.name
        if not name and production_class.__module__.partition(".")[0] != __name__.partition(".")[0]:
            name = f"{production_class.__module__}.{production_class.__name__}"
    if not isinstance(name, str) or not name.strip():
        raise ProductionError(f"a production needs a name such as 'Demo.Production', got {name!r}")
    return name
