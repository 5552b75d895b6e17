"""Reductions and scans where there is more than one answer: ties, zeros, equal entries."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import gradgen.rules  # noqa: F401
from gradgen.graph import OPERATIONS
from gradgen.reverse import pullback

FUNCTIONS = [np.sum, np.mean, np.prod, np.max, np.min, np.var, np.std, np.cumsum, np.cumprod, np.sort]


def pulled(fn: Any, x: Any, g: Any = 1.0, **kwargs: Any) -> Any:
    """The cotangent of `x` under `fn`, by the rule, with no floating-point warning allowed."""
    op = OPERATIONS[fn]
    inputs, options = op.bind((x,), kwargs)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return pullback(op, g, fn(x, **kwargs), inputs, options)[0]


@pytest.mark.parametrize("fn", [np.max, np.amax])
def test_the_largest_share_evenly(fn: Any) -> None:
    assert pulled(fn, np.array([3.0, 1.0, 3.0])).tolist() == [0.5, 0.0, 0.5]
    rows = pulled(fn, np.array([[3.0, 1.0], [3.0, 4.0]]), np.array([2.0, 5.0]), axis=0)
    assert rows.tolist() == [[1.0, 0.0], [1.0, 5.0]]


@pytest.mark.parametrize("fn", [np.min, np.amin])
def test_the_smallest_share_evenly(fn: Any) -> None:
    assert pulled(fn, np.array([1.0, 3.0, 1.0, 1.0]), 3.0).tolist() == [1.0, 0.0, 1.0, 1.0]


def test_a_tie_with_a_constant_is_flat() -> None:
    assert pulled(np.max, np.array([-1.0, 0.0]), initial=0.0).tolist() == [0.0, 0.0]


def test_entries_that_are_not_the_largest_get_zero_even_from_an_infinite_cotangent() -> None:
    assert pulled(np.max, np.array([0.0, -1.0]), np.inf).tolist() == [np.inf, 0.0]


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        ([2.0, 3.0, 4.0], [12.0, 8.0, 6.0]),
        ([2.0, 0.0, 4.0], [0.0, 8.0, 0.0]),
        ([0.0, 0.0, 4.0], [0.0, 0.0, 0.0]),
        ([5.0], [1.0]),
        ([], []),
    ],
)
def test_prod_with_zeros_is_exact(x: list[float], expected: list[float]) -> None:
    assert pulled(np.prod, np.array(x)).tolist() == expected


def test_cumprod_with_zeros_is_exact() -> None:
    x, g = np.array([2.0, 0.0, 3.0]), np.array([1.0, 10.0, 100.0])
    # out = (x0, x0 x1, x0 x1 x2)
    assert pulled(np.cumprod, x, g).tolist() == [1.0, 10.0 * 2.0 + 100.0 * 2.0 * 3.0, 0.0]


@pytest.mark.parametrize("value", [0.0, 0.1, 1.0, 1e8 / 3.0, -0.7])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_the_standard_deviation_of_equal_entries_has_derivative_zero(value: float, size: int) -> None:
    assert not np.any(pulled(np.std, np.full(size, value)))
    assert not np.any(pulled(np.std, np.full((3, size), value), np.ones(3), axis=1))
    assert not np.any(pulled(np.var, np.full(size, 0.5)))


def test_rows_that_vary_do_so_beside_rows_that_do_not() -> None:
    x = np.array([[0.1, 0.1, 0.1], [1.0, 2.0, 3.0]])
    equal, spread = pulled(np.std, x, np.ones(2), axis=1)
    assert equal.tolist() == [0.0, 0.0, 0.0]
    np.testing.assert_allclose(spread, np.array([-1.0, 0.0, 1.0]) / (3.0 * np.std([1.0, 2.0, 3.0])))


def test_a_small_spread_about_a_large_mean_is_no_constant() -> None:
    x = 1e6 + np.array([0.0, 1e-3, 2e-3])
    np.testing.assert_allclose(pulled(np.std, x), (x - x.mean()) / (3.0 * x.std()))


def test_equal_entries_are_sorted_as_they_stand() -> None:
    assert pulled(np.sort, np.array([2.0, 1.0, 2.0]), np.array([1.0, 10.0, 100.0])).tolist() == [10.0, 1.0, 100.0]


@pytest.mark.parametrize("fn", FUNCTIONS)
def test_float32_stays(fn: Any) -> None:
    x = np.array([1.0, 2.0, 4.0], np.float32)
    out = fn(x)
    assert pulled(fn, x, np.ones_like(out)[()]).dtype == np.float32


@pytest.mark.parametrize("fn", FUNCTIONS)
def test_integers_get_the_float_result(fn: Any) -> None:
    x = np.array([1, 2, 4])
    g = np.ones(np.shape(fn(x)))[()] / 3.0
    np.testing.assert_allclose(pulled(fn, x, g), pulled(fn, x.astype(float), g))
