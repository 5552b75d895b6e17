"""Reading comprehensions: a loop that collects a list, or where the items are known one by one, a list written out."""

from __future__ import annotations

import ast
from typing import Any

from ..calls import size_of
from ..graph import PRIMITIVES, Graph, Value
from ..loops import add_loop
from ..rules.lists import item_type, length_of
from ..sequences import each, list_of
from ..shapes import Dim, ShapeVar
from ..syntax import display, literal
from ..terms import Computed, Ref, Sequence, Static, Term, is_changeable, sequence
from .cells import is_fresh
from .rewriting import as_added, as_appended, as_folded, as_loops, name
from .through import Through, Way

MAPPED, LISTED = "<mapped>", "<listed>"
"""A function and a list that have no name of the user's."""


class Comprehensions(Through):
    """The part of a `Program` that reads comprehensions."""

    def comprehension(self, node: ast.ListComp | ast.GeneratorExp) -> Term:
        """The list that a comprehension makes. Raises UnsupportedError where it cannot be followed."""
        if len(node.generators) > 1 or node.generators[0].ifs or node.generators[0].is_async:
            return self._by_statements(node)
        [generator] = node.generators
        way = self.way(generator.iter)
        plans = self.plans(way, size_of(node.elt))
        or_else = True in plans
        ways = [
            (lambda: self._written_out(node, way)) if one_by_one else (lambda: self._collected(node, way, or_else))
            for one_by_one in plans
        ]
        return self.first_that_works(ways)  # type: ignore[no-any-return]

    # ---- in other words

    def comprehended(self, node: ast.ListComp | ast.GeneratorExp) -> Term:
        """A comprehension is followed; where that cannot be, it may still be one that carries no derivative."""
        return self.or_else(lambda: self.comprehension(node), lambda: self.opaque_expression(node))  # type: ignore[no-any-return]

    def folded(self, node: ast.Call, args: list[Term]) -> Term:
        """`functools.reduce(f, ...)`: a loop, or where the items are known one by one, calls."""
        items = self.items_of(args[1])
        if items is not None:
            rest = [*args[2:], *items]
            if not rest:
                raise self.error("there is nothing to reduce", node)
            total = rest[0]
            for item in rest[1:]:
                tree = ast.Call(args[0].ast, [total.ast, item.ast], [])
                total = self.call_known(args[0], [total, item], {}, tree, node)
            return total
        word, names = self.free_word("folded"), dict(self.frame.names)
        begin, through = args[-1], args[1]
        if len(args) == 2:
            begin, through = self._item_at(args[1], 0, node), self._item_at(args[1], slice(1, None), node)
        self.frame.names |= {MAPPED: args[0], LISTED: through}
        self.bind(word, begin)
        return self.result_of([as_folded(word, MAPPED, self.free_word("item"), name(LISTED), node)], word, names)

    def _item_at(self, base: Term, index: Any, node: ast.expr) -> Term:
        """An item or a part of what is gone through."""
        tree = literal(index)
        assert tree is not None
        made = ast.Subscript(base.ast, tree, ast.Load())
        return self.apply(PRIMITIVES["getitem"], [base, Static(tree, index)], {}, made, node)

    def added_up(self, node: ast.Call) -> Term:
        """`sum(...)` of a comprehension with conditions or several loops; what cannot be followed is passed on."""
        return self.or_else(lambda: self._added_up(node), lambda: self.opaque_expression(node))  # type: ignore[no-any-return]

    def _added_up(self, node: ast.Call) -> Term:
        comprehension: Any = node.args[0]
        word, names = self.free_word("total"), dict(self.frame.names)
        start = self.read(node.args[1]) if len(node.args) > 1 else Static(ast.Constant(0), 0)
        self.bind(word, start)
        return self.result_of([as_loops(comprehension, [as_added(word, comprehension.elt)])], word, names)

    def _by_statements(self, node: ast.ListComp | ast.GeneratorExp) -> Term:
        """A list that grows in loops."""
        if any(generator.is_async for generator in node.generators):
            raise self.error("an asynchronous comprehension cannot be followed", node)
        word, names = self.free_word("items"), dict(self.frame.names)
        self.frame.names[word] = self.made_here(Static(ast.List([], ast.Load()), []))
        return self.result_of([as_loops(node, [as_appended(word, node.elt)])], word, names)

    def result_of(self, statements: list[ast.stmt], word: str, names: dict[str, Term]) -> Term:
        """What statements that stand for an expression leave under a name; what they bind is known to them alone."""
        saved = self.statement
        try:
            self.block(statements)
            return self.here(self.frame.names[word])
        finally:
            self.frame.names.clear()
            self.frame.names.update(names)
            self.statement = self.graph.origin = saved

    def free_word(self, word: str) -> str:
        """A name that the function does not use."""
        taken = {n.id for n in ast.walk(self.frame.function.node) if isinstance(n, ast.Name)} | self.frame.names.keys()
        free, k = word, 1
        while free in taken:
            free, k = f"{word}_{k}", k + 1
        return free

    def _written_out(self, node: ast.ListComp | ast.GeneratorExp, way: Way) -> Term:
        """Each item on its own."""
        items: list[Term] = []
        outer = self.frame.names
        for item in self.one_by_one(way):
            self.frame.names = dict(outer)
            self.give(node.generators[0].target, item)
            items.append(self.read(node.elt))
        self.frame.names = outer
        if all(isinstance(t, Static) for t in items) and not any(map(is_fresh, items)):
            known = Static(display(list, [t.ast for t in items]), [t.obj for t in items])  # type: ignore[attr-defined]
            return self.made_here(known)
        return sequence(list, list(map(self.one_array, items)))

    def _collected(self, node: ast.ListComp | ast.GeneratorExp, way: Way, or_else: bool) -> Term:
        """A loop that collects the items. or_else: whether they may be read one by one instead."""
        through: list[Value] = []
        header = self.header(way, through)
        uneven = self.uneven(way, through)
        outer, loops, memory = self.frame.names, self.frame.loops, self.memory()
        graph = Graph("", self.graph.facts)
        self.frame.names, self.frame.loops = dict(outer), loops + 1
        try:
            with self.inside(graph):
                items = [Value(graph, item_type(graph.facts, v)) for v in through]
                graph.params += items
                for item, v in zip(items, through, strict=True):
                    item.held = [v]
                self.assign(node.generators[0].target, self.found(header, items, way))
                inside = dict(self.frame.names)
                for name, found in inside.items():
                    if isinstance(found, Computed) and found.value in items:
                        found.value.hint = name
                term = self.read(node.elt)
                listed = isinstance(term, Static) or isinstance(term, Sequence) and is_changeable(term.kind)
                if listed and or_else:
                    raise self.error("the items of this list may be changed, and are to be known one by one", node)
                made = self.value(self.here(term))
                if self.frame.names != inside:
                    raise self.error("a name is bound inside a comprehension", node, "bind it in a loop")
                if self.versions != memory.versions:
                    raise self.error("an array is written inside a comprehension", node, "write it in a loop")
                if self.contents != memory.contents:
                    raise self.error("a container is changed inside a comprehension", node, "do it in a loop")
                graph.results = [made]
        finally:
            self.frame.names, self.frame.loops = outer, loops
        first = next(v for v in through if v.node is None or v.node.op.name != "steps_of")
        length = Dim.fresh() if uneven else length_of(first.type)
        kind = list_of(each(made.type, stays_in(graph)), length)
        expression = "generator" if isinstance(node, ast.GeneratorExp) else "list"
        node_made = add_loop(self.graph, through, [], graph, [kind], header, uneven, expression)
        return self.made_of(Computed(Ref(node_made.out), node_made.out))  # type: ignore[no-any-return]


def stays_in(graph: Graph) -> Any:
    """Whether a shape, or the name of a size, that is not known is the same at all steps of a loop's body."""
    shapes = [v.type.shape for v in graph.captured]
    sizes = [d for shape in shapes if not isinstance(shape, ShapeVar) for d in shape if isinstance(d, Dim)]
    names = {name for d in sizes for name in d.names}
    return lambda x: x in names if isinstance(x, str) else any(shape is x for shape in shapes)
