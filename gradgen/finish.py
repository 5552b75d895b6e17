"""The results: each in memory of its own, a float, of its argument's shape, and never an argument itself."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from .buffers import alias_of, is_number, is_owned, roots
from .forms import is_op
from .graph import CONST, PRIMITIVES, Graph, Value, type_of
from .rules.primitives import FILLS, cast_like, unbroadcast, zeros_for
from .rules.registry import primitive
from .shapes import Facts, Type, float_of


def _own_type(facts: Facts, x: Any) -> Type:
    t = type_of(x)
    return t.but(kind=float_of(t.kind), size=None)


@primitive(signature="x", rule=lambda g, out, x: g, infer=_own_type)
def own(x: Any) -> Any:
    """A copy of `x`, as floats."""
    return 1.0 * x


def _expand_type(facts: Facts, x: Any, like: Any) -> Type:
    return Type(float_of(type_of(x).kind), type_of(like).shape, array=True)


@primitive(signature="x, like", rule=lambda g, out, x, like: (unbroadcast(g, x), None), infer=_expand_type)
def expand(x: Any, like: Any) -> Any:
    """`x` broadcast to the shape of `like`, as an array of its own."""
    return np.array(np.broadcast_to(x, np.shape(like)))


@primitive(signature="x", rule=lambda g, out, x: g, infer=_own_type, alias="view")
def bare(x: Any) -> Any:
    """`x`, but a number where it is an array of no axes."""
    return x[()]


@primitive(signature="x", rule=lambda g, out, x: g, infer=_own_type, alias="view")
def same(x: Any) -> Any:
    """`x` under another name."""
    return x


def _has_a_name(v: Value, target: Value) -> bool:
    """Whether a result is what a loop hands on, or a statement writes into, under the name of another variable."""
    node = v.node
    grows = node is not None and (node.op.name in FILLS or bool(node.subgraphs) and node.op.turns)  # type: ignore[attr-defined]
    return grows and v.bar_of is not None and v.bar_of.hint not in ("", target.hint)


def finish(graph: Graph, targets: list[Value], fixed: int) -> None:
    """Make the results, past the first `fixed`, cotangents that may be handed out; each gets its target's name."""
    taken: set[Value] = set()
    for v in graph.results[:fixed]:
        taken |= roots(v)
    with graph.at(graph.origin, backward=True):
        for i, target in enumerate(targets, start=fixed):
            if target.type.of is not None:
                if not are_own(graph.results[i]):
                    graph.results[i] = own_list(graph.results[i])
                graph.results[i].bar_of = target
                continue
            node = graph.results[i].node
            with graph.at(graph.origin if node is None or not node.backward else node.origin):
                v = presentable(graph.results[i], target, taken)
            grown = graph.results[i]
            if v is not grown and grown.bar_of is None:
                grown.bar_of = target
            if not target.type.ndim and v.node is not None and v.node.op is not CONST and not is_number(v):
                if v.bar_of is None or not v.bar_of.hint:
                    v.bar_of = target
                with graph.at(v.node.origin, backward=True):
                    v = bare(v) if _is_array(v) else own(v)
            if _has_a_name(v, target):
                with graph.at(next((o for o in reversed(v.through)), graph.origin), backward=True):
                    v = same(v)
            if v.bar_of is not target and v.node is not None:
                v.bar_of = target
            graph.results[i] = v
            taken |= roots(v)


@primitive(signature="x", differentiable=False, infer=lambda facts, x: type_of(x))
def own_list(x: Any) -> Any:
    """A copy of a list, and of what is in it."""
    return copy.deepcopy(x)


def are_own(v: Value) -> bool:
    """Whether the items of a list of cotangents each lie in memory of their own.

    What a loop collects is made so.
    """
    node = v.node
    name = "" if node is None else node.op.name
    if name in ("zeros_for", "summed_lists"):
        return True
    if name == "flipped":
        return are_own(node.inputs[0])  # type: ignore[union-attr]
    if name == "increment":
        base, _, values = node.inputs  # type: ignore[union-attr]
        return are_own(base) and (are_own(values) if values.type.of is not None else is_own(values, set()))
    if name == "loop" and v.index >= node.options["carried"]:  # type: ignore[union-attr]
        [body] = node.subgraphs  # type: ignore[union-attr]
        with body.at(node.origin, backward=True):  # type: ignore[union-attr]
            body.results[v.index] = _owned(body, body.results[v.index], set())
        return True
    return False


def is_own(v: Value, taken: set[Value]) -> bool:
    """Whether a value, or each part of a tuple, surely is new where it is computed, and shares nothing with `taken`,
    which it joins."""
    if is_op(v, "tuple"):
        return all(is_own(part, taken) for part in v.node.inputs)  # type: ignore[union-attr]
    lie = roots(v)
    new = all(
        r.node is not None and r.graph is v.graph and not r.node.subgraphs and r.node.op is not CONST
        and alias_of(r.node) in ("fresh", "view", "maybe")
        for r in lie
    )  # fmt: skip
    plain = v.type.scalar and is_number(v)
    fine = plain or new and v.type.floating and lie.isdisjoint(taken)
    taken |= lie
    return fine


def _owned(graph: Graph, v: Value, taken: set[Value]) -> Value:
    """A value, or a tuple of values, that is new where it is computed."""
    if is_op(v, "tuple"):
        parts = [_owned(graph, part, taken) for part in v.node.inputs]  # type: ignore[union-attr]
        return v if parts == list(v.node.inputs) else graph.add(PRIMITIVES["tuple"], parts).out  # type: ignore[union-attr]
    return v if is_own(v, taken) else own(v)


def _is_array(v: Value) -> bool:
    """Whether `v` surely has an array's attributes, on either side of a branch as it has become."""
    if v.node is not None and v.node.subgraphs:
        return all(map(_is_array, v.node.op.sources(v.node, v.index)))  # type: ignore[attr-defined]
    return _is_array(v.source) if v.node is None and v.source is not None else v.type.array


def presentable(v: Value, target: Value, taken: set[Value]) -> Value:
    node = v.node
    if node is not None and node.op is CONST and not target.type.scalar:
        value = node.options["value"]
        if np.ndim(value) == 0:
            return zeros_for(target) if value == 0 else expand(v, target)  # type: ignore[no-any-return]
    if node is not None and node.op.name == "broadcast_like":
        return expand(node.inputs[0], target)  # type: ignore[no-any-return]
    if v.type.scalar and node is not None and node.op is CONST:
        numpy_scalar = target.type.scalar and target.type.array and target.type.kind == "float"
        return cast_like(v, target) if numpy_scalar else v
    number = v.type.scalar and is_number(v)
    if is_owned(v) and v.type.floating and (number or not roots(v) & taken):
        return v
    return own(v)  # type: ignore[no-any-return]
