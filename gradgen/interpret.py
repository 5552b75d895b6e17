"""Run a graph on numbers, one operation after the other: algorithm 6.1, and the second of three answers in tests."""

from __future__ import annotations

from typing import Any

from .control import Control
from .graph import CONST, Graph, Value


def run(graph: Graph, args: list[Any]) -> list[Any]:
    """The results of `graph` on `args`, one per parameter."""
    table = evaluate(graph, args)
    return [lookup(table, v) for v in graph.results]


def evaluate(graph: Graph, args: list[Any]) -> dict[Value, Any]:
    """Every value of `graph` on `args`."""
    table: dict[Value, Any] = dict(zip(graph.params, args, strict=True))
    for node in graph.nodes:
        inputs = [lookup(table, v) for v in node.inputs]
        if isinstance(node.op, Control):
            results = node.op.compute(node, inputs, run)
        else:
            result = node.op.run(inputs, node.options)
            results = result if len(node.outputs) > 1 else [result]
        table.update(zip(node.outputs, results, strict=True))
    return table


def lookup(table: dict[Value, Any], v: Value) -> Any:
    return v.const if v.node is not None and v.node.op is CONST else table[v]
