"""What a server answers: JSON, or the error that it stands for."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any, cast

from iop_core.errors import BackendError, BackendUnavailableError, IopError, LifeCycleError, RefusedTestError
from iop_core.server_errors import AccessDeniedError, ServerError

if TYPE_CHECKING:
    import httpx

_MOST_CHARACTERS = 1000
_PASSING = (429, 502, 503, 504)


def json_of(response: httpx.Response, asked: str) -> Any:
    """Return the JSON of an answer.

    Args:
        response: The answer.
        asked: What was asked, for error texts.

    Raises:
        AccessDeniedError: 401 or 403.
        BackendUnavailableError: 429, 502, 503 or 504, or nothing runs there.
        ServerError: Another status of 400 or more, a redirection, no JSON, or an ``error`` in it.
    """
    if response.status_code >= 400:
        raise _refusal(response, asked)
    if response.is_redirect:
        where = _clean(response.headers.get("Location", "nowhere"))
        raise ServerError(f"{asked}: the server sends us on to {where}; give that address", status=response.status_code)
    try:
        found: Any = response.json()
    except ValueError as exc:
        kind = _clean(response.headers.get("Content-Type", "")) or "nothing"
        raise ServerError(
            f"{asked}: the answer is {kind} instead of JSON; is that the address of a server with the REST API of IoP?",
            status=response.status_code,
        ) from exc
    if isinstance(found, dict) and cast("dict[str, object]", found).get("error"):
        said = cast("object", found)
        raise ServerError(f"{asked}: {_said(said)}", status=response.status_code, code=_code(said))
    return cast("Any", found)


def _refusal(response: httpx.Response, asked: str) -> IopError:
    try:
        found: object = response.json()
    except ValueError:
        found = None
    status, code = response.status_code, _code(found)
    said = _said(found) or _text_of(response) or response.reason_phrase or "no reason was given"
    text = f"{asked}: {said}"
    if status == 401:
        return AccessDeniedError(
            f"{asked}: the server wants to know who asks ({status}: {said}); set IOP_USERNAME and IOP_PASSWORD, "
            "IOP_TOKEN, or 'username' and 'password_env' of REMOTE_SETTINGS",
            status=status,
            code=code,
        )
    if status == 403:
        return AccessDeniedError(f"{asked}: not allowed for this user ({status}: {said})", status=status, code=code)
    if code == "testing-disabled":
        return RefusedTestError(text)
    if code == "wrong-state":
        return LifeCycleError(text)
    if code == "not-running" or (status in _PASSING and code != "no-reply"):
        return BackendUnavailableError(f"{asked}: {said} ({status})" if code != "not-running" else text)
    if status == 404 and found is None:
        text = f"{text}; is that the address of a server with the REST API of IoP?"
    return ServerError(f"{text} ({status})", status=status, code=code)


def _said(found: object) -> str:
    """Return the text of an error, in any of the forms that servers give it."""
    if not isinstance(found, dict):
        return "" if found is None else _clean(str(found))
    said = cast("dict[str, object]", found)
    for key in ("error", "message", "summary"):
        value = said.get(key)
        if isinstance(value, str) and value.strip():
            return _clean(value)
    errors = said.get("errors")
    if isinstance(errors, list):
        texts = [_said(each) for each in cast("list[object]", errors)]
        return "; ".join(text for text in texts if text)
    return _clean(str(said)) if said else ""


def _code(found: object) -> str:
    code = cast("dict[str, object]", found).get("code") if isinstance(found, dict) else None
    return code if isinstance(code, str) else ""


def _text_of(response: httpx.Response) -> str:
    is_text = response.headers.get("Content-Type", "text/plain").startswith("text/plain")
    return _clean(response.text) if is_text else ""


def _clean(text: str) -> str:
    """Return text of a server in one line, without what could move a cursor, and not endless."""
    shown = "".join(" " if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"} else char for char in text)
    shown = " ".join(shown.split())
    return shown if len(shown) <= _MOST_CHARACTERS else f"{shown[:_MOST_CHARACTERS]}..."


def object_of(found: object, asked: str) -> dict[str, Any]:
    """Return an answer that has to be an object.

    Raises:
        BackendError: It is something else.
    """
    if not isinstance(found, dict):
        raise BackendError(f"{asked}: the answer is a {type(found).__name__} instead of an object")
    return cast("dict[str, Any]", found)


def rows_of(found: object, asked: str) -> list[dict[str, Any]]:
    """Return an answer that has to be a list of objects.

    Raises:
        BackendError: It is something else.
    """
    rows = cast("list[object]", found) if isinstance(found, list) else None
    if rows is None or not all(isinstance(row, dict) for row in rows):
        raise BackendError(f"{asked}: the answer is no list of objects")
    return cast("list[dict[str, Any]]", rows)
