"""Projects and class files on their way to a server."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from iop_core.errors import ConfigurationError, UnsupportedByBackendError
from iop_core.server_errors import ServerError
from iop_core.servers import ProjectUpload
from iop_director import Director

Make = Callable[..., Director]

PROJECT = ProjectUpload(
    (("pkg/x.py", ""), ("settings.py", "\u00e9")), package="mypkg", remote_folder="/opt/x", reason="new"
)


def test_upload(server: Any, director: Make) -> None:
    server.answers["PUT /migrate"] = {"changes": ["deploy P"], "log": "hello"}
    assert director(namespace="NSX").backend.server().upload(PROJECT) == {"changes": ["deploy P"], "log": "hello"}
    asked = server.asked[0]
    assert asked.query == {"namespace": "NSX", "reason": "new"}
    assert asked.body == {
        "namespace": "NSX", "package": "mypkg", "remote_folder": "/opt/x", "settings_file": "settings.py",
        "strict_production_validation": False,
        "body": [{"name": "pkg/x.py", "data": ""}, {"name": "settings.py", "data": "\u00e9"}],
    }  # fmt: skip


def test_dry_run_goes_to_servers_that_know_it_only(server: Any, director: Make) -> None:
    checked = dataclasses.replace(PROJECT, dry_run=True)
    server.answers.update({"GET /version": {"version": "1.0.0", "description": "IRIS"}, "PUT /migrate": {}})
    with pytest.raises(UnsupportedByBackendError, match="check a project without deploying it"):
        director().backend.server().upload(checked)
    assert server.lines == ["GET /version"]
    server.answers["GET /version"] = {"version": "1.0.0", "server": "0.1.0"}
    director().backend.server().upload(checked)
    assert server.asked[-1].body["dry_run"] is True


@pytest.mark.parametrize("status", [200, 204])
def test_upload_that_an_iris_says_nothing_of_went_well(status: int, server: Any, director: Make, answer: Any) -> None:
    server.answers["PUT /migrate"] = answer(b"", status, "text/plain")
    assert director().backend.server().upload(PROJECT) == {}


@pytest.mark.parametrize(
    ("content", "status"),
    [
        ({"error": "boom"}, 200),
        ({"errors": [{"error": "boom"}], "summary": "boom"}, 200),
        ({"errors": [{"code": 1, "error": "boom"}], "summary": ""}, 500),
        ({"error": "boom", "code": "uploads-off"}, 403),
    ],
)
def test_upload_that_failed_is_never_a_success(
    content: Any, status: int, server: Any, director: Make, answer: Any
) -> None:
    server.answers["PUT /migrate"] = answer(content, status)
    with pytest.raises(ServerError, match="boom"):
        director().backend.server().upload(PROJECT)


@pytest.fixture
def classes(tmp_path: Path) -> Path:
    (tmp_path / "IOP" / "Duplex").mkdir(parents=True)
    (tmp_path / "IOP" / "A.cls").write_text("/// Text\nClass IOP.A Extends %RegisteredObject\n{\n}\n")
    (tmp_path / "IOP" / "Duplex" / "Service.cls").write_text("Class IOP.DuplexService { }")
    return tmp_path


def test_classes_go_by_their_names(server: Any, director: Make, classes: Path) -> None:
    fine = {"status": {"errors": [], "summary": ""}, "console": [], "result": {}}
    root = "/api/atelier/v1/%25SYS"
    server.answers.update(
        {
            f"PUT {root}/doc/IOP.A.cls": fine,
            f"PUT {root}/doc/IOP.DuplexService.cls": fine,
            f"POST {root}/action/compile": {**fine, "console": ["Compiling", ""]},
        }
    )
    lines = director(namespace="%SYS").setup(classes)
    assert lines == ["Uploaded: IOP.A.cls", "Uploaded: IOP.DuplexService.cls", "Compiling"]
    assert server.asked[0].query == {"ignoreConflict": "1"}
    assert server.asked[0].body == {
        "enc": False, "content": ["/// Text", "Class IOP.A Extends %RegisteredObject", "{", "}"]
    }  # fmt: skip
    assert (server.asked[-1].query, server.asked[-1].body) == (
        {"flags": "cuk"},
        ["IOP.A.cls", "IOP.DuplexService.cls"],
    )


def test_class_that_is_refused(server: Any, director: Make, classes: Path) -> None:
    server.answers["PUT /api/atelier/v1/USER/doc/IOP.A.cls"] = {"status": {"errors": [{"error": "no room"}]}}
    with pytest.raises(ServerError, match=r"sending IOP\.A\.cls: no room"):
        director().setup(classes)
    assert len(server.asked) == 1


def test_nothing_is_sent_without_class_files(server: Any, director: Make, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no class files"):
        director().setup(tmp_path)
    with pytest.raises(ConfigurationError, match="needs the folder"):
        director().setup()
    (tmp_path / "a.cls").write_text("nothing")
    with pytest.raises(ConfigurationError, match=r"a\.cls names no class"):
        director().setup(tmp_path)
    assert not server.asked
