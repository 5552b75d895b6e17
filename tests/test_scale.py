"""Long functions: generation takes steps in proportion to their length, and nothing runs out of stack."""

import sys

import numpy as np
import pytest

import gradgen
from benchmarks import programs

POINT = np.linspace(0.1, 0.9, 5)


def calls_of(f):
    """How many Python functions are called until the first gradient of `f` is there."""
    count = 0

    def note(frame, event, argument):
        nonlocal count
        count += event == "call"

    sys.setprofile(note)
    try:
        gradgen.grad(f)(POINT)
    finally:
        sys.setprofile(None)
    return count



PROGRAMS = {
    "chain": (programs.chain, 40),
    "terms": (lambda n: programs.terms(n, per_statement=50), 100),
    "list": (programs.long_list, 100),
}


@pytest.mark.parametrize("kind", PROGRAMS)
def test_four_times_the_length_takes_hardly_more_than_four_times_the_steps(kind, tmp_path):
    make, n = PROGRAMS[kind]
    short, long = (programs.loaded(make(size), str(tmp_path), f"{kind}_{size}") for size in (n, 4 * n))
    gradgen.grad(short)(POINT)  # imports, and what is found out once
    assert calls_of(long) < 4.4 * calls_of(programs.loaded(make(n), str(tmp_path), f"{kind}_again"))


DEEP = {
    "a sum of 2,000 terms": ["return np.sum(" + " + ".join(f"np.sin(x + {float(i)})" for i in range(2000)) + ")"],
    "a product of 500 factors": ["return np.sum(" + " * ".join(f"np.cos(x * {1e-3 * i})" for i in range(1, 501)) + ")"],
    "1,500 updates of one variable": ["y = 1.0 * x", *["y = y + 1e-3 * y * x"] * 1500, "return np.sum(y)"],
    "1,500 reads at an index": ["s = 0.0", *[f"s = s + x[{i % 5}] * x[{i * 7 % 5}]" for i in range(1500)], "return s"],
    "80 calls inside each other": ["return np.sum(" + "np.sin(" * 80 + "x" + ")" * 80 + ")"],
}


@pytest.mark.parametrize("kind", DEEP)
def test_nothing_runs_out_of_stack(kind, tmp_path):
    f = programs.loaded(programs.function(DEEP[kind]), str(tmp_path), f"deep_{list(DEEP).index(kind)}")
    limit = sys.getrecursionlimit()
    bar = gradgen.grad(f)(POINT)
    assert sys.getrecursionlimit() == limit
    step = np.linspace(1.0, 0.2, 5)
    slope = (f(POINT + 1e-6 * step) - f(POINT - 1e-6 * step)) / 2e-6
    np.testing.assert_allclose(bar @ step, slope, rtol=1e-6)
