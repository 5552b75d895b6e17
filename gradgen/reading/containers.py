"""What changes lists, dicts and objects of the function's own: `d["k"] = v`, `xs[0] += v`, `s.x = v`, `d.update(e)`.

The items are known one by one, so that what is changed is known when the gradient is written; the container itself is
not in the graph, nor in the module. Of a list whose length is not known only the end can be changed, see `growing`.
"""

from __future__ import annotations

import ast
import inspect
import types
from collections.abc import Callable
from typing import Any

from ..syntax import literal
from ..terms import MISSING, Cell, Computed, Sequence, Static, Term, sequence
from .access import Access, key_in
from .arithmetic import as_sequence

NOTHING = Static(ast.Constant(None), None)
EMPTY = Sequence(ast.Constant(None), dict, [])


class Containers(Access):
    """The part of a `Program` that changes what containers hold."""

    # ---- items and attributes

    def holder(self, node: ast.expr) -> tuple[Cell, Sequence] | None:
        """The container of the function's own that an expression is, and what it holds; None where it is no such thing.

        Raises UnsupportedError for a list whose length is not known.
        """
        base = self.read(node)
        return self.held_by(base, node)

    def held_by(self, base: Term, at: ast.AST) -> tuple[Cell, Sequence] | None:
        """The same of what was read."""
        cell = self.cell_of(base)
        if cell is None:
            return None
        holds = self.contents.get(cell, cell.first)
        if isinstance(holds, Static):
            holds = self.opened(holds)
        if isinstance(holds, Computed) and isinstance(length := _length(holds), int):
            holds = sequence(list, self.unpacked(self.value(self.here(holds)), length, at), (), cell)
        if isinstance(holds, Sequence):
            return cell, holds
        name = cell.word or "this list"
        problem = f"the length of `{name}` is not known when the gradient is written, and it is changed here"
        raise self.error(problem, at, "let it only grow, by `append`, or use an array")

    def put_item(self, node: ast.Subscript, term: Term) -> bool:
        """`d[key] = term`; False where `d` is no list or dict of the function's own."""
        found = self.holder(node.value)
        if found is None or found[1].kind not in (list, dict):
            return False
        cell, holds = found
        index = self._index(node.slice)
        if holds.kind is list and isinstance(index, Static) and isinstance(index.obj, slice):
            items = [*holds.items]
            new = self.listed(term, node)
            try:
                items[index.obj] = new
            except ValueError as error:
                raise self.error(str(error), node) from error
            self.hold(cell, sequence(list, items, (), cell), node)
        else:
            self.put_at(cell, holds, self._key(holds, index, node), term, node)
        return True

    def put_at(self, cell: Cell, holds: Sequence, key: Any, term: Term, at: ast.AST) -> None:
        """Let a container hold something under a key, at an index, or as an attribute."""
        items, keys = [*holds.items], holds.keys
        if holds.kind is list:
            items[key] = term
        elif key in keys:
            items[keys.index(key)] = term
        else:
            items, keys = [*items, term], (*keys, key)
        word = self.word_in(cell, key)
        self.call_it(term, word)
        items = [self.one_array(item, word) if item is term else item for item in items]
        self.hold(cell, sequence(holds.kind, items, keys, cell), at)

    def put_attribute(self, node: ast.Attribute, term: Term) -> bool:
        """`s.x = term`; False where `s` is no object that is made in the function."""
        found = self.holder(node.value)
        if found is None or found[1].kind in (list, dict):
            return False
        cell, holds = found
        self.refuse_setters(holds.kind, node.attr, node)
        self.put_at(cell, holds, node.attr, term, node)
        return True

    def refuse_setters(self, kind: type, name: str, at: ast.AST) -> None:
        """Raise UnsupportedError where a class does something of its own when an attribute is assigned."""
        own = inspect.getattr_static(kind, name, MISSING)
        data = hasattr(type(own), "__set__") and not isinstance(own, types.MemberDescriptorType)
        plain = kind is types.SimpleNamespace or kind.__dict__.get("__setattr__", MISSING) is MISSING
        if not plain or data:
            raise self.error(f"{kind.__name__} does more than to hold what is assigned to `{name}`", at)

    def drop(self, node: ast.expr) -> bool:
        """`del d[key]`, `del s.x`; False where `d` is no container of the function's own."""
        if not isinstance(node, (ast.Subscript, ast.Attribute)):
            return False
        found = self.holder(node.value)
        if found is None:
            return False
        cell, holds = found
        if isinstance(node, ast.Attribute):
            if node.attr not in holds.keys:
                raise self.error(f"{holds.kind.__name__} has no attribute {node.attr!r}", node)
            self._take(cell, holds, node.attr, node)
            return True
        index = self._index(node.slice)
        if holds.kind is list and isinstance(index, Static) and isinstance(index.obj, slice):
            items = [*holds.items]
            del items[index.obj]
            self.hold(cell, sequence(list, items, (), cell), node)
        else:
            self._take(cell, holds, self._key(holds, index, node, new=False), node)
        return True

    def _take(self, cell: Cell, holds: Sequence, key: Any, at: ast.AST) -> Term:
        """Take an item out of a container."""
        place = key % len(holds.items) if holds.kind is list else holds.keys.index(key)
        item = holds.items[place]
        items = [other for i, other in enumerate(holds.items) if i != place]
        keys = tuple(other for i, other in enumerate(holds.keys) if i != place)
        self.hold(cell, sequence(holds.kind, items, keys, cell), at)
        return self.here(item)

    def _key(self, holds: Sequence, index: Term, at: ast.AST, new: bool = True) -> Any:
        """The key or index at which an item is. Raises UnsupportedError where it is not known, or there is none."""
        key = key_in(holds, index)
        kind = holds.kind.__name__
        if key is MISSING:
            what = f"which item of the {kind} is changed here is not known when the gradient is written"
            advice = "loop over a range of known length" if holds.kind is list else "use constant keys"
            raise self.error(what, at, f"{advice}, or use an array")
        if holds.kind is list and not -len(holds.items) <= key < len(holds.items):
            error: Exception = IndexError("list assignment index out of range" if new else "pop index out of range")
        elif holds.kind is not list and not new and key not in holds.keys:
            error = KeyError(key)
        else:
            return key
        raise self.error(f"{type(error).__name__}: {error}", at) from error

    def listed(self, term: Term, at: ast.AST) -> list[Term]:
        """The items of what something is made of. Raises UnsupportedError where they are not known one by one."""
        known = as_sequence(term)
        if isinstance(term, Static) and known is None and isinstance(term.obj, (tuple, list, range, dict)):
            return self.known_items(Static(term.ast, list(term.obj)))
        if known is None:
            value = term.value if isinstance(term, Computed) else None
            shape = None if value is None else value.type.shape
            if value is not None and isinstance(shape, tuple) and shape and isinstance(shape[0], int):
                return self.unpacked(value, shape[0], at)
            raise self.error("how much is in this is not known when the gradient is written", at, "declare the shapes")
        if known.kind is dict:
            self.refuse_loose(known, at)
            return keys_of(known)
        return known.items

    def pairs_in(self, term: Term, at: ast.AST) -> dict[Any, Term] | None:
        """The keys and items of what a dict may be made of; None where they are not known one by one."""
        if isinstance(term, Static) and isinstance(term.obj, dict):
            places = [ast.Subscript(term.ast, literal(key) or ast.Constant(None), ast.Load()) for key in term.obj]
            items = [self.known_item(x, at) for x, at in zip(term.obj.values(), places, strict=True)]
            return dict(zip(term.obj, items, strict=True))
        if isinstance(term, Sequence) and term.kind is dict:
            self.refuse_loose(term, at)
            return dict(zip(term.keys, term.items, strict=True))
        known = as_sequence(term)
        found: dict[Any, Term] = {}
        for item in () if known is None else known.items:
            pair = as_sequence(item)
            if pair is None or len(pair.items) != 2 or (key := key_in(EMPTY, pair.items[0])) is MISSING:
                return None
            found[key] = pair.items[1]
        return None if known is None else found

    def entries(self, args: list[Term], kwargs: dict[str, Term], at: ast.AST) -> dict[Any, Term]:
        """What `dict(...)` and `d.update(...)` are given. Raises UnsupportedError where that is not known."""
        found = self.pairs_in(args[0], at) if len(args) == 1 else {} if not args else None
        if found is None:
            raise self.error("which items there are is not known when the gradient is written", at)
        return found | kwargs

    # ---- methods

    def of_container(self, method: str, owner: Term, args: list[Term], kwargs: dict[str, Term], node: ast.Call) -> Term:
        """A call of a method of a list or a dict."""
        kind = owner.kind if isinstance(owner, Sequence) else list
        if method == "__init__":  # of `object`
            return NOTHING
        if method in ("append", "extend") and len(args) == 1 and not kwargs:
            added = args if method == "append" else self.listed(args[0], node)
            return self.grow(owner, added, node)
        if kind is dict and (method != "pop" or len(args) > 1):
            self.refuse_loose(owner, node)
        if kind is dict and method in READING:
            return READING[method](self, owner, args, kwargs, node)  # type: ignore[no-any-return]
        known = (LISTS if kind is list else DICTS).get(method)
        found = self.held_by(owner, node)
        if known is None or found is None:
            raise self.error(f"this call of `{method}` cannot be followed", node)
        return known(self, *found, args, kwargs, node)

    def grow(self, owner: Term, added: list[Term], at: ast.AST) -> Term:
        """Let a list grow."""
        raise NotImplementedError

    def call_it(self, term: Term, word: str) -> None:
        """Let a value be called by a word, unless it has a name."""
        raise NotImplementedError

    def one_array(self, term: Term, word: str = "") -> Term:
        """A term that is bound, so that what is written into it is seen under that name."""
        raise NotImplementedError

    def refuse_call(self, method: str, at: ast.AST) -> Any:
        raise self.error(f"this call of `{method}` cannot be followed", at)


