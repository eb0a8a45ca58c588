"""System default settings in a JSON file beside the database of their namespace.

A file, because anybody may change it while an engine, which alone writes the database, is
running; and because it can be read, compared and copied to another place.
"""

from __future__ import annotations

import json
import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, fields
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from filelock import FileLock

from iop_core.errors import SettingError
from iop_core.setting_layers import ANY, DefaultSetting
from iop_engine.deed_recorder import DeedRecorder, record_nowhere
from iop_engine.sqlite.directory import sync_folder

_FIELDS = {known.name for known in fields(DefaultSetting)}


class DefaultSettingsFile:
    """Implements ``iop_core.default_settings.DefaultSettings`` over one file.

    Args:
        path: The file; it and its folder are made by the first ``put``.
        record: Told of each change, once it is made, without its value.
    """

    def __init__(self, path: Path, *, record: DeedRecorder = record_nowhere) -> None:
        self._path = path
        self._record = record

    def all(self) -> list[DefaultSetting]:
        """Return every one, ordered by production, item, class and name."""
        try:
            text = self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return []
        except OSError as exc:
            raise SettingError(f"the default settings {str(self._path)!r} cannot be read: {exc.strerror}") from exc
        try:
            found = [_setting(row) for row in cast("list[dict[str, Any]]", json.loads(text)["settings"])]
        except (ValueError, TypeError, LookupError, AttributeError) as exc:
            raise SettingError(f"the default settings {str(self._path)!r} cannot be understood: {exc}") from exc
        return sorted(found, key=lambda default: default.key)

    def put(self, default: DefaultSetting) -> None:
        """Write one, in place of the one with the same keys."""
        with self._changing() as rows:
            rows[default.key] = default
        self._record("set default", [_name_of(default.key)], actor=default.actor, reason=default.reason)

    def remove(
        self,
        name: str,
        *,
        production: str = ANY,
        item: str = ANY,
        host_class: str = ANY,
        actor: str = "",
        reason: str = "",
    ) -> bool:
        """Remove the one with exactly these keys; False when there is none."""
        key = (production, item, host_class, name)
        with self._changing() as rows:
            is_there = rows.pop(key, None) is not None
        if is_there:
            self._record("delete default", [_name_of(key)], actor=actor, reason=reason)
        return is_there

    @contextmanager
    def _changing(self) -> Generator[dict[tuple[str, str, str, str], DefaultSetting], None, None]:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with FileLock(f"{self._path}.lock", timeout=10):
            before = self.all()
            rows = {default.key: default for default in before}
            yield rows
            after = sorted(rows.values(), key=lambda default: default.key)
            if after != before:
                self._write(after)

    def _write(self, rows: list[DefaultSetting]) -> None:
        """Write under another name first, so that the file is never there by halves."""
        text = json.dumps({"settings": [_row(default) for default in rows]}, ensure_ascii=False, indent=2)
        draft = self._path.with_name(f"{self._path.name}.new")
        draft.unlink(missing_ok=True)
        draft.touch(mode=0o600, exist_ok=False)  # a value may be a secret, though it had better be a reference
        with draft.open("w", encoding="utf-8") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)
        sync_folder(self._path.parent)


def _name_of(key: tuple[str, str, str, str]) -> str:
    return f"{key[3]} for {'/'.join(key[:3])}"


def _row(default: DefaultSetting) -> dict[str, Any]:
    row = asdict(default)
    row["changed"] = None if default.changed is None else default.changed.isoformat()
    return row


def _setting(row: dict[str, Any]) -> DefaultSetting:
    unknown = set(row) - _FIELDS
    if unknown:
        raise ValueError(f"{', '.join(sorted(unknown))!r} is not known")
    if not all(isinstance(row.get(name, ""), str) for name in ("name", "value", "production", "item", "host_class")):
        raise ValueError(f"the keys and the value of {row.get('name')!r} have to be texts")
    changed = row.get("changed")
    values: dict[str, Any] = {**row, "changed": datetime.fromisoformat(changed) if changed else None}
    return DefaultSetting(**values)
