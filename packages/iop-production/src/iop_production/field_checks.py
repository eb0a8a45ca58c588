"""Whether the fields of a production and of its items hold values that can be."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from iop_production.texts import boolean_of, text_of, time_of_day
from iop_production.validation_report import IssueKind, ProductionValidationIssue

if TYPE_CHECKING:
    from iop_production.component_ref import ComponentRef
    from iop_production.production import Production

_PRODUCTION_BOOLEANS = ("testing_enabled", "log_general_trace_events")
_PRODUCTION_NUMBERS = ("shutdown_timeout", "update_timeout", "alert_action_window")
_PRODUCTION_COUNTS = ("actor_pool_size", "purge_days_to_keep", "purge_keep_errors_days")
_ITEM_BOOLEANS = ("enabled", "foreground", "log_trace_events")


def check_production_fields(production: Production) -> Iterator[ProductionValidationIssue]:
    """Yield what is wrong with the fields of a production itself."""
    yield from _check("production", "production", production, _PRODUCTION_BOOLEANS, _PRODUCTION_COUNTS)
    for field in _PRODUCTION_NUMBERS:
        number = _number(getattr(production, field))
        if number is None or number < 0:
            yield _issue("production", "production", field, getattr(production, field), "a number from 0 up")

    moment = text_of(production.purge_at).strip()
    if moment and time_of_day(moment) is None:
        yield _issue("production", "production", "purge_at", production.purge_at, "a time of the day such as 03:00")


def check_item_fields(ref: ComponentRef) -> Iterator[ProductionValidationIssue]:
    """Yield what is wrong with the fields of an item."""
    path = f"items.{ref.name}"
    if not text_of(ref.class_name).strip():
        yield ProductionValidationIssue("item", f"{path}.class_name", "Item has no class.")
    yield from _check("item", path, ref, _ITEM_BOOLEANS, ("pool_size",))


def _check(
    kind: IssueKind, path: str, owner: object, booleans: tuple[str, ...], counts: tuple[str, ...]
) -> Iterator[ProductionValidationIssue]:
    for field in booleans:
        value = getattr(owner, field)
        if boolean_of(value) is None:
            yield _issue(kind, path, field, value, "true or false")
    for field in counts:
        value = getattr(owner, field)
        number = _number(value)
        if number is None or number < 0 or number != int(number):
            yield _issue(kind, path, field, value, "a whole number from 0 up")


def _issue(kind: IssueKind, path: str, field: str, value: object, allowed: str) -> ProductionValidationIssue:
    return ProductionValidationIssue(kind, f"{path}.{field}", f"Value {value!r} is not {allowed}.")


def _number(value: object) -> float | None:
    try:
        number = float(text_of(value))
    except ValueError:
        return None
    return number if math.isfinite(number) else None
