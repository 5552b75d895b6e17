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
from ..shapes import Dim, Facts, Shape, ShapeVar, Size, Type
from ..terms import Ambiguous, Binding, Cell, Computed, Ref, Sequence, Static, Term, as_known, is_list, parts
from .comprehensions import stays_in
from .decide import decided
from .flow import BROKEN, FLAGS, LEFT, RETURNED, VALUE, YES, is_endless
from .growing import Growing
from .iterators import Iterators
from .sides import Differ, Joint, Pair, Sides, Slot, filled, slots
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
    """A value that a body finds under a name or in a container, or an array that it writes: what that began as stands
    for the name.

    begin: what it is at the first step. word: what it is called. shares: the values from outside that it may share
    memory with at later ones. mates: other carried values that it may share memory with. open: its shape is not known
    to stay. loose: the sizes in it that are not.
    """

    name: str | Cell | Value
    begin: Value
    type: Type
    word: str
    shares: set[Value] = field(default_factory=set)
    mates: set[Carried] = field(default_factory=set)
    open: bool = False
    loose: set[Dim] = field(default_factory=set)
    param: Value = field(init=False)

    def lasting(self, facts: Facts, left: Shape) -> Shape:
        """What is known of the shape at every step, that which a step leaves being `left`."""
        mine = self.type.shape
        if isinstance(mine, ShapeVar):
            return mine if self.open or left is mine else ShapeVar()
        if isinstance(left, ShapeVar) or len(left) != len(mine):
            return ShapeVar()
        shape: list[Size] = []
        for d, e in zip(mine, left, strict=True):
            if d not in self.loose and not facts.same(d, e):
                d = Dim.fresh()
                self.loose.add(d)
            shape.append(d)
        return tuple(shape)


@dataclass(eq=False)
class End:
    """What a step makes of a name, a container or an array: a term whose slots are the `values`, in order.

    begins: what was in the slots before the loop.
    """

    like: Term
    values: list[Value]
    begins: list[Term | None] = field(default_factory=list)


@dataclass(eq=False)
class Round:
    """What is known of a loop while its body is read again and again.

    through, header: what it goes through. stored: the names that it binds. found: what it carries. likes: of each name
    and container what it means, with slots for what is carried. mark: cells with lower numbers were there before.
    tokens: see `Turned`. doubts, kept: as in `Contents`, of what an earlier step did.
    """

    node: ast.For | ast.While
    way: Way | None
    through: list[Value]
    header: Any
    stored: list[str] = field(default_factory=list)
    found: list[Carried] = field(default_factory=list)
    likes: dict[Any, Term] = field(default_factory=dict)
    last: dict[Any, Term] = field(default_factory=dict)
    mark: int = field(default_factory=lambda: Cell().number)
    tokens: set[Cell] = field(default_factory=set)
    doubts: dict[Any, Any] = field(default_factory=dict)
    kept: dict[Cell, str] = field(default_factory=dict)

    def of(self, name: Any) -> list[Carried]:
        """What is carried of a name, a container or an array."""
        return [c for c in self.found if c.name is name or isinstance(name, str) and c.name == name]


