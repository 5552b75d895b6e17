"""Random programs: differences, the interpreted graph after each stage, and the printed code must say the same."""

from __future__ import annotations

import builtins
import collections
import contextlib
import copy
import io
import itertools
import linecache
import re
import types
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

import gradgen
from gradgen.admission import aims
from gradgen.buffers import Buffers, is_number, is_owned, roots
from gradgen.constants import type_of_argument
from gradgen.control import UNDEFINED, is_there
from gradgen.errors import GradgenError, GradgenWarning
from gradgen.finish import finish
from gradgen.graph import OPAQUE, Graph, Value
from gradgen.interpret import evaluate, lookup
from gradgen.memory import check_declared, facts_hold
from gradgen.options import declared_types, make_options
from gradgen.pipeline import backward, deep_recursion, read
from gradgen.shapes import Dim, ShapeVar
from gradgen.simplify import prune, simplify
from gradgen.testing import NotSmooth, difference, inner, leaves
from gradgen.verify import verify
from tests.programs import RandomProgram, programs

COUNT = 300
"""How many random programs are tried; `make fuzz` tries more."""
ANSWERS: collections.Counter[str] = collections.Counter()
"""What became of the random programs: "right", or what gradgen said when it refused one. Told at the end of the run."""
_numbers = itertools.count()


def load(text: str) -> types.ModuleType:
    """A module of its own, whose source gradgen finds."""
    filename = f"<random program {next(_numbers)}>"
    module = types.ModuleType("random_program")
    linecache.cache[filename] = (len(text), None, io.StringIO(text, newline="").readlines(), filename)
    exec(compile(text, filename, "exec"), module.__dict__)
    return module


def load_alone(text: str) -> types.ModuleType:
    """A written module, run where gradgen cannot be imported."""

    def import_(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.split(".")[0] == "gradgen":
            raise ImportError("gradgen is not to be had here")
        return builtins.__import__(name, *args, **kwargs)

    module = types.ModuleType("written")
    module.__dict__["__builtins__"] = {**vars(builtins), "__import__": import_}
    exec(compile(text, "<written>", "exec"), module.__dict__)
    return module


def close(got: Any, wanted: Any, what: str, rtol: float = 1e-9) -> None:
    assert np.shape(got) == np.shape(wanted), f"{what}: shape {np.shape(got)}, not {np.shape(wanted)}"
    scale = float(np.max(np.abs(wanted), initial=1.0))
    np.testing.assert_allclose(got, wanted, rtol=rtol, atol=rtol * scale, err_msg=what)


def same(a: Any, b: Any) -> bool:
    """Whether two values are the same to the bit, structure and dtypes included."""
    if isinstance(a, (tuple, list)) or isinstance(b, (tuple, list)):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    x, y = np.asarray(a), np.asarray(b)
    return x.dtype == y.dtype and x.shape == y.shape and x.tobytes() == y.tobytes()


class Question:
    """A program with the numerical answer to what its vector-Jacobian product is."""

    def __init__(self, program: RandomProgram, args: list[Any] | None = None):
        self.program = program
        self.module = load(program.text)
        self.args = program.args if args is None else args
        self.value, self.printed = self.quietly(self.module.f, *self.given())
        self.targets = [program.parameters.index(name) for name in program.wrt]
        rng = np.random.default_rng(1)
        self.cotangent = self.like(self.value, rng)
        self.directions = [rng.normal(size=np.shape(self.args[i]))[()] for i in self.targets]
        self.float32 = any(np.asarray(x).dtype == np.float32 for x in self.args)

    def given(self) -> list[Any]:
        return copy.deepcopy(self.args)

    def quietly(self, fn: Any, *args: Any) -> Any:
        out = io.StringIO()
        with contextlib.redirect_stdout(out), np.errstate(all="ignore"):
            value = fn(*args)
        return value, out.getvalue()

    def like(self, value: Any, rng: np.random.Generator) -> Any:
        if isinstance(value, (tuple, list)):
            return tuple(self.like(item, rng) for item in value)
        return rng.normal(size=np.shape(value)).astype(np.asarray(value).dtype)[()]

    def has(self, value: Any) -> bool:
        """Whether `value` is the function's, to the bit.

        A sum goes through memory in its order, which `a = a + b` may choose otherwise than `a += b` where an array is
        not in C order.
        """
        if same(value, self.value):
            return True
        loose = any(isinstance(x, np.ndarray) and not x.flags.c_contiguous for x in self.args)
        loose = loose or any(word in self.program.text for word in (".T", "transpose", "swapaxes"))
        pairs = zip(leaves(value), leaves(self.value), strict=True)
        return loose and "= " in self.program.text and all(np.allclose(a, b, rtol=1e-12, atol=1e-12) for a, b in pairs)

    def slopes(self) -> list[float]:
        """The derivative of <cotangent, f> along a direction for each target. Raises NotSmooth."""
        found = []
        args = [np.asarray(x, float)[()] if np.asarray(x).dtype == np.float32 else x for x in self.args]
        for i, v in zip(self.targets, self.directions, strict=True):

            def along(xs: list[Any], i: int = i) -> Any:
                moved = [*args[:i], *xs, *args[i + 1 :]]
                value, _ = self.quietly(self.module.f, *copy.deepcopy(moved))
                return np.asarray(inner(self.cotangent, value))

            [slope] = difference(along, [args[i]], [v])
            found.append(float(slope))
        return found


def check(program: RandomProgram) -> None:
    """All that must hold of a program. Raises AssertionError; GradgenError where it is refused."""
    question = Question(program)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GradgenWarning)
        bars = check_calls(question)
        if as_declared(question):
            check_copying(question, bars)
            check_stages(question, bars)
    try:
        slopes = question.slopes()
    except (NotSmooth, UnboundLocalError):  # a little off, another way is taken
        return
    for name, bar, v, slope in zip(program.wrt, bars, question.directions, slopes, strict=True):
        got = inner(bar, v)
        scale = float(np.sum(np.abs(np.multiply(bar, v)))) + abs(slope) + 0.1
        tolerance = 2e-3 if question.float32 else 1e-5
        assert abs(got - slope) <= tolerance * scale, f"{name}: gradgen says {got!r}, differences {slope!r}"


