"""Generated gradients against numerical ones: central differences with two step sizes, along random directions and
entry by entry."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .errors import CheckError, GradgenError
from .routes import Route, leaves
from .shapes import Dim, Type, evaluate_size, leaf_types

PRIMES = (5, 3, 7, 4, 6, 2, 8, 11, 13, 17, 19, 23)
"""Sizes for named dimensions: small, different."""
DIRECTIONS, ENTRIES = 3, 12


@dataclass
class Row:
    """What a check found for one parameter: the largest errors, relative to the gradient's size."""

    name: str
    shape: tuple[int, ...]
    inner: float
    entry: float
    at: tuple[int, ...]
    generated: Any
    numerical: Any
    good: bool


def check_grad(f: Callable[..., Any], *args: Any, wrt: Any = (), rtol: float = 1e-5, atol: float = 1e-7, seed: int = 0,
               **kwargs: Any) -> None:  # fmt: skip
    """Compare the generated gradient of `f` with a numerical one at the given arguments.

    f: a function, or a gradient that `grad`, `value_and_grad` or `vjp` made. wrt: the targets, as for `grad`. A result
    of any shape is compared along random cotangents. Raises CheckError, an AssertionError, with a table of the
    errors where one exceeds `atol + rtol * size`.
    """
    from .api import Gradient, vjp

    primal, options = f, None
    if isinstance(f, Gradient):
        primal, options = f.primal, f.options
        wrt = wrt or options.wrt
    made = vjp(primal, wrt) if options is None else Gradient(primal, options.but(mode="vjp", wrt=_as_wrt(wrt), name=""))
    rows = compare(primal, made, args, kwargs, rtol, atol, seed)
    if not all(row.good for row in rows):
        name = getattr(primal, "__name__", primal)
        raise CheckError(f"the gradient of {name!r} is not that of its values\n{table(rows)}")


def _as_wrt(wrt: Any) -> tuple[Any, ...]:
    from .options import make_options

    return make_options(wrt).wrt


def compare(
    primal: Any, made: Any, args: Any, kwargs: Any, rtol: float = 1e-5, atol: float = 1e-7, seed: int = 0
) -> list[Row]:
    """A row per target. made: a `Gradient` in mode vjp."""
    from .api import Gradient
    from .memory import bind

    rng = np.random.default_rng(seed)
    args, kwargs = (*made._before, *args), made._named | kwargs
    arguments = bind(made._signature, made.__name__, tuple(args), dict(kwargs))
    targets = made._routes()
    parts: list[tuple[int, Route]] = []
    for k, target in enumerate(targets):
        within = leaves(target.of(arguments[target.root]), target)
        found = [route for route, x in within if _is_of(x, "fc")] or [route for route, x in within if _is_of(x, "iu")]
        if not found:
            raise GradgenError(f"the target {str(target)!r} is no number or array of numbers")
        parts += [(k, route) for route in found]
    for _, route in parts:
        x = np.asarray(route.of(arguments[route.root]))
        if x.dtype.kind in "iu":
            arguments[route.root] = route.replaced(arguments[route.root], _scalar_like(x.astype(float)))

    def call(function: Any, given: Mapping[str, Any]) -> Any:
        bound = inspect.BoundArguments(made._signature, given)  # type: ignore[arg-type]
        return function(*bound.args, **bound.kwargs)

    def fresh(other: Route | None = None, value: Any = None) -> dict[str, Any]:
        """The arguments, the parts that are differentiated by being copies, and one of them another value."""
        new = dict(arguments)
        for _, route in parts:
            x = value if route == other else np.array(route.of(arguments[route.root]), copy=True)
            new[route.root] = route.replaced(new[route.root], _scalar_like(x))
        return new

    plain = Gradient(made._function, made.options) if made._before or made._named else made
    value, pullback = call(plain, fresh())
    cotangent = _random_like(value, rng)
    bars = pullback(cotangent)
    bars = bars if len(targets) > 1 else (bars,)

    def weighted(given: dict[str, Any]) -> float:
        return _inner(cotangent, call(made._function, given))

    rows = []
    for k, route in parts:
        bar = Route("", route.steps[len(targets[k].steps) :]).of(bars[k])
        x = np.asarray(route.of(arguments[route.root]))
        rows.append(_row(str(route), x, np.asarray(bar), lambda x, r=route: weighted(fresh(r, x)), rng, rtol, atol))
    return rows


def _is_of(x: Any, kinds: str) -> bool:
    """Whether it is a number, or an array of numbers, of these kinds."""
    return isinstance(x, (int, float, complex, np.ndarray, np.generic)) and np.asarray(x).dtype.kind in kinds


def _scalar_like(x: Any) -> Any:
    return x.item() if x.shape == () and x.dtype == np.float64 else x


def _random_like(value: Any, rng: np.random.Generator) -> Any:
    parts = leaves(value, Route(""))
    if [route for route, _ in parts] != [Route("")]:
        for route, part in parts:
            value = route.replaced(value, _random_like(part, rng) if _is_of(part, "fc") else None)
        return value
    g = rng.uniform(0.5, 1.5, np.shape(value)) * rng.choice([-1.0, 1.0], np.shape(value))
    if np.iscomplexobj(value):
        g = g + 1j * rng.normal(size=np.shape(value))
    g = np.asarray(g, getattr(value, "dtype", None) if getattr(value, "dtype", np.dtype(float)).kind in "fc" else None)
    return g if g.shape else g[()] if isinstance(value, np.generic) else g.item()


def _inner(g: Any, value: Any) -> float:
    """The real inner product; gradients of complex values follow the convention of autograd and JAX."""
    parts = leaves(value, Route(""))
    if [route for route, _ in parts] != [Route("")]:
        return sum(_inner(route.of(g), part) for route, part in parts if _is_of(part, "fc"))
    return float(np.real(np.sum(np.asarray(g) * np.asarray(value))))


