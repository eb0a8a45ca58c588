"""Settings files that are wrong: one line that names file, section and key, and nothing is written."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from iop_core.errors import SettingsFileError
from iop_director import Director
from iop_migrate import migrate

Project = Callable[..., Path]

# Each file begins with something that is right: it must not be written either.
HEAD = """
from dataclasses import dataclass
from types import SimpleNamespace
from iop_core import BusinessOperation, BusinessService, Message, PersistentMessage, PickleMessage, setting
from iop_production import Production
import wrong_parts as parts

class Operation(BusinessOperation):
    pass
class Event(PersistentMessage):
    class Meta:
        classname = "Demo.Event"
@dataclass
class Plain(Message):
    text: str = ""
@dataclass
class Pickled(PickleMessage):
    text: str = ""
class Odd(BusinessOperation):
    Limit: int = "many"
def local_class():
    class Local(BusinessOperation):
        pass
    return Local
def with_adapters():
    production = Production("Demo.Two")
    production.service("A", parts.Service, adapter_class=parts.First)
    production.service("B", parts.Service, adapter_class=parts.Second)
    return production
class Right(BusinessOperation):
    pass
right = Production("Demo.Right")
CLASSES = {"Demo.Right": Right}
PRODUCTIONS = [right]
"""
PARTS = """
from iop_core import BusinessOperation, BusinessService, InboundAdapter
class Service(BusinessService): pass
class First(InboundAdapter): pass
class Second(InboundAdapter): pass
class Under_Score(BusinessOperation): pass
class UnderScore(BusinessOperation): pass
"""
ITEM = "PRODUCTIONS = [right, {'Demo.P': {'Item': [{'@Name': 'A', '@ClassName': 'Demo.A'}, %s]}}]"

WRONG = {
    # The file itself.
    "syntax": ("CLASSES = {\n", "{file}:{line}: '{{' was never closed"),
    "raises": ("1 / 0\n", "{file}:{line}: ZeroDivisionError: division by zero"),
    "missing import": (
        "import no_such_module\n",
        "{file}:{line}: ModuleNotFoundError: No module named 'no_such_module'",
    ),
    "ends the program": ("raise SystemExit(3)\n", "{file}:{line}: the settings file ends the program (SystemExit 3)"),
    "misspelt section": (
        "SCHEMA = [Plain]\n",
        "{file}: 'SCHEMA' is no section of a settings file (did you mean 'SCHEMAS'?)",
    ),
    # CLASSES
    "classes a list": ("CLASSES = [Operation]\n", "{file}: CLASSES is a list; write a dict"),
    "key no text": ("CLASSES[5] = Operation\n", "{file}: CLASSES[5]: the key has to be the name of the class on IRIS"),
    "key empty": ("CLASSES[''] = Operation\n", "{file}: CLASSES['']: '' is no name of a class on IRIS"),
    "key malformed": ("CLASSES['bad name!'] = Operation\n", "{file}: CLASSES['bad name!']: 'bad name!' is no name"),
    "key without package": (
        "CLASSES['Operation'] = Operation\n",
        "{file}: CLASSES['Operation']: 'Operation' is no name",
    ),
    "value a text": (
        "CLASSES['Demo.A'] = 'Operation'\n",
        "{file}: CLASSES['Demo.A'] is a str: 'Operation'; give a class",
    ),
    "value an instance": ("CLASSES['Demo.A'] = Operation()\n", "{file}: CLASSES['Demo.A'] is a Operation: <"),
    "no component": (
        "CLASSES['Demo.A'] = dict\n",
        "{file}: CLASSES['Demo.A'] is builtins.dict, which derives from none",
    ),
    "base class": (
        "CLASSES['Demo.A'] = BusinessOperation\n",
        "{file}: CLASSES['Demo.A'] is iop_core.operations.Business",
    ),
    "plain message": ("CLASSES['Demo.A'] = Plain\n", "{file}: CLASSES['Demo.A'] is a message that is not persistent"),
    "other classname": (
        "CLASSES['Demo.A'] = Event\n",
        "{file}: CLASSES['Demo.A']: wrong_settings.Event has Meta.classname",
    ),
    "names differ by case": (
        "CLASSES['DEMO.right'] = Operation\n",
        "{file}: CLASSES['DEMO.right']: 'DEMO.right' would stand for wrong_settings.Operation, and stands for",
    ),
    "class in a function": (
        "CLASSES['Demo.A'] = local_class()\n",
        "{file}: CLASSES['Demo.A']: wrong_settings.local_class.",
    ),
    "setting of a wrong type": (
        "CLASSES['Demo.A'] = Odd\n",
        "{file}: CLASSES['Demo.A']: Failed to build settings metadata",
    ),
    "no path": ("CLASSES['Demo.A'] = {'module': 'parts', 'class': 'A'}\n", "{file}: CLASSES['Demo.A'] has no 'path'"),
    "unknown key": (
        "CLASSES['Demo.A'] = {'modul': 'parts', 'path': '.'}\n",
        "{file}: CLASSES['Demo.A'] has the key 'modul' (did you mean 'module'?)",
    ),
    "half a description": (
        "CLASSES['Demo.A'] = {'module': 'parts', 'path': '.'}\n",
        "{file}: CLASSES['Demo.A'] has the keys module, path; give",
    ),
    "path no text": ("CLASSES['Demo.A'] = {'path': 5}\n", "{file}: CLASSES['Demo.A']: 'path' is 5, not a text"),
    "path missing": ("CLASSES['Demo.A'] = {'path': 'nowhere'}\n", "{file}: CLASSES['Demo.A']: there is no folder"),
    "module missing": (
        "CLASSES['Demo.A'] = {'module': 'wrong_none', 'class': 'A', 'path': '.'}\n",
        "{file}: CLASSES['Demo.A']: module 'wrong_none' in '{folder}' cannot be imported: ModuleNotFoundError: ",
    ),
    "module fails": (
        "CLASSES['Demo.A'] = {'module': 'wrong_import', 'class': 'A', 'path': '.'}\n",
        "{file}: CLASSES['Demo.A']: module 'wrong_import' in '{folder}' cannot be imported: ValueError: two lines",
    ),
    "class missing": (
        "CLASSES['Demo.A'] = {'module': 'wrong_parts', 'class': 'Servce', 'path': '.'}\n",
        "{file}: CLASSES['Demo.A']: module 'wrong_parts' has no class 'Servce' (did you mean 'Service'?)",
    ),
    "file missing": (
        "CLASSES['A'] = {'file': 'no.py', 'path': '.'}\n",
        "{file}: CLASSES['A']: there is no file 'no.py'",
    ),
    "package missing": (
        "CLASSES['A'] = {'package': 'no', 'path': '.'}\n",
        "{file}: CLASSES['A']: there is no package 'no'",
    ),
    "scanned file no Python": (
        "CLASSES['A'] = {'path': 'broken'}\n",
        "{file}: CLASSES['A']: {folder}/broken/bad.py:1: ",
    ),
    "scanned names meet": (
        "CLASSES['Python'] = parts\n",
        "{file}: CLASSES['Python']: 'Python.wrongparts.UnderScore' would stand for wrong_parts.UnderScore, and",
    ),
    "two modules of one name": (
        "CLASSES['Demo.A'] = {'module': 'wrong_parts', 'class': 'X', 'path': 'other'}\n",
        "{file}: CLASSES['Demo.A']: module 'wrong_parts' is to come from '{folder}/other', but '{folder}' has one",
    ),
    # SCHEMAS
    "schemas a dict": ("SCHEMAS = {}\n", "{file}: SCHEMAS is a dict; write a list"),
    "schema no message": (
        "SCHEMAS = [Plain, Operation]\n",
        "{file}: SCHEMAS[1] is <class 'wrong_settings.Operation'>; give",
    ),
    "schema persistent": ("SCHEMAS = [Event]\n", "{file}: SCHEMAS[0]: wrong_settings.Event is a PersistentMessage"),
    "schema pickled": ("SCHEMAS = [Pickled]\n", "{file}: SCHEMAS[0]: wrong_settings.Pickled is stored as a pickle"),
    # PRODUCTIONS
    "productions a dict": ("PRODUCTIONS = {}\n", "{file}: PRODUCTIONS is a dict; write a list"),
    "production a text": ("PRODUCTIONS = [right, 'B']\n", "{file}: PRODUCTIONS[1] is a str, not a Production"),
    "production empty": (
        "PRODUCTIONS = [right, {}]\n",
        "{file}: PRODUCTIONS[1] is a dict that is empty, not a Production",
    ),
    "production twice": (
        "PRODUCTIONS = [right, {'DEMO.RIGHT': {}}]\n",
        "{file}: several productions have the same name: DEMO.RIGHT, Demo.Right; rename one",
    ),
    "production names differ": (
        "PRODUCTIONS = [right, {'Demo.P': {'@Name': 'Demo.Q'}}]\n",
        "{file}: PRODUCTIONS[1]['Demo.P']: the export is of 'Demo.Q', not of 'Demo.P'",
    ),
    "production body": ("PRODUCTIONS = [{'P': []}]\n", "{file}: PRODUCTIONS[0]['P'] is a list, not a dictionary"),
    "item no dictionary": (ITEM % "5", "{file}: PRODUCTIONS[1]['Demo.P'].Item[1] is a int, not a dictionary"),
    "item without name": (ITEM % "{'@ClassName': 'A.B'}", "{file}: PRODUCTIONS[1]['Demo.P'].Item[1] has no '@Name'"),
    "item without class": (ITEM % "{'@Name': 'B'}", "{file}: PRODUCTIONS[1]['Demo.P'].Item[1] 'B' has no '@ClassName'"),
    "item a module": (
        ITEM % "{'@Name': 'B', '@ClassName': parts}",
        "{file}: PRODUCTIONS[1]['Demo.P'].Item[1] 'B': '@ClassName' is the module 'wrong_parts'",
    ),
    "item a folder": (
        ITEM % "{'@Name': 'B', '@ClassName': {'path': '.'}}",
        "{file}: PRODUCTIONS[1]['Demo.P'].Item[1] 'B' '@ClassName' names several classes",
    ),
    "item twice": (
        ITEM % "{'@Name': 'A', '@ClassName': 'Demo.A'}",
        "{file}: PRODUCTIONS[1]['Demo.P']: Ignoring Item 2 'A': Production item already exists",
    ),
    "item setting an object": (
        ITEM % "{'@Name': 'B', '@ClassName': 'A.B', 'Setting': {'@Name': 'S', '#text': Right}}",
        "{file}: PRODUCTIONS[1]['Demo.P'].Item[1].Setting.#text is a type; give text",
    ),
    "one class, two adapters": (
        "PRODUCTIONS = [with_adapters()]\n",
        "{file}: PRODUCTIONS[0] item 'B': 'Python.wrongparts.",
    ),
    # REMOTE_SETTINGS
    "remote a text": ("REMOTE_SETTINGS = 'https://host'\n", "{file}: REMOTE_SETTINGS is a str; write a dict"),
    "remote without url": ("REMOTE_SETTINGS = {'namespace': 'A'}\n", "{file}: REMOTE_SETTINGS['url'] is missing"),
    "remote url no address": ("REMOTE_SETTINGS = {'url': 'host'}\n", "{file}: REMOTE_SETTINGS['url'] is missing or no"),
    "remote url with password": (
        "REMOTE_SETTINGS = {'url': 'http://me:SECRET@h'}\n",
        "{file}: REMOTE_SETTINGS['url'] holds",
    ),
    "remote url a number": ("REMOTE_SETTINGS = {'url': 5}\n", "{file}: REMOTE_SETTINGS['url'] is a int; give text"),
    "remote key": (
        "REMOTE_SETTINGS = {'uri': 'x'}\n",
        "{file}: REMOTE_SETTINGS['uri'] does not exist (did you mean 'url'?)",
    ),
    "remote verify": (
        "REMOTE_SETTINGS = {'url': 'https://h', 'verify_ssl': 0}\n",
        "{file}: REMOTE_SETTINGS['verify_ssl'] is a int; give True, False or the path",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_one_line_says_where_and_nothing_is_written(
    case: str, project: Project, director: Director, deployments: Any, tmp_path: Path
) -> None:
    text, expected = WRONG[case]
    file = project(
        wrong_settings=HEAD + text,
        wrong_parts=PARTS,
        wrong_import="raise ValueError('two\\nlines')",
        broken__bad="class A(",
        other__wrong_parts="class X: pass",
    )
    with pytest.raises(SettingsFileError) as caught:
        migrate(file, director=director)
    assert str(caught.value).startswith(expected.format(file=file, folder=tmp_path, line=HEAD.count("\n") + 1))
    assert "\n" not in str(caught.value)
    assert "SECRET" not in str(caught.value)
    assert deployments.changes() == []
    assert deployments.components() == []
    assert str(tmp_path) not in sys.path


def test_what_is_right_in_these_files_is_written(project: Project, director: Director, deployments: Any) -> None:
    migrate(project(wrong_settings=HEAD, wrong_parts=PARTS), director=director)
    assert [each.iris_name for each in deployments.components()] == ["Demo.Right"]
    assert deployments.production_names() == ["Demo.Right"]


@pytest.mark.parametrize("name", ["missing.py", "folder", "notes.txt"])
def test_no_settings_file(name: str, director: Director, deployments: Any, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "notes.txt").touch()
    with pytest.raises(SettingsFileError, match=name):
        migrate(tmp_path / name, director=director)
    assert deployments.changes() == []
