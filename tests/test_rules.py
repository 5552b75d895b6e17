"""Every rule, one test an operation, so that a failure names it; and the values at edge cases, one test each."""

import importlib.util
import inspect
import math
import sys

import numpy as np
import pytest
import scipy.special
from mpmath import mp

import gradgen
import gradgen.finish
import gradgen.rules
import gradgen.simplify
from gradgen import functions as F
from gradgen.errors import NoRuleError
from gradgen.graph import OPERATIONS, PRIMITIVES, Graph, Operation
from gradgen.reverse import pullback
from gradgen.shapes import Type
from gradgen.testing import case, cases, check_rule, like, no_warnings

INF, NAN = math.inf, math.nan


# ---- all rules


def on(*calls):
    """Samples: arrays for tuples of integers in `calls`, all else as it is."""

    def array(rng, x):
        return np.asarray(rng.uniform(0.5, 2.0, x)) if isinstance(x, tuple) else x

    return lambda rng: [(tuple(array(rng, x) for x in args), kwargs) for args, kwargs in calls]


OWN = {
    "getitem": on((((5,), 2), {}), (((5,), slice(1, -1)), {}), (((3, 4), np.array([0, 2, 0])), {}),
                  (((3, 4), np.array([True, False, True])), {}), (((2, 3, 4), slice(None, None, -1)), {})),
    "scatter": on((((3,), slice(1, 4), np.zeros(5)), {}), (((4,), np.array([0, 2, 0, 1]), np.zeros(3)), {}),
                  (((2, 4), np.array([1, 1]), np.zeros((3, 4))), {})),
    "increment": on((((5,), slice(1, 4), (3,)), {}), (((3, 4), 1, (4,)), {}), (((3,), np.array([0, 0, 2]), (3,)), {})),
    "broadcast_like": on((((), np.zeros((2, 3))), {}), (((1, 3), np.zeros((2, 3))), {}), (((3,), np.zeros(3)), {})),
    "unbroadcast": on((((2, 3), np.array(0.0)), {}), (((2, 3), np.zeros((2, 1))), {}), (((2, 3), np.zeros(3)), {})),
    "product": on((((3,), (2, 1), (2, 3)), {"num": 2.0, "den": 3.0, "divisors": 1}),
                  (((3,), ()), {"num": -1.0, "den": 1.0, "divisors": 2})),
    "total": on((((3,), (2, 1), ()), {})),
    "accumulate": on((((3,), (3,), (3,)), {"origins": (None,) * 3})),
    "accumulated": on((((3,), (3,)), {})),
    "own": on((((2, 3),), {})),
    "expand": on((((), np.zeros((2, 3))), {}), (((2, 1), np.zeros((2, 3))), {})),
}  # fmt: skip
"""Samples of the operations of graphs, which have no other place for them."""
for _name, _samples in OWN.items():
    if _name in PRIMITIVES and not PRIMITIVES[_name].samples:
        PRIMITIVES[_name].samples = _samples

RULES = [op for op in dict.fromkeys(OPERATIONS.values()) if op.rule is not None]
HELPERS = set(PRIMITIVES.values())
APART = {OPERATIONS[fn] for fn in (np.float32, np.float16, np.linalg.eig, np.sign)}
"""Rules of functions that differences say nothing of, which have tests of their own."""


def module_of(fn):
    if isinstance(fn, np.ufunc):  # SciPy's say no more of where they come from than NumPy's
        return "numpy" if getattr(np, fn.__name__, None) is fn else "scipy"
    return (getattr(fn, "__module__", None) or "numpy").split(".")[0]


TESTED = [
    op for op in RULES if (op.samples or op not in HELPERS) and op not in APART and module_of(op.fn) != "scipy"
]  # fmt: skip
"""SciPy's, which are known where it is imported, have tests of their own. A helper of the backward pass without samples
is tested where a rule that uses it is differentiated twice."""


def ids(ops):
    names = [op.name for op in ops]
    return [f"{name}-{i}" if names.count(name) > 1 else name for i, name in enumerate(names)]


@pytest.mark.parametrize("op", TESTED, ids=ids(TESTED))
def test_rule(op):
    check_rule(op)


def path_of(fn):
    """How a program writes the function `fn` of NumPy, `math`, `gradgen.functions` or Python."""
    return WRITTEN[module_of(fn)] + fn.__name__


WRITTEN = {"numpy": "np.", "math": "math.", "gradgen": "F.", "builtins": ""}
PRINTED = {
    path_of(fn).replace(".", "_"): (fn, op)
    for fn, op in OPERATIONS.items()
    if op.rule is not None and isinstance(op.samples, list) and op not in HELPERS | APART
    if module_of(fn) in WRITTEN  # those of SciPy, which are known where it is imported, have tests of their own
}
"""The functions of which a call on variables alone is a whole program."""


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """A module with one program for each of these functions: a call of it."""
    lines = ["import math", "import numpy as np", "from gradgen import functions as F"]
    for name, (fn, op) in PRINTED.items():
        arguments = ", ".join("xyz"[: sum(p.is_input for p in op.parameters)])
        lines += [f"def call_{name}({arguments}):", f"    return {path_of(fn)}({arguments})"]
    path = tmp_path_factory.mktemp("programs") / "calls_of_rules.py"
    path.write_text("\n".join(lines) + "\n")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[path.stem]


