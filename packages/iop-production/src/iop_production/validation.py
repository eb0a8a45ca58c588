"""Looking for mistakes in a production that can be found without running it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from inspect import getattr_static
from typing import TYPE_CHECKING, Any

from iop_core.errors import SettingError
from iop_core.item_settings import ADAPTER_SETTINGS, ITEM_SETTINGS, ItemSetting
from iop_core.setting_discovery import SettingInfo, settings_of
from iop_core.setting_values import read_value
from iop_core.settings import is_setting
from iop_production.callers import warn_caller
from iop_production.component_classes import adapter_type
from iop_production.field_checks import check_item_fields, check_production_fields
from iop_production.names import is_route_name, port_name
from iop_production.production_fields import FIELDS
from iop_production.route_checks import check_routes
from iop_production.setting_types import known_settings
from iop_production.target_lists import split_targets
from iop_production.texts import text_of
from iop_production.validation_report import (
    ProductionValidationError,
    ProductionValidationIssue,
    ProductionValidationReport,
    ProductionValidationWarning,
    closest,
)

if TYPE_CHECKING:
    from iop_production.component_ref import ComponentRef
    from iop_production.production import Production

_ROUTE_TYPE = "Ens.DataType.ConfigName"
_OBEYED: Mapping[str, Mapping[str, ItemSetting]] = {"Host": ITEM_SETTINGS, "Adapter": ADAPTER_SETTINGS}
_KNOWN_ATTRIBUTES = (*FIELDS, "other_settings")


def validate_production(production: Production, *, strict: bool) -> ProductionValidationReport:
    """Validate a production as ``Production.validate`` says."""
    report = build_report(production)
    if strict and report.issues:
        raise ProductionValidationError(report)
    for issue in report.issues:
        warn_caller(str(issue), ProductionValidationWarning)
    return report


def build_report(production: Production) -> ProductionValidationReport:
    """Return all issues of a production, without a warning or an error."""
    issues = [*_check_attributes(production), *check_production_fields(production)]
    for ref in production.items:
        issues += [*check_item_fields(ref), *_check_settings(ref)]
    known = frozenset(production.item_names)
    for ref in production.items:
        issues += _check_targets(ref, known)
    issues += check_routes(production)
    return ProductionValidationReport(production.name, tuple(issues))


def _check_attributes(production: Production) -> Iterator[ProductionValidationIssue]:
    for name in sorted(vars(production)):
        if not name.startswith("_") and name not in _KNOWN_ATTRIBUTES:
            text = "Unknown public Production attribute. Only documented Production fields are serialized."
            yield ProductionValidationIssue("production", f"production.{name}", text, closest(name, FIELDS))


def _check_settings(ref: ComponentRef) -> Iterator[ProductionValidationIssue]:
    yield from _check_target("Host", ref, ref.component_class, ref.host_settings)
    if ref.kind == "process" and ref.adapter_settings:
        text = "Business process items do not support adapter settings."
        yield ProductionValidationIssue("setting", f"items.{ref.name}.settings.Adapter", text)
    else:
        yield from _check_target("Adapter", ref, _adapter_class(ref), ref.adapter_settings)


def _adapter_class(ref: ComponentRef) -> type | None:
    if ref.adapter_class is not None or ref.component_class is None:
        return ref.adapter_class
    found = adapter_type(ref.component_class)
    return found if isinstance(found, type) else None


def _check_target(
    target: str, ref: ComponentRef, python_class: type | None, settings: Mapping[str, Any]
) -> Iterator[ProductionValidationIssue]:
    path = f"items.{ref.name}.settings.{target}"
    known: Mapping[str, SettingInfo] | None = None
    if python_class is not None:
        try:
            known = settings_of(python_class)
        except SettingError as error:
            yield ProductionValidationIssue("setting", path, str(error))
    for name in sorted(settings):
        if is_setting(getattr_static(python_class, name, None)) and name not in (known or {}):
            continue
        if target == "Host" and known is not None and name in ref.target_setting_names and name not in known:
            yield _unknown_port(f"{path}.{name}", name, ref, known)
        else:
            yield from _check_setting(f"{path}.{name}", name, settings[name], known, _OBEYED[target])
    for name, info in (known or {}).items():
        if info.required and info.default in (None, "") and text_of(settings.get(name)) == "":
            yield ProductionValidationIssue("setting", f"{path}.{name}", "Required setting has no value.")


def _check_setting(
    path: str,
    name: str,
    value: object,
    known: Mapping[str, SettingInfo] | None,
    obeyed: Mapping[str, ItemSetting],
) -> Iterator[ProductionValidationIssue]:
    """Yield what is wrong with one setting: of its class, or one that the engine obeys on any class."""
    if known is not None and name in known:
        yield from _check_value(path, value, known[name].python_type)
    elif known is not None and name in obeyed:
        # Nothing means the default of the engine; OrderBy may be a function.
        if value not in (None, "") and not callable(value):
            yield from _check_value(path, value, obeyed[name].python_type)
    elif name.strip() and port_name(name) != name:
        text = "Setting name is accepted as a known alias for validation, but IoP will emit the original name."
        yield ProductionValidationIssue("setting", path, text, f"Use {port_name(name)!r}.")
    elif known is not None and not name.startswith("%"):
        yield ProductionValidationIssue("setting", path, "Unknown setting name.", closest(name, [*known, *obeyed]))


def _check_value(path: str, value: object, python_type: type | None) -> Iterator[ProductionValidationIssue]:
    try:
        read_value(value, python_type)
    except SettingError as error:
        yield ProductionValidationIssue("setting", path, f"Wrong value: {error}.")


def _unknown_port(
    path: str, name: str, ref: ComponentRef, known: Mapping[str, SettingInfo]
) -> ProductionValidationIssue:
    """Return the issue of a port that was connected by name and that the class never asks for."""
    label = getattr(ref.component_class, "__name__", "the class")
    text = f"{label} has neither a port nor a setting of that name, so that nothing is ever sent by this route."
    ports = [setting for setting, info in known.items() if info.iris_type == _ROUTE_TYPE]
    hint = closest(name, known) or f"Ports of {label}: {', '.join(ports) or 'none'}."
    return ProductionValidationIssue("route", path, text, hint)


def _check_targets(ref: ComponentRef, items: frozenset[str]) -> Iterator[ProductionValidationIssue]:
    for name in sorted(filter(lambda name: _is_route(ref, name), ref.host_settings)):
        path, value = f"items.{ref.name}.settings.Host.{name}", ref.host_settings[name]
        targets = split_targets(value)
        for target in targets:
            if target not in items:
                todo = f"Add a production item named {target!r}, or update/remove this target setting."
                close = closest(target, items)
                text = f"Target setting references missing production item {target!r}."
                yield ProductionValidationIssue("route", path, text, f"{todo} {close}".strip())
        if targets and len(targets) != len(text_of(value).split(",")):
            text = "Target setting names an item twice, or has an empty entry."
            yield ProductionValidationIssue("route", path, text, f"Use {','.join(targets)!r}.")


def _is_route(ref: ComponentRef, name: str) -> bool:
    """Return whether a Host setting leads to items: by use, by its type, or by its name."""
    info = (known_settings(ref.component_class) or {}).get(name)
    return ref.is_port(name) or (info is not None and info.iris_type == _ROUTE_TYPE) or is_route_name(name)
