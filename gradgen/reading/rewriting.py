"""Python that means the same as plainer Python: comprehensions with conditions, `reduce`, `map`, `match`, `and`, `or`.

What is written here is syntax at the place of the user's own, read as if he had written it.
"""

from __future__ import annotations

import ast
from typing import Any


def placed(tree: Any, at: ast.AST) -> Any:
    """New syntax that stands where the user's own did."""
    for part in ast.walk(tree):
        if not hasattr(part, "lineno") and isinstance(part, (ast.stmt, ast.expr)):
            ast.copy_location(part, at)
    return tree


def name(word: str, store: bool = False) -> ast.Name:
    return ast.Name(word, ast.Store() if store else ast.Load())


def as_loops(node: ast.ListComp | ast.GeneratorExp, inside: ast.stmt) -> ast.stmt:
    """The loops of a comprehension with `inside` done for each of its items."""
    made = inside
    for generator in reversed(node.generators):
        for test in reversed(generator.ifs):
            made = placed(ast.If(test, [made], []), node)
        made = placed(ast.For(generator.target, generator.iter, [made], []), node)
    return made


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


def as_branches(node: ast.stmt) -> ast.stmt:
    """A `match` on constants as `if` statements; any other statement as it is."""
    if not isinstance(node, ast.Match) or not isinstance(node.subject, (ast.Name, ast.Attribute, ast.Constant)):
        return node
    tests = [_test(node.subject, case) for case in node.cases]
    if None in tests:
        return node
    made: list[ast.stmt] = []
    for test, case in reversed(list(zip(tests, node.cases, strict=True))):
        assert test is not None
        if isinstance(test, ast.Constant):
            made = case.body
        else:
            made = [placed(ast.If(test, case.body, made), node)]
    if len(made) == 1:
        return made[0]
    return placed(ast.If(ast.Constant(True), made, []), node)  # type: ignore[no-any-return]


def _test(subject: ast.expr, case: ast.match_case) -> ast.expr | None:
    """The condition under which a case is taken; None where it is no comparison with constants."""
    found = _pattern(subject, case.pattern)
    if found is None or case.guard is None:
        return found
    if isinstance(found, ast.Constant):
        return case.guard
    return placed(ast.BoolOp(ast.And(), [found, case.guard]), subject)  # type: ignore[no-any-return]


def _pattern(subject: ast.expr, pattern: ast.pattern) -> ast.expr | None:
    match pattern:
        case ast.MatchValue(value=value):
            return placed(ast.Compare(subject, [ast.Eq()], [value]), subject)  # type: ignore[no-any-return]
        case ast.MatchSingleton(value=value):
            constant = ast.Constant(value)
            return placed(ast.Compare(subject, [ast.Is()], [constant]), subject)  # type: ignore[no-any-return]
        case ast.MatchOr(patterns=patterns):
            tests = [_pattern(subject, part) for part in patterns]
            if any(test is None or isinstance(test, ast.Constant) for test in tests):
                return None
            return placed(ast.BoolOp(ast.Or(), tests), subject)  # type: ignore[no-any-return, arg-type]
        case ast.MatchAs(pattern=None, name=None):
            return placed(ast.Constant(True), subject)  # type: ignore[no-any-return]
    return None


def as_choice(node: ast.BoolOp) -> ast.expr:
    """`a and b`, `a or b` of values as `b if a else a`, `a if a else b`; all but the last are names."""
    made = node.values[-1]
    for value in reversed(node.values[:-1]):
        sides = (made, value) if isinstance(node.op, ast.And) else (value, made)
        made = placed(ast.IfExp(value, *sides), node)
    return made
