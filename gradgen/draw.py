"""Graphs for people: readable text, DOT and Mermaid.

Forward and backward nodes are told apart as in figure 6.10 of *Deep Learning*: the forward pass runs upwards, the
backward pass beside it runs down again, and dashed edges are the forward values that the backward pass reads.
"""

from __future__ import annotations

import html
import shutil
import subprocess
from typing import Any

from .errors import GradgenError
from .graph import CONST, OPAQUE, Graph, Node, Value

SYMBOLS = {
    "add": "+", "subtract": "−", "multiply": "×", "divide": "÷", "true_divide": "÷", "power": "**", "matmul": "@",
    "negative": "−", "greater": ">", "greater_equal": "≥", "less": "<", "less_equal": "≤", "equal": "=",
    "not_equal": "≠", "floor_divide": "//", "remainder": "mod", "absolute": "abs", "accumulated": "+", "total": "+",
    "transpose": "T",
}  # fmt: skip


class Labels:
    """Names for all values of a graph: the user's own, `v_bar` for the cotangent of `v`, else the operation's."""

    def __init__(self, graph: Graph, adjoint: str = "{}_bar"):
        self.of: dict[Value, str] = {}
        taken: set[str] = set()
        values = [*graph.params, *(out for node in graph.nodes for out in node.outputs)]
        for v in values:
            hint = v.hint
            if not hint and v.bar_of is not None and v.bar_of in self.of:
                hint = adjoint.format(self.of[v.bar_of])
            if not hint or not hint.isidentifier():
                hint = (v.node.op.name if v.node is not None else "value").strip("_")
                hint = f"{hint}_{next(i for i in range(1, len(values) + 2) if f'{hint}_{i}' not in taken)}"
            name, k = hint, 2
            while name in taken:
                name, k = f"{hint}_{k}", k + 1
            taken.add(name)
            self.of[v] = name

    def __call__(self, v: Value) -> str:
        """The name of a value; a constant is written out."""
        if v in self.of:
            return self.of[v]
        if v.node is not None and v.node.op is CONST:
            return _short(v.node.options["value"])
        return "?"


def _short(x: Any, width: int = 24) -> str:
    text = " ".join((f"array{x.shape}" if getattr(x, "shape", None) else repr(x)).split())
    return text if len(text) <= width else text[: width - 1] + "…"


def _shown_type(v: Value) -> str:
    if v.type.ndim is None:
        return v.type.kind
    dims = ", ".join(map(str, v.type.shape))  # type: ignore[arg-type]
    return f"{v.type.kind}({dims}{',' if v.type.ndim == 1 else ''})"


def dump(graph: Graph) -> str:
    """The graph as text, a node a line: `name: type = operation(inputs)`, and indented below it its sub-graphs."""
    return "\n".join(_lines(graph)) + "\n"


def _lines(graph: Graph) -> list[str]:
    labels = Labels(graph)
    lines = [f"graph {graph.name}(" + ", ".join(f"{labels(v)}: {_shown_type(v)}" for v in graph.params) + ")"]
    backward = False
    for node in graph.nodes:
        if node.backward and not backward:
            lines.append("  # backward")
            backward = True
        elif not node.backward and backward:
            lines.append("  # forward")
            backward = False
        outs = ", ".join(f"{labels(v)}: {_shown_type(v)}" for v in node.outputs)
        said = [labels(v) for v in node.inputs]
        shown = node.options if not node.subgraphs and node.op not in (CONST, OPAQUE) else {}
        said += [f"{k}={_short(x)}" for k, x in shown.items() if _said(x)]
        call = f"{node.op.name}({', '.join(said)})" if node.op is not CONST else _short(node.options["value"])
        call = product_text(node, labels) if node.op.name == "product" else call
        lines.append(f"  {outs} = {call}" if outs else f"  {call}")
        lines += [f"    {line}" for inner in node.subgraphs for line in _lines(inner)]
    return [*lines, "  return " + ", ".join(labels(v) for v in graph.results)]


