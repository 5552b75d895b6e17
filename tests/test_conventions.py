"""The derivative where there is more than one answer: a test for each row of the README's table of conventions.

Every program is differentiated with its shapes declared, in memory by what a call shows, and as a file holds it that
nothing was told; the answers are the same.
"""

import math
import re
import warnings
from pathlib import Path

import numpy as np
import pytest

import gradgen
from gradgen import functions as F
from gradgen.errors import GradgenWarning, NonDifferentiableError
from gradgen.memory import compile_gradient
from gradgen.options import make_options

INF, NAN = math.inf, math.nan


def gradients(fn, shapes, *args, wrt=()):
    """What the three kinds of gradient of `fn` give for `args`; floating-point warnings are errors in none of them."""
    wrt = wrt or (0,)
    made = [
        gradgen.grad(fn, wrt=wrt, shapes=shapes),
        gradgen.grad(fn, wrt=wrt),
        compile_gradient(fn, make_options(wrt)).call,
    ]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)
        return [gradient(*args) for gradient in made]


def check(fn, shapes, args, *wanted, wrt=(), rtol=1e-12):
    """All gradients of `fn` are `wanted`, one for each target."""
    for got in gradients(fn, shapes, *args, wrt=wrt):
        for bar, want in zip(got if len(wanted) > 1 else [got], wanted, strict=True):
            np.testing.assert_allclose(bar, want, rtol=rtol, atol=1e-15)
            assert np.shape(bar) == np.shape(want)


def quietly(fn, shapes, *args, wrt=()):
    """Gradients that must raise no floating-point warning."""
    wrt = wrt or (0,)
    for gradient in (gradgen.grad(fn, wrt=wrt, shapes=shapes), compile_gradient(fn, make_options(wrt)).call):
        with warnings.catch_warnings(), np.errstate(divide="raise", over="raise", invalid="raise"):
            warnings.simplefilter("error")
            yield gradient(*args)


# ---- kinks and ties


@pytest.mark.parametrize(
    "fn, at",
    [
        (lambda x: np.sum(np.abs(x)), 0.0),
        (lambda x: np.sum(np.fabs(x)), 0.0),
        (lambda x: np.sum(abs(x)), 0.0),
        (lambda x: np.sum(F.relu(x)), 0.0),
        (lambda x: np.sum(np.maximum(x, 0.5)), 0.5),
        (lambda x: np.sum(np.maximum(0.5, x)), 0.5),
        (lambda x: np.sum(np.minimum(x, np.array([0.5, 1.0]))), [0.5, 1.0]),
        (lambda x: np.sum(np.clip(x, 0.5, 2.0)), [0.5, 2.0]),
        (lambda x: np.sum(x.clip(0.5, None)), 0.5),
        (lambda x: np.sum(np.maximum(np.abs(x), 0.0)), 0.0),
    ],
)
def test_kinks_against_a_constant_give_zero(fn, at):
    x = np.full(2, at)
    check(fn, "x=(n,)", [x], np.zeros(2))


def test_ties_of_two_that_vary_are_halved():
    x, y = np.array([1.0, 2.0, 3.0]), np.array([1.0, 3.0, 2.0])
    shapes = "x=(n,), y=(n,)"
    both = ("x", "y")
    check(lambda x, y: np.sum(np.maximum(x, y)), shapes, [x, y], [0.5, 0, 1], [0.5, 1, 0], wrt=both)
    check(lambda x, y: np.sum(np.minimum(x, y)), shapes, [x, y], [0.5, 1, 0], [0.5, 0, 1], wrt=both)
    check(lambda x: np.sum(np.maximum(x, x)), "x=(n,)", [x], np.ones(3))


