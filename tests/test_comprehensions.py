"""Comprehensions and generator expressions, and what is made of the lists that they make."""

# ruff: noqa: B905, C400, C414, C416 -- programs as people write them
import math

import numpy as np
import pytest

import gradgen
from tests.agreement import SHAPES, agree, programs_of


def summed(x, n):
    return sum(np.sin(v) for v in x)


def a_list_summed(x, n):
    return sum([np.sin(x[i % 3]) * i for i in range(n)])


def an_array(x, n):
    return np.sum(np.array([v * v for v in x]) * x)


def a_matrix(x, n):
    K = np.array([[np.exp(-((a - b) ** 2)) for b in x] for a in x])
    return x @ K @ x


def stacked(x, n):
    return np.sum(np.stack([np.sin(x * i) for i in range(n + 1)]) ** 2)


def joined(x, n):
    return np.sum(np.concatenate([x[i:] * i for i in range(3)]) ** 2)


def stacked_by_rows(x, n):
    return np.sum(np.vstack([np.outer(x, x) * i for i in range(n + 1)]) ** 2)


def the_largest_and_the_smallest(x, n):
    return max(v * v for v in x) + min([v * x[0] for v in x])


def with_a_name(x, n):
    ys = [np.sin(v) for v in x]
    s = 0.0
    for y in ys:
        s += y * y
    return s


def read_at_an_index(x, n):
    ys = [np.sin(v) for v in x]
    return ys[0] * ys[-1] + ys[1]


def read_in_a_loop(x, n):
    ys = [np.sin(v) for v in x]
    s = 0.0
    for i in range(len(ys)):
        s += ys[i] * i
    return s


def over_functions(x, n):
    return sum(np.sum(f(x)) for f in (np.sin, np.cos))


def over_numbers(x, n):
    return sum([np.sum(np.sin(k * x)) for k in (1.0, 2.0)])


def their_mean(x, n):
    return np.mean([np.sum(np.sin(x * i)) for i in range(n + 1)])


def their_sum(x, n):
    return np.sum([np.sin(v) for v in x])


def their_product(x, n):
    return math.prod(v for v in x) + np.prod([v + 1.0 for v in x])


def whether_any(x, n):
    if any(v > 0.5 for v in x):
        return np.sum(x * x)
    return np.sum(x)


def whether_all(x, n):
    ok = all(isinstance(v, float) for v in x)
    return np.sum(x * x) if ok else np.sum(x)


def of_a_dict(x, n):
    d = {k: 2.0 * k for k in range(3)}
    return np.sum(x * d[1])


def _h(v, x):
    u = np.sin(v)
    return u * np.sum(x) * u


def of_a_helper(x, n):
    return sum(_h(v, x) for v in x)


def with_a_start(x, n):
    return sum((v * v for v in x), 1.0) + sum([v for v in x], x[0])


def over_rows(x, n):
    A = np.outer(x, x)
    return sum(np.sum(row) ** 2 for row in A)


def of_rows(x, n):
    A = np.outer(x, x)
    return np.sum(np.array([np.tanh(A @ row) for row in A]) ** 2)


def summed_exactly(x, n):
    return math.fsum([v * v for v in x])


def over_pairs(x, n):
    return sum(a * b for a, b in zip(x, x[::-1]))


def one_in_the_other(x, n):
    return np.sum([sum(a * b for b in x) for a in x])


@pytest.mark.parametrize("shapes", ["", SHAPES])
@pytest.mark.parametrize("n", [2, 0, 4])
@pytest.mark.parametrize("program", programs_of(globals()), ids=lambda f: f.__name__)
def test_all_answers_agree(program, n, shapes):
    agree(program, n, shapes)


# ---- lists and tuples are not the same


def tuple_as_index(x, n):
    index = tuple(i % n for i in range(n))
    return np.sum(x[index] ** 2)


def list_as_index(x, n):
    index = list(i % n for i in range(n))
    return np.sum(x[index] ** 2)


def tuple_written_at(x, n):
    index = tuple([i % n for i in range(n)])
    y = x * 2.0
    y[index] = 5.0
    return np.sum(y * y)


def list_of_a_tuple(x, n):
    index = list(tuple(i % n for i in range(n)))
    return np.sum(x[index] ** 2)


def either(x, n):
    index = tuple([i % n for i in range(n)]) if n > 1 else [i for i in range(n)]
    return np.sum(x[index] ** 2)


def rows(x, n):
    parts = list(x)
    first, *others = tuple(x * x)
    return np.sum(parts[n - 1] * first) + sum(np.sum(row) for row in others) + len(parts)


@pytest.mark.parametrize(
    "f", [tuple_as_index, list_as_index, tuple_written_at, list_of_a_tuple, either, rows], ids=lambda f: f.__name__
)
def test_lists_and_tuples_mean_different_things_as_an_index(f):
    x = np.array([[0.3, -0.7], [1.1, 0.4]])
    for n in (1, 2):
        try:
            found = gradgen.grad(f, shapes="x=(2, 2)")(x, n)
        except gradgen.UnsupportedError:
            assert f is either
            continue
        wanted = np.zeros_like(x)
        for i in np.ndindex(x.shape):
            step = np.zeros_like(x)
            step[i] = 1e-6
            wanted[i] = (f(x + step, n) - f(x - step, n)) / 2e-6
        np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-9)
