"""A word for a value that has no name: what it is, as one would say the formula.

`exp_u` is np.exp(u), `one_minus_mix` is 1.0 - mix, `x_over_y` a ratio. What is too long to say is named after its
part in the expression around it: a denominator, an exponent, a term.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence

from .forms import literal_number
from .graph import CONST, OPAQUE, Node, Value
from .rules.indices import index_items, slice_parts

LONGEST = 20
"""How long, in characters, a spoken formula may be."""
FUNCTIONS = {
    "absolute": "abs", "fabs": "abs", "amax": "max", "amin": "min", "maximum": "max", "minimum": "min",
    "conjugate": "conj", "concatenate": "joined", "hstack": "joined", "vstack": "joined", "stack": "stacked",
    "opaque": "part", "item_of_list": "item", "length_of_list": "length", "ix_": "places",
}  # fmt: skip
"""Words for functions whose names say too much or too little."""
ROLES: dict[str, Sequence[str]] = {
    "exp": ["exponent"],
    "sqrt": ["radicand"],
    "true_divide": ["numerator", "denominator"],
    "divide": ["numerator", "denominator"],
    "add": ["term", "term"],
    "subtract": ["term", "term"],
    "multiply": ["factor", "factor"],
    "power": ["base", "exponent"],
    "sin": ["angle"],
    "cos": ["angle"],
    "tan": ["angle"],
    "solve": ["matrix", "rhs"],
    "range": ["count"],
    "total": ["term"],
    "product": ["factor"],
}
"""What the operands of an operation are called."""
NUMBERS = {0.5: "half", 1.0: "one", 2.0: "two", 3.0: "three", 4.0: "four", 10.0: "ten"}
Name = Callable[[Value], str]


def spoken(node: Node, name: Name) -> str:
    """The formula of `node` in a word, "" where it would be too long; `name` gives those of its operands or ""."""
    say = SAID.get(node.op.name)
    parts = [_part(v, name) for v in node.inputs]
    if say is not None:
        word = say(node, parts)
    else:
        given = [part for v, part in zip(node.inputs, parts, strict=True) if v.node is None or v.node.op is not CONST]
        if len(given) == 1:
            word = f"{function_word(node)}_{given[0]}" if given[0] else ""
        else:
            word = ""
    return word if len(word) <= LONGEST else ""


def function_word(node: Node) -> str:
    """The name of the function that `node` calls."""
    word = re.sub(r"\W", "", node.op.name.rpartition(".")[2])
    return FUNCTIONS.get(word, word)


def _part(v: Value, name: Name) -> str:
    number = literal_number(v)
    if number is not None:
        return NUMBERS.get(number, "")
    return name(v)


def leaf(node: Node, name: Name) -> str:
    """The first named value that an unnamed one is computed from."""
    todo = list(node.inputs[::-1])
    for _ in range(12):
        if not todo:
            return ""
        v = todo.pop()
        if v.node is not None and v.node.op in (CONST, OPAQUE):
            continue
        word = name(v)
        if word:
            return word
        if v.node is not None:
            todo += v.node.inputs[::-1]
    return ""


# ---- formulas


def _infix(between: str) -> Callable[[Node, list[str]], str]:
    def say(node: Node, parts: list[str]) -> str:
        vague = all(part.endswith("_part") for part in parts)  # of what, nobody could tell
        return f"{parts[0]}_{between}_{parts[1]}" if all(parts) and not vague else ""

    return say


def _product(node: Node, parts: list[str]) -> str:
    if not all(parts):
        scale = [i for i, v in enumerate(node.inputs) if literal_number(v) is not None or v.node and v.node.op is CONST]
        return f"scaled_{parts[1 - scale[0]]}" if len(scale) == 1 and parts[1 - scale[0]] else ""
    return _side_by_side(parts)


def _side_by_side(parts: list[str]) -> str:
    if not all(parts) or all(part.endswith("_part") for part in parts):
        return ""
    return "".join(parts) if all(len(p) == 1 for p in parts) else "_".join(parts)


def _quotient(node: Node, parts: list[str]) -> str:
    if parts[1] == "two" and parts[0]:
        return f"half_{parts[0]}"
    if literal_number(node.inputs[1]) is not None and parts[0]:
        return f"scaled_{parts[0]}"
    return _infix("over")(node, parts)


def _sum(node: Node, parts: list[str]) -> str:
    for i in (0, 1):
        if literal_number(node.inputs[i]) is not None and not parts[i] and parts[1 - i]:
            return f"shifted_{parts[1 - i]}"
    return _infix("plus" if node.op.name == "add" else "minus")(node, parts)


def _power(node: Node, parts: list[str]) -> str:
    number = literal_number(node.inputs[1])
    suffix = {2.0: "squared", 3.0: "cubed"}.get(number or 0.0, "power")
    return f"{parts[0]}_{suffix}" if parts[0] and number is not None else _infix("to_the")(node, parts)


def _square(node: Node, parts: list[str]) -> str:
    return f"{parts[0]}_squared" if parts[0] else ""


def _item(node: Node, parts: list[str]) -> str:
    """`table[words]` is `table_words`; an index that is no name makes a part, and slices go without saying."""
    base, index = parts
    if all(item is None or slice_parts(item) is not None for item in index_items(node.args[1])):
        return base
    return f"{base}_{index}" if base and index and index not in NUMBERS.values() else f"{base}_part" if base else ""


def _mask(node: Node, parts: list[str]) -> str:
    known = [p for p in parts if p and p not in NUMBERS.values()]
    if node.op.name == "equal" and parts[1] in known:
        return f"is_{parts[1]}"
    return f"{known[0]}_mask" if known else "mask"


def _total(node: Node, parts: list[str]) -> str:
    """x + (x == 0) is x, made fit to divide by."""
    first, *others = node.inputs
    made = [v.node for v in others]
    if len(made) == 1 and made[0] is not None and made[0].op.name == "equal" and made[0].inputs[0] is first:
        return f"nonzero_{parts[0]}" if parts[0] else "nonzero"
    return ""


def _where(node: Node, parts: list[str]) -> str:
    test, _, other = node.inputs
    if test.node is not None and test.node.op.name == "equal" and test.node.inputs[0] is other:
        return f"nonzero_{parts[2]}" if parts[2] else "nonzero"
    return ""


def _opaque(node: Node, parts: list[str]) -> str:
    """A condition; all other code that is passed on has no word."""
    first = parts[0] if parts else ""
    match node.ast:
        case ast.Compare(ops=[ast.Is() | ast.IsNot() as op], comparators=[ast.Constant(value=None)]) if first:
            return f"{first}_is_{'none' if isinstance(op, ast.Is) else 'given'}"
        case ast.Call(func=ast.Name(id="isinstance"), args=[_, ast.Name(id=kind) | ast.Attribute(attr=kind)]) if first:
            return f"{first}_is_{kind}"
        case ast.Compare() | ast.BoolOp() | ast.UnaryOp(op=ast.Not()):
            return "condition"
    return ""


SAID: dict[str, Callable[[Node, list[str]], str]] = {
    "add": _sum,
    "subtract": _sum,
    "multiply": _product,
    "true_divide": _quotient,
    "divide": _quotient,
    "negative": lambda node, parts: f"minus_{parts[0]}" if parts[0] else "",
    "power": _power,
    "square": _square,
    "matmul": lambda node, parts: _side_by_side(parts),
    "dot": lambda node, parts: _side_by_side(parts),
    "transpose": lambda node, parts: f"{parts[0]}_T" if parts[0] else "",
    "getitem": _item,
    "pick": _item,
    "shape": lambda node, parts: "",
    "opaque": _opaque,
    "total": _total,
    "product": lambda node, parts: "",
    "where": _where,
    "solve": _infix("inv"),
    "float": lambda node, parts: parts[0] if parts[0].startswith("is_") else f"float_{parts[0]}" if parts[0] else "",
    **dict.fromkeys(("less", "less_equal", "greater", "greater_equal", "equal", "not_equal"), _mask),
}
"""How each operation is said, given the words of its operands, "" for those that have none."""
