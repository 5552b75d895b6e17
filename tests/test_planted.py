"""Bugs planted on purpose: each must be caught by what watches over that stage, or the watch is worth nothing."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradgen
from gradgen import branches, emit, finish, loops, naming, pipeline, reverse, saving, schedule, simplify
from gradgen.buffers import Buffers
from gradgen.errors import GradgenError
from gradgen.graph import OPERATIONS, PRIMITIVES, Graph
from gradgen.options import make_options
from gradgen.rules.primitives import unbroadcast
from tests.programs import RandomProgram, random_program
from tests.test_programs import check, load

PROGRAM = """import numpy as np

def f(x, b):
    h = np.tanh(x + b)
    z = h * h
    y = np.sin(h[1:]) - z[1:] * z[:-1]
    return np.sum(y * y) + np.sum(z) + b * np.mean(h)
"""
HALVES = """import numpy as np

def f(x, b):
    h = np.tanh(x * b)
    return np.sum(h[1:] * h[:-1]) + np.sum(np.sin(h)) + np.sum(b * h[::2])
"""


def program(text: str = HALVES, scalar: bool = True) -> RandomProgram:
    args = [np.array([0.3, -0.2, 0.7, 0.5]), 0.4]
    return RandomProgram(text, args, ("x", "b"), "x=(n,), b=()", ["x", "b"], scalar)


@pytest.fixture(autouse=True)
def quiet() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def caught(text: str = HALVES, scalar: bool = True) -> str:
    """What is said about a program. Fails where nothing is."""
    with pytest.raises((AssertionError, GradgenError, ValueError, NameError)) as error:
        check(program(text, scalar))
    return str(error.value)


def test_without_a_bug_nothing_is_caught() -> None:
    check(program())


def test_a_flipped_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    rule = OPERATIONS[np.tanh].rule
    assert rule is not None
    monkeypatch.setattr(OPERATIONS[np.tanh], "rule", lambda g, out, x: -rule(g, out, x))
    assert "differences" in caught()


def test_a_flipped_sign_in_a_table_of_identities(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(simplify.REWRITES, "negative", lambda s, node, inputs: inputs[0])
    text = "import numpy as np\n\ndef f(x, b):\n    return np.sum(np.cos(b) - np.sin(x) ** 2)\n"
    assert "after backward" in caught(text)


LOOP = """import numpy as np

def f(x, b):
    h = x
    for i in range(3):
        h = np.sin(h) * b + h[0] * x
    return np.sum(h * x)
"""
WRITES = """import numpy as np

def f(x, b):
    y = np.exp(x) * b
    y[1:3] = y[0] * x[1:3]
    y[0] = 2.0
    return np.sum(y * y)
"""
SIDES = """import numpy as np

def f(x, b):
    y = np.exp(x)
    if b > 0.1:
        y = y * b + x
    else:
        y = y - b
    return np.sum(y * y)
"""


def plant_setitem(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was overwritten gets a cotangent all the same."""

    def rule(g: Any, out: Any, x: Any, index: Any, value: Any) -> Any:
        return g, None, unbroadcast(g[index], value)

    monkeypatch.setattr(PRIMITIVES["setitem"], "rule", rule)


