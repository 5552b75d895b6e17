"""What is known of terms when the function is read, without a trace in the graph: their classes, sizes, truth."""

from __future__ import annotations

import ast
import functools
import math
import numbers
from typing import Any

import numpy as np

from ..buffers import is_number
from ..control import is_defined
from ..graph import Value
from ..shapes import NONE, Dim, Facts, Size, Type, dim_add, join_kinds
from ..terms import MISSING, Bound, Closure, Computed, Instance, Sequence, Static, Term, may_be_none

SCALARS: dict[str, tuple[type, ...]] = {
    "bool": (bool, np.bool_), "int": (int, np.int64, np.int32, np.uint8), "float": (float, np.float64, np.float32),
    "complex": (complex, np.complex128, np.complex64),
}  # fmt: skip
"""Classes of numbers, Python's own first."""
SCALARS["number"] = tuple(cls for kind in ("bool", "int", "float", "complex") for cls in SCALARS[kind])
PLAIN = (*SCALARS["number"], type(None), tuple, list, dict)
"""Classes whose instances are equal to no text."""
UNKNOWN: Any = object()
"""Stands for an object that is not known."""
DTYPES = {"bool": np.bool_, "int": np.integer, "float": np.floating, "complex": np.complexfloating}
LOOKERS = (
    isinstance, hasattr, callable, np.isscalar, np.iterable, np.iscomplexobj, np.isrealobj, np.issubdtype, issubclass,
)  # fmt: skip
"""Functions that merely look at what something is, and of which the answer may be known."""


def classes(program: Any, term: Term) -> tuple[type, ...] | None:
    """The classes that what a term denotes may have; None where nobody knows."""
    if isinstance(term, Static):
        return (type(term.obj),)
    if isinstance(term, Sequence):
        return None if may_be_none(term) else (term.kind,)
    if isinstance(term, Instance):
        return None if term.cls is None else (term.cls,)
    if isinstance(term, (Closure, Bound)):
        return (type(classes),)
    return _classes_of_value(program, term.value) if isinstance(term, Computed) else None


def _classes_of_value(program: Any, v: Value) -> tuple[type, ...] | None:
    t = v.type
    if t == NONE:
        return (type(None),)
    if t.optional:
        return None
    if t.form is not None and t.form.kind is not None:
        return (t.form.kind,)
    if t.items is not None:
        return (tuple,)
    if t.kind not in SCALARS:
        return None
    if t.ndim:
        return (np.ndarray,)
    if t.kind == "number" and t.ndim is None and not t.array:  # it may be anything at all
        return None
    plain = SCALARS[t.kind]
    if t.ndim == 0 and not t.array and _is_python(program, v):
        return tuple(cls for cls in plain if cls in (bool, int, float, complex))
    found = tuple(cls for cls in plain if not t.array or issubclass(cls, np.generic))
    if t.ndim == 0:
        while v.node is None and v.source is not None:
            v = v.source
        if v in program.shows:  # an array of no axes that was written
            return (np.ndarray,)
        if v.node is not None and is_number(v):
            return found
    return (*found, np.ndarray)


def lacking(program: Any, term: Term, name: str) -> type | None:
    """The class of what surely has no such attribute, as arrays and numbers have their own alone; else None."""
    found = classes(program, term) or ()
    plain = all(cls in (np.ndarray, *SCALARS["number"]) and not hasattr(cls, name) for cls in found)
    return found[0] if found and plain else None


def _is_python(program: Any, v: Value) -> bool:
    """Whether a number without an array's attributes is surely one of Python's: an argument of a call, or made so."""
    while v.source is not None:
        v = v.source
    if v.node is None:
        return v in program.routes and v.graph.facts.closed and not program.context.under_way
    fn = v.node.op.fn
    return v.const is not v or fn in (float, int, bool, len) or getattr(fn, "__module__", "") == "math"


