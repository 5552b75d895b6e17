"""What random programs found to be wrong, made small: each is right now, or refused with what the message says."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

import gradgen
from gradgen.errors import GradgenError
from tests.programs import RandomProgram
from tests.test_programs import check, load, load_alone

IMPORTS = "import numpy as np\n\nfrom gradgen.functions import logsumexp\n\n"
X = np.array([0.3, -0.7, 1.2])
M = np.array([[0.3, -0.2, 0.5], [1.1, 0.7, -0.6]])

RIGHT: dict[str, tuple[str, list[Any], str, str]] = {
    "what a loop reads at every step is not taken over by what it writes": (
        """\
def f(x):
    a = x * 1.0
    for i in range(1, 3):
        a[i] += a[i - 1] * x[i]
    return np.sum(a * x)
""",
        [X],
        "x",
        "x=(3,)",
    ),
    "an array of short floats stays one when what is longer is added": (
        "def f(w, k):\n    w -= np.log2(0.5)\n    w *= k\n    return w\n",
        [np.float32(M), np.array([[1], [2]])],
        "w",
        "w=(2, 3), k=int(2, 1)",
    ),
    "the conjugate of real numbers is the array itself": (
        "def f(x):\n    a = np.outer(x, x)\n    b = a.conj()\n    s = np.sum(b * a[0])\n    return s * np.sum(b)\n",
        [X],
        "x",
        "",
    ),
    "a sum of Python's is new": ("def f(v):\n    y = sum(v)\n    y[...] = 0.5\n    return y * v\n", [M], "v", ""),
    "an array to write into that is passed by position": (
        "def f(x):\n    np.negative(x, x)\n    return x\n",
        [X],
        "x",
        "x=(n,)",
    ),
    "sizes that do not fit where they are 1: the function is not run for that": (
        "def f(x):\n    print(0.5)\n    b = x[:-1]\n    b /= b @ b.T\n    return np.sum(b)\n",
        [M],
        "x",
        "",
    ),
    "a cotangent that is read in a side after a place of it was cleared there": (
        """\
def f(y, v):
    z = v
    if np.sum(v) > 100.0:
        pass
    else:
        z[1, [0, 0]] = y
    z *= z
    return z
""",
        [X[:2], M],
        "y v",
        "",
    ),
    "as many entries of two shapes": (
        """\
def f(y):
    a = y[1:-1]
    q = np.mean(a, axis=1)
    return np.vdot(q.var(keepdims=True), a)
""",
        [X[:, None]],
        "y",
        "",
    ),
    "a swap after what tells whether the loop is left": (
        """\
def f(y):
    h, z = 0.5, 0.7
    for i, u in y:
        h, z = (z, h)
        if np.sum(y) > 0:
            if np.sum(y):
                break
    return h + np.sum(y)
""",
        [M[:, :2]],
        "y",
        "y=(n, 2)",
    ),
    "what is gone through is read before its name is taken": (
        """\
def f(x):
    z = x
    for i in range(1):
        for j, i in enumerate(z):
            pass
        z = i
    ys = [0.5 * j]
    for j, row in enumerate(ys):
        pass
    return row
""",
        [M],
        "x",
        "",
    ),
    "a list that grows under another name": (
        "def f(x):\n    ys = [x]\n    zs = ys\n    ys += [x * 2.0]\n    return np.sum(zs[-1] * x)\n",
        [X],
        "x",
        "",
    ),
    "an entry of no axes is a part of the array: what is read of it is kept": (
        "def f(w, x):\n    y = x\n    z = x\n    z[..., 1] *= z @ w\n    t = w * y\n    return t\n",
        [X, X + 1],
        "x",
        "",
    ),
    "a loop that writes an array of a graph further out": (
        """\
def f(v):
    if np.all(v):
        return v
    k = 0
    while 0.5:
        k += 1
        if k:
            break
        v[0] = 0.5
    return v
""",
        [X],
        "v",
        "",
    ),
    "a number at first, and an array that is written later": (
        """\
def early(x):
    total = 0.0
    for v in x:
        total = v
    return total


def f(A):
    d = early(A)
    d[::2] = 0.5
    u = d
    return u
""",
        [M],
        "A",
        "",
    ),
    "an integer at first": (
        """\
def f(v):
    for j in range(2):
        for k in range(2):
            j = np.vstack([v[: 0 - 1], v[: 0 - 1]])
    j[[0, 1]] = j
    return j
""",
        [X],
        "v",
        "",
    ),
    "a truth value, as `or` has it, beside an array that is written": (
        """\