def check_calls(question: Question) -> list[Any]:
    """Every way to call the gradient agrees, and leaves alone what is not its own; the cotangents of the targets."""
    program, f = question.program, question.module.f
    made = gradgen.vjp(f, program.wrt, shapes=program.shapes)
    ways: list[tuple[str, str, Any]] = [("memory", "vjp", made), ("written", "vjp", load_alone(made.source).vjp_f)]
    if program.scalar:
        for mode, make in (("grad", gradgen.grad), ("value_and_grad", gradgen.value_and_grad)):
            made = make(f, program.wrt, shapes=program.shapes)
            ways += [("memory", mode, made), ("written", mode, getattr(load_alone(made.source), f"{mode}_f"))]
    if not as_declared(question):
        ways = [way for way in ways if way[0] == "memory"]
    first: list[Any] | None = None
    for where, mode, function in ways:
        bars = check_call(question, f"{mode}, {where}", mode, function)
        bars = [np.multiply(bar, question.cotangent) for bar in bars] if mode != "vjp" else bars
        if first is None:
            first = bars
        for name, got, wanted in zip(program.wrt, bars, first, strict=True):
            close(got, wanted, f"{name}, {mode}, {where}", rtol=1e-4 if question.float32 else 1e-9)
    assert first is not None
    return first


def check_copying(question: Question, bars: list[Any]) -> None:
    """A build that copies before every write says the same: to write in place changes nothing but the cost."""
    program = question.program
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Buffers, "_writable", lambda self, *what: False)
        text = gradgen.vjp(question.module.f, program.wrt, shapes=program.shapes).source
    found = check_call(question, "vjp, copying", "vjp", load_alone(text).vjp_f)
    for name, got, wanted in zip(program.wrt, found, bars, strict=True):
        close(got, wanted, f"{name}, copying", rtol=1e-4 if question.float32 else 1e-9)


