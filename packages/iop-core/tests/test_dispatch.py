import subprocess
import sys
import timeit
from dataclasses import dataclass

import pytest
from pydantic import BaseModel

from iop_core.business_host import BusinessHost
from iop_core.dispatch import DispatchTable, handler
from iop_core.errors import DispatchError
from iop_core.messages import Message
from iop_core.operations import BusinessOperation
from iop_core.processes import BusinessProcess
from iop_core.pydantic_messages import PydanticMessage


@dataclass
class Order(Message):
    number: str = ""


@dataclass
class Cancel(Message):
    number: str = ""


class Invoice(PydanticMessage):
    number: str = ""


class Plain(BaseModel):
    number: str = ""


def key(cls: type) -> str:
    return f"{cls.__module__}.{cls.__name__}"


def entries(cls: type) -> list[tuple[str, str]]:
    return DispatchTable.of(cls).entries


@pytest.mark.parametrize("cls", [BusinessOperation, BusinessProcess, BusinessHost])
def test_base_classes_have_no_entries(cls: type) -> None:
    class Bare(cls):  # type: ignore[misc, valid-type]
        pass

    for component in (cls, Bare):
        assert component.DISPATCH == []
        assert entries(component) == []
        assert DispatchTable.of(component).warnings == ()
        assert DispatchTable.of(component).find(Order()) is None


def test_order_of_entries_is_source_then_name() -> None:
    class Op(BusinessOperation):
        DISPATCH = [("x.Z", "zed"), ("x.A", "alpha")]

        def typed_b(self, request: Invoice): ...
        def typed_a(self, request: Plain): ...

        @handler(Order)
        def zed(self, request): ...

        @handler(Cancel)
        def alpha(self, request): ...

    assert entries(Op) == [
        (key(Cancel), "alpha"),
        (key(Order), "zed"),
        ("x.Z", "zed"),
        ("x.A", "alpha"),
        (key(Plain), "typed_a"),
        (key(Invoice), "typed_b"),
    ]


def test_entries_are_a_copy() -> None:
    class Op(BusinessOperation):
        def typed(self, request: Order): ...

    entries(Op).clear()
    assert entries(Op) == [(key(Order), "typed")]


def test_handler_beats_dispatch_beats_typed() -> None:
    class Op(BusinessOperation):
        DISPATCH = [(Order, "declared")]

        def typed(self, request: Order): ...

        def declared(self, request): ...

        @handler(Order)
        def decorated(self, request): ...

    table = DispatchTable.of(Op)
    assert table.entries == [(key(Order), "decorated")]
    assert len(table.warnings) == 2
    for text, loser in zip(table.warnings, ("declared from DISPATCH", "typed from typed method"), strict=True):
        assert key(Order) in text
        assert "keeping decorated from @handler" in text
        assert f"discarding {loser}" in text


def test_dispatch_beats_typed() -> None:
    class Op(BusinessOperation):
        DISPATCH = [(Order, "declared")]

        def typed(self, request: Order): ...

        def declared(self, request): ...

    assert entries(Op) == [(key(Order), "declared")]
    (text,) = DispatchTable.of(Op).warnings
    assert "keeping declared from DISPATCH" in text
    assert "discarding typed from typed method" in text


def test_later_of_equals_wins() -> None:
    class Decorated(BusinessOperation):
        @handler(Order)
        def a(self, request): ...

        @handler(Order)
        def b(self, request): ...

    class Listed(BusinessOperation):
        DISPATCH = [(Order, "second"), (Order, "first")]

        def first(self, request): ...
        def second(self, request): ...

    class Typed(BusinessOperation):
        def zed(self, request: Order): ...
        def alpha(self, request: Order): ...

    assert entries(Decorated) == [(key(Order), "b")]
    assert entries(Listed) == [(key(Order), "first")]
    assert entries(Typed) == [(key(Order), "zed")]
    for cls in (Decorated, Listed, Typed):
        assert len(DispatchTable.of(cls).warnings) == 1