def _length(term: Computed) -> Any:
    """How long a list is, as far as that is known."""
    shape = term.value.type.shape
    return shape[0] if isinstance(shape, tuple) and shape else None


Change = Callable[[Any, Cell, Sequence, list[Term], dict[str, Term], ast.Call], Term]


def _position(p: Any, holds: Sequence, term: Term, at: ast.AST) -> int:
    key = key_in(holds, term)
    if not isinstance(key, int):
        raise p.error("which item of the list is meant here is not known when the gradient is written", at)
    return key


def _pop(p: Any, cell: Cell, holds: Sequence, args: list[Term], kwargs: Any, at: ast.Call) -> Term:
    if len(args) > 1 or kwargs:
        p.refuse_call("pop", at)
    index = args[0] if args else Static(ast.Constant(-1), -1)
    return p._take(cell, holds, p._key(holds, index, at, new=False), at)  # type: ignore[no-any-return]


def _insert(p: Any, cell: Cell, holds: Sequence, args: list[Term], kwargs: Any, at: ast.Call) -> Term:
    if len(args) != 2 or kwargs:
        p.refuse_call("insert", at)
    items = [*holds.items]
    items.insert(_position(p, holds, args[0], at), args[1])
    p.hold(cell, sequence(list, items, (), cell), at)
    return NOTHING


