"""The check at entry of written modules: what was declared passes, what would go wrong silently does not."""

import inspect
import re

import numpy as np
import pytest

from gradgen import grad, value_and_grad, vjp
from gradgen.constants import type_of_argument
from gradgen.memory import check_declared
from gradgen.options import parse_shapes
from gradgen.shapes import evaluate_size


def written(make, f, shapes, **options):
    """The function of the module that is written, and the condition that it checks."""
    source = make(f, shapes=shapes, **options).source
    namespace = {}
    exec(source, namespace)
    [name] = [n for n in namespace if re.match(r"(value_and_)?(grad|vjp)_", n)]
    found = re.search(r"    if (.*?):\n +raise ValueError\(", source, re.DOTALL)
    return namespace[name], "" if found is None else " ".join(found[1].split()).replace("( ", "(").replace(" )", ")")


def inner(w, v):
    return w @ v


def distance(a, b):
    return np.sum((a - b) ** 2)


def differences(x, d):
    return np.sum((x[1:] - x[:-1]) * d)


def cost(w, X, y, decay):
    r = X @ w - y
    return r @ r + decay * (w @ w)


def scaled(x, s):
    return s * np.mean(x)


def placed(x, y):
    return np.sum(x[1:] * 2.0) + x[0] * y


def wave(x):
    return np.sin(x) * x


def ratio(x, y):
    return np.log(x) / y


X, W, Y = np.ones((5, 3)), np.ones(3), np.ones(5)


@pytest.mark.parametrize(
    "f, shapes, condition, good, bad",
    [
        (inner, "w=(n,), v=(n,)", "not (w.ndim == 1 and v.shape == w.shape)", (W, W), [(W, Y), (Y, np.ones(1))]),
        (
            distance,
            "a=(n, d), b=(n, d)",
            "not (a.ndim == 2 and b.shape == a.shape)",
            (X, X),
            [(X, W), (X, np.ones((5, 1))), (np.ones((2, 5, 3)), X)],
        ),
        # sizes that NumPy broadcasts are taken to be one, which the docstring says
        (distance, "a=(n,), b=(m,)", "not (a.ndim == 1 and b.shape == a.shape)", (W, W), [(W, np.ones(1))]),
        (distance, "a=(n,), b=(3,)", "not (a.shape == (3,) and b.shape == (3,))", (W, W), [(Y, W), (W, np.ones(1))]),
        # a matrix product sees to its own sizes
        (
            cost,
            "w=(d,), X=(n, d), y=(n,), decay=()",
            'not (X.ndim == 2 and w.ndim == 1 and y.shape == X.shape[:1] and getattr(decay, "ndim", 0) == 0)',
            (W, X, Y, 0.1),
            [(W, X, np.ones(1), 0.1), (W, X, Y[:, None], 0.1), (W, X, Y, W), (W[:, None], X, Y, 0.1)],
        ),
        # a buffer of a primal's dtype must not be one of integers
        (scaled, "x=(3,), s=()", 'not (x.shape == (3,) and getattr(s, "ndim", 0) == 0 and x.dtype.kind == "f")',
         (W, 2.0), [(np.arange(3), 2.0), (X, 2.0), (W, W)]),
        # a function of one number: for an array, the derivative at each entry
        (wave, "x=()", "", (2.0,), []),
    ],
    ids=lambda x: x.__name__ if callable(x) else None,
)  # fmt: skip
def test_a_written_module_checks_what_would_go_wrong_silently(f, shapes, condition, good, bad):
    d, said = written(grad, f, shapes)
    assert said == condition
    d(*good)
    for arguments in bad:
        with pytest.raises(ValueError, match=rf"^{f.__name__}\(\) is written for "):
            d(*arguments)
    _, said = written(grad, f, shapes, guards=False)
    assert said == ""


def test_sizes_that_are_sums_are_checked():
    d, said = written(grad, differences, "x=(n,), d=(n - 1,)", wrt=("x", "d"))
    assert "d.shape == (x.shape[0] - 1,)" in said
    assert [g.shape for g in d(W, np.ones(2))] == [(3,), (2,)]
    with pytest.raises(ValueError, match=r"d: \(n - 1,\)"):
        d(W, np.ones(1))


def test_sizes_that_are_sums_of_a_size_that_stands_nowhere_alone():
    _, said = written(grad, differences, "x=(2*n,), d=(2*n - 1,)", wrt=("x", "d"))
    assert "d.shape == (x.shape[0] - 1,)" in said


