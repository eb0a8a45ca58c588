"""Where a director works: chosen by the caller, the environment or a file, never by luck."""

from __future__ import annotations

import ast
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from iop_core.errors import ConfigurationError

DEFAULT_URL = "local:"
DEFAULT_NAMESPACE = "USER"
REMOTE_SETTINGS = "REMOTE_SETTINGS"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a director works.

    Attributes:
        url: Address of a backend.
        namespace: Part of that place.
        chosen_by: What said so, for people.
    """

    url: str
    namespace: str
    chosen_by: str


def choose_place(
    url: str | None = None, *, namespace: str | None = None, remote_settings: str | os.PathLike[str] | None = None
) -> Place:
    """Return the first place that is named: the URL, ``IOP_URL``, the file, ``IOP_SETTINGS``, else ``local:``.

    What names a place and cannot be used is an error; nothing else is tried instead.

    Args:
        url: URL of a backend.
        namespace: Beats what the source of the URL says.
        remote_settings: A file with ``REMOTE_SETTINGS``. Files are read, never run.

    Raises:
        ConfigurationError: A file is missing, or its ``REMOTE_SETTINGS`` cannot be read.
    """
    in_environment = namespace or os.environ.get("IOP_NAMESPACE") or DEFAULT_NAMESPACE
    if url:
        return Place(url, in_environment, "the argument 'url'")
    if os.environ.get("IOP_URL"):
        return Place(os.environ["IOP_URL"], in_environment, "the environment variable IOP_URL")
    file, said_by = remote_settings, "the remote settings"
    if file is None and os.environ.get("IOP_SETTINGS"):
        file, said_by = os.environ["IOP_SETTINGS"], "the environment variable IOP_SETTINGS"
    if file is None:
        return Place(DEFAULT_URL, in_environment, "the default")
    path = Path(file)
    settings = read_remote_settings(path)
    place = str(settings.get("namespace") or DEFAULT_NAMESPACE)
    return Place(str(settings["url"]), namespace or place, f"{said_by} ({path})")


def read_remote_settings(file: Path) -> Mapping[str, object]:
    """Return ``REMOTE_SETTINGS`` of a Python file without running it.

    Raises:
        ConfigurationError: The file cannot be read, or has no such section that is written as
            plain values with a ``url``. The text shows no value, as it may be a secret.
    """
    try:
        tree = ast.parse(file.read_bytes(), filename=str(file))
    except OSError as exc:
        raise ConfigurationError(f"the remote settings {str(file)!r} cannot be read: {exc.strerror or exc}") from exc
    except (SyntaxError, ValueError) as exc:
        raise ConfigurationError(f"the remote settings {str(file)!r} are not Python: {exc}") from exc
    values = [value for node in tree.body for value in _assigned(node)]
    is_named = any(isinstance(node, ast.Name) and node.id == REMOTE_SETTINGS for node in ast.walk(tree))
    if not values:
        what = "is not assigned at the top level of the file" if is_named else "is missing"
        raise ConfigurationError(f"{file}: {REMOTE_SETTINGS} {what}; write {REMOTE_SETTINGS} = {{'url': '...'}} there")
    try:
        # As when Python runs the file, the last one counts.
        found: object = ast.literal_eval(values[-1])
    except ValueError as exc:
        raise ConfigurationError(
            f"{file}:{values[-1].lineno}: {REMOTE_SETTINGS} holds something else than plain values, and is not run. "
            "Write plain values; for a password use 'password_env': 'NAME OF A VARIABLE'"
        ) from exc
    url = cast("dict[object, object]", found).get("url") if isinstance(found, dict) else None
    if not isinstance(url, str) or not url:
        raise ConfigurationError(f"{file}: {REMOTE_SETTINGS} is no dict with the text 'url'; give the address there")
    return cast("dict[str, object]", found)


def _assigned(node: ast.stmt) -> list[ast.expr]:
    """Return what a statement assigns to ``REMOTE_SETTINGS``: nothing, or one expression."""
    if isinstance(node, ast.Assign):
        targets: list[ast.expr] = node.targets
    elif isinstance(node, ast.AnnAssign) and node.value is not None:
        targets = [node.target]
    else:
        return []
    is_section = any(isinstance(target, ast.Name) and target.id == REMOTE_SETTINGS for target in targets)
    return [node.value] if is_section and node.value is not None else []
