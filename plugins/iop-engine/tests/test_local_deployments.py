"""What the local backend keeps of deployed productions."""

from __future__ import annotations

import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from iop_core.deployments import ComponentRegistration, DeploymentOptions
from iop_core.errors import ComponentInUseError, DeploymentError, StoreError, UnknownDeploymentError
from iop_engine.backend import LocalBackend
from iop_engine.deployments.local import LocalDeployments

WHO = {"actor": "ops", "reason": "ticket 7"}
EXPORT = {"Demo.P": {"@Name": "Demo.P", "Item": [{"@Name": "Out", "@ClassName": "Demo.Out"}]}}
OUT = ComponentRegistration(
    "Demo.Out", "bo", "Out", "/p", "BusinessOperation", "Demo.Adapter", {"Größe": "1"}, ("Pin",)
)


@pytest.fixture
def deployments(tmp_path: Path) -> LocalDeployments:
    return LocalBackend.open(f"local:{tmp_path}/data", namespace="USER").deployments()


def file_of(tmp_path: Path) -> Path:
    return tmp_path / "data" / "deployments.db"


def test_nothing_is_deployed_and_reading_makes_no_file(tmp_path: Path, deployments: LocalDeployments) -> None:
    assert deployments.production_names() == []
    assert deployments.components() == []
    assert deployments.schemas() == {}
    assert deployments.default_production() == ""
    assert deployments.changes() == []
    with pytest.raises(UnknownDeploymentError, match=r"no production 'Demo.P' is deployed; deployed: none"):
        deployments.export_production("Demo.P")
    assert list(tmp_path.iterdir()) == []


def test_production_comes_back(deployments: LocalDeployments) -> None:
    options = DeploymentOptions("pickle", ("pickle",))
    deployments.replace_production("Demo.P", EXPORT, options=options, **WHO)
    assert deployments.production_names() == ["Demo.P"]
    assert deployments.export_production("demo.p") == EXPORT
    assert deployments.options("Demo.P") == options
    deployments.replace_production("Demo.P", {"Demo.P": {}}, **WHO)
    assert deployments.export_production("Demo.P") == {"Demo.P": {"@Name": "Demo.P"}}
    assert deployments.options("Demo.P") == options  # none were given: they stay


def test_deleted_production_is_not_the_default_any_more(deployments: LocalDeployments) -> None:
    deployments.replace_production("Demo.P", EXPORT, **WHO)
    deployments.replace_production("Demo.Q", {"Demo.Q": {}}, **WHO)
    deployments.set_default_production("DEMO.P", **WHO)
    assert deployments.default_production() == "Demo.P"
    deployments.delete_production("Demo.Q", **WHO)
    assert deployments.default_production() == "Demo.P"
    deployments.delete_production("demo.p", **WHO)
    assert deployments.default_production() == ""
    assert deployments.production_names() == []


def test_unknown_names(deployments: LocalDeployments) -> None:
    deployments.replace_production("Demo.P", EXPORT, **WHO)
    for act in (deployments.delete_production, deployments.set_default_production):
        with pytest.raises(UnknownDeploymentError, match=r"did you mean 'Demo.P'\?"):
            act("Demo.PP", **WHO)
    with pytest.raises(UnknownDeploymentError, match=r"no class 'Demo.Out' is registered"):
        deployments.unregister_component("Demo.Out", **WHO)


def test_registered_class_comes_back_and_is_replaced_whatever_the_case(deployments: LocalDeployments) -> None:
    deployments.register_component(OUT, **WHO)
    assert deployments.components() == [OUT]
    other = ComponentRegistration("DEMO.OUT", "bo2", "Out", "/q", "BusinessOperation")
    deployments.register_component(other, **WHO)
    assert deployments.components() == [other]


def test_class_in_use_stays(deployments: LocalDeployments) -> None:
    deployments.register_component(OUT, **WHO)
    deployments.replace_production("Demo.P", EXPORT, **WHO)
    with pytest.raises(ComponentInUseError, match=r"in use by Demo.P/Out") as caught:
        deployments.unregister_component("demo.OUT", **WHO)
    assert caught.value.users == (("Demo.P", "Out"),)
    assert deployments.components() == [OUT]
    deployments.delete_production("Demo.P", **WHO)
    deployments.unregister_component("Demo.Out", **WHO)
    assert deployments.components() == []


def test_list_says_who_when_what_why(deployments: LocalDeployments) -> None:
    with deployments.transaction(actor="ann", reason="first") as change:
        change.register_component(OUT)
        change.put_schema("bo.Order", "{}")
    deployments.replace_production("Demo.P", EXPORT, **WHO)
    changes = deployments.changes()
    assert [(each.actor, each.reason, each.action, each.subject) for each in changes] == [
        ("ann", "first", "register component", "Demo.Out"),
        ("ann", "first", "put schema", "bo.Order"),
        ("ops", "ticket 7", "replace production", "Demo.P"),
    ]
    assert changes[0].time <= changes[2].time
    assert changes[0].time.utcoffset() is not None
    assert deployments.changes(limit=1) == changes[2:]
    assert deployments.schemas() == {"bo.Order": "{}"}


def test_all_or_nothing(deployments: LocalDeployments) -> None:
    def change_all() -> None:
        with deployments.transaction(**WHO) as change:
            change.register_component(OUT)
            change.replace_production("Demo.P", EXPORT)
            assert change.production_names() == ["Demo.P"]
            change.delete_production("Demo.Q")

    with pytest.raises(UnknownDeploymentError):
        change_all()
    assert deployments.components() == []
    assert deployments.production_names() == []
    assert deployments.changes() == []


