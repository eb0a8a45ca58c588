"""Requests to one server."""

from __future__ import annotations

import ipaddress
import logging
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from iop_backend_rest.answers import json_of
from iop_core.errors import BackendUnavailableError, ConfigurationError
from iop_core.remote_settings import RemoteSettings

if TYPE_CHECKING:
    import httpx

_API = "/api/iop"
_LOGGER = logging.getLogger(__name__)


class Connection:
    """Sends requests to one server, each over a connection of its own; usable from any thread.

    No redirection is followed, as the login would go along. Environment variables of proxies
    and certificates (``HTTPS_PROXY``, ``SSL_CERT_FILE``) are honoured, but for this machine, where
    no proxy is asked; a ``.netrc`` is not.

    Args:
        settings: Address and login.

    Raises:
        ConfigurationError: The file of certificates cannot be used.
        SettingError: The password or token is a reference to something that is not there.
    """

    def __init__(self, settings: RemoteSettings) -> None:
        import httpx  # here, as every start of iop loads this module and few need the library

        self.url = settings.url.rstrip("/")
        self.namespace = settings.namespace
        self.timeout_seconds = settings.timeout_seconds
        token = settings.token_value()
        login = None if token else httpx.BasicAuth(settings.username, settings.password_value())
        if (token or settings.username) and not (self.url.lower().startswith("https:") or _is_here(self.url)):
            _LOGGER.warning("the login goes to %s unprotected; use https", self.url)
        self._auth = login
        self._client = httpx.Client(
            headers={"Accept": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})},
            verify=_verification(settings.verify_ssl, self.url),
            follow_redirects=False,
            trust_env=not _is_here(self.url),
            # An idle connection may have been closed by the server when it is used again.
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    def get(self, path: str, **query: str | int) -> Any:
        """Ask for something and return the JSON of the answer; errors as for ``send``."""
        return self.send("GET", path, query=query)

    def post(
        self,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        timeout_seconds: float | None = None,
        reason: str = "",
    ) -> Any:
        """Have something done and return the JSON of the answer.

        Args:
            path: As for ``send``.
            body: JSON to send.
            timeout_seconds: As for ``send``.
            reason: Why, for the audit of a server that keeps one.
        """
        query = {"reason": reason} if reason else {}
        return self.send("POST", path, query=query, body=body or {}, timeout_seconds=timeout_seconds)

    def send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int] | None = None,
        body: Mapping[str, Any] | None = None,
        timeout_seconds: float | None = None,
    ) -> Any:
        """Send a request of the REST API v1 and return the JSON of the answer.

        Args:
            method: The HTTP method.
            path: Below ``/api/iop``.
            query: Besides the namespace.
            body: JSON to send; None: no body.
            timeout_seconds: How long the answer may take; None: as the settings say; -1: for ever.

        Raises:
            BackendUnavailableError: It cannot be reached, or does not answer in time.
            AccessDeniedError: The login is not accepted, or not enough.
            ServerError: The server refused or failed, or its answer cannot be understood.
        """
        response = self.exchange(
            method,
            _API + path,
            query={"namespace": self.namespace, **(query or {})},
            body=body,
            timeout_seconds=timeout_seconds,
        )
        return json_of(response, f"{method} {self.url}{_API}{path}")

    def exchange(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int] | None = None,
        body: object = None,
        timeout_seconds: float | None = None,
    ) -> httpx.Response:
        """Send a request to any path below the address and return the answer, whatever its status.

        Raises:
            BackendUnavailableError: It cannot be reached, or does not answer in time.
        """
        import httpx

        seconds = self.timeout_seconds if timeout_seconds is None else timeout_seconds
        limits = httpx.Timeout(None if seconds < 0 else seconds, connect=self.timeout_seconds)
        try:
            return self._client.request(
                method, self.url + path, params=query, json=body, timeout=limits, auth=self._auth
            )
        except httpx.TimeoutException as exc:
            raise BackendUnavailableError(_timed_out(exc, f"{method} {self.url}{path}", self.url, seconds)) from exc
        except httpx.HTTPError as exc:
            raise BackendUnavailableError(_unreachable(exc, self.url)) from exc
        except httpx.InvalidURL as exc:
            raise ConfigurationError(f"the address {self.url!r} cannot be used: {exc}") from exc


def _verification(verify: bool | str, url: str) -> ssl.SSLContext | bool:
    if isinstance(verify, str):
        file = Path(verify)
        try:
            return ssl.create_default_context(
                cafile=None if file.is_dir() else file, capath=file if file.is_dir() else None
            )
        except (OSError, ValueError) as exc:
            raise ConfigurationError(f"the file of certificates {verify!r} cannot be used: {exc}") from exc
    if not verify and url.lower().startswith("https:"):
        _LOGGER.warning("the certificate of %s is not checked (verify_ssl is off); anybody could answer there", url)
    return verify


def _is_here(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _timed_out(exc: httpx.TimeoutException, asked: str, url: str, seconds: float) -> str:
    import httpx

    if isinstance(exc, httpx.ConnectTimeout):
        return f"{url} cannot be reached in time; check the address, or raise IOP_TIMEOUT"
    return (
        f"{asked}: no answer within {seconds:g} s; what was asked may still be done there. Look at the status, "
        "or raise IOP_TIMEOUT"
    )


def _unreachable(exc: httpx.HTTPError, url: str) -> str:
    cause: BaseException | None = exc
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return (
                f"the certificate of {url} cannot be trusted: {cause.verify_message}; give the file of those who "
                "vouch for it as 'verify_ssl' or IOP_VERIFY_SSL"
            )
        if isinstance(cause, ssl.SSLError):
            return f"{url} does not speak TLS as we do: {cause.reason or cause}; is it an http address?"
        cause = cause.__cause__ or cause.__context__
    reason = " ".join(str(exc).split()) or type(exc).__name__
    return f"{url} cannot be reached: {reason}"
