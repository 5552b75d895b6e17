"""How operations answer when one of their inputs is shifted: the steps of the proof in `invariance`.

A value that becomes v + L(d), or v * exp(L(d)), when a candidate's entries move by d, is followed through one
operation; L is linear. Sums, differences and multiples add up the L, `exp` and `log` turn one form into the other, and
a sum along axes on which L(d) is constant leaves a factor in place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from .graph import Node, Value, type_of
from .rules.indices import counts_up, index_items, slice_parts

EXTREMA = ("max", "amax", "min", "amin")


class GivenUp(Exception):
    """The value depends on the candidate in a way that is not followed."""


@dataclass(frozen=True)
class Shift:
    """A linear function of the candidate's shift, as it lies in an array.

    of: what it is: ("candidate",), or an operation on another shift. axes: for each axis of the array, from the last
    to the first, which axis of the shift lies there; None where it is constant. The axes before are constant.
    """

    of: tuple[Any, ...]
    axes: tuple[int | None, ...]

    def along(self, place: int) -> int | None:
        """The axis of the shift that lies at the array's axis `place` < 0."""
        return self.axes[-place - 1] if -place <= len(self.axes) else None


@dataclass(frozen=True)
class Open:
    """A shift in an array of unknown rank, constant along `axes`, as they were given; `rank` names the rank."""

    of: tuple[Any, ...]
    axes: tuple[int, ...]
    rank: Any

    def along(self, place: int) -> int | None:
        return None if place in self.axes else 0


Combination = dict[Any, Fraction]


@dataclass(frozen=True)
class Response:
    """How a value answers: v + L, or v * exp(L) where it is a `factor`; L is a combination of shifts."""

    factor: bool
    shifts: Combination

    def scaled(self, c: Fraction) -> Response:
        return Response(self.factor, {s: n * c for s, n in self.shifts.items()})


def own_axes(v: Value) -> tuple[int | None, ...]:
    """Each axis of an array lies in its own place; one of length 1 is constant."""
    rank = v.type.ndim or 0
    axes = [None if d == 1 else i for i, d in enumerate(v.type.shape)]  # type: ignore[arg-type]
    return _trimmed(axes[::-1] if rank else [])


def _trimmed(axes: list[int | None]) -> tuple[int | None, ...]:
    while axes and axes[-1] is None:
        axes.pop()
    return tuple(axes)


# ---- operations


def _number(v: Value) -> Fraction:
    x = v.const
    if isinstance(x, (int, float)) and not isinstance(x, bool) and abs(x) < float("inf"):
        return Fraction(x)
    raise GivenUp


def _joined(a: Response | None, b: Response | None, sign: int, factor: bool) -> Response | None:
    """The shifts of two answers of one form, added up."""
    shifts: Combination = {}
    for part, by in ((a, 1), (b, sign)):
        if part is None:
            continue
        if part.factor is not factor:
            raise GivenUp
        for s, n in part.shifts.items():
            shifts[s] = shifts.get(s, Fraction(0)) + by * n
    return Response(factor, {s: n for s, n in shifts.items() if n})


def _add(sign: int) -> Callable[[Node, list[Response | None]], Response | None]:
    return lambda node, parts: _joined(parts[0], parts[1], sign, False)


def _multiply(node: Node, parts: list[Response | None]) -> Response | None:
    a, b = parts
    if any(p is not None and p.factor for p in parts):
        return _joined(a, b, 1, True)
    carried, other = (a, node.inputs[1]) if b is None else (b, node.inputs[0])
    if carried is None or a is not None and b is not None:
        raise GivenUp
    try:
        return carried.scaled(_number(other))
    except GivenUp:
        return _derived(node, carried, ("times", other))


def _divide(node: Node, parts: list[Response | None]) -> Response | None:
    a, b = parts
    if b is not None or a is not None and a.factor:
        return _joined(a, b, -1, True)
    assert a is not None
    try:
        divisor = _number(node.inputs[1])
    except GivenUp:
        return _derived(node, a, ("over", node.inputs[1]))
    if not divisor:
        raise GivenUp
    return a.scaled(1 / divisor)