def as_declared(question: Question) -> bool:
    """Whether sizes that the written module takes to be equal, as its docstring says, are so: d - 2 may be 1."""
    program = question.program
    options = make_options(program.wrt, "vjp", program.shapes)
    made = read(question.module.f, options)
    declared = declared_types(made.function, options)
    given = {name: type_of_argument(x) for name, x in zip(program.parameters, question.args, strict=True)}
    return facts_hold(made.graph.facts, check_declared(declared, given))


def check_call(question: Question, what: str, mode: str, function: Any) -> list[Any]:
    args = question.given()
    result, printed = question.quietly(function, *args)
    assert same(args, question.args), f"{what}: an argument was changed"
    value = None
    if mode == "vjp":
        value, pullback = result
        g = copy.deepcopy(question.cotangent)
        bars = again = question.quietly(pullback, g)[0]
        kept = copy.deepcopy(bars)
        again = question.quietly(pullback, g)[0]
        assert same(again, kept) and same(bars, kept), f"{what}: the pullback differs when called again"
        assert same(g, question.cotangent), f"{what}: the cotangent was changed"
        assert question.has(value), f"{what}: the value changed with the pullback"
    else:
        g = 1.0
        value, bars = result if mode == "value_and_grad" else (None, result)
    bars = list(bars) if len(question.targets) > 1 else [bars]
    if value is not None:
        assert question.has(value), f"{what}: the value is not the function's"
    assert printed == question.printed, f"{what}: it printed {printed!r}, not {question.printed!r}"
    check_memory(what, args, [leaf for leaf in leaves(value) if value is not None], bars, leaves(g))
    for name, i, bar in zip(question.program.wrt, question.targets, bars, strict=True):
        x = question.args[i]
        assert np.shape(bar) == np.shape(x), f"{what}: {name} of shape {np.shape(x)}, its cotangent {np.shape(bar)}"
        assert not (np.ndim(x) == 0 and isinstance(bar, np.ndarray)), f"{what}: the cotangent of {name} is 0-d"
        dtype = np.asarray(bar).dtype
        assert dtype.kind == "f", f"{what}: the cotangent of {name} is {dtype}"
        if (
            mode == "vjp"
            and np.asarray(x).dtype == np.float32
            and type(bar) is not float
            and all(np.asarray(leaf).dtype == np.float32 for leaf in leaves(question.value))
            and "np.eye(" not in question.program.text  # of float64: what is written in place of that is cut down
            and ("memory" in what or all(hasattr(arg, "dtype") for arg in question.args))  # a Python number, undeclared
        ):
            assert dtype == np.float32, f"{what}: {name} is float32, its cotangent {dtype}"
    return bars


def check_memory(what: str, args: list[Any], values: list[Any], bars: list[Any], cotangents: list[Any]) -> None:
    """No cotangent lies in the memory of an argument, of the value, of a cotangent given or of another one."""
    others = [("an argument", x) for x in args] + [("the value", x) for x in values]
    others += [("the cotangent given", x) for x in cotangents]
    for k, bar in enumerate(bars):
        if not isinstance(bar, np.ndarray):
            continue
        assert bar.flags.writeable, f"{what}: cotangent {k} is read-only"
        for name, other in [*others, *[("another cotangent", b) for b in bars[:k]]]:
            if isinstance(other, np.ndarray):
                assert not np.shares_memory(bar, other), f"{what}: cotangent {k} shares the memory of {name}"


# ---- the graph, stage by stage


def check_stages(question: Question, bars: list[Any]) -> None:
    """The interpreted graph says the same after every stage, and its types are true."""
    program = question.program
    options = make_options(program.wrt, "vjp", program.shapes)
    with deep_recursion():
        made = read(question.module.f, options)
        targets = aims(made, options)
        count = len(made.graph.params)
        backward(made, options, targets)
        check_graph("backward", question, made, count, bars)
        simplify(made.graph)
        check_graph("simplify", question, made, count, bars)
        values = [v for aim in targets for v in aim.values]
        finish(made.graph, values, len(made.graph.results) - len(values))
        prune(made.graph)
        check_graph("finish", question, made, count, bars)