def _row(name: str, x: Any, bar: Any, weighted: Any, rng: Any, rtol: float, atol: float) -> Row:
    """weighted: the number that is differentiated, with another value for the target."""
    precise = x.dtype.itemsize >= (16 if x.dtype.kind == "c" else 8)
    tolerance = rtol if precise else max(rtol, 2e-2)
    steps = (1e-4, 1e-6) if precise else (3e-2, 3e-3)

    def slope(direction: Any) -> float:
        """The derivative along a direction: of the estimates from two steps, the one nearer to what is expected."""
        found = []
        for step in steps:
            size = step * max(1.0, float(np.max(np.abs(x), initial=0.0)))
            ends = []
            for sign in (1.0, -1.0):
                ends.append(weighted((x + sign * size * direction).astype(x.dtype)))
            found.append((ends[0] - ends[1]) / (2.0 * size))
        expected = float(np.real(np.sum(bar * direction)))
        return float(min(found, key=lambda s: abs(s - expected) if np.isfinite(s) else np.inf))

    if bar.shape != x.shape:
        return Row(name, x.shape, np.inf, np.inf, (), f"shape {bar.shape}", f"shape {x.shape}", False)
    scale = max(float(np.max(np.abs(bar), initial=0.0)), atol / tolerance, 1e-300)
    inner = 0.0
    for _ in range(DIRECTIONS):
        direction = rng.normal(size=x.shape)
        norm = float(np.sqrt(np.sum(direction * direction))) or 1.0
        direction = direction / norm
        number = slope(direction)
        inner = _worse(inner, abs(float(np.real(np.sum(bar * direction))) - number) / max(abs(number), scale))
    at: tuple[int, ...] = ()
    worst = generated = numerical = 0.0
    count = min(x.size, ENTRIES)
    for flat in sorted(rng.choice(x.size, count, replace=False)) if x.size else []:
        index = tuple(int(i) for i in np.unravel_index(flat, x.shape))
        direction = np.zeros(x.shape)
        direction[index] = 1.0
        number = slope(direction)
        have = float(np.real(bar[index]))
        error = abs(have - number) / scale
        if not error <= worst or count == 1:
            worst, at, generated, numerical = _worse(worst, error), index, have, number
        if not np.isfinite(worst):
            break
    good = bool(inner <= tolerance and worst <= tolerance)
    return Row(name, x.shape, inner, worst, at, generated, numerical, good)


def _worse(a: float, b: float) -> float:
    return b if not b <= a else a


def table(rows: list[Row]) -> str:
    """The rows as aligned text: errors relative to the largest entry of the gradient."""
    lines = [("parameter", "shape", "inner products", "entries", "", "")]
    for r in rows:
        note = "" if r.good else f"at {r.at}: generated {_number(r.generated)}, numerical {_number(r.numerical)}"
        lines.append((r.name, str(r.shape), f"{r.inner:.1e}", f"{r.entry:.1e}", "ok" if r.good else "WRONG", note))
    widths = [max(len(line[i]) for line in lines) for i in range(6)]
    return "\n".join("  ".join(text.ljust(w) for text, w in zip(line, widths, strict=True)).rstrip() for line in lines)


def _number(x: Any) -> str:
    return x if isinstance(x, str) else f"{x:.10g}"


def random_arguments(fn: Any, declared: Mapping[str, Type], targets: Any, seed: int = 0) -> dict[str, Any]:
    """Arguments of the declared shapes, named sizes being small different numbers.

    Raises GradgenError where a parameter without a default is not declared.
    """
    rng = np.random.default_rng(seed)
    known = [leaf for t in declared.values() for leaf in leaf_types(t)]
    named = {n for t in known if t.ndim is not None for d in t.shape if isinstance(d, Dim) for n in d.names}  # type: ignore[union-attr]
    sizes = {name: PRIMES[i % len(PRIMES)] + 24 * (i // len(PRIMES)) for i, name in enumerate(sorted(named))}
    found: dict[str, Any] = {}
    least = max(min(sizes.values(), default=2), 1)
    for name, p in inspect.signature(fn).parameters.items():
        t = declared.get(name, Type())
        if not all(leaf.ndim is not None and leaf.form is None and leaf.of is None for leaf in leaf_types(t)):
            if p.default is not p.empty and name not in targets:
                continue
            raise GradgenError(
                f'nothing is known of the parameter {name!r}; declare its shape (--shapes "{name}=(n,)")'
                " or give an example (--example module:function)"
            )
        found[name] = _drawn(t, sizes, least, rng)
    return found


def _drawn(t: Type, sizes: Mapping[str, int], least: int, rng: np.random.Generator) -> Any:
    """A random argument of a type. least: what integers are smaller than."""
    if t.items is not None:
        items = [_drawn(item, sizes, least, rng) for item in t.items]
        kind = tuple if t.form is None else t.form.kind
        if kind is dict:
            return dict(zip(t.form.keys, items, strict=True))  # type: ignore[union-attr]
        return kind(items) if kind in (tuple, list) else kind(*items)
    shape = tuple(evaluate_size(d, sizes) for d in t.shape)  # type: ignore[union-attr]
    x: Any
    if t.kind == "int":
        x = rng.integers(0, least, shape)
        return int(x) if shape == () else x
    if t.kind == "bool":
        x = rng.random(shape) < 0.5
        return bool(x) if shape == () else x
    x = rng.uniform(0.2, 0.9, shape)
    x = x + 1j * rng.uniform(0.2, 0.9, shape) if t.kind == "complex" else x
    return (complex(x) if t.kind == "complex" else float(x)) if shape == () else x
