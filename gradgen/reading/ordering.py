"""The greatest, the least and the order of things by a key, and dictionaries of what is known by name."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np

from ..sequences import list_of
from ..shapes import Dim, Type
from ..syntax import numpy_path
from ..terms import Computed, Sequence, Static, Term, outline, sequence
from .comprehensions import Comprehensions
from .decide import looked_at
from .rewriting import name, placed, written


class Ordering(Comprehensions):
    """The part of a `Program` that reads `max`, `min`, `sorted` and `dict`."""

    def all_of(self, node: ast.expr) -> ast.Name:
        """A name for the list of all that an expression gives."""
        return self.hidden(self._all_in(node))

    def _all_in(self, node: ast.expr) -> Term:
        """The list of all that an expression gives: it is read several times, which a generator cannot be."""
        listed = isinstance(node, ast.GeneratorExp)
        return self.used_up(placed(ast.ListComp(node.elt, node.generators), node) if listed else node)  # type: ignore[attr-defined]

    def ordered(self, fn: Any, node: ast.Call) -> Term | None:
        """`max`, `min` by a key, `sorted`; None where it is to be read like any other call."""
        named = {k.arg: k.value for k in node.keywords}
        stars = any(isinstance(a, ast.Starred) for a in node.args)
        known = {"key", "default"} if fn is not sorted else {"key", "reverse"}
        if not node.args or named.keys() - known or fn is not sorted and not (named or stars):
            return None
        read = self._sorted if fn is sorted else self._chosen
        return self.or_else(lambda: read(node, named), lambda: self.opaque_expression(node))  # type: ignore[no-any-return]

    def _chosen(self, node: ast.Call, named: dict[Any, ast.expr]) -> Term:
        names = dict(self.frame.names)
        with self.names_aside():
            several = len(node.args) > 1 or isinstance(node.args[0], ast.Starred)
            given = placed(ast.List(node.args, ast.Load()), node) if several else node.args[0]
            items = self._all_in(given)
            if self._is_settled_data(items):
                return self.opaque_expression(node, _number_of(items))
            whole = self.hidden(items)
            key = named.get("key")
            if "default" in named:
                call = ast.Call(node.func, [whole], [k for k in node.keywords if k.arg != "default"])
                test = ast.Compare(ast.Call(name("len"), [whole], []), [ast.Gt()], [ast.Constant(0)])
                return self.read(placed(ast.IfExp(test, call, named["default"]), node))
            if key is None:
                known = self.items_of(items) or []
                parts = [self.hidden(t) for t in known] if len(known) > 1 else [whole]
                return self.read(placed(ast.Call(node.func, [*parts], []), node))
            best = self.free_word("best")
            sign = ">" if looked_at(self, node.func).obj is max else "<"  # type: ignore[union-attr]
            text = f"""
best = whole[0]
best_key = key(best)
for item in whole[1:]:
    item_key = key(item)
    if item_key {sign} best_key:
        best, best_key = item, item_key
