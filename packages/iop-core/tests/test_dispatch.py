import enum
import functools
import subprocess
import sys
import timeit
import types
import typing
from dataclasses import dataclass
from typing import Annotated, Any, Optional, Union

import pytest
from pydantic import BaseModel

from iop_core.business_host import BusinessHost
from iop_core.dispatch import DispatchTable, handler
from iop_core.errors import DispatchError, IopError, MessageTypeError
from iop_core.messages import Message
from iop_core.operations import BusinessOperation
from iop_core.processes import BusinessProcess
from iop_core.pydantic_messages import PydanticMessage
from iop_core.registry import MESSAGE_CLASSES


@dataclass
class Order(Message):
    number: str = ""


@dataclass
class UrgentOrder(Order):
    pass


@dataclass
class Cancel(Message):
    number: str = ""


class Invoice(PydanticMessage):
    number: str = ""


class Plain(BaseModel):
    number: str = ""


class Outer:
    @dataclass
    class Inner(Message):
        pass

    @dataclass
    class Order(Message):
        """Same short name as the one of the module."""


def key(cls: type) -> str:
    return f"{cls.__module__}.{cls.__name__}"


def entries(cls: type) -> list[tuple[str, str]]:
    return DispatchTable.of(cls).entries


# --- handler() ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("message", [Order, Invoice, Plain, Outer.Inner, Message, PydanticMessage])
def test_takes_every_kind_of_message_class(message: type) -> None:
    class Op(BusinessOperation):
        @handler(message)
        def take(self, request): ...

    assert entries(Op) == [(key(message), "take")]
    assert DispatchTable.of(Op).find(message()) == "take"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("orders.messages.CreateOrder", "orders.messages.CreateOrder"),
        ("__main__.X", "__main__.X"),
        ("iris.Ens.StringRequest", "Ens.StringRequest"),
        ("%Net.HttpRequest", "%Net.HttpRequest"),
    ],
)
def test_takes_names_with_their_module(name: str, shown: str) -> None:
    class Op(BusinessOperation):
        @handler(name)
        def take(self, request): ...

    assert entries(Op) == [(shown, "take")]


@pytest.mark.parametrize(
    "given",
    [
        "", " ", "CreateOrder", "iris.Bare", "a b.C", "a.C[int]", "a.'C'", ".C", "a.", "a..C", "1a.C", None, int, str,
        object, dict, Any, 5, Order(), Plain(), Optional[Order], list[Order], Union[Order, Cancel], Order | Cancel,
        lambda: None, [Order], (Order, Cancel), enum.Enum,
    ],
)  # fmt: skip
def test_refuses_what_is_no_message_type(given: object) -> None:
    with pytest.raises(MessageTypeError, match="message class") as caught:
        handler(given)  # type: ignore[arg-type]
    assert isinstance(caught.value, TypeError)
    assert isinstance(caught.value, IopError)
    assert repr(given) in str(caught.value)


def test_wants_at_least_one_type() -> None:
    with pytest.raises(TypeError):
        handler()


def test_gives_back_the_same_function() -> None:
    def take(self, request): ...

    assert handler(Order)(take) is take


def test_refuses_to_decorate_what_is_no_method() -> None:
    with pytest.raises(DispatchError, match="no method"):
        handler(Order)(property(lambda self: 1))  # type: ignore[type-var]
    with pytest.raises(DispatchError, match="no method"):
        handler(Order)(Order)


def test_several_types_and_stacked_decorators() -> None:
    class Op(BusinessOperation):
        @handler(Order)
        @handler(Cancel, "a.B")
        def take(self, request): ...

    assert entries(Op) == [(key(Order), "take"), (key(Cancel), "take"), ("a.B", "take")]
    assert DispatchTable.of(Op).find(Cancel()) == "take"


