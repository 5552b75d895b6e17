"""What a loop or a comprehension goes through: arrays, lists and ranges, in step, counted, or from their end.

Where all items are known one by one, as in `for W, b in [(W1, b1), (W2, b2)]`, the body may be read once for each.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from ..graph import OPAQUE, PRIMITIVES, Value
from ..sequences import list_of, sequence_type
from ..shapes import Dim, ShapeVar, Type
from ..syntax import literal
from ..terms import Cell, Closure, Computed, Ref, Sequence, Static, Term, flatten, outline, sequence
from .cells import outermost
from .combined import ENDLESS, Combination, combination, may_be_used_up
from .containers import keys_of
from .flow import Flow
from .special import own
from .writers import writes_names

UNROLLED = 400
"""How much may become of a loop whose body is read once for each item, in nodes of the syntax tree (some 30 lines)."""


@dataclass(eq=False)
class Way:
    """How something is gone through. kind: "items" of a term, "range", "zip", "enumerate", "reversed", or "combined" by
    a function of `itertools`.

    terms: the bounds of a range, or where counting starts. parts: what is gone through in step, counted, reversed or
    combined. by: the function that combines, and options: what else it is given. view: "items", "keys" or "values" of a
    dict. listed: whether the items were made before the loop began, where Python makes each in its step. rows: the
    array whose rows are written, which are found by their places; counted: whether these are found too.
    """

    kind: str
    at: ast.expr
    terms: list[Term] = field(default_factory=list)
    parts: list[Way] = field(default_factory=list)
    strict: bool = False
    view: str = ""
    rows: Term | None = None
    counted: bool = False
    by: Combination | None = None
    options: dict[str, Term] = field(default_factory=dict)
    listed: bool = False

    @property
    def known(self) -> dict[str, Any] | None:
        """The options of what combines, where they are known."""
        found = {k: t.obj for k, t in self.options.items() if isinstance(t, Static)}
        return found if len(found) == len(self.options) else None

    @property
    def picks(self) -> list[int] | None:
        """Of which part each entry of an item is one; None where an item is no tuple, or nobody knows."""
        return None if self.by is None or self.known is None else self.by.picks(len(self.parts), **self.known)

    def is_listed(self) -> bool:
        """Whether it goes through a list that was made for it."""
        return self.listed or any(part.is_listed() for part in self.parts)


class Through(Flow):
    """The part of a `Program` that reads what is gone through."""

    def way(self, node: ast.expr) -> Way:
        """How a loop over an expression goes."""
        plain = isinstance(node, ast.Call) and not any(isinstance(a, ast.Starred) for a in node.args)
        if isinstance(node, ast.Call) and plain:
            named = {str(k.arg): k.value for k in node.keywords}
            obj = self._called(node.func)
            args = node.args
            if obj is itertools.groupby:
                raise self.error("groups are gone through once, each before the next one", node, "make lists of them")
            if obj in ENDLESS or obj is itertools.repeat and len(args) + len(named) == 1:
                raise self.error("this never ends by itself", node, "count with `enumerate` or `range`")
            by = combination(obj)
            split = by and by.split(args, named)
            if split:
                parts, options = [self.way(a) for a in split[0]], {k: self.read(v) for k, v in split[1].items()}
                return Way("combined", node, [], parts, by=by, options=options)
            if obj is range and not named:
                return Way("range", node, [self.read(a) for a in args])
            if obj is enumerate and args and not named.keys() - {"start"}:
                starts = [*args[1:], *named.values()]
                first = self.read(starts[0]) if starts else Static(ast.Constant(0), 0)
                return Way("enumerate", node, [first], [self.way(args[0])])
            if obj is zip and len(args) == 2 and not named and self._counts_up(args[0]):
                start = [self.read(a) for a in args[0].args] or [number(0)]  # type: ignore[attr-defined]
                return Way("enumerate", node, start, [self.way(args[1])])
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
            kind = base.kind if isinstance(base, Sequence) else type(getattr(base, "obj", None))
            if view in ("items", "keys", "values") and kind is dict:
                return Way("items", node, [base], view=view)
        return Way("items", node, [self.read(node)])

    def _called(self, func: ast.expr) -> Any:
        """What is called, where it is a function that is known by its name, or by that of a module and its own."""
        module = isinstance(func, ast.Attribute) and isinstance(func.value, ast.Name)
        term = self.read(func) if module or isinstance(func, ast.Name) else None
        return term.obj if isinstance(term, Static) else None

    def _counts_up(self, node: ast.expr) -> bool:
        """Whether it is a call of `itertools.count` that counts in steps of one."""
        called = isinstance(node, ast.Call) and len(node.args) < 2 and not node.keywords
        return called and self._called(node.func) is itertools.count  # type: ignore[attr-defined]

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
            t = self._combined_type(way)
            return self._as_list(self._gone_through(way), way, t)
        term = self.source_of(way)
        other = isinstance(term, Sequence) and not issubclass(term.kind, (tuple, list))
        if other or not is_data(term) or not uniform(self.steps(way)):
            raise self.error("a loop over this cannot be followed", way.at)
        value = self.value(self.here(term))
        if (value.type.kind == "object" or value.type.scalar) and not value.type.sequence:
            raise self.error("a loop over this cannot be followed", way.at)
        code = outermost(value).node
        unknown = code is not None and code.op is OPAQUE and value.type == Type(shape=value.type.shape)
        if unknown and may_be_used_up(code):
            return self._as_list(Ref(value), way)
        return value

    def _as_list(self, tree: ast.expr, way: Way, type: Type | None = None) -> Value:
        """A list of what can be gone through once only: the backward pass does so again, from the end."""
        listed = ast.Call(ast.Name("list", ast.Load()), [tree], [])
        return self.opaque_term(listed, way.at, type, effect=True).value

    def _gone_through(self, way: Way) -> ast.expr:
        """The expression of what is gone through; of arrays that are combined, the places in them."""
        if way.kind == "items":
            return self.source_of(way).ast
        if way.kind == "range":
            return Ref(self._value(way))
        if way.kind == "combined":
            assert way.by is not None
            func = self.opaque_syntax(way.at.func)  # type: ignore[attr-defined]
            parts = [
                self._places(part) if self._is_picked(way, part) else self._gone_through(part) for part in way.parts
            ]
            options = [ast.keyword(k, t.ast) for k, t in way.options.items()]
            if way.by.options is not None:
                return ast.Call(func, [*parts, *(k.value for k in options)], [])
            return ast.Call(func, parts, options)
        func = ast.Name(way.kind, ast.Load())
        rest = [t.ast for t in way.terms if not (isinstance(t, Static) and t.obj == 0)]
        named = [ast.keyword("strict", ast.Constant(True))] if way.strict else []
        return ast.Call(func, [*map(self._gone_through, way.parts), *rest], named)

    def _is_picked(self, way: Way, part: Way) -> bool:
        """Whether of a part that is combined the places are gone through: an array may carry a derivative."""
        [term] = part.terms if part.kind == "items" else [None]
        is_array = isinstance(term, Computed) and (bool(term.value.type.ndim) or term.value.type.kind != "object")
        return way.picks is not None and is_array

    def _places(self, part: Way) -> ast.expr:
        """`range(len(x))`."""
        return ast.Call(ast.Name("range", ast.Load()), [self._length_of(part).ast], [])

    def _length_of(self, part: Way) -> Term:
        """`len(x)`."""
        term = self.here(part.terms[0])
        name = ast.Name("len", ast.Load())
        call = ast.Call(name, [term.ast], [])
        return self.call_known(Static(name, len), [term], {}, call, ast.copy_location(call, part.at))

    def by_places(self, way: Way, target: ast.expr, body: list[ast.stmt]) -> Way:
        """How a loop goes that may write the rows of an array which it goes through: by the places of these rows, so
        that each is a part of the array. target, body: of the loop, where names for rows may be written."""
        parts = {"zip": getattr(target, "elts", []), "enumerate": getattr(target, "elts", [])[1:], "reversed": [target]}
        if way.kind == "items":
            term = way.terms[0]
            rows = isinstance(term, Computed) and (term.value.type.ndim or 0) > 1 and term.value.type.of is None
            names = {n.id for n in ast.walk(target) if isinstance(n, ast.Name)}
            if rows and writes_names(ast.Module(body, []), names, self.frame.globals):
                return Way("range", way.at, [self._length_of(way)], rows=term)
            return way
        found = parts.get(way.kind, [])
        if len(found) != len(way.parts):
            return way
        inner = [self.by_places(part, name, body) for part, name in zip(way.parts, found, strict=True)]
        if way.kind == "enumerate" and inner[0].rows is not None and is_zero(way.terms[0]):
            return replace(inner[0], counted=True)
        return replace(way, parts=inner)

    def _combined_type(self, way: Way) -> Type | None:
        """What is known of the list of what a function of `itertools` gives: tuples of integers, or nothing."""
        picks = way.picks
        if picks is None:
            return None
        if not all(self._is_picked(way, part) or _counts(part) for part in way.parts):
            return None
        return list_of(sequence_type(tuple(Type("int", ()) for _ in picks)), Dim.fresh())

    def uneven(self, way: Way, through: list[Value]) -> bool:
        """Whether one of the things that are gone through in step may be longer than another."""
        lengths = [None if isinstance(v.type.shape, ShapeVar) or not v.type.shape else v.type.shape[0] for v in through]
        same = all(n is not None and self.graph.facts.same(n, lengths[0]) for n in lengths)  # type: ignore[arg-type]
        return not (same or _in_step(way))

    def found(self, header: Any, items: list[Value], way: Way) -> Term:
        """What a step finds, as the target of the loop unpacks it."""
        if way.kind == "reversed":
            return self.found(header, items, way.parts[0])
        if isinstance(header, int):
            item = Computed(Ref(items[header]), items[header])
            if way.rows is not None:
                base = self.here(way.rows)
                tree = ast.Subscript(base.ast, item.ast, ast.Load())
                row = self.apply(PRIMITIVES["getitem"], [base, item], {}, tree, way.at)
                return sequence(tuple, [item, row]) if way.counted else row
            picks = way.picks or []
            if not any(self._is_picked(way, way.parts[k]) for k in picks):
                return item
            places = self.unpacked(item.value, len(picks), way.at)
            return sequence(tuple, [self._picked(way, k, at) for k, at in zip(picks, places, strict=True)])
        count = [] if way.kind == "zip" else [Computed(Ref(items[header[1]]), items[header[1]])]
        inner = header[1 + len(count) :]
        parts = [*count, *(self.found(h, items, part) for h, part in zip(inner, way.parts, strict=True))]
        return Sequence(ast.Tuple([part.ast for part in parts], ast.Load()), tuple, parts)

    def _picked(self, way: Way, k: int, at: Term) -> Term:
        """The entry of an item that is one of part k, whose place is known if it is an array."""
        if not self._is_picked(way, way.parts[k]):
            return at
        base = self.here(way.parts[k].terms[0])
        version = self.versions.get(self.place(base.value).root)  # type: ignore[attr-defined]
        if version is not None and version.graph is self.graph:
            raise self.error("what is combined here is written in the loop", way.at, "go through a copy of it")
        return self.apply(PRIMITIVES["getitem"], [base, at], {}, ast.Subscript(base.ast, at.ast, ast.Load()), way.at)

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
            return self.items_of(self.source_of(way))
        lists = [self.steps(part) for part in way.parts]
        if way.kind == "combined":
            return self._combined(way, lists)
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

    def _combined(self, way: Way, lists: list[list[Term] | None]) -> list[Term] | None:
        """What a function of `itertools` gives, where all that it is given is known."""
        pairs = zip(lists, way.parts, strict=True)
        whole = [self._taken(part) if items is None else items for items, part in pairs]
        known = [items for items in whole if items is not None]
        if way.by is None or way.known is None or len(known) < len(whole):
            return None
        found = way.by.items(known, way.known, UNROLLED)
        return found and [item if isinstance(item, Term) else sequence(tuple, list(item)) for item in found]

    def source_of(self, way: Way) -> Term:
        """What is gone through, as it is now."""
        term = self.here(way.terms[0])
        self.refuse_loose(term, way.at)
        if not way.view:
            return term
        if isinstance(term, Static):
            tree = ast.Call(ast.Attribute(term.ast, way.view, ast.Load()), [], [])
            return Static(tree, list(getattr(term.obj, way.view)()))
        assert isinstance(term, Sequence)
        self.refuse_loose(term, way.at)
        keys = keys_of(term)
        pairs: list[Term] = [sequence(tuple, [k, v]) for k, v in zip(keys, term.items, strict=True)]
        return sequence(tuple, {"items": pairs, "keys": keys, "values": term.items}[way.view])

    def cells_of(self, way: Way) -> list[Cell]:
        """The containers that are gone through."""
        found = [self.cell_of(term) for term in way.terms] if way.kind == "items" else []
        return [c for c in found if c is not None] + [c for part in way.parts for c in self.cells_of(part)]

    def items_of(self, term: Term) -> list[Term] | None:
        if isinstance(term, Sequence):
            plain = issubclass(term.kind, (tuple, list)) and own(term, "__iter__") is None
            return keys_of(term) if term.kind is dict else term.items if plain else None
        if isinstance(term, Static) and isinstance(term.obj, (tuple, list, str, dict, range)):
            return self.known_items(term)
        return None

    def _taken(self, way: Way, count: int = UNROLLED) -> list[Term] | None:
        """The first items of an array or a list that surely has so many, or all of them."""
        if way.kind != "items" or not isinstance(way.terms[0], Computed):
            return None
        value = way.terms[0].value
        length = None if isinstance(value.type.shape, ShapeVar) or not value.type.shape else value.type.shape[0]
        if not isinstance(length, int):
            return None
        return self.unpacked(self.value(self.here(way.terms[0])), min(count, length), way.at)

    def give(self, target: ast.expr, term: Term) -> None:
        """Let the target of a loop mean an item; a number that is known stays known."""
        if isinstance(target, ast.Name) and isinstance(term, Static) and self.frame.place_of(target.id) is None:
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
        memory = self.memory()
        first: SyntaxError | None = None
        for plan in plans:
            self.frame.names = dict(names)
            try:
                made = plan()
            except SyntaxError as error:
                first = error if first is None or (error.lineno or 0) > (first.lineno or 0) else first
                self.statement = self.graph.origin = statement
                self.recall(memory)
                del self.graph.nodes[count:]
            else:
                names.clear()
                names.update(self.frame.names)
                return made
            finally:
                self.frame.names = names
        assert first is not None
        raise first


def is_zero(term: Term) -> bool:
    """Whether a term is the number 0."""
    return isinstance(term, Static) and type(term.obj) is int and term.obj == 0


def number(i: int) -> Static:
    """An integer as a term."""
    return Static(literal(i) or ast.Constant(i), i)


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


def _counts(way: Way) -> bool:
    """Whether all that is gone through is integers."""
    [term] = way.terms if way.kind == "items" else [None]
    known = term.obj if isinstance(term, Static) and isinstance(term.obj, (tuple, list, range)) else None
    return way.kind == "range" or known is not None and all(type(x) is int for x in known)


def _in_step(way: Way) -> bool:
    """Whether nothing is zipped that may be of different lengths, or Python itself sees to that."""
    return (way.kind != "zip" or way.strict or len(way.parts) == 1) and all(map(_in_step, way.parts))
