"""Kinds and shapes of values: what is known of an array before there is one.

A shape is a tuple of dimensions where the rank is known, and a `ShapeVar` where it is not: an unknown that is
equal to itself, which elementwise operations keep. A dimension is an integer or a `Dim`, a polynomial with
integer coefficients over named sizes, so that `n`, `n - 2` and `n*d` are told apart and recognised again.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

KINDS = ("bool", "int", "number", "float", "complex", "object")
"""From narrow to wide; `number` is a numeric kind that is not known, `object` anything that is no number."""


class Dim:
    """A polynomial over named sizes, in canonical form. Names that begin with `?` were invented here."""

    __slots__ = ("names", "terms")
    _fresh = itertools.count()

    def __init__(self, terms: dict[tuple[str, ...], int]):
        self.terms = tuple(sorted((m, c) for m, c in terms.items() if c))
        self.names = frozenset(name for monomial, _ in self.terms for name in monomial)

    @classmethod
    def named(cls, name: str) -> Dim:
        return cls({(name,): 1})

    @classmethod
    def fresh(cls) -> Dim:
        """A size of which nothing is known, not even that it is not 1."""
        return cls({(f"?{next(cls._fresh)}",): 1})

    @property
    def loose(self) -> bool:
        """Whether it mentions an invented size, which no check at entry can speak of."""
        return any(name.startswith("?") for monomial, _ in self.terms for name in monomial)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Dim) and self.terms == other.terms

    def __hash__(self) -> int:
        return hash(self.terms)

    def __repr__(self) -> str:
        text = ""
        for monomial, c in sorted(self.terms, key=lambda t: (not t[0], t[0])):
            body = "*".join(monomial)
            body = body if body and abs(c) == 1 else f"{abs(c)}*{body}" if body else str(abs(c))
            sign = ("-" if c < 0 else "") if not text else (" - " if c < 0 else " + ")
            text += sign + body
        return text


Size = int | Dim


def _terms(d: Size) -> dict[tuple[str, ...], int]:
    return {(): d} if isinstance(d, int) else dict(d.terms)


def _size(terms: dict[tuple[str, ...], int]) -> Size:
    terms = {m: c for m, c in terms.items() if c}
    if not terms:
        return 0
    if set(terms) == {()}:
        return terms[()]
    return Dim(terms)


def dim_add(a: Size, b: Size, sign: int = 1) -> Size:
    terms = _terms(a)
    for m, c in _terms(b).items():
        terms[m] = terms.get(m, 0) + sign * c
    return _size(terms)


def dim_mul(a: Size, b: Size) -> Size:
    terms: dict[tuple[str, ...], int] = {}
    for (m, c), (k, e) in itertools.product(_terms(a).items(), _terms(b).items()):
        key = tuple(sorted(m + k))
        terms[key] = terms.get(key, 0) + c * e
    return _size(terms)


def dim_product(dims: Any) -> Size:
    total: Size = 1
    for d in dims:
        total = dim_mul(total, d)
    return total


def dim_div(a: Size, b: Size) -> Size | None:
    """a / b where that is a polynomial again with one monomial in b, else None."""
    divisor = _terms(b)
    if len(divisor) != 1:
        return 1 if a == b else None
    [(m, c)] = divisor.items()
    terms = {}
    for k, e in _terms(a).items():
        rest = list(k)
        for name in m:
            if name not in rest:
                return None
            rest.remove(name)
        if c == 0 or e % c:
            return None
        terms[tuple(rest)] = e // c
    return _size(terms)


def evaluate_size(d: Size, sizes: Mapping[str, int]) -> int:
    """A size as a number. Raises KeyError for one that is not known."""
    if isinstance(d, int):
        return d
    total = 0
    for monomial, c in d.terms:
        for name in monomial:
            c *= sizes[name]
        total += c
    return total


class ShapeVar:
    """The shape of something whose rank is unknown; equal to itself only."""

    __slots__ = ("name",)

    def __init__(self, name: str = "?"):
        self.name = name

    def __repr__(self) -> str:
        return f"({self.name}...)"


Shape = tuple[Size, ...] | ShapeVar


class ShapeMismatch(Exception):
    """Two shapes that can never broadcast; NumPy would raise when the function is called."""


class Facts:
    """What was found out about named sizes: which are taken to be equal, as `(a, b)` in `unified`.

    `closed` is true where no named size is 1 (a call in memory, whose sizes of 1 are written as integers).
    Two different sizes that meet then are equal, or NumPy raises; else a check at entry has to say so.
    """

    def __init__(self, closed: bool = False):
        self.closed = closed
        self.forget()

    def forget(self) -> None:
        """Begin anew."""
        self.unified: list[tuple[Size, Size]] = []
        self._renamed: dict[str, Size] = {}
        self._canonical: dict[Dim, Size] = {}
        """What has been worked out since the last name was given up."""
        self.lengths: dict[Any, tuple[Size, Any]] = {}
        """The lengths of slices of which nothing is known, by what is cut and where, and of what masks choose."""

    def canonical(self, d: Size) -> Size:
        if isinstance(d, int) or not self._renamed or d.names.isdisjoint(self._renamed):
            return d
        found = self._canonical.get(d)
        if found is None:
            found = self._canonical[d] = self._work_out(d)
        return found

    def _rename(self, name: str, value: Size) -> None:
        self._renamed[name] = value
        self._canonical.clear()

    def _work_out(self, d: Dim) -> Size:
        total: Size = 0
        for monomial, c in d.terms:
            part: Size = c
            for name in monomial:
                part = dim_mul(part, self._renamed.get(name, Dim.named(name)))
            total = dim_add(total, part)
        return self.canonical(total)

    def same(self, a: Size, b: Size) -> bool:
        return self.canonical(a) == self.canonical(b)

    def unify(self, a: Size, b: Size) -> bool:
        """Take `a` and `b`, both known at entry, to be equal; False where that cannot be stated."""
        a, b = self.canonical(a), self.canonical(b)
        if a == b:
            return True
        if any(isinstance(d, Dim) and d.loose for d in (a, b)):
            return False
        for one, other in ((b, a), (a, b)):
            if isinstance(one, Dim):
                for monomial, c in one.terms:
                    if len(monomial) == 1 and abs(c) == 1:
                        name = monomial[0]
                        rest = dim_add(one, dim_mul(c, Dim.named(name)), -1)
                        value = dim_mul(c, dim_add(other, rest, -1))
                        if isinstance(value, Dim) and name in value.names:
                            continue
                        self.unified.append((a, b))
                        self._rename(name, value)
                        return True
        return False

    def equate(self, a: Size, b: Size) -> Size:
        """Note that `a` and `b` are equal where NumPy itself would raise if they were not; return what both are.

        Unlike `unify` this asks for no check at entry. Raises ShapeMismatch where they can never be equal.
        """
        a, b = self.canonical(a), self.canonical(b)
        if a == b:
            return a
        if isinstance(a, int) and isinstance(b, int):
            raise ShapeMismatch(f"{a} and {b}")
        for one, other in sorted([(a, b), (b, a)], key=lambda pair: not (isinstance(pair[0], Dim) and pair[0].loose)):
            for monomial, c in one.terms if isinstance(one, Dim) else ():
                if len(monomial) == 1 and abs(c) == 1:
                    name = monomial[0]
                    value = dim_mul(c, dim_add(other, dim_add(one, dim_mul(c, Dim.named(name)), -1), -1))
                    if not (isinstance(value, Dim) and name in value.names):
                        self._rename(name, value)
                        return self.canonical(a)
        return a if isinstance(a, int) else b if isinstance(b, int) else a

    def join(self, a: Size, b: Size) -> Size:
        """The dimension that `a` and `b` broadcast to."""
        a, b = self.canonical(a), self.canonical(b)
        if a == b or b == 1:
            return a
        if a == 1:
            return b
        if isinstance(a, int) and isinstance(b, int):
            raise ShapeMismatch(f"{a} and {b}")
        if self.unify(a, b):
            return self.canonical(a)
        return Dim.fresh()

    def broadcast(self, *shapes: Shape) -> Shape:
        """The shape that `shapes` broadcast to."""
        result: Shape = ()
        for shape in shapes:
            if shape is result or shape == ():
                continue
            if result == ():
                result = shape
            elif isinstance(shape, ShapeVar) or isinstance(result, ShapeVar):
                result = ShapeVar()
            else:
                rank = max(len(shape), len(result))
                a = (1,) * (rank - len(result)) + result
                b = (1,) * (rank - len(shape)) + shape
                result = tuple(self.join(m, n) for m, n in zip(a, b, strict=True))
        return result

    def same_shape(self, a: Shape, b: Shape) -> bool:
        if isinstance(a, ShapeVar) or isinstance(b, ShapeVar):
            return a is b
        return len(a) == len(b) and all(map(self.same, a, b))


@dataclass(frozen=True)
class Form:
    """How a container is made. kind: `tuple`, `list`, `dict`, or the class of an object; None for an object of which no
    class is known. keys: those of a dict, or the names of an object's attributes; one for each item."""

    kind: Any
    keys: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Type:
    """Kind and shape of a value.

    kind: one of `KINDS`. shape: as above. array: whether it surely has an array's attributes (`.sum`, `.dtype`),
    which a Python number lacks. size: the value itself where it is an integer that is a size. items: the types
    of a container's items. of: the type that every item of a list has, where they are not known one by one. form: what
    kind of container it is; None for a tuple. optional: whether it may be None instead.
    """

    kind: str = "number"
    shape: Shape = field(default_factory=ShapeVar)
    array: bool = False
    size: Size | None = None
    items: tuple[Type, ...] | None = None
    of: Type | None = None
    form: Form | None = None
    optional: bool = False

    @property
    def sequence(self) -> bool:
        """Whether it is a tuple or list of which something is known."""
        return self.items is not None or self.of is not None

    @property
    def ndim(self) -> int | None:
        return None if isinstance(self.shape, ShapeVar) else len(self.shape)

    @property
    def scalar(self) -> bool:
        return self.shape == ()

    @property
    def floating(self) -> bool:
        """Whether it is surely a float or complex number, not an integer."""
        return self.kind in ("float", "complex")

    def but(self, **changes: Any) -> Type:
        return replace(self, **changes)

    def __str__(self) -> str:
        if self.items is not None:
            return shown_container(self.form, [str(item) for item in self.items])
        if self.of is not None:
            return f"[{self.of}, ...]"
        shape = repr(self.shape) if self.ndim is None else "(" + ", ".join(map(str, self.shape)) + ")"  # type: ignore[arg-type]
        return f"{self.kind}{shape}"


