"""Reading expressions: each becomes a term, and what computes becomes a node with the user's syntax."""

from __future__ import annotations

import ast
from typing import Any

from ..branches import add_branch
from ..constants import const_type
from ..control import UNDEFINED
from ..graph import Graph
from ..sequences import join_types
from ..syntax import literal
from ..terms import Cell, Closure, Computed, Method, Ref, Sequence, Static, Term, may_be_none, sequence
from .cells import is_fresh
from .decide import decided, looked_at, shortened, truth
from .invoking import Invoking
from .looks import UNKNOWN, known_object
from .rewriting import as_choice
from .sides import Differ, Pair, Sides, filled


class Expressions(Invoking):
    """The part of a `Program` that reads expressions."""

    def read(self, node: ast.expr) -> Term:
        """The term that an expression denotes. Long chains of one operator are read without recursion."""
        if isinstance(node, ast.BinOp):
            spine = []
            while isinstance(node, ast.BinOp):
                spine.append(node)
                node = node.left
            term = self.read(node)
            for parent in reversed(spine):
                term = self.binary(parent, term, self.read(parent.right))
            return term
        match node:
            case ast.Constant():
                term = self.constant(node)
            case ast.Name():
                term = self.lookup(node)
            case ast.Attribute():
                term = self.attribute(node)
            case ast.Subscript():
                term = self.subscript(node)
            case ast.Call():
                term = self.call(node)
            case ast.UnaryOp():
                term = self.unary(node)
            case ast.Compare():
                term = self.compare(node)
            case ast.Tuple():
                term = self._display(tuple, node.elts)
            case ast.List():
                term = self._display(list, node.elts)
            case ast.Set():
                term = self._set(node)
            case ast.Dict():
                term = self._dict(node)
            case ast.BoolOp():
                rest = shortened(self, node)
                if isinstance(rest, ast.BoolOp) and self._are_values(rest):
                    rest = as_choice(rest)
                term = self.opaque_expression(rest) if isinstance(rest, ast.BoolOp) else self.read(rest)
            case ast.IfExp():
                term = self._conditional(node)
            case ast.NamedExpr():
                term = self._named(node)
            case ast.ListComp():
                term = self.comprehended(node)
            case ast.DictComp():
                term = self.dict_comprehension(node)
            case ast.JoinedStr() if (text := self._known_text(node)) is not None:
                term = Static(ast.Constant(text), text)
            case ast.Lambda():
                term = Closure(node, node, self.frame, self.read_defaults(node))
            case _:
                term = self.opaque_expression(node)
        return self.opaque_term(term.ast, node) if isinstance(term, Method) else term

    def _known_text(self, node: ast.JoinedStr) -> str | None:
        """An f-string all parts of which are known; None for any other."""
        text = ""
        for part in node.values:
            if isinstance(part, ast.Constant):
                text += str(part.value)
                continue
            assert isinstance(part, ast.FormattedValue)
            term = looked_at(self, part.value)
            obj = UNKNOWN if term is None else known_object(term)
            if not isinstance(obj, (str, int)) or part.conversion != -1 or part.format_spec is not None:
                return None
            text += f"{obj}"
        return text

    def _display(self, kind: type, elements: list[ast.expr]) -> Term:
        """A tuple or list written out; `[*xs, ...]` of a list of unknown length is a list that begins as that one."""
        items: list[Term] = []
        begin: Term | None = None
        for i, element in enumerate(elements):
            if isinstance(element, ast.Starred):
                inner = self.read(element.value)
                if isinstance(inner, Sequence):
                    items += inner.items
                    continue
                copied: Term | None = None
                if i == 0 and kind is list and isinstance(inner, Computed):
                    tree = ast.Call(ast.Name("list", ast.Load()), [inner.ast], [])
                    copied = self.as_list_of(list, inner, tree, element)
                if copied is None:
                    return self.with_stars(kind, elements)
                if isinstance(copied, Sequence):
                    items = list(copied.items)
                else:
                    begin = copied
                continue
            items.append(self.read(element))
        if begin is not None:
            if items:
                self.grow(begin, items, elements[0])
            return begin
        if kind is list and any(map(is_fresh, items)):  # which may be written later
            items = list(map(self.one_array, items))
        made = sequence(kind, items)
        if all(isinstance(t, Static) for t in items):
            known = Static(made.ast, kind(t.obj for t in items))  # type: ignore[attr-defined]
            return self.made_here(known) if kind is list else known
        return made

    def _set(self, node: ast.Set) -> Term:
        """A set written out; one of which an item is not known is not looked into."""
        items = [looked_at(self, element) for element in node.elts]
        if not all(isinstance(t, Static) and literal(t.obj) is not None for t in items):
            return self.opaque_expression(node)
        return Static(ast.Set([t.ast for t in items]), {t.obj for t in items})  # type: ignore[union-attr]

    def _dict(self, node: ast.Dict) -> Term:
        """A dict written out whose keys are known; one without a value of the graph in it is not looked into."""
        found: dict[Any, Term] = {}
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                inner = self.pairs_in(self.read(value), node)
            else:
                plain = isinstance(key, (ast.Constant, ast.Name, ast.Attribute))
                term = self.read(key) if plain else looked_at(self, key)
                if not isinstance(term, Static) or literal(term.obj) is None:
                    return self.opaque_expression(node)
                inner = {term.obj: self.read(value)}
            if inner is None:
                return self.opaque_expression(node)
            found |= inner
        plain = all(isinstance(key, ast.Constant) for key in node.keys)
        if not plain and all(isinstance(t, Static) for t in found.values()):
            return self.opaque_expression(node)
        return sequence(dict, list(map(self.one_array, found.values())), tuple(found))

    def test(self, node: ast.expr) -> Term:
        """A condition; True or False where the answer is known."""
        known = decided(self, node)
        if known is None:
            self.undecided(node)
        if known is None and isinstance(node, ast.BoolOp):
            rest = shortened(self, node)
            return self.opaque_expression(rest) if isinstance(rest, ast.BoolOp) else self.test(rest)
        if known is not None:
            return truth(known)
        term = self.read(node)
        return self.none_test(term, ast.IsNot(), node) if may_be_none(term) else term

    def _are_values(self, node: ast.BoolOp) -> bool:
        """Whether the operands of `and`, `or` are numbers, one of which is what it gives; all but the last are asked
        twice, so they must do nothing."""
        if any(isinstance(part, (ast.Call, ast.NamedExpr)) for v in node.values[:-1] for part in ast.walk(v)):
            return False
        terms = [self.read(value) for value in node.values[:-1]]
        kinds = [t.value.type.kind for t in terms if isinstance(t, Computed)]
        return bool(kinds) and all(kind in ("float", "number", "int") for kind in kinds)

    def _conditional(self, node: ast.IfExp) -> Term:
        """`x if c else y`: a side that cannot be taken is not read."""
        test = self.test(node.test)
        if isinstance(test, Static):
            return self.read(node.body if test.obj else node.orelse)
        condition, mark = self.value(test), Cell().number
        arms = [self._arm(part) for part in (node.body, node.orelse)]
        first, second = (term for _, term in arms)
        if isinstance(first, Static) and isinstance(second, Static):
            tree = ast.IfExp(test.ast, first.ast, second.ast)
            types = (const_type(first.obj), const_type(second.obj))
            return self.opaque_term(tree, node, join_types(self.graph.facts, *types))
        pairs: list[Pair] = []
        try:
            joined = Sides(self, (self.contents, self.contents), mark).join(first, second, pairs)
            if any(None in pair for pair in pairs):
                raise Differ
        except Differ:
            what = "the two sides differ in their tuples or lists"
            raise self.error(what, node, "give both the same structure") from None
        for place, (graph, _) in enumerate(arms):
            with self.inside(graph):
                leaves = [pair[place] for pair in pairs]
                graph.results = [graph.const(UNDEFINED) if t is None else self.value(self.here(t)) for t in leaves]
        if not pairs:
            return self.here(joined)
        made = add_branch(self.graph, condition, [graph for graph, _ in arms], expression=True)
        return filled(joined, [Computed(Ref(v), v) for v in made.outputs])

    def _arm(self, node: ast.expr) -> tuple[Graph, Term]:
        """One side of a conditional expression, read into a graph of its own."""
        before, memory = dict(self.frame.names), self.memory()
        with self.inside(Graph("", self.graph.facts)) as graph:
            term = self.read(node)
        if self.frame.names != before:
            raise self.error("a name is bound inside a conditional expression", node, "bind it in a statement before")
        if self.contents != memory.contents or self.versions != memory.versions:
            what = "something is written inside a conditional expression"
            raise self.error(what, node, "write an `if` statement instead")
        return graph, term

    def _named(self, node: ast.NamedExpr) -> Term:
        """`(name := x)`."""
        term = self.read(node.value)
        self.bind(node.target.id, term)
        return self.read(node.target)

    def read_defaults(self, node: ast.FunctionDef | ast.Lambda) -> dict[str, Term]:
        """The defaults of a function that is defined here, which are read now and not when it is called."""
        return {name: self.read(default) for name, default in defaults(node.args).items()}


def defaults(spec: ast.arguments) -> dict[str, ast.expr]:
    """The defaults of parameters, by name."""
    names = [p.arg for p in [*spec.posonlyargs, *spec.args]]
    found = dict(zip(names[len(names) - len(spec.defaults) :], spec.defaults, strict=True))
    return found | {p.arg: d for p, d in zip(spec.kwonlyargs, spec.kw_defaults, strict=True) if d is not None}