def product_text(node: Node, labels: Labels) -> str:
    """A product in normal form as people write it: `2.0 * x / n`."""
    count = len(node.inputs) - int(node.options["divisors"])
    parts = [labels(v) for v in node.inputs]
    coefficient = node.options["num"] / node.options["den"]
    top = " * ".join(([f"{coefficient:.6g}"] if coefficient not in (1.0, -1.0) or not count else []) + parts[:count])
    sign = "-" if coefficient == -1.0 and count else ""
    return sign + " / ".join([top, *parts[count:]])


def _said(x: Any) -> bool:
    return x is not None and x is not False and not callable(x) and not isinstance(x, (dict, bytes))


def _operation(node: Node, labels: Labels) -> str:
    """An operation in a few characters: its symbol or name, with the constants that it takes."""
    name = SYMBOLS.get(node.op.name, node.op.name)
    if node.op.name == "product":
        coefficient = node.options["num"] / node.options["den"]
        count = len(node.inputs) - int(node.options["divisors"])
        signs = [] if coefficient == 1.0 else ["−"] if coefficient == -1.0 else [f"{coefficient:.6g}"]
        if count > 1 or coefficient not in (1.0, -1.0) and count == 1:
            signs.append("×")
        return " ".join(signs + ["÷"] * (count < len(node.inputs))) or "×"
    if node.op is CONST:
        return _short(node.options["value"])
    consts = [v.node is not None and v.node.op is CONST and v not in labels.of for v in node.inputs]
    said = [f"{k}={_short(x)}" for k, x in node.options.items() if node.op is not OPAQUE and _said(x)]
    if name != node.op.name and len(node.inputs) == 2 and any(consts):
        left, right = (labels(v) if c else "" for v, c in zip(node.inputs, consts, strict=True))
        return " ".join(part for part in (left, name, right) if part)
    fixed = [labels(v) for v, c in zip(node.inputs, consts, strict=True) if c and labels(v) not in ("None", "True")]
    return f"{name}({', '.join(fixed + said)})" if fixed or said else name


INK, FORWARD, BACKWARD, QUIET = "#1f2937", "#dbeafe", "#ffedd5", "#6b7280"
EDGE, BACK_EDGE, READ_EDGE = "#3b82f6", "#ea580c", "#9ca3af"


def dot(graph: Graph) -> str:
    """The graph in Graphviz's language."""
    labels = Labels(graph)
    ids = {v: f"v{i}" for i, v in enumerate(labels.of)}
    results = set(graph.results)
    seeds = {v for v in graph.params if v.bar_of is not None or _is_seed(v, graph)}
    out = [
        "digraph {",
        f"  graph [rankdir=BT, bgcolor=white, fontname=Helvetica, fontsize=13, fontcolor={_q(INK)}, nodesep=0.45,"
        f" ranksep=0.45, labelloc=t, label=<{_legend(graph)}>]",
        f"  node [shape=box, style={_q('rounded,filled')}, fontname=Helvetica, fontsize=12, fontcolor={_q(INK)},"
        f" margin={_q('0.14,0.07')}, height=0.3, penwidth=1.2]",
        "  edge [arrowsize=0.65, penwidth=1.2]",
    ]
    for v in labels.of:
        node = v.node
        back = node.backward if node is not None else v in seeds
        fill, line = (BACKWARD, BACK_EDGE) if back else (FORWARD, EDGE)
        name = html.escape(labels(v))
        text = f"<b>{name}</b>"
        if node is None:
            shown = html.escape(_shown_type(v))
            text += f'<br/><font point-size="9" color="{QUIET}">{shown}</font>'
        else:
            text = f"{text if v.hint or (v.bar_of is not None and v.bar_of.hint) or v in results else ''}"
            operation = html.escape(_operation(node, labels))
            small = f'<font point-size="10" color="{QUIET}">{operation}</font>' if text else operation
            text = f"{text}<br/>{small}" if text else small
        style = ', style="filled", shape=box' if node is None else ""
        bold = ", penwidth=2.6" if v in results else ""
        out.append(f"  {ids[v]} [label=<{text}>, fillcolor={_q(fill)}, color={_q(line)}{style}{bold}]")
    for node in graph.nodes:
        for v in dict.fromkeys(node.inputs):
            for made in node.outputs:
                if v not in ids:
                    continue
                was_back = v.node.backward if v.node is not None else v in seeds
                if node.backward and not was_back:
                    out.append(f"  {ids[v]} -> {ids[made]} [color={_q(READ_EDGE)}, style=dashed, constraint=false]")
                elif node.backward:
                    out.append(f"  {ids[made]} -> {ids[v]} [dir=back, color={_q(BACK_EDGE)}]")
                else:
                    out.append(f"  {ids[v]} -> {ids[made]} [color={_q(EDGE)}]")
    for v in labels.of:
        primal = v.bar_of
        if v.node is not None and v.node.backward and primal is not None and primal in ids and _last_bar(v, graph):
            out.append(f"  {{ rank=same; {ids[primal]}; {ids[v]} }}")
    return "\n".join([*out, "}"]) + "\n"


