"""Whether arrays that are written can hold what is written into them: NumPy cuts off what an integer cannot hold.

Of what dtype an array is may depend on arguments of which nothing is declared. `np.zeros_like(a)` holds floats where
`a` does, `a + b` where one of the two does, what a loop hands on where it does so at every step. Where a float is
written, this becomes a condition on the arguments, to be checked where the function begins; where the dtype comes from
what nobody knows anything of, the array itself is looked at.
"""

from __future__ import annotations

import ast
from collections.abc import Container, Iterator
from typing import Any

import numpy as np

from ..buffers import is_plain
from ..calls import CALL
from ..control import UNDEFINED, is_loop
from ..graph import CONST, OPAQUE, Graph, Node, Value, infer, nodes_of
from ..routes import ATTRIBUTE, ITEM
from ..rules.primitives import FILLS
from ..sequences import sequence_type
from ..shapes import Facts, ShapeMismatch, Type
from ..syntax import Hole, rebuilt

Clause = frozenset[Value]
Condition = frozenset[Clause]
"""Holds where of each clause one value is an array of floats, or a float."""
ALWAYS: Condition = frozenset()
SEEN_THROUGH = ("tuple", "list", "dtype")
"""Operations of which the type of the output is that of the inputs."""
NO_FLOATS = 'x.dtype.kind not in "fc"'
OPEN = ("number", "float", "complex")
"""Kinds that an argument may be declared to have, or have by default, while integers are passed for it."""


