"""`z = None` first, and a value later: in branches, in loops, under conditions that ask whether it is there yet."""

import numpy as np
import pytest

from tests.agreement import SHAPES, agree, programs_of


def the_least(x, n):
    best = None
    for v in x:
        loss = (v - 0.6) ** 2
        if best is None or loss < best:
            best = loss
    return best


def either_side(x, n):
    z = None
    if n > 2:
        z = x[0]
    else:
        z = x[1]
    return z * z


def first_step_begins(x, n):
    h = None
    for _ in range(n):
        if h is None:
            h = x
        else:
            h = np.tanh(h * x)
    return np.sum(h)


def difference_to_the_one_before(x, n):
    prev = None
    s = 0.0
    for v in x:
        if prev is not None:
            s += (v - prev) ** 2
        prev = v
    return s


def given_later(x, n):
    z = None
    if n > 1:
        z = x[0] * 2
    if z is None:
        z = x[1]
    return z


def with_its_place(x, n):
    best, arg = None, None
    for i in range(3):
        if best is None or x[i] > best:
            best, arg = x[i], i
    return best * x[arg - 1]


def sum_that_begins_with_nothing(x, n):
    y = None
    for i in range(n):
        y = x * i if y is None else y + x**i
    return np.sum(y)


def nested_loops(x, n):
    best = None
    for i in range(n):
        for v in x:
            loss = (v - 0.6) ** 2 + i
            if best is None or loss < best:
                best = loss
    return best * 2


def becomes_nothing_again(x, n):
    z = x[0]
    s = 0.0
    for i in range(n):
        if z is None:
            z = x[1] * i
        else:
            s += z
            z = None
    return s


def endless_loop(x, n):
    z = None
    while True:
        if z is None:
            z = x * 2
        z = z * z
        if np.sum(z) > 3:
            break
    return np.sum(z)


def default_of_a_helper(x, n):
    def f(a, b=None):
        if b is None:
            b = a * 2
        return a * b

    u = f(x)
    v = f(x, u)
    return np.sum(u * v)


def never_given(x, n):
    best = None
    for v in x:
        if v > 5:
            best = v
    if best is None:
        return np.sum(x)
    return best


def asserted(x, n):
    best = None
    for v in x:
        if v > 0.5:
            best = v if best is None else max(best, v)
    assert best is not None
    return best**2


def recurrent_state(x, n):
    h = None
    hs = []
    for v in x:
        h = v if h is None else np.tanh(h + v)
        hs.append(h)
    return sum(hs)


def two_at_once(x, n):
    h, c = None, None
    for _ in range(n):
        if h is None:
            h, c = np.zeros(3), np.zeros(3)
        c = c * 0.5 + x
        h = np.tanh(c) + h
    return np.sum(h * c)


def in_a_condition_with_another(x, n):
    a = None
    if n > 1:
        a = x
    if a is not None and n > 2:
        y = np.sum(a**2)
    else:
        y = np.sum(x)
    return y


def skips(x, n):
    last = None
    s = 0.0
    for i in range(n):
        if last is not None and i % 2:
            s = s + np.sum(last * x)
        last = x**i
    return s


def beside_a_number(x, n):
    best_x = None
    best = np.inf
    for v in x:
        if v**2 < best:
            best = v**2
            best_x = v
    return best_x * x[2]


def increased_in_place(x, n):
    out = None
    for i in range(n):
        term = x**i
        if out is None:
            out = term
        else:
            out += term
    return np.sum(out)


def written_into(x, n):
    z = None
    for i in range(n):
        if i == 1:
            z = x * 2
        if z is not None:
            z[0] = 3.0
    return np.sum(z * x)


def a_pair_on_one_side(x, n):
    t = None
    if n > 1:
        t = (x[0], x[1])
    if t is None:
        return x[2]
    return t[0] * t[1]


def a_pair_in_a_loop(x, n):
    t = None
    for _ in range(n):
        if t is None:
            t = (x[0], x[1])
        else:
            t = (t[0] * x[1], t[1] + x[2])
    return x[2] if t is None else t[0] * t[1]


def the_pair_before(x, n):
    cache = None
    s = 0.0
    for v in x:
        if cache is not None:
            a, b = cache
            s += a * b * v
        cache = (v, v * v)
    return s


def a_dict_in_a_loop(x, n):
    st = None
    for v in x:
        if st is None:
            st = {"m": v, "k": 0.0}
        st["m"] = 0.9 * st["m"] + 0.1 * v
        st["k"] += v
    return st["m"] * st["k"]


def left_as_nothing(x, n):
    t = None
    for _ in range(n):
        if t is None:
            t = (x[0], x[1])
        a, b = t
        t = (a * x[2], b + a)
    if t is None:
        return x[0]
    return t[0] * t[1]


def asked_in_every_way(x, n):
    t = None if n < 2 else (x[0], x[1])
    s = x[2]
    if t is not None and n > 2:
        s = t[0] * t[1]
    if t:
        s = s + t[0]
    return s


def the_best_pair(x, n):
    best = None
    for v in x:
        loss = (v - 0.6) ** 2
        if best is None or loss < best[0]:
            best = (loss, v)
    return best[0] * best[1]


def two_names_for_it(x, n):
    s = None
    t = s
    if n > 1:
        s = {"a": x[0]}
        t = s
    if s is not None:
        s["a"] = x[1]
        return t["a"]
    return x[2]


@pytest.mark.parametrize("shapes", [SHAPES, ""], ids=["declared", "unknown"])
@pytest.mark.parametrize("program", programs_of(globals()), ids=lambda f: f.__name__)
def test_all_answers_agree(program, shapes):
    for n in (3, 4):
        agree(program, n, shapes)
