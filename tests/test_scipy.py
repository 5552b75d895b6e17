"""Rules of SciPy's functions: each rule, each function once through the whole pipeline, digits at hard arguments."""

import ast
import importlib
import importlib.util
import sys

import numpy as np
import pytest
import scipy.linalg as sl
import scipy.special as sp
import scipy.stats as st
from mpmath import mp

import gradgen
import gradgen.rules
from gradgen.errors import NoRuleError
from gradgen.graph import OPERATIONS
from gradgen.library import library_path
from gradgen.reverse import pullback
from gradgen.rules import LIBRARIES
from gradgen.testing import cases, check_rule, leaves, like, no_warnings

for library in LIBRARIES:
    importlib.import_module(library)
gradgen.rules.of_libraries()


def of_scipy(fn):
    path = library_path(fn)
    return path is not None and path[0].startswith("scipy")


RULES = {fn: op for fn, op in OPERATIONS.items() if op.rule is not None and of_scipy(fn)}
APART = {sl.cho_factor, st.pearsonr}
"""What differences say nothing of: one half of the result is arbitrary, or has no rule."""


def entry(fn):
    """A function as a parameter of tests; of those of distributions most run with `--full` only."""
    often = not hasattr(fn, "__self__") or fn.__name__ == "logpdf" or fn.__self__ is st.gamma
    return pytest.param(fn, id=RULES[fn].name, marks=[] if often else pytest.mark.full)


ENTRIES = [entry(fn) for fn in RULES if fn not in APART]


@pytest.mark.filterwarnings("error", "ignore::DeprecationWarning")
@pytest.mark.parametrize("fn", ENTRIES)
def test_rule(fn):
    check_rule(RULES[fn])


# ---- the whole pipeline


def given_to(c):
    """The inputs of a case that are arguments of its program: variables, and arrays."""
    return [i for i, x in enumerate(c.inputs) if i in c.active or isinstance(x, np.ndarray)]


class Name(str):
    """A name in a program, written as it is."""

    __repr__ = str.__str__


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """For each function a program that calls it on its last sample, and the case that this is."""
    lines, found = ["import numpy as np", *(f"import {library}" for library in LIBRARIES), ""], {}
    for number, fn in enumerate(fn for fn in RULES if fn not in APART):
        op = RULES[fn]
        c = list(cases(op, np.random.default_rng(0)))[-1]
        _, path = library_path(fn)
        own = [Name(f"x{i}") if i in given_to(c) else x for i, x in enumerate(c.inputs)]
        inputs, options = op.unbind(own, c.options)
        given = ", ".join([*map(repr, inputs), *(f"{k}={v!r}" for k, v in options.items())])
        names = ", ".join(f"x{i}" for i in given_to(c))
        lines += [f"def f{number}({names}):", f"    return {ast.unparse(path)}({given})", ""]
        found[fn] = (f"f{number}", c)
    path = tmp_path_factory.mktemp("scipy") / "programs_of_scipy.py"
    path.write_text("\n".join(lines))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    yield {fn: (getattr(module, name), c) for fn, (name, c) in found.items()}
    del sys.modules[path.stem]


@pytest.mark.parametrize("fn", ENTRIES)
def test_printed(fn, programs):
    """What is printed answers what the rule answers on numbers, and imports the part of SciPy that it calls."""
    program, c = programs[fn]
    names = tuple(f"x{i}" for i in c.active)
    kinds = {"f": "", "c": "complex", "i": "int"}
    shapes = [f"x{i}={kinds[np.asarray(c.inputs[i]).dtype.kind]}({''.join(f'{n},' for n in np.shape(c.inputs[i]))})"
              for i in given_to(c)]  # fmt: skip
    pullback_of = gradgen.vjp(program, wrt=names, shapes=", ".join(shapes))
    value, pull = pullback_of(*(c.inputs[i] for i in given_to(c)))
    for got, wanted in zip(leaves(value), leaves(c.out), strict=True):
        np.testing.assert_array_equal(got, wanted)
    g = like(c.out, np.random.default_rng(1))
    got = pull(g)
    for x, bar, wanted in zip(c.variables, got if len(names) > 1 else [got], c.bars(g), strict=True):
        np.testing.assert_allclose(bar, wanted, rtol=1e-10, atol=1e-12)
        assert np.shape(bar) == np.shape(x)
    assert f"import {library_path(fn)[0]}" in pullback_of.source


