"""What a loop goes through beside arrays and lists: functions of `itertools`, iterators, what nobody knows.

The backward pass goes through it again, from the end: what can be gone through only once is made a list first.
"""

import warnings

import numpy as np
import pytest

import gradgen
from gradgen.errors import GradgenError, GradgenWarning
from tests.test_programs import load, load_alone

X = np.array([0.3, 0.7, 1.2])
HELPERS = """\
import itertools

import numpy as np


def unknown(kind, n):
    exec("")
    return kind([0, 1, n])


def table(n):
    exec("")
    return {0: 1, 1: n}


"""
RIGHT = {
    "combinations": """\
    s = 0.0
    for a, b in itertools.combinations(x, 2):
        s = s + a * b * b
    return s
""",
    "combinations range": """\
    s = 0.0
    for i, j in itertools.combinations(range(3), 2):
        s = s + x[i] * x[j] * x[j]
    return s
""",
    "combinations len": """\
    s = 0.0
    for i, j in itertools.combinations(range(len(x)), 2):
        s = s + x[i] * x[j] * x[j]
    return s
""",
    "product": """\
    s = 0.0
    for i, j in itertools.product(range(2), range(3)):
        s = s + x[i] * x[j] * x[j]
    return s
""",
    "product len": """\
    s = 0.0
    for i, j in itertools.product(range(len(x)), repeat=2):
        s = s + x[i] * x[j] * x[j]
    return s
""",
    "product values": """\
    s = 0.0
    for a, b in itertools.product(x, x):
        s = s + a * b * b
    return s
""",
    "permutations": """\
    s = 0.0
    for i, j in itertools.permutations(range(3), 2):
        s = s + x[i] * x[j] * x[j]
    return s
""",
    "pairwise": """\
    s = 0.0
    for a, b in itertools.pairwise(x):
        s = s + a * b * b
    return s
""",
    "chain range": """\
    s = 0.0
    for i in itertools.chain(range(1), [2, 1]):
        s = s * x[i] + x[i]
    return s
""",
    "islice range": """\
    s = 0.0
    for i in itertools.islice(range(len(x)), 1, None):
        s = s + x[i] * s + x[i]
    return s
""",
    "count zip": """\
    s = 0.0
    for i, a in zip(itertools.count(), x):
        s = s + a * s * i + a
    return s
""",
    "comb_wr": """\
    s = 0.0
    for i, j in itertools.combinations_with_replacement(range(3), 2):
        s = s + x[i] * s * x[j] + x[j]
    return s
""",
    "np.ndindex": """\
    s = 0.0
    for i, j in np.ndindex(2, 3):
        s = s + s * x[i] * x[j] + x[j]
    return s
""",
    "np.ndindex shape": """\
    s = 0.0
    for i, in np.ndindex(x.shape):
        s = s + s * x[i] + x[i]
    return s
""",
    "string": """\
    s = 0.0
    for c in 'abc':
        s = s + s * x[ord(c) - 97] + x[0]
    return s
""",
    "enumerate product": """\
    s = 0.0
    for k, (i, j) in enumerate(itertools.product(range(len(x)), repeat=2)):
        s = s + s * x[i] * x[j] * k + x[j]
    return s
""",
    "reversed list comb": """\
    s = 0.0
    for i, j in reversed(list(itertools.combinations(range(len(x)), 2))):
        s = s + s * x[i] * x[j] + x[j]
    return s
""",
    "list comb": """\
    s = 0.0
    for i, j in list(itertools.combinations(range(len(x)), 2)):
        s = s + s * x[i] * x[j] + x[j]
    return s
""",
    "named comb": """\
    s = 0.0
    pairs = itertools.combinations(range(len(x)), 2)
    for i, j in pairs:
        s = s + s * x[i] * x[j] + x[j]
    return s
""",
    "named combinations twice": """\
    s = 0.0
    pairs = itertools.combinations(range(len(x)), 2)
    for i, j in pairs:
        s = s + s * x[i] + x[j]
    for i, j in pairs:
        s = s + 5.0 * x[i]
    return s
""",
    "next": """\
    it = iter([2, 1])
    i = next(it)
    j = next(it)
    return x[i] * x[j] * x[j]
""",
    "next in loop": """\
    it = iter([2, 1, 0])
    s = 0.0
    for v in x:
        s = s + x[next(it)] * s + v
    return s
""",
    "an iterator of nobody knows what": """\
    s = 0.0
    for i in unknown(iter, 2):
        s = s + s * x[i] + x[i]
    return s
""",
    "a list of the same": """\
    s = 0.0
    for i in unknown(list, 2):
        s = s + s * x[i] + x[i]
    return s
""",
    "a table": """\
    s = 0.0
    for i, j in table(2).items():
        s = s + s * x[i] + x[j]
    return s
""",
    "in step with one": """\
    s = 0.0
    for i, a in zip(unknown(iter, 2), x):
        s = s + s * x[i] + a
    return s
""",
    "a comprehension": """\
    return sum([x[i] * x[j] * x[j] for i, j in itertools.product(range(3), range(2))])
""",
    "a sum over pairs": """\
    return sum(x[i] * x[j] * x[j] for i, j in itertools.combinations(range(len(x)), 2))
""",
    "a list of what an iterator gives": """\
    return np.array([x[i] ** 3 for i in unknown(iter, 2)]).sum()
""",
    "neighbours of layers": """\
    s = 0.0
    for (a, b), (c, d) in itertools.pairwise([(x[0], x[1]), (x[1], x[2]), (x[2], x[0])]):
        s = s + a * d - b * c * s
    return s
""",
    "a chain of values": """\
    s = 0.0
    for a in itertools.chain([x[0], x[1]], (x[2],)):
        s = s * a + a
    return s
""",
    "pairs of rows": """\
    s = 0.0
    for a, b in itertools.combinations(np.outer(x, x), 2):
        s = s + np.sum((a - b) ** 2) * a[0]
    return s
""",
    "an array with places": """\
    s = 0.0
    for a, k in itertools.product(x, range(1, 3)):
        s = s + a**k * x[k]
    return s
""",
    "chain": """\
    s = 0.0
    for a in itertools.chain(x, x):
        s = s + a * s + a
    return s
""",
    "chain.from_iterable": """\
    s = 0.0
    for a in itertools.chain.from_iterable([x, x]):
        s = s + a * s + a
    return s
""",
    "islice": """\
    s = 0.0
    for a in itertools.islice(x, 2):
        s = s + a * s + a
    return s
""",
    "accumulate": """\
    s = 0.0
    for a in itertools.accumulate(x):
        s = s + a * s + a
    return s
""",
    "repeat": """\
    s = 0.0
    for a in itertools.repeat(x[0], 3):
        s = s + a * s + a
    return s
""",
    "cycle": """\
    s = 0.0
    for a, b in zip(x, itertools.cycle([1.0, 2.0])):
        s = s + a * s + a * b
    return s
""",
    "starmap": """\
    s = 0.0
    for v in itertools.starmap(lambda a, b: a * b, zip(x, x)):
        s = s + s * v + v
    return s
""",
    "takewhile": """\
    s = 0.0
    for v in itertools.takewhile(lambda v: v < 10, x):
        s = s + s * v + v
    return s
""",
    "map": """\
    s = 0.0
    for v in map(lambda a: a * a, x):
        s = s + s * v + v
    return s
""",
    "filter": """\
    s = 0.0
    for v in filter(lambda a: a > 0.5, x):
        s = s + s * v + v
    return s
""",
    "named zip": """\
    s = 0.0
    pairs = zip(x, x)
    for i, j in pairs:
        s = s + s * i * j + j
    for i, j in pairs:
        s = s + 5.0 * i
    return s
""",
    "named pairwise twice": """\
    s = 0.0
    pairs = itertools.pairwise(x)
    for i, j in pairs:
        s = s + s * i * j + j
    for i, j in pairs:
        s = s + 5.0 * i
    return s
""",
    "flat": """\
    s = 0.0
    for v in x.flat:
        s = s + s * v + v
    return s
""",
}
REFUSED = {
    "zip_longest": """\
    s = 0.0
    for a, b in itertools.zip_longest(x, x[:2], fillvalue=1.0):
        s = s + a * s + a * b
    return s
""",
    "ndenumerate": """\
    s = 0.0
    for (i,), v in np.ndenumerate(x):
        s = s + s * v + x[i]
    return s
""",
    "nditer": """\
    s = 0.0
    for v in np.nditer(x):
        s = s + s * v + v
    return s
""",
    "set": """\
    s = 0.0
    for i in {0, 2}:
        s = s + s * x[i] + x[i]
    return s
""",
    "sorted": """\
    s = 0.0
    for v in sorted(x):
        s = s + s * v + v
    return s
""",
    "iter": """\
    s = 0.0
    for v in iter(x):
        s = s + s * v + v
    return s
""",
}
WRITTEN = """\
    s = 0.0
    for a, b in itertools.combinations(x, 2):
        x[2] = a * s
        s = s + a * b
    return s
"""