@pytest.mark.parametrize(
    "fn, wanted",
    [
        (lambda x: np.max(x), [0.5, 0.0, 0.5, 0.0]),
        (lambda x: np.min(x), [0.0, 0.5, 0.0, 0.5]),
        (lambda x: x.max() - x.min(), [0.5, -0.5, 0.5, -0.5]),
        (lambda x: np.linalg.norm(x, np.inf), [0.5, 0.0, 0.5, 0.0]),
        (lambda x: np.median(x), [0.25, 0.25, 0.25, 0.25]),
        (lambda x: np.max(x.reshape(2, 2), axis=0).sum(), [0.5, 0.5, 0.5, 0.5]),
        (lambda x: np.amax(x, axis=0, keepdims=True)[0], [0.5, 0.0, 0.5, 0.0]),
    ],
)
def test_ties_of_several_are_split_evenly(fn, wanted):
    check(fn, "x=(4,)", [np.array([3.0, 1.0, 3.0, 1.0])], wanted)


def test_ties_in_each_row():
    X = np.array([[1.0, 1.0, 0.0], [0.0, 2.0, 1.0]])
    check(lambda X: np.sum(np.max(X, axis=1)), "X=(n, k)", [X], [[0.5, 0.5, 0.0], [0.0, 1.0, 0.0]])
    check(lambda X: np.sum(X.min(axis=0)), "X=(n, k)", [X], [[0, 1, 1], [1, 0, 0]])


def test_sort_keeps_the_order_of_ties():
    weights = np.array([1.0, 10.0, 100.0])
    check(lambda x, w: np.sort(x) @ w, "x=(n,), w=(n,)", [np.array([2.0, 1.0, 2.0]), weights], [10.0, 1.0, 100.0])


@pytest.mark.parametrize(
    "fn, at, wanted",
    [
        (lambda x: np.sum(np.sqrt(x)), 0.0, INF),
        (lambda x: np.sum(x**0.5), 0.0, INF),
        (lambda x: np.sum(np.log(x)), 0.0, INF),
        (lambda x: np.sum(np.arccos(x)), 1.0, -INF),
        (lambda x: np.sum(np.arcsin(x)), -1.0, INF),
        (lambda x: np.sum(np.log1p(x)), -1.0, INF),
        (lambda x: np.sum(np.arctanh(x)), 1.0, INF),
        (lambda x: np.sum(np.cbrt(x)), 0.0, INF),
    ],
)
def test_ends_of_domains_are_infinite(fn, at, wanted):
    check(fn, "x=(n,)", [np.array([at])], [wanted])


# ---- where

ROOTS = [
    (lambda x: np.sqrt(x), [INF, 0.5, 0.25, NAN]),
    (lambda x: np.log(x), [INF, 1.0, 0.25, NAN]),
    (lambda x: 1.0 / x, [NAN, -1.0, -0.0625, -1.0]),
    (lambda x: x**0.5, [INF, 0.5, 0.25, NAN]),
    (lambda x: x**-1.5, [NAN, -1.5, -1.5 * 4.0**-2.5, NAN]),
    (lambda x: np.log2(x) * np.log(2.0), [INF, 1.0, 0.25, NAN]),
    (lambda x: np.sqrt(x) * np.sqrt(x), [NAN, 1.0, 1.0, NAN]),
    (lambda x: np.log(np.sqrt(x)), [NAN, 0.5, 0.125, NAN]),
    (lambda x: x * np.log(x), [-INF, 1.0, 1.0 + math.log(4.0), NAN]),
    (lambda x: x / x, [NAN, 0.0, 0.0, 0.0]),
]
"""Functions with their derivatives at 0, 1, 4 and -1."""
GUARDS = [
    (lambda f, x, m: np.sum(np.where(m, f(x), 0)), 1),
    (lambda f, x, m: np.sum(np.where(~m, 0.0, f(x))), 1),
    (lambda f, x, m: np.sum(np.where(m, f(x), x * 0.0)), 1),
    (lambda f, x, m: np.sum(3.0 * np.where(m, f(x), 1.0)), 3),
    (lambda f, x, m: np.sum(np.where(m, np.where(m, f(x), 7.0), 0.0)), 1),
    (lambda f, x, m: np.sum(np.where(m[:, None], f(x)[:, None] * np.ones((4, 2)), 0.0)), 2),
    (lambda f, x, m: np.sum(np.where(m, f(x)[None] * np.array([[1.0], [2.0]]), 0.0)), 3),
    (lambda f, x, m: np.sum(np.where(m, f(x[:, None]).sum(1), 0)), 1),
    (lambda f, x, m: np.sum(np.where(m, f(x.reshape(4, 1)).mean(axis=-1), 0)), 1),
    (lambda f, x, m: np.sum(np.where(m, np.prod(f(x[:, None]), axis=1), 0)), 1),
    (lambda f, x, m: np.sum(np.where(m, np.max(f(x[:, None]), axis=1), 0)), 1),
    (lambda f, x, m: np.sum(np.where(m[::-1], f(x)[::-1], 0)), 1),
    (lambda f, x, m: np.sum(np.where(m.reshape(2, 2).T, f(x).reshape(2, 2).T, 0)), 1),
    (lambda f, x, m: np.sum(np.where(m, np.stack([f(x), x * 0.0]), 0)[0]), 1),
    (lambda f, x, m: np.sum(np.where(m, f(x) * np.exp(0.0 * x), 0.0)), None),
    (lambda f, x, m: np.sum(np.where(m, 2.0 * f(x) + 1.0, 0.0) ** 1), 2),
    (lambda f, x, m: np.sum(np.where(m, np.squeeze(np.expand_dims(f(x), 0), 0), 0.0)), 1),
    (lambda f, x, m: np.sum(taken(f(x), m)), 1),
]
"""Programs in which `where` leaves f(x) out at some entries, and how often its derivative counts."""


