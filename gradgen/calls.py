"""Calls of functions that are written once: `y = f(x)` in the forward pass, the pullback of f in the backward pass.

A function that is called often is not read into its caller's graph, or the output would grow faster than the input:
its forward pass with its pullback, a closure over what it keeps, become a function of the module.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .control import Control
from .graph import Graph, Node, Value, nodes_of
from .reverse import descendants
from .shapes import Type, float_of
from .source import Function

SLACK = 1200
"""What may be read in beyond twice the size of the functions themselves, in nodes of the syntax tree (100 lines)."""
FEW = 100
"""The same where some functions are called anyway: a few lines."""


def size_of(node: ast.AST) -> int:
    """How much text a function is, in nodes of its syntax tree."""
    return sum(1 for _ in ast.walk(node))


class Inflated(Exception):
    """Reading functions into their callers makes too much of it: `functions` are better called."""

    def __init__(self, functions: set[Any]):
        super().__init__()
        self.functions = functions


class Budget:
    """What was read into callers so far. shared: the functions that are called instead.

    counting: whether it is counted; not what is read on trial, nor again for a derivative to be added to.
    """

    def __init__(self, shared: frozenset[Any] = frozenset()):
        self.shared, self.counting = shared, True
        self._times: Counter[Any] = Counter()
        self._sizes: dict[Any, int] = {}
        self._total = 0

    def spend(self, function: Function) -> None:
        """Count one reading of `function`. Raises Inflated where that was one too many."""
        if not self.counting:
            return
        fn = function.identity
        if fn not in self._sizes:
            self._sizes[fn] = size_of(function.node)
        self._times[fn] += 1
        self._total += self._sizes[fn]
        if self._total > 2 * sum(self._sizes.values()) + (FEW if self.shared else SLACK):
            often = {f for f, n in self._times.items() if n > 1 and f not in self.shared}
            if often:
                raise Inflated(often)


class Callee:
    """A function with what is known of its arguments. parameters: those that are values of the graph.

    trace: reads its source anew. derive: makes the program of a variant, and its targets. program: the first reading;
    None while that is under way, which is where it calls itself.
    """

    def __init__(self, function: Function, trace: Callable[[Callee], Any], derive: Callable[[Variant], Any]):
        self.function, self._trace, self.derive = function, trace, derive
        self.program: Any = None
        self._varied: dict[tuple[bool, ...], list[bool] | None] = {}
        self.program = trace(self)

    def __repr__(self) -> str:
        return self.function.name

    def trace(self) -> Any:
        """A program of its own, for a derivative to be added to."""
        return self._trace(self)

    @property
    def graph(self) -> Graph | None:
        return None if self.program is None else self.program.graph

    def varied(self, active: list[bool]) -> list[bool] | None:
        """Which results vary with the active arguments; None where that is asked while it is being found out."""
        if self.graph is None:
            return None
        key = tuple(active)
        if key not in self._varied:
            self._varied[key] = None
            inner = descendants(self.graph, [p for p, flag in zip(self.graph.params, active, strict=True) if flag])
            self._varied[key] = [v in inner for v in self.graph.results]
        return self._varied[key]


@dataclass(frozen=True)
class Variant:
    """A pullback of a callee. active: which arguments it answers for; seeded: which results have a cotangent."""

    callee: Callee
    active: tuple[bool, ...]
    seeded: tuple[bool, ...]

    def __repr__(self) -> str:
        return f"vjp_{self.callee}"


class Call(Control):
    """Inputs: the arguments. Outputs: the results, and where it is differentiated the pullback."""

    def varied(self, node: Node, varied: set[Value]) -> list[bool]:
        active = [v in varied for v in node.inputs]
        found = node.options["callee"].varied(active)
        count = _results(node)
        return (found or [any(active)] * count) + [False] * (len(node.outputs) - count)

    def takes_totals(self, node: Node) -> bool:
        return False

    def pull(self, node: Node, bars: list[Any], wanted: list[bool], totals: list[Any]) -> list[Any]:
        graph = node.outputs[0].graph
        bars = bars[: _results(node)]
        variant = Variant(node.options["callee"], tuple(wanted), tuple(bar is not None for bar in bars))
        if node.options["variant"] not in (None, variant):
            types = [v.type for v in node.outputs[: len(bars)]]
            node = add_call(graph, variant.callee, list(node.inputs), types)
        if node.options["variant"] is None:
            node.options = {**node.options, "variant": variant}
            hint = node.outputs[0].hint if len(bars) == 1 else ""
            pullback = Value(graph, Type("object"), node, len(bars), f"{hint or repr(variant.callee)}_pullback")
            node.outputs.append(pullback)
        made = Node(PULLBACK, (node.outputs[-1], *(_value(graph, bar) for bar in bars if bar is not None)), {})
        made.backward, made.origin = True, node.origin
        answers: list[Any] = [None] * len(node.inputs)
        for i, (v, want) in enumerate(zip(node.inputs, wanted, strict=True)):
            if want:
                kind = Type(float_of(v.type.kind), v.type.shape, array=bool(v.type.ndim))
                answers[i] = Value(graph, kind, made, len(made.outputs))
                answers[i].bar_of = v
                made.outputs.append(answers[i])
        graph.nodes.append(made)
        return answers

    def trim(self, node: Node, needed: set[Value], prune: Callable[[Graph], None]) -> None:
        if node.options["variant"] is not None and node.outputs[-1] not in needed:
            node.outputs.pop()
            node.options = {**node.options, "variant": None}

    def compute(self, node: Node, inputs: list[Any], run: Callable[[Graph, list[Any]], list[Any]]) -> list[Any]:
        values = run(node.options["callee"].graph, inputs)
        variant = node.options["variant"]
        if variant is None:
            return values

        def pullback(*bars: Any) -> list[Any]:
            return run(variant.callee.derive(variant)[0].graph, [*inputs, *bars])[len(values) :]

        return [*values, pullback]


class Pullback(Control):
    """Inputs: a call's pullback and the cotangents of its results; outputs: those of its active arguments."""

    def varied(self, node: Node, varied: set[Value]) -> list[bool]:
        return [False] * len(node.outputs)

    def trim(self, node: Node, needed: set[Value], prune: Callable[[Graph], None]) -> None:
        """All of them come at once."""

    def compute(self, node: Node, inputs: list[Any], run: Callable[[Graph, list[Any]], list[Any]]) -> list[Any]:
        pullback, *bars = inputs
        return list(pullback(*bars))


CALL, PULLBACK = Call("call"), Pullback("pullback", alias="fresh")


def add_call(graph: Graph, callee: Callee, args: list[Value], types: list[Type]) -> Node:
    """Append a call of `callee`, whose results have the given types, to `graph`."""
    node = Node(CALL, tuple(args), {"callee": callee, "variant": None})
    node.origin, node.backward = graph.origin, graph.backward
    node.effect = callee.graph is None or any(inner.effect for inner in callee.graph.nodes)
    node.outputs = [Value(graph, t, node, i) for i, t in enumerate(types)]
    graph.nodes.append(node)
    return node


def calls_in(graph: Graph) -> list[Node]:
    """The calls in a graph and its sub-graphs, in order."""
    return [node for node in nodes_of(graph) if node.op is CALL]


def _results(node: Node) -> int:
    return len(node.outputs) - (node.options["variant"] is not None)


def _value(graph: Graph, bar: Any) -> Value:
    return bar if isinstance(bar, Value) else graph.const(float(bar))