@pytest.mark.parametrize("name", PRINTED)
def test_printed_rule(name, programs):
    """What is printed for one call, with shapes known and unknown, answers what the rule answers on numbers."""
    op, rng = PRINTED[name][1], np.random.default_rng(0)
    for c in cases(op, rng):
        letters = "xyz"[: len(c.inputs)]
        shapes = [f"{v}=({''.join(f'{n},' for n in np.shape(x))})" for v, x in zip(letters, c.inputs, strict=True)]
        for options in ({"shapes": ", ".join(shapes)}, {}):
            pullback_of = gradgen.vjp(getattr(programs, f"call_{name}"), wrt=tuple(letters), **options)
            g = like(c.out, rng)
            value, pull = pullback_of(*c.inputs)
            same(value, c.out)
            for twice in range(2):
                got = pull(g)
                for x, bar, wanted in zip(c.inputs, got if len(letters) > 1 else [got], c.bars(g), strict=True):
                    np.testing.assert_allclose(bar, wanted, rtol=1e-10, atol=1e-12, err_msg=f"{c}, call {twice}")
                    assert np.shape(bar) == np.shape(x)
            check_printed_float32(c, pullback_of, rng)


def check_printed_float32(c, pullback_of, rng):
    if not isinstance(c.inputs[0], np.ndarray):
        return
    c = c.at([np.asarray(x, np.float32) for x in c.variables])
    out = c.out
    if out.dtype == np.float32:
        got = pullback_of(*c.inputs)[1](like(out, rng))
        for i, bar in enumerate(got if len(c.inputs) > 1 else [got]):
            assert np.result_type(bar) == np.float32 or not np.any(bar), f"{c}: cotangent {i} is {np.result_type(bar)}"


def test_an_operation_without_rule_says_whether_its_derivative_is_zero():
    for op in OPERATIONS.values():
        assert isinstance(op.differentiable, bool)
    unknown = [op.name for op in OPERATIONS.values() if op.rule is None and op.differentiable]
    assert {"math.gamma", "math.lgamma"} <= set(unknown)


# ---- rules that are tested apart


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_casts_hand_the_cotangent_on(dtype):
    for x in (np.array([1.5, -2.0]), np.float64(0.5)):
        got = bar(dtype, x, g=dtype(2.0) * np.ones(np.shape(x), dtype))
        assert got.dtype == np.float64
        same(got, np.full(np.shape(x), 2.0))
    assert gradgen.grad(lambda x: np.sum(np.float32(x) ** 2))(np.array([0.5, 3.0])).tolist() == [1.0, 6.0]


@pytest.mark.parametrize("values, vectors", [
    (lambda a: np.linalg.eigvalsh(a), lambda a: np.linalg.eigh(a)),
    (lambda a: np.linalg.svdvals(a), lambda a: (np.linalg.svd(a, False)[1], np.linalg.svd(a, False)[0])),
])  # fmt: skip
def test_eigenvalues_of_hermitian_matrices_and_no_eigenvectors(values, vectors):
    """Of complex matrices eigenvectors and singular vectors are known up to factors of size 1."""
    rng = np.random.default_rng(0)
    a = rng.normal(size=(3, 3)) + 1j * rng.normal(size=(3, 3))
    a = a + a.conj().T + 6.0 * np.eye(3)
    by_values, by_vectors = (gradgen.grad(f)(a) for f in (
        lambda a: np.sum(values(a) ** 3), lambda a: np.sum(vectors(a)[0] ** 3)
    ))  # fmt: skip
    same(by_vectors, by_values, rtol=1e-10)
    with pytest.raises(NoRuleError, match="real matrices only"):
        gradgen.grad(lambda a: np.sum(np.abs(vectors(a)[1])))(a)


@pytest.mark.parametrize("mode", ["reduced", "r", "complete"])
@pytest.mark.parametrize("shape", [(2, 4), (3, 2, 4), (1, 3), (3, 3)])
def test_qr_of_matrices_known_to_be_wide(mode, shape):
    def f(a):
        made = np.linalg.qr(a, mode=mode)
        return np.sum(made**3) if mode == "r" else np.sum(made[0] ** 3) + np.sum(np.sin(made[1]))

    a, v = (np.random.default_rng(k).normal(size=shape) for k in (0, 1))
    bar = gradgen.grad(f, shapes=f"a={shape}")(a)
    slope = (f(a + 1e-5 * v) - f(a - 1e-5 * v)) / 2e-5
    assert np.sum(bar * v) == pytest.approx(slope, rel=1e-6)