def test_scipy_is_found_however_it_is_imported():
    import scipy
    from scipy import special
    from scipy.special import gammaln as lgamma

    def f(x):
        return np.sum(lgamma(x) + special.erf(x) * scipy.special.expit(x))

    x = np.array([0.5, 2.0])
    wanted = sp.digamma(x) + 2 / np.sqrt(np.pi) * np.exp(-(x**2)) * sp.expit(x) + sp.erf(x) * sp.expit(x) * sp.expit(-x)
    np.testing.assert_allclose(gradgen.grad(f)(x), wanted, rtol=1e-12)


@pytest.mark.parametrize(
    "program, said",
    [
        (lambda x: sp.jv(x, 1.0), "jv by its order"),
        (lambda x: sp.gammainc(x, 1.0), "gammainc by its order or parameters"),
        (lambda x: sp.zeta(x, 2.0), "zeta by x"),
        (lambda x: sp.kolmogorov(x), "not known in closed form"),
        (lambda x: sp.factorial(x), "whole numbers"),
    ],
)
def test_what_is_not_known_is_refused(program, said):
    with pytest.raises(NoRuleError, match=said):
        gradgen.grad(program)(1.5)


# ---- factorisations


def test_systems_by_their_factors():
    """What a factorisation leaves in its other half does not matter; the gradient is that of the system itself."""
    rng = np.random.default_rng(0)
    b = rng.normal(size=3)
    a = rng.normal(size=(3, 3))
    a = a @ a.T + np.eye(3)

    def by_cholesky(a, b):
        return np.sum(sl.cho_solve(sl.cho_factor(a), b) ** 2)

    def by_lower(a, b):
        c, low = sl.cho_factor(a, lower=True)
        return np.sum(sl.cho_solve((c, low), b) ** 2)

    def by_lu(a, b):
        lu, piv = sl.lu_factor(a)
        return np.sum(sl.lu_solve((lu, piv), b) ** 2)

    def by_halves(a, b):
        half = sl.cholesky(a, lower=True)
        return np.sum(sl.solve_triangular(half, sl.solve_triangular(half, b, lower=True), lower=True, trans="T") ** 2)

    def directly(a, b):
        return np.sum(np.linalg.solve(a, b) ** 2)

    a_bar, b_bar = gradgen.grad(directly, wrt=("a", "b"))(a, b)
    for program in (by_cholesky, by_lower, by_halves, by_lu):
        for options in ({}, {"shapes": "a=(n, n), b=(n,)"}):
            got, other = gradgen.grad(program, wrt=("a", "b"), **options)(a, b)
            wanted = a_bar if program is by_lu else 0.5 * (a_bar + a_bar.T)
            np.testing.assert_allclose(got, wanted, rtol=1e-9, atol=1e-12)
            np.testing.assert_allclose(other, b_bar, rtol=1e-9, atol=1e-12)


def test_functions_of_distributions_are_told_apart():
    """They have one name, `logpdf`, and the same arguments."""

    def f(x, scale):
        return np.sum(st.norm.logpdf(x, 0.0, scale) - st.laplace.logpdf(x, 0.0, scale))

    x, scale = np.array([0.3, -1.2]), 1.5
    x_bar, scale_bar = gradgen.grad(f, wrt=("x", "scale"))(x, scale)
    np.testing.assert_allclose(x_bar, -x / scale**2 + np.sign(x) / scale, rtol=1e-13)
    np.testing.assert_allclose(scale_bar, np.sum((x / scale) ** 2 - np.abs(x / scale)) / scale, rtol=1e-13)


# ---- digits


def d(exact, *before):
    """A function of its last argument, to any precision."""
    return lambda t: exact(*before, t)


