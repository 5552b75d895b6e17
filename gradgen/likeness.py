"""What is read for its shape alone: something of that shape which is there anyway takes its place."""

from __future__ import annotations

from typing import Any

from .control import SHAPE_ONLY, is_there
from .graph import PRIMITIVES, Graph, Node, Value
from .shapes import OBJECT, ShapeVar

DTYPE_TOO = ("broadcast_like", "scatter", "zeros_for", "cast_like")
"""Those of them that also take their dtype from it, where a number is all that they put there."""


def repoint(graph: Graph) -> None:
    """Let what is read for its shape alone be something that is there anyway, so that nothing is computed for it."""
    live: set[Value] = set(graph.results) | set(graph.params)
    for node in reversed(graph.nodes):
        if node.effect or any(out in live for out in node.outputs):
            skip = SHAPE_ONLY.get(node.op.name) if node.backward else None
            live.update(v for i, v in enumerate(node.inputs) if i != skip)
            if node.op.name == "loop":  # what it carries is there when it ends
                live.update(node.outputs)
    best: dict[Any, Value] = {}
    for v in graph.params:
        note_shape(graph, best, v, live)
    for node in list(graph.nodes):
        if node.backward and node.op.name in SHAPE_ONLY:
            place = SHAPE_ONLY[node.op.name]
            like = node.inputs[place]
            if node.op.name not in DTYPE_TOO:
                like = same_shaped(graph, like)
                node.inputs = (*node.inputs[:place], like, *node.inputs[place + 1 :])
            if not (like in live and like.hint) and like.node is not None and not like.type.scalar:
                other = best.get(shape_key(graph, like, takes_dtype(node)))
                if other is not None:
                    node.inputs = (*node.inputs[:place], other, *node.inputs[place + 1 :])
                elif node.op.name == "size":
                    as_length(graph, node, list(best.values()))
        for v in node.outputs:
            note_shape(graph, best, v, live)


def is_for_shape(node: Node, v: Value) -> bool:
    """Whether `node` reads `v` for its shape alone."""
    place = SHAPE_ONLY.get(node.op.name)
    return node.backward and all(i == place for i, x in enumerate(node.inputs) if x is v)


def takes_dtype(node: Node) -> bool:
    """Whether what is read for its shape tells the dtype as well."""
    number = SHAPE_ONLY[node.op.name] == 0 or node.op.name == "cast_like" or node.inputs[0].type.scalar
    return node.op.name in DTYPE_TOO and number


def same_shaped(graph: Graph, v: Value) -> Value:
    """An input that has the shape of `v`, where `v` is an unnamed part that is computed entry by entry."""
    while v.node is not None and v.node.op.elementwise and not v.hint and not v.node.backward:
        alike = [x for x in v.node.inputs if graph.facts.same_shape(x.type.shape, v.type.shape)]
        if not alike:
            break
        v = alike[0]
    return v


def as_length(graph: Graph, node: Node, known: list[Value]) -> None:
    """Let `node`, a size, be the length of an axis of one of the values that are `known`, if it is that."""
    size = node.out.type.size
    for v in known:
        shape = v.type.shape
        for axis, d in enumerate(() if isinstance(shape, ShapeVar) else shape):
            if size is not None and graph.facts.same(d, size):
                with graph.at(node.origin, backward=True):
                    shape_of = Node(PRIMITIVES["shape"], (v,), {})
                    shape_of.outputs.append(Value(graph, OBJECT, shape_of))
                    shape_of.backward, shape_of.origin = True, node.origin
                node.op, node.inputs = PRIMITIVES["getitem"], (shape_of.out, graph.const(axis))
                graph.nodes.insert(graph.nodes.index(node), shape_of)
                return


def note_shape(graph: Graph, best: dict[Any, Value], v: Value, live: set[Value]) -> None:
    """Note that `v` has its shape, if it has a name in the forward pass; the last computed is preferred."""
    forward = v.node is None or not v.node.backward
    if v in live and v.hint and forward and v.type.kind != "object" and is_there(v):
        best[shape_key(graph, v, False)] = v
        best[shape_key(graph, v, True)] = v


def shape_key(graph: Graph, v: Value, exact: bool) -> Any:
    """What values have in common whose shapes are the same; exact: and whose kind is."""
    shape = v.type.shape
    key = shape if isinstance(shape, ShapeVar) else tuple(map(graph.facts.canonical, shape))
    return (key, v.type.kind, v.type.array) if exact else key
