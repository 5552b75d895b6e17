"""Calls: of NumPy's functions and methods, of the user's own functions, and of all else, which is passed on."""

from __future__ import annotations

import ast
import copy
import dataclasses
import functools
import math
import operator
import types
import typing
import warnings
from typing import Any

import numpy as np

from ..buffers import is_plain
from ..constants import const_type, has_attributes
from ..decorated import handed_on
from ..errors import GradgenWarning
from ..graph import OPAQUE, OPERATIONS, PRIMITIVES, Node
from ..library import among, is_library, is_namespace, is_scipy, parameters_of
from ..rules.lists import JOINING, item_type, joined_by
from ..rules.registry import CURVES, REFUSED, refusal
from ..shapes import ShapeVar, Type
from ..source import Function, function_source, unwrap
from ..syntax import literal, numpy_path
from ..terms import Bound, Closure, Computed, Instance, Method, Partial, Ref, Sequence, Static, Term, sequence
from ..travelling import snippet_behind
from . import callbacks, methods, ufuncs
from .access import may_grow
from .changing import Changing
from .decide import VALUES, is_reading, truth
from .looks import LOOKERS, classes, known_object, told
from .opaque import PURE
from .special import counted, refuse_object

LRU_CACHE = type(functools.lru_cache(len))
SIZES = {np.shape: "shape", np.size: "size", np.ndim: "ndim"}
"""Functions that look at a value's shape, and the operation that each is."""


USES_UP = (sum, max, min, list, tuple, any, all, dict, math.fsum, math.prod)
"""Functions that go through their argument at once."""
USED_UP: dict[Any, tuple[int, ...]] = {functools.reduce: (1,), np.fromiter: (0,)}
"""Others, and which of their arguments it is."""
READ_WHOLE = (max, min, sorted, next)
"""Functions of which it matters how their arguments are written."""


AS_OPERATORS = {
    operator.add: ast.Add, operator.sub: ast.Sub, operator.mul: ast.Mult, operator.truediv: ast.Div,
    operator.pow: ast.Pow, operator.matmul: ast.MatMult, operator.floordiv: ast.FloorDiv, operator.mod: ast.Mod,
}  # fmt: skip
"""Functions that are operators."""
OF_LISTS = (*JOINING, math.fsum, math.prod)
"""Functions that take a sequence of inputs."""


