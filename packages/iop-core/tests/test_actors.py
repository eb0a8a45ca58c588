"""Who does a deed, when nobody says so."""

import pytest

from iop_core.actors import current_user

_NAMES = ("LOGNAME", "USER", "LNAME", "USERNAME")


def test_user_of_the_process(monkeypatch) -> None:
    monkeypatch.setenv("LOGNAME", "anna")
    assert current_user() == "anna"


def test_process_whose_user_has_no_name(monkeypatch) -> None:
    pwd = pytest.importorskip("pwd")
    for name in _NAMES:
        monkeypatch.delenv(name, raising=False)

    def without_entry(uid: int) -> object:
        raise KeyError(f"getpwuid(): uid not found: {uid}")

    monkeypatch.setattr(pwd, "getpwuid", without_entry)
    assert current_user() == "unknown"
