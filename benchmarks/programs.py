"""Functions of any length, as text."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

STEPS = (
    "np.sin({v}) * x",
    "{v} * {v} - 0.5 * x",
    "np.exp(-0.1 * {v} * {v})",
    "np.tanh({v} + x)",
    "{v} / (1.0 + x * x)",
)


HELPERS = "helpers, called twice"


def chain(statements: int) -> str:
    """Each statement reads the one before."""
    lines = ["v0 = x"]
    lines += [f"v{i + 1} = " + STEPS[i % len(STEPS)].format(v=f"v{i}") for i in range(statements)]
    return function([*lines, f"return np.sum(v{statements})"])


def terms(count: int, per_statement: int = 500) -> str:
    """Sums of `per_statement` terms each."""
    lines, totals = [], []
    for k in range(0, count, per_statement):
        parts = [f"{1.0 + i % 7} * np.sin(x + {float(i)})" for i in range(k, min(k + per_statement, count))]
        totals.append(f"s{len(totals)}")
        lines.append(f"{totals[-1]} = " + " + ".join(parts))
    return function([*lines, f"return np.sum({' + '.join(totals)})"])


def long_list(items: int) -> str:
    """np.sum of a list that is written out."""
    parts = ", ".join(f"x[{i % 5}] * {1.0 + i % 3}" for i in range(items))
    return function([f"return np.sum([{parts}])"])


def helpers(levels: int) -> str:
    """Functions that call the one before twice: the gradient must not be written out for each of 2**levels calls."""
    parts = ["import numpy as np", "def h0(x):\n    return np.sin(x) * x"]
    for i in range(1, levels + 1):
        parts.append(f"def h{i}(x):\n    y = h{i - 1}(0.5 * x)\n    return np.tanh(y + h{i - 1}(y))")
    return "\n\n\n".join([*parts, f"def f(x):\n    return np.sum(h{levels}(x))\n"])


def function(lines: list[str]) -> str:
    return "import numpy as np\n\n\ndef f(x):\n" + "".join(f"    {line}\n" for line in lines)


def programs() -> Iterator[tuple[str, int, str]]:
    """(kind, size, text); those of the kind HELPERS take too long to run."""
    for n in (100, 1_000, 10_000):
        yield "chain of statements", n, chain(n)
    for n in (500, 2_500, 10_000):
        yield "terms, 500 a statement", n, terms(n)
    for n in (100, 1_000, 10_000):
        yield "np.sum of a list", n, long_list(n)
    for n in (10, 30, 90):
        yield HELPERS, n, helpers(n)


def loaded(text: str, folder: str, name: str) -> Callable[..., Any]:
    path = Path(folder) / f"{name}.py"
    path.write_text(text)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module.f  # type: ignore[no-any-return]
