"""What the command line promises better than older ones did, one test for each weakness of those.

The numbers C1 to C15 are those of the command-line contract; C14 is tested with the page about
the command line, and D1 to D9 of the directors are named where they show on the command line.
"""

from __future__ import annotations

import ast
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import iop_cli

PRODUCTION = """
print("the file was run")
from iop import BusinessOperation, Production

class Größe(BusinessOperation): ...

prod = Production("Demo.Promises")
prod.operation("Maß", Größe)
PRODUCTIONS = [prod]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "promise_demo.py").write_text(PRODUCTION, encoding="utf-8")
    return tmp_path


def run(
    folder: Path, line: str, *, variables: dict[str, str] | None = None, typed: str | None = None
) -> subprocess.CompletedProcess[str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("IOP_")}
    return subprocess.run(
        [sys.executable, "-m", "iop_cli", *line.split()],
        cwd=folder,
        env={**own, "PYTHONUTF8": "1", **(variables or {})},
        input=typed,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
    )


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    """Return the error of a command that failed, which is one line, without a traceback."""
    assert done.returncode not in (0, None), done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("Error: ")
    return lines[0]


@pytest.mark.parametrize("line", ["-r", "-k", "-u", "-S", "-L 2", "-x", "restart", "kill", "update", "log --limit 2"])
def test_c1_nothing_succeeds_where_nothing_runs(folder: Path, line: str) -> None:
    done = run(folder, line)
    assert (done.returncode, done.stdout) == (4, "")
    one_line(done)


@pytest.mark.parametrize(
    "line",
    [
        "-m absent.py",
        "--plan absent.py",
        "--review-plan absent.json",
        "--apply-plan absent.json --settings promise_demo.py",
        "--rollback-backup absent --allow-destructive",
        "-t Maß -B @absent.json",
        "-m broken.py",
        "run broken.py",
        "check syntax.py",
        "-e Absent.Production",
        "migrate .",
        "-q Absent.Production",
        "-d Absent.Production",
    ],
)
def test_c2_ordinary_mistakes_are_one_line(folder: Path, line: str) -> None:
    (folder / "broken.py").write_text("import no_such_module\n")
    (folder / "syntax.py").write_text("def\n")
    one_line(run(folder, line))


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("-x -D --dry-run --allow-destructive", "--detach"),
        ("-l --out x", "--out"),
        ("--unused", "--unused"),
        ("--json", "--json"),
        ("--yes status", "--yes"),
        ("-x -l", "two things"),
    ],
)
def test_c3_what_does_not_apply_is_refused(folder: Path, line: str, word: str) -> None:
    done = run(folder, line)
    assert done.returncode == 2
    assert word in (done.stderr if "--json" in line else one_line(done))


def test_c4_plan_that_is_not_deployed_fails_the_step(folder: Path) -> None:
    assert run(folder, "-m promise_demo.py").returncode == 0
    (folder / "promise_demo.py").write_text(PRODUCTION + "prod.operation('New', Größe)\n", encoding="utf-8")
    assert run(folder, "--plan promise_demo.py --out plan.json").returncode == 0
    assert run(folder, "--verify-plan plan.json").returncode == 3
    assert run(folder, "plan verify plan.json --json").returncode == 3


def test_c5_every_deed_is_confirmed_with_the_right_name(folder: Path) -> None:
    run(folder, "-m promise_demo.py")
    assert run(folder, "-d Demo.Promises").stdout == "Demo.Promises is the default production.\n"
    assert run(folder, "default --clear").stdout == "There is no default production any more.\n"
    try:
        run(folder, "-s Demo.Promises -D")
        for flag, deed in [("-u", "updated"), ("-r", "restarted"), ("-S", "stopped")]:
            assert run(folder, flag).stdout.startswith(f"Production Demo.Promises {deed}"), flag
    finally:
        run(folder, "-k")
    assert run(folder, "--quiet default Demo.Promises").stdout == ""


def test_c6_destruction_asks_on_a_terminal(folder: Path) -> None:
    pty = pytest.importorskip("pty", reason="there are no pseudo terminals here")
    run(folder, "-m promise_demo.py")
    (binding,) = json.loads(run(folder, "--bindings").stdout)
    own, other = pty.openpty()
    os.write(own, b"n\n")
    command = [sys.executable, "-m", "iop_cli", "--unbind", binding["class"]]
    done = subprocess.run(command, cwd=folder, stdin=other, capture_output=True, text=True, timeout=60)
    os.close(other)
    os.close(own)
    assert (done.returncode, done.stdout) == (130, "")
    assert "Remove the binding" in done.stderr
    # Who cannot answer is not asked; --yes says so on a terminal.
    assert "is in use by" in one_line(run(folder, f"--unbind {binding['class']} --yes"))


def test_c7_place_that_cannot_be_read_is_an_error_and_never_this_machine(folder: Path) -> None:
    (folder / "computed.py").write_text("import os\nREMOTE_SETTINGS = {'url': os.environ['X']}\n")
    (folder / "empty.py").write_text("")
    for line in ("-l -R absent.py", "-l -R computed.py", "-l -R empty.py"):
        done = run(folder, line)
        assert done.returncode == 2
        one_line(done)
    assert run(folder, "-l", variables={"IOP_SETTINGS": "absent.py"}).returncode == 2
    assert run(folder, "run promise_demo.py --until-idle", variables={"IOP_SETTINGS": "absent.py"}).returncode == 2
    assert not (folder / ".iop").exists()
    assert run(folder, "-l --force-local", variables={"IOP_URL": "http://127.0.0.1:9"}).returncode == 0
    assert "different places" in one_line(run(folder, "-l --local --url http://127.0.0.1:9"))


def test_c8_credentials_are_never_shown(folder: Path) -> None:
    variables = {"IOP_URL": "http://bob:hunter2@127.0.0.1:9", "IOP_PASSWORD": "hunter3"}
    for line in ("", "-x", "-l", "doctor", "--debug -x", "-x --json"):
        done = run(folder, line, variables=variables)
        assert "hunter" not in done.stdout + done.stderr, line


def test_c9_errors_are_readable_by_programs(folder: Path) -> None:
    done = run(folder, "status --json")
    assert json.loads(done.stderr)["error"]["kind"] == "BackendUnavailableError"
    assert json.loads(done.stderr)["error"]["code"] == done.returncode == 4


def test_c10_the_cause_of_a_failed_connection_is_kept(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)
        port = server.getsockname()[1]
        command = [sys.executable, "-m", "iop_cli", "-x", "--url", f"https://127.0.0.1:{port}"]
        with subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True) as process:
            # What a server without TLS answers to a client that begins with TLS.
            peer, _ = server.accept()
            peer.recv(4096)
            peer.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            peer.close()
            server.settimeout(0.2)
            _, stderr = process.communicate(timeout=60)
    assert process.returncode == 4, stderr
    assert "SSL" in stderr or "TLS" in stderr, stderr
    refused = one_line(run(folder, "-x --url http://127.0.0.1:9"))
    assert "refused" in refused.lower(), refused


@pytest.mark.parametrize(
    "line", ["-m promise_demo.py", "check promise_demo.py --json", "export promise_demo.py", "--plan promise_demo.py"]
)
def test_c11_file_is_run_once_and_its_prints_are_no_output(folder: Path, line: str) -> None:
    done = run(folder, line)
    assert done.returncode == 0, done.stderr
    assert (done.stdout.count("the file was run"), done.stderr.count("the file was run")) == (0, 1)


@pytest.mark.parametrize("line", ["--stat", "--migr promise_demo.py", "status --js", "--exp"])
def test_c12_options_cannot_be_shortened(folder: Path, line: str) -> None:
    assert run(folder, line).returncode == 2


def test_c13_json_keeps_the_characters_of_all_languages(folder: Path) -> None:
    assert '"@Name": "Maß"' in run(folder, "export promise_demo.py").stdout
    run(folder, "-m promise_demo.py")
    assert '"Maß"' in run(folder, "-e Demo.Promises").stdout
    assert '"item": "Maß"' in run(folder, "-q Demo.Promises").stdout


def test_c15_flags_are_a_table_without_sentinels(folder: Path) -> None:
    assert "not_set" in one_line(run(folder, "-s not_set"))
    source = Path(iop_cli.__file__).with_name("old_flags.py").read_text(encoding="utf-8")
    assert "not_set" not in source
    functions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
    branches = [sum(isinstance(node, ast.If) for node in ast.walk(function)) for function in functions]
    assert max(branches) < 8
