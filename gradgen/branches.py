"""A choice between two graphs: `x if c else y`, and `if` statements."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from .control import (
    UNDEFINED,
    Control,
    define,
    is_defined,
    is_literal,
    is_there,
    keep_outputs,
    replace_params,
    separate,
)
from .graph import CONST, Graph, Node, Value
from .lasting import Lasting, changes, last_version
from .reverse import build_grads, descendants, reached, zero_like
from .rules.primitives import zeros_if_any
from .schedule import COMPARISONS, is_count, is_light
from .sequences import join_types
from .simplify import simplify


class Branch(Control):
    """Inputs: the condition, then what the two sub-graphs take; both have the same parameters and as many results."""

    def varied(self, node: Node, varied: set[Value]) -> list[bool]:
        found = [False] * len(node.outputs)
        for arm in node.subgraphs:
            inner = descendants(arm, _inside(node, arm, lambda v: v in varied))
            found = [before or v in inner for before, v in zip(found, arm.results, strict=True)]
        return found

    def stands_for(self, node: Node) -> dict[Value, Value]:
        return {p: v for arm in node.subgraphs for p, v in zip(arm.params, node.inputs[1:], strict=True)}

    def sources(self, node: Node, i: int) -> list[Value]:
        return [arm.results[i] for arm in node.subgraphs if i < len(arm.results)]

    def needs(self, node: Node, wanted: set[Value], sums: bool) -> set[Value]:
        found = set() if sums else {node.inputs[0]}
        for arm in node.subgraphs:
            inner = reached(arm, {r for out, r in zip(node.outputs, arm.results, strict=False) if out in wanted}, sums)
            found.update(_taken(node, arm, inner))
        return found

    def takes_totals(self, node: Node) -> bool:
        parts = any(inner.op.name == "getitem" for arm in node.subgraphs for inner in arm.nodes)
        return parts or not node.options["expression"]  # what adds to a part of an array adds it there

    def pull(self, node: Node, bars: list[Any], wanted: list[bool], totals: list[Any]) -> list[Any]:
        graph, condition = node.outputs[0].graph, node.inputs[0]
        count = len(bars)
        halves, found, kept = [], [], set[Value]()
        parameters = [list(arm.params) for arm in node.subgraphs]
        chosen = [i for i, want in enumerate(wanted) if want and i > 0]  # the condition has no derivative
        for arm, params in zip(node.subgraphs, parameters, strict=True):
            targets = [params[i - 1] for i in chosen]
            with arm.at(node.origin, backward=True):
                seeds: dict[Value, Any] = {}
                for v, bar in zip(arm.results, bars, strict=False):
                    if bar is not None and v.const is v:
                        inner = arm.capture(bar) if isinstance(bar, Value) else bar
                        seeds[v] = seeds[v] + inner if v in seeds else inner
                starts = [None if t is None else arm.capture(t) if isinstance(t, Value) else t for t in totals[1:]]
                start = {p: t for p, t in zip(params, starts, strict=True) if t is not None}
                found.append(build_grads(arm, seeds, targets, start))
        something = [any(g is not None for g in grads) for grads in zip(*found, strict=True)]
        chosen = [i for i, some in zip(chosen, something, strict=True) if some]
        there = [all(is_there(params[i - 1]) for params in parameters) for i in chosen]
        for arm, params, every in zip(node.subgraphs, parameters, found, strict=True):
            with arm.at(node.origin, backward=True):
                grads = [g for g, some in zip(every, something, strict=True) if some]
                for k, i in enumerate(chosen):
                    g = _nothing(params[i - 1], there[k]) if grads[k] is None else grads[k]
                    arm.results.append(g if isinstance(g, Value) else arm.const(float(g)))
            simplify(arm)
            stays = Lasting()
            back, saved = separate(
                arm, count, functools.partial(_is_again, stays=stays), lambda v: last_version(v, node), stays.written_to
            )
            arm.params = params
            arm.captured = {v: p for v, p in arm.captured.items() if p in params}
            for v, param in saved:
                out = self._output(node, arm, v, kept)
                param.source = out
                back.captured[out] = param
                kept.add(out)
                count = len(node.outputs)
            halves.append(back)
        made = add_branch(graph, condition, halves, node.options["expression"])
        made.backward, made.origin = True, node.origin
        answers: list[Any] = [None] * len(node.inputs)
        for i, out in zip(chosen, made.outputs, strict=True):
            out.bar_of = node.inputs[i]
            answers[i] = out
        return answers

    def _output(self, node: Node, arm: Graph, v: Value, kept: set[Value]) -> Value:
        """The output of `node` that is `v` where `arm` is taken, added where there is none.

        kept: outputs that are there for the way back alone; what one of them is where the other arm is taken, computed
        alike, shares it.
        """
        for i, out in enumerate(node.outputs):
            sides = self.sources(node, i)
            if arm.results[i] is v and all(side.const is UNDEFINED or is_defined(side) for side in sides):
                return out
            others = [side for side in sides if side.const is not UNDEFINED]
            if out in kept and arm.results[i].const is UNDEFINED and all(_is_alike(v, side) for side in others):
                arm.results[i] = v
                return out
        for other in node.subgraphs:
            other.results.append(v if other is arm else other.const(UNDEFINED))
        out = Value(node.outputs[0].graph, v.type, node, len(node.outputs), hint=v.hint)
        node.outputs.append(out)
        return out

    def settle(self, node: Node) -> list[Graph]:
        literals = [i for i, v in enumerate(node.inputs[1:]) if is_literal(v)]
        for arm in node.subgraphs if literals else ():
            replace_params(arm, {arm.params[i]: arm.const(node.inputs[i + 1].const) for i in literals})
        node.inputs = (node.inputs[0], *[v for i, v in enumerate(node.inputs[1:]) if i not in literals])
        self.connect(node)
        return list(node.subgraphs) if literals else []

    def unchanged(self, node: Node) -> dict[Value, Value]:
        """What is the same on both sides is what it is outside."""
        taken = self.stands_for(node)
        found: dict[Value, Value] = {}
        for out in node.outputs:
            one, other = (arm.results[out.index] for arm in node.subgraphs)
            if is_literal(one) and is_literal(other) and repr(one.const) == repr(other.const):
                found[out] = node.outputs[0].graph.const(one.const)
            elif one in taken and other in taken and taken[one] is taken[other]:
                found[out] = taken[one]
        keep_outputs(node, [i for i, out in enumerate(node.outputs) if out not in found])
        return found

    def trim(self, node: Node, needed: set[Value], prune: Callable[[Graph], None]) -> None:
        keep_outputs(node, [i for i, out in enumerate(node.outputs) if out in needed])
        used: set[int] = set()
        for arm in node.subgraphs:
            prune(arm)
            read = {v for inner in arm.nodes for v in inner.inputs} | set(arm.results)
            used |= {i for i, p in enumerate(arm.params) if p in read}
        for arm in node.subgraphs:
            arm.params = [p for i, p in enumerate(arm.params) if i in used]
            arm.captured = {v: p for v, p in arm.captured.items() if p in arm.params}
        node.inputs = (node.inputs[0], *[v for i, v in enumerate(node.inputs[1:]) if i in used])

    def compute(self, node: Node, inputs: list[Any], run: Callable[[Graph, list[Any]], list[Any]]) -> list[Any]:
        condition, *captured = inputs
        return run(node.subgraphs[0 if condition else 1], captured)


BRANCH = Branch("branch")


def _is_alike(v: Value, w: Value) -> bool:
    """Whether two values have one type, and one operation computes both."""
    same = v.node is not None and w.node is not None and v.node.op is w.node.op and v.type == w.type
    return same and (v.hint == w.hint or not (v.hint and w.hint))


def _is_again(node: Node, stays: Lasting) -> bool:
    """Whether it is sooner computed again than kept; a part of an array that steps write has another content then."""
    if node.op.name == "getitem" and changes(node.inputs[0]):
        return stays.lasts(node)
    return is_light(node) or _is_test(node) or _is_count(node)


def _is_count(node: Node) -> bool:
    """Whether it is arithmetic on whole numbers from outside."""
    return is_count(node) and all(v.node is None or v.const is not v or _is_count(v.node) for v in node.inputs)


def _is_test(node: Node) -> bool:
    """Whether it compares what comes from outside: a condition that is sooner asked again than kept."""
    return node.op.name in COMPARISONS and all(v.node is None or v.node.op is CONST for v in node.inputs)


def _nothing(p: Value, there: bool) -> Any:
    """The zero cotangent of a parameter of a side. there: whether it surely has a value."""
    if there or p.type.scalar:
        return zero_like(p)
    define(p)
    return zeros_if_any(p)


def _taken(node: Node, arm: Graph, inner: set[Value]) -> list[Value]:
    """The inputs for which the parameters of `arm` among `inner` stand."""
    return [v for p, v in zip(arm.params, node.inputs[1:], strict=True) if p in inner]


def _inside(node: Node, arm: Graph, wanted: Callable[[Value], bool]) -> list[Value]:
    """The parameters of `arm` that stand for wanted inputs."""
    return [p for p, v in zip(arm.params, node.inputs[1:], strict=True) if wanted(v)]


def add_branch(graph: Graph, condition: Value, arms: list[Graph], expression: bool) -> Node:
    """Append the choice between two sub-graphs, whose results are set, to `graph`.

    expression: whether to write it as a conditional expression where both sides allow it.
    """
    captured = list(dict.fromkeys(v for arm in arms for v in arm.captured))
    for arm in arms:
        arm.params = [arm.capture(v) for v in captured]
    node = Node(BRANCH, (condition, *captured), {"expression": expression})
    node.subgraphs = tuple(arms)
    for arm in arms:
        arm.holder = node
    node.origin, node.backward = graph.origin, graph.backward
    node.effect = any(inner.effect for arm in arms for inner in arm.nodes)
    for i, (a, b) in enumerate(zip(*(arm.results for arm in arms), strict=True)):
        first, second = (b if x.const is UNDEFINED else x for x in (a, b))
        second = a if second.const is UNDEFINED else second
        node.outputs.append(Value(graph, join_types(graph.facts, first.type, second.type), node, i))
    graph.nodes.append(node)
    return node
