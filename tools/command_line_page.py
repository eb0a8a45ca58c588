"""Write docs/reference/command-line.md from the commands themselves: ``python tools/command_line_page.py``."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from iop_cli.main import iop
from iop_cli.old_flags import DEEDS, LETTERS

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "command-line.md"

_BEGIN = """# The command line

Written by `python tools/command_line_page.py` from the commands themselves; `iop COMMAND --help` says the same.

* Options of a command may stand before it: `iop --json status` is `iop status --json`.
* `--data-dir`, `--url`, `--remote-settings` or `--local` says where productions run; else `IOP_URL`, else the file in
  `IOP_SETTINGS`, else `.iop` below the current directory (beside the file, for `run`, `start` and `dev`). What names a
  place that cannot be used is an error; nothing else is tried instead.
* What is done is said in one line, but for `--quiet`. On a terminal, what destroys is asked for, but for `--yes`; and
  long work shows that it goes on.
* Errors are one line on standard error; with `--json` they are JSON. [Exit codes](exit-codes.md) say the rest.
* Values of secret settings are shown as `***`, and an address with a password in it is refused.
"""


def build_page() -> str:
    """Return the page."""
    parts = [_BEGIN, *_section(iop, "iop", click.Context(iop, info_name="iop"), level=2)]
    return "\n".join([*parts, *_old_flags()])


def _section(command: click.Command, path: str, context: click.Context, *, level: int) -> Iterator[str]:
    usage = " ".join(command.collect_usage_pieces(context))
    yield f"{'#' * level} {path}\n"
    yield f"`{path} {usage}`\n"
    yield _text(command.help or "") + "\n"
    rows = list(_options(command, context))
    if rows:
        yield "| Option | Meaning |\n|---|---|"
        yield "\n".join(rows) + "\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            if found is not None and not found.hidden:
                inner = click.Context(found, info_name=name, parent=context)
                yield from _section(found, f"{path} {name}", inner, level=min(level + (path != "iop"), 4))


def _options(command: click.Command, context: click.Context) -> Iterator[str]:
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None and "--help" not in parameter.opts:
            name, text = (part.replace("|", "\\|") for part in record)
            yield f"| `{name}` | {_text(text)} |"


def _old_flags() -> Iterator[str]:
    yield "## Flags of older programs\n"
    yield "They go on working, also combined (`-xn NS`). What does not go together is refused.\n"
    yield "| Flag | The same as | Goes with |\n|---|---|---|"
    letters = {name: [letter for letter, known in LETTERS.items() if known == name] for name in LETTERS.values()}
    rows: list[str] = []
    for name, deed in DEEDS.items():
        flags = ", ".join(f"`{flag}`" for flag in (*(f"-{letter}" for letter in letters.get(name, [])), name))
        modifiers = ", ".join(f"`{modifier}`" for modifier in deed.modifiers)
        rows.append(f"| {flags} | `iop {' '.join(deed.command)}` | {modifiers} |")
    yield "\n".join(rows)
    yield ""


def _text(text: str) -> str:
    """Return a help text without the line ends of its source, and what click writes in it for itself."""
    paragraphs = [
        f"```\n{paragraph[1:].strip()}\n```" if paragraph.startswith("\b") else " ".join(paragraph.split())
        for paragraph in re.split(r"\n\s*\n", "\n".join(line.strip() for line in text.splitlines()).strip())
    ]
    return "\n\n".join(paragraphs)


if __name__ == "__main__":
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(build_page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE} was written\n")