def taken(y, m):
    """A helper that is followed."""
    return np.where(m, y, 0.0)


@pytest.mark.parametrize("guard, times", GUARDS)
@pytest.mark.parametrize("f, slopes", ROOTS)
def test_the_side_that_where_does_not_take_gives_exactly_zero(f, slopes, guard, times):
    def program(x, m):
        return guard(f, x, m)

    x, m = np.array([0.0, 1.0, 4.0, -1.0]), np.array([False, True, True, False])
    got = gradients(program, "x=(4,), m=bool(4,)", x, m)
    if times is None:
        assert all(bar[0] == bar[3] == 0.0 and np.isfinite(bar).all() for bar in got)
        return
    check(program, "x=(4,), m=bool(4,)", [x, m], np.where(m, times * np.array(slopes), 0.0))


def test_missing_numbers_stay_where_they_are():
    """The gradient by a weight does not see entries that are left out, be they no numbers."""
    x, w = np.array([1.0, NAN, 3.0]), np.array([2.0, 2.0, 2.0])
    for fn in (lambda w, x: np.sum(np.where(np.isnan(x), 0.0, w * x)),
               lambda w, x: np.sum(np.where(np.isnan(x), 0.0, np.tanh(w * x)))):  # fmt: skip
        for bar in gradients(fn, "w=(n,), x=(n,)", w, x):
            assert bar[1] == 0.0 and np.isfinite(bar).all()
    for bar in gradients(lambda w, x: np.sum(np.where(np.isnan(x), 0.0, w * x)), "w=(), x=(n,)", 2.0, x):
        assert bar == 4.0


def test_where_through_a_product_of_matrices():
    """Entries are mixed there: zeros are found at run time."""
    X, m = np.array([[0.0, 1.0], [0.0, 9.0]]), np.array([False, True])

    def program(X, m):
        return np.sum(np.where(m, np.ones(2) @ np.sqrt(X), 0.0))

    check(program, "X=(2, 2), m=bool(2,)", [X, m], [[0.0, 0.5], [0.0, 1.0 / 6.0]])


def test_where_raises_no_warning_where_the_function_raises_none():
    x = np.array([0.0, 1.0, 4.0])
    for bar in quietly(lambda x: np.sum(np.where(x > 0.0, np.sqrt(x), 0.0)), "x=(n,)", x):
        assert bar.tolist() == [0.0, 0.5, 0.25]
    for bar in quietly(lambda X: np.sum(np.where(X[:, 0] > 0.0, np.sqrt(X).sum(1), 0.0)), "X=(n, k)", x[:, None]):
        assert bar.tolist() == [[0.0], [0.5], [0.25]]