def test_the_docstring_states_sizes_that_are_taken_to_be_one():
    assert "Written for a: (n,), b: (m,), where n = m." in grad(distance, shapes="a=(n,), b=(m,)").source


def test_integers_are_welcome_where_they_do_no_harm():
    """A gradient whose every buffer is a float's whatever the argument is needs no check of the kind."""
    d, said = written(grad, differences, "x=(n,), d=(n - 1,)")
    assert "dtype" in said, "x_bar is of the dtype of d"
    d, said = written(grad, cost, "w=(d,), X=(n, d), y=(n,), decay=()")
    assert "dtype" not in said
    np.testing.assert_allclose(d(np.array([1, 2, 3]), X, Y, 0.5), [51.0, 52.0, 53.0])
    d, said = written(grad, placed, "x=(n,), y=()")
    np.testing.assert_allclose(d(np.arange(1.0, 4.0), 0.5), [0.5, 2.0, 2.0])


def test_math_functions_see_to_their_arguments_themselves():
    import math

    def price(a, b):
        return math.log(a / b) * math.sqrt(b)

    assert written(value_and_grad, price, "a=(), b=()")[1] == ""
    assert written(grad, price, "a=(), b=()")[1] == 'getattr(a, "ndim", 0) != 0', "the logarithm is not computed"
    assert written(grad, ratio, "x=(), y=()")[1] == 'not getattr(x, "ndim", 0) == getattr(y, "ndim", 0) == 0'


def test_a_matrix_product_that_is_not_computed_checks_nothing():
    """The value of `w @ v` is computed with it, the gradient without."""
    assert written(value_and_grad, inner, "w=(n,), v=(n,)")[1] == "not w.ndim == v.ndim == 1"
    assert written(grad, inner, "w=(n,), v=(n,)")[1] == "not (w.ndim == 1 and v.shape == w.shape)"


def test_what_is_called_in_memory_needs_no_check():
    d = grad(distance, shapes="a=(n,), b=(n,)")
    d(W, W)
    assert "raise ValueError" in d.source
    assert "raise" not in inspect.getsource(d)


# ---- complex numbers


def moduli(x, s):
    return np.sum(np.abs(x * s))


def moduli_within(x, s):
    return _modulus(x) * s if s > 0.0 else np.sum(x)


def _modulus(v):
    return np.linalg.norm(v)


def modulus(x):
    return abs(x) * x


@pytest.mark.parametrize("f", [moduli, moduli_within], ids=lambda f: f.__name__)
def test_complex_numbers_do_not_pass_as_floats_where_that_would_be_wrong(f):
    d, said = written(grad, f, "x=(n,), s=()", wrt=("x", "s"))
    assert 'np.result_type(x, s).kind != "c"' in said or 'np.result_type(s).kind != "c"' in said
    for x, s in [(W, 2.0), (W, np.float32(2.0)), (W.astype(np.float32), np.ones(()))]:
        assert [np.shape(g) for g in d(x, s)] == [(3,), ()]
    for x, s in [(W * 1j, 2.0), (W, 2j), (W, np.complex64(2.0)), (W, np.array(2j))]:
        with pytest.raises(ValueError, match="is written for"):
            d(x, s)
    assert "result_type" not in written(grad, f, "x=complex(n,), s=complex()")[1]
    assert written(grad, f, "x=(n,), s=()", guards=False)[1] == ""


def test_complex_numbers_pass_where_they_do_no_harm():
    assert "result_type" not in written(grad, distance, "a=(n,), b=(n,)")[1]


def test_a_function_of_one_number_that_is_not_analytic():
    d, said = written(grad, modulus, "x=()")
    assert said == 'np.result_type(x).kind == "c"'
    np.testing.assert_allclose(d(np.array([1.0, -2.0])), [2.0, 4.0])
    with pytest.raises(ValueError, match="is written for"):
        d(2j)


# ---- cotangents


def stretched(x, s):
    return s * np.exp(x)


def two(x, s):
    return np.sum(x * s), np.exp(x)


SHAPES = [np.ones(()), np.ones(1), np.ones(2), np.ones(3), np.ones((1, 3)), np.ones((2, 3)), np.ones((3, 1)), 1.0]


