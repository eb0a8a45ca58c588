"""Productions as Python source: exact, executable, and safe against hostile text."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iop_production import Production
from iop_production.python_source import class_name, variable_names

HOSTILE = (
    *("\n", "\r", "\x00", "\u2028", "'", '"', "\\", "#", "{", "}", "'''", "\nraise SystemExit\n#", "\ud800"),
    *("prod", "Prod", "Production", "PRODUCTIONS", "class", "None", "ﬁ", "fi", "\uff32oute", "²", "é", "1 op", "_"),
    "target_config_name",
    *("true", "false", "7", "007", "-1", "1.5", "TargetConfigNames", "Output", " ", "\u202e", "Python.demo.X"),
)
PIECES = st.sampled_from(HOSTILE)
TEXTS = st.one_of(PIECES, st.text(max_size=4), st.tuples(PIECES, PIECES).map("".join))
NAMES = TEXTS.filter(lambda name: bool(name.strip()) and name == name.strip() and "," not in name)
STYLES = pytest.mark.parametrize("style", [Production.to_python, Production.to_class])


def run(source: str) -> Production:
    """Execute a draft in an empty namespace."""
    namespace: dict[str, object] = {}
    exec(compile(source, "draft", "exec"), namespace)
    (found,) = namespace["PRODUCTIONS"]
    return found


def without_order(data: object) -> object:
    if isinstance(data, dict):
        return {key: without_order(value) for key, value in data.items()}
    return sorted(map(without_order, data), key=repr) if isinstance(data, list) else data


def body(source: str) -> str:
    return source.partition("from iop import ")[2]


def test_instance_style_of_the_example(prod) -> None:
    source = Production.from_dict(prod.to_dict()).to_python()
    assert [line[:1] for line in source.splitlines()[:3]] == ["#"] * 3
    assert source.split("\n", 3)[3] == (
        "from iop import Production\n\n\n"
        "prod = Production('Demo.Production')\n\n"
        "fileinput = prod.component(\n"
        "    'FileInput',\n"
        "    class_name='Python.demoapp.FileService',\n"
        "    kind='service',\n"
        ")\n\n"
        "orderoperation = prod.component(\n"
        "    'OrderOperation',\n"
        "    class_name='Python.demoapp.OrderOperation',\n"
        "    kind='operation',\n"
        ")\n\n"
        "fileinput.connect('Output', orderoperation)\n\n"
        "PRODUCTIONS = [prod]\n"
    )


def test_class_style_of_the_example(prod) -> None:
    assert body(prod.to_class()) == (
        "Production, OperationItem, ServiceItem, Route\n\n\n"
        "class DemoProduction(Production):\n"
        "    name = 'Demo.Production'\n\n"
        "    services = (\n"
        "        ServiceItem(\n"
        "            'FileInput',\n"
        "            'Python.demoapp.FileService',\n"
        "            routes=(Route('Output', 'OrderOperation'),),\n"
        "        ),\n"
        "    )\n\n"
        "    operations = (\n"
        "        OperationItem(\n"
        "            'OrderOperation',\n"
        "            'Python.demoapp.OrderOperation',\n"
        "        ),\n"
        "    )\n\n\n"
        "PRODUCTIONS = [DemoProduction()]\n"
    )
    assert "# - FileInput: Python.demoapp.FileService\n" in prod.to_class()


def test_fields_settings_and_fan_out() -> None:
    prod = Production("P", testing_enabled="yes", shutdown_timeout="30", description="5")
    prod.other_settings.append({"@Name": "New", "#text": "x"})
    ref = prod.component("A", "D.A", pool_size="3", enabled="0", settings={"n": "7", "b": "true"})
    ref.connect("T", prod.component("B", "D.B")).connect_add("T", ref).connect("S", "B").other_setting("X", "Y", "1")
    assert body(prod.to_python()) == (
        "Production\n\n\n"
        "prod = Production('P',\n    testing_enabled=True,\n    description='5',\n    shutdown_timeout=30,\n)\n"
        "prod.other_settings.append({'@Name': 'New', '#text': 'x'})\n\n"
        "a = prod.component(\n    'A',\n    class_name='D.A',\n    enabled=False,\n    pool_size=3,\n"
        "    settings={'n': 7, 'b': True},\n)\na.other_setting('X', 'Y', '1')\n\n"
        "b = prod.component(\n    'B',\n    class_name='D.B',\n)\n\n"
        "a.connect('S', b)\na.connect('T', b)\na.connect_add('T', a)\n\n"
        "PRODUCTIONS = [prod]\n"
    )
    assert "routes=(\n                Route('S', 'B'),\n                Route('T', ('B', 'A')),\n" in prod.to_class()


def test_long_settings_get_a_line_each() -> None:
    prod = Production("P")
    prod.component("A", "D.A", settings={f"name{number}": "x" * 20 for number in range(4)})
    assert f"settings={{\n        'name0': '{'x' * 20}',\n" in prod.to_python()
    assert run(prod.to_class()).to_dict() == prod.to_dict()


@STYLES
def test_what_a_draft_cannot_say_is_in_comments(style) -> None:
    data = {"P": {"Item": [{"@Name": "A", "Setting": {"@Name": "T", "#text": "B,Missing"}}, {"@Name": "B"}]}}
    report = {"items": [{"item": "A", "connections": ["Gone"]}], "warnings": ["w"]}
    prod = Production.from_dict(data, connections=report)
    prod.item("A").port("T")
    source = style(prod)
    assert source.partition("# TODO: review")[2].splitlines()[:8] == [
        " unresolved or runtime-only routes:",
        "# - A -> Gone",
        "# - A.T -> Missing",
        "# TODO: name the class in place of 'Missing.Class':",
        "# - A",
        "# - B",
        "# Import warnings:",
        "# - w",
    ]
    assert run(source).item("A").host_settings == {"T": "B,Missing"}


@STYLES
def test_reported_port_is_not_written_as_a_setting(style) -> None:
    data = {"P": {"Item": [{"@Name": "A", "@ClassName": "D.A"}, {"@Name": "B", "@ClassName": "D.B"}]}}
    prod = Production.from_dict(data, connections=[{"source": "A.P1", "target": "B"}])
    assert run(style(prod)).to_dict() == prod.to_dict()
    assert "# - A.P1 -> B" in style(prod)


@pytest.mark.parametrize(
    ("name", "variable"),
    [("File In", "file_in"), ("1 op", "component_1_op"), ("class", "class_component"), ("***", "component")],
)
def test_variables(name, variable) -> None:
    assert variable_names([name], ("prod",)) == {name: variable}


def test_variables_do_not_clash() -> None:
    names = ["a", "A", "a 2", "a_2", "Prod", "ﬁ", "fi"]
    assert list(variable_names(names, ("prod",)).values()) == [
        *("a", "a_2", "a_2_2", "a_2_3", "prod_component", "fi", "fi_2"),
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Demo.Production", "DemoProduction"),
        ("Demo.FileProduction", "FileProduction"),
        ("PEX.my_prod", "MyProd"),
        ("My.Big-Prod.Production", "ProdProduction"),
        ("1abc", "Generated1abc"),
        ("", "GeneratedProduction"),
        ("***", "GeneratedProduction"),
        ("Production", "ProductionDefinition"),
        ("X.None", "NoneDefinition"),
        ("X.Route", "RouteDefinition"),
        ("X.\uff32oute", "RouteDefinition"),
    ],
)
def test_class_names(name, expected) -> None:
    assert class_name(name, ("Production", "Route")) == expected


@st.composite
def productions(draw: st.DrawFn) -> Production:
    prod = Production(draw(NAMES), description=draw(TEXTS), testing_enabled=draw(TEXTS), shutdown_timeout=draw(TEXTS))
    prod.other_settings += [{"@Name": draw(TEXTS), "#text": draw(TEXTS)} for _ in range(draw(st.integers(0, 2)))]
    names = draw(st.lists(NAMES, max_size=4, unique=True))
    for name in names:
        values = st.one_of(TEXTS, st.lists(st.sampled_from(names), min_size=1, max_size=3).map(",".join))
        kind = draw(st.sampled_from(("service", "process", "operation", "component")))
        ref = prod.component(name, class_name=draw(NAMES), kind=kind, pool_size=draw(TEXTS), enabled=draw(TEXTS))
        ref.comment_as(draw(TEXTS)).schedule_on(draw(TEXTS)).category_as(draw(TEXTS))
        ref.host_settings.update(draw(st.dictionaries(TEXTS, values, max_size=4)))
        ref.adapter_settings.update(draw(st.dictionaries(TEXTS, TEXTS, max_size=2)))
        for target in draw(st.lists(NAMES, max_size=2)):
            ref.other_setting(target, draw(TEXTS), draw(TEXTS))
    warnings = draw(st.lists(TEXTS, max_size=2))
    return Production.from_dict(prod.to_dict(), connections={"items": [], "warnings": warnings})


@given(productions())
@settings(max_examples=150, deadline=None)
def test_drafts_make_the_same_production_whatever_it_holds(prod: Production) -> None:
    for source in (prod.to_python(), prod.to_class()):
        made = run(source)
        assert made.diff(prod).changes == prod.diff(made).changes == ()
        assert without_order(made.to_dict()) == without_order(prod.to_dict())
        calls = (node.func for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
        names = {node.attr if isinstance(node, ast.Attribute) else node.id for node in calls}
        allowed = {"component", "connect", "connect_add", "other_setting", "append", "Production", "Route"}
        assert names <= allowed | {
            *("ComponentItem", "ServiceItem", "ProcessItem", "OperationItem", class_name(prod.name, _TAKEN))
        }


_TAKEN = ("Production", "PRODUCTIONS", "Route", "ComponentItem", "ServiceItem", "ProcessItem", "OperationItem")


@STYLES
def test_text_cannot_leave_its_comment(style) -> None:
    prod = Production.from_dict({"P": {}}, connections={"warnings": ["oops\nraise SystemExit('injected')\n#"]})
    assert run(style(prod)).name == "P"
    assert "# - oops raise SystemExit('injected') #\n" in style(prod)
