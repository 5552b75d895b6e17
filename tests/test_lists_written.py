"""Lists of lists and of arrays that are written item by item: right or refused, never a gradient that missed a write.

Each program makes a container, writes into its parts at indices that come about in some way, and reads it afterwards.
"""

import inspect
import itertools

import numpy as np
import pytest

from gradgen import grad
from gradgen.errors import GradgenError

X = np.array([0.3, 0.6, 0.9])

MADE = {
    "written out": "[[0.0, 0.0], [0.0, 0.0]]",
    "repeated": "[[0.0] * 2, [0.0] * 2]",
    "a comprehension": "[[0.0, 0.0] for _ in range(2)]",
    "nested comprehensions": "[[0.0 for _ in range(2)] for _ in range(2)]",
    "arrays": "[np.zeros(2), np.zeros(2)]",
    "arrays that vary": "[x[:2] * 0.5, x[1:] * 2.0]",
    "one array twice": "[row, row]",
    "one list twice": "[line, line]",
    "a tuple of arrays": "(np.zeros(2), np.zeros(2))",
    "a tuple of lists": "([0.0, 0.0], [0.0, 0.0])",
    "a dict": "{0: [0.0, 0.0], 1: np.zeros(2)}",
    "copies": "[list(line), line[:]]",
    "of unknown length": "[[0.0] * n for _ in range(n)]",
    "rows that grow": "rows_of(n)",
}
INDEX = {
    "constants": "{w0}\n    {w1}",
    "a range": "for i in range(2):\n        {wi}",
    "a range of unknown length": "for i in range(n):\n        {wi}",
    "a while": "i = 0\n    while i < 2:\n        {wi}\n        i += 1",
    "enumerate": "for i, v in enumerate(x[:2]):\n        {wi}",
    "from the end": "for i in reversed(range(2)):\n        {wi}",
    "an argument": "{wn}",
    "a branch": "i = 1 if x[0] > 0.0 else 0\n    {wi}",
}
WAYS = {
    "an item": "g[{i}][1] = x[{i}] ** 2",
    "added to": "g[{i}][0] += x[{i}] * 3.0",
    "by a name": "r = g[{i}]; r[1] = x[{i}] * x[0]",
    "two indices": "g[{i}][{i}] = x[{i}] * x[2]",
    "a slice": "g[{i}][:] = [x[{i}], x[{i}] ** 2]",
}


def program(made, index, way, folder):
    lines = index.format(w0=way.format(i=0), w1=way.format(i=1), wi=way.format(i="i"), wn=way.format(i="n - 1"))
    text = (
        "import numpy as np\n\n\ndef rows_of(n):\n    rows = []\n    for _ in range(n):\n"
        "        rows.append([0.0, 0.0])\n    return rows\n\n\n"
        f"def f(x, n):\n    row, line = np.zeros(2), [0.0, 0.0]\n    g = {made}\n    {lines}\n"
        "    total = row[1] * x[2] + line[1] * x[1]\n"
        "    return total + g[0][0] * 2.0 + g[0][1] ** 2 + g[1][0] * x[0] + g[1][1] ** 3\n"
    )
    path = folder / "program.py"
    path.write_text(text, encoding="utf-8")
    names = {}
    exec(compile(text, str(path), "exec"), names)
    return names["f"]


@pytest.mark.parametrize("made", MADE)
@pytest.mark.parametrize("index", INDEX)
@pytest.mark.filterwarnings("ignore::gradgen.errors.GradgenWarning")
def test_right_or_refused(made, index, tmp_path):
    right = 0
    for way in WAYS.values():
        f = program(MADE[made], INDEX[index], way, tmp_path)
        try:
            slopes = [(f(X + 1e-6 * e, 2) - f(X - 1e-6 * e, 2)) / 2e-6 for e in np.eye(3)]
        except TypeError:
            continue  # NumPy or Python will not have it
        for shapes in ("", "x=(3,)"):
            try:
                got = grad(f, wrt="x", shapes=shapes)(X, 2)
            except GradgenError:
                continue
            np.testing.assert_allclose(got, slopes, rtol=1e-5, atol=1e-7, err_msg=way)
            right += 1
    if index in ("constants", "a range", "from the end") and "tuple" not in made and "grow" not in made:
        assert right >= 8, f"{right} of 10"


