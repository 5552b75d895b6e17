"""Iterators in other words: `map`, `filter`, `itertools`, generator expressions and generator functions.

What is gone through once, where it is made, is as good as the list of what it gives; as the iterable of a `for` it
becomes the loops that it stands for, so that each item is made in the step that takes it. A list that is made before a
loop begins must do nothing beside, and read nothing that the loop changes.
"""

from __future__ import annotations

import ast
import contextlib
import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..errors import UnsupportedError
from ..graph import OPAQUE, Node
from ..source import Function
from ..terms import Closure, Computed, Static, Term
from .contents import Memory
from .equivalents import WORDS
from .flow import is_endless, leaves
from .ordering import Ordering
from .rewriting import as_loops, collecting, name, placed, written
from .through import Way

COMPREHENSIONS = (ast.ListComp, ast.GeneratorExp)


@dataclass(eq=False)
class Begun:
    """An iterator that has a name, before it is gone through. term: what the name means for all other code. names: what
    the names in the expression meant. loops: how many loops stand around it."""

    node: ast.expr
    term: Term
    names: dict[str, Any]
    loops: int


class Iterators(Ordering):
    """The part of a `Program` that reads what iterators give."""

    gone_through: ast.expr | None = None
    """The call that is gone through where it stands, so that a generator function may be followed."""

    # ---- iterators that have a name

    def begin(self, name: str, node: ast.expr, term: Term) -> None:
        """Note that a name is given to an iterator, which may be gone through later."""
        iterator = isinstance(node, ast.GeneratorExp)
        if isinstance(node, ast.Call) and isinstance(node.func, (ast.Name, ast.Attribute)):
            callee = self.attribute(node.func) if isinstance(node.func, ast.Attribute) else self.read(node.func)
            obj = getattr(callee, "obj", None)
            function = None if iterator else self.function_of(callee)
            iterator = _is_hashable(obj) and obj in WORDS or function is not None and yields(function)
        if iterator:
            names = {w: self.frame.names.get(w) for w in sorted(_names_in(node))}
            self.frame.begun[name] = Begun(node, term, names, self.frame.loops)

    def _begun(self, node: ast.expr) -> ast.expr:
        """The expression of an iterator behind its name; any other as it is."""
        begun = self.frame.begun.get(node.id) if isinstance(node, ast.Name) else None
        if begun is None or self.frame.names.get(node.id) is not begun.term:  # type: ignore[attr-defined]
            return node
        for word, term in begun.names.items():
            if self.frame.names.get(word) is not term:
                what = f"`{word}` has another value here than where `{ast.unparse(node)}` was made of it"
                raise self.error(what, node, "go through it where it is made, or make a list of it there")
        if begun.loops != self.frame.loops:
            raise self.error(f"`{ast.unparse(node)}` is gone through once, and this is inside a loop", node)
        del self.frame.names[node.id]  # type: ignore[attr-defined]
        made = begun.term.value.node if isinstance(begun.term, Computed) else None
        if made in self.graph.nodes and not any(v in n.inputs for n in self.graph.nodes for v in made.outputs):
            self.graph.nodes.remove(made)
        return begun.node  # type: ignore[no-any-return]

    # ---- all at once

    def used_up(self, node: ast.expr) -> Term:
        """What is gone through at once: an iterator is as good as a list there."""
        node = self._begun(node)
        with self.names_aside():
            words = self._in_other_words(node)
            if isinstance(words, ast.Call):
                words = self._each(words)
            if words is None:
                with self._going_through(node):
                    return self.read(node)
            if words is node:
                return self.comprehended(node)  # type: ignore[arg-type]
            read = self.comprehension if isinstance(words, COMPREHENSIONS) else self.read
            return self.or_else(lambda: read(words), lambda: self.read(node))  # type: ignore[no-any-return, arg-type]

    @contextlib.contextmanager
    def _going_through(self, node: ast.expr) -> Iterator[None]:
        outer, self.gone_through = self.gone_through, node
        try:
            yield
        finally:
            self.gone_through = outer

    def _each(self, node: ast.Call) -> ast.ListComp:
        """`[item for item in node]`."""
        item = self.free_word("item")
        generator = ast.comprehension(name(item, store=True), node, [], 0)
        return placed(ast.ListComp(name(item), [generator]), node)  # type: ignore[no-any-return]

    def _in_other_words(self, node: ast.expr) -> ast.expr | None:
        """A comprehension, or another expression, that gives the same items; None where there is none."""
        if isinstance(node, ast.GeneratorExp):
            return node
        if not isinstance(node, ast.Call) or not isinstance(node.func, (ast.Name, ast.Attribute)):
            return None
        callee = self.attribute(node.func) if isinstance(node.func, ast.Attribute) else self.read(node.func)
        words = WORDS.get(getattr(callee, "obj", None)) if _is_hashable(getattr(callee, "obj", None)) else None
        if words is None or any(isinstance(a, ast.Starred) for a in node.args):
            return None
        made = words(self, node)
        return None if made is None else placed(made, node)

    # ---- as the iterable of a loop

    def lazily(self, node: ast.For) -> list[ast.stmt] | None:
        """The loops that a `for` over an iterator stands for; None where it is as well read as it stands."""
        through = self._begun(node.iter)
        if through is not node.iter:
            used_up = not _breaks(node.body) and not leaves(node)
            rest = written(f"{node.iter.id} = []", node.iter, {}) if used_up else []  # type: ignore[attr-defined]
            return [placed(ast.For(node.target, through, node.body, node.orelse), node), *rest]
        words = self._in_other_words(node.iter)
        if isinstance(words, ast.Call):
            new = placed(ast.For(node.target, words, node.body, node.orelse), node)
            return [new] if words is not node.iter else None
        if not isinstance(words, COMPREHENSIONS):
            return None
        alone = len(words.generators) == 1
        if not alone and (node.orelse or _breaks(node.body)) or any(g.is_async for g in words.generators):
            return None
        if words is node.iter:
            words = self._apart(words)
        first = words.generators[0].target
        if alone and isinstance(first, ast.Name) and isinstance(node.target, ast.Name):
            if isinstance(words.elt, ast.Name) and words.elt.id == first.id:  # the items themselves
                words = _renamed(words, {first.id: node.target.id})
                made = as_loops(words, node.body, node)
                made.orelse = node.orelse
                return [made]
        given = placed(ast.Assign([node.target], words.elt), node.iter)
        made = as_loops(words, [given, *node.body], node)
        made.orelse = node.orelse
        return [made]

    def _apart(self, node: Any) -> Any:
        """A comprehension whose variables are unlike all names of the function."""
        inner = {n.id for g in node.generators for n in ast.walk(g.target) if isinstance(n, ast.Name)}
        own = [n.id for n in ast.walk(node) if isinstance(n, ast.Name)]
        everywhere = [n.id for n in ast.walk(self.frame.function.node) if isinstance(n, ast.Name)]
        clash = [w for w in sorted(inner) if everywhere.count(w) > own.count(w) or w in self.frame.names]
        return _renamed(node, {word: self.free_word(word) for word in clash})

    def way(self, node: ast.expr) -> Way:
        """How a loop over an expression goes."""
        node = self._begun(node)
        with self.names_aside():
            words = self._in_other_words(node)
            if isinstance(words, ast.Call):
                return super().way(words)
            generator = words is None and self.is_generator(node)
            if words is None and not generator:
                return super().way(node)
            count, versions = len(self.graph.nodes), dict(self.versions)
            term = self.used_up(node)
            if any(map(_has_effect, self.graph.nodes[count:])):
                what = "this does something beside giving items, which would be done before the loop begins"
                raise self.error(what, node, "make a list of it in a statement before")
            if self.written_since(versions):
                raise self.error("this writes an array while it gives items", node, "make a list of it before")
            return Way("items", node, [term], listed=True)

    def is_generator(self, node: ast.expr) -> bool:
        """Whether it is a call of a generator function that can be followed."""
        if not isinstance(node, ast.Call) or not isinstance(node.func, (ast.Name, ast.Attribute)):
            return False
        callee = self.attribute(node.func) if isinstance(node.func, ast.Attribute) else self.read(node.func)
        function = self.function_of(callee)
        return function is not None and yields(function)

    def refuse_changes(self, node: ast.For, way: Way, before: Memory) -> None:
        """Raise UnsupportedError where a loop changes what the items are made of, which were made before it began."""
        if not way.is_listed():
            return
        contents = any(self.contents.get(cell) is not term for cell, term in before.contents.items())
        if self.written_since(before.versions) or contents:
            advice = "make a list of it before, if that is what is meant"
            raise self.error("this loop writes arrays, and its items may be made of them", node.iter, advice)
        read = {n.id for n in ast.walk(node.iter) if isinstance(n, ast.Name)}
        for call in [n for n in ast.walk(node.iter) if isinstance(n, ast.Call)]:
            with contextlib.suppress(UnsupportedError):
                closure = self.read(call.func) if isinstance(call.func, ast.Name) else None
                if isinstance(closure, Closure):
                    read |= {n.id for n in ast.walk(closure.node) if isinstance(n, ast.Name)}
        bound = {n.id for n in ast.walk(ast.Module(node.body, [])) if isinstance(n, ast.Name) and not _loaded(n)}
        for word in sorted(read & bound):
            raise self.error(f"`{word}` is given a new value in this loop, whose items are made of it", node.iter)

    # ---- generator functions

    def collected(self, function: Function, call: ast.Call) -> Function:
        """A generator function as one that returns the list of what it yields.

        Raises UnsupportedError where it is not gone through at once, or that is no list.
        """
        if call is not self.gone_through:
            advice = "write the call where it is gone through, as in `for x in f(...)` or `sum(f(...))`"
            raise self.error(f"`{ast.unparse(call.func)}` is a generator function", call, advice)
        node = function.node
        if any(is_endless(n) and not any(isinstance(m, ast.Return) for m in ast.walk(n)) for n in ast.walk(node)):
            raise function.error(f"{function.name!r} yields without end", node, "let it return")
        loops = [n for n in ast.walk(node) if isinstance(n, (ast.For, ast.While))]
        for part in [n for loop in loops for n in ast.walk(loop) if isinstance(n, ast.Return)]:
            raise function.error("a generator that returns from within a loop is not followed", part, "use `break`")
        made = collecting(node, self.free_word("items"))  # type: ignore[arg-type]
        if made is None:
            raise function.error(f"{function.name!r} is sent values, or returns one", node, "return a list")
        return Function(function.fn, made, function.file, function.scope, function.defaults, function.original or node)

    def with_stars(self, kind: type, elements: list[ast.expr]) -> Term:
        """A tuple or list with stars in it, of which it is not known how long it is: a list that grows."""
        at, word = elements[0], self.free_word("items")
        count = next(i for i, element in enumerate(elements) if isinstance(element, ast.Starred))
        statements = written(f"{word} = begin", at, {}, begin=placed(ast.List(elements[:count], ast.Load()), at))
        for element in elements[count:]:
            how, added = ("extend", element.value) if isinstance(element, ast.Starred) else ("append", element)
            statements += written(f"{word}.{how}(added)", element, {}, added=added)
        made = self.result_of(statements, word, dict(self.frame.names))
        if kind is list:
            return made
        with self.names_aside():
            call = ast.Call(self.hidden(Static(name("tuple"), tuple)), [self.hidden(made)], [])
            return self.read(placed(call, at))

    # ---- calls that go through something

    def read_whole(self, fn: Any, node: ast.Call) -> Term | None:
        """A call of a function of which it matters how its arguments are written."""
        return self.first_of(node) if fn is next else self.ordered(fn, node)

    def first_of(self, node: ast.Call) -> Term | None:
        """`next(...)` of what is made there; None for any other."""
        names = dict(self.frame.names)
        with self.names_aside():
            words = self._in_other_words(node.args[0]) if len(node.args) in (1, 2) and not node.keywords else None
            if not isinstance(words, COMPREHENSIONS):
                return None
            if len(words.generators) > 1:
                raise self.error("the first item of several loops is not followed", node, "write the loops out")
            words = self._apart(words)
            found = self.free_word("found")
            taken = written(f"{found} = item\nbreak", node, {}, item=words.elt)
            loop = as_loops(words, taken, node)
            begin = written(f"{found} = default", node, {}, default=node.args[1]) if len(node.args) > 1 else []
            loop.orelse = [] if begin else written("raise StopIteration", node, {})
            return self.result_of([*begin, loop], found, names)


