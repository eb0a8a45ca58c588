"""Backups of what is deployed, made before it is changed."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from iop_core.actors import current_user
from iop_core.errors import PlanError, ProductionError
from iop_production.loose_data import mapping_of, shown
from iop_production.private_files import make_private_folder, write_private
from iop_production.texts import text_of
from iop_production.xml_text import render_xml

if TYPE_CHECKING:
    from iop_production.deployed import Deployed

DEFAULT_FOLDER = ".iop/backups"
SCHEMA_VERSION = 1

_KEYS = ("production", "plan_id", "source_fingerprint")


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was read.

    Attributes:
        production: The exported dictionary, as the director gave it.
        metadata: Who made it, when, of what and for which plan; see ``write_backup``.
    """

    production: Mapping[str, Any]
    metadata: Mapping[str, Any]

    def said(self, key: str) -> str:
        """Return an entry of the metadata as text; empty when there is none."""
        return text_of(self.metadata.get(key))


def write_backup(
    parent: str | Path, found: Deployed, metadata: Mapping[str, str], *, plan: Mapping[str, Any] | None = None
) -> Path:
    """Write a backup into a new folder and return it; only its owner can read what is in it.

    Secrets are in it as they are deployed, because it is what a rollback restores.

    Args:
        parent: Folder of the backups.
        found: What is deployed.
        metadata: ``plan_id``, ``production``, ``namespace``, ``source_fingerprint``,
            ``desired_fingerprint``, ``actor`` and ``reason``; the rest is added.
        plan: The plan that is about to be applied, if any.
    """
    now = datetime.now(timezone.utc)
    folder = make_private_folder(Path(parent), f"{now:%Y%m%dT%H%M%SZ}-{metadata['plan_id'][:12]}")
    said = {
        "backup_id": folder.name,
        "created_at": now.isoformat(),
        "user": current_user(),
        "host": platform.node(),
        "schema_version": SCHEMA_VERSION,
        **metadata,
    }
    documents: dict[str, object] = {
        "production": found.data,
        "connections": found.connections or {},
        "queues": found.queues or {},
        **({"plan": plan} if plan is not None else {}),
        "metadata": said,
    }
    for name, document in documents.items():
        write_private(folder / f"{name}.json", json.dumps(document, indent=2, sort_keys=True, default=str))
    try:
        write_private(folder / "production.xml", render_xml(found.data))
    except ProductionError as error:
        # A text that XML cannot hold: production.json, which is what is restored, has it.
        write_private(folder / "production.xml", f"<!-- {text_of(error).replace('--', '- -')} -->")
    return folder


def read_backup(path: str | Path) -> Backup:
    """Return the backup in a folder.

    Raises:
        PlanError: A file is missing or is no backup; the text names the file and the field.
    """
    folder = Path(path)
    production, metadata = (_read(folder / f"{name}.json") for name in ("production", "metadata"))
    if not production:
        raise PlanError(f"{str(folder / 'production.json')!r} holds no production; choose another backup")
    for key in _KEYS:
        if not isinstance(metadata.get(key), str) or not metadata[key]:
            raise PlanError(
                f"{str(folder / 'metadata.json')!r}: {key} must be text, got {shown(metadata.get(key))}; "
                "choose another backup"
            )
    return Backup(production, metadata)


def _read(file: Path) -> Mapping[str, Any]:
    try:
        data: object = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise PlanError(
            f"{str(file)!r} does not exist; give the folder of a backup, such as those in .iop/backups"
        ) from error
    except (OSError, ValueError) as error:
        raise PlanError(f"{str(file)!r} cannot be read as a part of a backup: {error}") from error
    if not isinstance(data, Mapping):
        raise PlanError(f"{str(file)!r} must hold a dictionary, got {shown(data)}")
    return mapping_of(cast("object", data))
