"""The process that is killed: it runs the production and does what the partner asks it to."""

from __future__ import annotations

import json
import os
import runpy
import socket
import sys
import traceback
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from iop_core.backends import RunOptions
from iop_core.errors import UnknownDeploymentError
from iop_core.events import MessageFilter
from iop_core.purging import PurgeOptions
from iop_engine import crash_points
from iop_engine.backend import LocalBackend
from iop_engine.deployments.local import LocalDeployments
from iop_engine.engine import Engine
from iop_engine.verification.production import production

NAMESPACE = "VERIFY"
_DEPLOYED = ("First", "Second")


@dataclass(frozen=True, slots=True)
class ChildOrder:
    """What a child is to do.

    Attributes:
        folder: Holds the data directory and the files of the outside.
        port: Where the partner listens.
        run: How many children there were before.
        crash_at: As in ``IOP_CRASH_AT``; empty: none.
        plant: ``file.py:function``, called before the start: a fault that the checker has to find.
        durability: As in ``RunOptions``.
    """

    folder: str
    port: int
    run: int
    crash_at: str = ""
    plant: str = ""
    durability: str = "full"

    def to_json(self) -> str:
        """Return the order on one line."""
        return json.dumps(asdict(self))


def run_child(order: ChildOrder) -> None:
    """Run the production until the partner says stop, or hangs up."""
    if order.plant:
        file, _, name = order.plant.rpartition(":")
        runpy.run_path(file)[name]()
    if order.crash_at:
        crash_points.arm(order.crash_at)
    folder = Path(order.folder)
    backend = LocalBackend(str(folder / "data"), namespace=NAMESPACE)
    engine = backend.run(
        production(order.port, folder / "acts.jsonl", order.run), RunOptions(durability=order.durability)
    )
    deployments = backend.deployments()
    with socket.create_connection(("127.0.0.1", order.port)) as connection, connection.makefile("rwb") as lines:
        hello = {"hello": "control", "deployed": deployed(deployments)}
        lines.write(json.dumps(hello).encode() + b"\n")
        lines.flush()
        for line in lines:
            wish = json.loads(line)
            if wish["do"] == "stop":
                break
            count = _do(wish, engine, deployments)
            lines.write(json.dumps({"done": wish, "count": count}).encode() + b"\n")
            lines.flush()
    engine.stop()


def _do(wish: Mapping[str, object], engine: Engine, deployments: LocalDeployments) -> int:
    """Do what an operator does; return to how many messages."""
    if wish["do"] == "resend":
        newest = MessageFilter(target="Sink", newest_first=True, limit=1)
        return engine.resend(newest, actor="partner", reason="verification").counts["done"]
    if wish["do"] == "purge":
        engine.purge(PurgeOptions(days_to_keep=0), actor="partner")
    elif wish["do"] == "deploy":
        with deployments.transaction(actor="partner", reason="verification") as transaction:
            for name in _DEPLOYED:
                items = [{"@Name": f"Item{wish['value']}", "@ClassName": "Test.Class"}]
                transaction.replace_production(name, {name: {"Item": items}})
    return 0


def deployed(deployments: LocalDeployments) -> list[int]:
    """Return what is deployed: the same number twice, as both were changed in one transaction."""
    values: list[int] = []
    for name in _DEPLOYED:
        try:
            export = deployments.export_production(name)
        except UnknownDeploymentError:
            values.append(0)
        else:
            values.append(int(str(export[name]["Item"][0]["@Name"]).removeprefix("Item")))
    return values


def become_child(order: ChildOrder) -> None:
    """Run the child in this process and end it; what it logs goes to a file."""
    log = os.open(Path(order.folder) / "child.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    code = 1
    try:
        run_child(order)
        code = 0
    except BaseException:  # noqa: BLE001 - boundary: the process ends here, and its log says why
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    become_child(ChildOrder(**json.loads(sys.argv[1])))