HARD = [
    (sp.gamma, mp.gamma, (1e-8, 0.5, -1.5, 20.0, 160.0)),
    (sp.gammaln, mp.loggamma, (1e-8, 1.0, 1.4616, 1e6, 1e100)),
    (sp.rgamma, mp.rgamma, (0.0, -1.0, -2.0, -3.0, 0.5, 10.0)),
    (sp.digamma, mp.digamma, (1e-3, 1.4616, 100.0, 1e10)),
    (d(sp.beta, 2.5), d(mp.beta, 2.5), (1e-5, 1.0, 50.0)),
    (lambda t: sp.beta(t, 1e-8), lambda t: mp.beta(t, mp.mpf(1e-8)), (0.5, 3.0, 100.0)),
    (lambda t: sp.betaln(t, 0.5), lambda t: mp.log(mp.beta(t, 0.5)), (1e-3, 1.0, 1e6, 1e12)),
    (lambda t: sp.poch(t, 1e-8), lambda t: mp.rf(t, mp.mpf(1e-8)), (0.5, 3.0, 100.0)),
    (sp.dawsn, lambda t: mp.sqrt(mp.pi) / 2 * mp.exp(-(t**2)) * mp.erfi(t), (1e-8, 1.0, 49.0, 51.0, 1e4)),
    (sp.i1e, lambda t: mp.exp(-t) * mp.besseli(1, t), (1e-8, 1.0, 100.0)),
    (d(sp.elliprc, 0.5), d(mp.elliprc, 0.5), (1e-3, 0.4, 0.5 + 1e-8, 0.51, 0.53, 3.0)),
    (d(sp.elliprc, 0.5), d(mp.elliprc, 0.5), (0.5 - 1e-9,)),
    (sp.erf, mp.erf, (1e-8, 1.0, 5.0)),
    (sp.erfc, mp.erfc, (1e-8, 1.0, 5.0)),
    (sp.erfcx, lambda t: mp.exp(t**2) * mp.erfc(t), (-3.0, 0.0, 1.0, 10.0, 45.0, 60.0, 1e5)),
    (sp.erfi, mp.erfi, (1e-300, 5.0, 20.0)),
    (sp.erfinv, mp.erfinv, (1e-10, 0.5, 0.999999)),
    (sp.ndtr, mp.ncdf, (-30.0, -5.0, 0.0, 5.0)),
    (sp.log_ndtr, lambda t: mp.log(mp.ncdf(t)), (-1e5, -30.0, -5.0, 0.0, 5.0, 7.0)),
    (sp.expit, lambda t: 1 / (1 + mp.exp(-t)), (-700.0, -5.0, 5.0)),
    (sp.log_expit, lambda t: -mp.log1p(mp.exp(-t)), (-700.0, -5.0, 5.0, 30.0)),
    (sp.logit, lambda t: mp.log(t / (1 - t)), (1e-300, 0.5, 1.0 - 2.0**-40)),
    (sp.entr, lambda t: -t * mp.log(t), (1e-300, 0.3, 1e10)),
    (sp.exprel, lambda t: (mp.exp(t) - 1) / t, (-500.0, -1.0, -1e-5, 1e-8, 0.0299, 0.0301, 1.0, 300.0)),
    (sp.cosm1, lambda t: mp.cos(t) - 1, (1e-8, 1.0)),
    (sp.j0, lambda t: mp.besselj(0, t), (1e-8, 1.0, 50.0)),
    (sp.j1, lambda t: mp.besselj(1, t), (1e-8, 1.0, 50.0)),
    (d(sp.jv, 2.5), d(mp.besselj, 2.5), (1e-3, 1.0, 30.0)),
    (d(sp.yv, 1.5), d(mp.bessely, 1.5), (0.1, 1.0, 30.0)),
    (sp.i0, lambda t: mp.besseli(0, t), (1e-8, 1.0, 600.0)),
    (sp.i1, lambda t: mp.besseli(1, t), (1e-8, 1.0, 600.0)),
    (np.i0, lambda t: mp.besseli(0, t), (1e-8, 1.0, 8.0, 100.0, 600.0)),
    (d(sp.iv, 2.5), d(mp.besseli, 2.5), (1e-3, 1.0, 300.0)),
    (d(sp.kv, 2.5), d(mp.besselk, 2.5), (1e-3, 1.0, 300.0)),
    (d(sp.struve, 1.5), d(mp.struveh, 1.5), (1e-2, 1.0, 8.0)),
    (sp.ellipk, mp.ellipk, (-1e3, -1e-9, 1e-9, 0.5, 1.0 - 1e-9)),
    (sp.ellipe, mp.ellipe, (-1e3, -1e-9, 1e-9, 0.5, 1.0 - 1e-9)),
    (d(sp.ellipkinc, 1.2), d(mp.ellipf, 1.2), (-10.0, 1e-9, 0.5, 0.99)),
    (d(sp.ellipeinc, 4.0), d(mp.ellipe, 4.0), (-10.0, 1e-9, 0.5, 0.99)),
    (sp.exp1, mp.e1, (1e-10, 1.0, 50.0)),
    (sp.expi, mp.ei, (1e-10, 1.0, 50.0)),
    (sp.spence, lambda t: mp.polylog(2, 1 - t), (1e-10, 0.5, 1.0 - 1e-9, 1.0 + 1e-9, 3.0)),
    (lambda x: np.real(sp.lambertw(x)), mp.lambertw, (1e-10, 1.0, 1e10)),
    (d(sp.gammainc, 2.5), lambda t: mp.gammainc(2.5, 0, t, regularized=True), (1e-8, 1.0, 50.0)),
    (d(sp.betainc, 2.5, 0.5), lambda t: mp.betainc(2.5, 0.5, 0, t, regularized=True), (1e-8, 0.5, 0.99)),
    (d(sp.hyp2f1, 0.7, 0.4, 1.6), d(mp.hyp2f1, 0.7, 0.4, 1.6), (-5.0, 1e-8, 0.9)),
    (d(sp.hyp1f1, 0.7, 1.6), d(mp.hyp1f1, 0.7, 1.6), (-20.0, 1e-8, 20.0)),
    (d(sp.eval_legendre, 5), d(mp.legendre, 5), (-1.0, 1e-8, 0.99, 1.0)),
    (d(sp.eval_chebyt, 5), d(mp.chebyt, 5), (-1.0, 1e-8, 0.99, 1.0)),
    (d(sp.zeta, 2.5), d(mp.zeta, 2.5), (1e-3, 1.0, 100.0)),
    (lambda x: sp.airy(x)[0], mp.airyai, (-10.0, 1e-8, 5.0)),
]
"""Functions, the same to any precision, and arguments at which a derivative easily loses its digits."""