def _is_seed(v: Value, graph: Graph) -> bool:
    """Whether a parameter was added for the backward pass: it is read there alone, and has no name of the user's."""
    return v.hint not in graph.named


def _last_bar(v: Value, graph: Graph) -> bool:
    """Whether `v` is the last of the values that are the cotangent of one variable."""
    same = [w for node in graph.nodes for w in node.outputs if w.bar_of is v.bar_of and node.backward]
    return same[-1] is v


def _legend(graph: Graph) -> str:
    title = f"<b>{html.escape(graph.name)}</b>"
    if not any(node.backward for node in graph.nodes):
        return title
    return (
        f'{title}<br/><font point-size="10"><font color="{EDGE}">forward ↑</font>   '
        f'<font color="{BACK_EDGE}">backward ↓</font>   '
        f'<font color="{QUIET}">read by the backward pass ⇢</font></font><br/>'
    )


def _q(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def mermaid(graph: Graph) -> str:
    """The graph as a Mermaid flowchart."""
    labels = Labels(graph)
    ids = {v: f"v{i}" for i, v in enumerate(labels.of)}
    seeds = {v for v in graph.params if _is_seed(v, graph)}
    out = ["flowchart BT"]
    for v in labels.of:
        node = v.node
        back = node.backward if node is not None else v in seeds
        text = labels(v) + (f"<br/>{_operation(node, labels)}" if node is not None else f"<br/>{_shown_type(v)}")
        text = text.replace('"', "#quot;")
        shape = f'["{text}"]' if node is None else f'("{text}")'
        out.append(f"  {ids[v]}{shape}:::{'backward' if back else 'forward'}")
    for node in graph.nodes:
        for v in dict.fromkeys(node.inputs):
            for made in node.outputs:
                if v in ids:
                    was_back = v.node.backward if v.node is not None else v in seeds
                    out.append(f"  {ids[v]} {'-.->' if node.backward and not was_back else '-->'} {ids[made]}")
    out.append(f"  classDef forward fill:{FORWARD},stroke:{EDGE},color:{INK}")
    out.append(f"  classDef backward fill:{BACKWARD},stroke:{BACK_EDGE},color:{INK}")
    return "\n".join(out) + "\n"


def svg(graph: Graph) -> str:
    """The graph as SVG, drawn by Graphviz. Raises GradgenError where its `dot` is not on the PATH."""
    program = shutil.which("dot")
    if program is None:
        raise GradgenError("an SVG needs Graphviz's `dot` on the PATH; install it, or write a .dot or .mmd file")
    done = subprocess.run([program, "-Tsvg"], input=dot(graph), capture_output=True, text=True, encoding="utf-8")
    if done.returncode != 0:
        raise GradgenError(f"Graphviz failed: {done.stderr.strip()}")
    return done.stdout