def plant_accumulator(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step forgets what the steps after it sent to what does not change."""
    build = loops.build_grads
    monkeypatch.setattr(loops, "build_grads", lambda graph, seeds, targets, start: build(graph, seeds, targets, {}))


def plant_branch(monkeypatch: pytest.MonkeyPatch) -> None:
    """One side of a branch sends nothing to what it takes first."""
    build = branches.build_grads

    def lossy(*args: Any) -> Any:
        grads = build(*args)
        return [None, *grads[1:]] if len(grads) > 1 else grads

    monkeypatch.setattr(branches, "build_grads", lossy)


def plant_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """The backward loop goes through what was recorded from the first step to the last."""
    for module in (loops, saving):
        monkeypatch.setattr(module, "backwards", lambda count: 0 if count == 1 else ("zip", *range(count)))


def plant_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cotangent of the second factor has the wrong sign."""
    rule = OPERATIONS[np.multiply].rule
    assert rule is not None

    def flipped(g: Any, out: Any, x: Any, y: Any) -> Any:
        first, second = rule(g, out, x, y)
        return first, None if second is None else -second

    monkeypatch.setattr(OPERATIONS[np.multiply], "rule", flipped)


PLANTED: dict[str, tuple[Callable[[pytest.MonkeyPatch], None], str]] = {
    "a flipped sign": (plant_sign, HALVES),
    "a setitem that forgets to zero": (plant_setitem, WRITES),
    "a lost accumulator": (plant_accumulator, LOOP),
    "a lost branch edge": (plant_branch, SIDES),
    "records in the wrong order": (plant_order, LOOP),
}
ENOUGH = 500
"""Random programs, of which one at least must find a bug."""


@pytest.mark.parametrize("bug", PLANTED)
def test_it_is_caught(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plant, text = PLANTED[bug]
    check(program(text))
    plant(monkeypatch)
    assert "differences" in caught(text)


@pytest.mark.parametrize("bug", PLANTED)
def test_random_programs_catch_it(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    PLANTED[bug][0](monkeypatch)
    for seed in range(ENOUGH):
        try:
            check(random_program(seed))
        except GradgenError:
            continue
        except (AssertionError, ValueError):  # arrays that do not fit are found as well
            return
    raise AssertionError(f"{ENOUGH} random programs do not find {bug}")


def test_a_lost_consumer(monkeypatch: pytest.MonkeyPatch) -> None:
    collect = reverse.collect
    monkeypatch.setattr(reverse, "collect", lambda v, sent: collect(v, sent[:1]))
    assert "differences" in caught()


def test_a_dropped_unbroadcast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reverse, "unbroadcast", lambda bar, x: bar)
    assert "internal error: the cotangent" in caught()


def test_the_order_of_two_statements(monkeypatch: pytest.MonkeyPatch) -> None:
    made = schedule.Schedule.__init__

    def swapped(self: Any, *args: Any, **kwargs: Any) -> None:
        made(self, *args, **kwargs)
        if len(self.steps) > 1:
            self.steps[0], self.steps[1] = self.steps[1], self.steps[0]

    monkeypatch.setattr(schedule.Schedule, "__init__", swapped)
    assert "internal error" in caught(PROGRAM)


def test_a_write_in_place_where_memory_is_still_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Written by the emitter into memory that a view shows, or that is not the function's own."""
    monkeypatch.setattr(Buffers, "_writable", lambda self, *what: True)
    text = """import numpy as np

def f(x, b):
    return x, x[1:], b
"""
    assert "is written in place" in caught(text, scalar=False)


def test_a_name_that_is_given_away_too_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(naming.Names, "_free", lambda self, wanted, busy, spans: wanted)
    text = """import numpy as np

def f(x, b):
    y = x * b
    z = np.sin(y)
    y = np.exp(z)
    return np.sum(z * y)
"""
    assert "internal error" in caught(text)


def test_a_result_that_is_an_argument(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finish, "is_owned", lambda v: True)
    text = "import numpy as np\n\ndef f(x, b):\n    return np.sum(x * x) / 2.0 + b\n"
    with pytest.raises(GradgenError, match="not the function's own"):
        gradgen.grad(load(text).f, "x", shapes="x=(n,), b=()").source  # noqa: B018


def test_two_results_in_one_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finish, "roots", lambda v: set())
    text = "import numpy as np\n\ndef f(x, y):\n    return np.sum(np.sin(x + y))\n"
    with pytest.raises(GradgenError, match="may share memory with another"):
        gradgen.grad(load(text).f, "x, y", shapes="x=(n,), y=(n,)").source  # noqa: B018


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda graph: graph.nodes.insert(0, graph.nodes.pop()), "before it is computed"),
        (lambda graph: graph.nodes.pop(0), "before it is computed"),
        (lambda graph: setattr(graph.nodes[0].out, "type", pipeline.Type("float", (1,))), "is inferred to be"),
        (lambda graph: setattr(graph.nodes[0].out, "graph", Graph()), "is not the output of|another graph"),
        (lambda graph: graph.results.append(Graph().param("x", graph.params[0].type)), "is not computed"),
    ],
    ids=["order", "lost", "type", "foreign", "result"],
)
def test_a_graph_that_is_not_sound(spoil: Callable[[Graph], Any], message: str) -> None:
    from gradgen.verify import verify

    made = pipeline.read(load(PROGRAM).f, make_options("x", "grad", "x=(n,), b=()"))
    verify(made.graph)
    spoil(made.graph)
    with pytest.raises(GradgenError, match=message):
        verify(made.graph)


def test_a_variable_that_hides_what_the_code_needs() -> None:
    text = "import numpy as anp\n\ndef f(np):\n    return anp.sum(anp.sin(np))\n"
    with pytest.raises(GradgenError, match="`np` hides what the generated code needs"):
        gradgen.grad(load(text).f).source  # noqa: B018


def test_emitted_names_say_what_they_stand_for() -> None:
    """Without the notes of the emitter the simulation would see nothing."""
    v = Graph().param("x", pipeline.Type())
    name = emit.standing_for(v, ast.Name("x", ast.Load()))
    assert name.means is v  # type: ignore[attr-defined]
