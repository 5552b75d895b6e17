"""Whose memory a value lies in: what may be handed out, and what a statement may write in place.

A copy is the default; in place needs a proof. `roots`, `may_share` and `is_owned` tell of a graph what memory a value
may lie in; `Buffers` goes through the statements in order and finds those that may write into an operand.
"""

from __future__ import annotations

import ast
import itertools
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .control import UNDEFINED, Control
from .graph import CONST, OPAQUE, Graph, Node, Value, nodes_of
from .rules.indices import index_items
from .rules.primitives import FILLS, WRITES
from .schedule import Schedule
from .syntax import Hole

if TYPE_CHECKING:
    from .lives import Lives

NUMBERS = (
    "product", "total", "own", "unbroadcast", "sum", "mean", "prod", "max", "min", "var", "std", "dot", "vdot", "inner",
    "trace", "norm", "det", "zeros_for",
)  # fmt: skip
"""Operations beside ufuncs whose result is a number where it has no axes, not an array of none."""


def alias_of(node: Node) -> str:
    """Whether the output may share memory with the first input: "fresh", "view", "maybe", or "read-only".

    What is "read-only" is a view that NumPy does not let anyone write: one number may show in several places. "any":
    it may share memory with all inputs.
    """
    if node.op is CONST:
        return "fresh"
    alias = node.op.alias(node) if callable(node.op.alias) else node.op.alias
    return alias if node.inputs or alias == "any" else "fresh"


def bases(node: Node) -> tuple[Value, ...]:
    """The inputs that the output may share memory with."""
    alias = alias_of(node)
    return () if alias == "fresh" else node.inputs if alias == "any" else node.inputs[:1]


def roots(v: Value, grown: bool = True) -> set[Value]:
    """The values whose memory `v` may lie in: itself, and through views what it came from.

    grown: also what was written in place to make it, where it was.
    """
    found: set[Value] = set()
    todo = [v]
    while todo:
        v = todo.pop()
        if v in found:
            continue
        found.add(v)
        if v.node is not None and v.node.op.name == "getitem" and v.type.scalar and is_number(v):
            continue  # an entry of an array is a number, in nobody's memory
        if v.node is not None and v.node.subgraphs:
            todo += v.node.op.sources(v.node, v.index)  # type: ignore[attr-defined]
            continue
        todo += [w for w in v.held if w.const is not UNDEFINED]
        if v.source is not None:
            todo.append(v.source)
        if v.node is not None:
            todo += (v.node.inputs[:1] if grown else ()) if v.node.op.name in WRITES else bases(v.node)
    return found


def may_share(a: Value, b: Value) -> bool:
    """Whether two values may lie in the same memory at the same time.

    Of one branch, and of one loop, those are compared that are there together: names that swap two arrays never are
    the same one.
    """
    seen: set[frozenset[Value]] = set()
    todo = [(a, b)]
    while todo:
        a, b = todo.pop()
        if a is b:
            return not is_plain(a)
        if is_plain(a) or is_plain(b) or frozenset((a, b)) in seen:
            continue
        seen.add(frozenset((a, b)))
        for v, other in ((a, b), (b, a)):
            before = _shown(v)
            if before and not _surely_shows(v) and v in roots(other):
                return True
            if before:
                todo += [(w, other) for w in before]
                break
        else:
            todo += _together(a, b)
    return False


def is_plain(v: Value) -> bool:
    """Whether a value surely lies in nobody's memory: a number."""
    if v.const is not v:
        return not isinstance(v.const, (np.ndarray, list, dict))
    number = v.type.kind in ("int", "bool") or not v.type.array or v.node is not None and is_number(v)
    return v.type.ndim == 0 and number


def _shown(v: Value) -> list[Value]:
    """What else may lie where `v` does, of what was computed from it, or is a version of it."""
    if v.node is None:
        return [] if v.source is None else [v.source]
    if v.node.subgraphs:
        return []
    before = v.node.inputs[:1] if v.node.op.name in WRITES else bases(v.node)
    return [w for w in before if not is_plain(w)]


def _surely_shows(v: Value) -> bool:
    """Whether `v` lies nowhere but where what it was computed from does."""
    return v.node is None or v.node.op.name in WRITES or alias_of(v.node) in ("view", "read-only")