# ---- lengths and spreads


@pytest.mark.parametrize(
    "fn",
    [
        lambda X: np.sum(np.linalg.norm(X, axis=1)),
        lambda X: np.sum(np.linalg.norm(X, axis=1, keepdims=True)),
        lambda X: np.sum(np.linalg.norm(X, 2, axis=-1)),
        lambda X: np.sum(np.hypot(X[:, 0], X[:, 1])),
    ],
)
def test_lengths_of_rows_at_zero(fn):
    X = np.array([[0.0, 0.0], [3.0, 4.0]])
    for bar in quietly(fn, "X=(n, 2)", X):
        np.testing.assert_allclose(bar, [[0.0, 0.0], [0.6, 0.8]])
    check(fn, "X=(n, 2)", [X], [[0.0, 0.0], [0.6, 0.8]])


def test_the_length_of_zero():
    for fn in (lambda x: np.linalg.norm(x), lambda x: np.linalg.norm(x, 3), lambda x: np.linalg.norm(x - x)):
        for bar in quietly(fn, "x=(n,)", np.zeros(3)):
            assert bar.tolist() == [0.0, 0.0, 0.0]
    for bar in quietly(lambda x, y: np.hypot(x, y), "x=(), y=()", 0.0, 0.0):
        assert bar == 0.0


def test_the_spread_of_equal_numbers():
    for fn, x in (
        (lambda x: np.std(x), np.full(3, 0.1)),
        (lambda x: np.std(x), np.ones(1)),
        (lambda x: np.sum(np.std(x, axis=1)), np.full((2, 3), 0.1)),
        (lambda x: np.std(x, ddof=1), np.full(4, 1e8 / 3.0)),
    ):
        shapes = f"x=({''.join(f'n{i},' for i in range(x.ndim))})"
        for bar in quietly(fn, shapes, x):
            assert not np.any(bar)


# ---- products and powers


def test_products_with_zeros_are_exact():
    x = np.array([2.0, 0.0, 3.0])
    check(lambda x: np.prod(x), "x=(n,)", [x], [0.0, 6.0, 0.0])
    check(lambda x: np.sum(np.prod(x, axis=1)), "x=(n, k)", [x[None]], [[0.0, 6.0, 0.0]])
    check(lambda x: np.sum(np.cumprod(x)), "x=(n,)", [x], [1.0, 8.0, 0.0])
    check(lambda x: x[0] * x[1] * x[2], "x=(3,)", [x], [0.0, 6.0, 0.0])


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 5, 7])
def test_whole_powers_are_polynomials(n):
    x = np.array([-1.5, 0.0, 2.0])
    wanted = [n * t ** (n - 1) if n else 0.0 for t in x.tolist()]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GradgenWarning)
        check(lambda x: np.sum(x**n), "x=(k,)", [x], wanted)
        check(lambda x: np.sum(np.power(x, float(n))), "x=(k,)", [x], wanted)


def test_power_by_its_exponent():
    x, y = np.array([0.0, 0.0, 3.0]), np.array([2.0, 1.0, 2.0])
    shapes = "x=(n,), y=(n,)"
    check(lambda x, y: np.sum(x**y), shapes, [x, y], [0.0, 1.0, 6.0], [0.0, 0.0, 9.0 * math.log(3.0)], wrt=("x", "y"))
    for bars in quietly(lambda x, y: np.sum(x**y), shapes, x, y, wrt=("x", "y")):
        assert np.isfinite(bars).all()
    check(lambda x, y: np.sum(x**y), shapes, [x, np.zeros(3)], np.zeros(3), wrt="x")


