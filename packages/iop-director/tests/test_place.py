"""Where a director works is said by one source, and never guessed."""

from __future__ import annotations

from pathlib import Path

import pytest

from iop_core.errors import ConfigurationError, UnknownPluginError
from iop_core.plugins import PluginRegistry
from iop_core.remote_settings import RemoteSettings
from iop_director import Director
from iop_director.place import Place, choose_place
from iop_director.remote_settings import read_remote_settings


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("URL", "NAMESPACE", "SETTINGS", "USERNAME", "PASSWORD", "TOKEN", "VERIFY_SSL", "TIMEOUT"):
        monkeypatch.delenv(f"IOP_{name}", raising=False)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    settings = tmp_path / "settings.py"
    settings.write_text("raise SystemExit\nREMOTE_SETTINGS = {'url': 'https://host:1', 'namespace': 'FILE'}\n")
    return settings


def test_precedence(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert choose_place() == Place(RemoteSettings("local:"), "the default")
    monkeypatch.setenv("IOP_SETTINGS", str(file))
    monkeypatch.setenv("IOP_NAMESPACE", "ENV")
    # A file is one source as a whole: its namespace beats the one of the environment.
    assert (choose_place().url, choose_place().namespace) == ("https://host:1", "FILE")
    assert choose_place(namespace="GIVEN").namespace == "GIVEN"
    other = file.with_name("other.py")
    other.write_text("REMOTE_SETTINGS = {'url': 'iris://other'}")
    assert (choose_place(remote_settings=other).url, choose_place(remote_settings=other).namespace) == (
        "iris://other",
        "USER",
    )
    monkeypatch.setenv("IOP_URL", "local:env")
    assert (choose_place(remote_settings=other).url, choose_place().namespace) == ("local:env", "ENV")
    assert choose_place("local:given").url == "local:given"


@pytest.mark.parametrize(
    "text",
    [
        "REMOTE_SETTINGS = {'url': 'http://a'}",
        "REMOTE_SETTINGS: dict = {'url': 'http://a'}",
        "A = REMOTE_SETTINGS = {'url': 'http://a'}",
        "REMOTE_SETTINGS = {'url': 'http' '://a'}",
        "REMOTE_SETTINGS = {'url': 'http://b'}\nREMOTE_SETTINGS = {'url': 'http://a'}",
    ],
)
def test_settings_are_read_without_being_run(tmp_path: Path, text: str) -> None:
    file = tmp_path / "settings.py"
    file.write_text(text)
    assert read_remote_settings(file) == RemoteSettings("http://a")


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "is missing"),
        ("if True:\n    REMOTE_SETTINGS = {'url': 'http://a'}", "top level"),
        ("REMOTE_SETTINGS = dict(url='http://a')", "plain values"),
        ("import os\nREMOTE_SETTINGS = {'url': os.environ['SECRET']}", "plain values"),
        ("REMOTE_SETTINGS = {'username': 'secret'}", "'url'"),
        ("REMOTE_SETTINGS = {'url': ''}", "'url'"),
        ("REMOTE_SETTINGS = {'url': 5}", "'url'"),
        ("REMOTE_SETTINGS = ['secret']", "'url'"),
        ("REMOTE_SETTINGS = {'url': 'http://me:secret@a'}", "holds a user or password"),
        ("REMOTE_SETTINGS = {'url': 'http://a?secret'}", "goes on after"),
        ("REMOTE_SETTINGS = {'url': 'http://a', 'verify_ssl': 'maybe'}", "neither true nor false"),
        ("REMOTE_SETTINGS = {'url': 'http://a', 'timeout_seconds': 0}", "above 0"),
        ("REMOTE_SETTINGS = {'url': 'http://a', 'pasword': 'secret'}", "did you mean 'password'"),
        ("REMOTE_SETTINGS = {", "not Python"),
        ("\0", "not Python"),
    ],
)
def test_settings_that_cannot_be_used_are_an_error(tmp_path: Path, text: str, match: str) -> None:
    file = tmp_path / "settings.py"
    file.write_text(text)
    with pytest.raises(ConfigurationError, match=match) as caught:
        choose_place(remote_settings=file)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_file_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IOP_SETTINGS", str(tmp_path / "missing.py"))
    with pytest.raises(ConfigurationError, match=r"missing\.py"):
        Director(plugins=PluginRegistry(discover=False))


def test_address_of_a_server_names_the_package_that_is_needed(file: Path) -> None:
    with pytest.raises(UnknownPluginError, match="pip install iop-backend-rest"):
        Director(remote_settings=file, plugins=PluginRegistry(discover=False))


def test_login_of_the_environment_beats_that_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "settings.py"
    file.write_text("REMOTE_SETTINGS = {'url': 'http://a', 'username': 'file', 'password_env': 'PW', 'token': 'T'}")
    monkeypatch.setenv("PW", "from the variable")
    assert choose_place(remote_settings=file).settings.password_value() == "from the variable"
    monkeypatch.setenv("IOP_USERNAME", "me")
    monkeypatch.setenv("IOP_PASSWORD", "hunter2")
    found = choose_place(remote_settings=file).settings
    assert (found.username, found.password_value(), found.token_value()) == ("me", "hunter2", "")
    assert "hunter2" not in repr(found)


@pytest.mark.parametrize(("text", "expected"), [("0", False), ("no", False), ("OFF", False), ("true", True)])
def test_words_for_checking_certificates(text: str, expected: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IOP_VERIFY_SSL", text)
    assert choose_place("https://a").settings.verify_ssl is expected


@pytest.mark.parametrize(("name", "value"), [("IOP_VERIFY_SSL", "perhaps"), ("IOP_TIMEOUT", "soon")])
def test_wrong_variable_is_named(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=name):
        choose_place("https://a")


def test_address_with_a_password_is_refused_without_showing_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IOP_URL", "http://bob:hunter2@host")
    with pytest.raises(ConfigurationError, match="IOP_URL holds a user or password") as caught:
        choose_place()
    assert "hunter2" not in str(caught.value)