class Holding:
    """What must hold of the parameters of one function, so that the arrays which it writes hold floats.

    conditions: the clauses that speak of parameters alone, in the order of the writes.
    if_arrays: the parameters that `+=` and the like write floats into if they are arrays; numbers get a new value.
    program: what was read. checked: whether to look for them, and for what else must be checked.
    asked: the functions written once that this is asked for.
    """

    def __init__(self, program: Any, checked: bool = True, asked: frozenset[Any] = frozenset()):
        self.program, self._asked = program, asked
        self._needs: dict[Value, list[list[Value]] | None] = {}
        """Of each value of what clauses its condition consists; None where it is a condition of its own."""
        self._found: dict[Value, Condition] = {}
        self.conditions: list[list[Value]] = []
        self.if_arrays: dict[Value, None] = {}
        self._looked_at: set[Value] = set()
        if checked:
            self._look()
            self._look_at_replaced()

    def _look(self) -> None:
        """Find the conditions; where one is not of parameters alone add a check to the graph."""
        asked: dict[Value, None] = {}
        for node, base, value in list(self._writes(self.program.graph)):
            if base.type.kind in ("int", "bool", "object") or _is_whole(value):
                continue
            given = self.of(value, self._rules_of_new(node, value))
            rest = [clause for clause in self.of(base) if not any(other <= clause for other in given)]
            if all(self._is_parameter(v) for clause in rest for v in clause) and frozenset() not in rest:
                ordered = [[p for p in self.program.graph.params if p in clause] for clause in rest]
                ordered.sort(key=lambda clause: [p.hint for p in clause])
                self.conditions += [clause for clause in ordered if clause not in self.conditions]
            else:
                root = self.program.place(base).root
                if root not in asked:
                    asked[root] = None
                    self._check(root, base, node)

    def _look_at_replaced(self) -> None:
        """The same of what `a += v` and the like give a new value: NumPy raises where integers cannot hold it.

        What may be a number is looked at if it is an array; where it surely is one of integers, its new value is.
        """
        for node in list(nodes_of(self.program.graph)):
            for new in node.outputs:
                base = self.program.replaced.get(new)
                if base is None or _is_whole(new):
                    continue
                if base.type.ndim is not None:
                    self._insert('np.result_type(x).kind in "fc"', new, self._name(base), node)
                    continue
                given = self.of(new, self._rules_of_new(node, new))
                for v in self._origins(base):
                    if all(any(other <= clause for other in given) for clause in self.of(v)):
                        continue
                    if self._is_parameter(v):
                        self.if_arrays[v] = None
                    elif v not in self._looked_at:
                        self._looked_at.add(v)
                        self._insert(f"isinstance(x, np.ndarray) and {NO_FLOATS}", v, self._name(v), node)

    def _origins(self, v: Value) -> list[Value]:
        """The values that a name may show which is bound in loops and branches."""
        todo, found = [v], {v: False}
        for w in todo:
            behind = self._rules(w) if w.node is None or w.node.subgraphs else None
            found[w] = not behind and not is_plain(w)
            news = [x for clause in behind or () for x in clause if x not in found]
            found |= dict.fromkeys(news, False)
            todo += news
        return [w for w, made in found.items() if made]

    def _writes(self, graph: Graph) -> Iterator[tuple[Node, Value, Value]]:
        """Each statement that writes into an array: the node, the array, and what is written."""
        for node in nodes_of(graph):
            if node.op.name in FILLS:
                yield node, node.inputs[0], node.inputs[2]
            elif not node.subgraphs and node.op is not CONST:
                for out in node.outputs:
                    if out in self.program.shows:
                        yield node, self.program.shows[out], out

    def _is_parameter(self, v: Value) -> bool:
        return v.node is None and v.graph is self.program.graph and v.type.kind != "object"

    def _check(self, root: Value, base: Value, write: Node) -> None:
        """Add a statement that raises TypeError where an array does not hold floats: where it is made."""
        if root.node is not None and root.node.op.name in (ATTRIBUTE, ITEM):
            graph = write.out.graph
            self._insert(NO_FLOATS, base, self._name(root, base), write, graph, graph.nodes.index(write))
        else:
            self._insert(NO_FLOATS, root, self._name(root, base), write)

    def _name(self, *values: Value) -> str:
        return next((v.hint for v in [*values, self.program.place(values[-1]).root] if v.hint), "an array")

    def _insert(self, test: str, v: Value, name: str, write: Node, graph: Any = None, at: int | None = None) -> None:
        """Add a statement that raises TypeError where a test of `x`, a value, holds: where it is made, or as said."""
        made_by = v.node if at is None else None
        if at is None:
            at = v.graph.nodes.index(made_by) + 1 if made_by is not None else 0
        message = f"{self.program.function.title}() writes floats into {name}, which does not hold floats"
        tree = ast.parse(f"if {test}:\n    raise TypeError({message!r})").body[0]
        made = Node(OPAQUE, (v,), {"reads": True, "unknown": self.program.error(message)})
        made.ast, made.effect = _with_hole(tree), True
        made.origin = made_by.origin if made_by is not None else write.origin
        (graph or v.graph).nodes.insert(at, made)

    # ---- conditions

    def of(self, v: Value, rules: list[list[Value]] | None = None) -> Condition:
        """The condition under which a value is a float, or an array of floats. rules: in place of its own."""
        todo, order = [w for clause in rules for w in clause] if rules is not None else [v], []
        while todo:
            w = todo.pop()
            if w in self._needs:
                continue
            self._needs[w] = self._rules(w)
            order.append(w)
            todo += [x for clause in self._needs[w] or () for x in clause]
        for w in order:
            self._found[w] = ALWAYS if self._needs[w] is not None else frozenset([frozenset([w])])
        news = True
        while news:  # round loops
            news = False
            for w in reversed(order):
                needs = self._needs[w]
                if needs is not None and (now := self._all(needs)) != self._found[w]:
                    self._found[w], news = now, True
        return self._found[v] if rules is None else self._all(rules)

    def _all(self, needs: list[list[Value]]) -> Condition:
        clauses: set[Clause] = set()
        for values in needs:
            either: set[Clause] = {frozenset()}
            for v in values:
                either = {a | b for a in either for b in self._found[v]}
            clauses |= either
        return frozenset(c for c in clauses if not any(other < c for other in clauses))

    def _rules_of_new(self, node: Node, value: Value) -> list[list[Value]] | None:
        """The clauses of what becomes a new version of an array, by how it is computed."""
        return self._computed(node, value) if value in node.outputs else None

    def _rules(self, v: Value) -> list[list[Value]] | None:
        """Of what clauses the condition of a value consists; None where nothing is known of its dtype."""
        if v in self.program.shows:
            return [[self.program.shows[v]]]  # all versions of an array are of one dtype
        if v.node is not None:
            return self._computed(v.node, v)
        if v.source is not None:
            return [[v.source]]
        holder = v.graph.holder
        if holder is not None and is_loop(holder):
            place = v.graph.params.index(v) - holder.options["items"]
            if place < 0:
                return [[holder.inputs[place + holder.options["items"]]]]
            return [[w] for w in holder.op.sources(holder, place)]  # type: ignore[attr-defined]
        return None

    def _computed(self, node: Node, v: Value) -> list[list[Value]] | None:
        if v.type.kind in ("int", "bool"):
            return [[]]
        if node.op is CONST:
            return [] if _is_float(node.options["value"]) else [[]]
        if node.op is CALL:
            return self._called(node, v)
        if node.subgraphs:
            return [[w] for w in node.op.sources(node, v.index)]  # type: ignore[attr-defined]
        if node.op is OPAQUE:
            return [] if v.type.floating else None
        if node.op.name in (ATTRIBUTE, ITEM):
            return None
        if node.op.name in ("list", "tuple", "append", "as_list", "as_tuple"):
            return [[w] for w in node.inputs if w.type.kind in OPEN or w.type.sequence]
        if node.inputs and node.inputs[0].type.of is not None and node.op.name in ("getitem", "item_of_list"):
            return [[node.inputs[0]]]
        return _promoted(node, v)

    def _called(self, node: Node, v: Value) -> list[list[Value]] | None:
        """Of the result of a function that is written once: in terms of the arguments."""
        callee = node.options["callee"]
        inner = callee.program
        if inner is None or callee in self._asked:  # it calls itself
            return None
        given = dict(zip(inner.graph.params, node.inputs, strict=True))
        found = Holding(inner, checked=False, asked=self._asked | {callee}).of(inner.graph.results[v.index])
        if any(p not in given for clause in found for p in clause):
            return None
        return [[given[p] for p in inner.graph.params if p in clause] for clause in found]


