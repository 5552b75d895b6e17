"""The simulation of what was written: every reading must see the version of the value that the graph says.

The statements of a function are gone through once, as Python and NumPy will run them, without asking why they were
written so: which value a name holds, in which buffers that may lie, and how often those were written into. The emitter
notes in each name that it writes which value it stands for (`ast.Name.means`), and in a statement which values are
computed when it is done (`ast.stmt.gives`). What does not agree is an internal error, instead of a wrong file: a name
read that holds another value, memory read that was written into meanwhile, a write into memory that is not the
function's own, a result that shares memory with an argument or with another result.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from . import functions
from .buffers import is_number as is_number_value
from .buffers import roots
from .calls import CALL
from .control import UNDEFINED
from .errors import GradgenError
from .graph import OPERATIONS, PRIMITIVES, Operation, Value
from .library import among, path_object
from .syntax import Verbatim
from .writer import Blank, Comment, Trailing

NOTHING = frozenset({"shape", "size", "ndim", "dtype", "strides", "itemsize", "nbytes", "flags", "device"})
"""Attributes that tell of an array, and show nothing of it."""
VIEWS = frozenset({
    "T", "reshape", "ravel", "transpose", "swapaxes", "moveaxis", "rollaxis", "squeeze", "expand_dims", "real", "view",
    "asarray", "asanyarray", "ascontiguousarray", "atleast_1d", "atleast_2d", "atleast_3d", "flip", "flipud", "fliplr",
    "rot90", "matrix_transpose", "permute_dims", "split", "array_split", "hsplit", "vsplit", "dsplit", "einsum",
    "unstack", "matrix_power",
})  # fmt: skip
"""NumPy's functions, methods and attributes that may show what they are given, and may be written if that may be."""
READ_ONLY = frozenset({"broadcast_to", "broadcast_arrays", "diagonal", "diag", "imag"})
"""Those whose result may not be written."""
OWN = frozenset({"float", "int", "bool", "complex", "abs", "len", "round", "pow", "divmod", "str", "repr", "range"})
"""Names under which functions stand that, else, give something new."""


@dataclass(frozen=True)
class Held:
    """What a name holds: the value, the buffers that it may lie in, and how often each had been written into."""

    value: Value | None
    places: frozenset[int] = frozenset()
    seen: tuple[int, ...] = ()


@dataclass
class Scope:
    """The names of one function. outer: those of the function around it, which it may read."""

    names: dict[str, Held] = field(default_factory=dict)
    outer: Scope | None = None
    local: frozenset[str] = frozenset()

    def find(self, name: str) -> Held | None:
        if name in self.names:
            return self.names[name]
        return None if self.outer is None or name in self.local else self.outer.find(name)


