"""Rules of the elementwise functions, one line each."""

from __future__ import annotations

import numpy as np

from .registry import bprop, elementwise

elementwise(np.add, lambda g, out, x, y: (g, g), kind="same")
elementwise(np.subtract, lambda g, out, x, y: (g, -g), kind="same")
elementwise(np.multiply, lambda g, out, x, y: (g * y, g * x), kind="same")
elementwise(np.true_divide, lambda g, out, x, y: (g / y, -g * out / y))
elementwise(np.negative, lambda g, out, x: -g, kind="same")
elementwise(np.positive, lambda g, out, x: g, kind="same")

elementwise(np.exp, lambda g, out, x: g * out)
elementwise(np.log, lambda g, out, x: g / x, samples=[(0.2, 3.0)])
elementwise(np.log1p, lambda g, out, x: g / (1.0 + x), samples=[(-0.7, 3.0)])
elementwise(np.sqrt, lambda g, out, x: g / (2.0 * out), samples=[(0.2, 3.0)])
elementwise(np.sin, lambda g, out, x: g * np.cos(x))
elementwise(np.cos, lambda g, out, x: -g * np.sin(x))
elementwise(np.tanh, lambda g, out, x: g * (1.0 - out**2))
elementwise(np.logaddexp, lambda g, out, x, y: (g * np.exp(x - out), g * np.exp(y - out)))

for _ufunc in (np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal):
    elementwise(_ufunc, None, kind="bool")
