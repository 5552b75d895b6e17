"""Objects and containers that come as arguments: each part that is read is a value, under the route that leads there.

The parts are values of the outermost graph, wherever they are read: `self.W` may be a target, and what branches and
loops send to it adds up there. They have no statements; each is written where it is used, as the user wrote it.
"""

from __future__ import annotations

import ast
import dataclasses
import functools
import inspect
import types
from typing import Any

from ..annotations import field_type, type_of_instances
from ..constants import plain_fields
from ..errors import GradgenError
from ..graph import PRIMITIVES, Graph, Node, Value
from ..routes import ATTRIBUTE, ITEM, Route, parts
from ..shapes import NONE, OBJECT, Form, Type
from ..source import Function, function_source, unwrap
from ..syntax import literal
from ..terms import (
    MISSING,
    Bound,
    Cell,
    Computed,
    Instance,
    Ref,
    Sequence,
    Static,
    Term,
    flatten,
    is_changeable,
    references,
)
from .opaque import Opaque


class Objects(Opaque):
    """The part of a `Program` that reads parts of objects and containers.

    types: what is declared, or known of an argument in memory, by route. live: the arguments that are at hand. parts:
    what was read, by route; routes: the other way round. looked_at: the routes of the parts of `live` that were looked
    at, so that a gradient which was made for one object is not used for one whose parts are of other kinds.
    """

    function: Function
    types: dict[str, Type]
    live: Any
    parts: dict[Route, Term]
    routes: dict[Value, Route]
    looked_at: dict[Route, None]
    context: Any
    _graphs: list[Graph]

    def argument(self, value: Value, t: Type, route: Route) -> Term:
        """The term of a parameter, or of a part of one, given its type."""
        kind = None if t.form is None else t.form.kind
        if isinstance(kind, str):  # a class that was declared
            kind = self._class(kind, route)
            self.types |= {str(inner): item for inner, item in zip(parts(route, t), t.items or (), strict=True)}
            t = type_of_instances(kind) or OBJECT.but(form=Form(kind))
        made: Term
        if t.items is not None and kind is not None:
            assert t.form is not None
            items = [self._part(value, inner, item) for inner, item in zip(parts(route, t), t.items, strict=True)]
            made = Sequence(Ref(value), kind, items, t.form.keys)
            if is_changeable(kind):
                made.cell = Cell(is_argument=True)
                made.cell.first, made.cell.word = made, route.word
        elif kind is not None:
            made = Instance(Ref(value), value, kind, self._at(route), route)
        elif t.form is not None:
            made = self._known(self._at(route), ast.Name(route.root, ast.Load()))
        else:
            made = Static(ast.Constant(None), None) if t == NONE else Computed(Ref(value), value)
        self.parts[route], self.routes[value] = made, route
        return made

    def _class(self, name: str, route: Route) -> Any:
        """The class of a name, where the function stands."""
        cls = getattr(self.function.fn, "__globals__", {}).get(name)
        if not isinstance(cls, type):
            raise GradgenError(f"the shapes declare that {route} is a {name}, and there is no such class")
        return cls

    def _at(self, route: Route) -> Any:
        """The part of an argument that is at hand, else `MISSING`."""
        return MISSING if self.live is None else route.of(self.live.arguments[route.root])

    def _part(self, base: Value, route: Route, known: Type) -> Term:
        """The part at the end of a route, which is read from `base`. known: what is known of its type."""
        if route not in self.parts:
            kind, key = route.steps[-1]
            node = self._graphs[0].add(PRIMITIVES[kind], [base], {"key": key, "bound": False})
            node.origin, node.backward = None, False
            node.out.hint, node.out.said = self._word(route), str(route)
            node.out.type = self.types.get(str(route), known)
            self.argument(node.out, node.out.type, route)
        return self.parts[route]

    def _word(self, route: Route) -> str:
        """A word for a part that nothing else of the arguments has."""
        taken = {v.hint for v in self._graphs[0].params}
        taken |= {t.value.hint for p, t in self.parts.items() if p.steps and isinstance(t, (Computed, Instance))}
        word, above = route.word, route
        while word in taken and len(above.steps) > 1:
            above = Route(above.root, above.steps[:-1])
            word = f"{above.word}_{route.word}"
        return f"{route.root}_{word}" if word in taken else word

    def name_part(self, value: Value, name: str) -> None:
        """Let a part of an argument be called what the user calls it from here on, unless it was read before."""
        node, root = value.node, self._graphs[0]
        if node is None or node.op.name not in (ATTRIBUTE, ITEM) or self.graph is not root or node.options["bound"]:
            return
        if name == "_" or any(value in other.inputs for other in root.nodes):
            return
        root.nodes.remove(node)
        root.nodes.append(node)
        node.options = {**node.options, "bound": True}
        node.origin, value.hint = self.statement, self.called(name)

    def route_of(self, term: Term) -> Route | None:
        """The route of a parameter or a part of one that may be an object or a container; None for all else."""
        value = term.value if isinstance(term, Computed) else None
        while value is not None and value.source is not None:
            value = value.source
        unknown = value is not None and value.type.kind == "number" and value.type.ndim is None and not value.type.array
        return self.routes.get(value) if unknown else None  # type: ignore[arg-type]

    def may_vary(self, term: Term) -> bool:
        """Whether a term may depend on a target; in a function that is written once, anything may."""
        if self.context.under_way:
            return True
        todo, seen = references(term.ast), set()
        while todo:
            v = todo.pop()
            if v in seen or v.type.kind in ("int", "bool"):
                continue
            seen.add(v)
            if v.source is not None:
                todo.append(v.source)
            elif v.node is not None and v not in self.routes:
                todo += v.node.inputs
            elif v not in self.routes or any(map(self.routes[v].meets, self.context.targets)):
                return True
        return False

    def open_part(self, route: Route, kind: str, key: Any, known: Type | None = None) -> Term:
        """A part of an argument of which nothing else is known."""
        whole = self.parts[route]
        assert isinstance(whole, (Computed, Instance))
        return self.here(self._part(whole.value, route.then(kind, key), known or Type()))

    # ---- targets

    def target(self, route: Route) -> Term:
        """What a target is: a value, or a container of values; what has no derivative is a bare `Term` in it."""
        term = self._reached(route)
        whole = self._opened(term, route)
        for leaf in flatten(whole):
            if isinstance(leaf, Computed):
                self._keep(leaf.value)
        return whole if isinstance(whole, Computed) else self._floats(whole)

    def _keep(self, value: Value) -> None:
        """Let a part that nobody read be in the graph, and what it is a part of."""
        root = self._graphs[0]
        nodes: list[Node] = []
        while value.node is not None and value.node not in root.nodes:
            nodes.insert(0, value.node)
            value = value.node.inputs[0]
        root.nodes += nodes

    def _reached(self, route: Route) -> Term:
        """The part of an argument at a route, whether the function reads it or not."""
        if route in self.parts:
            return self.parts[route]
        if not route.steps:
            raise self.function.error(f"{route.root!r} is known when the gradient is written")
        above, (kind, key) = Route(route.root, route.steps[:-1]), route.steps[-1]
        whole = self._reached(above)
        if isinstance(whole, Instance) and kind == ATTRIBUTE and whole.obj is not MISSING:
            if not hasattr(whole.obj, key):
                raise GradgenError(f"{above} has no attribute {key!r}")
            self.looked_at[route] = None
            return self._part(whole.value, route, self.live.type_of(route, getattr(whole.obj, key)))
        if isinstance(whole, Sequence) and kind == ITEM and isinstance(key, int) and whole.kind is not dict:
            if -len(whole.items) <= key < len(whole.items):
                return whole.items[key]
        if isinstance(whole, Sequence):
            raise GradgenError(f"{above} has no part {str(route)!r}")
        assert isinstance(whole, (Computed, Instance))
        return self._part(whole.value, route, self._said_of(whole, key) or Type())

    def _said_of(self, whole: Term, key: Any) -> Type | None:
        """What the class of an object says of an attribute."""
        cls = whole.cls if isinstance(whole, Instance) else None
        return None if cls is None else field_type(cls, key)

    def _opened(self, term: Term, route: Route) -> Term:
        """A target with its parts one by one: of an object its fields, of what nothing is known what was read of it."""
        if isinstance(term, Sequence):
            items = [self._opened(item, self._route(item) or route) for item in term.items]
            return Sequence(term.ast, term.kind, items, term.keys)
        if isinstance(term, Instance) and dataclasses.is_dataclass(term.cls):
            keys = tuple(f.name for f in dataclasses.fields(term.cls))
            items = [self._opened(self._reached(route.then(ATTRIBUTE, k)), route.then(ATTRIBUTE, k)) for k in keys]
            kind: type = types.SimpleNamespace if plain_fields(term.cls) is None else term.cls  # type: ignore[assignment]
            return Sequence(Ref(term.value), kind, items, keys)
        inner = [p for p in self.parts if len(p.steps) == len(route.steps) + 1 and p.within(route)]
        if not inner or not isinstance(term, (Computed, Instance)):
            return term
        if isinstance(term, Instance) and term.cls is not None:
            where = ", ".join(map(str, inner))
            raise self.function.error(f"`{route}` is an object; choose parts of it with wrt, as {where}")
        items = [self._opened(self.parts[p], p) for p in inner]
        kind = types.SimpleNamespace if inner[0].steps[-1][0] == ATTRIBUTE else dict
        return Sequence(Ref(term.value), kind, items, tuple(p.steps[-1][1] for p in inner))

    def _route(self, term: Term) -> Route | None:
        return self.routes.get(term.value) if isinstance(term, (Computed, Instance)) else None

    def _floats(self, term: Term) -> Term:
        """A container of values, those that have no derivative being None."""
        if isinstance(term, Sequence):
            return Sequence(term.ast, term.kind, [self._floats(item) for item in term.items], term.keys)
        known = term.value.type if isinstance(term, Computed) else OBJECT
        differentiable = known.kind in ("float", "complex", "number") or known.of is not None
        return term if differentiable else Term(ast.Constant(None))

    # ---- attributes

    def member(self, owner: Term, node: ast.Attribute) -> Term:
        """An attribute of an object: what its class defines, or a part of it."""
        cls = owner.cls if isinstance(owner, Instance) else owner.kind  # type: ignore[attr-defined]
        name = node.attr
        found = MISSING if cls is None else inspect.getattr_static(cls, name, MISSING)
        own = isinstance(owner, Sequence) and name in owner.keys
        if not own and (made := self._of_class(found, cls, owner, node)) is not None:
            return made
        if isinstance(owner, Sequence) and owner.kind in (tuple, list, dict):
            raise self.error(f"the attribute {name!r} of a {owner.kind.__name__} cannot be followed", node)
        if isinstance(owner, Sequence):
            item = owner.at(name)
            if item is None and found is MISSING:
                error = AttributeError(f"{cls.__name__!r} object has no attribute {name!r}")
                raise self.error(f"{cls.__name__} has no attribute {name!r}", node) from error
            return self.static(found, node) if item is None else item
        assert isinstance(owner, Instance) and owner.route is not None
        route = owner.route.then(ATTRIBUTE, name)
        if (made := self.placed(route)) is not None:
            return made
        if route in self.parts:
            return self.here(self.parts[route])
        if owner.obj is not MISSING:
            return self._live_part(owner, route, node)
        return self.open_part(owner.route, ATTRIBUTE, name, None if cls is None else field_type(cls, name))

    def class_attribute(self, cls: Any, name: str) -> Term | None:
        """A number or the like that a class has for all its instances; None where there is no such thing."""
        found = inspect.getattr_static(cls, name, MISSING)
        if found is MISSING or hasattr(found, "__get__"):
            return None
        return self.known_item(found, ast.Name(name, ast.Load()))

    def _of_class(self, found: Any, cls: Any, owner: Term, node: ast.Attribute) -> Term | None:
        """A property, a method or the like; None where it is no such thing."""
        if isinstance(found, property) and found.fget is not None:
            return self._followed(found.fget, owner, node)
        if isinstance(found, functools.cached_property):
            return self._followed(found.func, owner, node)
        tree = ast.Attribute(owner.ast, node.attr, ast.Load())
        if isinstance(found, staticmethod):
            return Static(tree, found.__func__)
        if isinstance(found, classmethod):
            return Bound(tree, found.__func__, Static(ast.Name(cls.__name__, ast.Load()), cls))
        plain = unwrap(found) if callable(found) else None
        return Bound(tree, plain, owner) if isinstance(plain, types.FunctionType) else None

    def _followed(self, getter: Any, owner: Term, node: ast.Attribute) -> Term:
        """What a property computes."""
        call = ast.copy_location(ast.Call(node, [], []), node)
        return self.follow(function_source(getter), [owner], {}, call)

    def _live_part(self, owner: Instance, route: Route, node: ast.Attribute) -> Term:
        """An attribute of an object that is at hand: a value, or what is known when the gradient is written."""
        try:
            obj = getattr(owner.obj, node.attr)
        except AttributeError as error:
            raise self.error(str(error), node) from None
        self.looked_at[route] = None
        if not self.live.knows(route, obj):
            return self.here(self._part(owner.value, route, self.live.type_of(route, obj)))
        return self._known(obj, node)

    def has_part(self, owner: Instance, name: str) -> bool:
        """Whether an object that is at hand has an attribute."""
        if owner.route is not None and self.placed(owner.route.then(ATTRIBUTE, name)) is not None:
            return True
        method = inspect.getattr_static(owner.cls, name, MISSING)
        if owner.route is not None and not isinstance(method, (types.FunctionType, staticmethod, classmethod)):
            self.looked_at[owner.route.then(ATTRIBUTE, name)] = None
        return hasattr(owner.obj, name)

    def _known(self, obj: Any, node: ast.AST) -> Static:
        """An argument or a part of one that is known, as it is written."""
        term = self.static(obj, node)
        return term if callable(obj) or isinstance(obj, types.ModuleType) else Static(literal(obj) or term.ast, obj)

    def super_member(self, node: ast.Attribute) -> Term | None:
        """An attribute of `super()`; None for any other."""
        call = node.value
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and not call.args and not call.keywords):
            return None
        term = self.lookup(call.func)
        if not (isinstance(term, Static) and term.obj is super and "__class__" in self.frame.cells):
            return None
        owner = next(iter(self.frame.names.values()))
        above = self.frame.cells["__class__"]
        cls = getattr(owner, "cls", None) or getattr(owner, "kind", None) or getattr(owner, "obj", None) or above
        mro = list(cls.__mro__)
        for base in mro[mro.index(above) + 1 :]:
            if node.attr in vars(base):
                made = self._of_class(vars(base)[node.attr], cls, self.here(owner), node)
                if made is not None:
                    return made
                break
        if node.attr == "__init__" and mro[mro.index(above) + 1] is object:
            return Bound(node, "__init__", Sequence(ast.Constant(None), tuple, []))
        raise self.error(f"`super().{node.attr}` cannot be followed", node)

    # ---- methods

    def call_bound(self, callee: Bound, args: list[Term], kwargs: dict[str, Term], tree: Any, node: ast.Call) -> Term:
        """A call of a method. One that cannot be followed may still carry no derivative, and is passed on."""
        if isinstance(callee.fn, str):
            return self.of_container(callee.fn, callee.owner, args, kwargs, node)

        def follow() -> Term:
            return self.follow(function_source(callee.fn), [callee.owner, *args], kwargs, node)

        if not isinstance(callee.owner, Instance):
            return follow()
        return self.or_else(follow, lambda: self.passed_on(callee.fn, tree, node))  # type: ignore[no-any-return]

    def placed(self, route: Route) -> Term | None:
        """What a part of an argument is now, if it was given a new value."""
        raise NotImplementedError

    def of_container(self, method: str, owner: Term, args: list[Term], kwargs: dict[str, Term], node: ast.Call) -> Term:
        """A call of a method of a list or a dict."""
        raise NotImplementedError
