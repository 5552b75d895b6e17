"""Gradients in memory: what a call's arguments say of kinds and shapes, and text compiled for just that."""

from __future__ import annotations

import inspect
import io
import itertools
import linecache
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .constants import is_known, type_of_argument
from .errors import NotScalarError
from .options import Options
from .routes import Route, parse_route, parts
from .shapes import Dim, Facts, Size, Type, as_number, evaluate_size, is_named

_numbers = itertools.count(1)


# ---- what arguments say


FITS = {
    "float": ("float", "int", "bool", "number"), "int": ("int",), "bool": ("bool",),
    "complex": ("complex", "float", "int", "bool", "number"),
}  # fmt: skip


def check_declared(declared: Mapping[str, Type], given: Mapping[str, Type], name: str = "") -> dict[str, int]:
    """What each named size is, given the exact types of the arguments.

    Raises TypeError, which names the parameter, where an argument is not what was declared.
    """
    sizes: dict[str, int] = {}
    said: dict[str, str] = {}
    later: list[tuple[str, Dim, int]] = []
    for parameter, t in given.items():
        want = declared.get(parameter)
        if want is not None and want.items is not None and not is_named(want) and outline(want) != outline(t):
            raise TypeError(f"{name}() was declared for {parameter}: {declared[parameter]}, and got {outline(t)}")
    declared, given = spread(declared), spread(given)
    for parameter, want in declared.items():
        if parameter not in given:
            continue
        have = given[parameter]
        if have.kind not in FITS.get(want.kind, (have.kind,)):
            raise TypeError(f"{name}() was declared for {parameter}: {want}, and got {have.kind} {_shown(have)}")
        if want.ndim is None:
            continue
        if have.ndim != want.ndim:
            raise TypeError(f"{name}() was declared for {parameter}: {want}, and got shape {_shown(have)}")
        for d, n in zip(want.shape, have.shape, strict=True):  # type: ignore[arg-type]
            if isinstance(d, Dim) and not d.loose:
                later.append((parameter, d, n))  # type: ignore[arg-type]
            elif isinstance(d, int) and d != n:
                raise TypeError(f"{name}() was declared for {parameter}: {want}, and got shape {_shown(have)}")
    for parameter, d, n in sorted(later, key=lambda item: (len(item[1].terms), len(item[1].names))):
        unknown = d.names - sizes.keys()
        if len(unknown) == 1:
            [new] = unknown
            solved = _solve(d, new, sizes, n)
            if solved is not None:
                sizes[new], said[new] = solved, parameter
                continue
        elif unknown:
            continue
        if not d.names - sizes.keys() and evaluate_size(d, sizes) != n:
            others = sorted({said[size] for size in d.names} - {parameter})
            known = ", ".join(f"{size} = {sizes[size]}" for size in sorted(d.names))
            by = f", by {', '.join(others)}" if others else ""
            raise TypeError(
                f"{name}(): {parameter} has shape {_shown(given[parameter])}, where {d} is needed and {known}{by}"
            )
    return sizes


def spread(types: Mapping[str, Type]) -> dict[str, Type]:
    """The types of what is in containers in their place."""
    found: dict[str, Type] = {}
    for name, t in types.items():
        if t.items is None or t.form is None:
            found[name] = t
            continue
        inner = zip(parts(parse_route(name), t), t.items, strict=True)
        found |= spread({str(route): item for route, item in inner})
    return found


def outline(t: Type) -> Any:
    """The structure of a container, "..." for each part."""
    if t.items is None or t.form is None:
        return Shown("...")
    items = [outline(item) for item in t.items]
    if t.form.kind is dict:
        return dict(zip(t.form.keys, items, strict=True))
    return list(items) if t.form.kind is list else tuple(items)


class Shown(str):
    """Text that shows as it is."""

    def __repr__(self) -> str:
        return str(self)


def _shown(t: Type) -> str:
    return "?" if t.ndim is None else str(tuple(t.shape))  # type: ignore[arg-type]


