"""Loops that are left before their end, at every place that there is: `break`, `continue`, `return`, `else`.

Each program takes an array of three numbers and an integer that decides which exit is taken; it is compared to central
differences, and the printed gradient to the interpreted graph.
"""

import numpy as np
import pytest

import gradgen
from gradgen.interpret import run
from gradgen.options import make_options
from gradgen.pipeline import graph_of

TOL = 1e-9
WEIGHTS = np.array([3.0, 2.0, 5.0, 1.0])


def newton(x, n):
    y = np.ones(3)
    for _ in range(10 * n):
        dy = (y * y - x) / (2.0 * y)
        y = y - dy
        if np.max(np.abs(dy)) < TOL:
            break
    return np.sum(y * x)


def newton_tests_first(x, n):
    y = 1.0
    for _ in range(10 * n):
        r = y * y - x[0]
        if abs(r) < TOL:
            break
        y = y - r / (2.0 * y)
    return y * x[1]


def series(x, n):
    term = 1.0
    total = 0.0
    for k in range(1, 8 * n + 1):
        total = total + term
        if abs(term) < 1e-7:
            break
        term = term * x[0] / k
    return total * x[2]


def skips(x, n):
    y = x
    for i in range(n + 2):
        if i % 2:
            continue
        y = np.sin(y) * x
    return np.sum(y)


def skips_some_and_stops(x, n):
    total = 0.0
    for i, v in enumerate(np.outer(x, x).ravel()):
        if i % 3 == 0:
            continue
        if i > n:
            break
        total = total + v * np.sin(total)
        total = total + v
    return total


def returns_from_within(x, n):
    y = x[0]
    for _ in range(10 * n):
        y_new = 0.5 * (y + x[1] / y)
        if abs(y_new - y) < TOL:
            return y_new
        y = y_new
    return y * y


def returns_with_code_behind(x, n):
    y = x
    for i in range(3):
        y = np.sin(y) + x
        if i == n:
            return np.sum(y * y)
        y = y * 0.5
    z = np.exp(y)
    z = z * x
    return np.sum(z)


def returns_from_two_places(x, n):
    y = 1.0
    for i in range(6):
        if i > n:
            return y * x[0]
        y = y * x[i % 3] + i
        if y > 40.0:
            return np.sqrt(y)
    return y


def returns_from_the_inner_loop(x, n):
    total = 0.0
    for i in range(3):
        for j in range(3):
            total = total + x[i] * x[j] * (i + 2 * j)
            if i + j == n:
                return total * x[0]
            total = total * 1.1
        total = np.cos(total)
    return total + x[1]


def breaks_inner_continues_outer(x, n):
    total = 0.0
    for i in range(n + 2):
        if i == 1:
            continue
        part = x[0]
        for j in range(4):
            part = part * x[1] + j
            if part > 2.0 + i:
                break
            part = part + x[2]
        if part > 6.0:
            continue
        total = total + np.tanh(part)
    return total


def breaks_deep_inside(x, n):
    y = x
    for i in range(8):
        if i > 1:
            y = y * 1.3
            if np.sum(y) > 2.0 * n:
                break
            y = y + 0.1 * x
        else:
            y = np.sqrt(y)
        y = y + x * i
    return np.sum(y)


def several_breaks(x, n):
    a, b = x[0], x[1]
    for i in range(9):
        if a > 3.0 * n:
            break
        a = a + b * x[2]
        if b > 2.0:
            break
        b = b * a
        if i == n + 1:
            b = b * x[0]
            break
        a, b = np.sin(a), b + 0.1
    return a * b + a


def with_an_else(x, n):
    y = x[0]
    for i in range(4):
        y = y * x[1] + 1.0
        if i == n:
            break
    else:
        y = y * y
    return y * x[2]


def else_without_break(x, n):
    y = x[0]
    for i in range(n):
        if i == 1:
            continue
        y = y * x[1] + 1.0
    else:
        y = np.sin(y)
    return y * x[2]


