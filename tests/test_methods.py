"""Methods: those of classes, of objects, with attributes as targets; properties, `super()`, objects as arguments."""

from __future__ import annotations

import functools
import inspect
import pickle
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from gradgen import check_grad, differentiable, grad, value_and_grad, vjp
from gradgen.errors import GradgenError
from tests.leafwise import compare_leaves, numerical, written

RNG = np.random.default_rng(7)
X, Y = RNG.normal(size=(5, 3)), RNG.normal(size=(5, 4))


class Dense:
    """A layer with an activation that is chosen by name."""

    def __init__(self, W: Any, b: Any = None, activation: str = "tanh"):
        self.W, self.b, self.activation = W, b, activation
        self.calls = 0

    def __call__(self, x):
        z = x @ self.W
        if self.b is not None:
            z = z + self.b
        if self.activation == "tanh":
            return np.tanh(z)
        if self.activation == "softplus":
            return np.logaddexp(0.0, z)
        return z

    @property
    def strength(self):
        """How strong the weights are."""
        return np.sum(self.W**2)

    @functools.cached_property
    def strongest(self):
        return np.max(self.W)

    @staticmethod
    def squared(error):
        return error**2

    @classmethod
    def scale(cls):
        return 0.5

    def loss(self, x, y):
        return np.mean(self.squared(self(x) - y)) + self.scale() * self.strength


class Biased(Dense):
    """Its loss counts the offsets as well."""

    @classmethod
    def scale(cls):
        return 0.25

    def loss(self, x, y):
        return super().loss(x, y) + np.sum(self.b**2)


class Net:
    def __init__(self, first: Dense, second: Dense, rate: float):
        self.first, self.second, self.rate = first, second, rate
        self.options = {"power": 2, "offset": RNG.normal(size=4)}

    def forward(self, x):
        return self.second(self.first(x))

    def loss(self, x, y):
        error = self.forward(x) - y - self.options["offset"]
        return self.rate * np.sum(error ** self.options["power"])


class Kernel:
    """Squared exponential."""

    def __init__(self, lengthscale, variance):
        self.lengthscale, self.variance = lengthscale, variance

    def __call__(self, A, B):
        d = (A[:, None] - B[None, :]) / self.lengthscale
        return self.variance * np.exp(-0.5 * d**2)


class GaussianProcess:
    def __init__(self, kernel, noise):
        self.kernel, self.noise = kernel, noise

    def log_likelihood(self, x, y):
        K = self.kernel(x, x) + self.noise**2 * np.eye(len(x))
        L = np.linalg.cholesky(K)
        alpha = np.linalg.solve(K, y)
        return -0.5 * y @ alpha - np.sum(np.log(np.diag(L))) - 0.5 * len(x) * np.log(2.0 * np.pi)


@dataclass
class Spring:
    stiffness: float
    length: float
    name: str = "spring"

    def force(self, x):
        return self.stiffness * (x - self.length)

    def energy(self, x):
        return 0.5 * self.force(x) ** 2 / self.stiffness


def dense(**changes: Any) -> Dense:
    return Dense(**({"W": RNG.normal(size=(3, 4)), "b": RNG.normal(size=4)} | changes))


def moved(obj: Any, path: str, value: Any) -> Any:
    """A deep copy of an object that has another value for an attribute, or an attribute of one of its attributes."""
    obj = pickle.loads(pickle.dumps(obj))
    *above, name = path.split(".")
    owner = functools.reduce(getattr, above, obj)
    if isinstance(owner, dict):
        owner[name] = value
    else:
        setattr(owner, name, value)
    return obj


def compare(method: str, obj: Any, path: str, *args: Any, bar: Any) -> None:
    """`bar` is the gradient of obj.method(*args) by an attribute."""
    value = functools.reduce(getattr, path.split("."), obj)
    wanted = numerical(lambda new: getattr(moved(obj, path, new), method)(*args), value)
    assert np.shape(bar) == np.shape(value)
    np.testing.assert_allclose(bar, wanted, rtol=1e-6, atol=1e-7)


# ---- attributes as targets


@pytest.mark.parametrize("layer", [dense(), dense(activation="softplus"), dense(activation="none"), dense(b=None)])
def test_attributes_are_targets(layer):
    d = grad(Dense.loss, wrt="self.W")
    for _ in range(2):
        compare("loss", layer, "W", X, Y, bar=d(layer, X, Y))
    compare("loss", layer, "W", X, Y, bar=grad(layer.loss, wrt="self.W")(X, Y))
    value, bar = value_and_grad(layer.loss, wrt="self.W")(X, Y)
    assert value == pytest.approx(layer.loss(X, Y))
    compare("loss", layer, "W", X, Y, bar=bar)
    check_grad(layer.loss, X, Y, wrt="self.W")