def test_eigenvalues_of_any_matrix_and_no_eigenvectors():
    a = np.array([[2.0, 1.0], [0.5, 5.0]])
    b = np.array([[0.0, 1.0], [-4.0, 0.5]])  # its eigenvalues are complex

    def spread(a):
        return np.sum(np.abs(np.linalg.eig(a).eigenvalues) ** 3)

    for matrix in (a, b):
        steps = 1e-6 * np.eye(4).reshape(4, 2, 2)
        wanted = np.reshape([(spread(matrix + h) - spread(matrix - h)) / 2e-6 for h in steps], (2, 2))
        got = gradgen.grad(spread)(matrix)
        assert got.dtype == float
        np.testing.assert_allclose(got, wanted, rtol=1e-7, atol=1e-7)
    with pytest.raises(NoRuleError, match="known up to a factor"):
        gradgen.grad(lambda a: np.sum(np.linalg.eig(a)[1]))(a)


def test_the_sign_of_real_numbers_has_derivative_zero_and_that_of_complex_ones_turns():
    x = np.array([0.5, -2.0, 0.0])
    same(gradgen.grad(lambda x: np.sum(np.sign(x) * x))(x), [1.0, -1.0, 0.0])
    turned = gradgen.grad(lambda z: np.sum(np.real(np.sign(z) * (2.0 - 3.0j))))
    z, h = x + np.array([1j, 0.3j, 0.0]), 1e-6

    def part(z):
        return np.real(np.sign(z) * (2.0 - 3.0j))

    # conj(z_bar) is the direction of steepest ascent
    wanted = [(part(z + h) - part(z - h)) / (2 * h), -(part(z + 1j * h) - part(z - 1j * h)) / (2 * h)]
    got = turned(z)
    np.testing.assert_allclose(got[:2], (wanted[0] + 1j * wanted[1])[:2], rtol=1e-8)
    assert got[2] == 0.0


def test_the_size_of_complex_numbers_is_differentiated_twice():
    slope = gradgen.grad(lambda x: np.sum(np.abs(np.fft.fft(x * x)) ** 3))
    again = gradgen.grad(lambda x: np.sum(slope(x) * np.array([1.0, -2.0, 0.5])))
    x, h = np.array([0.5, -2.0, 0.3]), 1e-6
    wanted = [np.sum((slope(x + h * e) - slope(x - h * e)) * [1.0, -2.0, 0.5]) / (2 * h) for e in np.eye(3)]
    np.testing.assert_allclose(again(x), wanted, rtol=1e-6)


@pytest.mark.parametrize(
    "program", [lambda z: np.sum(np.abs(z) ** 2), lambda z: np.var(z), lambda z: np.linalg.norm(z), lambda z: z.imag[0]]
)
def test_what_is_not_declared_is_real(program):
    """A file for which nothing is declared refuses complex numbers where they would get another derivative."""
    names = {}
    exec(gradgen.grad(program, name="gradient").source, names)
    x = np.array([0.5, -2.0])
    assert np.shape(names["gradient"](x)) == (2,)
    with pytest.raises(ValueError, match="written for real `z`"):
        names["gradient"](x + 1j)
    assert np.iscomplexobj(gradgen.grad(program)(x + 1j))


# ---- edge cases


def bars(fn, *args, g=None, **kwargs):
    """The cotangents of all inputs of `fn(*args)`, by its rule; arrays are variables, numbers are constants."""
    op = OPERATIONS[fn]
    args = tuple(np.asarray(a) if isinstance(a, list) else a for a in args)
    inputs, options = op.bind(args, kwargs)
    with np.errstate(all="ignore"):
        out = op.run(inputs, options)
    g = (np.ones(np.shape(out)) if np.ndim(out) else 1.0) if g is None else g
    return pullback(op, g, out, inputs, options)


def bar(fn, *args, **kwargs):
    return bars(fn, *args, **kwargs)[0]


def same(got, wanted, rtol=1e-13):
    np.testing.assert_allclose(got, wanted, rtol=rtol, atol=0.0)


@pytest.mark.parametrize(
    "fn, args",
    [
        (np.absolute, ([0.0],)),
        (np.fabs, ([0.0],)),
        (abs, ([0.0],)),
        (F.relu, ([0.0],)),
        (np.maximum, ([1.0], 1.0)),
        (np.minimum, ([1.0], 1.0)),
        (np.fmax, ([1.0], 1.0)),
        (np.fmin, ([1.0], 1.0)),
        (np.clip, ([1.0, -1.0], -1.0, 1.0)),
        (np.clip, ([1.0], 1.0, None)),
        (np.copysign, ([0.0], 2.0)),
    ],
)
def test_kink_against_a_constant_gives_zero(fn, args):
    with no_warnings():
        assert not np.any(bar(fn, *args))