def else_that_returns(x, n):
    for i in range(3):
        v = x[i] * x[0]
        if i == n:
            break
    else:
        return np.sum(x * x)
    return v * 2.0


def else_that_leaves_the_outer_loop(x, n):
    total = 0.0
    for i in range(4):
        for j in range(3):
            total = total + x[j] * i
            if i + j == n + 1:
                break
            total = total * 1.2
        else:
            total = total + np.exp(-total)
            continue
        total = total * x[0]
        break
    return total


def bound_before_the_break(x, n):
    for i in range(5):
        if i == n + 1:
            break
        y = x * (i + 1.0)
        z = y * y
    return np.sum(z) * y[0] * i


def first_step_breaks(x, n):
    y = x * 2.0
    for _ in range(n):
        if n > 1:
            break
        y = y * x
    return np.sum(y)


def always_returns(x, n):
    for row in np.outer(x, x):
        return np.sum(np.sin(row))
    return 0.0


def returns_a_pair(x, n):
    return _pair(x, n)[0] * _pair(x, n + 1)[1]


def _pair(v, n):
    for i in range(3):
        if i >= n:
            return np.sum(v), v[0] * i
        v = v * v + 0.1
    return np.sum(np.sin(v)), v[1]


def helper_returns_in_a_loop(x, n):
    total = 0.0
    for v in x:
        total = total + _root(v, n)
    return total


def _root(v, n):
    y = 1.0
    for _ in range(20 * n):
        y, old = 0.5 * (y + v / y), y
        if abs(y - old) < TOL:
            return y
    return y + v


def continues_after_work(x, n):
    total, scale = 0.0, x[0]
    for i in range(5):
        scale = scale * x[1] + 0.3
        if i % (n + 1) == 0:
            continue
        total = total + scale * x[2]
        scale = np.sin(scale)
    return total * scale


def breaks_without_records(x, n):
    total = 0.0
    for i in range(7):
        if i > n:
            break
        total = total + 3.0 * x[1]
    return total


def breaks_without_records_by_items(x, n):
    total = 0.0
    for i, w in enumerate(WEIGHTS):
        if i > n:
            break
        total = total * w + x[1]
    return total


def backtracking(x, n):
    step = 4.0
    best = np.sum(x * x)
    for _ in range(20):
        trial = x - step * np.sin(x)
        value = np.sum(trial * trial) + n * step
        if value < best:
            break
        step = step * 0.5
    return value * step + np.sum(trial)


def prints_and_stops(x, n):
    y = x
    for i in range(4):
        if i == n:
            print("enough")
            break
        y = y * x
        print("step", i)
    return np.sum(y)


def a_flag_of_the_users(x, n):
    y, found = x, False
    for i in range(4):
        y = y * x + 0.2
        if i == n:
            found = True
            break
    if found:
        y = y * y
    return np.sum(y)


def a_place_of_the_users(x, n):
    k = -1
    for i in range(4):
        if x[i % 3] * (i + 1) > n:
            k = i
            break
    return np.sum(x * x) * (k + 2)


def over_rows(x, n):
    A = np.outer(x, np.arange(1.0, 6.0)).T
    h = np.zeros(3)
    for row in A:
        h = np.tanh(h * row + x)
        if np.sum(h) > 0.9 * (n + 1):
            break
        h = h * 0.7
    return np.sum(h)


def bound_by_one_step(x, n):
    for i in range(3):
        if i == n % 3:
            d = x * x * i
    return np.sum(d) + np.sum(x)


def bound_by_an_inner_loop(x, n):
    s = 0.0
    for i in range(3):
        for j in range(2 - i):
            e = x * (i + j + 1.0)
        s = s + np.sum(e * x) * s + e[0]
    return s + np.sum(e)


def of_an_earlier_step(x, n):
    s = 0.0
    for i in range(4):
        if i < n + 1:
            d = x * x + i
        if i > 0:
            s = s + np.sum(np.sin(d))
    return s


