"""Reading statements: assignments of every form, and what is passed on as it stands."""

from __future__ import annotations

import ast
import types
from dataclasses import replace
from typing import Any

import numpy as np

from ..buffers import roots
from ..errors import UnsupportedError
from ..graph import CONST, OPAQUE, PRIMITIVES, Graph, Node, Value
from ..library import is_library
from ..shapes import ShapeVar, Type
from ..source import Statement, unwrap
from ..syntax import Hole, fill, literal
from ..terms import (
    Ambiguous,
    Bound,
    Closure,
    Computed,
    Instance,
    Ref,
    Sequence,
    Static,
    Term,
    is_list,
    references,
    sequence,
)
from .cells import is_array, outermost
from .decide import decided, looked_at
from .flow import BROKEN, RETURNED, VALUE, always_leaves
from .looks import lacking
from .refusals import COMPOUND, refuse_earlier, refuse_rebinding
from .special import refuse_object
from .trying import Trying
from .turns import Turns
from .writers import writes_arguments


class Statements(Turns, Trying):
    """The part of a `Program` that reads statements."""

    statements: list[Statement]
    returned: Statement | None
    context: Any
    _graphs: list[Graph]
    _passing: set[str]
    standing: ast.Call | None = None
    """The call that was last read as a statement: what it gives is not used."""

    def enter(self, node: ast.AST) -> None:
        """Begin a statement: what is added to the graph from now on belongs to it."""
        if self.patience is not None:
            self.patience -= 1
            if self.patience < 0:
                raise self.error("this is too much to be read on trial", node)
        file = self.frame.function.file
        call = self.frame.call
        self.statement = Statement(file, node, file.span(node), self._around, call, len(self.statements))
        self.statements.append(self.statement)
        self.graph.origin = self.statement

    def resume(self, statement: Statement) -> None:
        """Go on with a statement after what it calls."""
        whole = statement.whole
        self.statement = replace(statement, index=len(self.statements), begun=whole)
        self.statements.append(self.statement)
        self.graph.origin = self.statement

    def read_statement(self, node: ast.stmt) -> None:
        self.enter(node)
        match node:
            case ast.Assign():
                unpacked = all(isinstance(target, (ast.Tuple, ast.List)) for target in node.targets)
                term = self.used_up(node.value) if unpacked else self._assigned(node)
                if len(node.targets) > 1:
                    first = node.targets[0]
                    term = self.one_array(term, first.id if isinstance(first, ast.Name) else "")
                for target in node.targets:
                    self.assign(target, term)
                [*_, last] = node.targets
                if len(node.targets) == 1 and isinstance(last, ast.Name) and last.id in self.frame.names:
                    self.begin(last.id, node.value, self.frame.names[last.id])
            case ast.AnnAssign(value=ast.expr() as value):
                self.assign(node.target, self.read(value))
            case ast.AnnAssign() | ast.Pass():
                pass
            case ast.Expr() | ast.AugAssign() if self._extends(node):
                pass
            case ast.AugAssign():
                self._augment(node)
            case ast.Return():
                self.returned = self.statement
                if node.value is None and self.frame.alone:
                    self.frame.names[VALUE] = Static(ast.Constant(None), None)
                    self.leave(RETURNED)
                    return
                if node.value is None:
                    name = self.frame.function.name
                    raise self.error(f"{name!r} returns nothing, so that there is nothing to differentiate", node)
                self.frame.names[VALUE] = self.read(node.value)
                self.leave(RETURNED, *([BROKEN] if self.frame.loops else []))
            case ast.Break():
                self.leave(BROKEN)
            case ast.Continue():
                self.leave()
            case ast.Expr(value=ast.Constant()):
                pass
            case ast.Expr(value=ast.Call() as call) if self._may_write(call) or self._is_given_what_varies(call):
                self.standing = call
                self.read(call)
            case ast.Expr():
                self._opaque_statement(node)
            case ast.With():
                self.managed(node)
            case ast.If() if self._binds(node) or self._is_settled(node):
                self.branch(node, node.body, node.orelse)
            case ast.Assert() if self._may_fold() and decided(self, node.test):
                pass
            case ast.For() | ast.While():
                self._loop_or_opaque(node)
            case ast.FunctionDef():
                self.frame.names[node.name] = Closure(
                    ast.Name(node.name, ast.Load()), node, self.frame, self.read_defaults(node)
                )
            case ast.Import() | ast.ImportFrom():
                self._import(node)
            case ast.Delete(targets=targets):
                for target in targets:
                    if isinstance(target, ast.Name) and self.frame.place_of(target.id) is None:
                        self.frame.names.pop(target.id, None)
                    elif not self.drop(target):
                        raise self.error("a delete statement cannot be differentiated", node)
            case ast.Nonlocal():
                if self.frame.outer is None:
                    what = "`nonlocal` is followed where the function around is read as well"
                    raise self.error(what, node, "pass the value and return it")
            case ast.Global():
                raise self.error("`global` cannot be followed", node, "pass the value and return it")
            case ast.Try():
                self.tried(node)
            case ast.Assert() | ast.If() | ast.Raise() | ast.Match():
                self._opaque_statement(node)
            case _:
                raise self.error(f"a {type(node).__name__.lower()} statement cannot be differentiated", node)

    def _binds(self, node: ast.If) -> bool:
        """Whether an `if` gives names to values, or writes; else it is a guard, or says something, and stays as is."""
        kinds = (ast.Name, ast.Subscript, ast.Attribute)
        for part in ast.walk(node):
            if isinstance(part, kinds) and isinstance(part.ctx, (ast.Store, ast.Del)):
                return True
            if isinstance(part, ast.Expr) and isinstance(part.value, ast.Call) and self._may_write(part.value):
                return True
        return False

    def _may_write(self, call: ast.Call) -> bool:
        """Whether a call that stands alone has to be followed; it may never be reached, its names may mean nothing."""
        with self.aside():
            try:
                return self._writes(call)
            except UnsupportedError:
                return False

    def _is_given_what_varies(self, call: ast.Call) -> bool:
        """Whether a call that stands alone is of a function with source which is given what may vary: one that checks
        what it is given, or notes it. Where it cannot be followed it is refused."""
        if not isinstance(call.func, (ast.Name, ast.Attribute)):
            return False
        with self.aside():
            try:
                function = self.function_of(self.read(call.func))
                given = [*call.args, *(k.value for k in call.keywords)]
                return function is not None and any(self.may_vary(self.read(part)) for part in given)
            except UnsupportedError:
                return False

    def _extends(self, node: ast.stmt) -> bool:
        """Let a list grow by what is not known one by one; False where a statement does nothing of that kind."""
        with self.names_aside():
            words = self.extended(node)
            if words is None:
                return False
            self.block(words)
            if isinstance(words[0], ast.For):
                self.frame.names.pop(words[0].target.id, None)  # type: ignore[attr-defined]
        return True

    def _assigned(self, node: ast.Assign) -> Term:
        """What is assigned; what a generator function gives is known by its name alone, until it is gone through."""
        try:
            return self.read(node.value)
        except UnsupportedError:
            [target, *others] = node.targets
            if others or not isinstance(target, ast.Name) or not self.is_generator(node.value):
                raise
            return Ambiguous(ast.Constant(None), target.id)

    def _writes(self, call: ast.Call) -> bool:
        """Whether a call that stands alone is of a function that changes what it is given: one to be followed."""
        if not isinstance(call.func, (ast.Name, ast.Attribute)):
            return False
        if self.changes(call):
            return True
        callee = self.read(call.func)
        if isinstance(callee, Bound) and (isinstance(callee.fn, str) or self.is_made(callee)):
            return True
        if isinstance(callee, Static) and callee.obj is setattr:
            return True
        given = [*call.args, *(k.value for k in call.keywords), call.func]
        ours = any(self.has_cells(looked_at(self, part)) for part in given)
        ours = ours or isinstance(callee, Bound) and isinstance(callee.owner, Instance)
        if isinstance(callee, Closure) and _shares_names(callee.frame):
            return True
        if isinstance(callee, Closure):
            return writes_arguments(callee.node, containers=True)
        fn = callee.fn if isinstance(callee, Bound) else unwrap(callee.obj) if isinstance(callee, Static) else None
        followed = isinstance(fn, types.FunctionType) and not is_library(fn)
        return followed and writes_arguments(fn, containers=ours)

    def _loop_or_opaque(self, node: ast.For | ast.While) -> None:
        """A loop is followed; where that cannot be, it may still be one that carries no derivative."""
        self.or_else(lambda: self.loop(node), lambda: self._opaque_statement(node))

    def _is_settled(self, node: ast.If) -> bool:
        """Whether it is known which side is taken; what surely raises does so when it runs."""
        known = decided(self, node.test) if self._may_fold() else None
        return known is False or known is True and not always_leaves(node.body)

    def _may_fold(self) -> bool:
        """Whether a check that is known to pass is left out: in a module that is written the function's own stay, which
        ask whether the caller keeps to what was declared."""
        return self.live is not None or self.frame.call is not None or self.patience is not None

    def assign(self, target: ast.expr, term: Term) -> None:
        match target:
            case ast.Name():
                self.bind(target.id, term)
            case ast.Tuple() | ast.List():
                self._unpack(target, term)
            case ast.Starred():
                self.assign(target.value, term)
            case ast.Subscript() | ast.Attribute() if self._does_more(target.value):
                what = "what is written here is found by a call that does something else as well"
                raise self.error(what, target, "give it a name first")
            case ast.Subscript() if self.put_part(target, term) or self.store(target, term):
                pass
            case ast.Attribute() if self.put_part(target, term) or self.put_attribute(target, term):
                pass
            case ast.Attribute() if (cls := self._without(target)) is not None:
                error = AttributeError(f"'{cls.__name__}' object has no attribute {target.attr!r}")
                raise self.error(str(error), target) from error
            case _:
                self._opaque_statement(self.statement.node)  # type: ignore[union-attr, arg-type]

    def _without(self, target: ast.Attribute) -> type | None:
        """The class of what surely has no such attribute and takes none; else None."""
        base = looked_at(self, target.value)
        return None if base is None else lacking(self, base, target.attr)

    def _unpack(self, target: ast.Tuple | ast.List, term: Term) -> None:
        count = len(target.elts)
        if isinstance(term, Static) and isinstance(term.obj, (tuple, list)):
            items: list[Term] = self.known_items(term)
        elif isinstance(term, Sequence):
            refuse_object(self, term, target)
            items = term.items
        else:
            starred = any(isinstance(part, ast.Starred) for part in target.elts)
            known = self.value(term).type.shape if starred else (count,)
            if isinstance(known, ShapeVar) or not known or not isinstance(known[0], int):
                raise self.error("how much a starred target takes is not known", target, "declare the shape")
            items = self.unpacked(self.value(term), known[0], target)
        for i, part in enumerate(target.elts):
            if isinstance(part, ast.Starred) and len(items) >= count - 1:
                stop = len(items) - (count - 1 - i)
                items = [*items[:i], sequence(list, items[i:stop]), *items[stop:]]
        if len(items) != count:
            raise self.error(f"{len(items)} values cannot be unpacked into {count}", target)
        for sub, item in zip(target.elts, items, strict=True):
            self.assign(sub, item)

    def bind(self, name: str, term: Term) -> None:
        """Give `name` a new meaning."""
        if not isinstance(term, Static) or isinstance(term.obj, tuple):
            term = self.one_array(term)
        if isinstance(term, Static) and self._worth_a_name(term):
            value = self._named_constant(name, term)
            term = Computed(Ref(value), value)
        if isinstance(term, Computed):
            self.name_part(term.value, name)
            self.call_it(term, name)
            if self.frame.call is None and self.graph is self._graphs[0]:
                self.graph.named[name] = term.value
        self.name_it(term, name)
        cell = self.cell_of(term)
        if cell is not None:
            cell.word = cell.word or name
        place = self.frame.place_of(name)
        if place is not None:
            self.contents[place] = term
        else:
            self.frame.names[name] = term

    def call_it(self, term: Term, word: str) -> None:
        """Let a value be called by a word, unless it has a name of its own."""
        if not isinstance(term, Computed):
            return
        value = term.value
        owned = value.node is not None and (value.node.op is not CONST)
        if owned and (not value.hint or getattr(value, "hint", "") in self._passing):
            value.hint = self.called(word)
        if owned and self.frame.call is not None:
            self._passing.add(value.hint)
        if self.frame.call is None:
            self._passing.discard(value.hint)

    def _worth_a_name(self, term: Static) -> bool:
        return isinstance(term.obj, (bool, int, float, complex, np.generic, np.ndarray, str)) or (
            isinstance(term.obj, tuple) and literal(term.obj) is not None and not _may_be_changed(term.obj)
        )

    def _named_constant(self, name: str, term: Static) -> Value:
        """A local name for a constant: printed where the user gave it, known to the rules all the same."""
        node = self.graph.add(CONST, [], {"value": term.obj})
        node.ast = term.ast
        node.out.hint = self.called(name)
        return node.out

    def _does_more(self, node: ast.expr) -> bool:
        """Whether to read an expression twice does harm."""
        if not any(isinstance(part, ast.Call) for part in ast.walk(node)):
            return False
        memory = self.memory()
        with self.aside() as graph:
            self.read(node)
            return self.memory() != memory or any(made.effect for made in graph.nodes)

    def _augment(self, node: ast.AugAssign) -> None:
        target = node.target
        if not isinstance(target, ast.Name) and self._does_more(target.value):
            what = "what is written here is found by a call that does something else as well"
            raise self.error(what, target, "give it a name first")
        held = isinstance(target, ast.Name) or bool(self.part_at(target) or self.holder(target.value))
        if not held and not (isinstance(target, ast.Subscript) and self.increase(node)):
            return self._opaque_statement(node)
        if not held:
            return None
        load = ast.copy_location(_loaded(target), target)
        old = self.read(load)
        kind = old.kind if isinstance(old, Sequence) else list if is_list(old) and self.cell_of(old) else None
        if kind is list and isinstance(node.op, ast.Add):
            self.grow(old, self.listed(self.read(node.value), node), node)
            return None
        if kind is dict and isinstance(node.op, ast.BitOr):
            call = ast.copy_location(ast.Call(load, [node.value], []), node)
            self.of_container("update", old, [self.read(node.value)], {}, call)
            return None
        if kind is list:
            raise self.error("a list that is changed in place by this operator is not followed", node)
        new = self.read(ast.copy_location(ast.BinOp(load, node.op, node.value), node))
        if isinstance(old, Computed) and old.value.type.kind != "object":
            new = self._cut_down(old, new, node)
            t, root = old.value.type, self.place(old.value).root
            version = bool(root.type.ndim) and outermost(old.value) in self.shows
            if t.ndim or version or t.scalar and is_array(root):
                whole = self.like(old.value, self.value(new), node)
                if whole.node is not None and t.ndim and whole.type.ndim == t.ndim:
                    whole.type = whole.type.but(shape=t.shape)  # NumPy sees to it
                self.write(old.value, whole, node)
                return None
            if not t.scalar:  # a number, or an array that is changed for all who have it
                self.replaced[self.value(new)] = old.value
                if isinstance(target, ast.Name) and target.id in self.frame.names:
                    del self.frame.names[target.id]
                else:
                    self.assign(target, new)
                self.doubt(root, node, itself=True)
        self.assign(target, new)
        return None

    def _cut_down(self, old: Computed, new: Term, at: ast.AST) -> Term:
        """`a += v`, which stays in the dtype of an array `a` where `v` surely is of 64 bits, and `a` perhaps of 32."""
        made = new.value.node if isinstance(new, Computed) else None
        array = old.value.type.floating and old.value.type.ndim
        if not array or made is None or len(made.inputs) < 2 or not _is_wide(made.inputs[1]):
            return new
        if all(root.node is not None and not root.node.inputs for root in roots(old.value)):  # np.zeros(n) and the like
            return new
        dtype = self.apply(PRIMITIVES["dtype"], [old], {}, ast.Attribute(old.ast, "dtype", ast.Load()), at)
        tree = ast.Call(ast.Attribute(new.ast, "astype", ast.Load()), [dtype.ast], [])
        return self.apply(PRIMITIVES["astype"], [new, dtype], {}, tree, at)

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        scope: dict[str, Any] = {"__name__": self.frame.globals.get("__name__", "")}
        scope["__package__"] = self.frame.globals.get("__package__")
        try:
            exec(compile(ast.Module([node], []), self.frame.function.file.filename, "exec"), scope)
        except ImportError as error:
            raise self.error(str(error), node) from error
        for alias in node.names:
            name = alias.asname or alias.name.split(".")[0]
            self.frame.names[name] = self.static(scope[name], ast.Name(name, ast.Load()))

    # ---- what carries no derivative

    def pass_on_statement(self, node: ast.stmt) -> None:
        self._opaque_statement(node)

    def _opaque_statement(self, node: ast.stmt) -> None:
        """Take a statement as it stands: what it reads, what it gives names to, and that it must run."""
        writes = self._written_names(node)
        self._refuse_escapes(node)
        refuse_rebinding(self, node, self.frame.names)
        refuse_earlier(self, node, writes)
        made = self.effect(self.opaque_syntax(node, writes))
        self.refuse_stale(list(made.inputs), node)
        self.explain(made, node)
        made.outputs = [Value(self.graph, Type(), made, i, hint=name) for i, name in enumerate(sorted(writes))]
        outputs = dict(zip(sorted(writes), made.outputs, strict=True))
        for name, value in outputs.items():
            if isinstance(node, ast.For) and name in self.frame.names:
                del self.frame.names[name]  # it is what it was where there is nothing to go through
            else:
                self.frame.names[name] = Computed(Ref(value), value)

    def effect(self, tree: Any) -> Node:
        """A statement that does something beside computing, its free names being references."""
        for cell in self.name_classes(tree):
            self.keep_cell(cell, "after it was given to code that is not followed, and may hold it")
        made = self.graph.add(OPAQUE, references(tree))
        made.effect = True
        inputs = list(made.inputs)
        made.ast = fill(tree, lambda part: Hole(inputs.index(part.value)) if isinstance(part, Ref) else part)
        return made

    def _written_names(self, node: ast.stmt) -> set[str]:
        """The local names that a statement assigns or whose arrays it writes into."""
        writes = set()
        for child in ast.walk(node):
            if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Del):
                raise self.error(f"`{child.id}` is deleted inside a `{type(node).__name__.lower()}`", child)
            if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store):
                writes.add(child.id)
            elif isinstance(child, (ast.Subscript, ast.Attribute)) and isinstance(child.ctx, (ast.Store, ast.Del)):
                base: ast.expr = child
                while isinstance(base, (ast.Subscript, ast.Attribute)):
                    base = base.value
                name = base.id if isinstance(base, ast.Name) else "it"
                raise self.error(
                    f"`{name}` is written in place, which gradgen does not follow yet",
                    child,
                    "build a new array instead: np.where, np.concatenate, np.stack",
                )
        return writes

    def _refuse_escapes(self, node: ast.stmt) -> None:
        for child in ast.walk(node):
            if isinstance(child, (ast.Return, ast.Yield, ast.YieldFrom, ast.Await, ast.Global, ast.Nonlocal)):
                kind = type(child).__name__.lower()
                inside = isinstance(node, COMPOUND) and isinstance(child, ast.Return)
                around = type(node).__name__.lower()
                where = f"inside a `{around}` is not followed yet" if inside else "cannot be followed"
                advice = "use whole arrays, and return after it" if inside else ""
                raise self.error(f"a `{kind}` {where}", child, advice)