def test_constant_first():
    same(bars(np.maximum, 0.0, [-1.0, 0.0, 2.0])[1], [0.0, 0.0, 1.0])
    same(bars(np.minimum, 0.0, [-1.0, 0.0, 2.0])[1], [1.0, 0.0, 0.0])


def test_array_constant_beside_a_value_is_a_constant():
    graph = Graph()
    x = graph.param("x", Type("float", (2,), array=True))
    _, y_bar = OPERATIONS[np.maximum].rule(1.0, np.maximum(x, 0.0), x, np.array([0.0, 1.0]))
    assert y_bar is None


@pytest.mark.parametrize("fn", [np.maximum, np.minimum, np.fmax, np.fmin])
@pytest.mark.parametrize("at", [1.0, 0.0, INF, -INF])
def test_ties_of_two_variables_are_halved(fn, at):
    with no_warnings():
        assert [float(b[0]) for b in bars(fn, [at], [at])] == [0.5, 0.5]


def test_fmax_of_nan_is_the_other():
    for fn in (np.fmax, np.fmin):
        x_bar, y_bar = bars(fn, [NAN, 1.0], [1.0, NAN])
        same(x_bar, [0.0, 1.0])
        same(y_bar, [1.0, 0.0])


def test_clip_at_bounds_that_vary():
    a_bar, min_bar, max_bar = bars(np.clip, [-2.0, -1.0, 0.0, 1.0, 2.0], np.full(5, -1.0), np.full(5, 1.0))
    same(a_bar, [0.0, 0.5, 1.0, 0.5, 0.0])
    same(min_bar, [1.0, 0.5, 0.0, 0.0, 0.0])
    same(max_bar, [0.0, 0.0, 0.0, 0.5, 1.0])


def test_ends_of_domains_are_infinite():
    with np.errstate(all="ignore"):
        assert bar(np.sqrt, [0.0])[0] == INF
        assert bar(np.power, [0.0], 0.5)[0] == INF
        assert bar(np.log, [0.0])[0] == INF
        assert bar(np.arccos, [1.0])[0] == -INF
        assert bar(np.arcsin, [-1.0])[0] == INF
        assert bar(np.cbrt, [0.0])[0] == INF


def test_where_gives_exactly_zero_to_the_side_not_taken():
    g = np.array([INF, NAN, INF, 2.0])
    _, x_bar, y_bar = bars(np.where, [True, True, False, False], np.ones(4), np.ones(4), g=g)
    same(x_bar, [INF, NAN, 0.0, 0.0])
    same(y_bar, [0.0, 0.0, INF, 2.0])
    with pytest.raises(TypeError, match="misses the argument 'x'"):
        OPERATIONS[np.where].bind((np.ones(3),), {})


@pytest.mark.parametrize("fn", [np.hypot, np.arctan2])
def test_zero_at_the_origin(fn):
    with no_warnings():
        assert [float(b[0]) for b in bars(fn, [0.0], [0.0])] == [0.0, 0.0]
        assert np.isfinite(bars(fn, [0.0], [2.0])).all()


def test_scalars_at_the_origin():
    assert bars(math.hypot, 0.0, 0.0, 0.0) == [0.0, 0.0, 0.0]
    assert bars(math.atan2, 0.0, 0.0) == [0.0, 0.0]
    assert bar(math.fabs, 0.0) == 0.0
    assert bars(math.pow, 0.0, 2.0) == [0.0, None]


def test_sinc():
    with no_warnings():
        assert bar(np.sinc, [0.0])[0] == 0.0
    with mp.workdps(40):
        for x in (1e-8, 1e-4, 0.0099, 0.0101, 0.3, 1.0, 7.5):
            t = mp.mpf(x)
            exact = (mp.cos(mp.pi * t) - mp.sin(mp.pi * t) / (mp.pi * t)) / t
            same(bar(np.sinc, [x]), [float(exact)], rtol=2e-11)


def test_power_with_a_constant_exponent():
    x = np.array([-1.5, 0.0, 2.0])
    for fn in (np.power, np.float_power):
        with no_warnings():
            assert bar(fn, x, 0) is None
            same(bar(fn, x, 1), [1.0, 1.0, 1.0])
            for n in (2, 3, 4, 5, 3.0):
                same(bar(fn, x, n), [n * t ** (n - 1) for t in x.tolist()])
            same(bar(fn, x[::2], -2), -2.0 * x[::2] ** -3)
            same(bar(fn, np.array([0.0, 4.0]), 1.5), [0.0, 3.0])
            same(bar(fn, np.array([0.0, 4.0]), 2.5), [0.0, 20.0])