"""
            words = {w: self.free_word(w) for w in ("item", "best_key", "item_key")} | {"best": best}
            body = written(text, node, words, whole=whole, key=self.hidden(self.read(key)))
            return self.result_of(body, best, names)

    def _sorted(self, node: ast.Call, named: dict[Any, ast.expr]) -> Term:
        with self.names_aside():
            items = self._all_in(node.args[0])
            if len(node.args) > 1:
                raise self.error("`sorted` takes one thing to be sorted", node)
            if self._is_settled_data(items):
                return self.opaque_expression(node, list_of(_number_of(items) or Type(), Dim.fresh()))
            known = self.items_of(items)
            if self._are_numbers(items, known):
                return self._numbers_sorted(node, items, named, known)
            whole = self.hidden(items)
            places = self.hidden(self._order(node, whole, named, known))
            if known is not None:
                return sequence(list, self._taken_from(known, places, node))
            place = self.free_word("i")
            generator = ast.comprehension(name(place, store=True), places, [], 0)
            made = ast.ListComp(ast.Subscript(whole, name(place), ast.Load()), [generator])
            return self.comprehension(placed(made, node))

    def _taken_from(self, items: list[Term], places: ast.Name, node: ast.Call) -> list[Term]:
        """What stands at each of the places: numbers, or tuples of one structure."""
        if all(isinstance(t, Sequence) for t in items) and len({str(outline(t)) for t in items}) == 1:
            kind, keys = items[0].kind, items[0].keys  # type: ignore[attr-defined]
            rows = zip(*(t.items for t in items), strict=True)  # type: ignore[attr-defined]
            columns = [self._taken_from(list(row), places, node) for row in rows]
            return [sequence(kind, list(parts), keys) for parts in zip(*columns, strict=True)]
        if not self._are_numbers(items[0], items):
            raise self.error("what is sorted here are no numbers, and no tuples of numbers", node)
        array = ast.Call(self.hidden(Static(numpy_path("array"), np.array)), [self.hidden(sequence(list, items))], [])
        made = self.read(placed(ast.Subscript(array, places, ast.Load()), node))
        return self.unpacked(self.value(made), len(items), node)

    def _are_numbers(self, items: Term, known: list[Term] | None) -> bool:
        """Whether what is sorted makes an array of one axis."""
        if known is not None:
            return all(isinstance(t, Static) or isinstance(t, Computed) and t.value.type.scalar for t in known)
        return isinstance(items, Computed) and items.value.type.ndim == 1

    def _numbers_sorted(
        self, node: ast.Call, items: Term, named: dict[Any, ast.expr], known: list[Term] | None
    ) -> Term:
        """A list of numbers in order, by way of an array."""
        whole = self.hidden(items)
        array: ast.expr = whole
        if not (isinstance(items, Computed) and items.value.type.of is None):
            array = ast.Call(self.hidden(Static(numpy_path("array"), np.array)), [whole], [])
        backwards = self.read(named["reverse"]) if "reverse" in named else Static(ast.Constant(False), False)
        if "key" not in named and isinstance(backwards, Static):
            array = ast.Call(self.hidden(Static(numpy_path("sort"), np.sort)), [array], [])
            if backwards.obj:
                back = ast.Slice(None, None, ast.UnaryOp(ast.USub(), ast.Constant(1)))
                array = ast.Subscript(array, back, ast.Load())
        else:
            array = ast.Subscript(array, self.hidden(self._order(node, whole, named, known)), ast.Load())
        made = self.read(placed(array, node))
        if known is None:
            return self.read(placed(ast.Call(name("list"), [self.hidden(made)], []), node))
        return sequence(list, self.unpacked(self.value(made), len(known), node))

    def _order(self, node: ast.Call, whole: ast.Name, named: dict[Any, ast.expr], known: list[Term] | None) -> Term:
        """The places of the items in order, which is found by Python itself."""
        keys: ast.expr = whole
        if "key" in named:
            key, item = self.hidden(self.read(named["key"])), self.free_word("item")
            generator = ast.comprehension(name(item, store=True), whole, [], 0)
            keys = self.all_of(placed(ast.ListComp(ast.Call(key, [name(item)], []), [generator]), node))
        count = ast.Call(name("range"), [ast.Call(name("len"), [whole], [])], [])
        options = [ast.keyword("key", ast.Attribute(keys, "__getitem__", ast.Load()))]
        options += [ast.keyword("reverse", named["reverse"])] if "reverse" in named else []
        call = placed(ast.Call(name("sorted"), [count], options), node)
        length: Any = Dim.fresh() if known is None else len(known)
        order = self.opaque_expression(call, list_of(Type("int", ()), length))
        order.value.hint = self.free_word("order")
        return order

    def _is_settled_data(self, term: Term) -> bool:
        """Whether nothing in what is gone through carries a derivative."""
        if isinstance(term, Static):
            return True
        return isinstance(term, Computed) and not self.may_vary(term)

    def dict_comprehension(self, node: ast.DictComp) -> Term:
        """`{k: v for ...}` whose keys are known one by one; any other is passed on."""
        pair = placed(ast.Tuple([node.key, node.value], ast.Load()), node)
        listed = placed(ast.ListComp(pair, node.generators), node)

        def known() -> Term:
            with self.names_aside():
                made = self.hidden(Static(name("dict"), dict))
                return self.read(placed(ast.Call(made, [listed], []), node))

        return self.or_else(known, lambda: self.opaque_expression(node))  # type: ignore[no-any-return]


def _number_of(term: Term) -> Type | None:
    """The type of an item of what carries no derivative, where it is an integer."""
    if isinstance(term, Static):
        whole = isinstance(term.obj, (range, list, tuple)) and all(type(x) is int for x in term.obj)
        return Type("int", ()) if whole else None
    v = term.value if isinstance(term, Computed) else None
    return Type("int", ()) if v is not None and v.node is not None and v.node.op.name == "range" else None