def f(v, y):
    for i in range(4):
        if y < 0.5 or v:
            i = np.concatenate([v, v])
    z, h = (v, i)
    v[()] = np.mean(i)
    return z
""",
        [X[:1], -0.84],
        "v",
        "",
    ),
    "what a function of gradgen's gives is new": (
        """\
from gradgen.functions import relu


def f(v):
    for item in v:
        t = relu(item)
    t[1] *= 0.5
    return t
""",
        [M],
        "v",
        "",
    ),
    "what a body captures is looked at again": (
        """\
def f(w, y, p):
    for i in range(3):
        if np.sum(w) > 0:
            w[-2:] = y
        else:
            for k in range(3):
                w = p[0]
    return w * y
""",
        [X[:2], X[1:], M[:, :2]],
        "y",
        "",
    ),
    "what is nothing on one side gets no cotangent there": (
        """\
def f(y):
    q = np.var(y, axis=1)
    if np.sum(y):
        c = np.mean(y, axis=0)[0]
        total = np.tensordot(q, c, 1)
    return total + np.sum(c)
""",
        [M[:, None]],
        "y",
        "",
    ),
    "all of what may be anything": ("def f(A):\n    p = A[:]\n    return np.sum(p)\n", [M.T], "A", ""),
    "what one side alone computes and a later branch hands on is asked for no shape": (
        """\
def f(v, w):
    if v <= 0.3:
        z_1 = np.divide(v, w)
    else:
        z = v
    if z <= 0.0:
        return z
    b = z
    z_1 = z
    return b
""",
        [1.15, 3],
        "v",
        "",
    ),
    "a mask of what was broadcast is none of what was summed": (
        "def f(v, A):\n    return np.where(A, np.tanh(v) * 2.0, A)\n",
        [X[:1], np.array([[3], [-2], [0], [1]])],
        "v",
        "v=(1,)",
    ),
    "the same of what is computed on the way": (
        "def f(v, A):\n    u = np.exp(np.sum(v) * v)\n    return np.sum(np.where(A > 0.0, np.sin(u) * 3.0, A))\n",
        [X[:1], M],
        "v A",
        "",
    ),
    "a loop to which a value is lost hands on what was sent to it": (
        """\
def f(x):
    y = x
    turned = y.T
    for i in range(2):
        if np.sum(y):
            pass
        y = i
        z = turned
    return np.sum(x * x) + np.sum(z)
""",
        [M],
        "x",
        "",
    ),
    "what a loop carries may have another shape at each step": (
        """\
def sums(x):
    y = np.zeros(len(x))
    for i in range(len(x)):
        y[i] = np.sum(x[i])
    return y


def f(x):
    for item in x:
        x = sums(0.5 ** (before := x))
    return np.sum(before * before)
""",
        [M],
        "x",
        "x=(n, 3)",
    ),
    "a value that is sent on from two sides is no array of no axes": (
        "def f(v, w):\n    z = w if v <= 0.3 else v\n    return z\n",
        [1.15, 3],
        "v",
        "",
    ),
    "what a comprehension goes through is read before its names are bound": (
        "def f(v, x):\n    h = [v for v in v][0]\n    return h * x\n",
        [X, X],
        "x",
        "",
    ),
    "what is broadcast to a sum is not put at one place of it": (
        "def f(y):\n    y, a = (y**3, np.sum(y, keepdims=True)[-1])\n    return a + y\n",
        [M],
        "y",
        "y=(n, m)",
    ),
    "a cotangent that is added to itself at an index": (
        """\
def f(x):
    a = logsumexp((x, x), axis=0) + 0.0
    a += a[::2]
    return np.matmul(a, a)
""",
        [np.array([-0.18])],
        "x",
        "x=(1,)",
    ),
    "an array that is not copied": ("def f(x):\n    y = np.array(x, copy=False)\n    return y * 2\n", [X], "x", ""),
    "a function of the library's that a loop gives a name to": (
        "def f(x):\n    for i in (1, 2):\n        for j in range(1):\n            i = logsumexp\n    return 0.5 * x\n",
        [1.5],
        "x",
        "",
    ),
    "what is read beside an increment is not called like it": (
        """\
def both(u, v):
    s = u
    return s - v

def f(x, y):
    a, z = both(x, y)
    b = y - z
    z = 0.5 ** z[0]
    return b + z
""",
        [np.array([-0.85]), np.ones((2, 2))],
        "x",
        "",
    ),
    "one of two numbers": (
        "def f(x, y):\n    z = x if len(y) else 0.5 * np.power(x, 2)\n    return 0.5 + z\n",
        [0.17, X],
        "x",
        "",
    ),
    "a cotangent for what a branch does not give any more": (
        """\