def shown_container(form: Form | None, items: list[str]) -> str:
    """A container as one would write it, its items being written already."""
    kind = tuple if form is None else form.kind
    if kind is tuple:
        return f"({', '.join(items)}{',' * (len(items) == 1)})"
    if kind is list:
        return f"[{', '.join(items)}]"
    assert form is not None
    if kind is dict:
        keys = [f'"{k}"' if isinstance(k, str) else repr(k) for k in form.keys]
        return "{" + ", ".join(f"{k}: {item}" for k, item in zip(keys, items, strict=True)) + "}"
    named = ", ".join(f"{k}={item}" for k, item in zip(form.keys, items, strict=True))
    return f"{kind if isinstance(kind, str) else getattr(kind, '__name__', 'object')}({named})"


def as_number(t: Type) -> Type:
    """The type of a target: an integer stands for a number, so that its gradient is a float.

    So do the integers in a container that holds no floats; else they are counts and the like.
    """
    if t.items is None:
        return t.but(kind="number", size=None) if t.kind == "int" else t
    floating = any(leaf.kind in ("float", "complex", "number") for leaf in leaf_types(t))
    return t if floating else t.but(items=tuple(map(as_number, t.items)))


def container(items: tuple[Type, ...], form: Form) -> Type:
    """The type of a container whose items are known one by one."""
    return OBJECT.but(items=items, form=form)


def is_named(t: Type) -> bool:
    """Whether it is an object of a class that was declared by name."""
    return t.form is not None and isinstance(t.form.kind, str)


def leaf_types(t: Type) -> list[Type]:
    """The types of what a container holds, however deep."""
    return [t] if t.items is None else [leaf for item in t.items for leaf in leaf_types(item)]


OBJECT = Type("object")
NONE = Type("object", ())


def join_kinds(*kinds: str) -> str:
    """The kind that arithmetic on `kinds` has; `number` and `float` make `float`, or complex, which is one too."""
    return max(kinds, key=KINDS.index) if kinds else "number"


def real_of(kind: str) -> str:
    """The kind of the size of a number of `kind`, and of its parts."""
    return "float" if kind == "complex" else kind


def float_of(kind: str) -> str:
    """The kind of a transcendental function of `kind`: integers become floats."""
    return "float" if kind in ("bool", "int", "number") else kind
