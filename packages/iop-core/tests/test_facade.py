"""The facade ``iop``, with whatever packages happen to be installed."""

from __future__ import annotations

import ast
import doctest
import os
import pickle
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

import iop
import iop_core
from iop_core._facade import HOMES, PACKAGES, lazy_names

PROMISED = {
    "iop_core": (
        "Message PydanticMessage PickleMessage PydanticPickleMessage PersistentMessage Field Model handler "
        "BusinessService PollingBusinessService BusinessOperation BusinessProcess InboundAdapter OutboundAdapter "
        "DuplexService DuplexOperation DuplexProcess Setting setting Category controls target TargetSetting"
    ),
    "iop_production": (
        "Production ComponentRef ComponentItem OperationItem ProcessItem ServiceItem Route Port TargetSettingRef "
        "ProductionApplyResult ProductionChangePlan ProductionDiff ProductionDiffEntry ProductionGraph "
        "ProductionPlanOperation ProductionVerifyResult ProductionValidationError ProductionValidationIssue "
        "ProductionValidationReport ProductionValidationWarning"
    ),
    "iop_director": "Director DirectorProtocol",
    "iop_migrate": ("Utils register_component bind_component unregister_component unbind_component list_bindings"),
}
INSTALLED = [package for package in PACKAGES if find_spec(package) is not None]


def run_fresh(code: str) -> str:
    """Run code in a new interpreter, where nothing has been imported yet."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def hidden(monkeypatch: pytest.MonkeyPatch):
    """Return a facade of its own on a machine where the named package cannot be found."""

    def hide(package: str):
        # What Python itself does for a module that must not be found.
        monkeypatch.setitem(sys.modules, package, None)
        namespace: dict[str, object] = {}
        return lazy_names(namespace)[0]

    return hide


@pytest.mark.parametrize("package", INSTALLED)
def test_facade_gives_the_very_objects_of_each_package(package: str) -> None:
    module = import_module(package)
    assert [name for name in module.__all__ if getattr(iop, name) is not getattr(module, name)] == []


@pytest.mark.parametrize("package", INSTALLED)
def test_every_promised_name_exists_and_is_described(package: str) -> None:
    undescribed = [name for name in PROMISED[package].split() if not own_text(getattr(iop, name))]
    assert undescribed == []


def own_text(promised: object) -> str:
    """Return the docstring of a public object, not one that it inherits."""
    return str(vars(promised).get("__doc__") if isinstance(promised, type) else promised.__doc__)


@pytest.mark.parametrize(
    ("package", "name"), [(package, name) for package in INSTALLED for name in PROMISED[package].split()]
)
def test_every_promised_name_has_an_example_that_works(package: str, name: str) -> None:
    promised = getattr(iop, name)
    home = vars(sys.modules.get(getattr(promised, "__module__", ""), iop))
    example = doctest.DocTestParser().get_doctest(own_text(promised), {**home}, name, None, None)
    assert "Example:" in own_text(promised)
    assert example.examples != []
    said: list[str] = []
    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(example, out=said.append)
    assert said == []


def test_listing_names_what_is_installed() -> None:
    expected = sorted(name for package in INSTALLED for name in import_module(package).__all__)
    assert dir(iop) == expected
    assert iop.__all__ == expected
    assert "Message" in expected


def test_errors_of_a_send_can_be_caught_by_name() -> None:
    from iop import (
        IopError,
        NotConnectedError,
        RequestFailedError,
        RequestTimeoutError,
        SendError,
        SerializationError,
        SyncDeadlockError,
    )

    for error in (NotConnectedError, RequestFailedError, RequestTimeoutError, SyncDeadlockError):
        assert issubclass(error, SendError)
    assert issubclass(SendError, IopError)
    assert issubclass(SerializationError, IopError)


def test_name_is_kept_after_its_first_use() -> None:
    namespace: dict[str, object] = {}
    module_getattr, _ = lazy_names(namespace)
    assert module_getattr("Message") is iop_core.Message
    assert namespace == {"Message": iop_core.Message}


@pytest.mark.parametrize("name", ["Mesage", "message", "Dispatch", "iop_core", "errors"])
def test_unknown_name_is_an_import_error(name: str) -> None:
    with pytest.raises(ImportError, match=f"cannot import name '{name}'"):
        exec(f"from iop import {name}", {})
    with pytest.raises(AttributeError, match=f"module 'iop' has no attribute '{name}'"):
        getattr(iop, name)
    assert not hasattr(iop, name)


@pytest.mark.parametrize("name", ["_installed", "__wrapped__", "__path__extra"])
def test_private_name_is_never_looked_for(name: str) -> None:
    assert not hasattr(iop, name)


@pytest.mark.parametrize(("name", "package"), sorted(HOMES.items()))
def test_name_of_a_missing_package_tells_what_to_install(hidden, name: str, package: str) -> None:
    facade = hidden(package)
    with pytest.raises(ModuleNotFoundError) as caught:
        facade(name)
    assert caught.value.name == package
    assert f"iop.{name} " in str(caught.value)
    assert str(caught.value).endswith(f"pip install {PACKAGES[package]}")


def test_table_has_no_name_of_the_core() -> None:
    assert set(HOMES) & set(iop_core.__all__) == set()
    assert set(HOMES.values()) <= set(PACKAGES)


@pytest.mark.parametrize("statement", ["import iop", "from iop import Message", "from iop import BusinessProcess"])
def test_import_pulls_in_only_the_core(statement: str) -> None:
    code = f"{statement}\nimport sys\nprint(*sorted({{n.partition('.')[0] for n in sys.modules}}))"
    loaded = set(run_fresh(code).split())
    assert {name for name in loaded if name.startswith("iop")} == {"iop", "iop_core"}
    assert loaded & {"pydantic", "sqlite3", "socket", "asyncio", "click", "rich"} == set()


def test_star_import_gives_every_installed_name() -> None:
    assert run_fresh("from iop import *\nimport iop\nprint(set(iop.__all__) - set(globals()))") == "set()"


def test_class_from_the_facade_is_pickled_by_its_home() -> None:
    assert b"iop_core" in pickle.dumps(iop.Message)
    assert pickle.loads(pickle.dumps(iop.Message)) is iop_core.Message


def test_lists_of_the_core_agree() -> None:
    """What checkers import, what is exported and what is looked up at run time are the same."""
    tree = ast.parse(Path(iop_core.__file__).read_text(encoding="utf-8"))
    seen = {
        alias.name: str(node.module).removeprefix("iop_core.")
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("iop_core")
        for alias in node.names
    }
    assert seen.pop("controls") == "iop_core"
    assert seen == iop_core._HOMES
    assert sorted(seen) == sorted(set(iop_core.__all__) - {"controls"})


def test_message_alone_imports_no_component() -> None:
    unwanted = {"iop_core.component", "pydantic", "pluggy", "uuid", "decimal", "dataclasses"}
    assert run_fresh(f"import iop, sys; iop.Message; print(sorted({unwanted} & set(sys.modules)))") == "[]"
