"""Checks of single rules: what a rule answers, on numbers and as graph, against differences of the function itself.

A rule's `samples` are an interval per argument (or one for all), from which arrays of several ranks are drawn that
broadcast against each other; or a function from a NumPy random generator to a list of `(args, kwargs)`, as the
NumPy function takes them. In a sample the variables are its arrays of floats or complex numbers; where it has none, its
Python floats. All else is constant. A cotangent g of complex numbers means Re(sum(g * dx)), as everywhere in gradgen.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .constants import const_type
from .errors import UnsupportedError
from .graph import Graph, Operation, Value
from .guards import CONJUGATING
from .interpret import run
from .reverse import build_grads, pullback
from .shapes import Dim, ShapeMismatch, ShapeVar, Type, evaluate_size, float_of
from .simplify import simplify
from .verify import verify

STEP = 2e-4
"""Of the numerical differences; two step sizes cancel the error of second order."""
TOLERANCE = 1e-6

SHAPES: dict[int, list[tuple[tuple[int, ...], ...]]] = {
    1: [((),), ((1,),), ((3,),), ((2, 3),), ((2, 1, 3),), ((2, 1, 3, 2),)],
    2: [
        ((), ()), ((3,), ()), ((), (3,)), ((1,), (3,)), ((2, 3), (3,)), ((2, 1), (1, 3)), ((2, 3), (2, 3)),
        ((2, 1, 3), (4, 1)), ((1, 1), (2, 1, 3)), ((2, 1, 2, 1), (3, 1, 2)),
    ],
    3: [((), (), ()), ((3,), (1,), ()), ((2, 3), (3,), (2, 1)), ((2, 1, 3), (4, 1), (1, 3))],
}  # fmt: skip
"""Shapes that broadcast, by the number of arguments: ranks 0 to 4, and lengths of 1."""


NEED_ENTRIES = ("polyder", "resize", "zscore")
"""Functions that make something of no entries which has nothing to do with them, or whose rule takes their mean."""
SYMMETRIC = {
    "cholesky": (0,), "eigh": (0, 1), "eigvalsh": (0, 1), "cho_factor": (0,), "pinvh": (0,),
    "solve_continuous_are": (2, 3), "solve_discrete_are": (2, 3), "multivariate_normal.logpdf": (2,),
    "multivariate_normal.pdf": (2,),
}  # fmt: skip
"""Functions of symmetric matrices, of which some read one triangle only, with the places of these among the inputs:
they are tested among symmetric ones."""


@dataclass
class Case:
    """One call of an operation: its inputs and options as a node holds them, and which inputs are variables."""

    op: Operation
    inputs: list[Any]
    options: dict[str, Any]
    active: list[int]

    @property
    def out(self) -> Any:
        return self.op.run(self.inputs, self.options)

    @property
    def variables(self) -> list[Any]:
        return [self.inputs[i] for i in self.active]

    def directions(self, rng: np.random.Generator) -> list[Any]:
        """A random direction for each variable to move in."""
        symmetric = SYMMETRIC.get(self.op.name, ())
        vs = [like(x, rng) for x in self.variables]
        return [v + np.conj(np.swapaxes(v, -1, -2)) if i in symmetric else v
                for i, v in zip(self.active, vs, strict=True)]  # fmt: skip

    def at(self, variables: list[Any]) -> Case:
        """The same call with other values of the variables."""
        inputs = list(self.inputs)
        for i, x in zip(self.active, variables, strict=True):
            inputs[i] = x
        return Case(self.op, inputs, self.options, self.active)

    def bars(self, g: Any) -> list[Any]:
        """The cotangents of the variables, by calling the rule on numbers; zeros for those that get none."""
        found = pullback(self.op, g, self.out, self.inputs, self.options)
        return [
            np.zeros(np.shape(x)) if bar is None else bar
            for x, bar in ((self.inputs[i], found[i]) for i in self.active)
        ]

    def __str__(self) -> str:
        shown = [f"array{np.shape(x)}" if isinstance(x, np.ndarray) else repr(x) for x in self.inputs]
        options = [f"{k}={v!r}" for k, v in self.options.items()]
        return f"{self.op.name}({', '.join(shown + options)})"


def cases(op: Operation, rng: np.random.Generator) -> list[Case]:
    """The calls on which an operation is tested. Raises ValueError where it has no samples."""
    if not op.samples:
        raise ValueError(f"{op!r} has a rule but no samples")
    calls = op.samples(rng) if callable(op.samples) else drawn(op, rng)
    return [case(op, args, kwargs) for args, kwargs in calls]


def drawn(op: Operation, rng: np.random.Generator) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
    """Arguments from intervals: arrays, or Python numbers for a function that takes nothing else."""
    count = sum(p.is_input for p in op.parameters)
    intervals = list(op.samples) * count if len(op.samples) == 1 else op.samples
    numbers = not op.elementwise
    for shapes in [((),) * count] * 3 if numbers else SHAPES[count]:
        arrays = [np.asarray(rng.uniform(low, high, s)) for (low, high), s in zip(intervals, shapes, strict=True)]
        yield tuple(map(float, arrays)) if numbers else tuple(arrays), {}


def case(op: Operation, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Case:
    inputs, options = op.bind(args, kwargs)
    active = [i for i, x in enumerate(inputs) if isinstance(x, np.ndarray) and x.dtype.kind in "fc"]
    return Case(op, inputs, options, active or [i for i, x in enumerate(inputs) if isinstance(x, float)])


# ---- inner products and differences


def leaves(x: Any) -> list[Any]:
    """The arrays of a result, be it one or a tuple."""
    return [leaf for item in x for leaf in leaves(item)] if isinstance(x, (tuple, list)) else [x]


def like(x: Any, rng: np.random.Generator) -> Any:
    """Random numbers of the shape and kind of `x`: a float's for a float, arrays for arrays, tuples for tuples."""
    if isinstance(x, (tuple, list)):
        return tuple(like(item, rng) for item in x)
    if type(x) is float:
        return float(rng.normal())
    dtype = np.asarray(x).dtype
    drawn = rng.normal(size=np.shape(x))
    if dtype.kind == "c":
        drawn = drawn + 1j * rng.normal(size=np.shape(x))
    return np.asarray(drawn).astype(dtype if dtype.kind in "fc" else float)[()]


