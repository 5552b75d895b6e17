"""Reading `try` and `with`: what stands around statements that are followed.

A `try` is read as its body alone where no handler can come to run. One whose handlers all raise stands around the
body's statements in the module too; so do a `finally`, and a `with` whose context manager lets exceptions through.
What a body raises while it is read, such as the KeyError of a table, is raised whenever it runs: its handler is read.
All others are passed on as they stand, which is refused where a derivative goes through them.
"""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Iterator
from typing import Any

from ..control import STOOD_AROUND
from ..errors import UnsupportedError
from ..graph import CONST, OPAQUE, Node
from ..managers import is_of_the_backward_pass, lets_through
from ..rules.indices import index_items, slice_parts
from ..source import Around
from ..terms import Computed, Ref, Static, references
from .decide import looked_at
from .flow import BROKEN, LEFT, RAISED, RETURNED, VALUE, Flow, always_leaves, leaves

UNRAISED = (NameError, AttributeError, TypeError, KeyError, ImportError)
"""What operations on numbers and arrays of known ranks never raise."""
NOTES = (VALUE, RETURNED, BROKEN, LEFT, RAISED)
"""How a block was left."""
SIMPLE = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Expr, ast.Return)
"""Statements that hold no others: what is known when one of them raises is what was known before it."""


class Trying(Flow):
    """The part of a `Program` that reads `try` and `with` statements."""

    _around: tuple[Around, ...] = ()
    live: Any

    def pass_on_statement(self, node: ast.stmt) -> None:
        raise NotImplementedError

    # ---- with

    def managed(self, node: ast.With) -> None:
        """A `with` statement."""
        self.or_else(lambda: self._inside_managers(node), lambda: self.pass_on_statement(node))

    def _inside_managers(self, node: ast.With) -> None:
        both = True
        for item in node.items:
            call = item.context_expr
            what = call.func if isinstance(call, ast.Call) else call
            term, name = self.read(what), ast.unparse(what)
            if item.optional_vars is not None:
                raise self.error(f"what `{name}` gives under `as` is not followed", item.optional_vars)
            made = term.obj if isinstance(term, Static) else None
            made = made if isinstance(call, ast.Call) else type(made)
            if not lets_through(made):
                problem = f"`with {name}` may hide an exception, or change what is read inside"
                raise self.error(problem, call, "move what carries a derivative out of it")
            both = both and is_of_the_backward_pass(made)
        tree = ast.With([ast.withitem(self.opaque_syntax(item.context_expr), None) for item in node.items], [])
        with self._standing(Around(tree, self.statement, both)):
            self.block(node.body)

    # ---- try

    def tried(self, node: ast.Try) -> None:
        """A `try` statement."""
        read = self._and_at_last if node.finalbody else self._handled
        self.or_else(lambda: read(node), lambda: self.pass_on_statement(node))

    def _and_at_last(self, node: ast.Try) -> None:
        """A `try` with a `finally`, which comes after all else whatever happens."""
        if any(map(leaves, node.finalbody)):
            raise self.error("a `finally` that leaves the block is not followed", node.finalbody[0])
        around = Around(ast.Try([], [], [], []), self.statement)
        with self._standing(around):
            if node.handlers:
                self._handled(node)
            else:
                self.block(node.body)
        left = {name: self.frame.names.pop(name) for name in NOTES if name in self.frame.names}
        with self._standing(Around(None, self.statement, after=around)):
            self.block(node.finalbody)
        self.frame.names.update(left)

    def _handled(self, node: ast.Try) -> None:
        caught = [self._classes(handler) for handler in node.handlers]
        names, count = self.frame.names, len(self.graph.nodes)
        raising = all(map(_only_raises, node.handlers))
        tree = self._with_handlers(node) if raising else None
        try:
            with self._standing(Around(tree, self.statement)) if tree is not None else contextlib.nullcontext():
                self.block(node.body)
        except UnsupportedError as error:
            pairs = zip(node.handlers, caught, strict=True)
            fits = [handler for handler, found in pairs if isinstance(error.__cause__, found or ())]
            at = None if self.statement is None else self.statement.node
            plainly = isinstance(at, SIMPLE) and at in node.body and self.frame.names is names
            if None in caught or not fits or not plainly:
                raise
            self.block(fits[0].body)  # what came before it was done
            return
        plain = [n for n in self.graph.nodes[count:] if n.op is not CONST]
        entry_by_entry = all(map(_is_entry_by_entry, plain))
        never = UNRAISED + ((IndexError,) if entry_by_entry else ())
        unraised = None not in caught and all(issubclass(cls, never) for found in caught for cls in found or ())
        known = entry_by_entry or all(
            n.op is not OPAQUE and all(v.type.ndim is not None for v in n.inputs) for n in plain
        )
        if None not in caught and all(issubclass(cls, NameError) for found in caught for cls in found or ()):
            known = known or all(n.op is not OPAQUE or n.options["reads"] for n in plain)  # all names mean something
        safe = all(map(_never_raises, plain)) and None not in caught
        unraised = unraised or safe and not any(_is_of_numbers(cls) for found in caught for cls in found or ())
        varies = any(self.may_vary(Computed(Ref(v), v)) for n in plain for v in n.outputs)
        if plain and not (unraised and (known or safe)) and not (raising and varies):
            raise self.error("a `try` around values that carry a derivative is not followed", node, "move them out")
        self.block(node.orelse)

    def _with_handlers(self, node: ast.Try) -> ast.Try | None:
        """The syntax of a `try` without a body; None where a module cannot hold its handlers."""
        handlers, known = [], dict(self.constants)
        given = {n.id for part in node.body for n in ast.walk(part) if isinstance(n, ast.Name) and is_stored(n)}
        for handler in node.handlers:
            names = [n for part in handler.body for n in ast.walk(part) if isinstance(n, ast.Name)]
            bound = {n.id for n in names if is_stored(n)} | ({handler.name} if handler.name else set())
            if any(n.id in given and n.id not in bound for n in names):  # which value it has then nobody knows
                return None
            try:
                kind = None if handler.type is None else self.opaque_syntax(handler.type)
                body = [self.opaque_syntax(part, bound) for part in handler.body]
            except UnsupportedError:
                return None
            handlers.append(ast.ExceptHandler(kind, handler.name, body))
        by_reference = [name for name in self.constants if name not in known and callable(self.constants[name])]
        for name in by_reference if self.live is None else ():
            del self.constants[name]
        return None if by_reference and self.live is None else ast.Try([], handlers, [], [])

    @contextlib.contextmanager
    def _standing(self, around: Around) -> Iterator[None]:
        """Let statements stand inside of something meanwhile; what that reads is kept until its end."""
        outer, statement = self._around, self.statement
        self._around = (*outer, around)
        try:
            yield
        finally:
            self._around = outer
        self.statement = self.graph.origin = statement
        read = references(around.tree)
        if read:
            self.graph.add(STOOD_AROUND, [self.inner(v) for v in read])

    def _classes(self, handler: ast.ExceptHandler) -> tuple[type[BaseException], ...] | None:
        """The exceptions that a handler is for; None where that is not known."""
        if handler.type is None:
            return (BaseException,)
        term = looked_at(self, handler.type)
        found = term.obj if isinstance(term, Static) else None
        found = found if isinstance(found, tuple) else (found,)
        return found if all(isinstance(cls, type) and issubclass(cls, BaseException) for cls in found) else None


