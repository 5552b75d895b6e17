"""How each operation is written: the syntax of a call, given the syntax of its operands.

Forward code prints as the user wrote it; this is for what gradgen adds, in the form that is fastest and shortest.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Any

from .calls import calls_in
from .errors import GradgenError
from .forms import Product, is_cast_mask, is_negative, literal_number, parts_of
from .graph import CONST, Graph, Node, Value
from .library import library_path
from .listings import call, copies, paired, zeros_like
from .operators import BINARY, COMPARE, UNARY
from .shapes import ShapeVar
from .syntax import copied, display, literal, numpy_path

Spell = Callable[[Value], ast.expr]

OPERATORS: dict[str, Any] = {ufunc.__name__: op for op, ufunc in BINARY.items()}
UNARY_OPERATORS: dict[str, Any] = {ufunc.__name__: op for op, ufunc in UNARY.items()}
COMPARISONS: dict[str, Any] = {ufunc.__name__: op for op, ufunc in COMPARE.items()}
METHODS = {"sum", "mean", "max", "min", "prod", "ravel", "copy"}
"""Functions that are written as methods where the operand surely is an array."""


class Functions:
    """The names of the functions that are written once: the user's own name, or `vjp_` before it.

    Iterating gives each (callee, variant) with its name, also those that are noted meanwhile.
    """

    def __init__(self, program: Any, name: str):
        self._names: dict[Any, str] = {}
        self._taken = {name, *program.constants}
        functions = [program.function, *program.helpers.values()]
        for node in (n for f in functions for n in ast.walk(f.node)):
            if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
                self._taken.add(node.id)
            elif isinstance(node, ast.arg):
                self._taken.add(node.arg)

    def names_for(self, graph: Graph) -> list[str]:
        """The names of what `graph` calls."""
        return [self.name(node) for node in calls_in(graph)]

    def name(self, call: Node) -> str:
        key = call.options["callee"], call.options["variant"]
        if key not in self._names:
            wanted = repr(key[1] or key[0])
            name, k = wanted, 2
            while name in self._taken:
                name, k = f"{wanted}_{k}", k + 1
            self._taken.add(name)
            self._names[key] = name
        return self._names[key]

    def __iter__(self) -> Iterator[tuple[Any, str]]:
        done = 0
        while done < len(self._names):
            yield list(self._names.items())[done]
            done += 1


class Snippets:
    """The helper functions that a module needs, noted by name as they are used. functions: those of the user's.

    hidden: names that mean something else where the helpers are called, so that those have to go by others.
    """

    def __init__(self, functions: Functions) -> None:
        self.functions = functions
        self.hidden: set[str] = set()
        self.used: dict[str, Any] = {}

    def call(self, op: Any, args: list[ast.expr]) -> ast.expr:
        name = f"_{op.name}"
        while name in self.hidden:
            name += "_"
        self.used[name] = op.fn
        return ast.Call(ast.Name(name, ast.Load()), args, [])


def spell(node: Node, of: Spell, snippets: Snippets) -> ast.expr:
    """The expression that computes `node`; `of` gives the syntax of its inputs."""
    name = node.op.name
    if name in SPELLINGS:
        return SPELLINGS[name](node, of, snippets)
    if name in OPERATORS:
        return binary(OPERATORS[name], of(node.inputs[0]), of(node.inputs[1]))
    if name in UNARY_OPERATORS:
        return ast.UnaryOp(UNARY_OPERATORS[name](), of(node.inputs[0]))
    if name in COMPARISONS:
        return ast.Compare(of(node.inputs[0]), [COMPARISONS[name]()], [of(node.inputs[1])])
    return _call(node, of, snippets)


def _call(node: Node, of: Spell, snippets: Snippets) -> ast.expr:
    """`np.f(inputs, option=...)`, or the snippet of one of gradgen's own operations."""
    args, kwargs = node.op.unbind(node.inputs, node.options)
    tree_args = [_argument(a, of) for a in args]
    keywords = [ast.keyword(k, _argument(v, of)) for k, v in kwargs.items()]
    path = library_path(node.op.fn)
    if path is None:
        return _keywords(snippets.call(node.op, tree_args), keywords)
    first = node.inputs[0].type if node.inputs else None
    if node.op.name == "reshape" and first is not None and first.array and isinstance(tree_args[1], ast.Tuple):
        return ast.Call(ast.Attribute(tree_args[0], "reshape", ast.Load()), tree_args[1].elts, keywords)
    if node.op.name in METHODS and first is not None and first.array:
        return ast.Call(ast.Attribute(tree_args[0], node.op.name, ast.Load()), tree_args[1:], keywords)
    return ast.Call(path[1], tree_args, keywords)