def inner(a: Any, b: Any) -> float:
    """The inner product of two arrays, or of two lists of them: the real part, without a conjugate."""
    return sum(float(np.sum(np.real(np.multiply(x, y)))) for x, y in zip(leaves(a), leaves(b), strict=True))


class NotSmooth(Exception):
    """Differences with two step sizes disagree: there is no derivative to compare with."""


def difference(f: Callable[[list[Any]], Any], xs: list[Any], vs: list[Any]) -> list[Any]:
    """The derivative of f at xs along vs: central differences with two step sizes, extrapolated."""

    def slope(h: float) -> list[Any]:
        ahead = f([x + h * v for x, v in zip(xs, vs, strict=True)])
        behind = f([x - h * v for x, v in zip(xs, vs, strict=True)])
        pairs = zip(leaves(ahead), leaves(behind), strict=True)
        return [np.subtract(a, b, dtype=np.result_type(a, b, float)) / (2.0 * h) for a, b in pairs]

    coarse, fine = slope(STEP), slope(STEP / 2.0)
    for a, b in zip(coarse, fine, strict=True):
        if not np.allclose(a, b, rtol=0.02, atol=1e-3):
            raise NotSmooth(f"{a} and {b}")
    return [(4.0 * b - a) / 3.0 for a, b in zip(coarse, fine, strict=True)]


def assert_close(got: float, wanted: float, scale: float, what: Any) -> None:
    error = abs(got - wanted)
    if not error <= TOLERANCE * (scale + abs(wanted)) + 1e-9:
        raise AssertionError(f"{what}: the rule says {got!r}, differences {wanted!r}")


@contextlib.contextmanager
def no_warnings() -> Iterator[None]:
    with warnings.catch_warnings(), np.errstate(divide="raise", over="raise", invalid="raise"):
        warnings.simplefilter("error")
        yield


# ---- the checks


