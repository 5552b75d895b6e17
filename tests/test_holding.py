"""What is written into arrays of integers, truth values and short floats: right, or an exception, no fraction lost.

Each way to come by an array and to write into it is a function of a float and of an array whose dtype nobody declares
(or that is declared as one of floats, and is not). The written module, where gradgen cannot be imported, gives the
derivative of what the function does, cutting off and rounding included, or raises TypeError or ValueError. Where the
function raises, as `a += 0.5` does for integers, so does the gradient.
"""

import itertools
import warnings

import numpy as np
import pytest

import gradgen
from gradgen.errors import GradgenError, GradgenWarning
from tests.test_programs import load, load_alone

ORIGINS = {
    "itself": "b = a",
    "a part": "b = a[1:]",
    "its transpose": "b = a.T",
    "copy": "b = a.copy()",
    "np.copy": "b = np.copy(a)",
    "zeros_like": "b = np.zeros_like(a)",
    "empty_like": "b = np.empty_like(a)\n    b[:] = 1",
    "ones_like": "b = np.ones_like(a)",
    "full_like": "b = np.full_like(a, 2)",
    "full": "b = np.full(4, a[1])",
    "zeros of a dtype": "b = np.zeros(4, dtype=a.dtype)",
    "zeros of integers": "b = np.zeros(4, dtype=int)",
    "zeros of another's dtype": "b = np.zeros(4, dtype=k.dtype)",
    "zeros": "b = np.zeros(4)",
    "arange": "b = np.arange(4) + a[0]",
    "arange of it": "b = np.arange(a[0], a[0] + 4)",
    "array": "b = np.array([a[0], a[1], a[2], a[3]])",
    "array of a float too": "b = np.array([a[0], a[1], x, a[3]])",
    "asarray": "b = np.asarray(a)",
    "astype float": "b = a.astype(float)",
    "astype int": "b = a.astype(int)",
    "astype its own": "b = (a * 1.5).astype(a.dtype)",
    "arithmetic": "b = a * 2 + 1",
    "arithmetic with floats": "b = a * 2.0",
    "arithmetic with the number": "b = a + 0 * x",
    "of two": "b = a + k",
    "where": "b = np.where(a > 1, a, k)",
    "where its own decides": "b = np.where(a, k, k + 1)",
    "concatenate": "b = np.concatenate([a[:2], k[:2]])",
    "stack": "b = np.stack([a, a])[0]",
    "rounded": "b = np.floor(a)",
    "cumsum": "b = np.cumsum(a)",
    "reshape": "b = (a + 0).reshape(2, 2).reshape(-1)",
    "repeat": "b = np.repeat(a[:2], 2)",
    "sort": "b = np.sort(a)",
    "maximum": "b = np.maximum(a, k)",
    "mod": "b = a % 3",
    "matmul": "b = np.outer(a, k)[0]",
    "a branch": "if k[0] > 0:\n        b = a.copy()\n    else:\n        b = np.zeros(4)",
    "the other side": "if k[0] > 0:\n        b = np.zeros(4)\n    else:\n        b = a.copy()",
    "a loop": "b = np.zeros_like(a)\n    for i in range(2):\n        b = b + a",
    "a loop that changes it": "b = np.zeros(4)\n    for i in range(2):\n        b = np.zeros_like(a)",
    "a list": "rows = []\n    for i in range(4):\n        rows.append(a[i] * 2)\n    b = np.array(rows)",
    "what nobody knows": "b = known(a)",
}  # fmt: skip
WRITES = {
    "an entry": "b[1] = 1.5 * x",
    "a slice": "b[1:] = 1.5 * x * k[1 : len(b)]",
    "all": "b[:] = x",
    "more": "b[2] += x * x",
    "a product": "b[1:] *= x",
    "in place": "b += x",
    "a mask": "b[b > 0] = x",
    "places": "b[[0, 2]] = x",
    "fill": "b.fill(x)",
    "copyto": "np.copyto(b, 2.5 * x * k[: len(b)], casting='unsafe')",
    "out": "np.multiply(b, x, out=b)",
    "add.at": "np.add.at(b, [0, 0, 1], x)",
    "put": "np.put(b, [0, 2], x)",
    "flat": "b.flat[1] = x",
    "through a view": "c = b[1:]\n    c[0] = 1.5 * x",
    "in a loop": "for i in range(1, len(b)):\n        b[i] = x * b[i - 1] + k[i]",
    "in a branch": "if x > 0:\n        b[0] = x\n    else:\n        b[1] = x",
    "an integer": "b[1] = 2",
    "in a function": "put(b, x)",
}
HELPERS = """\
import numpy as np


def known(a):
    exec("")
    return np.array(a, dtype=[*[a.dtype]][0])


def put(b, x):
    b[0] = 2.5 * x


"""
DTYPES = (np.int64, bool, np.float32, np.float64)
X, K = 0.87, np.array([0.7, -1.3, 0.4, 2.1])