def _keywords(call: ast.expr, keywords: list[ast.keyword]) -> ast.expr:
    call.keywords = keywords  # type: ignore[attr-defined]
    return call


def _argument(x: Any, of: Spell) -> ast.expr:
    if isinstance(x, Value):
        return as_argument(of(x))
    if isinstance(x, (tuple, list)):
        return display(type(x), [_argument(item, of) for item in x])
    tree = literal(x)
    if tree is None:
        raise GradgenError(f"{x!r} cannot be written down")
    return tree


def constant(node: Node) -> ast.expr:
    """A constant as the user wrote it, or as a literal."""
    if node.ast is not None:
        return copied(node.ast)  # type: ignore[no-any-return]
    tree = literal(node.options["value"])
    if tree is None:
        raise GradgenError(f"{node.options['value']!r} cannot be written down")
    return tree


def binary(op: Any, left: ast.expr, right: ast.expr) -> ast.expr:
    return ast.BinOp(left, op(), right)


def number(x: float) -> ast.expr:
    tree = literal(float(x))
    assert tree is not None
    return tree


def chain(op: Any, parts: list[ast.expr]) -> ast.expr:
    tree = parts[0]
    for part in parts[1:]:
        tree = binary(op, tree, part)
    return tree


def _product(node: Node, of: Spell, snippets: Snippets, sign: bool = True) -> ast.expr:
    """Scalars before arrays, small arrays before large ones, so that large ones are gone through as seldom as can be.

    Divisors come after what they divide, one that divides twice once more at the end, as its square may be infinite
    where it is not. It begins with a float, so that masks and integers are multiplied as the
    numbers that they are.
    """
    return _product_of(parts_of(node), node.out, of, sign)


def _product_of(p: Product, whole: Value, of: Spell, sign: bool = True) -> ast.expr:
    """whole: something that has as many entries as the product, or as what it is multiplied by."""
    negative = sign and p.num < 0
    num = abs(p.num)
    small = float_first([v for v in p.factors if v.type.scalar])
    large = sorted((v for v in p.factors if not v.type.scalar), key=lambda v: not is_smaller(v, whole))
    large = large if small else float_first(large)
    first = next(iter(small + large), None)
    once, again = list(dict.fromkeys(p.divisors)), list(p.divisors)
    for v in once:
        again.remove(v)
    below = [v for v in once if v.type.scalar]
    last = sorted((v for v in once if not v.type.scalar), key=lambda v: not is_smaller(v, whole))
    if num == 1 and p.den != 1 and len(p.factors) == 1 and not p.divisors:
        tree = binary(ast.Div, of(p.factors[0]), number(p.den))
        return ast.UnaryOp(ast.USub(), tree) if negative else tree
    plain = num == 1 and begins_as_float(small + large, p.divisors)
    plain = plain and not (negative and first is not None and first.type.kind == "bool")  # NumPy negates no mask
    head = [] if plain else [number(-num if negative else num)]
    if head:
        negative = False
    head += [of(v) for v in small]
    under = ([] if p.den == 1 else [number(p.den)]) + [of(v) for v in below]
    if (head or large and is_smaller(large[0], whole)) and all(v.type.floating for v in last):
        # what is small is multiplied and divided before anything large is
        inner = [v for v in large if is_smaller(v, whole)]
        head += [of(v) for v in inner]
        under += [of(v) for v in last if is_smaller(v, whole)]
        large = [v for v in large if v not in inner]
        last = [v for v in last if not is_smaller(v, whole)]
    if not head and large:
        head, large = [of(v) for v in large], []
    if not large and all(v.type.floating for v in last):
        under, last = under + [of(v) for v in last], []
    if not head:
        head = [number(-1.0 if negative else 1.0)]
        negative = False
    if negative:
        head[0] = ast.UnaryOp(ast.USub(), head[0])
    tree = chain(ast.Mult, head)
    if under:
        tree = binary(ast.Div, tree, chain(ast.Mult, under))
    for v in large:
        tree = binary(ast.Mult, tree, of(v))
    if last and all(v.type.floating for v in last):
        tree = binary(ast.Div, tree, chain(ast.Mult, [of(v) for v in last]))
    else:
        again = last + again
    return chain(ast.Div, [tree, *map(of, again)])


