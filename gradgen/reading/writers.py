"""Which functions of the user's change what they are given: their calls are no code that may be passed on unread."""

from __future__ import annotations

import ast
import functools
import types
from typing import Any

import numpy as np

from ..errors import GradgenError
from ..library import is_library
from ..source import function_source, unwrap
from ..syntax import parameters_of

METHODS = frozenset({
    "sort", "fill", "put", "partition", "resize", "itemset", "setfield", "setflags", "byteswap", "shuffle",
})  # fmt: skip
"""Methods of arrays that change them."""
WRITERS = frozenset({"copyto", "put", "place", "putmask", "put_along_axis", "fill_diagonal", "at", "shuffle"})
"""Functions that change their first argument."""
GROWERS = frozenset({
    "append", "extend", "insert", "remove", "pop", "clear", "update", "setdefault", "popitem", "add", "discard",
    "reverse",
})  # fmt: skip
"""Methods of lists, dictionaries and sets that change them."""
FRESH = frozenset({"range", "len", "int", "float", "bool", "str", "repr", "abs", "sum", "round", "id", "type"})
"""Builtins that give nothing of what they are given."""


def python_function(obj: Any) -> types.FunctionType | None:
    """The user's function that a call of `obj` runs, through methods, partial and objects that are called."""
    while isinstance(obj, functools.partial):
        obj = obj.func
    obj = unwrap(obj)
    if isinstance(obj, types.MethodType):
        obj = unwrap(obj.__func__)
    if callable(obj) and not isinstance(obj, (types.FunctionType, types.BuiltinFunctionType, type, np.ufunc)):
        obj = unwrap(type(obj).__call__)
    return obj if isinstance(obj, types.FunctionType) and not is_library(obj) else None


def writes_arguments(obj: Any, seen: frozenset[Any] = frozenset(), containers: bool = False) -> bool:
    """Whether a call of `obj`, a function or the syntax of one, may change an array that it is given or that is global.

    containers: whether to ask of lists, dictionaries and attributes of objects too; else those are its own business.
    """
    if isinstance(obj, (ast.FunctionDef, ast.Lambda)):
        return Scan(obj, None, seen, containers=containers).writes()
    fn = python_function(obj)
    if fn is None or fn in seen:
        return False
    try:
        node = function_source(fn).node
    except GradgenError:  # nobody can tell
        return True
    owner = getattr(obj, "__self__", None)
    return Scan(node, fn.__globals__, seen | {fn}, owner, containers=containers).writes()


def writes_names(code: ast.AST, names: set[str], scope: dict[str, Any]) -> bool:
    """Whether code may change an array that one of `names` shows, be it under a name that it gives to it itself."""
    return Scan(code, scope, frozenset(), given=names).writes()


LIST_METHODS = frozenset({"append", "extend", "insert", "pop", "remove", "clear", "sort", "reverse"})
"""Methods of lists that change them."""


def changes_lists(obj: Any) -> bool:
    """Whether a call of `obj`, a function of the user's or the syntax of one, may change a list that it is given."""
    fn = None if isinstance(obj, ast.AST) else python_function(obj)
    if fn is None and not isinstance(obj, ast.AST):
        return False
    try:
        node = obj if fn is None else function_source(fn).node
    except GradgenError:  # nobody can tell
        return True
    for part in ast.walk(node):
        match part:
            case ast.Call(func=ast.Attribute(attr=name)) if name in LIST_METHODS:
                return True
            case ast.Subscript(ctx=ast.Store() | ast.Del()) | ast.AugAssign():
                return True
            case ast.Call(func=ast.Name(id=name)) if fn is not None and name in fn.__globals__:
                if fn.__globals__[name] is not fn and changes_lists(fn.__globals__[name]):
                    return True
    return False


def _is_empty(text: ast.expr) -> bool:
    return isinstance(text, ast.Constant) and not text.value