class Turns(Iterators, Growing):
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
        with self.names_aside():
            lazily = self.lazily(node)
            if lazily is not None:
                return self.block(lazily)
        way, memory = self.by_places(self.way(node.iter), node.target, node.body), self.memory()
        ways = [
            (lambda: self._one_by_one(node, way)) if one_by_one else (lambda: self._repeatedly(node, way))
            for one_by_one in self.plans(way, sum(map(size_of, node.body)))
        ]
        self.first_that_works(ways)
        self.refuse_changes(node, way, memory)
        self._after(node)

    def _one_by_one(self, node: ast.For, way: Way) -> None:
        """The body, read once for each item."""
        self.frame.loops += 1
        try:
            self._turns(node, way, 0)
        finally:
            self.frame.loops -= 1

    def _turns(self, node: ast.For, way: Way, i: int) -> None:
        """The body for one item after the other from the i-th on, as long as none left the loop.

        What is gone through may change on the way: the next item is the one that is there then.
        """
        items = self.one_by_one(way)
        while i < len(items):
            self.give(node.target, items[i])
            self.block(node.body)
            self.frame.names.pop(LEFT, None)
            broken, i = self.flag(BROKEN), i + 1
            count, items = len(items), self.one_by_one(way)
            if len(items) != count:
                raise self.error("what is gone through gets longer or shorter in this loop", node, "go through a copy")
            if isinstance(broken, Static) and not broken.obj:
                continue
            if i < count and not isinstance(broken, Static):
                self.choose(self.here(broken), lambda: self.leave(BROKEN), lambda: self._more_turns(node, way, i))
            return

    def _more_turns(self, node: ast.For, way: Way, i: int) -> None:
        """The side on which the loop goes on."""
        self.take_flags()
        self._turns(node, way, i)

    def _repeatedly(self, node: ast.For | ast.While, way: Way | None) -> None:
        """A loop in the graph.

        The body is read until what it hands on is of the kinds that it finds, and may share memory with nothing that
        what it finds was not known to share it with.
        """
        self.undecided(node)
        through: list[Value] = []
        header = None if way is None else self.header(way, through)
        for cell in self.grown_in(node.body):
            self.as_value(cell)
        of = Round(node, way, through, header, self._rebound(node))
        for name in of.stored:
            if name in self.frame.names:
                of.likes[name], begins = slotted(self, self.frame.names[name], name)
                self._refuse_no_data(name, begins, node)
                of.found += self._carried(name, of.likes[name], begins)
        for _ in range(ROUNDS):
            graph = Graph("", self.graph.facts)
            items, ends = self._step(of, graph)
            late = self._bound_late(of.found, ends)
            if not self._learn(graph, of, ends) and not late:
                break
            of.found += late
            of.likes |= {c.name: ends[c.name].like for c in late}
        else:
            raise self.error("what this loop hands on changes its kind at every step", node)
        self.doubts |= of.doubts
        self.kept |= of.kept
        found = of.found
        for c in found:
            if isinstance(c.name, Cell) and c.type.of is not None:
                self.refuse_whole(graph, [c.param], c.word or "the list", node)
        if way is not None and any(cell in ends for cell in self.cells_of(way)):
            raise self.error("what is gone through is changed in this loop", node, "go through a copy")
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

    def _step(self, of: Round, graph: Graph) -> tuple[list[Value], dict[Any, End]]:
        """Read the body into `graph`; return the items, and what it makes of each name that it binds, each container
        that it changes and each array that it writes.

        An array that is written stands for itself, where a name would, and so does a container.
        """
        before, statement, loops, memory = self.frame.names, self.statement, self.frame.loops, self.memory()
        self.frame.names, self.frame.loops = dict(before), loops + 1
        node, found, likes = of.node, of.found, of.likes
        self.doubts |= of.doubts
        self.kept |= of.kept
        try:
            with self.inside(graph):
                items = [self._parameter(graph, item_type(graph.facts, v)) for v in of.through]
                for c in found:
                    c.param = self._parameter(graph, c.type, c.word)
                for c in found:
                    c.param.held = [c.begin, *c.shares]
                    c.param.mates = frozenset(k.param for k in c.mates)
                    if isinstance(c.name, Value):
                        self.renew(c.name, c.param)
                for item, v in zip(items, of.through, strict=True):
                    item.held = [v]
                self._mate(items, of)
                for name, like in likes.items():
                    self._fill(name, like, [Computed(Ref(c.param), c.param) for c in of.of(name)])
                if isinstance(node, ast.For) and of.way is not None:
                    self.assign(node.target, self.found(of.header, items, of.way))
                for name, term in self.frame.names.items():
                    if isinstance(term, Computed) and term.value in items:
                        term.value.hint = name
                self.take_flags()
                self._turn(node)
                sides = Turned(self, (memory.contents, self.contents), of)
                bound = [n for n in of.stored if n in before or n in self.frame.names]
                bound += [n for n in (BROKEN, RETURNED, VALUE) if n in self.frame.names]
                ends: dict[Any, End] = {n: self._end(n, before.get(n), of.last.get(n), sides, node) for n in bound}
                for cell in [*self.contents]:
                    begin = memory.contents.get(cell, cell.first)
                    if cell.number < of.mark and self.contents[cell] is not begin and cell not in self.doubts:
                        ends[cell] = self._held_at_end(cell, begin, of.last.get(cell), sides, node)
                carried = [c.name for c in found if isinstance(c.name, Value)]
                written = [root for root in self.written_since(memory.versions) if root.graph in self._graphs[:-1]]
                for root in dict.fromkeys([*carried, *written]):
                    ends[root] = End(Computed(Ref(root), root), [self.inner(self.versions[root])])
                of.doubts, of.kept = dict(self.doubts), dict(self.kept)
                of.last = likes | {name: end.like for name, end in ends.items()}
                return items, ends
        finally:
            self.frame.names, self.statement, self.frame.loops = before, statement, loops
            self.recall(memory)
            self.graph.origin = statement

    def _fill(self, name: str | Cell, like: Term, leaves: list[Term]) -> None:
        """Let a name, or a container, mean what is in the slots of a term."""
        if isinstance(name, Cell):
            self.contents[name] = filled(like, leaves, name)
        else:
            self.frame.names[name] = filled(like, leaves)

    def _mate(self, items: list[Value], of: Round) -> None:
        """Note of what a step finds, and of what it goes through, what may be the same memory."""
        lie = [(item, [v]) for item, v in zip(items, of.through, strict=True)]
        lie += [(c.param, [c.begin, *c.shares]) for c in of.found]
        for i, (item, mine) in enumerate(lie[: len(items)]):
            for other, theirs in lie[i + 1 :]:
                if any(may_share(v, w) for v in mine for w in theirs):
                    item.mates |= {other}
                    other.mates |= {item}

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

    def _bound_late(self, found: list[Carried], ends: dict[Any, End]) -> list[Carried]:
        """The names that are bound in the loop alone and not by every step, so that they may be of an earlier one."""
        known, nothing = {c.name for c in found}, self.graph.const(UNDEFINED)
        return [
            Carried(name, nothing, _plain(v.type), name)
            for name, end in ends.items()
            if isinstance(name, str) and name.isidentifier() and name not in known
            if not any(end.begins) and not all(map(is_defined, end.values))
            for v in end.values
        ]

    def _carried(
        self, name: str | Cell, like: Term, begins: list[Term | None], ends: list[Value] | None = None
    ) -> list[Carried]:
        """What a loop carries of a name or a container: the slots of a term. ends: what a step made of them."""
        values = [self.graph.const(UNDEFINED) if t is None else self.value(self.here(t)) for t in begins]
        known = [
            v if t is not None or ends is None else end
            for v, t, end in zip(values, begins, ends or values, strict=True)
        ]
        parts = zip(values, known, words(like, name), strict=True)
        return [Carried(name, v, _plain(k.type), word) for v, k, word in parts]

    def _learn(self, graph: Graph, of: Round, ends: dict[Any, End]) -> bool:
        """Note what a reading of the body says of the carried values; whether that is news."""
        known = {c.name for c in of.found}
        new: list[Value] = [root for root in ends if isinstance(root, Value) and root not in known]
        begins = [self.inner(self.now(root)) for root in new]
        of.found += [Carried(r, v, _plain(r.type), r.hint) for r, v in zip(new, begins, strict=True)]
        doubted = [cell for cell in of.likes if isinstance(cell, Cell) and cell not in ends]
        for cell in doubted:  # an earlier step may have changed it under another name
            of.found, _ = [c for c in of.found if c.name is not cell], of.likes.pop(cell)
        news = bool(new or doubted)
        for name, end in ends.items():
            if isinstance(name, Value) or name not in of.likes and not isinstance(name, Cell):
                continue
            mine = of.of(name)
            bound = isinstance(name, (str, Binding))
            grows = not bound and isinstance(end.like, Slot) and not mine
            if grows:
                self.as_value(name)
                end.begins = [self.contents.get(name, name.first)]
            if len(mine) != len(end.values) or grows:
                of.found = [c for c in of.found if c not in mine] + self._carried(
                    name, end.like, end.begins, None if grows else end.values
                )
                end.values, news = [], True
            news = news or name not in of.likes or origins_in(end.like) != origins_in(of.likes[name])
            of.likes[name] = end.like
        told = {n: end.values for n, end in ends.items() if end.values}
        told_of = [c for c in of.found if c.name in told]
        last = [v for n in dict.fromkeys(c.name for c in told_of) for v in told[n]]
        lie = [{r for w in self.beginnings(v) for r in roots(w)} for v in last]
        for c, left, places in zip(told_of, last, lie, strict=True):
            undefined = left.const is UNDEFINED
            joined = c.type if undefined else join_types(graph.facts, c.type, _plain(left.type))
            if joined.of is None and not undefined:
                joined = joined.but(shape=c.lasting(graph.facts, left.type.shape))
            same = c.open and joined.of is not None or graph.facts.same_shape(joined.shape, c.type.shape)
            if joined.of is not None:
                joined = joined.but(shape=ShapeVar())  # it grows
            if not same or any(getattr(joined, fact) != getattr(c.type, fact) for fact in FACTS):
                c.type, c.open, news = joined, c.open or not same, True
            shares = {v for v in places if v.graph in self._graphs}
            pairs = [(k, theirs) for k, theirs in zip(told_of, last, strict=True) if k is not c]
            mates = {k for k, theirs in pairs if may_share(left, theirs) or may_share(c.begin, k.begin)}
            if not (shares <= c.shares and mates <= c.mates):
                c.shares, c.mates, news = c.shares | shares, c.mates | mates, True
        return news

    def _close(
        self, through: list[Value], header: Any, graph: Graph, items: list[Value], found: list[Carried],
        ends: dict[Any, End], uneven: bool,
    ) -> None:  # fmt: skip
        """Add the loop, and let the names that it binds mean what is left after the last step."""
        carried: list[Value] = []
        initial: list[Value] = []
        types: list[Type] = []
        owner: list[Any] = []
        said: list[str] = []
        lists: list[tuple[Any, Value]] = []
        loose = {name for c in found for d in c.loose for name in d.names}
        for name, end in list(ends.items()):
            results = end.values
            item = self._collected_item(graph, [c for c in found if c.name is name or c.name == name], results)
            if item is not None:
                lists.append((name, item))
                del ends[name]
                continue
            known = [c for c in found if c.name is name or c.name == name]
            open_ = [Type(r.type.kind, ShapeVar()) for r in results]  # nothing is known of what the first step finds
            called = [name.hint] if isinstance(name, Value) else words(end.like, name)
            named = [word if word.isidentifier() else "" for word in called]
            params = [c.param for c in known] or [Value(graph, t, hint=w) for t, w in zip(open_, named, strict=True)]
            carried += params
            nothing = self.graph.const(False if name in FLAGS else UNDEFINED)
            initial += [c.begin for c in known] or [nothing for _ in results]
            # what the last step leaves has a shape of its own where that does not stay
            types += [self._after_all(c) if c.open else c.type for c in known]
            types += [] if known else [self._left(graph, r.type, loose) for r in results]
            owner += [name] * len(results)
            said += [FLAGS.get(name, "" if name == VALUE else word) for word in called]
            graph.results += results
        graph.results += [item for _, item in lists]
        left = uneven or header is None or BROKEN in owner or exits(graph)
        length = Dim.fresh() if left else next(length_of(v.type) for v in through if not is_op(v, "steps_of"))
        types += [list_of(each(item.type, stays_in(graph)), length) for _, item in lists]
        said += [name.word if isinstance(name, Cell) else name for name, _ in lists]
        rest = [p for p in graph.params if p not in items and p not in carried]
        graph.params = [*items, *carried, *rest]
        stop = owner.index(BROKEN) if BROKEN in owner else None
        for leave in exits(graph):
            leave.inputs = (*leave.inputs, *carried)
        made = add_loop(self.graph, through, initial, graph, types, header, uneven, stop=stop)
        for v, word in zip(made.outputs, said, strict=True):
            v.hint = word
        outputs: list[Term] = [Computed(Ref(v), v) for v in made.outputs]
        for name, end in ends.items():
            mine = [outputs.pop(0) for _ in end.values]
            if isinstance(name, Value):
                self.renew(name, mine[0].value)  # type: ignore[attr-defined]
            else:
                self._fill(name, end.like, mine)
        for name, _ in lists:
            listed: Any = outputs.pop(0)
            if isinstance(name, Cell):
                self.contents[name] = Computed(listed.ast, listed.value, cell=name)
            else:
                self.frame.names[name] = self.made_of(listed)

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

    def _after_all(self, c: Carried) -> Type:
        """The type of what the last step leaves, whose shape is not that of the first."""
        if c.type.of is not None:
            return list_of(c.type.of, Dim.fresh())
        if isinstance(c.type.shape, ShapeVar):
            return c.type.but(shape=ShapeVar())
        return c.type.but(shape=tuple(Dim.fresh() if d in c.loose else d for d in c.type.shape))

    def _left(self, graph: Graph, type: Type, loose: set[str]) -> Type:
        """The type of what the last step leaves under a name that is bound in the loop: steps may differ in shape."""
        if isinstance(type.shape, ShapeVar):
            stays = any(v.type.shape is type.shape for v in graph.captured)
            return _plain(type) if stays else _plain(type).but(shape=ShapeVar())
        return _plain(type).but(shape=tuple(Dim.fresh() if _depends_on(d, loose) else d for d in type.shape))

    def _parameter(self, graph: Graph, type: Type, name: str = "") -> Value:
        made = Value(graph, type, hint=name)
        graph.params.append(made)
        return made

    def _refuse_no_data(self, name: str, leaves: list[Term | None], at: ast.AST) -> None:
        """Raise UnsupportedError where a name that a loop rebinds means what is no value."""
        if not all(isinstance(leaf, (Computed, Static)) for leaf in leaves):
            raise self.error(f"`{name}` is rebound in this loop, and is no value", at)

    def _end(self, name: str, before: Term | None, like: Term | None, sides: Turned, at: ast.AST) -> End:
        """What a step makes of a name."""
        if name not in self.frame.names:
            raise self.error(f"`{name}` is deleted in this loop", at)
        pairs: list[Pair] = []
        term = self.frame.names[name]
        if isinstance(term, Ambiguous):
            self._refuse_no_data(name, [term], at)
        try:
            joined = sides.join(before, term, pairs, like, name)
        except Differ:
            if before is None or not isinstance(before, Sequence) and not isinstance(term, Sequence):
                raise self.error(f"`{name}` is rebound in this loop, and is no value", at) from None
            advice = "keep tuples and lists as they are"
            raise self.error(f"`{name}` changes its structure in this loop", at, advice) from None
        return self._pairs(joined, pairs)

    def _held_at_end(self, cell: Cell, begin: Term, like: Term | None, sides: Turned, at: ast.AST) -> End:
        """What a step makes of a container."""
        pairs: list[Pair] = []
        end, name = self.contents[cell], cell.word or "a container"
        bound = isinstance(cell, Binding)
        begin = self.opened(begin) if isinstance(begin, Static) and not bound else begin
        if not bound and is_list(begin) and isinstance(begin, Sequence) and _length(end) != len(begin.items):
            return End(Slot(ast.Constant(None), cell=cell), [])  # it grows
        try:
            return self._pairs(sides.inside(cell, begin, end, pairs, like), pairs)
        except Differ:
            what = f"`{name}` gets other items in this loop than it has before"
            raise self.error(what, at, f"give `{name}` all of its items before the loop") from None

    def _pairs(self, like: Term, pairs: list[Pair]) -> End:
        ends = [end for _, end in pairs]
        values = [self.graph.const(UNDEFINED) if end is None else self.value(self.here(end)) for end in ends]
        return End(like, values, [begin for begin, _ in pairs])

    def _rebound(self, node: ast.For | ast.While) -> list[str]:
        """The names that a loop gives new values to, in order.

        Not an array of which `+=` and the like change what it holds; what may have been written under another name is
        nothing that a step could read.
        """
        names = self.frame.names
        bound = set(stored_in(node, augmented=False))
        stored = [n for n in stored_in(node) if n in bound or not _is_array(names.get(n))]
        for name in stored:
            leaves = parts(self.resolved(names[name])) if name in names else []
            arrays = (self.place(t.value).root for t in leaves if isinstance(t, Computed))
            if any(x in self.doubts for x in (*arrays, *map(self.cell_of, leaves))):
                del names[name]
        return stored


