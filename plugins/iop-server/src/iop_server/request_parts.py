"""Reading the query and the body of a request, within limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar, cast

from anyio import fail_after, move_on_after
from pydantic import BaseModel, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from iop_server.json_text import parse_json
from iop_server.refusals import RefusedRequestError

if TYPE_CHECKING:
    from starlette.requests import Request

_MOST_DISCARDED = 67_108_864
_DISCARD_SECONDS = 10.0

Given = TypeVar("Given", bound=BaseModel)


async def read_body(request: Request, *, most_bytes: int, most_seconds: float = 60.0) -> dict[str, object]:
    """Return the body of a request as a JSON object; an empty one for no body.

    Counts what arrives, whatever the headers say, and stops reading at the limit.

    Args:
        request: The request.
        most_bytes: Size of the largest body that is taken.
        most_seconds: How long it may take to arrive.

    Raises:
        RefusedRequestError: 408: too slow; 413: too large; 415: no JSON, or compressed; 400: not readable.
    """
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise RefusedRequestError(415, "unsupported-encoding", "compressed bodies are not taken; send it as it is")
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > most_bytes:
        raise _too_large(most_bytes)
    content = bytearray()
    try:
        with fail_after(most_seconds):
            async for part in request.stream():
                content += part
                if len(content) > most_bytes:
                    raise _too_large(most_bytes)
    except TimeoutError as exc:
        raise RefusedRequestError(
            408, "too-slow", f"the body did not arrive within {most_seconds:g} s", {"Connection": "close"}
        ) from exc
    if not content.strip():
        return {}
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise RefusedRequestError(415, "unsupported-type", "the body has to be application/json")
    return await run_in_threadpool(_object_in, bytes(content))


async def discard_body(request: Request) -> None:
    """Read what is left of a body and forget it, within limits, so that the client gets to see the answer."""
    size = 0
    try:
        with move_on_after(_DISCARD_SECONDS):
            async for part in request.stream():
                size += len(part)
                if size > _MOST_DISCARDED:
                    return
    except (ClientDisconnect, RuntimeError):  # gone, or nothing is left
        return


def parsed(model: type[Given], given: Mapping[str, object], *, status: int) -> Given:
    """Return what was given as the model of a route.

    Args:
        model: The model.
        given: Names and values.
        status: Status of the answer to what does not fit.

    Raises:
        RefusedRequestError: It does not fit; the text names the fields, and never their values.
    """
    try:
        return model.model_validate(given)
    except ValidationError as exc:
        errors = exc.errors(include_input=False, include_url=False, include_context=False)
        text = "; ".join(f"{'.'.join(map(str, each['loc'])) or 'body'}: {each['msg']}" for each in errors[:10])
        raise RefusedRequestError(status, "invalid", text) from None


def text_in(name: str, *places: Mapping[str, object]) -> str:
    """Return the first text of that name; empty when there is none.

    Raises:
        RefusedRequestError: 400: something else than a text has the name.
    """
    for place in places:
        value = place.get(name)
        if value is not None and not isinstance(value, str):
            raise RefusedRequestError(400, "invalid", f"{name}: has to be a text")
        if value:
            return value
    return ""


def _object_in(content: bytes) -> dict[str, object]:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise RefusedRequestError(400, "malformed", "the body is no UTF-8") from None
    found = parse_json(text, "the body")
    if not isinstance(found, dict):
        raise RefusedRequestError(400, "malformed", "the body has to be a JSON object, such as {}")
    return cast("dict[str, object]", found)


def _too_large(most_bytes: int) -> RefusedRequestError:
    # The rest is not read, so the connection is of no more use.
    return RefusedRequestError(413, "too-large", f"the body is larger than {most_bytes} bytes", {"Connection": "close"})