class Scan:
    """One function, or a statement. given: the names that may hold what it is given, or a part of that.

    scope: the names around it; None where these are those of a function that is read, any of which may be an array.
    """

    def __init__(
        self, node: Any, scope: dict[str, Any] | None, seen: frozenset[Any], owner: Any = None,
        given: set[str] | None = None, containers: bool = False,
    ):  # fmt: skip
        self.containers = containers
        self.node, self.scope, self.seen, self.owner = node, scope or {}, seen, owner
        self.inside = scope is None
        names = [p.arg for p in parameters_of(node.args)] if given is None else list(given)
        self.owner_name = names[0] if owner is not None and names else None
        self.given = set(names)
        self.local = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        count = -1
        while count < len(self.given):
            count = len(self.given)
            for part in ast.walk(node):
                self._spread(part)

    def _spread(self, part: ast.AST) -> None:
        """Names that are given something of what is given."""
        match part:
            case ast.Assign(targets=targets, value=value):
                self._bind(targets, value)
            case ast.AnnAssign(target=target, value=ast.expr() as value) | ast.NamedExpr(target=target, value=value):
                self._bind([target], value)
            case ast.For(target=target, iter=value) | ast.comprehension(target=target, iter=value):
                self._bind([target], value)
            case ast.withitem(context_expr=value, optional_vars=ast.expr() as target):
                self._bind([target], value)
            case ast.Lambda() if part is not self.node:  # whoever calls it
                self.given |= {p.arg for p in parameters_of(part.args)}

    def _bind(self, targets: list[Any], value: ast.expr) -> None:
        if isinstance(value, (ast.BinOp, ast.UnaryOp, ast.Compare, ast.JoinedStr)):
            return
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id in FRESH:
            return
        if any(isinstance(n, ast.Name) and n.id in self.given for n in ast.walk(value)):
            stored = [n for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)]
            self.given |= {n.id for n in stored if isinstance(n.ctx, ast.Store)}

    def writes(self) -> bool:
        return any(map(self._is_write, ast.walk(self.node)))

    def _is_write(self, node: ast.AST) -> bool:
        match node:
            case ast.Subscript(ctx=ast.Store() | ast.Del()):
                return self._is_reached(node.value)
            case ast.AugAssign(target=ast.Name() as target):
                return target.id in self.given  # any other is local
            case ast.AugAssign(target=ast.Attribute(value=ast.Name(id=name), attr=attr)):
                held = getattr(self.owner, attr, None) if name == self.owner_name else None
                return isinstance(held, np.ndarray) or name in self.given and name != self.owner_name
            case ast.Call(func=ast.Attribute(value=base, attr=name)) if name in METHODS and self._is_reached(base):
                return True
            case ast.Call(func=ast.Name(id="exec" | "eval"), args=[text, *_]) if not _is_empty(text):
                return True
            case ast.Call(func=ast.Attribute(value=base, attr=name), args=[first, *_]) if name in WRITERS:
                return (name == "shuffle" or self._is_numpy(base)) and self._is_reached(first)
            case ast.Call(keywords=keywords) if any(k.arg == "out" for k in keywords):
                return any(self._is_reached(k.value) for k in keywords if k.arg == "out")
            case ast.Call(func=ast.Attribute(value=base, attr=name)) if name in GROWERS and self.containers:
                return self._is_reached(base)
            case ast.Attribute(ctx=ast.Store() | ast.Del(), value=base) if self.containers:
                return self._is_reached(base)
            case ast.Call(func=func):
                called = self._known(func)
                return called is not None and writes_arguments(called, self.seen, self.containers)
        return False

    def _known(self, node: ast.expr) -> Any:
        """What a name, or a dotted name of a module, is outside the function; None for all else."""
        if isinstance(node, ast.Name):
            return self.scope.get(node.id) if node.id not in self.local else None
        owner = self._known(node.value) if isinstance(node, ast.Attribute) else None
        return getattr(owner, node.attr, None) if isinstance(owner, types.ModuleType) else None  # type: ignore[attr-defined]

    def _is_numpy(self, node: ast.expr) -> bool:
        """Whether it is NumPy, or one of its functions."""
        while isinstance(node, ast.Attribute):
            node = node.value
        return isinstance(node, ast.Name) and getattr(self.scope.get(node.id), "__name__", "") == "numpy"

    def _is_reached(self, node: ast.expr) -> bool:
        """Whether what an expression denotes may be, or show, an array from outside the function."""
        path = []
        while isinstance(node, (ast.Subscript, ast.Attribute)):
            path.append(node.attr if isinstance(node, ast.Attribute) else None)
            node = node.value
        if not isinstance(node, ast.Name):
            return True
        if node.id in self.given:
            if node.id == self.owner_name and path and path[-1] is not None:
                return not isinstance(getattr(self.owner, path[-1], None), (list, dict, set))
            return True
        if node.id in self.local:
            return False
        return self.inside or isinstance(self.scope.get(node.id), np.ndarray)
