"""The Python faces: grad, value_and_grad, vjp, differentiable, trace, check_grad."""

import copy
import inspect
import linecache
import logging
import pickle
import subprocess
import sys
import textwrap
import threading
import traceback
import types

import numpy as np
import pytest

import gradgen
from gradgen import GradgenError, UnsupportedError, check_grad, differentiable, grad, trace, value_and_grad, vjp

FACTOR = 3.0
TABLE = np.array([1.0, 2.0])
BIG = np.ones(1000)


def energy(x, y, scale=2.0):
    return np.sum(np.sin(x) * y) * scale


def energy_bars(x, y, scale=2.0):
    return np.cos(x) * y * scale, np.sin(x) * scale


def scaled(x):
    return np.sum(FACTOR * x * x)


def looked_up(x):
    return np.sum(x * TABLE)


def of_big(x):
    return np.sum(x * BIG)


def product(x, y):
    return x * y


def marked(a, /, b, *, c=2.0):
    return np.sum(a * b) * c


@grad
def dcube(x):
    return x * x * x


@differentiable
def square(x):
    """x times x."""
    return x * x


X, Y = np.array([0.3, -1.2, 2.0]), np.array([1.5, 0.5, -2.0])


# ---- results


def test_one_target_gives_the_bare_array_and_several_a_tuple():
    bar = grad(energy)(X, Y)
    assert isinstance(bar, np.ndarray)
    np.testing.assert_allclose(bar, energy_bars(X, Y)[0])
    for wrt in (("x", "y"), "x,y", (0, 1), [0, "y"], (0, -2)):
        x_bar, y_bar = grad(energy, wrt=wrt)(X, Y, 0.5)
        np.testing.assert_allclose(x_bar, energy_bars(X, Y, 0.5)[0])
        np.testing.assert_allclose(y_bar, energy_bars(X, Y, 0.5)[1])


def test_wrt_by_position_zero_and_last():
    assert grad(product, wrt=0)(2.0, 5.0) == 5.0
    assert grad(product, wrt=-1)(2.0, 5.0) == 2.0
    assert grad(product, 1)(2.0, 5.0) == 2.0


def test_value_and_grad():
    value, bar = value_and_grad(energy, wrt="y")(X, Y)
    assert value == pytest.approx(energy(X, Y))
    np.testing.assert_allclose(bar, energy_bars(X, Y)[1])


def test_value_and_grad_fits_scipy():
    optimize = pytest.importorskip("scipy.optimize")

    def bowl(x, centre):
        return np.sum((x - centre) * (x - centre))

    fit = optimize.minimize(value_and_grad(bowl), np.zeros(3), args=(Y,), jac=True)
    np.testing.assert_allclose(fit.x, Y, atol=1e-6)


def test_vjp_of_an_array_is_reentrant():
    value, pullback = vjp(product, wrt=("x", "y"))(X, Y)
    np.testing.assert_allclose(value, X * Y)
    first = pullback(np.ones(3))
    second = pullback(2.0 * np.ones(3))
    again = pullback(np.ones(3))
    np.testing.assert_allclose(first[0], Y)
    np.testing.assert_allclose(second[1], 2.0 * X)
    np.testing.assert_array_equal(first, again)


def test_vjp_of_a_tuple():
    def both(x, y):
        return x * y, np.sin(x)

    (a, b), pullback = vjp(both)(X, Y)
    np.testing.assert_allclose(a, X * Y)
    np.testing.assert_allclose(b, np.sin(X))
    np.testing.assert_allclose(pullback((np.ones(3), np.ones(3))), Y + np.cos(X))


def test_parameters_stay_as_they_are():
    d = grad(marked, wrt="b")
    assert inspect.signature(d) == inspect.signature(marked)
    np.testing.assert_allclose(d(X, Y), 2.0 * X)
    np.testing.assert_allclose(d(X, b=Y, c=3.0), 3.0 * X)
    for args, kwargs in (((X,), {}), ((X, Y, 1.0), {}), ((), {"a": X, "b": Y}), ((X, Y), {"d": 1})):
        with pytest.raises(TypeError, match=r"marked\(\): "):
            d(*args, **kwargs)


