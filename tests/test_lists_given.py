"""Arguments that are lists, tuples, ranges or arrays of integers: a gradient is made for any of them, in memory."""

# ruff: noqa: C4, B905, SIM -- programs as people write them
import copy
import inspect

import numpy as np
import pytest

import gradgen

W = np.array([1.0, 2.0, 4.0])
X = np.array([1.3, 2.1, 0.7])


def an_index(x, order):
    return np.sum(x[order] * W)


def an_array_of_them(x, order):
    return np.sum(x[np.array(order)] * W) * len(order) * sum(order)


def gone_through(x, order):
    t = 0.0
    for k in order:
        t = t * 2.0 + x[k] ** 2
    return t


def from_the_end(x, order):
    t = 0.0
    for k in reversed(order):
        t = t * 2.0 + x[k] ** 2
    return t


def counted(x, order):
    t = 0.0
    for i, k in enumerate(order):
        t += (i + 1) * x[k]
    return t


def in_step(x, order):
    t = 0.0
    for k, y in zip(order, x):
        t += k * y
    return t


def neighbours(x, order):
    t = 0.0
    for a, b in zip(order[:-1], order[1:]):  # noqa: RUF007
        t += x[a] * x[b]
    return t


def the_one_before(x, order):
    t = 0.0
    last = None
    for k in order:
        if last is not None:
            t += x[k] * x[last] ** 2
        last = k
    return t


def stacked(x, order):
    return np.sum(np.stack([x[k] for k in order]) * W)


def summed_where(x, order):
    return sum(x[k] ** 2 for k in order if k > 0)


def asked(x, order):
    t = x[max(order)] * 3.0
    for k in range(3):
        if k in order:
            t += x[k] ** 2
    for k in sorted(order):
        t = t * 2.0 + x[k]
    return t


def written_at(x, order):
    x = x.copy()
    for k in order:
        x[k] = x[k] ** 2
    return np.sum(x * W)


def unpacked(x, order):
    a, b, c = order
    return x[a] * x[b] - x[c]


def appended(x, order):
    out = []
    for k in order:
        out.append(x[k] * 2.0)
    return np.sum(np.array(out) ** 2)


def as_exponents(x, order):
    return np.sum(x**order)


def as_factors(x, order):
    return np.sum(x * order) + np.dot(order, x)


LISTS = ([2, 0, 1], [1, 1, 0], (2, 0, 1), np.array([2, 0, 1]), range(3))


PROGRAMS = [f for f in list(globals().values()) if inspect.isfunction(f) and f.__module__ == __name__]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
def test_any_of_them_will_do(program):
    gradient = gradgen.grad(program, wrt="x")
    for order in LISTS:
        if program is an_index and isinstance(order, tuple):
            continue  # an index into several axes
        given, h = copy.deepcopy(order), 1e-6
        slopes = [(program(X + h * e, given) - program(X - h * e, given)) / (2 * h) for e in np.eye(3)]
        np.testing.assert_allclose(gradient(X, given), slopes, rtol=1e-6, atol=1e-8)
        assert repr(given) == repr(order)


def test_axes_are_known_where_they_must_be():
    def transposed(x, axes):
        return np.sum(np.transpose(np.multiply.outer(np.multiply.outer(x, x), W), axes)[0])

    gradient = gradgen.grad(transposed, wrt="x")
    for axes in ([2, 0, 1], [0, 1, 2], [2, 1, 0]):
        slopes = [(transposed(X + 1e-6 * e, axes) - transposed(X - 1e-6 * e, axes)) / 2e-6 for e in np.eye(3)]
        np.testing.assert_allclose(gradient(X, axes), slopes, rtol=1e-6)


def test_a_long_list_costs_no_more_text_than_a_short_one():
    gradient = gradgen.grad(gone_through, wrt="x")
    short = gradient(X, [0, 1, 2])
    text = gradient.source
    gradient(X, [k % 3 for k in range(900)])
    assert gradient.source == text
    np.testing.assert_allclose(short, 2.0 * X * [4.0, 2.0, 1.0])
