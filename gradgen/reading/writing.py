"""Reading what writes into arrays: `a[i] = v`, `a[i] += v`, `a.sort()`, `np.fill_diagonal(a, v)`, `out=`."""

from __future__ import annotations

import ast

import numpy as np

from ..graph import CONST, OPERATIONS, PRIMITIVES, Value
from ..rules.indices import has_no_repeats
from ..syntax import numpy_path
from ..terms import Computed, Ref, Sequence, Static, Term, sequence, written_out
from .arithmetic import Arithmetic
from .cells import is_fresh
from .looks import lacking
from .making import Making


class Writing(Making, Arithmetic):
    """The part of a `Program` that reads statements which write into an array."""

    def one_array(self, term: Term, word: str = "") -> Term:
        """A term that several names are bound to: all of them show one array. word: what it may be called.

        It has a name, since without one it would be another array in each sub-graph.
        """
        if is_fresh(term):
            made = self.graph.add(CONST, [], {"value": term.obj})  # type: ignore[attr-defined]
            made.ast, made.out.hint = term.ast, self.called(word or "array")
            return Computed(Ref(made.out), made.out)
        if isinstance(term, Static) and isinstance(term.obj, tuple):
            known = written_out(term)
            if known is not None and any(map(is_fresh, known)):
                term = sequence(tuple, known)
        if isinstance(term, Sequence) and issubclass(term.kind, tuple):
            items = [self.one_array(item) for item in term.items]
            same = all(a is b for a, b in zip(items, term.items, strict=True))
            return term if same else sequence(term.kind, items, term.keys)
        return term

    def place_of(self, node: ast.Subscript) -> tuple[Value, Value] | None:
        """The array and the index of `a[i]`, which is written; None where `a` is no array."""
        base = self.read(node.value)
        if isinstance(base, Static) and isinstance(base.obj, np.ndarray) and isinstance(base.ast, ast.Name):
            name = base.ast.id
            raise self.error(f"`{name}` comes from outside of the function, and is written here", node, "copy it first")
        if not isinstance(base, Computed) or base.value.type.kind == "object" or _is_list(base.value):
            return None
        cls = lacking(self, base, "__setitem__")
        if cls is not None:
            error = TypeError(f"'{cls.__name__}' object does not support item assignment")
            raise self.error(str(error), node) from error
        return base.value, self.key(self._index(node.slice))

    def key(self, index: Term) -> Value:
        """An index as a value; a list means the array that it makes."""
        if isinstance(index, Static) and isinstance(index.obj, list):
            return self.graph.const(np.array(index.obj, dtype=None if index.obj else int), index.ast)
        return self.value(index)

    def store(self, node: ast.Subscript, term: Term) -> bool:
        """`a[i] = term`; False where `a` is no array and no container."""
        if self.put_item(node, term):
            return True
        if isinstance(node.value, ast.Attribute) and node.value.attr == "flat":
            base_term = self.read(node.value.value)
            if isinstance(base_term, Computed) and base_term.value.type.ndim:
                value = self.written_into(base_term.value, term)
                self.put_flat(self.now(base_term.value), self.key(self._index(node.slice)), value, node)
                return True
        found = self.place_of(node)
        if found is None:
            return False
        base, key = found
        self.put(base, key, self.written_into(base, term), node)
        return True

    def increase(self, node: ast.AugAssign) -> bool:
        """`a[i] += v` and the like; False where `a` is no array."""
        assert isinstance(node.target, ast.Subscript)
        found = self.place_of(node.target)
        if found is None:
            return False
        base, key = found
        if isinstance(node.op, (ast.Add, ast.Sub)):
            value = self.written_into(base, self.read(node.value))
            if isinstance(node.op, ast.Sub):
                value = self.graph.add(OPERATIONS[np.negative], [value]).out
            self.put(self.now(base), key, value, node, "increment" if has_no_repeats(key.const) else "augment")
            return True
        part = self.graph.add(PRIMITIVES["getitem"], [base, key])
        old = self.written(part, ast.Subscript(Ref(base), Ref(key), ast.Load()))
        new = self.binary(ast.BinOp(node.target, node.op, node.value), old, self.read(node.value))
        self.put(self.now(base), key, self.value(new), node)
        return True

    def put_flat(self, base: Value, key: Value, new: Value, at: ast.AST) -> None:
        """`base.flat[key] = new`."""
        if base.type.ndim == 1:
            return self.put(base, key, new, at)
        flat = self.graph.add(OPERATIONS[np.reshape], [base, -1], {"order": "C", "copy": None}).out
        filled = self.graph.add(PRIMITIVES["setitem"], [flat, key, new]).out
        sizes = self.graph.add(PRIMITIVES["shape"], [base]).out
        whole = self.graph.add(OPERATIONS[np.reshape], [filled, sizes], {"order": "C", "copy": None}).out
        return self.write(base, whole, at)

    def written_into(self, base: Value, term: Term) -> Value:
        """A value that is written into an array; a tuple or list is the array that it makes."""
        if isinstance(term, Sequence):
            term = self.apply(OPERATIONS[np.array], [term], {}, ast.Call(numpy_path("array"), [term.ast], []), term.ast)
        return self.value(term)

    def like(self, base: Value, new: Value, at: ast.AST) -> Value:
        """What replaces all of an array: it must fit."""
        if base.type.kind in ("int", "bool") and new.type.kind in ("float", "complex"):
            raise self.error("an array of integers cannot hold the result", at, "make it an array of floats first")
        if base.type.kind in ("int", "bool") and new.type.kind == "number":
            self.replaced[new] = base
        if new.node is not None and new.type.ndim is None and base.type.ndim:
            new.type = new.type.but(shape=base.type.shape)  # NumPy sees to it
        return new


def _is_list(v: Value) -> bool:
    return isinstance(v.const, (list, tuple, dict, str))