def test_kinds_of_arguments():
    for kind in (float, np.float64, int, np.int64, np.float32):
        bar = grad(product)(kind(3), kind(2))
        assert float(bar) == 2.0 and isinstance(bar, (float, np.floating))
    bar = grad(scaled)(np.array([1, 2, 3]))
    assert bar.dtype == np.float64
    np.testing.assert_allclose(bar, [6.0, 12.0, 18.0])
    np.testing.assert_allclose(grad(scaled)([1, 2, 3]), [6.0, 12.0, 18.0])
    np.testing.assert_allclose(grad(scaled)(((1.0, 2.0), (3.0, 4.0))), [[6.0, 12.0], [18.0, 24.0]])
    assert grad(scaled)(X.astype(np.float32)).dtype == np.float32
    assert grad(scaled)(2.0) == 12.0
    assert grad(scaled)(np.array(2.0)) == 12.0
    assert grad(scaled)(np.ones((2, 0))).shape == (2, 0)
    assert grad(scaled)(np.ones((0,))).shape == (0,)


def test_a_list_that_is_no_array_is_refused_with_advice():
    with pytest.raises(TypeError, match="x is differentiated by, so it must be a float or an array of them"):
        grad(scaled)(["a"])
    with pytest.raises(TypeError, match=r"pass np.array\(...\) of it"):
        grad(scaled)([1.0] * 1000)
    with pytest.raises(TypeError, match="x is a list that makes no array of numbers"):
        grad(scaled, shapes="x=(n,)")([np.ones(2), np.ones(3)])


def test_objects_go_on_as_they_are():
    def noisy(x, rng, log=None, label="n"):
        n = rng.normal()
        return np.sum(x * n)

    np.testing.assert_allclose(grad(noisy)(X, np.random.default_rng(1)), np.full(3, np.random.default_rng(1).normal()))
    np.testing.assert_allclose(
        grad(noisy)(X, np.random.default_rng(1), label="m"), grad(noisy)(X, np.random.default_rng(1))
    )


def test_broadcasting_is_specialised_by_sizes_of_one():
    d = grad(lambda x, y: np.sum(x * y), wrt="x")
    cases = [
        ((3,), (3,)),
        ((1,), (3,)),
        ((3, 1), (3,)),
        ((3,), ()),
        ((), (3,)),
        ((2, 3), (3,)),
        ((3,), (2, 3)),
        ((1, 3), (2, 1)),
    ]
    for a, b in cases + cases[::-1]:
        x, y = (
            np.arange(1.0, 1.0 + np.prod(a, dtype=int)).reshape(a),
            np.arange(2.0, 2.0 + np.prod(b, dtype=int)).reshape(b),
        )
        bar = d(x, y)
        assert np.shape(bar) == a
        want = np.broadcast_to(y, np.broadcast_shapes(a, b))
        want = want.sum(axis=tuple(range(want.ndim - len(a))))
        want = want.sum(axis=tuple(i for i, n in enumerate(a) if n == 1), keepdims=True).reshape(a)
        np.testing.assert_allclose(bar, want)


def test_a_size_that_comes_out_as_one_after_all():
    """x[1:] of two numbers broadcasts, where longer ones must match."""

    def tail(x, y):
        return np.sum(x[1:] * y)

    d = grad(tail, wrt="x")
    np.testing.assert_allclose(d(np.ones(5), np.arange(4.0)), [0, 0, 1, 2, 3])
    np.testing.assert_allclose(d(np.ones(2), np.arange(4.0)), [0, 6])


def test_sizes_that_do_not_fit_are_numpys_error():
    d = grad(energy)
    for _ in range(2):
        with pytest.raises(ValueError, match="could not be broadcast together"):
            d(np.ones(3), np.ones(4))
    np.testing.assert_allclose(d(np.ones(3), np.ones(1)), np.full(3, 2.0 * np.cos(1.0)))


@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_targets_that_are_no_numbers():
    for x in ("abc", None, True, np.ones(2, bool), np.array(["a"]), {}):
        with pytest.raises(TypeError, match=r"energy\(\): x is differentiated by"):
            grad(energy)(x, Y)
    for x in (np.ma.array([1.0, 2.0]), np.asmatrix(np.ones(2))):
        with pytest.raises(TypeError, match="follows rules of its own"):
            grad(energy)(x, Y)