def program(origin: str, write: str) -> str:
    return f"{HELPERS}def f(x, a, k):\n    {origin}\n    {write}\n    return x * np.sum(b * b * k[: len(b)]) + b[0]\n"


def slope(f, a, step):
    """The derivative by the float; None where the function raises."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            high, low = (float(f(X + d, a.copy(), K.copy())) for d in (step, -step))
    except (TypeError, ValueError, IndexError):
        return None
    return (high - low) / (2 * step)


@pytest.mark.parametrize("origin", ORIGINS)
def test_a_fraction_is_never_lost_silently(origin):
    counts = dict.fromkeys(("right", "raises", "refused"), 0)
    for write, shapes in itertools.product(WRITES, ("", "x=(), a=(4,), k=(4,)")):
        text = program(ORIGINS[origin], WRITES[write])
        f = load(text).f
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", GradgenWarning)
                made = load_alone(gradgen.grad(f, "x", shapes=shapes).source)
        except GradgenError as error:
            assert "internal error" not in str(error), f"{text}\n{error}"
            counts["refused"] += 1
            continue
        for dtype in DTYPES:
            a = np.array([1, 2, 0, 3]).astype(dtype)
            short = dtype is np.float32
            wanted = slope(f, a, 2.0**-7 if short else 2.0**-17)
            if wanted is None:  # there is nothing to differentiate
                with pytest.raises((TypeError, ValueError, IndexError)), warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    made.grad_f(X, a.copy(), K.copy())
                continue
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    got = made.grad_f(X, a.copy(), K.copy())
            except (TypeError, ValueError):
                counts["raises"] += 1
                assert a.dtype.kind != "f" or "float" in origin, f"{text}\n{dtype} is refused"
                continue
            counts["right"] += 1
            near = (2e-2 if short else 1e-5) * (1.0 + abs(wanted))
            assert abs(got - wanted) <= near, f"{text}\n{shapes} {dtype}: {got}, not {wanted}"
    assert counts["right"], counts


@pytest.mark.parametrize(
    "text",
    [
        "def f(x, n):\n    n += x\n    return n * n\n",
        "def f(x, n):\n    for i in range(2):\n        n += x\n    return n * n\n",
        "def f(x, n):\n    n = n + 1 if n > 0 else n - 1\n    n += x\n    return n * n\n",
    ],
)
def test_a_number_that_is_an_integer_gets_a_new_value(text):
    f = load(text).f
    made = load_alone(gradgen.grad(f, "x").source)
    for n in (3, np.int64(3), np.array(3.0), 1.5):
        assert abs(made.grad_f(X, n) - slope(lambda x, a, k: f(x, a), np.array(n)[()], 2.0**-17)) < 1e-5
    if "if" not in text:
        with pytest.raises(TypeError):  # as the function does, of an array of integers
            made.grad_f(X, np.array(3))


def test_of_integers_alone_nothing_is_asked():
    made = load_alone(
        gradgen.grad(load("import numpy as np\ndef f(x, a, k):\n    a += k\n    return x * np.sum(a)\n").f, "x").source
    )
    assert made.grad_f(X, np.array([1.5, 2.5]), np.array([3, 4])) == 11.0
