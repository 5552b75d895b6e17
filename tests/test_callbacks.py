"""NumPy's functions that call functions: `np.vectorize`, `np.piecewise`, `np.apply_along_axis` and their like."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradgen
from gradgen.errors import GradgenError
from gradgen.testing import difference, inner, leaves, like
from tests.leafwise import load

SHAPES = {"v": (5,), "w": (5,), "M": (3, 4), "T": (2, 3, 4), "a": (), "b": ()}
PROGRAMS = """
np.piecewise(v, [v < 0.5, v >= 0.5], [lambda t: t * t, np.sin])
np.piecewise(v, [v < 0.5], [lambda t: t * t, np.sin])
np.piecewise(v, [v < 0.5, v > 0.7], [lambda t, p: t * p, lambda t, p: np.exp(p * t), 0.5], a)
np.piecewise(v, [v < 0.5, v > 0.7], [-1.0, 2.0]) * v
np.piecewise(M, [M < 0.5, M > 0.3], [np.sqrt, np.exp])
np.piecewise(a, [a < 0.5, a >= 0.5], [lambda t: t * t, np.sin])
np.piecewise(a, [a < 0.1, a > 0.9], [0.0, 1.0, lambda t: np.sqrt(t)]) * b
np.apply_along_axis(np.sum, 0, M)
np.apply_along_axis(np.cumsum, 0, M)
np.apply_along_axis(lambda r: r / np.sum(r), 1, M)
np.apply_along_axis(lambda r: np.outer(r, r), 1, M)
np.apply_along_axis(lambda r: np.outer(r, r), -2, M)
np.apply_along_axis(lambda r: r @ r, 1, T)
np.apply_along_axis(lambda r: r / r.sum(), -2, T)
np.apply_along_axis(lambda r, p: r**p, 0, M, a)
np.apply_along_axis(np.linalg.norm, 0, v)
np.apply_along_axis(np.convolve, 1, M, v, mode="same")
np.apply_over_axes(np.sum, T, [0, 2])
np.apply_over_axes(np.prod, T, (0, -1))
np.fromfunction(lambda i, j: i * a + j * b, (2, 3))
np.fromfunction(lambda i: v[0] * i, (4,), dtype=int)
np.vectorize(lambda t: t * np.exp(t) + 1.0)(M)
np.vectorize(lambda t: t * a if t > 0.5 else t**2)(v)
np.vectorize(lambda t, s: t * s if t > s else t + s)(v, w)
np.vectorize(lambda t, s: t * s if t > s else t + s)(v, a)
np.vectorize(lambda t, s: t * s)(M, M[:1])
np.vectorize(lambda t, s, r: t * s if r > 0.5 else r)(v, a, w)
np.vectorize(math.sqrt)(M)
np.vectorize(lambda t: 1.0)(v) * v
np.vectorize(lambda t: t * 2.0 if t > 0.5 else 0, otypes=[float])(v)
np.vectorize(lambda t: math.sin(t))(a)
softplus(M) * a
clipped(v, a)
"""
GIVEN = '''
import math

import numpy as np


@np.vectorize
def softplus(x):
    return math.log1p(math.exp(x))


def between(x, high):
    if x > high:
        return high
    return x


clipped = np.vectorize(between, otypes="d")


'''
REFUSED = {
    "np.vectorize(lambda t: t * 2.0 if t > 0.5 else 0)(v)": "an integer for one entry",
    "np.vectorize(lambda t: t, signature='(n)->(n)')(v)": "otypes",
    "np.vectorize(lambda t: t, excluded=[1])(v)": "otypes",
    "np.vectorize(lambda t: t, otypes=[int])(v) * v": "makes no floats",
    "np.apply_along_axis(lambda r: r[None, None, None] * a, 0, M)": "apply_along_axis",
    "np.frompyfunc(lambda t: t, 1, 1)(v)": "frompyfunc",
}


def program(text: str, path: Path) -> tuple[Any, tuple[str, ...]]:
    found = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
    names = [name for name in SHAPES if name in found]
    return load(path / "calling.py", f"{GIVEN}def f({', '.join(names)}):\n    return {text}\n").f, tuple(names)


@pytest.mark.parametrize("known", [True, False], ids=["declared", "seen"])
@pytest.mark.parametrize("text", PROGRAMS.strip().split("\n"))
def test_functions_that_call_functions(text: str, known: bool, tmp_path: Path) -> None:
    """Value and gradient, as a module would be written and as a call in memory makes them."""
    fn, names = program(text, tmp_path)
    rng = np.random.default_rng(1)
    args = [rng.uniform(0.2, 0.95, SHAPES[name])[()] for name in names]
    shapes = ", ".join(f"{n}=({''.join(f'{k},' for k in SHAPES[n])})" for n in names)
    value, pullback = gradgen.vjp(fn, wrt=names, **({"shapes": shapes} if known else {}))(*args)
    own = fn(*args)
    np.testing.assert_allclose(value, own, rtol=1e-13)
    g = like(own, rng)
    bars = pullback(g)
    bars = list(bars) if len(names) > 1 else [bars]
    moves = [like(x, rng) for x in args]
    slope = inner(g, difference(lambda xs: fn(*xs), args, moves))
    assert [np.shape(bar) for bar in bars] == [SHAPES[name] for name in names]
    assert abs(inner(bars, moves) - slope) < 1e-7 * (1.0 + abs(slope))
    assert leaves(value)


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_refused(text: str, tmp_path: Path) -> None:
    fn, names = program(text, tmp_path)
    shapes = ", ".join(f"{n}=({''.join(f'{k},' for k in SHAPES[n])})" for n in names)
    with pytest.raises(GradgenError) as caught:
        gradgen.vjp(fn, wrt=names, shapes=shapes).source  # noqa: B018
    assert REFUSED[text] in str(caught.value)


def test_what_is_written_for_arithmetic_is_whole_arrays(tmp_path: Path) -> None:
    fn, names = program("np.vectorize(lambda t, s: t * s + 1.0)(v, w)", tmp_path)
    assert "for " not in gradgen.vjp(fn, wrt=names, shapes="v=(n,), w=(n,)").source.split("# Forward pass.")[1]
