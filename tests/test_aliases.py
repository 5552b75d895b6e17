"""Every way to come by another name for an array, wherever it is made and used: right or refused, never wrong.

An array has a second name: the same array, a slice, a transpose, an item of a tuple, a callee's parameter. It is made
before a loop, inside it, in one step for the next, or in a branch. Then either name is written, and the other read; or
both are read only.
"""

from __future__ import annotations

import collections
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import gradgen
from gradgen.errors import GradgenError
from tests.programs import RandomProgram
from tests.test_programs import Question, check_call, load, load_alone

HELPERS = """\
import numpy as np


def look(p, x):
    return np.sum(p * p) * x[0, 0]


def scale(p, x):
    p *= x[0, 1]


def put(p, x):
    p[0] = x[1, 1] * 2.0


"""
WAYS = {
    "name": "p = {a}",
    "slice": "p = {a}[1:]",
    "row": "p = {a}[0]",
    "transpose": "p = {a}.T",
    "tuple": "t = ({a}, x)\np = t[0]",
    "reversed": "p = {a}[::-1]",
    "reshape": "p = {a}.reshape(-1)",
    "parameter": None,
}
"""How the second name comes about; "parameter": a helper is called with the array, and uses it under its own name."""
PLACES = {
    "before": """\
    a = x * 2.0
    s = 0.0
    {make}
    for i in range({n}):
        {use}
        s = s + np.sum(a) * np.sin(s + i)
    return s + {end}
""",
    "inside": """\
    a = x * 2.0
    s = 0.0
    for i in range({n}):
        {make}
        {use}
        s = s + np.sum(a) * np.sin(s + i)
    return s + np.sum(a * a)
""",
    "across": """\
    a = x * 2.0
    b = x * 3.0
    s = 0.0
    {make_b}
    for i in range({n}):
        {use}
        s = s + np.sum(a) * np.sin(s + i) + np.sum(b)
        {make}
    return s + {end} + np.sum(b * b)
""",
    "branch": """\
    a = x * 2.0
    b = x * 3.0
    s = 1.0
    if x[0, 0] > {c}:
        {make}
    else:
        {make_b}
    {use}
    s = s * np.sum(a * x) + np.sum(b * b)
    return s + {end}
""",
    "one side": """\
    a = x * 2.0
    b = x * 3.0
    s = 1.0
    {make_b}
    if x[0, 0] > {c}:
        {make}
        {use}
    s = s * np.sum(a * x) + np.sum(b * b)
    return s + {end}
""",
}
"""Where it is made and used."""
USES = {
    "read": "s = s + look(p, x)",
    "change it": "p *= x[0, 1]",
    "write it": "p[0] = x[1, 1] * 2.0",
    "add to it": "p[-1] += np.sum(x)",
    "change the array": "a *= x[0, 1]",
    "write the array": "a[0, 1] = x[1, 1] * 2.0",
    "change it in a function": "scale(p, x)",
    "write it in a function": "put(p, x)",
    "rebind it": "p = p * x[0, 1]",
    "change both": "p += 1.0\na *= p.T.reshape(-1)[0]",
}
COUNTS: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
"""By use: how many were right, and how many refused. Told at the end of the run."""
X = np.array([[0.3, 1.2], [0.7, -0.4]])


def indented(text: str, by: str) -> str:
    return ("\n" + by).join(text.split("\n"))


def write(way: str, place: str, use: str) -> str | None:
    """The program, or None where there is none: a callee's parameter comes about where it is called."""
    made, used, end = WAYS[way], USES[use], "np.sum(p)"
    if made is None:
        if "function" not in use and use != "read":
            return None
        used, made, end = used.replace("(p", "(a"), "pass", "np.sum(a)"
    lines = []
    for line in PLACES[place].split("\n"):
        by = line[: len(line) - len(line.lstrip())]
        line = line.replace("{make_b}", indented(made.format(a="b"), by)).replace(
            "{make}", indented(made.format(a="a"), by)
        )
        lines.append(line.replace("{use}", indented(used, by)).replace("{end}", end))
    return HELPERS + "def f(x):\n" + "\n".join(lines)


