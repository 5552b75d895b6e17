"""Lists that grow: collected in a loop, read on the way, in some steps or several times a step."""

# ruff: noqa: B905 -- programs as people write them
import numpy as np
import pytest

import gradgen
from tests.agreement import SHAPES, X, agree, programs_of


def an_array_of_it(x, n):
    ys = []
    for v in x:
        ys.append(np.sin(v))
    return np.sum(np.array(ys) * x)


def stacked(x, n):
    hs = []
    h = x
    for _ in range(n + 1):
        h = np.tanh(x * h)
        hs.append(h)
    return np.sum(np.stack(hs) ** 2)


def summed(x, n):
    t = []
    for i in range(n):
        t.append(np.sum(x**i))
    return sum(t) + 0.0 * x[0]


def from_the_last(x, n):
    hs = [x]
    for _ in range(n):
        hs.append(np.tanh(hs[-1] * x))
    return np.sum(hs[-1])


def from_an_index(x, n):
    hs = [x[0]]
    for i in range(n):
        hs.append(np.tanh(hs[i] * x[1]))
    return hs[-1] + hs[0]


def gone_through(x, n):
    hs = []
    for i in range(n):
        hs.append(np.sin(x * i))
    s = np.sum(x)
    for h in hs:
        s += np.sum(h * h)
    return s


def added_to(x, n):
    hs = []
    for i in range(n + 1):
        hs += [np.sin(x * i)]
    return np.sum(np.array(hs))


def two_a_step(x, n):
    hs = []
    for v in x:
        hs.append(np.sin(v))
        hs.append(np.cos(v))
    return np.sum(np.array(hs) ** 2)


def in_some_steps(x, n):
    hs = []
    for i, v in enumerate(x):
        if i != 1:
            hs.append(np.sin(v))
    return np.sum(np.array(hs) ** 2)


def without_a_loop(x, n):
    parts = []
    parts.append(np.sin(x))
    parts.append(x * x)
    return np.sum(np.concatenate(parts) ** 2)


def extended(x, n):
    parts = [x[0]]
    parts.extend([x[1] ** 2, x[2]])
    return np.sum(np.array(parts) ** 2)


def rows_of_rows(x, n):
    rows = []
    for a in x:
        row = []
        for b in x:
            row.append(np.exp(-((a - b) ** 2)))
        rows.append(row)
    K = np.array(rows)
    return x @ K @ x


def a_mean(x, n):
    hs = []
    for v in x:
        hs.append(v * v)
    return sum(hs) / len(hs)


def running_sums(x, n):
    ys = [0.0]
    for v in x:
        ys.append(ys[-1] + v * v)
    return np.sum(np.array(ys[1:]))


def beside_an_array(x, n):
    hs = []
    for v in x:
        hs.append(v * v)
    return sum(a * b for a, b in zip(hs, x))


def over_numbers(x, n):
    hs = []
    for k in (1.0, 2.0, 3.0):
        hs.append(np.sum(x**k))
    return np.sum(np.array(hs) ** 2)


def of_pairs(x, n):
    out = []
    for v in x:
        out.append((np.sin(v), np.cos(v)))
    s = 0.0
    for a, b in out:
        s += a * b
    return s


def in_two_loops(x, n):
    a = []
    for v in x:
        a.append(v * v)
    for v in x:
        a.append(v * a[0])
    return sum(a)


def in_nested_loops(x, n):
    a = []
    for v in x:
        for w in x:
            a.append(v * w * w)
    return np.sum(np.array(a) ** 2)


def left_before(x, n):
    a = []
    for i, v in enumerate(x):
        if i == n:
            break
        a.append(v * v)
    return sum(a) + 0.0 * x[0]


def left_after(x, n):
    a = []
    for i, v in enumerate(x):
        a.append(v * v)
        if i == n:
            break
    return sum(a) * a[-1]


def steps_passed_over(x, n):
    a = []
    for i, v in enumerate(x):
        if i == n:
            continue
        a.append(v * v)
    return sum(a) * a[-1]


def from_two_before(x, n):
    a = [x[0], x[1]]
    for i in range(2, n + 3):
        a.append(a[i - 1] * a[i - 2] + x[2])
    return a[-1]


def on_one_side(x, n):
    a = [x[0]]
    if n > 1:
        a.append(x[1] ** 2)
    a.append(x[2])
    return sum(a) * a[-1]


def of_arrays(x, n):
    acts = [x]
    for _ in range(n):
        acts.append(np.tanh(acts[-1] + x))
    s = 0.0
    for a in acts:
        s += np.sum(a * a)
    return s


def its_length_on_the_way(x, n):
    a = []
    for v in x:
        a.append(v * len(a))
    return sum(a)


def two_lists(x, n):
    a, b = [], []
    for v in x:
        a.append(v)
        b.append(v * v)
    return sum(p * q for p, q in zip(a, b))


def rebound_to_an_array(x, n):
    a = []
    for v in x:
        a.append(v * v)
    a = np.array(a)
    return a @ a


def begun_anew(x, n):
    a = []
    for v in x:
        a.append(v * v)
        if len(a) > 1:
            a = [a[-1]]
    return sum(a)