def _with_hole(tree: Any) -> Any:
    """A statement in which `x` stands for the value that it is about."""
    return Hole(0) if isinstance(tree, ast.Name) and tree.id == "x" else rebuilt(tree, _with_hole)


def _is_whole(v: Value) -> bool:
    """Whether a value is one that integers hold."""
    if v.const is not v and isinstance(v.const, float):
        return v.const.is_integer()
    return v.type.kind in ("int", "bool")


def _is_float(obj: Any) -> bool:
    """Whether a constant holds floats, or nothing at all."""
    if obj is None or obj is UNDEFINED:
        return True
    try:
        array = np.asarray(obj)
    except ValueError:
        return False
    return array.dtype.kind in "fc"


def _promoted(node: Node, v: Value) -> list[list[Value]] | None:
    """The one clause of what an operation computes: the inputs of which one float makes the output a float.

    They are found by asking of what type the output is: all inputs being integers, then each being a float alone.
    """
    leaves = dict.fromkeys(leaf for x in node.inputs for leaf in _leaves(x))
    if not leaves:
        return [] if v.type.floating else [[]] if v.type.kind != "number" else None
    kind = _kind(node, v, leaves, None)
    if kind in ("float", "complex"):
        return []
    alone = [x for x in leaves if _kind(node, v, leaves, x) in ("float", "complex")]
    return [alone] if alone or kind in ("int", "bool") else None


def _leaves(v: Value) -> Iterator[Value]:
    """The inputs behind a value whose kind is open."""
    if v.node is not None and v.node.op.name in SEEN_THROUGH:
        for x in v.node.inputs:
            yield from _leaves(x)
    elif v.const is v and (v.type.kind in OPEN or v.type.of is not None and v.type.of.kind in OPEN):
        yield v


def _kind(node: Node, v: Value, leaves: Container[Value], floating: Value | None) -> str:
    """The kind of an output where one input is a float and all others whose kind is open, the leaves, are integers."""

    def stand_in(x: Value) -> Value:
        if x.node is not None and x.node.op.name in SEEN_THROUGH:
            inner = Node(x.node.op, tuple(map(stand_in, x.node.inputs)), x.node.options)
            items = tuple(w.type for w in inner.inputs)
            return Value(x.graph, x.type if x.node.op.name == "dtype" else sequence_type(items), inner)
        return Value(x.graph, _with_kind(x.type, "float" if x is floating else "int")) if x in leaves else x

    args = [arg if x.const is not x else stand_in(x) for x, arg in zip(node.inputs, node.args, strict=True)]
    try:
        types = infer(Facts(), node.op, args, node.options)
    except (ShapeMismatch, TypeError, ValueError, IndexError):
        return "number"
    found = types[v.index] if isinstance(types, list) else types
    return str(found.kind)


def _with_kind(t: Type, kind: str) -> Type:
    """A type of another kind; of a list, the type of its items."""
    return t.but(kind=kind, size=None) if t.of is None else t.but(of=_with_kind(t.of, kind))