def test_private_static_and_class_methods_can_be_handlers() -> None:
    class Op(BusinessOperation):
        @handler(Order)
        def _take(self, request: int): ...

        @handler(Cancel)
        @staticmethod
        def above(request): ...

        @staticmethod
        @handler(Invoice)
        def below(request): ...

        @classmethod
        @handler(Plain)
        def of_class(cls, request): ...

    found = [DispatchTable.of(Op).find(message) for message in (Order(), Cancel(), Invoice(), Plain())]
    assert found == ["_take", "above", "below", "of_class"]


def test_a_wrapping_decorator_keeps_the_handler() -> None:
    def retried(function):
        @functools.wraps(function)
        def run(*args, **kwargs):
            return function(*args, **kwargs)

        return run

    class Op(BusinessOperation):
        @retried
        @handler(Order)
        def take(self, request): ...

        @retried
        def typed(self, request: Cancel): ...

    assert entries(Op) == [(key(Order), "take"), (key(Cancel), "typed")]


# --- the table ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cls", [BusinessOperation, BusinessProcess, BusinessHost])
def test_base_classes_have_no_entries(cls: type) -> None:
    class Bare(cls):  # type: ignore[misc, valid-type]
        pass

    for component in (cls, Bare):
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


# --- inheritance -------------------------------------------------------------------------------------------


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


# --- typed methods -----------------------------------------------------------------------------------------

aliased = types.SimpleNamespace(Fut=Cancel)


class Runtime:
    """Stands for IRIS, which starts when something is asked of it."""

    asked: typing.ClassVar[list[str]] = []

    def __getattr__(self, name: str) -> object:
        self.asked.append(name)
        return self


iris = Runtime()


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (Order, [Order]),
        (Plain, [Plain]),
        ("Order", [Order]),
        ("aliased.Fut", [Cancel]),
        (Optional[Order], [Order]),
        (Optional["Order"], [Order]),
        ("Optional[Order]", [Order]),
        (Order | None, [Order]),
        ("Order | Cancel", [Order, Cancel]),
        (Union[Order, Cancel, str], [Order, Cancel]),
        (Annotated[Order, "note"], [Order]),
        (Annotated[Optional[Order], "note"], [Order]),
        ("pkg.mod.C", ["pkg.mod.C"]),
        ("iris.Ens.StringRequest", ["Ens.StringRequest"]),
        (Any, []),
        (object, []),
        (str, []),
        ("str", []),
        (enum.Enum, []),
        (list[Order], []),
        (None, []),
        (5, []),
    ],
)
def test_meaning_of_the_annotation(annotation: object, expected: list[object]) -> None:
    def take(self, request): ...

    Runtime.asked.clear()
    take.__annotations__ = {"request": annotation}
    Op = type("Op", (BusinessOperation,), {"take": take, "__module__": __name__})
    keys = [each if isinstance(each, str) else key(each) for each in expected]  # type: ignore[arg-type]
    assert entries(Op) == [(each, "take") for each in keys]
    assert DispatchTable.of(Op).warnings == ()
    assert Runtime.asked == []


def test_type_aliases_are_followed() -> None:
    alias = typing.cast("Any", __import__("typing_extensions")).TypeAliasType("Alias", Union[Order, Cancel])

    class Op(BusinessOperation):
        def take(self, request: alias): ...  # type: ignore[valid-type]

    assert entries(Op) == [(key(Order), "take"), (key(Cancel), "take")]


def test_nested_class_is_found_by_its_short_name() -> None:
    class Op(BusinessOperation):
        @dataclass
        class Nested(Message):
            pass

        Order = 5  # a setting of the same name does not hide the message class

        def nested(self, request: "Nested"): ...
        def order(self, request: "Order"): ...

    table = DispatchTable.of(Op)
    assert table.find(Op.Nested()) == "nested"
    assert table.find(Order()) == "order"


