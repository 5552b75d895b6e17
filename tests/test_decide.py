"""Conditions on what a parameter is: decided where that is known, else a branch that is right on both sides."""

import re

import numpy as np
import pytest

import gradgen
from gradgen import grad
from tests.test_programs import load

X, W = np.arange(1.0, 7.0).reshape(2, 3), np.arange(1.0, 4.0)


def written(f, shapes, **options):
    source = grad(f, shapes=shapes, **options).source
    namespace = {}
    exec(source, namespace)
    return namespace[f"grad_{f.__name__}"], source


def statement(x, c=None):
    if c is None:
        c = np.ones(3)
    return np.sum(x * x * c)


def expression(x, c=None):
    scale = 1.0 if c is None else c
    return np.sum(x * x * scale)


def reverse(x, c=None):
    if c is not None:
        x = x * c
    return np.sum(x * x)


def negated(x, c=None):
    if not c is None:  # noqa: E714
        x = x * c
    return np.sum(x * x)


def both(x, c=None):
    if c is not None and np.sum(c) > 0.0:
        x = x + c
    return np.sum(x * x)


def either(x, c=None):
    if c is None or np.sum(c) < 0.0:
        return np.sum(x)
    return np.sum(x * x * c)


def early(x, c=None):
    if c is None:
        return np.sum(x**3)
    return c @ x


def helper(x, c=None):
    return np.sum(_scaled(x, c) * x) + _scaled(x)[0]


def _scaled(v, c=None):
    return v if c is None else v * c


OPTIONAL = [statement, expression, reverse, negated, both, either, early, helper]


def differences(f, *args):
    h, (x, *rest) = 1e-6, args
    return np.array([(f(x + e, *rest) - f(x - e, *rest)) / (2 * h) for e in h * np.eye(len(x))])


@pytest.mark.parametrize("f", OPTIONAL, ids=lambda f: f.__name__)
@pytest.mark.parametrize("args", [(W,), (W, None), (W, W + 1.0), (W, -W)], ids=["left out", "None", "given", "minus"])
def test_an_optional_argument(f, args):
    """In memory the condition is decided; a written module may be called either way, and both are right."""
    wanted = differences(f, *args)
    np.testing.assert_allclose(grad(f)(*args), wanted, rtol=1e-6)
    for shapes in ("", "x=(n,)"):
        np.testing.assert_allclose(written(f, shapes)[0](*args), wanted, rtol=1e-6)


@pytest.mark.parametrize("f", OPTIONAL, ids=lambda f: f.__name__)
def test_what_is_declared_is_not_none(f):
    d, source = written(f, "x=(n,), c=(n,)")
    np.testing.assert_allclose(d(W, W), differences(f, W, W), rtol=1e-6)
    assert not re.search(r"^ *\w.*is (not )?None", source, re.MULTILINE)


def test_an_example_that_leaves_it_out_does_not_decide():
    d, _ = written(statement, "", example=(W, None))
    np.testing.assert_allclose(d(W, W), 2.0 * W * W)
    np.testing.assert_allclose(d(W), 2.0 * W)


def test_or_gives_the_operand():
    def f(x, c=None):
        return np.sum(x * x * (c or 2.0))

    assert grad(f)(W).tolist() == (4.0 * W).tolist()
    assert grad(f)(W, None).tolist() == (4.0 * W).tolist()
    assert grad(f)(W, 3.0).tolist() == (6.0 * W).tolist()
    assert grad(f)(W, 0.0).tolist() == (4.0 * W).tolist()
    d, _ = written(f, "x=(n,)")
    assert [d(W)[1], d(W, 3.0)[1], d(W, 0.0)[1]] == [8.0, 12.0, 8.0]


def by_rank(x):
    if x.ndim == 1:
        x = x[None, :]
    return np.sum(x[0] * x[0])


def by_length_of_shape(x):
    if len(x.shape) < 2:
        x = x[None, :]
    return np.sum(x[0] * x[0])


def by_function(x):
    return np.sum(x[0] * x[0]) if np.ndim(x) == 2 else np.sum(x * x)


def by_size(x):
    if x.shape[-1] != 3 or np.shape(x)[0] == 3:
        return np.sum(x * x)
    return np.sum(x[0] * x[0])


def by_type(x):
    if isinstance(x, (float, int)) or np.isscalar(x):
        return x * x
    if isinstance(x, np.ndarray) and hasattr(x, "shape") and not callable(x):
        return np.sum(x * x) if x.ndim == 1 else np.sum(x[0] ** 2)
    return np.sum(np.sort(x))


@pytest.mark.parametrize("f", [by_rank, by_length_of_shape, by_function, by_size, by_type], ids=lambda f: f.__name__)
@pytest.mark.parametrize("x, shapes", [(W, "x=(3,)"), (X, "x=(2, 3)")], ids=["vector", "matrix"])
def test_what_is_known_of_an_array_decides(f, x, shapes):
    wanted = 2.0 * x
    wanted[1:] *= x.ndim == 1
    np.testing.assert_allclose(grad(f)(x), wanted)
    np.testing.assert_allclose(written(f, "")[0](x), wanted)
    d, source = written(f, shapes)
    np.testing.assert_allclose(d(x), wanted)
    assert not re.search(r"^ *(if (?!not |x\.)|else|elif)", source, re.MULTILINE)
    with pytest.raises(ValueError, match="is written for"):
        d(x[None])


def test_numbers_are_asked_what_they_are():
    """A scalar may be Python's or NumPy's: that is decided when it comes."""

    def f(x, y):
        return x * y if isinstance(x, float) else 3.0 * x

    d, _ = written(f, "x=(), y=()")
    assert d(2.0, 5.0) == 5.0 and d(np.array(2.0), 5.0) == 3.0 and d(2, 5.0) == 3.0
    assert grad(f)(2.0, 5.0) == 5.0 and grad(f)(np.array(2.0), 5.0) == 3.0