def test_power_with_an_exponent_that_varies():
    with no_warnings():
        x_bar, y_bar = bars(np.power, [0.0, 0.0, 0.0, 3.0, 3.0], [2.0, 1.0, 0.0, 0.0, 2.0])
    same(x_bar, [0.0, 1.0, 0.0, 0.0, 6.0])
    same(y_bar, [0.0, 0.0, 0.0, math.log(3.0), 9.0 * math.log(3.0)])
    same(bars(np.power, 2.0, [0.0, 3.0])[1], [math.log(2.0), 8.0 * math.log(2.0)])
    assert bars(np.power, 0.0, [1.0, 2.0])[1] is None


def test_modulus():
    x, y = np.array([5.5, -5.5]), np.array([2.0, 2.0])
    for fn, y_wanted in ((np.remainder, [-2.0, 3.0]), (np.fmod, [-2.0, 2.0])):
        x_bar, y_bar = bars(fn, x, y)
        same(x_bar, [1.0, 1.0])
        same(y_bar, y_wanted)


@pytest.mark.parametrize(
    "fn", [np.floor, np.ceil, np.rint, np.trunc, np.fix, np.round, np.floor_divide, round, int, math.floor]
)
def test_steps_have_derivative_zero(fn):
    assert OPERATIONS[fn].rule is None and not OPERATIONS[fn].differentiable


@pytest.mark.parametrize("fn", [np.logaddexp, np.logaddexp2])
def test_logaddexp_with_infinities(fn):
    with no_warnings():
        x_bar, y_bar = bars(fn, [-INF, -INF, 1.0, 0.0], [-INF, 1.0, -INF, 0.0])
    same(x_bar, [0.0, 0.0, 1.0, 0.5])
    same(y_bar, [0.0, 1.0, 0.0, 0.5])


def test_logsumexp_with_infinities():
    x = np.array([[0.0, -INF, 0.0], [-INF, -INF, -INF], [5.0, -INF, -INF]])
    with no_warnings():
        same(F.logsumexp(x, axis=1), [math.log(2.0), -INF, 5.0])
        x_bar = bar(F.logsumexp, x, g=np.ones(3), axis=1)
    same(x_bar, [[0.5, 0.0, 0.5], [0.0, 0.0, 0.0], [1.0, 0.0, 0.0]])


def test_tails():
    x = np.array([-1000.0, -40.0, 0.0, 40.0, 1000.0])
    with no_warnings():
        same(bar(F.softplus, x), scipy.special.expit(x))
        same(bar(F.sigmoid, x)[[0, 2, 4]], [0.0, 0.25, 0.0])
        same(bar(np.tanh, x), [0.0, 0.0, 1.0, 0.0, 0.0])
        same(bar(F.softplus, [-INF, INF]), [0.0, 1.0])


@pytest.mark.parametrize("fn, sign", [(np.arcsin, 1), (np.arccos, -1), (np.arctanh, 1)])
def test_digits_near_the_end_of_the_domain(fn, sign):
    x = 1.0 - 2.0**-40
    with mp.workdps(40):
        square = 1 - mp.mpf(x) ** 2
        exact = sign / (square if fn is np.arctanh else mp.sqrt(square))
    same(bar(fn, [x]), [float(exact)], rtol=1e-15)


HARD = [
    (np.exp, mp.exp, (-700.0, 1e-300, 700.0)),
    (np.exp2, lambda t: mp.mpf(2) ** t, (-1000.0, 1000.0)),
    (np.expm1, mp.expm1, (-1e-10, 1e-10, 500.0)),
    (np.log, mp.log, (1e-300, 1.0 - 1e-15, 1e300)),
    (np.log1p, mp.log1p, (-1.0 + 1e-15, 1e-300, 1e300)),
    (np.log2, lambda t: mp.log(t, 2), (1e-300, 1e300)),
    (np.log10, mp.log10, (1e-300, 1e300)),
    (np.sqrt, mp.sqrt, (1e-300, 1e300)),
    (np.cbrt, mp.cbrt, (1e-200, 1e300)),
    (np.square, lambda t: t**2, (1e-300, 1e150)),
    (np.reciprocal, lambda t: 1 / t, (1e-150, 1e100)),
    (np.sin, mp.sin, (1e-300, 1e8)),
    (np.cos, mp.cos, (1e-300, 1e8)),
    (np.tan, mp.tan, (1e-300, 1.570796)),
    (np.arcsin, mp.asin, (1e-300, 1.0 - 2.0**-50, -1.0 + 2.0**-50)),
    (np.arccos, mp.acos, (1e-300, 1.0 - 2.0**-50)),
    (np.arctan, mp.atan, (1e-300, 1e150)),
    (np.sinh, mp.sinh, (1e-300, 700.0)),
    (np.cosh, mp.cosh, (1e-300, 700.0)),
    (np.tanh, mp.tanh, (1e-300, 1.0)),
    (np.arcsinh, mp.asinh, (1e-300, -1e300, 1e300)),
    (np.arccosh, mp.acosh, (1.0 + 2.0**-50, 1e300)),
    (np.arctanh, mp.atanh, (1e-300, 1.0 - 2.0**-50)),
    (F.sigmoid, lambda t: 1 / (1 + mp.exp(-t)), (-700.0, 1e-300, 5.0)),
    (F.softplus, lambda t: mp.log1p(mp.exp(t)), (-700.0, 1e-300, 700.0)),
    (math.asinh, mp.asinh, (1e-300, 1e300)),
    (math.acosh, mp.acosh, (1.0 + 2.0**-50, 1e300)),
    (math.atan, mp.atan, (1e-300, 1e150)),
    (math.erf, mp.erf, (1e-300, 5.0, 26.0)),
    (math.erfc, mp.erfc, (1e-300, 5.0, 26.0)),
    (math.log1p, mp.log1p, (-1.0 + 1e-15, 1e300)),
]
"""Functions, the same to any precision, and arguments at which a derivative easily loses its digits."""


