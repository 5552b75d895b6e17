"""What can be asked for, in Python, on the command line and in pyproject.toml alike, and the language of shapes."""

from __future__ import annotations

import ast
import inspect
from dataclasses import dataclass, replace
from typing import Any

from .annotations import annotated_type
from .errors import GradgenError
from .routes import parse_route, split_at_commas
from .sequences import each, list_of
from .shapes import NONE, OBJECT, Dim, Form, Size, Type, container, dim_add, dim_mul
from .source import RECEIVERS, Function
from .syntax import parameters_of

MODES = ("grad", "value_and_grad", "vjp")
NAMES = ("wrt", "mode", "shapes", "name", "guards", "strict", "adjoint", "has_aux")
"""The options that say how a gradient is written; `example` and `out` say from what and where to."""


@dataclass(frozen=True)
class Options:
    """How a gradient is written.

    wrt: the targets, by name or position; the first parameter if empty. mode: one of `MODES`. shapes: declared
    shapes, as text or a dict. name: of the generated function, instead of `grad_f`. guards: whether the module
    checks at entry what was declared, and a pullback the shape of its cotangent. strict: whether warnings at
    generation are errors. adjoint: how the adjoint of `v` is called, `{}` standing for it. has_aux: whether the
    function returns a pair, of which the first is the number that is differentiated.
    """

    wrt: tuple[str | int, ...] = ()
    mode: str = "grad"
    shapes: tuple[tuple[str, Type], ...] = ()
    shapes_text: str = ""
    name: str = ""
    guards: bool = True
    strict: bool = False
    adjoint: str = "{}_bar"
    has_aux: bool = False

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise GradgenError(f"mode {self.mode!r} is none of {', '.join(MODES)}")
        if self.adjoint.count("{}") != 1 or not self.adjoint.replace("{}", "x").isidentifier():
            raise GradgenError(f"adjoint {self.adjoint!r} must hold one {{}} and make a name, like 'd{{}}'")

    def but(self, **changes: Any) -> Options:
        return replace(self, **changes)


def make_options(
    wrt: Any = (), mode: str = "grad", shapes: Any = "", name: str = "", guards: bool = True, strict: bool = False,
    adjoint: str = "{}_bar", has_aux: bool = False,
) -> Options:  # fmt: skip
    """Options from what people write: `wrt` a name, a position, "a,b" or a sequence; `shapes` text or a dict."""
    if isinstance(wrt, str):
        wrt = tuple(split_at_commas(wrt))
    elif isinstance(wrt, int):
        wrt = (wrt,)
    if not isinstance(wrt, (tuple, list)) or not all(isinstance(target, (str, int)) for target in wrt):
        raise GradgenError(f"wrt={wrt!r} is no name, no position, and no tuple of them")
    text = shapes if isinstance(shapes, str) else ", ".join(f"{k}={_shape_text(v)}" for k, v in shapes.items())
    declared = tuple(parse_shapes(text).items())
    flags = bool(guards), bool(strict), adjoint, bool(has_aux)
    return Options(tuple(wrt or ()), mode, declared, text, name or "", *flags)


def _shape_text(shape: Any) -> str:
    if isinstance(shape, (str, int)):
        return str(shape)
    if isinstance(shape, dict):
        return "{" + ", ".join(f"{key!r}: {_shape_text(item)}" for key, item in shape.items()) + "}"
    items = ", ".join(map(_shape_text, shape))
    return f"[{items}]" if isinstance(shape, list) else f"({items},)" if len(shape) == 1 else f"({items})"


def parse_shapes(text: str) -> dict[str, Type]:
    """The types that a text such as `W=(d, h), b=(h,), n=int()` declares.

    `()` is any scalar; sizes are integers, names, or sums and products of them, and `_` is any size; the kind is float
    unless written. A container is written as one, of shapes: `params={"W": (d, h), "b": (h,)}`; `[((_, _), (_,)), ...]`
    is a list of pairs; `Layer(W=(d, h))` is an object of that class, `object()` is anything. A name may be that of a
    part: `self.W=(d, h)`. Raises GradgenError where the text does not read so.
    """
    found: dict[str, Type] = {}
    try:
        for part in split_at_commas(text):
            name, equals, shape = part.partition("=")
            if not equals:
                raise ValueError(f"{part} has no shape")
            route = str(parse_route(name))
            if route in found:
                raise ValueError(f"{route} is declared twice")
            found[route] = _declared(ast.parse(shape.strip(), mode="eval").body)
    except (SyntaxError, ValueError, GradgenError) as error:
        raise GradgenError(f"shapes {text!r} do not read as `name=(d, n), other=int(n,)`: {error}") from None
    return found


