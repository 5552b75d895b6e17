"""Simplification of the backward pass: products and sums in normal form, broadcasting left to NumPy, sharing.

The forward pass stays as the user wrote it. A backward value is rebuilt, in topological order, as `identities` tells
for its operation. What holds in floating point only for finite numbers is not done: factors are reordered and pulled
out of sums, but `0 * x` and `x / x` stay what they are.
"""

from __future__ import annotations

from typing import Any

from .control import Control, is_defined
from .forms import is_op
from .graph import CONST, OPAQUE, PRIMITIVES, Graph, Node, Operation, Value
from .identities import REWRITES, rebuild
from .shapes import OBJECT, ShapeVar
from .totals import Totals


def simplify(graph: Graph) -> None:
    """Rebuild the backward part of `graph` in place, until nothing changes."""
    before = None
    for _ in range(4):
        prune(graph)
        Simplifier(graph).run()
        prune(graph)
        now = [(node.op.name, len(node.inputs)) for node in graph.nodes if node.backward]
        if now == before:
            break
        before = now
    repoint(graph)
    prune(graph)


def prune(graph: Graph) -> None:
    """Drop what neither a result nor an effect needs."""
    needed = set(graph.results)
    kept = []
    for node in reversed(graph.nodes):
        if node.effect or any(out in needed for out in node.outputs):
            if isinstance(node.op, Control):
                node.op.trim(node, needed, prune)
            needed.update(node.inputs)
            kept.append(node)
    graph.nodes[:] = kept[::-1]


SHAPE_ONLY = {"shape": 0, "size": 0, "ndim": 0, "broadcast_like": 1, "unbroadcast": 1, "scatter": 2, "zeros_for": 0,
              "cast_like": 1}  # fmt: skip
"""Operations of the backward pass that look at an input for its shape alone, and which input that is."""


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
                number = place == 0 or node.op.name == "cast_like" or node.inputs[0].type.scalar
                exact = node.op.name in DTYPE_TOO and number
                other = best.get(shape_key(graph, like, exact))
                if other is not None:
                    node.inputs = (*node.inputs[:place], other, *node.inputs[place + 1 :])
                elif node.op.name == "size":
                    as_length(graph, node, [v for v in best.values() if v is not None])
        for v in node.outputs:
            note_shape(graph, best, v, live)


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
    if v in live and v.hint and forward and v.type.kind != "object" and is_defined(v):
        best[shape_key(graph, v, False)] = v
        best[shape_key(graph, v, True)] = v


def shape_key(graph: Graph, v: Value, exact: bool) -> Any:
    """What values have in common whose shapes are the same; exact: and whose kind is."""
    shape = v.type.shape
    key = shape if isinstance(shape, ShapeVar) else tuple(map(graph.facts.canonical, shape))
    return (key, v.type.kind, v.type.array) if exact else key


class Simplifier(Totals):
    """One round over a graph."""

    def run(self) -> None:
        nodes, self.graph.nodes = self.graph.nodes, []
        for node in nodes:
            if not node.backward:
                self._keep(node)
                continue
            with self.graph.at(node.origin, backward=True):
                inputs = [self.twins.get(w, w) for w in map(self.get, node.inputs)]
                if isinstance(node.op, Control):
                    node.inputs = tuple(inputs)
                    self.graph.nodes.append(node)
                    for inner in node.op.settle(node):
                        simplify(inner)
                    self._tell(node)
                    continue
                if len(node.outputs) > 1 or node.effect:
                    made = self.graph.add(node.op, list(inputs), node.options)
                    self.new.update(zip(node.outputs, made.outputs, strict=True))
                    continue
                made_value = REWRITES.get(node.op.name, rebuild)(self, node, inputs)
                self._hand_over(node.out, made_value)
        self.graph.results = [self.get(v) for v in self.graph.results]

    def _tell(self, node: Node) -> None:
        """Let the sub-graphs of `node` know where what they take has become a Python number, without attributes."""
        for param, v in node.op.stands_for(node).items():  # type: ignore[attr-defined]
            if not v.type.array:
                param.type = param.type.but(array=False)

    def _keep(self, node: Node) -> None:
        """Take over a forward node, and note what it makes superfluous to compute."""
        self.graph.nodes.append(node)
        if node.effect or isinstance(node.op, Control):
            return
        inputs = tuple(self.twins.get(v, v) for v in node.inputs)
        twin = self.known.setdefault(Node(node.op, inputs, node.options).key(), node)
        if twin is not node and twin.ast is not None and node.op not in (CONST, OPAQUE) and len(node.outputs) == 1:
            first, again = twin.out, node.out
            first, again = (again, first) if again.hint and not first.hint else (first, again)
            self.twins[again] = first
        if node.op.name in ("true_divide", "divide") and not self._is_spent(node.out):
            x, y = inputs
            self.quotients.setdefault(y, {}).setdefault(x, node.out)
        elif node.op.name == "subtract" and is_op(node.inputs[1], "log"):
            [s] = node.inputs[1].node.inputs  # type: ignore[union-attr]
            self.log_quotients.setdefault(s, {}).setdefault(inputs[0], node.out)

    def _hand_over(self, old: Value, new: Value) -> None:
        """`new` stands for `old` from now on, and takes over what is known of it."""
        self.new[old] = new
        if self.uses[old] > 1:
            self.shared.add(new)
        if new.node is None or not new.node.backward:
            return
        new.through += [origin for origin in old.through if origin not in new.through]
        if old.bar_of is None:
            return
        named = new.bar_of is not None and bool(new.bar_of.hint)
        passed = bool(old.node.inputs) and self.uses[old.node.inputs[0]] == 1  # type: ignore[union-attr]
        if not named or (passed and old.bar_of.hint):
            if named and new.bar_of is not old.bar_of:
                new.through.append(old.node.origin)  # type: ignore[union-attr]
            new.bar_of = old.bar_of

    def rewritten(self, op: Operation, inputs: list[Value], **options: Any) -> Value:
        """The output of a call to which the identities of its operation are applied."""
        probe = Node(op, tuple(inputs), options)
        rewrite = REWRITES.get(op.name)
        if rewrite is None:
            return self.make(op, list(inputs), **options)
        return rewrite(self, probe, inputs)
