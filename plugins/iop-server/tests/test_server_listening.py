"""Where the server listens, how it is started, and TLS."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import ssl
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import trustme
from click.testing import CliRunner

from iop_core.errors import BackendUnavailableError, ConfigurationError
from iop_server import Application, Listener, Role, ServerOptions, UserFile
from iop_server.commands.serve import serve as serve_command
from iop_server.commands.server import server as server_command
from iop_server.listening_rules import check_listening, is_loopback


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("LOCALHOST", True),
        ("0.0.0.0", False),
        ("::", False),
        ("", False),
        ("192.168.1.2", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("::ffff:8.8.8.8", False),
    ],
)
def test_loopback(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


@pytest.mark.parametrize("allow_remote", [True, False])
@pytest.mark.parametrize("has_login", [True, False])
@pytest.mark.parametrize("has_tls", [True, False])
@pytest.mark.parametrize("allow_plain", [True, False])
def test_others_reach_it_only_when_wanted_with_log_in_and_encrypted(
    allow_remote: bool, has_login: bool, has_tls: bool, allow_plain: bool
) -> None:
    rules = {
        "allow_remote": allow_remote, "has_login": has_login, "has_tls": has_tls, "allow_plain": allow_plain,
    }  # fmt: skip
    check_listening("127.0.0.1", **rules)
    if allow_remote and has_login and (has_tls or allow_plain):
        check_listening("0.0.0.0", **rules)
    else:
        with pytest.raises(ConfigurationError, match="other machines"):
            check_listening("0.0.0.0", **rules)


def test_command_refuses_before_it_listens(tmp_path: Path) -> None:
    for more in ([], ["--allow-remote"], ["--allow-remote", "--no-auth", "--allow-plain-http"]):
        arguments = ["--host", "0.0.0.0", "--port", "0", "--data-dir", str(tmp_path / "data"), *more]
        done = CliRunner().invoke(serve_command, arguments)
        assert isinstance(done.exception, ConfigurationError)
        assert not (tmp_path / "data").exists()


def test_taken_port_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        options = ServerOptions(None, tmp_path / "audit.jsonl", url=f"local://{tmp_path}")
        with pytest.raises(BackendUnavailableError, match="cannot listen on"):
            Listener(Application(options, None).asgi, "127.0.0.1", taken.getsockname()[1])


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`iop serve` in a process of its own, and its URL."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("IOP_")}
    command = [sys.executable, "-m", "iop_cli", "serve", "--port", "0", "--data-dir", str(tmp_path / "data")]
    process = subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+/api/iop", line)
        assert found, line
        yield process, found.group()
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_first_start_makes_a_user_and_shows_the_password_once(
    served: tuple[subprocess.Popen[str], str], tmp_path: Path, end: signal.Signals
) -> None:
    process, url = served
    assert process.stderr is not None
    told = process.stderr.readline()
    password = re.search(r"password (\S+)", told)
    assert password, told
    login = ("admin", password.group(1))
    assert httpx.get(f"{url}/status", auth=login, trust_env=False).json() == {"production": "", "status": "stopped"}
    assert httpx.get(f"{url}/status", trust_env=False).status_code == 401
    users = tmp_path / "data" / "server" / "users.json"
    assert password.group(1) not in users.read_text()
    assert "$argon2id$" in users.read_text()
    assert stat.S_IMODE(users.stat().st_mode) == 0o600

    # A name of somebody else that leads here is not answered.
    strange = httpx.get(f"{url}/status", auth=login, headers={"Host": "evil.example"}, trust_env=False)
    assert strange.status_code == 400
    process.send_signal(end)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (0, "Stopped serving.\n", "")


def test_users_are_added_listed_and_removed(tmp_path: Path) -> None:
    file = tmp_path / "users.json"

    def run(*arguments: str, given: str = "") -> str:
        done = CliRunner().invoke(server_command, [*arguments, "--users-file", str(file)], input=given)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.output

    assert run("user", "add", "ann", "--role", "operator", "--password-stdin", given="a-password\n") == (
        "ann is operator now.\n"
    )
    assert run("user", "add", "bob", "--tokens-only") == "bob is viewer now.\n"
    token = run("token", "add", "bob", "--label", "script").strip()
    assert json.loads(run("user", "list", "--json")) == [
        {"name": "ann", "role": "operator", "tokens": []},
        {"name": "bob", "role": "viewer", "tokens": ["script"]},
    ]
    users = UserFile(file)
    assert users.find_by_password("ann", "a-password") is not None
    assert users.find_by_password("bob", "") is None
    found = users.find_by_token(token)
    assert found is not None
    assert found.role is Role.VIEWER
    # A new role keeps the tokens.
    run("user", "add", "bob", "--role", "deployer", "--tokens-only")
    assert UserFile(file).find_by_token(token).role is Role.DEPLOYER  # type: ignore[union-attr]
    run("token", "remove", "bob", "--label", "script")
    assert users.find_by_token(token) is None
    run("user", "remove", "ann")
    assert [user.name for user in users.users()] == ["bob"]
    for wrong, text in [
        (("user", "remove", "bobb"), "did you mean 'bob'"),
        (("user", "add", "a:b", "--tokens-only"), "cannot be the name"),
        (("token", "add", "ann"), "no user 'ann'"),
        (("token", "remove", "bob", "--label", "x"), "no token 'x'"),
    ]:
        with pytest.raises(ConfigurationError, match=text):
            run(*wrong)
    with pytest.raises(ConfigurationError, match="shorter than 8"):
        run("user", "add", "eve", "--password-stdin", given="short\n")


def test_spoilt_users_file_lets_nobody_in(tmp_path: Path) -> None:
    file = tmp_path / "users.json"
    users = UserFile(file)
    users.add("ann", Role.VIEWER, "a-password")
    for text in ("{", "[]", '{"users": {"ann": {"role": "king"}}}', '{"users": {"ann": {"rolle": "viewer"}}}'):
        file.write_text(text)
        with pytest.raises(ConfigurationError):
            users.find_by_password("ann", "a-password")


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path, ssl.SSLContext]:
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    chain.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    key.write_bytes(issued.private_key_pem.bytes())
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return chain, key, context


def test_tls(tmp_path: Path, certificate: tuple[Path, Path, ssl.SSLContext]) -> None:
    chain, key, context = certificate
    options = ServerOptions(None, tmp_path / "audit.jsonl", url=f"local://{tmp_path}/data")
    application = Application(options, None).asgi
    with Listener(application, "127.0.0.1", 0, certificate=chain, key=key) as listener:
        assert listener.url.startswith("https://")
        with httpx.Client(verify=context, trust_env=False) as client:
            assert client.get(f"{listener.url}/api/iop/version").status_code == 200
        with httpx.Client(trust_env=False) as stranger, pytest.raises(httpx.ConnectError, match=r"(?i)certificate"):
            stranger.get(f"{listener.url}/api/iop/version")
        with httpx.Client(trust_env=False) as plain, pytest.raises(httpx.RemoteProtocolError):
            plain.get(listener.url.replace("https", "http"))


def test_certificate_that_cannot_be_used_is_told(
    tmp_path: Path, certificate: tuple[Path, Path, ssl.SSLContext]
) -> None:
    chain, key, _ = certificate
    options = ServerOptions(None, tmp_path / "audit.jsonl", url=f"local://{tmp_path}/data")
    application = Application(options, None).asgi
    other = trustme.CA().issue_cert("127.0.0.1").private_key_pem
    other.write_to_path(str(tmp_path / "other.pem"))
    for wrong in ((tmp_path / "missing.pem", None), (chain, None), (chain, tmp_path / "other.pem"), (key, key)):
        with pytest.raises(ConfigurationError, match="cannot be used"):
            Listener(application, "127.0.0.1", 0, certificate=wrong[0], key=wrong[1])


def test_namespaces_and_prefix(tmp_path: Path) -> None:
    options = ServerOptions(
        None, tmp_path / "audit.jsonl", url=f"local://{tmp_path}/data", namespaces=("ONE", "TWO"), path_prefix="/front"
    )
    with Listener(Application(options, None).asgi, "127.0.0.1", 0) as listener:
        with httpx.Client(base_url=f"{listener.url}/front/api/iop/", trust_env=False) as client:
            assert client.get("status", params={"namespace": "two"}).status_code == 200
            unknown = client.get("status", params={"namespace": "THREE"})
            assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown-namespace")
            assert "/front/api/iop/status" in client.get("openapi.json").json()["paths"]
