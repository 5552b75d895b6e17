"""Branches: only the side that is taken is computed, and only it is differentiated."""

import numpy as np
import pytest

import gradgen
from gradgen.interpret import run
from gradgen.options import make_options
from gradgen.pipeline import graph_of


def sides(x, flag):
    y = np.sin(x) * (np.exp(x) if flag else x**2)
    z = x if flag > 1 else 3.0 * y
    return np.sum(z * y)


def same_on_both(x, flag):
    y = x * x if flag else np.sin(x)
    return np.sum(y * (y if flag else y + 1.0))


def one_is_constant(x, flag):
    scale = 2.0 if flag else x[0]
    return np.sum(scale * x)


def several(x, flag):
    a, b = (x, np.cos(x)) if flag else (np.cos(x), x * x)
    return np.sum(a * b * b)


def nested(x, flag):
    y = (x if flag > 1 else np.tanh(x)) if flag else (np.exp(x) if x[0] > 0.0 else -x)
    return y @ y


def untaken_side_is_not_computed(x, flag):
    y = np.log(-x) if flag > 5 else x
    return np.sum(1.0 / y if flag else np.sqrt(y - 1e9) if flag > 7 else y)


def condition_on_a_value(x, flag):
    s = np.sum(x)
    return s * s if s > flag else -3.0 * s


def inside_a_helper(x, flag):
    return np.sum(_choose(x, flag) * _choose(2.0 * x, flag < 1))


def _choose(v, up):
    return np.exp(v) if up else v * v


def statements(x, flag):
    # comments stay
    y = np.sin(x)
    if flag > 1:
        y = y * np.exp(x)  # so do these
        z = y + 1.0
    elif flag == 1:
        z = x * x
        y = z
    else:
        z = x
    return np.sum(y * z)


def defined_on_one_side(x, flag):
    if flag > 0:
        late = np.exp(x)
    y = x * x
    if flag > 0:
        y = y * late
    return np.sum(y * y)


def early_return(x, flag):
    total = np.sum(x * x)
    if flag == 0:
        return total
    if flag == 1:
        y = np.cos(x)
    else:
        y = x * total
        if x[0] > 0.0:
            return np.sum(y * y)
    return np.sum(y) * total


def return_on_some_ways(x, flag):
    y = np.sin(x)
    if flag > 0:
        z = x * y
        if flag > 1:
            return np.sum(z * z)
    else:
        if x[1] > 0.0:
            return np.sum(y)
        z = y
    w = z * np.exp(-y)
    return np.sum(w) + w[0]


def guards(x, flag):
    if flag < 0:
        raise ValueError("negative")
    elif flag > 1:
        a = x * 2.0
    else:
        a = x * 3.0
        if flag:
            a = a * x
    assert np.all(a > 0.0)
    return np.sum(a * np.tanh(a))


def swapped(x, flag):
    a, b = x, np.exp(x)
    if flag:
        a, b = b, a
    if flag > 1:
        a, b = b * a, a
    return np.sum(a / b + a)


def helper_with_returns(x, flag):
    return np.sum(_piece(x, flag) * _piece(x * x, flag - 1))


def _piece(v, n):
    if n > 0:
        return np.exp(v)
    w = np.sqrt(v)
    if n < 0:
        return w
    return w * v


def in_errstate(x, flag):
    with np.errstate(divide="ignore"):
        if flag:
            return np.sum(1.0 / x)
        y = x / (1.0 + x)
    return np.sum(y)


def a_tuple(x, flag):
    if flag:
        pair = (x, 2.0 * x)
    else:
        pair = (np.sin(x), x)
    first, second = pair
    return np.sum(first * second)


def condition_that_is_a_value(x, flag):
    first = x[0] - 0.31 * flag
    y = x * first if first else x
    return np.sum(y * (first if isinstance(first, float) and first else 1.0))


def two_conditions_on_one_name(x, flag):
    if not flag:
        y = x * x
    else:
        y = np.sin(x)
    if flag is True:
        k = 2
    else:
        k = 3
    return np.sum(y) * k


