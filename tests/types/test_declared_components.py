import json
import subprocess
import sys
from pathlib import Path

import pytest

DECLARED = Path(__file__).with_name("declared_components.py").read_text()
MISTAKES = """
    shop.Limit = "many"
    shop.Output = 5
    shop.take(5)
    setting(1, categry="x")
    shop.send_request_sync("Item", Order(), response_type=Order).nummer
    handler(5)
"""

pytestmark = pytest.mark.slow


def lines_with_errors(checker: str, source: str, folder: Path) -> set[int]:
    """Return the numbers of the lines that a checker in strict mode complains about."""
    file = folder / "checked.py"
    file.write_text(source)
    if checker == "mypy":
        options = ["--strict", "--output", "json", "--cache-dir", str(folder / "cache"), "--follow-imports=silent"]
        done = subprocess.run([sys.executable, "-m", "mypy", *options, str(file)], capture_output=True, text=True)
        assert done.returncode in (0, 1), done.stderr
        return {json.loads(line)["line"] for line in done.stdout.splitlines() if line.startswith("{")}
    config = {"typeCheckingMode": "strict", "include": [file.name]}
    (folder / "pyrightconfig.json").write_text(json.dumps(config))
    command = [sys.executable, "-m", "pyright", "--pythonpath", sys.executable, "--outputjson", "-p", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    report = json.loads(done.stdout)
    assert report["summary"]["filesAnalyzed"] == 1, done.stdout
    return {found["range"]["start"]["line"] + 1 for found in report["generalDiagnostics"]}


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_checkers_see_the_values_and_the_mistakes(checker: str, tmp_path: Path) -> None:
    end = len(DECLARED.splitlines())
    wrong = set(range(end + 2, end + 2 + MISTAKES.count("\n") - 1))
    assert lines_with_errors(checker, DECLARED, tmp_path) == set()
    assert lines_with_errors(checker, DECLARED + MISTAKES, tmp_path) == wrong


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
@pytest.mark.parametrize(("file", "mistakes"), [("authored_production.py", 19), ("declared_messages.py", 10)])
def test_checkers_see_the_marked_mistakes(checker: str, file: str, mistakes: int, tmp_path: Path) -> None:
    source = Path(__file__).with_name(file).read_text()
    wrong = {number for number, line in enumerate(source.splitlines(), 1) if line.endswith("# wrong")}
    assert len(wrong) == mistakes
    assert lines_with_errors(checker, source, tmp_path) == wrong