class Simulation:
    """The state of a function while its statements are gone through."""

    def __init__(self, parameters: Iterable[Value]):
        self.scope = Scope()
        self.written: list[int] = []
        """How often each buffer was written into."""
        self.ours: list[bool] = []
        self._lists: set[int] = set()
        """The buffers that are lists."""
        self._globals: dict[str, frozenset[int]] = {}
        self._fresh: set[str] = set()
        self._ways_out: list[list[tuple[dict[str, Held], list[int]]]] = []
        """For each loop around, the names and the writes where it is left."""
        """Names given since the last statement of the graph was done."""
        self._kept: dict[str, list[tuple[frozenset[int], tuple[int, ...]]]] = {}
        """What was appended to the list of a name: its buffers, and how often each had been written into."""
        for v in parameters:
            self.give(v.hint, self.buffer(ours=False), v)

    # ---- memory

    def buffer(self, ours: bool = True) -> frozenset[int]:
        self.written.append(0)
        self.ours.append(ours)
        return frozenset({len(self.written) - 1})

    def _new_list(self) -> frozenset[int]:
        made = self.buffer()
        self._lists |= made
        return made

    def give(self, name: str, places: frozenset[int], value: Value | None = None) -> None:
        self.scope.names[name] = Held(value, places, tuple(self.written[p] for p in places))

    def write(self, name: str, places: frozenset[int]) -> None:
        """`name` is written in place: nobody else may read what lies there from now on."""
        for p in places:
            if not self.ours[p]:
                raise wrong(f"`{name}` is written in place, and may lie in memory that is not the function's own")
            self.written[p] += 1
        self.give(name, places)
        self._fresh.add(name)

    def grow(self, name: str, item: Any, base: Value | None) -> None:
        """A list of the user's is appended to: what it was is not to be read under any name from now on."""
        held = self.scope.names[name]
        if base is not None and held.value is not base:
            raise wrong(f"`{name}` is appended to as {base!r}, and holds {held.value!r}")
        added = self.places(item)
        for p in held.places & self._lists:
            self.written[p] += 1
        self.give(name, held.places | added)
        self._fresh.add(name)

    def close(self) -> None:
        """From now on what was made so far is not to be written: a closure may run again."""
        self.ours = [False] * len(self.ours)

    # ---- expressions: the buffers that the value of one may lie in

    def read(self, node: ast.Name) -> frozenset[int]:
        """The memory of what a name holds, which must be what it stands for."""
        means: Value | None = getattr(node, "means", None)
        held = self.scope.find(node.id)
        if held is None:
            if means is not None:
                raise wrong(f"`{node.id}` is read before it is given a value")
            return self._globals.setdefault(node.id, frozenset())
        if means is None:
            if held.value is not None and node.id not in self._fresh:
                raise GradgenError(
                    f"the variable `{node.id}` hides what the generated code needs under this name; rename it"
                )
            return held.places
        if held.value is not means:
            raise wrong(f"`{node.id}` is read as {means!r}, and holds {held.value!r}")
        if held.seen != tuple(self.written[p] for p in held.places):
            raise wrong(f"`{node.id}` is read after it was written in place under another name")
        for places, seen in self._kept.get(node.id, ()):
            if seen != tuple(self.written[p] for p in places):
                raise wrong(f"`{node.id}` holds what was written in place since")
        return held.places

    def places(self, node: Any) -> frozenset[int]:
        """The buffers that the value of an expression may lie in; all names in it are read."""
        found = self._places(node)
        return frozenset() if getattr(node, "number", False) else found

    def _places(self, node: Any) -> frozenset[int]:
        match node:
            case ast.Name():
                return self.read(node)
            case ast.Constant() | Verbatim() | None:
                return frozenset()
            case ast.Attribute():
                base = self.places(node.value)
                return base if node.attr not in NOTHING else frozenset()
            case ast.Subscript():
                base, _ = self.places(node.value) - self._lists, self.places(node.slice)
                return self.buffer() if is_advanced(node.slice) or shows_nothing(node) else base
            case ast.Call():
                return self.call(node)
            case ast.IfExp():
                self.places(node.test)
                return self.places(node.body) | self.places(node.orelse)
            case ast.List():
                return self.all(node.elts) | self._new_list()
            case ast.Starred():
                return self.places(node.value) - self._lists
            case ast.Tuple() | ast.BoolOp() | ast.Dict():
                return self.all(ast.iter_child_nodes(node))
            case ast.BinOp() | ast.UnaryOp() | ast.Compare():
                self.operands(node)
                return self.buffer()
            case ast.ListComp() | ast.GeneratorExp() if hasattr(node, "items"):
                return self.comprehension(node)
            case ast.ListComp() if hasattr(node, "fresh"):  # its items are replaced, never written in place
                self.apart(node)
                return self.buffer()
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp() | ast.Lambda():
                return self.apart(node) | self.buffer(ours=False)
            case _:
                return self.all(ast.iter_child_nodes(node))

    def all(self, nodes: Iterable[Any]) -> frozenset[int]:
        found: set[int] = set()
        for node in nodes:
            found |= self.places(node)
        return frozenset(found)

    def operands(self, node: Any) -> None:
        """Read the operands of a chain of operators, which may be long."""
        todo = [node]
        while todo:
            part = todo.pop()
            if isinstance(part, (ast.BinOp, ast.UnaryOp, ast.Compare)):
                todo += ast.iter_child_nodes(part)
            else:
                self.places(part)

    def call(self, node: ast.Call) -> frozenset[int]:
        given = [*node.args, *(k.value for k in node.keywords)]
        owner = node.func.value if isinstance(node.func, ast.Attribute) else None
        root: Any = node.func
        while isinstance(root, ast.Attribute):
            root = root.value
        library = isinstance(root, ast.Name) and root.id == "np" and getattr(root, "means", None) is None
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        first = self.places(node.func if owner is None else owner)
        if owner is not None and not library:
            rest, base = self.all(given), first
        else:
            parts = [self.places(x) for x in given]
            base = parts[0] if parts else frozenset()
            rest = frozenset().union(*parts) if parts else frozenset()
        means = getattr(node.func, "means", None)
        if means is not None and any(v.node is not None and v.node.op is CALL for v in roots(means)):  # a pullback
            return self.buffer()
        if library or owner is not None and (name == "copy" or not is_module(root)):
            if name == "diag" and not is_matrix(given[0]):  # of a diagonal, a new matrix
                return self.buffer()
            if any(k.arg == "copy" and getattr(k.value, "value", None) is True for k in node.keywords):
                return self.buffer()
            if name in READ_ONLY:
                return base | self.buffer(ours=False)
            return base | self.buffer() if name in VIEWS else self.buffer()
        snippet = _snippet(name.strip("_")) if name.startswith("_") else None
        if snippet is not None:
            fresh = snippet.alias == "fresh"
            return self.buffer() if fresh else base | self.buffer(ours=snippet.alias in ("view", "maybe"))
        of_library = path_object(node.func) if is_module(root) else None
        if among(of_library, OPERATIONS) and OPERATIONS[of_library].alias == "fresh":
            return self.buffer()
        if name == "list":
            return base - self._lists | self._new_list()
        new = name in OWN or name == "sum" and len(given) == 1
        return self.buffer() if new else first | rest | self.buffer(ours=False)

    def comprehension(self, node: Any) -> frozenset[int]:
        """A list that a loop of the graph collects: its variables are known in it alone."""
        [generator] = node.generators
        self.places(generator.iter)
        before = dict(self.scope.names)
        for name, item in node.items:
            self.give(name, self.buffer(ours=False), item)
        found = self.places(node.elt) | self.buffer(ours=False) | self._new_list()
        self.scope.names = before
        return found

    def apart(self, node: ast.AST) -> frozenset[int]:
        """The memory of all that a piece with names of its own refers to; those must hide none of ours."""
        bound = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
        bound |= {n.arg for n in ast.walk(node) if isinstance(n, ast.arg)}
        found: set[int] = set()
        for n in ast.walk(node):
            if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load):
                if n.id not in bound:
                    found |= self.read(n)
                elif getattr(n, "means", None) is not None and not self.holds(n):
                    raise wrong(f"`{n.id}` is hidden by a name of the user's own")
        return frozenset(found)

    def holds(self, node: Any) -> bool:
        held = self.scope.find(node.id)
        return held is not None and held.value is node.means

    # ---- statements

    def run(self, statements: Iterable[Any]) -> None:
        for statement in statements:
            self.step(statement)
            for name, value in getattr(statement, "gives", ()):
                held = self.scope.names.get(name)
                if held is None:
                    raise wrong(f"{value!r} should be called `{name}`, which has no value")
                nowhere = is_entry(statement, value) or value.type.scalar and is_number_value(value)
                places = frozenset() if nowhere else held.places
                self.give(name, places, value)
                self._fresh.clear()

    def step(self, node: Any) -> None:
        match node:
            case Comment() | Blank() | ast.Pass() | ast.FunctionDef():
                pass
            case ast.Break():
                self.leave(node)
            case Trailing():
                self.run([node.statement])
            case ast.Assign(targets=[ast.Attribute() | ast.Subscript() as target]) if hasattr(target, "outward"):
                self.all([target.value, node.value])  # a part of an argument that is no array
            case ast.Assign(targets=[target]):
                self.assign(target, node.value)
            case ast.AugAssign(target=ast.Name() as target) if is_rebound(target):
                self.places(node.value)
                self.read(target)
                self.store(target, frozenset())
            case ast.AugAssign():
                self.places(node.value)
                if isinstance(node.target, ast.Subscript):
                    self.places(node.target.slice)
                root = written_name(node.target)
                self.write(root.id, self.read(root))
            case ast.Expr(value=ast.Call(func=ast.Attribute(attr="at"), args=[ast.Name() as target, *rest])):
                self.all(rest)
                self.write(target.id, self.read(target))
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name)), args=[item])) if (
                hasattr(node, "grows")
            ):
                self.grow(name, item, node.grows)
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="append"), args=[item])):
                places = self.places(item)
                self._kept.setdefault(name, []).append((places, tuple(self.written[p] for p in places)))
            case ast.Expr():
                self.places(node.value)
            case ast.With():
                self.all(item.context_expr for item in node.items)
                self.run(node.body)
            case ast.Try():  # its handlers all raise
                self.run(node.body)
                for handler in node.handlers:
                    self.apart(handler)
                self.run(node.finalbody)
            case ast.If() if hasattr(node, "sides"):
                self.branch(node)
            case ast.If(body=[*_, ast.Break()]):
                self.may_leave(node)
            case ast.For() | ast.While() if hasattr(node, "loop"):
                self.loop(node)
            case _:  # the user's own code, as it stands
                places = self.apart(node) | self.buffer(ours=False)
                for n in ast.walk(node):
                    if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store):
                        self.give(n.id, places)
                        self._fresh.add(n.id)

    def assign(self, target: Any, value: Any) -> None:
        if isinstance(target, (ast.Tuple, ast.List)):
            if isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(target.elts):
                parts = [self.places(x) for x in value.elts]
            else:
                whole = self.places(value)
                fresh = isinstance(value, ast.Call) and len(whole) == 1 and all(self.ours[p] for p in whole)
                parts = [self.buffer() if fresh else whole for _ in target.elts]
            for part, places in zip(target.elts, parts, strict=True):
                self.store(part, places)
        elif isinstance(target, ast.Subscript):
            self.places(value)
            self.places(target.slice)
            root = written_name(target)
            self.write(root.id, self.read(root))
        else:
            self.store(target, self.places(value))

    def store(self, target: Any, places: frozenset[int]) -> None:
        if isinstance(target, ast.Name):
            self.give(target.id, places)
            self._fresh.add(target.id)
        else:
            for part in target.elts:
                self.store(part, places)

    def branch(self, node: ast.If) -> None:
        """Both sides, each from the state before; what they leave behind must be what the branch gives."""
        self.places(node.test)
        before, writes = dict(self.scope.names), list(self.written)
        after: list[dict[str, Held]] = []
        most = list(writes)
        for body in (node.body, node.orelse):
            self.scope.names = dict(before)
            self.written[: len(writes)] = writes
            self.run(body)
            after.append(self.scope.names)
            most = [max(pair) for pair in zip(most, self.written, strict=False)]
        self.written[: len(most)] = most
        self.scope.names = {name: held for name, held in before.items() if all(a.get(name) is held for a in after)}
        for name, value, results in node.sides:  # type: ignore[attr-defined]
            places: set[int] = set()
            for names, result in zip(after, results, strict=True):
                if result.const is UNDEFINED:
                    continue
                held = names.get(name)
                if held is None or held.value not in (value, result):
                    raise wrong(f"a branch should leave {value!r} as `{name}`")
                places |= held.places
            self.give(name, frozenset(places), value)

    def may_leave(self, node: ast.If) -> None:
        """The way out of a loop; what is behind it goes on from the state before."""
        self.places(node.test)
        names, writes = dict(self.scope.names), list(self.written)
        self.run(node.body)
        self.scope.names = names
        self.written[: len(writes)] = writes

    def leave(self, node: Any) -> None:
        """`break`: the names must hold what the loop is to leave."""
        for name, value, out in node.leaves:
            held = self.scope.names.get(name)
            if value.const is not UNDEFINED and (held is None or held.value not in (value, out)):
                raise wrong(f"a loop should be left with {value!r} as `{name}`")
        self._ways_out[-1].append((dict(self.scope.names), list(self.written)))

    def loop(self, node: Any) -> None:
        """Two turns: what the first leaves behind, the second finds. What a turn binds for itself is gone after it."""
        items, carried = node.loop
        if isinstance(node, ast.For):
            self.places(node.iter)
        before = dict(self.scope.names)
        for name, p, _, _ in carried:
            held = before.get(name)
            given = self.buffer(ours=False) if held is None else held.places
            self.give(name, given, p)
        self._ways_out.append([])
        for _ in range(2):
            if isinstance(node, ast.While):
                self.places(node.test)
            for name, item in items:
                self.give(name, self.buffer(ours=False), item)
            self._fresh.clear()
            self.run(node.body)
            for name, p, results, out in carried:
                held = self.scope.names.get(name)
                if not results or results[0].const is UNDEFINED:
                    continue
                if held is None or held.value not in (p, *results, out):
                    raise wrong(f"a step should hand on {results[0]!r} as `{name}`")
                self.give(name, held.places, p)
        if isinstance(node, ast.While):
            self.places(node.test)
        names = self.scope.names
        left = self._ways_out.pop()
        for _, writes in left:
            self.written[: len(writes)] = map(max, self.written, writes)
        bound = {name for name, _ in items}
        self.scope.names = {k: held for k, held in names.items() if before.get(k) is held and k not in bound}
        for name, _, _, out in carried:
            places = [state[name].places for state in (names, *(there for there, _ in left)) if name in state]
            self.give(name, frozenset().union(*places), out)

    # ---- results

    def results(self, values: Any, gradient: Any) -> None:
        """Read what is returned; each gradient lies in memory of its own."""
        taken = set(self.places(values))
        for made in ast.walk(gradient or ast.Tuple([])):
            if hasattr(made, "holds"):  # from an object among the arguments
                self.all([*made.args, getattr(made.func, "value", None)])  # type: ignore[attr-defined]
        for tree in leaves(gradient):
            places = self.places(tree)
            if isinstance(tree, ast.Name) and (is_number(tree) or is_rebound(tree)):
                continue
            if not all(self.ours[p] for p in places):
                raise wrong(f"the result `{ast.unparse(tree)}` may lie in memory that is not the function's own")
            if places & taken:
                raise wrong(f"the result `{ast.unparse(tree)}` may share memory with another")
            taken |= places


