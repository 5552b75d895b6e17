"""Routes: how a part of an argument is reached, as in `self.layer.W`, `params["b"]` and `layers[0]`."""

from __future__ import annotations

import ast
import copy
import dataclasses
import json
import types
from dataclasses import dataclass
from typing import Any

from .errors import GradgenError
from .shapes import Type

ATTRIBUTE, ITEM = "attribute", "item"


@dataclass(frozen=True)
class Route:
    """root: the parameter. steps: (`ATTRIBUTE`, name) and (`ITEM`, key), from there to the part."""

    root: str
    steps: tuple[tuple[str, Any], ...] = ()

    def then(self, kind: str, key: Any) -> Route:
        return Route(self.root, (*self.steps, (kind, key)))

    def __str__(self) -> str:
        """As Python, strings in double quotes."""
        text = self.root
        for kind, key in self.steps:
            said = json.dumps(key, ensure_ascii=False) if isinstance(key, str) else repr(key)
            text += f".{key}" if kind == ATTRIBUTE else f"[{said}]"
        return text

    def within(self, other: Route) -> bool:
        """Whether it is `other`, or a part of it."""
        return self.root == other.root and self.steps[: len(other.steps)] == other.steps

    def meets(self, other: Route) -> bool:
        """Whether one of the two is a part of the other."""
        return self.within(other) or other.within(self)

    def of(self, obj: Any) -> Any:
        """The part of an argument. Raises AttributeError, LookupError or TypeError where there is none."""
        for kind, key in self.steps:
            obj = getattr(obj, key) if kind == ATTRIBUTE else obj[key]
        return obj

    def replaced(self, obj: Any, part: Any) -> Any:
        """A copy of an argument that has another part here; what is around the part is copied, the rest is shared."""
        if not self.steps:
            return part
        (kind, key), rest = self.steps[0], Route("", self.steps[1:])
        inner = rest.replaced(getattr(obj, key) if kind == ATTRIBUTE else obj[key], part)
        if isinstance(obj, tuple):
            key = obj._fields.index(key) if kind == ATTRIBUTE else key % len(obj)  # type: ignore[attr-defined]
            items = [inner if i == key else item for i, item in enumerate(obj)]
            return type(obj)(*items) if hasattr(obj, "_fields") else tuple(items)
        new = copy.copy(obj)
        if kind == ATTRIBUTE:
            object.__setattr__(new, key, inner)
        else:
            new[key] = inner
        return new

    @property
    def word(self) -> str:
        """A word for the part: the last name on the way, and what numbers follow it."""
        numbers: list[str] = []
        for _, key in reversed(self.steps):
            if isinstance(key, str) and key.isidentifier():
                return "_".join([key, *numbers])
            numbers.insert(0, "".join(filter(str.isalnum, str(key).replace("-", "m"))))
        return "_".join([self.root, *numbers])


def parts(route: Route, t: Type) -> list[Route]:
    """The routes of what is in a container of type `t`."""
    assert t.items is not None and t.form is not None
    if t.form.kind in (tuple, list):
        return [route.then(ITEM, i) for i in range(len(t.items))]
    return [route.then(ITEM if t.form.kind is dict else ATTRIBUTE, key) for key in t.form.keys]


def leaves(x: Any, route: Route) -> list[tuple[Route, Any]]:
    """What is in a container, however deep, with the routes that lead there; of anything else, itself."""
    if isinstance(x, dict):
        steps = [route.then(ITEM, key) for key in x]
    elif isinstance(x, tuple) and hasattr(x, "_fields"):
        steps = [route.then(ATTRIBUTE, name) for name in x._fields]
    elif isinstance(x, (tuple, list)):
        steps = [route.then(ITEM, i) for i in range(len(x))]
    elif dataclasses.is_dataclass(x) and not isinstance(x, type):
        steps = [route.then(ATTRIBUTE, f.name) for f in dataclasses.fields(x)]
    elif isinstance(x, types.SimpleNamespace):
        steps = [route.then(ATTRIBUTE, name) for name in vars(x)]
    else:
        return [(route, x)]
    return [leaf for step in steps for leaf in leaves(Route("", step.steps[-1:]).of(x), step)]


def parse_route(text: str) -> Route:
    """The route that a text such as `self.W` or `params["W"]` names. Raises GradgenError where it is none."""
    try:
        return _route(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, ValueError):
        raise GradgenError(f'{text!r} is no parameter, and no part of one such as self.W, params["W"]') from None


def _route(node: ast.expr) -> Route:
    match node:
        case ast.Name(id=name):
            return Route(name)
        case ast.Attribute(value=value, attr=name):
            return _route(value).then(ATTRIBUTE, name)
        case ast.Subscript(value=value, slice=index):
            key = ast.literal_eval(index)
            hash(key)
            return _route(value).then(ITEM, key)
    raise ValueError


def split_at_commas(text: str) -> list[str]:
    """The parts of a text between commas that stand in no brackets or quotes."""
    parts, depth, quote = [""], 0, ""
    for c in text:
        if quote:
            quote = "" if c == quote else quote
        elif c in "\"'":
            quote = c
        elif c in "([{":
            depth += 1
        elif c in ")]}" and depth:
            depth -= 1
        elif c == "," and depth == 0:
            parts.append("")
            continue
        parts[-1] += c
    return [part.strip() for part in parts if part.strip()]
