"""Functions of containers of arrays: tuples, lists, dicts, named tuples, dataclasses, nested ones."""

from __future__ import annotations

import itertools
from collections import namedtuple
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pytest

from gradgen import check_grad, grad, value_and_grad, vjp
from gradgen.errors import GradgenError
from tests.leafwise import check, compare_leaves, written

RNG = np.random.default_rng(5)
X, Y = RNG.normal(size=(5, 3)), RNG.normal(size=(5, 2))


def weights(*sizes: int) -> list[tuple[np.ndarray, np.ndarray]]:
    return [(RNG.normal(size=(m, n)), RNG.normal(size=n)) for m, n in itertools.pairwise(sizes)]


class Dense(NamedTuple):
    W: np.ndarray
    b: np.ndarray


@dataclass
class Affine:
    W: np.ndarray
    b: np.ndarray
    steps: int = 3
    label: str = "affine"


@dataclass(frozen=True)
class Pair:
    first: Dense
    second: Affine


Point = namedtuple("Point", "x y")


# ---- one container


def by_name(params, X, Y):
    H = np.tanh(X @ params["W"] + params["b"])
    return np.mean((H @ params["V"] - Y) ** 2)


def by_place(params, X, Y):
    H = np.tanh(X @ params[0] + params[1])
    return np.mean((H @ params[-1] - Y) ** 2)


def unpacked(params, X, Y):
    W, b, V = params
    H = np.tanh(X @ W + b)
    return np.mean((H @ V - Y) ** 2)


def nested_unpacked(params, X, Y):
    (W, b), (V, c) = params
    H = np.tanh(X @ W + b)
    return np.mean((H @ V + c - Y) ** 2)


def by_attribute(params, X, Y):
    return np.mean((np.tanh(X @ params.W + params.b) - Y) ** 2)


def test_a_dict():
    params = {"W": RNG.normal(size=(3, 4)), "b": RNG.normal(size=4), "V": RNG.normal(size=(4, 2))}
    shapes = {"params": {"W": "(d, h)", "b": "(h,)", "V": "(h, k)"}, "X": "(n, d)", "Y": "(n, k)"}
    check(by_name, params, X, Y, declared={"shapes": shapes})


SHAPES = "params={}(d, h), (h,), (h, k){}, X=(n, d), Y=(n, k)"


@pytest.mark.parametrize("kind", [tuple, list])
@pytest.mark.parametrize("fn", [by_place, unpacked])
def test_tuples_and_lists(fn, kind):
    params = kind([RNG.normal(size=(3, 4)), RNG.normal(size=4), RNG.normal(size=(4, 2))])
    bar = grad(fn)(params, X, Y)
    compare_leaves(lambda p: fn(p, X, Y), params, bar)
    shapes = SHAPES.format(*("()" if kind is tuple else "[]"))
    source = grad(fn, shapes=shapes).source
    assert "_unbroadcast" not in source
    scope: dict[str, Any] = {}
    exec(source, scope)
    for a, b in zip(scope[f"grad_{fn.__name__}"](params, X, Y), bar, strict=True):
        np.testing.assert_allclose(a, b)


def test_nested_tuples_are_unpacked_as_the_user_wrote_it():
    params = weights(3, 4, 2)
    bar = grad(nested_unpacked)(params, X, Y)
    compare_leaves(lambda p: nested_unpacked(p, X, Y), params, bar)
    source = grad(nested_unpacked, shapes="params=[((d, h), (h,)), ((h, k), (k,))], X=(n, d), Y=(n, k)").source
    assert "    (W, b), (V, c) = params\n" in source
    assert "return [(W_bar, b_bar), (V_bar, c_bar)]" in source


def test_named_tuples():
    params = Dense(RNG.normal(size=(3, 2)), RNG.normal(size=2))
    bar = grad(by_attribute)(params, X, Y)
    assert type(bar) is Dense
    compare_leaves(lambda p: by_attribute(p, X, Y), params, bar)
    with_place = grad(lambda p, X: np.sum(np.tanh(X @ p[0] + p[1])))(params, X)
    compare_leaves(lambda p: np.sum(np.tanh(X @ p[0] + p[1])), params, with_place)

    def spread(p, X):
        W, b = p
        return np.sum(np.tanh(X @ W + b))

    compare_leaves(lambda p: spread(p, X), params, grad(spread)(params, X))


