"""What a loop or a comprehension goes through: arrays, lists and ranges, in step, counted, or from their end.

Where all items are known one by one, as in `for W, b in [(W1, b1), (W2, b2)]`, the body may be read once for each.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..graph import PRIMITIVES, Value
from ..shapes import ShapeVar
from ..syntax import literal
from ..terms import Closure, Computed, Ref, Sequence, Static, Term, flatten, outline, sequence
from .flow import Flow

UNROLLED = 400
"""How much may become of a loop whose body is read once for each item, in nodes of the syntax tree (some 30 lines)."""


@dataclass(eq=False)
class Way:
    """How something is gone through. kind: "items" of a term, "range", "zip", "enumerate" or "reversed".

    terms: the bounds of a range, or where counting starts. parts: what is gone through in step, counted or reversed.
    """

    kind: str
    at: ast.expr
    terms: list[Term] = field(default_factory=list)
    parts: list[Way] = field(default_factory=list)
    strict: bool = False


class Through(Flow):
    """The part of a `Program` that reads what is gone through."""

    def way(self, node: ast.expr) -> Way:
        """How a loop over an expression goes."""
        plain = isinstance(node, ast.Call) and not any(isinstance(a, ast.Starred) for a in node.args)
        if isinstance(node, ast.Call) and plain:
            named = {k.arg: k.value for k in node.keywords}
            callee = self.read(node.func) if isinstance(node.func, ast.Name) else None
            obj = callee.obj if isinstance(callee, Static) else None
            args = node.args
            if obj is range and not named:
                return Way("range", node, [self.read(a) for a in args])
            if obj is enumerate and args and not named.keys() - {"start"}:
                starts = [*args[1:], *named.values()]
                first = self.read(starts[0]) if starts else Static(ast.Constant(0), 0)
                return Way("enumerate", node, [first], [self.way(args[0])])
            if obj is zip and args and not named.keys() - {"strict"}:
                strict = self.read(named["strict"]) if named else None
                sure = isinstance(strict, Static) and bool(strict.obj)
                return Way("zip", node, [], [self.way(a) for a in args], sure)
            if obj is reversed and len(args) == 1 and not named:
                return Way("reversed", node, [], [self.way(args[0])])
            if obj in (list, tuple) and len(args) == 1 and not named and isinstance(args[0], ast.Call):
                return self.way(args[0])
        if isinstance(node, ast.Call) and not node.args and isinstance(node.func, ast.Attribute):
            base, view = self.read(node.func.value), node.func.attr
            if view in ("items", "keys", "values") and isinstance(base, Static) and isinstance(base.obj, dict):
                tree = ast.Call(ast.Attribute(base.ast, view, ast.Load()), [], [])
                return Way("items", node, [Static(tree, list(getattr(base.obj, view)()))])
            if view in ("items", "keys", "values") and isinstance(base, Sequence) and base.kind is dict:
                keys = keys_of(base)
                pairs: list[Term] = [sequence(tuple, [k, v]) for k, v in zip(keys, base.items, strict=True)]
                return Way("items", node, [sequence(tuple, {"items": pairs, "keys": keys, "values": base.items}[view])])
        return Way("items", node, [self.read(node)])

    # ---- as a loop

    def header(self, way: Way, through: list[Value], backwards: bool = False) -> Any:
        """How a loop goes through its items, see `Loop`; what it goes through is appended to `through`.

        Raises UnsupportedError where it goes through what is no array and no list of values.
        """
        if way.kind == "reversed":
            return self.header(way.parts[0], through, not backwards)
        if way.kind == "enumerate" and backwards:
            inner = self.header(way.parts[0], through, backwards)
            if isinstance(inner, tuple):
                raise self.error("a loop over this cannot be followed", way.at, "go through `range` from the end")
            count = self.graph.add(PRIMITIVES["steps_of"], [through[inner], self.value(way.terms[0])]).out
            through.append(self.graph.add(PRIMITIVES["flipped"], [count]).out)
            return ("zip", len(through) - 1, inner)
        if way.kind == "enumerate":
            place = len(through)
            through.append(None)  # type: ignore[arg-type]
            inner = self.header(way.parts[0], through)
            through[place] = self.graph.add(PRIMITIVES["steps_of"], [through[place + 1], self.value(way.terms[0])]).out
            return ("enumerate", place, inner)
        if way.kind == "zip":
            if backwards and self.uneven(way, [self._value(part) for part in way.parts]):
                raise self.error("what is zipped is not known to be equally long", way.at, "declare the shapes")
            return ("zip", *(self.header(part, through, backwards) for part in way.parts))
        value = self._value(way)
        through.append(self.graph.add(PRIMITIVES["flipped"], [value]).out if backwards else value)
        return len(through) - 1

    def _value(self, way: Way) -> Value:
        """The array, list or range that is gone through."""
        if way.kind == "range":
            made = self.graph.add(PRIMITIVES["range"], [self.value(t) for t in way.terms])
            call = ast.Call(ast.Name("range", ast.Load()), [t.ast for t in way.terms], [])
            return self.written(made, call).value
        if way.kind != "items":
            raise self.error("a loop over this cannot be followed", way.at)
        term = way.terms[0]
        other = isinstance(term, Sequence) and not issubclass(term.kind, (tuple, list))
        if other or not is_data(term) or not uniform(self.steps(way)):
            raise self.error("a loop over this cannot be followed", way.at)
        value = self.value(self.here(term))
        if (value.type.kind == "object" or value.type.scalar) and not value.type.sequence:
            raise self.error("a loop over this cannot be followed", way.at)
        return value

    def uneven(self, way: Way, through: list[Value]) -> bool:
        """Whether one of the things that are gone through in step may be longer than another."""
        lengths = [None if isinstance(v.type.shape, ShapeVar) or not v.type.shape else v.type.shape[0] for v in through]
        same = all(n is not None and self.graph.facts.same(n, lengths[0]) for n in lengths)  # type: ignore[arg-type]
        return not (same or _in_step(way))

    def found(self, header: Any, items: list[Value]) -> Term:
        """What a step finds, as the target of the loop unpacks it."""
        if isinstance(header, int):
            return Computed(Ref(items[header]), items[header])
        parts = [self.found(part, items) for part in header[1:]]
        return Sequence(ast.Tuple([part.ast for part in parts], ast.Load()), tuple, parts)

    # ---- one by one

    def one_by_one(self, way: Way) -> list[Term]:
        """The items. Raises UnsupportedError where they are not known one by one."""
        items = self.steps(way)
        if items is None:
            raise self.error("a loop over this cannot be followed", way.at)
        return items

    def steps(self, way: Way) -> list[Term] | None:
        """The items, where they are known one by one."""
        if way.kind == "range":
            bounds = [t.obj for t in way.terms if isinstance(t, Static)]
            if len(bounds) < len(way.terms):
                return None
            return [number(i) for i in range(*bounds)]
        if way.kind == "items":
            return self.items_of(way.terms[0])
        lists = [self.steps(part) for part in way.parts]
        if way.kind == "reversed":
            return None if lists[0] is None else lists[0][::-1]
        if way.kind == "enumerate":
            [start] = way.terms
            if lists[0] is None or not isinstance(start, Static):
                return None
            return [sequence(tuple, [number(start.obj + i), item]) for i, item in enumerate(lists[0])]
        known = [len(items) for items in lists if items is not None]
        if not known:
            return None
        pairs = zip(lists, way.parts, strict=True)
        whole = [self._taken(part, min(known)) if items is None else items for items, part in pairs]
        if any(items is None for items in whole):
            return None
        return [sequence(tuple, list(items)) for items in zip(*whole, strict=False)]

    def items_of(self, term: Term) -> list[Term] | None:
        if isinstance(term, Sequence):
            return keys_of(term) if term.kind is dict else term.items if issubclass(term.kind, (tuple, list)) else None
        if isinstance(term, Static) and isinstance(term.obj, (tuple, list, str, dict, range)):
            return self.known_items(term)
        return None

    def _taken(self, way: Way, count: int) -> list[Term] | None:
        """The first items of an array or a list that surely has so many."""
        if way.kind != "items" or not isinstance(way.terms[0], Computed):
            return None
        value = way.terms[0].value
        length = None if isinstance(value.type.shape, ShapeVar) or not value.type.shape else value.type.shape[0]
        if not isinstance(length, int):
            return None
        return self.unpacked(self.value(self.here(way.terms[0])), min(count, length), way.at)

    def give(self, target: ast.expr, term: Term) -> None:
        """Let the target of a loop mean an item; a number that is known stays known."""
        if isinstance(target, ast.Name) and isinstance(term, Static):
            self.frame.names[target.id] = term
        elif isinstance(target, (ast.Tuple, ast.List)) and isinstance(term, (Sequence, Static)):
            items = self.items_of(term)
            if items is None or len(items) != len(target.elts) or any(isinstance(t, ast.Starred) for t in target.elts):
                self.assign(target, term)
                return
            for part, item in zip(target.elts, items, strict=True):
                self.give(part, item)
        else:
            self.assign(target, term)

    def assign(self, target: ast.expr, term: Term) -> None:
        raise NotImplementedError

    # ---- which of the two

    def plans(self, way: Way, size: int) -> list[bool]:
        """How a loop may be read, the better way first: True for once for each item, False for a loop.

        size: of what is read each time, in nodes of the syntax tree.
        """
        if _goes_through_values(way):
            return [False, True] if way.kind != "items" else [False]
        items = self.steps(way)
        if items is None:
            return [False]
        if not uniform(items):
            return [True]
        if len(items) * size > UNROLLED:
            return [False, True] if way.kind != "range" else [False]
        layers = any(isinstance(leaf, Computed) for item in items for leaf in flatten(item))
        return [True, False] if layers else [False, True]

    def first_that_works(self, plans: list[Callable[[], Any]]) -> Any:
        """What the first of several ways to read something gives that does not raise; else the first one's error."""
        names, statement, count = self.frame.names, self.statement, len(self.graph.nodes)
        versions, doubts = dict(self.versions), dict(self.doubts)
        first: SyntaxError | None = None
        for plan in plans:
            self.frame.names = dict(names)
            try:
                made = plan()
            except SyntaxError as error:
                first = first or error
                self.statement = self.graph.origin = statement
                self.versions, self.doubts = dict(versions), dict(doubts)
                del self.graph.nodes[count:]
            else:
                names.clear()
                names.update(self.frame.names)
                return made
            finally:
                self.frame.names = names
        assert first is not None
        raise first


