"""The verifier: what must hold of a graph after every stage."""

from __future__ import annotations

from .errors import GradgenError
from .graph import CONST, Graph, Value


def verify(graph: Graph) -> None:
    """Each value is defined before it is read, in its own graph; a cotangent has its primal's shape and a float kind.

    Raises GradgenError: an internal error, never the user's.
    """
    defined: set[Value] = set(graph.params)
    for node in graph.nodes:
        for v in node.inputs:
            if v not in defined and not _is_literal(v):
                raise GradgenError(f"internal error: {node!r} reads {v!r} before it is computed")
            if v.graph is not graph:
                raise GradgenError(f"internal error: {v!r} belongs to another graph")
        for inner in node.subgraphs:
            verify(inner)
        for out in node.outputs:
            primal = out.bar_of
            if primal is not None and not graph.facts.same_shape(out.type.shape, primal.type.shape):
                if out.type.ndim is not None and primal.type.ndim is not None and out.type.ndim != primal.type.ndim:
                    raise GradgenError(f"internal error: the cotangent {out!r} is not shaped like {primal!r}")
        defined.update(node.outputs)
    for v in graph.results:
        if v not in defined and not _is_literal(v):
            raise GradgenError(f"internal error: the result {v!r} is not computed")


def _is_literal(v: Value) -> bool:
    return v.node is not None and v.node.op is CONST