def f(x):
    if x:
        if x:
            z = h = x
            return x
    x = (q := x)
    return q
""",
        [np.float64(-1.19)],
        "x",
        "",
    ),
    "what may be unassigned and is handed on under another name": (
        """\
def f(x):
    if np.all(x < 0.8):
        if np:
            a = 0.5
            return x
    else:
        total = x
    if np.sum(total):
        return 0.5 * total
    a = total.T
    return a * a
""",
        [M],
        "x",
        "",
    ),
    "a power of a number stays float32": (
        "def f(x, k):\n    return np.power(k, x)\n",
        [X.astype(np.float32), 1],
        "x",
        "",
    ),
    "a call that stands alone and is followed": (
        """\
def look(x):
    n = x.shape
    n += (1,)
    print(n)

def f(x):
    look(x)
    return x * x
""",
        [X],
        "x",
        "",
    ),
    "an array that is returned from inside a loop": (
        "def f(x):\n    for i in range(4):\n        if x[0] > i:\n            return x * i\n    return x\n",
        [X],
        "x",
        "",
    ),
    "one side's value on two sides of one condition": (
        """\
def f(x, n):
    if n > 2:
        y = np.exp(x)
    s = np.sum(x)
    if n > 2:
        s = s + np.sum(y * y)
    return s
""",
        [X, 3],
        "x",
        "x=(n,)",
    ),
    "a list times a number": (
        "def f(x):\n    ys = [x] * 3\n    zs = [] + 2 * [x]\n    return np.sum(ys[1] * ys[2] * zs[1] * zs[0])\n",
        [X],
        "x",
        "",
    ),
    "tuples joined, of which one is known": (
        "def f(x):\n    ys = (1.0, 2.0) + (x, x)\n    return np.sum(ys[1] * ys[2])\n",
        [X],
        "x",
        "",
    ),
    "a mask that may be a truth value": (
        "def f(x):\n    y = x.copy()\n    m = x > 0\n    y[m] *= x[m]\n    y[~m] += x[0]\n    return np.sum(y * y)\n",
        [X],
        "x",
        "",
    ),
    "counts by an index that nothing is known of": (
        """\
def f(x, places):
    y = np.zeros(3)
    for i, k in enumerate(places):
        y[k] += x[i]
    return np.sum(y**3)
""",
        [X, np.array([0, 0, 2])],
        "x",
        "",
    ),
    "an array of no axes is changed for all its names": (
        "def f(x):\n    s = np.array(x[0])\n    t = s\n    s += 1.0\n    s *= x[1]\n    return s * t\n",
        [X],
        "x",
        "x=(3,)",
    ),
    "a number that was read of an array stays": (
        "def f(x):\n    y = x * 1.0\n    v = y[0]\n    y[0] = 3.0\n    return v * np.sum(y)\n",
        [X],
        "x",
        "x=(3,)",
    ),
    "a loop around a loop, of which nothing has to be recorded": (
        """\
def f(x):
    for i in range(2):
        for j in range(2):
            value = np.maximum(0.5, x)
    return value
""",
        [X[None]],
        "x",
        "",
    ),
    "a constant beside a list that a loop makes": (
        """\
def f(w, x):
    for i in range(x.shape[0]):
        for j in range(4):
            j = np.eye(2)
            xs = []
    return w * 1.0
""",
        [M, M],
        "w",
        "",
    ),
    "an array that grows by something of unknown shape": (
        """\
def f(x, w):
    total = np.zeros(3)
    for i in range(3):
        total += w * x[i]
        total *= w
    return np.sum(total * total)
""",
        [X, X * 2.0],
        "x w",
        "",
    ),
    "an argument that the function writes and does not use": (
        "def f(x, v):\n    v[[0, -1]] += x[1:]\n    return x\n",
        [X[:2], M],
        "v",
        "",
    ),
    "a loop counts by an array whose copy under the same name its steps write": (
        """\
def f(v):
    for i in range(v.shape[0]):
        v[::1] *= v
    return v
""",
        [np.array([[0.3, -0.7], [1.1, 0.4]])],
        "v",
        "",
    ),
    "a loop counts by it under another name, and is left early": (
        """\
def f(v):
    total = v
    for i in range(len(total)):
        total[:] = v @ v
        if total[0, 0] > 0.5:
            break
    return total