def _is_entry_by_entry(node: Node) -> bool:
    """Whether it computes numbers of numbers, entry by entry: it may raise that they do not fit, or floating-point
    errors, and nothing else."""
    return node.op.elementwise and all(v.type.kind in ("float", "int", "bool", "complex") for v in node.inputs)


FAITHFUL = ("sum", "mean", "astype", "asarray", "array", "transpose", "shape", "size", "ndim", "dtype", "tuple", "eye",
            "expand_dims", "zeros", "ones", "zeros_like", "ones_like")  # fmt: skip
"""Operations that raise nothing where the sizes fit, as they do in every call that the gradient is for."""
DIVIDING = ("divide", "true_divide", "floor_divide", "remainder", "power")
"""Operators that raise an exception for some of Python's numbers, where NumPy warns."""


def _never_raises(node: Node) -> bool:
    """Whether it raises nothing but floating-point errors, and these only where NumPy was told to."""
    if any(v.type.ndim is None and v.const is v for v in node.inputs if v.type.kind != "object"):
        return False
    if node.op.name in DIVIDING and not any(v.type.array or v.type.ndim for v in node.inputs):
        return False
    if node.op.name == "getitem":
        return all(slice_parts(item) is not None or item is None for item in index_items(node.args[1]))
    of_math = getattr(node.op.fn, "__module__", "") == "math"
    return _is_entry_by_entry(node) and not of_math or node.op.name in FAITHFUL


def _is_of_numbers(cls: type[BaseException]) -> bool:
    """Whether an exception is one that NumPy raises for numbers, if it is told to."""
    return issubclass(cls, (FloatingPointError, Warning)) or cls is ArithmeticError


def is_stored(name: ast.Name) -> bool:
    """Whether a name is given a value, or deleted, where it stands."""
    return not isinstance(name.ctx, ast.Load)


def _only_raises(handler: ast.ExceptHandler) -> bool:
    """Whether a handler ends in an exception on every way."""
    body = handler.body
    return isinstance(body[-1], ast.Raise) and always_leaves(body) and not any(map(leaves, body))
