"""What of a project is sent to a server, and what never is."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iop_core.errors import SettingsFileError
from iop_core.remote_settings import RemoteSettings
from iop_migrate.project_files import collect_project, without_remote_settings


def test_source_goes_and_nothing_else(tmp_path: Path) -> None:
    for name in (
        "settings.py", "b.py", "pkg/y.cls", "pkg/deep/x.py", ".env.py", ".git/hook.py", ".venv/lib/z.py", "my_env/m.py",
        "my_env/pyvenv.cfg", "pkg/__pycache__/c.py", "data.json", "tests/test_b.py", "keys_local.py",
    ):  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / ".iopignore").write_text("# not for others\ntests/\n*_local.py\n")
    (tmp_path / "outside.py").symlink_to("/etc/hostname")
    found = collect_project(tmp_path / "settings.py", None)
    assert [name for name, _ in found.files] == ["b.py", "settings.py", "pkg/y.cls", "pkg/deep/x.py"]
    assert (found.settings_file, found.package, found.remote_folder) == ("settings.py", "python", "")


def test_login_is_left_out(tmp_path: Path) -> None:
    file = tmp_path / "settings.py"
    file.write_text("REMOTE_SETTINGS = {'url': 'http://h', 'password': 'hunter2'}\n")
    settings = RemoteSettings("http://h", password="hunter2", package="pk", remote_folder="/opt/x")
    found = collect_project(file, settings, strict=True)
    assert found.files == (("settings.py", "REMOTE_SETTINGS = None\n"),)
    assert (found.package, found.remote_folder, found.strict) == ("pk", "/opt/x", True)
    (tmp_path / "other.py").write_text("again = 'hunter2'\n")
    with pytest.raises(SettingsFileError, match=r"other\.py holds the password") as caught:
        collect_project(file, settings)
    assert "hunter2" not in str(caught.value)
    assert collect_project(file, RemoteSettings("http://h", password="env:again"))


def test_file_that_is_no_utf8_is_named(tmp_path: Path) -> None:
    (tmp_path / "settings.py").write_text("")
    (tmp_path / "latin.py").write_bytes("# \u00e9\n".encode("latin-1"))
    with pytest.raises(SettingsFileError, match=r"latin\.py is no UTF-8 text .* at byte 2"):
        collect_project(tmp_path / "settings.py", None)


@pytest.mark.parametrize(
    "source",
    [
        "A = REMOTE_SETTINGS = {'p': 'SECRET'}; B = 1\nC = 2\n",
        "\u00e9 = 1; REMOTE_SETTINGS: dict = {\n 'p':\n 'SECRET' # SECRET\n}\nC = 2\n",
        "if True:\n    REMOTE_SETTINGS = ({'p':\n    'SECRET'})\nC = 2\n",
        "REMOTE_SETTINGS = dict(\n  p='SECRET',\n)\r\nC = 2\r\n",
        "REMOTE_SETTINGS = {'p': 'SECRET'}\nREMOTE_SETTINGS = {'p': 'SECRET'}\nC = 2",
    ],
)
def test_section_is_emptied_in_place(source: str) -> None:
    found = without_remote_settings(source)
    assert "SECRET" not in found
    assert ast.parse(found).body[-1].lineno == ast.parse(source).body[-1].lineno
    names: dict[str, object] = {}
    exec(compile(found, "settings", "exec"), names)
    assert (names["REMOTE_SETTINGS"], names["C"]) == (None, 2)


@given(st.text(st.characters(codec="utf-8"), max_size=20))
def test_other_source_stays_as_it_is(text: str) -> None:
    source = f"A = {text!r}\n"
    assert without_remote_settings(source) == source
