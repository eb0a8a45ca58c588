"""JSON from strangers: strict, and not too deep."""

from __future__ import annotations

import json
from typing import cast

from iop_server.refusals import RefusedRequestError

_DEEPEST = 64


def parse_json(text: str, what: str) -> object:
    """Return what a JSON text says.

    Args:
        text: The text.
        what: What it is, for errors.

    Raises:
        RefusedRequestError: 400: it is no JSON, or nested too deeply, or has half characters.

    Example:
        >>> parse_json('{"a": 1}', "the body")
        {'a': 1}
    """
    try:
        found: object = json.loads(text, parse_constant=_refuse_constant)
        # Half characters can be written in JSON, and nowhere else.
        json.dumps(found, ensure_ascii=False).encode("utf-8")
    except RecursionError as exc:
        raise _too_deep(what) from exc
    except ValueError as exc:
        where = f" ({exc})" if isinstance(exc, json.JSONDecodeError) else ""
        raise RefusedRequestError(400, "malformed", f"{what} is no JSON{where}") from None
    if _is_deep(found):
        raise _too_deep(what)
    return found


def _is_deep(value: object) -> bool:
    level: list[object] = [value]
    for _ in range(_DEEPEST):
        below: list[object] = []
        for each in level:
            if isinstance(each, dict):
                below += cast("dict[str, object]", each).values()
            elif isinstance(each, list):
                below += cast("list[object]", each)
        if not below:
            return False
        level = below
    return True


def _too_deep(what: str) -> RefusedRequestError:
    return RefusedRequestError(400, "malformed", f"{what} is nested more than {_DEEPEST} levels deep")


def _refuse_constant(name: str) -> object:
    raise ValueError(name)
