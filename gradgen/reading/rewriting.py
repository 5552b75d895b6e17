"""Python that means the same as plainer Python: comprehensions with conditions, `reduce`, `map`, `match`, `and`, `or`.

What is written here is syntax at the place of the user's own, read as if he had written it.
"""

from __future__ import annotations

import ast
import copy
from typing import Any


def placed(tree: Any, at: ast.AST) -> Any:
    """New syntax that stands where the user's own did."""
    for part in ast.walk(tree):
        if not hasattr(part, "lineno") and isinstance(part, (ast.stmt, ast.expr)):
            ast.copy_location(part, at)
    return tree


def name(word: str, store: bool = False) -> ast.Name:
    return ast.Name(word, ast.Store() if store else ast.Load())


def written(text: str, at: ast.AST, words: dict[str, str], **parts: ast.expr) -> list[ast.stmt]:
    """Statements from their text, with other names for those in `words`, and syntax in place of those in `parts`."""

    class Fitting(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.expr:
            return parts[node.id] if node.id in parts else ast.Name(words.get(node.id, node.id), node.ctx)

    made = ast.parse(text).body
    for part in (part for statement in made for part in ast.walk(statement)):
        if isinstance(part, (ast.stmt, ast.expr)):
            ast.copy_location(part, at)
    return [placed(Fitting().visit(statement), at) for statement in made]


def as_loops(node: ast.ListComp | ast.GeneratorExp, inside: list[ast.stmt], at: ast.AST | None = None) -> Any:
    """The loops of a comprehension with `inside` done for each of its items."""
    made = inside
    for generator in reversed(node.generators):
        made = as_tests(generator.ifs, made, at or node)
        made = [placed(ast.For(generator.target, generator.iter, made, []), at or node)]
    return made[0]


def as_tests(tests: list[ast.expr], inside: list[ast.stmt], at: ast.AST) -> list[ast.stmt]:
    """Statements under the conditions of a comprehension."""
    for test in reversed(tests):
        inside = [placed(ast.If(test, inside, []), at)]
    return inside


def collecting(node: ast.FunctionDef, items: str) -> ast.FunctionDef | None:
    """A generator function that returns a list of what it yields; None where it does more than yield."""
    statements = (ast.Expr, ast.Return)
    plain = [part.value for part in ast.walk(node) if isinstance(part, ast.Expr)]
    inner = [part for part in ast.walk(node) if isinstance(part, (ast.Yield, ast.YieldFrom))]
    values = [part for part in ast.walk(node) if isinstance(part, ast.Return) and part.value is not None]
    nested = [part for part in ast.walk(node) if isinstance(part, (ast.FunctionDef, ast.Lambda)) and part is not node]
    if any(part not in plain for part in inner) or values or nested:
        return None

    class Collecting(ast.NodeTransformer):
        def visit(self, part: ast.AST) -> Any:
            if not isinstance(part, statements):
                return super().generic_visit(part) if isinstance(part, (ast.stmt, ast.excepthandler)) else part
            match part:
                case ast.Return():
                    return placed(ast.copy_location(ast.Return(name(items)), part), part)
                case ast.Expr(value=ast.Yield(value=value)):
                    return as_appended(items, value or placed(ast.Constant(None), part))
                case ast.Expr(value=ast.YieldFrom(value=value)):
                    item = f"{items}_of"
                    append = as_appended(items, placed(name(item), part))
                    return placed(ast.For(name(item, store=True), value, [append], []), part)
            return part

    made = Collecting().visit(copy.deepcopy(node))
    begin = written(f"{items} = []", node.body[0], {})
    end = written(f"return {items}", node.body[-1], {})
    made.body = [*begin, *made.body, *end]
    return made  # type: ignore[no-any-return]


def as_appended(listed: str, item: ast.expr) -> ast.stmt:
    """`listed.append(item)`."""
    call = ast.Call(ast.Attribute(name(listed), "append", ast.Load()), [item], [])
    return placed(ast.Expr(call), item)  # type: ignore[no-any-return]


def as_added(total: str, item: ast.expr) -> ast.stmt:
    """`total = total + item`."""
    made = ast.Assign([name(total, store=True)], ast.BinOp(name(total), ast.Add(), item))
    return placed(made, item)  # type: ignore[no-any-return]


def as_folded(total: str, function: str, item: str, through: ast.expr, at: ast.expr) -> ast.stmt:
    """`for item in through: total = function(total, item)`."""
    call = ast.Call(name(function), [name(total), name(item)], [])
    body: list[ast.stmt] = [ast.Assign([name(total, store=True)], call)]
    return placed(ast.For(name(item, store=True), through, body, []), at)  # type: ignore[no-any-return]


def as_list(function: str, items: list[str], lists: list[ast.expr], at: ast.expr) -> ast.ListComp:
    """`map(function, *lists)` as a comprehension."""
    call = ast.Call(name(function), [name(item) for item in items], [])
    target: ast.expr = name(items[0], store=True)
    through = lists[0]
    if len(items) > 1:
        target = ast.Tuple([name(item, store=True) for item in items], ast.Store())
        through = ast.Call(name("zip"), lists, [])
    return placed(ast.ListComp(call, [ast.comprehension(target, through, [], 0)]), at)  # type: ignore[no-any-return]


def as_choice(node: ast.BoolOp) -> ast.expr:
    """`a and b`, `a or b` of values as `b if a else a`, `a if a else b`; all but the last are names."""
    made = node.values[-1]
    for value in reversed(node.values[:-1]):
        sides = (made, value) if isinstance(node.op, ast.And) else (value, made)
        made = placed(ast.IfExp(value, *sides), node)
    return made
