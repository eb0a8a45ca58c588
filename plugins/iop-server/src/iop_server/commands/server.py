"""``iop server``: the users of ``iop serve``."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from iop_director.safe_text import one_line
from iop_server import server_files
from iop_server.roles import ROLE_WORDS, get_role
from iop_server.server_files import data_dir_option, users_file_option
from iop_server.users import UserFile

_Function = TypeVar("_Function", bound=Callable[..., Any])


def _place_options(function: _Function) -> _Function:
    return data_dir_option(users_file_option(function))


@click.group()
def server() -> None:
    """Look after the users of 'iop serve'; a running server notices changes."""


@server.group()
def user() -> None:
    """Add, list and remove users."""


@user.command("add")
@click.argument("name")
@click.option(
    "--role", type=click.Choice(ROLE_WORDS), default="viewer", show_default=True, help="What the user may do."
)
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of asking.")
@click.option("--tokens-only", is_flag=True, help="No password: the user logs in with tokens.")
@_place_options
def add_user(
    *, name: str, role: str, password_stdin: bool, tokens_only: bool, data_dir: Path, users_file: Path | None
) -> None:
    """Add the user NAME, or give NAME a new role and password."""
    password = ""
    if not tokens_only:
        password = (
            sys.stdin.readline().rstrip("\r\n")
            if password_stdin
            else str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
        )
        if not password:
            raise click.UsageError("the password is empty; give one, or --tokens-only")
    _file(data_dir, users_file).add(name, get_role(role), password)
    click.echo(f"{one_line(name)} is {role} now.")


@user.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@_place_options
def list_users(*, as_json: bool, data_dir: Path, users_file: Path | None) -> None:
    """List the users with their roles and the labels of their tokens."""
    file = _file(data_dir, users_file)
    rows = [{"name": each.name, "role": each.role.word, "tokens": file.tokens(each.name)} for each in file.users()]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for each in file.users():
        labels = ", ".join(map(one_line, file.tokens(each.name)))
        click.echo(f"{each.name}  {each.role.word}{f'  tokens: {labels}' if labels else ''}")


@user.command("remove")
@click.argument("name")
@_place_options
def remove_user(*, name: str, data_dir: Path, users_file: Path | None) -> None:
    """Remove the user NAME with all tokens."""
    _file(data_dir, users_file).remove(name)
    click.echo(f"{one_line(name)} is removed.")


@server.group()
def token() -> None:
    """Make and remove tokens, which programs use instead of passwords."""


@token.command("add")
@click.argument("name")
@click.option(
    "--label", default="default", show_default=True, help="What it is for; an earlier one of it stops working."
)
@_place_options
def add_token(*, name: str, label: str, data_dir: Path, users_file: Path | None) -> None:
    """Make a token for the user NAME and show it, once."""
    click.echo(_file(data_dir, users_file).add_token(name, label))


@token.command("remove")
@click.argument("name")
@click.option("--label", default="default", show_default=True, help="Which one.")
@_place_options
def remove_token(*, name: str, label: str, data_dir: Path, users_file: Path | None) -> None:
    """Remove a token of the user NAME."""
    _file(data_dir, users_file).remove_token(name, label)
    click.echo(f"The token {one_line(label)!r} of {one_line(name)} is removed.")


def _file(data_dir: Path, users_file: Path | None) -> UserFile:
    return UserFile(users_file or server_files.users_file(data_dir))
