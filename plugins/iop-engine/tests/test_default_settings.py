"""System default settings of a namespace: kept, and applied to what runs there."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import pytest

from iop import BusinessOperation, Director, Message, Production
from iop_core.errors import SettingError
from iop_core.setting_layers import DefaultSetting
from iop_core.setting_values import read_value
from iop_testing import run_production


@dataclass
class Ask(Message):
    pass


class Answer(BusinessOperation):
    Greeting: str = "hello"
    Times: int = 1
    Password: str = ""

    def on_message(self, request):
        self.log_info(f"{self.Greeting} {self.Times} {len(self.Password)}")


def production(**settings: object) -> Production:
    made = Production("Test.Defaults")
    made.operation(Answer, settings=settings)
    return made


def said(data_dir, **settings: object) -> list[str]:
    with run_production(production(**settings), data_dir=data_dir) as run:
        run.send("Answer", Ask())
        run.wait_until_idle()
        return [entry.text for entry in run.log() if entry.item == "Answer"][-1:]


def test_defaults_reach_the_instance(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSWER_PASSWORD", "12345678")
    table = Director(f"local://{tmp_path}").default_settings
    table.put(DefaultSetting(name="Times", value="3"))
    table.put(DefaultSetting(name="Greeting", value="hi", item="Answer"))
    table.put(DefaultSetting(name="Password", value="env:ANSWER_PASSWORD"))
    assert said(tmp_path) == ["hi 3 8"]
    assert said(tmp_path, Greeting="") == [" 3 8"]
    assert table.remove("Times")
    assert not table.remove("Times")
    assert said(tmp_path) == ["hi 1 8"]
    assert all("12345678" not in file.read_text(errors="replace") for file in tmp_path.iterdir())


def test_disabled_by_override(tmp_path) -> None:
    Director(f"local://{tmp_path}").default_settings.put(DefaultSetting(name="Enabled", value="0", item="Answer"))
    with run_production(production(), data_dir=tmp_path) as run:
        run.send("Answer", Ask())
        run.wait_until_idle()
        assert [queue.count for queue in run.queues()] == [1]


def test_namespaces_have_tables_of_their_own(tmp_path) -> None:
    Director(f"local://{tmp_path}", namespace="A").default_settings.put(DefaultSetting(name="Times", value="3"))
    assert Director(f"local://{tmp_path}", namespace="B").default_settings.all() == []
    assert [row.value for row in Director(f"local://{tmp_path}", namespace="a").default_settings.all()] == ["3"]


def test_writers_do_not_lose_each_others_rows(tmp_path) -> None:
    def write(item: str) -> None:
        table = Director(f"local://{tmp_path}").default_settings
        for number in range(10):
            table.put(DefaultSetting(name=f"S{number}", value="x", item=item))

    threads = [threading.Thread(target=write, args=(item,)) for item in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(Director(f"local://{tmp_path}").default_settings.all()) == 30


@pytest.mark.parametrize(
    "text", ["", "[]", '{"settings": [{"name": "X"}]}', '{"settings": [{"name": "X", "value": 1}]}']
)
def test_damaged_table_is_refused(tmp_path, text: str) -> None:
    table = Director(f"local://{tmp_path}").default_settings
    table.put(DefaultSetting(name="X", value="1"))
    (file,) = tmp_path.glob("*.settings.json")
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingError, match=r"settings\.json"):
        said(tmp_path)


def test_explanation_names_the_settings_of_the_engine(tmp_path) -> None:
    director = Director(f"local://{tmp_path}")
    director.default_settings.put(DefaultSetting(name="KeepaliveInterval", value="5"))
    explained = {one.name: one for one in director.explain_settings(production(), "Answer")}
    winner = explained["KeepaliveInterval"].winner
    assert winner is not None
    assert read_value(winner.value, int) == 5
