"""Whether a component class can take a message, as its handlers say."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from iop_core.business_host import BusinessHost
from iop_core.class_members import is_framework
from iop_core.dispatch import DispatchTable
from iop_core.errors import DispatchError
from iop_core.message_types import is_message_base, key_of
from iop_core.processes import BusinessProcess
from iop_core.services import BusinessService
from iop_production.message_expressions import MessageType, find_member
from iop_production.method_source import methods_of


def can_take(component_class: type, sent: MessageType) -> bool:
    """Return False when the class has no method for any message of a type; True also when that is not known.

    Args:
        component_class: Class of the receiving item.
        sent: Type of the message. One that may be of a derived class can be taken when the
            class, or any class derived from it that is loaded, can.
    """
    is_open = is_message_base(sent.message_class) and not sent.is_exact  # says nothing of the messages that come
    if is_open or not issubclass(component_class, BusinessHost) or _takes_anything(component_class):
        return True
    try:
        table = DispatchTable.of(component_class)
    except DispatchError:  # a mistake of its own
        return True
    if issubclass(component_class, BusinessService):
        return False  # its input hooks are all there is, and none is written
    candidates: list[type] = [sent.message_class]
    if not sent.is_exact:
        candidates += _derived(sent.message_class)
    return any(table.find_for(one) is not None or _may_be_named(table, one) for one in candidates)


def takes(component_class: type) -> str:
    """Return what a class takes, for a person: the message types of its methods."""
    keys = dict.fromkeys(key for key, _ in DispatchTable.of(component_class).entries)
    return ", ".join(keys) if keys and not issubclass(component_class, BusinessService) else "no message at all"


def _takes_anything(component_class: type) -> bool:
    hooks = _input_hooks(component_class)
    special = ("__getattribute__", "__getattr__")
    owners = (find_member(component_class, name)[0] for name in (*hooks, *special))
    if any(owner is not None and not is_framework(owner) for owner in owners):
        return True
    # A hook can also be put into the instance while it runs.
    return any(
        (isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load) and node.attr in hooks)
        or (isinstance(node, ast.Name) and node.id == "setattr")
        for method in methods_of(component_class)
        for node in ast.walk(method.node)
    )


def _input_hooks(component_class: type) -> tuple[str, ...]:
    if issubclass(component_class, BusinessService):
        return ("on_process_input", "on_message", "on_poll")
    return ("on_message", "on_request") if issubclass(component_class, BusinessProcess) else ("on_message",)


def _may_be_named(table: DispatchTable, message_class: type) -> bool:
    """Return whether a message type given by its name may be this class under another module's name."""
    names = [one for _, method in table.entries for one in table.types_of(method) if isinstance(one, str)]
    is_persistent = any(cls.__module__.startswith("iop_core.persistent") for cls in message_class.__mro__)
    last = key_of(message_class).rpartition(".")[2]
    return bool(names) and (is_persistent or any(name.rpartition(".")[2] == last for name in names))


def _derived(message_class: type) -> Iterator[type]:
    derived: list[type] = message_class.__subclasses__()
    for one in derived:
        yield one
        yield from _derived(one)