def told(program: Any, fn: Any, args: list[Term]) -> bool | None:
    """What one of `LOOKERS` says of terms, where that is known."""
    rest = [known_object(t) for t in args[1:]]
    if not args or any(x is UNKNOWN for x in rest):
        return None
    if fn is np.issubdtype:
        return _of_dtype(args[0], rest)
    if fn is issubclass:
        return bool(fn(args[0].obj, *rest)) if isinstance(args[0], Static) else None
    if fn is hasattr and len(rest) == 1 and isinstance(rest[0], str):
        if isinstance(args[0], Static):
            return bool(hasattr(args[0].obj, rest[0]))
        if isinstance(args[0], Sequence) and args[0].kind not in (tuple, list, dict):
            item = args[0].at(rest[0])
            unsure = isinstance(item, Computed) and not is_defined(item.value)
            return None if unsure else item is not None or hasattr(args[0].kind, rest[0])
        if isinstance(args[0], Instance) and args[0].obj is not MISSING:
            return bool(program.has_part(args[0], rest[0]))
    found = classes(program, args[0])
    if found is None or len(rest) != (fn in (isinstance, hasattr)):
        return None
    t = args[0].value.type if isinstance(args[0], Computed) else None
    if fn in (np.iscomplexobj, np.isrealobj):
        return None if t is None or t.kind not in DTYPES else (t.kind == "complex") == (fn is np.iscomplexobj)
    answers = {_of_class(fn, cls, rest, None if t is None else t.ndim) for cls in found}
    return answers.pop() if len(answers) == 1 else None


def _of_class(fn: Any, cls: type, rest: list[Any], ndim: int | None) -> bool | None:
    """What a function says of an instance of a class; ndim: of an array."""
    array = issubclass(cls, np.ndarray)
    if fn is isinstance:
        return issubclass(cls, rest[0])
    if fn is hasattr:
        plain = cls.__module__ in ("builtins", "numpy")  # others may have attributes of their own
        return _defines(cls, rest[0]) or (False if plain else None)
    if fn is callable:
        return _defines(cls, "__call__")
    if fn is np.isscalar:
        return issubclass(cls, (np.generic, numbers.Number, str, bytes))
    if fn is np.iterable:
        return (ndim > 0 if ndim is not None else None) if array else _defines(cls, "__iter__")
    return None


def _defines(cls: type, name: str) -> bool:
    """Whether instances of a class have an attribute by their class."""
    return any(name in vars(base) for base in cls.__mro__)


def _of_dtype(term: Term, rest: list[Any]) -> bool | None:
    """Whether the dtype of a value is of a kind: known where the kind asked for is as wide as what is known."""
    t = whose_dtype(term)
    if t is None or t.kind not in DTYPES or len(rest) != 1:
        return None
    asked = rest[0]
    if asked in (float, int, complex, bool):
        asked = DTYPES[asked.__name__] if asked is not float else None
    if not (isinstance(asked, type) and issubclass(asked, np.generic)):
        return None
    kind = DTYPES[t.kind]
    return True if issubclass(kind, asked) else None if issubclass(asked, kind) else False


def whose_dtype(term: Term) -> Type | None:
    """The type of the value whose dtype a term is."""
    node = term.value.node if isinstance(term, Computed) else None
    if node is not None and node.op.fn is np.result_type and all(v.type.kind in DTYPES for v in node.inputs):
        return functools.reduce(lambda t, v: Type(join_kinds(t.kind, v.type.kind)), node.inputs, Type("bool"))
    return node.inputs[0].type if node is not None and node.op.name == "dtype" else None


def kind_letter(term: Term) -> str | None:
    """`x.dtype.kind` for the dtype `term`, where that is known; integers have two."""
    t = whose_dtype(term)
    return {"float": "f", "complex": "c", "bool": "b"}.get(t.kind) if t is not None else None


# ---- sizes


def known_size(term: Term) -> Size | None:
    """The integer that a term is, as far as that is known: a number, or a formula of sizes."""
    if isinstance(term, Static):
        return int(term.obj) if isinstance(term.obj, (int, np.integer)) and not isinstance(term.obj, bool) else None
    if not isinstance(term, Computed):
        return None
    const = term.value.const
    if const is not term.value:
        return int(const) if isinstance(const, int) and not isinstance(const, bool) else None
    size: Size | None = term.value.type.size
    return size