def test_dataclasses():
    params = Affine(RNG.normal(size=(3, 2)), RNG.normal(size=2))
    bar = grad(by_attribute)(params, X, Y)
    assert type(bar) is Affine and bar.steps is None and bar.label is None
    compare_leaves(lambda p: by_attribute(p, X, Y), params, bar)


def annotated(params: Affine, X, Y):
    return np.mean((np.tanh(X @ params.W + params.b) - Y) ** 2)


def annotated_dense(params: Dense, X, Y):
    return np.mean((np.tanh(X @ params.W + params.b) - Y) ** 2)


def test_classes_are_known_by_annotations():
    for fn, cls in ((annotated, Affine), (annotated_dense, Dense)):
        check(fn, cls(RNG.normal(size=(3, 2)), RNG.normal(size=2)), X, Y)
    assert "return dataclasses.replace(params, W=W_bar, b=b_bar, steps=None, label=None)" in grad(annotated).source
    assert "return params._replace(W=W_bar, b=b_bar)" in grad(annotated_dense).source
    assert "import dataclasses" in grad(annotated).source


@dataclass
class Checked:
    scale: float
    shift: np.ndarray
    total: float = field(init=False)

    def __post_init__(self):
        if self.scale is None or self.scale <= 0.0:
            raise ValueError("scale must be positive")
        self.total = 2.0


def test_a_dataclass_that_checks_its_fields_comes_back_as_a_plain_namespace():
    def f(p, x):
        return np.sum(p.scale * x + p.shift**2) * p.total

    p = Checked(2.0, np.array([1.0, 2.0]))
    bar = grad(f)(p, 3.0)
    assert (bar.scale, bar.total) == (12.0, 17.0)
    np.testing.assert_allclose(bar.shift, [4.0, 8.0])


def test_nested_containers():
    def f(params, X):
        H = np.tanh(X @ params["enc"][0] + params["enc"][1])
        return np.sum(H @ params["dec"]["V"]) * params["scale"] + params["n"]

    params = {
        "enc": (RNG.normal(size=(3, 4)), RNG.normal(size=4)),
        "dec": {"V": RNG.normal(size=(4, 2)), "name": "decoder"},
        "scale": 0.7,
        "n": 3,
        "unused": RNG.normal(size=2),
        "nothing": None,
    }
    bar = grad(f)(params, X)
    assert bar["n"] is None and bar["dec"]["name"] is None and bar["nothing"] is None
    assert np.all(bar["unused"] == 0.0)
    compare_leaves(lambda p: f(p, X), params, bar)
    check_grad(f, params, X)


def test_classes_within_classes():
    def f(p, X):
        return np.sum((np.tanh(X @ p.first.W + p.first.b) @ p.second.W + p.second.b) ** 2)

    p = Pair(Dense(RNG.normal(size=(3, 4)), RNG.normal(size=4)), Affine(RNG.normal(size=(4, 2)), RNG.normal(size=2)))
    bar = grad(f)(p, X)
    assert type(bar) is Pair and type(bar.first) is Dense and type(bar.second) is Affine
    compare_leaves(lambda p: f(p, X), p, bar)
    check_grad(f, p, X)


# ---- targets


def test_parts_are_targets():
    params = {"W": RNG.normal(size=(3, 4)), "b": RNG.normal(size=4), "V": RNG.normal(size=(4, 2))}
    whole = grad(by_name)(params, X, Y)
    np.testing.assert_allclose(grad(by_name, wrt="params['W']")(params, X, Y), whole["W"])
    W_bar, V_bar = grad(by_name, wrt=('params["W"]', 'params["V"]'))(params, X, Y)
    np.testing.assert_allclose(W_bar, whole["W"])
    np.testing.assert_allclose(V_bar, whole["V"])
    listed = [params["W"], params["b"], params["V"]]
    np.testing.assert_allclose(grad(unpacked, wrt="params[-1]")(listed, X, Y), whole["V"])
    W_bar, X_bar = grad(unpacked, wrt="params[0], X")(listed, X, Y)
    np.testing.assert_allclose(W_bar, whole["W"])
    assert X_bar.shape == X.shape
    p = Dense(RNG.normal(size=(3, 2)), RNG.normal(size=2))
    np.testing.assert_allclose(grad(by_attribute, "params.b")(p, X, Y), grad(by_attribute)(p, X, Y).b)