def test_arguments_are_not_touched():
    x, y = X.copy(), Y.copy()
    bars = grad(energy, wrt="x,y")(x, y)
    bars[0][:] = 0.0
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(y, Y)


def test_a_lambda_and_a_nested_function():
    k = 4.0
    assert grad(lambda x: k * x * x)(3.0) == 24.0

    def inner(x):
        return k * x

    assert grad(inner)(1.0) == 4.0


def test_a_gradient_of_a_gradient():
    second = grad(grad(lambda x: np.sin(x) * x))
    assert second(0.7) == pytest.approx(2.0 * np.cos(0.7) - 0.7 * np.sin(0.7))


def test_a_pullback_of_a_gradient_and_a_gradient_within_a_function():
    """What is an adjoint within is a variable without, so it has another name there."""
    d = grad(waves)
    x = np.array([0.3, 0.7])
    second = 2.0 * np.cos(x) - x * np.sin(x)
    np.testing.assert_allclose(vjp(d)(x)[1](np.array([1.0, 2.0])), second * [1.0, 2.0])

    def squared(x):
        return np.sum(d(x) ** 2)

    np.testing.assert_allclose(grad(squared)(x), 2.0 * d(x) * second)
    third = grad(lambda x: np.sum(vjp(d)(x)[0] * x))
    with pytest.raises(UnsupportedError):
        third(x)  # a pullback within is not followed


def waves(x):
    return np.sum(np.sin(x) * x)


class Scale:
    def __init__(self, by):
        self.by = by

    def cost(self, w):
        return np.sum(w**2) * self.by

    def __call__(self, w):
        return np.sum(w) * self.by


def scaled_by_first(x, scales=(3.0, 4.0)):
    return np.sum(x) * scales[0]


def test_attributes_of_objects_and_items_of_tuples():
    np.testing.assert_allclose(grad(Scale.cost, wrt="w")(Scale(3.0), X), 6.0 * X)
    np.testing.assert_allclose(grad(scaled_by_first)(X), 3.0 * np.ones_like(X))
    np.testing.assert_allclose(grad(scaled_by_first)(X, (5.0, 1)), 5.0 * np.ones_like(X))
    np.testing.assert_allclose(grad(scaled_by_first)(X, (5, 1)), 5.0 * np.ones_like(X))


def with_settings(x, settings):
    return np.sum(x) * settings["scale"]


def with_optional(x, c=None):
    return np.sum(x) if c is None else np.sum(x * c)


def counted(x, names):
    lengths = list(map(length_of, names))
    return x * lengths[0]


def length_of(name):
    return len(name)


LOG = logging.getLogger("gradgen.tests")


def logged(x):
    LOG.info("x is %s", x)
    return x * x


def test_code_without_derivative_uses_the_users_objects(tmp_path):
    """Dictionaries, None, functions that are passed on, objects: as they are in memory, objects refused on saving."""
    np.testing.assert_allclose(grad(with_settings)(X, {"scale": 3.0}), 3.0 * np.ones_like(X))
    d = grad(with_optional)
    np.testing.assert_allclose(d(X), np.ones_like(X))
    np.testing.assert_allclose(d(X, 2.0 * X), 2.0 * X)
    assert "\n    if" not in inspect.getsource(d), "it is known from the argument"
    assert grad(counted)(2.0, ["abc"]) == 3.0
    assert grad(logged)(3.0) == 6.0
    with pytest.raises(GradgenError, match=r"the constant 'LOG' .* cannot be written into a module"):
        grad(logged).save(tmp_path)


def test_options_that_make_no_sense_name_the_face():
    with pytest.raises(TypeError, match=r"^grad\(\) got an unexpected keyword argument 'foo'"):
        grad(waves, foo=1)
    with pytest.raises(GradgenError, match=r"wrt=1.5 is no name, no position, and no tuple of them"):
        grad(waves, wrt=1.5)