def known_sizes(term: Term) -> list[Size] | None:
    """The sizes in a tuple of them."""
    if isinstance(term, Static) and isinstance(term.obj, tuple):
        return list(term.obj) if all(type(x) is int for x in term.obj) else None
    if isinstance(term, Sequence):
        found = [known_size(item) for item in term.items]
    elif isinstance(term, Computed) and term.value.type.items is not None:
        found = [item.size for item in term.value.type.items]
    else:
        return None
    return None if None in found else found  # type: ignore[return-value]


def compare_sizes(facts: Facts, op: ast.cmpop, a: Size, b: Size) -> bool | None:
    """How two sizes compare, where no sizes that arrays can have make it otherwise."""
    a, b = facts.canonical(a), facts.canonical(b)
    difference = facts.canonical(dim_add(a, b, -1))
    low, high = bounds(difference)
    one = facts.closed and _is_name(a) and b == 1 or facts.closed and _is_name(b) and a == 1
    equal = True if low == high == 0 else False if low > 0 or high < 0 or one else None
    less = True if high < 0 else False if low >= 0 else None
    more = True if low > 0 else False if high <= 0 else None
    answers = {
        ast.Eq: equal, ast.NotEq: _not(equal), ast.Lt: less, ast.GtE: _not(less), ast.Gt: more, ast.LtE: _not(more),
    }  # fmt: skip
    return answers.get(type(op))


def _not(known: bool | None) -> bool | None:
    return None if known is None else not known


def _is_name(d: Size) -> bool:
    """Whether a size is a name alone, as that of a dimension of an argument."""
    return isinstance(d, Dim) and not d.loose and len(d.terms) == 1 and d.terms[0][1] == 1 and len(d.terms[0][0]) == 1


def bounds(d: Size) -> tuple[float, float]:
    """The least and the greatest that a formula of sizes can be: no size is negative."""
    if isinstance(d, int):
        return d, d
    constant = sum(c for monomial, c in d.terms if not monomial)
    factors = [c for monomial, c in d.terms if monomial]
    low = constant if all(c > 0 for c in factors) else -math.inf
    return low, constant if all(c < 0 for c in factors) else math.inf


# ---- objects


def known_object(term: Term) -> Any:
    """The object that a term is, where that is one with plain equality; else `UNKNOWN`."""
    if isinstance(term, Static):
        return term.obj if _is_plain(term.obj) else UNKNOWN
    if isinstance(term, Sequence) and term.kind in (tuple, list) and not may_be_none(term):
        items = [known_object(item) for item in term.items]
        return UNKNOWN if any(item is UNKNOWN for item in items) else term.kind(items)
    if isinstance(term, Computed) and term.value.const is not term.value:
        return term.value.const if _is_plain(term.value.const) else UNKNOWN
    return kind_letter(term) or UNKNOWN


def _is_plain(obj: Any) -> bool:
    if isinstance(obj, (tuple, list, set, frozenset)):
        return all(map(_is_plain, obj))
    if isinstance(obj, dict):
        return all(map(_is_plain, obj))
    plain = (bool, int, float, complex, str, bytes, np.number, np.bool_, type(None), type(Ellipsis), type)
    return isinstance(obj, plain) or callable(obj)


# ---- truth


def truth_of(term: Term | None) -> bool | None:
    """Whether what a term denotes counts as true."""
    if isinstance(term, Static):
        return _truth_of_object(term.obj)
    if isinstance(term, Sequence) and term.kind in (tuple, list, dict):
        return None if term.cell is not None and term.cell.loose or may_be_none(term) else bool(term.items)
    if isinstance(term, (Closure, Bound)):
        return True
    if not isinstance(term, Computed):
        return None
    if term.value.type == NONE:
        return False
    const = term.value.const
    if const is not term.value:
        return _truth_of_object(const)
    size = term.value.type.size
    return None if size is None else True if bounds(size)[0] > 0 else False if size == 0 else None


def _truth_of_object(obj: Any) -> bool | None:
    plain = isinstance(obj, (bool, int, float, str, bytes, tuple, list, dict, set, np.bool_, type(None)))
    return bool(obj) if plain or callable(obj) and type(obj).__module__ == "builtins" else None
