"""The files of an upload, checked before anything is written."""

from __future__ import annotations

import ast
import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate

from iop_server.refusals import RefusedRequestError
from iop_server.wire import Upload, UploadedFile

_SUFFIXES = (".py", ".cls")
_LONGEST_PART = 120
_UNSAFE = re.compile(r'[\x00-\x1f\x7f\\:*?"<>|\ud800-\udfff]')
# Names that are devices on Windows, whatever their ending.
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
_NO_CODE = frozenset({"venv", "env", "node_modules", "site-packages", "__pycache__"})
_REMOTE_SETTINGS = "REMOTE_SETTINGS"


@dataclass(frozen=True, slots=True)
class Bundle:
    """Checked files.

    Attributes:
        files: Path below the package, with ``/``, to the bytes.
        settings_file: The one to migrate.
        ignored: Names that were left out: hidden files, virtual environments and the like.
        digest: SHA-256 of all names and bytes.
    """

    files: Mapping[str, bytes]
    settings_file: str
    ignored: tuple[str, ...]
    digest: str


def checked_bundle(upload: Upload, *, most_files: int) -> Bundle:
    """Return the files of an upload.

    Raises:
        RefusedRequestError: 413: too many files; 422: a name that leads elsewhere, occurs twice
            or is no code, or no settings file.
    """
    if len(upload.body) > most_files:
        raise RefusedRequestError(413, "too-large", f"the upload has {len(upload.body)} files, more than {most_files}")
    files: dict[str, bytes] = {}
    ignored: list[str] = []
    for file in upload.body:
        check_name(file.name)
        if _is_ignored(file.name):
            ignored.append(file.name)
        elif file.name in files:
            raise _refused(f"the file {file.name!r} is there twice")
        else:
            files[file.name] = _content(file, is_settings=file.name == upload.settings_file)
    _check_together(files)
    if upload.settings_file not in files or not upload.settings_file.endswith(".py"):
        raise _refused(f"the upload has no settings file {upload.settings_file!r}")
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        digest.update(f"{len(name.encode())} {name} {len(content)}\n".encode() + content)
    return Bundle(files, upload.settings_file, tuple(ignored), digest.hexdigest())


def check_name(name: str) -> None:
    """Refuse the name of a file that could lead out of its folder, on any system.

    Raises:
        RefusedRequestError: 422.

    Example:
        >>> check_name("orders/messages.py")
    """
    if _UNSAFE.search(name):
        raise _refused(f"the file name {name!r} has characters that are not allowed")
    parts = name.split("/")
    if any(part in ("", ".", "..") for part in parts):
        raise _refused(f"the file name {name!r} does not stay in its folder; use relative names without '..'")
    for part in parts:
        if len(part.encode()) > _LONGEST_PART or part != part.strip() or part.endswith(".") or _DEVICES.fullmatch(part):
            raise _refused(f"the file name {name!r} cannot be used on every system")
    if not name.endswith(_SUFFIXES):
        raise _refused(f"{name!r} is no code: names end in .py or .cls")


def _is_ignored(name: str) -> bool:
    return any(part.startswith(".") or part.lower() in _NO_CODE for part in name.split("/"))


def _check_together(names: Iterable[str]) -> None:
    """Refuse names that are one and the same on systems that do not tell case, and files that are folders, too."""
    seen: dict[str, str] = {}
    folders: dict[str, str] = {}
    for name in names:
        key = unicodedata.normalize("NFKC", name).casefold()
        if key in seen:
            raise _refused(f"the files {seen[key]!r} and {name!r} have the same name on some systems")
        seen[key] = name
        parts = key.split("/")
        folders.update({"/".join(parts[:end]): name for end in range(1, len(parts))})
    for key in seen.keys() & folders.keys():
        raise _refused(f"{seen[key]!r} is a file, and a folder for {folders[key]!r}")


def _content(file: UploadedFile, *, is_settings: bool) -> bytes:
    try:
        return (without_remote_settings(file.data) if is_settings else file.data).encode("utf-8")
    except UnicodeEncodeError:
        raise _refused(f"the file {file.name!r} has half characters, which no file can hold") from None


def without_remote_settings(source: str) -> str:
    r"""Return a settings file without the value of ``REMOTE_SETTINGS``, which may hold a password.

    Lines keep their numbers. What is no Python stays as it is, to be refused later.

    Example:
        >>> without_remote_settings("REMOTE_SETTINGS = {\n  'password': 'x'}\nCLASSES = {}\n")
        'REMOTE_SETTINGS = (None\n)\nCLASSES = {}\n'
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return source
    text = source.encode()
    lines = text.splitlines(keepends=True)
    starts = [0, *accumulate(len(line) for line in lines)]
    values = [value for node in ast.walk(tree) if (value := _remote_settings(node)) is not None]
    for value in sorted(values, key=lambda each: each.lineno, reverse=True):
        last_line, last_column = value.end_lineno or value.lineno, value.end_col_offset or 0
        begin, end = starts[value.lineno - 1] + value.col_offset, starts[last_line - 1] + last_column
        text = text[:begin] + b"(None" + b"\n" * (last_line - value.lineno) + b")" + text[end:]
    return text.decode()


def _remote_settings(node: ast.AST) -> ast.expr | None:
    targets: list[ast.expr] = []
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AnnAssign):
        targets = [node.target]
    is_meant = any(isinstance(target, ast.Name) and target.id == _REMOTE_SETTINGS for target in targets)
    return node.value if is_meant and isinstance(node, (ast.Assign, ast.AnnAssign)) else None


def _refused(reason: str) -> RefusedRequestError:
    return RefusedRequestError(422, "invalid", reason)