@pytest.mark.parametrize("fn, exact, arguments", HARD)
def test_digits_at_hard_arguments(fn, exact, arguments):
    """The rules keep all but a few digits of the derivative, and raise no warning where the function raises none."""
    for x in arguments:
        with mp.workdps(400):
            wanted = float(mp.diff(exact, mp.mpf(x), h=abs(mp.mpf(x)) * mp.mpf(10) ** -100))
        argument = x if fn.__module__ == "math" else [x]
        with no_warnings():
            got = bars(fn, argument)[0]
        same(got, wanted if fn.__module__ == "math" else [wanted], rtol=2e-14)


def test_angles_of_very_long_and_very_short_vectors():
    for scale in (1e-300, 1.0, 1e300):
        with no_warnings():
            y_bar, x_bar = bars(np.arctan2, [3.0 * scale], [4.0 * scale])
        same(y_bar, [4.0 / 25.0 / scale])
        same(x_bar, [-3.0 / 25.0 / scale])
        same(bars(math.atan2, 3.0 * scale, 4.0 * scale), [4.0 / 25.0 / scale, -3.0 / 25.0 / scale])
        same([b[0] for b in bars(np.hypot, [3.0 * scale], [4.0 * scale])], [0.6, 0.8])
        same(bars(np.linalg.norm, [3.0 * scale, 4.0 * scale])[0], [0.6, 0.8]) if scale == 1.0 else None


def test_python_numbers_of_any_size_raise_nothing():
    for fn in (lambda x: np.arctan(x), lambda x: math.atan(x), lambda x: math.erf(x), lambda x: np.arcsinh(x),
               lambda x: math.asinh(x), lambda x: np.tanh(x), lambda x: math.tanh(x), lambda x: math.hypot(x, 1.0),
               lambda x: np.arctan2(x, 1.0), lambda x: math.atan2(x, 1.0), lambda x: F.sigmoid(x)):  # fmt: skip
        for x in (1e200, -1e200, 1e-200):
            with np.errstate(over="ignore"):
                assert math.isfinite(gradgen.grad(fn)(x))


def test_integers_get_the_right_float_gradient():
    x, y = np.array([1, 2, 3]), np.array([2, 3, 4])
    g = np.array([0.5, 0.5, 0.5])
    same(bars(np.multiply, x, y, g=g)[0], [1.0, 1.5, 2.0])
    same(bar(np.power, x, 3, g=g), [1.5, 6.0, 13.5])
    same(bar(np.power, x, 4, g=g), [2.0, 16.0, 54.0])
    same(bar(np.power, x, y, g=g), [1.0, 6.0, 54.0])
    same(bar(np.square, x, g=g), [1.0, 2.0, 3.0])
    same(bar(np.absolute, -x, g=g), [-0.5, -0.5, -0.5])


def test_largest_of_python_numbers():
    assert bars(max, 1.0, 1.0) == [0.5, 0.5]
    assert bars(max, 3.0, 1.0, 3.0) == [0.5, 0.0, 0.5]
    assert bars(min, 3.0, 1.0) == [0.0, 1.0]


def test_what_has_no_rule_says_so():
    for fn in (math.gamma, math.lgamma):
        with pytest.raises(NoRuleError, match="no derivative"):
            bars(fn, 2.5)


def test_heaviside_and_nan_to_num():
    x_bar, y_bar = bars(np.heaviside, [-1.0, 0.0, 1.0], np.full(3, 0.5))
    assert x_bar is None
    same(y_bar, [0.0, 1.0, 0.0])
    same(bar(np.nan_to_num, [1.0, NAN, INF, -INF]), [1.0, 0.0, 0.0, 0.0])


def test_complex_parts():
    z = np.array([3.0 + 4.0j])
    same(bar(np.absolute, z), [0.6 - 0.8j])
    same(bar(np.imag, z), [-1j])
    same(bar(np.conj, z, g=np.array([2.0 + 1.0j])), [2.0 - 1.0j])


