"""Items of lists and dicts that are given new values: in straight code, branches and loops, under every name."""

# ruff: noqa: B007, B905, C408, C417, F841 -- programs as people write them
import functools

import numpy as np
import pytest

import gradgen
from tests.agreement import SHAPES, agree, programs_of


def an_alias(x, n):
    d = {"h": x}
    e = d
    e["h"] = x**2
    return np.sum(d["h"])


def _write(d, v):
    d["k"] = v


def filled_by_a_helper(x, n):
    d = {}
    _write(d, x[0] * x[1])
    return d["k"] * x[2]


def changed_by_a_helper_in_a_loop(x, n):
    d = {"k": 0.0}
    for i in range(n):
        _write(d, x[0] * x[1] + d["k"] * i)
    return d["k"] * x[2]


def held_by_others(x, n):
    inner = {"a": x[0]}
    outer = {"i": inner, "l": [inner, inner]}
    inner["a"] = x[1] ** 2
    outer["l"][0]["a"] *= x[2]
    return outer["i"]["a"]


def one_of_two_read(x, n):
    d = {"a": x[0]}
    e = {"a": x[1]}
    f = d if n > 1 else e
    return f["a"] * d["a"]


def one_of_two_changed(x, n):
    d = {"a": x[0]}
    e = {"a": x[1]}
    if n > 1:
        f = d
    else:
        f = e
    f["a"] = x[2]
    return f["a"] * 2


def swapped(x, n):
    d = {"a": x[0]}
    e = {"a": x[1]}
    for i in range(n):
        d, e = e, d
    return d["a"] * 2 + e["a"]


def a_copy_each_step(x, n):
    prev = {"a": x[0]}
    for i in range(n):
        new = dict(prev)
        new["a"] = new["a"] * x[1]
        prev = new
    return prev["a"]


def the_one_before(x, n):
    prev = {"a": x[0]}
    cur = prev
    for i in range(n):
        prev = cur
        cur = {"a": prev["a"] * x[1]}
    return prev["a"] + cur["a"] * 2


def a_counter_and_a_state(x, n):
    s = {"h": x, "t": 0}
    while s["t"] < n:
        s["h"] = np.tanh(s["h"] * x)
        s["t"] += 1
    return np.sum(s["h"]) * s["t"]


def branches_and_break_in_a_loop(x, n):
    s = {"h": x}
    for i in range(n):
        if i % 2:
            s["h"] = s["h"] * x
        else:
            s["h"] = np.sin(s["h"])
            if i > 1:
                break
    return np.sum(s["h"])


def filled_by_known_keys(x, n):
    out = {}
    for k in ("a", "b", "c"):
        out[k] = x[len(out)] ** 2
    return out["a"] * out["b"] + out["c"]


def a_list_of_dicts(x, n):
    layers = [{"W": x * (i + 1), "b": x[0]} for i in range(3)]
    for l in range(3):
        layers[l]["W"] = layers[l]["W"] - 0.1 * x**2
        layers[l]["b"] += 1.0
    h = x
    for layer in layers:
        h = np.tanh(h * layer["W"] + layer["b"])
    return np.sum(h)


def a_list_of_pairs(x, n):
    layers = [(x, x[0]), (x * 2, x[1])]
    for l in range(len(layers)):
        W, b = layers[l]
        layers[l] = (W * 0.5, b + W[0])
    return sum(np.sum(W) * b for W, b in layers)


def arrays_in_it_are_written(x, n):
    d = {"W": x.copy()}
    d["W"][0] = x[1]
    w = d["W"]
    w[1] *= 2.0
    d["W"] *= x
    return np.sum(w) + np.sum(d["W"] ** 2)


def arrays_in_it_are_written_in_a_loop(x, n):
    d = {"W": x.copy()}
    for i in range(n):
        d["W"][0] += x[1] * d["W"][2]
        d["W"] *= 1.1
    return np.sum(d["W"] ** 2)


