"""The graph of a production: data, text and Mermaid."""

from __future__ import annotations

import copy
import json

import pytest

from iop_core.errors import ProductionError
from iop_production import GraphEdge, GraphNode, Production, ProductionGraph


@pytest.fixture
def imported() -> ProductionGraph:
    """A graph as it is made from a running production, with something wrong in it."""
    return ProductionGraph(
        "D.P",
        (GraphNode("A", "D.A"), GraphNode("B", "D.B")),
        (
            GraphEdge("A", "Gone", origin="runtime"),
            GraphEdge("A", "B", "T", origin="runtime"),
            GraphEdge("A", "B", "P1", "runtime", "sync", {"messages": ["Order"]}),
        ),
        ("w1", "Runtime connection target does not exist: A -> Gone"),
    )


def test_graph_as_data(prod) -> None:
    assert json.dumps(prod.graph().to_dict()) == (
        '{"production": "Demo.Production", "nodes": [{"name": "FileInput", '
        '"class_name": "Python.demoapp.FileService", "kind": "service", "enabled": true, "category": "", '
        '"adapter_class_name": "Ens.InboundAdapter"}, {"name": "OrderOperation", '
        '"class_name": "Python.demoapp.OrderOperation", "kind": "operation", "enabled": true, "category": ""}], '
        '"edges": [{"source": "FileInput.Output", "source_item": "FileInput", '
        '"source_target_setting": "Output", "target": "OrderOperation", "origin": "authored", '
        '"interaction": "request"}]}'
    )


def test_edge_as_data_says_more_only_where_there_is_more(imported) -> None:
    edge = imported.edges[2]
    assert list(edge.to_dict()) == [
        *("source", "source_item", "source_target_setting", "target", "origin", "interaction"),
        *("metadata", "runtime"),
    ]
    assert GraphEdge("A", "B", origin="inferred").to_dict()["inferred"] is True
    assert imported.to_dict()["warnings"] == ["w1", "Runtime connection target does not exist: A -> Gone"]


def test_graph_is_a_snapshot(prod) -> None:
    graph = prod.graph()
    prod.disconnect("FileInput.Output")
    assert len(graph.edges) == 1
    assert prod.graph().edges == prod.edges == ()


def test_enabled_is_a_boolean_in_the_graph() -> None:
    prod = Production("P")
    for name, value in (("A", "false"), ("B", False), ("C", "1")):
        prod.service(name, class_name="X", enabled=value)
    assert [node.enabled for node in prod.graph().nodes] == [False, False, True]


def test_edges_compare_hash_and_copy_by_value() -> None:
    edge = GraphEdge("A", "B", "T", metadata={"x": True, "y": None, "z": {"b": [1], "a": 2}})
    same = GraphEdge("A", "B", "T", metadata={"z": {"a": "2", "b": ("1",)}, "y": "", "x": "true"})
    assert edge == same == copy.deepcopy(edge) == copy.copy(edge)
    assert len({edge, same}) == 1
    for other in (
        GraphEdge("Z", "B", "T", metadata=edge.metadata),
        GraphEdge("A", "Z", "T", metadata=edge.metadata),
        GraphEdge("A", "B", "Z", metadata=edge.metadata),
        GraphEdge("A", "B", "T", "runtime", metadata=edge.metadata),
        GraphEdge("A", "B", "T", interaction="sync", metadata=edge.metadata),
        GraphEdge("A", "B", "T"),
    ):
        assert other != edge
    assert edge != "A.T"


def test_edge_says_where_it_comes_from() -> None:
    edge = GraphEdge("A", "B", "T", "", "")
    assert (edge.origin, edge.interaction, edge.source, edge.source_port) == ("authored", "unknown", "A.T", "T")
    assert GraphEdge("A", "B").source == "A"
    assert (GraphEdge("A", "B", origin="runtime").runtime, edge.runtime, edge.inferred) == (True, False, False)
    with pytest.raises(ValueError, match="Unsupported GraphEdge origin: 'x'"):
        GraphEdge("A", "B", origin="x")


def test_text(imported) -> None:
    expected = "\n".join(
        (
            "D.P",
            "  A [D.A]",
            "    (runtime) -> Gone (unresolved) [runtime]",
            "    P1 -> B [runtime, sync]",
            "    T -> B [runtime]",
            "  B [D.B]",
            "  warnings:",
            "    w1",
            "    Runtime connection target does not exist: A -> Gone",
        )
    )
    assert imported.to_text() == str(imported) == expected


def test_text_of_the_documented_production(prod) -> None:
    assert str(prod.graph()) == (
        "Demo.Production\n  FileInput [Python.demoapp.FileService]\n    Output -> OrderOperation\n"
        "  OrderOperation [Python.demoapp.OrderOperation]"
    )


