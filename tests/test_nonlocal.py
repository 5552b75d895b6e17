"""Names to which functions inside give new values, by `nonlocal`: counts, totals, states that a closure keeps."""

import numpy as np
import pytest

import gradgen
from tests.agreement import SHAPES, agree, programs_of


def a_count(x, n):
    calls = 0

    def f(v):
        nonlocal calls
        calls += 1
        return v * v

    return f(x[0]) + f(x[1]) + calls * x[2]


def a_total(x, n):
    total = 0.0

    def add(v):
        nonlocal total
        total = total + v

    add(x[0] * x[1])
    add(x[2])
    return total


def in_a_loop(x, n):
    total = 0.0

    def add(v):
        nonlocal total
        total += v

    for i in range(n):
        add(x[0] ** i)
    return total * x[1]


def the_best(x, n):
    best = None

    def see(v):
        nonlocal best
        if best is None or v > best:
            best = v

    for v in x:
        see(v * v)
    return best * x[0]


def two_deep(x, n):
    h = x

    def outer():
        def inner(v):
            nonlocal h
            h = h * v

        inner(x[0])
        inner(x[1])

    outer()
    if x[0] > 0:
        outer()
    return np.sum(h)


def a_parameter(x, n):
    def scaled(v):
        def halve():
            nonlocal v
            v = v * 0.5

        halve()
        if n > 1:
            halve()
        return v

    return scaled(x[0]) * scaled(x[1])


def an_array_is_written(x, n):
    h = x.copy()

    def step():
        nonlocal h
        h[0] += h[1]
        h *= 2.0
        g = h
        h = h + x
        return g

    s = 0.0
    for _ in range(n):
        s += np.sum(step())
    return s * np.sum(h)


def through_another(x, n):
    s = 0.0

    def add(v):
        nonlocal s
        s += v

    def twice(v):
        add(v)
        add(v * v)

    twice(x[0])
    for v in x:
        if v > 0.5:
            twice(v)
    return s


def a_dict_is_rebound(x, n):
    state = {"h": x[0]}

    def step(v):
        nonlocal state
        state = {"h": state["h"] * v}

    for v in x:
        step(v)
    return state["h"]


def _a_global(x, n):
    global _COUNT
    _COUNT = n
    return np.sum(x)


@pytest.mark.parametrize("n", [2, 0, 3])
@pytest.mark.parametrize("program", programs_of(globals()), ids=lambda f: f.__name__)
def test_all_answers_agree(program, n):
    agree(program, n, SHAPES)


def test_a_global_is_refused():
    with pytest.raises(gradgen.UnsupportedError, match="`global` cannot be followed; pass the value and return it"):
        gradgen.grad(_a_global, shapes=SHAPES).source  # noqa: B018


def test_a_name_of_a_function_that_is_not_read_is_refused():
    count = 0

    def f(x):
        nonlocal count
        count += 1
        return x * x

    with pytest.raises(gradgen.UnsupportedError, match="`nonlocal` is followed where the function around is read"):
        gradgen.grad(f)(2.0)