def items_of_a_list_in_a_loop(x, n):
    xs = [x[0], x[1], x[2]]
    for i in range(3):
        xs[i] = xs[i - 1] * 2 + xs[i]
    return xs[0] * xs[1] + xs[2]


def changed_while_gone_through(x, n):
    xs = [x[0], x[1], x[2]]
    for i, v in enumerate(xs):
        if i + 1 < 3:
            xs[i + 1] = v * xs[i + 1]
    return xs[2]


def a_list_in_every_way(x, n):
    xs = [x[0]]
    xs.append(x[1])
    xs.insert(1, x[2])
    v = xs.pop(0)
    xs.extend((v, v * 2))
    del xs[0]
    xs[1:3] = [x[0] * 3]
    xs.reverse()
    ys = xs[:]
    ys[0] = 0.0
    zs = list(xs)
    zs += [x[1]]
    return xs[0] * 2 + xs[1] * v + ys[0] + zs[-1] * len(zs)


def a_dict_in_every_way(x, n):
    d = dict(a=x[0], b=x[1])
    e = d | {"c": x[2]}
    e |= {"a": x[1] ** 2}
    f = {**e, "b": 1.0}
    d.update(e)
    del d["b"]
    return sum(d.values()) + f["a"] * f["b"] + ("b" in d) + len(d) * e.get("zz", x[0])


def a_cache_in_a_closure(x, n):
    cache = {}

    def f(k):
        if k not in cache:
            cache[k] = x[k] ** 2
        return cache[k]

    return f(0) + f(1) * f(0) + f(1)


def lists_in_a_dict(x, n):
    d = {"a": [x[0]], "b": []}
    d["a"].append(x[1])
    d["b"] += [x[2]]
    for v in x:
        d["b"].append(v * v)
    return sum(d["a"]) * sum(d["b"])


def a_table_of_nothing(x, n):
    memo = [None] * 4
    memo[0] = x[0]
    memo[1] = x[1]
    for i in range(2, 4):
        memo[i] = memo[i - 1] * memo[i - 2] + x[2]
    return memo[3]


def momentum(x, n):
    params = {"W": x, "b": x[0] * 1.0}
    vel = {k: 0.0 * v for k, v in params.items()}
    for t in range(n):
        grads = {"W": 2 * params["W"], "b": params["b"] ** 2}
        for k in params:
            vel[k] = 0.9 * vel[k] - 0.01 * grads[k]
            params[k] = params[k] + vel[k]
    return np.sum(params["W"]) + params["b"]


def changed_on_both_sides(x, n):
    d = {"h": x[0]}
    r = [d]
    if x[0] > 0:
        d["h"] = x[1]
        d["k"] = x[0]
    else:
        d["h"] = x[2]
        d["k"] = 2.0
    return r[0]["h"] * r[0]["k"]


def more_on_one_side(x, n):
    d = {"h": x[0]}
    if x[0] > 0:
        d["k"] = x[0]
    return d["h"]


def handed_through_a_helper(x, n):
    def make(v):
        return {"v": v, "n": 0}

    def step(s):
        s["v"] = s["v"] * x[1]
        s["n"] += 1
        return s

    s = make(x[0])
    for i in range(n):
        s = step(s)
    return s["v"] * s["n"]


def two_names_in_a_loop(x, n):
    d = {"a": x[0]}
    for i in range(n):
        t = d
        t["a"] = t["a"] * x[1]
    return d["a"] * x[2]


def a_history(x, n):
    hist = {"loss": [x[0]]}
    w = x
    for i in range(n):
        w = w - 0.1 * w**2
        hist["loss"].append(np.sum(w**2))
    return hist["loss"][-1]


def returned_on_both_sides(x, n):
    def g():
        d = {"a": x[0]}
        if x[0] > 0:
            d["a"] = x[1]
            return d
        else:
            return d
    r = g()
    r["a"] *= 2
    return r["a"]


def a_generator_of_what_grows(x, n):
    xs = [x[0], x[1]]
    g = (v * v for v in xs)
    xs.append(x[2])
    return sum(g)


