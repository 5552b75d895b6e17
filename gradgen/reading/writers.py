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

METHODS = frozenset({
    "sort", "fill", "put", "partition", "resize", "itemset", "setfield", "setflags", "byteswap", "shuffle",
})  # fmt: skip
"""Methods of arrays that change them."""
WRITERS = frozenset({"copyto", "put", "place", "putmask", "put_along_axis", "fill_diagonal", "at"})
"""Functions of NumPy's that change their first argument."""


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


def writes_arguments(obj: Any, seen: frozenset[Any] = frozenset()) -> bool:
    """Whether a call of `obj` may change an array that it is given: `obj` is a function, or its syntax."""
    scope: dict[str, Any] = {}
    if isinstance(obj, (ast.FunctionDef, ast.Lambda)):
        node: Any = obj
    else:
        fn = python_function(obj)
        if fn is None or fn in seen:
            return False
        scope, seen = fn.__globals__, seen | {fn}
        try:
            node = function_source(fn).node
        except GradgenError:  # nobody can tell
            return True
    return any(_is_write(part, scope, seen) for part in ast.walk(node))


def _is_write(node: ast.AST, scope: dict[str, Any], seen: frozenset[Any]) -> bool:
    match node:
        case ast.Subscript(ctx=ast.Store() | ast.Del()):
            return not isinstance(node.value, ast.Name) or not isinstance(scope.get(node.value.id), (dict, list))
        case ast.AugAssign(target=ast.Name()):
            return not isinstance(node.value, ast.Constant)  # a counter counts
        case ast.AugAssign(target=ast.Attribute()):
            return not isinstance(node.value, ast.Constant)
        case ast.Call(func=ast.Attribute(attr=name)) if name in METHODS or name in WRITERS:
            return True
        case ast.Call(keywords=keywords) if any(k.arg == "out" for k in keywords):
            return True
        case ast.Call(func=ast.Name(id=name)) if name in scope:
            return writes_arguments(scope[name], seen)
    return False
