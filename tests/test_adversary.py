"""Programs of an adversary: what looks harmless and is not. Each is right in every way, or refused where it is wrong.

Names that the generated code would like to have, aliases, closures and defaults, effects and their order, odd text.
"""

from __future__ import annotations

import inspect
import warnings
from typing import Any

import numpy as np
import pytest

from gradgen.errors import GradgenError
from tests.programs import RandomProgram
from tests.test_programs import check, load

X, Y = np.array([0.3, -0.7, 1.2]), np.array([0.5, 0.9, -0.4])
M = np.array([[0.3, -0.2, 0.5], [1.1, 0.7, -0.6]])

RIGHT: dict[str, tuple[str, list[Any], bool]] = {
    "kw star": (
        """\
import numpy as np
def g(a,b=1.0):
    return a*b
def f(x):
    d = dict(b=2.0)
    return np.sum(g(x, **d))
""",
        [X],
        True,
    ),
    "shadow sum": (
        """\
import numpy as np
def f(x, sum):
    max = np.sin(x)*sum
    len = max*2
    return np.sum(len*max)
""",
        [X, 0.4],
        True,
    ),
    "local value": (
        """\
import numpy as np
def f(x):
    value = np.sin(x)
    value = value*value
    return np.sum(value)
""",
        [X],
        True,
    ),
    "param value": (
        """\
import numpy as np
def f(value):
    return np.sum(value**3)
""",
        [X],
        True,
    ),
    "local pullback": (
        """\
import numpy as np
def f(x):
    pullback = np.sin(x)
    return np.sum(pullback*x)
""",
        [X],
        True,
    ),
    "local np": (
        """\
import numpy
def f(x):
    np = numpy.sin(x)
    return numpy.sum(np*x)
""",
        [X],
        True,
    ),
    "import as": (
        """\
import numpy as anp
from numpy import sin as s, sum
def f(x):
    return sum(s(x)*anp.cos(x))
""",
        [X],
        True,
    ),
    "star import": (
        """\
from numpy import *
def f(x):
    return sum(sin(x)*cos(x))
""",
        [X],
        True,
    ),
    "local named like const": (
        """\
import numpy as np
K=3.0
def g(x):
    return x*K
def f(x):
    K_2 = np.sin(x)
    y = g(x)
    return np.sum(y*K_2*K)
""",
        [X],
        True,
    ),
    "two consts same name": (
        """\
import numpy as np
class A: K=2.0
class B: K=5.0
def f(x):
    return np.sum(x*A.K + np.sin(x)*B.K)
""",
        [X],
        True,
    ),
    "unicode": (
        """\
import numpy as np
def f(ξ, µ):
    δ = ξ*µ
    return np.sum(δ*δ)
""",
        [X, 0.4],
        True,
    ),
    "nfkc": (
        """\
import numpy as np
def f(x):
    ﬁ = x*2.0
    return np.sum(fi*ﬁ)
""",
        [X],
        True,
    ),
    "closure mutable default": (
        """\
import numpy as np
K=[1.0,2.0]
def f(x):
    return np.sum(x*K[1])
""",
        [X],
        True,
    ),
    "nested free": (
        """\
import numpy as np
def f(x, b):
    k = b*2.0
    def g(y):
        return y*k
    k = b*3.0
    return np.sum(g(x))
""",
        [X, 0.4],
        True,
    ),
    "lambda late": (
        """\
import numpy as np
def f(x, b):
    g = lambda y: y*c
    c = b*b
    return np.sum(g(x))
""",
        [X, 0.4],
        True,
    ),
    "nested def default": (
        """\
import numpy as np
def f(x, b):
    c = b*b
    def g(y, c=c):
        return y*c
    c = 5.0
    return np.sum(g(x))*c
""",
        [X, 0.4],
        True,
    ),
    "lambda default": (
        """\
import numpy as np
def f(x, b):
    c = b*b
    g = lambda y, c=c: y*c
    c = 7.0
    return np.sum(g(x))*c
""",
        [X, 0.4],
        True,
    ),
    "helper twice": (
        """\
import numpy as np
def g(x):
    t = np.tanh(x)
    return t*x
def f(x):
    a = g(x)
    b = g(a)
    return np.sum(a*b)
""",
        [X],
        True,
    ),
    "helper rebinding param": (
        """\
import numpy as np
def g(x, y):
    x = x*y
    y = x+y
    return x*y
def f(x, y):
    y = g(y, x)
    x = g(x, y)
    return np.sum(x*y)
""",
        [X, Y],
        True,
    ),
    "return x,x": (
        """\
import numpy as np
def f(x):
    return x, x
""",
        [X],
        False,
    ),
    "return x": (
        """\
import numpy as np
def f(x):
    return x
""",
        [X],
        False,
    ),
    "return const and x": (
        """\
import numpy as np
def f(x):
    return x, 2.0
""",
        [X],
        False,
    ),
    "return list": (
        """\
import numpy as np
def f(x):
    return [x*2, np.sin(x)]
""",
        [X],
        False,
    ),
    "return nested": (
        """\
import numpy as np
def f(x):
    return x*2, (np.sin(x), [x, x*x])
""",
        [X],
        False,
    ),
    "return 1-tuple": (
        """\
import numpy as np
def f(x):
    return (x*2,)
""",
        [X],
        False,
    ),
    "return view": (
        """\
import numpy as np
def f(x):
    return x[1:], x[::-1], x.reshape(3,1)
""",
        [X],
        False,
    ),
    "zero size": (
        """\
import numpy as np
def f(x, b):
    return np.sum(x*x)*b + np.sum(np.concatenate([x, x]))
""",
        [np.zeros((0,)), 0.4],
        True,
    ),
    "zero size 2d": (
        """\
import numpy as np
def f(x, b):
    return np.sum(x @ x.T)*b
""",
        [np.zeros((0, 3)), 0.4],
        True,
    ),
    "0-d array": (
        """\
import numpy as np
def f(x, b):
    return np.sum(x*x)*b + np.sin(x)
""",
        [np.array(0.3), np.array(0.4)],
        True,
    ),
    "fortran": (
        """\
import numpy as np
def f(x):
    return np.sum(x.ravel()*x.reshape(-1))+np.sum(x.T.ravel()**2)
""",
        [np.asfortranarray(M)],
        True,
    ),
    "noncontig": (
        """\
import numpy as np
def f(x):
    return np.sum(x.reshape(-1)*np.arange(x.size))
""",
        [np.repeat(M, 2, axis=1)[:, ::2]],
        True,
    ),
    "neg base int exp": (
        """\
import numpy as np
def f(x):
    return np.sum(x**3) + np.sum(x**2) + np.sum(x**-1)+ np.sum(x**-2.0)
""",
        [X],
        True,
    ),
    "neg power prec": (
        """\
import numpy as np
def f(x):
    return np.sum(-x**2) + np.sum((-x)**2)+np.sum(-(x**2)) + np.sum(2.0**-x)
""",
        [X],
        True,
    ),
    "neg const power": (
        """\
import numpy as np
def f(x):
    return np.sum((-2.0)**2*x) + np.sum(x*-2.0**2)
""",
        [X],
        True,
    ),
    "bool times float": (
        """\
import numpy as np
def f(x, m):
    return np.sum(m*x*x) + np.sum((x>0)*x) + np.sum(x[m])
""",
        [X, np.array([True, False, True])],
        True,
    ),
    "aug param": (
        """\
import numpy as np
def f(x, y):
    z = x*1.0
    z -= y
    z *= z
    return np.sum(z)
""",
        [X, Y],
        True,
    ),
    "aug param self": (
        """\
import numpy as np
def f(x, y):
    x = x + 0.0
    x += y
    return np.sum(x*x)
""",
        [X, Y],
        True,
    ),
    "aug int scalar": (
        """\
import numpy as np
def f(x):
    n = 1
    n += 2
    return np.sum(x)*n
""",
        [X],
        True,
    ),
    "aug tuple": (
        """\
import numpy as np
def f(x):
    t = (x, x*2)
    t += (x*3,)
    return np.sum(t[0]*t[2])
""",
        [X],
        True,
    ),
    "walrus order": (
        """\
import numpy as np
def f(x):
    y = x*2
    return np.sum(y*(y := np.sin(y)) + y)
""",
        [X],
        True,
    ),
    "fstring effect": (
        """\
import numpy as np
LOG=[]
def f(x):
    print(f'{LOG!r:>10} {x.shape} {1+1=}')
    print('a', end='')
    y = x*2
    print(y.sum())
    return np.sum(y)
""",
        [X],
        True,
    ),
    "effects order": (
        """\
import numpy as np
def say(k):
    print('say', k)
    return k
def f(x):
    a = x*2; print('one')
    b = say(3)
    print('two', b)
    return np.sum(a*b)
""",
        [X],
        True,
    ),
    "effect in unused": (
        """\
import numpy as np
def say(k):
    print('say', k)
    return k
def f(x):
    unused = say(5)
    return np.sum(x*x)
""",
        [X],
        True,
    ),
    "effect in arg": (
        """\
import numpy as np
def f(x):
    y = x * len([print('hi')])
    return np.sum(y*y)
""",
        [X],
        True,
    ),
    "assert": (
        """\
import numpy as np
def f(x):
    assert x.ndim == 1, f'bad {x.ndim}'
    assert np.all(x < 5)
    return np.sum(x*x)
""",
        [X],
        True,
    ),
    "errstate": (
        """\
import numpy as np
def f(x):
    with np.errstate(divide='ignore', invalid='ignore'):
        y = np.log(x*x)
        z = y/2
    w = z*x
    with np.errstate(all='ignore'):
        return np.sum(w*z)
""",
        [X],
        True,
    ),
    "raise in if": (
        """\
import numpy as np
def f(x):
    if x.ndim != 1:
        raise ValueError('no')
    return np.sum(x*x)
""",
        [X],
        True,
    ),
    "opaque try": (
        """\
import numpy as np
def f(x):
    try:
        k = int('7')
    except ValueError:
        k = 1
    return np.sum(x*x)*k
""",
        [X],
        True,
    ),
    "loop var collision": (
        """\
import numpy as np
def f(x):
    i = np.sin(x)
    s = [i for i in range(3)]
    return np.sum(i*x)*len(s)
""",
        [X],
        True,
    ),
    "loop over integers": (
        """\
import numpy as np
def f(x):
    n = 0
    for i in range(3):
        n = n + i
    return np.sum(x)*n
""",
        [X],
        True,
    ),
    "loop over a size": (
        """\
import numpy as np
def f(x):
    t = x.shape[0]
    for i in range(3):
        t = t + 1
    return np.sum(x*x)*t
""",
        [X],
        True,
    ),
    "loop var leaks": (
        """\
import numpy as np
def f(x):
    i = np.sin(x)
    y = i*i
    for i in range(4):
        pass
    return np.sum(y*x)*i
""",
        [X],
        True,
    ),
    "dict": (
        """\
import numpy as np
def f(x):
    d = {'a': 2.0, 'b': 3.0}
    return np.sum(x*d['a'])*d['b']
""",
        [X],
        True,
    ),
    "del": (
        """\
import numpy as np
def f(x):
    y = x*2
    z = y
    del y
    return np.sum(z*z)
""",
        [X],
        True,
    ),
    "chained compare": (
        """\
import numpy as np
def f(x):
    k = 1 < len(x) < 5
    return np.sum(x*x)*k
""",
        [X],
        True,
    ),
    "chained compare mask": (
        """\
import numpy as np
def f(x):
    m = (0 < x) & (x < 1)
    return np.sum(x[m]*2)+ np.sum(np.where(m, x*x, x))
""",
        [X],
        True,
    ),
    "star call": (
        """\
import numpy as np
def g(a,b,c):
    return a*b+c
def f(x, y):
    t = (x, y)
    return np.sum(g(*t, 2.0))+np.sum(g(*[x,y,x]))
""",
        [X, Y],
        True,
    ),
    "docstring odd": (
        "import numpy as np\ndef f(x):\n    '''It\\'s \"\"\"quoted\"\"\" \\\\n and \\\\ ends\\\\'''\n    return np.sum(x*x)\n",  # noqa: E501
        [X],
        True,
    ),
    "comment odd": (
        'import numpy as np\ndef f(x):\n    # """ \'\'\' \\\n    y = x*2  # é """ # again \\\n    # last\n    return np.sum(y*y)  # end \'\n',  # noqa: E501
        [X],
        True,
    ),
    "hash string": (
        """\
import numpy as np
def f(x):
    print('# not a comment', "it's")
    return np.sum(x*x)
""",
        [X],
        True,
    ),
    "tabs": ("import numpy as np\ndef f(x):\n\ty = x*2\n\tz = (y +\n\t\ty)\n\treturn np.sum(z*y)\n", [X], True),
    "continuation": (
        "import numpy as np\ndef f(x):\n    y = x * \\\n        2.0 + \\\n   x\n    return np.sum(y\n  * y)\n",
        [X],
        True,
    ),
    "semicolons": (
        """\
import numpy as np
def f(x): y = x*2; z = y*x; return np.sum(z)
""",
        [X],
        True,
    ),
    "crlf": ("import numpy as np\r\ndef f(x):\r\n    y = x*2  # c\r\n    return np.sum(y*y)\r\n", [X], True),
    "multiline string": (
        """\
import numpy as np
def f(x):
    s = '''a
  b # c
d'''
    print(s)
    return np.sum(x*x)*len(s)
""",
        [X],
        True,
    ),
    "formfeed": ("import numpy as np\n\x0cdef f(x):\n    y = x*2\n\x0c\n    return np.sum(y*y)\n", [X], True),
    "nan inf": (
        """\
import numpy as np
def f(x):
    return np.sum(np.where(np.isfinite(x), x*x, 0.0))
""",
        [np.array([1.0, 2.0, 0.5])],
        True,
    ),
    "minus zero": (
        """\
import numpy as np
def f(x):
    return np.sum(x * -0.0) + np.sum(x*x) - 0.0
""",
        [X],
        True,
    ),
    "np.float32 const": (
        """\
import numpy as np
K=np.float32(0.1)
def f(x):
    return np.sum(x*K)
""",
        [X.astype(np.float32)],
        True,
    ),
    "max builtin": (
        """\
import numpy as np
def f(x, b):
    return np.sum(x)*max(b, 0.1) + abs(b) + min(b*2, 9.0)
""",
        [X, 0.4],
        True,
    ),
    "round int": (
        """\
import numpy as np
def f(x):
    return np.sum(x*x)*int(len(x)) * round(2.6)
""",
        [X],
        True,
    ),
    "math": (
        """\
import math
import numpy as np
def f(a, b):
    return math.sin(a)*math.exp(b)+math.sqrt(a*a+1)+math.pi*a
""",
        [0.3, 0.4],
        True,
    ),
    "method chain": (
        """\
import numpy as np
def f(x):
    return (x*2).reshape(3,1).T.sum(axis=0).dot(x)
""",
        [X],
        True,
    ),
    "ternary nested": (
        """\
import numpy as np
def f(x, b):
    return (np.sum(x) if b > 0 else np.sum(x*x)) * (b if b < 0 else b*b if b > 5 else 2*b)
""",
        [X, 0.4],
        True,
    ),
    "int param": (
        """\
import numpy as np
def f(x, n):
    return np.sum(x**n)*n + np.sum(x)/n
""",
        [X, 3],
        True,
    ),
    "int param wrt": (
        """\
import numpy as np
def f(n, x):
    return n*n*np.sum(x)/2
""",
        [3, X],
        True,
    ),
    "posonly": (
        """\
import numpy as np
def f(x, /, y):
    return np.sum(x*y)
""",
        [X, Y],
        True,
    ),
    "swap chain": (
        """\
import numpy as np
def f(x, y):
    x, y = y, x
    x, y = y*x, x
    (x, y), z = (x+y, x), y
    return np.sum(x*y*z)
""",
        [X, Y],
        True,
    ),
    "same name helper local": (
        """\
import numpy as np
def h(y):
    x = y*y
    return x
def f(x):
    y = h(x)
    z = h(y)
    return np.sum(x*y*z)
""",
        [X],
        True,
    ),
    "complex-free abs": (
        """\
import numpy as np
def f(x):
    return np.sum(np.abs(x)*np.sign(x))
""",
        [X],
        True,
    ),
    "import inside": (
        """\
def f(x):
    import numpy as np
    from math import pi
    return np.sum(x*pi)
""",
        [X],
        True,
    ),
    "class const": (
        """\
import numpy as np
class C:
    a = 2.0
c = C()
def f(x):
    return np.sum(x*c.a)
""",
        [X],
        True,
    ),
    "string mult": (
        """\
import numpy as np
def f(x):
    s = 'ab'*2
    return np.sum(x*x)*len(s)
""",
        [X],
        True,
    ),
    "empty tuple idx": (
        """\
import numpy as np
def f(x):
    return np.sum(x[()]*x[...])
""",
        [X],
        True,
    ),
    "matmul vec": (
        """\
import numpy as np
def f(M, x):
    return (M @ x) @ (M @ x) + x @ x
""",
        [M, X],
        True,
    ),
    "print active": (
        """\
import numpy as np
def f(x):
    y = x*2
    print(y, 'and', np.sum(y))
    return np.sum(y*y)
""",
        [X],
        True,
    ),
    "nested helper print": (
        """\
import numpy as np
def g(y):
    print('g', y.shape)
    return y*y
def f(x):
    a = g(x)
    return np.sum(g(a))
""",
        [X],
        True,
    ),
    "augmented in helper": (
        """\
import numpy as np
def g(y):
    z = y*1.0
    z += y
    return z
def f(x):
    return np.sum(g(x)*x)
""",
        [X],
        True,
    ),
    "setitem": (
        """\
import numpy as np
def f(x):
    y = x*1.0
    y[0] = 2.0
    return np.sum(y*y)
""",
        [X],
        True,
    ),
    "sum builtin": (
        """\
import numpy as np
def f(x):
    return sum(x*x) + sum([x[0], x[1]])
""",
        [X],
        True,
    ),
    "inplace out": (
        """\
import numpy as np
def f(x):
    y = np.empty(3)
    np.multiply(x, 2.0, out=y)
    return np.sum(y)
""",
        [X],
        True,
    ),
    "augment own param": (
        """\
import numpy as np
def f(x):
    x *= 2.0
    return np.sum(x*x)
""",
        [X],
        True,
    ),
    "walrus cond": (
        """\
import numpy as np
def f(x):
    if (n := len(x)) > 2:
        pass
    return np.sum(x)*n
""",
        [X],
        True,
    ),
    "opaque if assigns": (
        """\
import numpy as np
def f(x):
    if len(x) > 2:
        k = 2.0
    else:
        k = 3.0
    return np.sum(x*x)*k
""",
        [X],
        True,
    ),
    "opaque if keeps old": (
        """\
import numpy as np
def f(x):
    k = 2.0
    if len(x) > 5:
        k = 3.0
    return np.sum(x*x)*k
""",
        [X],
        True,
    ),
    "isinstance": (
        """\
import numpy as np
def f(x):
    if isinstance(x, np.ndarray):
        k = 2.0
    return np.sum(x*k)
""",
        [X],
        True,
    ),
}
"""Text, arguments, and whether the result is one number."""

