"""Reading loops: what a body makes of the names around it is handed on from step to step."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import Any

from ..buffers import may_share, roots
from ..calls import size_of
from ..control import LEAVE_UNLESS, UNDEFINED, exits, is_defined
from ..forms import is_op
from ..graph import Graph, Node, Value
from ..loops import add_loop
from ..rules.lists import item_type, length_of
from ..sequences import each, join_types, list_of
from ..shapes import Dim, ShapeVar, Type
from ..terms import Ambiguous, Computed, Ref, Static, Term, flatten, is_list, outline, shaped
from .comprehensions import Comprehensions, stays_in
from .decide import decided
from .flow import BROKEN, FLAGS, LEFT, RETURNED, VALUE, YES, is_endless
from .growing import Growing, grown_in
from .through import Way

ROUNDS = 6
"""How often a body is read until what it hands on is of the kind that it found."""
FACTS = ("kind", "array", "of", "optional")
"""What a type says beside shape and size."""


def stored_in(node: ast.For | ast.While, augmented: bool = True) -> list[str]:
    """The names that a loop binds, in order. augmented: also those of `name += ...`."""
    found: dict[str, None] = {}
    todo: list[ast.AST] = [node.target if isinstance(node, ast.For) else node.test, *node.body]
    while todo:
        part = todo.pop(0)
        if isinstance(part, ast.AugAssign) and not augmented:
            continue
        if isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Load):
            found[part.id] = None
        if isinstance(part, (ast.FunctionDef, ast.ClassDef)):
            found[part.name] = None
        elif not isinstance(part, (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            todo = [*ast.iter_child_nodes(part), *todo]
    return list(found)


@dataclass(eq=False)
class Carried:
    """A value that a body finds under a name, or an array that it writes: what that began as stands for the name.

    begin: what it is at the first step. shares: the values from outside that it may share memory with at later ones.
    mates: other carried values that it may share memory with. open: its shape is not known to stay.
    """

    name: str | Value
    begin: Value
    type: Type
    like: Term
    shares: set[Value] = field(default_factory=set)
    mates: set[Carried] = field(default_factory=set)
    open: bool = False
    param: Value = field(init=False)


class Turns(Comprehensions, Growing):
    """The part of a `Program` that reads loops."""

    _graphs: list[Graph]

    def loop(self, node: ast.For | ast.While) -> None:
        """A `for` or `while` loop. Raises UnsupportedError where it cannot be followed."""
        if isinstance(node, ast.While):
            if decided(self, node.test) is not False:
                self._repeatedly(node, None)
                self._after(node)
            else:
                self.block(node.orelse)
            return
        way = self.way(node.iter)
        ways = [
            (lambda: self._one_by_one(node, way)) if one_by_one else (lambda: self._repeatedly(node, way))
            for one_by_one in self.plans(way, sum(map(size_of, node.body)))
        ]
        self.first_that_works(ways)
        self._after(node)

    def _one_by_one(self, node: ast.For, way: Way) -> None:
        """The body, read once for each item."""
        self.frame.loops += 1
        try:
            self._turns(node, self.one_by_one(way))
        finally:
            self.frame.loops -= 1

    def _turns(self, node: ast.For, items: list[Term]) -> None:
        """The body for one item after the other, as long as none left the loop."""
        for i, item in enumerate(items):
            self.give(node.target, item)
            self.block(node.body)
            self.frame.names.pop(LEFT, None)
            broken, rest = self.flag(BROKEN), items[i + 1 :]
            if isinstance(broken, Static) and not broken.obj:
                continue
            if rest and not isinstance(broken, Static):
                self.choose(self.here(broken), lambda: self.leave(BROKEN), lambda: self._more_turns(node, rest))
            return

    def _more_turns(self, node: ast.For, items: list[Term]) -> None:
        """The side on which the loop goes on."""
        self.take_flags()
        self._turns(node, items)

    def _repeatedly(self, node: ast.For | ast.While, way: Way | None) -> None:
        """A loop in the graph.

        The body is read until what it hands on is of the kinds that it finds, and may share memory with nothing that
        what it finds was not known to share it with.
        """
        self.undecided(node)
        through: list[Value] = []
        header = None if way is None else self.header(way, through)
        before = self.frame.names
        grown = [n for n in grown_in(node.body) if is_list(before.get(n))]
        for name in grown:
            self.refuse_aliases(name, before[name], node)
            self.as_value(name)
        stored = [*grown, *(n for n in self._rebound(node) if n not in grown)]
        begins = {n: self._data(n, before[n], node) for n in stored if n in before}
        found = [Carried(n, v, _plain(v.type), before[n]) for n, values in begins.items() for v in values]
        for _ in range(ROUNDS):
            graph = Graph("", self.graph.facts)
            items, ends = self._step(node, graph, through, header, found, stored, way)
            late = self._bound_late(found, ends)
            if not self._learn(graph, found, ends) and not late:
                break
            found += late
        else:
            raise self.error("what this loop hands on changes its kind at every step", node)
        for c in found:
            if c.name in grown:
                self.refuse_whole(graph, [c.param], str(c.name), node)
        if header is None and BROKEN not in ends and not exits(graph):
            raise self.error("nothing ends this loop", node)
        self._close(through, header, graph, items, found, ends, way is not None and self.uneven(way, through))

    def _after(self, node: ast.For | ast.While) -> None:
        """Go on behind a loop: with its `else`, where it was not left; and out of the block where it returned."""
        names = self.frame.names
        broken, returned = self.flag(BROKEN), YES if is_endless(node) else self.flag(RETURNED)
        for flag in FLAGS:
            names.pop(flag, None)

        def as_noted() -> None:
            inside = [BROKEN] if self.frame.loops else []
            if not (isinstance(returned, Static) and not returned.obj):
                self.frame.names.update(dict.fromkeys([LEFT, RETURNED, *inside], self.here(returned)))

        if not node.orelse or isinstance(broken, Static) and broken.obj:
            as_noted()
        elif isinstance(broken, Static):
            self.block(node.orelse)
        else:
            self.choose(broken, as_noted, lambda: self.block(node.orelse))

    def _step(
        self, node: ast.For | ast.While, graph: Graph, through: list[Value], header: Any, found: list[Carried],
        stored: list[str], way: Way | None,
    ) -> tuple[list[Value], dict[Any, tuple[Term, list[Value]]]]:  # fmt: skip
        """Read the body into `graph`; return the items, and what it makes of each name that it binds and each array.

        An array that is written stands for itself, where a name would.
        """
        before, statement, loops = self.frame.names, self.statement, self.frame.loops
        versions = self.versions
        self.frame.names, self.frame.loops, self.versions = dict(before), loops + 1, dict(versions)
        try:
            with self.inside(graph):
                items = [self._parameter(graph, item_type(graph.facts, v)) for v in through]
                for c in found:
                    c.param = self._parameter(graph, c.type, c.name if isinstance(c.name, str) else c.name.hint)
                for c in found:
                    c.param.held = [c.begin, *c.shares]
                    c.param.mates = frozenset(k.param for k in c.mates)
                    if isinstance(c.name, Value):
                        self.renew(c.name, c.param)
                for item, v in zip(items, through, strict=True):
                    item.held = [v]
                for name, like in {c.name: c.like for c in found if isinstance(c.name, str)}.items():
                    terms: list[Term] = [Computed(Ref(c.param), c.param) for c in found if c.name == name]
                    self.frame.names[name] = shaped(like, terms)
                if isinstance(node, ast.For) and way is not None:
                    self.assign(node.target, self.found(header, items, way))
                for name, term in self.frame.names.items():
                    if isinstance(term, Computed) and term.value in items:
                        term.value.hint = name
                self.take_flags()
                self._turn(node)
                bound = [n for n in stored if n in before or n in self.frame.names]
                bound += [n for n in (BROKEN, RETURNED, VALUE) if n in self.frame.names]
                ends: dict[Any, tuple[Term, list[Value]]] = {n: self._end(n, before.get(n), node) for n in bound}
                carried = [c.name for c in found if isinstance(c.name, Value)]
                written = [root for root in self.written_since(versions) if root.graph in self._graphs[:-1]]
                for root in dict.fromkeys([*carried, *written]):
                    ends[root] = Computed(Ref(root), root), [self.inner(self.versions[root])]
                return items, ends
        finally:
            self.frame.names, self.statement, self.frame.loops = before, statement, loops
            self.versions = versions
            self.graph.origin = statement

    def _turn(self, node: ast.For | ast.While) -> None:
        """The statements of a step, after the test of a `while`."""
        if isinstance(node, ast.For):
            self.block(node.body)
            return
        self.enter(node)
        test = self.test(node.test)
        if not isinstance(test, Static):
            if any(isinstance(part, ast.NamedExpr) for part in ast.walk(node.test)):
                if node.orelse:
                    raise self.error("a loop whose test binds a name is not followed with an `else`", node.test)
                self.choose(test, lambda: self.block(node.body), lambda: self.leave(BROKEN))
                return
            made = Node(LEAVE_UNLESS, (self.value(test),), {})
            made.origin = self.statement
            self.graph.nodes.append(made)
        self.block(node.body)

    def _bound_late(self, found: list[Carried], ends: dict[Any, tuple[Term, list[Value]]]) -> list[Carried]:
        """The names that are bound in the loop alone and not by every step, so that they may be of an earlier one."""
        known, nothing = {c.name for c in found}, self.graph.const(UNDEFINED)
        return [
            Carried(name, nothing, _plain(v.type), term)
            for name, (term, values) in ends.items()
            if isinstance(name, str) and name.isidentifier() and name not in known and not all(map(is_defined, values))
            for v in values
        ]

    def _learn(self, graph: Graph, found: list[Carried], ends: dict[Any, tuple[Term, list[Value]]]) -> bool:
        """Note what a reading of the body says of the carried values; whether that is news."""
        known = {c.name for c in found}
        new: list[Value] = [root for root in ends if isinstance(root, Value) and root not in known]
        found += [Carried(root, self.now(root), _plain(root.type), Computed(Ref(root), root)) for root in new]
        news = bool(new)
        last = [v for n in dict.fromkeys(c.name for c in found) for v in ends[n][1]]
        lie = [{r for w in self.beginnings(v) for r in roots(w)} for v in last]
        for c, end, mine in zip(found, last, lie, strict=True):
            joined = join_types(graph.facts, c.type, _plain(end.type))
            same = c.open or graph.facts.same_shape(joined.shape, c.type.shape)
            if joined.of is not None:
                joined = joined.but(shape=ShapeVar())  # it grows
            if not same or any(getattr(joined, fact) != getattr(c.type, fact) for fact in FACTS):
                c.type, c.open, news = joined, c.open or not same, True
            shares = {v for v in mine if v.graph in self._graphs}
            pairs = [(k, theirs) for k, theirs in zip(found, last, strict=True) if k is not c]
            mates = {k for k, theirs in pairs if may_share(end, theirs) or may_share(c.begin, k.begin)}
            if not (shares <= c.shares and mates <= c.mates):
                c.shares, c.mates, news = c.shares | shares, c.mates | mates, True
        return news

    def _close(
        self, through: list[Value], header: Any, graph: Graph, items: list[Value], found: list[Carried],
        ends: dict[Any, tuple[Term, list[Value]]], uneven: bool,
    ) -> None:  # fmt: skip
        """Add the loop, and let the names that it binds mean what is left after the last step."""
        carried: list[Value] = []
        initial: list[Value] = []
        types: list[Type] = []
        owner: list[Any] = []
        lists: list[tuple[str, Value]] = []
        for name, (_, results) in list(ends.items()):
            item = self._collected_item(graph, [c for c in found if c.name == name], results)
            if item is not None:
                lists.append((name, item))
                del ends[name]
                continue
            known = [c for c in found if c.name == name]
            open_ = [Type(r.type.kind, ShapeVar()) for r in results]  # nothing is known of what the first step finds
            word = name.hint if isinstance(name, Value) else name if name.isidentifier() else ""
            params = [c.param for c in known] or [Value(graph, t, hint=word) for t in open_]
            carried += params
            nothing = self.graph.const(False if name in FLAGS else UNDEFINED)
            initial += [c.begin for c in known] or [nothing for _ in results]
            # what the last step leaves has a shape of its own where that does not stay
            types += [self._after_all(c.type) if c.open else c.type for c in known]
            types += [] if known else [self._left(graph, r.type) for r in results]
            owner += [name] * len(results)
            graph.results += results
        graph.results += [item for _, item in lists]
        left = uneven or header is None or BROKEN in owner or exits(graph)
        length = Dim.fresh() if left else next(length_of(v.type) for v in through if not is_op(v, "steps_of"))
        types += [list_of(each(item.type, stays_in(graph)), length) for _, item in lists]
        owner += [name for name, _ in lists]
        rest = [p for p in graph.params if p not in items and p not in carried]
        graph.params = [*items, *carried, *rest]
        stop = owner.index(BROKEN) if BROKEN in owner else None
        for leave in exits(graph):
            leave.inputs = (*leave.inputs, *carried)
        made = add_loop(self.graph, through, initial, graph, types, header, uneven, stop=stop)
        for v, name in zip(made.outputs, owner, strict=True):
            v.hint = name.hint if isinstance(name, Value) else FLAGS.get(name, "" if name == VALUE else name)
        outputs: list[Term] = [Computed(Ref(v), v) for v in made.outputs]
        for name, (like, _) in ends.items():
            if isinstance(name, Value):
                self.renew(name, outputs.pop(0).value)  # type: ignore[attr-defined]
                continue
            self.frame.names[name] = shaped(like, outputs)
        for name, _ in lists:
            self.frame.names[name] = outputs.pop(0)

    def _collected_item(self, graph: Graph, known: list[Carried], results: list[Value]) -> Value | None:
        """What each step appends to a list that is empty at first, where it does so once and nothing else with it."""
        if len(known) != 1 or known[0].type.of is None or not is_op(results[0], "append"):
            return None
        [c], [result] = known, results
        node = result.node
        assert node is not None
        param, place, item = node.inputs
        mine = [node, place.node]
        empty = c.begin.node is not None and c.begin.node.op.name == "list" and not c.begin.node.inputs
        if not empty or param is not c.param or node not in graph.nodes or place.node not in graph.nodes:
            return None
        if any(v in inner.inputs for inner in graph.nodes if inner not in mine for v in (param, place, result)):
            return None
        graph.nodes = [inner for inner in graph.nodes if inner not in mine]
        graph.params.remove(param)
        return item

    def _after_all(self, type: Type) -> Type:
        """The type of what the last step leaves, whose shape is not that of the first."""
        return type.but(shape=ShapeVar()) if type.of is None else list_of(type.of, Dim.fresh())

    def _left(self, graph: Graph, type: Type) -> Type:
        """The type of what the last step leaves under a name that is bound in the loop: steps may differ in shape."""
        stays = type.ndim is not None or any(v.type.shape is type.shape for v in graph.captured)
        return _plain(type) if stays else _plain(type).but(shape=ShapeVar())

    def _parameter(self, graph: Graph, type: Type, name: str = "") -> Value:
        made = Value(graph, type, hint=name)
        graph.params.append(made)
        return made

    def _data(self, name: str, term: Term, at: ast.AST) -> list[Value]:
        """The values of a name that a loop rebinds, as the first step finds them."""
        if not all(isinstance(leaf, (Computed, Static)) for leaf in flatten(term)) or isinstance(term, Ambiguous):
            raise self.error(f"`{name}` is rebound in this loop, and is no value", at)
        return [self.value(self.here(leaf)) for leaf in flatten(term)]

    def _end(self, name: str, before: Term | None, at: ast.AST) -> tuple[Term, list[Value]]:
        """What a step makes of a name: its term, and its values."""
        if name not in self.frame.names:
            raise self.error(f"`{name}` is deleted in this loop", at)
        term = self.frame.names[name]
        if before is not None and outline(term) != outline(before):
            raise self.error(f"`{name}` changes its structure in this loop", at, "keep tuples and lists as they are")
        return term, self._data(name, term, at)

    def _rebound(self, node: ast.For | ast.While) -> list[str]:
        """The names that a loop gives new values to, in order.

        Not an array of which `+=` and the like change what it holds; what may have been written under another name is
        nothing that a step could read.
        """
        names = self.frame.names
        bound = set(stored_in(node, augmented=False))
        stored = [n for n in stored_in(node) if n in bound or not _is_array(names.get(n))]
        for name in stored:
            leaves = flatten(names[name]) if name in names else []
            if any(isinstance(t, Computed) and self.place(t.value).root in self.doubts for t in leaves):
                del names[name]
        return stored


def _is_array(term: Term | None) -> bool:
    """Whether a name surely shows an array that has axes."""
    return isinstance(term, Computed) and bool(term.value.type.ndim) and term.value.type.kind != "object"


def _plain(t: Type) -> Type:
    """The type of something that changes from step to step."""
    return t.but(size=None)
