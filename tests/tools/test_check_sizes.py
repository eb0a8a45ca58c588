"""tools/check_sizes.py: nothing grows past its limit."""

from __future__ import annotations

from pathlib import Path

import pytest
from tools import check_sizes


def write_function(path: Path, lines: int, *, decorated: bool = False) -> Path:
    body = "\n".join(["    pass"] * (lines - 1 - decorated))
    path.write_text(f"{'@staticmethod' + chr(10) if decorated else ''}def long() -> None:\n{body}\n")
    return path


@pytest.mark.parametrize("decorated", [False, True])
def test_function_of_eighty_lines_passes_and_one_more_fails(tmp_path: Path, capsys, *, decorated: bool) -> None:
    file = write_function(tmp_path / "m.py", 80, decorated=decorated)
    assert check_sizes.main([str(file)]) == 0
    write_function(file, 81, decorated=decorated)
    assert check_sizes.main([str(tmp_path)]) == 1
    assert f"{file}:1 long: function of 81 lines; at most 80" in capsys.readouterr().err


def test_nested_and_async_functions_count(tmp_path: Path) -> None:
    body = "        pass\n" * 80
    (tmp_path / "m.py").write_text(f"class C:\n    async def long(self):\n{body}")
    assert check_sizes.main([str(tmp_path)]) == 1


def test_file_of_five_hundred_lines_passes_and_one_more_fails(tmp_path: Path, capsys) -> None:
    file = tmp_path / "m.py"
    file.write_text("x = 1\n" * 500)
    assert check_sizes.main([str(tmp_path)]) == 0
    file.write_text("x = 1\n" * 501)
    assert check_sizes.main([str(tmp_path)]) == 1
    assert "file of 501 lines; at most 500" in capsys.readouterr().err


def test_medians_are_printed(tmp_path: Path, capsys) -> None:
    for number, lines in enumerate((2, 4, 60)):
        write_function(tmp_path / f"m{number}.py", lines)
    assert check_sizes.main([str(tmp_path)]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed == ["files: 3, median 4 lines, longest 60", "functions: 3, median 4 lines, longest 60"]
