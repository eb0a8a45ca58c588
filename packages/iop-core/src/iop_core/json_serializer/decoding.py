"""JSON text to dataclass messages: pydantic's validator when all fits, else field by field."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from pydantic_core import from_json

from iop_core.json_serializer.records import RecordPlan
from iop_core.json_serializer.values import one_line
from iop_core.refusals import Refusal


def dataclass_decoder(plan: RecordPlan) -> Callable[[bytes], object]:
    """Return the function that turns JSON text into an instance."""
    compiled = plan.compiled
    if compiled is None:
        return lambda payload: decode_tolerantly(plan, payload)
    read = compiled.read

    def decode(payload: bytes) -> object:
        try:
            return read(payload)
        except Exception:  # noqa: BLE001, S110 - boundary: also __post_init__; the tolerant way decides
            pass
        return decode_tolerantly(plan, payload)

    return decode


def decode_tolerantly(plan: RecordPlan, payload: bytes) -> Any:
    """Return the instance; a value that does not fit its field stays as it is.

    Raises:
        SerializationError: The bytes hold no JSON object, a required field is missing, or
            the class is strict and something does not fit.
    """
    try:
        return plan.read(parse_object(payload, plan.record_class))
    except Refusal as refusal:
        raise refusal.as_error(plan.record_class) from refusal.__cause__
    except RecursionError as exc:
        raise Refusal("is nested too deeply").as_error(plan.record_class) from exc


def parse_object(payload: bytes, message_class: type) -> dict[str, Any]:
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