def test_there_are_hundreds_of_them():
    assert len(list(itertools.product(MADE, INDEX, WAYS))) > 500


# ---- new arrays that several names or containers hold


def an_item_of_a_tuple(x):
    g = (np.zeros(2), np.zeros(2))
    g[0][1] = x[0] ** 2
    return g[0][1] * x[1]


def an_item_with_a_name(x):
    g = (np.zeros(2), np.zeros(2))
    h = g[0]
    h[1] = x[0] ** 2
    return g[0][1] * x[1]


def lists_in_a_tuple(x):
    g = ([0.0, 0.0], [0.0, 1.0])
    for i in range(2):
        g[i][1] = x[i] ** 2
    return g[0][1] * x[1] + g[1][1]


def handed_to_a_helper(x):
    g = (np.zeros(2), 3.0)

    def put(a, v):
        a[1] = v

    put(g[0], x[0] ** 2)
    return g[0][1] * x[1]


def a_tuple_in_a_dict(x):
    d = {"a": (np.zeros(2), np.ones(2))}
    d["a"][0][1] = x[0] ** 2
    return d["a"][0][1] * x[1]


def beside_what_varies(x):
    g = (np.zeros(2), x * 1.0)
    g[0][1] = x[0] ** 2
    return g[0][1] * x[1]


def tuples_in_tuples(x):
    g = (([0.0, 0.0],),)
    g[0][0][1] = x[0]
    return g[0][0][1] ** 2


def lists_in_a_tuple_grow(x):
    g = ([0.0, 0.0], [0.0, 1.0])
    g[1][0] = x[0]
    g[0].append(x[1])
    return g[1][0] ** 2 + g[0][2] * x[0]


def an_item_that_a_loop_writes(x):
    xs = [np.zeros(3), 1.0]
    y = xs[0]
    for k in range(3):
        y += x * k
    return np.sum(xs[0] ** 2) + y[0]


def two_that_a_loop_writes(x):
    xs = [np.zeros(3), 1.0]
    y, r = xs[0], x * 1.0
    for k in range(3):
        y += r * k
        r -= y * 0.1
    return np.sum(y**2)


def two_names_of_a_new_array(x):
    y = z = np.zeros(3)
    for k in range(3):
        y += x * k
    return np.sum(z**2)


def an_item_of_a_dict_that_a_loop_writes(x):
    d = {"a": np.zeros(3)}
    y = d["a"]
    for k in range(3):
        y += x * k
        if y[0] > 100:
            break
    return np.sum(d["a"] ** 2)


def unpacked_at_once(x):
    (y, r), k = (np.zeros(3), x * 1.0), 2
    for _ in range(3):
        y += r * k
    return np.sum(y**2)


def unpacked_later(x):
    t = (np.zeros(3), x * 1.0)
    y, r = t
    for k in range(3):
        y += r * k
    return np.sum(t[0] ** 2)


def returned_by_a_helper(x):
    def make():
        return np.zeros(3), np.ones(3)

    y, r = make()
    for k in range(3):
        y += x * k * r
        r += y
    return np.sum(y**2)


def both_written(x):
    t = (np.zeros(3), np.ones(3))
    y, r = t
    for k in range(3):
        y += x * k * r
        r += y
    return np.sum(t[0] ** 2) * t[1][0]


PROGRAMS = [
    f for f in list(globals().values())
    if inspect.isfunction(f) and f.__module__ == __name__ and list(inspect.signature(f).parameters) == ["x"]
]  # fmt: skip


@pytest.mark.parametrize("shapes", ["", "x=(n,)"])
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
def test_what_is_written_is_seen_under_every_name(program, shapes):
    slopes = [(program(X + 1e-6 * e) - program(X - 1e-6 * e)) / 2e-6 for e in np.eye(3)]
    np.testing.assert_allclose(grad(program, shapes=shapes)(X), slopes, rtol=1e-6, atol=1e-8)
