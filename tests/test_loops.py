"""Loops: what a step hands on, what is recorded of it, and the loop in reverse."""

import contextlib
import linecache

import numpy as np
import pytest

import gradgen
from gradgen.interpret import run
from gradgen.options import make_options
from gradgen.pipeline import graph_of


def power(x, n):
    y = x
    for _ in range(n):
        y = y * x
    return np.sum(y)


def rows(x, n):
    A = np.outer(x, np.ones(n + 1))
    s = 0.0
    for row in A:
        s += np.sin(row @ row)
    return s


def recurrence(x, n):
    h = np.zeros(3)
    total = 0.0
    for t in range(n):
        h = np.tanh(x * h + np.cos(x) + t)
        error = h - x
        total = total + 0.5 * np.sum(error * error)
    return total


def by_index(x, n):
    total = 0
    for i in range(len(x)):
        total = total + x[i] ** 2 * (i + 1)
    return total


def counted(x, n):
    total = 0.0
    for i, v in enumerate(x):
        total += np.exp(v) * i
    return total


def zipped(x, n):
    total = 0.0
    for a, b in zip(x, x * x, strict=False):
        total += a * b
    return total


def nested(x, n):
    total = 0.0
    for i in range(n):
        inner = x
        for j in range(i + 1):
            inner = np.sin(inner) + j * x
        total += np.sum(inner)
    return total


def branches_inside(x, n):
    y = x
    for i in range(n + 2):
        if i % 2:
            y = y * x
        else:
            y = np.sin(y)
            if i > 1:
                y = y + x
    return np.sum(y)


def last_values(x, n):
    for i in range(n + 1):
        y = x * (i + 1.0)
        z = y * y
    return np.sum(z) * y[0] * i


def swapped(x, n):
    a, b = x, 2.0 * x
    for _ in range(n):
        a, b = b, a * b
    return np.sum(a) + np.sum(b * b)


def a_tuple(x, n):
    state = (x, 1.0)
    for _ in range(n):
        state = (np.cos(state[0]), state[1] + np.sum(state[0]))
    return np.sum(state[0]) * state[1]


def unused_after(x, n):
    y = np.exp(x)
    scratch = 1.0
    for _ in range(n):
        scratch = scratch * 2.0
        y = y / (1.0 + y * scratch)
    return np.sum(y)


def helper_inside(x, n):
    y = x
    for _ in range(n):
        y = _step(y, x)
    return np.sum(y * y)


def _step(y, x):
    rate = np.tanh(y)
    return y + 0.1 * rate * x


def loop_in_a_helper(x, n):
    return np.sum(_iterated(x, n) * _iterated(x * x, n + 1))


def _iterated(v, n):
    for _ in range(n):
        v = np.sin(v) + 0.5 * v
    return v


def started_by_the_argument_twice(x, n):
    a = x
    b = x
    for _ in range(n):
        a = a * x
        b = b + a
    return np.sum(a * b)


def runge_kutta(x, n):
    y, t = x, 0.0
    for _ in range(n):
        k1 = _field(t, y)
        k2 = _field(t + 0.05, y + 0.05 * k1)
        y = y + 0.1 * k2
        t = t + 0.1
    return y @ y


def _field(t, y):
    return np.sin(t) * y - y**3


def computed_on_one_side(x, n):
    y = x
    for i in range(n):
        if i % 2:
            u = np.sin(y)
            y = np.exp(u * x) * u
        else:
            y = y + x
    return np.sum(y)


def computed_in_some_turns(x, n):
    y = x
    for i in range(n):
        for j in range(i):
            v = np.sin(y) if j % 2 else np.exp(-y) * np.cos(y)
            if i > 1:
                w = np.tanh(v * y)
                y = w * w + x
    return np.sum(y)


def grows_by_broadcasting(x, n):
    h = x
    for _ in range(n):
        h = h * 0.5 + np.outer(np.sin(x), x)
    return np.sum(h * h)


