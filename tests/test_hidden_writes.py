"""Everything that may write into an array, in all the ways that Python has: right, or refused.

The array is read before and after, in the same words, and again in the backward pass: what is passed on unread and
changes it makes a gradient wrong.
"""

import warnings

import numpy as np
import pytest

import gradgen
from gradgen.errors import GradgenError, GradgenWarning
from tests.test_programs import load

WRITES = {
    "operator.setitem": "operator.setitem(d, 0, 5.0)",
    "operator.iadd": "operator.iadd(d, 5.0)",
    "operator.delitem": "operator.imul(d, 5.0)",
    "operator.ipow named": "r = operator.ipow(d, 2.0)",
    "__iadd__": "d.__iadd__(5.0)",
    "__imul__ named": "r = d.__imul__(5.0)",
    "__setitem__": "d.__setitem__(0, 5.0)",
    "ndarray.sort": "np.ndarray.sort(d)",
    "ndarray.fill": "np.ndarray.fill(d, 3.0)",
    "ndarray.put": "np.ndarray.put(d, [0], 3.0)",
    "ndarray.__setitem__": "np.ndarray.__setitem__(d, 0, 3.0)",
    "getattr fill": "getattr(d, 'fill')(3.0)",
    "bound fill": "g = d.fill\ng(3.0)",
    "bound sort": "g = d.sort\ng()",
    "map fill": "list(map(d.fill, [3.0]))",
    "ufunc positional out": "np.sin(k, d)",
    "ufunc named out": "r = np.sin(k, d)",
    "ufunc out tuple": "np.sin(k, out=(d,))",
    "np.clip positional": "np.clip(d, 0.0, 1.0, d)",
    "cumsum positional out": "np.cumsum(k, None, None, d)",
    "dot out": "np.dot(np.eye(3), k, d)",
    "take out": "np.take(k, [0, 1, 2], 0, d)",
    "sum out": "np.add.reduce(np.outer(k, k), 0, None, d)",
    "accumulate out": "np.add.accumulate(k, 0, None, d)",
    "choose": "np.choose([0, 0, 0], [k], d)",
    "compress": "np.compress([True] * 3, k, 0, d)",
    "round": "np.round(k, 0, d)",
    "method clip": "d.clip(0.0, 1.0, d)",
    "method round": "k.round(0, d)",
    "method cumsum": "k.cumsum(0, None, d)",
    "method dot": "np.eye(3).dot(k, d)",
    "method take": "k.take([0, 1, 2], 0, d)",
    "modf": "np.modf(k, d, d + 0)",
    "divmod": "np.divmod(k, 1.0, d, d + 0)",
    "nan_to_num": "np.nan_to_num(d, False)",
    "nan_to_num named": "r = np.nan_to_num(d, copy=False, nan=1.0)\nr[0] = 4.0",
    "rng.random out": "np.random.default_rng(0).random(3, float, d)",
    "rng.random out named": "r = np.random.default_rng(0).random(out=d)",
    "rng.permuted": "np.random.default_rng(0).permuted(d, out=d)",
    "rng.shuffle": "np.random.default_rng(0).shuffle(d)",
    "nditer": "for v in np.nditer(d, op_flags=['readwrite']):\n    v[...] = 2.0",
    "flat": "d.flat[0] = 5.0",
    "flat all": "d.flat = 5.0",
    "real": "d.real[0] = 5.0",
    "real all": "d.real = 5.0",
    "imag": "d.T[0] = 5.0",
    "view": "d.view()[0] = 5.0",
    "view named": "e = d.view()\ne[0] = 5.0",
    "reshape": "d.reshape(3, 1)[0, 0] = 5.0",
    "ravel": "d.ravel()[0] = 5.0",
    "data": "d.data[0] = 5.0",
    "memoryview": "m = memoryview(d)\nm[0] = 5.0",
    "frombuffer": "m = np.frombuffer(d)\nm[0] = 5.0",
    "asarray": "m = np.asarray(d)\nm[0] = 5.0",
    "array nocopy": "m = np.array(d, copy=False)\nm[0] = 5.0",
    "shape": "d.shape = (3, 1)\nd.shape = (3,)\nd[0] = 5.0",
    "struct": "struct.pack_into('d', d, 0, 5.0)",
    "exec": "exec('d[0] = 5.0')",
    "copyto": "np.copyto(d, k)",
    "place": "np.place(d, d > 0, [5.0])",
    "putmask": "np.putmask(d, d > 0, 5.0)",
    "fill_diagonal": "np.fill_diagonal(d.reshape(1, 3), 5.0)",
    "lambda": "(lambda q: q.fill(3.0))(d)",
    "lambda named": "h = lambda q: q.sort()\nh(d)",
    "partial": "functools.partial(np.ndarray.fill, d)(3.0)",
    "partial2": "h = functools.partial(np.copyto, d)\nh(k)",
    "in a condition": "if d.fill(2.0) is None:\n    pass",
    "in an assert": "assert d.fill(2.0) is None",
    "a function of nobody knows what": "unknown(d)",
    "in a comprehension": "[q.fill(2.0) for q in [d]]",
    "in a comprehension2": "n = [d.fill(2.0) for i in range(2)]",
    "in a dict": "n = {i: d.fill(2.0) for i in range(2)}",
    "in a print": "print(end='' if d.fill(2.0) is None else '')",
    "in an f-string": "n = f'{d.fill(2.0)}'",
    "setitem in walrus": "n = (e := d)\ne[0] = 4.0",
    "swap rows": "d[0], d[1] = d[1], d[0]",
    "swap slices": "d[:2] = d[1:]",
    "unpack into": "d[0], d[1] = k[1], 2.0",
    "for target": "for d[0] in range(3):\n    pass",
    "with target": "with np.errstate():\n    d[0] = 5.0",
    "star target": "d[0], *rest = 4.0, 2.0",
    "del": "e = [d]\ne[0][0] = 4.0",
    "dict of": "e = {'a': d}\ne['a'][0] = 4.0",
    "tuple of": "e = (d, k)\ne[0][0] = 4.0",
    "list fill": "e = [d, k]\nfor q in e:\n    q.sort()",
    "zip": "for q, r in zip([d], [1.0]):\n    q[0] = r",
    "attribute": "class_ = Box(d)\nclass_.a[0] = 4.0",
    "attribute sort": "class_ = Box(d)\nclass_.a.sort()",
    "method of own": "class_ = Box(d)\nclass_.zero()",
    "overwrite": "scipy.linalg.solve(np.diag(k), d, overwrite_b=True)",
    "overwrite positional": "scipy.linalg.cholesky(np.diag(k), False, True)",
    "matmul out": "np.matmul(np.eye(3), k, d)",
    "einsum out": "np.einsum('i->i', k, out=d)",
    "average": "np.mean(np.outer(k, k), 0, None, d)",
    "std": "np.std(np.outer(k, k), 0, None, d)",
    "max": "np.max(np.outer(k, k), 0, d)",
    "method max": "np.outer(k, k).max(0, d)",
    "method mean": "np.outer(k, k).mean(0, None, d)",
    "argmax": "np.median(np.outer(k, k), 0, d, True)",
    "percentile": "np.percentile(np.outer(k, k), 50, 0, d)",
    "median overwrite": "m = np.median(d, overwrite_input=True)",
    "quantile overwrite": "m = np.quantile(d, 0.5, overwrite_input=True)",
    "isnan out": "np.maximum(k, 1.0, d)",
    "ix": "d[np.ix_([0])] = 5.0",
    "nested function": "def put():\n    d[0] = 5.0\nput()",
    "nested function2": "def put(q):\n    q[0] = 5.0\nput(d)",
    "nested nonlocal": "def put():\n    d.sort()\nput()",
    "returned view": "def part(q):\n    return q[1:]\npart(d)[0] = 5.0",
    "global": "TABLE[0] = 5.0",
    "global sort": "TABLE.sort()",
}
PROGRAM = """\
import functools, operator, random, struct
import numpy as np
import scipy.linalg

TABLE = np.array([1.0, 3.0, 2.0])


class Box:
    def __init__(self, a):
        self.a = a

    def zero(self):
        self.a[0] = 0.0


def unknown(a):
    exec("a[0] = 7.0")


def f(x, k):
    d = k + 1.0
    y = x * d
    s = d.sum() + TABLE[0]
    {}
    t = d.sum() + TABLE[0]
    return np.sum(y * x * d) * s * t
"""
X, K = np.array([0.3, 0.7, 1.2]), np.array([1.5, 0.5, 2.5])


