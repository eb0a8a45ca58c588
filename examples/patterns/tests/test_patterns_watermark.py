"""No line is lost or archived twice, whatever happens between two polls."""

import shutil
import sqlite3
from contextlib import closing

import pytest

from iop_testing import run_production
from watermark import build_production


@pytest.fixture
def inbox(tmp_path):
    return tmp_path / "inbox.log"


@pytest.fixture
def start(tmp_path, clock):
    """Run the production on the same data again."""
    return lambda: run_production(build_production(tmp_path), data_dir=tmp_path / "data", clock=clock)


def add(inbox, text) -> None:
    with inbox.open("a", encoding="utf-8", newline="") as file:
        file.write(text)


def archived(inbox) -> list[str]:
    with closing(sqlite3.connect(inbox.with_name("archive.sqlite"))) as connection:
        return [text for (text,) in connection.execute("select text from entries order by offset")]


def sent(run) -> int:
    return len(run.messages(target="Archive", type="Request"))


def test_service_goes_on_where_it_was_after_a_restart(inbox, start) -> None:
    add(inbox, "one\ntwo ä\r\n")
    with start() as run:
        run.wait_until_idle()
        assert archived(inbox) == ["one", "two ä"]
    add(inbox, "three\n")
    with start() as run:
        run.wait_until_idle()
        assert archived(inbox) == ["one", "two ä", "three"]
        assert sent(run) == 3, "none was sent twice"


def test_lines_that_come_while_it_runs(inbox, start, clock) -> None:
    with start() as run:
        run.wait_until_idle()
        for number in range(3):
            add(inbox, f"line {number}\n")
            clock.advance(1)
            run.wait_until_idle()
            assert archived(inbox)[-1] == f"line {number}"


def test_line_that_is_still_being_written_waits(inbox, start, clock) -> None:
    add(inbox, "one\ntw")
    with start() as run:
        run.wait_until_idle()
        assert archived(inbox) == ["one"]
        add(inbox, "o\n")
        clock.advance(1)
        run.wait_until_idle()
        assert archived(inbox) == ["one", "two"]


def test_many_lines_take_several_polls(inbox, start, clock) -> None:
    add(inbox, "".join(f"{number}\n" for number in range(250)))
    with start() as run:
        run.wait_until_idle()
        assert sent(run) == 100
        for _ in range(2):
            clock.advance(1)
            run.wait_until_idle()
        assert archived(inbox) == [str(number) for number in range(250)]


def test_crash_before_the_offset_is_stored_repeats_lines_and_loses_none(inbox, start, tmp_path) -> None:
    add(inbox, "one\n")
    with start() as run:
        run.wait_until_idle()
    shutil.copytree(tmp_path / "data", tmp_path / "before")
    add(inbox, "two\n")
    with start() as run:
        run.wait_until_idle()
    # As if the power had failed: the line is in the archive, and the offset is still that before it.
    shutil.rmtree(tmp_path / "data")
    (tmp_path / "before").rename(tmp_path / "data")
    add(inbox, "three\n")
    with start() as run:
        run.wait_until_idle()
        assert sent(run) == 3, "the second line is sent again"
        assert run.messages(status="Error") == []
    assert archived(inbox) == ["one", "two", "three"]