@pytest.mark.parametrize("fn, exact, x", [(f, e, x) for f, e, arguments in HARD for x in arguments])
def test_digits_at_hard_arguments(fn, exact, x):
    """The gradient keeps all but some five digits, whatever SciPy's own functions lose; and raises no warning."""
    with mp.workdps(60):
        step = mp.mpf(10) ** -20 * max(abs(mp.mpf(x)), mp.mpf(10) ** -10 if x == 0.0 else 0)
        wanted = float(mp.re(mp.diff(exact, mp.mpf(x), h=step)))
    op = OPERATIONS.get(fn) if not callable(getattr(fn, "__code__", None)) else None
    if op is not None:
        with no_warnings():
            point = np.asarray([x])
            [got] = pullback(op, np.ones(1), op.run([point], {}), [point], {})[0]
    else:
        got = gradgen.grad(lambda t: fn(t))(x)
    assert got == pytest.approx(wanted, rel=1e-11, abs=1e-300)


@pytest.mark.parametrize("a", [0.5, 9.9, 10.1, 1e4, 1e8, 1e12])
def test_digits_of_densities_with_large_parameters(a):
    """The derivatives of gammainc and betainc, of which logarithms of gamma functions would leave few digits."""
    with mp.workdps(60):
        for x in (0.9 * a, a, a + np.sqrt(a)):
            logarithm = (mp.mpf(a) - 1) * mp.log(x) - mp.mpf(x) - mp.loggamma(a)
            assert gradgen.grad(lambda x: sp.gammainc(a, x))(x) == pytest.approx(float(mp.exp(logarithm)), rel=1e-11)
        for b in (0.5, 100.0, 1e6):
            x = a / (a + b) * 0.99
            logarithm = (mp.mpf(a) - 1) * mp.log(x) + (mp.mpf(b) - 1) * mp.log1p(-mp.mpf(x)) - mp.log(mp.beta(a, b))
            got = gradgen.grad(lambda x: sp.betainc(a, b, x))(x)
            assert got == pytest.approx(float(mp.exp(logarithm)), rel=1e-10, abs=1e-290)