def _comes_after(a: Value, b: Value) -> bool:
    """Whether `a`, a result of control flow or a parameter inside, may be made of `b`, and not the other way round."""
    if a.node is None or b.node is None:
        return b.node is None and (a.node is not None or any(v.graph is b.graph for v in a.held))
    if a.graph is not b.graph or CONST in (a.node.op, b.node.op):
        return False
    return a.graph.nodes.index(a.node) > b.graph.nodes.index(b.node)


def _together(a: Value, b: Value) -> list[tuple[Value, Value]]:
    """The pairs of which one must share memory for two results of control flow, or parameters of a body, to do so."""
    if a.node is not None and a.node is b.node:
        sides = [v.node.op.sources(v.node, v.index) for v in (a, b)]  # type: ignore[union-attr]
        return list(zip(*sides, strict=True) if len(sides[0]) == len(sides[1]) else itertools.product(*sides))
    if a.node is None and b.node is None and a.graph is b.graph and a.held and b.held:
        return [(a, a)] if b in a.mates else []
    pairs = [(a, b), (b, a)]
    pairs.sort(key=lambda pair: not _comes_after(*pair))
    for v, other in pairs:
        sources = v.held if v.node is None else v.node.op.sources(v.node, v.index) if v.node.subgraphs else []  # type: ignore[attr-defined]
        if sources:
            return [(w, other) for w in sources if w.const is not UNDEFINED]
    return []


def is_number(v: Value, asked: frozenset[Value] = frozenset()) -> bool:
    """Whether `v` surely is a number where it has no axes: NumPy's functions on shapes keep arrays of none.

    asked: what the question came from, round a loop: it is a number if nothing else speaks against it.
    """
    while v.node is not None and v.node.op.name == "accumulated":
        v = v.node.inputs[0]  # in whose place it may be written, unless that is a parameter
        if v.node is None:
            return True
    if v.node is None and v.source is not None:
        return is_number(v.source, asked)
    if v.node is None and v.held:
        return all(w in asked or w.const is UNDEFINED or is_number(w, asked | {v, w}) for w in v.held)
    if v.node is not None and v.node.subgraphs:
        sides = v.node.op.sources(v.node, v.index)  # type: ignore[attr-defined]
        there = [side for side in sides if not (side.const is UNDEFINED or side.const is None)]
        return all(side in asked or is_number(side, asked) for side in there)
    if v.node is not None and v.node.op is CONST:
        return type(v.const) in (int, float, complex)
    if v.node is not None and v.node.op.name in ("builtins.min", "builtins.max"):
        return all(x.type.scalar and is_number(x, asked) for x in v.node.inputs)  # it is one of them
    if v.node is not None and v.node.op.name in ("getitem", "pick"):
        return not any(item is Ellipsis for item in index_items(v.node.args[1]))
    return v.node is not None and (isinstance(v.node.op.fn, np.ufunc) or v.node.op.name in NUMBERS)


def may_be_no_array(v: Value, asked: frozenset[Value] = frozenset()) -> bool:
    """Whether what is carried or chosen may be a number or nothing, as well as an array. asked: as of `is_number`."""
    if v.const is not v:
        return not isinstance(v.const, np.ndarray)
    if v.node is None:
        held = [v.source] if v.source is not None else v.held
    else:
        held = v.node.op.sources(v.node, v.index) if v.node.subgraphs else []
    if v.type.scalar and not v.type.array or v.node is not None and v.node.op is OPAQUE and v.type.ndim is None:
        return True
    return any(w not in asked and may_be_no_array(w, asked | {v, w}) for w in held)


def is_copied(x: Value) -> bool:
    """Whether a float of its own is made of `x` by a copy; else by 1.0 times it, a number where it has no axes."""
    return x.type.floating and bool(x.type.ndim) and x.type.array


def is_part(node: Node) -> bool:
    """Whether the output is a view, or is written where it is read: what reads it reads the first input."""
    return alias_of(node) in ("view", "read-only", "maybe") and not node.subgraphs or node.op.name in ("tuple", "slice")