@pytest.mark.parametrize("shapes", ["", "x=(n,), s=()"])
@pytest.mark.parametrize("file", [True, False], ids=["written", "in memory"])
def test_a_pullback_takes_a_cotangent_that_is_shaped_like_the_value(file, shapes):
    make = (lambda f: written(vjp, f, shapes)[0]) if file else (lambda f: vjp(f, shapes=shapes))
    _, pullback = make(stretched)(W, 2.0)
    _, pullback_two = make(two)(W, 2.0)
    np.testing.assert_allclose(pullback(W), 2.0 * np.exp(W))
    np.testing.assert_allclose(pullback_two((1.0, W)), 2.0 + np.exp(W))
    np.testing.assert_allclose(pullback_two((np.ones(()), [1.0, 1.0, 1.0])), 2.0 + np.exp(W))
    for bar in SHAPES:
        if np.shape(bar) != (3,):
            with pytest.raises(ValueError, match=r"^value_bar must be shaped like the value of stretched\(\)$"):
                pullback(bar)
            with pytest.raises(ValueError, match=r"^value_bar must be shaped like the value of two\(\)$"):
                pullback_two((1.0, bar))
        if np.shape(bar) != ():
            with pytest.raises(ValueError, match="value_bar must be shaped"):
                pullback_two((bar, W))


def test_a_function_of_one_number_may_be_given_an_array_and_so_its_pullback():
    _, pullback = written(vjp, wave, "x=()")[0](W)
    np.testing.assert_allclose(pullback(W), grad(wave)(1.0) * W)
    with pytest.raises(ValueError, match="value_bar must be shaped"):
        pullback(1.0)
    _, pullback = written(vjp, wave, "x=()")[0](1.0)
    with pytest.raises(ValueError, match="value_bar must be shaped"):
        pullback(W)


def test_a_cotangent_that_nobody_reads_is_not_checked():
    def f(x, y):
        return x * 2.0, y * 3.0

    assert "np.shape(value_2_bar)" not in vjp(f, shapes="x=(n,), y=(n,)").source


def test_without_guards_a_cotangent_is_not_checked():
    assert "must be shaped" not in vjp(stretched, guards=False).source
    d = vjp(stretched, guards=False)
    d(W, 2.0)
    assert "must be shaped" not in inspect.getsource(d)


def test_nothing_declared_nothing_checked():
    assert written(grad, cost, "")[1] == ""
    assert written(grad, cost, "decay=()")[1] == 'getattr(decay, "ndim", 0) != 0'


# ---- any shapes at all


def residuals(w, X, y):
    r = X @ w - y
    return r @ r


def gap(a, b):
    return np.sum((a - b) ** 2)


def weighted_mean(a, b, s):
    return np.mean(s * a * b)


def layer(A, b):
    return np.sum(np.tanh(A @ b[:, None]))


def trace_of_product(A, B):
    return np.trace(A @ B)


def outer(x, y):
    return np.sum(np.outer(x, y) ** 2)


def shifted(x, c):
    return np.sum(x[1:] * c) + x[0]


def centred(X, m):
    return np.sum((X - np.mean(X, axis=0)) * m)


def rectified(X, b):
    return np.sum(np.maximum(X + b, 0.0))


def product_of_sums(u, v, w):
    return np.dot(u, v) * np.sum(w)


def joined(X, y):
    return np.sum(np.concatenate([X, y]) ** 2)


def row_maxima(X):
    return np.sum(np.max(X, axis=1))


def powers(a, s):
    return np.sum(a ** s)


def contracted(X, v):
    return np.sum(np.einsum("ij,j->i", X, v) ** 2)


def chosen(X, y):
    return np.sum(np.where(X > 1.0, X, y))


def solved(A, b):
    return np.sum(np.linalg.solve(A + 3 * np.eye(len(b)), b))


def stacked(x, y):
    return np.sum(np.stack([x, y]) ** 2)


def reshaped(X):
    return np.sum(X.reshape(-1) ** 2) + np.sum(X.T[0])


def times(x, y):
    return x * y


def norm_of_difference(v, z):
    return np.linalg.norm(v - z)


def scaled_rows(X, w):
    return np.sum(X * w[:, None])


def inner_products(X, Y):
    return np.sum((X @ Y.T) ** 2)


def running(X, k):
    return np.sum(np.cumsum(X, axis=1) * k)


def spread(x):
    return np.var(x) + np.std(x)


def activation(z):
    a = np.tanh(z)
    b = a * a + z
    c = np.exp(-b) + a
    d = c * c - b
    return d * a


def called_often(X, w, b):
    h = activation(X @ w + b)
    return np.sum(activation(h) * activation(h * 2.0))


def either(x, y, s):
    return np.sum(x * y) if s > 1.0 else np.sum(x - y)


def one_of_both(x, y):
    z = x if np.sum(y) > 2.0 else y
    return np.sum(z * x)


