"""Persistent messages in tables of their own, seen with SQL and through a running production."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from decimal import Decimal
from enum import Enum, IntEnum
from pathlib import Path
from typing import Any, Optional

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iop import BusinessOperation, Field, Model, PersistentMessage, Production
from iop_core.bodies import BodyCodec
from iop_core.clock import SystemClock
from iop_core.errors import StoreError
from iop_core.headers import Body, MessageType
from iop_core.persistent.classes import register_persistent_message_class
from iop_core.registry import class_name_of
from iop_core.store_units import NewMessage, Unit
from iop_director import Director
from iop_engine.sqlite.store import SqliteStore
from iop_engine.sqlite.typed_tables import TypedTables, restored
from iop_testing import run_production


class Point(Model, serial=True):
    Lat: float = 0.0


class Address(Model, serial=True):
    City: str
    Place: Optional[Point] = None


class Color(Enum):
    RED = "r"
    BLUE = "b"


class Urgency(IntEnum):
    LOW = 1
    HIGH = 9


class OrderMessage(PersistentMessage):
    OrderId: str = Field(required=True, max_length=64, index=True)
    Amount: float = 0.0
    Urgent: bool = False
    Scan: bytes = b""
    Price: Decimal = Decimal(0)
    Due: Optional[datetime] = None
    Tags: list[str] = Field(default_factory=list)
    ShipTo: Optional[Address] = None

    class Meta:
        classname = "Demo.Table.Order"


class Echo(BusinessOperation):
    def on_message(self, request: Any) -> Any:
        return request


PRODUCTION = Production("Demo.Tables")
PRODUCTION.operation(Echo)

ORDER = OrderMessage(
    OrderId="A'1\"",
    Amount=5,
    Urgent=True,
    Scan=b"\xff\0",
    Price=Decimal("3.140"),
    Due=datetime(2024, 1, 2, 3, 4, 5),
    Tags=["a", "b"],
    ShipTo=Address(City="Delft", Place=Point(Lat=52.0)),
)

Versions = Callable[[str], Any]


@pytest.fixture
def select(tmp_path: Path) -> Callable[[str], list[tuple[Any, ...]]]:
    def run_sql(sql: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(next(tmp_path.glob("*.db")))) as connection:
            rows = connection.execute(sql).fetchall()
            connection.commit()
            return rows

    return run_sql


def declare(body: str, **names: Any) -> Any:
    """Declare one version of a message class, as a module that is changed between two runs does."""
    text = "class Changing(PersistentMessage):\n" + "".join(f"    {line}\n" for line in body.splitlines())
    space: dict[str, Any] = {**globals(), **names, "__name__": "shop.changing"}
    exec(compile(text, "changing.py", "exec", dont_inherit=True), space)
    return space["Changing"]


TABLE = "class Meta:\n    classname = 'Demo.Table.Changing'"


def send(folder: Path, *messages: Any) -> list[int]:
    with run_production(PRODUCTION, data_dir=folder) as run:
        found = [run.send("Echo", message) for message in messages]
        run.wait_until_idle()
    return found


def read(folder: Path, *message_ids: int) -> list[Any]:
    with run_production(PRODUCTION, data_dir=folder) as run:
        return [run.body(message_id) for message_id in message_ids]


def test_fields_are_columns(tmp_path: Path, select: Any) -> None:
    with run_production(PRODUCTION, data_dir=tmp_path) as run:
        assert run.call("Echo", ORDER) == ORDER
        request, reply = run.messages()
        assert run.body(request.message_id) == run.body(reply.message_id) == ORDER
        assert run.body(reply.message_id).get_iris_id() == str(reply.body_id)
    rows = select(
        "SELECT ID, OrderId, Amount, Urgent, Scan, Price, Due, Tags, ShipTo_City, ShipTo_Place_Lat "
        'FROM "Demo.Table.Order"'
    )
    values = ("A'1\"", 5.0, 1, b"\xff\0", "3.140", "2024-01-02T03:04:05", '["a","b"]', "Delft", 52.0)
    assert rows == [(request.body_id, *values), (reply.body_id, *values)]
    assert set(select("SELECT class_name, serializer, payload FROM bodies")) == {
        (class_name_of(OrderMessage), "persistent", b"")
    }
    assert select("SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'Demo.Table.Order'") == [
        ("Demo.Table.Order by OrderId",)
    ]


def test_handler_sees_the_id_of_the_body(tmp_path: Path) -> None:
    seen: list[str | None] = []

    class Noting(BusinessOperation):
        def on_message(self, request: Any) -> None:
            seen.append(request.get_iris_id())

    production = Production("Demo.Noting")
    production.operation(Noting)
    with run_production(production, data_dir=tmp_path) as run:
        run.send("Noting", ORDER)
        run.wait_until_idle()
        assert seen == [str(header.body_id) for header in run.messages()]


def test_restart_finds_what_waits(tmp_path: Path) -> None:
    production = Production("Demo.Waiting")
    production.operation("Echo", Echo, enabled=False)
    with run_production(production, data_dir=tmp_path) as run:
        run.send_many("Echo", [OrderMessage(OrderId=str(number)) for number in range(300)])
    seen: list[str] = []

    class Later(BusinessOperation):
        def on_message(self, request: OrderMessage) -> None:
            seen.append(request.OrderId)

    again = Production("Demo.Waiting")
    again.operation("Echo", Later)
    with run_production(again, data_dir=tmp_path) as run:
        run.wait_until_idle()
    assert seen == [str(number) for number in range(300)]


def test_table_changed_with_sql_changes_the_message(tmp_path: Path, select: Any) -> None:
    (message_id,) = send(tmp_path, ORDER)
    select("""UPDATE "Demo.Table.Order" SET OrderId = 'B2'""")
    (order,) = read(tmp_path, message_id)
    assert order.OrderId == "B2"


def test_rows_go_with_their_bodies(tmp_path: Path, select: Any) -> None:
    first, second = send(tmp_path, ORDER, ORDER)
    select(f"DELETE FROM bodies WHERE id = (SELECT body_id FROM headers WHERE id = {first})")
    assert len(select('SELECT ID FROM "Demo.Table.Order"')) == 1
    assert read(tmp_path, second) == [ORDER]


def test_row_that_somebody_removed_is_reported(tmp_path: Path, select: Any) -> None:
    (message_id,) = send(tmp_path, ORDER)
    select('DELETE FROM "Demo.Table.Order"')
    with pytest.raises(Exception, match=r"the stored row of this .*OrderMessage is gone"):
        read(tmp_path, message_id)
    select('DROP TABLE "Demo.Table.Order"')
    with pytest.raises(Exception, match=r"the stored row of this .*OrderMessage is gone"):
        read(tmp_path, message_id)


def test_body_can_be_read_where_the_class_is_unknown(tmp_path: Path) -> None:
    (message_id,) = send(tmp_path, declare(f"number: int = 0\n{TABLE}")(number=5))
    declare(f"number: str = ''\n{TABLE}")  # the reader does not ask what the class is now
    stored = Director(f"local://{tmp_path.as_posix()}", namespace="USER").message(message_id)
    assert stored is not None
    assert stored.body.payload == b'{"number":5}'


def test_enumerations_are_columns_of_their_values(tmp_path: Path, select: Any) -> None:
    fields = "Paint: Color = Color.RED\nUrgent: Urgency = Urgency.LOW\nMixed: list[Color] = Field(default_factory=list)"
    painted = declare(f"{fields}\n{TABLE}")
    sent = painted(Paint=Color.BLUE, Urgent=Urgency.HIGH, Mixed=[Color.RED])
    message_id = send(tmp_path, sent)[0]
    columns = {name: kind for _, name, kind, *_ in select("pragma table_info('Demo.Table.Changing')")}
    assert columns["Urgent"] == "INTEGER"
    found = select("""select Paint, Urgent from "Demo.Table.Changing" where Paint = 'b' and Urgent > 5""")
    assert set(found) == {("b", 9)}
    assert read(tmp_path, message_id) == [sent]
    select("""update "Demo.Table.Changing" set Paint = 'r', Urgent = 1""")
    changed = read(tmp_path, message_id)[0]
    assert (changed.Paint, changed.Urgent, changed.Mixed) == (Color.RED, Urgency.LOW, [Color.RED])
    assert type(changed.Urgent) is Urgency


def test_class_that_gained_a_field(tmp_path: Path, select: Any) -> None:
    (old_id,) = send(tmp_path, declare(f"number: int = 0\n{TABLE}")(number=5))
    version = declare(f'number: int = 0\ncolor: str = "it\'s"\nsize: Optional[int] = None\n{TABLE}')
    (new_id,) = send(tmp_path, version(number=6, color="red", size=2))
    assert read(tmp_path, old_id, new_id) == [version(number=5), version(number=6, color="red", size=2)]
    assert select('SELECT number, color, size FROM "Demo.Table.Changing"') == [(5, "it's", None), (6, "red", 2)]


def test_class_that_lost_a_field(tmp_path: Path, select: Any) -> None:
    first = declare(f"number: int = 0\ncolor: str = ''\n{TABLE}")
    (old_id,) = send(tmp_path, first(number=5, color="red"))
    second = declare(f"number: int = 0\n{TABLE}")
    (new_id,) = send(tmp_path, second(number=6))
    assert read(tmp_path, old_id, new_id) == [second(number=5), second(number=6)]
    assert select('SELECT number, color FROM "Demo.Table.Changing"') == [(5, "red"), (6, None)]


@pytest.mark.parametrize(
    ("before", "value", "after", "changed"),
    [
        ("int", 7, "str", "007"),
        ("str", "x", "int", 7),
        ("float", 1.5, "int", 2**60 + 1),
        ("str", "x", "list", ["1"]),
        ("int", 7, "bool", True),
        ("bytes", b"x", "str", "x"),
    ],
)
def test_changed_type_leaves_the_column_and_loses_nothing(
    tmp_path: Path, select: Any, caplog: pytest.LogCaptureFixture, before: str, value: Any, after: str, changed: Any
) -> None:
    (old_id,) = send(tmp_path, declare(f"a: {before}\nb: int = 0\n{TABLE}")(a=value))
    columns = select("SELECT name, type FROM pragma_table_info('Demo.Table.Changing')")
    version = declare(f"a: {after}\nb: int = 0\n{TABLE}")
    with caplog.at_level(logging.WARNING):
        (new_id,) = send(tmp_path, version(a=changed, b=5))
    assert "no column that can hold a of shop.changing.Changing" in caplog.text
    old, new = read(tmp_path, old_id, new_id)
    assert old.a is not None
    assert new == version(a=changed, b=5)
    assert select("SELECT name, type FROM pragma_table_info('Demo.Table.Changing')") == columns
    assert select('SELECT a, b FROM "Demo.Table.Changing" ORDER BY ID') == [(value, 0), (None, 5)]


def test_class_with_another_name_has_another_table(tmp_path: Path, select: Any) -> None:
    version = declare("number: int = 0")
    register_persistent_message_class(version, "Demo.Table.One")
    (old_id,) = send(tmp_path, version(number=1))
    register_persistent_message_class(version, "Demo.Table.Two")
    (new_id,) = send(tmp_path, version(number=2))
    assert read(tmp_path, old_id, new_id) == [version(number=1), version(number=2)]
    assert select('SELECT number FROM "Demo.Table.One"') == [(1,)]
    assert select('SELECT number FROM "Demo.Table.Two"') == [(2,)]


def test_observed_class_makes_no_table(tmp_path: Path, select: Any) -> None:
    version = declare("number: int = 0\nclass Meta:\n    classname = 'Demo.Table.Seen'\n    mode = 'observe'")
    with run_production(PRODUCTION, data_dir=tmp_path) as run:
        with pytest.raises(StoreError, match=r"no table 'Demo.Table.Seen' for shop.changing.Changing"):
            run.send("Echo", version(number=1))
    assert select("SELECT name FROM sqlite_master WHERE name LIKE 'Demo%'") == []
    select('CREATE TABLE "Demo.Table.Seen" (ident INTEGER PRIMARY KEY, Number INT, remark VARCHAR(9))')
    (message_id,) = send(tmp_path, version(number=2))
    assert read(tmp_path, message_id) == [version(number=2)]
    ((_, number, remark),) = select('SELECT * FROM "Demo.Table.Seen"')
    assert (number, remark) == (2, None)


def test_observed_class_without_table_fails_its_sender_only(tmp_path: Path) -> None:
    version = declare("number: int = 0\nclass Meta:\n    classname = 'Demo.Table.Seen'\n    mode = 'observe'")

    class Answering(BusinessOperation):
        def on_message(self, request: OrderMessage) -> Any:
            return version() if request.Urgent else request

    production = Production("Demo.Answering")
    production.operation(Answering)
    with run_production(production, data_dir=tmp_path) as run:
        with pytest.raises(Exception, match=r"no table 'Demo.Table.Seen'"):
            run.call("Answering", OrderMessage(OrderId="A", Urgent=True))
        assert run.call("Answering", OrderMessage(OrderId="B")) == OrderMessage(OrderId="B")


HOSTILE = [
    'a"; DROP TABLE headers; --',
    "a' OR 1",
    "select",
    "ID",
    "rowid",
    "é ☃",
    "[a]",
    "?",
    "%s",
    ":a",
    "a.b",
]


@pytest.mark.parametrize("column", HOSTILE)
def test_hostile_column_names(tmp_path: Path, select: Any, column: str) -> None:
    body = "a: int = Field(default=0, sql_field_name=COLUMN, index=True)\nwhere: str = ''"
    version = declare(f"{body}\n{TABLE}", COLUMN=column)
    (message_id,) = send(tmp_path, version(a=5, where="x'"))
    assert read(tmp_path, message_id) == [version(a=5, where="x'")]
    quoted = column.replace('"', '""')
    assert select(f'SELECT "{quoted}" FROM "Demo.Table.Changing"') == [(5,)]


def test_field_called_id_comes_first(tmp_path: Path, select: Any) -> None:
    version = declare(f"id: str = ''\nid1: str = ''\n{TABLE}")
    (message_id,) = send(tmp_path, version(id="x", id1="y"))
    assert read(tmp_path, message_id) == [version(id="x", id1="y")]
    assert select('SELECT id, id1 FROM "Demo.Table.Changing"') == [("x", "y")]


def test_model_may_contain_itself(tmp_path: Path, select: Any) -> None:
    space: dict[str, Any] = {"Model": Model, "__name__": "shop.tree"}
    exec("class Tree(Model, serial=True):\n    name: str\n    child: 'Tree | None' = None", space)
    tree = space["Tree"]
    version = declare(f"tree: Tree = None\ntree_name: str = ''\n{TABLE}", Tree=tree)
    message = version(tree=tree(name="a", child=tree(name="b")), tree_name="own")
    (message_id,) = send(tmp_path, message)
    assert read(tmp_path, message_id) == [message]
    assert select('SELECT tree_name FROM "Demo.Table.Changing"') == [("own",)]


@pytest.fixture(scope="module")
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as opened:
        opened.execute("CREATE TABLE bodies (id INTEGER PRIMARY KEY, serializer TEXT)")
        yield opened


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.builds(
        OrderMessage,
        OrderId=st.text(st.characters(exclude_categories=["Cs"]), max_size=64),
        Amount=st.floats(allow_nan=False),
        Urgent=st.booleans(),
        Scan=st.binary(),
        Price=st.decimals(allow_nan=False),
        Due=st.none() | st.datetimes(),
        Tags=st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=3),
        ShipTo=st.none() | st.builds(Address, City=st.text(st.characters(exclude_categories=["Cs"])), Place=st.none()),
    )
)
def test_every_message_comes_back_from_its_table(connection: sqlite3.Connection, message: OrderMessage) -> None:
    codec = BodyCodec()
    written = codec.encode(message)
    body = Body(written.class_name, written.serializer, written.payload, 1)
    left = TypedTables(connection).keep(body)
    assert left.payload == b""
    found: Any = codec.decode(restored(connection, left))
    assert found == message
    assert [type(value) for value in vars(found).values()] == [type(value) for value in vars(message).values()]
    connection.execute('DELETE FROM "Demo.Table.Order"')


def test_undone_transaction_makes_the_table_again(connection: sqlite3.Connection) -> None:
    version = declare("number: int = 0\nclass Meta:\n    classname = 'Demo.Table.Undone'")
    payload = BodyCodec().encode(version(number=5)).payload
    body = Body(class_name_of(version), "persistent", payload, 1)
    tables = TypedTables(connection)
    connection.execute("BEGIN")
    tables.keep(body)
    connection.execute("ROLLBACK")
    tables.forget()
    tables.keep(body)
    assert connection.execute('SELECT ID, number FROM "Demo.Table.Undone"').fetchall() == [(1, 5)]


def test_unit_that_fails_takes_its_table_with_it(tmp_path: Path, select: Any) -> None:
    version = declare(f"number: int = 0\n{TABLE}")
    body = BodyCodec().encode(version(number=5))
    damaged = Body("orders.Order", "json", "not bytes")  # type: ignore[arg-type]
    store = SqliteStore.open(str(tmp_path), namespace="USER", durability="full", clock=SystemClock())
    with closing(store):
        good, bad = (NewMessage(MessageType.REQUEST, "Echo", "Echo", content) for content in (body, damaged))
        with pytest.raises(StoreError):
            store.submit(Unit(new=[good, bad])).wait()
        store.submit(Unit(new=[NewMessage(MessageType.REQUEST, "Echo", "Echo", body)])).wait()
    assert select('SELECT number FROM "Demo.Table.Changing"') == [(5,)]


def test_class_that_is_not_loaded_uses_the_known_table(connection: sqlite3.Connection) -> None:
    columns = '{"number": ["number", "INTEGER"]}'
    connection.execute('CREATE TABLE "Demo.Table.Left" (ID INTEGER PRIMARY KEY, number INTEGER)')
    TypedTables(connection).keep(Body("no.Such", "persistent", b"{}", 1))
    connection.execute("INSERT INTO typed_tables VALUES ('no.Left', 'Demo.Table.Left', 'ID', ?)", (columns,))
    tables = TypedTables(connection)
    known, more = b'{"number":5}', b'{"number":6,"color":"red"}'
    for body_id, payload in ((1, known), (2, more)):
        body = Body("no.Left", "persistent", payload, body_id)
        left = tables.keep(body)
        assert restored(connection, left).payload == payload
    assert connection.execute('SELECT * FROM "Demo.Table.Left"').fetchall() == [(1, 5), (2, 6)]
