"""Requests are limited in rate, size and time."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iop_server.json_text import parse_json
from iop_server.origins import check_origin
from iop_server.rate_limits import RateLimit
from iop_server.refusals import RefusedRequestError
from iop_testing import VirtualClock

Serve = Callable[..., str]
Connect = Callable[..., httpx.Client]


def test_user_who_asks_too_often_waits(serve: Serve, connect: Connect) -> None:
    clock = VirtualClock()
    url = serve(clock=clock, requests_per_second=2.0, burst=3)
    otto, vera = connect(url, "otto"), connect(url, "vera")
    assert [otto.get("version").status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = otto.get("version")
    assert (refused.headers["retry-after"], refused.json()["code"]) == ("1", "too-many-requests")
    assert vera.get("version").status_code == 200  # not her fault
    clock.advance(0.5)
    assert [otto.get("version").status_code for _ in range(2)] == [200, 429]
    clock.advance(3600)
    assert [otto.get("version").status_code for _ in range(4)] == [200, 200, 200, 429]


def test_wrong_passwords_are_limited_and_right_ones_that_are_known_are_not(serve: Serve, connect: Connect) -> None:
    clock = VirtualClock()
    url = serve(clock=clock)
    dora, stranger = connect(url), connect(url, "", auth=("dora", "guess"))
    assert dora.get("version").status_code == 200
    assert [stranger.get("version").status_code for _ in range(11)] == [401] * 10 + [429]
    # Also a right password is not tried any more, or guessing would go on.
    assert connect(url, "vera").get("version").status_code == 429
    assert dora.get("version").status_code == 200
    clock.advance(6)
    assert [stranger.get("version").status_code for _ in range(2)] == [401, 429]
    clock.advance(6)
    assert connect(url, "vera").get("version").status_code == 200


@given(
    per_second=st.floats(0.1, 100),
    burst=st.integers(1, 50),
    pauses=st.lists(st.floats(0, 5), max_size=60),
)
def test_rate_is_never_above_its_limit(per_second: float, burst: int, pauses: list[float]) -> None:
    clock = VirtualClock()
    limit = RateLimit(per_second, burst=burst, clock=clock)
    taken = passed = 0.0
    for pause in pauses:
        clock.advance(pause)
        passed += pause
        wait = limit.take("key")
        taken += not wait
        assert taken <= burst + passed * per_second + 1e-6
        if wait:
            clock.advance(wait)
            passed += wait
            assert limit.wait_for("key") < 1e-6


def test_strangers_cannot_fill_the_memory() -> None:
    limit = RateLimit(1, burst=1, clock=VirtualClock())
    for number in range(20_000):
        limit.take(f"{number}")
    assert len(limit) <= 10_000


@pytest.mark.parametrize("is_chunked", [True, False])
def test_large_body_is_refused_whatever_its_headers_say(serve: Serve, connect: Connect, is_chunked: bool) -> None:
    client = connect(serve(most_body_bytes=1000))
    content = json.dumps({"component": "x" * 5_000_000}).encode()
    given: object = (content[at : at + 65536] for at in range(0, len(content), 65536)) if is_chunked else content
    answer = client.post("component/start", content=given, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")
    assert client.get("version").status_code == 200


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"{", {}, 400),
        (b"[]", {}, 400),
        (b"null", {}, 400),
        (b'"x"', {}, 400),
        (b'{"component": NaN}', {}, 400),
        (b'{"component": "\\ud800"}', {}, 400),
        (b'{"component": "\xff"}', {}, 400),
        (b'{"component":' + b"[" * 5000 + b"]" * 5000 + b"}", {}, 400),
        (b'{"component":' + b"[" * 70 + b"]" * 70 + b"}", {}, 400),
        (b'{"component": "a\\u0000b"}', {}, 422),
        (b'{"component": 5}', {}, 422),
        (b'{"component": "x", "namespace": 5}', {}, 400),
        (b"component=x", {"Content-Type": "application/x-www-form-urlencoded"}, 415),
        (b"{}", {"Content-Type": "text/plain"}, 415),
        (b"{}", {"Content-Encoding": "gzip"}, 415),
    ],
)
def test_what_is_no_object_is_refused(dora: httpx.Client, content: bytes, headers: dict[str, str], status: int) -> None:
    answer = dora.post("component/start", content=content, headers={"Content-Type": "application/json", **headers})
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]


def test_given_values_are_not_repeated_in_errors(dora: httpx.Client) -> None:
    answer = dora.post("component/start", json={"component": {"password": "hunter2"}})
    assert answer.status_code == 422
    assert "hunter2" not in answer.text


SCALARS = st.none() | st.booleans() | st.integers() | st.text()


@given(st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_json_is_read_as_it_was_written(value: object) -> None:
    assert parse_json(json.dumps(value), "it") == value


def test_unknown_paths_and_methods(dora: httpx.Client) -> None:
    assert dora.get("nothing").status_code == 404
    assert dora.get("status/").status_code == 404
    wrong = dora.get("stop")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")
    for answer in (dora.get("nothing"), wrong):
        assert answer.headers["content-type"] == "application/json"
        assert answer.json()["error"]


@pytest.mark.parametrize(
    ("host", "hosts", "is_taken"),
    [
        ("127.0.0.1:8080", ("127.0.0.1",), True),
        ("LOCALHOST", ("localhost",), True),
        ("[::1]:80", ("[::1]",), True),
        ("[::1]", ("[::1]",), True),
        ("evil.example:8080", ("127.0.0.1", "localhost"), False),
        ("", ("localhost",), False),
        ("anything", (), True),
    ],
)
def test_server_answers_under_its_names_only(host: str, hosts: tuple[str, ...], is_taken: bool) -> None:
    if is_taken:
        check_origin({"host": host}, hosts)
    else:
        with pytest.raises(RefusedRequestError, match="not called"):
            check_origin({"host": host}, hosts)


def test_pages_of_other_servers_are_kept_out(serve: Serve, connect: Connect) -> None:
    url = serve()
    for origin in ("https://evil.example", "null", "http://127.0.0.1:1"):
        answer = connect(url, headers={"Origin": origin}).post("stop")
        assert (answer.status_code, answer.json()["code"]) == (403, "cross-site"), origin
    assert connect(url, headers={"Origin": url}).get("version").status_code == 200
    answer = connect(url).options("stop", headers={"Origin": "https://evil.example"})
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_deed_is_not_done_when_it_cannot_be_written_down(
    serve: Serve, connect: Connect, deployed: str, tmp_path: Path
) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    client = connect(serve(audit_file=in_the_way / "audit.jsonl"))
    answer = client.put("default", json={"production": deployed})
    assert answer.status_code == 500
    assert "audit" in answer.json()["error"]
    assert client.get("default").json() == {"production": ""}
