"""Run a graph on numbers, one operation after the other: algorithm 6.1, and the second of three answers in tests."""

from __future__ import annotations

from typing import Any

from .graph import CONST, Graph, Node, Value


def run(graph: Graph, args: list[Any]) -> list[Any]:
    """The results of `graph` on `args`, one per parameter."""
    table = evaluate(graph, args)
    return [lookup(table, v) for v in graph.results]


def evaluate(graph: Graph, args: list[Any]) -> dict[Value, Any]:
    """Every value of `graph` on `args`."""
    table: dict[Value, Any] = dict(zip(graph.params, args, strict=True))
    for node in graph.nodes:
        results = _compute(node, [lookup(table, v) for v in node.inputs])
        for out, result in zip(node.outputs, results if len(node.outputs) > 1 else [results], strict=True):
            table[out] = result
    return table


def lookup(table: dict[Value, Any], v: Value) -> Any:
    return v.const if v.node is not None and v.node.op is CONST else table[v]


def _compute(node: Node, inputs: list[Any]) -> Any:
    return node.op.run(inputs, node.options)