def number(i: int) -> Static:
    """An integer as a term."""
    return Static(literal(i) or ast.Constant(i), i)


def keys_of(term: Sequence) -> list[Term]:
    """The keys of a dict."""
    return [Static(literal(key) or ast.Constant(None), key) for key in term.keys]


def is_data(term: Term) -> bool:
    """Whether all in it are values, or numbers that are known."""
    return not any(
        isinstance(leaf, Closure) or isinstance(leaf, Static) and callable(leaf.obj) for leaf in flatten(term)
    )


def uniform(items: list[Term] | None) -> bool:
    """Whether items that are known one by one may become items of one kind: numbers and values, in one structure."""
    if items is None:
        return True
    numbers = all(
        isinstance(leaf, Computed) or isinstance(leaf, Static) and _is_numeric(leaf.obj)
        for item in items
        for leaf in flatten(item)
    )
    return bool(items) and numbers and len({str(outline(item)) for item in items}) == 1


def _is_numeric(x: Any) -> bool:
    """Whether an object is a number, an array, or a tuple of them."""
    if isinstance(x, (tuple, list)):
        return all(map(_is_numeric, x))
    return not (callable(x) or isinstance(x, (str, bytes, dict, set, type(None))))


def _goes_through_values(way: Way) -> bool:
    """Whether an array or the like is among what is gone through."""
    own = way.kind == "items" and isinstance(way.terms[0], Computed)
    return own or any(map(_goes_through_values, way.parts))


def _in_step(way: Way) -> bool:
    """Whether nothing is zipped that may be of different lengths, or Python itself sees to that."""
    return (way.kind != "zip" or way.strict or len(way.parts) == 1) and all(map(_in_step, way.parts))
