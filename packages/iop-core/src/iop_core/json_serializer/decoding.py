"""JSON text to dataclass messages: pydantic's validator when all fits, else field by field."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from pydantic_core import from_json

from iop_core.json_serializer.memory import ACCOUNT, ALWAYS_ALLOWED, Account, allowed_memory
from iop_core.json_serializer.records import RecordPlan
from iop_core.json_serializer.validator import MISFIT
from iop_core.json_serializer.values import one_line
from iop_core.refusals import Refusal


def dataclass_decoder(plan: RecordPlan) -> Callable[[bytes], object]:
    """Return the function that turns JSON text into an instance."""
    compiled, record_class = plan.compiled, plan.record_class
    # A body that is branching is read by the plan, which decides at every level.
    read = None if compiled is None or compiled.validator.is_branching else compiled.validator.read
    charges = plan.charges
    small_size = charges.small_size(ALWAYS_ALLOWED)

    def decode(payload: bytes) -> object:
        # What is small is not counted: most messages are.
        is_small = len(payload) <= small_size or charges.is_surely_small(
            payload, allowed_memory(record_class, len(payload), charges.growth)
        )
        account = None if is_small else Account(record_class, payload, charges)
        if read is not None and (account is None or account.may_read_at_once()):
            try:
                value = read(payload)
                if value is not MISFIT:
                    return value
            except Exception:  # noqa: BLE001, S110 - boundary: also __post_init__; the tolerant way decides
                pass
        return _decode_tolerantly(plan, payload, account)

    return decode


def decode_tolerantly(plan: RecordPlan, payload: bytes) -> Any:
    """Return the instance; a value that does not fit its field stays as it is.

    Raises:
        SerializationError: The bytes hold no JSON object, a required field is missing, they
            would take too much memory, or the class is strict and something does not fit.
    """
    is_small = plan.charges.is_surely_small(
        payload, allowed_memory(plan.record_class, len(payload), plan.charges.growth)
    )
    account = None if is_small else Account(plan.record_class, payload, plan.charges)
    return _decode_tolerantly(plan, payload, account)


def _decode_tolerantly(plan: RecordPlan, payload: bytes, account: Account | None) -> Any:
    token = ACCOUNT.set(account)
    try:
        if account is not None:
            account.take(0)  # refuses what would take too much when it is parsed
        return plan.read(parse_object(payload))
    except Refusal as refusal:
        raise refusal.as_error(plan.record_class) from refusal.__cause__
    except RecursionError as exc:
        raise Refusal("is nested too deeply").as_error(plan.record_class) from exc
    finally:
        ACCOUNT.reset(token)


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
