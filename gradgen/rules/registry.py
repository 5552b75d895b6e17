"""How rules are declared: one line for a function of one line, a decorated function for the others.

A rule is plain NumPy. `g` is the cotangent of the output, `out` the output, then come the inputs by position and the
static options by keyword; it returns one cotangent per input, None for one that has none, `Unknown` for one that is
not known. Rules see values, or arrays when they are tested; a constant input is seen as the Python object that it is.
Broadcasting is never a rule's business: the cotangents of an `elementwise` operation are summed back by the driver.
What has no rule is refused, by name: `refuse` says why.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..graph import OPERATIONS, PRIMITIVES, Operation, Value, call, type_of
from ..graph import Unknown as Unknown
from ..shapes import Facts, Type, float_of, join_kinds, real_of

REFUSED: dict[Any, tuple[str, str]] = {}
"""Functions that are known, and through which no derivative goes: the reason, and what to do instead."""


CURVES: set[type] = set()
"""Classes of objects that are functions of one number, whose derivatives they give: `curve(x, 1)`."""


def refuse(owner: Any, names: str, reason: str, advice: str) -> None:
    """Declare that no derivative goes through the functions of `owner` with these names, as far as it has them."""
    for name in names.split():
        if hasattr(owner, name):
            REFUSED[getattr(owner, name)] = reason, advice


def refusal(fn: Any) -> tuple[str, str] | None:
    """Why no derivative goes through a function, or through any method of the object that it is of, and what to do."""
    for obj in (fn, getattr(fn, "__self__", None)):
        try:
            if obj in REFUSED:
                return REFUSED[obj]
        except TypeError:  # what has no hash is in no table
            continue
    return None


def register(fn: Any, **facts: Any) -> Operation:
    """Make the NumPy function `fn` known as an operation; `facts` as in `Operation`."""
    op = OPERATIONS[fn] = Operation(fn, **facts)
    return op


def bprop(fn: Any, **facts: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare the decorated function as the rule of `fn`."""

    def declare(rule: Callable[..., Any]) -> Callable[..., Any]:
        register(fn, rule=rule, **facts)
        return rule

    return declare


def elementwise(fn: Any, rule: Callable[..., Any] | None, kind: str = "float", **facts: Any) -> Operation:
    """Declare a ufunc, or a function that broadcasts like one. kind: that of its result; "same" as the inputs', "real"
    as theirs or, of complex ones, float.

    `samples` holds an interval per argument, or one for all, from which the rule tests draw arrays of all ranks;
    (-2, 2) unless told. What is no ufunc gives its `signature`. Without a rule the derivative is zero where it exists.
    """
    facts.setdefault("signature", ", ".join(("x", "y", "z")[: getattr(fn, "nin", 1)]))
    facts.setdefault("differentiable", rule is not None)
    facts.setdefault("infer", _broadcast_type(kind))
    facts.setdefault("samples", None if rule is None else [(-2.0, 2.0)])
    return register(fn, rule=rule, elementwise=True, **facts)


def _broadcast_type(kind: str) -> Callable[..., Type]:
    def infer(facts: Facts, *args: Any, **_: Any) -> Type:
        types = [type_of(a) for a in args if a is not None]
        joined = join_kinds(*(t.kind for t in types))
        result = {"same": joined, "real": real_of(joined), "float": float_of(joined)}.get(kind, kind)
        return Type(result, facts.broadcast(*(t.shape for t in types)), array=True)

    return infer


def primitive(**facts: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare the decorated NumPy implementation as one of gradgen's own operations; calling it builds graph.

    `rule`, where it has one, is given as for any operation.
    """

    def declare(fn: Callable[..., Any]) -> Callable[..., Any]:
        name = facts.pop("name", fn.__name__.rstrip("_"))

        def primitive_call(*args: Any, **kwargs: Any) -> Any:
            return call(op, *args, **kwargs)

        functools.update_wrapper(primitive_call, fn)
        op = Operation(fn, name=name, **facts)
        OPERATIONS[primitive_call] = PRIMITIVES[name] = op
        return primitive_call

    return declare


def is_value(x: Any) -> bool:
    """Whether `x` is not known before the program runs."""
    return isinstance(x, Value)


def ndim(x: Any) -> int | None:
    """The rank of a value, an array or a number; None where it is unknown."""
    return type_of(x).ndim if isinstance(x, (Value, np.ndarray)) else int(np.ndim(x))
