"""Context managers: which let every exception through and change nothing that is read inside."""

from __future__ import annotations

import ast
import builtins
import contextlib
import threading
import types
import warnings
from typing import Any

import numpy as np

from .errors import GradgenError
from .source import function_source, unwrap
from .syntax import parameters_of

WARNINGS = (np.errstate, np.printoptions)
"""Those that make a difference to what NumPy warns of or prints; they stand around the backward pass as well."""
PLAIN = (*WARNINGS, warnings.catch_warnings, contextlib.nullcontext, contextlib.redirect_stdout,
         contextlib.redirect_stderr, contextlib.chdir, type(threading.Lock()), type(threading.RLock()))  # fmt: skip
"""Those of the standard library, and of NumPy."""


def is_of_the_backward_pass(manager: Any) -> bool:
    return manager in WARNINGS


def lets_through(manager: Any) -> bool:
    """Whether a context manager, by what makes it, surely lets exceptions through and binds nothing from outside.

    That is seen in the source of the user's own: of a generator function under `contextlib.contextmanager`, which does
    not catch what it yields to, or of a class, whose `__exit__` returns nothing.
    """
    if any(manager is known for known in PLAIN):
        return True
    if isinstance(manager, type):
        methods = [getattr(manager, name, None) for name in ("__init__", "__enter__", "__exit__")]
        own = [m for m in methods if m is not object.__init__]
        return None not in own and all(map(_is_plain, own)) and _returns_nothing(own[-1])
    generator = getattr(unwrap(manager), "__wrapped__", None)
    made = isinstance(manager, types.FunctionType) and manager.__module__ != "contextlib" and generator is not None
    return made and manager.__code__.co_filename == contextlib.__file__ and _is_plain(generator)


def _is_plain(fn: Any) -> bool:
    """Whether a function changes nothing but its own names and the attributes of the manager itself, and yields outside
    of all that catches. What it calls must be known to change nothing: a function of the same kind, what only tells or
    prints, a function of one of `QUIET`."""
    node = _syntax(fn)
    if node is None:
        return False
    given = [p.arg for p in parameters_of(node.args)]
    scope = getattr(fn, "__globals__", {})
    for part in ast.walk(node):
        match part:
            case ast.Global() | ast.Nonlocal() | ast.Subscript(ctx=ast.Store() | ast.Del()):
                return False
            case ast.Attribute(ctx=ast.Store() | ast.Del(), value=base):
                if not (isinstance(base, ast.Name) and [base.id] == given[:1]):
                    return False
            case ast.AugAssign(target=target):
                if not isinstance(target, ast.Name) or target.id in given:
                    return False
            case ast.Call(func=func):
                if not _is_quiet(func, scope, fn):
                    return False
            case ast.Try(handlers=[_, *_]) | ast.With() if any(isinstance(x, ast.Yield) for x in ast.walk(part)):
                if isinstance(part, ast.Try) or not all(_lets_through(item, fn) for item in part.items):
                    return False
    return True


QUIET = frozenset({"time", "logging", "math", "contextlib", "numpy", "warnings"})
"""Modules by whose functions nothing is changed that a gradient reads, but for those with a name in `CHANGING`."""
CHANGING = frozenset({
    "setattr", "delattr", "exec", "eval", "globals", "vars", "copyto", "put", "place", "putmask", "put_along_axis",
    "fill_diagonal", "at", "shuffle", "seed", "seterr", "seterrcall", "setbufsize", "set_printoptions",
})  # fmt: skip
"""Functions that change something."""


def _is_quiet(func: ast.expr, scope: dict[str, Any], inside: Any) -> bool:
    """Whether a call changes nothing, by what is called."""
    path = ast.unparse(func).split(".")
    called = scope.get(path[0], getattr(builtins, path[0], None))
    if len(path) > 1:
        module = called if isinstance(called, types.ModuleType) else None
        return module is not None and module.__name__.split(".")[0] in QUIET and path[-1] not in CHANGING
    if isinstance(called, types.FunctionType):
        return called is inside or _is_plain(called)
    return called is not None and called is getattr(builtins, path[0], None) and path[0] not in CHANGING


def _lets_through(item: ast.withitem, fn: Any) -> bool:
    """Whether what a function writes after `with` is such a context manager."""
    call = item.context_expr
    path = ast.unparse(call.func).split(".") if isinstance(call, ast.Call) else [""]
    manager = getattr(fn, "__globals__", {}).get(path[0])
    for name in path[1:]:
        manager = getattr(manager, name, None)
    return lets_through(manager)


def _returns_nothing(fn: Any) -> bool:
    node = _syntax(fn)
    returned = [part.value for part in ast.walk(node) if isinstance(part, ast.Return)] if node is not None else [node]
    return all(value is None or isinstance(value, ast.Constant) and not value.value for value in returned)


def _syntax(fn: Any) -> Any:
    try:
        return function_source(fn).node
    except GradgenError:
        return None
