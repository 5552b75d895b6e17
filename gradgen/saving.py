"""What loops keep of their steps, and what is computed again.

A loop in reverse goes through lists of what the steps before it computed, its records. A record is dropped where its
items can be had without: from the other records, from what the loop goes through and what does not change, by what
costs next to nothing; or by what nobody but the way back needs, which is then computed there and not on the way out.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Container, Iterator
from typing import Any

from .buffers import roots, written
from .calls import CALL
from .control import EXITS, Control, exits, is_literal, may_stop, reversed_items
from .forms import is_op
from .graph import CONST, OPAQUE, PRIMITIVES, Graph, Node, Value, nodes_of
from .likeness import is_for_shape, takes_dtype
from .loops import LOOP, backwards, counts_from_zero, taken
from .records import lay_out
from .rules.lists import shortest
from .schedule import COMPARISONS, TINY, is_light, is_tiny
from .shapes import OBJECT, Type
from .simplify import prune


def save(graph: Graph) -> None:
    """Leave every loop of `graph` the records that its way back cannot do without."""
    _inside(Whole(graph), written(graph))
    prune(graph)
    for inner in [graph, *(inner for node in nodes_of(graph) for inner in node.subgraphs)]:
        _measure(inner)
    prune(graph)
    for inner in [graph, *(inner for node in nodes_of(graph) for inner in node.subgraphs)]:
        used = {v for node in inner.nodes for v in node.inputs} | set(inner.results)
        for node in inner.nodes:
            if node.op is LOOP:
                LOOP.leave_less(node, used)


def _measure(graph: Graph) -> None:
    """Let a record tell how many steps a loop took that was left early, where there is one: then nobody counts."""
    for node in list(graph.nodes):
        if node.op is not LOOP or not node.options["early"]:
            continue
        items = node.inputs[: node.options["items"]]
        records = [v for v in items if not (is_op(v, "first") or is_op(v, "range"))]
        if records:
            with before(graph, node):
                steps = shortest(records[0])
                cut = [v if v in records else taken(v.node.inputs[0] if is_op(v, "first") else v, steps) for v in items]  # type: ignore[union-attr]
            node.inputs = (*cut, *node.inputs[len(items) :])


@contextlib.contextmanager
def before(graph: Graph, node: Node) -> Iterator[None]:
    """Let what is added to `graph` meanwhile stand before `node`."""
    count = len(graph.nodes)
    with graph.at(node.origin, backward=True):
        yield
    added = graph.nodes[count:]
    del graph.nodes[count:]
    place = graph.nodes.index(node)
    graph.nodes[place:place] = added


class Whole:
    """A graph that holds both ways: what the way out computed is at hand on the way back.

    front, back: the graphs of the way out and of the way back.
    """

    def __init__(self, graph: Graph):
        self.front = self.back = graph

    def original(self, v: Value) -> Value | None:
        """What a value of the way back is on the way out."""
        return v

    def has(self, v: Value) -> bool:
        """Whether a value of the way out can be had on the way back."""
        return v.graph is self.front

    def get(self, v: Value) -> Value:
        """A value of the way out, on the way back."""
        return v

    def record(self, v: Value) -> Value:
        return v

    def forget(self, v: Value) -> None:
        pass


def _inside(ways: Any, changed: set[Value]) -> None:
    """Go through the loops of the way back, and through those inside of them first.

    changed: what may lie where something is written.
    """
    uses = Counter(v for graph in {ways.front, ways.back} for node in graph.nodes for v in node.inputs)
    uses.update(ways.front.results)
    for node in list(ways.back.nodes):
        if node.op is LOOP and node.backward:
            forward = _answered(ways, node)
            if forward is not None:
                steps = Steps(ways, forward, node, uses, changed)
                _inside(steps, changed)
                steps.thin_out()
                lay_out(steps)
                steps.back.nodes[:0] = steps.reads


def _answered(ways: Any, node: Node) -> Node | None:
    """The loop whose records a loop in reverse goes through."""
    found = set()
    for v in node.inputs[: node.options["items"]]:
        original = ways.original(v)
        if original is not None and original.node is not None and _is_list(original.node, original.index):
            found.add(original.node)
    return found.pop() if len(found) == 1 else None


class Needs:
    """What the steps of a loop compute, and for whom: for later steps and what follows the loop, or the way back."""

    def __init__(self, steps: Steps):
        self.steps = steps
        forward, ends = steps.forward, steps.front.results
        uses, stop = steps.uses, forward.options["stop"]
        self.ends = {r for o, r in zip(forward.outputs, ends, strict=True) if uses[o]}
        self.leaving = set() if stop is None else {ends[stop]}
        for leave in exits(steps.front):
            left = zip(forward.outputs, leave.inputs[1:], strict=False)
            self.leaving |= {leave.inputs[0], *(v for o, v in left if uses[o])}
        self.after: dict[Value, list[Value]] = {}
        """What is computed of each value, or is the same at the next step."""
        self.acting: set[Value] = set()
        """What is read by something that has an effect."""
        for node in steps.front.nodes:
            if node.op not in EXITS:
                self.acting.update(node.inputs if node.effect else ())
                for v in set(node.inputs):
                    self.after.setdefault(v, []).extend(node.outputs)
        for p, r in zip(LOOP.carried(forward), ends, strict=False):
            self.after.setdefault(r, []).append(p)

    def spared(self, but: Value | None) -> Callable[[Value], bool]:
        """What no later step, nor what follows the loop, nor a record other than `but`, needs."""
        found: set[Value] = set()
        kept = self.steps.kept

        def is_spared(v: Value) -> bool:
            if v in found:
                return True
            seen, todo = {v}, [v]
            while todo:
                x = todo.pop()
                recorded = x is not but if x in kept else x in self.ends
                if recorded or x in self.leaving or x in self.acting:
                    return False
                more = [y for y in self.after.get(x, ()) if y not in seen and y not in found]
                seen.update(more)
                todo += more
            found.update(seen)
            return True

        return is_spared


class Steps:
    """The steps of a loop and those of its way back; `front` and `back` are the bodies."""

    def __init__(self, outer: Any, forward: Node, backward: Node, uses: Counter[Value], changed: set[Value]):
        self.uses, self.changed = uses, changed
        self.outer, self.forward, self.backward = outer, forward, backward
        [self.front], [self.back] = forward.subgraphs, backward.subgraphs
        self.kept: dict[Value, Value] = {}
        """The records: what a step computes, and the parameter that it is on the way back."""
        self.same: dict[Value, Value] = {}
        """What is on both ways: the items, and what does not change."""
        self.made: dict[Value, Value] = {}
        """What is computed again on the way back, and what it is there."""
        self.again: list[Node] = []
        self.reads: list[Node] = []
        """Where the way back reads what was recorded."""
        self.needs = Needs(self)
        self._readers: dict[Value, list[Node]] | None = None
        """What reads each value on the way back, once all loops inside are done."""
        self.back.captured = {v: p for p, v in LOOP.fixed(backward)}
        items = dict(zip(forward.inputs, LOOP.items(forward), strict=False))
        apart = forward.options["uneven"] or reversed_items(forward.options["header"])
        self.items = {} if apart else {p: v for v, p in items.items()}
        counter = forward.options["count"]
        self.steps = None if counter is None else forward.outputs[counter]
        """How many steps ran, where the loop may be left early."""
        if may_stop(forward) and (self.steps is None or not outer.has(self.steps)):
            self.items = {}
        """What may be gone through on the way back as well: each item, and what it is one of."""
        for v, param in zip(backward.inputs, LOOP.items(backward), strict=False):
            original = outer.original(self._whole(v))
            if original in items:
                self.same[items[original]] = param
            elif original is not None and original.node is forward and original.index >= forward.options["carried"]:
                table = self.kept if uses[original] == uses[v] == 1 else self.same
                table[self.front.results[original.index]] = param
        self.unchanged = {v: p for p, v in LOOP.fixed(forward)}
        for p, v in LOOP.fixed(backward):
            original = outer.original(v)
            if original in self.unchanged:
                self.same[self.unchanged[original]] = p

    def _whole(self, v: Value) -> Value:
        """What the loop goes through, of which its way back goes through a part."""
        if is_op(v, "first"):
            return v.node.inputs[0]  # type: ignore[union-attr]
        if is_op(v, "range") and self.backward.options["early"]:
            return next(filter(counts_from_zero, self.forward.inputs), v)
        return v

    def original(self, v: Value) -> Value | None:
        """What a value of the way back is on the way out, where that is known."""
        table = {there: here for here, there in [*self.kept.items(), *self.same.items(), *self.made.items()]}
        found = table.get(v)
        return self._computed_again(v) if found is None else found

    def _computed_again(self, v: Value) -> Value | None:
        """What was computed again on the way back: a value that is computed alike on the way out."""
        if v.node is None or not v.node.again or v.node.subgraphs:
            return None
        inputs = [x if x.const is not x else self.original(x) for x in v.node.inputs]
        for node in self.front.nodes:
            if node.op is v.node.op and node.options == v.node.options and len(node.inputs) == len(inputs):
                if all(x is not None and _is_same(x, y) for x, y in zip(inputs, node.inputs, strict=True)):
                    return node.out
        return None

    def has(self, v: Value) -> bool:
        return self._reaches(v)

    def _reaches(self, v: Value, but: Value | None = None) -> bool:
        """Whether `v` can be had from the records other than `but` and what is on both ways.

        So it is by what is next to nothing to compute, or is computed on the way out for the way back alone.
        """
        base, spared = self.kept.keys() - {but}, self.needs.spared(but)
        todo, seen = [v], set()
        while todo:
            v = todo.pop()
            if v in seen or v in base or v in self.same or v.node is not None and v.node.op is CONST:
                continue
            seen.add(v)
            if v in self.items:
                if not self.outer.has(self.items[v]):
                    return False
            elif v.node is None:
                if v.source is None or not self.outer.has(v.source) or v.type.kind == "object":
                    return False
            elif not _is_plain(v.node) or not (_is_cheap(v.node) or spared(v) or self._is_one_step(v.node, base)):
                return False
            else:
                todo += v.node.inputs
        return True

    def _is_one_step(self, node: Node, base: Container[Value]) -> bool:
        """Whether a node is one step of arithmetic on numbers that are at hand."""
        known = all(v in base or v in self.same or v.const is not v for v in node.inputs)
        return known and node.op.name in TINY and node.out.type.scalar

    def get(self, v: Value) -> Value:
        for table in (self.kept, self.same, self.made):
            if v in table:
                return table[v]
        if v.node is not None and v.node.op is CONST:
            return self.back.const(v.node.options["value"], v.node.ast)
        if v in self.items:
            self.same[v] = self.gone_through(self.taken(self.outer.get(self.items[v])), v.type, v.hint)
            return self.same[v]
        if v.node is None:
            assert v.source is not None
            self.same[v] = self.captured(self.outer.get(v.source))
            return self.same[v]
        node = v.node
        again = Node(node.op, tuple(map(self.get, node.inputs)), node.options)
        twin = next((x for x in self.again if x.key() == again.key()), None)
        if twin is not None:
            self.made[v] = twin.out
            return twin.out
        again.ast, again.origin, again.backward, again.again = node.ast, node.origin, True, True
        again.outputs.append(Value(self.back, v.type, again, hint=v.hint))
        self.again.append(again)
        self.note(again)
        self.made[v] = again.out
        return again.out

    def _captured(self, v: Value) -> Value:
        """The parameter of the way back for a value around it."""
        made = self.back.capture(v)
        if made.node is None and v not in self.backward.inputs:
            self.backward.inputs = (*self.backward.inputs, v)
            LOOP.connect(self.backward)
        return made

    def taken(self, source: Value) -> Value:
        """The items of `source` that the steps which ran took, on the way back around the loop."""
        if not self.backward.options["early"]:
            return source
        assert self.steps is not None
        steps = self.outer.get(self.steps)
        with before(self.outer.back, self.backward):
            return taken(source, steps)

    def _turns_as_often(self) -> bool:
        """Let the way back go through something that has as many items as there were steps, where there is one."""
        first, early = self.forward.inputs[0], self.backward.options["early"]
        if early and self.steps is None:
            return False
        if self.forward.options["header"] is None:
            assert self.steps is not None
            self.gone_through(self.around("range", self.outer.get(self.steps)), Type("object"), "_")
        elif self.outer.has(first):
            self.gone_through(self.taken(self.outer.get(first)), Type("object"), "_")
        else:
            return False
        return True

    def thin_out(self) -> None:
        """Drop the records that can be had otherwise, those that were computed last first."""
        self.needs = Needs(self)
        self._readers = {}
        for node in self.back.nodes:
            self.note(node)
        self._share_bases()
        self._spare_shapes()
        place = {out: i for i, node in enumerate(self.front.nodes) for out in node.outputs}
        for v in sorted(self.kept, key=lambda v: -place.get(v, -1)):
            if v.node is None or not self._reaches(v, but=v):
                continue
            if self.backward.options["items"] == 1:  # it still turns as often
                if not self._turns_as_often():
                    continue
            kept = self.kept.pop(v)
            by = self.get(v)
            self.kept[v] = kept
            self.drop(v, by)
        self.back.nodes[:0] = in_order(self.again)

    def _spare_shapes(self) -> None:
        """Let what is read for its shape alone be something of that shape that is there anyway."""
        readers: dict[Value, list[Node]] = {param: [] for param in self.kept.values()}
        for node in self.back.nodes:
            for v in set(node.inputs):
                if v in readers:
                    readers[v].append(node)
        facts, ends = self.back.facts, self.back.results
        idle = [
            v for v, p in self.kept.items()
            if readers[p] and p not in ends and all(is_for_shape(node, p) for node in readers[p])
        ]  # fmt: skip
        for v in idle:
            exact = any(takes_dtype(node) for node in readers[self.kept[v]])
            for x in [*self.kept, *self.unchanged.values()]:
                same = x is not v and x.type.array and facts.same_shape(x.type.shape, v.type.shape)
                kind = not exact or (x.type.kind, x.type.array) == (v.type.kind, v.type.array)
                if same and kind and x not in idle and self.has(x):
                    self.drop(v, self.get(x))
                    break

    def _share_bases(self) -> None:
        """Record an array rather than several of its parts."""
        found: dict[Value, list[Value]] = {}
        for v in self.kept:
            if v.node is not None and is_op(v, "getitem") and is_light(v.node):
                found.setdefault(v.node.inputs[0], []).append(v)
        for base, parts in found.items():
            stays = self.changed.isdisjoint(roots(base, grown=False))
            if len(parts) > 1 and base.type.array and stays and not self.has(base):
                self.record(base)

    def note(self, node: Node) -> None:
        """Note what a node of the way back reads."""
        if self._readers is not None:
            for v in set(node.inputs):
                self._readers.setdefault(v, []).append(node)

    # ---- the records and what the way back goes through

    def list_of(self, v: Value) -> Value:
        """The records of `v`."""
        ends = self.front.results
        return self.forward.outputs[ends.index(v, self.forward.options["carried"])]

    def source(self, v: Value) -> Value:
        """The records of `v`, as the way back goes through them."""
        return self.backward.inputs[self.back.params.index(self.kept[v])]

    def record(self, v: Value) -> Value:
        """Let `v` be recorded as well; returned is the parameter that it is on the way back."""
        listed = LOOP.record(self.forward, v)
        self.kept[v] = self.gone_through(self.outer.record(listed), v.type, v.hint)
        self.kept[v].held = [v]
        return self.kept[v]

    def forget(self, v: Value) -> None:
        """Let `v` be recorded no more, which nothing on the way back reads."""
        if v in self.kept:
            self.drop(v, self.kept[v])

    def drop(self, v: Value, by: Value) -> None:
        """Let something else stand for what is recorded of `v`, and be recorded no more."""
        listed = self.list_of(v)
        if self.replace(v, by):
            self.outer.forget(listed)

    def replace(self, v: Value, by: Value) -> bool:
        """Let something else stand for what is recorded of `v`; tell whether the record is not needed any more.

        The way back goes through something: its last record stays where it is not known otherwise how often.
        """
        param, node = self.kept.pop(v), self.backward
        all_of = [*self.reads, *self.again, *self.back.nodes] if self._readers is None else self._readers.pop(param, [])
        for inner in all_of:
            inner.inputs = tuple(by if x is param else x for x in inner.inputs)
            if isinstance(inner.op, Control):
                inner.op.connect(inner)
        if self._readers is not None:
            self._readers.setdefault(by, []).extend(all_of)
        self.back.results = [by if x is param else x for x in self.back.results]
        place = self.back.params.index(param)
        if node.options["items"] == 1:
            options, together = self.forward.options, self.forward.outputs[0].graph is node.outputs[0].graph
            if together and not may_stop(self.forward) and not options["uneven"] and options["header"] is not None:
                param.type, param.hint, param.held = Type("object"), "_", []
                node.inputs = (*node.inputs[:place], self.forward.inputs[0], *node.inputs[place + 1 :])
                return True
            return False
        del self.back.params[place]
        node.inputs = (*node.inputs[:place], *node.inputs[place + 1 :])
        self._go_through(node.options["items"] - 1)
        return True

    def gone_through(self, source: Value, type: Type, hint: str) -> Value:
        """A parameter of the way back for the items of `source`, from the last."""
        node, count = self.backward, self.backward.options["items"]
        made = Value(self.back, type, hint=hint)
        self.back.params.insert(count, made)
        node.inputs = (*node.inputs[:count], source, *node.inputs[count:])
        self._go_through(count + 1)
        return made

    def _go_through(self, count: int) -> None:
        self.backward.options = {**self.backward.options, "items": count, "header": backwards(count)}
        LOOP.connect(self.backward)

    def captured(self, v: Value) -> Value:
        """The parameter of the way back for a value around it."""
        made = self.back.capture(v)
        if made.node is None and v not in self.backward.inputs[self.backward.options["items"] :]:
            self.backward.inputs = (*self.backward.inputs, v)
            LOOP.connect(self.backward)
        return made

    def around(self, name: str, *inputs: Any) -> Value:
        """What an operation makes of values around the way back, and constants."""
        back = self.outer.back
        node = Node(PRIMITIVES[name], tuple(v if isinstance(v, Value) else back.const(v) for v in inputs), {})
        node.origin, node.backward, node.again = self.forward.origin, True, True
        node.outputs.append(Value(back, OBJECT, node))
        back.nodes.insert(back.nodes.index(self.backward), node)
        return node.out


def _is_same(v: Value, w: Value) -> bool:
    """Whether two values are one, or the same constant."""
    return v is w or is_literal(v) and is_literal(w) and repr(v.const) == repr(w.const)


def _is_list(node: Node, index: int) -> bool:
    """Whether an output of a node is a list that a loop of the way out leaves."""
    return node.op is LOOP and not node.backward and index >= node.options["carried"]


def in_order(nodes: list[Node]) -> list[Node]:
    """Nodes, each after those whose outputs it reads."""
    waiting = {out: node for node in nodes for out in node.outputs}
    found: dict[Node, None] = {}
    for node in nodes:
        todo = [node]
        while todo:
            before = [waiting[v] for v in todo[-1].inputs if v in waiting and waiting[v] not in found]
            if before:
                todo += before
            else:
                found[todo.pop()] = None
    return list(found)


def _is_cheap(node: Node) -> bool:
    """Whether it is next to nothing to compute again: a view, a step of arithmetic, a comparison of numbers."""
    return is_light(node) or is_tiny(node) or node.op.name in COMPARISONS and node.out.type.scalar


def _is_plain(node: Node) -> bool:
    """Whether a node may be computed elsewhere: one result, no effect, understood, and it reads no list that grows."""
    grows = node.op.name in ("length_of_list", "item_of_list")
    known = not (node.effect or node.subgraphs or node.op is OPAQUE or node.op is CALL)
    return len(node.outputs) == 1 and known and not grows
