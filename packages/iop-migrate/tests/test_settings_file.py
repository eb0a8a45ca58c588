"""Settings files: what they give, and what is said when they cannot be used."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from iop_core.errors import SettingsFileError
from iop_migrate import Settings, choose_production, load_settings, unload_settings
from iop_production import Production

HEAD = "from iop_production import Production\n"

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file below the temporary directory and return its path."""

    def write_file(text: str, name: str = "orders_settings.py") -> Path:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    return write_file


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """Put the import state back, so that no test depends on another."""
    path, names = list(sys.path), set(sys.modules)
    yield
    for module in [module for name, module in sys.modules.items() if name not in names]:
        unload_settings(Settings(Path(), (), module))
    assert sys.path == path


def names_of(settings: Settings) -> list[str]:
    return [production.name for production in settings.productions]


def test_productions_in_the_order_of_the_list(write: Write) -> None:
    file = write(HEAD + "PRODUCTIONS = [Production('B'), Production('A')]\n")
    settings = load_settings(file)
    assert names_of(settings) == ["B", "A"]
    assert settings.path == file
    assert settings.module.__name__ == "orders_settings"
    assert settings.module.__file__ == str(file)


def test_tuple_and_subclass_are_fine(write: Write) -> None:
    file = write(HEAD + "class Demo(Production):\n    name = 'Demo.P'\nPRODUCTIONS = (Demo, Production('B'))\n")
    assert names_of(load_settings(file)) == ["Demo.P", "B"]


def test_without_a_section_the_production_objects_of_the_module_count_once(write: Write) -> None:
    file = write(HEAD + "prod = Production('Hello')\nalias = prod\nother = Production('World')\n")
    assert names_of(load_settings(file)) == ["Hello", "World"]


