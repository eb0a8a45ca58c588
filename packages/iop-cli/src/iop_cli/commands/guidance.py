"""``iop guidance``."""

from __future__ import annotations

from pathlib import Path

import click

from iop_cli.guidance import FILES, install_guidance
from iop_cli.options import json_option
from iop_cli.output import print_json, tell


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Path())
@click.option(
    "--agent", "agents", multiple=True, type=click.Choice(list(FILES)), help="Only for that one; default: all."
)
@click.option("--force", is_flag=True, help="Also replace guidance that somebody changed.")
@json_option
def guidance(*, folder: Path, agents: tuple[str, ...], force: bool, as_json: bool) -> None:
    """Tell coding agents how to work on productions: a block in AGENTS.md, CLAUDE.md and GEMINI.md of FOLDER.

    Other text in these files stays.
    """
    chosen = [agent for agent in FILES if agent in (agents or FILES)]
    result = install_guidance(folder, chosen, force=force)
    if as_json:
        print_json({"folder": str(folder.absolute()), "updated": result.updated, "current": result.current})
        return
    tell(f"Installed IoP agent guidance in {folder.absolute()} for: {', '.join(chosen)}.")
    tell(f"Updated {len(result.updated)} file(s); {len(result.current)} already current.")
