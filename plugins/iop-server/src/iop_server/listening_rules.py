"""Where a server may listen: on this machine, unless its user says otherwise and it asks who is there."""

from __future__ import annotations

import ipaddress

from iop_core.errors import ConfigurationError


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches an address.

    Example:
        >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
        (True, True, False)
    """
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_listening(host: str, *, allow_remote: bool, has_login: bool, has_tls: bool, allow_plain: bool) -> None:
    """Refuse to listen where it is not safe.

    Args:
        host: The address.
        allow_remote: Whether the user wants others to reach it.
        has_login: Whether users have to prove who they are.
        has_tls: Whether the connection is encrypted.
        allow_plain: Whether the user wants it without TLS, such as behind a proxy that has it.

    Raises:
        ConfigurationError: It is not safe; the text says what to change.
    """
    if is_loopback(host):
        return
    if not allow_remote:
        raise ConfigurationError(
            f"{host!r} can be reached from other machines; say so with --allow-remote, or use 127.0.0.1"
        )
    if not has_login:
        raise ConfigurationError(
            f"{host!r} can be reached from other machines, so users have to log in; leave out --no-auth"
        )
    if not has_tls and not allow_plain:
        raise ConfigurationError(
            f"{host!r} can be reached from other machines, and passwords would travel unencrypted; give --tls-cert, or "
            "--allow-plain-http if a proxy in front has TLS"
        )
