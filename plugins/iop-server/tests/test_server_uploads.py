"""Uploaded code: nothing leads out of its folder, and what was there stays until the new is whole."""

from __future__ import annotations

import gzip
import io
import json
import os
import socket
import sys
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iop_director import Director
from iop_server.refusals import RefusedRequestError
from iop_server.releases import FOLDER
from iop_server.upload_bundle import check_name, without_remote_settings

OPERATION = """
from iop import BusinessOperation


class Keep(BusinessOperation):
    Limit = 1
"""
SETTINGS = """
from shop.orders import Keep
from iop import Production

print("settings are read")
production = Production("Shop")
production.operation("{item}", Keep)
PRODUCTIONS = [production]
"""

Put = Callable[..., httpx.Response]


def project(item: str = "Keep", **more: str) -> dict[str, str]:
    return {"settings.py": SETTINGS.format(item=item), "shop/__init__.py": "", "shop/orders.py": OPERATION, **more}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "uploads"


@pytest.fixture
def put(serve: Callable[..., str], connect: Callable[..., httpx.Client], root: Path) -> Put:
    client = connect(serve(upload_root=root, most_upload_bytes=200_000, most_upload_files=20))

    def send(files: dict[str, str] | list[tuple[str, object]], **more: object) -> httpx.Response:
        pairs = files.items() if isinstance(files, dict) else files
        body = [{"name": name, "data": data} for name, data in pairs]
        return client.put("migrate", json={"package": "shop_package", "body": body, **more})

    return send


def items_of(director: Director) -> list[str]:
    return [item["@Name"] for item in director.export_production("Shop")["Shop"]["Item"]]


