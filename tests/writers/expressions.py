"""Random expressions: of numbers and arrays, in the domain of every function and away from kinks."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np

from tests.writers.operations import (
    ADD,
    ATOM,
    BINARY,
    COMPARE,
    ELEMENTWISE,
    FUNCTIONS,
    IFEXP,
    INDEXING,
    MARGIN,
    MUL,
    POW,
    POWERS,
    REDUCTIONS,
    SHAPING,
    SQUARE,
    UNARY,
    Expr,
    far,
    inside,
)
from tests.writers.running import Running, is_number, is_sensible


def broadcasts(shape: tuple[int, ...], to: tuple[int, ...]) -> bool:
    """Whether an array of one shape may be written over one of the other."""
    try:
        return np.broadcast_shapes(shape, to) == to
    except ValueError:
        return False


class Expressions(Running):
    """The part of a writer that writes expressions."""

    walruses = 0

    def make(self, text: str, level: int = ATOM) -> Expr | None:
        """The expression `text`, if it is worth something sensible each time that the place is passed."""
        values = []
        with warnings.catch_warnings(), np.errstate(all="raise"):
            warnings.simplefilter("error")
            for env in self.envs:
                try:
                    values.append(eval(text, dict(env)))
                except Exception:  # it is out of some function's domain, or shapes do not fit
                    return None
        if not all(is_number(x) and np.size(x) and is_sensible(x) for x in values):
            return None
        return Expr(text, values[0], level)

    def expr(self, depth: int) -> Expr:
        """An expression of any shape, nested at most `depth` deep."""
        if depth > 0 and self.chance(85):
            for _ in range(4):
                found = self.pick(EXPRESSIONS)(self, depth - 1)
                if found is not None:
                    return found  # type: ignore[no-any-return]
        return self.leaf()

    def leaf(self) -> Expr:
        names = list(self.names)
        if names and self.chance(85):
            recent = names[-4:] if self.chance(60) else names
            found = self.make(self.pick(recent))
            if found is not None:
                return found
        return self.make(self.pick(["0.5", "2.0", "1.5", "3", "SCALE", "2"])) or Expr("1.0", 1.0)

    def array(self, depth: int) -> Expr:
        """An expression that is an array, if there is one about."""
        for _ in range(3):
            found = self.expr(depth)
            if found.ndim:
                return found
        arrays = [n for n in self.names if np.ndim(self.env[n])]
        return (arrays and self.make(self.pick(arrays))) or found  # type: ignore[return-value]

    def pair(self, depth: int) -> tuple[Expr, Expr]:
        """Two expressions that broadcast against each other."""
        a, b = self.expr(depth), self.expr(depth)
        if self.chance(20):
            b = a
        try:
            np.broadcast_shapes(a.shape, b.shape)
        except ValueError:
            b = self.make(f"np.sum({b.text})") or self.make(f"np.mean({b.text})") or Expr("0.5", 0.5)
        return (a, b) if self.chance(60) else (b, a)

    def _elementwise(self, depth: int) -> Expr | None:
        form, fits = self.pick(ELEMENTWISE)
        e = self.expr(depth)
        if not fits(e.value):
            return None
        return self.make(
            form.format(e.at(ATOM) if "{} *" in form or "/ {}" in form or "{0}" in form else e.text),
            MUL if "/ {}" in form else ATOM,
        )

    def _negated(self, depth: int) -> Expr | None:
        return self.make(f"-{self.expr(depth).at(UNARY)}", UNARY)

    def _power(self, depth: int) -> Expr | None:
        form, e = self.pick(POWERS), self.expr(depth)
        if "0.5" in form or "1.5" in form:
            return self.make(form.format(e.at(ATOM)), POW) if inside(0.2, 20)(e.value) else None
        if "-" in form and not (far(e.value) and np.asarray(e.value).dtype.kind == "f"):
            return None
        return self.make(form.format(e.at(ATOM)), POW)

    def _binary(self, depth: int) -> Expr | None:
        form, level, fits = self.pick(BINARY)
        a, b = self.pair(depth)
        if not fits(a.value, b.value):
            return None
        right = UNARY if level == POW else level + 1
        return self.make(form.format(a.at(level + 1 if level == POW else level), b.at(right)), level)

    def _function(self, depth: int) -> Expr | None:
        form, fits = self.pick(FUNCTIONS)
        a, b = self.pair(depth)
        return (
            self.make(form.format(a.at(POW), b.at(POW)), MUL if form[0] == "(" else ATOM)
            if fits(a.value, b.value)
            else None
        )

    def _matmul(self, depth: int) -> Expr | None:
        a, b = self.array(depth), self.array(depth)
        forms = [
            "{0} @ {1}",
            "{0} @ {1}.T",
            "{0}.T @ {1}",
            "np.dot({0}, {1})",
            "{0}.dot({1})",
            "np.inner({0}, {1})",
            "np.vdot({0}, {1})",
            "np.outer({0}, {1})",
            "np.tensordot({0}, {1}, 1)",
            "np.matmul({0}, {1})",
            "np.einsum('ij,jk->ik', {0}, {1})",
            "np.einsum('ij,ij->i', {0}, {1})",
            "np.einsum('i,ij->j', {0}, {1})",
            "{0} @ {0}.T",
            "{0}.T @ {0}",
            "np.einsum('i,i', {0}, {1})",
        ]
        for _ in range(6):
            form = self.pick(forms)
            found = self.make(form.format(a.at(ATOM), b.at(ATOM)), MUL if "@" in form else ATOM)
            if found is not None:
                return found
        return None

    def _reduction(self, depth: int) -> Expr | None:
        e, name = self.array(depth), self.pick(REDUCTIONS)
        axis = self.pick([None, None, *range(-e.ndim, e.ndim)]) if e.ndim else None
        if e.ndim > 1 and self.chance(15):
            axis = (0, -1)
        if name in ("max", "min"):
            if e.ndim and not bool(np.all(np.diff(np.sort(np.ravel(e.value))) > 2 * MARGIN)):
                return None
        if name in ("std", "norm") and not bool(np.all(np.std(e.value, axis=axis if name == "std" else None) > 0.1)):
            return None
        options = ([f"axis={axis}"] if axis is not None else []) + (["keepdims=True"] if self.chance(30) else [])
        if name == "norm":
            if isinstance(axis, tuple) or (axis is None and e.ndim > 2):
                return None
            return self.make(f"np.linalg.norm({', '.join([e.text, *options])})")
        if name == "logsumexp":
            if isinstance(axis, tuple):
                return None
            return self.make(f"logsumexp({', '.join([e.text, *options])})")
        if name in ("var", "std") and e.ndim and self.chance(20):
            options.append("ddof=1")
        if e.ndim and self.chance(40):
            return self.make(f"{e.at(ATOM)}.{name}({', '.join(options)})")
        return self.make(f"np.{name}({', '.join([e.text, *options])})")

    def _shaping(self, depth: int) -> Expr | None:
        form, fits = self.pick(SHAPING)
        e = self.array(depth)
        if not fits(e):
            return None
        self.use(form.split("(")[0])
        if form[0] == "{" or "{0}" in form:
            return self.make(
                form.format(e.at(ATOM)), ADD if " + 0" in form or "- {" in form else MUL if "* {" in form else ATOM
            )
        return self.make(form.format(e.text))

    def _indexing(self, depth: int) -> Expr | None:
        form, fits = self.pick(INDEXING)
        e = self.array(depth)
        return self.make(form.format(e.at(ATOM) if form[0] == "{" else e.text)) if fits(e) else None

    def _square(self, depth: int) -> Expr | None:
        for name in self.names:
            shape = np.shape(self.env[name])
            if len(shape) == 2 and shape[0] == shape[1] > 1 and self.chance(70):
                return self.make(self.pick(SQUARE).format(name), MUL)
        return None

    def _joining(self, depth: int) -> Expr | None:
        a, b = self.array(depth), self.array(depth)
        forms = [
            "np.concatenate([{}, {}])",
            "np.concatenate(({}, {}), axis=-1)",
            "np.stack([{}, {}])",
            "np.hstack(({}, {}))",
            "np.stack(({}, {}), axis=-1)",
            "np.vstack([{}, {}])",
            "np.column_stack(({}, {}))",
            "np.array([{}, {}])",
        ]
        for _ in range(4):
            found = self.make(self.pick(forms).format(a.text, b.text))
            if found is not None:
                return found
        return None

    def _choice(self, depth: int) -> Expr | None:
        """A conditional expression whose condition carries no derivative."""
        e, names = self.expr(depth), [n for n in self.names if np.ndim(self.env[n])]
        other = self.make(f"0.5 * {e.at(MUL)}", MUL)
        if not names or other is None:
            return None
        name = self.pick(names)
        test = self.pick([f"{name}.ndim > 1", f"len({name}) > 2", f"{name}.shape[0] == 3", "SCALE > 0.5"])
        return self.make(f"{e.at(COMPARE)} if {test} else {other.text}", IFEXP)

    def _call(self, depth: int) -> Expr | None:
        e = self.expr(depth)
        form = self.pick(
            [
                "scaled({})",
                "scaled({}, 0.5)",
                "scaled({}, k=1.5)",
                "twice({})",
                "square({})",
                "affine({})",
                "affine({}, b=0.25)",
                "ident({})",
                "centred({})",
                "reuse({})",
                "both({0}, {0})[0]",
                "unused({0}, {0})",
                "counted({})",
                "iterated({})",
                "iterated({}, 2)",
                "early({})",
                "halved({}, 2)",
                "found({})",
                "table({})",
                "(lambda q: q * {1} + 1.0)({0})",
                "both({0}, {1})[1]",
            ]
        )
        other = self.leaf()
        found = self.make(form.format(e.text, other.at(MUL)))
        if found is not None:
            self.use(form.split("(")[0])
        return found

    def _walrus(self, depth: int) -> Expr | None:
        self.walruses += 1
        return self.make(f"(q{self.walruses} := {self.expr(depth).text})")

    def fitting(self, shape: tuple[int, ...], depth: int) -> Expr:
        """An expression that may be written into an array of the shape, by broadcasting."""
        e = self.expr(depth)
        for text, level in ((e.text, e.level), (f"np.mean({e.text})", ATOM), (f"np.sum({e.text})", ATOM)):
            found = self.make(text, level)
            if found is not None and broadcasts(found.shape, shape):
                return found
        return Expr("0.5", 0.5)


EXPRESSIONS: list[Callable[[Expressions, int], Expr | None]] = [
    *[Expressions._binary] * 5,
    *[Expressions._elementwise] * 4,
    *[Expressions._reduction] * 3,
    *[Expressions._matmul] * 2,
    Expressions._negated,
    Expressions._power,
    *[Expressions._function] * 2,
    *[Expressions._shaping] * 3,
    *[Expressions._indexing] * 3,
    Expressions._joining,
    Expressions._square,
    Expressions._choice,
    *[Expressions._call] * 2,
    Expressions._walrus,
]