def written(graph: Graph) -> set[Value]:
    """The values that may lie where a statement of a graph, or of one inside, writes, before it does so."""
    found: set[Value] = set()
    for node in nodes_of(graph):
        if node.op.name in FILLS:
            found |= roots(node.inputs[0], grown=False)
    return found


def is_made_here(node: Node) -> bool:
    """Whether a constant is a new array each time that its line runs, as `np.zeros(3)` is."""
    return node.op is CONST and isinstance(node.ast, ast.Call)


def is_owned(v: Value) -> bool:
    """Whether `v` surely lies in memory that the generated function made, which may be written and returned.

    What is written in place is: it is a new array wherever its base is not owned.
    """
    if v.type.scalar and is_number(v):
        return True
    return all(
        (root.node is not None and root.node.subgraphs)  # it is one of the results of these, which are roots as well
        or (root.node is None and (root.source is not None or root.held))  # it is what it stands for
        or root.node is not None
        and root.node.op is not CONST
        and root.node.op.alias != "any"
        and alias_of(root.node) != "read-only"
        for root in roots(v, grown=False)
    )


def _filled(body: Graph, carried: list[Value]) -> set[int]:
    """The places of the carried values into whose memory a step, or a later one, writes at an index."""
    into = written(body)
    lie = [roots(r) for r in body.results[: len(carried)]]
    found = {i for i, p in enumerate(carried) if p in into}
    while True:
        more = {i for i, places in enumerate(lie) if any(carried[j] in places for j in found)}
        more |= {j for j, p in enumerate(carried) if any(p in lie[i] for i in found)}
        if more <= found:
            return found
        found |= more


def grown_from(node: Node) -> Value | None:
    """What the result of a sum or a product, or of the user's `x *= y`, is a further value of.

    In the backward pass, the cotangent of the same variable so far.
    """
    if node.op.name in ("total", "product") and node.backward and node.out.bar_of is not None:
        if len(node.inputs) == 1 and abs(node.options.get("num", 0.0)) == node.options.get("den") == 1.0:
            return None  # it is turned round
        operands = node.inputs[: len(node.inputs) - node.options.get("divisors", 0)]
        found = [v for v in operands if v.bar_of is not None and v.bar_of.hint == node.out.bar_of.hint != ""]
        return found[0] if len(found) == 1 and node.inputs.count(found[0]) == 1 else None
    return node.inputs[0] if not node.backward and is_augmented(node) else None


def is_like(v: Value, w: Value) -> bool:
    """Whether an array of floats has the shape and the kind of another, so that this may be written over it."""
    same = v.graph.facts.same_shape(v.type.shape, w.type.shape) and v.type.kind == w.type.kind
    return bool(v.type.ndim) and v.type.array and v.type.floating and same


def is_augmented(node: Node) -> bool:
    """Whether a node computes the user's `x += y`, or the like, with `x` first."""
    statement = getattr(node.origin, "node", None)
    if not (isinstance(statement, ast.AugAssign) and isinstance(node.ast, ast.BinOp) and node.inputs):
        return False
    target, left = statement.target, node.ast.left
    mine = isinstance(target, ast.Name) and len(node.outputs) == 1 and node.out.hint == target.id
    return mine and isinstance(left, Hole) and left.index == 0 and isinstance(node.ast.op, type(statement.op))


def is_collected(v: Value) -> bool:
    """Whether a list that a loop around collects may hold the memory of `v`."""
    graph, mine = v.graph, roots(v)
    while graph.holder is not None:
        node = graph.holder
        if node.op.turns:  # type: ignore[attr-defined]
            kept = graph.results[node.options["carried"] :]
            if any(not mine.isdisjoint(roots(r)) for r in kept):
                return True
        graph = node.outputs[0].graph if node.outputs else node.inputs[0].graph
    return False


class Memory(NamedTuple):
    """The buffers, by number, that a value may lie in, and whether all of them are the function's own to write."""

    places: frozenset[int]
    ours: bool


