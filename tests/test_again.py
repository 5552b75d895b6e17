"""Gradients within functions that are differentiated in turn: Hessian times vector, penalties on gradients."""

import types

import numpy as np
import pytest

import gradgen
from gradgen import grad

X, V = np.array([0.1, 0.7, 0.4]), np.array([1.0, -0.5, 2.0])


@grad
def slope(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


@gradgen.grad(wrt=("x", "a"))
def slopes(x, a):
    return np.sum(np.sin(x * a) * np.max(x))


def hessian_times_vector(x, v):
    return np.sum(slope(x) * v)


def penalty(x, a):
    by_x, by_a = slopes(x, a)
    return np.sum(by_x**2) + np.sum(by_a**2)


def differences(f, x, h=1e-6):
    return np.array([(f(x + h * e) - f(x - h * e)) / (2 * h) for e in np.eye(x.size)])


def written(made):
    module = types.ModuleType("written")
    exec(made.source, module.__dict__)
    return getattr(module, f"grad_{made.__name__}")


@pytest.mark.parametrize("shapes", ["x=(n,), v=(n,)", ""])
def test_hessian_times_vector(shapes):
    made = grad(hessian_times_vector, wrt="x", shapes=shapes)
    want = differences(lambda x: hessian_times_vector(x, V), X)
    np.testing.assert_allclose(made(X, V), want, rtol=1e-6)
    if shapes:  # it is written for arrays of one axis, with nothing of what any rank would take
        assert "_unbroadcast" not in made.source
        np.testing.assert_allclose(written(made)(X, V), want, rtol=1e-6)


@pytest.mark.parametrize("a", [1.3, np.array([1.0, 2.0, 0.5]), np.array([[1.0], [2.0]])])
def test_a_penalty_on_a_gradient_that_broadcasts(a):
    """What travels with a module is differentiated by its own rule, for whatever it is called with."""
    made = grad(penalty, wrt="x")
    want = differences(lambda x: penalty(x, a), X)
    np.testing.assert_allclose(made(X, a), want, rtol=1e-5)
    np.testing.assert_allclose(written(made)(X, a), want, rtol=1e-5)


def test_a_module_that_was_written_is_differentiated_again(tmp_path, monkeypatch):
    (tmp_path / "slopes_grad.py").write_text(slopes.source, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    import slopes_grad

    def squared(x, a):
        by_x, _ = slopes_grad.grad_slopes(x, a)
        return np.sum(by_x**2)

    a = np.array([[1.0], [2.0]])
    np.testing.assert_allclose(
        grad(squared, wrt="x", adjoint="d{}")(X, a), differences(lambda x: squared(x, a), X), rtol=1e-5
    )
