"""Migrating uploaded code in a process of its own, so that nothing of it stays in the server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from typing import Any, cast

from iop_core.errors import IopError
from iop_director import Director
from iop_migrate import migrate
from iop_server.refusals import RefusedRequestError, refusal_of

_LONGEST_LOG = 20_000
_CODE = "import sys; sys.path[:] = {path!r}; from iop_server.migrating import main; main()"


@dataclass(frozen=True, slots=True)
class MigrationOrder:
    """What to migrate.

    Attributes:
        file: The settings file.
        url: URL of the backend.
        namespace: The namespace.
        dry_run: Only check.
        strict: Refuse productions with issues.
        actor: Who asks for it.
        reason: Why.
    """

    file: str
    url: str
    namespace: str
    dry_run: bool
    strict: bool
    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class MigrationReport:
    """What came of it.

    Attributes:
        result: What ``MigrationResult.to_dict`` says.
        log: What the code printed.
    """

    result: dict[str, object]
    log: str


def migrate_apart(order: MigrationOrder, *, timeout_seconds: float) -> MigrationReport:
    """Migrate a settings file in another process.

    Args:
        order: What to migrate.
        timeout_seconds: When the process is ended.

    Raises:
        RefusedRequestError: It failed there; nothing was deployed.
    """
    # What is first on the path there is what is here, and never the folder with the code.
    command = [sys.executable, "-I", "-c", _CODE.format(path=sys.path)]
    with tempfile.TemporaryFile() as printed:
        process = subprocess.Popen(  # noqa: S603 - our own command line
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=printed,
            start_new_session=True,
        )
        try:
            answer, _ = process.communicate(json.dumps(asdict(order)).encode(), timeout_seconds)
        except subprocess.TimeoutExpired as exc:
            raise RefusedRequestError(
                422, "invalid", f"the code took longer than {timeout_seconds:g} s to be read, and was ended"
            ) from exc
        finally:
            _end(process)
        printed.seek(0)
        log = printed.read(_LONGEST_LOG).decode("utf-8", "replace")
    return MigrationReport(_result_of(answer), log)


def main() -> None:
    """Carry out the order on standard input; standard output gets the answer and nothing else."""
    answer_to = os.dup(1)
    os.dup2(2, 1)
    order = MigrationOrder(**json.loads(sys.stdin.read()))
    try:
        done = migrate(
            order.file,
            director=Director(order.url, namespace=order.namespace),
            dry_run=order.dry_run,
            strict=order.strict,
            actor=order.actor,
            reason=order.reason,
        )
        answer: dict[str, object] = {"result": done.to_dict()}
    except IopError as exc:
        refusal = refusal_of(exc)
        answer = {"status": refusal.status, "code": refusal.code, "error": str(refusal)}
    sys.stdout.flush()
    with os.fdopen(answer_to, "wb") as stream:
        stream.write(json.dumps(answer).encode())


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process and what it started."""
    if hasattr(os, "killpg"):
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
    if process.poll() is None:
        process.kill()
    process.communicate()


def _result_of(answer: bytes) -> dict[str, object]:
    try:
        found = cast("dict[str, Any]", json.loads(answer))
    except ValueError as exc:
        raise RefusedRequestError(
            422, "invalid", "the code ended the process that read it, such as by os._exit or by using up its memory"
        ) from exc
    if "result" in found:
        return cast("dict[str, object]", found["result"])
    raise RefusedRequestError(found["status"], found["code"], found["error"])
