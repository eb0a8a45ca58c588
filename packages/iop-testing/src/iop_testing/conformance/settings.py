"""Where the values of settings come from, attributes of items and of productions, and schedules."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from iop_core import BusinessOperation, BusinessProcess, BusinessService, InboundAdapter
from iop_core.definitions import ProductionDefinition
from iop_core.errors import ComponentStartError, ConfigurationError, SettingError
from iop_core.item_control import ItemState
from iop_core.setting_layers import DefaultSetting, Layer
from iop_production import Production
from iop_testing.conformance.trial import BackendSuite, BackendTrial, Note

NOTE = Note("a")


def greeter(trial: BackendTrial, **settings: object) -> Production:
    """Return a production with an operation that notes the value of its setting."""

    class Greeter(BusinessOperation):
        Greeting: str = "class"

        def on_message(self, request: Note) -> Note:
            trial.seen.append(self.Greeting)
            return request

    production = Production("Conformance.Settings")
    production.operation("Out", Greeter)
    production.item("Out").host_settings.update(settings)
    return production


def said(trial: BackendTrial, production: Production) -> str:
    """Return what the operation notes when it runs."""
    with trial.run(production) as run:
        run.call("Out", NOTE)
    return trial.seen[-1]


def put(trial: BackendTrial, name: str, value: str, **keys: str) -> None:
    """Write a system default setting."""
    default = DefaultSetting(
        name=name,
        value=value,
        production=keys.get("production", "*"),
        item=keys.get("item", "*"),
        host_class=keys.get("host_class", "*"),
    )
    trial.backend.default_settings().put(default)


class SettingSuite(BackendSuite):
    """Checks of settings; subclass it as ``Test...`` and give the ``open_backend`` fixture."""

    # The order of the layers

    def test_class_default(self, trial: BackendTrial) -> None:
        """Where nobody says anything the value is that of the class."""
        assert said(trial, greeter(trial)) == "class"

    def test_system_default_before_class_default(self, trial: BackendTrial) -> None:
        """A system default setting counts where the production says nothing."""
        put(trial, "Greeting", "default")
        assert said(trial, greeter(trial)) == "default"

    def test_production_before_system_default(self, trial: BackendTrial) -> None:
        """What the production says counts before a system default."""
        put(trial, "Greeting", "default")
        assert said(trial, greeter(trial, Greeting="production")) == "production"

    def test_empty_text_is_a_value(self, trial: BackendTrial) -> None:
        """An empty text counts as a value, and hides what comes after it."""
        put(trial, "Greeting", "default")
        assert said(trial, greeter(trial, Greeting="")) == ""

    def test_most_specific_default(self, trial: BackendTrial) -> None:
        """Of several system defaults the most specific one counts; one for another item does not count at all."""
        production = greeter(trial)
        definition = production.definition().items[0]
        put(trial, "Greeting", "other", item="Elsewhere", production="Conformance.Settings")
        steps = [
            {},
            {"host_class": definition.class_name},
            {"item": "Out"},
            {"production": "Conformance.Settings"},
            {"production": "Conformance.Settings", "item": "Out"},
        ]
        for number, keys in enumerate(steps):
            put(trial, "Greeting", str(number), **keys)
            assert said(trial, production) == str(number), keys

    @pytest.mark.parametrize("wrong", [{"item": "Ou*"}, {"production": "*.Settings"}, {"host_class": ""}])
    def test_no_other_wildcards(self, trial: BackendTrial, wrong: dict[str, str]) -> None:
        """A star alone stands for any; there are no other wildcards."""
        with pytest.raises(SettingError):
            put(trial, "Greeting", "x", **wrong)

    @pytest.mark.parametrize(
        ("name", "value", "state", "jobs"), [("Enabled", "0", ItemState.DISABLED, 0), ("PoolSize", "3", "Running", 3)]
    )
    def test_overrides_of_an_item(self, trial: BackendTrial, name: str, value: str, state: str, jobs: int) -> None:
        """A default for Enabled or PoolSize goes before what the production says."""
        put(trial, name, value, item="Out")
        with trial.run(greeter(trial)) as run:
            (item,) = run.running.items()
            assert (item.state, item.jobs) == (state, jobs)

    def test_overrides_of_a_production(self, trial: BackendTrial) -> None:
        """A default for ActorPoolSize or TestingEnabled goes before what the production says; others do not."""
        production = Production("Conformance.Settings", actor_pool_size=2)
        put(trial, "ActorPoolSize", "5")
        put(trial, "TestingEnabled", "1")
        explained = {one.name: one.winner for one in trial.backend.explain_settings(production.definition())}
        layers = {name: winner.layer for name, winner in explained.items() if winner is not None}
        assert layers == {"ActorPoolSize": Layer.OVERRIDE, "TestingEnabled": Layer.OVERRIDE}
        production.process("Desk", BusinessProcess, pool_size=0)
        with trial.run(production) as run:
            assert run.running.items()[0].jobs == 5
            run.running.check_testing()

    def test_explanation(self, trial: BackendTrial) -> None:
        """The value of each layer is shown, that of the winning one first."""
        put(trial, "Greeting", "default")
        explained = trial.backend.explain_settings(greeter(trial, Greeting="production").definition(), "Out")
        (one,) = [one for one in explained if one.name == "Greeting"]
        assert [str(value.value) for value in one.values] == ["production", "default", "class"]

    def test_default_counts_from_the_next_start(self, trial: BackendTrial) -> None:
        """A running item keeps its value until it is started again."""
        with trial.run(greeter(trial)) as run:
            put(trial, "Greeting", "default")
            run.call("Out", NOTE)
        assert trial.seen == ["class"]
        assert said(trial, greeter(trial)) == "default"

    # Attributes

    def test_item_attributes(self, trial: BackendTrial) -> None:
        """PoolSize, Enabled, Foreground, LogTraceEvents and Schedule of an item have their documented defaults."""
        item = greeter(trial).definition().items[0]
        assert (item.pool_size, item.enabled, item.foreground) == (1, True, False)
        assert (item.log_trace_events, item.schedule) == (False, "")

    def test_production_attributes(self, trial: BackendTrial) -> None:
        """ActorPoolSize 2, no testing, no trace, 120 s for a shutdown and 10 s for an update, by default."""
        definition: ProductionDefinition = greeter(trial).definition()
        assert (definition.actor_pool_size, definition.testing_enabled, definition.log_trace_events) == (
            2,
            False,
            False,
        )
        assert (definition.shutdown_timeout_seconds, definition.update_timeout_seconds) == (120, 10)
        assert greeter(trial).alert_action_window == 60

    def test_targets_of_settings(self, trial: BackendTrial) -> None:
        """Settings are for the host or for the adapter: each gets its own, also under the same name."""
        found: list[str] = []

        class Looking(InboundAdapter):
            Place: str = ""

            def on_init(self) -> None:
                found.append(self.Place)

        class Reading(BusinessService):
            Place: str = ""

            def on_init(self) -> None:
                found.append(self.Place)

        production = Production("Conformance.Settings")
        item = production.service("In", Reading, adapter_class=Looking)
        item.host_settings["Place"] = "host"
        item.adapter_settings["Place"] = "adapter"
        with trial.run(production):
            pass
        assert found == ["adapter", "host"]

    def test_value_that_does_not_fit(self, trial: BackendTrial) -> None:
        """A value that a setting cannot have stops the start, and the error names the setting."""
        with pytest.raises(ComponentStartError, match="RetryInterval"), trial.run(greeter(trial, RetryInterval="soon")):
            pass

    # Times

    def test_throttle_delay(self, trial: BackendTrial) -> None:
        """ThrottleDelay is a wait, in milliseconds, before each message, for each job."""
        moments: list[float] = []

        class Slow(BusinessOperation):
            def on_message(self, request: Note) -> None:
                moments.append(trial.clock.monotonic())

        production = Production("Conformance.Settings")
        production.operation("Slow", Slow, settings={"ThrottleDelay": 2000})
        with trial.run(production) as run:
            run.send_many("Slow", [NOTE] * 3)
            trial.pass_time_until(lambda: len(moments) == 3, step_seconds=0.5)
            run.wait_until_idle()
        gaps = [later - earlier for earlier, later in pairwise(moments)]
        assert all(gap >= 2 for gap in gaps), moments

    def test_schedule(self, trial: BackendTrial) -> None:
        """A schedule is a square wave: an item runs from START to STOP, and its messages wait in between."""
        with trial.run(self._scheduled(trial, start=3600, stop=7200)) as run:
            run.send("Out", NOTE)
            run.wait_until_idle()
            assert (run.running.items()[0].state, trial.seen) == (ItemState.DISABLED, [])
            trial.clock.advance(3600)
            trial.until(lambda: trial.seen == ["class"])
            assert run.running.items()[0].state is ItemState.RUNNING
            trial.clock.advance(3600)
            trial.until(lambda: run.running.items()[0].state is ItemState.DISABLED)

    def test_schedule_is_not_made_up_for(self, trial: BackendTrial) -> None:
        """What counts at a start is the present: events that were missed are not made up for."""
        production = self._scheduled(trial, start=3600, stop=7200)
        with trial.run(production) as run:
            run.send("Out", NOTE)
            run.wait_until_idle()
        trial.clock.advance(10_000)
        with trial.run(production) as run:
            run.wait_until_idle()
            assert (run.running.items()[0].state, trial.seen) == (ItemState.DISABLED, [])

    def test_star_in_a_schedule(self, trial: BackendTrial) -> None:
        """A star stands for any, with everything to its left: this one is about minutes of any hour of any day."""
        production = greeter(trial)
        production.item("Out").schedule = "START:1999-01-01T*:00:00,STOP:1999-01-01T*:30:00"
        with trial.run(production) as run:
            for expected in (ItemState.RUNNING, ItemState.DISABLED) * 2:
                trial.until(lambda expected=expected: run.running.items()[0].state is expected)  # type: ignore[misc]
                trial.clock.advance(1800)

    @pytest.mark.parametrize("wrong", ["START:noon", "START:*-*-*T08:00:00,", "cron: 0 6 * * *", "@Nowhere"])
    def test_schedules_that_cannot_be_used(self, trial: BackendTrial, wrong: str) -> None:
        """A schedule that cannot be understood stops the start; a comma at the end is a mistake."""
        production = greeter(trial)
        production.item("Out").schedule = wrong
        with pytest.raises(ConfigurationError, match="Out"), trial.run(production):
            pass

    def test_named_schedule(self, trial: BackendTrial) -> None:
        """A schedule may have a name, by which items refer to it."""
        production = self._scheduled(trial, start=3600, stop=7200)
        production.schedules = {"Office": production.item("Out").schedule}
        production.item("Out").schedule = "@Office"
        with trial.run(production) as run:
            assert run.running.items()[0].state is ItemState.DISABLED
            trial.clock.advance(3600)
            trial.until(lambda: run.running.items()[0].state is ItemState.RUNNING)

    @staticmethod
    def _scheduled(trial: BackendTrial, *, start: float, stop: float) -> Production:
        """Return a production whose item is active from so many seconds on until so many seconds from now."""
        production, now = greeter(trial), trial.clock.now().astimezone()
        times = [f"{now + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S}" for seconds in (start, stop)]
        production.item("Out").schedule = f"START:{times[0]},STOP:{times[1]}"
        return production
