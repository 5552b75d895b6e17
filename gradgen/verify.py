"""The verifier: what must hold of a graph after every stage."""

from __future__ import annotations

from .errors import GradgenError
from .graph import CONST, Graph, Node, Value
from .shapes import Dim, Facts, ShapeMismatch, ShapeVar, Size, Type


def verify(graph: Graph) -> None:
    """Each value is defined before it is read, in its own graph; types are those that operations infer of their inputs.

    A cotangent has the shape of its primal and the kind of a float. Raises GradgenError: an internal error.
    """
    defined: set[Value] = set(graph.params)
    for node in graph.nodes:
        for v in node.inputs:
            if v not in defined and not _is_literal(v):
                raise wrong(f"{node!r} reads {v!r} before it is computed")
            if v.graph is not graph:
                raise wrong(f"{v!r} belongs to another graph")
        for inner in node.subgraphs:
            verify(inner)
        if node.options.get("items") == 0 and node.options["header"] is not None:
            raise wrong(f"{node!r} goes through nothing")
        for out in node.outputs:
            if out.node is not node or out.graph is not graph:
                raise wrong(f"{out!r} is not the output of {node!r}")
            if out.bar_of is not None and node.backward:
                _check_cotangent(graph, out, out.bar_of)
        _check_type(graph, node)
        defined.update(node.outputs)
    for v in graph.results:
        if v not in defined and not _is_literal(v):
            raise wrong(f"the result {v!r} is not computed")


def verify_results(graph: Graph, targets: list[Value]) -> None:
    """The last results are the cotangents of the targets: of exactly their shape, and floats. Raises GradgenError."""
    for v, target in zip(graph.results[len(graph.results) - len(targets) :], targets, strict=True):
        if target.type.of is not None and v.type.of is not None:
            continue
        if not v.type.floating or not agree(graph.facts, v.type, target.type):
            raise wrong(f"the cotangent {v!r} is not shaped like {target!r}")


def _check_cotangent(graph: Graph, bar: Value, primal: Value) -> None:
    if bar.type.kind in ("bool", "int"):
        raise wrong(f"the cotangent {bar!r} is no float")
    if not agree(graph.facts, bar.type, primal.type):
        raise wrong(f"the cotangent {bar!r} is not shaped like {primal!r}")


def _check_type(graph: Graph, node: Node) -> None:
    """The types of the outputs are those of the operation; asked only where the operation says what they are."""
    if node.op.infer is None or node.op is CONST:
        return
    try:
        types = node.op.infer(Facts(), *node.args, **node.options)
    except ShapeMismatch as error:
        raise wrong(f"the sizes {error} do not fit in {node!r}") from error
    for out, t in zip(node.outputs, types if isinstance(types, list) else [types], strict=True):
        if not agree(graph.facts, out.type, t):
            raise wrong(f"{out!r} is inferred to be {t}")


def agree(facts: Facts, a: Type, b: Type) -> bool:
    """Whether two types may be those of one value: the same rank and sizes, as far as they are known.

    NumPy may see to it that two named sizes are equal; one that was 1 before broadcasting is not the other.
    """
    if isinstance(a.shape, ShapeVar) or isinstance(b.shape, ShapeVar) or "object" in (a.kind, b.kind):
        return True
    if a.shape == b.shape:
        return True
    pairs = zip(map(facts.canonical, a.shape), map(facts.canonical, b.shape), strict=False)
    return len(a.shape) == len(b.shape) and all(m == n or _open(m, n) or _open(n, m) for m, n in pairs)


def _open(d: Size, other: Size) -> bool:
    return isinstance(d, Dim) and (d.loose or other != 1)


def _is_literal(v: Value) -> bool:
    return v.node is not None and v.node.op is CONST


def wrong(message: str) -> GradgenError:
    return GradgenError(f"internal error: {message}")
