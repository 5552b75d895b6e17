"""Graph to syntax: the statements of the forward pass as the user wrote them, and of the backward pass in groups."""

from __future__ import annotations

import ast
from typing import Any

from . import leaving
from .buffers import Buffers, is_augmented, is_number
from .calls import CALL
from .control import EXITS, LEAVE_UNLESS, UNDEFINED, exits
from .errors import GradgenError
from .filling import WRITERS, assign, copy_of, standing_for
from .forms import is_op
from .graph import CONST, Node, Value
from .listings import call, each_of
from .lives import parts_of
from .loops import LOOP
from .naming import Names
from .schedule import Schedule, Step, is_early, unpacked_from, unpacking_target
from .source import Around, Statement
from .spell import Snippets, is_zero, spell
from .syntax import Hole, copied, fill
from .writer import Blank, Comment, Trailing


class Emitter:
    """Writes the steps of a schedule as statements."""

    def __init__(
        self,
        schedule: Schedule,
        names: Names,
        snippets: Snippets,
        buffers: Buffers,
        value_name: str = "",
        outer: Emitter | None = None,
        holder: Node | None = None,
    ):
        self.schedule, self.names, self.snippets, self.buffers = schedule, names, snippets, buffers
        self.value_name = value_name
        self.outer, self.holder = outer, holder
        self.behind: dict[Node, list[ast.stmt]] = {}
        """What is recorded as soon as something is computed, or the step surely goes on."""
        self._told: set[Any] = set() if outer is None else outer._told
        self._answered: set[Any] = set() if outer is None else outer._answered
        self._inner = {
            node: [Emitter(inner, names, snippets, buffers, value_name, self, node) for inner in schedules]
            for node, schedules in schedule.inner.items()
        }

    # ---- expressions

    def expression(self, v: Value) -> ast.expr:
        """The syntax of a value: its name, or the expression that computes it."""
        if v in self.names.of:
            return standing_for(self.names.outermost(v), ast.Name(self.names.of[v], ast.Load()))
        if v in self.schedule.stands_for and self.outer is not None:
            return self.outer.expression(self.schedule.stands_for[v])
        if v.node is None:
            raise GradgenError(f"internal error: {v!r} has no name")
        return self.computation(v.node)

    def computation(self, node: Node) -> ast.expr:
        if node.ast is not None:
            return self.filled(node.ast, node)  # type: ignore[no-any-return]
        if node.op is LOOP:
            return self._comprehension(node)
        if node in self._inner:
            test, (yes, no) = self.expression(node.inputs[0]), self._inner[node]
            return ast.IfExp(test, *(arm.expression(arm.schedule.graph.results[0]) for arm in (yes, no)))
        return spell(node, self.expression, self.snippets)

    def filled(self, tree: Any, node: Node) -> Any:
        def make(part: Any) -> Any:
            if not isinstance(part, Hole):
                raise GradgenError("internal error: a reference is left in the syntax of a node")
            v = node.inputs[part.index]
            made = self.expression(v)
            used_up = v.node is not None and v.node.options.get("expression") == "generator"
            if isinstance(made, ast.ListComp) and used_up and isinstance(tree, ast.Call):
                return noted(ast.GeneratorExp(made.elt, made.generators), made.items)  # type: ignore[attr-defined]
            return made

        return fill(tree, make)

    # ---- statements

    def forward(self) -> list[ast.stmt]:
        """The user's statements, with their comments, less what is not needed."""
        return self.statements([step for step in self.schedule.steps if not step.node.backward])

    def backward(self) -> list[ast.stmt]:
        """The backward pass in groups, each headed by the statements that it answers."""
        return self.statements([step for step in self.schedule.steps if step.node.backward])

    def statements(self, steps: list[Step], around: Any = None) -> list[ast.stmt]:
        """The statements of steps. around: the user's statement that they are a part of."""
        out: list[ast.stmt] = []
        block, blocks = out, Blocks(self, out)
        depth = len(around.context) if isinstance(around, Statement) else 0
        current = around.whole if isinstance(around, Statement) and not around.compound else None
        for position, step in enumerate(steps):
            if step.joint and step.joint[-1] is not step:
                continue
            origin = step.node.origin
            wanted = origin.context[depth:] if isinstance(origin, Statement) else ()
            block = blocks.inside([a for a in wanted if a.both or not step.node.backward])
            if step.node.backward:
                if step.node.op.name != "recorded":
                    group = _group(steps, position)
                    block += self._headings(group, current, first=not block)
                    current = _whole(group[0]) or current
                given = [part for v in step.node.outputs for part in parts_of(self.schedule, v)]
                block += self._joint(step) if step.joint else self._noted(self._backward_step(step), given)
            else:
                last = position + 1 == len(steps) or steps[position + 1].node.origin is not origin
                lines = self._forward_lines(step, last)
                lines += self.behind.pop(step.node, [])
                block += [Blank(), *lines] if block and self._is_apart(steps, position) else lines
        return out

    def _is_apart(self, steps: list[Step], position: int) -> bool:
        """Whether the user left an empty line before the statement that a step begins."""
        origin = steps[position].node.origin
        before = position - max(len(steps[position].joint), 1)
        begins = before >= 0 and steps[before].node.origin is not origin
        return begins and isinstance(origin, Statement) and origin.begun is None and origin.apart

    def said_above(self, origin: Any) -> list[ast.stmt]:
        """The user's comments over a statement, once."""
        if not isinstance(origin, Statement) or origin.whole in self._told:
            return []
        self._told.add(origin.whole)
        return [Comment(text.removeprefix("#").removeprefix(" ")) for text in origin.comments]

    def inner_of(self, node: Node) -> list[Emitter]:
        """What writes the sub-graphs of a node."""
        return self._inner[node]

    def _forward_lines(self, step: Step, last: bool) -> list[ast.stmt]:
        """A statement of the forward pass with the user's comments over and behind it."""
        origin, out = step.node.origin, self.said_above(step.node.origin)
        trailing = origin.trailing if isinstance(origin, Statement) and last and _is_own(step, origin) else ""
        lines = self._joint(step) if step.joint else self._noted(self._forward_step(step), step.node.outputs)
        return out + [Trailing(s, trailing) if trailing else s for s in lines]

    def _joint(self, step: Step) -> list[ast.stmt]:
        """What is written in one statement: names, and what they are given."""
        if step.place:
            return self._noted([self._unpacking(step.joint)], [s.node.out for s in step.joint])
        names = [ast.Name(self.names.of[s.node.out], ast.Store()) for s in step.joint]
        parts: list[ast.expr] = [s.value for t in step.joint for s in self._forward_step(t)]  # type: ignore[attr-defined]
        whole = ast.Assign([ast.Tuple(names, ast.Store())], ast.Tuple(parts, ast.Load()))  # type: ignore[arg-type]
        return self._noted([whole], [s.node.out for s in step.joint])

    def _unpacking(self, steps: list[Step]) -> ast.stmt:
        """`a, b = params`, with `_` for what nobody reads."""
        names = {step.place: self.names.of[step.node.out] for step in steps}

        def target(node: Any, place: tuple[int, ...]) -> ast.expr:
            if isinstance(node, ast.Name):
                return ast.Name(names.get(place, "_"), ast.Store())
            return ast.Tuple([target(part, (*place, i)) for i, part in enumerate(node.elts)], ast.Store())

        base = unpacked_from(steps[0].node, steps[0].place)
        assert base is not None
        return ast.Assign([target(unpacking_target(steps[0].node.origin.node), ())], self.expression(base))

    def _noted(self, statements: list[ast.stmt], outputs: list[Value]) -> list[ast.stmt]:
        """Note in the last of `statements`, for the simulation, what they compute."""
        if statements:
            given = [(self.names.of[v], v) for v in outputs if v in self.names.of]
            statements[-1].gives = given  # type: ignore[attr-defined]
        return statements

    def _headings(self, group: list[Step], current: Any, first: bool) -> list[ast.stmt]:
        """The comments over a group of the backward pass, or the rest of one: the statements that it answers."""
        origins, main = self._origins(group[0]), _whole(group[0])
        for step in group[1:]:  # what hands it on unchanged has no line of its own
            through = () if step.node.op is LOOP else [o for v in step.node.outputs for o in v.through]
            origins |= {o.whole: o.index for o in through if isinstance(o, Statement)}
        new = [o for o in sorted(origins, key=lambda o: -origins[o]) if o not in self._answered]
        if not new and main is not current and main in origins:
            new = [main]
        self._answered.update(new)
        if not new:
            return []
        return ([] if first else [Blank()]) + [Comment(self.heading(o)) for o in new if not o.compound]

    def _forward_step(self, step: Step) -> list[ast.stmt]:
        node = step.node
        if isinstance(node.ast, ast.stmt):
            names = {v.hint: self.names.of[v] for v in node.outputs if self.names.of.get(v, v.hint) != v.hint}
            return [renamed(self.filled(node.ast, node), names)]
        if node.op in EXITS:
            assert self.holder is not None
            return leaving.way_out(self, node, self.holder)
        if node in self._inner and not self.schedule.is_expression(node):
            return self._loop(node) if node.op is LOOP else self._branch(node)
        writer = WRITERS.get(node.op.name)
        if writer is not None:
            return writer(self, node)
        value = self.computation(node) if node.op is not CONST else copied(node.ast)
        targets = [v for v in node.outputs if v in self.names.of]
        if not targets:
            return [ast.Expr(value)]
        if len(node.outputs) == 1:
            return [self._augmented(node, value) or assign(self.names.of[node.out], value)]
        parts: list[ast.expr] = [ast.Name(self.names.of.get(v, "_"), ast.Store()) for v in node.outputs]
        if node.op is CALL and node.options["variant"] is not None and len(parts) > 2:
            parts = [ast.Tuple(parts[:-1], ast.Store()), parts[-1]]
        return [ast.Assign([ast.Tuple(parts, ast.Store())], value)]

    def _augmented(self, node: Node, value: ast.expr) -> ast.stmt | None:
        """`total += x`, as the user wrote it: of a number, which nobody else has, or of an array that is ours."""
        if not is_augmented(node) or not isinstance(value, ast.BinOp):
            return None
        name, base = self.names.of[node.out], node.inputs[0]
        same = isinstance(value.left, ast.Name) and value.left.id == name
        if not same or node not in self.buffers.in_place and not (base.type.scalar and is_number(base)):
            return None
        target = standing_for(self.names.outermost(base), ast.Name(name, ast.Store()))
        return ast.AugAssign(target, value.op, value.right)

    def heading(self, origin: Statement) -> str:
        """A statement verbatim, as the comment over its group."""
        text = origin.text
        if self.value_name and text.startswith("return "):
            text = f"{self.value_name} = " + text.removeprefix("return ")
        return text

    def _origins(self, step: Step) -> dict[Statement, int]:
        """The user's statements that a step answers, its own and those of what is written into it; how late each is."""
        found: dict[Statement, int] = {}
        todo = [step.node]
        while todo:
            node = todo.pop()
            if node.backward and not node.again and isinstance(node.origin, Statement):
                # what a loop leaves has a statement of its own
                through = () if node.op is LOOP else [o for v in node.outputs for o in v.through]
                for o in (node.origin, *through):
                    if isinstance(o, Statement):
                        found[o.whole] = max(found.get(o.whole, 0), o.index)
            todo += [v.node for v in node.inputs if v.node is not None and v not in self.schedule.named]
        return found

    def _backward_step(self, step: Step) -> list[ast.stmt]:
        node = step.node
        writer = WRITERS.get(node.op.name)
        if writer is not None:
            return writer(self, node)
        if len(node.outputs) > 1 or node in self._inner:
            return self._forward_step(step)
        if node.out in self.schedule.unpacked:
            return [ast.Assign([self._unpacked(node.out)], self.computation(node))]
        return [assign(self.names.of[node.out], self.computation(node))]

    def _unpacked(self, v: Value) -> ast.expr:
        """The names of the parts of a tuple."""
        parts = [
            ast.Name("_" if part is None else self.names.of[part], ast.Store()) for part in self.schedule.unpacked[v]
        ]
        return ast.Tuple(parts, ast.Store())  # type: ignore[arg-type]

    def _branch(self, node: Node) -> list[ast.stmt]:
        """An `if` statement: each side, then what it leaves behind."""
        around = node.origin
        arms = self._inner[node]
        yes, no = (arm.statements(arm.schedule.steps, around) + arm.leave(node.outputs) for arm in arms)
        test = self.expression(node.inputs[0])
        if not yes:
            yes, no, test, arms = no, [], ast.UnaryOp(ast.Not(), test), arms[::-1]
        made = ast.If(test, yes or [ast.Pass()], no)
        named = [(self.names.of[v], v) for v in node.outputs if v in self.names.of]
        made.sides = [(name, v, [arm.outside(v.index) for arm in arms]) for name, v in named]  # type: ignore[attr-defined]
        return [made]

    def _loop(self, node: Node) -> list[ast.stmt]:
        """A loop: what is carried gets its name, the records are begun, and each step leaves things behind."""
        [inner] = self._inner[node]
        count = node.options["carried"]
        items, carried = LOOP.items(node), LOOP.carried(node)
        results = inner.schedule.graph.results
        stop = node.options["stop"]
        flag = None if stop is None or self.schedule.uses[node.outputs[stop]] else node.outputs[stop]
        begins = [
            (o, v) for o, v in zip(node.outputs, LOOP.initial(node), strict=False)
            if v.const is not UNDEFINED and o is not flag
        ]  # fmt: skip
        out = self.moves([(o, self._begin(o, v)) for o, v in begins])
        steps, ways_out = inner.schedule.steps, exits(inner.schedule.graph)
        goes_on = ways_out[-1] if ways_out else None  # a step that leaves is not recorded
        passed = steps.index(next(s for s in steps if s.node is goes_on)) if goes_on else 0
        first: list[ast.stmt] = []
        last: list[ast.stmt] = []
        begun = node.options.get("begun", ())
        for o, r in zip(node.outputs[count:], results[count:], strict=True):
            before = [self._found_first(node, results.index(r))] if o in begun else []
            begin = assign(self.names.of[o], ast.List(before, ast.Load()))
            begin.gives = [(self.names.of[o], o)]  # type: ignore[attr-defined]
            out.append(begin)
            name = standing_for(o, ast.Name(self.names.of[o], ast.Load()))
            early, item = is_early(inner.schedule.graph, r), self._item(inner.expression(r), r)
            if early and r.type.of is not None:  # more may be appended to the list afterwards
                item = ast.List([ast.Starred(item, ast.Load())], ast.Load())
            call = ast.Call(ast.Attribute(name, "append", ast.Load()), [item], [])
            if early:
                late = goes_on and r.node in [s.node for s in steps[:passed]]
                inner.behind.setdefault(goes_on if late else r.node, []).append(ast.Expr(call))  # type: ignore[arg-type]
            else:
                (first if r in carried or r in items else last).append(ast.Expr(call))
        if goes_on:
            inner.behind[goes_on] = [*first, *inner.behind.get(goes_on, [])]
            first = []
        test: ast.expr | None = None
        if node.options["header"] is None and steps and steps[0].node.op is LEAVE_UNLESS:
            test, steps = inner.expression(steps[0].node.inputs[0]), steps[1:]
            first = inner.behind.pop(ways_out[0], [])

        around = node.origin
        if stop is None:
            rest = [*inner.statements(steps, around), *last, *inner.leave(node.outputs[:count])]
        else:
            pairs = [(o, r) for o, r in zip(node.outputs[:count], results, strict=False) if o in self.names.of]
            if leaving.is_row(inner, results[stop], pairs):
                rest = leaving.row(self, inner, steps, results[stop], node.outputs[stop], pairs, last, around)
            else:
                ends = leaving.end_of_step(self, inner, results[stop], node.outputs[stop], pairs)
                rest = [*inner.statements(steps, around), *last, *ends]
        body = [*first, *rest]
        made: Any
        if node.options["header"] is None:
            made = ast.While(test or ast.Constant(True), body or [ast.Pass()], [])
        else:
            target, through = self._header(node)
            self._overtake(through, begins)
            made = ast.For(target, through, body or [ast.Pass()], [])
        made.loop = (
            [(self.names.of[v], v) for p in items for v in parts_of(inner.schedule, p) if v in self.names.of],
            [(self.names.of[p], p, [] if o is flag else leaving.all_of(r), o)
             for p, r, o in zip(carried, results, node.outputs, strict=False)],
        )
        return [*out, made]

    def _overtake(self, tree: ast.expr, begins: list[tuple[Value, Value]]) -> None:
        """Let what is read behind the copies that carried values begin as mean these, where they took its name."""
        copies = [(out, v) for out, v in begins if out in self.buffers.copied]
        table = {(self.names.of[out], self.names.outermost(v)): out for out, v in copies}
        for part in ast.walk(tree):
            if isinstance(part, ast.Name) and getattr(part, "means", None) is not None:
                part.means = table.get((part.id, part.means), part.means)  # type: ignore[attr-defined]

    def _begin(self, out: Value, v: Value) -> ast.expr:
        """What a carried value begins as; a copy where the steps write into it, and it is not theirs to write."""
        return copy_of(self, v) if out in self.buffers.copied else self.expression(v)

    def _item(self, tree: ast.expr, v: Value) -> ast.expr:
        """What is appended to a list, noted for the simulation where it is a number, which lies in nobody's memory."""
        if isinstance(tree, ast.Tuple) and is_op(v, "tuple"):
            tree.elts = list(map(self._item, tree.elts, v.node.inputs))  # type: ignore[union-attr]
        tree.number = v.type.ndim == 0 and is_number(v)  # type: ignore[attr-defined]
        return tree

    def _comprehension(self, node: Node) -> ast.expr:
        """A loop that collects a list, as an expression."""
        [inner] = self._inner[node]
        tree = each_of(inner.expression(inner.schedule.graph.results[0]), *self._header(node))
        given = [part for p in LOOP.items(node) for part in parts_of(inner.schedule, p)]
        return noted(tree, [(self.names.of[v], v) for v in given if v in self.names.of])

    def _header(self, node: Node) -> tuple[ast.expr, ast.expr]:
        """What a loop calls its items, and what it goes through."""
        [inner], items = self._inner[node], LOOP.items(node)

        def target(header: Any) -> ast.expr:
            if isinstance(header, int) and items[header] in inner.schedule.unpacked:
                return inner._unpacked(items[header])
            if isinstance(header, int):
                return ast.Name(self.names.of.get(items[header], "_"), ast.Store())
            parts = list(map(target, header[1:]))
            return parts[0] if header[0] == "reversed" else ast.Tuple(parts, ast.Store())

        def through(header: Any, backwards: bool = False) -> ast.expr:
            if isinstance(header, int):
                v = node.inputs[header]
                if is_op(v, "flipped") and v not in self.names.of:
                    v, backwards = v.node.inputs[0], not backwards  # type: ignore[union-attr]
                tree = self.expression(v)
                return call("reversed", tree) if backwards else tree
            if header[0] == "reversed":
                return through(header[1], not backwards)
            if header[0] == "enumerate":
                start = node.inputs[header[1]].node.inputs[1]
                begin = [] if is_zero(start) else [self.expression(start)]
                return call("enumerate", through(header[2]), *begin)
            return call("zip", *map(through, header[1:]))

        return target(node.options["header"]), through(node.options["header"])

    def _found_first(self, node: Node, index: int) -> ast.expr:
        """What the first step finds under a name, where it may have that name already."""
        v, out = LOOP.initial(node)[index], node.outputs[index]
        tree = self.expression(v)
        return tree if isinstance(tree, ast.Name) else standing_for(out, ast.Name(self.names.of[out], ast.Load()))

    def outside(self, index: int) -> Value:
        """A result of a sub-graph: the value around it, where it is one that the sub-graph took."""
        return self.beyond(self.schedule.graph.results[index])

    def beyond(self, v: Value) -> Value:
        """A value of a sub-graph, or the value around it that it is."""
        emitter = self
        while v in emitter.schedule.stands_for and emitter.outer is not None:
            v, emitter = emitter.schedule.stands_for[v], emitter.outer
        return v

    def leave(self, outputs: list[Value]) -> list[ast.stmt]:
        """Give the results of a sub-graph the names that they have outside, where they differ."""
        return self.moves(
            [(out, self.expression(v)) for out, v in zip(outputs, self.schedule.graph.results, strict=False)
             if v.const is not UNDEFINED and out in self.names.of]
        )  # fmt: skip

    def moves(self, pairs: list[tuple[Value, ast.expr]]) -> list[ast.stmt]:
        """Assign values to the names of others, where they differ; at once where one of these names is read."""
        moves, moved = [], []
        for out, tree in pairs:
            if not (isinstance(tree, ast.Name) and tree.id == self.names.of[out]):
                moves.append((self.names.of[out], tree))
                moved.append(out)
        names = {name for name, _ in moves}
        read = {part.id for _, tree in moves for part in ast.walk(tree) if isinstance(part, ast.Name)}
        if len(moves) > 1 and names & read:
            targets, values = zip(*moves, strict=True)
            target = ast.Tuple([ast.Name(name, ast.Store()) for name in targets], ast.Store())
            return self._noted([ast.Assign([target], ast.Tuple(list(values), ast.Load()))], moved)
        return [s for (name, tree), v in zip(moves, moved, strict=True) for s in self._noted([assign(name, tree)], [v])]