class Invoking(Changing):
    """The part of a `Program` that reads calls."""

    def call(self, node: ast.Call) -> Term:
        """What a call gives."""
        if _is_conditional_sum(node):
            summed = self.read(node.func)
            if isinstance(summed, Static) and summed.obj is sum:
                return self.added_up(node)
        callee = self.attribute(node.func) if isinstance(node.func, ast.Attribute) else self.read(node.func)
        if isinstance(callee, Static) and among(callee.obj, READ_WHOLE):
            made = self.read_whole(callee.obj, node)
            if made is not None:
                return made
        if any(k.arg is None for k in node.keywords) or any(isinstance(a, ast.Starred) for a in node.args):
            expanded = self._expand(node)
            if expanded is None:
                return self.opaque_expression(node)
            args, kwargs = expanded
        else:
            fn: Any = callee.obj if isinstance(callee, Static) else None
            used_up = range(len(node.args)) if among(fn, USES_UP) else USED_UP[fn] if among(fn, USED_UP) else ()
            args = [self.used_up(a) if i in used_up else self.read(a) for i, a in enumerate(node.args)]
            args = list(map(self.by_reference, args))
            kwargs = {k.arg: self.by_reference(self.read(k.value)) for k in node.keywords}  # type: ignore[misc]
        tree = ast.Call(callee.ast, [t.ast for t in args], [ast.keyword(k, t.ast) for k, t in kwargs.items()])
        if any(isinstance(t, Computed) for t in (*args, *kwargs.values())) or isinstance(callee, Method):
            changed = self.change(callee, args, kwargs, node)
            if changed is not None:
                return changed
        return self.call_known(callee, args, kwargs, tree, node)

    def call_known(self, callee: Term, args: list[Term], kwargs: dict[str, Term], tree: Any, node: ast.Call) -> Term:
        """What a call gives, its arguments being read."""
        if isinstance(callee, Partial):
            args, kwargs = [*callee.args, *args], {**callee.kwargs, **kwargs}
            tree = ast.Call(callee.fn.ast, [t.ast for t in args], [ast.keyword(k, t.ast) for k, t in kwargs.items()])
            return self.call_known(callee.fn, args, kwargs, tree, node)
        if isinstance(callee, Closure):
            return self._follow_closure(callee, args, kwargs, node)
        if isinstance(callee, Instance) and callable(callee.cls) or isinstance(callee, Sequence):
            called = ast.copy_location(ast.Attribute(node.func, "__call__", ast.Load()), node.func)
            callee = self.member(callee, called)
        if isinstance(callee, Bound):
            return self.call_bound(callee, args, kwargs, tree, node)
        if isinstance(callee, Method):
            return self._call_method(callee, args, kwargs, tree, node)
        if not isinstance(callee, Static):
            return self.opaque_term(tree, node, effect=True)
        return self._call_static(callee, args, kwargs, tree, node)

    def used_up(self, node: ast.expr) -> Term:
        """What something goes through at once: an iterator is as good as a list there."""
        raise NotImplementedError

    def read_whole(self, fn: Any, node: ast.Call) -> Term | None:
        """A call of one of `READ_WHOLE`; None where it is to be read like any other call."""
        raise NotImplementedError

    def function_of(self, callee: Term) -> Function | None:
        """The function with source that a call runs; None where there is none."""
        if isinstance(callee, Closure):
            file, scope = callee.frame.function.file, callee.frame.globals
            return Function(None, callee.node, file, scope, callee.defaults)
        fn = callee.fn if isinstance(callee, Bound) else unwrap(callee.obj) if isinstance(callee, Static) else None
        return function_source(fn) if isinstance(fn, types.FunctionType) and not is_library(fn) else None

    def folded(self, node: ast.Call, args: list[Term]) -> Term:
        """`functools.reduce(f, ...)`."""
        raise NotImplementedError

    def added_up(self, node: ast.Call) -> Term:
        """`sum(...)` of a comprehension with conditions or several loops."""
        raise NotImplementedError

    def _expand(self, node: ast.Call) -> tuple[list[Term], dict[str, Term]] | None:
        """The arguments of a call with stars, one by one; None where they are not known so."""
        args: list[Term] = []
        for a in node.args:
            term = self.read(a.value if isinstance(a, ast.Starred) else a)
            if not isinstance(a, ast.Starred):
                args.append(term)
            elif isinstance(term, Sequence):
                refuse_object(self, term, node)
                args += term.items
            elif isinstance(term, Static) and isinstance(term.obj, (tuple, list)):
                args += self.known_items(term)
            elif isinstance(term, Computed) and term.value.type.items is not None:
                args += self.unpacked(term.value, len(term.value.type.items), node)
            else:
                return None
        kwargs: dict[str, Term] = {}
        for k in node.keywords:
            if k.arg is not None:
                kwargs[k.arg] = self.read(k.value)
                continue
            term = self.read(k.value)
            self.refuse_loose(term, node)
            items = self._named_items(term)
            if items is None:
                return None
            kwargs |= items
        return args, kwargs

    def _named_items(self, term: Term) -> dict[str, Term] | None:
        """What is in a dictionary that is handed on with two stars; None where that is not known one by one."""
        if isinstance(term, Static) and isinstance(term.obj, dict):
            items: list[Term] = []
            for key, x in term.obj.items():
                at = ast.Subscript(term.ast, ast.Constant(key), ast.Load())
                items.append(self.known_item(x, at))
            return dict(zip(term.obj, items, strict=True)) if all(isinstance(key, str) for key in term.obj) else None
        if isinstance(term, Sequence) and term.kind is dict and all(isinstance(key, str) for key in term.keys):
            return dict(zip(term.keys, term.items, strict=True))
        return None

    def _call_static(
        self, callee: Static, args: list[Term], kwargs: dict[str, Term], tree: Any, node: ast.Call
    ) -> Term:
        """A call of a function, or of another object, that is known."""
        fn = self._plain_function(callee.obj, args, kwargs)
        snippet = snippet_behind(fn) if isinstance(fn, types.FunctionType) else None
        if snippet is not None:
            term = self.apply(snippet, args, kwargs, tree, node)
            self.value(term).node.ast = None  # type: ignore[union-attr]
            return term
        if type(fn) is LRU_CACHE:
            fn = fn.__wrapped__  # what a function remembers is what it would compute
        terms = [*args, *kwargs.values()]
        copied = self._copied(fn, args, kwargs, tree, node)
        if copied is not None:
            return copied
        made_plain = callbacks.called(self, fn, callee, args, kwargs, tree, node)
        if made_plain is not None:
            return made_plain
        if fn is functools.partial and args:
            return Partial(tree, args[0], args[1:], kwargs)
        if type(fn) in CURVES:
            curve = self.by_reference(callee)
            if len(terms) == len(args) == 1 and is_of_numbers(fn):
                return self.apply(PRIMITIVES["curve_at"], [curve, *args], {}, ast.Call(curve.ast, tree.args, []), node)
            return self._passed_as_it_is(callee, fn, terms, tree, node)
        if names := parameters_of(fn):  # a distribution that holds its parameters
            return Partial(tree, callee, [], dict(zip(names, args, strict=False)) | kwargs)
        if fn is functools.reduce and len(args) in (2, 3) and not kwargs:
            return self.or_else(lambda: self.folded(node, args), lambda: self.opaque_term(tree, node))  # type: ignore[no-any-return]
        if among(fn, AS_OPERATORS) and len(args) == 2 and not kwargs:
            return self.binary(ast.copy_location(ast.BinOp(node, AS_OPERATORS[fn](), node), node), *args)
        if fn is divmod and len(args) == 2 and any(isinstance(t, Computed) for t in args):
            ops = (ast.FloorDiv(), ast.Mod())
            return sequence(tuple, [self.binary(ast.BinOp(node, op, node), *args) for op in ops])
        if fn is slice and 1 <= len(args) <= 3 and any(isinstance(t, Computed) for t in args) and not kwargs:
            return self._slice(args, tree)
        if fn is np.apply_along_axis and len(args) >= 3 and isinstance(args[2], Computed):
            if args[2].value.type.ndim == 1:  # there is one vector only
                call = ast.Call(args[0].ast, [t.ast for t in args[2:]], tree.keywords)
                inner = self.call_known(args[0], args[2:], kwargs, call, node)
                array = ast.Call(numpy_path("array"), [inner.ast], [])
                return self.apply(OPERATIONS[np.array], [inner], {}, array, node)
        if fn is np.fromiter and len(args) == 2 and not kwargs:
            return self.apply(OPERATIONS[np.array], [args[0]], {"dtype": args[1]}, tree, node)
        if fn is np.where and len(terms) == 1:
            return self.opaque_term(tree, node)  # np.nonzero, by another name
        if fn in (tuple, list) and len(terms) == len(args) == 1 and isinstance(args[0], Computed):
            made = self.as_list_of(fn, args[0], tree, node)
            if made is not None:
                return made
        if args and isinstance(args[0], Computed) and args[0].value.type.of is not None:
            if fn is len and may_grow(args[0].value):
                length = self.length_of_list(args[0].value)
                return Computed(Ref(length), length)
            if among(fn, OF_LISTS):
                return self._of_list(fn, args[0], args[1:], kwargs, tree, node)
        if is_namespace(fn) and not any(map(self._is_foreign, args)):
            return self._namespace(fn(np.empty(0)))
        known = told(self, fn, args) if among(fn, LOOKERS) and not kwargs else None
        if known is not None:
            return truth(known)
        if fn is typing.cast and len(args) == 2:
            return args[1]
        if fn is type and len(terms) == 1 and len(found := classes(self, args[0]) or ()) == 1:
            return self.static(found[0], ast.Name(found[0].__name__, ast.Load()))
        if fn is setattr and len(args) == 3 and isinstance(args[1], Static):
            made = self.set_attribute(args[0], args[1].obj, args[2], node)
            if made is not None:
                return made
        if fn is dataclasses.replace and len(args) == 1:
            made = self.with_fields(args[0], kwargs, node)
            if made is not None:
                return made
        if fn is getattr and (made := self._attribute_called(args, node)) is not None:
            return made
        if among(fn, OPERATIONS):
            builtin = fn in (abs, float, int, bool, round, len, pow, sum, min, max)
            if builtin and any(isinstance(t, Sequence) for t in terms):
                return self._sequence_call(fn, args, kwargs, tree, node)
            if isinstance(fn, np.ufunc) and kwargs:
                args, kwargs, tree = ufuncs.plain(self, args, kwargs, tree, node)
            return self.apply(OPERATIONS[fn], args, kwargs, tree, node)
        if among(fn, SIZES) and len(args) == 1 and not kwargs and isinstance(args[0], Computed):
            return self.apply(PRIMITIVES[SIZES[fn]], args, {}, tree, node)
        if is_reading(fn) and all(isinstance(t, Static) for t in terms):
            return self._as_it_is(fn, args, kwargs, node)
        if among(fn, PURE) and all(isinstance(t, Static) for t in terms):
            return self.evaluate(fn, args, kwargs, tree, node)
        if fn is len and len(args) == 1 and isinstance(args[0], Computed):
            return self._length(args[0], tree, node)
        if fn in (len, sum, tuple, list, min, max) and args and isinstance(args[0], Sequence):
            return self._sequence_call(fn, args, kwargs, tree, node)
        if fn.__class__ is types.FunctionType and (fn.__module__ or "").startswith("gradgen.api"):
            name = ast.unparse(node.func)
            advice = f"call it outside, as in `dg = {name}(g)`, and use `dg` here"
            raise self.error(f"`{name}` is called within the function", node, advice)
        if isinstance(fn, types.MethodType) and isinstance(fn.__func__, types.FunctionType) and not is_library(fn):
            owner = Static(tree.func.value if isinstance(tree.func, ast.Attribute) else tree.func, fn.__self__)
            return self.call_bound(Bound(tree.func, fn.__func__, owner), args, kwargs, tree, node)
        called = callable(fn) and has_attributes(fn) and isinstance(type(fn).__call__, types.FunctionType)
        if called and refusal(fn) is None:
            return self.call_bound(Bound(tree.func, type(fn).__call__, callee), args, kwargs, tree, node)
        if isinstance(fn, type):

            def pass_on() -> Term:
                return self._passed_as_it_is(callee, fn, args, tree, node)

            made = self.or_else(lambda: self.constructed(fn, args, kwargs, node) or pass_on(), pass_on)
            return made  # type: ignore[no-any-return]
        if isinstance(fn, types.FunctionType) and self._is_followed(fn, terms):
            return self._followed_or_passed_on(callee, fn, args, kwargs, tree, node)
        return self._passed_as_it_is(callee, fn, terms, tree, node)

    def _passed_as_it_is(self, callee: Static, fn: Any, terms: list[Term], tree: Any, node: ast.Call) -> Term:
        """A call of what is not looked into."""
        if (why := refusal(fn)) is not None and any(map(is_of_statements, terms)):
            said = f"gradgen knows no derivative of `{ast.unparse(node.func)}`: {why[0]}"
            raise self.error(said, node, why[1])
        tree.func = self.by_reference(callee).ast
        pure = among(fn, PURE) or isinstance(fn, type) and issubclass(fn, BaseException)
        made = self.opaque_term(tree, node, Type("bool", ()) if among(fn, LOOKERS) else None, effect=not pure)
        if isinstance(fn, type) and not issubclass(fn, (np.ndarray, np.generic)):
            self.stand_ins[made.value] = f"a {fn.__name__} is written here, and what it holds is not known"
        return made

    def as_list_of(self, fn: Any, base: Computed, tree: ast.expr, node: ast.expr) -> Term | None:
        """`list(x)`, `tuple(x)` of an array or a list; None where it is not known to be one."""
        t = base.value.type
        if t.items is not None:
            return sequence(fn, self.unpacked(base.value, len(t.items), node))
        if t.of is None and (t.kind == "object" or t.ndim == 0):
            return None
        made = base.value.node
        if fn is list and t.of is not None and t.form is None and made is not None and made.subgraphs:
            if not base.value.hint:  # a list that nobody else has
                return base
        copied = self.apply(PRIMITIVES[f"as_{fn.__name__}"], [base], {}, tree, node)
        return self.made_of(copied) if fn is list else copied

    def _slice(self, args: list[Term], tree: Any) -> Term:
        """`slice(...)`, which is known for one where it is an index."""
        none = Static(ast.Constant(None), None)
        parts = [none, *args] if len(args) == 1 else args
        return self.written(self.graph.add(PRIMITIVES["slice"], [self.value(t) for t in [*parts, none][:3]]), tree)

    def _plain_function(self, obj: Any, args: list[Term], kwargs: dict[str, Term]) -> Any:
        """The function behind a wrapper of gradgen's: of a gradient, the one for arguments of such types."""
        made_for = getattr(obj, "__gradgen_primal_for__", None)
        if made_for is None or not all(isinstance(t, (Static, Computed)) for t in (*args, *kwargs.values())):
            return unwrap(obj)
        return made_for([self._type(t) for t in args], {name: self._type(t) for name, t in kwargs.items()})

    def _type(self, term: Term) -> Type:
        return const_type(term.obj) if isinstance(term, Static) else self.value(term).type

    def _copied(self, fn: Any, args: list[Term], kwargs: dict[str, Term], tree: Any, node: ast.Call) -> Term | None:
        """What `dict(...)`, `list(...)` and the like make of containers that are known; None for all else."""
        if fn is list and not args and not kwargs:
            return self.made_here(Static(ast.List([], ast.Load()), []))
        if fn is dict:
            found = self.entries(args, kwargs, node)
            return sequence(dict, list(map(self.one_array, found.values())), tuple(found))
        if len(args) != 1 or kwargs:
            return None
        [base] = args
        if fn in (copy.copy, copy.deepcopy, len, list, tuple, sum, any, all, sorted, min, max):
            self.refuse_loose(base, node)
        kind = base.kind if isinstance(base, Sequence) else type(getattr(base, "obj", None))
        if fn is copy.copy and isinstance(base, Sequence):
            return sequence(kind, base.items, base.keys)
        if fn is copy.deepcopy and isinstance(base, Sequence):
            return self._deep_copy(base, node)
        if fn is list and isinstance(base, Static) and kind in (tuple, list, dict, range):
            return self.made_here(Static(tree, list(base.obj)))
        if fn is list and isinstance(base, Sequence) and kind in (tuple, list, dict):
            return sequence(list, self.listed(base, node))
        return None

    def _deep_copy(self, term: Term, node: ast.Call) -> Term:
        """`copy.deepcopy` of containers of values."""
        if isinstance(term, Sequence):
            return sequence(term.kind, [self._deep_copy(item, node) for item in term.items], term.keys)
        if isinstance(term, Computed) and not is_plain(term.value):
            tree = ast.Call(numpy_path("copy"), [term.ast], [])
            return self.apply(OPERATIONS[np.copy], [term], {}, tree, node)
        return term

    def _is_followed(self, fn: Any, args: list[Term]) -> bool:
        """Whether a function's source is read: the user's own; SciPy's where a derivative may go through it.

        What is refused by name is not: there is a reason.
        """
        if not is_library(fn):
            return True
        if not is_scipy(fn) or among(fn, REFUSED):
            return False
        varies = any(isinstance(t, Closure) or self.may_vary(t) for t in args)
        return self.patience is not None or is_scipy(self.frame.function.fn) or varies

    def _is_foreign(self, term: Term) -> bool:
        """Whether a term may be an array of another library's."""
        return classes(self, term) is None and not isinstance(term, Computed)

    def _namespace(self, found: Any) -> Term:
        """What a function of `NAMESPACES` gave, NumPy itself in the place of what wraps it."""
        if isinstance(found, tuple):
            return sequence(tuple, [self._namespace(item) for item in found])
        return self.static(np if isinstance(found, types.ModuleType) else found, ast.Constant(found))

    def _followed_or_passed_on(
        self, callee: Static, fn: Any, args: list[Term], kwargs: dict[str, Term], tree: Any, node: ast.Call
    ) -> Term:
        """A call of a function with source. Where it cannot be followed, it may still be one without a derivative."""

        def pass_on() -> Term:
            tree.func = self.by_reference(callee).ast
            return self.passed_on(fn, tree, node)

        def follow() -> Term:
            return self.follow(function_source(fn), args, kwargs, node)

        def follow_strictly() -> Term:
            count, made = len(self.graph.nodes), follow()
            self._refuse_unknown_effects(self.graph.nodes[count:])
            return made

        inner = handed_on(fn)

        def look_through() -> Term:
            what = f"`{inner.__qualname__}` is called past its decorator, which hands its arguments on"
            warnings.warn(f"{what}: what it checks or notes is left out", GradgenWarning, stacklevel=2)
            return self._call_static(Static(callee.ast, inner), args, kwargs, tree, node)

        read = follow if inner is None else lambda: self.or_else(follow_strictly, look_through)
        made: Term = self.or_else(read, pass_on)
        return made

    def _refuse_unknown_effects(self, nodes: list[Node]) -> None:
        """Raise UnsupportedError where code that is passed on, and may do anything, is given what may vary."""
        for made in nodes:
            unknown = made.op is OPAQUE and made.effect and not made.options["reads"]
            if unknown and any(self.may_vary(Computed(Ref(v), v)) for v in made.inputs):
                raise made.options["unknown"]
            for graph in made.subgraphs:
                self._refuse_unknown_effects(graph.nodes)

    def _attribute_called(self, args: list[Term], node: ast.Call) -> Term | None:
        """`getattr(x, "name")`, with a default or without; None where it is not known whether there is such a one."""
        name = known_object(args[1]) if len(args) > 1 else None
        if not isinstance(name, str):
            return None
        has = told(self, hasattr, args[:2])
        if has is False and len(args) > 2:
            return args[2]
        named = ast.copy_location(ast.Attribute(node.args[0], name, ast.Load()), node)
        return self.attribute_of(args[0], named) if has else None

    def _as_it_is(self, fn: Any, args: list[Term], kwargs: dict[str, Term], node: ast.Call) -> Term:
        """What a method of a built-in object answers that merely reads it. The object may change between two calls of
        the gradient, and is asked again then."""
        given, named = [t.obj for t in args], {k: t.obj for k, t in kwargs.items()}  # type: ignore[attr-defined]
        try:
            obj = fn(*given, **named)
        except Exception as error:
            raise self.error(f"{type(error).__name__}: {error}".rstrip(), node) from error
        tree = literal(obj)
        if type(fn.__self__) in VALUES and tree is not None:
            return Static(tree, obj)
        words = [fn.__name__, *(x for x in given if isinstance(x, str) and x.isidentifier())]
        return self.from_outside(ast.unparse(node), lambda: fn(*given, **named), obj, ast.Name(words[-1], ast.Load()))

    def _of_list(
        self, fn: Any, base: Computed, args: list[Term], kwargs: dict[str, Term], tree: ast.expr, node: ast.Call
    ) -> Term:
        """A function that takes a sequence of inputs, called with a list whose items are not known one by one."""
        if fn in (math.fsum, math.prod):
            return self.apply(PRIMITIVES[fn.__name__], [base, *args], kwargs, tree, node)
        first = args[0] if args else kwargs.get("axis", Static(ast.Constant(0), 0))
        rank = item_type(self.graph.facts, base.value).ndim
        found = joined_by(fn, rank, first.obj) if isinstance(first, Static) and isinstance(first.obj, int) else None
        if found is None or kwargs.keys() - {"axis", "dtype"} or len(args) > 1:
            what = f"what `{ast.unparse(node.func)}` makes of this list cannot be followed"
            raise self.error(what, node, "declare the shapes, or use np.stack or np.concatenate along a known axis")
        op, axis = found
        options: dict[str, Term] = {"axis": Static(ast.Constant(axis), axis), **kwargs}
        return self.apply(PRIMITIVES[op], [base], options, tree, node)

    def _call_method(
        self, callee: Method, args: list[Term], kwargs: dict[str, Term], tree: Any, node: ast.Call
    ) -> Term:
        """A call of a method of a value."""
        if callee.value.type.kind != "object":
            base = Computed(Ref(callee.value), callee.value)
            made = methods.called(self, callee.name, base, args, kwargs, tree, node)
            if made is not None:
                return made
        return self.opaque_term(tree, node, effect=True)

    def _follow_closure(self, callee: Closure, args: Any, kwargs: Any, node: ast.Call) -> Term:
        """A call of a function that is defined inside the one that is read."""
        return self.follow(self.function_of(callee), args, kwargs, node, callee.frame)  # type: ignore[arg-type]

    def _length(self, base: Computed, tree: ast.expr, node: ast.AST) -> Term:
        """`len` of a value, the size of its first dimension."""
        t = base.value.type
        size = None if isinstance(t.shape, ShapeVar) or not t.shape else t.shape[0]
        return self.opaque_term(tree, node, Type("int", (), size=size))

    def _sequence_call(self, fn: Any, args: list[Term], kwargs: Any, tree: ast.expr, node: ast.Call) -> Term:
        """A builtin on a tuple or list whose items are known one by one."""
        first = args[0]
        if fn is len and (made := counted(self, first, tree, node)) is not None:
            return made
        for term in args:
            refuse_object(self, term, node)
        if isinstance(first, Sequence) and len(args) == 1 and not kwargs:
            if fn is len:
                return Static(ast.Constant(len(first.items)), len(first.items))
            if fn in (tuple, list):
                return sequence(fn, first.items)
            if fn is sum and first.items:
                begin: list[Term] = [] if len(first.items) > 1 else [Static(ast.Constant(0), 0)]  # an array of its own
                total, *rest = [*begin, *first.items]
                for item in rest:
                    total = self.binary(ast.BinOp(node, ast.Add(), node), total, item)
                return total
        return self.opaque_term(tree, node)


def _is_conditional_sum(node: ast.Call) -> bool:
    """Whether a call may be a sum over a comprehension with conditions or several loops."""
    if not (isinstance(node.func, ast.Name) and node.func.id == "sum" and len(node.args) in (1, 2)):
        return False
    first = node.args[0]
    if node.keywords or not isinstance(first, (ast.GeneratorExp, ast.ListComp)):
        return False
    return len(first.generators) > 1 or bool(first.generators[0].ifs)


def is_of_statements(term: Term) -> bool:
    """Whether a term is a function that is defined inside by `def`, for which a module has no expression."""
    return isinstance(term, Closure) and not isinstance(term.node, ast.Lambda)


def is_of_numbers(curve: Any) -> bool:
    """Whether a curve gives a real number at a place, no vector of them."""
    try:
        value = np.asarray(curve(0.0))
    except ValueError:  # which is beyond its ends
        return False
    return value.ndim == 0 and value.dtype.kind == "f"
