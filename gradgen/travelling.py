"""The helper functions that travel with a generated module: their text, and which of them a function is."""

from __future__ import annotations

import ast
import inspect
import re
import types
from typing import Any

from .graph import PRIMITIVES, Operation


def snippet_text(name: str, fn: Any, carried: dict[str, Any]) -> str:
    """The source of a helper function under the name that it has in the module; notes what it calls in turn."""
    lines = inspect.getsource(fn).splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith("def "))
    text = "\n".join(lines[first:])
    [node] = ast.parse(text).body
    assert isinstance(node, ast.FunctionDef)
    text = re.sub(rf"\bdef {node.name}\b", f"def {name}", text, count=1)
    heading = text.split('"""')[0]
    bare = re.sub(r"(?<=[\w\]])(: Any|: int|: float|: bool|: str)(?=[,)= ])", "", heading)
    text = bare + text[len(heading) :]
    text = re.sub(r"\) -> [\w.\[\], |]+:", "):", text, count=1)
    calls = [n.func for part in node.body for n in ast.walk(part) if isinstance(n, ast.Call)]
    called = {f.id for f in calls if isinstance(f, ast.Name)}
    for word in sorted(called):
        other = fn.__globals__.get(word)
        if inspect.isfunction(other) and (other.__module__ or "").startswith("gradgen.") and other is not fn:
            inner = f"_{word.strip('_')}"
            text = re.sub(rf"\b{word}\b", inner, text)
            carried.setdefault(inner, getattr(other, "__wrapped__", other))
    return text


def snippet_behind(fn: types.FunctionType) -> Operation | None:
    """The operation that a function of a generated module is a copy of; None for any other function.

    A gradient is differentiated again by its rule, rather than by what stands in its body.
    """
    op = PRIMITIVES.get(fn.__name__.strip("_")) if fn.__name__.startswith("_") else None
    if op is None or op.rule is None and op.differentiable:
        return None
    try:
        own = ast.parse(inspect.getsource(fn))
    except (OSError, TypeError, SyntaxError):
        return None
    text = snippet_text(fn.__name__, getattr(op.fn, "__wrapped__", op.fn), {})
    return op if ast.dump(own) == ast.dump(ast.parse(text)) else None