class Blocks:
    """The block that statements are written into, as they stand inside a `with` or a `try`."""

    def __init__(self, emitter: Emitter, out: list[ast.stmt]):
        self.emitter = emitter
        self.open: list[tuple[Around | None, list[ast.stmt]]] = [(None, out)]
        self.begun: dict[Around, tuple[int, ast.Try | None]] = {}
        """Where what was opened last begins in the block around it; what a `finally` may yet be added to."""

    def inside(self, wanted: list[Around]) -> list[ast.stmt]:
        """The block inside of all that is wanted, which is closed and opened as needed."""
        kept = 1
        while kept < len(self.open) and kept <= len(wanted) and self.open[kept][0] is wanted[kept - 1]:
            kept += 1
        del self.open[kept:]
        for around in wanted[kept - 1 :]:
            self.open.append((around, self._begun(around, self.open[-1][1])))
        return self.open[-1][1]

    def _begun(self, around: Around, out: list[ast.stmt]) -> list[ast.stmt]:
        if around.after is not None:
            return self._at_last(around.after, out)
        out += self.emitter.said_above(around.statement)
        made = fill(around.tree, lambda ref: self.emitter.expression(ref.value))
        self.begun[around] = (len(out), made if isinstance(made, ast.Try) and made.handlers else None)
        if isinstance(made, ast.Try) and not made.handlers:  # there may be nothing to be done at last
            return out
        out.append(made)
        return made.body  # type: ignore[no-any-return]

    def _at_last(self, tried: Around, out: list[ast.stmt]) -> list[ast.stmt]:
        """The block of a `finally`; what is left of it stands alone where nothing is left of what it comes after."""
        if tried not in self.begun:
            return out
        start, made = self.begun[tried]
        if made is None:
            inside = out[start:]
            only = inside[0] if len(inside) == 1 else None
            made = only if isinstance(only, ast.Try) and not only.finalbody else ast.Try(inside, [], [], [])
            out[start:] = [made]
            self.begun[tried] = (start, made)
        return made.finalbody


