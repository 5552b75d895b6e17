"""Attributes of objects, and items of dicts, that come as arguments and are given new values: `self.h = tanh(z)`.

What carries a derivative is a value of the gradient's own: the caller's object is left as it is, as his arrays are.
What carries none, such as a count, is written into the object where the function ends, which has it then as it has it
behind a call of the function itself.
"""

from __future__ import annotations

import ast
from typing import Any

from ..errors import UnsupportedError
from ..graph import Value
from ..routes import ATTRIBUTE, ITEM, Route
from ..syntax import literal
from ..terms import MISSING, Ambiguous, Binding, Computed, Instance, Ref, Sequence, Static, Term, flatten
from .cells import outermost
from .containers import Containers


class Outward(Containers):
    """The part of a `Program` that gives parts of arguments new values.

    places: the parts that are given new values anywhere, by route.
    """

    places: dict[Route, Binding]

    def part_at(self, node: ast.expr) -> tuple[Route, Term] | None:
        """The route of an attribute or item of an argument of which only that is known, and the whole; else None."""
        if isinstance(node, ast.Attribute):
            base = self.read(node.value)
            if isinstance(base, Instance) and base.route is not None:
                return base.route.then(ATTRIBUTE, node.attr), base
        if isinstance(node, ast.Subscript):
            base, index = self.read(node.value), self._index(node.slice)
            route = self.route_of(base)
            if route is not None and isinstance(index, Static) and isinstance(index.obj, str):
                return route.then(ITEM, index.obj), base
        return None

    def put_part(self, node: ast.expr, term: Term) -> bool:
        """`self.x = term`, `params["x"] = term`; False where it is no part of an argument."""
        found = self.part_at(node)
        if found is None:
            return False
        route, base = found
        if isinstance(node, ast.Attribute) and getattr(base, "cls", None) is not None:
            self.refuse_setters(base.cls, node.attr, node)  # type: ignore[attr-defined]
        if route not in self.places:
            before = self._before(node, base)
            self.places[route] = Binding(route.word, self.parts.get(route, before), is_argument=True)
        self.call_it(term, route.word)
        self.hold(self.places[route], self.one_array(term, route.word), node)
        return True

    def _before(self, node: ast.expr, base: Term) -> Term | None:
        """What a part is before it is given a new value; None where the object at hand has no such part."""
        obj = getattr(base, "obj", MISSING)
        if obj is not MISSING and isinstance(node, ast.Attribute) and not hasattr(obj, node.attr):
            return None
        load: Any = ast.Attribute(node.value, node.attr, ast.Load()) if isinstance(node, ast.Attribute) else None
        load = load or ast.Subscript(node.value, node.slice, ast.Load())  # type: ignore[attr-defined]
        try:
            return self.read(ast.copy_location(load, node))
        except UnsupportedError:
            return None

    def placed(self, route: Route) -> Term | None:
        """What a part of an argument is now, if it was given a new value."""
        place = self.places.get(route)
        return self.here(self.contents[place]) if place in self.contents else None

    def refuse_stale(self, values: list[Value], at: ast.AST | None = None) -> None:
        """Raise UnsupportedError where code that is passed on is given an object of which a part has a new value."""
        for v in values:
            route = self.routes.get(outermost(v))
            for inner, place in self.places.items() if route is not None else ():
                if place in self.contents and inner.within(route):  # type: ignore[arg-type]
                    what = f"`{inner}` was given a new value, and `{route}` is used here in a way that is not followed"
                    raise self.error(what, at, "pass on what is needed of it")

    def write_back(self) -> None:
        """Write what carries no derivative into the objects that it belongs to: the last thing that is done."""
        for route, place in self.places.items():
            term = self.contents.get(place)
            if term is not None:
                owner = self.parts[Route(route.root, route.steps[:-1])]
                self._written_back(owner.value, route, term)  # type: ignore[attr-defined]
        for cell, term in [*self.contents.items()]:
            if cell.number == 0 and not isinstance(cell, Binding):
                self._items_written_back(cell.first, term)

    def _items_written_back(self, first: Any, term: Term) -> None:
        """Write the items of a list, dict or object that came as an argument."""
        route = self.routes[first.ast.value]
        if not isinstance(term, Sequence) or first.kind is list and len(term.items) != len(first.items):
            if isinstance(term, Ambiguous) or not any(map(self.may_vary, flatten(term))):
                what = f"`{route}` gets longer or shorter here, which belongs to whoever calls the function"
                raise self.error(what, None, "make a new one, and return it")
            return
        keys = term.keys or tuple(range(len(term.items)))
        if set(first.keys) - set(keys):
            raise self.error(f"`{route}` loses items here, which belongs to whoever calls the function")
        for key, item in zip(keys, term.items, strict=True):
            old = first.at(key) if first.keys else first.items[key]
            if old is not item and (old is None or not same_value(old, item)):
                kind = ITEM if first.kind in (list, dict) else ATTRIBUTE
                self._written_back(first.ast.value, route.then(kind, key), item)

    def _written_back(self, owner: Value, route: Route, term: Term) -> None:
        """Write one attribute or item, if it carries no derivative."""
        if isinstance(term, Ambiguous) or any(map(self.may_vary, flatten(term))):
            return
        for part, made in self.parts.items():
            if part.within(route) and isinstance(made, Computed) and made.value.node is not None:
                made.value.node.options = {**made.value.node.options, "bound": True}
        kind, key = route.steps[-1]
        base = self.here(Computed(Ref(owner), owner)).ast
        target: ast.expr = ast.Attribute(base, key, ast.Store())
        if kind == ITEM:
            target = ast.Subscript(base, literal(key) or ast.Constant(key), ast.Store())
        target.outward = True  # type: ignore[attr-defined]
        made_here = self.effect(ast.Assign([target], self.here(term).ast))
        made_here.options = {"reads": True, "unknown": self.error(f"`{route}` is given a new value")}
        made_here.outputs = []

    def effect(self, tree: Any) -> Any:
        """A statement that does something beside computing."""
        raise NotImplementedError


def same_value(a: Term, b: Term) -> bool:
    """Whether two terms are one value."""
    return isinstance(a, Computed) and isinstance(b, Computed) and outermost(a.value) is outermost(b.value)
