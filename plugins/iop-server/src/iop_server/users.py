"""The users file: who may ask, in which role, and how they prove who they are.

Passwords are kept as Argon2id hashes. Tokens are long random texts, so a plain SHA-256 of each is enough.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from filelock import FileLock

from iop_core.errors import ConfigurationError, did_you_mean
from iop_server.roles import Role, get_role

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
_SHORTEST_PASSWORD = 8
_TOKEN_PREFIX = "iop_"  # noqa: S105 - lets people and scanners tell what it is


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may ask.

    Attributes:
        name: Name for the log-in and the audit.
        role: What the user may do.
    """

    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class _Entry:
    role: str
    password: str = ""
    tokens: Mapping[str, str] = field(default_factory=dict[str, str])


class UserFile:
    """The users file; read again whenever it changes.

    Args:
        path: The file; it need not exist yet.
        hasher: Makes and checks hashes of passwords; None: as RFC 9106 recommends.

    Example:
        >>> users = UserFile(Path("users.json"))  # doctest: +SKIP
        >>> users.add("ann", Role.OPERATOR, "correct horse")  # doctest: +SKIP
        >>> users.find_by_password("ann", "correct horse")  # doctest: +SKIP
        User(name='ann', role=<Role.OPERATOR: 2>)
    """

    def __init__(self, path: Path, *, hasher: PasswordHasher | None = None) -> None:
        self.path = path
        self._hasher = hasher or PasswordHasher()
        self._lock = threading.Lock()
        self._entries: dict[str, _Entry] = {}
        self._stamp: tuple[int, int, int] | None = None
        # Checked for unknown users, so that the time of the answer does not tell who exists.
        self._nobody = self._hasher.hash(secrets.token_urlsafe())

    def users(self) -> list[User]:
        """Return all users, by name.

        Raises:
            ConfigurationError: The file cannot be read.
        """
        return [User(name, get_role(entry.role)) for name, entry in sorted(self._read().items())]

    def tokens(self, name: str) -> list[str]:
        """Return the labels of the tokens of a user."""
        return sorted(_get(self._read(), name).tokens)

    def stamp(self) -> object:
        """Return something that differs once the file has changed."""
        self._read()
        return self._stamp

    def find_by_password(self, name: str, password: str) -> User | None:
        """Return the user with that name and password, or None."""
        entry = self._read().get(name)
        known = entry.password if entry is not None and entry.password else self._nobody
        try:
            self._hasher.verify(known, password)
        except (VerificationError, InvalidHashError):
            return None
        return None if entry is None or not entry.password else User(name, get_role(entry.role))

    def find_by_token(self, token: str) -> User | None:
        """Return the user with that token, or None."""
        digest = _digest(token)
        for name, entry in self._read().items():
            if any(secrets.compare_digest(digest, known) for known in entry.tokens.values()):
                return User(name, get_role(entry.role))
        return None

    def add(self, name: str, role: Role, password: str) -> None:
        """Add a user, or give one a new role and password; tokens stay.

        Args:
            name: 1 to 64 letters, digits and ``. _ @ -``.
            role: The role.
            password: At least 8 characters; empty: tokens only.

        Raises:
            ConfigurationError: The name or the password cannot be used, or the file cannot be written.
        """
        if not _NAME.fullmatch(name):
            raise ConfigurationError(
                f"{name!r} cannot be the name of a user: use at most 64 letters, digits and . _ @ -, and start with a "
                "letter or digit"
            )
        if password and len(password) < _SHORTEST_PASSWORD:
            raise ConfigurationError(
                f"the password is shorter than {_SHORTEST_PASSWORD} characters; choose a longer one"
            )
        hashed = self._hasher.hash(password) if password else ""

        def change(entries: dict[str, _Entry]) -> None:
            tokens: Mapping[str, str] = entries[name].tokens if name in entries else {}
            entries[name] = _Entry(role.word, hashed, tokens)

        self._change(change)

    def remove(self, name: str) -> None:
        """Remove a user with all tokens.

        Raises:
            ConfigurationError: There is no such user.
        """

        def change(entries: dict[str, _Entry]) -> None:
            _get(entries, name)
            del entries[name]

        self._change(change)

    def add_token(self, name: str, label: str) -> str:
        """Make a token for a user and return it; only its hash is kept.

        Args:
            name: The user.
            label: What it is for; an earlier token of that label stops working.

        Raises:
            ConfigurationError: There is no such user.
        """
        token = _TOKEN_PREFIX + secrets.token_urlsafe(32)

        def change(entries: dict[str, _Entry]) -> None:
            entry = _get(entries, name)
            entries[name] = replace(entry, tokens={**entry.tokens, label: _digest(token)})

        self._change(change)
        return token

    def remove_token(self, name: str, label: str) -> None:
        """Forget a token of a user.

        Raises:
            ConfigurationError: There is no such user or token.
        """

        def change(entries: dict[str, _Entry]) -> None:
            entry = _get(entries, name)
            if label not in entry.tokens:
                raise ConfigurationError(
                    f"user {name!r} has no token {label!r}{did_you_mean(label, entry.tokens)}; tokens: "
                    f"{', '.join(sorted(entry.tokens)) or 'none'}"
                )
            entries[name] = replace(entry, tokens={each: d for each, d in entry.tokens.items() if each != label})

        self._change(change)

    def _change(self, change: Callable[[dict[str, _Entry]], None]) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with FileLock(f"{self.path}.lock"):
                entries = dict(self._read())
                change(entries)
                _write(self.path, entries)
        except OSError as exc:
            raise ConfigurationError(
                f"the users file {str(self.path)!r} cannot be written: {exc.strerror or exc}"
            ) from exc

    def _read(self) -> dict[str, _Entry]:
        with self._lock:
            try:
                found = self.path.stat()
                stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
                if stamp != self._stamp:
                    self._entries = _entries(json.loads(self.path.read_text(encoding="utf-8")))
                    self._stamp = stamp
            except FileNotFoundError:
                self._entries, self._stamp = {}, None
            except (OSError, ValueError, TypeError, KeyError, AttributeError) as exc:
                # Neither the text nor the cause: both may show hashes.
                raise ConfigurationError(
                    f"the users file {str(self.path)!r} cannot be read ({type(exc).__name__}); repair it, or remove it "
                    "and add the users again with 'iop server user add'"
                ) from None
            return self._entries


def _entries(content: Any) -> dict[str, _Entry]:
    entries = {name: _Entry(**entry) for name, entry in cast("dict[str, dict[str, Any]]", content["users"]).items()}
    for entry in entries.values():
        get_role(entry.role)
    return entries


def _write(path: Path, entries: Mapping[str, _Entry]) -> None:
    text = json.dumps({"version": 1, "users": {name: asdict(entry) for name, entry in entries.items()}}, indent=2)
    # mkstemp makes a file that only its owner can read.
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _get(entries: Mapping[str, _Entry], name: str) -> _Entry:
    found = entries.get(name)
    if found is None:
        raise ConfigurationError(
            f"there is no user {name!r}{did_you_mean(name, entries)}; users: {', '.join(sorted(entries)) or 'none'}"
        )
    return found


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