def test_a_part_and_the_whole_are_not_both_targets():
    with pytest.raises(GradgenError, match=r"a target is named twice: params, params\.W"):
        grad(by_attribute, wrt=("params", "params.W"))(Dense(np.ones((3, 2)), np.ones(2)), X, Y)


def test_a_part_that_is_not_there():
    params = {"W": np.ones((3, 2))}
    with pytest.raises(GradgenError, match="params has no part 'params\\[\"z\"\\]'"):
        grad(lambda params, X: np.sum(X @ params["W"]), wrt="params['z']")(params, X)
    with pytest.raises(SyntaxError, match="there is no item 'z'; there are 'W'"):
        grad(lambda params, X: np.sum(X @ params["z"]))(params, X)


def test_the_containers_of_others_are_constants():
    def f(x, options, table):
        return np.sum(x**2) * options["scale"] + x[0] * table[1][0] if options["square"] else np.sum(x)

    x = np.array([1.0, 2.0])
    np.testing.assert_allclose(grad(f)(x, {"scale": 2.0, "square": True}, [1.0, np.array([5.0])]), [9.0, 8.0])
    np.testing.assert_allclose(grad(f)(x, {"scale": 2.0, "square": False}, [1.0, np.array([5.0])]), [1.0, 1.0])


# ---- numbers


def test_lists_of_numbers_come_back_as_lists():
    def banana(p):
        x, y = p
        return (1.0 - x) ** 2 + 100.0 * (y - x * x) ** 2

    assert grad(banana)([-1.2, 1.0]) == pytest.approx([-215.6, -88.0])
    assert isinstance(grad(banana)([-1.2, 1.0]), list)
    assert grad(banana)((-1.2, 1.0)) == pytest.approx((-215.6, -88.0))
    assert isinstance(grad(banana)(np.array([-1.2, 1.0])), np.ndarray)
    assert grad(banana)([-1, 1]) == pytest.approx([-4.0, 0.0])
    assert grad(banana)(Point(-1.2, 1.0)) == pytest.approx(Point(-215.6, -88.0))


def test_lists_are_joined_and_not_added():
    def f(x):
        return np.sum(np.array(x + x) ** 2 * np.arange(4.0))

    assert grad(f)([1.0, 2.0]) == pytest.approx([4.0, 16.0])
    np.testing.assert_allclose(grad(f, shapes="x=(4,)")(np.arange(4.0)), 8.0 * np.arange(4.0) ** 2)


# ---- methods of dicts


def test_methods_of_dicts():
    def chosen(params):
        total = params.get("a") * params.get("missing", 2.0)
        return total * len(params) + sum(params.values())

    params = {"a": 1.5, "b": 2.5, "c": -1.0}
    assert grad(chosen)(params) == pytest.approx({"a": 7.0, "b": 1.0, "c": 1.0})


# ---- containers that are made inside


def test_objects_made_inside():
    def f(x):
        d = Dense(x * 2.0, b=x[0])
        a = Affine(d.W, d.b)
        both = {"d": d, "a": a, "n": 3}
        W, b = both["d"]
        return np.sum(both["a"].W ** 2) + W[1] * b * both["n"] + a.steps

    x = np.array([0.5, 2.0])
    np.testing.assert_allclose(grad(f)(x), [8.0 * 0.5 + 6.0 * 2.0, 8.0 * 2.0 + 6.0 * 0.5])
    source = grad(f, shapes="x=(n,)").source
    assert "Dense" not in source.split('"""')[-1].replace("# d = Dense", "").replace("# a = ", "")


def test_helpers_take_and_return_containers():
    def layer(p, x):
        return {"out": np.tanh(x @ p["W"] + p["b"]), "width": len(p)}

    def f(params, x):
        first = layer(params["one"], x)
        second = layer(params["two"], first["out"])
        return np.sum(second["out"]) * second["width"]

    params = {
        "one": {"W": RNG.normal(size=(3, 4)), "b": RNG.normal(size=4)},
        "two": {"W": RNG.normal(size=(4, 2)), "b": RNG.normal(size=2)},
    }
    bar = grad(f)(params, X)
    compare_leaves(lambda p: f(p, X), params, bar)


# ---- calls