def changes_places(x, n):
    h, g = x, np.outer(x, x)
    for _ in range(n):
        h, g = g * h, h
    return np.sum(h * h) + np.sum(g)


def begins_as_a_number(x, n):
    h = x[0] * 2.0
    for _ in range(n):
        h = h * h + x
    return np.sum(h * h)


def pairs(x, n):
    s = 0.0
    for a in x:
        for b in x:
            s = s + np.exp(-((a - b) ** 2) * n)
    return s


def an_array_twice_and_whole(x, n):
    s = 0.0
    for a, b in zip(x, x, strict=False):
        s = s * a + b * np.sum(x) + n
    return s


def recursion_behind_a_loop(x, n):
    if n == 0:
        return np.sum(x)
    y = x
    for i in range(n):
        y = np.sin(y) + 0.1 * i * y
    return recursion_behind_a_loop(y, n - 1) * 0.5 + y[0]


def bound_inside_with_another_shape_each_turn(x, n):
    for i in range(n + 2):
        if i % 2:
            z = np.outer(x, x)
        else:
            z = x @ x
        w = z * x
    return np.sum(w * w) + np.sum(z)


def the_item_is_left_and_rebound(x, n):
    w = x
    for row in np.outer(x, x[: n + 1]):
        z = w + w[0]
        w = (-row)[[0, -1]]
    return np.sum(w) - np.sum(z) + row[0] * 2.0


PROGRAMS = [
    bound_inside_with_another_shape_each_turn, the_item_is_left_and_rebound,
    pairs, an_array_twice_and_whole, recursion_behind_a_loop,
    grows_by_broadcasting, changes_places, begins_as_a_number,
    computed_on_one_side, computed_in_some_turns,
    power, rows, recurrence, by_index, counted, zipped, nested, branches_inside, last_values, swapped, a_tuple,
    unused_after, helper_inside, loop_in_a_helper, started_by_the_argument_twice, runge_kutta,
]  # fmt: skip


@pytest.mark.parametrize("shapes", ["", "x=(3,), n=int()"])
@pytest.mark.parametrize("n", [0, 1, 4])
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
def test_against_differences_and_the_graph(program, n, shapes):
    x = np.array([0.3, 0.7, 1.1])
    before = x.copy()
    value, got = gradgen.value_and_grad(program, shapes=shapes)(x, n)
    assert value == program(x, n)
    h = 1e-6
    wanted = [(program(x + e, n) - program(x - e, n)) / (2 * h) for e in np.eye(3) * h]
    np.testing.assert_allclose(got, wanted, rtol=1e-6, atol=1e-7)
    assert got.dtype == float and not np.shares_memory(got, x) and np.array_equal(x, before)
    np.testing.assert_allclose(gradgen.grad(program, shapes=shapes)(x, n), got, rtol=1e-12)
    if program in (zipped, an_array_twice_and_whole) and not shapes:  # nothing says that they are equally long
        return
    graph = graph_of(program, make_options(shapes=shapes))
    np.testing.assert_allclose(np.broadcast_to(run(graph, [x, n])[0], x.shape), got, rtol=1e-12)


def test_a_pullback_may_be_called_twice():
    def f(x, n):
        y = x
        for _ in range(n):
            y = np.sin(y) * x
        return y

    x = np.array([0.3, 0.7, 1.1])
    _, pullback = gradgen.vjp(f, shapes="x=(3,), n=int()")(x, 3)
    first = pullback(np.ones(3))
    np.testing.assert_array_equal(pullback(np.ones(3)), first)
    np.testing.assert_allclose(first, gradgen.grad(lambda x, n: np.sum(f(x, n)))(x, 3), rtol=1e-12)


def program(body):
    return "import numpy as np\n\n\ndef f(x, n):" + "\n".join(line[4:] for line in body.splitlines()) + "\n"


