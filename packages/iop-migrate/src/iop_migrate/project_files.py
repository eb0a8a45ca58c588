"""The source of a project, as it is sent to a server to be migrated there."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from iop_core.errors import SettingsFileError
from iop_core.remote_settings import RemoteSettings
from iop_core.secret_references import is_reference
from iop_core.servers import ProjectUpload
from iop_director.remote_settings import assigns_section

IGNORE_FILE = ".iopignore"

_SUFFIXES = (".py", ".cls")
_NO_SOURCE = frozenset({"__pycache__", "node_modules", "site-packages", "dist-packages"})
_SHORTEST_SECRET = 4


def collect_project(file: Path, settings: RemoteSettings | None, *, strict: bool = False) -> ProjectUpload:
    """Return the Python and class files of a settings file's folder and the folders below.

    Left out are hidden files and folders, virtual environments, what links lead to elsewhere,
    and what a line of the file ``.iopignore`` matches: a pattern such as ``tests/*`` for paths,
    or ``*_local.py`` for names. ``REMOTE_SETTINGS`` of the settings file is sent empty.

    Args:
        file: The settings file, absolute.
        settings: Its ``REMOTE_SETTINGS``: the package, the folder there, and secrets that are not sent.
        strict: True: the server refuses productions with issues.

    Raises:
        SettingsFileError: A file cannot be read as UTF-8, or holds the password or token.
    """
    known = settings or RemoteSettings("")
    secrets = [text for text in (known.password, known.token) if len(text) >= _SHORTEST_SECRET]
    files: list[tuple[str, str]] = []
    for path in _source_files(file.parent):
        name = path.relative_to(file.parent).as_posix()
        text = _text_of(path)
        if path == file:
            text = without_remote_settings(text)
        if any(not is_reference(secret) and (f"'{secret}'" in text or f'"{secret}"' in text) for secret in secrets):
            raise SettingsFileError(
                f"{path} holds the password or token of REMOTE_SETTINGS and would be sent; name it by 'password_env' "
                f"or 'token_env', or leave the file out with a line in {IGNORE_FILE}"
            )
        files.append((name, text))
    return ProjectUpload(tuple(files), file.name, known.package, known.remote_folder, strict)


def without_remote_settings(source: str) -> str:
    r"""Return the source of a settings file in which ``REMOTE_SETTINGS`` is None; lines keep their numbers.

    Example:
        >>> without_remote_settings("REMOTE_SETTINGS = {\n  'password': 'x'}\nCLASSES = {}\n")
        'REMOTE_SETTINGS = (None\n)\nCLASSES = {}\n'
    """
    lines = source.encode().splitlines(keepends=True)
    found = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.stmt) and assigns_section(node)]
    for node in sorted(found, key=lambda each: each.lineno, reverse=True):
        value = node.value if isinstance(node, (ast.Assign, ast.AnnAssign)) else None
        if value is None or value.end_lineno is None or value.end_col_offset is None:
            continue
        first, last = value.lineno - 1, value.end_lineno - 1
        head, tail = lines[first][: value.col_offset], lines[last][value.end_col_offset :]
        kept_lines = b"\n" * (last - first)
        middle = b"(None" + kept_lines + b")" if kept_lines else b"None"
        lines[first : last + 1] = (head + middle + tail).splitlines(keepends=True)
    return b"".join(lines).decode()


def _source_files(root: Path) -> Iterator[Path]:
    patterns = _ignored_patterns(root)
    for folder, folders, names in os.walk(root):
        here = Path(folder)
        folders[:] = sorted(name for name in folders if _is_source_folder(here / name, root, patterns))
        for name in sorted(names):
            path = here / name
            if path.suffix not in _SUFFIXES or name.startswith(".") or _matches(path, root, patterns):
                continue
            if root.resolve() in path.resolve().parents:
                yield path


def _is_source_folder(folder: Path, root: Path, patterns: tuple[str, ...]) -> bool:
    name = folder.name
    is_environment = (folder / "pyvenv.cfg").exists()
    return not (name.startswith(".") or name in _NO_SOURCE or is_environment or _matches(folder, root, patterns))


def _matches(path: Path, root: Path, patterns: tuple[str, ...]) -> bool:
    name = path.relative_to(root).as_posix()
    return any(fnmatchcase(name, pattern) or fnmatchcase(path.name, pattern) for pattern in patterns)


def _ignored_patterns(root: Path) -> tuple[str, ...]:
    file = root / IGNORE_FILE
    if not file.is_file():
        return ()
    lines = (line.strip() for line in _text_of(file).splitlines())
    return tuple(line.rstrip("/") for line in lines if line and not line.startswith("#"))


def _text_of(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as exc:
        raise SettingsFileError(
            f"{path} is no UTF-8 text ({exc.reason} at byte {exc.start}); save it as UTF-8"
        ) from exc
    except OSError as exc:
        raise SettingsFileError(f"{path} cannot be read: {exc.strerror or exc}") from exc