def left_over_from_a_loop(x, n):
    for i in range(n + 1):
        for k, row in enumerate(x):  # noqa: B007
            y = row * i
    for _ in range(n):
        y, k = k * x[0] + y, 0.5
    return y * x[1]


def while_newton(x, n):
    y, dy = 1.0, 1.0
    while abs(dy) > TOL:
        dy = (y * y - x[0]) / (2.0 * y)
        y = y - dy
    return y * x[1] * n


def while_counting(x, n):
    y, i = x, 0
    while i < n:
        y = np.sin(y) * x
        i += 1
    return np.sum(y) * i


def while_true(x, n):
    y = x[0]
    while True:
        y_new = 0.5 * (y + x[1] / y)
        if abs(y_new - y) < TOL:
            break
        y = y_new
    return y_new * n


def while_true_returns(x, n):
    y = x[0]
    while True:
        y_new = 0.5 * (y + x[1] / y)
        if abs(y_new - y) < 10.0 ** (-3 * n):
            return y_new
        y = y_new


def bisection(x, n):
    low, high = 0.0, 4.0
    while high - low > 1e-10:
        middle = 0.5 * (low + high)
        if middle**3 > n:
            high = middle
        else:
            low = middle
    return np.sum(x * low)


def collatz(x, n):
    y, k = x[0], n + 3
    steps = 0
    while k != 1:
        if k % 2 == 0:
            k = k // 2
            y = y * x[1]
        else:
            k = 3 * k + 1
            y = y + x[2]
        steps += 1
    return y * steps


def power_iteration(x, n):
    A = np.outer(x, x) + np.diag(x * x + n)
    v = np.ones(3) / np.sqrt(3.0)
    value, old = 1.0, 0.0
    while abs(value - old) > 1e-13 * abs(value):
        w = A @ v
        old = value
        value = v @ w
        v = w / np.sqrt(w @ w)
    return value


def while_with_else(x, n):
    y, i = x[0], 0
    while i < 3:
        y = y * x[1] + i
        if i == n:
            y = y + x[2]
            break
        i += 1
    else:
        y = np.exp(y)
    return y


def while_continues(x, n):
    total, i = 0.0, 0
    while i < 3 * n:
        i += 1
        if i % 3 == 0:
            continue
        total = total + np.sin(total + x[i % 3])
        if total > 3.0:
            break
        total = total * x[0]
    return total


def while_on_an_active_value(x, n):
    y = x
    while np.sum(y) < 10.0 * n:
        y = y * 1.7 + 0.1 * x
    return np.sum(y * y)


def while_never_runs(x, n):
    y = x
    while n < 0:
        y = y * x
    return np.sum(y * x)


def while_in_a_for(x, n):
    total = 0.0
    for v in x:
        y = v
        while y < n:
            y = y * (1.5 + v)
        total = total + y * v
    return total


def for_in_a_while(x, n):
    total, k = x[0], 0
    while total < 4.0 * n:
        for v in x:
            total = total + v * (k + 1)
            if total > 5.0:
                break
        k = k + 1
    return total * x[1]


def adaptive_steps(x, n):
    t, h, y = 0.0, 0.5, x[0]
    while t < 0.5 * n:
        h = min(h, 0.5 * n - t)
        full = y + h * (x[1] - y * y)
        half = y + 0.5 * h * (x[1] - y * y)
        half = half + 0.5 * h * (x[1] - half * half)
        if abs(full - half) > 1e-2:
            h = 0.5 * h
            continue
        t = t + h
        y = half
        h = 1.5 * h
    return y * x[2]


def walrus(x, n):
    y = x[0] * 4.0
    while (r := y * y - x[1]) > 10.0 ** (-n):
        y = y - r / (2.0 * y)
    return y * x[2] + r


def two_conditions(x, n):
    y, i = x[0], 0
    while y < 5.0 and i < n:
        y = y * 2.0 + x[1]
        i += 1
    return y * x[2]


