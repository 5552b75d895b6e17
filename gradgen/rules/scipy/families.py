"""What the rules of `scipy.special` share: functions of one argument beside parameters, or with several results."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...graph import type_of
from ...shapes import Facts, Type, float_of, join_kinds
from ..elementwise import is_number
from ..primitives import cast_like
from ..registry import Unknown, elementwise

SQRT_PI, SQRT_2PI = math.sqrt(math.pi), math.sqrt(2.0 * math.pi)
POSITIVE, UNIT = (0.4, 4.0), (0.1, 0.9)
"""Intervals to draw samples from."""


def unknown(what: str) -> Unknown:
    return Unknown(f"the derivative of scipy.special.{what} has no closed form",
                   "pass it as an argument that is no target")  # fmt: skip


def by_last(fn: Any, slope: Any, calls: Any, names: str = "", kind: str = "float", **facts: Any) -> None:
    """A function whose derivative by its last argument is known, and by no other. calls: parameters, interval."""

    def rule(g, out, *args):
        others = [unknown(f"{fn.__name__} by its order or parameters")] * (len(args) - 1)
        return [*others, g * slope(out, *args)]

    def samples(rng: np.random.Generator) -> list[Any]:
        return [((*p, np.asarray(rng.uniform(low, high, s))), {})
                for p, low, high in calls for s in ((), (3,), (2, 1))]  # fmt: skip

    signature = names or ", ".join([*"abcd"[: fn.nin - 1], "x"])
    elementwise(fn, rule, kind, signature=signature, samples=samples, **facts)


def constant(fn: Any, x: Any, *parameters: Any) -> Any:
    """A function of parameters beside `x`, in the precision of `x` where they are numbers."""
    if all(map(is_number, parameters)):
        return float(fn(*parameters))
    value = fn(*parameters)
    return cast_like(value, x) if all(type_of(p).scalar for p in parameters) else value


def several_types(count: int) -> Any:
    def infer(facts: Facts, *args: Any) -> list[Type]:
        shape = facts.broadcast(*(type_of(x).shape for x in args))
        return [Type(float_of(type_of(args[-1]).kind), shape, array=True)] * count

    return infer


def summed(*terms: Any) -> Any:
    """The sum of what there is."""
    present = [t for t in terms if t is not None]
    return sum(present[1:], present[0]) if present else None


def times(g: Any, x: Any) -> Any:
    return None if g is None else g * x


def drawn(low: float, high: float) -> Any:
    return lambda rng: [((np.asarray(rng.uniform(low, high, s)),), {}) for s in ((), (3,), (2, 1))]


def joined_type(facts: Facts, kind: str, x: Any, y: Any) -> Type:
    kind = join_kinds(kind, type_of(x).kind, type_of(y).kind)
    return Type(kind, facts.broadcast(type_of(x).shape, type_of(y).shape), array=True)
