"""Filters of SciPy: each rule is the transposed matrix, in all modes, for arrays of any length."""

import numpy as np
import pytest
import scipy.ndimage as nd
import scipy.signal as sg

import gradgen
import gradgen.rules
from gradgen.errors import UnsupportedError
from gradgen.graph import OPERATIONS
from gradgen.reverse import pullback

gradgen.rules.of_libraries()
MODES = ("reflect", "grid-mirror", "mirror", "nearest", "wrap", "grid-wrap", "constant", "grid-constant")
SHAPES = [(1,), (2,), (7,), (1, 3), (4, 2), (2, 3, 4)]


def drawn(rng):
    """A filter, and arguments beside its input."""
    fn = rng.choice([nd.correlate, nd.convolve, nd.correlate1d, nd.convolve1d, nd.gaussian_filter, nd.gaussian_filter1d,
                     nd.gaussian_laplace, nd.uniform_filter, nd.uniform_filter1d, nd.sobel, nd.prewitt,
                     nd.laplace])  # fmt: skip
    shape = SHAPES[rng.integers(len(SHAPES))]
    rank = len(shape)
    axis = int(rng.integers(-rank, rank))
    several = rank > 1 and rng.random() < 0.3
    names = [str(m) for m in rng.choice(MODES, rank)]
    options = {"mode": names if several and not fn.__name__.endswith("1d") else names[0], "cval": float(rng.normal())}
    args = ()
    size = int(rng.integers(1, 6))
    low, high = -(size // 2), (size - 1) // 2
    if fn in (nd.correlate, nd.convolve):
        args, options["mode"] = (rng.normal(size=(size,) * rank),), names[0]
        options["origin"] = tuple(int(rng.integers(low, high + 1)) for _ in range(rank)) if size > 1 else 0
    elif fn in (nd.correlate1d, nd.convolve1d):
        args = (rng.normal(size=size),)
        options |= {"axis": axis, "origin": int(rng.integers(low, high + 1))}
    elif fn in (nd.uniform_filter, nd.uniform_filter1d):
        options |= {"size": size, "origin": int(rng.integers(low, high + 1))}
        options |= {"axis": axis} if fn is nd.uniform_filter1d else {}
    elif fn in (nd.gaussian_filter, nd.gaussian_filter1d):
        args = (float(rng.uniform(0.3, 3.0)),)
        options["order"] = int(rng.integers(3))
        options |= {"axis": axis} if fn is nd.gaussian_filter1d else {}
    elif fn is nd.gaussian_laplace:
        args, options["mode"] = (float(rng.uniform(0.3, 3.0)),), names[0]
    elif fn in (nd.sobel, nd.prewitt):
        options["axis"] = axis
    return fn, shape, args, options


@pytest.mark.parametrize("seed", range(20))
def test_filters_of_images_are_transposed(seed):
    rng = np.random.default_rng(seed)
    for _ in range(25):
        fn, shape, args, options = drawn(rng)
        x, v, g = rng.normal(size=(3, *shape))
        op = OPERATIONS[fn]
        inputs, kept = op.bind((x, *args), options)
        bars = pullback(op, g, op.run(inputs, kept), inputs, kept)
        moved = fn(x + v, *args, **options) - fn(x, *args, **options)
        told = f"{fn} {options}"
        np.testing.assert_allclose(np.sum(bars[0] * v), np.sum(g * moved), rtol=1e-9, atol=1e-10, err_msg=told)
        assert bars[0].shape == shape
        if args and np.ndim(args[0]):  # the weights
            w = rng.normal(size=args[0].shape)
            moved = fn(x, args[0] + w, **options) - fn(x, *args, **options)
            np.testing.assert_allclose(np.sum(bars[1] * w), np.sum(g * moved), rtol=1e-9, atol=1e-10)


def test_filters_that_begin_in_a_state():
    """By all of their arguments, of a signal shorter than the state is long, too."""

    def f(b, a, x, zi):
        return np.sum(sg.lfilter(b, a, x, axis=0, zi=zi)[0] ** 2)

    rng = np.random.default_rng(0)
    for shape in ((7,), (1,), (6, 2)):
        b, a = rng.normal(size=3), np.array([1.3, -0.4, 0.2, 0.1])
        gradgen.check_grad(f, b, a, rng.normal(size=shape), rng.normal(size=(3, *shape[1:])), wrt=("b", "a", "x", "zi"))


def test_filters_there_and_back_are_transposed_near_the_edge_of_stability():
    b, a = sg.butter(2, 0.01)
    sos = sg.butter(5, 0.05, output="sos")

    def by_coefficients(x):
        return sg.filtfilt(b, a, x)

    def by_sections(x):
        return sg.sosfiltfilt(sos, x, padtype="even", padlen=30)

    g = np.random.default_rng(0).normal(size=60)
    for run in (by_coefficients, by_sections):
        _, pullback = gradgen.vjp(run)(g)
        np.testing.assert_allclose(pullback(g), run(np.eye(60)) @ g, rtol=1e-8)


def test_what_is_not_known_is_refused():
    for program, said in (
        (lambda x, s: np.sum(sg.sosfilt([[s, 1, 1, 1, 0.5, 0.3]], x)), "by their signal only"),
        (lambda x, s: np.sum(sg.lfilter([s], [1.0, 0.5], x, zi=np.zeros((3, 1)))[1]), "ends is not differentiated"),
        (lambda x, s: np.sum(sg.filtfilt([s], [1.0, 0.5], x, method="gust")), "method='pad'"),
        (lambda x, s: np.sum(sg.convolve2d(x, x, boundary="wrap")), "boundary='wrap'"),
        (lambda x, s: np.sum(sg.correlate2d(x, x, fillvalue=2)), "fillvalue=2"),
        (lambda x, s: np.sum(sg.welch(x)[1]), "write it with scipy.signal.lfilter"),
        (lambda x, s: np.sum(sg.butter(2, s)[0]), "make the filter beforehand"),
        (lambda x, s: np.sum(nd.gaussian_filter(x, s)), "by its width"),
        (lambda x, s: np.sum(nd.gaussian_laplace(x, s, mode=["wrap", "nearest"])), "one mode"),
        (lambda x, s: np.sum(nd.shift(x, s)), "coefficients of a spline"),
        (lambda x, s: np.sum(nd.median_filter(x, 3)), "picks entries of windows"),
        (lambda x, s: np.sum(nd.uniform_filter(x, 3, output=float)), "output="),
    ):
        with pytest.raises(UnsupportedError, match=said):
            gradgen.grad(program, wrt=("x", "s"))(np.ones((3, 3)), 0.5)
