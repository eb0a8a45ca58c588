"""The section ``REMOTE_SETTINGS``: where the file belongs when it is not this machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from iop_core.errors import SettingsFileError, did_you_mean

REMOTE_SETTINGS = "REMOTE_SETTINGS"

_TEXTS = ("url", "username", "password", "password_env", "namespace", "package", "remote_folder")
_KEYS = (*_TEXTS, "verify_ssl")


@dataclass(frozen=True, slots=True)
class RemoteSettings:
    """Where a settings file is migrated to.

    Attributes:
        url: Address of the server, without user and password.
        username: Who logs in.
        password: Password in the file itself; better is ``password_env``.
        password_env: Environment variable with the password.
        namespace: Namespace there.
        verify_ssl: Whether the certificate is checked, or the file of who vouches for it.
        package: Package that the project becomes there.
        remote_folder: Folder that it is copied to there; empty: chosen by the server.
    """

    url: str
    username: str = ""
    password: str = field(default="", repr=False)
    password_env: str = ""
    namespace: str = "USER"
    verify_ssl: bool | str = True
    package: str = "python"
    remote_folder: str = ""


def read_remote_settings(names: Mapping[str, object], file: Path) -> RemoteSettings | None:
    """Return what ``REMOTE_SETTINGS`` says; None when there is no such section.

    Args:
        names: The module-level names of the settings file.
        file: For error texts, which never show a value: it may be a secret.

    Raises:
        SettingsFileError: It is no dict, has no ``url``, or a value cannot be used. A section
            that cannot be used never means this machine instead.
    """
    section = names.get(REMOTE_SETTINGS)
    if section is None:
        return None
    if not isinstance(section, dict):
        raise SettingsFileError(f"{file}: REMOTE_SETTINGS is a {type(section).__name__}; write a dict with a 'url'")
    found: dict[str, Any] = {}
    for key, value in cast("dict[object, object]", section).items():
        place = f"{file}: REMOTE_SETTINGS[{key!r}]"
        if key not in _KEYS:
            hint = did_you_mean(str(key), _KEYS)
            raise SettingsFileError(f"{place} does not exist{hint}; keys: {', '.join(_KEYS)}")
        if value is None:
            continue
        if not isinstance(value, (bool, str) if key == "verify_ssl" else str):
            expected = "True, False or the path of a certificate file" if key == "verify_ssl" else "text"
            raise SettingsFileError(f"{place} is a {type(value).__name__}; give {expected}")
        found[str(key)] = value
    _check_url(found.get("url", ""), f"{file}: REMOTE_SETTINGS['url']")
    return RemoteSettings(**found)


def _check_url(url: str, place: str) -> None:
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_usable, parts = False, urlsplit("")
    if not is_usable:
        raise SettingsFileError(f"{place} is missing or no address; give one such as 'https://host:52773'")
    if parts.username or parts.password:
        raise SettingsFileError(f"{place} holds a user or password; use 'username' and 'password_env' for them")
