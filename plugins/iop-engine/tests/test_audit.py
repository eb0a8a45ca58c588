"""The audit: who did what and why, and the chain that its entries form."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from iop import BusinessOperation, Message, Production
from iop_core.audit import AuditEntry
from iop_core.backends import RunOptions
from iop_core.errors import ComponentStartError, ConfigurationError, UnknownItemError
from iop_core.purging import PurgeOptions
from iop_core.setting_layers import DefaultSetting
from iop_director import Director
from iop_engine.backend import LocalBackend
from iop_testing import VirtualClock, run_production

from .conformance_places import copied


@dataclass
class Order(Message):
    number: str = ""


class Out(BusinessOperation):
    def on_message(self, request: Order) -> None:
        self.log_info("done")


class Fragile(BusinessOperation):
    starts = 0

    def on_init(self) -> None:
        Fragile.starts += 1
        if Fragile.starts > 1:
            raise ValueError("no port")


def production(**settings: object) -> Production:
    made = Production("Demo.Audit")
    made.operation("Out", Out, settings=settings)
    return made


def backend_of(place: Path) -> LocalBackend:
    return LocalBackend(str(place), namespace="USER")


def database_of(place: Path) -> Path:
    (found,) = place.glob("*.db")
    return found


@contextmanager
def tampering(place: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(database_of(place))) as connection, connection:
        yield connection


def some_deeds(place: Path) -> list[AuditEntry]:
    """Start, do three things, and stop."""
    with run_production(production(), data_dir=place, clock=VirtualClock()) as run:
        run.running.stop_component("Out", actor="kim", reason="partner is down")
        run.running.start_component("Out", actor="kim")
        run.running.restart_component("Out", actor="lee", reason="new certificate")
    return backend_of(place).history().audit()


def test_deeds_on_items_are_recorded(tmp_path: Path) -> None:
    with run_production(production(), data_dir=tmp_path) as run:
        control = run.running
        control.stop_component("Out", actor="kim", reason="partner is down")
        control.start_component("Out", actor="kim")
        control.restart_component("Out", actor="lee", reason="new certificate")
        control.disable("Out", actor="lee")
        control.enable("Out", actor="lee")
        entries = [entry for entry in control.audit() if json.loads(entry.selection) == {"item": "Out"}]
        deeds = [(entry.action, entry.actor, entry.reason) for entry in entries]
        assert deeds == [
            ("stop", "kim", "partner is down"),
            ("start", "kim", ""),
            ("restart", "lee", "new certificate"),
            ("disable", "lee", ""),
            ("enable", "lee", ""),
        ]
        texts = [entry.text for entry in run.log(item="Out")]
    assert "stop of 'Out' by kim: partner is down" in texts
    assert "restart of 'Out' by lee: new certificate" in texts


def test_crash_in_the_middle_of_a_deed_leaves_its_record(tmp_path: Path) -> None:
    place, copy = tmp_path / "place", tmp_path / "copy"

    class Late(BusinessOperation):
        def on_tear_down(self) -> None:
            if not copy.exists():
                copied(place, copy)

    made = Production("Demo.Audit")
    made.operation("Out", Late)
    with run_production(made, data_dir=place) as run:
        run.running.stop_component("Out", actor="kim", reason="partner is down")
    last = backend_of(copy).history().audit()[-1]
    assert (last.action, last.actor, last.reason) == ("stop", "kim", "partner is down")
    assert (json.loads(last.selection), json.loads(last.counts)) == ({"item": "Out"}, {"begun": 1})


def test_deed_that_failed_is_recorded(tmp_path: Path) -> None:
    Fragile.starts = 0
    made = Production("Demo.Audit")
    made.operation("Out", Fragile)
    with run_production(made, data_dir=tmp_path) as run:
        with pytest.raises(ComponentStartError):
            run.running.restart_component("Out", actor="kim", reason="try again")
        with pytest.raises(UnknownItemError):
            run.running.stop_component("Nope", actor="kim")
        last = run.running.audit()[-1]
        before = run.running.audit()[-2]
    assert (last.action, last.actor, json.loads(last.counts)) == ("restart", "kim", {"failed": 1})
    assert (before.action, json.loads(before.counts)) == ("restart", {"begun": 1})


def test_update_is_recorded_with_what_it_changed(tmp_path: Path) -> None:
    with run_production(production(), data_dir=tmp_path) as run:
        before = len(run.running.audit())
        assert not run.running.update(production().definition(), actor="kim").has_changes
        assert len(run.running.audit()) == before
        run.running.update(production(RetryInterval=9).definition(), actor="kim", reason="slower")
        last = run.running.audit()[-1]
    assert (last.action, last.actor, last.reason) == ("update", "kim", "slower")
    assert json.loads(last.selection) == {"restarted": ["Out"]}


def test_start_and_stop_of_the_production_are_recorded(tmp_path: Path) -> None:
    running = backend_of(tmp_path).run(production().definition(), RunOptions())
    running.stop(actor="kim", reason="holidays")
    first, last = backend_of(tmp_path).history().audit()
    assert (first.action, json.loads(first.selection)) == ("start", {"production": "Demo.Audit"})
    assert (last.action, last.actor, last.reason) == ("stop", "kim", "holidays")


def test_deeds_of_another_process_are_recorded(tmp_path: Path) -> None:
    running = backend_of(tmp_path).run(production().definition(), RunOptions(is_reachable=True))
    try:
        director = Director(f"local:{tmp_path}")
        director.stop_component("Out", actor="kim", reason="from outside")
        assert [(entry.actor, entry.reason) for entry in director.audit(limit=1)] == [("kim", "from outside")]
        check = director.check_audit()
        assert check.is_sound
        assert director.check_audit({check.last_id: "0" * 64}).broken_id == check.last_id
    finally:
        running.stop()


@pytest.mark.parametrize("is_running", [True, False])
def test_deployments_and_default_settings_are_recorded(tmp_path: Path, is_running: bool) -> None:
    director = Director(f"local:{tmp_path}")
    director.default_settings.put(DefaultSetting(name="Port", value="1"))  # nothing ever ran: there is no audit
    running = director.run(production())
    try:
        if not is_running:
            running.stop()
        director.register_production_definition("Demo.Audit", {"Demo.Audit": {}}, actor="kim", reason="go live")
        director.default_settings.put(DefaultSetting(name="Pin", value="canary", item="Out", actor="lee", reason="new"))
        assert director.default_settings.remove("Pin", item="Out", actor="lee", reason="old")
        assert not director.default_settings.remove("Pin", item="Out", actor="lee")
        entries = [entry for entry in director.audit() if entry.action not in ("start", "stop")]
    finally:
        running.stop()
    subjects = [json.loads(entry.selection)["subjects"] for entry in entries]
    assert [(entry.action, entry.actor, entry.reason) for entry in entries] == [
        ("deploy", "kim", "go live"),
        ("set default", "lee", "new"),
        ("delete default", "lee", "old"),
    ]
    assert subjects == [["replace production Demo.Audit"], ["Pin for */Out/*"], ["Pin for */Out/*"]]
    assert not any("canary" in text for entry in entries for text in (entry.selection, entry.counts))


def test_untouched_audit_is_sound(tmp_path: Path) -> None:
    entries = some_deeds(tmp_path)
    check = backend_of(tmp_path).history().check_audit()
    assert (check.is_sound, check.entries, check.last_id) == (True, 5, 5)
    assert check.last_hash == entries[-1].hash
    assert [entry.entry_id for entry in entries] == [1, 2, 3, 4, 5]


def test_chain_goes_on_after_a_restart(tmp_path: Path) -> None:
    some_deeds(tmp_path)
    some_deeds(tmp_path)
    assert backend_of(tmp_path).history().check_audit().entries == 10


@pytest.mark.parametrize("column", ["action", "actor", "reason", "selection", "counts", "done", "hash"])
def test_changed_entry_is_named(tmp_path: Path, column: str) -> None:
    some_deeds(tmp_path)
    with tampering(tmp_path) as connection:
        connection.execute(f"UPDATE audit SET {column} = 1 WHERE id = 3")
    check = backend_of(tmp_path).history().check_audit()
    assert (check.broken_id, check.entries) == (3, 2)
    assert check.reason


@pytest.mark.parametrize(("gone", "broken"), [("id = 1", 1), ("id = 3", 3), ("id >= 4", 4)])
def test_missing_entry_is_named(tmp_path: Path, gone: str, broken: int) -> None:
    some_deeds(tmp_path)
    with tampering(tmp_path) as connection:
        connection.execute(f"DELETE FROM audit WHERE {gone}")
    check = backend_of(tmp_path).history().check_audit()
    assert check.broken_id == broken
    assert "missing" in check.reason


def test_added_entry_is_named(tmp_path: Path) -> None:
    some_deeds(tmp_path)
    last = backend_of(tmp_path).history().audit()[-1]
    added = AuditEntry(6, "purge", "kim", "", "{}", "{}", last.time_done)
    with tampering(tmp_path) as connection:
        row = (*connection.execute("SELECT * FROM audit WHERE id = 5").fetchone()[1:7], added.hash_after(last.hash))
        connection.execute("INSERT INTO audit VALUES (6, ?, ?, ?, ?, ?, ?, ?)", row)
    assert backend_of(tmp_path).history().check_audit().broken_id == 6


def test_audit_written_anew_is_found_by_a_checkpoint(tmp_path: Path) -> None:
    entries = some_deeds(tmp_path)
    kept = {entries[-1].entry_id: entries[-1].hash}
    with tampering(tmp_path) as connection:
        previous = ""
        for entry in entries:
            forged = AuditEntry(
                entry.entry_id, entry.action, "lee", entry.reason, entry.selection, entry.counts, entry.time_done
            )
            previous = forged.hash_after(previous)
            connection.execute("UPDATE audit SET actor = 'lee', hash = ? WHERE id = ?", (previous, entry.entry_id))
        connection.execute("UPDATE notes SET value = ? WHERE name = 'audit head'", (json.dumps([5, previous]),))
    history = backend_of(tmp_path).history()
    assert history.check_audit().is_sound  # nothing inside says otherwise
    assert history.check_audit(kept).broken_id == 5


def test_purge_of_the_audit_keeps_the_chain(tmp_path: Path) -> None:
    clock = VirtualClock()
    with run_production(production(), data_dir=tmp_path, clock=clock) as run:
        run.running.stop_component("Out", actor="kim")
        clock.advance(3 * 86_400)
        run.running.start_component("Out", actor="kim")
        untouched = run.running.purge(PurgeOptions(days_to_keep=1))
        assert "audit" not in untouched.removed
        options = PurgeOptions(days_to_keep=1, types=("audit",))
        assert run.running.purge(options, dry_run=True).removed == {"audit": 2}
        result = run.running.purge(options, actor="kim", reason="privacy")
        assert result.removed == {"audit": 2}
        assert result.before["audit"] - result.after["audit"] == 2
        check = run.running.check_audit()
        assert (check.is_sound, check.purged_up_to, check.entries) == (True, 2, 3)
        assert [entry.action for entry in run.running.audit()] == ["start", "purge", "purge"]
    with tampering(tmp_path) as connection:
        connection.execute("DELETE FROM audit WHERE id = 3")
    assert backend_of(tmp_path).history().check_audit().broken_id == 3


def test_audit_is_not_purged_for_single_items() -> None:
    with pytest.raises(ConfigurationError, match="without items"):
        PurgeOptions(items=("Out",), types=("audit",))


def test_times_of_the_chain_do_not_depend_on_the_zone() -> None:
    entry = some_entry()
    moved = AuditEntry(*entry_fields(entry)[:-1], entry.time_done.astimezone())
    assert moved.hash_after("x") == entry.hash_after("x")
    later = AuditEntry(*entry_fields(entry)[:-1], entry.time_done + timedelta(microseconds=1))
    assert later.hash_after("x") != entry.hash_after("x")


def some_entry() -> AuditEntry:
    return AuditEntry(1, "stop", "kim", "", "{}", "{}", VirtualClock().now())


def entry_fields(entry: AuditEntry) -> tuple[object, ...]:
    return (entry.entry_id, entry.action, entry.actor, entry.reason, entry.selection, entry.counts, entry.time_done)