def _derived(node: Node, part: Response, how: tuple[Any, ...]) -> Response:
    """A linear operation on L, which is a shift of its own from here on; `how` says which."""
    if part.factor or node.out.type.ndim is None or any(isinstance(s, Open) for s in part.shifts):
        raise GivenUp
    axes = own_axes(node.out)
    return Response(False, {Shift((*how, s), axes): n for s, n in part.shifts.items()})


def _power(node: Node, parts: list[Response | None]) -> Response | None:
    return _factor(parts[0]).scaled(_number(node.inputs[1])) if parts[1] is None else _refuse(node, parts)


def _factor(part: Response | None) -> Response:
    if part is None or not part.factor:
        raise GivenUp
    return part


def _to_power(n: Fraction) -> Callable[[Node, list[Response | None]], Response | None]:
    return lambda node, parts: _factor(parts[0]).scaled(n)


def _refuse(node: Node, parts: list[Response | None]) -> Response | None:
    raise GivenUp


def _same(node: Node, parts: list[Response | None]) -> Response | None:
    return parts[0] if not any(parts[1:]) else _refuse(node, parts)


def _exp(node: Node, parts: list[Response | None]) -> Response | None:
    assert parts[0] is not None
    return _refuse(node, parts) if parts[0].factor else Response(True, parts[0].shifts)


def _log(node: Node, parts: list[Response | None]) -> Response | None:
    return Response(False, _factor(parts[0]).shifts)


def _alike(node: Node, parts: list[Response | None]) -> Response | None:
    """maximum, minimum, and logaddexp of what moves together moves with it."""
    a, b = parts
    return a if a == b and a is not None and (not a.factor or node.op.name != "logaddexp") else _refuse(node, parts)


def _where(node: Node, parts: list[Response | None]) -> Response | None:
    condition, a, b = parts
    if condition is not None:
        raise GivenUp
    if a == b:
        return a
    for one, other, side in ((a, b, 1), (b, a, 2)):
        if one is not None and other is None:
            beside = node.inputs[3 - side].const
            unmoved = 0.0 if one.factor else -float("inf")  # 0 * exp(L) = 0, -inf + L = -inf
            if isinstance(beside, (int, float)) and beside == unmoved:
                return one
            return _derived(node, one, ("where", node.inputs[0], side))
    raise GivenUp


def _reduced_axes(node: Node, rank: int | None) -> tuple[int, ...]:
    """The axes of a reduction: counted from the end where the rank is known, else as they are given."""
    axis = node.options["axis"]
    if rank is None:
        if axis is None or not node.options["keepdims"]:
            raise GivenUp
        return axis if isinstance(axis, tuple) else (axis,)
    if axis is None:
        return tuple(range(-rank, 0))
    return tuple(a - rank if a >= 0 else a for a in (axis if isinstance(axis, tuple) else (axis,)))


def _plain(node: Node) -> bool:
    options = node.options
    return options.get("initial") is None and options.get("dtype") is None and node.args[1:] in ([], [True])


