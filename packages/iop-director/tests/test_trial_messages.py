"""Test messages say one thing, in the words of the place they go to."""

from __future__ import annotations

from typing import ClassVar

import pytest

from iop_core.backends import Backend
from iop_core.errors import ConfigurationError
from iop_director.trial_messages import TrialMessage


class Here(Backend):
    name: ClassVar[str] = "here"


class There(Backend):
    name: ClassVar[str] = "there"
    is_remote: ClassVar[bool] = True


for _kind in (Here, There):
    _kind.__abstractmethods__ = frozenset()  # only where it is counts


@pytest.mark.parametrize(
    ("backend", "given", "expected"),
    [
        (Here(), "iris.Demo.Order", "Demo.Order"),
        (Here(), "Demo.iris.Order", "Demo.iris.Order"),
        (Here(), None, None),
        (There(), "iris.Demo.Order", "iris.Demo.Order"),
    ],
)
def test_classes_on_iris(backend: Backend, given: str | None, expected: str | None) -> None:
    assert TrialMessage(classname=given).on(backend) == TrialMessage(classname=expected)


def test_what_says_two_things() -> None:
    with pytest.raises(ConfigurationError, match="needs the name of its class, too"):
        TrialMessage(body={})
    with pytest.raises(ConfigurationError, match="not as both"):
        TrialMessage(object(), classname="a.B")


def test_body_becomes_json() -> None:
    bodies = [TrialMessage(classname="a.B", body=body).stored_form("a.B").payload for body in (None, "", {"a": "é"})]
    assert bodies == [b"{}", b"{}", '{"a": "é"}'.encode()]
    with pytest.raises(ConfigurationError, match="is no JSON"):
        TrialMessage(classname="a.B", body="{").stored_form("a.B")