def snapshot(folder: Path) -> dict[str, bytes]:
    """What is in the folders that count, through their links."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for name in sorted(os.listdir(folder) if folder.exists() else [])
        if not name.startswith(".")
        for path in sorted((folder / name).rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def leftovers(folder: Path) -> list[str]:
    return [str(path) for path in folder.rglob(".new-*")]


def test_upload_is_deployed_with_who_and_why(
    put: Put, director: Director, root: Path, audit: Callable[[], list[dict[str, object]]]
) -> None:
    answer = put(project(**{"Keep.cls": "Class Keep"}), reason="first release")
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert (said["productions"], said["dry_run"], said["ignored"]) == (["Shop"], False, [])
    assert said["log"] == "settings are read\n"
    assert items_of(director) == ["Keep"]
    assert (root / "user" / "shop_package" / "Keep.cls").read_text() == "Class Keep"
    change = director.backend.deployments().changes()[-1]
    assert (change.actor, change.reason) == ("dora", "first release")
    assert [(entry["deed"], entry["outcome"], entry["reason"]) for entry in audit()] == [
        ("migrate", "asked", "first release"),
        ("migrate", "done", "first release"),
    ]
    # Nothing of it is in the server.
    assert "shop.orders" not in sys.modules

    again = put(project(item="Other"))
    assert again.status_code == 200, again.text
    assert items_of(director) == ["Other"]
    (registered,) = [c for c in director.backend.deployments().components() if c.class_name == "Keep"]
    assert Path(registered.path) == root / "user" / "shop_package"
    assert leftovers(root) == []


def test_upload_runs_afterwards(put: Put, director: Director, monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
    from iop_director.deployed_production import load_definition

    monkeypatch.setattr(sys, "path", [*sys.path])
    assert put(project()).status_code == 200
    definition = load_definition(director.backend.deployments(), "Shop")
    try:
        with_class = definition.items[0].component_class
        assert with_class is not None
        assert Path(sys.modules[with_class.__module__].__file__ or "").is_relative_to(root)
    finally:
        for name in ("shop", "shop.orders"):
            sys.modules.pop(name, None)


def test_uploads_are_off_unless_a_folder_is_named(dora: httpx.Client, folder: Path) -> None:
    # Refused before the body is even read.
    answer = dora.put("migrate", json={"body": [{"name": "settings.py", "data": "x" * 3_000_000}]})
    assert (answer.status_code, answer.json()["code"]) == (403, "uploads-off")
    assert not folder.exists()


OUTSIDE = [
    "../evil.py",
    "a/../../evil.py",
    "/etc/evil.py",
    "//evil.py",
    "C:/evil.py",
    "C:evil.py",
    "..\\evil.py",
    "a\\..\\..\\evil.py",
    "a/./evil.py",
    "a//evil.py",
    "evil.py\0.txt",
    "evil\n.py",
    "../.venv/evil.py",
    "con.py",
    "a/NUL.cls",
    "evil.py.",
    " evil.py",
    "a /evil.py",
    "evil.py:stream.py",
    "x" * 130 + ".py",
    "evil.pth",
    "evil.so",
    "evil.txt",
    "evil",
    ".py/",
]


@pytest.mark.parametrize("name", OUTSIDE)
def test_names_that_lead_elsewhere_are_refused(put: Put, root: Path, director: Director, name: str) -> None:
    answer = put([*project().items(), (name, "raise SystemExit('evil')")])
    assert answer.status_code == 422, answer.text
    assert not root.exists()
    assert "Shop" not in director.list_productions()


@settings(max_examples=300)
@given(st.text(alphabet=st.sampled_from("ab./\\: \0~é-_") | st.characters(), max_size=30).map(lambda t: t + ".py"))
def test_accepted_names_stay_in_their_folder(name: str) -> None:
    try:
        check_name(name)
    except RefusedRequestError:
        return
    base = Path("/base/folder")
    found = Path(os.path.normpath(base / name))
    assert found != base
    assert base in found.parents
    assert found.relative_to(base).as_posix() == name


@pytest.mark.parametrize(
    "more",
    [
        [("settings.py", "")],
        [("Settings.PY", "")],
        [("Shop/orders.py", "")],
        [("shop/ORDERS.py", "")],
        [("ﬁle.py", ""), ("file.py", "")],
        [("shop/orders.py/x.py", "")],
    ],
)
def test_names_that_are_the_same_on_some_system_are_refused(put: Put, root: Path, more: list[tuple[str, str]]) -> None:
    answer = put([*project().items(), *more])
    assert answer.status_code == 422, answer.text
    assert not root.exists()


@pytest.mark.parametrize("package", ["", "..", ".hidden", "a/b", "a\\b", "/abs", "1a", "a b", "x" * 101, "a\n"])
def test_package_is_one_plain_name(put: Put, root: Path, package: str) -> None:
    assert put(project(), package=package).status_code == 422
    assert not root.exists()


def test_remote_folder_stays_below_the_root(put: Put, root: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious.txt").write_text("stays")
    for folder in (
        str(outside),
        "/",
        "/etc",
        "relative",
        str(root / ".." / "outside"),
        str(root) + "\0",
        f"{root}/{FOLDER}",
    ):
        answer = put(project(), remote_folder=folder)
        assert (answer.status_code, answer.json()["code"]) == (403, "outside"), folder
    # A link below the root that leads out of it.
    root.mkdir(exist_ok=True)
    (root / "way_out").symlink_to(outside, target_is_directory=True)
    assert put(project(), remote_folder=str(root / "way_out" / "deep")).json()["code"] == "outside"
    assert [path.name for path in outside.iterdir()] == ["precious.txt"]

    inside = put(project(), remote_folder=str(root / "team"))
    assert inside.status_code == 200, inside.text
    assert (root / "team" / "shop_package" / "settings.py").exists()
    # A folder of an earlier upload is no place for another one.
    nested = put(project(), remote_folder=str(root / "team" / "shop_package"))
    assert (nested.status_code, nested.json()["code"]) == (403, "outside")


def test_what_no_upload_made_is_left_alone(put: Put, root: Path, tmp_path: Path) -> None:
    mine = root / "user" / "shop_package"
    mine.mkdir(parents=True)
    (mine / "precious.py").write_text("mine")
    assert put(project()).json()["code"] == "in-the-way"
    assert (mine / "precious.py").read_text() == "mine"
    elsewhere = tmp_path / "elsewhere"
    mine.rename(elsewhere)
    mine.symlink_to(elsewhere, target_is_directory=True)
    assert put(project()).json()["code"] == "in-the-way"
    assert (elsewhere / "precious.py").read_text() == "mine"


BROKEN = {
    "syntax": {"settings.py": "def"},
    "raises": {"settings.py": "raise ValueError('broken')"},
    "exits": {"settings.py": "raise SystemExit(0)"},
    "ends the process": {"settings.py": "import os; os._exit(0)"},
    "wrong section": {"settings.py": "CLASSES = []"},
    "missing module": {"settings.py": "import not_there"},
    "other production": {"settings.py": "PRODUCTIONS = [5]"},
}


@pytest.mark.parametrize("why", BROKEN)
def test_broken_code_changes_nothing(put: Put, root: Path, director: Director, why: str) -> None:
    assert put(project()).status_code == 200
    before = snapshot(root / "user")
    kept = sorted((root / "user" / FOLDER / "shop_package").iterdir())
    answer = put(project(item="New") | BROKEN[why])
    assert answer.status_code == 422, answer.text
    assert answer.json()["error"]
    assert "Traceback" not in answer.text
    assert snapshot(root / "user") == before
    assert items_of(director) == ["Keep"]
    assert sorted((root / "user" / FOLDER / "shop_package").iterdir()) == kept
    assert leftovers(root) == []


@pytest.mark.parametrize("is_first", [True, False])
def test_code_that_only_seems_to_work_changes_nothing(
    put: Put, root: Path, director: Director, tmp_path: Path, is_first: bool
) -> None:
    if not is_first:
        assert put(project()).status_code == 200
    before = snapshot(root / "user")
    marker = tmp_path / "tried"
    files = project(item="New")
    # It fails when it is read for the second time: after the switch.
    files["settings.py"] += f"\nimport pathlib\nm = pathlib.Path({str(marker)!r})\nassert not m.exists()\nm.touch()\n"
    answer = put(files)
    assert answer.status_code == 422, answer.text
    assert marker.exists()
    assert snapshot(root / "user") == before
    assert ("Shop" in director.list_productions()) is not is_first
    assert len(list((root / "user" / FOLDER / "shop_package").iterdir())) == (0 if is_first else 1)


def test_code_that_never_ends_is_ended(
    serve: Callable[..., str], connect: Callable[..., httpx.Client], root: Path
) -> None:
    client = connect(serve(upload_root=root, upload_seconds=2.0))
    endless = "import time\nwhile True: time.sleep(1)"
    answer = client.put("migrate", json={"body": [{"name": "settings.py", "data": endless}]})
    assert (answer.status_code, snapshot(root / "user")) == (422, {})
    assert "longer than 2 s" in answer.json()["error"]


def test_strict_and_dry_run(put: Put, root: Path, director: Director) -> None:
    wrong = project()
    wrong["settings.py"] += "\nproduction.operation('Second', Keep, settings={'Unknown': '1'})\n"
    assert put(wrong, strict_production_validation=True).status_code == 422
    assert snapshot(root / "user") == {}
    tried = put(wrong, dry_run=True)
    assert tried.json()["dry_run"] is True
    assert any("Unknown" in issue for issue in tried.json()["issues"])
    assert snapshot(root / "user") == {}
    assert "Shop" not in director.list_productions()


def test_hidden_files_and_environments_are_left_out(put: Put, root: Path) -> None:
    more = {
        ".env.py": "SECRET = 1",
        ".venv/lib/z.py": "",
        "venv/x.py": "",
        ".git/hooks/h.py": "",
        "a/__pycache__/b.py": "",
    }
    answer = put(project(**more))
    assert answer.status_code == 200, answer.text
    assert answer.json()["ignored"] == list(more)
    assert set(snapshot(root / "user")) == {f"shop_package/{name}" for name in project()}


def test_too_much_is_refused(put: Put, root: Path) -> None:
    many = put({f"m{number}.py": "" for number in range(21)})
    assert many.status_code == 413
    large = put(project(**{"large.py": "#" * 300_000}))
    assert large.status_code == 413
    assert not root.exists()


def test_archives_and_compressed_bodies_are_refused(
    serve: Callable[..., str], connect: Callable[..., httpx.Client], root: Path
) -> None:
    client = connect(serve(upload_root=root))
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("settings.py", b"#" * 50_000_000)
    as_zip = client.put("migrate", content=archive.getvalue(), headers={"Content-Type": "application/zip"})
    assert as_zip.status_code == 415
    bomb = gzip.compress(json.dumps({"body": [{"name": "settings.py", "data": "#" * 50_000_000}]}).encode())
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    assert client.put("migrate", content=bomb, headers=headers).status_code == 415
    deep = b'{"body":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    assert client.put("migrate", content=deep, headers={"Content-Type": "application/json"}).status_code == 400
    assert not root.exists()


@pytest.mark.parametrize(
    "body",
    [
        {"body": "settings.py"},
        {"body": [{"name": "settings.py", "data": 5}]},
        {"body": [{"name": 5, "data": ""}]},
        {"body": [{"name": "settings.py", "data": "\ud800"}]},
        {"body": ["settings.py"]},
        {"body": [{"name": "settings.py"}]},
        {"body": []},
        {},
        {"body": [{"name": "other.py", "data": ""}]},
        {"body": [{"name": "a.cls", "data": ""}], "settings_file": "a.cls"},
        {"body": [{"name": "settings.py", "data": ""}], "settings_file": "../settings.py"},
        {"body": [{"name": "settings.py", "data": ""}], "package": 5},
        {"body": [{"name": "settings.py", "data": ""}], "remote_folder": []},
    ],
)
def test_wrong_types_are_refused(
    serve: Callable[..., str], connect: Callable[..., httpx.Client], root: Path, body: object
) -> None:
    client = connect(serve(upload_root=root))
    answer = client.put("migrate", content=json.dumps(body), headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422), answer.text
    assert not root.exists()


def test_interrupted_upload_leaves_what_was_there(
    serve: Callable[..., str], connect: Callable[..., httpx.Client], root: Path, director: Director
) -> None:
    url = serve(upload_root=root)
    client = connect(url)
    files = [{"name": name, "data": data} for name, data in project().items()]
    assert client.put("migrate", json={"package": "shop_package", "body": files}).status_code == 200
    before = snapshot(root / "user")

    request = client.build_request("PUT", "migrate", json={"package": "shop_package", "body": [*files, *files]})
    request.read()
    head = f"PUT {request.url.path} HTTP/1.1\r\nHost: {request.url.host}\r\nContent-Type: application/json\r\n"
    login = next(client.auth.sync_auth_flow(request)).headers["authorization"]  # type: ignore[union-attr]
    with socket.create_connection((request.url.host, request.url.port or 80)) as half:
        half.sendall(f"{head}Authorization: {login}\r\nContent-Length: {len(request.content)}\r\n\r\n".encode())
        half.sendall(request.content[: len(request.content) // 2])
    assert client.get("status").status_code == 200
    assert snapshot(root / "user") == before
    assert items_of(director) == ["Keep"]


def test_one_upload_at_a_time(
    serve: Callable[..., str], connect: Callable[..., httpx.Client], root: Path, tmp_path: Path
) -> None:
    url = serve(upload_root=root)
    marker, go_on = tmp_path / "began", tmp_path / "go_on"
    slow = (
        f"import pathlib, time\npathlib.Path({str(marker)!r}).touch()\n"
        f"while not pathlib.Path({str(go_on)!r}).exists(): time.sleep(0.02)\nCLASSES = {{}}\n"
    )
    answers: list[httpx.Response] = []
    first = threading.Thread(
        target=lambda: answers.append(
            connect(url).put("migrate", json={"body": [{"name": "settings.py", "data": slow}]})
        )
    )
    first.start()
    while not marker.exists():
        pass
    second = connect(url).put("migrate", json={"body": [{"name": "settings.py", "data": "CLASSES = {}"}]})
    assert (second.status_code, second.json()["code"]) == (409, "busy")
    go_on.touch()
    first.join()
    assert answers[0].status_code == 200, answers[0].text


@pytest.mark.parametrize(
    "source",
    [
        "REMOTE_SETTINGS = {'url': 'x', 'password': 'hunter2'}\nX = 1\n",
        "é = 1; REMOTE_SETTINGS: dict = {'é': 1,\n 'password': 'hunter2'}; X = 1\n",
        "A = REMOTE_SETTINGS = ({\n'password':\n'hunter2'\n})\nX = 1\n",
        "if 1:\n    REMOTE_SETTINGS = {'password': 'hun' 'ter2'}\nREMOTE_SETTINGS = {\n'pw': 'hunter2'}\nX = 1\n",
    ],
)
def test_passwords_of_settings_files_are_not_kept(source: str) -> None:
    cleaned = without_remote_settings(source)
    assert "ter2" not in cleaned
    assert cleaned.count("\n") == source.count("\n")
    found: dict[str, object] = {}
    exec(compile(cleaned, "settings.py", "exec"), found)
    assert (found["REMOTE_SETTINGS"], found["X"]) == (None, 1)