def test_relative_path_starts_from_the_current_directory(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(HEAD + "PRODUCTIONS = [Production('A')]\n")
    monkeypatch.chdir(file.parent)
    assert load_settings("orders_settings.py").path == file


def test_module_and_its_neighbours_stay_importable(write: Write) -> None:
    file = write(HEAD + "import orders_eager\nclass Order: pass\nPRODUCTIONS = [Production(orders_eager.NAME)]\n")
    write("NAME = 'Eager'\n", "orders_eager.py")
    write("NAME = 'Late'\n", "orders_late.py")
    settings = load_settings(file)
    assert names_of(settings) == ["Eager"]
    assert sys.modules["orders_settings"] is settings.module
    assert f"{settings.module.Order.__module__}.{settings.module.Order.__qualname__}" == "orders_settings.Order"
    assert importlib.import_module("orders_late").NAME == "Late"


def test_unload_takes_out_what_came_in(write: Write) -> None:
    file = write(HEAD + "import orders_eager\nPRODUCTIONS = [Production('A')]\n")
    write("", "orders_eager.py")
    path, names = list(sys.path), set(sys.modules)
    settings = load_settings(file)
    assert sys.path[0] == str(file.parent)
    unload_settings(settings)
    assert sys.path == path
    assert "orders_eager" not in sys.modules
    assert set(sys.modules) == names
    unload_settings(settings)


def test_unload_keeps_installed_packages_below_the_folder(write: Write) -> None:
    file = write(HEAD + "import orders_installed\nPRODUCTIONS = [Production('A')]\n")
    write("", ".venv/lib/site-packages/orders_installed.py")
    sys.path.append(str(file.parent / ".venv/lib/site-packages"))
    try:
        unload_settings(load_settings(file))
        assert "orders_installed" in sys.modules
    finally:
        sys.path.pop()
        sys.modules.pop("orders_installed", None)


def test_loading_again_sees_changes_of_the_file_and_of_its_neighbours(write: Write) -> None:
    file = write(HEAD + "import orders_names\nPRODUCTIONS = [Production(orders_names.NAME)]\n")
    write("NAME = 'First'\n", "orders_names.py")
    assert names_of(load_settings(file)) == ["First"]
    write("NAME = 'Second one'\n", "orders_names.py")
    importlib.invalidate_caches()
    assert names_of(load_settings(file)) == ["Second one"]


def test_two_projects_with_files_of_the_same_names_do_not_mix(write: Write) -> None:
    text = HEAD + "import orders_names\nPRODUCTIONS = [Production(orders_names.NAME)]\n"
    first, second = write(text, "a/orders_settings.py"), write(text, "b/orders_settings.py")
    write("NAME = 'A'\n", "a/orders_names.py")
    write("NAME = 'B'\n", "b/orders_names.py")
    assert names_of(load_settings(first)) == ["A"]
    assert names_of(load_settings(second)) == ["B"]
    assert str(first.parent) not in sys.path


WRONG = {
    "syntax": ("x = 1\nif:\n", "{file}:2: invalid syntax"),
    "null": ("x = 1\0\n", "{file}"),
    "raises": (HEAD + "def f():\n    raise ValueError('no\\nkey')\nf()\n", "{file}:3: ValueError: no key"),
    "production": (HEAD + "p = Production('A')\np.connect('X.Y', 'Z')\n", "{file}:3: "),
    "import": (
        "import json\nimport no_such_module\n",
        "{file}:2: ModuleNotFoundError: No module named 'no_such_module'",
    ),
    "library": ("import json\n\njson.loads('{')\n", "{file}:3: JSONDecodeError: "),
    "exit": ("import sys\nsys.exit(3)\n", "{file}:2: the settings file ends the program (SystemExit 3)"),
    "nothing": ("x = 1\n", "{file} has no production; add a line: PRODUCTIONS = [production]"),
    "dictionary": ("PRODUCTIONS = {}\n", "{file}: PRODUCTIONS is a dict; write a list"),
    "bare": (HEAD + "PRODUCTIONS = Production('A')\n", "{file}: PRODUCTIONS is a Production; write a list"),
    "entry": (HEAD + "PRODUCTIONS = [Production('A'), 'B']\n", "{file}: PRODUCTIONS[1] is a str, not a Production"),
    "class": ("PRODUCTIONS = [int]\n", "{file}: PRODUCTIONS[0] is int, not a Production"),
    "duplicate": (
        HEAD + "PRODUCTIONS = [Production('A'), Production('B'), Production('A')]\n",
        "{file}: several productions have the same name: A",
    ),
    "near miss": (
        HEAD + "prod = Production('A')\nPRODUCTION = [prod]\n",
        "{file}: 'PRODUCTION' is no section of a settings file (did you mean 'PRODUCTIONS'?)",
    ),
    "lower case": (HEAD + "productions = [Production('A')]\n", "{file}: 'productions' is no section"),
    "other section": (
        HEAD + "CLASES = {}\nPRODUCTIONS = [Production('A')]\n",
        "{file}: 'CLASES' is no section of a settings file (did you mean 'CLASSES'?)",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_file_is_explained_in_one_line_and_leaves_nothing_behind(write: Write, case: str) -> None:
    text, expected = WRONG[case]
    file = write(text)
    path = list(sys.path)
    with pytest.raises(SettingsFileError) as caught:
        load_settings(file)
    assert str(caught.value).startswith(expected.format(file=file))
    assert "\n" not in str(caught.value)
    assert sys.path == path
    assert "orders_settings" not in sys.modules


def test_error_in_a_neighbour_names_the_line_that_imports_it(write: Write) -> None:
    file = write("import os\nimport orders_broken\n")
    write("x = (\n", "orders_broken.py")
    with pytest.raises(SettingsFileError, match=r"orders_settings.py:2: SyntaxError: .*orders_broken.py"):
        load_settings(file)


def test_failed_file_can_be_repaired_and_loaded(write: Write) -> None:
    file = write("import orders_helper\norders_helper.missing\n")
    write("missing_not = 1\n", "orders_helper.py")
    with pytest.raises(SettingsFileError, match="AttributeError"):
        load_settings(file)
    assert "orders_helper" not in sys.modules


def test_lower_case_lists_are_ordinary_variables(write: Write) -> None:
    file = write(HEAD + "productions = [Production('A')]\nclasses = {}\nPRODUCTIONS = productions\n")
    assert names_of(load_settings(file)) == ["A"]


@pytest.mark.parametrize("name", ["json.py", "colorsys.py", "iop_core.py", "pytest.py"])
def test_file_that_would_hide_a_module_is_refused(write: Write, name: str) -> None:
    file = write(HEAD + "PRODUCTIONS = [Production('A')]\n", name)
    before = sys.modules.get(file.stem)
    with pytest.raises(SettingsFileError, match=f"would hide the module '{file.stem}'"):
        load_settings(file)
    assert sys.modules.get(file.stem) is before


def test_missing_file_folder_and_other_files(tmp_path: Path) -> None:
    with pytest.raises(SettingsFileError, match="there is no file"):
        load_settings(tmp_path / "no.py")
    with pytest.raises(SettingsFileError, match="is a folder"):
        load_settings(tmp_path)
    (tmp_path / "settings.json").write_text("{}")
    with pytest.raises(SettingsFileError, match="is not a Python file"):
        load_settings(tmp_path / "settings.json")


def settings_with(*names: str) -> Settings:
    return Settings(Path("/p/orders.py"), tuple(Production(name) for name in names), sys)


def test_choose_the_only_one_or_by_name() -> None:
    assert choose_production(settings_with("A")).name == "A"
    assert choose_production(settings_with("A", "B"), "B").name == "B"


@pytest.mark.parametrize(
    ("names", "wanted", "text"),
    [
        ((), None, "PRODUCTIONS is empty"),
        (("Demo.A", "Demo.B"), None, "has several productions; choose one with --production: Demo.A, Demo.B"),
        (("Demo.A",), "Demo.a", r"has no production 'Demo.a' \(did you mean 'Demo.A'\?\); productions: Demo.A"),
        (("Demo.A",), "", "has no production ''"),
    ],
)
def test_choice_that_cannot_be_made(names: tuple[str, ...], wanted: str | None, text: str) -> None:
    with pytest.raises(SettingsFileError, match=text):
        choose_production(settings_with(*names), wanted)
