"""Reading comprehensions: a loop that collects a list, or where the items are known one by one, a list written out."""

from __future__ import annotations

import ast
from typing import Any

from ..calls import size_of
from ..graph import Graph, Value
from ..loops import add_loop
from ..rules.lists import item_type, length_of
from ..sequences import each, list_of
from ..shapes import Dim, ShapeVar
from ..syntax import display
from ..terms import Computed, Ref, Static, Term, sequence
from .through import Through, Way


class Comprehensions(Through):
    """The part of a `Program` that reads comprehensions."""

    def comprehension(self, node: ast.ListComp | ast.GeneratorExp) -> Term:
        """The list that a comprehension makes. Raises UnsupportedError where it cannot be followed."""
        [generator] = node.generators
        way = self.way(generator.iter)
        ways = [
            (lambda: self._written_out(node, way)) if one_by_one else (lambda: self._collected(node, way))
            for one_by_one in self.plans(way, size_of(node.elt))
        ]
        return self.first_that_works(ways)  # type: ignore[no-any-return]

    def _written_out(self, node: ast.ListComp | ast.GeneratorExp, way: Way) -> Term:
        """Each item on its own."""
        items: list[Term] = []
        outer = self.frame.names
        for item in self.one_by_one(way):
            self.frame.names = dict(outer)
            self.give(node.generators[0].target, item)
            items.append(self.read(node.elt))
        self.frame.names = outer
        if all(isinstance(t, Static) for t in items):
            return Static(display(list, [t.ast for t in items]), [t.obj for t in items])  # type: ignore[attr-defined]
        return sequence(list, items)

    def _collected(self, node: ast.ListComp | ast.GeneratorExp, way: Way) -> Term:
        """A loop that collects the items."""
        through: list[Value] = []
        header = self.header(way, through)
        uneven = self.uneven(way, through)
        outer, loops, versions = self.frame.names, self.frame.loops, dict(self.versions)
        graph = Graph("", self.graph.facts)
        self.frame.names, self.frame.loops = dict(outer), loops + 1
        try:
            with self.inside(graph):
                items = [Value(graph, item_type(graph.facts, v)) for v in through]
                graph.params += items
                for item, v in zip(items, through, strict=True):
                    item.held = [v]
                self.assign(node.generators[0].target, self.found(header, items))
                inside = dict(self.frame.names)
                for name, term in inside.items():
                    if isinstance(term, Computed) and term.value in items:
                        term.value.hint = name
                made = self.value(self.here(self.read(node.elt)))
                if self.frame.names != inside:
                    raise self.error("a name is bound inside a comprehension", node, "bind it in a loop")
                if self.versions != versions:
                    raise self.error("an array is written inside a comprehension", node, "write it in a loop")
                graph.results = [made]
        finally:
            self.frame.names, self.frame.loops = outer, loops
        first = next(v for v in through if v.node is None or v.node.op.name != "steps_of")
        length = Dim.fresh() if uneven else length_of(first.type)
        kind = list_of(each(made.type, stays_in(graph)), length)
        expression = "generator" if isinstance(node, ast.GeneratorExp) else "list"
        node_made = add_loop(self.graph, through, [], graph, [kind], header, uneven, expression)
        return Computed(Ref(node_made.out), node_made.out)


def stays_in(graph: Graph) -> Any:
    """Whether a shape, or the name of a size, that is not known is the same at all steps of a loop's body."""
    shapes = [v.type.shape for v in graph.captured]
    sizes = [d for shape in shapes if not isinstance(shape, ShapeVar) for d in shape if isinstance(d, Dim)]
    names = {name for d in sizes for name in d.names}
    return lambda x: x in names if isinstance(x, str) else any(shape is x for shape in shapes)
