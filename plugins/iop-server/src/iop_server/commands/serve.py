"""``iop serve``."""

from __future__ import annotations

import logging
import secrets
import signal
from pathlib import Path
from typing import cast

import click

from iop_server import server_files
from iop_server.application import Application
from iop_server.listening_rules import check_listening, is_loopback
from iop_server.options import ServerOptions
from iop_server.origins import LOOPBACK_NAMES
from iop_server.roles import Role
from iop_server.server_files import audit_file, data_dir_option, users_file_option
from iop_server.serving import Listener
from iop_server.users import UserFile

_FIRST_USER = "admin"


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="Port; 0: any free one.")
@data_dir_option
@click.option("--url", help="URL of the backend, instead of the local one in the data directory.")
@click.option("--namespace", "namespaces", multiple=True, metavar="NS", help="Namespace to answer for; repeatable.")
@users_file_option
@click.option("--no-auth", is_flag=True, help="No log-in: everybody on this machine is an operator.")
@click.option("--allow-remote", is_flag=True, help="Listen on an address that other machines reach.")
@click.option("--allow-plain-http", is_flag=True, help="Without TLS there, as behind a proxy that has it.")
@click.option("--tls-cert", type=click.Path(path_type=Path, dir_okay=False), help="PEM file of the certificate chain.")
@click.option("--tls-key", type=click.Path(path_type=Path, dir_okay=False), help="PEM file of its key, if apart.")
@click.option(
    "--upload-root",
    type=click.Path(path_type=Path, file_okay=False),
    help="Take code from users in the role deployer, and keep it below this folder. Default: none is taken.",
)
@click.option(
    "--host-name", "host_names", multiple=True, metavar="NAME", help="Another name of this server; repeatable."
)
@click.option("--path-prefix", default="", metavar="PATH", help="What stands before /api/iop in URLs.")
def serve(
    *,
    host: str,
    port: int,
    data_dir: Path,
    namespaces: tuple[str, ...],
    users_file: Path | None,
    no_auth: bool,
    tls_cert: Path | None,
    tls_key: Path | None,
    **more: object,
) -> None:
    """Let other machines and programs manage productions over HTTP, until Ctrl-C.

    The productions run in processes of their own and go on when the server ends. At the first
    start a user 'admin' is made, whose password is shown once.
    """
    check_listening(
        host,
        allow_remote=bool(more["allow_remote"]),
        has_login=not no_auth,
        has_tls=tls_cert is not None,
        allow_plain=bool(more["allow_plain_http"]),
    )
    users = None if no_auth else UserFile(users_file or server_files.users_file(data_dir))
    if users is not None:
        _make_first_user(users)
    upload_root, names = more["upload_root"], more["host_names"]
    url = more["url"]
    options = ServerOptions(
        users_file=None if users is None else users.path,
        audit_file=audit_file(data_dir),
        url=url if isinstance(url, str) else _local_url(data_dir),
        namespaces=namespaces,
        upload_root=upload_root.absolute() if isinstance(upload_root, Path) else None,
        hosts=_names_of(host, cast("tuple[str, ...]", names)),
        path_prefix=str(more["path_prefix"]).rstrip("/"),
    )
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.WARNING)
    listener = Listener(Application(options, users).asgi, host, port, certificate=tls_cert, key=tls_key)
    click.echo(f"Serving productions on {listener.url}/api/iop. Press Ctrl-C to stop.")
    for number in (signal.SIGINT, signal.SIGTERM):
        # The server stops by itself, and then raises the signal again.
        signal.signal(number, lambda _number, _frame: None)
    listener.serve()
    click.echo("Stopped serving.")


def _make_first_user(users: UserFile) -> None:
    if users.users():
        return
    password = secrets.token_urlsafe(18)
    users.add(_FIRST_USER, Role.DEPLOYER, password)
    click.echo(
        f"There were no users yet. Made the user '{_FIRST_USER}', role deployer, password {password} (shown once). "
        "Add others with 'iop server user add'.",
        err=True,
    )


def _names_of(host: str, given: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names the server may be called by; empty: any, as it cannot know what others call it."""
    if is_loopback(host):
        return (*LOOPBACK_NAMES, host, *given)
    return (*LOOPBACK_NAMES, host, *given) if given else ()


def _local_url(data_dir: Path) -> str:
    return "local:" + data_dir.absolute().as_uri().removeprefix("file:")
