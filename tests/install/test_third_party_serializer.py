"""A serializer of a stranger: installed, found, put through the suite and used, with no change of ours."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import REPOSITORY, CleanEnvironment, make_environment

PROJECT = REPOSITORY / "tests" / "plugins" / "msgpack_serializer"

# Each run of a production leaves one message that the next one handles and reads.
SWITCHING = """
import json
from dataclasses import dataclass, field
from iop import BusinessOperation, Message, Production
from iop_core.events import MessageFilter
from iop_core.plugins import installed_plugins
from iop_testing import run_production

@dataclass
class Note(Message):
    texts: list[str] = field(default_factory=list)

@dataclass
class AlwaysPacked(Message, serializer="msgpack"):
    number: int = 0

HANDLED = []

class Keep(BusinessOperation):
    def on_message(self, request):
        HANDLED.append(repr(request))

def run(is_open, *messages, **options):
    production = Production("Test.Switching", **options)
    production.operation(Keep, enabled=is_open)
    with run_production(production, data_dir="data") as run:
        for message in messages:
            run.send("Keep", message)
        run.wait_until_idle()
        return [repr(run.body(header.message_id)) for header in run.messages()]

run(False, Note(["packed"]), AlwaysPacked(1), serializer="msgpack")
run(False, Note(["text"]), AlwaysPacked(2))
read = run(True, Note(["last"]), serializer="msgpack")
reader = installed_plugins().stores()["sqlite"].open_reader("data", namespace="USER")
stored = [reader.message(header.message_id).body for header in reader.messages(MessageFilter())]
reader.close()
print(json.dumps({
    "plugin": installed_plugins().names()["acme-msgpack"],
    "read": read,
    "handled": HANDLED,
    "written": [body.serializer for body in stored],
    "payload": stored[0].payload.hex(),
}))
"""


@pytest.fixture(scope="module")
def with_msgpack(wheels: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> CleanEnvironment:
    """Everything of ours from wheels, and the wheel of the stranger."""
    folder = tmp_path_factory.mktemp("acme")
    source = shutil.copytree(PROJECT, folder / "source", ignore=shutil.ignore_patterns("__pycache__"))
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder]
    done = subprocess.run(build, cwd=source, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = folder.glob("*.whl")
    environment = make_environment(folder / "environment")
    environment.install(*wheels.values(), wheel)
    return environment


def test_it_fits_what_it_declares(with_msgpack: CleanEnvironment) -> None:
    assert with_msgpack.check() == "No broken requirements found."


def test_it_passes_the_suite(with_msgpack: CleanEnvironment) -> None:
    command = [with_msgpack.python, "-I", "-m", "pytest", "-q", "-p", "no:cacheprovider", PROJECT / "conformance.py"]
    command += ["--noconftest", "--rootdir", PROJECT, "-c", "/dev/null"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout


def test_it_writes_and_reads_by_name_while_the_choice_changes(with_msgpack: CleanEnvironment) -> None:
    found = json.loads(with_msgpack.execute(SWITCHING).splitlines()[-1])
    assert found["plugin"] == "acme-msgpack 1.2.3"
    assert found["written"] == ["msgpack", "msgpack", "json", "msgpack", "msgpack"]
    assert bytes.fromhex(found["payload"]) == b"\x81\xa5texts\x91\xa6packed"
    assert found["handled"] == found["read"]
    assert found["read"] == [
        "Note(texts=['packed'])",
        "AlwaysPacked(number=1)",
        "Note(texts=['text'])",
        "AlwaysPacked(number=2)",
        "Note(texts=['last'])",
    ]


def test_nothing_of_ours_knows_its_name() -> None:
    sources = [file for kind in ("packages", "plugins") for file in (REPOSITORY / kind).glob("*/src/**/*.py")]
    assert sources
    assert [file for file in sources if "acme" in file.read_text(encoding="utf-8")] == []