class Buffers:
    """The statements that write into an operand: `in_place` holds their nodes.

    Each value has a set of buffers that it may lie in. A statement writes in place where all of its operand's are ours
    and no value that is read later lies in any of them. closure: the backward pass is a closure that may run again, so
    that it must not write what the forward pass made.
    """

    def __init__(self, schedule: Schedule, lives: Lives, closure: bool = False):
        self.schedule, self.lives, self.closure = schedule, lives, closure
        self.in_place: set[Node] = set()
        self.copied: set[Value] = set()
        """What loops hand on that begins as a copy: a step writes into it."""
        self._memory: dict[Value, Memory] = {}
        self._count = 0
        self._forward = 0
        """How many buffers the forward pass made."""
        self._holders: dict[int, list[Value]] = {}
        self._objects: dict[Value, Memory] = {}
        """The lists themselves, whatever is in them."""
        for v in schedule.graph.params:
            self._hold(v)
        self._go(schedule)

    def _go(self, schedule: Schedule) -> None:
        for step in schedule.steps:
            if not step.node.backward:
                self._forward = self._count
            self._visit(schedule, step.node)

    def _visit(self, schedule: Schedule, node: Node) -> None:
        if node.op.name == "append":
            base = node.inputs[0]
            if base in schedule.named and self._may_grow(node, base):
                self.in_place.add(node)
                self._objects[node.out] = self.object(base)
        if node.op.name in WRITES:
            base = node.inputs[0]
            if base in schedule.named and self._writable(node, base):
                self.in_place.add(node)
                self._memory[node.out] = self.of(base)
            else:
                self._memory[node.out] = self._new()
        grown = grown_from(node)
        if grown is not None and is_like(grown, node.out) and {grown, node.out} <= schedule.named:
            if not is_collected(grown) and self._writable(node, grown):
                self.in_place.add(node)
                self._memory[node.out] = self.of(grown)
        if isinstance(node.op, Control) and node.op.turns:
            self._turn(schedule.inner[node][0], node)
        else:
            for inner in schedule.inner.get(node, ()):
                self._go(inner)
        for out in node.outputs:
            self._hold(out)

    def _turn(self, inner: Schedule, node: Node) -> None:
        """The body of a loop, in which a carried value is ours to write where it is so before and after each step."""
        loop: Any = node.op
        carried, initial = loop.carried(node), loop.initial(node)
        lists = [i for i, p in enumerate(carried) if p.type.of is not None]
        kept = any(v.type.of is not None for v in inner.graph.results[len(carried) :])  # as it is at every step
        grow = {i for i in lists if not kept and self._may_grow(node, initial[i], inner)}
        ours = {i for i, v in enumerate(initial) if (self._writable(node, v) if v in inner.named else self.of(v).ours)}
        begins = [self.of(v).places for v in initial]
        ours -= {i for i in ours for j, places in enumerate(begins) if j != i and places & begins[i]}
        read = [v for v in node.inputs[node.options["items"] + len(carried) :] if v.type.ndim != 0]
        ours -= {i for i in ours if any(self.of(v).places & begins[i] for v in read)}  # as it is, at every step
        copied = {i for i in _filled(inner.graph, carried) - ours if initial[i].type.kind != "object"}
        copied -= {i for i in copied if initial[i].const is UNDEFINED}
        ours |= copied
        for p, v in zip(loop.items(node), node.inputs, strict=False):
            self._memory[p] = Memory(self.of(v).places, ours=False)  # a view, as far as we know
            self._hold(p)
        while True:
            for i, p in enumerate(carried):
                self._memory[p] = self._new(ours=i in ours)
                if p.type.of is not None:
                    self._objects[p] = self._new(ours=i in grow)
                    self._memory[p] = Memory(self._memory[p].places | self._objects[p].places, i in ours)
                self._hold(p)
            self._go(inner)
            ends = [self.of(inner.graph.results[i]) for i in range(len(carried))]
            still = {i for i in grow if self.object(inner.graph.results[i]).ours}
            if still < grow:
                grow = still
                self._forget(inner)
                continue
            wrong = {i for i in ours if not ends[i].ours}
            wrong |= {i for i in ours for j, end in enumerate(ends) if j != i and end.places & ends[i].places}
            if not wrong:
                self.copied.update(node.outputs[i] for i in copied & ours)
                return
            ours -= wrong
            self._forget(inner)

    def _forget(self, schedule: Schedule) -> None:
        """Undo what was found out about a body."""
        for step in schedule.steps:
            self.in_place.discard(step.node)
            for inner in schedule.inner.get(step.node, ()):
                self._forget(inner)
        for v in [*schedule.graph.params, *(out for node in schedule.graph.nodes for out in node.outputs)]:
            self._memory.pop(v, None)
            self._objects.pop(v, None)

    def _hold(self, v: Value) -> None:
        for place in self.of(v).places:
            self._holders.setdefault(place, []).append(v)

    def of(self, v: Value) -> Memory:
        """The memory that a value lies in; of a list, itself and what is in it."""
        found = self._memory.get(v)
        if found is None:
            found = self._memory[v] = self._found(v)
            if v.type.of is not None or v.node is not None and v.node.op.name == "list":
                found = self._memory[v] = Memory(found.places | self.object(v).places, found.ours)
        return found

    def _new(self, ours: bool = True) -> Memory:
        self._count += 1
        return Memory(frozenset({self._count}), ours)

    def _found(self, v: Value) -> Memory:
        if v in self.schedule.stands_for:
            return self.of(self.schedule.stands_for[v])
        node = v.node
        if node is None or node.op is CONST:
            return self._new(ours=node is not None and is_made_here(node))
        if node.subgraphs:
            results = node.op.sources(node, v.index)  # type: ignore[attr-defined]
            sides = [self.of(side) for side in results if side.const is not UNDEFINED]
            return Memory(frozenset().union(*(m.places for m in sides)), all(m.ours for m in sides))
        if node.op.name in ("item_of_list", "getitem") and node.inputs[0].type.of is not None and v.type.of is None:
            return Memory(self.of(node.inputs[0]).places - self.object(node.inputs[0]).places, ours=False)
        shared = [] if v.type.scalar and is_number(v) else [self.of(base) for base in bases(node)]
        if not shared:
            return self._new(ours=alias_of(node) == "fresh")
        ours = all(memory.ours for memory in shared) and alias_of(node) not in ("any", "read-only")
        places = frozenset().union(*(memory.places for memory in shared))
        return Memory(places if alias_of(node) in ("view", "read-only") else places | self._new().places, ours)

    def object(self, v: Value) -> Memory:
        """The list itself that a value is."""
        if v in self.schedule.stands_for:
            return self.object(self.schedule.stands_for[v])
        if v not in self._objects:
            self._objects[v] = self._found_object(v)
        return self._objects[v]

    def _found_object(self, v: Value) -> Memory:
        node = v.node
        collected = node is not None and node.op.name == "loop" and v.index >= node.options["carried"]
        if node is None or not (node.subgraphs or node.op.name in ("list", "as_list", "append")):
            return self._new(ours=False)
        if collected or not node.subgraphs:
            return self._new()
        sides = [self.object(side) for side in node.op.sources(node, v.index) if side.const is not UNDEFINED]  # type: ignore[attr-defined]
        return Memory(frozenset().union(*(m.places for m in sides)), all(m.ours for m in sides))

    def _may_grow(self, node: Node, base: Value, inner: Schedule | None = None) -> bool:
        """Whether a list may be appended to in place: it is ours, and nobody reads it, or what holds it, later."""
        if inner is not None and base not in inner.named:
            return self.object(base).ours  # it is written where the loop begins
        at, memory = self.lives.position[node], self.object(base)
        held = [v for place in memory.places for v in self._holders.get(place, ())]
        return memory.ours and not any(self.lives.alive(v, at) for v in held)

    def _writable(self, node: Node, base: Value) -> bool:
        """Whether a statement may write into the memory of `base`: it is ours, and nobody reads it later."""
        at = self.lives.position[node]
        memory = self.of(base)
        if not memory.ours or (self.closure and node.backward and min(memory.places) <= self._forward):
            return False
        for place in memory.places:
            held = self._holders[place] = [v for v in self._holders.get(place, ()) if self.lives.end(v) > at]
            fills = node.op.name in FILLS  # what is written is computed before
            if any(self.lives.alive(v, at) and not (fills and self.lives.ends_with(v, at)) for v in held):
                return False
        return True
