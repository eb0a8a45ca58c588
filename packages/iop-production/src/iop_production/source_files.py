"""The source files below the paths that a user has named, and nowhere else."""

from __future__ import annotations

import os
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from iop_core.errors import ProductionError, ProductionTypeError

_IGNORED = frozenset(
    {".git", ".hg", ".tox", ".nox", ".venv", "venv", "build", "dist", "node_modules", "__pycache__"}
    | {".mypy_cache", ".pytest_cache", ".ruff_cache", ".eggs", "site-packages"}
)
# What is written there may send to anything; the real source goes first.
_LAST = frozenset({"docs", "test", "tests"})


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of source.

    Attributes:
        path: The file.
        module: Dotted name of its path below the root, without the suffix.
    """

    path: Path
    module: str


def check_roots(roots: Iterable[str | os.PathLike[str]]) -> list[Path]:
    """Return the paths that a user has named.

    Raises:
        ProductionTypeError: It is one path and not a list of paths.
        ProductionError: One of them does not exist.
    """
    if isinstance(roots, (str, bytes, os.PathLike)):
        raise ProductionTypeError(f"source_roots must be a list of paths, got {roots!r}; write [{roots!r}]")
    paths = [Path(root) for root in roots]
    for path in paths:
        if not path.exists():
            raise ProductionError(f"there is no source root {str(path)!r} (looked for {path.absolute()})")
    return paths


def source_files(roots: Iterable[Path], suffix: str) -> list[SourceFile]:
    """Return the files of one suffix below the roots: first root first, tests and documentation last.

    Links to folders are not followed.
    """
    found: dict[Path, SourceFile] = {}
    for root in roots:
        for path in _walk(root, suffix):
            found.setdefault(path, SourceFile(path, _module_of(path, root)))
    return sorted(found.values(), key=lambda file: not _LAST.isdisjoint(file.module.split(".")))


def read_source(path: Path) -> str:
    """Return the text of a file; Python files may say their encoding.

    Raises:
        OSError: It cannot be read.
        SyntaxError: It names an encoding that does not exist.
        UnicodeDecodeError: It is not in its encoding.
    """
    with tokenize.open(path) as file:
        return file.read()


def _walk(root: Path, suffix: str) -> Iterator[Path]:
    if root.is_file():
        if root.suffix == suffix:
            yield root
        return
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in _IGNORED)
        yield from (Path(folder, name) for name in sorted(files) if name.endswith(suffix))


def _module_of(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts if root.is_dir() else (path.stem,)
    return ".".join(parts[:-1] if parts[-1:] == ("__init__",) else parts)