def test_others_wait_while_something_is_changed(deployments: LocalDeployments) -> None:
    deployments.replace_production("Demo.P", {"Demo.P": {"Description": "0"}}, **WHO)

    def count() -> None:
        for _ in range(10):
            with deployments.transaction(**WHO) as change:
                now = int(change.export_production("Demo.P")["Demo.P"]["Description"])
                change.replace_production("Demo.P", {"Demo.P": {"Description": str(now + 1)}})

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert deployments.export_production("Demo.P")["Demo.P"]["Description"] == "40"


def test_killed_in_the_middle_leaves_what_was(tmp_path: Path, deployments: LocalDeployments) -> None:
    deployments.replace_production("Demo.P", EXPORT, **WHO)
    code = (
        "import os, signal\n"
        "from iop_engine.deployments.local import LocalDeployments\n"
        f"deployments = LocalDeployments({str(tmp_path / 'data')!r}, namespace='USER')\n"
        "with deployments.transaction(actor='a', reason='b') as change:\n"
        "    for number in range(3000):\n"
        "        change.put_schema(f's{number}', 'x' * 4000)\n"  # more than the cache: it is in the file already
        "    change.delete_production('Demo.P')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    assert file_of(tmp_path).with_name("deployments.db-journal").exists()
    assert deployments.export_production("Demo.P") == EXPORT
    assert deployments.schemas() == {}


def test_only_the_owner_can_read_it(tmp_path: Path, deployments: LocalDeployments) -> None:
    deployments.register_component(OUT, **WHO)
    assert stat.S_IMODE(file_of(tmp_path).stat().st_mode) == 0o600
    assert stat.S_IMODE(file_of(tmp_path).parent.stat().st_mode) == 0o700


def test_namespaces_do_not_see_each_other(tmp_path: Path, deployments: LocalDeployments) -> None:
    other = LocalDeployments(str(tmp_path / "data"), namespace="LAB")
    deployments.replace_production("Demo.P", EXPORT, **WHO)
    deployments.set_default_production("Demo.P", **WHO)
    assert other.production_names() == []
    assert other.default_production() == ""
    assert other.changes() == []
    assert LocalDeployments(str(tmp_path / "data"), namespace="user").production_names() == ["Demo.P"]


def test_file_that_is_being_made_reads_as_empty(tmp_path: Path, deployments: LocalDeployments) -> None:
    file_of(tmp_path).parent.mkdir()
    file_of(tmp_path).touch()
    assert deployments.production_names() == []
    deployments.replace_production("Demo.P", EXPORT, **WHO)
    assert deployments.production_names() == ["Demo.P"]


def test_other_files_are_not_touched(tmp_path: Path, deployments: LocalDeployments) -> None:
    file_of(tmp_path).parent.mkdir()
    with sqlite3.connect(file_of(tmp_path)) as connection:
        connection.execute("CREATE TABLE other (x)")
    connection.close()
    before = file_of(tmp_path).read_bytes()
    with pytest.raises(StoreError, match="does not hold deployed productions"):
        deployments.production_names()
    with pytest.raises(StoreError, match="does not hold deployed productions"):
        deployments.register_component(OUT, **WHO)
    assert file_of(tmp_path).read_bytes() == before
    file_of(tmp_path).write_bytes(b"no database" * 100)
    with pytest.raises(StoreError, match="damaged"):
        deployments.production_names()


def test_newer_format_is_refused(tmp_path: Path, deployments: LocalDeployments) -> None:
    deployments.register_component(OUT, **WHO)
    with sqlite3.connect(file_of(tmp_path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreError, match="has format 99"):
        deployments.components()


@pytest.mark.parametrize("is_read_first", [True, False])
def test_older_format_is_upgraded(tmp_path: Path, deployments: LocalDeployments, is_read_first: bool) -> None:
    deployments.register_component(OUT, **WHO)
    with sqlite3.connect(file_of(tmp_path)) as connection:
        connection.execute("ALTER TABLE components DROP COLUMN secrets")
        connection.execute("PRAGMA user_version = 1")
    connection.close()
    without = replace(OUT, secrets=())
    if is_read_first:
        assert deployments.components() == [without]
    other = replace(OUT, iris_name="Demo.Other", secrets=("A", "B"))
    deployments.register_component(other, **WHO)
    assert deployments.components() == [other, without]


def test_what_cannot_be_kept_is_refused(deployments: LocalDeployments) -> None:
    with pytest.raises(DeploymentError, match="the export of 'P' holds what JSON cannot"):
        deployments.replace_production("P", {"P": {"Description": object()}}, **WHO)
    with pytest.raises(DeploymentError, match="needs an actor"):
        deployments.register_component(OUT, actor=" ", reason="")
    assert deployments.changes() == []


def test_directory_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    deployments = LocalDeployments(str(tmp_path / "file" / "data"), namespace="USER")
    assert deployments.production_names() == []
    with pytest.raises(StoreError, match="cannot be made: Not a directory"):
        deployments.register_component(OUT, **WHO)


def test_namespace_of_messages_cannot_take_the_file(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="'deployments' is taken"):
        LocalBackend.open(f"local:{tmp_path}", namespace="Deployments").history()