def columns(X, y):
    u, v = X[:, 0], X[:, 1]
    return np.sum(u * v * y)


DECLARED = [
    (called_often, "X=(n, d), w=(d,), b=()"),
    (called_often, "X=(n, d), w=(d, k), b=(k,)"),
    (either, "x=(n,), y=(n,), s=()"),
    (one_of_both, "x=(n,), y=(n,)"),
    (columns, "X=(n, 2), y=(n,)"),
    (residuals, "w=(d,), X=(n, d), y=(n,)"),
    (gap, "a=(n,), b=(n,)"),
    (gap, "a=(n, d), b=(d,)"),
    (weighted_mean, "a=(n,), b=(n,), s=()"),
    (layer, "A=(n, k), b=(k,)"),
    (trace_of_product, "A=(n, k), B=(k, n)"),
    (outer, "x=(n,), y=(m,)"),
    (shifted, "x=(n,), c=(n - 1,)"),
    (centred, "X=(n, d), m=(n, d)"),
    (centred, "X=(n, d), m=(d,)"),
    (rectified, "X=(n, d), b=(d,)"),
    (rectified, "X=(n, d), b=(1, d)"),
    (product_of_sums, "u=(n,), v=(n,), w=(m,)"),
    (joined, "X=(n, d), y=(m, d)"),
    (row_maxima, "X=(n, d)"),
    (powers, "a=(n,), s=()"),
    (contracted, "X=(n, d), v=(d,)"),
    (chosen, "X=(n, d), y=(n, d)"),
    (chosen, "X=(n, d), y=()"),
    (solved, "A=(n, n), b=(n,)"),
    (stacked, "x=(n,), y=(n,)"),
    (reshaped, "X=(n, d)"),
    (times, "x=(), y=()"),
    (norm_of_difference, "v=(n,), z=(n,)"),
    (scaled_rows, "X=(n, d), w=(n,)"),
    (inner_products, "X=(n, d), Y=(m, d)"),
    (running, "X=(n, d), k=(n, d)"),
    (spread, "x=(n,)"),
    (rectified, "X=(n, d), b=()"),
]


@pytest.mark.filterwarnings("ignore::gradgen.GradgenWarning")
@pytest.mark.parametrize("f, shapes", DECLARED, ids=[f"{f.__name__}-{shapes}" for f, shapes in DECLARED])
def test_what_passes_is_right(f, shapes):
    """Whatever shapes the arguments have: a written module answers what a gradient for just these answers, or raises.

    And it takes all that was declared.
    """
    targets = tuple(inspect.signature(f).parameters)
    d, exact, rng = written(grad, f, shapes, wrt=targets)[0], grad(f, wrt=targets), np.random.default_rng(0)
    declared = parse_shapes(shapes)
    for _ in range(20):
        named = [name for t in declared.values() for size in t.shape for name in names_of(size)]
        sizes = {name: int(rng.integers(2, 5)) for name in named}
        fitting = {name: tuple(evaluate_size(size, sizes) for size in t.shape) for name, t in declared.items()}
        shaken = {
            name: tuple(int(n) for n in rng.choice([1, 2, 2, 3], max(0, len(shape) + rng.choice([0, 0, 0, 0, 1, -1]))))
            for name, shape in fitting.items()
        }
        for arguments in (numbers(fitting, rng), numbers(shaken, rng)):
            try:
                found = d(*arguments)
            except Exception:
                assert not fits(declared, arguments)
                continue
            wanted = exact(*arguments)
            for a, b in zip(*((x if isinstance(x, tuple) else (x,)) for x in (found, wanted)), strict=True):
                assert np.shape(a) == np.shape(b)
                np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


def numbers(shapes, rng):
    return [rng.uniform(0.5, 1.5, shape) if shape else 1.3 for shape in shapes.values()]


def names_of(size):
    return () if isinstance(size, int) else size.names


def fits(declared, arguments):
    try:
        check_declared(declared, {n: type_of_argument(x) for n, x in zip(declared, arguments, strict=True)})
    except TypeError:
        return False
    return True


def test_a_pullback_of_complex_data_beside_a_real_target_is_refused():
    def f(w, X):
        return X @ w

    namespace = {}
    exec(vjp(f, shapes="w=(d,), X=(n, d)").source, namespace)
    w, X = np.ones(2), np.ones((3, 2))
    assert namespace["vjp_f"](w, X)[1](np.ones(3)).dtype == float
    with pytest.raises(ValueError, match="written for"):
        namespace["vjp_f"](w, X * 1j)