def test_modulus():
    x, y = np.array([5.5, -5.5]), np.array([2.0, 2.0])
    check(lambda x, y: np.sum(x % y), "x=(n,), y=(n,)", [x, y], np.ones(2), [-2.0, 3.0], wrt=("x", "y"))
    check(lambda x, y: np.sum(np.fmod(x, y)), "x=(n,), y=(n,)", [x, y], np.ones(2), [-2.0, 2.0], wrt=("x", "y"))


# ---- what has no derivative

STEPS = [
    lambda x: np.sum(np.floor(x)),
    lambda x: np.sum(np.ceil(2.0 * x)),
    lambda x: np.sum(np.round(x, 1)),
    lambda x: np.sum(np.sign(x)),
    lambda x: np.sum(x // 2.0),
    lambda x: np.sum(np.trunc(x) + np.rint(x)),
]


@pytest.mark.parametrize("fn", STEPS)
def test_a_result_through_steps_alone_warns_and_is_zero(fn):
    x = np.array([0.3, -1.7])
    with pytest.warns(GradgenWarning, match=r"test_conventions.py:\d+: .*no derivative"):
        assert gradgen.grad(fn)(x).tolist() == [0.0, 0.0]
    with pytest.warns(GradgenWarning, match=r"test_conventions.py:\d+"):
        assert gradgen.grad(fn, shapes="x=(n,)")(x).tolist() == [0.0, 0.0]
    with pytest.raises(NonDifferentiableError, match="no derivative"):
        gradgen.grad(fn, strict=True)(x)


def test_steps_beside_what_varies_do_not_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check(lambda x: np.sum(x - np.floor(x)), "x=(n,)", [np.array([0.3, -1.7])], [1.0, 1.0])


def test_a_result_that_does_not_depend_on_a_target():
    with pytest.warns(GradgenWarning, match="not at all"):
        assert gradgen.grad(lambda x, y: np.sum(y), shapes="x=(n,), y=(n,)")(np.ones(2), np.ones(2)).tolist() == [0, 0]
    with pytest.raises(NonDifferentiableError, match="not at all"):
        gradgen.grad(lambda x, y: np.sum(y), strict=True)(np.ones(2), np.ones(2))


@pytest.mark.parametrize(
    "fn",
    [
        lambda x: np.argmax(x),
        lambda x: x[0] > 0.5,
        lambda x: int(x[0]),
        lambda x: np.sum(x > 0.5),
        lambda x: len(x),
        lambda x: np.any(x > 0.0),
        lambda x: x.astype(int).sum(),
        lambda x: np.count_nonzero(x),
        lambda x: "x",
    ],
)
def test_results_that_are_no_floats_are_refused(fn):
    for options in ({}, {"shapes": "x=(n,)"}):
        with pytest.raises(NonDifferentiableError) as caught:
            gradgen.grad(fn, **options)(np.ones(3))
        assert caught.value.span is not None and caught.value.span.filename.endswith("test_conventions.py")


# ---- functions with an answer of their own


def test_logarithms_of_sums_with_minus_infinity():
    x = np.array([[0.0, -INF], [-INF, -INF]])
    half = [[1.0, 0.0], [0.0, 0.0]]
    for fn in (lambda x: np.sum(np.where(np.isfinite(y := F.logsumexp(x, axis=1)), y, 0.0)),
               lambda x: F.logsumexp(x, axis=1)[0]):  # fmt: skip
        check(fn, "x=(n, k)", [x], half)
    check(lambda x, y: np.logaddexp(x, y)[0], "x=(n,), y=(n,)", [x[0], x[1]], [1.0, 0.0], [0.0, 0.0], wrt=("x", "y"))
    for bars in quietly(lambda x: F.logsumexp(x), "x=(n,)", x[0]):
        assert bars.tolist() == [1.0, 0.0]


def test_angle_and_sinc_at_zero():
    for bars in quietly(lambda y, x: np.arctan2(y, x), "y=(), x=()", 0.0, 0.0, wrt=("y", "x")):
        assert bars == (0.0, 0.0)
    for bar in quietly(lambda x: np.sum(np.sinc(x)), "x=(n,)", np.zeros(2)):
        assert bar.tolist() == [0.0, 0.0]


def test_determinant_of_a_singular_matrix():
    A = np.array([[1.0, 2.0], [2.0, 4.0]])
    check(lambda A: np.linalg.det(A), "A=(2, 2)", [A], [[4.0, -2.0], [-2.0, 1.0]])
    check(lambda A: np.linalg.det(A), "A=(n, n)", [np.zeros((3, 3))], np.zeros((3, 3)))


def test_cholesky_has_a_symmetric_gradient():
    A = np.array([[4.0, 1.0, 0.5], [1.0, 3.0, 0.2], [0.5, 0.2, 2.0]])
    for bar in gradients(lambda A: np.sum(np.sin(np.linalg.cholesky(A))), "A=(n, n)", A):
        np.testing.assert_allclose(bar, bar.T, rtol=1e-13)


def test_reading_at_repeated_indices_adds_up():
    x, k = np.array([1.0, 2.0, 3.0]), np.array([2, 0, 2, 2])
    check(lambda x, k: np.sum(x[k]), "x=(n,), k=int(m,)", [x, k], [1.0, 0.0, 3.0])
    check(lambda x, k: np.sum(np.take(x, k)), "x=(n,), k=int(m,)", [x, k], [1.0, 0.0, 3.0])
    check(lambda X, k: np.sum(X[:, k]), "X=(r, n), k=int(m,)", [np.ones((2, 3)), k], [[1, 0, 3], [1, 0, 3]])
    check(lambda x: np.sum(x[[0, 0, 1]]), "x=(n,)", [x], [2.0, 1.0, 0.0])


# ---- kinds, dtypes and shapes


def test_integers_as_targets():
    k = np.array([1, 2, 3])
    check(lambda k: np.sum(k**2), "k=int(n,)", [k], [2.0, 4.0, 6.0])
    check(lambda k: np.sum(k[1:] * 0.5), "k=int(n,)", [k], [0.0, 0.5, 0.5])
    check(lambda k: np.sum(np.where(k > 1, 0.5 * k, 0)), "k=int(n,)", [k], [0.0, 0.5, 0.5])
    check(lambda k: np.mean(k[np.array([0, 0])]), "k=int(n,)", [k], [1.0, 0.0, 0.0])
    check(lambda k: 0.5 * k * k, "k=int()", [3], 3.0)
    for bar in gradients(lambda k: 0.5 * k * k, "k=int()", 3):
        assert isinstance(bar, float)


PROGRAMS = [
    lambda x: x * x,
    lambda x: np.sin(x) * 2,
    lambda x: 3 * x,
    lambda x: np.maximum(x, 0.5),
    lambda x: np.where(x > 0.0, x * x, 0.0),
    lambda x: x + 1,
    lambda x: abs(x),
]


@pytest.mark.parametrize("fn", PROGRAMS)
def test_scalars_keep_their_kind(fn):
    """A Python float gives a float, which np.float64 is too; a 0-d array or NumPy scalar gives a NumPy scalar."""
    for bar in gradients(fn, "x=()", 0.7):
        assert isinstance(bar, float)
    for x in (np.float64(0.7), np.array(0.7)):
        for bar in gradients(fn, "x=()", x):
            assert isinstance(bar, np.float64 | float) and np.shape(bar) == ()
    for gradient in (gradgen.grad(fn), gradgen.grad(fn, shapes="x=()")):
        assert np.result_type(gradient(np.float32(0.7))) == np.float32


VECTORS = [
    lambda x: np.sum(x * x),
    lambda x: np.sum(3 * x),
    lambda x: np.sum(x),
    lambda x: np.mean(x),
    lambda x: np.std(x),
    lambda x: np.max(x),
    lambda x: np.sum(np.where(x > 1.0, x, 0.0)),
    lambda x: np.sum(np.where(x > 1.0, np.log(x), -2.0)),
    lambda x: np.sum(np.maximum(x, 1.0)),
    lambda x: np.sum(np.maximum(x, 1.0) * 2.0),
    lambda x: np.linalg.norm(x),
    lambda x: np.prod(x),
    lambda x: x[0],
    lambda x: np.sum(x[1:] - x[:-1]),
    lambda x: np.sum(x[np.array([0, 0])]),
    lambda x: np.sum(np.concatenate([x, x])),
    lambda x: np.sum(np.outer(x, x)),
    lambda x: np.sum(np.cumsum(x)),
    lambda x: np.sum(np.exp(x)) / 3,
    lambda x: np.sum(x) ** 2,
    lambda x: F.logsumexp(x),
    lambda x: F.softmax(x)[0],
    lambda x: np.sum(F.relu(x)),
    lambda x: np.sum(x**1.5),
    lambda x: np.sum(np.clip(x, 0.5, 1.5)),
    lambda x: np.median(x),
    lambda x: np.sort(x)[0],
]


@pytest.mark.parametrize("fn", VECTORS)
def test_float32_stays_and_shapes_are_those_of_the_argument(fn):
    x = np.array([0.5, 2.0, 1.25])
    for bar in gradients(fn, "x=(n,)", x):
        assert bar.shape == (3,) and bar.dtype == np.float64
    for bar in gradients(fn, "x=(n,)", x.astype(np.float32)):
        assert bar.shape == (3,) and bar.dtype == np.float32


def test_nothing_contributed_gives_float_zeros():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GradgenWarning)
        for k in (np.array([1, 2]), np.ones(2, np.float32), np.ones((2, 0))):
            for bar in gradients(lambda k: np.sum(np.ones(2)), f"k=({'n,' * k.ndim})".replace("n,n", "n, m"), k):
                assert bar.dtype.kind == "f" and bar.shape == k.shape and not bar.any()