def test_several_attributes():
    layer = dense()
    W_bar, b_bar, x_bar = grad(Dense.loss, wrt=("self.W", "self.b", "x"))(layer, X, Y)
    compare("loss", layer, "W", X, Y, bar=W_bar)
    compare("loss", layer, "b", X, Y, bar=b_bar)
    np.testing.assert_allclose(x_bar, numerical(lambda x: layer.loss(x, Y), X), rtol=1e-6, atol=1e-8)
    check_grad(Dense.loss, layer, X, Y, wrt=("self.W", "self.b", "x"))


def test_one_gradient_serves_many_objects():
    d = grad(Dense.loss, wrt="self.W")
    layers = [dense(), dense(b=None), dense(activation="softplus"), dense(W=RNG.normal(size=(3, 1)), b=None)]
    for layer in layers * 2:
        compare("loss", layer, "W", X, Y, bar=d(layer, X, Y))
    layers[0].activation = "softplus"
    compare("loss", layers[0], "W", X, Y, bar=d(layers[0], X, Y))
    layers[0].b = None
    compare("loss", layers[0], "W", X, Y, bar=d(layers[0], X, Y))
    assert len(d._made) <= 5


def test_attributes_of_attributes():
    net = Net(dense(), dense(W=RNG.normal(size=(4, 4))), 0.5)
    paths = ("first.W", "second.W", "second.b", "rate")
    bars = grad(Net.loss, wrt=tuple(f"self.{path}" for path in paths))(net, X, Y)
    for path, bar in zip(paths, bars, strict=True):
        compare("loss", net, path, X, Y, bar=bar)
    offset_bar = grad(net.loss, wrt="self.options['offset']")(X, Y)
    wanted = numerical(lambda new: moved(net, "options.offset", new).loss(X, Y), net.options["offset"])
    np.testing.assert_allclose(offset_bar, wanted, rtol=1e-6)
    everything = grad(net.loss, wrt="self.options")(X, Y)
    assert list(everything) == ["power", "offset"]
    np.testing.assert_allclose(everything["offset"], offset_bar)


def test_a_gaussian_process():
    x = np.linspace(0.0, 3.0, 8)
    y = np.sin(x)
    gp = GaussianProcess(Kernel(0.8, 1.3), 0.3)
    paths = ("kernel.lengthscale", "kernel.variance", "noise")
    bars = grad(gp.log_likelihood, wrt=tuple(f"self.{path}" for path in paths))(x, y)
    for path, bar in zip(paths, bars, strict=True):
        compare("log_likelihood", gp, path, x, y, bar=bar)
    np.testing.assert_allclose(
        grad(gp.log_likelihood, wrt="y")(x, y), numerical(lambda y: gp.log_likelihood(x, y), y), rtol=1e-6
    )


def test_a_dataclass_as_a_whole():
    spring = Spring(3.0, 0.5)
    bar = grad(Spring.energy, wrt="self")(spring, 2.0)
    assert type(bar) is Spring and bar.name is None
    compare_leaves(lambda s: s.energy(2.0), spring, bar)
    assert grad(spring.energy)(2.0) == pytest.approx(spring.force(2.0))


# ---- attributes are constants


