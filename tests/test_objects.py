"""Objects whose attributes are given new values: made in the function, and those that come as arguments."""

# ruff: noqa: B007, B010 -- programs as people write them
import copy
from dataclasses import dataclass, field, replace
from types import SimpleNamespace

import numpy as np
import pytest

import gradgen
from tests.agreement import SHAPES, agree, programs_of


class State:
    def __init__(self, x, v):
        self.x, self.v = x, v
        self.t = 0

    def step(self, dt):
        a = -self.x
        self.x = self.x + dt * self.v
        self.v = self.v + dt * a
        self.t += 1

    @property
    def energy(self):
        return np.sum(self.x**2 + self.v**2) * self.t


def a_state_in_a_loop(x, n):
    s = State(x, x * 2)
    for i in range(n):
        s.x = s.x + 0.1 * s.v
        s.v = s.v - 0.1 * s.x
    return np.sum(s.x * s.v)


def a_method_that_steps(x, n):
    s = State(x, x * 2)
    for i in range(n):
        s.step(0.1)
    return s.energy


@dataclass
class P:
    a: object
    b: object = 2.0
    hist: list = field(default_factory=list)


def a_dataclass_and_replace(x, n):
    p = P(x[0])
    q = replace(p, b=x[1])
    q.a = q.a * x[2]
    p.hist.append(q.a)
    return p.a * q.b + q.a * p.hist[0] + p.b


def a_namespace(x, n):
    ns = SimpleNamespace(a=x[0])
    ns.b = x[1] ** 2
    for i in range(n):
        ns.a = ns.a * ns.b
        setattr(ns, "c", ns.a)
    return ns.a


def an_attribute_by_name(x, n):
    ns = SimpleNamespace(a=x[0], c=0.0)
    for i in range(n):
        ns.a = ns.a * x[1]
        setattr(ns, "c", ns.a * 2)
    return ns.a * ns.c if hasattr(ns, "c") else ns.a


class Layer:
    def __init__(self, W):
        self.W = W
        self.cache = {}

    def __call__(self, h):
        self.cache["h"] = h
        self.out = np.tanh(h * self.W)
        return self.out

    def backward(self, g):
        d = g * (1 - self.out**2)
        self.dW = np.sum(d * self.cache["h"])
        return d * self.W


class Net:
    def __init__(self, ws):
        self.layers = [Layer(w) for w in ws]

    def loss(self, h):
        for layer in self.layers:
            h = layer(h)
        return np.sum(h**2)

    def train(self, h, lr):
        value = self.loss(h)
        g = 2 * self.layers[-1].out
        for layer in reversed(self.layers):
            g = layer.backward(g)
        for layer in self.layers:
            layer.W = layer.W - lr * layer.dW
        return value


def layers_that_remember(x, n):
    net = Net([x[0], x[1]])
    return net.loss(x)


def layers_that_learn(x, n):
    net = Net([x[0], x[1]])
    s = 0.0
    for i in range(n):
        s += net.train(x, 0.1)
    return s + net.loss(x)


class Acc:
    total = 0.0

    def add(self, v):
        self.total += v
        return self


def an_accumulator(x, n):
    acc = Acc()
    for v in x:
        acc.add(v * v)
    acc.add(1.0).add(x[0])
    return acc.total


class Base:
    def __init__(self, a):
        super().__init__()
        self.a = a

    def f(self):
        return self.a * 2


class Sub(Base):
    def __init__(self, a, b):
        super().__init__(a)
        self.b = b

    def f(self):
        return super().f() + self.b


def a_subclass(x, n):
    s = Sub(x[0], x[1])
    t = s
    t.a = t.a * x[2]
    return s.f()


@dataclass
class Post:
    a: object
    b: object = None
    c: object = field(init=False)

    def __post_init__(self):
        if self.b is None:
            self.b = self.a * 2
        self.c = self.a + self.b


def after_init(x, n):
    p = Post(x[0])
    q = Post(x[1], x[2])
    return p.b * p.c + q.b * q.c


@dataclass(frozen=True)
class Fr:
    a: object
    b: object = 1.0


def a_frozen_one(x, n):
    f = Fr(x[0])
    for i in range(n):
        f = replace(f, a=f.a * x[1], b=f.b + x[2])
    return f.a * f.b