def test_python_numbers_raise_what_python_raises():
    for gradient in (gradgen.grad(lambda x: 1.0 / x), gradgen.grad(lambda x: 1.0 / x, shapes="x=float()")):
        with pytest.raises(ZeroDivisionError):
            gradient(0.0)
    with pytest.raises(OverflowError):
        gradgen.grad(lambda x: math.exp(x))(1e4)
    with pytest.raises(ValueError):
        gradgen.grad(lambda x: math.sqrt(x))(-1.0)
    assert "np.exp" not in gradgen.grad(lambda x: math.exp(x)).source
    assert "math" not in gradgen.grad(lambda x: np.exp(x)).source


def test_complex_numbers_follow_autograd_and_jax():
    z = np.array([3.0 + 4.0j])
    for fn, wanted in (
        (lambda z: np.sum(np.abs(z)), [0.6 - 0.8j]),
        (lambda z: np.sum(np.real(z * z)), 2.0 * z),
        (lambda z: np.sum(np.imag(z)), [-1.0j]),
        (lambda z: np.sum(np.real(z * np.conj(z))), 2.0 * np.conj(z)),
        (lambda z: np.sum(np.real(np.exp(z))), np.exp(z)),
    ):
        np.testing.assert_allclose(gradgen.grad(fn)(z), wanted, rtol=1e-13)


# ---- the table


def test_the_table_in_the_readme_has_a_row_for_each():
    text = (Path(__file__).parent.parent / "README.md").read_text()
    section = text[text.index("## Conventions") :]
    rows = re.findall(r"^\| (.+?) \| (.+?) \|$", section.split("\n## ")[0 if section.startswith("##") else 1], re.M)
    told = " ".join(case for case, _ in rows)
    for word in ("abs", "relu", "clip", "maximum(x, y)", "max", "median", "sort", "sqrt", "where(m", "linalg.norm",
                 "hypot", "std", "prod", "cumprod", "x**n", "x**y", "mod(x, y)", "floor", "logsumexp", "arctan2",
                 "sinc", "det", "cholesky", "repeated indices", "complex", "integer"):  # fmt: skip
        assert word in told, word