def test_the_same_method_twice_is_no_conflict() -> None:
    class Op(BusinessOperation):
        DISPATCH = [(Order, "take"), (Order, "take"), (key(Order), "take")]

        @handler(Order)
        @handler(Order)
        def take(self, request: Order): ...

    assert entries(Op) == [(key(Order), "take")]
    assert DispatchTable.of(Op).warnings == ()


def test_a_name_and_the_class_it_names_are_the_same_message() -> None:
    class Op(BusinessOperation):
        DISPATCH = [(key(Order), "listed")]

        def listed(self, request): ...

        @handler(Order)
        def decorated(self, request): ...

    assert entries(Op) == [(key(Order), "decorated")]
    assert len(DispatchTable.of(Op).warnings) == 1


class Parent(BusinessOperation):
    DISPATCH = [("x.Listed", "listed"), ("x.Other", "listed")]

    @handler(Order)
    def mmm(self, request): ...

    def listed(self, request): ...

    def listed_anew(self, request): ...


def test_subclass_inherits_everything() -> None:
    class Child(Parent):
        pass

    assert entries(Child) == entries(Parent) == [(key(Order), "mmm"), ("x.Listed", "listed"), ("x.Other", "listed")]


def test_subclass_wins_over_the_alphabet() -> None:
    class Child(Parent):
        DISPATCH = [("x.Listed", "listed_anew")]

        @handler(Order)
        def aaa(self, request): ...

    assert entries(Child) == [(key(Order), "aaa"), ("x.Listed", "listed_anew"), ("x.Other", "listed")]
    warnings = " / ".join(DispatchTable.of(Child).warnings)
    assert "keeping aaa from @handler, discarding mmm from @handler" in warnings
    assert "keeping listed_anew from DISPATCH, discarding listed from DISPATCH" in warnings


def test_typed_method_of_subclass_wins() -> None:
    class Upper(BusinessOperation):
        def zed(self, request: Order): ...

    class Lower(Upper):
        def alpha(self, request: Order): ...

    assert DispatchTable.of(Lower).find(Order()) == "alpha"


def test_override_without_decorator_keeps_the_mapping() -> None:
    class Child(Parent):
        def mmm(self, request: Cancel): ...

    assert DispatchTable.of(Child).find(Order()) == "mmm"
    assert DispatchTable.of(Child).find(Cancel()) is None


def test_override_with_a_decorator_replaces_the_mapping() -> None:
    class Child(Parent):
        @handler(Cancel)
        def mmm(self, request): ...

    assert DispatchTable.of(Child).find(Order()) is None
    assert DispatchTable.of(Child).find(Cancel()) == "mmm"


def test_override_by_none_takes_the_mapping_away() -> None:
    class Child(Parent):
        mmm = None  # type: ignore[assignment]

    assert DispatchTable.of(Child).find(Order()) is None


def test_mixins_count_as_user_classes() -> None:
    class Mixin:
        @handler(Cancel)
        def cancel(self, request): ...

    class Op(BusinessOperation, Mixin):
        pass

    assert entries(Op) == [(key(Cancel), "cancel")]


