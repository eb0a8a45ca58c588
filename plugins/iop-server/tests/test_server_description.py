"""The server does what its OpenAPI description says, and never fails, whatever it is asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from iop_core.backends import RunningProduction
from iop_server.openapi import ALL_ROUTES, describe

CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance,
]  # fmt: skip
# These end what runs, in the very process of the test, and all other answers would be dull.
ENDING = ("/iop/stop", "/iop/kill")


def test_description_is_valid_and_complete(dora: httpx.Client) -> None:
    description = dora.get("openapi.json").json()
    OpenAPIV31SpecValidator(description).validate()
    described = {
        (method.upper(), path): operation
        for path, operations in description["paths"].items()
        for method, operation in operations.items()
    }
    assert set(described) == {(route.method, route.bases[0] + route.path) for route in ALL_ROUTES}
    for route in ALL_ROUTES:
        operation = described[route.method, route.bases[0] + route.path]
        assert operation["x-iop-role"] == route.role.word
        assert operation["summary"].endswith(".")
    ids = [operation["operationId"] for operation in described.values()]
    assert len(set(ids)) == len(ids)


def examples_of(operations: list[object], *, mode: object) -> st.SearchStrategy[schemathesis.Case]:
    return st.one_of([operation.as_strategy(generation_mode=mode) for operation in operations])  # type: ignore[attr-defined]


@pytest.fixture
def fuzzed(serve: Callable[..., str], running: RunningProduction, tmp_path: Path) -> str:
    """A server with a running production, which takes uploads and waits for nobody."""
    return serve(
        upload_root=tmp_path / "uploads",
        requests_per_second=1e9,
        burst=10**9,
        test_seconds=5.0,
        upload_seconds=20.0,
    )


def fuzz(url: str, *, count: int) -> int:
    """Ask that many times for anything that the description allows or forbids; return how often."""
    schema = schemathesis.openapi.from_dict(describe())
    operations = [found.ok() for found in schema.get_all_operations()]
    chosen = [operation for operation in operations if not operation.path.endswith(ENDING)]
    asked = 0
    seen: Counter[int] = Counter()

    with requests.Session() as session:
        session.auth = ("dora", "dora-password")
        session.trust_env = False
        for mode in (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE):

            @settings(
                max_examples=count // 2,
                deadline=None,
                database=None,
                derandomize=True,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(examples_of(chosen, mode=mode))
            def ask(case: schemathesis.Case) -> None:
                nonlocal asked
                asked += 1
                answer = case.call(base_url=url, session=session)
                seen[answer.status_code] += 1
                case.validate_response(answer, checks=CHECKS)

            ask()
    assert {200, 400, 404, 422} <= seen.keys(), seen
    print(dict(seen))
    return asked


def test_server_never_fails(fuzzed: str) -> None:
    assert fuzz(fuzzed, count=300) >= 300


@pytest.mark.slow
def test_server_never_fails_in_ten_thousand_requests(fuzzed: str) -> None:
    assert fuzz(fuzzed, count=10_000) >= 10_000
