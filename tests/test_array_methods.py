"""Every method and attribute of arrays: differentiated, telling what has no derivative, or refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradgen.errors import GradgenError
from gradgen.memory import compile_gradient
from gradgen.options import make_options
from gradgen.testing import difference, inner, leaves, like
from tests.leafwise import load

X = np.random.default_rng(3).uniform(0.2, 0.9, (3, 4))
MASK, PLACES = np.array([True, False, True]), np.array([[2, 0, 1, 1], [0, 0, 2, 1], [1, 2, 0, 0]])

DIFFERENTIATED = """
x.T; x.mT; x.real; x.imag * x; x.flat[5]; x.flat[1:7:2]; sum(t * t for t in x.flat); np.array([t * t for t in x.flat])
np.sin(x.flat); x.astype(float); x.astype("float64", copy=False)
(x > 0.5).choose([x, x * x]); x.clip(0.4, 0.6); x.compress(k, axis=0); x.compress([True, False, True]); x.conj()
x.conjugate(); x.copy(); x.copy("F"); x.cumprod(); x.cumprod(axis=1); x.cumsum(); x.cumsum(0); x.diagonal()
x.diagonal(1); x.dot(x.T); x.flatten(); x.flatten("F"); x.item(5); x.item(1, 2); x.item((2, 0)); x[0, 0].item()
x.max(); x.max(axis=1, keepdims=True); x.mean(axis=(0, 1)); x.min(initial=0.3); x.prod(axis=-1); x.ravel(order="F")
x.repeat(2); x.repeat([1, 0, 2], axis=0); x.reshape(2, 6); x.reshape((6, -1)); x[:1].squeeze(); x.std(ddof=1)
x.std(axis=0); x.sum(where=x > 0.5); x.sum(axis=1, dtype=float); x.swapaxes(0, 1); x.take([0, 5]); x.take(n)
x.take([1, 1], axis=1); np.array(x.tolist()); x.tolist()[1][2] * 2.0; sum(t * t for t in x[0].tolist())
sum([row[0] * row[3] for row in x.tolist()]); x.to_device("cpu") * x; x.trace(); x.trace(offset=1); x.transpose(1, 0)
x.transpose(); x.var(axis=1); x.view() * x; x.round(1) * x; x.round() + x; x[0].searchsorted(0.5) * x
x[x.argmax(axis=0), 0]; x[x.argmin(axis=0)]; x[0][x[0].argsort()]; x[0][x[0].argpartition(2)]; x * x.all()
x * x.any(axis=0); x[(x > 0.5).nonzero()]; x * x.size; x * x.ndim; x * x.shape[0]; x * x.itemsize; x * x.nbytes
x * x.strides[0]; x * x.flags.c_contiguous; x * (x.device == "cpu"); np.zeros(3, x.dtype)[:, None] + x
x * n.item(1); x[n.item(4)]; x * n.tolist()[0][1]; x * n.choose([n, n + 1, n]); len(x) * x
"""
CHANGING = {
    "fill": "y = x * 1.0\n    y[0].fill(0.5)\n    y[1].fill(x[0, 0])",
    "sort": "y = x * 1.0\n    y.sort(axis=0)",
    "partition": "y = x * 1.0\n    y.partition(2, axis=1)",
    "put": "y = x * 1.0\n    y.put([0, 5], x[0, 0] * 2.0)",
    "flat": "y = x * 1.0\n    y.flat[3] = x[0, 0]",
}
"""What changes an array of the function's own, which is `y`."""
REFUSED = {
    "base": "x.base[0]", "byteswap": "x.byteswap()", "ctypes": "x.ctypes.data * x", "data": "np.array(x.data) * x",
    "dump": "x.dump('f')", "dumps": "x.dumps()", "getfield": "x.getfield(float)", "resize": "x.resize(2, 6)",
    "setfield": "x.setfield(1.0, float)", "setflags": "x.setflags(write=False)", "tobytes": "x.tobytes()",
    "tofile": "x.tofile('f')", "view": "x.view(np.int64)",
}  # fmt: skip
"""What has no derivative, or none that is followed: the message names it."""


def programs() -> list[str]:
    return [text for line in DIFFERENTIATED.strip().split("\n") for text in line.split("; ")]


def compiled(text: str, known: bool, path: Path) -> Any:
    fn = load(path / "methods.py", f"import numpy as np\n\n\n{text}").f
    shapes = "x=(3, 4), k=bool(3,), n=int(3, 4)" if known else ""
    return fn, compile_gradient(fn, make_options(("x",), "vjp", shapes=shapes)).call


def check(text: str, known: bool, path: Path) -> None:
    fn, module = compiled(text, known, path)
    rng = np.random.default_rng(0)
    value, pullback = module(X, MASK, PLACES)
    own = fn(X, MASK, PLACES)
    for mine, wanted in zip(leaves(value), leaves(own), strict=True):
        np.testing.assert_allclose(mine, wanted, rtol=1e-13)
    g, move = like(own, rng), like(X, rng)
    bar = pullback(g)
    assert bar.shape == X.shape and bar.dtype == float
    slope = inner(g, difference(lambda xs: fn(xs[0], MASK, PLACES), [X], [move]))
    assert abs(inner([bar], [move]) - slope) < 1e-7 * (1.0 + np.sum(np.abs(bar * move)))


@pytest.mark.filterwarnings("ignore::gradgen.GradgenWarning")
@pytest.mark.parametrize("text", programs())
def test_methods_that_are_differentiated(text: str, tmp_path: Path) -> None:
    program = f"def f(x, k, n):\n    return {text}\n"
    check(program, True, tmp_path)
    if "tolist" not in text:
        check(program, False, tmp_path)


@pytest.mark.parametrize("name", CHANGING)
def test_methods_that_change_an_array(name: str, tmp_path: Path) -> None:
    check(f"def f(x, k, n):\n    {CHANGING[name]}\n    return y * x\n", True, tmp_path)


@pytest.mark.parametrize("name", REFUSED)
def test_methods_that_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(GradgenError) as caught:
        compiled(f"def f(x, k, n):\n    return np.sum({REFUSED[name]})\n", True, tmp_path)
    assert name in str(caught.value) or "changed in place" in str(caught.value)


def test_every_name_is_known() -> None:
    """None of what arrays have is unknown, in the NumPy that is installed."""
    text = " ".join([*programs(), *CHANGING.values(), *REFUSED.values()])
    names = [name for name in dir(np.ndarray) if not name.startswith("_")]
    assert not [name for name in names if f".{name}" not in text]
