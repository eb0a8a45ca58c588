"""Guidance for coding agents: one marked block in the file that each of them reads."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from iop_core.errors import ConfigurationError

FILES = {"codex": "AGENTS.md", "claude": "CLAUDE.md", "gemini": "GEMINI.md"}

_BLOCK = re.compile(r"<!-- iop guidance (?P<hash>\w+) -->\n(?P<text>.*?)<!-- end of iop guidance -->\n?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class GuidanceResult:
    """What was done.

    Attributes:
        updated: Files that were written.
        current: Files that were as they should be.
    """

    updated: tuple[str, ...]
    current: tuple[str, ...]


def install_guidance(folder: Path, agents: Collection[str], *, force: bool = False) -> GuidanceResult:
    """Put the guidance into the files of some agents; all of them or none. Other text in them stays.

    Args:
        folder: Folder of the project.
        agents: Keys of ``FILES``.
        force: True: also replace guidance that somebody changed.

    Raises:
        ConfigurationError: The folder is missing, a file cannot be used, or somebody changed the guidance in one.
    """
    if not folder.is_dir():
        raise ConfigurationError(f"{str(folder)!r} is no folder; name the folder of your project")
    names = [name for agent, name in FILES.items() if agent in agents]
    try:
        before = {name: _content(folder / name) for name in names}
        changed = [name for name, text in before.items() if _is_changed(text)]
        if changed and not force:
            raise ConfigurationError(
                f"the guidance in {', '.join(changed)} was changed; move your text out of the block, or replace it "
                "with --force"
            )
        after = {name: _with_block(text) for name, text in before.items()}
        updated = tuple(name for name in names if after[name] != before[name])
        for name in updated:
            (folder / name).write_text(after[name], encoding="utf-8", newline="\n")
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigurationError(f"the guidance cannot be written in {str(folder)!r}: {exc}") from exc
    return GuidanceResult(updated, tuple(name for name in names if name not in updated))


def _content(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.exists() else ""


def _is_changed(text: str) -> bool:
    return any(_hash(found["text"]) != found["hash"] for found in _BLOCK.finditer(text))


def _with_block(text: str) -> str:
    guidance = resources.files("iop_cli").joinpath("templates/guidance.md").read_text(encoding="utf-8")
    block = f"<!-- iop guidance {_hash(guidance)} -->\n{guidance}<!-- end of iop guidance -->\n"
    if _BLOCK.search(text):
        return _BLOCK.sub(lambda _: block, text, count=1)
    gap = "" if not text else "\n" if text.endswith("\n") else "\n\n"
    return f"{text}{gap}{block}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