def is_receiver(names: list[str]) -> bool:
    """Whether the first of a function's parameters is the object that a method is called on."""
    return len(names) > 1 and names[0] in RECEIVERS


def free_targets(fn: Any, before: Any, named: Any, wrt: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """The targets of a function some of whose arguments are given: positions count those that are not."""
    try:
        names = list(inspect.signature(fn).parameters)
    except (TypeError, ValueError):
        return wrt
    free = [name for name in names[len(before) :] if name not in named]
    if not wrt:
        return tuple(free[:1])
    return tuple(free[t] if isinstance(t, int) and -len(free) <= t < len(free) else t for t in wrt)


KINDS = {"int": "int", "float": "float", "bool": "bool", "complex": "complex"}


def _declared(node: ast.expr) -> Type:
    kind = "float"
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in KINDS:
        kind, dims = KINDS[node.func.id], node.args
    elif isinstance(node, ast.Name) and node.id in KINDS:
        return Type(KINDS[node.id], ())
    elif isinstance(node, ast.Constant) and node.value is None:
        return NONE
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.args:
        parts = {str(k.arg): _declared(k.value) for k in node.keywords}
        form = Form(node.func.id, tuple(parts))
        return OBJECT if form.kind == "object" else container(tuple(parts.values()), form)
    elif isinstance(node, (ast.Tuple, ast.List, ast.Dict)) and (made := _container(node)) is not None:
        return made
    elif isinstance(node, ast.Tuple):
        dims = node.elts
    else:
        raise ValueError(f"{ast.unparse(node)} is no shape")
    shape = tuple(_size(d) for d in dims)
    return Type(kind, shape, array=bool(shape))


def _container(node: ast.Tuple | ast.List | ast.Dict) -> Type | None:
    """A container of shapes; None for a tuple of sizes."""
    if isinstance(node, ast.Dict):
        keys = tuple(ast.literal_eval(key) for key in node.keys if key is not None)
        return container(tuple(map(_declared, node.values)), Form(dict, keys))
    shapes = (ast.Tuple, ast.List, ast.Dict, ast.Call)
    if isinstance(node, ast.List) and len(node.elts) == 2 and _is_ellipsis(node.elts[1]):
        return list_of(each(_declared(node.elts[0])), Dim.fresh())
    if not any(isinstance(item, shapes) or isinstance(item, ast.Name) and item.id in KINDS for item in node.elts):
        if isinstance(node, ast.List):
            raise ValueError(f"{ast.unparse(node)} is no shape")
        return None
    return container(tuple(map(_declared, node.elts)), Form(tuple if isinstance(node, ast.Tuple) else list))


def _is_ellipsis(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is Ellipsis


def _size(node: ast.expr) -> Size:
    match node:
        case ast.Name(id="_"):
            return Dim.fresh()
        case ast.Constant(value=int() as n):
            return n
        case ast.Name(id=name):
            return Dim.named(name)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return dim_add(_size(left), _size(right))
        case ast.BinOp(left=left, op=ast.Sub(), right=right):
            return dim_add(_size(left), _size(right), -1)
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return dim_mul(_size(left), _size(right))
    raise ValueError(f"{ast.unparse(node)} is no size")


def declared_types(function: Function, options: Options) -> dict[str, Type]:
    """What annotations and `options.shapes` say of the parameters of a function.

    Raises GradgenError where a shape is declared for what is no parameter.
    """
    parameters = parameters_of(function.node.args)
    names = [p.arg for p in parameters]
    for text, _ in options.shapes:
        name = parse_route(text).root
        if name not in names:
            has = f"it has {', '.join(names)}" if names else "it has none"
            raise GradgenError(f"{function.name}() has no parameter {name!r}, whose shape is declared; {has}")
    scope = {} if function.fn is None else function.fn.__globals__
    annotated = {p.arg: annotated_type(p.annotation, scope) for p in parameters}
    return {name: t for name, t in annotated.items() if t is not None} | dict(options.shapes)

