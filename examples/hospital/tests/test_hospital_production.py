"""The production as a whole: routing, outputs, redelivery, and the demo around it."""

import json
import socket
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from hl7.client import MLLPClient

import demo
from hospital.files import file_stem
from hospital.messages import Facility, FacilityQuery, Hl7Message
from hospital.production import build_production
from iop_core.errors import ComponentStartError
from iop_testing import run_production
from reconciliation import reconcile
from traffic import Partner, generate_cases

EXAMPLE = Path(__file__).parents[1]


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


@pytest.fixture
def port():
    return demo.find_free_port()


@pytest.fixture
def run(out, port):
    with run_production(build_production(port=port, out=out)) as running:
        yield running


def adt(control_id, *, facility="NORTH", charset="", name="DOE"):
    header = f"MSH|^~\\&|ADTSYS|{facility}|IOP|HUB|20261122||ADT^A01|{control_id}|P|2.5||||||{charset}"
    return f"{header}\rPID|1||4711^^^HUB||{name}^J\r"


def oru(control_id, *values, facility="NORTH"):
    header = f"MSH|^~\\&|LAB|{facility}|IOP|HUB|20261122||ORU^R01|{control_id}|P|2.5||||||UNICODE UTF-8"
    observations = [f"OBX|{n}|NM|718-7^Hemoglobin||{value}|g/dL|||||F" for n, value in enumerate(values, start=1)]
    return "\r".join([header, "PID|1||4711^^^HUB||Müller", *observations]) + "\r"


def send(run, text, control_id, *, encoding="utf-8"):
    data = text.encode(encoding)
    run.send("Router", Hl7Message(data.decode("latin-1"), control_id))
    run.wait_until_idle(timeout=20)
    return data


def files_in(directory):
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def rows_in(out):
    with closing(sqlite3.connect(out / "results.sqlite")) as connection:
        return connection.execute(
            "select control_id, row, facility, patient_id, value from results order by 1, 2"
        ).fetchall()


def reasons_in(out):
    return [json.loads(path.read_text())["reason"] for path in (out / "dead-letter").glob("*.json")]


def test_adt_becomes_a_file_with_the_same_bytes(run, out):
    latin = send(run, adt("A1", charset="8859/1", name="Müller"), "A1", encoding="latin-1")
    utf8 = send(run, adt("A2", charset="UNICODE UTF-8", name="山田"), "A2")
    line_feeds = send(run, adt("A3").replace("\r", "\n"), "A3")
    files = files_in(out / "adt")
    assert Counter(files.values()) == Counter([latin, utf8, line_feeds])
    assert {name.split("-A")[0] for name in files} == {"north-campus"}


def test_oru_becomes_one_row_per_observation(run, out):
    send(run, oru("R1", "13.5", "a \\T\\ b"), "R1")
    assert rows_in(out) == [
        ("R1", 1, "north-campus", "4711", "13.5"),
        ("R1", 2, "north-campus", "4711", "a & b"),
    ]


def test_redelivery_changes_nothing(run, out):
    for _ in range(2):
        send(run, adt("A1"), "A1")
        send(run, oru("R1", "1", "2"), "R1")
        send(run, adt("S1").replace("ADT^A01", "SIU^S12"), "S1")
    assert len(files_in(out / "adt")) == 1
    assert len(rows_in(out)) == 2
    assert len(reasons_in(out)) == 1


def test_other_results_under_a_used_control_id_are_not_lost(run, out):
    send(run, oru("R1", "1"), "R1")
    other = send(run, oru("R1", "2"), "R1")
    same_id_of_another_sender = send(run, oru("R1", "3", facility="SOUTH"), "R1")
    assert sorted(row[4] for row in rows_in(out)) == ["1", "3"]
    assert reasons_in(out) == ["control id 'R1' of LAB@NORTH was used before for another message"]
    assert other in files_in(out / "dead-letter").values()
    assert same_id_of_another_sender not in files_in(out / "dead-letter").values()


@pytest.mark.parametrize(
    ("text", "encoding", "reason"),
    [
        (adt("X").replace("ADT^A01", "SIU^S12"), "utf-8", "no route for message type SIU^S12"),
        (oru("X"), "utf-8", "ORU without an OBX segment: nothing to file"),
        (adt("X", charset="UNICODE UTF-8", name="Müller"), "latin-1", "the bytes do not fit the character set"),
    ],
)
def test_what_nobody_can_use_is_a_dead_letter(run, out, text, encoding, reason):
    data = send(run, text, "X", encoding=encoding)
    assert reasons_in(out)[0].startswith(reason)
    assert data in files_in(out / "dead-letter").values()


def test_unknown_facility_is_filed_and_logged(run, out):
    send(run, adt("A1", facility="MARS"), "A1")
    assert [name.split("-")[0] for name in files_in(out / "adt")] == ["unknown"]
    assert any("'MARS'" in entry.text for entry in run.log())