def _reverse(p: Any, cell: Cell, holds: Sequence, args: list[Term], kwargs: Any, at: ast.Call) -> Term:
    p.hold(cell, sequence(list, holds.items[::-1], (), cell), at)
    return NOTHING


def _clear(p: Any, cell: Cell, holds: Sequence, args: list[Term], kwargs: Any, at: ast.Call) -> Term:
    p.hold(cell, sequence(holds.kind, [], (), cell), at)
    return NOTHING


def _copy(p: Any, cell: Cell, holds: Sequence, args: list[Term], kwargs: Any, at: ast.Call) -> Term:
    return sequence(holds.kind, [p.here(item) for item in holds.items], holds.keys)


def _pop_key(p: Any, cell: Cell, holds: Sequence, args: list[Term], kwargs: Any, at: ast.Call) -> Term:
    if len(args) not in (1, 2) or kwargs:
        p.refuse_call("pop", at)
    if len(args) == 2 and key_in(holds, args[0]) is not MISSING and key_in(holds, args[0]) not in holds.keys:
        return args[1]
    return p._take(cell, holds, p._key(holds, args[0], at, new=False), at)  # type: ignore[no-any-return]


def _pop_last(p: Any, cell: Cell, holds: Sequence, args: list[Term], kwargs: Any, at: ast.Call) -> Term:
    if not holds.keys:
        raise p.error("KeyError: 'popitem(): dictionary is empty'", at)
    key = holds.keys[-1]
    return sequence(tuple, [as_key(key), p._take(cell, holds, key, at)])


