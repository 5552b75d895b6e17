"""What annotations say of kinds and shapes: numbers and arrays, read as text, and containers, by their classes."""

from __future__ import annotations

import ast
import builtins
import dataclasses
import re
import sys
from collections.abc import Mapping
from typing import Any

from .constants import named_fields
from .sequences import each, list_of
from .shapes import OBJECT, Dim, Form, ShapeVar, Size, Type, container

SCALARS = ("float", "int", "bool", "complex")


def annotated_type(node: ast.expr | None, scope: Mapping[str, Any]) -> Type | None:
    """What an annotation says: `float`, jaxtyping's `Float[np.ndarray, "n d"]`, `tuple[...]`, `list[...]`, a class.

    scope: the names that it may use. None where it says nothing.
    """
    match node:
        case ast.Name(id=word) if word in SCALARS:
            return Type(word, ())
        case ast.Name(id=word) if word not in scope and hasattr(builtins, word):
            return type_of_instances(getattr(builtins, word))
        case ast.Constant(value=str(text)):
            try:
                return annotated_type(ast.parse(text, mode="eval").body, scope)
            except SyntaxError:
                return None
        case ast.Name() | ast.Attribute():
            return type_of_instances(_named(node, scope))
        case ast.Subscript(value=ast.Name(id="tuple" | "Tuple"), slice=ast.Tuple(elts=[first, ast.Constant(value=x)])):
            return _list(first, scope) if x is Ellipsis else None
        case ast.Subscript(value=ast.Name(id="tuple" | "Tuple"), slice=ast.Tuple(elts=items)):
            return container(tuple(annotated_type(item, scope) or Type() for item in items), Form(tuple))
        case ast.Subscript(value=ast.Name(id="list" | "List"), slice=item):
            return _list(item, scope)
        case ast.Subscript(value=value, slice=ast.Tuple(elts=[_, ast.Constant(value=str(text))])):
            return _jaxtyping(value, text)
    return None


def _list(item: ast.expr, scope: Mapping[str, Any]) -> Type:
    return list_of(each(annotated_type(item, scope) or Type()), Dim.fresh())


def _jaxtyping(value: ast.expr, text: str) -> Type | None:
    word = value.attr if isinstance(value, ast.Attribute) else getattr(value, "id", "")
    kind = next((k for k in SCALARS if str(word).lower().startswith(k)), None)
    if kind is None:
        return None
    dims: list[Size] = []
    for part in text.split():
        if not re.fullmatch(r"[A-Za-z_]\w*|\d+", part):
            return Type(kind, ShapeVar(), array=True)
        dims.append(int(part) if part.isdigit() else Dim.named(part))
    return Type(kind, tuple(dims), array=True)


def _named(node: ast.expr, scope: Mapping[str, Any]) -> Any:
    """What a name or a dotted name means."""
    if isinstance(node, ast.Attribute):
        return getattr(_named(node.value, scope), node.attr, None)
    return scope.get(node.id) if isinstance(node, ast.Name) else None


def type_of_instances(cls: Any) -> Type | None:
    """The type of the instances of a class: a named tuple by its fields, a dataclass or another class by its name."""
    if not isinstance(cls, type):
        return None
    if cls in (str, bytes, dict, set):
        return OBJECT
    if issubclass(cls, tuple) and named_fields(cls):
        fields = named_fields(cls)
        return container(tuple(field_type(cls, name) or Type() for name in fields), Form(cls, fields))
    return OBJECT.but(form=Form(cls)) if dataclasses.is_dataclass(cls) else None


def field_type(cls: Any, name: str) -> Type | None:
    """What the annotation of an attribute in a class, or in one above it, says."""
    for base in cls.__mro__:
        said = vars(base).get("__annotations__", {}).get(name)
        if said is not None:
            if not isinstance(said, str):
                return _object_type(said)
            module = sys.modules.get(base.__module__)
            return annotated_type(ast.Constant(said), {} if module is None else vars(module))
    return None


def _object_type(said: Any) -> Type | None:
    """What an annotation that was evaluated says."""
    return Type(said.__name__, ()) if said in (float, int, bool, complex) else type_of_instances(said)
