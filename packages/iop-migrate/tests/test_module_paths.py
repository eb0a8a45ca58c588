"""Modules and their files, in both directions."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iop_core.errors import ConfigurationError, SettingsFileError
from iop_migrate.module_paths import filename_to_module, guess_path, import_module_from_path

NAME = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)


# What ends in ".py" is read as the name of a file, so no module below another can be called "py".
@given(st.lists(NAME, min_size=1, max_size=4).filter(lambda parts: len(parts) == 1 or parts[-1] != "py"))
def test_file_of_a_name_has_that_name(parts: list[str]) -> None:
    name = ".".join(parts)
    assert filename_to_module(str(Path(guess_path(name, "/p")).relative_to("/p"))) == name


def test_names_of_packages_and_absolute_files() -> None:
    assert filename_to_module("demo/__init__.py") == "demo"
    assert filename_to_module("/src/demo/orders.py") == "orders"


@pytest.mark.parametrize("wrong", ["", "orders", "orders.txt", "my-orders.py", "../orders.py", "1/orders.py"])
def test_files_that_cannot_be_imported(wrong: str) -> None:
    with pytest.raises(ConfigurationError, match="no file that can be imported"):
        filename_to_module(wrong)


def test_file_is_imported_under_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "paths_orders", raising=False)
    file = tmp_path / "some orders.py"
    file.write_text("import sys\nKNOWN = sys.modules[__name__]\n")
    path_before = list(sys.path)
    module = import_module_from_path("paths_orders", str(file))
    assert module.KNOWN is module is sys.modules.pop("paths_orders")
    assert sys.path == path_before


def test_failed_import_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "orders.py"
    file.write_text("1 / 0\n")
    with pytest.raises(SettingsFileError, match="ZeroDivisionError: division by zero"):
        import_module_from_path("paths_orders", str(file))
    assert "paths_orders" not in sys.modules
    monkeypatch.setitem(sys.modules, "paths_orders", sys)
    with pytest.raises(SettingsFileError, match="ZeroDivisionError"):
        import_module_from_path("paths_orders", str(file))
    assert sys.modules["paths_orders"] is sys


@pytest.mark.parametrize(("path", "why"), [("orders.py", "is a relative path"), ("/no/such.py", "is no Python file")])
def test_path_that_cannot_be_used(path: str, why: str) -> None:
    with pytest.raises(SettingsFileError, match=why):
        import_module_from_path("paths_orders", path)