def check_eager(c: Case, rng: np.random.Generator) -> None:
    """<g, J v> = <J^T g, v>, the cotangents shaped like the variables, no warning where the function raises none."""
    g = like(c.out, rng)
    vs = c.directions(rng)
    with no_warnings():
        bars = c.bars(g)
    check_shapes(c, bars)
    moved = difference(lambda xs: c.at(xs).out, c.variables, vs)
    scale = sum(float(np.sum(np.abs(np.multiply(a, b)))) for a, b in zip(bars, vs, strict=True))
    assert_close(inner(bars, vs), inner(g, moved), scale, c)


def _read_only(x: np.ndarray) -> np.ndarray:
    x = x.copy()
    x.flags.writeable = False
    return x


LAYOUTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "entries apart": lambda x: np.stack([x, x], axis=-1)[..., 0],
    "from the end": lambda x: np.flip(np.flip(x).copy()),
    "column by column": lambda x: np.array(x, order="F"),
    "read-only": _read_only,
}
"""Other ways in which an array may lie in memory."""


def check_empty(c: Case, rng: np.random.Generator) -> None:
    """An array with an axis of length 0, of which the function makes something, has a cotangent of its shape."""
    arrays = [x for x in c.inputs if isinstance(x, np.ndarray)]
    if len(arrays) != 1 or arrays[0] is not c.variables[0] or c.op.name in NEED_ENTRIES:
        return
    for axis in range(arrays[0].ndim):
        empty = c.at([np.take(arrays[0], [], axis=axis)])
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("error")
                out = empty.out
        except (ValueError, IndexError, ZeroDivisionError, RuntimeWarning, np.linalg.LinAlgError):
            continue
        if not leaves(out):
            continue
        g = like(out, rng)
        try:
            made = [Drawn(empty, known) for known in (True, False)]
        except (UnsupportedError, TypeError, ShapeMismatch):
            continue
        check_types(empty)
        check_shapes(empty, empty.bars(g))
        for drawn_graph in made:
            try:
                found = drawn_graph.run(empty, g)
            except np.linalg.LinAlgError:  # as that of a wide matrix which was not known to be one
                continue
            check_shapes(empty, [np.zeros(np.shape(x)) if bar is None else bar
                                 for x, bar in zip(empty.variables, found, strict=True)])  # fmt: skip


def check_layouts(c: Case, rng: np.random.Generator) -> None:
    """Arrays that lie in memory in another way, may not be written, or are empty, are no different from others."""
    g = like(c.out, rng)
    for way, laid in LAYOUTS.items():
        others = [laid(x) if isinstance(x, np.ndarray) else x for x in c.variables]
        for x, bar, wanted in zip(others, c.at(others).bars(g), c.bars(g), strict=True):
            np.testing.assert_allclose(bar, wanted, rtol=1e-12, atol=1e-12, err_msg=f"{c}, {way}")
            assert np.shape(bar) == np.shape(x)
    if c.op.elementwise and all(isinstance(x, np.ndarray) for x in c.inputs) and np.ndim(c.out) == 1:
        empty = Case(c.op, [x[:0] if np.ndim(x) else x for x in c.inputs], c.options, c.active)
        if np.shape(empty.out) == (0,):
            with no_warnings():
                check_shapes(empty, empty.bars(like(empty.out, rng)))


def check_shapes(c: Case, bars: list[Any]) -> None:
    for x, bar in zip(c.variables, bars, strict=True):
        assert np.shape(bar) == np.shape(x), f"{c}: a cotangent of shape {np.shape(bar)} for {np.shape(x)}"


def check_float32(c: Case, rng: np.random.Generator) -> None:
    """Where the function keeps float32, so does the rule, called on numbers and run as graph."""
    if not any(isinstance(x, np.ndarray) for x in c.variables):
        return
    c = c.at([np.asarray(x, np.complex64 if np.iscomplexobj(x) else np.float32) for x in c.variables])
    with warnings.catch_warnings():  # of few digits
        warnings.simplefilter("ignore")
        out = c.out
    if any(np.asarray(leaf).dtype not in (np.float32, np.complex64) for leaf in leaves(out)):
        return
    g = like(out, rng)
    found = pullback(c.op, g, out, c.inputs, c.options)
    bars = [found[i] for i in c.active]
    drawn_graph = Drawn(c, known=True)
    for way, results in (("numbers", bars), ("graph", drawn_graph.run(c, g))):
        for bar in results:
            if bar is not None:
                dtype = np.result_type(bar)
                assert dtype in (np.float32, np.complex64), f"{c}: the cotangent is {dtype}, by {way}"


