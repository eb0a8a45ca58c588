"""Values that are not written down but named: ``env:DB_PASSWORD``, ``secret://db-password``.

A reference is kept as it is, in productions, defaults and everything that is shown; only the
instance of the component gets the value, when its settings are applied.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from iop_core.errors import SettingError

SECRETS_DIRECTORY = "IOP_SECRETS_DIR"
DEFAULT_SECRETS_DIRECTORY = "/run/secrets"

_REFERENCE = re.compile(r"(env:|secret://)([A-Za-z_][A-Za-z0-9_.-]{0,127})")
_SENSITIVE = re.compile(r"passw|passphrase|secret|token|api_?key|private_?key|credential_?value", re.IGNORECASE)

MASK = "***"


def is_reference(value: object) -> bool:
    """Return whether a value is the name of a value that stands elsewhere.

    Example:
        >>> is_reference("env:DB_PASSWORD"), is_reference("environment: test")
        (True, False)
    """
    return isinstance(value, str) and _REFERENCE.fullmatch(value) is not None


def is_secret_reference(value: object) -> bool:
    """Return whether a value is the name of a secret, which is not to be shown wherever it stands in the open.

    Example:
        >>> is_secret_reference("secret://db-password"), is_secret_reference("env:DB_HOST")
        (True, False)
    """
    return is_reference(value) and str(value).startswith("secret:")


def dereferenced(value: object) -> object:
    """Return what a reference names, and any other value as it is.

    ``env:NAME`` is the environment variable of that name. ``secret://NAME`` is the content of
    the file of that name, without line ends at its end, in the directory that the environment
    variable ``IOP_SECRETS_DIR`` names (default ``/run/secrets``).

    Raises:
        SettingError: There is no such variable or file; the text never has a value in it.
    """
    found = _REFERENCE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return value
    scheme, name = found.groups()
    return _variable(name) if scheme == "env:" else _file_content(name)


def sounds_secret(name: str) -> bool:
    """Return whether a setting holds a secret, by its name.

    Example:
        >>> sounds_secret("SSLKeyPassword"), sounds_secret("Credentials")
        (True, False)
    """
    return _SENSITIVE.search(name) is not None


def masked(name: str, value: object, *, is_secret: bool = False) -> str:
    """Return a value as it may be shown: the value of a setting that is secret, or sounds so, is hidden.

    Args:
        name: Name of the setting.
        value: Its value; a reference is shown.
        is_secret: Whether it is known to be secret.

    Example:
        >>> masked("Password", "hunter2"), masked("Password", "env:PW"), masked("Port", 80)
        ('***', 'env:PW', '80')
    """
    if value in (None, "") or is_reference(value) or not (is_secret or sounds_secret(name)):
        return "" if value is None else str(value)
    return MASK


def _variable(name: str) -> str:
    value = os.environ.get(name)
    if value is None:
        raise SettingError(f"'env:{name}' names an environment variable that is not set; set {name}")
    return value


def _file_content(name: str) -> str:
    folder = Path(os.environ.get(SECRETS_DIRECTORY) or DEFAULT_SECRETS_DIRECTORY)
    try:
        return (folder / name).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "it is no UTF-8 text"
        raise SettingError(
            f"'secret://{name}' cannot be read from the directory {str(folder)!r}: {reason}. Put the secret in a file "
            f"of that name there, or say with {SECRETS_DIRECTORY} where it is"
        ) from exc
