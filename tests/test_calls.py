"""Functions that are called often are written once, so that the output stays linear in the input."""

import importlib.util
import itertools

import numpy as np
import pytest

import gradgen
from gradgen.interpret import run
from gradgen.options import make_options
from gradgen.pipeline import graph_of

TOWER = """
import numpy as np


def f0(x, a):
    y = np.sin(x) * a
    return y + np.exp(-y)
"""
LEVEL = """

def f{level}(x, a):
    return 0.5 * f{below}(x, a) + 0.7 * np.tanh(f{below}(0.5 * x + 0.1, a))
"""
TOP = """

def loss{level}(x, a):
    return np.sum(f{level}(x, a))
"""
LEVELS = 30

PAIRS = """
import numpy as np


def split(x, power, scale):
    low = np.sin(x) ** power
    high = scale * np.cos(x)
    mixed = low * high + np.exp(-low)
    for_show = np.sum(mixed)
    print(f"{for_show:.3f}")
    return low + mixed, (high - mixed, power)


def pair(x, scale):
    a, (b, p) = split(x, 2, scale)
    c, (d, q) = split(b * x, 3, scale)
    e, (f, r) = split(a + c, 2, x)
    g, (h, s) = split(d - e, 2, scale)
    k = np.floor(split(np.ones(3), 2, 2.0)[0])
    return a * (b + c) + d * f + g / (1.0 + h * h) + k, p + q + r + s


def both(x, scale):
    u, n = pair(x, scale)
    v, m = pair(np.sqrt(1.0 + u * u), scale)
    w, _ = pair(v, scale + 1.0)
    z, _ = pair(w - u, 2.0)
    t, _ = pair(z * 0.1, scale)
    return np.sum(u * v + w * z - t) * n / m
"""


@pytest.fixture(scope="module")
def tower(tmp_path_factory):
    text = TOWER + "".join(LEVEL.format(level=i, below=i - 1) for i in range(1, LEVELS + 1))
    return load(tmp_path_factory, "tower", text + TOP.format(level=10) + TOP.format(level=LEVELS))


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    return load(tmp_path_factory, "pairs", PAIRS)


def slope(f, h=2e-5):
    """The derivative of f at 0, by central differences with two steps, extrapolated twice."""
    d = [(f(k) - f(-k)) / (2.0 * k) for k in (h, h / 2.0, h / 4.0)]
    e = [(4.0 * b - a) / 3.0 for a, b in itertools.pairwise(d)]
    return (16.0 * e[1] - e[0]) / 15.0


def load(factory, name, text):
    path = factory.mktemp(name) / f"{name}.py"
    path.write_text(text)
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_thirty_levels_are_generated_and_compiled(tower):
    text = gradgen.value_and_grad(tower.loss30, wrt=("x", "a"), shapes="x=(n,), a=()").source
    compile(text, "tower_grad.py", "exec")
    assert text.count("\n") < 30 * (LEVELS + 1)
    assert text.count("def vjp_f") >= LEVELS - 5


@pytest.mark.parametrize("shapes", ["", "x=(n,), a=()"])
def test_ten_levels_are_right(tower, shapes):
    x, a = np.array([0.3, -0.4]), 0.7
    value, (x_bar, a_bar) = gradgen.value_and_grad(tower.loss10, wrt=("x", "a"), shapes=shapes)(x, a)
    assert value == tower.loss10(x, a)
    assert a_bar == pytest.approx(slope(lambda t: tower.loss10(x, a + t)), rel=1e-6)
    for i, e in enumerate(np.eye(2)):
        assert x_bar[i] == pytest.approx(slope(lambda t, e=e: tower.loss10(x + t * e, a)), rel=1e-6)


def test_results_in_a_structure_known_arguments_and_effects(pairs, capsys):
    x, scale = np.array([0.4, 0.9, 1.4]), 0.8
    value = pairs.both(x, scale)
    said = capsys.readouterr().out
    gradient = gradgen.value_and_grad(pairs.both, wrt=("x", "scale"), shapes="x=(n,), scale=()")
    text = gradient.source
    got, (x_bar, scale_bar) = gradient(x, scale)
    assert got == value and capsys.readouterr().out == said
    assert text.count("\ndef vjp_") >= 3, text
    assert scale_bar == pytest.approx(slope(lambda t: pairs.both(x, scale + t)), rel=1e-6)
    for i, e in enumerate(np.eye(3)):
        assert x_bar[i] == pytest.approx(slope(lambda t, e=e: pairs.both(x + t * e, scale)), rel=1e-6)


