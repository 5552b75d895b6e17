"""Context managers: which let every exception through and change nothing that is read inside."""

from __future__ import annotations

import ast
import contextlib
import threading
import types
import warnings
from typing import Any

import numpy as np

from .errors import GradgenError
from .source import function_source, unwrap

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
    """Whether a function changes no name from outside, and yields outside of any `try` that catches.

    What it calls in turn is not looked into, but that it is no function of the user's which does.
    """
    node = _syntax(fn)
    if node is None:
        return False
    for part in ast.walk(node):
        if isinstance(part, (ast.Global, ast.Nonlocal)):
            return False
        yields = isinstance(part, (ast.Try, ast.With)) and any(isinstance(x, ast.Yield) for x in ast.walk(part))
        if yields and isinstance(part, ast.Try) and part.handlers:
            return False
        if yields and isinstance(part, ast.With) and not all(_lets_through(item, fn) for item in part.items):
            return False
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Name):
            called = getattr(fn, "__globals__", {}).get(part.func.id)
            if isinstance(called, types.FunctionType) and called is not fn and not _is_plain(called):
                return False
    return True


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


def _syntax(fn: Any) -> ast.AST | None:
    try:
        return function_source(fn).node
    except GradgenError:
        return None