def test_a_gradient_is_never_taken_for_its_primal():
    def slope(x):
        return dcube(x) * 1.0

    assert grad(slope)(2.0) == pytest.approx(12.0)


# ---- results that are not one number


def test_grad_of_an_array_is_a_type_error_with_advice():
    for make in (grad, value_and_grad):
        with pytest.raises(TypeError, match=r"gradient is of one number; use vjp, or sum it"):
            make(product)(X, Y)
    with pytest.raises(TypeError, match="several values"):
        grad(lambda x: (x, x))(1.0)
    with pytest.raises(TypeError, match="use vjp"):
        grad(product, shapes="x=(n,), y=(n,)").source  # noqa: B018


def test_a_result_of_size_one_is_one_number():
    np.testing.assert_allclose(grad(product)(np.ones((1, 1)), np.full((1, 1), 3.0)), [[3.0]])


def test_a_result_of_unknown_rank_is_checked_when_called():
    def configured(x, config):
        return x * vars(config)["k"]

    assert grad(configured)(2.0, types.SimpleNamespace(k=3.0)) == 3.0
    assert value_and_grad(configured)(2.0, types.SimpleNamespace(k=3.0)) == (6.0, 3.0)
    for make in (grad, value_and_grad):
        with pytest.raises(TypeError, match=r"returned an array of shape \(3,\), and a gradient is of one number"):
            make(configured)(2.0, types.SimpleNamespace(k=np.ones(3)))


# ---- declared facts


def test_declared_shapes_are_honoured():
    d = grad(energy, shapes="x=(n,), y=(n,), scale=()")
    np.testing.assert_allclose(d(X, Y), energy_bars(X, Y)[0])
    np.testing.assert_allclose(d(X[:1], Y[:1]), energy_bars(X, Y)[0][:1])
    np.testing.assert_allclose(d([1.0, 2.0, 3.0], Y), energy_bars(np.array([1.0, 2.0, 3.0]), Y)[0])
    with pytest.raises(TypeError, match=r"energy\(\): y has shape \(2,\), where n is needed and n = 3, by x"):
        d(X, np.ones(2))
    with pytest.raises(TypeError, match=r"declared for x: float\(n\), and got shape \(2, 2\)"):
        d(np.ones((2, 2)), Y)
    with pytest.raises(TypeError, match="declared for scale"):
        d(X, Y, np.ones(2))
    with pytest.raises(TypeError, match=r"declared for y: .* and got complex"):
        d(X, Y.astype(complex))
    np.testing.assert_allclose(d(X, Y), energy_bars(X, Y)[0])


def test_sizes_that_are_sums():
    d = grad(lambda x, y: np.sum(x[1:] * y), shapes={"x": ("n",), "y": ("n-1",)})
    np.testing.assert_allclose(d(np.ones(3), np.array([1.0, 2.0])), [0, 1, 2])
    with pytest.raises(TypeError, match=r"y has shape \(3,\), where n - 1 is needed"):
        d(np.ones(3), np.ones(3))


def test_fixed_sizes():
    d = grad(scaled, shapes="x=(3,)")
    np.testing.assert_allclose(d(X), 6.0 * X)
    with pytest.raises(TypeError, match="declared for x"):
        d(np.ones(4))


def test_annotations_are_honoured():
    def annotated(x: float, n: int = 2):
        return x * n

    assert grad(annotated)(3.0) == 2.0
    assert grad(annotated)(3, 5) == 5.0
    with pytest.raises(TypeError, match="declared for x"):
        grad(annotated)(X)
    with pytest.raises(TypeError, match="declared for n"):
        grad(annotated)(1.0, 2.5)


def test_none_for_an_annotated_default():
    def optional(x, b: float = None):  # noqa: RUF013
        return np.sum(x * x)

    np.testing.assert_allclose(grad(optional)(X), 2.0 * X)
    np.testing.assert_allclose(grad(optional)(X, 2.0), 2.0 * X)


def test_an_example_declares():
    d = grad(energy, example=lambda: (X, np.ones(1), 2.0))
    assert d.source == grad(energy, shapes="x=(x_0,), y=(1,), scale=()").source
    assert grad(energy, example={"x": X, "y": Y}).source == grad(energy, shapes="x=(x_0,), y=(y_0,)").source
    with pytest.raises(GradgenError, match="the example does not fit"):
        grad(energy, example=(1, 2, 3, 4)).source  # noqa: B018