def wrong(message: str) -> GradgenError:
    return GradgenError(f"internal error: {message}")


def written_name(target: Any) -> ast.Name:
    while isinstance(target, (ast.Subscript, ast.Attribute)):
        target = target.value
    assert isinstance(target, ast.Name)
    return target


def is_module(root: Any) -> bool:
    """Whether a dotted name begins with something that is no variable."""
    return isinstance(root, ast.Name) and getattr(root, "means", None) is None


def is_number(tree: Any) -> bool:
    """Whether a name stands for a number, which is in nobody's memory."""
    means = getattr(tree, "means", None)
    return means is not None and means.type.scalar and not means.type.array


def _snippet(name: str) -> Operation | None:
    """The operation whose function a module takes along under a name."""
    return PRIMITIVES.get(name) or OPERATIONS.get(getattr(functions, name, None))


def is_rebound(tree: Any) -> bool:
    """Whether a name surely stands for a number, so that `+=` gives it another."""
    means = getattr(tree, "means", None)
    return means is not None and means.type.scalar and is_number_value(means)


def is_entry(statement: Any, value: Value) -> bool:
    """Whether a statement reads one entry of an array, a number."""
    statement = statement.statement if isinstance(statement, Trailing) else statement
    tree = getattr(statement, "value", None)
    items = index_parts(tree.slice) if isinstance(tree, ast.Subscript) else None
    whole = items is not None and not any(isinstance(i, ast.Constant) and i.value is Ellipsis for i in items)
    return value.type.scalar and whole


