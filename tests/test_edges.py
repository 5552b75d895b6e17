"""Derivatives at the edges of NumPy's and SciPy's functions: gaps, ties, ends, singular points; what is not smooth."""

import math

import numpy as np
import pytest
import scipy.special as sp
import scipy.stats as st

import gradgen
import gradgen.rules
from gradgen.testing import no_warnings

from .test_rules import bar, bars, same

gradgen.rules.of_libraries()
INF, NAN = math.inf, math.nan


# ---- gaps

GAPS = np.array([[1.5, NAN, -0.5, 2.0], [NAN, 0.3, 0.7, -1.0], [0.2, NAN, NAN, 1.1]])


PASSING = (np.nansum, np.nanprod, np.nanmean, np.nanvar, np.nanmax, np.nanmin, np.nanmedian, np.nancumsum,
           np.nancumprod)  # fmt: skip


@pytest.mark.parametrize("axis", [None, 0, 1, -1])
@pytest.mark.parametrize("fn", PASSING)
def test_a_gap_gets_nothing_and_changes_nothing(fn, axis):
    """The entries that are numbers get what differences say; what is no number gets 0, also in a second derivative."""

    def loss(x):
        return np.sum(np.sin(fn(x, axis=axis)))

    present = np.isfinite(GAPS)
    got = gradgen.grad(loss)(GAPS)
    assert not np.any(got[~present])
    for i in zip(*np.nonzero(present), strict=True):
        step = np.zeros_like(GAPS)
        step[i] = 1e-6
        wanted = (loss(GAPS + step) - loss(GAPS - step)) / 2e-6
        assert got[i] == pytest.approx(wanted, rel=1e-6, abs=1e-8)
    assert gradgen.grad(loss, shapes="x=(n, m)")(GAPS).tolist() == got.tolist()


def test_a_row_of_gaps_alone_gets_nothing():
    x = np.array([[NAN, NAN], [1.0, 2.0]])
    for fn in (np.nansum, np.nanprod):
        with no_warnings():
            assert not np.any(bar(fn, x, axis=1)[0])
    with np.errstate(all="ignore"), pytest.warns(RuntimeWarning):
        assert not np.any(bar(np.nanmax, x, axis=1)[0])


# ---- ties


def test_entries_that_tie_share_a_quantile():
    same(bar(np.median, [1.0, 3.0, 3.0, 3.0, 9.0]), [0.0, 1 / 3, 1 / 3, 1 / 3, 0.0])
    same(bar(np.median, [1.0, 1.0, 2.0, 2.0]), [0.25, 0.25, 0.25, 0.25])
    same(bar(np.quantile, [0.0, 1.0, 1.0, 4.0], 0.75), [0.0, 0.375, 0.375, 0.25])
    same(bar(np.percentile, [5.0, 1.0, 3.0], 0), [0.0, 1.0, 0.0])
    same(bar(np.percentile, [5.0, 1.0, 3.0], 100), [1.0, 0.0, 0.0])


def test_the_first_of_equal_records_holds_it():
    same(bar(np.maximum.accumulate, [1.0, 3.0, 3.0, 2.0, 4.0]), [1.0, 3.0, 0.0, 0.0, 1.0])
    same(bar(np.minimum.accumulate, [2.0, 2.0, 1.0, 1.0]), [2.0, 0.0, 2.0, 0.0])


def test_the_first_of_equal_values_is_the_one_that_unique_took():
    same(bar(np.unique, [3.0, 1.0, 3.0, 1.0, 2.0], g=np.array([1.0, 2.0, 3.0])), [3.0, 1.0, 0.0, 0.0, 2.0])


def test_ties_of_a_partition_are_in_the_order_of_a_stable_sort():
    x = np.array([2.0, 1.0, 2.0, 0.0, 2.0])
    got = bar(np.partition, x, 2, g=np.arange(1.0, 6.0))
    assert sorted(got.tolist()) == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert got[3] == 1.0 and got[1] == 2.0


# ---- ends and corners


def test_interpolation_is_flat_outside_and_has_the_slope_after_a_point():
    xp, fp = np.array([0.0, 1.0, 3.0]), np.array([0.0, 2.0, 3.0])
    x_bar, xp_bar, fp_bar, _, _ = bars(np.interp, [-1.0, 0.5, 1.0, 4.0], xp, fp)
    same(x_bar, [0.0, 2.0, 0.5, 0.0])
    same(fp_bar, [1.5, 1.5, 1.0])
    same(xp_bar, [-1.0, -1.5, 0.0])


