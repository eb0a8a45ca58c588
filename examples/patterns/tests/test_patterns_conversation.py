"""One customer is one instance, from the first line to the payment."""

import pytest

from conversation import Line, Pay, Total, production
from iop_testing import run_production


@pytest.fixture
def run():
    with run_production(production) as running:
        yield running


def log_of(run, item) -> list[str]:
    run.wait_until_idle()
    return [entry.text for entry in run.log(item=item)]


def test_lines_are_kept_until_the_customer_pays(run) -> None:
    assert run.call("Till", Line("apple", 3, 50)) == Total(1, 150)
    assert run.call("Till", Line("bread", 1, 320)) == Total(2, 470)
    assert log_of(run, "Printer") == []
    assert run.call("Till", Pay("4711")) is None
    assert log_of(run, "Printer") == ["card 4711: 470 cents for 3 apple, 1 bread"]


def test_next_customer_begins_with_an_empty_basket(run) -> None:
    for card in ("1", "2"):
        assert run.call("Till", Line("apple", 1, 50)) == Total(1, 50)
        run.call("Till", Pay(card))
    assert log_of(run, "Printer") == ["card 1: 50 cents for 1 apple", "card 2: 50 cents for 1 apple"]
    assert len({header.process_id for header in run.messages(target="Basket") if header.process_id}) == 2


def test_switching_the_till_off_leaves_the_basket_unpaid(tmp_path) -> None:
    with run_production(production, data_dir=tmp_path) as run:
        run.call("Till", Line("apple", 1, 50))
    with run_production(production, data_dir=tmp_path) as run:
        assert log_of(run, "Basket") == ["Till was left with 50 cents unpaid"]
        assert log_of(run, "Printer") == []