def check_graph(stage: str, question: Question, made: Any, count: int, bars: list[Any]) -> None:
    graph: Graph = made.graph
    verify(graph)
    seeds = leaves(question.cotangent)
    args = [*question.given()[:count], *seeds]
    names = {**{m.split(".")[0]: __import__(m) for m in made.modules}, **made.constants, **made.carried}
    table, _ = question.quietly(evaluate, graph, args, names)
    results = [lookup(table, v) for v in graph.results]
    rtol = 1e-4 if question.float32 else 1e-9
    for name, got, wanted in zip(question.program.wrt, results[len(results) - len(bars) :], bars, strict=True):
        close(
            np.broadcast_to(got, np.shape(wanted)) if stage != "finish" else got, wanted, f"{name}, after {stage}", rtol
        )
    check_types(stage, graph, table)
    check_aliases(stage, graph, table)


KINDS = {"bool": "b", "int": "iu", "number": "biuf", "float": "f", "complex": "c"}


def check_aliases(stage: str, graph: Graph, table: dict[Value, Any]) -> None:
    """What lies in the memory of an operand is said to, and what may not be written is not called our own."""
    for node in graph.nodes:
        inputs = [(v, table[v]) for v in node.inputs if isinstance(table.get(v), np.ndarray)]
        for out in node.outputs:
            x = table.get(out)
            if not isinstance(x, np.ndarray) or x.size == 0:
                continue
            what = f"after {stage}, {out!r}"
            assert x.flags.writeable or not is_owned(out), f"{what} is read-only"
            assert x.ndim or not is_number(out), f"{what} is an array of no axes"
            for v, y in inputs:
                told = not roots(v).isdisjoint(roots(out))
                assert told or not np.shares_memory(x, y), f"{what} shares memory with {v!r}"


def check_types(stage: str, graph: Graph, table: dict[Value, Any]) -> None:
    """What the graph says of kinds and shapes is so; a named size is one number."""
    sizes: dict[str, int] = {}
    for v, x in table.items():
        t, what = v.type, f"after {stage}, {v!r} is {x!r}"
        if t.kind == "object" or x is UNDEFINED or v.node is not None and v.node.op is OPAQUE:
            continue
        if x is None and not is_there(v) or v.bar_of is not None and not is_there(v.bar_of):
            continue  # what is not assigned on every way, and its cotangent
        assert np.asarray(x).dtype.kind in KINDS[t.kind], what
        assert not t.array or hasattr(x, "shape"), f"{what}, without an array's attributes"
        assert t.size is None or isinstance(t.size, Dim) or t.size == x, what
        if isinstance(t.shape, ShapeVar):
            continue
        assert len(t.shape) == np.ndim(x), what
        for d, n in zip(map(graph.facts.canonical, t.shape), np.shape(x), strict=True):
            if isinstance(d, int):
                assert d == n, what
            elif len(d.terms) == 1 and d.terms[0][1] == 1 and len(d.terms[0][0]) == 1:
                assert sizes.setdefault(d.terms[0][0][0], n) == n, what


@pytest.mark.parametrize("seed", [0])
def test_the_graph_language_runs_what_is_not_understood(seed: int) -> None:
    """Opaque expressions and statements are run by the interpreter as they stand."""
    module = load(
        "import numpy as np\ndef f(x):\n    k = [i for i in range(3)]\n    print(k)\n    return np.sum(x) * len(k)\n"
    )
    graph = gradgen.trace(module.f)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        table = evaluate(graph, [np.ones(2)])
    assert lookup(table, graph.results[0]) == 6.0 and out.getvalue() == "[0, 1, 2]\n"


@settings(
    max_examples=COUNT,
    deadline=None,
    print_blob=True,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
@given(programs())
def test_random_programs(program: RandomProgram) -> None:
    try:
        check(program)
    except GradgenError as error:
        assert "internal error" not in str(error), str(error)
        ANSWERS[re.sub(r"`[^`]*`|'[^']*'|\d+", "...", error.message)] += 1
    else:
        ANSWERS["right"] += 1


@settings(
    max_examples=COUNT // 3,
    deadline=None,
    print_blob=True,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
@given(programs(filled=True))
def test_random_programs_that_change_containers(program: RandomProgram) -> None:
    try:
        check(program)
    except GradgenError as error:
        assert "internal error" not in str(error), str(error)