def check_complex(c: Case, rng: np.random.Generator) -> None:
    """Of complex numbers, where the function takes them, the rule is right or refuses; and where it is another one
    than for reals, functions of which no kinds are declared refuse complex numbers at entry."""
    if not all(isinstance(x, np.ndarray) for x in c.variables):
        return
    symmetric = SYMMETRIC.get(c.op.name, ())
    parts = [rng.uniform(0.3, 0.9, np.shape(x)) for x in c.variables]
    parts = [y - np.swapaxes(y, -1, -2) if i in symmetric else y for i, y in zip(c.active, parts, strict=True)]
    moved = [np.asarray(x + 0.3j * y) for x, y in zip(c.variables, parts, strict=True)]
    c = c.at(moved)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("error", np.exceptions.ComplexWarning)
            out = c.out
            Drawn(c, known=True)
            bars = c.bars(g := like(out, rng))
    except (TypeError, ValueError, NotImplementedError, UnsupportedError, np.exceptions.ComplexWarning):
        return
    check_types(c)
    vs = c.directions(rng)
    wanted = inner(g, difference(lambda xs: c.at(xs).out, moved, vs))
    scale = sum(float(np.sum(np.abs(np.multiply(a, b)))) for a, b in zip(bars, vs, strict=True))
    assert_close(inner(bars, vs), wanted, scale, f"{c}, complex")
    if c.op.name not in CONJUGATING:
        try:
            got = [0.0 if bar is None else bar for bar in Drawn(c, known=False, kind="number").run(c, leaves(g))]
        except (UnsupportedError, TypeError):
            return
        assert_close(inner(got, vs), wanted, scale, f"{c}, complex numbers for what is taken to be real")


class Drawn:
    """A case as graph: a parameter for each array and variable, one for the cotangent, then the backward pass.

    known: whether the graph is told the shapes of arrays. seed: the cotangent, if that is not to be a parameter.
    same: inputs that are one value with the first variable. kind: of all variables, where it is not their own.
    """

    def __init__(
        self, c: Case, known: bool, seed: float | None = None, same: list[int] | None = None, kind: str = ""
    ):
        self.graph = graph = Graph()
        self.known, self.kind = known, kind
        same = same or []
        inputs = list(c.inputs)
        self.given = [
            i for i, x in enumerate(inputs)
            if (i in c.active or isinstance(x, np.ndarray) and x.dtype.kind in "fciub") and i not in same
        ]  # fmt: skip
        for i in self.given:
            inputs[i] = graph.param(f"x{i}", self.type_of(inputs[i]))
        for i in same:
            inputs[i] = inputs[c.active[0]]
        node = graph.add(c.op, inputs, c.options)
        self.variables = [inputs[i] for i in c.active]
        self.floats = [np.asarray(out).dtype.kind in "fc" for out in leaves(c.out)]
        self.seeds: dict[Value, Any] = {
            v: graph.param(f"g{k}", v.type.but(kind=float_of(v.type.kind), size=None)) if seed is None else seed
            for k, (v, is_float) in enumerate(zip(node.outputs, self.floats, strict=True))
            if is_float
        }
        self.bars = build_grads(graph, self.seeds, self.variables)
        graph.results = [bar for bar in self.bars if isinstance(bar, Value)]
        verify(graph)

    def type_of(self, x: Any) -> Type:
        if not isinstance(x, np.ndarray):
            return Type("float", ())
        kind = {"f": "float", "c": "complex", "i": "int", "u": "int", "b": "bool"}[x.dtype.kind]
        kind = self.kind if self.kind and kind in ("float", "complex") else kind
        return Type(kind, x.shape if self.known else ShapeVar(), array=True)

    def arguments(self, c: Case, g: Any) -> list[Any]:
        seeds = [x for x, is_float in zip(leaves(g), self.floats, strict=True) if is_float]
        used = [x for x, v in zip(seeds, self.seeds.values(), strict=True) if isinstance(v, Value)]
        return [c.inputs[i] for i in self.given] + used

    def simplify(self) -> None:
        simplify(self.graph)
        verify(self.graph)
        results = iter(self.graph.results)
        self.bars = [next(results) if isinstance(bar, Value) else bar for bar in self.bars]

    def run(self, c: Case, g: Any) -> list[Any]:
        """What the graph computes for the variables of `c`, None for those that get nothing."""
        results = iter(run(self.graph, self.arguments(c, g)))
        return [next(results) if isinstance(bar, Value) else bar for bar in self.bars]


