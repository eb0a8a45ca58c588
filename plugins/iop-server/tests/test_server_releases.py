"""Uploads on the disk: whole, switched to in one step, and the last ones kept."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from iop_server.releases import FOLDER, KEPT, Releases


def test_server_that_dies_while_writing_leaves_what_was_there(tmp_path: Path) -> None:
    now = datetime(2026, 1, 1, tzinfo=timezone.utc)
    releases = Releases(tmp_path, "shop")
    first = releases.write({"a.py": b"1"}, "1" * 64, now)
    releases.switch(first)

    class Dying(dict[str, bytes]):
        def items(self) -> Iterator[tuple[str, bytes]]:  # type: ignore[override]
            yield "a.py", b"2"
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        releases.write(Dying(), "2" * 64, now)
    assert (tmp_path / "shop" / "a.py").read_bytes() == b"1"
    assert list(tmp_path.rglob(".new-*")) == []


def test_switch_never_shows_half_a_package(tmp_path: Path) -> None:
    now = datetime(2026, 1, 1, tzinfo=timezone.utc)
    releases = Releases(tmp_path, "shop")
    made = [
        releases.write({"a.py": f"{number}".encode()}, f"{number}" * 64, now + timedelta(seconds=number))
        for number in range(2)
    ]
    releases.switch(made[0])
    seen: set[bytes] = set()
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            seen.add((tmp_path / "shop" / "a.py").read_bytes())

    thread = threading.Thread(target=look)
    thread.start()
    for number in range(300):
        releases.switch(made[number % 2])
    stop.set()
    thread.join()
    assert seen <= {b"0", b"1"}
    assert seen


def test_last_uploads_are_kept(tmp_path: Path) -> None:
    releases = Releases(tmp_path, "shop")
    for number in range(6):
        now = datetime(2026, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=number)
        releases.switch(releases.write({"a.py": f"{number}".encode()}, f"{number}" * 64, now))
        releases.prune()
    kept = sorted((tmp_path / FOLDER / "shop").iterdir())
    assert [(path / "a.py").read_text() for path in kept] == [str(number) for number in range(6 - KEPT, 6)]
    assert releases.current() == kept[-1]