def test_other_structures_are_told_apart():
    d = grad(by_name)
    params = {"W": RNG.normal(size=(3, 4)), "b": RNG.normal(size=4), "V": RNG.normal(size=(4, 2))}
    for _ in range(2):
        compare_leaves(lambda p: by_name(p, X, Y), params, d(params, X, Y))
    more = {**params, "extra": 1.0}
    assert d(more, X, Y)["extra"] == 0.0
    single = {key: value.astype(np.float32) for key, value in params.items()}
    assert all(v.dtype == np.float32 for v in d(single, X.astype(np.float32), Y.astype(np.float32)).values())
    wide = {"W": RNG.normal(size=(3, 1)), "b": RNG.normal(size=4), "V": RNG.normal(size=(4, 2))}
    compare_leaves(lambda p: by_name(p, X, Y), wide, d(wide, X, Y))
    assert len(d._made) == 3


def test_a_pullback_goes_with_the_arguments_that_it_was_made_for():
    params = {"W": RNG.normal(size=(3, 4)), "b": RNG.normal(size=4), "V": RNG.normal(size=(4, 2))}
    _, pullback = vjp(by_name)(params, X, Y)
    before = pullback(1.0)
    params["W"], params["V"] = 2.0 * params["W"], 3.0 * params["V"]
    after = pullback(1.0)
    for name in params:
        np.testing.assert_array_equal(before[name], after[name])


def test_a_container_that_goes_to_unknown_code_is_refused():
    import json

    def f(params, x):
        return np.sum(x) * json.loads(str(params))

    with pytest.raises(SyntaxError, match="gradgen knows no derivative of `str`"):
        grad(f)({"a": 1.0}, X)


# ---- results


def test_results_are_containers():
    def parts(x):
        return {"a": np.sin(x), "b": (x**2, x[0]), "n": len(x)}

    x = np.array([0.5, 1.5, -1.0])
    value, pullback = vjp(parts)(x)
    assert list(value) == ["a", "b", "n"] and value["n"] == 3 and type(value["b"]) is tuple
    bars = {"a": np.array([1.0, 2.0, 3.0]), "b": (np.array([0.5, -1.0, 2.0]), 4.0), "n": None}
    wanted = bars["a"] * np.cos(x) + 2.0 * x * bars["b"][0] + np.array([4.0, 0.0, 0.0])
    for _ in range(2):
        np.testing.assert_allclose(pullback(bars), wanted)
    with pytest.raises(ValueError, match=r"value_bar must be shaped like the value of parts\(\)"):
        pullback({**bars, "a": 1.0})
    check_grad(parts, x)
    text = vjp(parts, shapes="x=(n,)").source
    assert 'a_bar, value_2_bar, value_3_bar = value_bar["a"], value_bar["b"][0], value_bar["b"][1]' in text
    scope: dict[str, Any] = {}
    exec(text, scope)
    np.testing.assert_allclose(scope["vjp_parts"](x)[1](bars), wanted)


def test_results_are_objects():
    def line(x):
        return Dense(np.outer(x, x), b=3.0 * x)

    def record(x):
        return Affine(np.outer(x, x), 3.0 * x)

    x = np.array([0.5, -1.0])
    for fn, cls in ((line, Dense), (record, Affine)):
        value, pullback = vjp(fn)(x)
        assert type(value) is cls
        np.testing.assert_allclose(pullback(cls(np.zeros((2, 2)), np.ones(2))), [3.0, 3.0])
        check_grad(fn, x)
        scope: dict[str, Any] = {}
        text = vjp(fn).source
        assert "tests" not in text.split('"""')[-1]
        exec(text, scope)
        value, pullback = scope[f"vjp_{fn.__name__}"](x)
        np.testing.assert_allclose(value.b, 3.0 * x)
        np.testing.assert_allclose(pullback(cls(np.zeros((2, 2)), np.ones(2))), [3.0, 3.0])


def with_extras(x, y):
    error = x - y
    return np.sum(error**2), {"error": error, "count": error.size}