# ---- text


def test_source_depends_on_declared_facts_only():
    d = grad(energy)
    before = d.source
    d(X, Y)
    d(1.0, 2.0)
    assert d.source == before
    assert grad(energy).source == before


def test_source_is_a_standalone_module():
    d = grad(energy)
    namespace = {}
    exec(d.source, namespace)
    np.testing.assert_allclose(namespace["grad_energy"](X, Y), energy_bars(X, Y)[0])
    assert d.source.startswith("# Code generated by gradgen from tests/test_api.py. DO NOT EDIT.\n")
    assert "gradgen emit tests/test_api.py:energy\n" in d.source
    assert "import gradgen" not in d.source


def test_black_changes_the_layout_alone():
    import ast

    from gradgen.options import make_options
    from gradgen.pipeline import derive
    from gradgen.writer import format_text

    for mode in ("grad", "value_and_grad", "vjp"):
        text = derive(energy, make_options("x,y", mode)).text()
        assert ast.dump(ast.parse(text)) == ast.dump(ast.parse(format_text(text)))


def test_getsource_and_linecache_show_the_generated_text():
    d = grad(energy)
    d(X, Y)
    text = inspect.getsource(d)
    assert text.startswith("def grad_energy(x, y, scale=2.0):")
    assert text == inspect.getsource(d.__wrapped__)
    filename = d.__wrapped__.__code__.co_filename
    linecache.checkcache()
    assert "def grad_energy" in "".join(linecache.getlines(filename))
    assert inspect.getsource(grad(energy)).startswith("def grad_energy")


def test_tracebacks_show_the_generated_line():
    def divided(x, y):
        return x / y

    d = grad(divided)
    with pytest.raises(ZeroDivisionError) as info:
        d(1.0, 0.0)
    last = traceback.extract_tb(info.value.__traceback__)[-1]
    assert last.filename.startswith("<gradgen ") and "/ y" in last.line


def test_metadata():
    assert (dcube.__name__, dcube.__qualname__, dcube.__module__) == ("dcube", "dcube", __name__)
    assert repr(grad(energy, wrt="y")) == "<grad of energy, wrt=('y',)>"
    assert grad(energy).primal is energy
    assert grad(energy, wrt="y").options.wrt == ("y",)
    assert dcube.primal(2.0) == 8.0


def test_graph_holds_forward_and_backward_nodes():
    graph = grad(energy).graph
    assert {node.backward for node in graph.nodes} == {False, True}


# ---- decorators


def test_decorators():
    assert dcube(2.0) == 12.0

    @grad(wrt="y")
    def bare(x, y):
        return x * y

    @value_and_grad(wrt=("x", "y"), name="both")
    def pair(x, y):
        return x * y

    @vjp
    def pulled(x):
        return 2.0 * x

    assert bare(2.0, 3.0) == 2.0
    assert pair(2.0, 3.0) == (6.0, (3.0, 2.0))
    assert "def both(" in pair.source
    assert pulled(3.0)[1](1.0) == 2.0


def test_differentiable_leaves_the_function_what_it_is():
    assert isinstance(square, types.FunctionType)
    assert square(3.0) == 9.0 and square.__doc__ == "x times x."
    assert square.grad(3.0) == 6.0
    assert square.value_and_grad(3.0) == (9.0, 6.0)
    _, pullback = square.vjp(X)
    np.testing.assert_allclose(pullback(np.ones(3)), 2.0 * X)
    assert square.grad.primal is square
    assert pickle.loads(pickle.dumps(square)) is square

    @differentiable(wrt="y")
    def f(x, y):
        return x * y

    assert f.grad(5.0, 2.0) == 5.0


def test_a_method():
    class Model:
        k = 3.0

        @grad(wrt="x")
        def slope(self, x):
            return x * x

    assert Model().slope(2.0) == 4.0


