"""The workloads of the engine: each once through the public API, and once as the floor."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import ClassVar

from benchmarks import load
from benchmarks.floor import Floor, Job, Stored, decode, encode
from benchmarks.messages import Order
from benchmarks.mllp import connections
from benchmarks.result import Run, Workload
from iop_core import BusinessOperation, BusinessProcess, handler
from iop_production import Production
from iop_testing import ProductionRun, run_production

CHILDREN = 10


class Sink(BusinessOperation):
    """Takes an order and does nothing."""

    @handler(Order)
    def take(self, request: Order) -> None:
        """Do nothing."""


class Answerer(BusinessOperation):
    """Answers an order with itself."""

    @handler(Order)
    def take(self, request: Order) -> Order:
        """Answer."""
        return request


class Router(BusinessProcess):
    """Passes an order on."""

    def on_request(self, request: Order) -> None:
        """Pass on, and want no answer."""
        self.send_request_async("Sink", request, response_required=False)


class FanOut(BusinessProcess):
    """Asks ten times at once and joins the answers; how many there are is stored state."""

    PERSISTENT_PROPERTY_LIST: ClassVar[Sequence[str] | None] = ["answers"]
    answers: int = 0

    def on_request(self, request: Order) -> None:
        """Ask."""
        for number in range(CHILDREN):
            self.send_request_async("Answerer", request, completion_key=str(number))

    def on_response(
        self, request: object, response: object, call_request: object, call_response: object, completion_key: str
    ) -> None:
        """Count."""
        self.answers += 1


def _run(production: Production, folder: Path, durability: str) -> AbstractContextManager[ProductionRun]:
    return run_production(production, data_dir=folder, durability=durability)


def _feed(production: Production, folder: Path, count: int, durability: str) -> Run:
    """Run a production whose services feed themselves, until all is done."""
    work = load.prepare(count)
    with _run(production, folder, durability) as run:
        start = time.perf_counter()
        work.begin.set()
        work.end.wait()
        run.wait_until_idle(600)
        return Run(time.perf_counter() - start, work.latencies)


def senders(number: int) -> tuple[Callable[[Path, int, str], Run], Callable[[Path, int, str], Run]]:
    """Return W1, one hop, with so many senders that wait for each send; ours and the floor."""

    def ours(folder: Path, count: int, durability: str) -> Run:
        production = Production("Bench.Senders")
        service = production.service("Sender", load.Sender, adapter_class=load.Feeder, pool_size=number)
        production.connect(service.port("Output"), production.operation("Sink", Sink))
        return _feed(production, folder, count, durability)

    def floor(folder: Path, count: int, durability: str) -> Run:
        base = Floor(folder / "floor.db", durability)
        base.serve("sink", _take(base))
        return _floor_threads(base, number, count, lambda n: base.submit([Stored("sink", encode(Order(n)))]).wait())

    return ours, floor


def callers(number: int) -> tuple[Callable[[Path, int, str], Run], Callable[[Path, int, str], Run]]:
    """Return W3, synchronous calls, with so many callers; ours and the floor."""

    def ours(folder: Path, count: int, durability: str) -> Run:
        production = Production("Bench.Callers")
        service = production.service("Caller", load.Caller, adapter_class=load.Feeder, pool_size=number)
        production.connect(service.port("Output"), production.operation("Answerer", Answerer))
        return _feed(production, folder, count, durability)

    def floor(folder: Path, count: int, durability: str) -> Run:
        base = Floor(folder / "floor.db", durability)
        base.serve("answerer", _answer(base))
        return _floor_threads(base, number, count, lambda n: decode(base.call("answerer", encode(Order(n)))))

    return ours, floor


def batch(folder: Path, count: int, durability: str) -> Run:
    """Run W1 with all messages in one commit."""
    production = Production("Bench.Batch")
    production.operation("Sink", Sink)
    return _batch(production, "Sink", folder, count, durability)


def two_hops(folder: Path, count: int, durability: str) -> Run:
    """Run W2: service, process, operation; all messages come in one commit."""
    production = Production("Bench.TwoHops")
    production.process("Router", Router)
    production.operation("Sink", Sink)
    return _batch(production, "Router", folder, count, durability)


def fan_out(folder: Path, count: int, durability: str) -> Run:
    """Run W4: a process asks ten times and joins the answers."""
    production = Production("Bench.FanOut")
    production.process("FanOut", FanOut)
    production.operation("Answerer", Answerer)
    return _batch(production, "FanOut", folder, count, durability)


def _batch(production: Production, item: str, folder: Path, count: int, durability: str) -> Run:
    orders = [Order(number) for number in range(count)]
    with _run(production, folder, durability) as run:
        start = time.perf_counter()
        run.send_many(item, orders)
        run.wait_until_idle(600)
        return Run(time.perf_counter() - start, [])


def floor_batch(folder: Path, count: int, durability: str) -> Run:
    """Store all messages in one commit and take them."""
    base = Floor(folder / "floor.db", durability)
    base.serve("sink", _take(base))
    return _floor_batch(base, "sink", count)


def floor_two_hops(folder: Path, count: int, durability: str) -> Run:
    """Store all messages in one commit; pass each on and take it."""
    base = Floor(folder / "floor.db", durability)

    def route(message: Stored) -> Job:
        return base.submit([Stored("sink", encode(decode(message.payload)))], message.message_id)

    base.serve("sink", _take(base))
    base.serve("router", route)
    return _floor_batch(base, "router", count)


def floor_fan_out(folder: Path, count: int, durability: str) -> Run:
    """Ask ten times and join the answers, with a stored count."""
    base = Floor(folder / "floor.db", durability)
    left: dict[int, int] = {}

    def join(message: Stored) -> Job:
        if not message.process_id:
            left[message.message_id] = CHILDREN
            request = decode(message.payload)
            asked = [Stored("answerer", encode(request), process_id=message.message_id) for _ in range(CHILDREN)]
            return base.submit(asked, message.message_id, (message.message_id, str(CHILDREN)))
        decode(message.payload)
        left[message.process_id] -= 1
        return base.submit([], message.message_id, (message.process_id, str(left[message.process_id])))

    def answer(message: Stored) -> Job:
        body = encode(decode(message.payload))
        return base.submit([Stored("join", body, process_id=message.process_id)], message.message_id)

    base.serve("answerer", answer)
    base.serve("join", join)
    return _floor_batch(base, "join", count)


def _take(base: Floor) -> Callable[[Stored], Job]:
    def take(message: Stored) -> Job:
        decode(message.payload)
        return base.submit([], message.message_id)

    return take


def _answer(base: Floor) -> Callable[[Stored], Job]:
    def answer(message: Stored) -> Job:
        body = encode(decode(message.payload))
        return base.submit([Stored("", body, answers=message.message_id)], message.message_id)

    return answer


def _floor_batch(base: Floor, queue: str, count: int) -> Run:
    orders = [Order(number) for number in range(count)]
    start = time.perf_counter()
    base.submit([Stored(queue, encode(order)) for order in orders]).wait()
    base.wait_until_idle()
    seconds = time.perf_counter() - start
    base.close()
    return Run(seconds, [])


def _floor_threads(base: Floor, number: int, count: int, work: Callable[[int], object]) -> Run:
    numbers = iter(range(count))
    lock = threading.Lock()
    latencies: list[float] = []

    def sender() -> None:
        while True:
            with lock:
                each = next(numbers, None)
            if each is None:
                return
            start = time.perf_counter()
            work(each)
            latencies.append(time.perf_counter() - start)

    threads = [threading.Thread(target=sender, daemon=True) for _ in range(number)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    base.wait_until_idle()
    seconds = time.perf_counter() - start
    base.close()
    return Run(seconds, latencies)


WORKLOADS = {
    "w1": Workload("one hop, 1 sender that waits for each send", 3000, *senders(1)),
    "w1-8": Workload("one hop, 8 senders that wait", 12000, *senders(8)),
    "w1-64": Workload("one hop, 64 senders that wait", 20000, *senders(64)),
    "w1-batch": Workload("one hop, all messages in one commit", 20000, batch, floor_batch),
    "w2": Workload("two hops, all messages in one commit", 15000, two_hops, floor_two_hops),
    "w3": Workload("synchronous calls, 1 caller", 2000, *callers(1)),
    "w3-8": Workload("synchronous calls, 8 callers", 8000, *callers(8)),
    "w4": Workload("a process asks ten times and joins the answers, with stored state", 1500, fan_out, floor_fan_out),
    "mllp": Workload("HL7 in over MLLP, a route, a file out; 1 connection", 1500, *connections(1)),
    "mllp-8": Workload("HL7 in over MLLP, a route, a file out; 8 connections", 5000, *connections(8)),
}
