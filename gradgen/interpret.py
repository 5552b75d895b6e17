"""Run a graph on numbers, one operation after the other: algorithm 6.1, and the second of three answers in tests."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

import numpy as np

from .control import Control
from .graph import CONST, OPAQUE, Graph, Node, Value
from .syntax import Hole, Verbatim, rebuilt


def run(graph: Graph, args: list[Any], names: Mapping[str, Any] | None = None) -> list[Any]:
    """The results of `graph` on `args`, one per parameter. names: what opaque code may refer to beside NumPy."""
    table = evaluate(graph, args, names)
    return [lookup(table, v) for v in graph.results]


def evaluate(graph: Graph, args: list[Any], names: Mapping[str, Any] | None = None) -> dict[Value, Any]:
    """Every value of `graph` on `args`."""
    table: dict[Value, Any] = dict(zip(graph.params, args, strict=True))
    scope = {"np": np, **(names or {})}
    for node in graph.nodes:
        if node.op is CONST:
            continue
        inputs = [lookup(table, v) for v in node.inputs]
        if isinstance(node.op, Control):
            results = node.op.compute(node, inputs, lambda inner, args: run(inner, args, names))
        elif node.op is OPAQUE:
            results = opaque(node, inputs, scope)
        else:
            result = _power(*inputs) if node.op.fn is np.power else node.op.run(inputs, node.options)
            results = result if len(node.outputs) > 1 else [result] if node.outputs else []
        table.update(zip(node.outputs, results, strict=True))
    return table


def _power(x: Any, y: Any) -> Any:
    """`x ** y`; a negative power of an integer is no integer, which NumPy refuses."""
    if isinstance(x, (int, np.integer)) and isinstance(y, (int, np.integer)) and y < 0:
        return int(x) ** int(y) if type(x) is type(y) is int else np.float64(x) ** int(y)
    return np.power(x, y)


def lookup(table: dict[Value, Any], v: Value) -> Any:
    return v.const if v.node is not None and v.node.op is CONST else table[v]


def opaque(node: Node, inputs: list[Any], names: Mapping[str, Any]) -> list[Any]:
    """What a piece of the user's own code gives: the value of an expression, or of the names that statements bind."""
    scope = {**names, **{f"_input{i}": x for i, x in enumerate(inputs)}}
    tree = Concrete().visit(node.ast)
    if isinstance(tree, ast.stmt):
        exec(compile(ast.fix_missing_locations(ast.Module([tree], [])), "<opaque>", "exec"), scope)
        return [scope.get(out.hint) for out in node.outputs]
    return [eval(compile(ast.fix_missing_locations(ast.Expression(tree)), "<opaque>", "eval"), scope)]


class Concrete:
    """Turns the syntax of a node into Python's own: holes become names, literals their values."""

    def visit(self, node: Any) -> Any:
        if isinstance(node, Hole):
            return ast.Name(f"_input{node.index}", ast.Store() if node.store else ast.Load())
        if isinstance(node, Verbatim):
            return ast.Constant(node.value)
        return rebuilt(node, self.visit)