def test_what_is_returned_beside_the_number():
    x, y = np.array([1.0, 2.0]), np.array([0.5, 4.0])
    bar, aux = grad(with_extras, has_aux=True)(x, y)
    np.testing.assert_allclose(bar, 2.0 * (x - y))
    np.testing.assert_allclose(aux["error"], x - y)
    assert aux["count"] == 2
    (value, aux), bars = value_and_grad(with_extras, wrt=("x", "y"), has_aux=True)(x, y)
    assert value == pytest.approx(4.25)
    np.testing.assert_allclose(bars, [2.0 * (x - y), 2.0 * (y - x)])
    for options in ({}, {"shapes": "x=(n,), y=(n,)"}):
        scope: dict[str, Any] = {}
        exec(value_and_grad(with_extras, has_aux=True, **options).source, scope)
        (value, aux), bar = scope["value_and_grad_with_extras"](x, y)
        assert value == pytest.approx(4.25) and aux["count"] == 2
        np.testing.assert_allclose(bar, 2.0 * (x - y))
    check_grad(with_extras, x, y)


def test_a_gradient_of_several_results_is_refused_with_two_ways_out():
    with pytest.raises(TypeError, match=r"returns several values.*use vjp, or has_aux=True for a pair \(number, aux\)"):
        grad(with_extras)(X, X)
    with pytest.raises(TypeError, match="returns no pair of a number and something else"):
        grad(lambda x: np.sum(x), has_aux=True)(X)
    with pytest.raises(TypeError, match=r"returns an array of shape \(5, 3\)"):
        grad(lambda x: (x, 1.0), has_aux=True)(X)


# ---- lists of unknown length


def mlp(params, X):
    H = X
    for W, b in params:
        H = np.tanh(H @ W + b)
    return np.mean(H**2)


def linear_at_the_end(params, X):
    H = X
    for W, b in params[:-1]:
        H = np.maximum(H @ W + b, 0.0)
    W, b = params[-1]
    return np.mean((H @ W + b) ** 2)


def counted(params, X):
    H = X
    for i, (W, b) in enumerate(params):
        H = H @ W + b
        if i < len(params) - 1:
            H = np.tanh(H)
    return np.mean(H**2)


def with_decay(params, X):
    H = X
    for W, b in params:
        H = np.tanh(H @ W + b)
    penalty = 0.0
    for W, _ in params:
        penalty = penalty + np.sum(W**2)
    return np.mean(H**2) + 0.1 * penalty


def with_generator(params, X):
    H = X
    for W, b in params[:-1]:
        H = np.tanh(H @ W + b)
    W, b = params[-1]
    return np.mean((H @ W + b) ** 2) + 0.1 * sum(np.sum(W**2) for W, _ in params)


LAYERS = "params=[((_, _), (_,)), ...], X=(n, d)"


@pytest.mark.parametrize("fn", [mlp, linear_at_the_end, counted, with_decay, with_generator], ids=lambda f: f.__name__)
def test_a_list_of_layers(fn):
    check(fn, weights(3, 4, 5, 2), X, declared={"shapes": LAYERS})
    for count in (1, 2, 4):
        params = weights(*range(3, 4 + count))
        bar = grad(fn)(params, X)
        for options in ({}, {"shapes": LAYERS}):
            from_module = written(fn, options)(params, X)
            for got, wanted in zip(from_module, bar, strict=True):
                np.testing.assert_allclose(got[0], wanted[0])
                np.testing.assert_allclose(got[1], wanted[1])


def test_a_list_of_layers_reads_as_the_user_wrote_it():
    source = grad(mlp, shapes=LAYERS).source
    assert "    for W, b in params:\n" in source
    assert "        params_bar.append((W_bar, b_bar))\n" in source
    assert "Written for params: [((_, _), (_,)), ...], X: (n, d)." in source
    with pytest.raises(ValueError, match="is written for params"):
        written(mlp, {"shapes": LAYERS})(np.ones((2, 2, 2)), X)


def test_what_comes_back_in_lists_is_nobody_elses():
    def f(pairs, x):
        total = 0.0
        for a, b in pairs:
            total = total + np.sum(a * x) + np.sum(b * x)
        return total

    pairs, x = [(np.ones(3), np.ones(3)) for _ in range(2)], np.arange(3.0)
    for options in ({}, {"shapes": "pairs=[((n,), (n,)), ...], x=(n,)"}):
        arrays = [bar for pair in written(f, options)(pairs, x) for bar in pair]
        for i, bar in enumerate(arrays):
            np.testing.assert_allclose(bar, x)
            assert not any(np.shares_memory(bar, other) for other in [x, *arrays[:i]])


