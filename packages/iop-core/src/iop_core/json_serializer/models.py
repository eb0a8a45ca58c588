"""Pydantic models as JSON: strict to the model, and written so that it can be read back."""

from __future__ import annotations

from typing import cast

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from iop_core.json_serializer.schemas import has_ambiguous_alias, iter_nodes
from iop_core.json_serializer.values import one_line
from iop_core.messages import IRIS_ID
from iop_core.refusals import Refusal
from iop_core.serializers import Codec

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
    by_alias = not has_ambiguous_alias(iter_nodes(adapter.core_schema))

    def decode(payload: bytes) -> object:
        try:
            return adapter.validate_json(_without_id(payload), by_alias=by_alias, by_name=True)
        except ValidationError as exc:
            raise _unfit(exc).as_error(model_class) from exc
        except RecursionError as exc:
            raise Refusal("is nested too deeply").as_error(model_class) from exc
        except Exception as exc:
            raise Refusal(f"cannot be built: {type(exc).__name__}: {one_line(exc)}").as_error(model_class) from exc

    def encode(message: object) -> bytes:
        try:
            payload = adapter.dump_json(message, round_trip=True, by_alias=False, warnings="error")
        except Exception as exc:
            raise Refusal(_unwritable(exc)).as_error(model_class) from exc
        if b"null" in payload:
            # Pydantic writes None, and in most models NaN, where the model takes no null.
            try:
                adapter.validate_json(payload, by_alias=by_alias, by_name=True)
            except ValidationError as exc:
                refusal = _unfit(exc, prefix="is None or NaN, which the model would not read back: ")
                raise refusal.as_error(model_class) from exc
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


def _unfit(exc: ValidationError, *, prefix: str = "") -> Refusal:
    """Return the first thing that does not fit, with the path to it."""
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
