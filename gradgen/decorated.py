"""Functions behind decorators: what they are called with, and decorators that hand on what they are given."""

from __future__ import annotations

import ast
import functools
import inspect
import linecache
import types
from typing import Any

from .errors import GradgenError
from .source import function_source
from .syntax import literal

STARRED = inspect.CO_VARARGS | inspect.CO_VARKEYWORDS
READERS = frozenset({"get", "items", "keys", "values", "copy", "index", "count"})
"""Methods that leave a tuple or dictionary as it is."""


def plainly_called(fn: Any) -> Any:
    """A function with the parameters that a decorated one is documented to have, which calls it; `fn` if it has those.

    `functools.wraps` tells what they are, where the function that a decorator returns takes `*args` and `**kwargs`.
    """
    if not (isinstance(fn, types.FunctionType) and hasattr(fn, "__wrapped__") and fn.__code__.co_flags & STARRED):
        return fn
    parameters = list(inspect.signature(fn).parameters.values())
    if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in parameters):
        return fn
    decorated = f"{fn.__name__}_"
    scope: dict[str, Any] = {"__name__": fn.__module__, decorated: fn}
    spelt, handed = [], []
    for p, after in zip(parameters, [*parameters[1:], None], strict=True):
        text = p.name
        if p.default is not p.empty:
            tree = literal(p.default)
            scope[f"_{p.name}"] = p.default
            text += f"={ast.unparse(tree) if tree is not None and p.default is not p.empty else f'_{p.name}'}"
        if p.kind is p.KEYWORD_ONLY and "*" not in spelt:
            spelt.append("*")
        spelt.append(text)
        if p.kind is p.POSITIONAL_ONLY and (after is None or after.kind is not p.POSITIONAL_ONLY):
            spelt.append("/")
        handed.append(f"{p.name}={p.name}" if p.kind is p.KEYWORD_ONLY else p.name)
    text = f"def {fn.__name__}({', '.join(spelt)}):\n    return {decorated}({', '.join(handed)})\n"
    filename = f"<call of {fn.__module__}.{fn.__qualname__}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    exec("import numpy as np", scope)
    exec(compile(text, filename, "exec"), scope)
    made = scope[fn.__name__]
    made.__doc__, made.__qualname__, made.__module__ = fn.__doc__, fn.__qualname__, fn.__module__
    return made


@functools.cache
def handed_on(fn: Any) -> Any:
    """The function to which a decorated one hands its arguments as they are, and whose result it returns as it is.

    None where that is not plain to see. What such a decorator does beside, a check or a note, changes no value.
    """
    inner = getattr(fn, "__wrapped__", None)
    if not (isinstance(fn, types.FunctionType) and isinstance(inner, types.FunctionType)):
        return None
    try:
        node = function_source(fn).node
    except GradgenError:
        return None
    spec = node.args
    others = [*spec.posonlyargs, *spec.args, *spec.kwonlyargs]
    if isinstance(node, ast.Lambda) or others or spec.vararg is None or spec.kwarg is None:
        return None
    cells = zip(fn.__code__.co_freevars, fn.__closure__ or (), strict=True)
    names = {name for name, cell in cells if cell.cell_contents is inner}
    stars = {spec.vararg.arg, spec.kwarg.arg}
    returns = [part for part in ast.walk(node) if isinstance(part, ast.Return)]
    plain = [part.value for part in returns if _hands_on(part.value, names, spec.vararg.arg, spec.kwarg.arg)]
    inside = [part for part in ast.walk(node) if part is not node]
    nested = any(isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Yield)) for part in inside)
    return inner if plain and len(plain) == len(returns) and not nested and _leaves_alone(node, stars) else None


def _hands_on(value: ast.expr | None, names: set[str], args: str, kwargs: str) -> bool:
    match value:
        case ast.Call(
            func=ast.Name(id=name), args=[ast.Starred(value=ast.Name(id=a))],
            keywords=[ast.keyword(arg=None, value=ast.Name(id=k))],
        ):  # fmt: skip
            return name in names and (a, k) == (args, kwargs)
    return False


def _leaves_alone(node: ast.AST, stars: set[str]) -> bool:
    """Whether nothing can change the arguments that came with stars: they are only handed on, and looked at."""
    around = {child: parent for parent in ast.walk(node) for child in ast.iter_child_nodes(parent)}
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and part.id in stars:
            parent = around[part]
            looks = isinstance(parent, (ast.Starred, ast.keyword, ast.Compare, ast.For, ast.comprehension))
            looks = looks and not (isinstance(parent, ast.keyword) and parent.arg is not None)
            if isinstance(parent, ast.Dict):  # {**kwargs} is another one
                pairs = zip(parent.keys, parent.values, strict=True)
                looks = all(key is None or value is not part for key, value in pairs)
            looks = looks or isinstance(parent, ast.Attribute) and parent.attr in READERS
            looks = looks or isinstance(parent, ast.Subscript) and isinstance(parent.ctx, ast.Load)
            length = isinstance(parent, ast.Call) and isinstance(parent.func, ast.Name) and parent.func.id == "len"
            if not isinstance(part.ctx, ast.Load) or not (looks or length):
                return False
    return True