def right(text: str) -> None:
    """The pullback, as it is written, is that of differences; called again it says the same, and it changes nothing."""
    program = RandomProgram(text, [X], ("x",), "x=(2, 2)", ["x"], True)
    question = Question(program)
    made = load_alone(gradgen.vjp(question.module.f, "x", shapes=program.shapes).source)
    [bar] = check_call(question, "vjp", "vjp", made.vjp_f)
    [slope] = question.slopes()
    assert abs(np.sum(bar * question.directions[0]) - slope) < 1e-5 * (1.0 + abs(slope)), f"{bar}, not {slope}"


def programs(place: str, use: str) -> Iterator[str]:
    for way in WAYS:
        text = write(way, place, use)
        if text is None:
            continue
        for n, c in ((3, 0.0), (0, 0.5)) if way in ("name", "slice") else ((3, 0.0),):
            yield text.replace("{n}", str(n)).replace("{c}", str(c))


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("place", PLACES)
def test_it_is_right_or_refused(place: str, use: str) -> None:
    for text in programs(place, use):
        try:
            load(text).f(X.copy())
        except (IndexError, ValueError, TypeError, UnboundLocalError):  # a way that has no such use
            continue
        try:
            right(text)
            COUNTS[use]["right"] += 1
        except GradgenError as error:
            assert "internal error" not in str(error), f"{text}\n{error}"
            COUNTS[use]["refused"] += 1
        except AssertionError as error:
            raise AssertionError(f"{text}\n{error}") from error
    assert COUNTS[use]
    if use in ("read", "rebind it"):
        assert not COUNTS[use]["refused"]


# ---- what a step of a loop keeps of an array that steps write


KEPT_WRITES = ["a += x[i]", "a *= x[i]", "a[:] = a * x[i]", "a[0] = x[i]", "np.multiply(a, x[i], out=a)",
               "c = a; c += x[i]", "c = a[1:]; c *= x[i]"]  # fmt: skip
KEPT = [
    ("held = [x]", "held.append(a)", "sum(v @ x for v in held)"),
    ("held = []", "held.append(a)", "np.sum(np.array(held) * x)"),
    ("held = x", "held = a", "held @ x"),
    ("held = x", "t = t + held @ x; held = a", "held @ x"),
    ("held = (x, x)", "held = (held[1], a)", "held[0] @ held[1]"),
    ("held = [x]", "held.append(a[1:])", "sum(np.sum(v) for v in held) * x[0]"),
    ("held = [x]", "held += [a]", "sum(v @ x for v in held)"),
    ("held = [(x, x)]", "held.append((a, x))", "sum(v @ w for v, w in held)"),
    ("held = [x]", "t = t + held[i] @ x; held.append(a)", "sum(v @ x for v in held)"),
]


@pytest.mark.parametrize("write_first", [True, False])
@pytest.mark.parametrize("step", KEPT_WRITES)
def test_what_steps_keep_of_an_array_that_steps_write_is_right_or_refused(step: str, write_first: bool) -> None:
    """The loop's length is known to nobody, so that no step is read on its own."""
    x = np.array([0.7, 0.4, 1.9])
    for begin, keep, end in KEPT:
        first, second = (step, keep) if write_first else (keep, step)
        text = f"""
def f(x, n):
    a = x * 2.0
    t = 0.0
    {begin}
    for i in range(n):
        {first}
        {second}
    return t + {end}
"""
        f = load(f"import numpy as np\n\n{text}").f
        try:
            source = gradgen.grad(f, shapes="x=(3,)", wrt="x").source
        except gradgen.UnsupportedError:
            continue
        scope: dict[str, Any] = {}
        exec(source, scope)
        steps = 1e-6 * np.eye(3)
        wanted = [(f(x + e, 3) - f(x - e, 3)) / 2e-6 for e in steps]
        np.testing.assert_allclose(scope["grad_f"](x, 3), wanted, rtol=1e-6, err_msg=text)
