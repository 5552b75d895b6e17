"""What random programs are made of: how operations are spelled, and for which numbers they are smooth.

An operation is one line of a table. `{}`, or `{0}` and `{1}`, stand for its operands.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

IFEXP, COMPARE, ADD, MUL, UNARY, POW, ATOM = range(7)
"""How tightly the outermost operator of an expression binds."""
MARGIN = 0.04
"""How far from a kink numbers must stay: much more than the steps of numerical differences."""
LARGEST = 60.0
MAX_SIZE = 96


@dataclass(frozen=True)
class Expr:
    """An expression and what it is worth."""

    text: str
    value: Any
    level: int = ATOM

    def at(self, level: int) -> str:
        """Its text where an operand that binds at least as tightly as `level` is expected."""
        return self.text if self.level >= level else f"({self.text})"

    @property
    def shape(self) -> tuple[int, ...]:
        return np.shape(self.value)

    @property
    def ndim(self) -> int:
        return np.ndim(self.value)


HELPERS = {
    "scaled": "def scaled(x, k=2.0):\n    y = k * x  # a helper's own comment\n    return y + np.sin(y)\n",
    "both": "def both(u, v):\n    s = u + v\n    return s * u, s - v\n",
    "twice": "def twice(x):\n    return scaled(scaled(x, 0.5))\n",
    "square": "square = lambda x: x * x\n",
    "affine": "def affine(x, *, a=1.5, b=SCALE):\n    return a * x + b\n",
    "ident": "def ident(x):\n    return x\n",
    "centred": "def centred(x):\n    m = x - np.mean(x)\n    return m / np.sqrt(np.mean(m**2) + 1.0)\n",
    "reuse": "def reuse(x):\n    y = x\n    y = np.tanh(y)\n    x = y * x\n    return x - 0.5 * y\n",
    "unused": "def unused(x, y):\n    z = y * 3.0\n    return np.cos(x)\n",
    "iterated": "def iterated(x, n=3):\n    for i in range(n):\n        x = np.sin(x) + 0.25 * i * x\n    return x\n",
    "early": "def early(x):\n    if np.ndim(x) == 0:\n        return x * 0.5\n    total = 0.0\n    for v in x:\n"
    "        total = total + v * np.cos(total)\n    return total\n",
    "halved": "def halved(x, n):\n    return x if n <= 0 else halved(0.5 * x + np.cos(x), n - 1)\n",
    "found": "def found(x):\n    for i in range(4):\n        x = x * 0.75 + 0.1\n        if np.sum(x) < 0.4:\n"
    "            return x * i\n    return x\n",
    "table": "def table(x):\n    y = np.zeros(len(x))\n    for i in range(len(x)):\n"
    "        y[i] = np.sum(x[i]) + 0.5 * y[i - 1]\n    return y\n",
    "both_of": "def both_of(x, y):\n    return x, y\n",
    "first_row": "def first_row(x):\n    return x[0]\n",
    "bump": "def bump(x, by=0.5):\n    x += by\n    return x\n",
    "fill_row": "def fill_row(x, by):\n    row = x[0]\n    row[...] = by * np.sum(row)\n",
    "counted": "def counted(x):\n    n = np.size(x)\n    return np.sum(x * x) / n\n",
}
HELPERS |= {
    "State": "class State:\n    def __init__(self, a, b=0.5):\n        self.a, self.b, self.both = a, b, 0.0\n\n"
    "    def step(self, u):\n        self.both = self.both * 0.5 + np.sum(u)\n        self.n = 1.0\n"
    "        return self.both\n",
    "put": "def put(d, u):\n    d[\"a\"] = u\n",
    "renewed": "def renewed(d):\n    return {**d, \"a\": d[\"a\"] * 0.5}\n",
}
NEEDS = {"twice": ["scaled"]}
CONSTANTS = "SCALE = 0.7\nOFFSETS = np.array([0.5, -0.25, 1.0])\nPAIR = (2, 3)\n"
NAMES = ["a", "b", "c", "h", "z", "y_pre", "t_1", "value", "sum_a", "exp_x", "x_1", "total", "Δ"]
PARAMETERS = ["x", "y", "w", "A", "v", "out", "g", "max", "pullback", "_unbroadcast"]


def inside(low: float, high: float) -> Callable[[Any], bool]:
    return lambda x: bool(np.all(x > low) and np.all(x < high))


def away(*places: float) -> Callable[[Any], bool]:
    return lambda x: all(bool(np.all(np.abs(np.subtract(x, p)) > MARGIN)) for p in places)


def far(x: Any) -> bool:
    """Away from 0, as a divisor has to be."""
    return bool(np.all(np.abs(x) > 0.25))


def anywhere(x: Any) -> bool:
    return True


ELEMENTWISE: list[tuple[str, Callable[[Any], bool]]] = [
    ("np.sin({})", anywhere),
    ("np.cos({})", anywhere),
    ("np.tanh({})", anywhere),
    ("np.arctan({})", anywhere),
    ("np.exp({})", inside(-9, 2.5)),
    ("np.expm1({})", inside(-9, 2.5)),
    ("np.exp2({})", inside(-9, 3)),
    ("np.sinh({})", inside(-3, 3)),
    ("np.cosh({})", inside(-3, 3)),
    ("np.arcsinh({})", anywhere),
    ("np.square({})", anywhere),
    ("np.log({})", inside(0.2, 99)),
    ("np.log1p({})", inside(-0.7, 99)),
    ("np.log2({})", inside(0.2, 99)),
    ("np.log10({})", inside(0.2, 99)),
    ("np.sqrt({})", inside(0.2, 99)),
    ("np.cbrt({})", far),
    ("1.0 / {}", far),
    ("np.abs({})", away(0.0)),
    ("abs({})", away(0.0)),
    ("np.arcsin({})", inside(-0.9, 0.9)),
    ("np.arccos({})", inside(-0.9, 0.9)),
    ("np.arctanh({})", inside(-0.9, 0.9)),
    ("np.arccosh({})", inside(1.2, 99)),
    ("np.tan({})", inside(-1.2, 1.2)),
    ("np.negative({})", anywhere),
    ("np.maximum({}, 0.0)", away(0.0)),
    ("np.maximum(0.25, {})", away(0.25)),
    ("np.minimum({}, 0.5)", away(0.5)),
    ("np.clip({}, -0.5, 0.75)", away(-0.5, 0.75)),
    ("relu({})", away(0.0)),
    ("sigmoid({})", anywhere),
    ("softplus({})", anywhere),
    ("np.add({}, 2)", anywhere),
    ("np.copy({})", anywhere),
    ("np.logaddexp({}, 0.0)", anywhere),
    ("np.power({}, 2)", anywhere),
    ("np.where({0} > 0.25, {0}, 0.5 * {0} * {0})", away(0.25)),
    ("np.where({} > -0.25, 1.5, 0.5)", away(-0.25)),
    ("np.multiply({}, SCALE)", anywhere),
]
"""Of one operand, any shape."""

POWERS = ["{}**2", "{}**3", "{}**2.0", "{}**1", "{}**0", "{}**-1", "{}**-2", "{}**0.5", "{}**1.5", "2.0**{}"]

BINARY: list[tuple[str, int, Callable[[Any, Any], bool]]] = [
    ("{} + {}", ADD, lambda x, y: True),
    ("{} - {}", ADD, lambda x, y: True),
    ("{} * {}", MUL, lambda x, y: True),
    ("{} / {}", MUL, lambda x, y: far(y)),
    ("{} ** {}", POW, lambda x, y: inside(0.2, 9)(x)),
]
"""Operators, and how tightly they bind."""

FUNCTIONS: list[tuple[str, Callable[[Any, Any], bool]]] = [
    ("np.maximum({}, {})", lambda x, y: away(0.0)(np.subtract(x, y))),
    ("np.minimum({}, {})", lambda x, y: away(0.0)(np.subtract(x, y))),
    (
        "np.arctan2({}, {})",
        lambda x, y: bool(np.all(np.hypot(x, y) > 0.3)) and bool(np.all((y > 0) | (abs(x) > MARGIN))),
    ),
    ("np.hypot({}, {})", lambda x, y: bool(np.all(np.hypot(x, y) > 0.2))),
    ("np.logaddexp({}, {})", lambda x, y: True),
    ("np.add({}, {})", lambda x, y: True),
    ("np.subtract({}, {})", lambda x, y: True),
    ("np.multiply({}, {})", lambda x, y: True),
    ("np.divide({}, {})", lambda x, y: far(y)),
    ("np.power({}, {})", lambda x, y: inside(0.2, 9)(x)),
    ("np.where({0} > {1}, {0} * 2.0, {1})", lambda x, y: away(0.0)(np.subtract(x, y))),
    ("({0} > {1}) * {0}", lambda x, y: away(0.0)(np.subtract(x, y))),
    ("np.outer({}, {})", lambda x, y: np.size(x) * np.size(y) <= 12),
]
"""Functions of two operands that broadcast against each other."""

REDUCTIONS = ["sum", "mean", "max", "min", "prod", "var", "std", "logsumexp", "norm"]

SHAPING: list[tuple[str, Callable[[Expr], bool]]] = [
    ("{}.T", lambda e: e.ndim > 0),
    ("np.transpose({})", anywhere),
    ("{}.ravel()", lambda e: e.ndim > 0),
    ("{}.reshape(-1)", lambda e: e.ndim > 0),
    ("np.reshape({0}, (-1, 1))", anywhere),
    ("{}.flatten()", lambda e: e.ndim > 0),
    ("{0}.reshape(np.size({0}))", lambda e: e.ndim > 0),
    ("{}[None]", lambda e: 0 < e.ndim < 3),
    ("{}[:, None]", lambda e: 0 < e.ndim < 3),
    ("{}[..., None]", lambda e: 0 < e.ndim < 3),
    ("{}[:, None, :]", lambda e: e.ndim == 2),
    ("np.expand_dims({}, 0)", lambda e: e.ndim < 3),
    ("np.swapaxes({}, 0, -1)", lambda e: e.ndim > 1),
    ("{}.swapaxes(0, 1)", lambda e: e.ndim > 1),
    ("np.moveaxis({}, 0, -1)", lambda e: e.ndim > 1),
    ("np.squeeze({})", lambda e: e.ndim > 0),
    ("np.broadcast_to({0}, (2,) + {0}.shape)", lambda e: 0 < e.ndim < 3),
    ("np.ravel({})", anywhere),
    ("np.transpose({}, (1, 0))", lambda e: e.ndim == 2),
    ("{}.transpose(1, 0, 2)", lambda e: e.ndim == 3),
    ("np.atleast_1d({})", anywhere),
    ("np.asarray({})", anywhere),
    ("np.array({})", anywhere),
    ("{}.copy()", lambda e: e.ndim > 0),
    ("{}.astype(float)", lambda e: e.ndim > 0),
    ("np.flip({})", anywhere),
    ("np.roll({}, 1)", anywhere),
    ("np.tile({}, 2)", lambda e: 0 < np.size(e.value) < 12),
    ("np.repeat({}, 2, axis=0)", lambda e: e.ndim > 0),
    ("np.cumsum({}, axis=-1)", lambda e: e.ndim > 0),
    ("np.cumprod({}, axis=0)", lambda e: e.ndim > 0),
    ("np.diff({})", lambda e: e.ndim > 0 and e.shape[-1] > 1),
    ("np.cumsum({})", anywhere),
    ("np.diag({})", lambda e: 0 < e.ndim < 3),
    ("np.triu({})", lambda e: e.ndim > 1),
    ("np.sort({})", lambda e: e.ndim > 0 and bool(np.all(np.diff(np.sort(e.value)) > 2 * MARGIN))),
    ("softmax({})", lambda e: e.ndim > 0),
    ("log_softmax({})", lambda e: e.ndim > 0),
    ("centred({})", lambda e: e.ndim > 0),
    ("np.zeros_like({0}) + 0.5 * {0}", anywhere),
    ("np.ones_like({0}) * {0}", anywhere),
    ("np.full(np.shape({0}), 0.5) - {0}", anywhere),
    ("np.stack([{0}, 2.0 * {0}])", lambda e: e.ndim < 3),
    ("np.concatenate([{0}, {0}])", lambda e: e.ndim > 0),
    ("np.concatenate(({0}, -{0}), axis=-1)", lambda e: e.ndim > 0),
    ("np.hstack([{0}, {0} * 0.5])", anywhere),
    ("np.vstack([{0}, {0}])", lambda e: e.ndim < 3),
    ("np.concatenate([np.ones(1), {}])", lambda e: e.ndim == 1),
    ("np.pad({}, 1)", lambda e: e.ndim > 0),
]
"""Of one operand: its shape, order and copies."""

INDEXING: list[tuple[str, Callable[[Expr], bool]]] = [
    ("{}[0]", lambda e: e.ndim > 0),
    ("{}[-1]", lambda e: e.ndim > 0),
    ("{}[1:]", lambda e: e.ndim > 0),
    ("{}[:-1]", lambda e: e.ndim > 0),
    ("{}[::-1]", lambda e: e.ndim > 0),
    ("{}[::2]", lambda e: e.ndim > 0),
    ("{}[-2:]", lambda e: e.ndim > 0),
    ("{}[..., 0]", lambda e: e.ndim > 0),
    ("{}[:, 0]", lambda e: e.ndim > 1),
    ("{}[:, 1:]", lambda e: e.ndim > 1),
    ("{}[0, :]", lambda e: e.ndim > 1),
    ("{}[:, -1:]", lambda e: e.ndim > 1),
    ("{}[[0, -1]]", lambda e: e.ndim > 0),
    ("{}[[0, 0, -1]]", lambda e: e.ndim > 0),
    ("{}[:, [0, 0]]", lambda e: e.ndim > 1),
    ("{0}[{0} > 0.25]", lambda e: e.ndim > 0 and away(0.25)(e.value)),
    ("{}[np.array([0, -1, 0])]", lambda e: e.ndim > 0),
    ("{0}[np.arange({0}.shape[0]), 0]", lambda e: e.ndim > 1),
    ("{}[0, 0]", lambda e: e.ndim > 1),
    ("{0}[np.argsort({0})]", lambda e: e.ndim == 1 and bool(np.all(np.diff(np.sort(e.value)) > 2 * MARGIN))),
    (
        "{0}[np.argmax({0})]",
        lambda e: e.ndim == 1 and np.size(e.value) > 0 and bool(np.all(np.diff(np.sort(e.value)) > 2 * MARGIN)),
    ),
    ("{}[1:-1]", lambda e: e.ndim > 0 and e.shape[0] > 2),
    ("{}[..., ::-1]", lambda e: e.ndim > 0),
    ("{}[:, None][..., 0]", lambda e: e.ndim > 0),
    ("{0}[len({0}) // 2]", lambda e: e.ndim > 0),
    ("np.take({}, [0, 0])", lambda e: np.size(e.value) > 0),
    ("{0}[:{0}.shape[0] - 1]", lambda e: e.ndim > 0),
]

SQUARE = [
    "np.linalg.inv({0} + 4.0 * np.eye({0}.shape[0]))",
    "np.linalg.det({0} + 2.0 * np.eye(len({0})))",
    "np.linalg.solve({0} + 4.0 * np.eye({0}.shape[0]), {0})",
    "np.linalg.slogdet({0} + 4.0 * np.eye({0}.shape[0]))[1]",
    "np.linalg.cholesky({0} @ {0}.T + np.eye({0}.shape[0]))",
    "np.trace({0})",
    "np.diag({0})",
    "np.einsum('ii', {0})",
    "{0} @ {0}",
    "np.tril({0})",
]