FOUND: dict[str, tuple[str, list[Any], bool]] = {
    "a cotangent made in the forward pass": (
        """\
import numpy as np
def f(x, v):
    return v, x, v
""",
        [0.21, -0.22],
        False,
    ),
    "a sum grows under the name of the pullback's argument": (
        """\
import numpy as np
def f(w):
    t = w.prod()
    value = np.linalg.norm(w[:-1])
    h = np.std(w) * value
    return h + value * t + t
""",
        [X],
        True,
    ),
    "a number is added to in a read-only array of no axes": (
        """\
import numpy as np
def f(w):
    y = np.sin(w)
    return y + np.sum(np.vstack([np.transpose(w), np.cumsum(0.7)]))
""",
        [np.float64(-0.05)],
        True,
    ),
    "parts of a broadcast array are handed out": (
        """\
import numpy as np
def f(y, w):
    return np.sum(np.column_stack((y, w)))
""",
        [X, Y],
        True,
    ),
    "a read-only view is written into": (
        """\
import numpy as np
def f(x):
    return np.sum(x) + np.sum(np.prod(x[:, None][..., 0], keepdims=True))
""",
        [M],
        True,
    ),
    "terms that cancel leave no factor to take out": (
        """\
import numpy as np
def f(o, p):
    total = (p - np.add(o, p)) * (p - np.add(o, p))
    return np.sum(total)
""",
        [M, np.array([[0.4], [0.8]])],
        True,
    ),
    "a number is broadcast by what is placed into it": (
        """\
import numpy as np
def f(A):
    return np.sum(A) + np.sum(np.diff(A).T @ np.diff(A))
""",
        [np.array([[0.25, 0.93, -1.12]])],
        True,
    ),
    "a scatter that is called like what it holds": (
        """\
import numpy as np
def f(w):
    return w[:, None][..., 0][:, None][..., 0]
""",
        [X],
        False,
    ),
    "a mask is negated": (
        """\
import numpy as np
def f(w):
    d = (np.cumsum(w) > 0.1) * np.cumsum(w)**-1
    return d, -d[::-1]
""",
        [X],
        False,
    ),
    "a slice in the index of a call": (
        """\
import numpy as np
def f(w):
    return np.sum(w[:, [0, 0]] * 2.0)
""",
        [M],
        True,
    ),
    "a size that is 1 only now": (
        """\
import numpy as np
def f(A, v):
    a = np.hstack([v, v * 0.5]) - np.diff(A)
    return np.sum(a + A)
""",
        [np.array([-0.63, -0.15]), np.array([-1.17])],
        True,
    ),
    "a shape that only one side of a branch has": (
        """\
import numpy as np
def g(x):
    y = 2.0 * x
    return y + np.sin(y)
def f(y):
    d = y * y
    return np.sum(d) + np.sum(g(d) if len(y) > 2 else 0.5 * g(d))
""",
        [X],
        True,
    ),
    "sizes that only NumPy knows to be equal": (
        """\
import numpy as np
def f(y, w):
    a = y.sum(keepdims=True) * np.vdot(y, w) - 2.0
    return np.sum(w) + np.sum(a)
""",
        [X, Y[None]],
        True,
    ),
    "a default is read where the function is defined": (
        """\
import numpy as np
def f(x, b):
    c = b * b
    def g(y, c=c, *, k=b):
        return y * c + k
    h = lambda y, c=c: y * c
    b = c = 5.0
    return np.sum(g(x)) * c + np.sum(h(x)) * b
""",
        [X, 0.4],
        True,
    ),
    "an array of the caller's is changed in a helper, by way of a copy": (
        """\
import numpy as np
def g(y):
    y = y + 0.0
    y *= 2.0
    return y
def f(x):
    z = x * 1.0
    return np.sum(z * g(z))
""",
        [X],
        True,
    ),
}
"""What random programs found, shrunk: each stands for a family that was wrong."""