def test_the_interpreter_agrees(tower):
    graph = graph_of(tower.loss10, make_options(wrt=("x", "a"), shapes="x=(n,), a=()"))
    x, a = np.array([0.3, -0.4]), 0.7
    x_bar, a_bar = run(graph, [x, a])
    got = gradgen.grad(tower.loss10, wrt=("x", "a"))(x, a)
    np.testing.assert_allclose(x_bar, got[0], rtol=1e-12)
    np.testing.assert_allclose(a_bar, got[1], rtol=1e-12)


def test_a_few_lines_called_a_few_times_are_read_into_their_caller():
    text = gradgen.grad(four_times, shapes="x=(n,)").source
    assert "vjp_" not in text


def bump(v):
    w = v * v
    return w * np.exp(-w)


def four_times(x):
    return np.sum(bump(x) + bump(2.0 * x) + bump(3.0 * x) + bump(bump(x)))


def horner(x, c, n):
    return c if n < 1 else c + x * horner(x, c * 0.5, n - 1)


def fourier(x, n):
    """Recursion of a function inside the function, which reads what is around it; another one beside it is called."""
    scale = np.sum(x)

    def turned(re, im, angle):
        return np.cos(angle) * re - np.sin(angle) * im, np.cos(angle) * im + np.sin(angle) * re

    def go(re, im):
        m = len(re)
        if m == 1:
            return re * scale, im
        a, b = go(re[::2], im[::2])
        c, d = go(re[1::2], im[1::2])
        c, d = turned(c, d, -2.0 * np.pi * np.arange(m // 2) / m)
        return np.concatenate([a + c, a - c]), np.concatenate([b + d, b - d])

    re, im = go(x[:n], np.zeros(n))
    return np.sum((re**2 + im**2) * np.arange(n)) * scale


def total(x):
    return x[0] ** 2 if len(x) < 2 else x[0] ** 2 + np.sin(total(x[1:]))


def even(x, n):
    return x if n < 1 else np.sin(odd(x, n - 1))


def odd(x, n):
    return 0.5 * x if n < 1 else x * even(x, n - 1)


RECURSIVE = [
    (horner, (0.7, 1.3, 5), (0, 1)),
    (total, (np.array([0.3, -0.4, 0.8, 0.2]),), (0,)),
    (even, (0.7, 4), (0,)),
    (even, (0.7, 5), (0,)),
    (fourier, (np.array([0.3, -0.4, 0.8, 0.2]), 4), (0,)),
]


@pytest.mark.parametrize("function, args, wrt", RECURSIVE)
def test_recursion(function, args, wrt):
    got = gradgen.grad(function, wrt=wrt)(*args)
    for i, bar in zip(wrt, [got] if len(wrt) == 1 else got, strict=True):
        flat = np.atleast_1d(bar)
        for j, e in enumerate(np.eye(flat.size)):
            e = e.reshape(np.shape(args[i]))
            wanted = slope(lambda t, i=i, e=e: function(*args[:i], args[i] + t * e, *args[i + 1 :]), h=1e-3)
            assert flat[j] == pytest.approx(wanted, rel=1e-9)


# ---- names of functions around


weights = np.array([0.31, 0.72, 0.55, 0.83])
"""A name of the module, which functions below have for something of their own."""


def by_lambda(weights):
    return sum([(lambda t: t * weights[0])(t) for t in weights])


def by_function(weights):
    def scaled(t):
        return t * weights[0] if t > 0.5 else weights[1]

    return sum([scaled(t) for t in weights])


def two_deep(weights):
    def outer(t):
        def inner(s):
            return s * weights[2]

        return inner(t) + weights[0]

    return outer(weights[1]) ** 2


def handed_on(weights):
    return twice(lambda t: t * weights[0], weights)


def twice(fn, x):
    return np.sum(fn(fn(x)))


def given_later(weights):
    def scaled(t):
        return t * factor

    factor = weights[1] ** 2
    return np.sum(scaled(weights))


factor = 3.0


@pytest.mark.parametrize("function", [by_lambda, by_function, two_deep, handed_on, given_later])
def test_what_functions_around_call_so_comes_before_what_the_module_does(function):
    x = np.array([0.4, 0.8, 0.6, 0.2])
    for options in ({}, {"shapes": "weights=(4,)"}):
        got = gradgen.grad(function, **options)(x)
        for j, e in enumerate(np.eye(4)):
            wanted = slope(lambda t, e=e: function(x + t * e), h=1e-4)
            assert got[j] == pytest.approx(wanted, rel=1e-7, abs=1e-9)
