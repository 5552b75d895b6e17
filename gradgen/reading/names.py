"""Names: what each means where it stands, and how what comes from outside is written in the module."""

from __future__ import annotations

import ast
import builtins
import types
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..library import is_carried, is_numpy_module, library_path
from ..source import Function, Statement
from ..syntax import Verbatim, literal, numpy_path, parameters_of
from ..terms import Ambiguous, Binding, Static, Term
from .applying import Applying
from .looks import lacking


class Frame:
    """The local names of one function that is being read. alone: the call stands alone; what it gives is not used.

    elsewhere: the names that are those of a function around it, and are given new values here. shared: the names to
    which functions inside give new values, which are no `names`: what they mean is kept as what containers hold.
    """

    def __init__(self, function: Function, outer: Frame | None = None, call: Statement | None = None):
        self.function, self.outer, self.call = function, outer, call
        self.caller: Frame | None = None
        self.names: dict[str, Term] = {}
        self.begun: dict[str, Any] = {}
        """The iterators that have a name and may be gone through, see `iterators.Begun`."""
        self.loops = 0
        self.alone = False
        fn = function.fn
        self.globals: dict[str, Any] = fn.__globals__ if fn is not None else function.scope
        self.cells: dict[str, Any] = {}
        if fn is not None and fn.__closure__:
            for name, cell in zip(fn.__code__.co_freevars, fn.__closure__, strict=True):
                try:
                    self.cells[name] = cell.cell_contents
                except ValueError:  # a name of the enclosing function that has no value yet
                    continue
        local = [n for n in ast.walk(function.node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
        self.elsewhere = set(declared_nonlocal(function.node))
        self.locals = {n.id for n in local} - self.elsewhere
        inside = [part for part in ast.walk(function.node) if part is not function.node and is_function(part)]
        given = sorted({name for part in inside for name in declared_nonlocal(part)} - self.elsewhere)
        mine = {*stored_by(function.node), *(p.arg for p in parameters_of(function.node.args))}
        self.shared = {name: Binding(name) for name in given if name in mine}

    def place_of(self, name: str) -> Binding | None:
        """Where it is kept what a name means, if functions inside that which binds it give it new values."""
        frame = self.outer if name in self.elsewhere else self
        while frame is not None and frame is not self and name not in frame.shared:
            frame = frame.outer
        return None if frame is None else frame.shared.get(name)


def is_function(node: ast.AST) -> bool:
    return isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))


def declared_nonlocal(node: ast.AST) -> list[str]:
    """The names that a function declares to be of one around it; functions inside it speak for themselves."""
    return [name for part in _own_parts(node) if isinstance(part, ast.Nonlocal) for name in part.names]


def stored_by(node: ast.AST) -> list[str]:
    """The names that a function gives values to, not what functions inside it do."""
    return [part.id for part in _own_parts(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)]


def _own_parts(node: ast.AST) -> Iterator[ast.AST]:
    """The syntax of a function without that of functions and classes inside it."""
    for part in ast.iter_child_nodes(node):
        yield part
        if not is_function(part) and not isinstance(part, ast.ClassDef):
            yield from _own_parts(part)


class Outside:
    """A name or attribute from outside the function whose value was read: how to read it again, and what it was."""

    def __init__(self, path: str, read: Any, obj: Any):
        self.path, self.read, self.obj = path, read, obj