def is_matrix(tree: Any) -> bool:
    """Whether a name stands for an array that has, or may have, two axes."""
    means = getattr(tree, "means", None)
    return means is not None and means.type.ndim != 1


def index_parts(tree: Any) -> list[Any]:
    return list(tree.elts) if isinstance(tree, ast.Tuple) else [tree]


def is_advanced(index: Any) -> bool:
    """Whether an index surely holds an array or a list, so that reading makes a copy."""
    return any(is_array(item) for item in index_parts(index))


def shows_nothing(node: ast.Subscript) -> bool:
    """Whether what is read of an array of one axis is a number, or a copy: at no slice."""
    means = getattr(node.value, "means", None)
    apart = not any(isinstance(x, (ast.Slice, ast.Constant)) for x in index_parts(node.slice))
    return means is not None and means.type.ndim == 1 and apart and means.type.kind != "object"


def is_array(item: Any) -> bool:
    if isinstance(item, ast.Name):
        means = getattr(item, "means", None)
        types = [] if means is None else means.type.items or [means.type]  # a tuple may hold arrays
        return any(t.kind == "bool" or bool(t.ndim) and t.kind != "object" for t in types)
    if isinstance(item, ast.Call):
        return not (isinstance(item.func, ast.Name) and item.func.id in ("len", "int", "slice"))
    return isinstance(item, (ast.List, ast.Compare)) or isinstance(item, ast.UnaryOp) and is_array(item.operand)


