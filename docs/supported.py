"""Write the table of supported functions in docs/accepted.md anew, from the registry of rules.

    python docs/supported.py
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import numpy as np
import scipy.linalg
import scipy.signal
import scipy.special
import scipy.stats  # noqa: F401

import gradgen.rules
from gradgen.graph import OPERATIONS, PRIMITIVES, Operation
from gradgen.library import library_path

gradgen.rules.of_libraries()
PAGE = Path(__file__).with_name("accepted.md")
BEGIN, END = "<!-- from here on written by docs/supported.py -->\n", "<!-- as far as this -->\n"
FAMILIES = {
    "elementwise": "entry by entry",
    "parts": "parts of numbers, casts",
    "reductions": "reductions",
    "nans": "passing over NaN",
    "quantiles": "quantiles",
    "statistics": "statistics",
    "scans": "along an axis",
    "curves": "sampled curves",
    "methods": "methods of ufuncs",
    "products": "products",
    "einsum": "sums of products",
    "linalg": "linear algebra",
    "norms": "norms",
    "fourier": "Fourier transforms",
    "polynomials": "polynomials",
    "shaping": "shapes",
    "selecting": "reading",
    "places": "by masks and places",
    "joining": "joining and splitting",
    "creation": "making arrays",
    "math": "`math`, on numbers",
    "builtins": "Python's own",
    "functions": "`gradgen.functions`",
    "special": "`scipy.special`",
    "bessel": "Bessel functions and relatives, in `scipy.special`",
    "integrals": "integrals and polynomials, in `scipy.special`",
    "distributions": "distribution functions, in `scipy.special`",
    "scipy.linalg": "`scipy.linalg`",
    "scipy.signal": "`scipy.signal`",
    "scipy.stats": "`scipy.stats`",
}
"""Families of rules, by the module that they are in, with what the page calls them."""


def name_of(fn: Any) -> str:
    """How a program names a function of NumPy, less the `np.`."""
    path = library_path(fn)
    if path is not None and path[0].startswith("scipy"):
        return ast.unparse(path[1]).removeprefix(f"{path[0]}.")
    for prefix, owner in (("", np), ("linalg.", np.linalg), ("fft.", np.fft)):
        if getattr(owner, fn.__name__, None) is fn:
            return f"{prefix}{fn.__name__}"
    owner = getattr(fn, "__self__", None)
    return f"{owner.__name__}.{fn.__name__}" if isinstance(owner, np.ufunc) else str(fn.__name__)


def family_of(fn: Any, op: Operation) -> str:
    """The family of a function: by where it comes from, else by the module of its rule."""
    origin = (getattr(fn, "__module__", None) or "numpy").split(".")[0]
    if origin in ("math", "builtins") and not hasattr(fn, "__self__") or origin == "math":
        return origin
    if origin == "gradgen":
        return "functions"
    if fn in (abs, max, min, pow, round, len, sum):
        return "builtins"
    module = str((op.rule or op.infer).__module__).rsplit(".", 1)[-1]
    path = library_path(fn)
    if path is not None and path[0].startswith("scipy"):
        return path[0] if path[0] in FAMILIES else module if module in FAMILIES else "special"
    return module if module in FAMILIES else "elementwise"


def table() -> str:
    """The table, in Markdown: a row for each family, those whose derivative is zero apart."""
    rows: dict[str, dict[bool, list[str]]] = {family: {True: [], False: []} for family in FAMILIES}
    for fn, op in OPERATIONS.items():
        if op in PRIMITIVES.values() or op.rule is None and op.differentiable:
            continue
        rows[family_of(fn, op)][op.rule is not None].append(name_of(fn))
    lines = ["| family | functions | with derivative zero, or none |", "|---|---|---|"]
    for family, title in FAMILIES.items():
        cells = [", ".join(f"`{name}`" for name in sorted(set(rows[family][has]))) for has in (True, False)]
        lines.append(f"| {title} | {cells[0]} | {cells[1]} |")
    return "\n".join(lines) + "\n"


def updated(page: str) -> str:
    """The page with the table as it is now."""
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(updated(PAGE.read_text()))
