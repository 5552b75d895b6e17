"""Parameters with stars: what a call gives beyond the others is a tuple and a dict, differentiated like any other."""

import types

import numpy as np
import pytest

from gradgen import check_grad, grad

X, Y = np.array([0.1, 0.5, -0.3]), np.array([0.2, 0.1, 0.4])


def scaled(x, *, scale=2.0, **options):
    return np.sum(x * scale) + options.get("bias", 0.0) * x[0]


def powers(*xs):
    return sum(np.sum(v ** (i + 1)) for i, v in enumerate(xs))


def both(x, *rest, k=1.0, **more):
    t = np.sum(x**2) * k
    for r in rest:
        t += np.sum(r * x)
    for v in more.values():
        t += v * x[0]
    return t


def written(made, name):
    module = types.ModuleType("written")
    exec(made.source, module.__dict__)
    return getattr(module, name)


def test_by_another_parameter():
    e = np.array([1.0, 0.0, 0.0])
    np.testing.assert_allclose(grad(scaled)(X, scale=3.0, bias=0.5), 3.0 + 0.5 * e)
    np.testing.assert_allclose(grad(scaled)(X), 2.0)
    np.testing.assert_allclose(grad(scaled, wrt="scale")(X, scale=3.0), X.sum())
    np.testing.assert_allclose(grad(both)(X, Y, X, k=2.0, a=1.5), 4.0 * X + Y + X + 1.5 * e)
    check_grad(both, X, Y, k=2.0, a=1.5)


def test_by_what_has_stars_itself():
    x_bar, y_bar = grad(powers, wrt="xs")(X, Y)
    np.testing.assert_allclose([x_bar, y_bar], [np.ones(3), 2.0 * Y])
    x_bar, rest_bar, more_bar = grad(both, wrt=("x", "rest", "more"))(X, Y, X, k=2.0, a=1.5)
    assert type(rest_bar) is tuple and list(more_bar) == ["a"]
    np.testing.assert_allclose(rest_bar, [X, X])
    assert more_bar["a"] == X[0]
    assert grad(both, wrt="more")(X, b=1.0, a=2.0) == {"b": X[0], "a": X[0]}


def test_a_module_keeps_the_stars():
    made = grad(both, shapes="x=(n,)")
    text = made.source
    assert "def grad_both(x, *rest, k=1.0, **more):" in text and "`both(x, *rest, k, **more)`" in text
    assert "rest: [" not in text and "isinstance(rest" not in text
    np.testing.assert_allclose(written(made, "grad_both")(X, Y, k=2.0, a=1.5), grad(both)(X, Y, k=2.0, a=1.5))
    np.testing.assert_allclose(written(grad(powers, wrt="xs"), "grad_powers")(X, Y), [np.ones(3), 2.0 * Y])


def test_what_was_not_given_has_no_gradient():
    with pytest.raises(TypeError, match=r"more is differentiated by, .* wrt names other targets"):
        grad(both, wrt="more")(X)


def test_the_parameters_of_a_lambda_in_code_that_is_passed_on():
    def named(x):
        words = sorted(["b", "a"], key=lambda *given, **more: given[0])
        return np.sum(x) * len(words)

    np.testing.assert_allclose(written(grad(named, shapes="x=(n,)"), "grad_named")(X), 2.0)