def zipped_before(x, n):
    xs = [x[0], x[1]]
    z = zip(xs, xs)
    xs[0] = x[2]
    return sum(a * b for a, b in z)


def rows_in_a_list(x, n):
    rows = [[x[0], x[1]], [x[1], x[2]]]
    for row in rows:
        row[0] = row[1] * 2
    return sum(a * b for a, b in rows)


def rows_changed_while_gone_through(x, n):
    rows = [[x[0], x[1]], [x[1], x[2]]]
    s = 0.0
    for row in rows:
        rows[1][0] = x[0] * 5
        s += row[0] * row[1]
    return s


def held_by_defaults_and_partial(x, n):
    d = {"a": x[0]}
    def g(v, d=d):
        return v * d["a"]
    d["a"] = x[1]
    f = functools.partial(lambda e, v: e["a"] * v, d)
    d["a"] = d["a"] * x[2]
    return g(x[0]) * f(x[1])


def a_bound_method(x, n):
    xs = [x[0]]
    app = xs.append
    app(x[1])
    t = (xs, 1.0)
    app(x[2])
    return sum(t[0])


def mapped_before(x, n):
    it = iter([x[0], x[1]])
    xs = [x[0], x[1]]
    m = map(lambda v: v * 2, xs)
    xs[1] = x[2]
    return sum(m)


def one_list_becomes_another(x, n):
    xs = [x[0], x[1]]
    ys = xs
    xs = xs + [x[2]]
    ys[0] = 0.0
    zs = xs
    zs += [x[0] ** 2]
    return sum(xs) * sum(ys)


def an_array_in_a_copy(x, n):
    d = {"a": x * 1.0}
    e = d.copy()
    e["a"] += 1.0
    return np.sum(d["a"] * e["a"])


def a_helper_that_calls_itself(x, n):
    def f(d, k):
        if k == 0:
            return d
        d["a"] = d["a"] * x[1]
        return f(d, k - 1)
    d = {"a": x[0]}
    f(d, 3)
    return d["a"]


def deleted_while_a_copy_is_gone_through(x, n):
    s = 0.0
    d = {"a": x[0], "b": x[1]}
    for k in list(d):
        if k == "a":
            del d[k]
        else:
            s += d[k]
    return s * len(d) + d["b"]


def two_names_at_once(x, n):
    a = b = [x[0]]
    b.append(x[1])
    c = d = {"k": x[0]}
    d["k"] = x[2]
    return sum(a) * c["k"]


def a_list_twice_in_a_list(x, n):
    xs = [0.0] * 3
    ys = [xs] * 2
    ys[0][1] = x[1]
    return ys[1][1] * x[0] + len(ys)


def numbers_as_indices(x, n):
    xs = [1, 2]
    xs[0] = 5
    A = x.reshape(3, 1)[xs[1]]
    return np.sum(A) * xs[0] + np.sum(x[xs[1:]])


def a_table_of_lists(x, n):
    m = [[0.0] * 3 for _ in range(3)]
    for i in range(3):
        for j in range(3):
            m[i][j] = x[i] * x[j] + (m[i - 1][j] if i else 0.0)
    return m[2][2] + m[1][0]


def a_state_in_a_while_loop(x, n):
    st = {"h": np.zeros(3), "k": 0}
    while True:
        st["k"] += 1
        if st["k"] > n:
            break
        st["h"] = np.tanh(st["h"] + x)
    return np.sum(st["h"])


def numbers_as_keys(x, n):
    acts = {0: x}
    for l in range(3):
        acts[l + 1] = np.tanh(acts[l] * x)
    return np.sum(acts[3])


def a_key_that_is_not_there(x, n):
    d = {"a": x[0]}
    try:
        d["b"] = x[1]
        v = d["zz"]
    except KeyError:
        v = x[2]
    return d["b"] * v


def functions_in_a_dict(x, n):
    d = {"f": np.sin, "v": x}
    d["f"] = np.cos
    return np.sum(d["f"](d["v"]))


