"""What a function does beside computing: the gradient does the same, in the same order, and leaves its arguments alone.

Each program tells what it does to `LOG`: prints, messages, draws from a generator, calls of the user's own function,
entries of lists and dictionaries. The log of the gradient is that of the function; what it is called with, and the
arrays that these are views of, are the same to the bit afterwards.
"""

from __future__ import annotations

import collections
import contextlib
import io
import logging
import types
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradgen
from gradgen.errors import GradgenError
from gradgen.testing import difference
from tests.test_programs import load, load_alone, same

ANSWERS: dict[str, list[str]] = collections.defaultdict(list)
"""The programs that are right, and those that are refused, by what is said. Told at the end of the run."""
HEAD = """\
import logging
import warnings

import numpy as np

LOG = []
STATE = {"calls": 0}
logger = logging.getLogger("effects")


def record(what):
    LOG.append(what)
    return what


class Meter:
    def __init__(self):
        self.count = 0

    def tick(self, by=1):
        self.count += by
        LOG.append(("tick", self.count))
        return self.count


meter = Meter()


"""
PROGRAMS = {
    "prints in order": """
def f(x, y):
    print("begin", x.shape)
    h = np.tanh(x)
    print("h", float(h[0]), end=";")
    s = np.sum(h * y)
    print(f"{s:.6f}", sep="", flush=False)
    return s
""",
    "prints in a branch": """
def f(x, y):
    s = np.sum(x * x)
    if s > 0.1:
        print("large", s)
        s = s * y[0]
    else:
        print("small")
        s = s - y[1]
    if y[0] > 100.0:
        print("never")
    return s
""",
    "prints in a loop": """
def f(x, y):
    s = 0.0
    for i in range(3):
        print("step", i, s)
        s = s + np.sum(np.sin(x * i)) * y[0]
        if i == 1:
            print("middle")
    print("end", i)
    return s
""",
    "prints of what carries nothing": """
def f(x, y):
    n = len(x)
    for i in range(n):
        print(i, n)
    print(x.dtype, y.ndim)
    return np.sum(x * y) / n
""",
    "a log": """
def f(x, y):
    logger.info("begin %s", x.shape)
    s = np.sum(x * y)
    for i in range(2):
        logger.debug("i=%d", i)
        s = s * 0.5 + x[i]
    logger.warning("end")
    return s
""",
    "a recording function": """
def f(x, y):
    record("begin")
    h = x * y
    record(h.shape)
    for i in range(3):
        record(i)
        h = np.sin(h) + x
    record("end")
    return np.sum(h)
""",
    "a recording function whose result is used": """
def f(x, y):
    k = record(3)
    s = np.sum(x) * k
    s = s + record(2) * np.sum(y * x)
    return s
""",
    "a recording function whose result is not used": """
def f(x, y):
    unused = record(3)
    other = [record(i) for i in range(2)]
    return np.sum(x * y)
""",
    "a recorded value": """
def f(x, y):
    h = np.exp(x)
    record(h.copy())
    record(float(np.sum(h)))
    return np.sum(h * y)
""",
    "an object that counts": """
def f(x, y):
    k = meter.tick()
    s = np.sum(x) * k
    for i in range(2):
        meter.tick(by=i)
        s = s * y[0] + np.sum(x)
    return s * meter.tick()
""",
    "a list outside": """
def f(x, y):
    LOG.append("a")
    s = np.sum(x * y)
    LOG.append(float(s))
    LOG.extend(["b", "c"])
    return s
""",
    "a dictionary outside": """
def f(x, y):
    STATE["calls"] += 1
    LOG.append(STATE["calls"])
    return np.sum(x * y) * STATE["calls"]
""",
    "a list inside": """
def f(x, y):
    seen = []
    seen.append(x.shape)
    seen.append("b")
    print(seen, len(seen))
    return np.sum(x * y)
""",
    "a dictionary inside": """
def f(x, y):
    counts = {"a": 1}
    counts["b"] = 2
    counts["a"] += 1
    print(sorted(counts.items()))
    return np.sum(x * y) * counts["a"]
""",
    "draws": """
def f(x, y):
    rng = np.random.default_rng(3)
    noise = rng.normal(size=x.shape)
    print(noise[0])
    mask = rng.random(3) > 0.3
    return np.sum(x * noise * mask) + rng.normal() * np.sum(y * x)
""",
    "draws in a loop": """
def f(x, y):
    rng = np.random.default_rng(5)
    s = 0.0
    for i in range(4):
        k = rng.integers(0, 3)
        s = s + np.sin(x[k]) * y[k] * rng.random()
    print(rng.random())
    return s
""",
    "draws of the global generator": """
def f(x, y):
    np.random.seed(7)
    a = np.random.rand(3)
    s = np.sum(a * x)
    b = np.random.normal()
    print(np.random.rand())
    return s * b + y[0]
""",
    "a generator that is passed": """
def draw(rng, n):
    print("draw", n)
    return rng.normal(size=n)


def f(x, y):
    rng = np.random.default_rng(11)
    a = draw(rng, 3)
    b = draw(rng, 3)
    return np.sum(x * a) + np.sum(x * x * b) + rng.random() * y[0]
""",
    "a warning": """
def f(x, y):
    warnings.warn("careful", stacklevel=1)
    return np.sum(x * y)
""",
    "an assertion and a guard": """
def f(x, y):
    assert x.ndim == 1, print("no")
    if record(x.size) > 5:
        raise ValueError("too long")
    return np.sum(x * y)
""",
    "and and or that stop early": """
def f(x, y):
    if record(0) and record(1):
        s = np.sum(x)
    else:
        s = np.sum(x * y)
    if record(2) or record(3):
        s = s * 2.0
    return s
""",
    "a conditional expression": """
def f(x, y):
    k = record(2) if x.shape[0] > 2 else record(5)
    s = np.sum(x * y) if record(y.size) > 2 else np.sum(x)
    return s * k
""",
    "arguments from left to right": """
def g(a, b, c):
    return a * b + c


def f(x, y):
    return np.sum(g(x * record(1), y + record(2), record(3)))
""",
    "a helper that prints": """
def g(a):
    print("g", a.shape)
    return np.sin(a)


def f(x, y):
    h = g(x)
    print("between")
    h = g(h)
    return np.sum(h * y)
""",
    "a helper that prints in a loop": """
def g(a, i):
    print("g", i)
    if i % 2:
        print("odd")
        return np.sin(a)
    return a * 0.5


def f(x, y):
    for i in range(3):
        x = g(x, i)
    return np.sum(x * y)
""",
    "an early return": """
def f(x, y):
    print("one")
    if x[0] > 0:
        print("two")
        return np.sum(x * y)
    print("three")
    return np.sum(x)
""",
    "walrus": """
def f(x, y):
    if (n := record(len(x))) > 2:
        print(n)
    return np.sum(x * y) * n
""",
    "with": """
def f(x, y):
    with np.errstate(divide="ignore"):
        print("inside")
        h = np.log(x * x)
    print("outside")
    return np.sum(h * y)
""",
    "try": """
def f(x, y):
    try:
        k = int("a")
    except ValueError as error:
        print("caught", error)
        k = 2
    finally:
        print("finally")
    return np.sum(x * y) * k
""",
    "del": """
def f(x, y):
    h = x * y
    n = record(4)
    del n
    g = h * h
    del h
    print("gone")
    return np.sum(g)
""",
    "dead code with effects": """
def f(x, y):
    dead = np.exp(x) * 5.0
    print(dead[0])
    gone = np.sum(dead)
    record("gone")
    return np.sum(x * y)
""",
    "a loop that only speaks": """
def f(x, y):
    for v in x:
        print(float(v))
    for a, b in zip([1, 2], "ab"):
        print(a, b)
    return np.sum(x * y)
""",
    "a while that only speaks": """
def f(x, y):
    k = 0
    while k < 3:
        print(k)
        k += 1
    return np.sum(x * y) * k
""",
    "a nested function": """
def f(x, y):
    def inner(a):
        print("inner")
        return a * y
    h = inner(x)
    print("after")
    return np.sum(inner(h))
""",
    "prints of a sum that grows": """
def f(x, y):
    total = 0.0
    for i, v in enumerate(x):
        total += v * y[i]
        print(i, float(total))
    return total * total
""",
    "a copy that is changed": """
def f(x, y):
    z = x * 1.0
    z += y
    print(z[0])
    return np.sum(z * z)
""",
    "writes into a copy": """
def f(x, y):
    z = x.copy()
    z[0] = y[1]
    print(z[0])
    z[1:] *= 2.0
    print(z[1])
    return np.sum(z * z)
""",
    "writes into an argument": """
def f(x, y):
    x[0] = y[1]
    print(x[0])
    x *= 2.0
    return np.sum(x * x)
""",
    "an argument that is sorted": """
def f(x, y):
    y.sort()
    print(y)
    return np.sum(x * y)
""",
    "a view of an argument": """
def f(x, y):
    row = x[1:]
    row += 1.0
    print(x)
    return np.sum(x * y)
""",
}
Told = tuple[Any, str, str, list[Any], list[str]]


