"""Where a director works: chosen by the caller, the environment or a file, never by luck."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from iop_core.errors import ConfigurationError
from iop_core.remote_settings import DEFAULT_NAMESPACE, RemoteSettings
from iop_director.remote_settings import problem_of_url, read_remote_settings, seconds_of, verification_of

DEFAULT_URL = "local:"

# Environment variable -> field. What they say of the login beats a file; the address and the namespace do not.
_LOGIN = {"IOP_USERNAME": "username", "IOP_PASSWORD": "password", "IOP_TOKEN": "token"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a director works.

    Attributes:
        settings: The address, with what is needed to use it.
        chosen_by: What said so, for people.
    """

    settings: RemoteSettings
    chosen_by: str

    @property
    def url(self) -> str:
        """Address of a backend."""
        return self.settings.url

    @property
    def scheme(self) -> str:
        """The scheme of the address, by which a backend is chosen.

        Raises:
            ConfigurationError: It has none.
        """
        scheme, colon, _ = self.settings.url.partition(":")
        if not colon or not scheme:
            # The text itself stays out of the error: it may hold a password.
            raise ConfigurationError(
                "the URL of a backend starts with a scheme and a colon, such as 'local:' or 'local:///var/lib/iop'; "
                "see the argument 'url' and the environment variable IOP_URL"
            )
        return scheme.lower()

    @property
    def namespace(self) -> str:
        """Part of that place."""
        return self.settings.namespace


def choose_place(
    url: str | None = None,
    *,
    namespace: str | None = None,
    remote_settings: str | os.PathLike[str] | RemoteSettings | None = None,
) -> Place:
    """Return the first place that is named: the URL, ``IOP_URL``, the file, ``IOP_SETTINGS``, else ``local:``.

    What names a place and cannot be used is an error; nothing else is tried instead. Of the
    environment ``IOP_USERNAME``, ``IOP_PASSWORD``, ``IOP_TOKEN``, ``IOP_VERIFY_SSL`` and
    ``IOP_TIMEOUT`` (seconds) are used whatever names the place, ``IOP_NAMESPACE`` unless a file does.

    Args:
        url: URL of a backend.
        namespace: Beats what the source of the URL says.
        remote_settings: A file with ``REMOTE_SETTINGS``, which is read and never run; or what
            such a section says.

    Raises:
        ConfigurationError: A file is missing, its ``REMOTE_SETTINGS`` cannot be read, or a
            variable has a value it cannot have.
    """
    in_environment = namespace or os.environ.get("IOP_NAMESPACE") or DEFAULT_NAMESPACE
    if url:
        return _place_of_url(url, in_environment, "the argument 'url'")
    if os.environ.get("IOP_URL"):
        return _place_of_url(os.environ["IOP_URL"], in_environment, "the environment variable IOP_URL")
    file, said_by = remote_settings, "the remote settings"
    if file is None and os.environ.get("IOP_SETTINGS"):
        file, said_by = os.environ["IOP_SETTINGS"], "the environment variable IOP_SETTINGS"
    if file is None:
        return _place_of_url(DEFAULT_URL, in_environment, "the default")
    if isinstance(file, RemoteSettings):
        settings = file
    else:
        path = Path(file)
        settings, said_by = read_remote_settings(path), f"{said_by} ({path})"
    return Place(with_environment(replace(settings, namespace=namespace or settings.namespace)), said_by)


def with_environment(settings: RemoteSettings, environment: Mapping[str, str] | None = None) -> RemoteSettings:
    """Return settings with the login and the manner of connecting that the environment says.

    Args:
        settings: The settings.
        environment: None: that of this process.

    Raises:
        ConfigurationError: A variable has a value that it cannot have; the text shows no secret.
    """
    found = os.environ if environment is None else environment
    said: dict[str, Any] = {field: found[name] for name, field in _LOGIN.items() if found.get(name)}
    if said and "token" not in said:
        said["token"] = ""  # a user of the environment is not to be overruled by a token of a file
    for name, field, read in (
        ("IOP_VERIFY_SSL", "verify_ssl", verification_of),
        ("IOP_TIMEOUT", "timeout_seconds", seconds_of),
    ):
        if found.get(name):
            try:
                said[field] = read(found[name])
            except ConfigurationError as exc:
                raise ConfigurationError(f"the environment variable {name}: {exc}") from exc
    return replace(settings, **said) if said else settings


def _place_of_url(url: str, namespace: str, chosen_by: str) -> Place:
    # A URL without a scheme gets its error where the backend is chosen.
    problem = problem_of_url(url) if url.lower().startswith(("http:", "https:")) else ""
    if problem:
        raise ConfigurationError(f"{chosen_by} {problem}")
    return Place(with_environment(RemoteSettings(url, namespace=namespace)), chosen_by)