def of_different_lengths(x, n):
    a = []
    for i in range(3):
        a.append(x[i:] * 2.0)
    return np.sum(np.concatenate(a) ** 2) + np.sum(a[1])


def cut(x, n):
    a = []
    for v in x:
        a.append(v * v)
    b = a[1:]
    return sum(b) * a[0]


def an_array_of_lists(x, n):
    a = []
    for i in range(n + 1):
        a.append(np.sin(x) * i)
    return np.sum(np.mean(a, axis=0) ** 2)


def goes_on_after_a_comprehension(x, n):
    a = [v * v for v in x]
    s = a[-1]
    a.append(x[0] ** 3)
    return s * a[-1] + sum(a)


def in_a_while_loop(x, n):
    a = []
    y = x[0]
    while y < 3.0 and len(a) < 8:
        y = y * 1.5 + x[1]
        a.append(y * x[2])
    return sum(a)


def as_long_as_it_is_short(x, n):
    a = [x[0]]
    while len(a) < n + 2:
        a.append(np.sin(a[-1]) + x[1])
    return a[-1] * x[2]


def grown_after_its_steps_were_recorded(x, n):
    t = x[0]
    for k in range(n):
        out = []
        for v in x:
            out.append(np.exp(v * k * 0.1))
        if k % 2:
            out.append(x[0])
        t = t + np.sum(np.array(out) ** 3)
    return t


def grown_twice_in_a_step(x, n):
    t = x[0]
    for k in range(n):
        out = []
        for v in x:
            out.append(np.exp(v * k * 0.1))
        out.append(x[0] * k)
        for v in x:
            out.append(np.sqrt(v * v * k + 1.0))
        t = t + np.sum(np.array(out) ** 3)
    return t


def a_tree_of_pairs(x, n):
    nodes = list(x)
    while len(nodes) > 1:
        above = []
        for i in range(0, len(nodes) - 1, 2):
            above.append(np.sqrt(nodes[i] ** 2 + nodes[i + 1] ** 2 + 1.0))
        if len(nodes) % 2:
            above.append(nodes[-1])
        nodes = above
    return nodes[0]


def a_list_of_pairs_in_each_step(x, n):
    nodes = list(np.concatenate([x, x * x, x + 1.0]))
    for _ in range(n):
        above = []
        for i in range(len(nodes) - 1):
            above.append(np.tanh(nodes[i] * nodes[i + 1]))
        nodes = above
    return nodes[0] * nodes[-1]


def rows_of_an_array(x, n):
    rows = list(np.outer(x, x))
    rows.append(x)
    for k, row in enumerate(rows):
        x = x + k * np.sin(row)
    return np.sum(x) * len(rows)


def under_two_names(x, n):
    a = []
    b = a
    for v in x:
        a.append(v * v)
    return sum(b) + 0.0 * x[0]


def _add(a, v):
    a.append(v * v)


def in_a_helper(x, n):
    a = []
    for v in x:
        _add(a, v)
    return sum(a)


def starred_array(x, n):
    zs = [*x, x[0] ** 2, 3.0]
    return sum(z**2 for z in zs) + len(zs) * x[1]


def starred_at_each_step(x, n):
    ys = [x[0]]
    for _ in range(n):
        ys = [*ys, np.sin(ys[-1]) + x[1]]
    return sum(ys)


@pytest.mark.parametrize("shapes", ["", SHAPES])
@pytest.mark.parametrize("n", [2, 0, 4])
@pytest.mark.parametrize("program", programs_of(globals()), ids=lambda f: f.__name__)
def test_all_answers_agree(program, n, shapes):
    agree(program, n, shapes)


def _held_by_another(x, n):
    row = [x[0]]
    rows = []
    for v in x:
        row.append(v * v)
        rows.append(row)
    return sum(rows[0])


def _held_by_another_in_the_step(x, n):
    rows = []
    for v in x:
        row = [v]
        rows.append(row)
        row.append(v * v)
    return sum(rows[0]) + rows[1][1]


def _read_as_a_whole(x, n):
    a = []
    s = 0.0
    for v in x:
        a.append(v * v)
        s += np.sum(np.array(a))
    return s


REFUSED = {
    _held_by_another: "`row` is changed here, after it was put into a list whose length is not known",
    _held_by_another_in_the_step: "`row` is changed here, after it was put into a list whose length is not known",
    _read_as_a_whole: "`a` grows, and is read as a whole on the way",
}


@pytest.mark.parametrize("program", REFUSED, ids=lambda f: f.__name__)
def test_what_another_name_would_see_is_refused(program):
    with pytest.raises(gradgen.UnsupportedError, match=REFUSED[program]) as error:
        gradgen.grad(program, shapes=SHAPES)(X, 2)
    assert error.value.lineno and "write" in str(error.value) or "read" in str(error.value)


@pytest.mark.parametrize("program", [an_array_of_it, from_the_last, running_sums, two_a_step], ids=lambda f: f.__name__)
def test_it_grows_in_place(program):
    source = gradgen.grad(program, shapes=SHAPES).source
    assert ".append(" in source and "[*" not in source and ".copy()" not in source