def nested_whiles(x, n):
    i, total = 0, x[0]
    while i < n:
        j = 0
        while j < i:
            total = total + np.sin(total) * x[1]
            j += 1
            if total > 3.0:
                break
        i += 1
        total = total * x[2]
    return total


def while_returns_within_a_for(x, n):
    for v in x:
        y = v
        while True:
            y = y * v + 0.3
            if y > 1.2:
                return y * x[2]
            if y < 0.8:
                break
    return y + n * x[0]


def while_without_records(x, n):
    y, i = x[0], 0
    while i < n:
        y = 0.5 * y + x[1]
        i += 1
    return y


def line_search(x, n):
    step, fx = 2.0, np.sum(x**4) * n
    g = 4.0 * n * x**3
    while np.sum((x - step * g) ** 4) * n > fx - 0.3 * step * (g @ g):
        step *= 0.5
    return np.sum((x - step * g) ** 2)


def fixed_point_of_a_helper(x, n):
    return _fixed_point(x[0], x[1], n) + _fixed_point(x[1], x[2], n)


def _fixed_point(a, b, n):
    y, count = a, 0
    while count < 100:
        new = np.cos(a * y) + 0.1 * b
        if abs(new - y) < 10.0 ** (-2 * n):
            return new
        y, count = new, count + 1
    raise RuntimeError("no convergence")


def gcd_like(x, n):
    a, b = 12 + n, 18
    while b:
        a, b = b, a % b
    return np.sum(x**2) * a


def left_over_from_one_of_two(x, n):
    for _ in range(0, n + 1, 2):
        for j, _ in enumerate(x):  # noqa: B007
            pass
        for j in range(n):  # noqa: B007
            pass
    return np.sum(x * x) / (j + 1)


PROGRAMS = [
    left_over_from_one_of_two,
    while_newton, while_counting, while_true, while_true_returns, bisection, collatz, power_iteration,
    while_with_else, while_continues, while_on_an_active_value, while_never_runs, while_in_a_for, for_in_a_while,
    adaptive_steps, walrus, two_conditions, nested_whiles, while_returns_within_a_for, while_without_records,
    line_search, fixed_point_of_a_helper, gcd_like,
    left_over_from_a_loop, bound_by_one_step, bound_by_an_inner_loop, of_an_earlier_step,
    newton, newton_tests_first, series, skips, skips_some_and_stops, returns_from_within, returns_with_code_behind,
    returns_from_two_places, returns_from_the_inner_loop, breaks_inner_continues_outer, breaks_deep_inside,
    several_breaks, with_an_else, else_without_break, else_that_returns, else_that_leaves_the_outer_loop,
    bound_before_the_break, first_step_breaks, always_returns, returns_a_pair, helper_returns_in_a_loop,
    continues_after_work, breaks_without_records, breaks_without_records_by_items, backtracking, prints_and_stops,
    a_flag_of_the_users, a_place_of_the_users, over_rows,
]  # fmt: skip


@pytest.mark.parametrize("shapes", ["", "x=(3,), n=int()"])
@pytest.mark.parametrize("n", [0, 1, 2, 4])
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
def test_against_differences_and_the_graph(program, n, shapes):
    x = np.array([0.6, 0.9, 1.4])
    before = x.copy()
    value, got = gradgen.value_and_grad(program, shapes=shapes)(x, n)
    assert value == program(x, n)
    h = 1e-6
    wanted = [(program(x + e, n) - program(x - e, n)) / (2 * h) for e in np.eye(3) * h]
    np.testing.assert_allclose(got, wanted, rtol=1e-6, atol=1e-7)
    assert got.dtype == float and not np.shares_memory(got, x) and np.array_equal(x, before)
    np.testing.assert_allclose(gradgen.grad(program, shapes=shapes)(x, n), got, rtol=1e-12)
    graph = graph_of(program, make_options(shapes=shapes))
    np.testing.assert_allclose(np.broadcast_to(run(graph, [x, n])[0], x.shape), got, rtol=1e-12)
