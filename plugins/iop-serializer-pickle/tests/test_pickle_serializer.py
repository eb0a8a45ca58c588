"""What pickles keep, what they refuse, and that nothing in a hostile one is ever run."""

from __future__ import annotations

import copyreg
import io
import os
import pickle
import struct
import zoneinfo
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iop import Message, PickleMessage, PydanticPickleMessage
from iop_core.errors import SerializationError
from iop_core.messages import set_iris_id
from iop_core.registry import MESSAGE_CLASSES
from iop_core.serializers import Codec
from iop_serializer_pickle import PickleSerializer
from iop_serializer_pickle.signature import sign
from iop_testing import SerializerSuite, codec_for

KEY = bytes(range(32))


@dataclass
class Line(PickleMessage):
    sku: str = ""
    quantity: int = 0
    note: str | None = None


@dataclass
class Order(PickleMessage):
    number: str = ""
    total: float = 0.0
    is_urgent: bool = False
    lines: list[Line] = field(default_factory=list)
    codes: dict[str, int] = field(default_factory=dict)
    parent: Line | None = None


@dataclass
class Holder(PickleMessage):
    value: object = None
    other: object = None


@dataclass(frozen=True, slots=True)
class Slotted(PickleMessage):
    value: object = None


class Bare(PickleMessage):
    """No dataclass."""

    def __init__(self, value: object) -> None:
        self.value = value


class Model(PydanticPickleMessage):
    value: object = None
    when: datetime | None = None
    points: set[complex] = set()


@dataclass
class Plain(Message):
    value: object = None


class Outer:
    @dataclass
    class Inner(PickleMessage):
        value: object = None


class Color(Enum):
    RED = 1


class KnownColor(Enum):
    RED = 1


MESSAGE_CLASSES.register(KnownColor)


class Stranger:
    pass


def make(key: bytes = KEY) -> PickleSerializer:
    serializer = PickleSerializer()
    serializer.use_key(lambda: key)
    return serializer


@pytest.fixture
def holder() -> Codec:
    return make().codec_for(Holder)


class TestPickleSerializer(SerializerSuite):
    order_class = Order
    line_class = Line

    @pytest.fixture
    def serializer(self) -> PickleSerializer:
        return make()


VALUES = [
    {1, 2},
    frozenset({"a"}),
    (1, ("b", None)),
    b"\xff\x00",
    bytearray(b"x"),
    1j,
    float("inf"),
    10**40,
    {(1, 2): [3], None: "x"},
    Decimal("3.140"),
    Fraction(1, 3),
    UUID(int=7),
    datetime(2024, 1, 2, 3, 4, 5, 6, timezone.utc),
    datetime(2024, 1, 2, tzinfo=timezone(timedelta(hours=2), "X")),
    datetime(2024, 7, 1, fold=1, tzinfo=zoneinfo.ZoneInfo("Europe/Paris")),
    date(2024, 2, 29),
    time(1, 2, 3),
    timedelta(days=-1, microseconds=1),
    OrderedDict(b=1, a=2),
    deque([1, 2], maxlen=2),
    Counter("aab"),
    defaultdict(list, {"a": [1]}),
    Slotted({1}),
    Outer.Inner(1),
    Plain([Line("x")]),
    KnownColor.RED,
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("message_class", [Holder, Slotted, Outer.Inner, Bare, Model], ids=lambda cls: cls.__name__)
def test_value_comes_back_as_it_was(message_class: type, value: object) -> None:
    codec = make().codec_for(message_class)
    read = codec.decode(codec.encode(message_class(value=value)))
    assert type(read) is message_class
    assert read.value == value
    assert type(read.value) is type(value)
    assert repr(read.value) == repr(value)


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
keys = st.text() | st.integers() | st.tuples(st.integers(), st.text()) | st.frozensets(st.integers())
values = st.recursive(
    scalars | st.decimals(allow_nan=False) | st.datetimes() | st.uuids() | st.complex_numbers(allow_nan=False),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(keys, inner)
        | st.sets(keys)
        | st.builds(Holder, inner, inner)
        | st.builds(tuple, st.lists(inner))
    ),
    max_leaves=20,
)