def test_masks_are_added_as_numbers():
    """NumPy adds truth values by `or`, and has no negative of them: a cotangent is never made of them alone."""

    def twice(x):
        return np.sum(np.maximum(x, 0.0) + np.maximum(x, 1.0))

    def negative(x):
        return -np.sum(np.maximum(x, 0.0))

    def weighted(x, y):
        return np.sum((np.maximum(x, 0.0) + np.maximum(x, 1.0)) * y)

    def apart(x):
        y = np.maximum(x, 0.0)
        z = np.maximum(x, 1.0)
        return np.sum(y) + np.sum(z)

    x = np.array([-1.0, 0.5, 2.0])
    same(gradgen.grad(twice)(x), [0.0, 1.0, 2.0])
    same(gradgen.grad(negative)(x), [0.0, -1.0, -1.0])
    same(gradgen.grad(weighted)(x, x), [0.0, 0.5, 4.0])
    same(gradgen.grad(apart)(x), [0.0, 1.0, 2.0])
    assert gradgen.grad(weighted)(x.astype(np.float32), x.astype(np.float32)).dtype == np.float32


MASKED = [
    lambda x: np.maximum(x, 0.5),
    lambda x: np.minimum(0.5, x),
    lambda x: np.clip(x, -1.0, 1.0),
    lambda x: F.relu(x),
    lambda x: np.fmax(x, 0.5),
]
"""Functions whose derivative is a mask."""
COMBINED = [
    lambda f, h, x, w: np.sum(f(x)),
    lambda f, h, x, w: -np.sum(f(x)),
    lambda f, h, x, w: np.sum(2.0 * f(x)),
    lambda f, h, x, w: np.sum(f(x) + h(x)),
    lambda f, h, x, w: np.sum(f(x) - h(x) - x),
    lambda f, h, x, w: np.sum(f(h(x))),
    lambda f, h, x, w: np.sum(w * (f(x) + h(x))),
    lambda f, h, x, w: np.sum(f(x)) * np.sum(h(x)),
    lambda f, h, x, w: np.sum(np.concatenate([f(x), h(x)])),
    lambda f, h, x, w: np.sum(f(x)[1:] - h(x)[:-1]),
    lambda f, h, x, w: np.sum(f(x) @ w),
    lambda f, h, x, w: np.sum(np.outer(f(x), h(x))),
    lambda f, h, x, w: np.cumsum(f(x) + h(x))[-1],
    lambda f, h, x, w: np.max(f(x) + h(x)),
]


@pytest.mark.parametrize("shapes", ["x=(n,), w=(n,)", ""])
@pytest.mark.parametrize("combined", COMBINED)
@pytest.mark.parametrize("f", MASKED)
def test_masks_are_numbers_in_every_combination(f, combined, shapes):
    def program(x, w):
        return combined(f, MASKED[0], x, w)

    x, w = np.array([-2.0, 0.7, 0.9, 3.0]), np.array([1.0, -2.0, 0.5, 4.0])
    gradient = gradgen.grad(program, **({"shapes": shapes} if shapes else {}))
    step = 1e-4 * np.eye(4)
    wanted = [(program(x + h, w) - program(x - h, w)) / 2e-4 for h in step]
    np.testing.assert_allclose(gradient(x, w), wanted, rtol=1e-7, atol=1e-9)
    assert gradient(x.astype(np.float32), w.astype(np.float32)).dtype == np.float32


SMALL_INTEGERS = [
    lambda w, k: -np.sum(w * k),
    lambda w, k: np.sum(w * k * k),
    lambda w, k: np.sum(w / k / k),
    lambda w, k: np.sum(w * k + w * k),
    lambda w, k: np.sum((w - k) ** 2),
    lambda w, k: np.sum(np.sum(w) * k),
    lambda w, k: np.sum(w @ k),
    lambda w, k: np.sum(np.arctan2(w, k)),
    lambda w, k: np.sum(np.hypot(k, w)),
    lambda w, k: np.sum(w * np.abs(k)),
    lambda w, k: np.sum(np.tensordot(w, k, 1)),
    lambda w, k: np.sum(np.einsum("i,i->", w, k)),
    lambda w, k: np.sum(np.where(k > 100, w * k, w)),
    lambda w, k: np.sum(np.concatenate([w * k, w])),
]