REFUSED: dict[str, tuple[str, list[Any], str]] = {
    "param x_bar": (
        """\
import numpy as np
def f(x, x_bar):
    return np.sum(np.sin(x)*x_bar)
""",
        [X, Y],
        "`x_bar` is a variable here, and what the adjoint of `x` is called",
    ),
    "local x_bar": (
        """\
import numpy as np
def f(x):
    x_bar = np.sin(x)
    return np.sum(x_bar*x)
""",
        [X],
        "`x_bar` is a variable here, and what the adjoint of `x` is called",
    ),
    "param abs, helper uses abs": (
        """\
import numpy as np
def g(x):
    return np.sum(x)*abs(2.0) + len(x.shape)
def f(x, abs, len):
    return g(x)*np.sum(abs)*len
""",
        [X, Y, 2.0],
        "the variable `len` hides what the generated code needs under this name",
    ),
    "param SCALE vs global": (
        """\
import numpy as np
SCALE=3.0
def g(x):
    return x*SCALE
def f(x, SCALE):
    return np.sum(g(x)*SCALE)
""",
        [X, 0.5],
        "the variable `SCALE` hides what the generated code needs under this na",
    ),
    "alias aug": (
        """\
import numpy as np
def f(x):
    a = b = x*2
    a -= x
    return np.sum(a*b)
""",
        [X],
        "`a` is changed in place here, and `b` may be the same array",
    ),
    "aug view alias": (
        """\
import numpy as np
def f(x):
    a = x*2
    b = a[1:]
    a += 1.0
    return np.sum(a)+np.sum(b)
""",
        [X],
        "`a` is changed in place here, and `b` may be the same array",
    ),
    "dict active": (
        """\
import numpy as np
def f(x):
    d = {str(1): x*2.0}
    return np.sum(d['1']*d['1'])
""",
        [X],
        "a dict of values that carry a derivative is not followed",
    ),
    "global stmt": (
        """\
import numpy as np
G=1
def f(x):
    global G
    G = 2
    return np.sum(x)*G
""",
        [X],
        "`global` cannot be followed",
    ),
    "bool op": (
        """\
import numpy as np
def f(x):
    k = len(x) > 2 and x.ndim == 1 or False
    return np.sum(x*x)*(2.0 if k and not x.ndim == 3 else 1.0)
""",
        [X],
        "`and` and `or` of values that carry a derivative are not followed",
    ),
    "active and": (
        """\
import numpy as np
def f(x):
    y = x.sum() and x.sum()*2
    return y
""",
        [X],
        "`and` and `or` of values that carry a derivative are not followed",
    ),
    "augment param in helper": (
        """\
import numpy as np
def g(y):
    y *= 2.0
    return y
def f(x):
    z = x*1.0
    w = g(z)
    return np.sum(z*w)
""",
        [X],
        "`y` is changed in place here, and `z` may be the same array",
    ),
}
"""Text, arguments, and the beginning of what is said."""


def program(text: str, args: list[Any], scalar: bool = True) -> RandomProgram:
    names = list(inspect.signature(load(text).f).parameters)
    floats = [n for n, x in zip(names, args, strict=True) if np.asarray(x).dtype.kind == "f"]
    return RandomProgram(text, args, tuple(floats or names[:1]), "", names, scalar)


@pytest.mark.parametrize("name", [*RIGHT, *FOUND])
def test_it_is_right(name: str) -> None:
    text, args, scalar = (RIGHT | FOUND)[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check(program(text, args, scalar))


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused(name: str) -> None:
    text, args, said = REFUSED[name]
    with pytest.raises(GradgenError) as error, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check(program(text, args))
    assert said in str(error.value) and "internal error" not in str(error.value)


def test_long_and_deep_expressions() -> None:
    terms = " + ".join(["x * x"] * 400)
    nested = "np.sin(" * 60 + "x" + ")" * 60
    check(program(f"import numpy as np\n\ndef f(x):\n    return np.sum({terms}) + np.sum({nested})\n", [X]))