def test_only_public_methods_with_one_positional_argument_are_typed_methods() -> None:
    class Op(BusinessOperation):
        attribute: Order = Order()

        class Nested:
            def __init__(self, request: Order): ...

        def _private(self, request: Order): ...
        def two(self, request: Order, other): ...
        def second_with_default(self, request: Order, other=None): ...
        def star(self, *request: Order): ...
        def keyword(self, *, request: Order): ...
        def keywords(self, **request: Order): ...
        def nothing(self): ...
        def returns(self) -> Order: ...

        @property
        def prop(self) -> Order: ...

    assert entries(Op) == []


def test_static_and_class_methods_can_be_typed() -> None:
    class Op(BusinessOperation):
        @staticmethod
        def a(request: Order): ...

        @classmethod
        def b(cls, request: Cancel): ...

        def c(self, request: Invoice, /): ...

    assert entries(Op) == [(key(Order), "a"), (key(Cancel), "b"), (key(Invoice), "c")]


def test_annotation_without_a_meaning_is_reported() -> None:
    class Op(BusinessOperation):
        def take(self, request: "NotImported"): ...  # noqa: F821
        def fine(self, request: "Order"): ...

    table = DispatchTable.of(Op)
    assert table.entries == [(key(Order), "fine")]
    (text,) = table.warnings
    assert "take" in text
    assert "'NotImported'" in text


def test_overridden_hooks() -> None:
    class Process(BusinessProcess):
        def on_message(self, request: Order): ...
        def on_request(self, request: Cancel): ...
        def reply(self, response: Invoice): ...  # type: ignore[override]

    assert entries(Process) == [(key(Order), "on_message"), (key(Cancel), "on_request")]


def test_handled_classes_are_registered() -> None:
    class Typed(BaseModel):
        pass

    class Listed(BaseModel):
        pass

    class Op(BusinessOperation):
        DISPATCH = [(Listed, "listed")]

        def typed(self, request: Typed): ...
        def listed(self, request): ...

    DispatchTable.of(Op)
    prefix = f"{__name__}.{test_handled_classes_are_registered.__name__}.<locals>"
    assert MESSAGE_CLASSES.get(f"{prefix}.Typed") is Typed
    assert MESSAGE_CLASSES.get(f"{prefix}.Listed") is Listed


def test_a_class_registered_by_a_plugin_is_a_message_class() -> None:
    class Foreign:
        pass

    with pytest.raises(TypeError):
        handler(Foreign)
    MESSAGE_CLASSES.register(Foreign)

    class Op(BusinessOperation):
        def take(self, request: Foreign): ...

    assert DispatchTable.of(Op).find(Foreign()) == "take"


# --- mistakes are found when the table is made -------------------------------------------------------------


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


# --- looking up --------------------------------------------------------------------------------------------


def test_subclass_of_a_handled_message() -> None:
    class Op(BusinessOperation):
        @handler(Order)
        def order(self, request): ...

    class Both(Op):
        def urgent(self, request: UrgentOrder): ...

    assert DispatchTable.of(Op).find(UrgentOrder()) == "order"
    assert DispatchTable.of(Both).find(UrgentOrder()) == "urgent"

    class Typed(BusinessOperation):
        def order(self, request: Order): ...

    assert DispatchTable.of(Typed).find(UrgentOrder()) == "order"
    assert DispatchTable.of(Both).find(Order()) == "order"


def test_explicit_handler_of_the_base_class_takes_the_rest() -> None:
    class Op(BusinessOperation):
        @handler(Message)
        def rest(self, request): ...

        @handler(Order)
        def order(self, request): ...

    table = DispatchTable.of(Op)
    assert table.find(Cancel()) == "rest"
    assert table.find(UrgentOrder()) == "order"
    assert table.find(Invoice()) is None


def test_an_ordinary_method_for_any_message_takes_nothing_from_on_message() -> None:
    class Op(BusinessOperation):
        def render(self, message: Message): ...
        def check(self, model: BaseModel): ...

        def on_message(self, request): ...

    table = DispatchTable.of(Op)
    assert table.find(Order()) is None
    assert table.find(Invoice()) is None
    assert table.find(Message()) == "render"