def test_text_shows_routes_of_unknown_items_and_keeps_lines_apart() -> None:
    graph = ProductionGraph("P", (GraphNode("A", ""),), (GraphEdge("ZZ", "A", "T"),), ("one\n  A -> B",))
    assert graph.to_text() == "P\n  A\n  unresolved sources:\n    ZZ.T -> A\n  warnings:\n    one   A -> B"


def test_mermaid(imported) -> None:
    lines = (
        "flowchart LR",
        "  %% Production: D.P",
        '  subgraph group_component["Other Components"]',
        "    direction TB",
        '    node_A["A<br/>D.A"]',
        '    node_B["B<br/>D.B"]',
        "  end",
        '  node_Gone["Gone<br/>(unresolved)"]',
        '  node_A -- "(runtime) | runtime" --> node_Gone',
        '  node_A <-- "P1 | Order | runtime | sync" --> node_B',
        '  node_A -- "T | runtime" --> node_B',
        "  %% Warnings:",
        "  %% - w1",
        "  %% - Runtime connection target does not exist: A -> Gone",
    )
    assert imported.to_mermaid() == "\n".join(lines) + "\n"


def test_mermaid_of_kinds_in_groups(demo) -> None:
    prod = Production("Demo.Production")
    file = prod.service("FileInput", demo.FileService)
    process = prod.process("OrderProcess", demo.OrderProcess)
    orders = prod.operation(demo.OrderOperation)
    prod.connect(process.Output, orders)
    prod.connect(file.Output, process)
    lines = (
        "flowchart TD",
        "  %% Production: Demo.Production",
        '  subgraph group_service["Services"]',
        "    direction TB",
        '    node_FileInput["FileInput<br/>Python.demoapp.FileService"]',
        "  end",
        '  subgraph group_process["Processes"]',
        "    direction TB",
        '    node_OrderProcess["OrderProcess<br/>Python.demoapp.OrderProcess"]',
        "  end",
        '  subgraph group_operation["Operations"]',
        "    direction TB",
        '    node_OrderOperation["OrderOperation<br/>Python.demoapp.OrderOperation"]',
        "  end",
        "  node_FileInput ~~~ node_OrderProcess",
        "  node_OrderProcess ~~~ node_OrderOperation",
        '  node_FileInput -- "Output" --> node_OrderProcess',
        '  node_OrderProcess -- "Output" --> node_OrderOperation',
    )
    assert prod.to_mermaid("td") == prod.graph().to_mermaid("TD") == "\n".join(lines) + "\n"


def test_mermaid_ids_are_unique_words() -> None:
    names = ("1 op", "1_op", "1_op_2", "***", "é", "1-op")
    lines = ProductionGraph("P", tuple(GraphNode(name, "") for name in names), ()).to_mermaid().splitlines()
    assert [line.strip() for line in lines if '["' in line and "subgraph" not in line] == [
        'node_1_op["1 op"]',
        'node_1_op_2["1_op"]',
        'node_1_op_2_2["1_op_2"]',
        'node_node["***"]',
        'node_é["é"]',
        'node_1_op_3["1-op"]',
    ]


def test_mermaid_text_cannot_break_out() -> None:
    graph = ProductionGraph(
        "P\nnode_X[evil]",
        (GraphNode("Order & Operation", 'Demo.Order"Operation"', "odd"),),
        (GraphEdge("ZZ", "Order & Operation", 'a"]\nb', metadata={"request": "<M>"}),),
        ("w\r\nnode_Y[evil]",),
    )
    text = graph.to_mermaid()
    assert '["Order &amp; Operation<br/>Demo.Order&quot;Operation&quot;"]' in text
    assert '  node_ZZ -- "a&quot;] b | &lt;M&gt;" --> node_Order_Operation\n' in text
    assert '  node_ZZ["ZZ<br/>(unresolved)"]\n' in text
    assert not any(line.startswith("node_") for line in text.splitlines())


@pytest.mark.parametrize("direction", ["TB", "TD", "BT", "RL", "LR", "lr"])
def test_mermaid_directions(prod, direction) -> None:
    assert prod.to_mermaid(direction).startswith(f"flowchart {direction.upper()}\n")


def test_mermaid_refuses_another_direction(prod) -> None:
    with pytest.raises(ProductionError, match="Unsupported Mermaid flowchart direction: 'XX'"):
        prod.to_mermaid("XX")


@pytest.mark.parametrize(
    ("metadata", "shown"),
    [
        ({"messages": ["A", "B"], "request": "C"}, "A, B"),
        ({"message_types": ("A",)}, "A"),
        ({"accepted_messages": "A"}, "A"),
        ({"messages": [], "message": "M"}, "M"),
        ({"request": "R"}, "R"),
    ],
)
def test_mermaid_names_messages(metadata, shown) -> None:
    graph = ProductionGraph("P", (), (GraphEdge("A", "B", "T", metadata=metadata),))
    assert f'"T | {shown}"' in graph.to_mermaid()
