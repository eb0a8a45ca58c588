"""Checking routes against the source of the components: what is sent, and who can take it.

Only what is certain is reported. A send counts when it is reached whatever the configuration,
the class of its message when it can be told from the source, and the receiver when its
Python class is known. All else stays unknown and is passed over in silence.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from iop_core.dispatch import DispatchTable
from iop_core.errors import DispatchError
from iop_core.message_types import key_of
from iop_core.settings import TargetSetting
from iop_production.accepted_messages import can_take, takes
from iop_production.sent_messages import SentMessage, sent_messages
from iop_production.target_lists import split_targets
from iop_production.texts import boolean_of
from iop_production.validation_report import ProductionValidationIssue, closest

if TYPE_CHECKING:
    from iop_production.component_ref import ComponentRef
    from iop_production.production import Production

# Targets that every production has without an item of that name.
BUILT_IN_TARGETS = frozenset({"Ens.Alert", "Ens.ScheduleHandler"})


def check_routes(production: Production) -> Iterator[ProductionValidationIssue]:
    """Yield what is wrong with the routes that the components of a production use."""
    items = {ref.name: ref for ref in production.items}
    for ref in production.items:
        if ref.component_class is None:
            continue
        yield from _check_handlers(ref, ref.component_class)
        if boolean_of(ref.enabled) is not False:
            found = (_check_send(ref, sent, items) for sent in sent_messages(ref.component_class))
            yield from dict.fromkeys(issue for issues in found for issue in issues)


def handler_warnings(production: Production) -> list[str]:
    """Return what the authors of the components should know of their handlers, such as one that never counts."""
    warnings: list[str] = []
    for ref in production.items:
        try:
            table = None if ref.component_class is None else DispatchTable.of(ref.component_class)
        except DispatchError:
            continue
        warnings += [] if table is None else [f"items.{ref.name}: {text}" for text in table.warnings]
    return warnings


def _check_handlers(ref: ComponentRef, component_class: type) -> Iterator[ProductionValidationIssue]:
    try:
        DispatchTable.of(component_class)
    except DispatchError as error:
        yield ProductionValidationIssue("item", f"items.{ref.name}.class_name", f"{error}.")


def _check_send(
    ref: ComponentRef, sent: SentMessage, items: dict[str, ComponentRef]
) -> Iterator[ProductionValidationIssue]:
    path = f"items.{ref.name}.settings.Host.{sent.setting}" if sent.setting else f"items.{ref.name}"
    targets = _targets_of(ref, sent.setting) if sent.setting else split_targets(sent.target)
    if not sent.is_guarded:
        yield from _check_target(ref, sent, items, path)
    for name in targets:
        receiver = items[name].component_class if name in items else None
        if receiver is not None and sent.types and not any(can_take(receiver, one) for one in sent.types):
            yield _mismatch(path, sent, name, receiver)


def _check_target(
    ref: ComponentRef, sent: SentMessage, items: dict[str, ComponentRef], path: str
) -> Iterator[ProductionValidationIssue]:
    if sent.setting and _is_open_port(ref, sent.setting):
        text = f"{sent.where} sends to port {sent.setting!r}, which is not connected."
        todo = f"Connect it with prod.connect('{ref.name}.{sent.setting}', item)."
        yield ProductionValidationIssue("route", path, text, todo)
    for name in split_targets(sent.target):
        if name not in items and name not in BUILT_IN_TARGETS:
            text = f"{sent.where} sends to {name!r}, and the production has no item of that name."
            yield ProductionValidationIssue("route", path, text, closest(name, items))


def _mismatch(path: str, sent: SentMessage, target: str, receiver: type) -> ProductionValidationIssue:
    names = dict.fromkeys(key_of(one.message_class) for one in sent.types)
    text = f"{sent.where} sends {' or '.join(names)} to {target!r}, and {receiver.__name__} takes {takes(receiver)}."
    first = sent.types[0].message_class.__name__
    todo = f"Add a method with @handler({first}) to {receiver.__name__}, or send to an item that takes {first}."
    return ProductionValidationIssue("route", path, text, todo)


def _targets_of(ref: ComponentRef, setting: str) -> tuple[str, ...]:
    value = ref.host_settings.get(setting)
    if value is None and not ref.is_port(setting):
        declared = getattr(ref.component_class, setting, None)
        value = declared if isinstance(declared, str) else getattr(declared, "default", None)
    return split_targets(value) if isinstance(value, str) else ()


def _is_open_port(ref: ComponentRef, setting: str) -> bool:
    """Return whether a port of the class has no value; another setting may get one that is not in the production."""
    declared = next((vars(cls)[setting] for cls in _line(ref) if setting in vars(cls)), None)
    return isinstance(declared, TargetSetting) and not str(ref.host_settings.get(setting) or "").strip()


def _line(ref: ComponentRef) -> tuple[type, ...]:
    return () if ref.component_class is None else ref.component_class.__mro__
