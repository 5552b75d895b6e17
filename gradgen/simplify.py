"""Simplification of the backward pass: products and sums in normal form, broadcasting left to NumPy, sharing.

The forward pass stays as the user wrote it. A backward value is rebuilt, in topological order, as `identities` tells
for its operation. What holds in floating point only for finite numbers is not done: factors are reordered and pulled
out of sums, but `0 * x` and `x / x` stay what they are.
"""

from __future__ import annotations

from typing import Any

from .control import Control
from .forms import is_op
from .graph import CONST, OPAQUE, Graph, Node, Operation, Value
from .identities import REWRITES, rebuild
from .likeness import repoint
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


class Simplifier(Totals):
    """One round over a graph."""

    def run(self) -> None:
        nodes, self.graph.nodes = self.graph.nodes, []
        for node in nodes:
            if not node.backward or node.again:
                self._keep(node)
                continue
            with self.graph.at(node.origin, backward=True):
                inputs = [self.twins.get(w, w) for w in map(self.get, node.inputs)]
                if isinstance(node.op, Control):
                    node.inputs = tuple(inputs)
                    self.graph.nodes.append(node)
                    same = node.op.unchanged(node)
                    self.new.update(same)
                    for inner in node.op.settle(node) or (node.subgraphs if same else ()):
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
        if new.bar_of is None or bool(old.bar_of.hint) and (not named or passed):
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