@given(values)
def test_any_mix_of_values_comes_back(value: object) -> None:
    codec = make().codec_for(Holder)
    assert codec.decode(codec.encode(Holder(value))) == Holder(value)


def test_model_with_what_pydantic_read_comes_back() -> None:
    model = Model(when="2024-01-02T03:04:05+02:00", points=[1j])
    codec = make().codec_for(Model)
    read = codec.decode(codec.encode(model))
    assert read == model
    assert read.when == model.when
    assert read.model_fields_set == {"when", "points"}


def test_same_object_twice_and_cycles_stay_so() -> None:
    message = Holder([])
    message.other = message.value
    message.value.append(message)
    codec = make().codec_for(Holder)
    read = codec.decode(codec.encode(message))
    assert read.value is read.other
    assert read.value[0] is read


@pytest.mark.parametrize(
    "message", [Holder(Line("x")), Bare(Line("x")), Model(value=Line("x"))], ids=["dataclass", "plain", "model"]
)
def test_pickles_drop_the_id_and_leave_the_message_alone(message) -> None:
    set_iris_id(message, "17")
    set_iris_id(message.value, "18")
    codec = make().codec_for(type(message))
    read = codec.decode(codec.encode(message))
    assert (read.get_iris_id(), read.value.get_iris_id()) == (None, None)
    assert (message.get_iris_id(), message.value.get_iris_id()) == ("17", "18")


def test_test_kit_takes_the_serializer_of_the_class() -> None:
    encode, decode = codec_for(Holder)
    assert decode(encode(Holder({1}))) == Holder({1})
    assert b'"value"' not in encode(Holder({1}))
    assert codec_for(Holder, serializer="json").encode(Holder(1)).startswith(b'{"value":1')


# What is taken


@pytest.mark.parametrize("message_class", [Holder, Slotted, Bare, Model, Outer.Inner, PickleMessage])
def test_pickle_messages_are_accepted(message_class: type) -> None:
    assert PickleSerializer().accepts(message_class)


@pytest.mark.parametrize("message_class", [Plain, Stranger, Color, dict, object])
def test_other_classes_are_not(message_class: type) -> None:
    assert not PickleSerializer().accepts(message_class)


def test_pickles_of_a_class_that_is_now_stored_otherwise_stay_readable() -> None:
    codec = make().codec_for(Plain)
    assert codec.decode(sign(pickle.dumps(Plain(1)), KEY)) == Plain(1)
    with pytest.raises(SerializationError, match="dict is not a message class"):
        make().codec_for(dict)


def test_it_needs_permission_and_a_key() -> None:
    assert PickleSerializer.needs_permission is True
    with pytest.raises(SerializationError, match="no key to sign with"):
        PickleSerializer().codec_for(Holder)


# What cannot be read back is refused when it is written, with its field


def local_class_value() -> object:
    class Local:
        pass

    return Local()


