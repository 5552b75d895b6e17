"""Calls: starred parameters and arguments, closures, lambdas, partial, decorators, recursion, reduce."""

# ruff: noqa: E731, SIM, RUF, C4, B904, B023 -- programs as people write them
import functools
import operator

import numpy as np
import pytest

from tests.agreement import SHAPES, agree, programs_of


def call_args(x, n):
    return _sumsq(x[0], x[1], x[2])


def _sumsq(*v):
    return sum(a * a for a in v)


def call_args2(x, n):
    return _scaled(2.0, x, x * x)


def _scaled(k, *arrays):
    s = 0.0
    for a in arrays:
        s = s + k * np.sum(a)
    return s


def call_kwargs(x, n):
    return _kw(x, a=2.0, b=x[0])


def _kw(x, **opts):
    return np.sum(x) * opts["a"] + opts["b"]


def call_kwpass(x, n):
    return _outer(x, k=x[1], m=2)


def _outer(x, **kw):
    return _inner(x, **kw)


def _inner(x, k=1.0, m=1):
    return np.sum(x**m) * k


def call_argpass(x, n):
    return _apply(np.dot, x, x) + _apply(_inner, x, k=3.0)


def _apply(f, *args, **kwargs):
    return f(*args, **kwargs)


def call_star_call(x, n):
    args = (x, x[0])
    return _inner(*args)


def call_starstar_call(x, n):
    opts = {"k": x[0], "m": 2}
    return _inner(x, **opts)


def call_kwonly(x, n):
    return _ko(x, scale=x[0])


def _ko(x, *, scale=1.0, power=2):
    return scale * np.sum(x**power)


def call_late(x, n):
    fs = [lambda y, k=k: k * y for k in (1.0, 2.0, 3.0)]
    return sum(np.sum(f(x)) for f in fs)


def call_late2(x, n):
    k = 1.0
    g = lambda y: k * y
    k = x[0]
    return np.sum(g(x))


def call_nested(x, n):
    def step(y):
        return np.sin(y) * x

    y = x
    for _ in range(n):
        y = step(y)
    return np.sum(y)


def call_returns_lambda(x, n):
    f = _make(x[0])
    return np.sum(f(x))


def _make(a):
    return lambda y: a * y * y


def call_returns_def(x, n):
    f = _make2(x[0], n)
    return np.sum(f(x))


def _make2(a, n):
    def g(y):
        for _ in range(n):
            y = np.sin(a * y)
        return y

    return g


def call_partial(x, n):
    f = functools.partial(_inner, k=x[0], m=2)
    return f(x)


def call_partial2(x, n):
    f = functools.partial(np.power, x)
    return np.sum(f(2.0))


def call_lambda_arg(x, n):
    return _integrate(lambda t: np.sin(t * x[0]) + x[1], n + 2)


def _integrate(f, m):
    s = 0.0
    for i in range(m):
        s += f(i / m)
    return s / m


def _traced(f):
    @functools.wraps(f)
    def inner(*args, **kwargs):
        return f(*args, **kwargs) * 2.0

    return inner


@_traced
def _decorated(x, k=1.0):
    return np.sum(x * k)


def call_decorated(x, n):
    return _decorated(x, k=x[0])


def call_rec(x, n):
    return _fact(x[0], n) + np.sum(x)


def _fact(a, n):
    return a if n <= 0 else a * _fact(a, n - 1)


def call_mutual(x, n):
    return _even(x, n)


def _even(x, n):
    if n <= 0:
        return np.sum(x)
    return _odd(np.sin(x), n - 1)


def _odd(x, n):
    if n <= 0:
        return np.sum(x * x)
    return _even(np.cos(x), n - 1)


def call_several(x, n):
    a, (b, c) = _three(x)
    return a * b + np.sum(c)


def _three(x):
    return x[0], (x[1], x * x)


def call_reduce(x, n):
    return functools.reduce(lambda a, b: a * b + x[0], x)


def call_reduce2(x, n):
    return functools.reduce(operator.mul, x, 1.0)


def call_reduce3(x, n):
    return np.sum(functools.reduce(np.add, [x, x * x, np.sin(x)]))


def call_reduce4(x, n):
    fs = [np.sin, np.cos]
    return np.sum(functools.reduce(lambda v, f: f(v), fs, x))


@pytest.mark.parametrize("shapes", ["", SHAPES])
@pytest.mark.parametrize("n", [2, 0, 4])
@pytest.mark.parametrize("program", programs_of(globals()), ids=lambda f: f.__name__)
def test_all_answers_agree(program, n, shapes):
    agree(program, n, shapes)
