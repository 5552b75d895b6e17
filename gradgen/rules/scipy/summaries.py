"""Rules of `scipy.stats` for samples: means, moments, scores, correlation; and what of it is refused.

Where a rule would be long it is that of the same written with functions of NumPy. Only `nan_policy='propagate'`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.stats as st

from ...errors import NoRuleError
from ...graph import type_of
from ...shapes import Facts, Type, float_of
from ..matrix_snippets import composed
from ..primitives import count
from ..reductions import reduced_type, restore
from ..registry import bprop, refuse, register


def _check(nan_policy: str, dtype: Any = None) -> None:
    if nan_policy != "propagate" or dtype is not None:
        raise TypeError("functions of scipy.stats with nan_policy= or dtype= are not differentiated; leave it out")


def _reduced(facts: Facts, a: Any, *_: Any, axis: Any, keepdims: bool = False, nan_policy: str = "propagate",
             dtype: Any = None, **__: Any) -> Type:  # fmt: skip
    _check(nan_policy, dtype)
    return reduced_type(facts, a, axis, keepdims, float_of(type_of(a).kind))


def _same(facts: Facts, a: Any, *, nan_policy: str, **_: Any) -> Type:
    _check(nan_policy)
    return Type(float_of(type_of(a).kind), type_of(a).shape, array=True)


def _rows(*more: dict[str, Any], low: float = -2.0, high: float = 2.0, keepdims: bool = True) -> Any:
    """Samples: rows and matrices, along each axis, with each choice of options."""

    def samples(rng: np.random.Generator) -> list[Any]:
        options: list[dict[str, Any]] = [{}, {"axis": 1}, {"axis": None}]
        options += [{"axis": -1, "keepdims": True}] * keepdims
        calls = [(rng.uniform(low, high, 5), {}), *((rng.uniform(low, high, (4, 5)), o) for o in options)]
        return [((a,), {**o, **extra}) for a, o in calls for extra in (more or ({},))]

    return samples


# ---- means


def _weighted(g: Any, a: Any, weights: Any, axis: Any, keepdims: bool) -> Any:
    """What each entry gets of the cotangent of a mean."""
    if weights is not None:
        raise NoRuleError("means of scipy.stats with weights= are not differentiated", advice="write np.average")
    return restore(g, a, axis, keepdims) / count(a, axis)


@bprop(st.gmean, signature="a, axis=0, dtype=None, weights=None, nan_policy='propagate', keepdims=False",
       inputs="a weights", infer=_reduced, samples=_rows(low=0.3), reals=True)  # fmt: skip
def gmean(g, out, a, weights, *, axis, keepdims, **_):
    """The mean over each entry, divided by how many there are."""
    return _weighted(g * out, a, weights, axis, keepdims) / a, None


@bprop(st.hmean, signature="a, axis=0, dtype=None, weights=None, nan_policy='propagate', keepdims=False",
       inputs="a weights", infer=_reduced, samples=_rows(low=0.3), reals=True)  # fmt: skip
def hmean(g, out, a, weights, *, axis, keepdims, **_):
    """The square of the mean over that of each entry, divided by how many there are."""
    return _weighted(g * out * out, a, weights, axis, keepdims) / (a * a), None


@bprop(st.pmean, signature="a, p, axis=0, dtype=None, weights=None, nan_policy='propagate', keepdims=False",
       inputs="a weights", infer=_reduced, samples=_rows({"p": 2.5}, {"p": -1.0}, low=0.3), reals=True)  # fmt: skip
def pmean(g, out, a, weights, *, p, axis, keepdims, **_):
    """The quotient of each entry and the mean to the power p - 1, divided by how many there are."""
    return _weighted(g, a, weights, axis, keepdims) * (a / restore(out, a, axis, keepdims)) ** (p - 1), None


# ---- moments, and what is made of them


def _as_written(fn: Any, signature: str, written: Callable[..., Any], infer: Any, samples: Any) -> None:
    """A function whose rule is that of the same written with functions of NumPy."""
    register(fn, signature=signature, inputs="a", infer=infer, samples=samples, reals=True, rule=composed(written))


def _moments(a: Any, axis: Any, keepdims: bool, *orders: int) -> list[Any]:
    distance = a - np.mean(a, axis=axis, keepdims=True)
    return [np.mean(distance**order, axis=axis, keepdims=keepdims) for order in orders]


def _moment(a: Any, *, order: int, axis: Any, center: Any, keepdims: bool, **_: Any) -> Any:
    if center is None:
        return _moments(a, axis, keepdims, order)[0]
    return np.mean((a - center) ** order, axis=axis, keepdims=keepdims)


def _skew(a: Any, *, axis: Any, bias: bool, keepdims: bool, **_: Any) -> Any:
    second, third = _moments(a, axis, keepdims, 2, 3)
    n = count(a, axis)
    return third / second**1.5 * (1.0 if bias else (n * (n - 1.0)) ** 0.5 / (n - 2.0))


def _kurtosis(a: Any, *, axis: Any, fisher: bool, bias: bool, keepdims: bool, **_: Any) -> Any:
    second, fourth = _moments(a, axis, keepdims, 2, 4)
    n = count(a, axis)
    ratio = fourth / (second * second)
    return ratio if bias else (n * n - 1.0) / ((n - 2.0) * (n - 3.0)) * ratio


def _sem(a: Any, *, axis: Any, ddof: int, keepdims: bool, **_: Any) -> Any:
    return np.std(a, axis=axis, ddof=ddof, keepdims=keepdims) / count(a, axis) ** 0.5


def _variation(a: Any, *, axis: Any, ddof: int, keepdims: bool, **_: Any) -> Any:
    return np.std(a, axis=axis, ddof=ddof, keepdims=keepdims) / np.mean(a, axis=axis, keepdims=keepdims)


def _zscore(a: Any, *, axis: Any, ddof: int, **_: Any) -> Any:
    return (a - np.mean(a, axis=axis, keepdims=True)) / np.std(a, axis=axis, ddof=ddof, keepdims=True)


_END = "nan_policy='propagate', keepdims=False"
_as_written(st.moment, "a, order=1, axis=0, nan_policy='propagate', center=None, keepdims=False", _moment, _reduced,
            _rows({"order": 2}, {"order": 3, "center": 0.3}))  # fmt: skip
_as_written(st.skew, f"a, axis=0, bias=True, {_END}", _skew, _reduced, _rows({}, {"bias": False}))
_as_written(st.kurtosis, f"a, axis=0, fisher=True, bias=True, {_END}", _kurtosis, _reduced,
            _rows({}, {"fisher": False, "bias": False}))  # fmt: skip
_as_written(st.sem, f"a, axis=0, ddof=1, {_END}", _sem, _reduced, _rows({}, {"ddof": 0}))
_as_written(st.variation, "a, axis=0, nan_policy='propagate', ddof=0, keepdims=False", _variation, _reduced,
            _rows({}, {"ddof": 1}, low=0.5))  # fmt: skip
_as_written(st.zscore, "a, axis=0, ddof=0, nan_policy='propagate'", _zscore, _same,
            _rows({}, {"ddof": 1}, keepdims=False))  # fmt: skip


def _entropy_rule(g, out, pk, qk, *, base, axis, keepdims, **_):
    """Of probabilities that are divided by their sum first, as SciPy does."""
    p, total = _normalized(pk, axis)
    scale = 1.0 if base is None else 1.0 / math.log(base)
    g, out = (restore(x, pk, axis, keepdims) for x in (g * scale, out / scale))
    if qk is None:
        return -g * (np.log(p) + out) / total, None
    q, other = _normalized(qk, axis)
    return g * (np.log(p / q) - out) / total, g * (1.0 - p / q) / other


def _normalized(x: Any, axis: Any) -> Any:
    total = np.sum(x, axis=axis, keepdims=True)
    return x / total, total


def _entropy_type(facts: Facts, pk: Any, qk: Any, **options: Any) -> Type:
    if qk is not None and type_of(qk).ndim != type_of(pk).ndim:
        raise TypeError("scipy.stats.entropy needs arrays of one known rank: declare their shapes")
    return _reduced(facts, pk, **options)


register(st.entropy, signature="pk, qk=None, base=None, axis=0, nan_policy='propagate', keepdims=False",
         inputs="pk qk", infer=_entropy_type, rule=_entropy_rule, reals=True,
         samples=lambda rng: [((rng.uniform(0.2, 1.0, s), *q), o)
                              for s, o in (((4,), {}), ((3, 4), {"axis": 1, "base": 2.0}), ((3, 4), {"keepdims": True}))
                              for q in ([], [rng.uniform(0.2, 1.0, s)])])  # fmt: skip


def _pearsonr_type(facts: Facts, x: Any, y: Any, *, axis: Any, method: Any, **_: Any) -> list[Type]:
    if type_of(x).ndim != 1 or type_of(y).ndim != 1 or method is not None:
        raise TypeError("scipy.stats.pearsonr is differentiated for two rows of known rank: declare their shapes")
    return [Type("float", (), array=True)] * 2


@bprop(st.pearsonr, signature="x, y, alternative='two-sided', method=None, axis=0", fields=("statistic", "pvalue"),
       infer=_pearsonr_type, reals=True)  # fmt: skip
def pearsonr(g, out, x, y, **_):
    """With both brought to mean 0 and length 1 the correlation is their product."""
    if g[1] is not None:
        raise NoRuleError("the probability that scipy.stats.pearsonr gives is not differentiated",
                          advice="use the correlation, its first result")  # fmt: skip
    (u, length_x), (v, length_y) = (_brought_to_length(a) for a in (x, y))
    return g[0] * (v - out[0] * u) / length_x, g[0] * (u - out[0] * v) / length_y


def _brought_to_length(x: Any) -> Any:
    distance = x - np.mean(x)
    length = np.sqrt(np.sum(distance * distance))
    return distance / length, length


# ---- refused, and why

ASIDE = "keep it beside what is differentiated, or pass its result as an argument"
BY_DENSITY = "write its density with functions of NumPy and scipy.special"
BY_NUMPY = "write it with functions of NumPy"
refuse(st, "alpha argus crystalball dpareto_lognorm exponpow exponweib foldcauchy gausshyper genexpon "
       "genhalflogistic genhyperbolic geninvgauss genlogistic gibrat irwinhall jf_skew_t johnsonsb kappa3 kappa4 "
       "ksone kstwo kstwobign landau laplace_asymmetric levy_l levy_stable loglaplace mielke ncf nct ncx2 "
       "norminvgauss pearson3 powerlognorm powernorm rdist recipinvgauss rel_breitwigner skewcauchy "
       "studentized_range trapezoid truncpareto truncweibull_min tukeylambda vonmises_line wrapcauchy erlang",
       "gradgen has no rule for this distribution",
       BY_DENSITY)  # fmt: skip
refuse(st, "betanbinom boltzmann hypergeom nchypergeom_fisher nchypergeom_wallenius nhypergeom planck poisson_binom "
       "randint skellam yulesimon zipf zipfian",
       "gradgen has no rule for this distribution",
       BY_DENSITY)  # fmt: skip
refuse(st, "dirichlet dirichlet_multinomial invwishart matrix_normal matrix_t multinomial multivariate_hypergeom "
       "multivariate_t normal_inverse_gamma vonmises_fisher wishart",
       "gradgen has no rule for this distribution",
       "write its density with functions of NumPy, np.linalg and scipy.special")  # fmt: skip
refuse(st, "ortho_group special_ortho_group unitary_group random_correlation random_table uniform_direction",
       "what is drawn does not vary with anything", ASIDE)  # fmt: skip
refuse(st, "rv_continuous rv_discrete rv_histogram make_distribution Binomial Logistic Mixture Normal Uniform "
       "Covariance CensoredData abs exp log order_statistic truncate gaussian_kde mvsdist bayes_mvs",
       "it makes a distribution as an object, or takes one", "use the functions of the distribution, such as"
       " scipy.stats.norm.logpdf")  # fmt: skip
refuse(st, "boxcox yeojohnson", "it may look for its parameter", "use scipy.special.boxcox with a parameter")
refuse(st, "boxcox_llf boxcox_normmax boxcox_normplot yeojohnson_llf yeojohnson_normmax yeojohnson_normplot ppcc_max "
       "ppcc_plot probplot fit expectile quantile", "gradgen has no rule for it", BY_NUMPY)  # fmt: skip
refuse(st, "iqr", "gradgen has no rule for it", "write the difference of two np.percentile")
refuse(st, "describe tmean tvar tstd tsem tmin tmax trim1 trimboth trim_mean sigmaclip gstd gzscore zmap circmean "
       "circvar circstd directional_stats kstat kstatvar lmoment median_abs_deviation scoreatpercentile "
       "obrientransform linregress theilslopes siegelslopes cumfreq relfreq ecdf binned_statistic "
       "binned_statistic_2d binned_statistic_dd differential_entropy sobol_indices",
       "gradgen has no rule for it", BY_NUMPY)  # fmt: skip
refuse(st, "mode rankdata percentileofscore tiecorrect spearmanr kendalltau weightedtau somersd chatterjeexi "
       "spearmanrho pointbiserialr", "it goes by ranks, or counts", ASIDE)  # fmt: skip
refuse(st, "wasserstein_distance wasserstein_distance_nd energy_distance", "gradgen has no rule for it",
       "for samples of one size write np.mean(np.abs(np.sort(u) - np.sort(v)))")  # fmt: skip
refuse(st, "alexandergovern anderson anderson_ksamp ansari barnard_exact bartlett binomtest bootstrap boschloo_exact "
       "brunnermunzel bws_test chi2_contingency chisquare combine_pvalues cramervonmises cramervonmises_2samp "
       "dunnett epps_singleton_2samp f_oneway false_discovery_control fisher_exact fligner friedmanchisquare "
       "goodness_of_fit jarque_bera kruskal logrank ks_1samp ks_2samp kstest kurtosistest levene mannwhitneyu "
       "median_test monte_carlo_test mood multiscale_graphcorr normaltest page_trend_test permutation_test "
       "poisson_means_test power power_divergence quantile_test ranksums shapiro skewtest ttest_1samp ttest_ind "
       "ttest_ind_from_stats ttest_rel tukey_hsd wilcoxon",
       "it is a test of a hypothesis", "write its statistic with functions of NumPy")  # fmt: skip
refuse(st, "BootstrapMethod MonteCarloMethod PermutationMethod test", "what it gives is no number that varies", ASIDE)
refuse(st, "ConstantInputWarning DegenerateDataWarning FitError NearConstantInputWarning", "it is an exception",
       "raise it under a condition")  # fmt: skip
