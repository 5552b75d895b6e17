"""The rows that a loop goes through lie in the array: what is written into one of the two is seen in the other.

Each way to go through an array, to have another name for it, and to write, is a function whose gradient is right, or
that is refused.
"""

import itertools

import numpy as np
import pytest

import gradgen
from gradgen.errors import GradgenError
from tests.test_programs import load, load_alone

THROUGH = {
    "alone": "for p in A:",
    "counted": "for i, p in enumerate(A):",
    "twice": "for p, q in zip(A, A):",
    "with a list of them": "for p, q in zip([A[0], A[1], A[2]], A):",
    "turned": "for p, q in zip(A.T, A):",
    "from the end": "for p in reversed(A):",
    "of a part": "for p in A[1:]:",
    "pairs": "for p, q in itertools.combinations(A, 2):",
    "within": "for k in range(2):\n        for p in A:",
}
NAMES = {
    "its own": "",
    "another": "B = A",
    "that of a part": "B = A[1:]",
    "turned": "B = A.T",
    "of something else": "B = 2.0 * A",
}
WRITES = {
    "an entry of the row": "p[0] = 2.0 * x[1]",
    "the row": "p *= x[0]",
    "a part of the row": "p[1:] = x[1] * p[:2]",
    "by out=": "np.multiply(p, x[0], out=p)",
    "an entry of the array": "A[0, 1] = 2.0 * x[1]",
    "under the other name": "B[0, 0] = 2.0 * x[1]",
}
MOVES = {
    "nothing": "",
    "a new array": "B = x[0] * B",
    "a view": "B = B.T",
    "it goes round": "C = B\n{i}B = C",
    "a swap": "A, B = B, A",
}
READS = {
    "the row": "s = s + p[0] * p[1]",
    "the other row": "s = s + q[0] * q[1]",
    "the array": "s = s + A[0, 0] * A[1, 0]",
    "the other name": "s = s + B[0, 0] * B[0, 1]",
    "afterwards": "",
}
X = np.array([0.3, 0.7, 1.2])


def programs(through, write):
    """A quarter of all, another one for each."""
    first = (list(THROUGH).index(through) + list(WRITES).index(write)) % 4
    for names, move, read in itertools.islice(itertools.product(NAMES, MOVES, READS), first, None, 4):
        indent = 8 if through == "within" else 4
        i = " " * (indent + 4)
        lines = [WRITES[write], READS[read], MOVES[move].replace("{i}", i)]
        body = "".join(f"{i}{line}\n" for line in lines if line)
        end = "np.sum(B * B)" if read == "afterwards" and "B" in NAMES[names] else "np.sum(A * A)"
        text = f"    A = np.outer(x, x)\n    {NAMES[names] or 'pass'}\n    s = 0.0\n    {THROUGH[through]}\n{body}"
        yield f"import itertools\n\nimport numpy as np\n\n\ndef f(x):\n{text}    return s * x[2] + {end}\n"


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("through", THROUGH)
def test_rows_are_seen_in_the_array(through, write):
    answers = dict.fromkeys(("right", "refused"), 0)
    for text in programs(through, write):
        f = load(text).f
        try:
            wanted = np.array([(f(X + d) - f(X - d)) / 2e-6 for d in 1e-6 * np.eye(3)])
        except (NameError, IndexError, ValueError):  # nothing has this name
            continue
        try:
            got = load_alone(gradgen.grad(f, "x", shapes="x=(3,)").source).grad_f(X.copy())
        except GradgenError as error:
            assert "internal error" not in str(error), f"{text}\n{error}"
            answers["refused"] += 1
            continue
        assert np.allclose(got, wanted, rtol=1e-4, atol=1e-5), f"{text}\n{got}, not {wanted}"
        answers["right"] += 1
    assert answers["right"] or answers["refused"]