@pytest.mark.parametrize("shapes", ["w=(n,), k=int(n,)", ""])
@pytest.mark.parametrize("program", SMALL_INTEGERS)
def test_small_integers_do_not_overflow(program, shapes):
    """A cotangent is never computed in the arithmetic of int8 or uint8, which wraps around."""
    w = np.array([1.5, -2.0, 0.5])
    k = np.array([200, 17, 255])
    gradient = gradgen.grad(program, **({"shapes": shapes} if shapes else {}))
    wanted = gradient(w, k.astype(float)) if not shapes else gradgen.grad(program)(w, k.astype(float))
    same(gradient(w, k.astype(np.uint8)), wanted)
    same(gradient(w, (k // 2).astype(np.int8)), gradgen.grad(program)(w, (k // 2).astype(float)))
    same(gradient(w, k.astype(np.int64)), wanted)


INTEGER_TARGETS = [
    lambda k: np.sum(np.arctan(k)),
    lambda k: np.sum(np.arcsinh(k)),
    lambda k: np.sum(np.log1p(k)),
    lambda k: np.sum(np.arctan2(k, 3.0)),
    lambda k: np.sum(np.hypot(k, 2.0)),
    lambda k: np.sum(np.sqrt(k)),
    lambda k: np.sum(k * 0.5) ** 2,
    lambda k: np.linalg.norm(k),
    lambda k: np.mean(k * 1.0),
    lambda k: np.var(k * 1.0),
    lambda k: np.prod(1.0 * k[:2]),
]


@pytest.mark.parametrize("shapes", ["k=int(n,)", ""])
@pytest.mark.parametrize("program", INTEGER_TARGETS)
def test_small_integers_as_targets(program, shapes):
    k = np.array([100, 17, 127])
    gradient = gradgen.grad(program, **({"shapes": shapes} if shapes else {}))
    wanted = gradgen.grad(program)(k.astype(float))
    for dtype in (np.int64, np.int8, np.uint8):
        got = gradient(k.astype(dtype))
        np.testing.assert_allclose(got, wanted, rtol=1e-12 if dtype == np.int64 else 2e-3)
        assert got.dtype.kind == "f"


@pytest.mark.parametrize(
    "rule, message",
    [
        (lambda g, out, x: g * np.cos(x) * 1.0001, "differences"),
        (lambda g, out, x: np.sum(g * np.cos(x)), "shape"),
        (lambda g, out, x: g * np.cos(x) * np.ones(()), "float64"),
        (lambda g, out, x: g * (np.cos(x) if isinstance(x, np.ndarray) else x), "Not equal"),
    ],
)
def test_the_rule_test_finds_mistakes(rule, message):
    """A wrong factor, a wrong shape, a number that makes float64 of float32, and a graph unlike what is computed."""
    made = Operation(np.sin, signature="x", rule=rule, samples=lambda rng: [((np.array([0.0, 0.7, -1.2]),), {})])
    with pytest.raises(AssertionError, match=message):
        check_rule(made)


def test_a_sample_knows_its_variables():
    op = OPERATIONS[np.clip]
    assert case(op, (np.ones(2), 0.0, None), {}).active == [0]
    assert case(OPERATIONS[math.pow], (2.0, 3.0), {}).active == [0, 1]
    assert case(OPERATIONS[np.where], (np.ones(2) > 0, np.ones(2), np.ones(2)), {}).active == [1, 2]


# ---- gradgen.functions


FUNCTIONS = [getattr(F, name) for name in F.__all__]


def test_functions_are_what_scipy_says():
    x = np.random.default_rng(0).normal(size=(3, 4)) * 50.0
    with no_warnings():
        same(F.sigmoid(x), scipy.special.expit(x))
        for axis in (0, 1, -1):
            same(F.softmax(x, axis), scipy.special.softmax(x, axis=axis), rtol=1e-12)
            same(F.log_softmax(x, axis), scipy.special.log_softmax(x, axis=axis), rtol=1e-12)
            for keepdims in (False, True):
                got = F.logsumexp(x, axis=axis, keepdims=keepdims)
                same(got, scipy.special.logsumexp(x, axis=axis, keepdims=keepdims), rtol=1e-12)
        same(F.softplus(x), np.logaddexp(0.0, x))
        same(F.relu(x), np.maximum(x, 0.0))
        labels = np.array([3, 0, 1])
        losses = -scipy.special.log_softmax(x, axis=1)[np.arange(3), labels]
        same(F.softmax_cross_entropy(x, labels), losses, rtol=1e-10)
    assert np.isscalar(F.logsumexp(x)) and np.isscalar(F.sigmoid(0.3))


@pytest.mark.parametrize("fn", FUNCTIONS, ids=lambda fn: fn.__name__)
def test_functions_keep_float32_and_their_source_stands_alone(fn):
    names = {"np": np, "Any": object}
    exec(inspect.getsource(fn), names)
    x = np.array([[-900.0, 1.0], [2.0, 900.0]], np.float32)
    args = (x, np.array([1, 0])) if fn is F.softmax_cross_entropy else (x,)
    with no_warnings():
        out = names[fn.__name__](*args)
    assert out.dtype == np.float32
    np.testing.assert_array_equal(out, fn(*args))
    assert fn.__doc__
