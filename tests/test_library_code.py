"""Ways of writing that library code is full of: what is known is folded, what is not is passed on as it stands."""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np
import pytest

import gradgen

FUNCTIONS = (math.sqrt, math.exp)


class Ellipsoid:
    def __init__(self, axis: float):
        self.axis = axis

    @classmethod
    def called(cls, name: str) -> Ellipsoid:
        return cls(6.0 if name == "earth" else 3.0)


def differences(f: Any, x: Any, h: float = 1e-6) -> Any:
    """Central differences of a function of one array or number."""
    x = np.asarray(x, dtype=float)
    out = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[i] += h
        down[i] -= h
        out[i] = (f(up if x.ndim else float(up)) - f(down if x.ndim else float(down))) / (2 * h)
    return out


def agree(f: Any, x: Any) -> None:
    np.testing.assert_allclose(gradgen.grad(f)(x), differences(f, x), rtol=1e-6, atol=1e-8)


def test_functions_unpacked_from_a_tuple_are_written_one_by_one() -> None:
    def f(x: Any) -> Any:
        root, power = FUNCTIONS
        return root(x) * power(-x)

    agree(f, 0.7)


def test_a_class_of_the_users_is_known_by_reference() -> None:
    def f(x: Any) -> Any:
        return Ellipsoid.called("earth").axis * x * x

    agree(f, 0.7)


def test_a_name_that_one_raising_side_binds_has_no_value_after_it() -> None:
    def f(x: Any, form: str = "linear") -> Any:
        if form == "linear":
            y = x * x
        else:
            message = f"{form} is unknown"
            raise ValueError(message)
        return y

    agree(f, 0.7)
    with pytest.raises(ValueError, match="cubic is unknown"):
        gradgen.grad(f)(0.7, "cubic")


def test_numbers_that_branches_make_are_presented_as_numbers() -> None:
    def f(a: float, b: float, way: bool = True) -> float:
        d, e = (a - b, a * b) if way else (a + b, a)
        if way and d / e <= 0:
            return 0.0
        elif way and d / e == 1.0:
            return d
        return (d - e) / math.log(d / e)

    agree(lambda a: f(a, 0.3), 2.0)
    _, pullback = gradgen.vjp(f, wrt=("a", "b"))(2.0, 0.3)
    assert all(isinstance(g, float) for g in pullback(1.0))


def test_a_conditional_expression_of_two_calls_has_a_name() -> None:
    def f(x: float, y: float, plain: bool = True) -> Any:
        r = math.sqrt(x * x + y * y) if (2, 0) <= sys.version_info < (2, 1) else math.hypot(x, y)
        return x / r

    agree(lambda x: f(x, 0.3), 2.0)