def _set_default(p: Any, cell: Cell, holds: Sequence, args: list[Term], kwargs: Any, at: ast.Call) -> Term:
    key = p._key(holds, args[0], at) if len(args) in (1, 2) and not kwargs else p.refuse_call("setdefault", at)
    if key not in holds.keys:
        p.put_at(cell, holds, key, args[1] if len(args) > 1 else NOTHING, at)
        return args[1] if len(args) > 1 else NOTHING
    return p.here(holds.at(key))  # type: ignore[no-any-return]


def _update(p: Any, cell: Cell, holds: Sequence, args: list[Term], kwargs: dict[str, Term], at: ast.Call) -> Term:
    for key, term in p.entries(args, kwargs, at).items():
        p.put_at(cell, holds, key, term, at)
        holds = p.contents[cell]
    return NOTHING


def _get(p: Any, owner: Sequence, args: list[Term], kwargs: Any, at: ast.Call) -> Term:
    key = key_in(owner, args[0]) if args and not kwargs else MISSING
    if key is MISSING:
        p.refuse_call("get", at)
    return owner.at(key) or (args[1] if len(args) > 1 else NOTHING)


def _items(p: Any, owner: Sequence, args: list[Term], kwargs: Any, at: ast.Call) -> Term:
    pairs = zip(keys_of(owner), owner.items, strict=True)
    return _view(p, owner, [sequence(tuple, [key, item]) for key, item in pairs])


def _keys(p: Any, owner: Sequence, args: list[Term], kwargs: Any, at: ast.Call) -> Term:
    return _view(p, owner, keys_of(owner))


def _values(p: Any, owner: Sequence, args: list[Term], kwargs: Any, at: ast.Call) -> Term:
    return _view(p, owner, owner.items)


def _view(p: Any, owner: Sequence, items: list[Term]) -> Term:
    made = sequence(list, items)
    p.shown_by(owner.cell, made.cell)
    return made


def keys_of(term: Sequence) -> list[Term]:
    """The keys of a dict."""
    return [as_key(key) for key in term.keys]


def as_key(key: Any) -> Static:
    """A key as a term."""
    return Static(literal(key) or ast.Constant(None), key)


READING: dict[str, Any] = {"get": _get, "items": _items, "keys": _keys, "values": _values}
"""Methods of a dict that leave it as it is."""
LISTS: dict[str, Change] = {"pop": _pop, "insert": _insert, "reverse": _reverse, "clear": _clear, "copy": _copy}
DICTS: dict[str, Change] = {
    "pop": _pop_key, "popitem": _pop_last, "setdefault": _set_default, "update": _update, "clear": _clear,
    "copy": _copy,
}  # fmt: skip
"""Methods of lists and dicts that change them, or copy them."""
