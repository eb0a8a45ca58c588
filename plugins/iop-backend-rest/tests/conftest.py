"""A server that answers as a test says, and keeps what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from iop_director import Director


@dataclass
class Asked:
    """One request."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    text: str

    @property
    def line(self) -> str:
        """Method and path, below the API."""
        return f"{self.method} {self.path.partition('/api/iop')[2] or self.path}"

    @property
    def body(self) -> Any:
        return json.loads(self.text) if self.text else None


@dataclass
class Answer:
    """One answer; ``content`` is turned into JSON unless it is bytes."""

    content: Any = None
    status: int = 200
    kind: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class ScriptedServer:
    """Answers each line from ``answers``: a value, an ``Answer``, or a function of the request."""

    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    url: str = ""

    @property
    def lines(self) -> list[str]:
        return [each.line for each in self.asked]

    def answer(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        found = self.answers.get(asked.line, Answer({"error": f"no answer for {asked.line}"}, 404))
        if callable(found):
            found = found(asked)
        return found if isinstance(found, Answer) else Answer(found)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    script = ScriptedServer()

    class Handler(BaseHTTPRequestHandler):
        def _handle(self) -> None:
            parts = urlsplit(self.path)
            text = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            query = dict(parse_qsl(parts.query, keep_blank_values=True))
            answer = script.answer(Asked(self.command, parts.path, query, dict(self.headers), text))
            content = answer.content if isinstance(answer.content, bytes) else json.dumps(answer.content).encode()
            self.send_response(answer.status)
            for name, value in {"Content-Type": answer.kind, **answer.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            try:
                self.end_headers()
                self.wfile.write(content)
            except ConnectionError:
                pass  # who asked did not wait

        do_GET = do_POST = do_PUT = do_DELETE = _handle

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    script.url = f"http://127.0.0.1:{http.server_port}"
    yield script
    http.shutdown()
    http.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("URL", "NAMESPACE", "SETTINGS", "USERNAME", "PASSWORD", "TOKEN", "VERIFY_SSL", "TIMEOUT"):
        monkeypatch.delenv(f"IOP_{name}", raising=False)


@pytest.fixture
def director(server: ScriptedServer) -> Callable[..., Director]:
    def make(**options: Any) -> Director:
        return Director(server.url, **options)

    return make


@pytest.fixture
def answer() -> type[Answer]:
    return Answer
