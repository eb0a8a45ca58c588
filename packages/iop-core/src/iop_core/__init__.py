"""Messages, components, settings and the plug-in contract of IoP.

Each name is imported from its module when it is first used: a program that only defines
messages does not pay for components, nor for pydantic. A new public name goes into all
three lists below; a test compares them.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from iop_core import controls
    from iop_core.adapters import InboundAdapter, OutboundAdapter
    from iop_core.alerts import AlertRequest
    from iop_core.context import MessageContext
    from iop_core.dispatch import handler
    from iop_core.duplex import DuplexOperation, DuplexProcess, DuplexService
    from iop_core.errors import (
        IopError,
        NotConnectedError,
        RequestFailedError,
        RequestTimeoutError,
        SendError,
        SerializationError,
        SyncDeadlockError,
    )
    from iop_core.hookspecs import hookimpl
    from iop_core.messages import Message
    from iop_core.operations import BusinessOperation
    from iop_core.persistent.fields import Field
    from iop_core.persistent.messages import PersistentMessage
    from iop_core.persistent.models import Model
    from iop_core.pickle_messages import PickleMessage
    from iop_core.processes import BusinessProcess
    from iop_core.pydantic_messages import PydanticMessage, PydanticPickleMessage
    from iop_core.services import BusinessService, PollingBusinessService
    from iop_core.settings import Category, Setting, TargetSetting, setting, target

__all__ = (
    "AlertRequest",
    "BusinessOperation",
    "BusinessProcess",
    "BusinessService",
    "Category",
    "DuplexOperation",
    "DuplexProcess",
    "DuplexService",
    "Field",
    "InboundAdapter",
    "IopError",
    "Message",
    "MessageContext",
    "Model",
    "NotConnectedError",
    "OutboundAdapter",
    "PersistentMessage",
    "PickleMessage",
    "PollingBusinessService",
    "PydanticMessage",
    "PydanticPickleMessage",
    "RequestFailedError",
    "RequestTimeoutError",
    "SendError",
    "SerializationError",
    "Setting",
    "SyncDeadlockError",
    "TargetSetting",
    "controls",
    "handler",
    "hookimpl",
    "setting",
    "target",
)

if not TYPE_CHECKING:
    # Module of each name.
    _HOMES = {
        "AlertRequest": "alerts",
        "BusinessOperation": "operations",
        "BusinessProcess": "processes",
        "BusinessService": "services",
        "Category": "settings",
        "DuplexOperation": "duplex",
        "DuplexProcess": "duplex",
        "DuplexService": "duplex",
        "Field": "persistent.fields",
        "InboundAdapter": "adapters",
        "IopError": "errors",
        "Message": "messages",
        "MessageContext": "context",
        "Model": "persistent.models",
        "NotConnectedError": "errors",
        "OutboundAdapter": "adapters",
        "PersistentMessage": "persistent.messages",
        "PickleMessage": "pickle_messages",
        "PollingBusinessService": "services",
        "PydanticMessage": "pydantic_messages",
        "PydanticPickleMessage": "pydantic_messages",
        "RequestFailedError": "errors",
        "RequestTimeoutError": "errors",
        "SendError": "errors",
        "SerializationError": "errors",
        "Setting": "settings",
        "SyncDeadlockError": "errors",
        "TargetSetting": "settings",
        "handler": "dispatch",
        "hookimpl": "hookspecs",
        "setting": "settings",
        "target": "settings",
    }

    def __getattr__(name: str) -> object:
        from importlib import import_module

        if name == "controls":
            return import_module("iop_core.controls")
        home = _HOMES.get(name)
        if home is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(f"{__name__}.{home}"), name)
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