def check_types(c: Case) -> None:
    """What is inferred of the results' shapes is so, the inputs' being known, named, or not known at all."""
    results, mixed = leaves(c.out), any(map(np.iscomplexobj, c.variables))
    shapes = [np.shape(x) if isinstance(x, np.ndarray) else None for x in c.inputs]
    names = {n: f"n{n}" for shape in shapes for n in shape or () if n > 1}
    for way in ("known", "named", "unknown"):
        graph = Graph()
        inputs = list(c.inputs)
        for i, shape in enumerate(shapes):
            if shape is not None and np.asarray(inputs[i]).dtype.kind in "fciub":
                named = tuple(Dim.named(names[n]) if n in names else n for n in shape)
                shown = {"known": shape, "named": named, "unknown": ShapeVar()}[way]
                inputs[i] = graph.param(f"x{i}", const_type(inputs[i]).but(shape=shown, array=True))
        try:
            node = graph.add(c.op, inputs, c.options)
        except TypeError as error:
            assert way != "known" and "known rank" in str(error), f"{c}: {error}"
            continue
        for v, result in zip(node.outputs, results, strict=True):
            assert_type(c, v, np.shape(result), {name: n for n, name in names.items()}, inputs)
            fits = {"bool": "b", "int": "iu", "float": "f", "complex": "c" if mixed else "fc"}  # as eigenvalues may be
            kind = np.asarray(result).dtype.kind
            assert kind in fits.get(v.type.kind, "biufcO"), f"{c}: the type says {v.type}, the result {kind}"


def assert_type(c: Case, v: Value, shape: tuple[int, ...], sizes: dict[str, int], inputs: list[Any]) -> None:
    """What is known of the shape of `v` holds for `shape`."""
    found = v.type.shape
    if isinstance(found, ShapeVar):
        pairs = zip(c.inputs, inputs, strict=True)
        same = [np.shape(x) for x, p in pairs if isinstance(p, Value) and p.type.shape is found]
        assert all(other == shape for other in same), f"{c}: shaped {shape}, said to be like an input of {same}"
        return
    dims = [v.graph.facts.canonical(d) for d in found]
    assert len(dims) == len(shape), f"{c}: the type says {v.type} for {shape}"
    for d, n in zip(dims, shape, strict=True):
        if isinstance(d, int) or not d.loose:
            assert evaluate_size(d, sizes) == n, f"{c}: the type says {v.type} for {shape}"


def check_graph(c: Case, rng: np.random.Generator, known: bool) -> None:
    """The rule as graph, run by the interpreter, is the rule on numbers, and still is when the graph is simplified.

    Also with 1.0 as cotangent of a scalar, and with equal variables that are one value.
    """
    g = leaves(like(c.out, rng))
    d = Drawn(c, known)
    compare(c, d, g)
    d.simplify()
    compare(c, d, g)
    if all(np.ndim(leaf) == 0 for leaf in leaves(c.out)):
        compare(c, Drawn(c, known, seed=1.0), [1.0] * len(g))
    first, *others = c.active
    same = [i for i in others if np.shape(c.inputs[i]) == np.shape(c.inputs[first])]
    if same:
        identified = c.at([c.inputs[first] if i in same else c.inputs[i] for i in c.active])
        with np.errstate(all="ignore"):
            eager = dict(zip(c.active, identified.bars(g[0] if len(g) == 1 else tuple(g)), strict=True))
            got = Drawn(identified, known, same=same).run(identified, g)[0]
            total = sum(eager[i] for i in [first, *same])
        what = f"{c}, variables equal"
        np.testing.assert_allclose(0.0 if got is None else got, total, rtol=1e-10, atol=1e-12, err_msg=what)


