"""How ways out of loops are written: `break` where the user wrote it, with what follows behind it, else a flag.

`e` is the `emit.Emitter` of the statements around the loop, `inner` that of its body, and `pairs` the outputs of the
loop that have a name, each with what it is at the end of a step. `break` is noted for the simulation with what the
names hold then.
"""

from __future__ import annotations

import ast
from typing import Any

from .branches import BRANCH
from .control import LEAVE_UNLESS, UNDEFINED
from .filling import standing_for
from .graph import Node, Value

Pairs = list[tuple[Value, Value]]


def way_out(e: Any, node: Node, loop: Node) -> list[ast.stmt]:
    """Where a step leaves the loop that `e` writes the body of: what it leaves behind, and `break`."""
    condition, *values = node.inputs
    named = [(o, v) for o, v in zip(loop.outputs, values, strict=False) if o in e.names.of]
    test = e.expression(condition)
    test = ast.UnaryOp(ast.Not(), test) if node.op is LEAVE_UNLESS else test
    return [ast.If(test, [*moved(e, e, named), broken(e, named)], [])]


def end_of_step(e: Any, inner: Any, stop: Value, flag: Value, pairs: Pairs) -> list[ast.stmt]:
    """The end of a step that may be the last: what is read after the loop gets its name, then it is left or not.

    stop: what tells whether it is left; flag: what that is after the loop.
    """
    uses, others = e.schedule.uses, [(o, r) for o, r in pairs if o is not flag]
    test = inner.expression(stop)
    after = moved(e, inner, [(o, r) for o, r in others if uses[o]])
    further = moved(e, inner, [(o, r) for o, r in others if not uses[o]])
    given = {part.id for part in names_in(after) if isinstance(part.ctx, ast.Store)}
    way = broken(e, [(o, r) for o, r in pairs if uses[o]])
    known = isinstance(test, ast.Name) and test.id == e.names.of[flag]
    if any(part.id in given for part in names_in([test, *(s.value for s in further)])):  # type: ignore[attr-defined]
        said = test if known else standing_for(flag, ast.Name(e.names.of[flag], ast.Load()))
        return [*moved(e, inner, pairs), ast.If(said, [way], [])]
    return [*after, ast.If(test, [*([] if known else noted(e, flag)), way], []), *further]


def is_row(inner: Any, stop: Value, pairs: Pairs) -> bool:
    """Whether a block ends with the branch that tells whether the loop is left, and what that gives is handed on."""
    branch, uses, steps = stop.node, inner.schedule.uses, inner.schedule.steps
    if branch is None or branch.op is not BRANCH or not steps or steps[-1].node is not branch:
        return False
    ends = [r for _, r in pairs if r.node is branch]
    if inner.schedule.is_expression(branch) or len(set(ends)) < len(ends):
        return False
    if any(uses[v] > (v is stop or v in ends) for v in branch.outputs):
        return False
    if moved(inner, inner, [(o, r) for o, r in pairs if r.node is not branch]):
        return False
    flags = [arm.results[stop.index] for arm in branch.subgraphs]
    side = next((k for k, flag in enumerate(flags) if flag.const is True), None)
    if side is None:
        return False
    going_on, rest = inner.inner_of(branch)[1 - side], flags[1 - side]
    within = [(o, branch.subgraphs[1 - side].results[r.index]) for o, r in pairs if r in ends and r is not stop]
    return rest.const is False or is_row(going_on, rest, within)


def row(e: Any, inner: Any, steps: list[Any], stop: Value, flag: Value, pairs: Pairs, last: list[ast.stmt],
        around: Any) -> list[ast.stmt]:  # fmt: skip
    """A block that ends with a way out of the loop, the rest standing behind that. last: what is recorded before it."""
    branch: Any = stop.node
    side = [arm.results[stop.index].const for arm in branch.subgraphs].index(True)
    leaving, going_on = inner.inner_of(branch)[side], inner.inner_of(branch)[1 - side]

    def ends(arm: Any) -> Pairs:
        results = arm.schedule.graph.results
        return [(o, results[r.index] if r.node is branch else r) for o, r in pairs if o is not flag]

    left = [(o, v) for o, v in ends(leaving) if e.schedule.uses[o]]
    test = inner.expression(branch.inputs[0])
    block = [*leaving.statements(leaving.schedule.steps, branch.origin), *moved(e, leaving, left), *noted(e, flag)]
    block.append(broken(e, [(o, leaving.beyond(v)) for o, v in left]))
    out = [*inner.statements(steps[:-1], around), *last, *inner.said_above(steps[-1].node.origin)]
    out.append(ast.If(ast.UnaryOp(ast.Not(), test) if side else test, block, []))
    further, rest = going_on.schedule.graph.results[stop.index], going_on.schedule.steps
    if further.const is False:
        return [*out, *going_on.statements(rest, branch.origin), *moved(e, going_on, ends(going_on))]
    return [*out, *row(e, going_on, rest, further, flag, ends(going_on), [], branch.origin)]


def moved(e: Any, inner: Any, pairs: Pairs) -> list[ast.stmt]:
    """Give values the names of what they are after the loop."""
    return e.moves([(o, inner.expression(v)) for o, v in pairs if v.const is not UNDEFINED])  # type: ignore[no-any-return]


def noted(e: Any, flag: Value) -> list[ast.stmt]:
    """The note that the loop was left, where that is asked for after it."""
    return e.moves([(flag, ast.Constant(True))]) if e.schedule.uses[flag] else []


def broken(e: Any, left: Pairs) -> ast.stmt:
    """`break`. left: the outputs of the loop and what they are."""
    made = ast.Break()
    made.leaves = [(e.names.of[o], v, o) for o, v in left if v.const is not UNDEFINED]  # type: ignore[attr-defined]
    return made


def all_of(v: Value) -> list[Value]:
    """A value, and what it is on each side of the branches that give it."""
    found, todo = [], [v]
    while todo:
        v = todo.pop()
        found.append(v)
        if v.node is None and v.source is not None:
            todo.append(v.source)
        elif v.node is not None and v.node.op is BRANCH:
            todo += [side for side in BRANCH.sources(v.node, v.index) if side.const is not UNDEFINED]
    return found


def names_in(trees: list[Any]) -> list[ast.Name]:
    return [part for tree in trees for part in ast.walk(tree) if isinstance(part, ast.Name)]
