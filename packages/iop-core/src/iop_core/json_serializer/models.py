"""Pydantic models as JSON: strict to the model, and written so that it can be read back."""

from __future__ import annotations

from typing import cast

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from iop_core.json_serializer.branching import require_few_tries
from iop_core.json_serializer.exactness import has_own_form, is_exact, is_untyped
from iop_core.json_serializer.memory import ALWAYS_ALLOWED, Account, allowed_memory
from iop_core.json_serializer.nodes import iter_nodes
from iop_core.json_serializer.pieces import PieceReader
from iop_core.json_serializer.sameness import require_same
from iop_core.json_serializer.shapes import shape_of
from iop_core.json_serializer.validator import JsonValidator, has_ambiguous_alias
from iop_core.json_serializer.values import one_line
from iop_core.messages import IRIS_ID
from iop_core.refusals import Refusal
from iop_core.serializers import Codec

# All of them are made to see the first.
_MOST_ERRORS = 100
_QUOTED_ID = f'"{IRIS_ID}"'.encode()


def model_codec(model_class: type) -> Codec:
    """Return the codec of a pydantic model or pydantic dataclass.

    Fields are written by name, and read by alias or by name. Fields that a model computes
    are not written. A value that the model would not take back is refused when it is written.

    Raises:
        Exception: Whatever pydantic raises for a class that is not complete.
    """
    adapter = cast("TypeAdapter[object]", TypeAdapter(model_class))
    adapter.rebuild(raise_errors=True)
    nodes = list(iter_nodes(adapter.core_schema))
    by_alias = not has_ambiguous_alias(nodes)
    is_sure, fits = is_exact(model_class), shape_of(model_class).check() or _anything
    require_kept = _unchecked if has_own_form(model_class) or is_untyped(model_class) else require_same

    validator = JsonValidator(adapter.core_schema)
    pieces = PieceReader(adapter.core_schema, validator)
    charges = validator.charges
    small_size = charges.small_size(ALWAYS_ALLOWED)

    def decode(payload: bytes) -> object:
        try:
            require_few_tries(payload, validator.recursive_choices)
            payload, size = _without_id(payload), len(payload)
            if size <= small_size:
                return validator.read_or_explain(payload, ALWAYS_ALLOWED)
            allowed = allowed_memory(model_class, size, charges.growth)
            if charges.is_surely_small(payload, allowed):
                return validator.read_or_explain(payload, allowed)
            account = Account(model_class, payload, charges)
            if account.may_read_at_once():
                return validator.read_or_explain(payload, allowed)
            return pieces.read(payload, charges, account)
        except ValidationError as exc:
            raise _unfit(exc).as_error(model_class) from exc
        except Refusal as refusal:
            raise refusal.as_error(model_class) from refusal.__cause__
        except RecursionError as exc:
            raise Refusal("is nested too deeply").as_error(model_class) from exc
        except Exception as exc:
            raise Refusal(f"cannot be built: {type(exc).__name__}: {one_line(exc)}").as_error(model_class) from exc

    def encode(message: object) -> bytes:
        try:
            payload = adapter.dump_json(message, round_trip=True, by_alias=False, warnings="error")
        except Exception as exc:
            raise Refusal(_unwritable(exc)).as_error(model_class) from exc
        # Pydantic writes None, and in most models NaN, where the model takes no null.
        if not is_sure or b"null" in payload or not fits(message):
            try:
                require_few_tries(payload, validator.recursive_choices)
                require_kept(message, adapter.validate_json(payload, by_alias=by_alias, by_name=True))
            except ValidationError as exc:
                what = "is None or NaN, which" if b"null" in payload else "holds something that"
                refusal = _unfit(exc, prefix=f"{what} the model would not read back: ")
                raise refusal.as_error(model_class) from exc
            except Refusal as refusal:
                raise refusal.as_error(model_class) from refusal.__cause__
        return payload

    return Codec(encode, decode)


def _without_id(payload: bytes) -> bytes:
    """Return the object without an id, which is never taken from a payload."""
    if _QUOTED_ID not in payload:
        return payload
    try:
        parsed = from_json(payload)
    except ValueError:
        return payload  # it is not JSON: the model says so better
    if isinstance(parsed, dict):
        cast("dict[str, object]", parsed).pop(IRIS_ID, None)
    return to_json(parsed, inf_nan_mode="constants")


def _anything(value: object) -> bool:
    del value
    return True


def _unchecked(sent: object, back: object) -> None:
    del sent, back


def _unfit(exc: ValidationError, *, prefix: str = "") -> Refusal:
    """Return the first thing that does not fit, with the path to it."""
    if exc.error_count() > _MOST_ERRORS:
        return Refusal(f"{prefix}{exc.error_count():,} values do not fit")
    first = exc.errors(include_url=False, include_context=False, include_input=False)[0]
    refusal = Refusal(prefix + first["msg"])
    for key in reversed(first["loc"]):
        refusal.within(key)
    return refusal


def _unwritable(exc: Exception) -> str:
    text = one_line(exc)
    if "utf-8" in text:
        text += "; for bytes that are not text set ser_json_bytes and val_json_bytes to 'base64' in the model's config"
    return f"cannot be kept in JSON: {text}"
