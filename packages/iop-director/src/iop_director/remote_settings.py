"""The section ``REMOTE_SETTINGS`` of a settings file: where it belongs when that is not this machine."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from iop_core.errors import ConfigurationError, did_you_mean
from iop_core.remote_settings import RemoteSettings

REMOTE_SETTINGS = "REMOTE_SETTINGS"

_TEXTS = (
    "url", "username", "password", "password_env", "token", "token_env", "namespace", "package", "remote_folder"
)  # fmt: skip
_KEYS = (*_TEXTS, "verify_ssl", "timeout_seconds")
_YES, _NO = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


def read_remote_settings(file: Path) -> RemoteSettings:
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
    found = [node for node in tree.body if assigns_section(node)]
    is_named = any(isinstance(node, ast.Name) and node.id == REMOTE_SETTINGS for node in ast.walk(tree))
    if not found:
        what = "is not assigned at the top level of the file" if is_named else "is missing"
        raise ConfigurationError(f"{file}: {REMOTE_SETTINGS} {what}; write {REMOTE_SETTINGS} = {{'url': '...'}} there")
    # As when Python runs the file, the last one counts.
    value = cast("ast.Assign | ast.AnnAssign", found[-1]).value
    try:
        section: object = ast.literal_eval(value) if value is not None else None
    except ValueError as exc:
        raise ConfigurationError(
            f"{file}:{found[-1].lineno}: {REMOTE_SETTINGS} holds something else than plain values, and is not run. "
            "Write plain values; for a password use 'password_env': 'NAME OF A VARIABLE'"
        ) from exc
    return checked_section(section, f"{file}: {REMOTE_SETTINGS}")


def assigns_section(node: ast.stmt) -> bool:
    """Return whether a statement gives ``REMOTE_SETTINGS`` a value."""
    if isinstance(node, ast.Assign):
        targets: list[ast.expr] = node.targets
    elif isinstance(node, ast.AnnAssign) and node.value is not None:
        targets = [node.target]
    else:
        return False
    return any(isinstance(target, ast.Name) and target.id == REMOTE_SETTINGS for target in targets)


def checked_section(
    section: object, place: str, *, error: Callable[[str], ConfigurationError] = ConfigurationError
) -> RemoteSettings:
    """Return what the section says.

    Args:
        section: The value that a file gives it.
        place: For error texts, which never show a value: it may be a secret.
        error: What is raised.

    Raises:
        ConfigurationError: It is no dict, has no ``url``, or a value cannot be used. A section
            that cannot be used never means this machine instead.
    """
    if not isinstance(section, Mapping):
        raise error(f"{place} is a {type(section).__name__}; write a dict with a 'url'")
    found: dict[str, Any] = {}
    for key, value in cast("Mapping[object, object]", section).items():
        if key not in _KEYS:
            hint = did_you_mean(str(key), _KEYS)
            raise error(f"{place}[{key!r}] does not exist{hint}; keys: {', '.join(_KEYS)}")
        if value is not None:
            found[str(key)] = _checked(str(key), value, f"{place}[{key!r}]", error)
    problem = problem_of_url(str(found.get("url", "")))
    if problem:
        raise error(f"{place}['url'] {problem}")
    for secret in ("password", "token"):
        variable = found.pop(f"{secret}_env", "")
        if variable:
            found[secret] = f"env:{variable}"
    return RemoteSettings(**{name: value for name, value in found.items() if value != ""})


def problem_of_url(url: str) -> str:
    """Return why a text cannot be the address of a backend, without showing it; empty when it can.

    Example:
        >>> problem_of_url("https://me:secret@host")
        "holds a user or password; use 'username' and 'password_env', or IOP_USERNAME and IOP_PASSWORD, for them"
    """
    try:
        parts = urlsplit(url)
        is_web = parts.scheme in ("http", "https")
        is_usable = bool(parts.scheme) and ("://" in url or parts.scheme == "local")
        is_usable = is_usable and (not is_web or (bool(parts.hostname) and parts.port != 0))
    except ValueError:
        return "is no address; give one such as 'https://host:52773'"
    if not is_usable:
        return "is missing or no address; give one such as 'https://host:52773'"
    if parts.username or parts.password:
        return "holds a user or password; use 'username' and 'password_env', or IOP_USERNAME and IOP_PASSWORD, for them"
    if is_web and (parts.query or parts.fragment):
        return "goes on after '?' or '#'; give the address alone, such as 'https://host:52773'"
    return ""


def verification_of(value: bool | str) -> bool | str:
    """Return whether certificates are checked: True, False or the file of those who vouch for them.

    Raises:
        ConfigurationError: A text that is neither a word for yes or no nor a file.
    """
    if isinstance(value, bool):
        return value
    word = value.strip().lower()
    if word in _YES or word in _NO:
        return word in _YES
    if not Path(value).exists():
        raise ConfigurationError(
            f"verifying certificates: {value!r} is neither true nor false nor a file with certificates"
        )
    return value


def seconds_of(value: float | str) -> float:
    """Return a number of seconds above 0.

    Raises:
        ConfigurationError: It is none.
    """
    try:
        seconds = float(value)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise ConfigurationError(f"a time-out is a number of seconds above 0, not {value!r}")
    return seconds


def _checked(key: str, value: object, place: str, error: Callable[[str], ConfigurationError]) -> object:
    if key == "verify_ssl":
        if not isinstance(value, (bool, str)):
            raise error(f"{place} is a {type(value).__name__}; give True, False or the path of a certificate file")
    elif key == "timeout_seconds":
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise error(f"{place} is a {type(value).__name__}; give a number of seconds")
    elif not isinstance(value, str):
        raise error(f"{place} is a {type(value).__name__}; give text")
    try:
        if isinstance(value, (bool, str)) and key == "verify_ssl":
            return verification_of(value)
        return seconds_of(value) if isinstance(value, (int, float)) else value
    except ConfigurationError as exc:
        raise error(f"{place}: {exc}") from exc
