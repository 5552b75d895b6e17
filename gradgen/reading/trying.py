"""Reading `try`: its body alone where no handler can come to run, or where each of them merely raises something else.

What a body raises while it is read, such as the KeyError of a table, is raised whenever it runs: its handler is read.
All other `try` statements are passed on as they stand, which is refused where a derivative goes through them.
"""

from __future__ import annotations

import ast

from ..errors import UnsupportedError
from ..graph import CONST, OPAQUE
from ..terms import Computed, Ref, Static
from .decide import looked_at
from .flow import Flow, always_leaves

UNRAISED = (NameError, AttributeError, TypeError, KeyError, ImportError)
"""What operations on numbers and arrays of known ranks never raise."""


class Trying(Flow):
    """The part of a `Program` that reads `try` statements."""

    def pass_on_statement(self, node: ast.stmt) -> None:
        raise NotImplementedError

    def tried(self, node: ast.Try) -> None:
        """A `try` statement."""
        self.or_else(lambda: self._without_handlers(node), lambda: self.pass_on_statement(node))

    def _without_handlers(self, node: ast.Try) -> None:
        if node.finalbody:
            raise self.error("a `finally` around values that carry a derivative is not followed", node)
        caught = [self._classes(handler) for handler in node.handlers]
        names, count = dict(self.frame.names), len(self.graph.nodes)
        try:
            self.block(node.body)
        except UnsupportedError as error:
            self.graph.nodes[count:] = [n for n in self.graph.nodes[count:] if n.op is not CONST]
            self.frame.names.clear()
            self.frame.names.update(names)
            pairs = zip(node.handlers, caught, strict=True)
            fits = [handler for handler, found in pairs if isinstance(error.__cause__, found or ())]
            if None in caught or not fits or len(self.graph.nodes) > count:
                raise
            self.block(fits[0].body)
            return
        plain = [n for n in self.graph.nodes[count:] if n.op is not CONST]
        unraised = None not in caught and all(issubclass(cls, UNRAISED) for found in caught for cls in found or ())
        known = all(n.op is not OPAQUE and all(v.type.ndim is not None for v in n.inputs) for n in plain)
        raising = all(isinstance(h.body[-1], ast.Raise) and always_leaves(h.body) for h in node.handlers)
        varies = any(self.may_vary(Computed(Ref(v), v)) for n in plain for v in n.outputs)
        if plain and not (unraised and known) and not (raising and varies):
            raise self.error("a `try` around values that carry a derivative is not followed", node, "move them out")
        self.block(node.orelse)

    def _classes(self, handler: ast.ExceptHandler) -> tuple[type[BaseException], ...] | None:
        """The exceptions that a handler is for; None where that is not known."""
        if handler.type is None:
            return (BaseException,)
        term = looked_at(self, handler.type)
        found = term.obj if isinstance(term, Static) else None
        found = found if isinstance(found, tuple) else (found,)
        return found if all(isinstance(cls, type) and issubclass(cls, BaseException) for cls in found) else None