def yields(function: Function) -> bool:
    """Whether it is a generator function."""
    todo: list[ast.AST] = [] if isinstance(function.node, ast.Lambda) else [*function.node.body]
    while todo:
        part = todo.pop()
        if isinstance(part, (ast.Yield, ast.YieldFrom)):
            return True
        if not isinstance(part, (ast.FunctionDef, ast.Lambda, ast.ClassDef, ast.GeneratorExp)):
            todo += ast.iter_child_nodes(part)
    return False


def _breaks(body: list[ast.stmt]) -> bool:
    """Whether a loop's body leaves it by `break`."""
    todo: list[ast.AST] = [*body]
    while todo:
        part = todo.pop()
        if isinstance(part, ast.Break):
            return True
        if isinstance(part, (ast.For, ast.While)):
            todo += part.orelse
        elif not isinstance(part, (ast.FunctionDef, ast.Lambda)):
            todo += ast.iter_child_nodes(part)
    return False


def _renamed(node: Any, words: dict[str, str]) -> Any:
    """A copy of a comprehension with other names for its variables."""
    made = copy.deepcopy(node)
    for part in ast.walk(made):
        if isinstance(part, ast.Name):
            part.id = words.get(part.id, part.id)
    return made


def _has_effect(node: Node) -> bool:
    return node.effect and node.op is OPAQUE or any(_has_effect(n) for g in node.subgraphs for n in g.nodes)


def _is_hashable(obj: Any) -> bool:
    return callable(obj) and getattr(type(obj), "__hash__", None) is not None


def _names_in(node: ast.expr) -> set[str]:
    """The names that an expression reads from outside of it."""
    bound = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and not _loaded(n)}
    bound |= {n.arg for n in ast.walk(node) if isinstance(n, ast.arg)}
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} - bound


def _loaded(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Load)

