"""What services, processes, operations and adapters have in common."""

from __future__ import annotations

import logging
import sys
import warnings
from types import FunctionType
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from iop_core.class_members import is_framework
from iop_core.context import NO_MESSAGE, MessageContext
from iop_core.logs import ASSERT_LEVEL, ComponentLogger
from iop_core.setting_discovery import get_properties
from iop_core.settings import install_annotated_settings

if TYPE_CHECKING:
    from iop_core.definitions import ItemDefinition
    from iop_core.interfaces import Host

_C = TypeVar("_C", bound="Component")

_KINDS_WITH_ADAPTER = ("BusinessService", "BusinessOperation", "DuplexService", "DuplexOperation")
_KINDS = (*_KINDS_WITH_ADAPTER, "BusinessProcess", "DuplexProcess", "InboundAdapter", "OutboundAdapter")


class Component:
    """Base of everything an engine runs.

    An engine makes instances with ``__new__`` and never calls ``__init__``: put start-up
    code into ``on_init`` and configurable values into class attributes or ``setting()``.
    """

    INFO_URL: ClassVar[str] = ""
    ICON_URL: ClassVar[str] = ""

    # True: what is logged also goes to the console, unless a call says otherwise.
    log_to_console: bool = False

    _host: Host | None = None
    _logger: logging.LoggerAdapter[logging.Logger] | logging.Logger | None = None

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        install_annotated_settings(cls)
        _make_callable_on_class(cls)
        if "__init__" in cls.__dict__:
            warnings.warn(_custom_init_text(cls), RuntimeWarning, stacklevel=2)

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

    @classmethod
    def on_production_start(cls, item: ItemDefinition) -> None:
        """Prepare what all instances share; called once per start of an item, before its instances are made.

        Operations come first, then processes, then services. There is no instance yet, so
        nothing can be sent. The hook runs in the process of the engine, also when the
        handlers of the item run in processes of their own. It may be a coroutine function.
        An exception here makes the start of the item fail with its text.

        Args:
            item: The item that starts, with its settings as the production gives them.

        Example:
            >>> class Orders(Component):
            ...     @classmethod
            ...     def on_production_start(cls, item):
            ...         cls.started = item.name
        """

    @classmethod
    def on_production_stop(cls, item: ItemDefinition) -> None:
        """Clean up what all instances shared; called once per stop of an item, after its instances have ended.

        It follows each ``on_production_start`` that succeeded, except after a crash. An exception
        is logged, and the stop goes on.

        Args:
            item: What ``on_production_start`` was given.
        """

    @staticmethod
    def get_adapter_type() -> str | type[Component] | None:
        """Return the adapter class, or the name of one; None when there is no adapter.

        An override may be written with or without ``self``; it is asked before any instance
        is started.
        """
        return None

    def on_get_connections(self) -> list[str]:
        """Return the names of the items this component may send to; shown in diagrams.

        By default they are read from the source of the class: the targets of the sends in its
        methods, with what this instance's settings name. Override it for targets that only
        a running component knows.
        """
        from iop_core.connections import find_connections  # parsers are needed for this alone

        return find_connections(self)

    @staticmethod
    def OnGetConnections() -> list[str] | None:
        """Return None: the hook of older components; ``on_get_connections`` is asked instead."""
        return None

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
            to_console: Also write it to the console of the operator; None: as ``log_to_console``
                of the component says.
        """
        if self._host is None or not self._host.keeps_trace:
            return
        if self.logger.isEnabledFor(logging.DEBUG):
            self._log(logging.DEBUG, message, to_console)
        else:  # the item asks for trace events, whatever the logging tree lets through
            caller = sys._getframe(1).f_code.co_name  # pyright: ignore[reportPrivateUsage] - documented
            is_for_console = self.log_to_console if to_console is None else to_console
            self._host.write_log(logging.DEBUG, str(message), caller, to_console=is_for_console)

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

    def log_assert(self, message: object) -> None:
        """Log that something which must hold does not; shown as Assert, more severe than an error."""
        self._log(ASSERT_LEVEL, message, None)

    def _log(self, level: int, message: object, to_console: bool | None) -> None:
        logger = self._logger or self.logger
        if logger.isEnabledFor(level):
            # stacklevel 3: the entry names the function that called log_info and its like.
            is_for_console = self.log_to_console if to_console is None else to_console
            logger.log(level, str(message), stacklevel=3, extra={"iop_console": is_for_console})

    def _warn_if_custom_init(self) -> None:
        """Log that ``__init__`` is not run, when the class has one; a dataclass shows it only here."""
        if not is_framework(next(cls for cls in type(self).__mro__ if "__init__" in vars(cls))):
            self.log_warning(_custom_init_text(type(self)))

    @classmethod
    def _get_info(cls) -> list[str]:
        """Return kind, description, INFO_URL and ICON_URL of the class, and its adapter when it has one.

        The kind is the nearest class of IoP's that it derives from, such as
        ``iop.BusinessService``; a class that derives from none gives an empty list.
        """
        kind = next((base.__name__ for base in cls.__mro__ if base.__name__ in _KINDS and is_framework(base)), None)
        if kind is None or is_framework(cls):
            return []
        description = cls.__dict__.get("__doc__") or ""
        info = [f"iop.{kind}", "" if description == cls.__base__.__doc__ else description, cls.INFO_URL, cls.ICON_URL]
        adapter = cls.get_adapter_type() if kind in _KINDS_WITH_ADAPTER else None
        if adapter:
            info.append(adapter if isinstance(adapter, str) else f"{adapter.__module__}.{adapter.__qualname__}")
        return info

    @classmethod
    def _get_properties(cls) -> list[list[object]]:
        """Return the setting rows of the class: name, type, default, required, category, description, control."""
        return get_properties(cls)


def allocate(component_class: type[_C], host: Host) -> _C:
    """Make an instance the way engines do: without ``__init__``, connected to its host."""
    instance = component_class.__new__(component_class)
    instance._host = host  # pyright: ignore[reportPrivateUsage] - the one place that connects
    return instance


def _custom_init_text(cls: type) -> str:
    return (
        f"{cls.__module__}.{cls.__qualname__} has an __init__, but IoP instantiates components with __new__() and does "
        "not call __init__(). Move startup logic to on_init(), and use class attributes or iop.Setting for "
        "configurable defaults"
    )


def _make_callable_on_class(cls: type[Component]) -> None:
    """Let ``get_adapter_type`` of a class be called on the class, however it is written."""
    method = cls.__dict__.get("get_adapter_type")
    if not isinstance(method, FunctionType):
        return
    if method.__code__.co_argcount == 0:
        cls.get_adapter_type = staticmethod(method)  # type: ignore[method-assign]
    elif method.__code__.co_argcount == 1:

        def get_adapter_type(owner: type[Component]) -> Any:
            return method(owner.__new__(owner))

        cls.get_adapter_type = classmethod(get_adapter_type)  # type: ignore[assignment,method-assign]
