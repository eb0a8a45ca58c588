"""The two calls of the API Atelier that ``iop --init`` makes.

On IRIS they install classes that stand for Python classes. Here is nothing to install: the
calls succeed, keep nothing, and say so.
"""

from __future__ import annotations

from iop_server.call import Call
from iop_server.wire import Document, Space

_NOTE = "Nothing was installed or compiled: this server runs Python classes as they are."


def put_document(_call: Call, given: Document) -> dict[str, object]:
    """Take a class that only IRIS needs, and forget it."""
    return _answer([], {"name": given.name})


def compile_documents(_call: Call, _given: Space) -> dict[str, object]:
    """Say that nothing has to be compiled."""
    return _answer([_NOTE], {"content": []})


def _answer(console: list[str], result: dict[str, object]) -> dict[str, object]:
    return {"status": {"errors": [], "summary": ""}, "console": console, "result": result}
