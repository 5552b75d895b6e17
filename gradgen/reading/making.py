"""Objects that are made in the function: instances of dataclasses and of plain classes, whose attributes are known.

An instance of a class of the user's is what its `__init__` makes of it, which is followed; the object itself is not in
the graph. One of a dataclass may be passed on to code that is not followed, written out as a call of the class.
"""

from __future__ import annotations

import abc
import ast
import dataclasses
import types
from typing import Any

from ..constants import named_fields
from ..library import is_library
from ..source import function_source, unwrap
from ..terms import Bound, Instance, Sequence, Static, Term, sequence
from .containers import NOTHING
from .outward import Outward

OWN_WAYS = ("__new__", "__getattribute__", "__setattr__", "__delattr__")
"""What a plain class leaves as `object` has it."""


class Making(Outward):
    """The part of a `Program` that makes objects."""

    standing: Any

    def constructed(self, cls: Any, args: list[Term], kwargs: dict[str, Term], node: ast.Call) -> Term | None:
        """A new object; None for one of a class that does more than to hold attributes."""
        if cls is types.SimpleNamespace and not args:
            return sequence(cls, list(kwargs.values()), tuple(kwargs))
        if issubclass(cls, tuple):
            return self._named_tuple(cls, args, kwargs)
        if "__dataclass_fields__" in vars(cls):
            return self._dataclass(cls, args, kwargs, node)
        if not is_plain(cls):
            return None
        init = unwrap(cls.__init__)
        made = sequence(cls, [], ())
        if isinstance(init, types.FunctionType):
            self._initialised(init, made, args, kwargs, node)
        elif args or kwargs:
            return None
        return self.here(made)

    def _initialised(self, init: Any, made: Term, args: list[Term], kwargs: dict[str, Term], node: ast.Call) -> None:
        """Follow `__init__`, or `__post_init__`, which returns nothing."""
        standing, self.standing = self.standing, node
        try:
            self.follow(function_source(init), [made, *args], kwargs, node)
        finally:
            self.standing = standing

    def _named_tuple(self, cls: Any, args: list[Term], kwargs: dict[str, Term]) -> Term | None:
        maker = next(base for base in cls.__mro__ if "__new__" in vars(base))
        if "_fields" not in vars(maker):
            return None
        keys = named_fields(cls)
        defaults = getattr(cls, "_field_defaults", {})
        given = dict(zip(keys, args, strict=False)) | kwargs
        given |= {key: self.known_item(x, ast.Name(key, ast.Load())) for key, x in defaults.items() if key not in given}
        if len(args) > len(keys) or set(given) != set(keys):
            return None
        return sequence(cls, [given[key] for key in keys], tuple(keys))

    def _dataclass(self, cls: Any, args: list[Term], kwargs: dict[str, Term], node: ast.Call) -> Term | None:
        """An instance of a dataclass whose `__init__` is the one that is made for it."""
        if not cls.__dataclass_params__.init or type(cls) not in (type, abc.ABCMeta) or not has_own_ways(cls):
            return None
        if any(field._field_type is not dataclasses._FIELD for field in cls.__dataclass_fields__.values()):  # type: ignore[attr-defined]
            return None
        fields = dataclasses.fields(cls)
        positional = [f.name for f in fields if f.init and not f.kw_only]
        given = dict(zip(positional, args, strict=False)) | kwargs
        if len(args) > len(positional) or not {f.name for f in fields if f.init} >= set(given):
            return None
        items: dict[str, Term] = {}
        for field in fields:
            term = given.get(field.name) or self._default(field, node)
            if term is None and field.init:
                return None
            if term is not None:
                items[field.name] = term
        made = sequence(cls, list(items.values()), tuple(items))
        after = getattr(cls, "__post_init__", None)
        if after is not None:
            if made.cell is None:
                return None
            self._initialised(unwrap(after), made, [], {}, node)
        return self.here(made)

    def _default(self, field: Any, node: ast.Call) -> Term | None:
        """The default of a field; None where it has none."""
        if field.default_factory is not dataclasses.MISSING:
            named = Static(ast.Name(field.name, ast.Load()), field.default_factory)
            return self.call_known(named, [], {}, ast.Call(named.ast, [], []), node)
        if field.default is dataclasses.MISSING:
            return None
        return self.known_item(field.default, ast.Name(field.name, ast.Load()))

    def with_fields(self, base: Term, changes: dict[str, Term], node: ast.Call) -> Term | None:
        """`dataclasses.replace(base, ...)` and `base._replace(...)`; None where the fields are not known."""
        cls = base.kind if isinstance(base, Sequence) else base.cls if isinstance(base, Instance) else None
        if not isinstance(cls, type) or not (dataclasses.is_dataclass(cls) or hasattr(cls, "_fields")):
            return None
        keys = named_fields(cls) if issubclass(cls, tuple) else [f.name for f in dataclasses.fields(cls) if f.init]  # type: ignore[arg-type]
        given = {key: changes.get(key) or self._field(base, key, node) for key in keys}
        if set(changes) - set(keys):
            raise self.error(f"{cls.__name__} has no field {min(set(changes) - set(keys))!r}", node)
        return self.constructed(cls, [], given, node)

    def _field(self, base: Term, key: str, node: ast.Call) -> Term:
        return self.member(base, ast.copy_location(ast.Attribute(node, key, ast.Load()), node))

    def set_attribute(self, base: Term, name: str, term: Term, node: ast.Call) -> Term | None:
        """`setattr(base, name, term)`; None where it is no object of the function's own."""
        found = self.held_by(base, node)
        if found is None or found[1].kind in (list, dict):
            return None
        self.refuse_setters(found[1].kind, name, node)
        cell, holds = found
        self.put_at(cell, holds, name, term, node)
        return NOTHING

    def is_made(self, callee: Term) -> bool:
        """Whether it is a method of an object that is made in the function: its calls are followed."""
        return isinstance(callee, Bound) and isinstance(callee.owner, Sequence)

    def call_known(
        self, callee: Term, args: list[Term], kwargs: dict[str, Term], tree: ast.expr, node: ast.Call
    ) -> Term:
        """What a call gives, its arguments being read."""
        raise NotImplementedError


def has_own_ways(cls: Any) -> bool:
    """Whether attributes of instances are looked up and assigned as those of any object."""
    frozen = getattr(getattr(cls, "__dataclass_params__", None), "frozen", False)
    known = ("__new__", "__getattribute__") if frozen else OWN_WAYS
    return not hasattr(cls, "__getattr__") and all(getattr(cls, name) is getattr(object, name) for name in known)


def is_plain(cls: Any) -> bool:
    """Whether instances of a class of the user's are what its `__init__` makes of them."""
    own = [base for base in cls.__mro__ if base not in (object, abc.ABC)]
    return bool(own) and type(cls) in (type, abc.ABCMeta) and has_own_ways(cls) and not any(map(is_library, own))