def _whole(step: Step) -> Statement | None:
    """The user's statement that a step belongs to."""
    return step.node.origin.whole if isinstance(step.node.origin, Statement) else None


def _group(steps: list[Step], position: int) -> list[Step]:
    """The steps from a position on that belong to one statement, less what is computed again for them."""
    found: list[Step] = []
    for step in (steps[i] for i in range(position, len(steps))):
        if found and not step.node.again and _whole(step) is not _whole(found[0]):
            break
        if not step.node.again:
            found.append(step)
    return found or [steps[position]]


def _is_own(step: Step, origin: Statement) -> bool:
    return step.out is None or bool(step.out.hint) or step.node.effect


def renamed(statement: ast.stmt, names: dict[str, str]) -> ast.stmt:
    """A statement of the user's with other names for the variables that it gives values to."""
    for part in ast.walk(statement) if names else ():
        if isinstance(part, ast.Name) and not hasattr(part, "means"):
            part.id = names.get(part.id, part.id)
        elif isinstance(part, ast.arg):
            part.arg = names.get(part.arg, part.arg)
    return statement


def noted(tree: ast.expr, items: list[tuple[str, Value]]) -> ast.expr:
    """A comprehension with what its variables are, for the simulation."""
    tree.items = items  # type: ignore[attr-defined]
    return tree