def slotted(program: Any, term: Term, name: str) -> tuple[Term, list[Term | None]]:
    """A term that a loop may replace, with slots, and what is in them: containers are taken to stay what they are."""
    found: list[Term | None] = []

    def go(t: Term) -> Term:
        if program.cell_of(t) is not None:
            return t
        if isinstance(t, Sequence):
            return Joint(ast.Constant(None), t.kind, list(map(go, t.items)), t.keys)
        found.append(t)
        return Slot(ast.Constant(None), place=len(found) - 1, word=name)

    return go(term), found


def words(like: Term, name: str | Cell) -> list[str]:
    """What the slots of a term are called."""
    whole = name.word if isinstance(name, Cell) else name
    return [slot.word or whole for slot in slots(like)]


def origins_in(like: Term) -> list[frozenset[Cell]]:
    """What the containers in a joined term may be."""
    found = [] if like.cell is None else [like.cell.origins]
    for item in like.items if isinstance(like, Joint) else ():
        found += origins_in(item)
    return found


def _length(term: Term) -> int | None:
    """How long a list is whose items are known one by one."""
    known = as_known(term)
    return None if known is None else len(known)


class Turned(Sides):
    """Joins what a loop finds in the names and containers with what its step makes of them.

    What the steps make is another container each time; two names that get the same one do so in every step. tokens:
    what stands for such containers, one for each place where one is handed on.
    """

    def __init__(self, program: Any, contents: Any, of: Round):
        super().__init__(program, contents, of.mark)
        self.tokens, self.made = of.tokens, dict[Cell, Cell]()

    def both(self, cells: tuple[Cell | None, ...], like: Term | None) -> Cell:
        begin, end = cells
        before = like.cell if like is not None else None
        token = Cell() if before is None or before.token is None else before.token
        self.tokens.add(token)
        origins = {*(() if begin is None else begin.origins), *(() if before is None else before.origins)}
        for origin in () if end is None else end.origins:
            old = origin.number < self.mark or origin in self.tokens
            origins.add(origin if old else self.made.setdefault(origin, token))
        made = Cell(origins)
        made.word, made.token = (begin or end).word, token  # type: ignore[union-attr]
        made.loose = any(c is not None and c.loose for c in (*cells, before))
        made.nothing = any(c is not None and c.nothing for c in (*cells, before))
        self.program.joined.append(made)
        return made


def _is_array(term: Term | None) -> bool:
    """Whether a name surely shows an array that has axes."""
    return isinstance(term, Computed) and bool(term.value.type.ndim) and term.value.type.kind != "object"


def _depends_on(d: Size, names: set[str]) -> bool:
    return isinstance(d, Dim) and not d.names.isdisjoint(names)


def _plain(t: Type) -> Type:
    """The type of something that changes from step to step."""
    return t.but(size=None)