def stored(statements: Iterable[Any]) -> Iterator[str]:
    """The names that statements give values to."""
    for node in statements:
        inner = node.statement if isinstance(node, Trailing) else node
        own = {n for g in ast.walk(inner) if isinstance(g, ast.comprehension) for n in ast.walk(g.target)}
        for part in ast.walk(inner):
            if isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Load) and part not in own:
                yield part.id
            if isinstance(part, Trailing):
                yield from stored([part])


def leaves(tree: Any) -> list[Any]:
    """The parts of a container that is returned."""
    match tree:
        case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Dict(values=parts):
            return [leaf for part in parts for leaf in leaves(part)]
        case ast.Call() if hasattr(tree, "holds"):
            return [leaf for part in tree.holds for leaf in leaves(part)]
        case ast.Constant(value=None) | None:
            return []
    return [tree]


def simulate(
    parameters: list[Value], forward: list[Any], back: list[Any], value: Any, gradient: Any, closure: list[Value] | None
) -> None:
    """Go through a function. closure: the cotangents that the pullback is given; None where there is no pullback.

    Raises GradgenError where it would not compute what the graph says: an internal error, or, where a variable of the
    user's is called what the generated code needs, that.
    """
    state = Simulation(parameters)
    state.run(forward)
    if closure is None:
        state.run(back)
        state.results(value, gradient)
        return
    state.places(value)
    state.close()
    local = frozenset([*stored(back), *(v.hint for v in closure)])
    state.scope = Scope(outer=state.scope, local=local)
    for v in closure:
        state.give(v.hint, state.buffer(ours=False), v)
    state.run(back)
    state.results(None, gradient)
