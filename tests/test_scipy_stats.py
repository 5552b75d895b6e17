"""Distributions of `scipy.stats` beyond what single rules show: outside of their support, as objects that hold their
parameters, of several variables; and correlations."""

import numpy as np
import pytest
import scipy.stats as st

import gradgen
from gradgen.errors import NoRuleError, UnsupportedError
from gradgen.graph import OPERATIONS, Unknown
from gradgen.reverse import pullback
from gradgen.testing import no_warnings

X = np.array([0.3, 1.2, 0.7])
PRIOR = st.gamma(2.0, scale=1.5)


def test_a_distribution_may_hold_its_parameters():
    """Made inside, given a name, handed on, or made outside: what has a rule is that of the distribution itself."""

    def at_once(x, mu, s):
        return np.sum(st.norm(mu, s).logpdf(x))

    def named(x, mu, s):
        d = st.norm(loc=mu, scale=s)
        return np.sum(d.logpdf(x)) + np.sum(d.cdf(x))

    def loglikelihood(d, x):
        return np.sum(d.logpdf(x))

    def handed_on(x, mu, s):
        return loglikelihood(st.lognorm(s, scale=mu), x) + loglikelihood(PRIOR, x)

    def chosen(x, mu, s):
        d = st.norm(mu, s) if mu > 0.0 else st.norm(mu, 2.0 * s)
        total = 0.0
        for i in range(len(x)):
            total += st.t(3.0, mu, s).logpdf(x[i])
        return total + d.logpdf(x[0])

    def of_several(x, mu, s):
        return st.multivariate_normal(mu * np.ones(3), s * np.eye(3)).logpdf(x)

    def counts(x, mu, s):
        return np.sum(st.poisson(mu).logpmf(np.array([0, 2, 5]))) * np.sum(x) * s

    for program in (at_once, named, handed_on, of_several, counts):
        gradgen.check_grad(program, X, 0.4, 1.3, wrt=("x", "mu", "s"))
        source = gradgen.grad(program, shapes="x=(n,), mu=(), s=()").source
        assert "frozen" not in source and "(mu, s)" not in source.split("# return")[0]
    with pytest.raises(UnsupportedError):
        gradgen.grad(chosen)(X, 0.4, 1.3)


@pytest.mark.parametrize("dist, shapes", [(st.gamma, (1.7,)), (st.beta, (1.5, 2.5)), (st.weibull_min, (1.5,)),
                                          (st.pareto, (2.0,)), (st.genpareto, (-0.5,)), (st.truncnorm, (-1.0, 1.5)),
                                          (st.uniform, ()), (st.expon, ()), (st.loguniform, (0.2, 3.0))])  # fmt: skip
def test_outside_of_the_support_all_is_zero(dist, shapes):
    """And no logarithm of a negative number is taken."""
    x, scale = np.array([-9.0, 0.9, 99.0]), 1.2
    for what in ("logpdf", "pdf", "cdf", "sf"):
        op = OPERATIONS[getattr(dist, what)]
        inputs, options = op.bind((x, *map(np.asarray, shapes)), {"loc": np.asarray(0.1), "scale": np.asarray(scale)})
        with no_warnings():
            bars = pullback(op, np.ones(3), op.run(inputs, options), inputs, options)
        first, last = dist.support(*shapes, 0.1, scale)
        outside = (x < first) | (x > last)
        assert outside[0] and np.all(bars[0][outside] == 0.0)
        assert all(np.all(np.isfinite(bar)) for bar in bars if not isinstance(bar, Unknown))


def test_shapes_that_move_quantiles_in_closed_form():
    """Censored data: what survives, by the shape."""

    def f(x, c, scale):
        return np.sum(st.weibull_min.logsf(x, c, scale=scale)) + np.sum(st.lognorm.cdf(x, c, scale=scale))

    gradgen.check_grad(f, X, 1.4, 0.8, wrt=("x", "c", "scale"))
    with pytest.raises(NoRuleError, match=r"gamma\.logsf by a shape parameter has no closed form"):
        gradgen.grad(lambda a: np.sum(st.gamma.logsf(X, a)))(1.5)


def test_the_limit_of_a_shape_that_is_nearly_zero():
    """Of the generalized Pareto distribution the exponential one is the limit."""
    for c in (1e-12, 1e-5, 1e-3, 0.02):
        exact = np.sum(0.5 * X**2 - X) + c * np.sum(X**2 - 2.0 / 3.0 * X**3)
        got = gradgen.grad(lambda c: np.sum(st.genpareto.logpdf(X, c)))(c)
        np.testing.assert_allclose(got, exact, rtol=5.0 * c**2 + 1e-9)


def test_correlation():
    def f(x, y):
        return st.pearsonr(x, y).statistic + 2.0 * st.pearsonr(x, y)[0]

    gradgen.check_grad(gradgen.grad(f, wrt=("x", "y"), shapes="x=(n,), y=(n,)"), X, np.array([0.2, -0.4, 1.0]))
    with pytest.raises(NoRuleError, match="its first result"):
        gradgen.grad(lambda x: st.pearsonr(x, X**2)[1], shapes="x=(n,)")(X)


def test_what_is_not_known_is_refused_by_name():
    for program, said in (
        (lambda x: st.alpha.logpdf(x, 2.0)[0], "`st.alpha.logpdf`: gradgen has no rule for this distribution"),
        (lambda x: st.alpha(x).logpdf(1.0)[0], "st.alpha"),
        (lambda x: st.zscore(x, nan_policy="omit")[0], "nan_policy="),
        (lambda x: st.gmean(x, weights=x), "write np.average"),
        (lambda x: st.ttest_1samp(x, 0.0)[0], "a test of a hypothesis"),
        (lambda x: st.multivariate_normal.logpdf(x, np.zeros(3), 1.0), "covariance as a matrix"),
        (lambda x: st.binom.cdf(2, 5, x[0]) + st.nbinom.cdf(2, 5, x[0]), "no closed form"),
    ):
        with pytest.raises(UnsupportedError, match=said):
            gradgen.grad(program)(X)
