"""Ask a thousand meters at once with asyncio, and count what came of it."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass

from iop import BusinessOperation, BusinessProcess, Message, Production, setting, target
from iop_core.errors import RequestFailedError, RequestTimeoutError


@dataclass
class ReadMeter(Message):
    """What does this meter show?"""

    number: int


@dataclass
class Reading(Message):
    """What a meter shows."""

    kwh: float


@dataclass
class Survey(Message):
    """Asks for a survey of meters.

    Attributes:
        meters: How many to ask.
        enough: Stop after so many readings and give up the other calls; 0 to wait for all.
    """

    meters: int = 1000
    enough: int = 0


@dataclass
class SurveyResult(Message):
    """How many calls ended in which way."""

    readings: int
    failures: int
    timeouts: int
    given_up: int


@dataclass(frozen=True)
class Line:
    """What the line to one meter is like.

    Attributes:
        delay_seconds: Until the answer comes.
        is_broken: The answer is an error.
    """

    delay_seconds: float
    is_broken: bool


def draw_line(number: int, *, seed: int, slowest_seconds: float) -> Line:
    """Return the line to a meter: one in fifty is broken, one in ten is far too slow."""
    rng = random.Random(f"{seed}-{number}")  # noqa: S311 - a simulation, not secrets
    chance, delay = rng.random(), rng.uniform(0, slowest_seconds)
    return Line(delay + (100 * slowest_seconds if chance < 0.1 else 0), is_broken=chance > 0.98)


class Meters(BusinessProcess):
    """Stands in for meters at the ends of slow lines: a timer for each answer, no thread."""

    Seed = setting(1)
    SlowestSeconds = setting(1.0)

    def on_request(self, request: ReadMeter) -> None:
        """Answer later."""
        line = draw_line(request.number, seed=self.Seed, slowest_seconds=self.SlowestSeconds)
        self.set_timer(line.delay_seconds)

    def on_response(
        self, request: ReadMeter, response: None, call_request: Message, call_response: None, completion_key: str
    ) -> Reading:
        """Answer now."""
        if draw_line(request.number, seed=self.Seed, slowest_seconds=self.SlowestSeconds).is_broken:
            raise ConnectionError(f"noise on the line to meter {request.number}")
        return Reading(float(request.number))


class Surveyor(BusinessOperation):
    """Waits for all meters together, so a survey takes as long as one call may take."""

    Meters = target()
    TimeoutSeconds = setting(5.0)

    async def on_message(self, request: Survey) -> SurveyResult:
        """Ask, and count how the calls end."""
        calls = [asyncio.create_task(self._read(number)) for number in range(request.meters)]
        ends: Counter[str] = Counter()
        for ended in asyncio.as_completed(calls):
            ends[await ended] += 1
            if request.enough and ends["reading"] == request.enough:
                break
        for call in calls:
            call.cancel()  # nothing happens to those that have ended
        given_up = request.meters - sum(ends.values())
        return SurveyResult(ends["reading"], ends["failure"], ends["timeout"], given_up)

    async def _read(self, number: int) -> str:
        try:
            await self.send_request_async_ng(self.Meters, ReadMeter(number), self.TimeoutSeconds)
        except RequestTimeoutError:
            return "timeout"
        except RequestFailedError:
            return "failure"
        return "reading"


production = Production("Patterns.ManyAwaited", testing_enabled=True)
production.connect(production.operation(Surveyor).Meters, production.process(Meters, pool_size=2))