def refused(text, message):
    with pytest.raises(gradgen.GradgenError, match=message):
        _ = gradgen.grad(compiled(text), shapes="x=(3,), n=int()").source


def compiled(text):
    name, namespace = f"<loop {len(linecache.cache)}>", {}
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    exec(compile(text, name, "exec"), namespace)
    return namespace["f"]


ALIASES = {
    "before": """
        a = x * 1.0
        c = a
        for _ in range(n):
            a += c
        return np.sum(c * a)
    """,
    "across": """
        a = x * 1.0
        c = x * 2.0
        for _ in range(n):
            a += 1.0
            c = a
        return np.sum(c * x)
    """,
    "inside": """
        a = x * 1.0
        for _ in range(n):
            c = a
            a += x
            a = a * c
        return np.sum(a)
    """,
    "a view across": """
        A = np.outer(x, x)
        row = A[0]
        for i in range(n):
            row += 1.0
            row = A[i]
        return np.sum(A * x)
    """,
    "a row": """
        A = np.outer(x, x)
        s = 0.0
        for row in A:
            row *= 2.0
            s = s + np.sum(row * row)
        return s + np.sum(A * x)
    """,
    "the last row": """
        A = np.outer(x, x)
        for row in A:
            last = row[1:]
        last += 1.0
        return np.sum(A * x)
    """,
    "swapped": """
        a, b, c = x * 1.0, x * 2.0, x * 3.0
        for _ in range(n):
            a += x
            a, b, c = b, a, b
        return np.sum(a * b * c)
    """,
}


REFUSED = {"a view across", "the last row"}
"""What is written here may be the same array at one step and another at the next."""


@pytest.mark.parametrize("name", ALIASES)
def test_a_change_in_place_that_another_name_sees_is_followed_or_refused(name):
    if name not in REFUSED:
        test_against_differences_and_the_graph(compiled(program(ALIASES[name])), 2, "x=(3,), n=int()")
    else:
        refused(program(ALIASES[name]), "changed in place|may be the same array")


LEFT_OUT = {
    "changes its structure in this loop": """
        y = (x,)
        for i in range(n):
            y = (*y, x * i)
        return np.sum(y[0])
    """,
}


@pytest.mark.parametrize("message", LEFT_OUT)
def test_what_is_not_followed_yet_is_refused(message):
    refused(program(LEFT_OUT[message]), message)


def picked(x, n):
    total = 0.0
    for i in range(n):
        total = total + np.sum(x[1:] * 0.5) * i
    return total


def test_integers_where_memory_gets_the_dtype_of_a_value_inside_a_loop_are_right_or_refused():
    for f in (picked, by_index, rows, recurrence):
        namespace = {}
        exec(gradgen.grad(f, shapes="x=(3,), n=int()").source, namespace)
        got = None
        with contextlib.suppress(ValueError):
            got = namespace[f"grad_{f.__name__}"](np.array([1, 2, 3]), 2)
        if got is not None:
            np.testing.assert_allclose(got, gradgen.grad(f)(np.array([1.0, 2.0, 3.0]), 2), rtol=1e-12)


def test_with_statements_stand_where_they_stood():
    def f(x, n):
        with np.errstate(over="ignore"):
            for _ in range(n):
                with np.errstate(divide="ignore"):
                    x = x + np.log1p(x * x)
                print("step")
            y = np.exp(x) if n > 1 else x
        return np.sum(y)

    text = gradgen.grad(f, shapes="x=(3,), n=int()").source
    forward, back = text.split("# Backward pass")
    assert forward.count("over=") == 1 and forward.count("divide=") == 1
    assert back.count("divide=") == 1 and "with np.errstate(divide" in back
    x = np.array([0.3, 0.7, 1.1])
    wanted = [(f(x + e, 2) - f(x - e, 2)) / 2e-6 for e in np.eye(3) * 1e-6]
    np.testing.assert_allclose(gradgen.grad(f)(x, 2), wanted, rtol=1e-6)