def numbers(x, flag):
    if flag:
        n, scale = 3, 0.5
    else:
        n, scale = 2, 1.5
    return np.sum(scale * x**2) * n


PROGRAMS = [
    statements, defined_on_one_side, early_return, return_on_some_ways, guards, swapped, helper_with_returns,
    in_errstate, a_tuple, numbers, condition_that_is_a_value,
    two_conditions_on_one_name, sides, same_on_both, one_is_constant, several, nested,
    untaken_side_is_not_computed, condition_on_a_value, inside_a_helper,
]  # fmt: skip


@pytest.mark.parametrize("shapes", ["", "x=(n,), flag=int()"])
@pytest.mark.parametrize("flag", [0, 1, 2])
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
def test_against_differences_and_the_graph(program, flag, shapes):
    x = np.array([0.3, 0.7, 1.1])
    got = gradgen.grad(program, shapes=shapes)(x, flag)
    h = 1e-6
    steps = np.eye(3) * h
    with np.errstate(all="raise"):
        wanted = [(program(x + e, flag) - program(x - e, flag)) / (2 * h) for e in steps]
        gradgen.grad(program, shapes=shapes)(x, flag)
    np.testing.assert_allclose(got, wanted, rtol=1e-6, atol=1e-8)
    assert got.dtype == float and not np.shares_memory(got, x)
    if program is not guards:  # the interpreter does not run statements that it does not know
        graph = graph_of(program, make_options(shapes=shapes))
        np.testing.assert_allclose(np.broadcast_to(run(graph, [x, flag])[0], x.shape), got, rtol=1e-12)


def test_a_conditional_expression_stays_one():
    text = gradgen.grad(sides, shapes="x=(n,), flag=int()").source
    assert "np.exp(x) if flag else x**2" in text


def test_a_part_that_the_backward_pass_reads_is_kept_on_its_side():
    def f(x, flag):
        y = np.sum(np.exp(np.sin(x))) if flag else np.sum(x)
        return 2.0 * y

    text = gradgen.grad(f, shapes="x=(n,), flag=int()").source
    code = [line for line in text.splitlines() if not line.strip().startswith("#")]
    assert sum("np.exp" in line for line in code) == 1


def test_sides_of_different_structure_are_refused():
    def f(x, flag):
        y = (x, x) if flag else x
        return np.sum(y[0])

    with pytest.raises(gradgen.UnsupportedError, match="same structure"):
        _ = gradgen.grad(f).source


def test_a_name_that_is_bound_on_one_side_is_refused():
    def f(x, flag):
        y = (t := x * 2.0) + t if flag else x
        return np.sum(y)

    with pytest.raises(gradgen.UnsupportedError, match="bound inside a conditional"):
        _ = gradgen.grad(f).source


def test_raise_in_a_guard_is_raised():
    with pytest.raises(ValueError, match="negative"):
        gradgen.grad(guards)(np.ones(2), -1)


def test_a_name_that_has_no_value_is_an_error_as_in_the_function():
    def f(x, flag):
        if flag:
            y = x * 2.0
        return np.sum(y * y)

    assert gradgen.grad(f)(np.ones(2), True).tolist() == [8.0, 8.0]
    with pytest.raises(gradgen.UnsupportedError, match="has no value here"):
        gradgen.grad(f)(np.ones(2), False)
    general = gradgen.grad(f, shapes="x=(n,), flag=int()")
    with pytest.raises(UnboundLocalError):
        general(np.ones(2), 0)


def test_things_of_different_kinds_cannot_be_followed():
    def f(x, flag):
        if flag:
            y = (x, x)
        else:
            y = x
        return np.sum(y[0])

    with pytest.raises(gradgen.UnsupportedError, match="not the same kind of thing"):
        _ = gradgen.grad(f).source


def test_not_always_returning():
    def f(x, flag):
        if flag:
            return np.sum(x)

    with pytest.raises(gradgen.UnsupportedError, match="does not always return"):
        _ = gradgen.grad(f).source