def test_by_default_the_object_is_constant():
    layer = dense()
    wanted = numerical(lambda x: layer.loss(x, Y), X)
    for d in (grad(layer.loss), grad(layer.loss, wrt="x"), grad(layer.loss, wrt=0)):
        np.testing.assert_allclose(d(X, Y), wanted, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(grad(Dense.loss)(layer, X, Y), wanted, rtol=1e-6, atol=1e-8)
    assert list(inspect.signature(grad(layer.loss)).parameters) == ["x", "y"]


def test_properties_static_and_class_methods():
    layer = dense()
    np.testing.assert_allclose(grad(lambda layer: layer.strength, wrt="layer.W")(layer), 2.0 * layer.W)
    np.testing.assert_allclose(grad(Dense.strength.fget, wrt="self.W")(layer), 2.0 * layer.W)
    bar = grad(lambda layer: layer.strongest, wrt="layer.W")(layer)
    assert np.sum(bar) == 1.0 and bar.flat[np.argmax(layer.W)] == 1.0
    np.testing.assert_allclose(grad(Dense.squared)(3.0), 6.0)

    class Model:
        rate = 3.0

        @classmethod
        def cost(cls, x):
            return cls.rate * x**2

    np.testing.assert_allclose(grad(Model.cost)(2.0), 12.0)


def test_inheritance():
    layer = Biased(RNG.normal(size=(3, 4)), RNG.normal(size=4))
    W_bar, b_bar = grad(layer.loss, wrt=("self.W", "self.b"))(X, Y)
    compare("loss", layer, "W", X, Y, bar=W_bar)
    compare("loss", layer, "b", X, Y, bar=b_bar)
    W_bar = grad(Dense.loss, wrt="self.W")(layer, X, Y)
    wanted = numerical(lambda new: Dense.loss(moved(layer, "W", new), X, Y), layer.W)
    np.testing.assert_allclose(W_bar, wanted, rtol=1e-6)
    d = grad(Dense.loss, wrt="self.W")
    plain = dense()
    compare("loss", plain, "W", X, Y, bar=d(plain, X, Y))
    np.testing.assert_allclose(d(layer, X, Y), wanted, rtol=1e-6)


# ---- objects as arguments


def test_objects_are_arguments():
    def cost(x, model, y, weight=0.1):
        return np.sum((model(x) - y) ** 2) + weight * model.strength

    layer = dense()
    np.testing.assert_allclose(grad(cost)(X, layer, Y), numerical(lambda x: cost(x, layer, Y), X), rtol=1e-6, atol=1e-7)
    bar = grad(cost, wrt="model.W")(X, layer, Y)
    np.testing.assert_allclose(bar, numerical(lambda new: cost(X, moved(layer, "W", new), Y), layer.W), rtol=1e-6)


def test_objects_from_outside_are_constants():
    layer = dense()

    def cost(x):
        return np.sum(layer(x)) + layer.strength

    d = grad(cost)
    for _ in range(2):
        np.testing.assert_allclose(d(X), numerical(cost, X), rtol=1e-6)
        layer.W = layer.W * 2.0


def test_objects_that_can_be_called_and_partial():
    kernel = Kernel(0.8, 1.3)

    def summed(A, B, scale):
        return scale * np.sum(kernel(A, B))

    A, B = np.linspace(0.0, 1.0, 4), np.linspace(0.0, 2.0, 3)
    layer = dense()
    _, pullback = vjp(layer)(X)
    np.testing.assert_allclose(pullback(np.ones((5, 4))), numerical(lambda x: np.sum(layer(x)), X), rtol=1e-6)
    _, pullback = vjp(kernel, wrt="self.lengthscale")(A, B)
    wanted = numerical(lambda new: np.sum(Kernel(new, 1.3)(A, B)), 0.8)
    np.testing.assert_allclose(pullback(np.ones((4, 3))), wanted, rtol=1e-6)
    for given in (functools.partial(summed, A), functools.partial(summed, A, scale=2.0)):
        args = (B,) if given.keywords else (B, 2.0)
        bar = grad(given)(*args)
        np.testing.assert_allclose(bar, numerical(lambda b: summed(A, b, 2.0), B), rtol=1e-6)
        check_grad(given, *args)
    np.testing.assert_allclose(grad(functools.partial(summed, A), wrt="A")(B, 2.0), grad(summed)(A, B, 2.0))


def test_callables_among_the_attributes():
    class Chained:
        def __init__(self, inner, outer):
            self.inner, self.outer = inner, outer

        def run(self, x):
            return np.sum(self.outer(self.inner(x)))

    layer = dense()
    d = grad(Chained.run)
    for inner, outer in ((layer, np.tanh), (np.sin, lambda z: z**3), (layer, dense(W=RNG.normal(size=(4, 2)), b=None))):
        chained = Chained(inner, outer)
        np.testing.assert_allclose(d(chained, X), numerical(chained.run, X), rtol=1e-6, atol=1e-8)


# ---- decorators in a class


class Decorated:
    def __init__(self, k):
        self.k = k

    @grad
    def slope(self, x):
        return self.k * x**2

    @grad(wrt="self.k")
    def by_k(self, x):
        return self.k * x**2

    @differentiable(wrt="self.k")
    def energy(self, x):
        return 0.5 * self.k * x**2


def test_decorated_methods():
    d = Decorated(3.0)
    assert d.slope(2.0) == 12.0
    assert d.by_k(2.0) == 4.0
    assert Decorated.by_k(d, 2.0) == 4.0
    assert d.energy(2.0) == 6.0
    assert Decorated.energy.grad(d, 2.0) == 2.0
    d.k = 5.0
    assert d.slope(2.0) == 20.0


# ---- written modules


SHAPES = "self.W=(d, h), self.b=(h,), x=(n, d), y=(n, h)"


def test_written_methods_take_the_object():
    layer = dense()
    for options in ({}, {"shapes": SHAPES}):
        made = written(Dense.loss, {"wrt": ("self.W", "self.b"), **options})
        W_bar, b_bar = made(layer, X, Y)
        compare("loss", layer, "W", X, Y, bar=W_bar)
        compare("loss", layer, "b", X, Y, bar=b_bar)
        layer.activation = "softplus"
        compare("loss", layer, "W", X, Y, bar=made(layer, X, Y)[0])
    source = grad(Dense.loss, wrt="self.W", shapes=SHAPES).source
    assert "def grad_loss(self, x, y):" in source
    assert "with respect to `self.W`" in source
    assert "the gradient of `Dense.loss(self, x, y)`" in source
    assert "Dense" not in source.split("# Forward pass.")[1]
    with pytest.raises(ValueError, match="is written for"):
        written(Dense.loss, {"wrt": "self.W", "shapes": SHAPES})(dense(W=np.ones((3, 1))), X, Y)


def test_a_pullback_goes_with_the_object_as_it_was():
    layer = dense()
    _, pullback = vjp(Dense.loss, wrt="self.W")(layer, X, Y)
    before = pullback(1.0)
    layer.W = 2.0 * layer.W
    np.testing.assert_array_equal(pullback(1.0), before)


def test_an_example_tells_of_what_the_objects_are_made():
    net = Net(dense(), dense(W=RNG.normal(size=(4, 4)), b=None), 0.5)
    made = grad(Net.loss, wrt="self.first.W, self.rate", example=(net, X, Y))
    assert "self.first.W: (self_first_W_0, self_first_W_1)" in made.source
    scope: dict[str, Any] = {}
    exec(made.source, scope)
    W_bar, rate_bar = scope["grad_loss"](net, X, Y)
    compare("loss", net, "first.W", X, Y, bar=W_bar)
    compare("loss", net, "rate", X, Y, bar=rate_bar)
    again = grad(Net.loss, wrt="self.first.W, self.rate", shapes=made.target().declared.shapes_text)
    assert again.source == made.source


def test_objects_of_declared_classes():
    shapes = "self=Net(first=Dense(W=(d, h), b=(h,)), second=Dense(W=(h, h), b=None)), x=(n, d), y=(n, h)"
    net = Net(dense(), dense(W=RNG.normal(size=(4, 4)), b=None), 0.5)
    bar = written(Net.loss, {"wrt": "self.second.W", "shapes": shapes})(net, X, Y)
    compare("loss", net, "second.W", X, Y, bar=bar)
    compare("loss", net, "second.W", X, Y, bar=grad(Net.loss, wrt="self.second.W", shapes=shapes)(net, X, Y))
    with pytest.raises(GradgenError, match="is a Missing, and there is no such class"):
        grad(Net.loss, wrt="self.rate", shapes="self=Net(first=Missing(), second=Missing())").source  # noqa: B018


# ---- what is refused


class Counting:
    def __init__(self):
        self.k, self.calls = 2.0, 0

    def cost(self, x):
        self.calls = self.calls + 1
        return self.k * x

    def lost(self, x):
        return np.sum(np.array(eval("self.k * x")))


def test_an_attribute_that_does_more_than_to_hold_a_value_is_refused():
    class Checked(Counting):
        def __setattr__(self, name, value):
            super().__setattr__(name, value)

    with pytest.raises(SyntaxError, match="Checked does more than to hold what is assigned to `calls`"):
        grad(Checked().cost)(2.0)


def test_an_object_that_is_no_dataclass_is_no_target():
    with pytest.raises(SyntaxError, match=r"`self` is an object; choose parts of it with wrt, as self\.W"):
        grad(Dense.loss, wrt="self")(dense(), X, Y)


def test_targets_that_are_not_there():
    with pytest.raises(GradgenError, match="self has no attribute 'V'"):
        grad(dense().loss, wrt="self.V")(X, Y)
    with pytest.raises(GradgenError, match=r"loss\(\) has no parameter 'that'; it has self, x, y"):
        grad(Dense.loss, wrt="that.W")(dense(), X, Y)
    with pytest.raises(GradgenError, match="is no parameter, and no part of one"):
        grad(Dense.loss, wrt="self.W + 1")(dense(), X, Y)
    with pytest.raises(SyntaxError, match="'Dense' object has no attribute 'V'"):
        grad(lambda x, layer: x * layer.V)(2.0, dense())
