"""Arrays that are written in place: which array a name shows, and what that array holds now.

Values never change: `a[i] = v` makes a new version of `a`. A name stays bound to the value that it was given, which
tells which array it shows, and through which views; reading it gives that part of the array's current version. So
what is written through one name is seen through every other. Where a write may, or may not, be seen through another
name, reading that one is refused.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from ..buffers import alias_of, is_made_here, is_number, is_plain, may_share, roots
from ..errors import UnsupportedError
from ..graph import OPAQUE, OPERATIONS, PRIMITIVES, Node, Value
from ..routes import ATTRIBUTE, ITEM
from ..rules.indices import index_items, is_basic, slice_parts
from ..shapes import Type
from ..terms import Binding, Computed, Static, Term, flatten
from .reader import Reader


class Place(NamedTuple):
    """Where a value lies: in the array that began as `root`, whose version `base` it shows through `views`."""

    root: Value
    base: Value
    views: tuple[Node, ...]


class Cells(Reader):
    """The part of a `Program` that follows writes in place.

    versions: the current version of each array that was written, by the value that it began as. shows: of each later
    version, that value. replaced: of what `a += v` gives, `a`, where it may be that `a` cannot hold it. shown: the
    views that were read again, by the version and the view as it was read first, all of them in replayed. doubts: what
    to say if one reads an array that may have been written under another name. stand_ins: what is read like an array
    and is none, a list of which an item is read that is not known, and what to say if it is written.
    """

    contents: dict[Any, Term]
    versions: dict[Value, Value]
    shows: dict[Value, Value]
    replaced: dict[Value, Value]
    doubts: dict[Any, UnsupportedError]
    shown: dict[tuple[Value, Node], Value]
    replayed: set[Value]
    stand_ins: dict[Value, str]

    def or_else(self, read: Callable[[], Any], instead: Callable[[], Any]) -> Any:
        """What `read` gives; where that cannot be followed what `instead` gives, all else being as it was before.

        Raises the first of the errors where neither can be.
        """
        names, count, memory = dict(self.frame.names), len(self.graph.nodes), self.memory()
        try:
            return read()
        except UnsupportedError as error:
            if error.final:
                raise
            self.frame.names.clear()
            self.frame.names.update(names)
            self.recall(memory)
            self.graph.nodes[count:] = [n for n in self.graph.nodes[count:] if n.op.name in (ATTRIBUTE, ITEM)]
            try:
                made = instead()
            except UnsupportedError:
                raise error from None
            if isinstance(made, Computed) and made.value.node is not None and made.value.node.op is OPAQUE:
                made.value.node.options["unknown"] = error
            return made

    def place(self, v: Value) -> Place:
        """Where a value lies."""
        views: list[Node] = []
        while v not in self.shows:
            if v.node is None and v.source is not None:
                v = v.source
            elif v.node is not None and is_view(v.node):
                views.append(v.node)
                v = v.node.inputs[0]
            else:
                break
        return Place(self.shows.get(v, v), v, tuple(reversed(views)))

    def now(self, v: Value) -> Value:
        """What a value that is memory shows now, in the graph that is being read."""
        if not (self.versions or self.doubts) or is_plain(v):
            return v
        root, base, views = self.place(v)
        if root in self.doubts:
            raise self.doubts[root]
        current = self.versions.get(root)
        if current is None or outermost(current) is base:
            return v
        if any(map(may_be_number, views)):
            name = root.hint or "the array"
            problem = f"`{name}` was written since this was read from it, which may be a part of it, or a number"
            raise self.error(problem, advice="declare the shapes")
        current = self.inner(current)
        for node in views:
            key = (current, node)
            if key not in self.shown:
                made = self.graph.add(node.op, [current, *map(self.inner, node.inputs[1:])], node.options)
                made.ast = node.ast
                self.shown[key] = made.out
                self.replayed.add(made.out)
            current = self.shown[key]
        return current

    def part(self, base: Value, key: Value) -> tuple[Value, Value]:
        """The array and the index that `base[key]` is read at: of a view that was read again, those of the array."""
        while base in self.replayed and base.node is not None and base.node.op.name == "getitem":
            joined = self._joined(base.node, key)
            if joined is None:
                break
            base, key = base.node.inputs[0], joined
        return base, key

    # ---- writing

    def write(self, v: Value, new: Value, at: ast.AST) -> None:
        """Let `new` be what the array that `v` shows holds from now on, where `v` shows it."""
        root, _, views = self.place(v)
        self.doubt(root, at)
        parents = [self.inner(self.now(node.inputs[0])) for node in views]
        for node, parent in zip(reversed(views), reversed(parents), strict=True):
            back = VIEWS[node.op.name]
            if back is None:
                raise self.error(f"what {node.op.name!r} gives may not be written", at, "copy it first")
            new = back(node, parent, new, [self.inner(x) for x in node.inputs[1:]])
        self.renew(root, new)

    def renew(self, root: Value, new: Value) -> None:
        """Let `new` be the current version of an array."""
        new.hint = new.hint or root.hint
        self.versions[root] = new
        self.shows[new] = root

    def put(self, v: Value, key: Value, new: Value, at: ast.AST, op: str = "setitem") -> None:
        """`v[key] = new`, or `v[key] += new` for "increment" and "augment"."""
        views = list(self.place(v).views)
        while views and views[-1].op.name == "getitem":
            joined = self._joined(views[-1], key)
            if joined is None:
                break
            v, key = self.now(views.pop().inputs[0]), joined
        made = self.graph.add(PRIMITIVES[op], [self.inner(v), key, new])
        self.write(v, made.out, at)

    def _joined(self, view: Node, key: Value) -> Value | None:
        """The index into an array that means `key` of a part: A[i][j] is A[i, j]. None where there is none."""
        first, rest = list(index_items(view.args[1])), list(index_items(key.const))
        if any(item is None or item is Ellipsis or isinstance(item, Type) for item in [*first, *rest]):
            return None
        if any(slice_parts(item) not in (None, (None, None, None)) for item in first):
            return None
        if not is_basic(key.const) and len(rest) > 1:
            return None
        items: list[Any] = []
        for item in first:
            items.append(rest.pop(0) if rest and slice_parts(item) is not None else item)
        values = [self.inner(x) if isinstance(x, Value) else self.graph.const(x) for x in [*items, *rest]]
        if all(v.const is not v for v in values):
            return self.graph.const(tuple(v.const for v in values))
        return self.graph.add(PRIMITIVES["tuple"], values).out

    def doubt(self, root: Value, at: ast.AST, itself: bool = False) -> None:
        """Note what may be the same memory as an array that is written, and may not be.

        itself: whether it is not even known that the array is written: it may be a number that gets a new value.
        """
        names = [n.id for n in ast.walk(at) if isinstance(n, ast.Name)]
        name = names[0] if names else "it"
        for v in roots(root):
            if v in self.stand_ins:
                raise self.error(self.stand_ins[v], at, "use an array, or a loop of few steps of known number")
        if root.const is not root and not (root.node is not None and is_made_here(root.node)):
            raise self.error(f"`{name}` comes from outside of the function, and is written here", at, "copy it first")
        for other, term in self.in_reach():
            for leaf in flatten(self.resolved(term)):
                if not isinstance(leaf, Computed) or is_plain(leaf.value):
                    continue
                theirs = self.place(leaf.value).root
                if (itself or theirs is not root) and theirs not in self.doubts and self._may_share(theirs, root):
                    copied = f"write `{name} = {name}.copy()` before"
                    advice = f"declare the shapes if `{name}` is a number; if it is an array, {copied}"
                    problem = f"`{name}` is changed in place here, and `{other}` may be the same array"
                    self.doubts[theirs] = self.error(problem, at, advice if itself else copied)

    def _may_share(self, a: Value, b: Value) -> bool:
        """Whether two arrays may lie in the same memory: one may be a part of a version of the other."""
        return any(may_share(x, y) for x in self.beginnings(a) for y in self.beginnings(b))

    def beginnings(self, v: Value) -> list[Value]:
        """`v`, and the arrays of whose versions it may be a part."""
        found = [v]
        for w in found:
            found += [self.shows[r] for r in roots(w) if r in self.shows and self.shows[r] not in found]
        return found

    def in_reach(self) -> Iterator[tuple[str, Term]]:
        """What has a name here, in a function around this one, or in one that called it."""
        todo, seen = [self.frame], set()
        while todo:
            frame = todo.pop()
            if frame is not None and frame not in seen:
                seen.add(frame)
                yield from ((name, term) for name, term in frame.names.items() if name.isidentifier())
                todo += [frame.outer, frame.caller]
        yield from ((place.word, term) for place, term in self.contents.items() if isinstance(place, Binding))

    def written_since(self, before: dict[Value, Value]) -> list[Value]:
        """The arrays that have another version than before, by what they began as."""
        return [root for root, v in self.versions.items() if before.get(root) is not v]


def outermost(v: Value) -> Value:
    """What a value that a sub-graph took is outside of it."""
    while v.node is None and v.source is not None:
        v = v.source
    return v


def is_array(v: Value) -> bool:
    """Whether `v` is an array though it has no axes, made in the function by `np.array` or the like.

    What is passed for a parameter without axes is taken to be a number.
    """
    return not is_plain(v) and not is_number(v) and all(root.node is not None for root in roots(v))


def is_view(node: Node) -> bool:
    """Whether the output shows the memory of the first input, and is followed."""
    if node.op.name not in VIEWS or alias_of(node) not in ("view", "read-only") or node.inputs[0].type.sequence:
        return False
    return not (node.op.name == "getitem" and node.out.type.ndim == 0 and not _has_ellipsis(node))


def may_be_number(node: Node) -> bool:
    """Whether what is read at an index may be a number or a part of the array: nobody knows its rank."""
    if node.op.name != "getitem" or node.out.type.ndim is not None:
        return False
    return not any(slice_parts(item) is not None or item is Ellipsis for item in index_items(node.args[1]))


def _has_ellipsis(node: Node) -> bool:
    return any(item is Ellipsis for item in index_items(node.args[1]))


def is_fresh(term: Term) -> bool:
    """Whether a known array is a new one each time that its line runs, so that it matters which names show it."""
    return isinstance(term, Static) and isinstance(term.obj, np.ndarray) and isinstance(term.ast, ast.Call)


def _at_index(node: Node, parent: Value, new: Value, rest: list[Value]) -> Value:
    return parent.graph.add(PRIMITIVES["setitem"], [parent, *rest, new]).out


def _transposed(node: Node, parent: Value, new: Value, rest: list[Value]) -> Value:
    axes = node.options.get("axes")
    inverse = None if axes is None else tuple(int(i) for i in np.argsort(axes))
    return parent.graph.add(OPERATIONS[np.transpose], [new], {"axes": inverse}).out


def _moved(node: Node, parent: Value, new: Value, rest: list[Value]) -> Value:
    options = {"source": node.options["destination"], "destination": node.options["source"]}
    return parent.graph.add(node.op, [new], options).out


def _squeezed(node: Node, parent: Value, new: Value, rest: list[Value]) -> Value:
    return parent.graph.add(OPERATIONS[np.squeeze], [new], {"axis": node.options["axis"]}).out


def _again(node: Node, parent: Value, new: Value, rest: list[Value]) -> Value:
    return parent.graph.add(node.op, [new], node.options).out


def _itself(node: Node, parent: Value, new: Value, rest: list[Value]) -> Value:
    return new


VIEWS: dict[str, Callable[[Node, Value, Value, list[Value]], Value] | None] = {
    "getitem": _at_index,
    "transpose": _transposed,
    "matrix_transpose": _again,
    "swapaxes": _again,
    "moveaxis": _moved,
    "flip": _again,
    "flipud": _again,
    "fliplr": _again,
    "expand_dims": _squeezed,
    "asarray": _itself,
    "asanyarray": _itself,
    "diagonal": None,
    "broadcast_to": None,
}
"""The views that are followed, and for each how to put what it shows back; None where NumPy does not let one write."""