def test_lengths_and_angles_at_zero():
    with no_warnings():
        same(bar(np.hypot.reduce, [0.0, 0.0]), [0.0, 0.0])
        same(bar(np.angle, np.array([0.0 + 0.0j])), [0.0])
        same(bar(np.logaddexp.reduce, [-INF, -INF]), [0.0, 0.0])
        same(bar(np.i0, [0.0]), [0.0])


def test_huber_at_its_corner_and_at_zero():
    with no_warnings():
        delta_bar, r_bar = bars(sp.huber, np.full(3, 1.0), [0.0, 1.0, -2.0])
        same(r_bar, [0.0, 1.0, -1.0])
        same(delta_bar, [0.0, 0.0, 1.0])
        same(bars(sp.pseudo_huber, [1.0], [0.0])[1], [0.0])


def test_nothing_is_divided_by_zero_where_x_log_y_is_zero():
    with no_warnings():
        same(bars(sp.xlogy, [0.0, 2.0], [0.5, 2.0])[1], [0.0, 1.0])
        same(bars(sp.xlog1py, [0.0, 2.0], [-0.5, 1.0])[1], [0.0, 1.0])
    with np.errstate(all="ignore"):
        same(bars(sp.xlogy, [0.0], [0.0])[1], [0.0])
        assert bar(sp.entr, [0.0])[0] == INF


def test_limits_at_single_points():
    with no_warnings():
        same(bar(sp.exprel, [0.0]), [0.5])
        same(bar(sp.spence, [1.0]), [-1.0])
        same(bar(sp.ellipk, [0.0]), [math.pi / 8.0])
        same(bar(sp.ellipe, [0.0]), [-math.pi / 8.0])
        same(bars(sp.boxcox, [2.0], [0.0])[1], [0.5 * math.log(2.0) ** 2])
        same(bar(sp.rgamma, [0.0, -1.0, -2.0]), [1.0, -1.0, 2.0])
        same(bars(sp.eval_legendre, 3, [-1.0, 1.0])[1], [6.0, 6.0])


def test_the_tails_of_the_normal_distribution():
    x = np.array([-1e8, -40.0, 0.0, 40.0])
    with no_warnings():
        same(bar(sp.log_ndtr, x), [1e8, 40.024968847207226, math.sqrt(2.0 / math.pi), 0.0], rtol=1e-12)


def test_a_density_gets_nothing_outside_of_its_support():
    with no_warnings():
        x_bar, loc_bar, scale_bar = bars(st.expon.logpdf, np.array([-1.0, 2.0]), np.zeros(2), np.ones(2))
        same(x_bar, [0.0, -1.0])
        same(loc_bar, [0.0, 1.0])
        same(scale_bar, [0.0, 1.0])
        same(bars(st.uniform.pdf, np.array([-1.0, 0.5]), np.zeros(2), np.full(2, 2.0))[2], [0.0, -0.25])


# ---- what does not stay in the other side of `where`


@pytest.mark.parametrize("fn", [sp.entr, sp.logit, sp.gammaln, sp.ndtri, sp.exp1])
def test_a_side_that_is_not_taken_contributes_nothing(fn):
    """Also where its derivative is infinite, and through a sum."""

    def f(x):
        return np.sum(np.where(x > 0.1, fn(x), 0.0))

    def of_rows(x):
        return np.sum(np.where(x[:, 0] > 0.1, fn(x).sum(axis=1), 0.0))

    x = np.array([0.0, 0.5])
    with np.errstate(all="ignore"):
        for options in ({}, {"shapes": "x=(n,)"}):
            got = gradgen.grad(f, **options)(x)
            assert got[0] == 0.0 and np.isfinite(got[1]) and got[1] != 0.0
        for options in ({}, {"shapes": "x=(n, m)"}):
            got = gradgen.grad(of_rows, **options)(np.array([[0.0, 0.0], [0.5, 0.4]]))
            assert not np.any(got[0]) and np.isfinite(got).all()


# ---- real and complex


def test_a_real_signal_has_a_real_gradient():
    """Whatever the transform does to its length."""

    def power(x, n):
        return np.sum(np.abs(np.fft.fft(x, n)) ** 2 * np.arange(n))

    x = np.array([0.3, -1.0, 2.0, 0.5])
    for n in (3, 4, 6):
        got = gradgen.grad(lambda x: power(x, n))(x)
        steps = 1e-6 * np.eye(4)
        wanted = [(power(x + h, n) - power(x - h, n)) / 2e-6 for h in steps]
        assert got.dtype == float
        np.testing.assert_allclose(got, wanted, rtol=1e-7, atol=1e-7)
