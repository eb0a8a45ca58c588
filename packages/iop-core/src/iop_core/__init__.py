"""Messages, components, settings and the plug-in contract of IoP."""

from typing import TYPE_CHECKING

from iop_core import controls
from iop_core.adapters import InboundAdapter, OutboundAdapter
from iop_core.context import MessageContext
from iop_core.dispatch import handler
from iop_core.errors import IopError
from iop_core.hookspecs import hookimpl
from iop_core.messages import Message
from iop_core.operations import BusinessOperation
from iop_core.processes import BusinessProcess
from iop_core.services import BusinessService, PollingBusinessService
from iop_core.settings import Category, Setting, TargetSetting, setting, target

__all__ = (
    "BusinessOperation",
    "BusinessProcess",
    "BusinessService",
    "Category",
    "InboundAdapter",
    "IopError",
    "Message",
    "MessageContext",
    "OutboundAdapter",
    "PollingBusinessService",
    "PydanticMessage",
    "Setting",
    "TargetSetting",
    "controls",
    "handler",
    "hookimpl",
    "setting",
    "target",
)

if TYPE_CHECKING:
    from iop_core.pydantic_messages import PydanticMessage
else:

    def __getattr__(name: str) -> object:
        # Pydantic takes longer to import than the rest of the package together.
        if name == "PydanticMessage":
            from iop_core.pydantic_messages import PydanticMessage

            return PydanticMessage
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
