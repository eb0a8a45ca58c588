"""Every route asks for its least role, and nobody gets anything without logging in."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from iop_server import Role, UserFile
from iop_server.openapi import ALL_ROUTES
from iop_server.routes import Route
from iop_testing import VirtualClock

ROLES = {"vera": Role.VIEWER, "otto": Role.OPERATOR, "dora": Role.DEPLOYER}
# What the contract says; the table must not drift from it unnoticed.
LEAST = {
    "GET": "viewer",
    "POST": "operator",
    "PUT": "deployer",
    "DELETE": "deployer",
}


Ask = Callable[..., httpx.Response]


@pytest.fixture
def ask() -> Iterator[Ask]:
    # One client for all: making one is slow.
    with httpx.Client(trust_env=False, timeout=30) as client:

        def send(url: str, route: Route, base: str, **options: object) -> httpx.Response:
            path = base + route.path.format(space="USER", name="A.cls")
            body = {"json": {}} if route.body is not None else {}
            return client.request(route.method, url + path, **body, **options)

        yield send


def test_role_matrix(serve: Callable[..., str], ask: Ask) -> None:
    url = serve(burst=1000)
    for route in ALL_ROUTES:
        for base in route.bases:
            for user, role in ROLES.items():
                answer = ask(url, route, base, auth=(user, f"{user}-password"))
                is_allowed = answer.status_code != 403 or answer.json()["code"] == "uploads-off"
                assert is_allowed == (role >= route.role), (user, route.method, base + route.path, answer.text)
                assert answer.status_code != 401


def test_nobody_gets_anything_without_logging_in(serve: Callable[..., str], ask: Ask) -> None:
    clock = VirtualClock()
    url = serve(burst=1000, clock=clock)
    for route in ALL_ROUTES:
        for base in route.bases:
            for options in ({}, {"auth": ("dora", "wrong password")}):
                clock.advance(60)  # else the limit of wrong tries answers
                answer = ask(url, route, base, **options)
                assert answer.status_code == 401, (route.path, options, answer.text)
                assert answer.headers["www-authenticate"].startswith("Basic")
                assert answer.json()["error"]


@pytest.mark.parametrize(
    "given", ["Basic Og==", "Basic !!!", "Basic", "Bearer dora-password", "Digest dora", "basic bm9ib2R5Ong="]
)
def test_wrong_log_in_is_refused(serve: Callable[..., str], connect: Callable[..., httpx.Client], given: str) -> None:
    assert connect(serve(), "", headers={"Authorization": given}).get("version").status_code == 401


@pytest.mark.parametrize("route", [r for r in ALL_ROUTES if "{" not in r.path], ids=lambda r: f"{r.method}{r.path}")
def test_table_says_what_the_contract_says(route: Route) -> None:
    assert route.role.word == LEAST[route.method]
    # What changes something is written down.
    assert bool(route.deed) == (route.method != "GET")


def test_forbidden_deed_is_in_the_audit(
    serve: Callable[..., str], audit: Callable[[], list[dict[str, object]]]
) -> None:
    url = serve()
    httpx.post(f"{url}/api/iop/stop", auth=("vera", "vera-password"), trust_env=False)
    (entry,) = audit()
    assert (entry["actor"], entry["outcome"], entry["status"]) == ("vera", "refused", 403)


def test_token_logs_in_until_it_is_removed(serve: Callable[..., str], users_file: Path) -> None:
    url = serve()
    users = UserFile(users_file)
    token = users.add_token("vera", "script")
    headers = {"Authorization": f"Bearer {token}"}
    for _ in range(2):
        assert httpx.get(f"{url}/api/iop/version", headers=headers, trust_env=False).status_code == 200
    assert token not in users_file.read_text()
    users.remove_token("vera", "script")
    assert httpx.get(f"{url}/api/iop/version", headers=headers, trust_env=False).status_code == 401


def test_basic_with_a_colon_in_the_password(serve: Callable[..., str], users_file: Path) -> None:
    UserFile(users_file).add("cora", Role.VIEWER, "a:b:cdefgh ü")
    given = base64.b64encode("cora:a:b:cdefgh ü".encode()).decode()
    answer = httpx.get(f"{serve()}/api/iop/version", headers={"Authorization": f"basic {given}"}, trust_env=False)
    assert answer.status_code == 200


def test_without_log_in_everybody_is_an_operator(serve: Callable[..., str], ask: Ask) -> None:
    url = serve(users_file=None)
    for route in ALL_ROUTES:
        answer = ask(url, route, route.bases[0])
        assert (answer.status_code == 403) == (route.role > Role.OPERATOR), answer.text
