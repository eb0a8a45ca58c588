"""JSON text to dataclass messages: pydantic's validator when all fits, else field by field."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from pydantic_core import from_json

from iop_core.json_serializer.memory import (
    ROOM,
    UNCHECKED,
    allowed_memory,
    contents_of,
    is_surely_small,
    too_much,
)
from iop_core.json_serializer.records import RecordPlan
from iop_core.json_serializer.validator import MISFIT
from iop_core.json_serializer.values import one_line
from iop_core.refusals import Refusal


def dataclass_decoder(plan: RecordPlan) -> Callable[[bytes], object]:
    """Return the function that turns JSON text into an instance."""
    compiled = plan.compiled
    read = None if compiled is None else compiled.validator.read

    def decode(payload: bytes) -> object:
        try:
            if read is not None and (len(payload) <= UNCHECKED or _may_be_read_at_once(plan, payload)):
                value = read(payload)
                if value is not MISFIT:
                    return value
        except Exception:  # noqa: BLE001, S110 - boundary: also __post_init__; the tolerant way decides
            pass
        return decode_tolerantly(plan, payload)

    return decode


def _may_be_read_at_once(plan: RecordPlan, payload: bytes) -> bool:
    allowed = allowed_memory(plan.record_class, len(payload))
    return is_surely_small(payload, allowed) or contents_of(payload).with_errors() <= allowed


def decode_tolerantly(plan: RecordPlan, payload: bytes) -> Any:
    """Return the instance; a value that does not fit its field stays as it is.

    Raises:
        SerializationError: The bytes hold no JSON object, a required field is missing, they
            would take too much memory, or the class is strict and something does not fit.
    """
    try:
        if len(payload) <= UNCHECKED:
            return plan.read(parse_object(payload))
        left = _room_beside_objects(plan.record_class, payload)
        token = ROOM.set(left)
        try:
            return plan.read(parse_object(payload))
        finally:
            ROOM.reset(token)
    except Refusal as refusal:
        raise refusal.as_error(plan.record_class) from refusal.__cause__
    except RecursionError as exc:
        raise Refusal("is nested too deeply").as_error(plan.record_class) from exc


def _room_beside_objects(message_class: type, payload: bytes) -> int:
    """Return how much memory is left when the text is parsed.

    Raises:
        Refusal: There is not enough to parse it.
    """
    allowed = allowed_memory(message_class, len(payload))
    if is_surely_small(payload, allowed):
        return allowed
    contents = contents_of(payload)
    if contents.as_objects > allowed:
        raise too_much(message_class, payload, contents, contents.as_objects)
    return allowed - contents.as_objects


def parse_object(payload: bytes) -> dict[str, Any]:
    """Return the object that the bytes hold.

    Raises:
        Refusal: They are no JSON, or no object.
    """
    try:
        # It limits the depth, unlike the parser of the standard library.
        parsed = from_json(payload)
    except (ValueError, TypeError) as exc:
        raise Refusal(f"not valid JSON: {one_line(exc)}") from exc
    if not isinstance(parsed, dict):
        raise Refusal(f"expected a JSON object, got {type(parsed).__name__}")
    return cast("dict[str, Any]", parsed)
