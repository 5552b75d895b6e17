"""Rules of `scipy.signal`: filters along an axis, and other functions that are linear in their signal. Real signals.

A filter run from the end is the transposed one. One that begins in the state that a constant signal leaves, as those
do which run there and back, is the filter of what the signal differs from its first entry, and that times the gain.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy
import scipy.ndimage as nd
import scipy.signal as sg

from ...errors import NoRuleError
from ...graph import type_of
from ...shapes import Facts, Type, join_kinds
from ..fourier import asked, back, fitted, transformed
from ..primitives import apply, length, setitem, unbroadcast
from ..primitives import dtype as dtype_of
from ..product_snippets import like_third
from ..registry import Unknown, bprop, primitive, refuse
from ..sizes import size_of
from ..snippets import like_first, like_second
from .ndimage import along_axis
from .signal import real_only

# ---- filters


def one(like: Any) -> Any:
    """The filter that changes nothing, in the precision of `like`."""
    return apply(np.ones, 1, dtype=dtype_of(like))


def _lagged_rule(h: Any, out: Any, w: Any, x: Any, like: Any, *, axis: int) -> Any:
    """Either is filtered by `h`, `w` forwards and `x` from its end."""
    from_the_end = apply(sg.lfilter, h, one(h), np.flip(w, axis), axis=axis)
    return apply(sg.lfilter, h, one(h), x, axis=axis), np.flip(from_the_end, axis), None


@primitive(signature="w, x, like, axis=-1", inputs="w x like", infer=like_third, rule=_lagged_rule)
def lagged_sums(w: Any, x: Any, like: Any, axis: int = -1) -> Any:
    """For each lag k below the length of `like` the sum of `w` times `x` read k places before, along `axis`."""
    w, x = np.moveaxis(w, axis, 0), np.moveaxis(x, axis, 0)
    out = np.zeros(len(like), np.result_type(w, x))
    for k in range(min(len(out), len(w))):
        out[k] = np.sum(w[k:] * x[: len(x) - k])
    return out


def _along(facts: Facts, x: Any) -> Type:
    return Type(join_kinds("float", type_of(x).kind), type_of(x).shape, array=True)


def _filtered_type(facts: Facts, b: Any, a: Any, x: Any, zi: Any, *, axis: int) -> Any:
    t = _along(facts, x)
    return t if zi is None else [t, Type(t.kind, type_of(zi).shape, array=True)]


def _lfilter_samples(rng: np.random.Generator) -> list[Any]:
    sizes = ((3, 2, (6,), -1), (1, 3, (5,), 0), (4, 1, (2, 5), -1), (2, 3, (4, 2), 0))
    return [((rng.normal(size=m), np.array([1.3, 0.4, -0.2][:n]), rng.normal(size=s)), {"axis": axis})
            for m, n, s, axis in sizes]  # fmt: skip


@bprop(sg.lfilter, signature="b, a, x, axis=-1, zi=None", inputs="b a x zi", infer=_filtered_type,
       samples=_lfilter_samples)  # fmt: skip
def lfilter(g, out, b, a, x, zi, *, axis):
    """The filter, run from the end. With w = g filtered by 1 / a: b gets the sums of w x, a minus those of w out.

    The state at the beginning is added to the first entries, times a[0]; that at the end has no rule.
    """
    real_only(b, a, x)
    if zi is not None:
        if g[1] is not None:
            raise NoRuleError("the state in which scipy.signal.lfilter ends is not differentiated",
                              advice="filter all of the signal at once")  # fmt: skip
        g, out = g[0], out[0]
    turned = np.flip(g, axis)
    w = np.flip(apply(sg.lfilter, one(g), a, turned, axis=axis), axis)
    x_bar = np.flip(apply(sg.lfilter, b, a, turned, axis=axis), axis)
    a_bar = -lagged_sums(w, out, a, axis=axis)
    if zi is None:
        return lagged_sums(w, x, b, axis=axis), a_bar, x_bar, None
    begun = fitted(w, zi, axes=(axis,))
    a_bar = setitem(a_bar, 0, a_bar[0] + np.sum(begun * zi))
    return lagged_sums(w, x, b, axis=axis), a_bar, x_bar, unbroadcast(a[0] * begun, zi)


_COEFFICIENTS = Unknown("filters that run there and back, or in sections, are differentiated by their signal only",
                        "use scipy.signal.lfilter, or pass the coefficients as an argument that is no target")


SECTIONS = ((0.2, 0.4, 0.2, 1.0, -0.5, 0.3), (0.5, 0.5, 0.0, 1.0, 0.4, 0.0))


def _without_state(facts: Facts, x: Any, zi: Any) -> Type:
    if zi is not None:
        raise TypeError("scipy.signal.sosfilt with zi= is not differentiated; use scipy.signal.lfilter")
    return _along(facts, x)


@bprop(sg.sosfilt, signature="sos, x, axis=-1, zi=None", inputs="sos x",
       infer=lambda facts, sos, x, *, zi, **_: _without_state(facts, x, zi),
       samples=lambda rng: [((SECTIONS, rng.normal(size=s)), {"axis": axis}) for s, axis in (((6,), -1), ((5, 2), 0))])
def sosfilt(g, out, sos, x, *, axis, **_):
    """The filter, run from the end."""
    real_only(sos, x)
    return _COEFFICIENTS, np.flip(apply(sg.sosfilt, sos, np.flip(g, axis), axis=axis), axis)


# ---- filters there and back


def ends_folded(g: Any, n: int, padtype: Any) -> Any:
    """The cotangent of an array that was extended along its first axis by `n` entries at either end."""
    if n == 0:
        return g
    out = np.array(g[n:-n])
    before, after = g[:n][::-1], g[-n:][::-1]
    if padtype == "constant":
        out[0] += before.sum(axis=0)
        out[-1] += after.sum(axis=0)
        return out
    sign = -1.0 if padtype == "odd" else 1.0
    out[1 : n + 1] += sign * before
    out[-n - 1 : -1] += sign * after
    if padtype == "odd":
        out[0] += 2.0 * before.sum(axis=0)
        out[-1] += 2.0 * after.sum(axis=0)
    return out


def back_and_forth(g: Any, run: Any, gain: Any, n: int, padtype: Any) -> Any:
    """The transposed of a filter that runs there and back along the first axis of what is extended by `n` entries.

    It begins in the state that a constant signal leaves: u is filtered to run(u - u[0]) + gain u[0].
    """
    wide = np.zeros((len(g) + 2 * n, *g.shape[1:]), g.dtype)
    wide[n : n + len(g)] = g
    for _ in range(2):
        wide = wide[::-1]
        sent = run(wide[::-1])[::-1]
        sent[0] += gain * wide.sum(axis=0) - sent.sum(axis=0)
        wide = sent
    return ends_folded(wide, n, padtype)


def _there_and_back_rule(fn: Any, count: int) -> Any:
    """The function itself."""
    return lambda h, out, g, *coefficients, **options: (apply(fn, *coefficients, h, **options), *[None] * count)


@primitive(signature="g, b, a, axis=-1, padtype='odd', padlen=None", inputs="g b a", infer=like_first,
           rule=_there_and_back_rule(sg.filtfilt, 2))  # fmt: skip
def filtfilt_bar(g: Any, b: Any, a: Any, axis: int = -1, padtype: Any = "odd", padlen: Any = None) -> Any:
    """The cotangent of the signal in `scipy.signal.filtfilt`, of which it is the transposed filter."""
    b, a = np.atleast_1d(b), np.atleast_1d(a)
    n = 0 if padtype is None else 3 * max(len(a), len(b)) if padlen is None else padlen
    gain = np.sum(b) / np.sum(a)
    out = back_and_forth(np.moveaxis(g, axis, 0), lambda u: scipy.signal.lfilter(b, a, u, axis=0), gain, n, padtype)
    return np.moveaxis(out, 0, axis)


@primitive(signature="g, sos, axis=-1, padtype='odd', padlen=None", inputs="g sos", infer=like_first,
           rule=_there_and_back_rule(sg.sosfiltfilt, 1))  # fmt: skip
def sosfiltfilt_bar(g: Any, sos: Any, axis: int = -1, padtype: Any = "odd", padlen: Any = None) -> Any:
    """The cotangent of the signal in `scipy.signal.sosfiltfilt`, of which it is the transposed filter."""
    sos = np.atleast_2d(sos)
    taps = 2 * len(sos) + 1 - min(np.sum(sos[:, 2] == 0), np.sum(sos[:, 5] == 0))
    n = 0 if padtype is None else int(3 * taps) if padlen is None else padlen
    gain = np.prod(np.sum(sos[:, :3], axis=1) / np.sum(sos[:, 3:], axis=1))
    out = back_and_forth(np.moveaxis(g, axis, 0), lambda u: scipy.signal.sosfilt(sos, u, axis=0), gain, n, padtype)
    return np.moveaxis(out, 0, axis)


def _both_ways(rng: np.random.Generator, *coefficients: Any) -> list[Any]:
    options: list[dict[str, Any]] = [{}, {"padtype": "even"}, {"padtype": "constant", "padlen": 4}, {"padtype": None}]
    options += [{"padlen": 0}, {"padlen": 5}]
    calls = [((*coefficients, rng.normal(size=20)), o) for o in options]
    return [*calls, ((*coefficients, rng.normal(size=(17, 2))), {"axis": 0})]


def _no_gust(facts: Facts, x: Any, method: str) -> Type:
    if method != "pad":
        raise TypeError(f"scipy.signal.filtfilt with method={method!r} is not differentiated; use method='pad'")
    return _along(facts, x)


@bprop(sg.filtfilt, signature="b, a, x, axis=-1, padtype='odd', padlen=None, method='pad', irlen=None", inputs="b a x",
       infer=lambda facts, b, a, x, *, method, **_: _no_gust(facts, x, method),
       samples=lambda rng: _both_ways(rng, (0.2, 0.3, 0.1), (1.2, -0.5)))  # fmt: skip
def filtfilt(g, out, b, a, x, *, axis, padtype, padlen, **_):
    """See `filtfilt_bar`."""
    real_only(b, a, x)
    return _COEFFICIENTS, _COEFFICIENTS, filtfilt_bar(g, b, a, axis=axis, padtype=padtype, padlen=padlen)


@bprop(sg.sosfiltfilt, signature="sos, x, axis=-1, padtype='odd', padlen=None", inputs="sos x",
       infer=lambda facts, sos, x, **_: _along(facts, x), samples=lambda rng: _both_ways(rng, SECTIONS))  # fmt: skip
def sosfiltfilt(g, out, sos, x, *, axis, padtype, padlen):
    """See `sosfiltfilt_bar`."""
    real_only(sos, x)
    return _COEFFICIENTS, sosfiltfilt_bar(g, sos, axis=axis, padtype=padtype, padlen=padlen)


# ---- smoothing by polynomials


@primitive(signature="g, window_length, polyorder, deriv=0, delta=1.0, axis=-1", inputs="g", infer=like_first,
           rule=lambda h, out, g, *, window_length, polyorder, **o: apply(sg.savgol_filter, h, window_length, polyorder,
                                                                          **o))  # fmt: skip
def savgol_bar(
    g: Any, window_length: int, polyorder: int, deriv: int = 0, delta: float = 1.0, axis: int = -1
) -> Any:
    """The cotangent of the signal in `scipy.signal.savgol_filter`: near its ends one polynomial serves for all."""
    options = (window_length, polyorder, deriv, delta)
    n, half = window_length, window_length // 2
    ends = scipy.signal.savgol_filter(np.eye(n), *options, axis=0)
    g = np.moveaxis(g, axis, 0)
    middle = np.array(g)
    middle[:half] = middle[len(g) - half :] = 0.0
    weights = scipy.signal.savgol_coeffs(*options)
    out = scipy.ndimage.correlate1d(middle, weights, axis=0, mode="constant")
    out[:n] += np.tensordot(ends[:half].T, g[:half], 1)
    out[-n:] += np.tensordot(ends[n - half :].T, g[len(g) - half :], 1)
    return np.moveaxis(out, 0, axis)


_SAVGOL = "window_length, polyorder, deriv=0, delta=1.0"


@primitive(signature="x, window_length, polyorder, deriv=0, delta=1.0", inputs="x", differentiable=False, cheap=True,
           infer=lambda facts, x, *, window_length, **_: Type("float", (window_length,), array=True))  # fmt: skip
def savgol_weights(x: Any, window_length: int, polyorder: int, deriv: int = 0, delta: float = 1.0) -> Any:
    """The weights of `scipy.signal.savgol_filter`, in the precision of `x`."""
    weights = scipy.signal.savgol_coeffs(window_length, polyorder, deriv=deriv, delta=delta)
    return weights.astype(np.result_type(x, 0.0))


@bprop(sg.savgol_filter, signature=f"x, {_SAVGOL}, axis=-1, mode='interp', cval=0.0", inputs="x",
       infer=lambda facts, x, **_: _along(facts, x),
       samples=lambda rng: [((rng.normal(size=s), n, 2), {"axis": axis, "mode": mode, "deriv": d})
                            for s, axis in (((9,), -1), ((7, 2), 0)) for n, d in ((5, 0), (4, 1))
                            for mode in ("interp", "nearest", "constant")])  # fmt: skip
def savgol_filter(g, out, x, *, window_length, polyorder, deriv, delta, axis, mode, cval):
    """The filter with its weights turned round; see `savgol_bar` for the ends."""
    real_only(x)
    options = {"deriv": deriv, "delta": delta}
    if mode == "interp":
        return savgol_bar(g, window_length, polyorder, **options, axis=axis)
    weights = savgol_weights(x, window_length, polyorder, **options)
    return along_axis(nd.correlate1d)(g, out, x, weights, axis=axis, mode=mode, cval=cval, origin=0)[0]


# ---- other functions that are linear


@bprop(sg.detrend, signature="data, axis=-1, type='linear', bp=0, overwrite_data=False", inputs="data",
       infer=lambda facts, data, **_: _along(facts, data),
       samples=lambda rng: [((rng.normal(size=s),), {"axis": axis, "type": type, "bp": bp})
                            for s, axis in (((7,), -1), ((6, 2), 0))
                            for type, bp in (("linear", 0), ("constant", 0), ("linear", (3,)))])  # fmt: skip
def detrend(g, out, data, *, axis, type, bp, **_):
    """A projection at a right angle, which is its own transposed."""
    real_only(data)
    return apply(sg.detrend, g, axis=axis, type=type, bp=bp)


@bprop(sg.hilbert, signature="x, N=None, axis=-1", inputs="x",
       infer=lambda facts, x, *, N, axis: transformed(facts, x, {axis: asked(x, N, axis)}, "complex"),
       samples=lambda rng: [((rng.normal(size=s),), {"N": n, "axis": axis})
                            for s, axis in (((6,), -1), ((5, 2), 0)) for n in (None, 4, 8)])  # fmt: skip
def hilbert(g, out, x, *, N, axis):
    """The real part is the signal; the imaginary one has the opposite sign when it is transposed."""
    real_only(x)
    sent = np.real(g) + np.imag(apply(sg.hilbert, np.imag(g), axis=axis))
    return back(sent, x, N, axis)


def alternating(x: Any) -> Any:
    """The part of `x` that changes its sign from entry to entry along the first axis."""
    signs = (-1.0) ** np.arange(len(x))
    return np.multiply.outer(signs, np.tensordot(signs, x, 1) / len(x)).astype(x.dtype)


@primitive(signature="g, x, axis=0", inputs="g x", infer=like_second,
           rule=lambda h, out, g, x, *, axis: (apply(sg.resample, h, length(g, axis), axis=axis), None))  # fmt: skip
def resample_bar(g: Any, x: Any, axis: int = 0) -> Any:
    """The cotangent of `x` in `scipy.signal.resample`: resampled back, the highest frequency of an even number of
    entries being halved on the way up, and doubled on the way down."""
    g, n = np.moveaxis(g, axis, 0), x.shape[axis]
    m = len(g)
    if m < n and m % 2 == 0:
        g = g + alternating(g)
    out = scipy.signal.resample(g, n) * np.result_type(g).type(m / n)
    if n < m and n % 2 == 0:
        out -= 0.5 * alternating(out)
    return np.moveaxis(out, 0, axis)


def _resampled_type(facts: Facts, x: Any, num: Any, *, axis: int, t: Any, window: Any, domain: str) -> Type:
    if t is not None or window is not None or domain != "time":
        raise TypeError("scipy.signal.resample with t=, window= or domain= is not differentiated; leave them out")
    return transformed(facts, x, {axis: size_of(num)}, join_kinds("float", type_of(x).kind))


@bprop(sg.resample, signature="x, num, t=None, axis=0, window=None, domain='time'", inputs="x num", reals=True,
       infer=_resampled_type, samples=lambda rng: [((rng.normal(size=s), m), {"axis": axis})
                                                   for s, axis in (((5,), 0), ((6,), 0), ((2, 6), -1))
                                                   for m in (4, 5, 6, 7, 8)])  # fmt: skip
def resample(g, out, x, num, *, axis, **_):
    """See `resample_bar`."""
    real_only(x)
    return resample_bar(g, x, axis=axis), None


# ---- refused, and why

BY_FILTERS = "write it with scipy.signal.lfilter, scipy.signal.convolve and np.fft"
BEFOREHAND = "make the filter beforehand, and pass its coefficients as an argument that is no target"
ASIDE = "keep it beside what is differentiated, or pass its result as an argument"
refuse(sg, "wiener medfilt medfilt2d order_filter upfirdn resample_poly decimate hilbert2 envelope stft istft welch "
       "spectrogram periodogram csd coherence lombscargle deconvolve lfiltic lfilter_zi sosfilt_zi symiirorder1 "
       "symiirorder2 spline_filter cspline1d cspline1d_eval cspline2d qspline1d qspline1d_eval qspline2d sepfir2d czt "
       "zoom_fft minimum_phase vectorstrength savgol_coeffs", "gradgen has no rule for it", BY_FILTERS)  # fmt: skip
refuse(sg, "find_peaks find_peaks_cwt argrelextrema argrelmax argrelmin peak_prominences peak_widths",
       "it gives indices", "use what it gives as an index, or pass it as an argument")  # fmt: skip
refuse(sg, "iirdesign iirfilter butter buttap buttord cheby1 cheb1ap cheb1ord cheby2 cheb2ap cheb2ord ellip ellipap "
       "ellipord bessel besselap iirnotch iirpeak iircomb gammatone firls firwin firwin2 firwin_2d remez kaiserord "
       "kaiser_beta kaiser_atten band_stop_obj bilinear bilinear_zpk lp2bp lp2bp_zpk lp2bs lp2bs_zpk lp2hp lp2hp_zpk "
       "lp2lp lp2lp_zpk normalize tf2zpk zpk2tf tf2sos sos2tf sos2zpk zpk2sos tf2ss ss2tf zpk2ss ss2zpk residue "
       "residuez invres invresz unique_roots cont2discrete place_poles findfreqs", "it makes or changes a filter",
       BEFOREHAND)  # fmt: skip
refuse(sg, "freqz freqs freqz_zpk freqs_zpk freqz_sos sosfreqz group_delay", "gradgen has no rule for it",
       "write the quotient of two np.polyval at np.exp(1j * w)")  # fmt: skip
refuse(sg, "lti dlti StateSpace TransferFunction ZerosPolesGain lsim dlsim step dstep impulse dimpulse bode dbode "
       "freqresp dfreqresp ShortTimeFFT CZT ZoomFFT", "it makes a system as an object, or takes one",
       "write the recurrence as a loop, or with scipy.signal.lfilter")  # fmt: skip
refuse(sg, "chirp gausspulse sawtooth square sweep_poly gauss_spline", "gradgen has no rule for it",
       "write it out with np.cos, np.exp and np.where")  # fmt: skip
refuse(sg, "get_window max_len_seq unit_impulse czt_points correlation_lags", "it is made of an integer", ASIDE)
refuse(sg, "check_COLA check_NOLA choose_conv_method closest_STFT_dual_window abcd_normalize test BadCoefficients",
       "what it gives is no number that varies", ASIDE)  # fmt: skip