def test_what_is_no_function_is_refused():
    with pytest.raises(TypeError, match="is no function"):
        grad(3)
    with pytest.raises(GradgenError, match="is no Python function"):
        grad(np.sin)(1.0)
    with pytest.raises(GradgenError, match=r"energy\(\) has no parameter 'z'; it has x, y, scale"):
        grad(energy, wrt="z")(X, Y)
    with pytest.raises(GradgenError, match="adjoint"):
        grad(energy, adjoint="bar")


# ---- constants from outside


def test_a_constant_that_changes_makes_the_gradient_anew(monkeypatch):
    d = grad(scaled)
    np.testing.assert_allclose(d(X), 6.0 * X)
    before = d.source
    monkeypatch.setattr(sys.modules[__name__], "FACTOR", 5.0)
    np.testing.assert_allclose(d(X), 10.0 * X)
    assert "FACTOR = 5.0" in d.source and "FACTOR = 3.0" in before
    monkeypatch.setattr(sys.modules[__name__], "FACTOR", 5)
    np.testing.assert_allclose(d(X), 10.0 * X)


def cubed(x):
    return np.sum(POWER_SCALE * x**EXPONENT)


POWER_SCALE, EXPONENT = 0.5, 3


def test_docstrings_tell_of_all_constants():
    """Those that stand in the module by name, and those that went into its numbers."""
    assert "Written with POWER_SCALE = 0.5, EXPONENT = 3." in grad(cubed).source
    assert "Constants of that module written into this one: `TABLE`." in grad(looked_up).source


def test_an_array_that_is_changed_in_place_makes_the_gradient_anew():
    d = grad(looked_up)
    np.testing.assert_allclose(d(np.ones(2)), [1.0, 2.0])
    TABLE[1] = 7.0
    try:
        np.testing.assert_allclose(d(np.ones(2)), [1.0, 7.0])
    finally:
        TABLE[1] = 2.0
    np.testing.assert_allclose(d(np.ones(2)), [1.0, 2.0])


def test_a_helper_that_changes_makes_the_gradient_anew():
    space = {"np": np}
    text = "def f(x):\n    return helper(x)\n\ndef helper(x):\n    return 2.0 * x\n"
    linecache.cache["<helpers 1>"] = (len(text), None, text.splitlines(True), "<helpers 1>")
    exec(compile(text, "<helpers 1>", "exec"), space)
    d = grad(space["f"])
    assert d(1.0) == 2.0
    other = "def helper(x):\n    return 5.0 * x\n"
    linecache.cache["<helpers 2>"] = (len(other), None, other.splitlines(True), "<helpers 2>")
    exec(compile(other, "<helpers 2>", "exec"), space)
    assert d(1.0) == 5.0


def test_a_closure_variable_that_changes():
    def outer():
        k = 2.0

        def f(x):
            return k * x

        def change(value):
            nonlocal k
            k = value

        return f, change

    f, change = outer()
    d = grad(f)
    assert d(1.0) == 2.0
    change(9.0)
    assert d(1.0) == 9.0


def test_a_large_array_is_used_by_reference_and_refused_on_saving(tmp_path):
    d = grad(of_big)
    np.testing.assert_allclose(d(np.ones(1000)), BIG)
    BIG[0] = 4.0
    try:
        assert d(np.ones(1000))[0] == 4.0
    finally:
        BIG[0] = 1.0
    with pytest.raises(GradgenError, match="pass it as an argument"):
        d.save(tmp_path / "x.py")
    assert not (tmp_path / "x.py").exists()


# ---- pickling, copying, threads


def test_gradients_pickle_by_reference():
    d = grad(energy, wrt="y", shapes="x=(n,), y=(n,)")
    again = pickle.loads(pickle.dumps(d))
    assert again.primal is energy and again.options == d.options
    np.testing.assert_allclose(again(X, Y), d(X, Y))
    assert pickle.loads(pickle.dumps(dcube)) is dcube
    assert pickle.loads(pickle.dumps(square.grad))(3.0) == 6.0
    with pytest.raises(pickle.PicklingError, match="at the top of a module"):
        pickle.dumps(grad(lambda x: x))


