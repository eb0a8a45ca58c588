"""The functions of earlier versions do what their names say, all of it or nothing."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

import iop_migrate.migration as migration
from iop_core.errors import ConfigurationError, IopError
from iop_migrate import Utils, bindings
from iop_migrate import migration_calls as calls

BO = """
from dataclasses import dataclass

from iop_core.messages import Message
from iop_core.operations import BusinessOperation
from iop_core.persistent.messages import PersistentMessage


@dataclass
class Order(Message):
    number: int = 0


class Kept(PersistentMessage):
    number: int = 0


class Out(BusinessOperation):
    pass
"""

PRODUCTION = """
import called_bo
from iop_production import Production

production = Production("Demo.Called")
production.operation("Out", called_bo.Out)
PRODUCTIONS = [production]
"""


@pytest.fixture(autouse=True)
def everywhere(director: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the functions without a director find the one of the test."""
    for module in (bindings, migration, calls):
        monkeypatch.setattr(module, "Director", lambda **_: director)


@pytest.fixture
def loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module of a project, imported as by a program."""
    (tmp_path / "called_bo.py").write_text(BO)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "called_bo", raising=False)
    import called_bo  # type: ignore[import-not-found]

    yield called_bo
    sys.modules.pop("called_bo", None)


def test_migrate_and_explain(project: Any, deployments: Any, capsys: pytest.CaptureFixture[str]) -> None:
    file = project(called_bo=BO, called_settings=PRODUCTION)
    settings = str(file.with_name("called_settings.py"))
    text = calls.explain_migration(settings)
    assert text.startswith(f"Migration plan: {settings}\n")
    assert deployments.production_names() == []
    calls.migrate(settings, "REMOTE", None, False)
    printed = capsys.readouterr().out
    assert "Mode: REMOTE\n" in printed
    assert printed.endswith(f"{settings}\n")
    assert deployments.production_names() == ["Demo.Called"]
    with pytest.raises(ConfigurationError, match="mode 'SIDEWAYS'"):
        calls.migrate(settings, "SIDEWAYS")


def test_file_that_a_server_got_is_deployed_there(project: Any, deployments: Any) -> None:
    remote = "REMOTE_SETTINGS = {'url': 'https://127.0.0.1:1'}\n"
    file = project(called_bo=BO, called_settings=remote + PRODUCTION)
    calls.migrate(str(file.with_name("called_settings.py")), "REMOTE", None, False)
    assert deployments.production_names() == ["Demo.Called"]


def test_without_a_file_the_module_settings_is_meant(
    tmp_path: Path, deployments: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "called_bo.py").write_text(BO)
    (tmp_path / "settings.py").write_text(PRODUCTION)
    monkeypatch.delitem(sys.modules, "settings", raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))
    calls.migrate(None, "LOCAL")
    assert deployments.production_names() == ["Demo.Called"]


def test_sections(loaded: Any, deployments: Any, tmp_path: Path) -> None:
    folder = str(Path(loaded.__file__).parent)
    calls.set_classes_settings({"Python.Out": {"module": "called_bo", "class": "Out", "path": "."}}, folder)
    assert [each.iris_name for each in deployments.components()] == ["Python.Out"]
    with pytest.raises(IopError, match=r"PRODUCTIONS\[1\]"):
        calls.set_productions_settings([{"Demo.A": {}}, "wrong"], folder)
    assert deployments.production_names() == []
    given = [{"Demo.A": {"Item": {"@Name": "Python.Out", "@ClassName": loaded.Out}, "ActorPoolSize": 3}}]
    kept = {name: dict(body["Item"]) for entry in given for name, body in entry.items()}
    calls.set_productions_settings(given, folder)
    assert given == [{"Demo.A": {"Item": kept["Demo.A"], "ActorPoolSize": 3}}]  # what was given is left as it is
    assert deployments.production_names() == ["Demo.A"]


def test_schemas(loaded: Any, deployments: Any) -> None:
    calls.register_message_schema(loaded.Order)
    assert json.loads(deployments.schemas()["called_bo.Order"])["title"] == "Order"
    calls.register_schema("a.B", '{"type": "object"}', "a.B")
    assert deployments.schemas()["a.B"] == '{"type": "object"}'
    for name, text, category in (("a.B", "{", ""), ("a.B", "[]", ""), ("", "{}", ""), ("a.B", "{}", "other")):
        with pytest.raises(ConfigurationError):
            calls.register_schema(name, text, category)


def test_persistent_messages(loaded: Any, deployments: Any) -> None:
    calls.register_persistent_message(loaded.Kept, "Demo.Kept", False)
    assert [(each.iris_name, each.kind) for each in deployments.components()] == [("Demo.Kept", "PersistentMessage")]
    for wrong, name in ((loaded.Out, "Demo.Out"), (loaded.Kept, "no name!")):
        with pytest.raises(IopError):
            calls.register_persistent_message(wrong, name)
    assert len(deployments.components()) == 1


def test_productions_as_xml(deployments: Any) -> None:
    xml = calls.dict_to_xml({"Demo.X": {"@Name": "Demo.X", "Item": [{"@Name": "I", "@ClassName": "X.Y"}]}})
    assert json.loads(calls.xml_to_json(xml))["Demo.X"]["Item"][0]["@Name"] == "I"
    calls.register_production("Demo.X", xml)
    assert json.loads(calls.export_production("Demo.X"))["Demo.X"]["Item"][0]["@ClassName"] == "X.Y"
    with pytest.raises(IopError):
        calls.register_production("Demo.X", "<no/>")


@pytest.mark.parametrize(
    ("module", "expected"),
    [("m", "/p/q/m.py"), ("a.b", "/p/q/a/b.py"), (".m", "/p/q/m.py"), ("..m", "/p/m.py"), ("m.py", "/p/q/m.py")],
)
def test_guessed_paths(module: str, expected: str) -> None:
    assert calls.guess_path(module, "/p/q") == expected


@pytest.mark.parametrize("module", ["", "..", "a..b"])
def test_path_of_no_module(module: str) -> None:
    with pytest.raises(ValueError, match="name of a module"):
        calls.guess_path(module, "/p/q")


def test_statuses() -> None:
    for fine in (1, "1", None):
        calls.raise_on_error(fine)
    with pytest.raises(RuntimeError, match=r"^no room"):
        calls.raise_on_error("0 \x00\x02no\x01 room")


def test_texts() -> None:
    assert calls.format_migration_success("/p/s.py") == "Migration succeeded: /p/s.py"
    assert calls.format_migration_success("/p/s.py", "USER") == "Migration succeeded in namespace USER: /p/s.py"


def test_utils_has_all_of_them() -> None:
    functions = {name for name in calls.__all__ if name[0].islower()}
    assert functions == {name for name in vars(Utils) if not name.startswith("_")}
    with pytest.warns(DeprecationWarning, match=r"iop\.Utils\.guess_path is .* use iop\.migration\.utils\.guess_path"):
        assert Utils.guess_path("m", "/p") == "/p/m.py"