def a_function_in_a_dict_in_a_loop(x, n):
    d = {"f": np.sin, "v": x}
    for i in range(n):
        d["v"] = d["f"](d["v"])
    return np.sum(d["v"])


def taken_out_in_a_loop(x, n):
    state = {"a": x[0], "b": x[1]}
    h = 0.0
    for i in range(1):
        h = state.pop("a")
    return h * state["b"]


def put_in_by_some_steps(x, n):
    d = {"m": x[0]}
    for i in range(n):
        if i == 1:
            d["k"] = x[0] * i
        d["m"] = x[1] + i
    return d["m"] if n < 2 else d["m"] * d["k"]


def _one_of_two_changed_and_read(x, n):
    d = {"a": x[0]}
    e = {"a": x[1]}
    f = d if n > 1 else e
    f["a"] = x[2]
    return f["a"] * d["a"]


def _swapped_and_changed(x, n):
    d = {"a": x[0]}
    e = {"a": x[1]}
    for _ in range(n):
        d["a"] = d["a"] * x[2]
        d, e = e, d
    return d["a"] * 2 + e["a"]


def _of_unknown_length(x, n):
    xs = []
    for i in range(n):
        xs.append(x * i)
    xs[0] = x
    return np.sum(xs[0])


def _at_an_unknown_key(x, n):
    d = {0: x[0], 1: x[1]}
    d[n] = x[2]
    return d[0]


def _gone_through_without_order(x, n):
    d = {}
    if n > 1:
        d["a"] = x[0]
    d["b"] = x[1]
    return sum(d.values())


def _longer_on_the_way(x, n):
    xs = [x[0], x[1]]
    for v in xs:
        if len(xs) < 4:
            xs.append(v)
    return sum(xs)


def _into_itself(x, n):
    d = {"a": x[0]}
    d["d"] = d
    return d["a"]


def _in_a_comprehension(x, n):
    d = {"a": x[0]}

    def put(v):
        d["a"] = d["a"] * v
        return v

    return sum([put(v) for v in x]) * d["a"]


def _a_view_that_is_read_later(x, n):
    d = {"a": x[0], "b": x[1]}
    v = d.values()
    d["a"] = x[2]
    return sum(v)


def _keep(d):
    KEPT.append(d)


KEPT = []


def _held_by_what_is_not_followed(x, n):
    d = {"a": x[0]}
    _keep(d)
    d["a"] = x[1]
    return d["a"]


def _under_one_name_in_all_items(x, n):
    d = {"a": x[0]}
    out = []
    for _ in range(n):
        out.append(d)
        d["a"] = d["a"] * x[1]
    return sum(o["a"] for o in out)


REFUSED = {
    _a_view_that_is_read_later: "what was made of it before may show that when it is read later",
    _held_by_what_is_not_followed: "KEPT|not followed",
    _under_one_name_in_all_items: "after it was put into a list whose length is not known",
    _one_of_two_changed_and_read: "and `d` may be the same; write into a copy",
    _swapped_and_changed: "may be the same; write into a copy",
    _of_unknown_length: "the length of `xs` is not known when the gradient is written",
    _at_an_unknown_key: "which item of the dict is changed here is not known",
    _gone_through_without_order: "which items `d` has here depends on the way that was taken",
    _longer_on_the_way: "gets longer or shorter in this loop; go through a copy",
    _into_itself: "`d` is put into itself",
    _in_a_comprehension: "a container is changed inside a comprehension; do it in a loop",
}


@pytest.mark.parametrize("n", [2, 0, 3])
@pytest.mark.parametrize("program", programs_of(globals()), ids=lambda f: f.__name__)
def test_all_answers_agree(program, n):
    agree(program, n, SHAPES)


@pytest.mark.parametrize("program", REFUSED, ids=lambda f: f.__name__)
def test_what_cannot_be_followed_is_refused(program):
    with pytest.raises(gradgen.UnsupportedError, match=REFUSED[program]) as error:
        gradgen.grad(program, shapes=SHAPES).source  # noqa: B018
    assert error.value.lineno