def _solve(d: Dim, name: str, sizes: Mapping[str, int], n: int) -> int | None:
    """The `name` for which `d` is `n`, where it stands in one term, linearly, and it comes out whole."""
    mine = [(m, c) for m, c in d.terms if name in m]
    if len(mine) != 1 or mine[0][0].count(name) != 1:
        return None
    [(monomial, factor)] = mine
    for other in monomial:
        if other != name:
            factor *= sizes[other]
    rest = evaluate_size(Dim({m: c for m, c in d.terms if name not in m}), sizes)
    return (n - rest) // factor if factor and (n - rest) % factor == 0 and (n - rest) // factor >= 0 else None


def specialised(
    given: Mapping[str, Type], declared: Mapping[str, Type], sizes: dict[str, int], exact: bool = False
) -> dict[str, Type]:
    """The types to write a gradient for: sizes other than 1 get names, which are noted in `sizes`.

    exact: keep every size as a number.
    """
    return {name: special(parse_route(name), t, declared.get(name), sizes, exact) for name, t in given.items()}


def special(route: Route, t: Type, want: Type | None, sizes: dict[str, int], exact: bool) -> Type:
    """The type to write a gradient for, of one argument or a part of one."""
    if t.items is not None and t.form is not None and not is_named(t):
        wanted = [None] * len(t.items) if want is None or want.items is None else want.items
        inner = zip(parts(route, t), t.items, wanted, strict=True)
        return t.but(items=tuple(special(r, item, w, sizes, exact) for r, item, w in inner))
    if t.kind == "object" and t.of is None or not t.shape or t.ndim is None:
        return t
    shape: list[Size] = []
    for i, n in enumerate(t.shape):  # type: ignore[arg-type]
        d = want.shape[i] if want is not None and want.ndim is not None else None  # type: ignore[index]
        if n == 1 or exact or isinstance(d, int):
            shape.append(n)
        elif isinstance(d, Dim) and not d.names - sizes.keys():
            shape.append(d)
        else:
            fresh = f"{route}_{i}"
            sizes[fresh] = n  # type: ignore[assignment]
            shape.append(Dim.named(fresh))
    return t.but(shape=tuple(shape))


@dataclass
class Live:
    """The arguments of a call, by parameter. sizes, exact: as for `specialised`. targets: their routes; their integers
    stand for numbers. counts: whether other integers are known."""

    arguments: dict[str, Any]
    sizes: dict[str, int]
    exact: bool
    targets: frozenset[str]
    counts: bool = False

    def knows(self, route: Route, part: Any) -> bool:
        """Whether an argument or a part of one is known as the object that it is."""
        return str(route) not in self.targets and is_known(part, self.counts)

    def type_of(self, route: Route, part: Any) -> Type:
        """The type to write a gradient for, of a part of an argument."""
        name = str(route)
        t = type_of_argument(part, name in self.targets)
        t = special(route, t, None, self.sizes, self.exact)
        return as_number(t) if name in self.targets else t


def facts_hold(facts: Facts, sizes: Mapping[str, int]) -> bool:
    """Whether sizes that were taken to be equal are so.

    If not, then NumPy will not have it; or a size such as n - 1 has turned out to be 1, and broadcasts.
    """
    for a, b in facts.unified:
        try:
            m, n = evaluate_size(a, sizes), evaluate_size(b, sizes)
        except KeyError:
            continue
        if m != n:
            return False
    return True


# ---- constants from outside


@dataclass
class Watch:
    """A constant from outside that a gradient was made with. copy: its content, where that can change in place."""

    read: Callable[[], Any]
    obj: Any
    copy: Any = None

    def holds(self) -> bool:
        """Whether it still is the same object, or an equal number, string or tuple."""
        try:
            now = self.read()
        except Exception:  # it is gone, so it has changed
            return False
        if now is not self.obj:
            same = type(now) is type(self.obj) and isinstance(now, (bool, int, float, complex, str, bytes, tuple))
            if not (same and _equal(now, self.obj)):
                return False
            self.obj = now
        return self.copy is None or _snapshot(now) == self.copy


def _equal(a: Any, b: Any) -> bool:
    try:
        return bool(a == b) and repr(a) == repr(b)
    except Exception:  # tuples with arrays in them
        return False


def _snapshot(x: Any) -> Any:
    """The content of what can be changed in place and is written into the text; None for all else."""
    if isinstance(x, np.ndarray):
        return (x.dtype.char, x.shape, x.tobytes()) if x.size <= 64 and x.dtype.char != "O" else None
    return repr(x) if isinstance(x, (dict, list)) and len(x) <= 64 else None


