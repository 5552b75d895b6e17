"""Loops over tuples, lists and dicts that are written out or stand outside, counted, in step, and from their end."""

# ruff: noqa: B007, B905, RUF007 -- programs as people write them
import numpy as np
import pytest

from tests.agreement import SHAPES, agree, programs_of

TABLE = (0.5, 1.5, 2.0)
PAIRS = [(0.5, 1.0), (0.25, 3.0)]
COEFF = {"a": 0.5, "b": 2.0}


def numbers(x, n):
    s = 0.0
    for k in (0.5, 1.0, 2.0):
        s = s + np.sum(x**k) * k
    return s


def functions(x, n):
    y = x
    for f in [np.sin, np.cos, np.tanh]:
        y = f(y) + x
    return np.sum(y)


def layers(x, n):
    W1 = np.outer(x, x)
    W2 = W1 + 1.0
    h = x
    for W, b in [(W1, x), (W2, 2.0 * x)]:
        h = np.tanh(W @ h + b)
    return np.sum(h)


def layers_with_a_name(x, n):
    layers = [(np.outer(x, x), x), (np.outer(x, x) + 1.0, 2.0 * x)]
    h = x
    for W, b in layers:
        h = np.tanh(W @ h + b)
    return np.sum(h)


def a_table(x, n):
    s = 0.0
    for k in TABLE:
        s += np.sum(np.sin(k * x))
    return s


def a_table_of_pairs(x, n):
    s = 0.0
    for w, k in PAIRS:
        s += w * np.sum(np.sin(k * x))
    return s


def a_table_beside_an_array(x, n):
    s = 0.0
    for w, v in zip(TABLE, x):
        s += w * np.sin(v)
    return s


def items_of_a_dict(x, n):
    s = 0.0
    for name, k in {"a": 0.5, "b": 2.0}.items():
        s += np.sum(np.sin(k * x))
    return s


def values_of_a_dict_outside(x, n):
    s = 0.0
    for k in COEFF.values():
        s += np.sum(np.sin(k * x))
    return s


def items_of_a_dict_of_values(x, n):
    p = {"a": x[0], "b": x[1] * x[2]}
    s = 0.0
    for name, v in p.items():
        s += np.sin(v) * p[name]
    return s


def keys_of_a_dict_of_values(x, n):
    p = {"a": x[0], "b": x[1] * x[2]}
    s = 0.0
    for name in p:
        s += np.sin(p[name])
    return s


def counted_from_one(x, n):
    s = 0.0
    for i, v in enumerate(x, 1):
        s += v**2 * i
    return s


def counted_from_a_parameter(x, n):
    s = 0.0
    for i, v in enumerate(x, start=n):
        s += v**2 * i
    return s


def counted_and_zipped(x, n):
    s = 0.0
    for (i, a), b in zip(enumerate(x), x * x):
        s += a * b * i
    return s


def zipped_and_counted(x, n):
    s = 0.0
    for i, (a, b) in enumerate(zip(x, x * x)):
        s += a * b * i
    return s


def a_range_from_its_end(x, n):
    y = x
    for i in reversed(range(n)):
        y = np.sin(y) * (i + 1)
    return np.sum(y)


def an_array_from_its_end(x, n):
    s = 0.0
    for v in reversed(x):
        s = s * v + v
    return s


def a_flipped_array(x, n):
    s = 0.0
    for v in x[::-1]:
        s = s * v + v
    return s


def down_to_zero(x, n):
    y = x
    for i in range(n, -1, -1):
        y = np.sin(y) * (i + 1)
    return np.sum(y)


def in_steps_of_two(x, n):
    y = x
    for i in range(1, n + 3, 2):
        y = np.sin(y) * (i + 1)
    return np.sum(y) * i


def an_array_and_its_successors(x, n):
    s = 0.0
    for a, b in zip(x, x[1:]):
        s += (b - a) ** 2
    return s


def of_lengths_that_depend_on_a_parameter(x, n):
    s = 0.0
    for a, b in zip(x[:n], x[1:]):
        s += (b - a) ** 2
    return s


def a_range_beside_an_array(x, n):
    s = 0.0
    for i, b in zip(range(n), x):
        s += i * b**2
    return s


def counted_from_the_end(x, n):
    s = 0.0
    for i, v in reversed(list(enumerate(x))):
        s = s * v + i * v
    return s


def three_arrays(x, n):
    s = 0.0
    for a, b, c in zip(x, x * x, np.sin(x)):
        s += a * b * c
    return s


def strings(x, n):
    y = x
    for kind in ("sin", "cos"):
        if kind == "sin":
            y = np.sin(y)
        else:
            y = np.cos(y)
    return np.sum(y)


def three_times(x, n):
    y = x
    for _ in range(3):
        y = np.sin(y) * x
    return np.sum(y)


def the_last_number(x, n):
    for k in (1.0, 2.0):
        y = x * k
    return np.sum(y) * k


def a_tuple_of_arrays(x, n):
    s = 0.0
    for v in (x, x * x, np.sin(x)):
        s += np.sum(v * v)
    return s


def one_in_the_other(x, n):
    s = 0.0
    for a in (1.0, 2.0):
        for b in (x, np.sin(x)):
            s = s + a * np.sum(b * b)
    return s


def pairs_of_indices(x, n):
    s = 0.0
    for w, (p, q) in zip(TABLE, ((0, 1), (1, 2), (2, 0))):
        s += w * x[p] * x[q]
    return s


@pytest.mark.parametrize("shapes", ["", SHAPES])
@pytest.mark.parametrize("n", [2, 0, 4])
@pytest.mark.parametrize("program", programs_of(globals()), ids=lambda f: f.__name__)
def test_all_answers_agree(program, n, shapes):
    agree(program, n, shapes)