def _drop(shift: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    """The shift after a reduction along `axes`, on which it has to be constant."""
    if any(shift.along(a) is not None for a in axes):
        raise GivenUp
    if keepdims or isinstance(shift, Open):
        return shift
    kept = [axis for i, axis in enumerate(shift.axes) if -i - 1 not in axes]
    return Shift(shift.of, _trimmed(kept))


def _reduce(node: Node, parts: list[Response | None]) -> Response | None:
    """A reduction that passes on what is constant along its axes: of factors any, of summands an extremum or a mean."""
    part = parts[0]
    if part is None or not _plain(node):
        raise GivenUp
    name, x, keepdims = node.op.name, node.inputs[0], node.options["keepdims"]
    even = all(isinstance(s, Shift) and not s.axes for s in part.shifts)
    axes = () if even and x.type.ndim is None else _reduced_axes(node, x.type.ndim)
    if name != "sum" or part.factor:
        try:
            return Response(part.factor, {_drop(s, axes, keepdims): n for s, n in part.shifts.items()})
        except GivenUp:
            if name != "mean" or part.factor:
                raise
    return _derived(node, part, (name, axes, keepdims, x.type.shape))


def _normalised(node: Node, parts: list[Response | None]) -> Response | None:
    """softmax and log_softmax do not see a shift along their axis; logsumexp moves with it."""
    part, rank = parts[0], node.inputs[0].type.ndim
    if part is None or part.factor or any(parts[1:]):
        raise GivenUp
    if node.op.name == "logsumexp":
        axes = _reduced_axes(node, rank)
        return Response(False, {_drop(s, axes, node.options["keepdims"]): n for s, n in part.shifts.items()})
    axis = node.options.get("axis", -1)
    place = axis - rank if rank is not None and axis >= 0 else axis
    if any(s.along(place) is not None for s in part.shifts):
        raise GivenUp
    return None


def _getitem(node: Node, parts: list[Response | None]) -> Response | None:
    part, x = parts[0], node.inputs[0]
    if part is None or any(parts[1:]) or x.type.ndim is None:
        raise GivenUp
    return Response(part.factor, {_picked(s, x, node.args[1]): n for s, n in part.shifts.items()})


def _picked(shift: Any, x: Value, index: Any) -> Shift:
    """The shift in `x[index]`: axes on which it is constant may be indexed at will, the others are kept whole."""
    if isinstance(shift, Open):
        raise GivenUp
    facts, rank, shape = x.graph.facts, x.type.ndim or 0, x.type.shape
    items = index_items(index)
    used = sum(1 for item in items if item is not None and item is not Ellipsis)
    whole = [slice(None)] * (rank - used)
    if any(item is Ellipsis for item in items):
        at = next(i for i, item in enumerate(items) if item is Ellipsis)
        items = [*items[:at], *whole, *items[at + 1 :]]
    else:
        items = [*items, *whole]
    out: list[int | None] = []
    arrays: list[tuple[int, int, int | None]] = []
    axis = 0
    for position, item in enumerate(items):
        if item is None:
            out.append(None)
            continue
        lies = shift.along(axis - rank)
        parts = slice_parts(item)
        t = type_of(item)
        if parts is not None:
            if lies is not None and parts != (None, None, None):
                raise GivenUp
            out.append(lies)
        elif t.kind == "int" and t.ndim in (0, 1):
            covered = counts_up(item) and facts.same_shape(t.shape, (shape[axis],))  # type: ignore[index]
            if lies is not None and not covered:
                raise GivenUp
            arrays.append((position, len(out), lies))
            if t.ndim:
                arrays[-1] = (position, len(out), -1 if lies is None else lies)
        else:
            raise GivenUp
        axis += 1
    wide = [entry for entry in arrays if entry[2] is not None]
    if wide:
        places = [position for position, _, _ in arrays]
        found = [lies for _, _, lies in wide if lies != -1]
        if len(found) > 1 or places != list(range(places[0], places[-1] + 1)):
            raise GivenUp
        out.insert(arrays[0][1], found[0] if found else None)
    return Shift(shift.of, _trimmed(out[::-1]))


def _take_along(node: Node, parts: list[Response | None]) -> Response | None:
    part, rank = parts[0], node.inputs[0].type.ndim
    axis = node.options.get("axis", -1)
    if part is None or any(parts[1:]) or axis is None or rank is None:
        raise GivenUp
    if any(s.along(axis - rank if axis >= 0 else axis) is not None for s in part.shifts):
        raise GivenUp
    return part


def _expand_dims(node: Node, parts: list[Response | None]) -> Response | None:
    rank, axis = node.out.type.ndim, node.options["axis"]
    if parts[0] is None or rank is None:
        raise GivenUp
    places = {a - rank if a >= 0 else a for a in (axis if isinstance(axis, tuple) else (axis,))}

    def spread(s: Any) -> Shift:
        if isinstance(s, Open):
            raise GivenUp
        old = iter(range(-1, -rank - 1, -1))
        return Shift(s.of, _trimmed([None if p in places else s.along(next(old)) for p in range(-1, -rank - 1, -1)]))

    return Response(parts[0].factor, {spread(s): n for s, n in parts[0].shifts.items()})


def _squeeze(node: Node, parts: list[Response | None]) -> Response | None:
    x, axis = node.inputs[0], node.options["axis"]
    if parts[0] is None or x.type.ndim is None:
        raise GivenUp
    rank, shape = x.type.ndim, x.type.shape
    given = None if axis is None else axis if isinstance(axis, tuple) else (axis,)
    gone = [i for i, d in enumerate(shape) if d == 1] if given is None else given  # type: ignore[arg-type]
    places = tuple(a - rank if a >= 0 else a for a in gone)
    return Response(parts[0].factor, {_drop(s, places, False): n for s, n in parts[0].shifts.items()})


def _transpose(node: Node, parts: list[Response | None]) -> Response | None:
    part, rank = parts[0], node.inputs[0].type.ndim
    if part is None or rank is None or node.options["axes"] is not None:
        raise GivenUp

    def turned(s: Any) -> Shift:
        if isinstance(s, Open):
            raise GivenUp
        return Shift(s.of, _trimmed([s.along(place) for place in range(-rank, 0)]))

    return Response(part.factor, {turned(s): n for s, n in part.shifts.items()})


def _matmul(node: Node, parts: list[Response | None]) -> Response | None:
    """A sum of products along an axis on which the factor is constant."""
    a, b = parts
    ranks = [v.type.ndim for v in node.inputs]
    if a is not None and b is not None or any(r not in (1, 2) for r in ranks):
        raise GivenUp
    part = _factor(a if b is None else b)
    other = ranks[1] if b is None else ranks[0]
    summed = -1 if b is None or ranks[1] == 1 else -2

    def contracted(s: Any) -> Shift:
        if isinstance(s, Open):
            raise GivenUp
        left = _drop(s, (summed,), False)
        if other == 1:
            return left  # type: ignore[no-any-return]
        first = left.axes[0] if left.axes else None
        return Shift(s.of, _trimmed([None, first] if b is None else [first, None]))

    return Response(True, {contracted(s): n for s, n in part.shifts.items()})


FOLLOWED: dict[str, Callable[[Node, list[Response | None]], Response | None]] = {
    "add": _add(1),
    "subtract": _add(-1),
    "multiply": _multiply,
    "divide": _divide,
    "true_divide": _divide,
    "negative": lambda node, parts: parts[0] if parts[0] and parts[0].factor else _add(-1)(node, [None, parts[0]]),
    "positive": _same,
    "copy": _same,
    "float": _same,
    "power": _power,
    "square": _to_power(Fraction(2)),
    "sqrt": _to_power(Fraction(1, 2)),
    "reciprocal": _to_power(Fraction(-1)),
    "exp": _exp,
    "log": _log,
    "logaddexp": _alike,
    "maximum": _alike,
    "minimum": _alike,
    "where": _where,
    "sum": _reduce,
    "mean": _reduce,
    **dict.fromkeys(EXTREMA, _reduce),
    "softmax": _normalised,
    "log_softmax": _normalised,
    "logsumexp": _normalised,
    "softmax_cross_entropy": _normalised,
    "getitem": _getitem,
    "take_along_axis": _take_along,
    "expand_dims": _expand_dims,
    "squeeze": _squeeze,
    "transpose": _transpose,
    "matmul": _matmul,
    "dot": _matmul,
}
"""Operations through which a shift is followed."""
