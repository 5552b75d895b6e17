"""`match` statements: patterns are conditions, and names for parts of the subject."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

import gradgen
from tests.test_iterators import slopes
from tests.test_programs import load_alone

X = np.array([0.7, 0.4, 1.9])


@dataclass
class Pair:
    first: float
    second: float


def by_length(x, n):
    match len(x):
        case 3:
            return x[0] ** 2
        case _:
            return x[1]


def guarded(x, n):
    match (x[0], x[1] * n):
        case (a, b) if a > b:
            return a * a
        case (a, b):
            return b * b + a


def bound_by_a_pattern_whose_guard_fails(x, n):
    a = 5.0
    match [x[0], x[1]]:
        case [a, _] if n > 1:
            y = x[2]
        case _:
            y = x[1]
    return y * a


def by_class(x, n):
    match x:
        case list():
            return x[0]
        case np.ndarray():
            return np.sum(x**2)


def starred(x, n):
    match [x[0], x[1], x[2], n]:
        case [a, *rest, last]:
            return a * rest[1] * last
    return a


def texts_are_no_sequences(x, n, mode="ab"):
    match mode:
        case [_, _]:
            return np.sum(x)
        case "a" | "ab" as word:
            return np.sum(x**2) * len(word)
    return x[0]


def arrays_are_no_sequences(x, n):
    match x:
        case [a, b, c]:
            return a * b * c
        case _:
            return x @ x


def by_attributes(x, n):
    pair = Pair(x[0], x[1] * 2.0)
    match pair:
        case Pair(a, second=b) if a < b:
            return a * b
        case Pair(first=a):
            return a**3


def by_keys(x, n):
    match {"kind": "square", "of": x[1]}:
        case {"kind": "cube", "of": v}:
            return v**3
        case {"kind": "square" | "power", "of": v}:
            return v**2
    return x[0]


def in_a_loop(x, n):
    total = 0.0
    for i in range(4):
        match (i % 2, i):
            case (0, _):
                total = total + x[0] * i
            case (_, 3):
                break
            case (1, k):
                total = total + x[k] ** 2
                continue
        total = total * x[2]
    return total


def on_values(x, n):
    match x[0] * n:
        case 0.3:
            return x[1]
        case float() | np.floating() as v if v > 1.0:
            return v * x[1]
        case v:
            return v + x[2]


def none_and_true(x, n, option=None):
    match option, n > 1:
        case None, True:
            return x[0] ** 2
        case None, False:
            return x[1] ** 2
    return x[2]


FUNCTIONS = [by_length, guarded, bound_by_a_pattern_whose_guard_fails, by_class, starred, texts_are_no_sequences,
             arrays_are_no_sequences, by_attributes, by_keys, in_a_loop, on_values, none_and_true]  # fmt: skip


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
def test_patterns(f):
    for n in (1, 2):
        wanted = slopes(lambda x, n=n: f(x, n), X)
        try:
            found = gradgen.grad(f, wrt="x")(X, n)
        except gradgen.UnsupportedError as error:
            assert f is on_values and "kind" in str(error)
            continue
        np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-9)
        if f is by_attributes:
            continue
        module = load_alone(gradgen.grad(f, wrt="x", shapes="x=(3,)").source)
        np.testing.assert_allclose(module.__dict__[f"grad_{f.__name__}"](X, n), wanted, rtol=1e-6, atol=1e-9)


def test_what_a_pattern_tells_for_sure_leaves_no_trace():
    lines = gradgen.grad(starred, wrt="x", shapes="x=(3,)").source.split('"""')[-1].splitlines()
    code = [line for line in lines if not line.strip().startswith("#")]
    assert not any("isinstance(" in line or "match " in line or "len(" in line for line in code)
