"""Dataclass messages to JSON: pydantic's serializer when nothing can be lost, else field by field."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, get_origin

from pydantic_core import to_json

from iop_core.errors import MessageDefinitionError
from iop_core.json_serializer.decoding import decode_tolerantly
from iop_core.json_serializer.records import Field, RecordPlan, record_plan
from iop_core.json_serializer.shapes import Leaf
from iop_core.json_serializer.values import MAX_DIGITS, Parents, enter, key_text, one_line, plain
from iop_core.refusals import Refusal

# Fewer brackets than this cannot be nested too deeply.
_SHALLOW = 100
# Of one class; more would mean that its values have random types.
_MOST_SIGNATURES = 64


def dataclass_encoder(plan: RecordPlan) -> Callable[[object], bytes]:
    """Return the function that turns an instance into JSON text."""
    if plan.unreadable_arguments:
        return _refuse_unreadable(plan)
    compiled, careful = plan.compiled, _strict_encoder(plan) if plan.strict else _careful_encoder(plan)
    if compiled is None:
        return careful
    to_text, fits, is_recursive = compiled.serializer.to_json, plan.check_all, compiled.is_recursive
    inexact = plan.inexact

    def write_fast(message: object) -> bytes | None:
        try:
            if not fits((message,)):
                return None
            # warnings="error": what does not fit its annotation would be written by guessing.
            payload = to_text(message, warnings="error", round_trip=True, by_alias=False)
            if (is_recursive and _may_be_deep(payload)) or (len(payload) > MAX_DIGITS and _may_hold_huge_int(payload)):
                return None
            if inexact:
                plan.require_kept(message, payload, inexact)
        except Exception:  # noqa: BLE001 - boundary: a value that does not fit; the careful way names it
            return None
        return payload

    if plan.is_flat:
        return _flat_encoder(to_text, write_fast, careful)
    return lambda message: write_fast(message) or careful(message)


def _flat_encoder(
    to_text: Callable[[object], bytes],
    write_fast: Callable[[object], bytes | None],
    careful: Callable[[object], bytes],
) -> Callable[[object], bytes]:
    """Return the encoder of a class of single values, where knowing their types is enough.

    Asking pydantic to check takes several times as long as writing such a message.

    Args:
        to_text: Writes without a check.
        write_fast: Writes with a check, or returns None.
        careful: Writes, or refuses.
    """
    known: set[tuple[object, ...]] = set()

    def encode(message: Any) -> bytes:
        attributes = message.__dict__
        signature = (*attributes, *map(type, attributes.values()))
        try:
            if signature in known:
                payload = to_text(message)
                if len(payload) <= MAX_DIGITS or not _may_hold_huge_int(payload):
                    return payload
        except Exception:  # noqa: BLE001, S110 - boundary: such as text that is not UTF-8; the careful way names it
            pass
        checked = write_fast(message)
        if checked is None:
            return careful(message)
        if len(known) < _MOST_SIGNATURES:
            known.add(signature)
        return checked

    return encode


def _careful_encoder(plan: RecordPlan) -> Callable[[object], bytes]:
    """Return the function that looks at every value."""

    def encode(message: object) -> bytes:
        try:
            payload = to_json(entries(message, ()), inf_nan_mode="strings")
            plan.require_kept(message, payload, plan.fields)
        except Refusal as refusal:
            raise refusal.as_error(plan.record_class) from refusal.__cause__
        except RecursionError as exc:
            raise Refusal("is nested too deeply, or contains itself").as_error(plan.record_class) from exc
        except Exception as exc:
            raise Refusal(f"cannot be written: {type(exc).__name__}: {one_line(exc)}").as_error(
                plan.record_class
            ) from exc
        return payload

    return encode


def _strict_encoder(plan: RecordPlan) -> Callable[[object], bytes]:
    """Return the function that writes only what the strict class will read."""
    careful = _careful_encoder(plan)

    def encode(message: object) -> bytes:
        payload = careful(message)
        decode_tolerantly(plan, payload)
        return payload

    return encode


def entries(instance: object, parents: Parents) -> dict[str, object]:
    """Return the fields of a dataclass as plain JSON, then its other attributes.

    A field that has no value yet, such as one with ``init=False``, is left out. So is the
    id of the stored body.

    Raises:
        Refusal: A value cannot be kept.
    """
    inside = enter(instance, parents)
    plan = record_plan(type(instance))
    result: dict[str, object] = {}
    for name, value in plan.values_of(instance).items():
        try:
            field = plan.fields.get(name)
            result[key_text(name)] = plain(value, inside) if field is None else _field_value(field, value, inside)
        except Refusal as refusal:
            raise refusal.within(name) from refusal.__cause__
    return result


def _field_value(field: Field, value: object, parents: Parents) -> object:
    """Return the value by its own type, or by the annotation where only that knows how."""
    shape = field.shape
    if not isinstance(shape, Leaf):
        return plain(value, parents)
    if get_origin(field.hint) is Annotated:
        try:
            return plain(shape.write(value), parents)
        except Refusal:
            return plain(value, parents)
    try:
        return plain(value, parents)
    except Refusal as refusal:
        if not refusal.is_unknown_type:
            raise
        try:
            return plain(shape.write(value), parents)
        except Refusal:
            raise refusal from refusal.__cause__


def _refuse_unreadable(plan: RecordPlan) -> Callable[[object], bytes]:
    def refuse(message: object) -> bytes:
        raise MessageDefinitionError(
            f"{type(message).__module__}.{type(message).__qualname__} has an InitVar without a default: "
            f"{', '.join(plan.unreadable_arguments)}. It is not stored, so the message could not be built again; "
            "give it a default"
        )

    return refuse


def _may_be_deep(payload: bytes) -> bool:
    return payload.count(b"{") + payload.count(b"[") > _SHALLOW


def _may_hold_huge_int(payload: bytes) -> bool:
    """Return whether there might be more digits in a row than can be read; may err to True."""
    # A run that long covers one of these places, and half of it lies to one side.
    half = MAX_DIGITS // 2
    return any(
        48 <= payload[at] <= 57 and (payload[at - half : at].isdigit() or payload[at : at + half].isdigit())
        for at in range(MAX_DIGITS, len(payload), MAX_DIGITS)
    )
