"""The page about serving names options, commands and routes that exist."""

from __future__ import annotations

import re
from pathlib import Path

import click

from iop_server.commands.serve import serve
from iop_server.commands.server import server
from iop_server.options import ServerOptions
from iop_server.routes import BASES, ROUTES
from iop_server.wire import MOST_ENTRIES

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "serve.md"
TEXT = PAGE.read_text(encoding="utf-8")


def options_of(command: click.Command) -> set[str]:
    inner = [options_of(each) for each in command.commands.values()] if isinstance(command, click.Group) else []
    return {name for parameter in command.params for name in parameter.opts}.union(*inner)


def test_options_exist() -> None:
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", TEXT))
    assert named
    assert named <= options_of(serve) | options_of(server)


def test_commands_exist() -> None:
    named = re.findall(r"iop server (\w+) (\w+)", TEXT)
    assert named
    for group, command in named:
        found = server.commands[group]
        assert isinstance(found, click.Group)
        assert command in found.commands


def test_routes_exist() -> None:
    paths = {base + route.path for route in ROUTES for base in BASES} | {f"{BASES[0]}/openapi.json", BASES[0]}
    named = set(re.findall(r"(?:127\.0\.0\.1:8080)?(/api/iop[\w/.]*)", TEXT))
    assert len(named) > 2
    assert {name.rstrip(".") for name in named} <= paths


def test_numbers_are_those_of_the_server() -> None:
    defaults = ServerOptions(None, PAGE)
    assert f"{defaults.most_upload_files:,} files" in TEXT
    assert f"{defaults.most_upload_bytes // 2**20} MB" in TEXT
    assert f"{defaults.requests_per_second:g} requests a second" in TEXT
    assert f"within {defaults.test_seconds:g} s" in TEXT
    assert f"at most {MOST_ENTRIES:,}" in TEXT