def test_gradients_copy():
    d = grad(lambda x: x * x)
    d(1.0)
    for made in (copy.copy(d), copy.deepcopy(d), copy.deepcopy({"d": d})["d"]):
        assert made.primal is d.primal and made(3.0) == 6.0
    assert copy.deepcopy(dcube)(2.0) == 12.0


def test_gradients_are_safe_to_make_from_several_threads():
    d, e = grad(energy), grad(lambda x: dcube(x))
    start = threading.Barrier(8)
    results, errors = [], []

    def work(i):
        try:
            start.wait()
            x = X if i % 2 else np.stack([X, X])
            results.append((d(x, Y), x))
            assert e(2.0) == pytest.approx(12.0)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    for bar, x in results:
        np.testing.assert_allclose(bar, energy_bars(x, Y)[0])


# ---- cost


def run_python(text):
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(text)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_and_calling_in_memory_need_little():
    out = run_python(
        """
        import sys, numpy
        import gradgen
        heavy = {"gradgen.pipeline", "gradgen.rules", "astor", "black", "tomllib", "argparse"}
        print(sorted(heavy & set(sys.modules)))
        import linecache
        text = "def f(x):\\n    return x * x\\n"
        linecache.cache["<f>"] = (len(text), None, text.splitlines(True), "<f>")
        exec(compile(text, "<f>", "exec"))
        print(gradgen.grad(f)(3.0), "black" in sys.modules)
        """
    )
    assert out.split("\n")[:2] == ["[]", "6.0 False"]


def test_a_call_remembers_what_it_saw():
    d = grad(energy)
    d(X, Y)
    made = dict(d._made)
    d(X + 1.0, Y)
    d(np.ones(7), np.ones(7))
    assert d._made == made and len(d._seen) == 2
    d(np.ones(1), np.ones(1))
    assert len(d._made) == 2


# ---- trace and check_grad


def test_trace_gives_values_by_name():
    def f(x, y):
        z = x * y
        return z + 1.0

    G = trace(f)
    z = G["z"]
    assert gradgen.get_operation(z).name == "multiply"
    assert gradgen.get_inputs(z, G) == [G["x"], G["y"]]
    assert gradgen.get_consumers(G["x"], G) == [z]
    assert gradgen.get_consumers(z, G) == G.results
    bar = gradgen.build_grad(G["x"], G, G.results[0])
    assert bar is not None
    assert str(trace(f, shapes="x=(n,), y=(n,)")).startswith("graph f(x: float(n,), y: float(n,))")


def test_check_grad_passes_and_fails():
    check_grad(energy, X, Y, wrt=("x", "y"))
    check_grad(grad(energy, wrt="y"), X, Y)
    check_grad(product, X, Y)
    check_grad(energy, X.astype(np.float32), Y.astype(np.float32))
    check_grad(scaled, 2)

    def crooked(x):
        return np.sum(x * np.floor(1e8 * x) * 1e-8)

    with pytest.raises(AssertionError, match=r"parameter .*inner products") as info:
        check_grad(crooked, X)
    assert isinstance(info.value, GradgenError) and "WRONG" in str(info.value)


def test_the_public_names():
    for name in gradgen.__all__:
        assert getattr(gradgen, name) is not None
    assert gradgen.__version__.count(".") == 2
    assert set(gradgen.__all__) <= set(dir(gradgen))
    with pytest.raises(AttributeError):
        gradgen.nothing  # noqa: B018
    assert issubclass(gradgen.UnsupportedError, SyntaxError)


@pytest.mark.parametrize("shapes", ["", "x=(n,)"])
def test_a_python_number_will_do_for_the_cotangent_of_a_number(shapes):
    x = np.array([0.3, 0.5, 0.9])
    for f in (lambda x: x[1], lambda x: np.cumsum(x)[-1], lambda x: np.sum(x[1:] * x[:-1]), lambda x: np.max(x)):
        namespace = {}
        made = gradgen.vjp(f, shapes=shapes)
        exec(made.source, namespace)
        for function in (made, namespace["vjp_lambda"]):
            _, pullback = function(x)
            np.testing.assert_allclose(pullback(1.0), gradgen.grad(f)(x))
            np.testing.assert_allclose(pullback(np.float64(1.0)), gradgen.grad(f)(x))