class Fails:
    def __reduce_ex__(self, protocol):
        raise RuntimeError("no\nway")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (Color.RED, "Color is no known message class"),
        (Stranger(), "Stranger is no known message class"),
        (local_class_value(), "Local is no known message class"),
        (Stranger, "Stranger is no known message class"),
        (object(), "builtins.object is no known message class"),
        (os.system, "system.* is not a value"),
        ("x".upper, "is not a value"),
        (local_class_value, "is not a value"),
        (lambda: 1, "is not a value"),
        (Ellipsis, "is not a value"),
        (os, "TypeError: cannot pickle 'module' object"),
        ((n for n in [1]), "TypeError: cannot pickle 'generator' object"),
        (Path("x"), "Path is no known message class"),
        (defaultdict(Stranger), "Stranger is no known message class"),
        ([{"deep": (Stranger(),)}], "Stranger is no known message class"),
        (Fails(), "RuntimeError: no way"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_value_that_could_not_be_read_is_refused_at_once(holder: Codec, value: object, reason: str) -> None:
    with pytest.raises(SerializationError, match=rf"Holder cannot be stored: field 'other': .*{reason}") as caught:
        holder.encode(Holder("fine", value))
    assert "\n" not in str(caught.value)


def test_too_deep_a_value_is_refused(holder: Codec) -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(SerializationError, match="field 'value': RecursionError"):
        holder.encode(Holder(deep))


# Hostile pickles


class Calls:
    """Has a function called by whoever opens its pickle."""

    def __init__(self, function: Callable[..., object], *arguments: object) -> None:
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.fixture
def trap(tmp_path: Path) -> Path:
    """A file that is there once something hostile was run."""
    return tmp_path / "was-run"


def hostile_pickles(trap: Path) -> dict[str, bytes]:
    touch = f"open({str(trap)!r}, 'w').close()"
    calls = {
        "os.system": Calls(os.system, f"touch {trap}"),
        "eval": Calls(eval, touch),
        "exec": Calls(exec, touch),
        "open": Calls(open, str(trap), "w"),
        "path": Calls(Path.touch, trap),
        "getattr": Calls(getattr, trap, "touch"),
        "import": Calls(__import__, "antigravity"),
        "nested": Holder([{"a": (Calls(exec, touch),)}]),
        "reduce in reduce": Calls(Calls, Calls(exec, touch)),
        "key of a dict": {Decimal(1): Calls(exec, touch)},
        "argument of a known class": Calls(Holder, Calls(exec, touch)),
        "argument of a value type": Calls(Fraction, Calls(exec, touch)),
    }
    found = {name: pickle.dumps(value) for name, value in calls.items()}
    found["protocol 0"] = b"cposix\nsystem\n(S'touch %s'\ntR." % str(trap).encode()
    found["by method of a known class"] = pickle.PROTO + b"\x04" + _global(__name__, "Holder.__init__") + b"."
    found["through a known module"] = pickle.PROTO + b"\x04" + _global("collections", "abc.sys.modules") + b"."
    found["object of protocol 1"] = b"(cos\nsystem\nX" + struct.pack("<I", len(str(trap))) + str(trap).encode() + b"o."
    return found


def _global(module: str, name: str) -> bytes:
    texts = (b"\x8c" + bytes([len(text)]) + text.encode() for text in (module, name))
    return b"".join(texts) + pickle.STACK_GLOBAL


NAMES = list(hostile_pickles(Path("/nowhere")))


@pytest.mark.parametrize("name", NAMES)
def test_hostile_pickle_would_work_elsewhere_but_is_never_opened_here(holder: Codec, trap: Path, name: str) -> None:
    content = hostile_pickles(trap)[name]
    for payload in (content, b"\x00" * 32 + content, sign(content, b"another key of thirty-two bytes.")):
        with pytest.raises(SerializationError, match="does not bear the signature of this store, so it was not opened"):
            holder.decode(payload)
    assert not trap.exists()


@pytest.mark.parametrize("name", NAMES)
def test_hostile_pickle_with_a_stolen_key_names_nothing_but_known_classes(holder: Codec, trap: Path, name: str) -> None:
    with pytest.raises(SerializationError, match=r"a pickle of .*Holder cannot be read: .* is no known message class"):
        holder.decode(sign(hostile_pickles(trap)[name], KEY))
    assert not trap.exists()


@pytest.mark.parametrize("name", ["os.system", "eval", "exec", "path", "nested", "protocol 0"])
def test_the_traps_are_real(trap: Path, name: str) -> None:
    pickle.loads(hostile_pickles(trap)[name])
    assert trap.exists()


def test_nothing_is_imported_by_a_pickle(holder: Codec, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "danger_to_import.py").write_text("from pathlib import Path\nPath(__file__).with_name('run').touch()\n")
    monkeypatch.syspath_prepend(tmp_path)
    content = pickle.PROTO + b"\x04" + _global("danger_to_import", "Thing") + b"."
    with pytest.raises(SerializationError, match=r"danger_to_import\.Thing is no known message class"):
        holder.decode(sign(content, KEY))
    assert not (tmp_path / "run").exists()


def test_extension_codes_lead_to_known_classes_only(holder: Codec) -> None:
    copyreg.add_extension("os", "system", 240)
    try:
        content = pickle.PROTO + b"\x04" + pickle.EXT1 + bytes([240]) + b"."
        with pytest.raises(SerializationError, match=r"os\.system is no known message class"):
            holder.decode(sign(content, KEY))
    finally:
        copyreg.remove_extension("os", "system", 240)


def test_another_message_class_is_not_taken_for_this_one(holder: Codec) -> None:
    for other in (Line("x"), {"value": 1}, None):
        with pytest.raises(SerializationError, match=r"a pickle of .*Holder holds a "):
            holder.decode(sign(pickle.dumps(other), KEY))


def test_another_key_opens_nothing() -> None:
    signed = make().codec_for(Holder).encode(Holder(1))
    with pytest.raises(SerializationError, match="does not bear the signature"):
        make(KEY[::-1]).codec_for(Holder).decode(signed)


def test_every_cut_and_every_flipped_bit_is_found(holder: Codec) -> None:
    signed = holder.encode(Holder({1}, "x"))
    for length in range(len(signed)):
        with pytest.raises(SerializationError, match="does not bear the signature"):
            holder.decode(signed[:length])
    for place in range(len(signed)):
        spoiled = bytearray(signed)
        spoiled[place] ^= 1 << place % 8
        with pytest.raises(SerializationError, match="does not bear the signature"):
            holder.decode(bytes(spoiled))


@given(st.binary(max_size=100))
def test_signed_rubbish_is_one_line(content: bytes) -> None:
    # The opcodes that put something far into the memo make Python ask for as much memory.
    content = content.replace(pickle.LONG_BINPUT, b"").replace(pickle.PUT, b"")
    with pytest.raises(SerializationError) as caught:
        make().codec_for(Holder).decode(sign(content, KEY))
    assert "\n" not in str(caught.value)


def test_announced_gigabytes_are_not_believed(holder: Codec) -> None:
    for opcode in (pickle.BINBYTES8, pickle.BINUNICODE8, pickle.BYTEARRAY8):
        content = pickle.PROTO + b"\x05" + opcode + struct.pack("<Q", 1 << 46) + b"x."
        with pytest.raises(SerializationError, match=r"a pickle of .*Holder cannot be read"):
            holder.decode(sign(content, KEY))


def test_large_pickles_are_checked_too(holder: Codec) -> None:
    signed = bytearray(holder.encode(Holder(b"x" * 20_000_000)))
    assert holder.decode(bytes(signed)).value == b"x" * 20_000_000
    signed[10_000_000] = 0
    with pytest.raises(SerializationError, match="does not bear the signature"):
        holder.decode(bytes(signed))


def test_deep_pickle_does_no_harm(holder: Codec) -> None:
    content = pickle.PROTO + b"\x04" + pickle.EMPTY_LIST * 100_000 + pickle.APPEND * 99_999 + b"."
    with pytest.raises(SerializationError, match=r"holds a builtins\.list"):
        holder.decode(sign(content, KEY))


def test_persistent_ids_lead_nowhere(holder: Codec) -> None:
    stream = io.BytesIO()

    class Points(pickle.Pickler):
        def persistent_id(self, obj: object) -> object:
            return "somewhere" if obj == "x" else None

    Points(stream, 4).dump(Holder("x"))
    with pytest.raises(SerializationError, match="persistent"):
        holder.decode(sign(stream.getvalue(), KEY))
