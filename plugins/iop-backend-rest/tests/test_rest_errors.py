"""Whatever goes wrong on the way is one line that says what, never a success and never a secret."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from iop_core.errors import (
    BackendUnavailableError,
    ConfigurationError,
    IopError,
    LifeCycleError,
    RefusedTestError,
    SettingError,
)
from iop_core.server_errors import AccessDeniedError, ServerError
from iop_director import Director

Make = Callable[..., Director]


@pytest.mark.parametrize(
    ("content", "status", "kind", "error", "text"),
    [
        ({"error": "X"}, 500, "application/json", ServerError, r"/api/iop/status: X \(500\)$"),
        ({"error": ""}, 500, "application/json", ServerError, "'error': ''"),
        ({"message": "no"}, 404, "application/json", ServerError, r"no \(404\)$"),
        (["x"], 500, "application/json", ServerError, r"\['x'\]"),
        (b"", 401, "text/plain", AccessDeniedError, "401: Unauthorized.*IOP_USERNAME"),
        ({"error": "no"}, 403, "application/json", AccessDeniedError, r"not allowed for this user \(403: no\)"),
        ({"errors": [{"error": "A"}, {"error": "B"}], "summary": ""}, 500, "application/json", ServerError, "A; B"),
        (b"<html>", 404, "text/html", ServerError, "Not Found; is that the address"),
        (b"busy", 503, "text/plain", BackendUnavailableError, r"busy \(503\)"),
        ({"error": "slow down"}, 429, "application/json", BackendUnavailableError, "slow down"),
        ({"error": "no", "code": "wrong-state"}, 409, "application/json", LifeCycleError, "no$"),
        ({"error": "no", "code": "testing-disabled"}, 409, "application/json", RefusedTestError, "no$"),
        ({"error": "none", "code": "not-running"}, 409, "application/json", BackendUnavailableError, "none$"),
        ({"error": "soft"}, 200, "application/json", ServerError, "soft$"),
        (b"<html>", 200, "text/html", ServerError, "text/html instead of JSON; is that the address"),
        (b"", 204, "text/plain", ServerError, "instead of JSON"),
        ([], 200, "application/json", IopError, "a list instead of an object"),
        (b"a\nb\x1b[31m", 500, "text/plain", ServerError, r"a b \[31m"),
    ],
)
def test_answers_that_are_errors(
    content: Any, status: int, kind: str, error: type[IopError], text: str, server: Any, director: Make, answer: Any
) -> None:
    server.answers["GET /status"] = answer(content, status, kind)
    with pytest.raises(error, match=text) as caught:
        director().status_production()
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert getattr(caught.value, "status", status) == status


def test_redirection_is_not_followed(server: Any, director: Make, answer: Any) -> None:
    server.answers["GET /status"] = answer(b"", 302, headers={"Location": "http://elsewhere.example/"})
    with pytest.raises(ServerError, match="sends us on to http://elsewhere"):
        director().status_production()
    assert len(server.asked) == 1


def test_nobody_there() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(BackendUnavailableError, match=rf"{url} cannot be reached: .*refused"):
            Director(url).status_production()


def test_time_out_says_that_it_may_be_done_all_the_same(
    server: Any, director: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = threading.Event()

    def late(_: object) -> dict[str, object]:
        over.wait(20)
        return {}

    server.answers["POST /kill"] = late
    monkeypatch.setenv("IOP_TIMEOUT", "0.2")
    try:
        with pytest.raises(BackendUnavailableError, match=r"no answer within 0\.2 s; what was asked may still be done"):
            director().shutdown_production()
    finally:
        over.set()


def test_address_of_http_called_with_https(server: Any) -> None:
    with pytest.raises(BackendUnavailableError, match="does not speak TLS as we do"):
        Director(server.url.replace("http:", "https:")).status_production()


def test_secret_never_shows_up(
    server: Any, director: Make, answer: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("IOP_USERNAME", "me")
    monkeypatch.setenv("IOP_PASSWORD", "hunter2-canary")
    server.answers["GET /status"] = answer({"error": "no"}, 401)
    with pytest.raises(AccessDeniedError) as caught:
        director().status_production()
    shown = f"{caught.value!r} {director().backend!r} {vars(director().backend)} {caplog.text}"
    assert "hunter2-canary" not in shown


def test_login_over_an_open_network_is_warned_of(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, server: Any
) -> None:
    monkeypatch.setenv("IOP_USERNAME", "me")
    Director(server.url)
    assert not caplog.records
    Director("http://server.example:80")
    assert "unprotected" in caplog.text


def test_no_proxy_is_asked_for_this_machine(server: Any, director: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    server.answers["GET /status"] = {"production": "Demo.P", "status": "running"}
    assert director().status().production == "Demo.P"
    with pytest.raises(BackendUnavailableError, match="cannot be reached"):
        Director("http://server.example").status()


def test_password_that_is_not_there(tmp_path: Path) -> None:
    file = tmp_path / "settings.py"
    file.write_text("REMOTE_SETTINGS = {'url': 'https://h', 'username': 'u', 'password_env': 'NO_SUCH_VARIABLE'}")
    with pytest.raises(SettingError, match="NO_SUCH_VARIABLE"):
        Director(remote_settings=file)


@pytest.fixture
def tls(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Give the address of a server with a certificate that nobody knows, and the file of who vouches for it."""
    authority = trustme.CA()
    certificate = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            try:
                with context.wrap_socket(plain, server_side=True) as connection:
                    connection.recv(65536)
                    body = b'{"production": "Demo.P", "status": "running"}'
                    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
                    connection.sendall(head.encode() + body)
            except OSError:
                plain.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"https://localhost:{listener.getsockname()[1]}", certificate
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


def test_certificates_are_checked_unless_said_otherwise(
    tls: tuple[str, Path], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    url, certificate = tls
    with pytest.raises(BackendUnavailableError, match=f"certificate of {url} cannot be trusted: .*IOP_VERIFY_SSL"):
        Director(url).status_production()
    monkeypatch.setenv("IOP_VERIFY_SSL", str(certificate))
    assert Director(url).status().production == "Demo.P"
    assert not caplog.records
    monkeypatch.setenv("IOP_VERIFY_SSL", "off")
    assert Director(url).status().production == "Demo.P"
    assert "is not checked" in caplog.text


def test_file_that_holds_no_certificates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("nothing")
    monkeypatch.setenv("IOP_VERIFY_SSL", str(file))
    with pytest.raises(ConfigurationError, match=r"ca\.pem' cannot be used"):
        Director("https://localhost:1")