def test_a_handler_given_by_name_finds_the_class() -> None:
    class Op(BusinessOperation):
        @handler(key(Order), f"{__name__}.Outer.Inner")
        def take(self, request): ...

    table = DispatchTable.of(Op)
    assert table.find(Order()) == "take"
    assert table.find(UrgentOrder()) == "take"
    assert table.find(Outer.Inner()) == "take"
    assert table.find(Cancel()) is None


def test_a_nested_class_may_be_named_without_the_outer_one() -> None:
    class Op(BusinessOperation):
        @handler(f"{__name__}.Inner")
        def take(self, request): ...

    assert DispatchTable.of(Op).find(Outer.Inner()) == "take"


def test_classes_of_the_same_short_name_are_told_apart() -> None:
    class Op(BusinessOperation):
        @handler(Outer.Order)
        def nested(self, request): ...

    class Both(Op):
        @handler(Order)
        def top(self, request): ...

    assert DispatchTable.of(Op).find(Order()) is None
    assert DispatchTable.of(Both).find(Order()) == "top"
    assert DispatchTable.of(Both).find(Outer.Order()) == "nested"
    assert DispatchTable.of(Both).warnings == ()

    class Top(BusinessOperation):
        @handler(Order)
        def top(self, request): ...

    assert DispatchTable.of(Top).find(Outer.Order()) is None


def test_a_class_defined_anew_is_still_handled() -> None:
    class Op(BusinessOperation):
        @handler(Cancel)
        def take(self, request): ...

    reloaded = type("Cancel", (Message,), {"__module__": __name__, "__qualname__": "Cancel"})
    try:
        assert DispatchTable.of(Op).find(reloaded()) == "take"
    finally:
        MESSAGE_CLASSES.register(Cancel)


@pytest.mark.parametrize("message", [None, "", 5, object()])
def test_what_is_no_message_has_no_handler(message: object) -> None:
    class Op(BusinessOperation):
        def take(self, request: Order): ...

    assert DispatchTable.of(Op).find(message) is None


def native(class_name: str, *, module: str = "iris", ask: str = "_ClassName") -> object:
    python_class = type("IRISObject", (), {"__module__": module, ask: lambda self, full: class_name})
    return python_class()


@pytest.mark.parametrize("named", ["Ens.StringRequest", "iris.Ens.StringRequest"])
@pytest.mark.parametrize("ask", ["_ClassName", "%ClassName"])
def test_native_objects_are_found_by_their_iris_class(named: str, ask: str) -> None:
    class Op(BusinessOperation):
        @handler(named)
        def take(self, request): ...

    table = DispatchTable.of(Op)
    message = native("Ens.StringRequest", ask=ask)
    other = native("Ens.StringResponse", ask=ask)
    assert table.find(message) == "take"
    assert table.find(other) is None


def test_one_python_type_can_stand_for_many_iris_classes() -> None:
    class Native:
        __module__ = "iris"

        def __init__(self, name: str) -> None:
            self.name = name

        def _ClassName(self, full: int) -> str:
            return self.name

    class Op(BusinessOperation):
        @handler(Native("Ens.A"))  # type: ignore[arg-type]
        def a(self, request): ...

        @handler("Ens.B")
        def b(self, request): ...

    table = DispatchTable.of(Op)
    assert [table.find(Native(name)) for name in ("Ens.A", "Ens.B", "Ens.C")] == ["a", "b", None]


def test_native_classes_can_be_given_as_types() -> None:
    request = type("StringRequest", (), {"__module__": "iris.Ens"})

    class Op(BusinessOperation):
        def take(self, request: request): ...  # type: ignore[valid-type]

    assert entries(Op) == [("Ens.StringRequest", "take")]
    assert DispatchTable.of(Op).find(request()) == "take"


# --- how it is made ----------------------------------------------------------------------------------------


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
