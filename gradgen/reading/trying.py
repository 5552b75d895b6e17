"""Reading `try`: its body alone where no handler can come to run, or where each of them merely raises something else.

What a body raises while it is read, such as the KeyError of a table, is raised whenever it runs: its handler is read.
All other `try` statements are passed on as they stand, which is refused where a derivative goes through them.
"""

from __future__ import annotations

import ast
from typing import Any

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
        count = len(self.graph.nodes)

        def handle(error: UnsupportedError) -> None:
            cause = error.__cause__
            known = None if cause is None else [cls is not None and isinstance(cause, cls) for cls in caught]
            if known is None or None in caught or True not in known or len(self.graph.nodes) > count:
                raise error
            self.block(node.handlers[known.index(True)].body)

        names = dict(self.frame.names)
        try:
            self.block(node.body)
        except UnsupportedError as error:
            self.graph.nodes[count:] = [n for n in self.graph.nodes[count:] if n.op is not CONST]
            self.frame.names.clear()
            self.frame.names.update(names)
            handle(error)
            return
        plain = [n for n in self.graph.nodes[count:] if n.op is not CONST]
        unraised = all(cls is not None and issubclass_of(cls, UNRAISED) for cls in caught)
        known = all(n.op is not OPAQUE and all(v.type.ndim is not None for v in n.inputs) for n in plain)
        raising = all(isinstance(h.body[-1], ast.Raise) and always_leaves(h.body) for h in node.handlers)
        varies = any(self.may_vary(Computed(Ref(v), v)) for n in plain for v in n.outputs)
        if plain and not (unraised and known) and not (raising and varies):
            raise self.error("a `try` around values that carry a derivative is not followed", node, "move them out")
        self.block(node.orelse)

    def _classes(self, handler: ast.ExceptHandler) -> Any:
        """The exceptions that a handler is for; None where that is not known."""
        if handler.type is None:
            return BaseException
        term = looked_at(self, handler.type)
        found = term.obj if isinstance(term, Static) else None
        found = found if isinstance(found, tuple) else (found,)
        return found if all(isinstance(cls, type) and issubclass(cls, BaseException) for cls in found) else None


def issubclass_of(classes: Any, bases: tuple[type, ...]) -> bool:
    """Whether each of some exceptions is one of others."""
    return all(issubclass(cls, bases) for cls in (classes if isinstance(classes, tuple) else (classes,)))
