"""Class files of IRIS, sent over its API for editors and compiled there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

from iop_backend_rest.answers import json_of, object_of
from iop_backend_rest.connection import Connection
from iop_core.errors import ConfigurationError
from iop_core.server_errors import ServerError

COMPILE_SECONDS = 120.0

_CLASS_LINE = re.compile(r"^Class\s+([%A-Za-z][\w.%]*)", re.MULTILINE)


def send_classes(connection: Connection, folder: Path) -> list[str]:
    """Send all ``.cls`` files below a folder and compile them.

    The name of a document is that of the class in it: the path of a file may say something else.

    Args:
        connection: To the IRIS.
        folder: Where the files are.

    Returns:
        One line for each file, and what the compiler said.

    Raises:
        ConfigurationError: There is no such file, or one cannot be read or names no class.
        ServerError: The server refused a file, or it does not compile.
    """
    documents = list(_documents(folder))
    if not documents:
        raise ConfigurationError(f"there are no class files (.cls) below {str(folder)!r}")
    root = f"/api/atelier/v1/{quote(connection.namespace, safe='')}"
    lines: list[str] = []
    for name, text in documents:
        path = f"{root}/doc/{quote(name, safe='')}"
        response = connection.exchange(
            "PUT", path, query={"ignoreConflict": 1}, body={"enc": False, "content": text.splitlines()}
        )
        _check(json_of(response, f"sending {name}"), f"sending {name}")
        lines.append(f"Uploaded: {name}")
    response = connection.exchange(
        "POST",
        f"{root}/action/compile",
        query={"flags": "cuk"},
        body=[name for name, _ in documents],
        timeout_seconds=max(COMPILE_SECONDS, connection.timeout_seconds),
    )
    said = object_of(json_of(response, "compiling"), "compiling")
    _check(said, "compiling")
    console = said.get("console")
    return [
        *lines,
        *(str(line) for line in (cast("list[object]", console) if isinstance(console, list) else []) if line),
    ]


def _documents(folder: Path) -> Iterator[tuple[str, str]]:
    for file in sorted(folder.rglob("*.cls")):
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as exc:
            raise ConfigurationError(f"{file} cannot be read as UTF-8 text: {exc}") from exc
        found = _CLASS_LINE.search(text)
        if found is None:
            raise ConfigurationError(f"{file} names no class; its line 'Class Name' is missing")
        yield f"{found[1]}.cls", text


def _check(said: object, asked: str) -> None:
    status: object = cast("dict[str, Any]", said).get("status") if isinstance(said, dict) else None
    errors = cast("dict[str, Any]", status).get("errors") if isinstance(status, dict) else None
    if errors:
        texts = [str(cast("dict[str, Any]", e).get("error", e)) if isinstance(e, dict) else str(e) for e in errors]
        raise ServerError(f"{asked}: {'; '.join(' '.join(text.split()) for text in texts)}")