def is_smaller(v: Value, whole: Value) -> bool:
    """Whether `v` surely has fewer entries than `whole`, to which it is broadcast, if any size is not 1."""
    shape, full = v.type.shape, whole.type.shape
    if isinstance(shape, ShapeVar) or isinstance(full, ShapeVar):
        return False
    return len(shape) < len(full) or any(m == 1 != n for m, n in zip(shape, full, strict=True))


def float_first(values: list[Value]) -> list[Value]:
    """The factors in their order, but begun by a float where arithmetic on the first two would be that of integers."""
    if len(values) < 2 or values[0].type.floating or values[1].type.floating:
        return values
    first = next((v for v in values if v.type.floating), values[0])
    return [first, *(v for v in values if v is not first)] if first.type.floating else values


def begins_as_float(factors: list[Value], divisors: list[Value]) -> bool:
    """Whether what a product computes first has a float among its operands."""
    if len(factors) < 2:
        return any(v.type.floating for v in [*factors, *divisors])
    return factors[0].type.floating or factors[1].type.floating


def absolute(v: Value, of: Spell, snippets: Snippets) -> ast.expr:
    """The syntax of `-v`, for a negative `v` that is taken from a float."""
    value = literal_number(v)
    if value is not None:
        return number(-value)
    p = parts_of(v.node)  # type: ignore[arg-type]
    if p.num == -1 and p.den == 1 and len(p.factors) == 1 and not p.divisors:
        return bare(p.factors[0], of)
    return _product(v.node, of, snippets, sign=False)  # type: ignore[arg-type]


def _total(node: Node, of: Spell, snippets: Snippets) -> ast.expr:
    return _sum(list(node.inputs), of, snippets)


def added_to(base: Value, terms: list[Value], of: Spell, snippets: Snippets) -> tuple[ast.operator, ast.expr]:
    """What `base` grows by, and whether that is added or taken away."""
    less = all(is_negative(v) and not isinstance(of(v), ast.Name) and decides(base, v) for v in terms)
    if less:
        return ast.Sub(), chain(ast.Add, [absolute(v, of, snippets) for v in terms])
    if len(terms) == 1:
        return ast.Add(), bare(terms[0], of) if decides(base, terms[0]) else of(terms[0])
    return ast.Add(), _sum(terms, of, snippets)


def multiplied_by(base: Value, node: Node, of: Spell) -> tuple[ast.operator, ast.expr]:
    """What `base`, a factor of a product, is multiplied by, or divided."""
    p = parts_of(node)
    rest = Product(p.num, p.den, [v for v in p.factors if v is not base], p.divisors)
    if rest.factors or rest.num != 1:
        return ast.Mult(), _product_of(rest, node.out, of)
    return ast.Div(), _product_of(Product(rest.den, 1.0, list(rest.divisors)), node.out, of)


def _sum(terms: list[Value], of: Spell, snippets: Snippets) -> ast.expr:
    first = next((i for i, v in enumerate(terms) if not is_negative(v)), 0)
    terms = [terms[first], *terms[:first], *terms[first + 1 :]]
    # a mask may stand as it is beside a float, which decides the dtype
    start, second = terms[:2]
    tree = bare(start, of) if decides(second, start) and not is_cast(second) else of(start)
    floats = [start]
    for v in terms[1:]:
        beside = any(decides(x, v) for x in floats)
        inline = is_negative(v) and not isinstance(of(v), ast.Name) and (beside or not is_cast(v))
        op = ast.Sub if inline else ast.Add
        tree = binary(op, tree, absolute(v, of, snippets) if inline else bare(v, of) if beside else of(v))
        floats.append(v)
    return tree


def decides(v: Value, mask: Value) -> bool:
    """Whether the dtype of `v + mask` is that of `v`: an array, or a number beside a number."""
    if v.node is not None and v.node.op.name in ("product", "total"):
        return any(decides(x, mask) for x in v.node.inputs)
    array = v.type.array or v.type.ndim != 0
    return v.type.kind != "bool" and (mask.type.scalar or array)


