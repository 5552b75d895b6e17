"""Calls that change an array they are given: `np.add.at`, `np.copyto`, `a.sort()`, and `out=` of any function."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

import numpy as np

from ..graph import OPERATIONS, PRIMITIVES, Value
from ..terms import Computed, Method, Ref, Sequence, Static, Term
from .writing import Writing

NOTHING = Static(ast.Constant(None), None)


class Changing(Writing):
    """The part of a `Program` that reads calls which change an array."""

    def change(self, callee: Term, args: list[Term], kwargs: dict[str, Term], node: ast.Call) -> Term | None:
        """What a call gives that changes an array; None where it does not."""
        given = dict(kwargs)
        if isinstance(callee, Method):
            changed = METHODS.get(callee.name) if is_array(callee.value) else None
            if changed is None:
                return None
            base: Term = Computed(Ref(callee.value), callee.value)
            return changed(self, [base, *args], given, node)
        fn = callee.obj if isinstance(callee, Static) else None
        owner = getattr(fn, "__self__", None)
        if isinstance(owner, np.ufunc) and getattr(fn, "__name__", "") == "at":
            return self._added_at(owner, args, node)
        if isinstance(fn, Callable) and getattr(fn, "__module__", "") == "numpy":  # type: ignore[arg-type]
            known = FUNCTIONS.get(fn.__name__)  # type: ignore[union-attr]
            if known is not None:
                return known(self, args, given, node)
        if isinstance(fn, np.ufunc) and len(args) > fn.nin and fn.nout == 1:
            given["out"], args = args[fn.nin], args[: fn.nin]
        out = given.get("out")
        if out is None or isinstance(out, Static) and out.obj is None:
            return None
        return self._into(callee, args, given, node)

    def changes(self, call: ast.Call) -> bool:
        """Whether a call that stands alone changes an array."""
        if any(k.arg == "out" for k in call.keywords):
            return True
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        if name in FUNCTIONS or name == "at" and isinstance(call.func, ast.Attribute):
            return True
        if isinstance(call.func, ast.Attribute) and name in METHODS:
            base = self.read(call.func.value)
            return isinstance(base, Computed) and is_array(base.value)
        return self._takes_out(call)

    def _takes_out(self, call: ast.Call) -> bool:
        """Whether it is a ufunc that is given an array to write into after what it computes with."""
        fn = self.read(call.func) if isinstance(call.func, (ast.Attribute, ast.Name)) and len(call.args) > 1 else None
        obj = fn.obj if isinstance(fn, Static) else None
        return isinstance(obj, np.ufunc) and len(call.args) > obj.nin

    # ---- what is changed, and to what

    def array(self, term: Term, at: ast.AST) -> Value:
        """The array that is changed."""
        if isinstance(term, Sequence) and len(term.items) == 1:
            [term] = term.items
        if not isinstance(term, Computed) or not is_array(term.value):
            raise self.error("what is changed in place here is not known to be an array of the function's own", at)
        return self.now(term.value)

    def overwrite(self, base: Value, new: Value, at: ast.AST) -> None:
        """Let `new` be all that an array holds."""
        same = self.graph.facts.same_shape(base.type.shape, new.type.shape) and base.type.kind == new.type.kind
        if same and new.node is not None and new.type.ndim is not None:
            self.write(base, new, at)
        else:
            self.put(base, self.graph.const(Ellipsis), new, at)

    def made(self, fn: Any, *args: Any, **options: Any) -> Value:
        """The output of a call of a NumPy function on values."""
        inputs, options = OPERATIONS[fn].bind(args, options)
        return self.graph.add(OPERATIONS[fn], inputs, options).out

    def _into(self, callee: Term, args: list[Term], kwargs: dict[str, Term], node: ast.Call) -> Term:
        """`f(..., out=a)`."""
        base = self.array(self.one_array(kwargs.pop("out")), node)
        where = kwargs.pop("where", None)
        tree = ast.Call(callee.ast, [t.ast for t in args], [ast.keyword(k, t.ast) for k, t in kwargs.items()])
        new = self.value(self.call_known(callee, args, kwargs, tree, node))
        base = self.now(base)
        if where is not None:
            new = self.made(np.where, self.value(where), new, base)
        self.overwrite(base, self.like(base, new, node), node)
        base = self.now(base)
        return Computed(Ref(base), base)

    def call_known(
        self, callee: Term, args: list[Term], kwargs: dict[str, Term], tree: ast.expr, node: ast.Call
    ) -> Term:
        """What a call gives, its arguments being read."""
        raise NotImplementedError

    def _added_at(self, ufunc: Any, args: list[Term], node: ast.Call) -> Term:
        """`np.add.at(a, index, v)`."""
        base, key = self.array(args[0], node), self.key(args[1])
        if ufunc not in (np.add, np.subtract) or len(args) != 3:
            name = f"np.{ufunc.__name__}.at"
            raise self.error(f"`{name}` is not followed", node, "write `a[index] = ...` where no index repeats")
        new = self.written_into(base, args[2])
        self.put(base, key, new if ufunc is np.add else self.made(np.negative, new), node, "increment")
        return NOTHING


def is_array(v: Value) -> bool:
    """Whether a value is an array, as far as is known, and no list or other object."""
    return v.type.kind != "object" and not v.type.sequence and v.type.ndim != 0


Change = Callable[[Any, list[Term], dict[str, Term], ast.Call], Term]


def _argument(args: list[Term], kwargs: dict[str, Term], place: int, name: str) -> Term | None:
    return args[place] if len(args) > place else kwargs.get(name)


def _known(term: Term | None, default: Any) -> Any:
    return term.obj if isinstance(term, Static) else default


def _sort(p: Any, args: list[Term], kwargs: dict[str, Term], node: ast.Call) -> Term:
    base = p.array(args[0], node)
    p.overwrite(base, p.made(np.sort, base, axis=_known(_argument(args, kwargs, 1, "axis"), -1)), node)
    return NOTHING


def _partition(p: Any, args: list[Term], kwargs: dict[str, Term], node: ast.Call) -> Term:
    base, kth = p.array(args[0], node), _known(_argument(args, kwargs, 1, "kth"), None)
    if kth is None:
        raise p.error("the place of a partition must be known", node)
    p.overwrite(base, p.made(np.partition, base, kth, axis=_known(_argument(args, kwargs, 2, "axis"), -1)), node)
    return NOTHING


def _fill(p: Any, args: list[Term], kwargs: dict[str, Term], node: ast.Call) -> Term:
    base, value = p.array(args[0], node), _argument(args, kwargs, 1, "value")
    p.put(base, p.graph.const(Ellipsis), p.value(value), node)
    return NOTHING


def _copyto(p: Any, args: list[Term], kwargs: dict[str, Term], node: ast.Call) -> Term:
    base = p.array(_argument(args, kwargs, 0, "dst"), node)
    new = p.written_into(base, _argument(args, kwargs, 1, "src"))
    where = _argument(args, kwargs, 3, "where")
    if where is None or _known(where, False) is True:
        p.put(base, p.graph.const(Ellipsis), new, node)
    else:
        p.overwrite(base, p.made(np.where, p.value(where), new, base), node)
    return NOTHING


def _put(p: Any, args: list[Term], kwargs: dict[str, Term], node: ast.Call) -> Term:
    """`np.put(a, index, v)`, by the place of each element in the flat array."""
    base, mode = p.array(_argument(args, kwargs, 0, "a"), node), _argument(args, kwargs, 3, "mode")
    key = p.key(_argument(args, kwargs, 1, "ind"))
    new = p.written_into(base, _argument(args, kwargs, 2, "v"))
    fits = new.type.scalar or p.graph.facts.same_shape(new.type.shape, key.type.shape)
    if _known(mode, "raise") != "raise" or not fits:
        raise p.error("`put` is followed for one value, or as many as there are places", node, "write `a[index] = v`")
    p.put_flat(base, key, new, node)
    return NOTHING


def _masked(p: Any, args: list[Term], kwargs: dict[str, Term], node: ast.Call) -> Term:
    """`np.putmask(a, mask, v)`, `np.place(a, mask, v)` of one value."""
    base = p.array(args[0], node)
    mask, new = p.value(args[1]), p.written_into(base, args[2])
    if mask.type.kind != "bool":  # integers would be indices
        mask = p.made(np.not_equal, mask, 0)
    if not new.type.scalar:
        raise p.error("this is followed for one value", node, "write `a[mask] = v`")
    p.put(base, mask, new, node)
    return NOTHING


def _fill_diagonal(p: Any, args: list[Term], kwargs: dict[str, Term], node: ast.Call) -> Term:
    base = p.array(args[0], node)
    new = p.written_into(base, _argument(args, kwargs, 1, "val"))
    if base.type.ndim != 2 or _known(_argument(args, kwargs, 2, "wrap"), False) is not False:
        raise p.error("`fill_diagonal` is followed for matrices", node, "declare the shapes")
    rows, columns = base.type.shape
    sizes = PRIMITIVES["shape"]
    count = p.graph.add(PRIMITIVES["getitem"], [p.graph.add(sizes, [base]).out, 0]).out
    if not p.graph.facts.same(rows, columns):
        other = p.graph.add(PRIMITIVES["getitem"], [p.graph.add(sizes, [base]).out, 1]).out
        count = p.made(np.minimum, count, other)
    places = p.made(np.arange, count)
    p.put(base, p.graph.add(PRIMITIVES["tuple"], [places, places]).out, new, node)
    return NOTHING


METHODS: dict[str, Change] = {"sort": _sort, "fill": _fill, "partition": _partition, "put": _put}
"""Methods of arrays that change them."""
FUNCTIONS: dict[str, Change] = {
    "copyto": _copyto, "put": _put, "putmask": _masked, "place": _masked, "fill_diagonal": _fill_diagonal,
}  # fmt: skip
"""Functions of NumPy's that change their first argument."""
