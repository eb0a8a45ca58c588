"""Keeping web pages of strangers out.

A browser on this machine reaches a server that only this machine reaches, and adds the
password it knows. So a page from elsewhere must neither call it by a name of its own, which
leads here, nor send requests to it in the background.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

from iop_server.refusals import RefusedRequestError

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")


def check_origin(headers: Mapping[str, str], hosts: Collection[str]) -> None:
    """Refuse a request under a name that is not the server's, or from a page of another server.

    Args:
        headers: Headers of the request.
        hosts: Names by which the server may be called, without port; empty: any.

    Raises:
        RefusedRequestError: 400 or 403.
    """
    host = headers.get("host", "")
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() and not host.endswith("]") else host
    if hosts and name.lower() not in {each.lower() for each in hosts}:
        raise RefusedRequestError(
            400, "wrong-host", f"this server is not called {name[:100]!r}; start it with --host-name if it should be"
        )
    origin = headers.get("origin")
    if origin is not None and (origin == "null" or urlsplit(origin).netloc.lower() != host.lower()):
        raise RefusedRequestError(403, "cross-site", "requests of web pages from other servers are not taken")