class Names(Applying):
    """The part of a `Program` that reads names and literals."""

    def lookup(self, node: ast.Name) -> Term:
        """What a name means here: a local, one of an enclosing function, a global, or a builtin."""
        return self.lookup_from(self.frame, node)

    def lookup_from(self, frame: Frame | None, node: ast.Name) -> Term:
        """What a name means in a function: what functions around it have under it comes before what is global."""
        scope = {} if frame is None else frame.globals
        while frame is not None:
            if node.id in frame.shared:
                return self._shared(frame, node)
            if node.id in frame.names:
                term = frame.names[node.id]
                if isinstance(term, Ambiguous) and node.id in frame.begun:
                    raise self.error(f"`{node.id}` is an iterator", node, "go through it at once, by `for` or `sum`")
                if isinstance(term, Ambiguous):
                    raise self.error(f"`{node.id}` is not the same kind of thing on every way that leads here", node)
                return self.here(term)
            if node.id in frame.locals and (frame is self.frame or node.id in scope):
                if node.id in frame.begun:
                    what = f"`{node.id}` is an iterator, and was gone through already"
                    raise self.error(what, node, "make a list of it, to go through it twice")
                raise self.error(f"the name {node.id!r} has no value here", node)
            if node.id in frame.cells:
                obj = frame.cells[node.id]
                cells, name = frame.function.fn, node.id
                return self.from_outside(name, lambda: _cell(cells, name), obj, node)
            frame = frame.outer
        if node.id in scope:
            return self.from_outside(node.id, lambda: scope[node.id], scope[node.id], node)
        if hasattr(builtins, node.id):
            return Static(ast.Name(node.id, ast.Load()), getattr(builtins, node.id))
        raise self.error(f"the name {node.id!r} is not defined", node)

    def refuse_missing(self, base: Term, node: ast.Attribute) -> None:
        """Raise UnsupportedError where an array or a number surely has no such attribute."""
        cls = lacking(self, base, node.attr)
        if cls is not None:
            error = AttributeError(f"'{cls.__name__}' object has no attribute {node.attr!r}")
            raise self.error(str(error), node) from error

    def _shared(self, frame: Frame, node: ast.Name) -> Term:
        """What a name means to which functions inside give new values."""
        if node.id in frame.names:
            what = f"`{node.id}` is given a value in a way that is not followed"
            raise self.error(what, node, f"assign to `{node.id}`, as {node.id!r} is `nonlocal` in a function inside")
        place = frame.shared[node.id]
        if place not in self.contents:
            raise self.error(f"the name {node.id!r} has no value here", node)
        return self.here(self.contents[place])

    def constant(self, node: ast.Constant) -> Static:
        """A literal, numbers as the user wrote them."""
        text = self.frame.function.file.text(node)
        if isinstance(node.value, (bool, type(None), type(Ellipsis), str, bytes)):
            return Static(ast.Constant(node.value), node.value)
        return Static(Verbatim(text, node.value) if _is_text_of(text, node.value) else literal(node.value), node.value)  # type: ignore[arg-type]

    def from_outside(self, path: str, read: Any, obj: Any, node: ast.AST) -> Term:
        """A name or attribute whose value is looked up outside the function."""
        term = self.static(obj, node)
        if not isinstance(obj, types.ModuleType) or not is_numpy_module(obj):
            self.outside[path] = Outside(path, read, obj)
        return term

    def static(self, obj: Any, node: ast.AST) -> Static:
        """A known object with the syntax that names it in the module."""
        path = library_path(obj)
        if path is not None:
            module, tree = path
            if module:
                self.modules[module] = module
            elif isinstance(node, ast.Attribute) and getattr(np, node.attr, None) is obj:
                tree = numpy_path(node.attr)  # np.abs is np.absolute: as the user wrote it
            return Static(tree, obj)
        if obj is None:
            return Static(ast.Constant(None), obj)
        if is_carried(obj):
            name = f"_{obj.__name__}"
            self.carried[name] = obj
            return Static(ast.Name(name, ast.Load()), obj)
        if isinstance(obj, (bool, int, float, complex, str, bytes, tuple, list, np.ndarray, np.generic, dict)):
            name = getattr(node, "id", None) or getattr(node, "attr", None) or "constant"
            if isinstance(obj, float) and obj == np.pi:
                return Static(numpy_path("pi"), obj)
            if isinstance(node, ast.Attribute) and isinstance(obj, float) and getattr(np, node.attr, None) is obj:
                return Static(numpy_path(node.attr), obj)  # np.inf, np.e
            return Static(self.constant_name(name, obj), obj)
        known = getattr(node, "id", None) or getattr(node, "attr", None)  # in the module no user's module is known
        if known and not isinstance(obj, (types.FunctionType, types.ModuleType, type)):
            return Static(self.constant_name(known, obj), obj)
        return Static(ast.Name(known, ast.Load()) if known else ast.Constant(None), obj)

    def known_items(self, term: Static) -> list[Term]:
        """The items of a tuple or list that is known, each written out, or as an item of it."""
        places = [ast.Subscript(term.ast, ast.Constant(i), ast.Load()) for i in range(len(term.obj))]
        return [self.known_item(x, at) for x, at in zip(term.obj, places, strict=True)]

    def known_item(self, x: Any, at: ast.expr) -> Static:
        """An item of a container that is known, which is read at `at` where it cannot be written out."""
        tree = literal(x)
        return self.static(x, at) if tree is None and library_path(x) is not None else Static(tree or at, x)

    def by_reference(self, term: Term) -> Term:
        """A function or another object of the user's that is used as it is, under its name in the module."""
        if isinstance(term, Static) and isinstance(term.ast, ast.Attribute) and isinstance(term.owner, Static):
            owner = self.by_reference(term.owner)
            return Static(ast.Attribute(owner.ast, term.ast.attr, ast.Load()), term.obj, owner)
        if not (isinstance(term, Static) and isinstance(term.ast, ast.Name) and callable(term.obj)):
            return term
        if library_path(term.obj) is not None or term.ast.id in self.carried:
            return term
        return Static(self.constant_name(term.ast.id, term.obj), term.obj)

    def constant_name(self, name: str, obj: Any) -> ast.expr:
        """The name under which a constant from outside is written into the module; one name, one object."""
        unique, k = name, 2
        while unique in self.constants and self.constants[unique] is not obj:
            unique, k = f"{name}_{k}", k + 1
        self.constants[unique] = obj
        return ast.Name(unique, ast.Load())


def _is_text_of(text: str, value: Any) -> bool:
    """Whether a number stands there: what is put in other words has the place of what the user wrote."""
    try:
        return bool(ast.literal_eval(text) == value)
    except (SyntaxError, ValueError):
        return False


def _cell(fn: Any, name: str) -> Any:
    return fn.__closure__[fn.__code__.co_freevars.index(name)].cell_contents