def test_dicts_are_gone_through():
    def penalty(params, rate):
        total = 0.0
        for value in params.values():
            total = total + np.sum(value**2)
        return rate * total

    def chosen(params):
        total = params["a"] * params.get("missing", 2.0)
        for name, value in params.items():
            if name != "a":
                total = total + value * len(params)
        for name in params:
            total = total + params[name]
        return total + sum(params.values())

    assert grad(chosen)({"a": 1.5, "b": 2.5, "c": -1.0}) == pytest.approx({"a": 4.0, "b": 5.0, "c": 5.0})
    params = {"W": RNG.normal(size=(3, 2)), "b": RNG.normal(size=2)}
    compare_leaves(lambda p: penalty(p, 0.1), params, grad(penalty)(params, 0.1))


def test_layers_that_are_dicts_and_objects():
    def of_dicts(params, X):
        H = X
        for layer in params:
            H = np.tanh(H @ layer["W"] + layer["b"])
        return np.mean(H**2)

    def of_objects(params, X):
        H = X
        for layer in params:
            H = np.tanh(H @ layer.W + layer.b)
        return np.mean(H**2)

    def by_index(params, X):
        H = X
        for i in range(len(params)):
            W, b = params[i]
            H = np.tanh(H @ W + b)
        return np.mean(H**2)

    layers = weights(3, 4, 5, 2)
    for fn, params in (
        (of_dicts, [{"W": W, "b": b} for W, b in layers]),
        (of_objects, [Dense(W, b) for W, b in layers]),
        (of_objects, [Affine(W, b) for W, b in layers]),
        (by_index, layers),
    ):
        compare_leaves(lambda p, fn=fn: fn(p, X), params, grad(fn)(params, X))


class Filter(NamedTuple):
    """The matrices of a linear Gaussian model: transition, observation, their noises."""

    A: np.ndarray
    H: np.ndarray
    Q: np.ndarray
    R: np.ndarray


def kalman(model, y, m, P):
    """The negative log-likelihood of observations under a Kalman filter."""
    total = 0.0
    for t in range(len(y)):
        m = model.A @ m
        P = model.A @ P @ model.A.T + model.Q
        S = model.H @ P @ model.H.T + model.R
        e = y[t] - model.H @ m
        K = P @ model.H.T @ np.linalg.inv(S)
        total = total + 0.5 * (e @ np.linalg.solve(S, e) + np.linalg.slogdet(S)[1])
        m = m + K @ e
        P = P - K @ S @ K.T
    return total


def test_a_kalman_filter_of_named_matrices():
    model = Filter(np.array([[0.9, 0.2], [-0.1, 0.8]]), np.array([[1.0, 0.5]]), 0.1 * np.eye(2), np.array([[0.3]]))
    y = RNG.normal(size=(6, 1))
    bar = grad(kalman)(model, y, np.zeros(2), np.eye(2))
    assert type(bar) is Filter
    compare_leaves(lambda p: kalman(p, y, np.zeros(2), np.eye(2)), model, bar)
    from_module = written(kalman, {})(model, y, np.zeros(2), np.eye(2))
    for name in Filter._fields:
        np.testing.assert_allclose(getattr(from_module, name), getattr(bar, name), rtol=1e-8)


class Motion(NamedTuple):
    x: np.ndarray
    v: np.ndarray


def test_an_argument_that_is_rebound_is_what_its_gradient_is_made_from():
    def swung(s, k):
        for _ in range(3):
            s = Motion(s.x + 0.1 * s.v, s.v - 0.1 * k * s.x)
        return np.sum(s.x**2 + s.v**2)

    x, v = np.array([0.1, 0.5, -0.3]), np.array([0.2, 0.1, 0.4])
    s_bar, k_bar = grad(swung, wrt=("s", "k"))(Motion(x, v), 2.0)
    assert isinstance(s_bar, Motion)
    h = 1e-6
    for part, bar in zip(Motion._fields, s_bar, strict=True):
        moved = [
            [swung(Motion(x, v)._replace(**{part: getattr(Motion(x, v), part) + d * e}), 2.0) for d in (h, -h)]
            for e in np.eye(3)
        ]
        np.testing.assert_allclose(bar, [(a - b) / (2 * h) for a, b in moved], rtol=1e-6)
    slope = (swung(Motion(x, v), 2.0 + h) - swung(Motion(x, v), 2.0 - h)) / (2 * h)
    np.testing.assert_allclose(k_bar, slope, rtol=1e-6)
