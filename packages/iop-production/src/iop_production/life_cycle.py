"""Guards of life-cycle calls: what runs has to be what the call is meant for."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from iop_core.errors import ConfigurationError, LifeCycleError
from iop_core.json_serializer import JsonSerializer
from iop_core.registry import class_name_of
from iop_production.directors import need_director, status_of


def call_current(director: object, name: str, method: str, *arguments: str, action: str) -> Any:
    """Call a method of a director if the production is the current one; return its answer.

    Args:
        director: The director.
        name: Name of the production.
        method: Method to call.
        *arguments: What to call it with.
        action: What it does, such as ``stop production 'Demo.Production'``.

    Raises:
        LifeCycleError: Another production is the current one, or which one is not known.
        ConfigurationError: There is no director, or it lacks a method.
    """
    known = need_director(director, f"to {action}", "status_production", method)
    current, status = _status(known, f"Cannot {action}")
    if current != name:
        if current:
            detail = f"current/default production is {current!r}"
        elif status:
            detail = f"current status is {status!r}"
        else:
            detail = "runtime status did not report a current/default production"
        raise LifeCycleError(
            f"Cannot {action}: {detail}. Select {name!r} with `prod.set_default()` or start it with `prod.start()` "
            "before using this lifecycle method."
        )
    return getattr(known, method)(*arguments)


def call_test(director: object, name: str, item: str, message: object, classname: str | None, body: object) -> Any:
    """Send a test message to an item if the production is the current one and runs; return the reply.

    Raises:
        LifeCycleError: It does not run.
        ConfigurationError: There is no director, or it cannot test.
    """
    known = need_director(director, f"testing {item!r} of {name!r}", "status_production", "test_component")
    current, status = _status(known, f"Cannot test component {item!r} in production {name!r}")
    if current != name or status != "running":
        raise LifeCycleError(_not_running(name, current, status))
    if classname is None and body is None and message is not None:
        message, classname, body = _test_message(message)
    return known.test_component(item, message=message, classname=classname, body=body)


def _status(director: Any, purpose: str) -> tuple[str, str]:
    try:
        return status_of(director)
    except ConfigurationError as error:
        raise LifeCycleError(f"{purpose}: {error}.") from error
    except Exception as error:
        text = " ".join(str(error).split())
        raise LifeCycleError(f"{purpose}: could not verify production status ({text}).") from error


def _not_running(name: str, current: str, status: str) -> str:
    other = f"Stop {current!r} first with `iop --stop`, then start " if current not in ("", name) else "Start "
    if current == name or (not current and status):
        detail = f"current status is {status!r}" if status else "runtime status did not report a running production"
    elif not current:
        detail = "runtime status did not report a running production"
    elif status == "running":
        detail = f"currently running production is {current!r}"
    else:
        detail = f"current default production is {current!r}"
    return (
        f"Production {name!r} is not running ({detail}). IRIS can run only one production at a time. "
        f"{other}{name!r} with `prod.start()`. Do that before calling `prod.test(...)`."
    )


def _test_message(message: object) -> tuple[object, str | None, object]:
    """Return message, class name and body: an object with fields goes as the JSON of them."""
    dump = getattr(message, "model_dump_json", None)
    if callable(dump):
        return None, class_name_of(type(message)), dump()
    if dataclasses.is_dataclass(message) and not isinstance(message, type):
        encoded: bytes = JsonSerializer().codec_for(type(message)).encode(message)
        return None, class_name_of(type(message)), json.dumps(json.loads(encoded))
    return message, None, None
