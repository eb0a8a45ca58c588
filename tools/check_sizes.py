"""Fail on a file of more than 500 lines or a function of more than 80; print the medians.

usage: python tools/check_sizes.py [PATH ...]
"""

from __future__ import annotations

import ast
import statistics
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

DEFAULT_PATHS = ("packages", "plugins", "examples", "tools")
LONGEST_FILE = 500
LONGEST_FUNCTION = 80


class Size(NamedTuple):
    """How long one file or function is."""

    kind: str  # "file" or "function"
    place: str
    lines: int

    @property
    def limit(self) -> int:
        """The most lines that its kind may have."""
        return LONGEST_FILE if self.kind == "file" else LONGEST_FUNCTION


def measure_source(source: str, place: str) -> Iterator[Size]:
    """Yield the size of one source text and of each function in it."""
    yield Size("file", place, source.count("\n"))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            yield Size("function", f"{place}:{first} {node.name}", (node.end_lineno or first) - first + 1)


def measure_paths(paths: Iterable[Path]) -> list[Size]:
    """Return the sizes in all Python files below the paths, tests too."""
    sizes: list[Size] = []
    for path in paths:
        for file in [path] if path.is_file() else sorted(path.rglob("*.py")):
            sizes.extend(measure_source(file.read_text(encoding="utf-8"), str(file)))
    return sizes


def main(arguments: Sequence[str]) -> int:
    """Run the command line; return 1 when anything is too long."""
    sizes = measure_paths(Path(argument) for argument in arguments or DEFAULT_PATHS)
    for kind in ("file", "function"):
        lines = [size.lines for size in sizes if size.kind == kind and size.lines]
        if lines:
            print(f"{kind}s: {len(lines)}, median {statistics.median(lines):.0f} lines, longest {max(lines)}")
    too_long = [size for size in sizes if size.lines > size.limit]
    for size in too_long:
        print(f"{size.place}: {size.kind} of {size.lines} lines; at most {size.limit}: split it", file=sys.stderr)
    return 1 if too_long else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