@pytest.mark.parametrize("shapes", ["x=(3,), k=(3,)", ""])
@pytest.mark.parametrize("write", WRITES)
def test_it_is_right_or_refused(write, shapes):
    module = load(PROGRAM.replace("{}", WRITES[write].replace("\n", "\n    ")))
    table = module.TABLE.copy()

    def at(x):
        module.TABLE[:] = table
        return module.f(x, K.copy())

    try:
        wanted = np.array([(at(X + d) - at(X - d)) / 2e-6 for d in 1e-6 * np.eye(3)])
    except (TypeError, ValueError, AttributeError):  # this NumPy does not have it
        return
    module.TABLE[:] = table
    k = K.copy()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", GradgenWarning)
            made = gradgen.grad(module.f, "x", shapes=shapes)
            made.source  # noqa: B018
            got = made(X.copy(), k)
    except GradgenError as error:
        assert "internal error" not in str(error), str(error)
        return
    assert np.array_equal(k, K), "an argument was changed"
    assert np.allclose(got, wanted, rtol=1e-6, atol=1e-4), f"{got}, not {wanted}"


def test_what_has_no_source_may_write():
    text = "import numpy as np\n\n\ndef f(x, k):\n    d = k + 1.0\n    put({})\n    return np.sum(x * d)\n"
    for given, refused in (("d", True), ("d[1:]", True), ("d.copy()", False), ("3.0", False)):
        module = load(text.replace("{}", given))
        module.put = Closed()
        made = gradgen.grad(module.f, "x")
        if refused:
            with pytest.raises(GradgenError, match="its source is not to be had"):
                made(X, K)
        else:
            assert np.array_equal(made(X, K), K + 1.0)


class Closed:
    """An object that is called, by code that is not Python's as far as anyone can tell."""

    __call__ = staticmethod(id)