def watches(program: Any) -> tuple[Watch, ...]:
    """What to look at before each call of a gradient of `program`."""
    found = {}
    for outside in program.outside.values():
        found[id(outside.obj), outside.path] = Watch(outside.read, outside.obj, _snapshot(outside.obj))
    return tuple(found.values())


# ---- compiled text


@dataclass
class Compiled:
    """A gradient that can be called. function: what its text defines. call: what to call. looked_at: the parts of
    objects among the arguments that it was made for."""

    function: Any
    call: Any
    text: str
    watches: tuple[Watch, ...]
    facts: Facts
    looked_at: frozenset[Route] = frozenset()

    def fresh(self) -> bool:
        return all(watch.holds() for watch in self.watches)


def compile_text(text: str, name: str, module: str, bound: Mapping[str, Any]) -> Any:
    """The function `name` that the module text defines; linecache knows the text, so that debuggers show it."""
    from .pipeline import deep_recursion

    filename = f"<gradgen {name} {next(_numbers)}>"
    namespace: dict[str, Any] = {"__name__": f"{module}_grad", **bound}
    with deep_recursion():
        exec(compile(text, filename, "exec"), namespace)
    function = namespace[name]
    linecache.cache[filename] = (len(text), None, io.StringIO(text).readlines(), filename)
    weakref.finalize(function, linecache.cache.pop, filename, None)
    return function


def compile_gradient(
    fn: Any, options: Options, types: dict[str, Type] | None = None, facts: Facts | None = None, module: str = "",
    live: Live | None = None, checked: bool = True,
) -> Compiled:  # fmt: skip
    """Derive and compile. Where nothing tells the rank of the result, a call sees that it is one number, if `checked`.

    Raises what `derive` raises.
    """
    from .pipeline import derive

    derivative = derive(fn, options, types, facts, in_memory=True, live=live)
    program = derivative.program
    call = None
    if checked and types is not None and options.mode != "vjp" and program.result_rank is None:
        if options.mode == "grad":
            wide = derive(fn, options.but(mode="value_and_grad"), types, facts, in_memory=True, live=live)
            derivative, program = wide, wide.program
        call = True
    text = derivative.text()
    function = compile_text(text, derivative.name, module, derivative.bound)
    checked = _of_one_number(function, program.function.name, options) if call else function
    looked_at = frozenset(program.looked_at)
    return Compiled(function, checked, text, watches(program), program.graph.facts, looked_at)


def _of_one_number(function: Any, name: str, options: Options) -> Any:
    def call(*args: Any, **kwargs: Any) -> Any:
        result, gradient = function(*args, **kwargs)
        value, *aux = result if options.has_aux else (result,)
        if np.size(value) != 1:
            raise NotScalarError(
                f"{name!r} returned an array of shape {np.shape(value)}, and a gradient is of one number",
                advice="use vjp, or sum it",
            )
        if options.mode == "grad":
            return (gradient, *aux) if aux else gradient
        return result, gradient

    return call


def bind(signature: inspect.Signature, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Arguments by parameter, defaults filled in. Raises TypeError where the call does not fit."""
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError as error:
        raise TypeError(f"{name}(): {error}") from None
    bound.apply_defaults()
    return dict(bound.arguments)


def numbers_as_array(x: Any) -> Any:
    """A list or tuple of Python numbers as an array; None for anything else."""
    if not isinstance(x, (list, tuple)) or not all(isinstance(n, (int, float)) for n in _leaves(x)):
        return None
    try:
        return np.asarray(x)
    except ValueError:
        return None


def _leaves(x: Any) -> list[Any]:
    return [leaf for item in x for leaf in _leaves(item)] if isinstance(x, (list, tuple)) else [x]


def as_array(x: Any, name: str) -> Any:
    """A list or tuple of numbers as the array that it stands for. Raises TypeError where it is none."""
    try:
        array = np.asarray(x)
    except ValueError:
        array = np.empty(0, object)
    if array.dtype.kind not in "fiub c":
        raise TypeError(f"{name} is a {type(x).__name__} that makes no array of numbers; pass its items as parameters")
    return array