def compare(c: Case, drawn_graph: Drawn, g: list[Any]) -> None:
    eager = c.bars(g[0] if len(g) == 1 else tuple(g))
    for x, wanted, bar, got in zip(c.variables, eager, drawn_graph.bars, drawn_graph.run(c, g), strict=True):
        got = np.zeros(np.shape(x)) if got is None else got
        assert np.shape(got) == np.shape(x), f"{c}: a cotangent of shape {np.shape(got)} for {np.shape(x)}"
        np.testing.assert_allclose(got, wanted, rtol=1e-10, atol=1e-12, err_msg=str(c))
        if isinstance(bar, Value) and bar.ndim is not None:
            assert bar.ndim == np.ndim(x), f"{c}: the graph says {bar!r} for {np.shape(x)}"


def check_twice(c: Case, rng: np.random.Generator) -> None:
    """The derivative of <J^T g, w>, by differentiating the graph once more, against differences of the rule."""
    d = Drawn(c, known=True)
    pairs = [(bar, x) for bar, x in zip(d.bars, c.variables, strict=True) if isinstance(bar, Value)]
    if not pairs:
        return
    graph, weights = d.graph, [like(x, rng) for _, x in pairs]
    z: Any = 0.0
    for (bar, _), w in zip(pairs, weights, strict=True):
        product = np.real(bar * w) if np.iscomplexobj(w) else bar * w
        z = z + (np.sum(product) if np.ndim(w) else product)
    seeds = [v for v in d.seeds.values() if isinstance(v, Value)]
    found = build_grads(graph, {z: 1.0}, [*d.variables, *seeds])
    graph.results = [bar for bar in found if isinstance(bar, Value)]
    verify(graph)
    g = leaves(like(c.out, rng))
    results = iter(run(graph, d.arguments(c, g)))
    drawn_at = [i for i, is_float in enumerate(d.floats) if is_float]
    point = [*c.variables, *(g[i] for i in drawn_at)]
    plain = [next(results) if isinstance(bar, Value) else bar or 0.0 for bar in found]
    bars = [np.broadcast_to(bar, np.shape(x)) for bar, x in zip(plain, point, strict=True)]
    count = len(c.variables)

    def weighted(xs: list[Any]) -> Any:
        moved = list(g)
        for i, x in zip(drawn_at, xs[count:], strict=True):
            moved[i] = x
        first = c.at(xs[:count]).bars(moved[0] if len(g) == 1 else tuple(moved))
        kept = [b for b, bar in zip(first, d.bars, strict=True) if isinstance(bar, Value)]
        return np.asarray(inner(kept, weights))

    vs = c.directions(rng) + [like(x, rng) for x in point[count:]]
    try:
        [slope] = difference(weighted, point, vs)
    except NotSmooth:  # a sample at a kink
        return
    scale = sum(float(np.sum(np.abs(np.multiply(a, b)))) for a, b in zip(bars, vs, strict=True))
    assert_close(inner(bars, vs), float(slope), scale, f"{c}, differentiated twice")


def check_rule(op: Operation, seed: int = 0) -> None:
    """All checks of one rule. Raises AssertionError that says where it fails."""
    rng = np.random.default_rng(seed)
    for c in cases(op, rng):
        if not c.active:
            raise ValueError(f"{c}: a sample needs an array of floats, or a float")
        check_types(c)
        check_eager(c, rng)
        check_layouts(c, rng)
        check_empty(c, np.random.default_rng(seed))
        check_graph(c, rng, known=True)
        try:
            check_graph(c, rng, known=False)
        except (UnsupportedError, TypeError) as error:
            if "known rank" not in str(error):  # which a rule may ask for
                raise
        check_float32(c, rng)
        check_complex(c, rng)
        check_twice(c, rng)
