"""Functions of SciPy that call a function which they are given, or make objects: refused by the name that is called."""

import numpy as np
import pytest
import scipy.integrate as si
import scipy.interpolate as sip
import scipy.optimize as so
import scipy.spatial.distance as sd

import gradgen
from gradgen.errors import UnsupportedError

X = np.array([0.3, 1.2, 0.7, 2.0])


def rate(y, t, k):
    return -k * y


def by_statements(k):
    def f(t):
        return np.exp(-k * t)

    return si.quad(f, 0.0, 1.0)[0]


PROGRAMS = [
    (lambda k: si.quad(lambda t: np.exp(-k * t), 0.0, 1.0)[0], "si.quad", "calls a function as often as it needs"),
    (by_statements, "si.quad", "calls a function as often as it needs"),
    (lambda k: si.quad(rate, 0.0, 1.0, args=(1.0, k))[0], "si.quad", "calls a function as often as it needs"),
    (lambda k: si.odeint(rate, [1.0], X, args=(k,))[-1, 0], "si.odeint", "chooses its steps"),
    (lambda k: si.solve_ivp(lambda t, y: -k * y, (0, 1), [1.0]).y[0, -1], "si.solve_ivp", "chooses its steps"),
    (lambda k: so.brentq(lambda x: x**2 - k, 0.0, 9.0), "so.brentq", "looks for a root"),
    (lambda k: so.newton(lambda x: x**2 - k, 1.0), "so.newton", "looks for a root"),
    (lambda k: so.minimize(lambda x: np.sum((x - k) ** 2), X).x[0], "so.minimize", "looks for a minimum"),
    (lambda k: so.curve_fit(lambda x, a: a * x, X, k * X)[0][0], "so.curve_fit", "looks for a minimum"),
    (lambda k: so.nnls(k * np.eye(4), X)[0][0], "so.nnls", "by leaps"),
    (lambda k: sip.CubicSpline(X, k * X)(0.5), "sip.CubicSpline", "as an object"),
    (lambda k: sip.CubicSpline(X, X)(k), "sip.CubicSpline", "as an object"),
    (lambda k: sip.interp1d(X, k * X)(0.5), "sip.interp1d", "use np.interp"),
    (lambda k: sip.RegularGridInterpolator((X,), k * X)([0.5]), "sip.RegularGridInterpolator", "a surface"),
    (lambda k: sd.cdist(k * np.ones((2, 3)), np.ones((2, 3)), "hamming")[0, 0], "", "metric='hamming'"),
    (lambda k: sd.chebyshev(k * X, X), "sd.chebyshev", "write it with functions of NumPy"),
]


@pytest.mark.parametrize("program, name, said", PROGRAMS)
def test_refused_by_the_name_that_was_called(program, name, said):
    with pytest.raises(UnsupportedError) as caught:
        gradgen.grad(program)(1.3)
    assert name in str(caught.value) and said in str(caught.value)
    assert "scipy/" not in caught.value.span.filename  # the user's own line


def test_a_function_on_the_way_that_varies_with_nothing_is_kept():
    """Also where it reads what the function has computed before, by any name."""

    def f(x, k):
        n = len(x)
        area = si.quad(lambda t: t**n, 0.0, 1.0)[0]
        order = sorted(range(n), key=lambda i: x[i])
        return area * k * x[order[0]]

    x_bar, k_bar = gradgen.grad(f, wrt=("x", "k"))(X, 2.0)
    np.testing.assert_allclose(x_bar, [0.4, 0.0, 0.0, 0.0])
    np.testing.assert_allclose(k_bar, 0.3 / 5.0)


def test_fixed_quad_calls_the_function_on_an_array():
    def f(k, b):
        return si.fixed_quad(lambda t: np.exp(-k * t), 0.0, b, n=6)[0]

    gradgen.check_grad(f, 1.3, 0.8, wrt=("k", "b"))


def test_points_that_are_the_same():
    """The distance of a point from itself has derivative 0, and no division by zero."""
    for metric in ("euclidean", "sqeuclidean", "cityblock", "minkowski"):
        with np.errstate(all="raise"):
            x_bar = gradgen.grad(lambda x: np.sum(sd.cdist(x, x, metric)), shapes="x=(n, d)")(np.ones((3, 2)))
        np.testing.assert_array_equal(x_bar, np.zeros((3, 2)))


Y = np.array([0.5, -1.0, 2.0, 0.3])
PLACES = np.array([0.0, 0.7, 1.5, 2.0])
CURVES = [sip.CubicSpline(PLACES, Y), sip.PchipInterpolator(PLACES, Y), sip.Akima1DInterpolator(PLACES, Y),
          sip.make_interp_spline(PLACES, Y), sip.UnivariateSpline(PLACES, Y, s=0.0)]  # fmt: skip


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: type(curve).__name__)
def test_curves_that_are_made_outside(curve):
    """By the place where they are asked; twice over, of any rank; and refused where they give vectors."""

    def f(x):
        return np.sum(curve(x) ** 2)

    x = np.array([[0.2, 0.9], [1.1, 1.9]])
    gradgen.check_grad(f, x)
    gradgen.check_grad(f, 0.4)


def test_curves_of_vectors_are_refused():
    curve = sip.CubicSpline(PLACES, np.stack([Y, Y], axis=1))
    with pytest.raises(UnsupportedError, match="no derivative of `curve`"):
        gradgen.grad(lambda x: np.sum(curve(x)))(0.3)