def _is_wide(v: Value) -> bool:
    """Whether a value surely makes 64 bits of 32: an array of integers, or what NumPy computes of constants."""
    if v.const is not v:
        return isinstance(v.const, (np.float64, np.ndarray)) and np.asarray(v.const).dtype == np.float64
    if v.type.kind == "int" and v.type.ndim:
        return True
    ufunc = v.node is not None and isinstance(v.node.op.fn, np.ufunc)
    constant = ufunc and all(type(x.const) in (int, float) for x in v.node.inputs)
    return constant and v.type.kind == "float"


def is_constant(node: ast.stmt) -> bool:
    """Whether it is a docstring, an ellipsis or the like."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _shares_names(frame: Any) -> bool:
    """Whether a function, or one around it, has names to which functions inside give new values."""
    return frame is not None and (bool(frame.shared) or _shares_names(frame.outer))


def _loaded(target: ast.expr) -> ast.expr:
    """A target as what is read there."""
    match target:
        case ast.Name(id=name):
            return ast.Name(name, ast.Load())
        case ast.Subscript(value=value, slice=index):
            return ast.Subscript(value, index, ast.Load())
        case ast.Attribute(value=value, attr=name):
            return ast.Attribute(value, name, ast.Load())
    return target


def _may_be_changed(x: Any) -> bool:
    """Whether a known object is an array, a list or the like, or a tuple that holds one."""
    return any(map(_may_be_changed, x)) if isinstance(x, tuple) else isinstance(x, (np.ndarray, list, dict, set))
