"""Programs `f(x, n)` of an array of three numbers and a count: do all the answers agree?"""

import inspect
import warnings

import numpy as np

import gradgen
from gradgen.interpret import run
from gradgen.options import make_options
from gradgen.pipeline import graph_of

X = np.array([0.3, 0.7, 1.1])
SHAPES = "x=(3,), n=int()"


def programs_of(names):
    """The programs of a module of tests: its functions of `x` and `n`."""
    return [
        f
        for name, f in names.items()
        if inspect.isfunction(f) and f.__module__ == names["__name__"] and not name.startswith(("_", "test_"))
        if list(inspect.signature(f).parameters) == ["x", "n"]
    ]


def agree(program, n, shapes):
    """Compare the gradient with central differences, with that of the interpreted graph, and with that of the module
    as it is written to a file, which stands alone; nothing happens to the argument."""
    x = X.copy()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        value, got = gradgen.value_and_grad(program, shapes=shapes)(x, n)
        np.testing.assert_equal(value, program(x, n))
        h = 1e-6
        wanted = [(program(x + e, n) - program(x - e, n)) / (2 * h) for e in np.eye(3) * h]
        np.testing.assert_allclose(got, wanted, rtol=1e-6, atol=1e-7)
        assert got.dtype == float and not np.shares_memory(got, x) and np.array_equal(x, X)
        names = {}
        exec(gradgen.grad(program, shapes=shapes).source, names)
        np.testing.assert_allclose(names[f"grad_{program.__name__}"](x, n), got, rtol=1e-12)
        _, pullback = gradgen.vjp(program, shapes=shapes)(x, n)
        for _ in range(2):  # which may be called again
            np.testing.assert_allclose(pullback(1.0), got, rtol=1e-12)
        graph = graph_of(program, make_options(shapes=shapes))
        np.testing.assert_allclose(np.broadcast_to(run(graph, [x, n])[0], x.shape), got, rtol=1e-12)