def copies(x, n):
    s = State(x, x)
    u = copy.copy(s)
    u.x = u.x * 2
    w = copy.deepcopy(s)
    w.v[0] = 7.0
    return np.sum(s.x * u.x * w.v)


class Stack:
    def __init__(self):
        self.items = []

    def push(self, v):
        self.items.append(v)

    def pop(self):
        return self.items.pop()


def a_stack(x, n):
    s = Stack()
    s.push(x[0])
    s.push(x[1])
    s.push(x[2])
    a = s.pop() * s.pop()
    s.push(a)
    return s.pop() + s.pop()


class Opt:
    def __init__(self, params, lr=0.1, beta=0.9):
        self.params, self.lr, self.beta = params, lr, beta
        self.m = {k: np.zeros_like(p) for k, p in params.items()}
        self.t = 0

    def step(self, grads):
        self.t += 1
        for k, g in grads.items():
            self.m[k] = self.beta * self.m[k] + (1 - self.beta) * g
            mhat = self.m[k] / (1 - self.beta**self.t)
            self.params[k] -= self.lr * mhat / (1.0 + np.abs(mhat))


def an_optimizer(x, n):
    params = {"w": x.copy(), "b": x[:1].copy()}
    opt = Opt(params)
    for i in range(n):
        opt.step({"w": 2 * params["w"] * params["b"], "b": np.sum(params["w"] ** 2, keepdims=True)})
    return np.sum(params["w"]) + params["b"][0]


class Node:
    def __init__(self, v, prev=None):
        self.v, self.prev = v, prev


def objects_that_hold_objects(x, n):
    a = Node(x[0])
    b = Node(x[1], a)
    a.v = x[2] ** 2
    b.prev.v *= x[0]
    return b.prev.v * b.v


def a_list_of_objects(x, n):
    objs = [P(x[i]) for i in range(3)]
    for i, o in enumerate(objs):
        o.a = o.a * (i + 1)
        o.b = objs[i - 1].a
    return sum(o.a * o.b for o in objs)


@pytest.mark.parametrize("n", [2, 0, 3])
@pytest.mark.parametrize("program", programs_of(globals()), ids=lambda f: f.__name__)
def test_all_answers_agree(program, n):
    agree(program, n, SHAPES)


# ---- the caller's


class Recurrent:
    """A cell that keeps its state, and counts."""

    def __init__(self, W, h):
        self.W, self.h, self.calls, self.dt, self.t = W, h, 0, 0.5, 0.0

    def step(self, x):
        self.h = np.tanh(self.W * x + self.h)
        self.calls += 1
        return self.h

    def steps(self, x):
        s = 0.0
        for i in range(3):
            self.step(x * i)
            s += np.sum(self.h**2)
        return s

    def remembered(self, x):
        self.cache = {"x": x}
        self.out = x * self.W
        self.note = "seen"
        return np.sum(self.cache["x"] * self.out)

    def counted(self, x):
        self.calls += 1
        y = x * self.calls
        self.calls += 1
        self.t = self.t + self.dt
        return np.sum(y * self.W) * self.calls

    def on_one_side(self, x):
        if x[0] > 0:
            self.h = x * self.W
            self.calls = 5
        return np.sum(self.h)

    def told(self, x):
        self.calls += 1
        print(self.calls, self.h)
        self.h = x * x
        print(self.h)
        return np.sum(self.h * self.W)


def recurrent(W=None):
    return Recurrent(np.array([0.5, 1.0, 1.5]) if W is None else W, np.array([0.1, 0.2, 0.3]))