def is_cast(v: Value) -> bool:
    """Whether `v` is a mask or an array of integers, taken as floats: `1.0 * k`, `mask.astype(x.dtype)`."""
    if is_cast_mask(v):
        return True
    if v.node is None or v.node.op.name != "product":
        return False
    p = parts_of(v.node)
    one = abs(p.num) == p.den == 1 and len(p.factors) == 1 and not p.divisors
    return one and (is_cast_mask(p.factors[0]) or not p.factors[0].type.floating)


def bare(v: Value, of: Spell) -> ast.expr:
    """The syntax of a term of a sum, a cast of a mask left out."""
    tree = of(v)
    if is_cast(v) and not is_negative(v) and not isinstance(tree, ast.Name):
        return of(v.node.inputs[0])  # type: ignore[union-attr]
    return tree


def _getitem(node: Node, of: Spell, snippets: Snippets) -> ast.expr:
    return ast.Subscript(of(node.inputs[0]), of(node.inputs[1]), ast.Load())


def _field(node: Node, of: Spell, snippets: Snippets) -> ast.expr:
    return ast.Attribute(of(node.inputs[0]), node.options["key"], ast.Load())


def _item(node: Node, of: Spell, snippets: Snippets) -> ast.expr:
    return ast.Subscript(of(node.inputs[0]), _argument(node.options["key"], of), ast.Load())


def _display(make: Any) -> Any:
    return lambda node, of, snippets: make([of(v) for v in node.inputs], ast.Load())


def _slice(node: Node, of: Spell, snippets: Snippets) -> ast.expr:
    return ast.Slice(*[None if v.const is None else of(v) for v in node.inputs])


def _attribute(node: Node, of: Spell, snippets: Snippets) -> ast.expr:
    """`x.shape`, `x.real`; `np.shape(x)` where `x` may be a Python number or a list."""
    name = node.op.name
    x = node.inputs[0]
    if x.type.array or x.type.ndim:
        return ast.Attribute(of(x), name, ast.Load())
    return ast.Call(numpy_path("result_type" if name == "dtype" else name), [of(x)], [])


def _transpose(node: Node, of: Spell, snippets: Snippets) -> ast.expr:
    x = node.inputs[0]
    axes = node.options.get("axes")
    if x.type.array or x.type.ndim:
        if axes is None:
            return ast.Attribute(of(x), "T", ast.Load())
        arguments = [_argument(a, of) for a in axes]
        return ast.Call(ast.Attribute(of(x), "transpose", ast.Load()), arguments, [])
    return _call(node, of, snippets)


def _expand_dims(node: Node, of: Spell, snippets: Snippets) -> ast.expr:
    """`x[:, None]` where the rank is known."""
    x, axis = node.inputs[0], node.options["axis"]
    axes = axis if isinstance(axis, tuple) else (axis,)
    rank = x.type.ndim
    if rank is None or not (x.type.array or rank):
        return _call(node, of, snippets)
    total = rank + len(axes)
    places = {a % total for a in axes}
    last = max(places)
    if last == total - 1 and min(places) > 1:
        items: list[ast.expr] = [ast.Constant(Ellipsis)]
        items += [ast.Constant(None) if i in places else ast.Slice() for i in range(min(places), total)]
    else:
        items = [ast.Constant(None) if i in places else ast.Slice() for i in range(last + 1)]
    index = items[0] if len(items) == 1 else ast.Tuple(items, ast.Load())
    return ast.Subscript(of(x), index, ast.Load())


def full(x: Value, like: Value, of: Spell) -> ast.expr:
    """A new array of the shape of `like`, the number `x` everywhere; a Python number in the float dtype of `like`."""
    if x.type.array:
        return ast.Call(numpy_path("full"), [shape_of(like, of), of(x)], [])
    if like.type.kind == "float" and (like.type.array or like.type.ndim):
        if literal_number(x) == 1.0:
            return ast.Call(numpy_path("ones_like"), [of(like)], [])
        return ast.Call(numpy_path("full_like"), [of(like), of(x)], [])
    dtype = ast.Call(numpy_path("result_type"), [of(like), number(0.0)], [])
    return ast.Call(numpy_path("full"), [shape_of(like, of), of(x), dtype], [])


def as_argument(index: ast.expr) -> ast.expr:
    """An index where no brackets are around it: `np.s_[:, k]` for one with slices."""
    items = index.elts if isinstance(index, ast.Tuple) else [index]
    sliced = any(isinstance(item, ast.Slice) for item in items)
    return ast.Subscript(numpy_path("s_"), index, ast.Load()) if sliced else index