def told(module: types.ModuleType, fn: Callable[..., Any], is_gradient: bool = True, scope: Any = None) -> Told:
    """What `fn` gives, and what it does: what it prints, logs, records and warns of.

    scope: the module that it is in, which may have a `LOG` of its own.
    """
    base, other = np.linspace(0.2, 1.6, 12).reshape(2, 6), np.linspace(-0.5, 0.9, 6)
    kept = base.copy(), other.copy()
    scope = module if scope is None or not hasattr(scope, "LOG") else scope
    scope.LOG.clear()
    module.STATE["calls"] = module.meter.count = 0
    out, messages = io.StringIO(), io.StringIO()
    handler, logger = logging.StreamHandler(messages), logging.getLogger("effects")
    logger.setLevel(logging.DEBUG)
    logger.addHandler(handler)
    logger.propagate = False
    try:
        with contextlib.redirect_stdout(out), warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            value = fn(base[1, ::2], other[:3])
    finally:
        logger.removeHandler(handler)
    if is_gradient:
        assert same(base, kept[0]) and same(other, kept[1]), "an argument, or what it is a view of, was changed"
    said = [str(w.message) for w in caught]
    return value, out.getvalue(), messages.getvalue(), [repr(item) for item in scope.LOG], said


def slope(module: types.ModuleType, at: int, along: Any) -> float:
    """The derivative of the function by one of its arguments, by differences."""
    args = [np.linspace(0.2, 1.6, 12)[6::2].copy(), np.linspace(-0.5, 0.9, 6)[:3].copy()]

    def moved(xs: list[Any]) -> Any:
        given = [x.copy() for x in args]
        given[at] = xs[0].copy()
        module.STATE["calls"] = module.meter.count = 0
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return np.asarray(module.f(*given))

    [found] = difference(moved, [args[at]], [along])
    return float(found)


