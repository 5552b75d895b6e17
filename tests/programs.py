"""Random straight-line NumPy programs, as source text with arguments at which they are smooth.

A `Writer` grows a program expression by expression and runs it as it goes, so that it knows the number behind every
name: what leaves a function's domain, comes near a kink or grows too large is not written. An operation is one line
in a table: how it is spelled, and for which numbers. A kind of statement is one method in `STATEMENTS`; control flow
and mutation are added there.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import strategies as st

from tests.operations import (
    ADD,
    ATOM,
    BINARY,
    COMPARE,
    CONSTANTS,
    ELEMENTWISE,
    FUNCTIONS,
    HELPERS,
    IFEXP,
    INDEXING,
    LARGEST,
    MARGIN,
    MAX_SIZE,
    MUL,
    NAMES,
    NEEDS,
    PARAMETERS,
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


@dataclass
class RandomProgram:
    """A module with a function `f`. args: arguments at which it is smooth. shapes: what is declared of them."""

    text: str
    args: list[Any]
    wrt: tuple[str, ...]
    shapes: str
    parameters: list[str]
    scalar: bool
    features: set[str] = field(default_factory=set)

    def __repr__(self) -> str:
        given = ", ".join(f"{n}={a!r}" for n, a in zip(self.parameters, self.args, strict=True))
        return f"\n# f({given})\n# wrt {self.wrt}, shapes {self.shapes!r}\n{self.text}"


class Writer:
    """Writes one program. choose: choose(n) is a number from 0 to n - 1."""

    def __init__(self, choose: Callable[[int], int]):
        self.choose = choose
        self.lines: list[str] = []
        self.indent = "    "
        self.helpers: dict[str, str] = {}
        self.names: dict[str, None] = {}
        self.kept: set[str] = set()
        self.features: set[str] = set()
        self.walrus: list[str] = []
        from gradgen.functions import log_softmax, logsumexp, relu, sigmoid, softmax, softplus

        self.env: dict[str, Any] = {
            "np": np,
            "relu": relu,
            "sigmoid": sigmoid,
            "softmax": softmax,
            "log_softmax": log_softmax,
            "softplus": softplus,
            "logsumexp": logsumexp,
        }
        exec(CONSTANTS, self.env)
        for text in HELPERS.values():
            exec(text, self.env)

    def pick(self, options: Any) -> Any:
        return options[self.choose(len(options))]

    def chance(self, percent: int) -> bool:
        return self.choose(100) >= 100 - percent

    # ---- expressions

    def make(self, text: str, level: int = ATOM) -> Expr | None:
        """The expression `text`, if it is worth something sensible."""
        try:
            with warnings.catch_warnings(), np.errstate(all="raise"):
                warnings.simplefilter("error")
                value = eval(text, self.env)
            array = np.asarray(value)
        except Exception:  # it is out of some function's domain, or shapes do not fit
            return None
        if array.dtype.kind not in "fiub" or array.size > MAX_SIZE or array.ndim > 3 or array.size == 0:
            return None
        if not np.all(np.isfinite(array)) or np.any(np.abs(array) > LARGEST):
            return None
        return Expr(text, value, level)

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
        self._use(form.split("(")[0])
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
        if not names or other is None or not self.allow_choices:
            return None
        name = self.pick(names)
        test = self.pick([f"{name}.ndim > 1", f"len({name}) > 2", f"{name}.shape[0] == 3", "SCALE > 0.5"])
        return self.make(f"{e.at(COMPARE)} if {test} else {other.text}", IFEXP)

    allow_choices = True

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
                "(lambda q: q * {1} + 1.0)({0})",
                "both({0}, {1})[1]",
            ]
        )
        other = self.leaf()
        found = self.make(form.format(e.text, other.at(MUL)))
        if found is not None:
            self._use(form.split("(")[0])
        return found

    def _use(self, name: str) -> None:
        """Note that the program needs the helper `name`, if it is one."""
        if name in HELPERS:
            for needed in [*NEEDS.get(name, []), name]:
                self.helpers[needed] = HELPERS[needed]

    def _walrus(self, depth: int) -> Expr | None:
        name = f"q{len(self.walrus)}"
        found = self.make(f"({name} := {self.expr(depth).text})")
        if found is not None:
            self.walrus.append(name)
        return found

    # ---- statements

    def write(self, text: str) -> bool:
        """Write a statement, if it runs and leaves sensible numbers behind; tell whether it was."""
        before = dict(self.env)
        with warnings.catch_warnings(), np.errstate(all="raise"):
            warnings.simplefilter("error")
            try:
                exec(text, self.env)
            except Exception:  # shapes do not fit after all
                self.env = before
                return False
        new = [n for n, x in self.env.items() if n not in before or before[n] is not x]
        sound = [n for n in new if n not in self.helpers and not callable(self.env[n]) and n != "__builtins__"]
        for name in sound:
            array = np.asarray(self.env[name])
            if array.dtype.kind in "fiub" and (not np.all(np.isfinite(array)) or np.any(abs(array) > LARGEST)):
                self.env = before
                return False
        for name in sound:
            if np.asarray(self.env[name]).dtype.kind in "fiub":
                self.names.pop(name, None)
                self.names[name] = None
        self.lines += [self.indent + line for line in text.split("\n")]
        return True

    def name(self) -> str:
        """A name to assign to, new or not."""
        return str(self.pick([*NAMES, *self.names]) if self.chance(50) else self.pick(NAMES))

    def _assign(self) -> bool:
        return self.write(f"{self.name()} = {self.expr(3).text}")

    def _commented(self) -> bool:
        return self.write(f'# it\'s a "comment": {{}} \\n\n{self.name()} = {self.expr(2).text}  # and behind it')

    def _several(self) -> bool:
        first, second = self.name(), self.name()
        return first != second and self.write(f"{first} = {second} = {self.expr(2).text}")

    def _tuple(self) -> bool:
        first, second = self.name(), self.name()
        return first != second and self.write(f"{first}, {second} = {self.expr(2).text}, {self.expr(2).text}")

    def _swap(self) -> bool:
        names = list(self.names)
        first, second = self.pick(names), self.pick(names)
        return first != second and self.write(f"{first}, {second} = {second}, {first}")

    def _unpack(self) -> bool:
        first, second = self.name(), self.name()
        pairs = [n for n in self.names if np.ndim(self.env[n]) and len(self.env[n]) == 2]
        if first == second:
            return False
        if not pairs or self.chance(30):
            self._use("both")
            a, b = self.pair(1)
            return self.write(f"{first}, {second} = both({a.text}, {b.text})")
        return self.write(f"({first}, {second}) = {self.pick(pairs)}")

    def _augmented(self) -> bool:
        """`a = ...` followed by `a += ...`: an array of its own, or a number."""
        name = self.name()
        e = self.expr(2)
        value = self.make(f"{e.text} + 0.0" if e.level >= ADD else f"({e.text}) + 0.0")
        if value is None or not self.write(f"{name} = {value.text}"):
            return False
        for _ in range(1 + self.choose(2)):
            other = self.expr(1)
            operator = self.pick(["+=", "-=", "*=", "/="])
            if operator == "/=" and not far(other.value):
                continue
            dtype = np.asarray(self.env[name]).dtype
            if np.result_type(self.env[name], other.value) != dtype or np.ndim(self.env[name]) == 0 and other.ndim:
                continue
            self.write(f"{name} {operator} {other.text}")
        return True

    def _annotated(self) -> bool:
        return self.write(f"{self.name()}: float = {self.expr(2).text}")

    def _lambda(self) -> bool:
        e = self.leaf()
        if not self.write(f"fn = lambda u, k=2.0: u * {e.at(MUL)} + k"):
            return False
        return self.write(f"{self.name()} = fn({self.expr(1).text}) - fn(0.5, k={self.pick(['1.0', 'SCALE'])})")

    def _nested(self) -> bool:
        free = self.leaf()
        body = f"def inner(u):\n    u = np.tanh(u) * {free.at(MUL)}\n    return u + u"
        return self.write(body) and self.write(f"{self.name()} = inner({self.expr(1).text})")

    def _errstate(self) -> bool:
        return self.write(f"with np.errstate(all='ignore'):\n    {self.name()} = {self.expr(2).text}")

    def _branch(self) -> bool:
        """An `if` whose condition carries no derivative; both sides run when it is written, the one taken last."""
        names = [n for n in self.names if np.ndim(self.env[n])]
        if not names:
            return False
        array, name = self.pick(names), self.name()
        test = self.pick([f"{array}.ndim > 1", f"len({array}) > 2", f"{array}.shape[0] == 3", "SCALE > 0.5"])
        taken = bool(eval(test, self.env))
        one, other = self.expr(2).text, self.expr(2).text
        if ":=" in one + other:  # which would be bound on one side only
            return False
        before, lines, kept = dict(self.env), list(self.lines), dict(self.names)
        if not self.write(f"{name} = {other}"):
            return False
        self.env, self.lines, self.names = before, lines, kept
        sides = (one, other) if taken else (other, one)
        return self.write(f"if {test}:\n    {name} = {sides[0]}\nelse:\n    {name} = {sides[1]}")

    def _effect(self) -> bool:
        e = self.leaf()
        return self.write(
            self.pick(
                [
                    f"print({e.text})",
                    f"assert np.all(np.isfinite({e.text})), 'finite'",
                    f"print(f'{{np.shape({e.text})}}')",
                    "pass",
                ]
            )
        )

    def _opaque(self) -> bool:
        names = [n for n in self.names if np.ndim(self.env[n])]
        if not names:
            return False
        e = self.pick(names)
        size = self.pick([f"{e}.shape[0]", f"len({e})", f"{e}.size", f"np.size({e})", f"{e}.ndim"])
        return self.write(f"n = {size}") and self.write(f"{self.name()} = {self.expr(1).at(MUL)} / n")

    def _delete(self) -> bool:
        names = [n for n in self.names if n not in self.kept]
        if len(names) < 2:
            return False
        name = self.pick(names)
        self.names.pop(name)
        self.lines.append(f"{self.indent}del {name}")
        del self.env[name]
        return True

    # ---- the program

    def parameters(self, float32: bool) -> dict[str, Any]:
        rng = np.random.default_rng(self.choose(50))
        sizes = self.pick([(2, 3), (3, 2), (3, 3), (2, 4), (1, 3), (4, 2)])
        m, n = sizes
        shapes = [(), (n,), (m,), (m, n), (n, n), (1, n), (m, 1), (n, m), (1,), (2, m, n), (m, 1, n), (n,), (m, n)]
        given: dict[str, Any] = {}
        names = PARAMETERS[:5] if self.chance(85) else PARAMETERS
        for _ in range(1 + self.choose(4)):
            name = self.pick(names)
            shape = self.pick(shapes)
            x: Any = np.round(rng.uniform(-1.6, 1.6, shape), 2)
            kind = self.choose(24)
            if shape == ():
                x = (
                    float(x)
                    if kind < 14
                    else np.float64(x)
                    if kind < 19
                    else np.array(float(x))
                    if kind < 22
                    else int(3 * x)
                )
            elif kind == 0:
                x = rng.integers(-3, 4, shape)
            elif kind == 1:
                x = np.asfortranarray(x)
            elif kind == 2:
                x = np.repeat(x, 2, axis=-1)[..., ::2]
            given[name] = x
        if float32:
            given = {
                k: np.float32(x) if isinstance(x, (float, np.ndarray)) and np.asarray(x).dtype.kind == "f" else x
                for k, x in given.items()
            }
        return given

    def declared(self, given: dict[str, Any], how: int) -> str:
        """Shapes of all, of some, or of no parameters: sizes above 1 by name, so that equal ones are one."""
        parts = []
        for name, x in given.items():
            if how == 0 or (how == 1 and self.chance(50)):
                continue
            dims = [("d" + str(n) if n > 1 and self.chance(75) else str(n)) for n in np.shape(x)]
            text = f"({', '.join(dims)}{',' if len(dims) == 1 else ''})"
            kind = np.asarray(x).dtype.kind
            parts.append(f"{name}={'int' if kind == 'i' else ''}{text}")
        return ", ".join(parts)

    def program(self, statements: int, float32: bool = False) -> RandomProgram:
        given = self.parameters(float32)
        for name, x in given.items():
            self.env[name] = x
            self.names[name] = None
            self.kept.add(name)
        if self.chance(30):
            self.lines.append(f'{self.indent}"""It says {{}} and \\\\ and more."""')
        written = 0
        for _ in range(2 * statements):
            if written >= statements:
                break
            before = len(self.walrus)
            if self.pick(STATEMENTS)(self):
                written += 1
                for name in self.walrus[before:]:
                    if any(f"({name} :=" in line for line in self.lines) and name in self.env:
                        self.names[name] = None
        scalar = self.chance(60)
        self.finish(scalar)
        floats = [n for n, x in given.items() if np.asarray(x).dtype.kind == "f"]
        targets = [n for n in floats if self.chance(70)] or floats or list(given)
        ints = [n for n in given if n not in floats and self.chance(25)]
        targets = list(dict.fromkeys(targets + ints))
        signature = ", ".join(given)
        carried = "log_softmax, logsumexp, relu, sigmoid, softmax, softplus"
        imports = f"import numpy as np\n\nfrom gradgen.functions import {carried}\n"
        helpers = "\n\n".join(self.helpers.values())
        body = "\n".join(self.lines)
        text = f"{imports}\n{CONSTANTS}\n\n{helpers}\n\ndef f({signature}):\n{body}\n"
        return RandomProgram(
            text,
            list(given.values()),
            tuple(targets),
            self.declared(given, self.choose(3)),
            list(given),
            scalar,
            self.features,
        )

    def finish(self, scalar: bool) -> None:
        """The `return`: what the program made, weighed into one number, or as it is."""
        made = [n for n in self.names if np.asarray(self.env[n]).dtype.kind == "f"]
        last = made[-(1 + self.choose(3)) :] or ["0.5"]
        if scalar:
            terms = [
                n if np.ndim(self.env.get(n, 0.5)) == 0 else f"np.sum({n} * {n})" if self.chance(40) else f"np.sum({n})"
                for n in last
            ]
            e = self.expr(2)
            terms.append(f"np.sum({e.text})" if e.ndim else e.at(ADD))
            self.lines.append(f"{self.indent}return {' + '.join(terms)}")
        else:
            e = self.expr(2)
            parts = [*last, e.text] if np.asarray(e.value).dtype.kind == "f" else last
            if self.chance(50):
                parts = parts[-1:]
            self.lines.append(f"{self.indent}return {', '.join(parts)}")


EXPRESSIONS: list[Callable[[Writer, int], Expr | None]] = [
    *[Writer._binary] * 5,
    *[Writer._elementwise] * 4,
    *[Writer._reduction] * 3,
    *[Writer._matmul] * 2,
    Writer._negated,
    Writer._power,
    *[Writer._function] * 2,
    *[Writer._shaping] * 3,
    *[Writer._indexing] * 3,
    Writer._joining,
    Writer._square,
    Writer._choice,
    *[Writer._call] * 2,
    Writer._walrus,
]
STATEMENTS: list[Callable[[Writer], bool]] = [
    *[Writer._assign] * 8,
    Writer._commented,
    Writer._several,
    Writer._tuple,
    Writer._swap,
    Writer._unpack,
    *[Writer._augmented] * 2,
    Writer._annotated,
    Writer._lambda,
    Writer._nested,
    Writer._errstate,
    Writer._branch,
    Writer._effect,
    Writer._opaque,
    Writer._delete,
]


@st.composite
def programs(draw: Any, max_statements: int = 7) -> RandomProgram:
    """Random straight-line programs."""

    def choose(n: int) -> int:
        return int(draw(st.integers(0, n - 1))) if n > 1 else 0

    writer = Writer(choose)
    return writer.program(1 + choose(max_statements), float32=choose(6) == 5)


def random_program(seed: int, max_statements: int = 7) -> RandomProgram:
    """The same from a plain random number generator, which is faster and does not shrink."""
    import random

    source = random.Random(seed)
    writer = Writer(source.randrange)
    return writer.program(1 + source.randrange(max_statements), float32=source.randrange(6) == 5)


__all__ = ["RandomProgram", "Writer", "programs", "random_program"]