def _broadcast_like(node: Node, of: Spell, snippets: Snippets) -> ast.expr:
    """A number becomes an array of the dtype of `like`."""
    x, like = node.inputs
    if not x.type.array and x.type.ndim is None:
        return _call(node, of, snippets)
    if not x.type.array and x.type.scalar:
        return full(x, like, of)
    return ast.Call(numpy_path("broadcast_to"), [of(x), shape_of(like, of)], [])


def _bare(node: Node, of: Spell, snippets: Snippets) -> ast.expr:
    return ast.Subscript(of(node.inputs[0]), ast.Tuple([], ast.Load()), ast.Load())


def shape_of(v: Value, of: Spell) -> ast.expr:
    """`v.shape`, or `np.shape(v)` where `v` may have no attributes."""
    if v.type.array or v.type.ndim:
        return ast.Attribute(of(v), "shape", ast.Load())
    return ast.Call(numpy_path("shape"), [of(v)], [])


def _zeros_for(node: Node, of: Spell, snippets: Snippets) -> ast.expr:
    [x] = node.inputs
    if x.type.sequence:
        return zeros_like(x.type, of(x))
    if x.type.scalar:
        return number(0.0)
    dtype = ast.Call(numpy_path("result_type"), [of(x), number(0.0)], [])
    zeros = ast.Call(numpy_path("zeros"), [shape_of(x, of), dtype], [])
    return zeros if x.type.ndim else ast.Subscript(zeros, ast.Tuple([], ast.Load()), ast.Load())  # a number, not 0-d


def _zeros_if_any(node: Node, of: Spell, snippets: Snippets) -> ast.expr:
    """With functions, not attributes: what it is like may be None."""
    [x] = node.inputs
    shape = ast.Call(numpy_path("shape"), [of(x)], [])
    dtype = ast.Call(numpy_path("result_type"), [of(x), number(0.0)], [])
    return ast.Subscript(ast.Call(numpy_path("zeros"), [shape, dtype], []), ast.Tuple([], ast.Load()), ast.Load())


def _cast_like(node: Node, of: Spell, snippets: Snippets) -> ast.expr:
    """`x.astype(like.dtype)`; where `like` may hold integers, the snippet."""
    x, like = node.inputs
    arrays = [v.type.array or bool(v.type.ndim) for v in (x, like)]
    if like.type.kind == "float" and arrays[1] and x.type.scalar:
        dtype = ast.Attribute(of(like), "dtype", ast.Load())
        return ast.Call(ast.Attribute(dtype, "type", ast.Load()), [of(x)], [])
    if like.type.kind != "float" or not all(arrays) or x.type.scalar:
        return _call(node, of, snippets)
    return ast.Call(ast.Attribute(of(x), "astype", ast.Load()), [ast.Attribute(of(like), "dtype", ast.Load())], [])


def _user_call(node: Node, of: Spell, snippets: Snippets) -> ast.expr:
    return ast.Call(ast.Name(snippets.functions.name(node), ast.Load()), [of(v) for v in node.inputs], [])


def _range(node: Node, of: Spell, snippets: Snippets) -> ast.expr:
    return ast.Call(ast.Name("range", ast.Load()), [of(v) for v in node.inputs], [])


def _steps_of(node: Node, of: Spell, snippets: Snippets) -> ast.expr:
    x, start = node.inputs
    length = call("len", of(x))
    return call("range", length) if is_zero(start) else call("range", of(start), binary(ast.Add, of(start), length))


def is_zero(v: Value) -> bool:
    """Whether counting begins at nothing else than 0."""
    return isinstance(v.const, int) and v.const == 0


def _flipped(node: Node, of: Spell, snippets: Snippets) -> ast.expr:
    step = ast.Slice(None, None, ast.UnaryOp(ast.USub(), ast.Constant(1)))
    return ast.Subscript(of(node.inputs[0]), step, ast.Load())


def _first(node: Node, of: Spell, snippets: Snippets) -> ast.expr:
    x, steps = node.inputs
    return ast.Subscript(of(x), ast.Slice(None, of(steps), None), ast.Load())


def _shortest(node: Node, of: Spell, snippets: Snippets) -> ast.expr:
    lengths = [call("len", of(v)) for v in node.inputs]
    return lengths[0] if len(lengths) == 1 else call("min", *lengths)


