"""What services, processes, operations and adapters have in common."""

from __future__ import annotations

import logging
import sys
import warnings
from typing import TYPE_CHECKING, ClassVar, TypeVar

from iop_core.context import NO_MESSAGE, MessageContext
from iop_core.logs import ComponentLogger
from iop_core.setting_discovery import get_properties
from iop_core.settings import install_annotated_settings

if TYPE_CHECKING:
    from iop_core.interfaces import Host

_C = TypeVar("_C", bound="Component")


class Component:
    """Base of everything an engine runs.

    An engine makes instances with ``__new__`` and never calls ``__init__``: put start-up
    code into ``on_init`` and configurable values into class attributes or ``setting()``.
    """

    INFO_URL: ClassVar[str] = ""
    ICON_URL: ClassVar[str] = ""

    _host: Host | None = None
    _logger: logging.LoggerAdapter[logging.Logger] | logging.Logger | None = None

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        install_annotated_settings(cls)
        if "__init__" in cls.__dict__:
            warnings.warn(
                f"{cls.__module__}.{cls.__qualname__} defines __init__, but IoP instantiates components with "
                "__new__() and does not call __init__(). Move startup logic to on_init(), and use class "
                "attributes or iop.Setting for configurable defaults",
                RuntimeWarning,
                stacklevel=2,
            )

    @property
    def iris_handle(self) -> Host | None:
        """The host that runs this instance; None before it is connected."""
        return self._host

    @property
    def context(self) -> MessageContext:
        """Ids, attempt, source and time of the message in hand; zeros outside of a message."""
        return NO_MESSAGE if self._host is None else self._host.context

    def on_init(self) -> None:
        """Start up; called once per instance, in its thread, before any message.

        An exception here makes the start of the item fail with its text.
        """

    def on_connected(self) -> None:
        """Prepare connections; called once per instance, before ``on_init``."""

    def on_tear_down(self) -> None:
        """Clean up; called once per instance, when the item stops."""

    @property
    def logger(self) -> logging.LoggerAdapter[logging.Logger] | logging.Logger:
        """The logger of this component, in the standard logging tree below ``iop.component``."""
        if self._logger is None:
            self._logger = ComponentLogger(type(self).__name__, self._host)
        return self._logger

    @logger.setter
    def logger(self, value: logging.LoggerAdapter[logging.Logger] | logging.Logger) -> None:
        self._logger = value

    def trace(self, message: object, to_console: bool | None = None) -> None:
        """Log a trace entry; kept only when the item or production keeps trace events.

        Args:
            message: The text; anything else is turned into text.
            to_console: Also write it to the console of the operator.
        """
        if self._host is None or not self._host.keeps_trace:
            return
        if self.logger.isEnabledFor(logging.DEBUG):
            self._log(logging.DEBUG, message, to_console)
        else:  # the item asks for trace events, whatever the logging tree lets through
            caller = sys._getframe(1).f_code.co_name
            self._host.write_log(logging.DEBUG, str(message), caller, to_console=bool(to_console))

    def log_info(self, message: object, to_console: bool | None = None) -> None:
        """Log general information; arguments as for ``trace``."""
        self._log(logging.INFO, message, to_console)

    def log_warning(self, message: object, to_console: bool | None = None) -> None:
        """Log a potential issue; arguments as for ``trace``."""
        self._log(logging.WARNING, message, to_console)

    def log_error(self, message: object, to_console: bool | None = None) -> None:
        """Log an error; arguments as for ``trace``."""
        self._log(logging.ERROR, message, to_console)

    def log_alert(self, message: object, to_console: bool | None = None) -> None:
        """Log something critical; arguments as for ``trace``."""
        self._log(logging.CRITICAL, message, to_console)

    def _log(self, level: int, message: object, to_console: bool | None) -> None:
        logger = self.logger
        if logger.isEnabledFor(level):
            # stacklevel 3: the entry names the function that called log_info and its like.
            logger.log(level, str(message), stacklevel=3, extra={"iop_console": bool(to_console)})

    @classmethod
    def _get_properties(cls) -> list[list[object]]:
        """Return the setting rows of the class: name, type, default, required, category, description, control."""
        return get_properties(cls)


def allocate(component_class: type[_C], host: Host) -> _C:
    """Make an instance the way engines do: without ``__init__``, connected to its host."""
    instance = component_class.__new__(component_class)
    instance._host = host  # pyright: ignore[reportPrivateUsage] - the one place that connects
    return instance