""",
        [np.array([[0.3, -0.7], [0.9, 0.4]])],
        "v",
        "v=(d, d)",
    ),
}
REFUSED: dict[str, tuple[str, list[Any], str, str]] = {
    "a name that is deleted in a loop": (
        "def f(v, x):\n    y = x\n    for i in range(len(x)):\n        del y\n    return v\n",
        [X, X[:1]],
        "v",
        "deleted",
    ),
    "an array to write into that is passed by position to a function": (
        "def f(x):\n    np.cumsum(x, 0, None, x)\n    return x\n",
        [X],
        "x",
        "in place",
    ),
    "nan_to_num in place": (
        "def f(x):\n    y = x * 1.0\n    np.nan_to_num(y, copy=False)\n    return y\n",
        [X],
        "x",
        "writes into its argument|in place",
    ),
    "a part at an index that may be an integer": (
        """\
def f(x, k):
    y = x * 1.0
    row = y[k]
    y[0] = 5.0 * x[1]
    return np.sum(row * row)
""",
        [M, 0],
        "x",
        "may be the same array|declare the shapes",
    ),
    "a loop that is not followed and writes": (
        """\
def f(x, y):
    a = x * 1.0
    for row, other in zip(a, y):
        row += other * other
    return np.sum(a * a)
""",
        [M, M],
        "y",
        "in place|equally long",
    ),
    "a comprehension that writes": (
        "def f(x):\n    a = x * 1.0\n    [row.sort() for row in a]\n    return np.sum(a[0] * x)\n",
        [M],
        "x",
        "in place",
    ),
    "an array that is written while a loop goes through it": (
        """\
def f(x):
    y = x * 1.0
    s = 0.0
    for v in y:
        y[2] = v * 2.0
        s = s + v
    return s + np.sum(y)
""",
        [X],
        "x",
        "may be the same array",
    ),
}


def program(text: str, args: list[Any], wrt: str, shapes: str) -> RandomProgram:
    f = load(IMPORTS + text).f
    names = list(inspect.signature(f).parameters)
    scalar = np.ndim(f(*[np.copy(x) if isinstance(x, np.ndarray) else x for x in args])) == 0
    return RandomProgram(IMPORTS + text, args, tuple(wrt.split()), shapes, names, scalar)


@pytest.mark.parametrize("name", RIGHT)
def test_it_is_right(name: str) -> None:
    check(program(*RIGHT[name]))


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused(name: str) -> None:
    text, args, wrt, message = REFUSED[name]
    with pytest.raises(GradgenError, match=message):
        check(program(text, args, wrt, ""))


def test_a_list_is_returned() -> None:
    f = load(IMPORTS + "def f(x):\n    return [row * row for row in x], 0.5\n").f
    for shapes in ("", "x=(n, 3)"):
        made = gradgen.vjp(f, "x", shapes=shapes)
        for vjp in (made, load_alone(made.source).vjp_f):
            _, pullback = vjp(M)
            assert np.array_equal(pullback(([X, 2.0 * X], 0.0)), 2.0 * M * np.array([X, 2.0 * X]))
            with pytest.raises(ValueError, match="shaped like"):
                pullback(([X], 0.0))


SHOWN = ("A.conj()", "np.linalg.diagonal(A)", "np.meshgrid(A[0], A[1], copy=False)[0]", "np.vectorize(same)(A)",
         "A.view()", "list(A)[1]", "tuple(A)[1]", "list(zip(A, A))[1][0]", "np.einsum('ij->ji', A)",
         "np.split(A, 3)[1]")  # fmt: skip
WRITTEN = ("B[0] = 2.0 * x[1]", "B *= x[0]", "B.fill(x[0])", "A[0, 0] = x[1]", "A += x", "A.sort()")


@pytest.mark.filterwarnings("ignore:Numpy has detected")
@pytest.mark.parametrize("shown", SHOWN)
def test_what_may_be_the_array_itself_is_right_or_refused(shown: str) -> None:
    for write in WRITTEN:
        lines = (
            f"    A = np.outer(x, x)\n    B = {shown}\n    {write}\n    return np.sum(A * A) * x[0] + np.sum(B * B)\n"
        )
        f = load(f"{IMPORTS}def same(v):\n    return v\n\n\ndef f(x):\n{lines}").f
        try:
            wanted = [(f(X + d) - f(X - d)) / 2e-6 for d in 1e-6 * np.eye(3)]
        except (ValueError, AttributeError, TypeError):  # it may not be written
            continue
        try:
            made = load_alone(gradgen.grad(f, "x", shapes="x=(3,)").source)
        except GradgenError as error:
            assert "internal error" not in str(error), f"{write}: {error}"
            continue
        np.testing.assert_allclose(made.grad_f(X.copy()), wanted, rtol=1e-5, atol=1e-5, err_msg=write)