def test_a_side_that_is_not_taken_need_not_be_understood():
    def f(x):
        if x.ndim == 2:
            return np.sum(np.polydiv(x[0], x[1])[0])
        return np.sum(x * x)

    assert grad(f)(W).tolist() == [2.0, 4.0, 6.0]
    assert "polydiv" not in grad(f, shapes="x=(n,)").source
    with pytest.raises(gradgen.NoRuleError, match="polydiv"):
        grad(f)(X)


def test_checks_of_the_users_stay():
    def f(x):
        if x.ndim != 1:
            raise ValueError("a vector, please")
        return np.sum(x * x)

    d, _ = written(f, "x=(n,)", guards=False)
    with pytest.raises(ValueError, match="a vector, please"):
        d(X)


def test_the_other_operands_are_asked_only_where_python_would():
    def f(x, c=None):
        y = x * c if c is not None and c[0] > 1.0 else x
        return np.sum(y * y)

    for d in (grad(f), written(f, "x=(n,)")[0]):
        assert d(W).tolist() == (2.0 * W).tolist()
        assert d(W, W).tolist() == (2.0 * W).tolist()
        assert d(W, 2.0 * W).tolist() == (8.0 * W**3).tolist()


@pytest.mark.parametrize("same", [True, False])
def test_a_comparison_of_pythons_numbers_is_one_of_its_truth_values(same):
    def f(x, n):
        large = n > 1
        if (large is True) == same:
            return x[0] ** 2
        if isinstance(large, np.bool_):
            return x[0] * x[1]
        return x[1] ** 2

    x = np.array([0.7, 0.4])
    for n in (1, 2, np.int64(1), np.float64(2.0)):
        wanted = [(f(x + e, n) - f(x - e, n)) / 2e-6 for e in 1e-6 * np.eye(2)]
        np.testing.assert_allclose(gradgen.grad(f, wrt="x")(x, n), wanted, rtol=1e-6)
        d, _ = written(f, "x=(2,)", wrt="x")
        np.testing.assert_allclose(d(x, n), wanted, rtol=1e-6)


@pytest.mark.parametrize("a", [None, 1.0])
@pytest.mark.parametrize("b", [None, 1.0])
def test_conditions_of_several_parts_are_what_python_makes_of_them(a, b):
    """All ways to join three parts, known or not."""
    parts = ["a is None", "b is not None", "x[0] > 0.5", "len(x) == 2", "(a is not None or b is None)"]
    tests = [f"{p} {one} {q} {other} {r}" for p in parts for q in parts for r in parts
             for one in ("and", "or") for other in ("and", "or")]  # fmt: skip
    chosen = np.random.default_rng(0).choice(tests, 40, replace=False)
    lines = "".join(f"    if {test}:\n        t = t + {i + 1}.0 * x[{i % 2}]\n" for i, test in enumerate(chosen))
    module = load(f"import numpy as np\n\n\ndef f(x, a=None, b=None):\n    t = 0.0 * x[0]\n{lines}    return t\n")
    for x in (np.array([0.3, 0.7]), np.array([0.7, 0.3])):
        wanted = [(module.f(x + e, a, b) - module.f(x - e, a, b)) / 2e-6 for e in 1e-6 * np.eye(2)]
        np.testing.assert_allclose(grad(module.f, wrt="x")(x, a, b), wanted, rtol=1e-6)


def classes_of_numbers(x):
    """Of all ways to come by a number without axes: whether it is an array, or which of the numbers."""
    parts = (
        np.exp(np.array(0.5) * x[0]), -np.array(x[1]), np.round(np.array(x[0]), 2), np.nan_to_num(x[0]), np.real(x[0]),
        np.cumsum(x)[1], np.trace(np.outer(x, x)), np.prod(x), np.std(x), np.median(x), np.where(x[0] > 0, x[0], 2.0),
        np.clip(x[0], 0, 1), np.maximum(x[0], x[1]).copy(), np.atleast_1d(x[0]).squeeze(), np.linalg.norm(x), x[0],
        np.interp(x[0], [0.0, 1.0], [0.0, 2.0]), np.select([x[0] > 0], [x[0]], 0.0), np.take(x, 0), sum(x), max(x),
        np.linalg.det(np.outer(x, x) + np.eye(2)), np.quantile(x, 0.3), np.float64(x[0]), np.asarray(x[0]), float(x[0]),
    )  # fmt: skip
    total = 0.0
    for i, part in enumerate(parts):
        if isinstance(part, np.ndarray):
            total = total + part * x[1] * (i + 1.0)
        elif isinstance(part, np.float64):
            total = total + part * 3.0 * (i + 1.0)
        else:
            total = total + part * 7.0 * (i + 1.0)
    return total


@pytest.mark.parametrize("shapes", ["", "x=(2,)"])
def test_the_class_of_a_number_is_what_numpy_makes(shapes):
    x = np.array([0.7, 0.4])
    wanted = [(classes_of_numbers(x + e) - classes_of_numbers(x - e)) / 2e-6 for e in 1e-6 * np.eye(2)]
    np.testing.assert_allclose(grad(classes_of_numbers, shapes=shapes)(x), wanted, rtol=1e-5)


def test_an_array_without_axes_that_is_written_is_one():
    def f(x):
        y = np.array(x[0])
        y += 1.0
        return y * x[1] if isinstance(y, np.ndarray) else y * 7.0

    np.testing.assert_allclose(grad(f)(np.array([0.7, 0.4])), [0.4, 1.7])