def program(body):
    return load(f"{HELPERS}def f(x):\n{body}").f


def slope(f):
    steps = 1e-6 * np.eye(3)
    return np.array([(f(X + d) - f(X - d)) / 2e-6 for d in steps])


@pytest.mark.parametrize("shapes", ["", "x=(n,)", "x=(3,)"])
@pytest.mark.parametrize("name", RIGHT)
def test_what_a_loop_goes_through(name, shapes):
    f = program(RIGHT[name])
    made = gradgen.grad(f, "x", shapes=shapes)
    wanted = slope(f)
    assert np.allclose(load_alone(made.source).grad_f(X.copy()), wanted, atol=1e-6)
    assert np.allclose(made(X.copy()), wanted, atol=1e-6)


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_gone_through_is_refused(name):
    with pytest.raises(GradgenError) as caught, warnings.catch_warnings():
        warnings.simplefilter("ignore", GradgenWarning)
        print(gradgen.grad(program(REFUSED[name]), "x").source)
    assert "internal error" not in str(caught.value)


def test_what_is_combined_is_not_written_meanwhile():
    with pytest.raises(GradgenError, match="go through a copy"):
        print(gradgen.grad(program(WRITTEN), "x", shapes="x=(n,)").source)


def test_what_is_made_a_list_is_used_up_once():
    body = "    s = 0.0\n    it = unknown(iter, 2)\n    for i in it:\n        s = s + s * x[i] + x[i]\n"
    f = program(f"{body}    for i in it:\n        s = s * 7.0 + x[i]\n    return s\n")
    made = load_alone(gradgen.value_and_grad(f, "x").source)
    value, slopes = made.value_and_grad_f(X.copy())
    assert value == f(X) and np.allclose(slopes, slope(f), atol=1e-6)