@pytest.mark.parametrize("wrt", ["x", "self.W"])
@pytest.mark.parametrize("name", ["steps", "remembered", "counted", "on_one_side", "told"])
def test_the_caller_s_object_gets_what_carries_no_derivative(name, wrt, capsys):
    """Counts and notes are written into it as the function itself writes them; what depends on the target is not."""
    x, method = np.array([0.3, 0.7, 1.1]), getattr(Recurrent, name)
    mine, other = recurrent(), recurrent()
    method(other, x)
    wanted = capsys.readouterr().out
    got = gradgen.grad(method, wrt=wrt)(mine, x)
    assert capsys.readouterr().out == wanted
    assert (mine.calls, mine.t) == (other.calls, other.t)
    assert getattr(mine, "note", None) == getattr(other, "note", None)
    np.testing.assert_array_equal(mine.h, (other if (name, wrt) == ("told", "self.W") else recurrent()).h)
    np.testing.assert_array_equal(mine.W, recurrent().W)

    def at(v):
        return method(recurrent(), v) if wrt == "x" else method(recurrent(v), x)

    point, h = x if wrt == "x" else recurrent().W, 1e-6
    numeric = [(at(point + e) - at(point - e)) / (2 * h) for e in np.eye(3) * h]
    capsys.readouterr()
    np.testing.assert_allclose(got, numeric, rtol=1e-6, atol=1e-8)


def test_a_written_module_counts_too():
    source = gradgen.grad(Recurrent.counted, wrt="x", shapes="x=(3,), self=Recurrent(W=(3,), calls=int())").source
    assert "    calls = self.calls\n    calls = calls + 1\n" in source and "self.calls = calls_1\n" in source
    names: dict = {}
    exec(source, names)
    mine = recurrent()
    np.testing.assert_allclose(names["grad_counted"](mine, np.ones(3)), 2 * mine.W)
    assert mine.calls == 2


def training(params, x):
    params["W"] = params["W"] - 0.1 * x
    params["b"] *= 2.0
    params["steps"] = 7
    return np.sum(params["W"] ** 2) * params["b"]


@pytest.mark.parametrize("shapes", ["", 'params={"W": (3,), "b": (), "steps": int()}, x=(3,)'])
def test_items_of_an_argument(shapes):
    params, x = {"W": np.array([1.0, 2.0, 3.0]), "b": 0.5, "steps": 0}, np.ones(3)
    bar = gradgen.grad(training, wrt='params["W"]', shapes=shapes)(params, x)
    np.testing.assert_allclose(bar, 2 * (params["W"] - 0.1))
    np.testing.assert_array_equal(params["W"], [1.0, 2.0, 3.0])
    assert params["b"] == 1.0 and params["steps"] == 7


@dataclass
class Counter:
    n: int
    W: np.ndarray


def first_of(xs, x):
    xs[0] = 3.0
    xs[1] = x[0]
    return np.sum(x) * xs[0] * xs[1]


def noted(stats, x):
    stats["n"] += 1
    stats["last"] = np.sum(x)
    stats["note"] = "seen"
    return np.sum(x * x) * stats["n"]


def doubled(c, x):
    c.n += 1
    c.W = c.W * 2
    return np.sum(x * c.W) * c.n


def counted_in_a_loop(c, x):
    for i in range(3):
        if x[0] > 0:
            c.n += i
    return np.sum(x * c.W) * c.n


WRITTEN_BACK = {
    first_of: ([1.0, 2.0], [3.0, 2.0]),
    noted: ({"n": 0, "last": 0.0}, {"n": 1, "last": 0.0, "note": "seen"}),
    doubled: (Counter(1, np.ones(2)), Counter(2, np.full(2, 2.0))),
    counted_in_a_loop: (Counter(1, np.ones(2)), Counter(4, np.ones(2))),
}


@pytest.mark.parametrize("program", WRITTEN_BACK, ids=lambda f: f.__name__)
def test_an_argument_gets_what_carries_no_derivative(program):
    given, after = copy.deepcopy(WRITTEN_BACK[program])
    x, h = np.array([1.0, 2.0]), 1e-6
    numeric = [
        (program(copy.deepcopy(given), x + e) - program(copy.deepcopy(given), x - e)) / (2 * h) for e in np.eye(2) * h
    ]
    np.testing.assert_allclose(gradgen.grad(program, wrt="x")(given, x), numeric, rtol=1e-6)
    assert str(given) == str(after)


def test_an_argument_that_loses_items_is_refused():
    def popped(d, x):
        return np.sum(x) * d.pop("a")

    with pytest.raises(gradgen.UnsupportedError, match="`d` loses items here, which belongs to whoever calls"):
        gradgen.grad(popped, wrt="x")({"a": 2.0}, np.ones(2))