def test_table_on_a_class_of_the_framework_does_not_leak(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BusinessOperation, "DISPATCH", [("some.OtherMessage", "handle_other")], raising=False)

    class Op(BusinessOperation):
        def typed(self, request: Order): ...

    assert entries(Op) == [(key(Order), "typed")]


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ([(Order, "missing")], ["Op", "'missing'", "no such method"]),
        ([(Order, "taek")], ["did you mean 'take'"]),
        ([(Order, "attribute")], ["'attribute'", "int"]),
        ([(Order, "prop")], ["'prop'", "property"]),
        ([(Order, 5)], ["5", "name of a method"]),
        ([(Order, "no_argument")], ["'no_argument'", "one message"]),
        ([(Order, "two")], ["'two'", "one message"]),
        ([(Order, "keyword")], ["'keyword'"]),
        ([(Order, "static")], ["'static'"]),
        ([(int, "take")], ["DISPATCH of ", "<class 'int'>"]),
        ([("Bare", "take")], ["'Bare'"]),
        ([(Order, "take", "more")], ["DISPATCH of ", "'more'", "pairs"]),
        ([Order], ["pairs"]),
        (["ab"], ["'ab'", "pairs"]),
        ({Order: "take"}, ["DISPATCH of ", "pairs"]),
        ("take", ["pairs"]),
        (5, ["5", "pairs"]),
    ],
)
def test_wrong_dispatch_lists(declared: object, words: list[str]) -> None:
    class Op(BusinessOperation):
        DISPATCH = declared
        attribute = 5

        @property
        def prop(self): ...

        @staticmethod
        def static(): ...
        def take(self, request): ...
        def no_argument(self): ...
        def two(self, request, other): ...
        def keyword(self, *, request): ...

    with pytest.raises(DispatchError) as caught:
        DispatchTable.of(Op)
    assert [word for word in words if word not in str(caught.value)] == []
    assert "\n" not in str(caught.value)


def test_decorated_method_that_cannot_take_a_message() -> None:
    class Op(BusinessOperation):
        @handler(Order)
        def nothing(self): ...

    with pytest.raises(DispatchError, match=r"Op.*'nothing'.*one message"):
        DispatchTable.of(Op)


def test_further_arguments_with_defaults_are_fine() -> None:
    class Op(BusinessOperation):
        @handler(Order)
        def take(self, request, *more, flag=True, **rest): ...

    assert entries(Op) == [(key(Order), "take")]


def test_making_the_table_runs_no_user_code() -> None:
    ran: list[str] = []

    class Noisy:
        def __get__(self, instance: object, owner: object = None) -> object:
            ran.append("descriptor")
            return None

    class Op(BusinessOperation):
        noisy = Noisy()

        @property
        def connection(self) -> object:
            ran.append("property")
            raise RuntimeError("not connected yet")

        @handler(Order)
        def take(self, request): ...

    assert entries(Op) == [(key(Order), "take")]
    assert ran == []


def test_the_table_is_made_once_per_class() -> None:
    class Op(BusinessOperation):
        pass

    class Child(Op):
        pass

    assert DispatchTable.of(Op) is DispatchTable.of(Op)
    assert DispatchTable.of(Op) is not DispatchTable.of(Child)


def test_knows_which_methods_are_decorated() -> None:
    class Op(BusinessOperation):
        def typed(self, request: Cancel): ...

        @handler(Order, "x.Y")
        def take(self, request): ...

    assert DispatchTable.of(Op).handlers == ("take",)


def test_a_hit_is_fast() -> None:
    namespace: dict[str, object] = {}
    for index in range(50):
        namespace[f"take_{index}"] = handler(f"x.M{index}")(lambda self, request: None)
    namespace["order"] = handler(Order)(lambda self, request: None)
    Op = type("Op", (BusinessOperation,), namespace)
    table, message = DispatchTable.of(Op), Order()
    assert table.find(message) == "order"
    best = min(timeit.repeat(lambda: table.find(message), number=2_000, repeat=20)) / 2_000
    assert best < 5e-7  # 0.1 us on an idle machine; searching anew takes more than 1 us


def test_pydantic_is_not_imported_for_dataclass_messages() -> None:
    code = (
        "import sys\n"
        "from iop_core.dispatch import DispatchTable, handler\n"
        "from iop_core.messages import Message\n"
        "class M(Message): ...\n"
        "class C:\n"
        "    @handler(M)\n"
        "    def take(self, request): ...\n"
        "    def typed(self, request: int): ...\n"
        "assert DispatchTable.of(C).find(M()) == 'take'\n"
        "assert 'pydantic' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