def test_lookup(run):
    assert run.call("FacilityLookup", FacilityQuery("SOUTH")) == Facility("south-campus")
    assert run.call("FacilityLookup", FacilityQuery("MARS")) == Facility("")


@pytest.mark.parametrize("control_id", ["../../etc/passwd", "a/b\\c", "..", "CON", "a\0b", "x" * 199, "ü;rm -rf *"])
def test_control_id_is_never_a_path(run, out, control_id):
    data = send(run, adt("A1"), control_id)
    [name] = files_in(out / "adt")
    assert files_in(out / "adt")[name] == data
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.")
    assert len(name) < 100
    assert sorted(path.name for path in out.iterdir() if path.is_dir()) == ["adt", "dead-letter"]


def test_names_of_different_messages_differ():
    assert file_stem(Hl7Message("one", "same")) != file_stem(Hl7Message("two", "same"))


def test_acknowledged_message_is_stored_and_traced(run, port):
    with closing(MLLPClient("127.0.0.1", port)) as client:
        assert b"MSA|AA|A1" in client.send_message(adt("A1"))
    run.wait_until_idle(timeout=20)
    path = [(header.source, header.target) for header in run.trace().messages]
    assert path[:3] == [("Mllp", "Router"), ("Router", "FacilityLookup"), ("FacilityLookup", "Router")]
    assert ("Router", "AdtFiles") in path
    assert all(not header.is_error for header in run.messages())


def test_port_in_use_stops_the_start_with_one_clear_line(out):
    with socket.create_server(("127.0.0.1", 0)) as occupied:
        port = occupied.getsockname()[1]
        with pytest.raises(ComponentStartError) as caught, run_production(build_production(port=port, out=out)):
            pass
    assert f"item 'Mllp' could not start: cannot listen on 127.0.0.1:{port}: Address already in use" in str(
        caught.value
    )
    assert "\n" not in str(caught.value)


def test_stop_and_start_again_on_the_same_port_and_data(out, port, tmp_path):
    for control_id in ("A1", "A2"):
        with run_production(build_production(port=port, out=out), data_dir=tmp_path / "data"):
            with closing(MLLPClient("127.0.0.1", port)) as client:
                assert b"MSA|AA" in client.send_message(adt(control_id))
    with run_production(build_production(port=port, out=out), data_dir=tmp_path / "data") as run:
        run.wait_until_idle(timeout=20)
    assert len(files_in(out / "adt")) == 2


def test_reconciliation_notices_each_kind_of_loss(run, out, port):
    cases = generate_cases(20, seed=5)
    with Partner(port) as partner:
        exchanges = [partner.send(case) for case in cases]
    run.wait_until_idle(timeout=20)
    assert reconcile(exchanges, out) == []
    spoiled = {}
    for directory in ("adt", "dead-letter"):
        path = next((out / directory).glob("*.hl7"))
        spoiled[directory] = path.read_bytes()
        path.write_bytes(spoiled[directory] + b" ")
    with closing(sqlite3.connect(out / "results.sqlite")) as connection, connection:
        connection.execute("delete from results where rowid = (select min(rowid) from results)")
    assert len(reconcile(exchanges, out)) == 3
    assert (
        len(reconcile([exchange for exchange in exchanges if exchange.case.message not in spoiled.values()], out)) == 1
    )
    (out / "adt" / "second.hl7").write_bytes(spoiled["adt"])
    (out / "adt" / "third.hl7").write_bytes(spoiled["adt"])
    assert any("'adt': 2" in problem for problem in reconcile(exchanges, out))


def test_demo_end_to_end(tmp_path):
    command = [
        sys.executable,
        str(EXAMPLE / "demo.py"),
        "--count",
        "60",
        "--seed",
        "9",
        "--out",
        str(tmp_path / "kept"),
    ]
    finished = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert finished.returncode == 0, finished.stderr
    assert "sent 65 messages over 4 connections: {'AA': 60, 'AE': 0, 'AR': 5}" in finished.stdout
    assert "sequenceDiagram" in finished.stdout
    assert "every message is where it belongs" in finished.stdout
    assert (tmp_path / "kept" / "production.mmd").read_text().startswith("flowchart")
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_demo_fails_when_a_message_is_missing(tmp_path, monkeypatch, capsys):
    def lose_one(exchanges, out):
        next((out / "adt").glob("*.hl7")).unlink()
        return reconcile(exchanges, out)

    monkeypatch.setattr(demo, "reconcile", lose_one)
    monkeypatch.setattr(sys, "argv", ["demo.py", "--count", "20", "--out", str(tmp_path)])
    assert demo.main() == 1
    assert "MISMATCH adt message" in capsys.readouterr().err