@pytest.mark.parametrize("shapes", ["", "x=(3,), y=(3,)"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_the_gradient_does_what_the_function_does(name: str, shapes: str) -> None:
    module = load(HEAD + PROGRAMS[name])
    value, *wanted = told(module, module.f, is_gradient=False)
    try:
        both = gradgen.value_and_grad(module.f, "x, y", shapes=shapes)
        (found, bars), *did = told(module, both)
    except GradgenError as error:
        assert "internal error" not in str(error)
        ANSWERS[error.message if hasattr(error, "message") else str(error)].append(name)
        return
    ANSWERS["right"].append(name)
    assert same(found, value)
    assert did == wanted
    along = np.array([0.3, -1.1, 0.7])
    for i, bar in enumerate(bars):
        assert abs(slope(module, i, along) - bar @ along) < 1e-6
    again, *did = told(module, gradgen.grad(module.f, "x, y", shapes=shapes))
    assert did == wanted
    np.testing.assert_allclose(again, bars, rtol=1e-12)
    (found, pullback), *did = told(module, gradgen.vjp(module.f, "x, y", shapes=shapes))
    assert same(found, value) and did == wanted
    for _ in range(2):
        pulled, *did = told(module, lambda x, y: pullback(1.0))
        np.testing.assert_allclose(pulled, bars, rtol=1e-12)
        assert did == ["", "", [], []], "the pullback does something again"


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_written_module_does_what_the_function_does(name: str) -> None:
    """Where it may be written: what refers to an object of the user's is refused, by name."""
    module = load(HEAD + PROGRAMS[name])
    _, *wanted = told(module, module.f, is_gradient=False)
    try:
        text = gradgen.grad(module.f, "x, y").source
    except GradgenError as error:
        assert "internal error" not in str(error)
        return
    written = load_alone(text)
    _, *did = told(module, written.grad_f, scope=written)
    assert did == wanted


HIDDEN = {
    "in a loop": """
def f(x, y):
    w = np.zeros(3)
    for i in range(2):
        write(w, x)
    return np.sum(w * y)
""",
    "in a branch": """
def f(x, y):
    w = np.zeros(3)
    if y[0] > 0:
        write(w, x)
    return np.sum(w * y)
""",
    "in a branch of a loop": """
def f(x, y):
    w = np.zeros(3)
    for i in range(2):
        s = np.sum(w)
        if i or y[0] > 0:
            write(w, x * s)
    return np.sum(w * y)
""",
}


@pytest.mark.parametrize("name", HIDDEN)
def test_what_code_without_source_makes_of_a_target_is_refused_wherever_it_stands(name):
    program = load("import numpy as np\nfrom scipy.linalg.blas import dswap as write\n" + HIDDEN[name])
    with pytest.raises(GradgenError, match=r"no derivative of `write`|what this `if` does|a loop over"):
        gradgen.grad(program.f, wrt="x", shapes="x=(3,), y=(3,)")(np.ones(3), np.ones(3))
