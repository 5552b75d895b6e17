"""Lists of lists and of arrays that are written item by item: right or refused, never a gradient that missed a write.

Each program makes a container, writes into its parts at indices that come about in some way, and reads it afterwards.
"""

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