def _length_of_list(node: Node, of: Spell, snippets: Snippets) -> ast.expr:
    return call("len", of(node.inputs[0]))


def _repeated(node: Node, of: Spell, snippets: Snippets) -> ast.expr:
    x, like = node.inputs
    return binary(ast.Mult, ast.List([of(x)], ast.Load()), call("len", of(like)))


def _own_list(node: Node, of: Spell, snippets: Snippets) -> ast.expr:
    return copies(node.out.type, of(node.inputs[0]))


def _summed_lists(node: Node, of: Spell, snippets: Snippets) -> ast.expr:
    return paired(list(map(of, node.inputs)), node.out.type)


def _steps_between(node: Node, of: Spell, snippets: Snippets) -> ast.expr:
    return call("range", binary(ast.Sub, call("len", of(node.inputs[0])), ast.Constant(1)))


def _recorded(node: Node, of: Spell, snippets: Snippets) -> ast.expr:
    place, ahead = of(node.inputs[1]), node.options["ahead"]
    place = binary(ast.Add, place, ast.Constant(ahead)) if ahead else place
    return ast.Subscript(of(node.inputs[0]), place, ast.Load())


def _pullback(node: Node, of: Spell, snippets: Snippets) -> ast.expr:
    pullback, *bars = node.inputs
    return ast.Call(of(pullback), [of(bar) for bar in bars], [])


def _const(node: Node, of: Spell, snippets: Snippets) -> ast.expr:
    return constant(node)


def _power(node: Node, of: Spell, snippets: Snippets) -> ast.expr:
    """A number that has a name is squared by a multiplication: Python's `**` takes twice as long."""
    x, exponent = node.inputs
    tree = of(x)
    if x.type.scalar and isinstance(tree, ast.Name) and literal_number(exponent) == 2.0:
        return binary(ast.Mult, tree, of(x))
    return binary(ast.Pow, tree, of(exponent))


def _plus(node: Node, of: Spell, snippets: Snippets) -> ast.expr:
    """`m + n`, `n - 1`, of sizes."""
    a, b = node.inputs
    if isinstance(b.const, int) and b.const < 0:
        return binary(ast.Sub, of(a), ast.Constant(-b.const))
    return binary(ast.Add, of(a), of(b))


def _bracketed(node: Node, of: Spell, snippets: Snippets) -> ast.expr:
    """`np.r_[x, y]`."""
    items = [of(v) for v in node.inputs]
    name = {"row": "r_", "columns": "c_"}[node.op.name]
    return ast.Subscript(numpy_path(name), items[0] if len(items) == 1 else ast.Tuple(items, ast.Load()))


def _curve(node: Node, of: Spell, snippets: Snippets) -> ast.expr:
    """A curve, or its derivative of some order, at a place."""
    curve, x = map(of, node.inputs)
    order = node.options["nu"]
    return ast.Call(curve, [as_argument(x), *([ast.Constant(order)] if order else [])], [])


SPELLINGS: dict[str, Callable[[Node, Spell, Snippets], ast.expr]] = {
    CONST.name: _const,
    "curve_at": _curve,
    "call": _user_call,
    "pullback": _pullback,
    "range": _range,
    "steps_of": _steps_of,
    "flipped": _flipped,
    "first": _first,
    "shortest": _shortest,
    "length_of_list": _length_of_list,
    "item_of_list": lambda node, of, snippets: _getitem(node, of, snippets),
    "repeated": _repeated,
    "summed_lists": _summed_lists,
    "own_list": _own_list,
    "steps_between": _steps_between,
    "recorded": _recorded,
    "product": _product,
    "total": _total,
    "power": _power,
    "getitem": _getitem,
    "attribute": _field,
    "item": _item,
    "tuple": _display(ast.Tuple),
    "list": _display(ast.List),
    "plus": _plus,
    "row": _bracketed,
    "columns": _bracketed,
    "slice": _slice,
    "shape": _attribute,
    "size": _attribute,
    "ndim": _attribute,
    "dtype": _attribute,
    "real": _attribute,
    "transpose": _transpose,
    "expand_dims": _expand_dims,
    "broadcast_like": _broadcast_like,
    "bare": _bare,
    "cast_like": _cast_like,
    "zeros_for": _zeros_for,
    "zeros_if_any": _zeros_if_any,
}
