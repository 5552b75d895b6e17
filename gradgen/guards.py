"""The check at entry of a written module: declared facts whose violation would give a wrong number, not an exception.

The rank of every array is checked. That two sizes agree is checked unless NumPy sees to it, as a matrix product does;
to find out, the finished graph is gone through once more with a size of its own for each dimension of a parameter.
"""

from __future__ import annotations

from collections.abc import Container

from .graph import Graph, Node, Operation, Value
from .shapes import Dim, Facts, ShapeMismatch, Size, Type, dim_add, dim_mul


class Enforced(Facts):
    """Facts that know only what NumPy enforces: two sizes that broadcast against each other may differ."""

    def unify(self, a: Size, b: Size) -> bool:
        return self.same(a, b)


CONJUGATING = frozenset(
    ("absolute", "abs", "sign", "arcsinh", "correlate", "interp", "real", "imag", "conjugate", "conjugate_of",
     "vdot", "vecdot", "norm", "vector_norm", "matrix_norm", "var", "std", "svd", "svdvals", "eigh", "eigvalsh",
     "cholesky", "slogdet", "qr", "pinv", "lstsq", "cond", "eig", "eigvals", "angle", "vecmat", "polyfit",
     "cov", "corrcoef", "nanvar", "nanstd", "fft", "ifft", "fft2", "ifft2", "fftn", "ifftn", "irfft", "irfft2",
     "irfftn", "hfft")
)  # fmt: skip
"""Operations that have another derivative where their argument is complex."""


def conjugated(graph: Graph) -> set[Value]:
    """The values of a function, read and not yet differentiated, from which a way leads to an operation that has
    another derivative for complex numbers: these would pass where reals are meant, and the answer would be wrong."""
    found: set[Value] = set()
    for node in reversed(graph.nodes):
        if conjugates(node) or not found.isdisjoint(node.outputs):
            found.update(node.inputs)
    return found


def conjugates(node: Node) -> bool:
    """Whether an operation, or one inside of it, has another derivative for complex numbers."""
    todo, seen = [node], set()
    while todo:
        inner = todo.pop()
        if inner.op.reals or inner.op.name in CONJUGATING:
            return True
        program = getattr(inner.options.get("callee"), "program", None)
        for graph in [*inner.subgraphs, *([program.graph] if program is not None else [])]:
            if graph not in seen:
                seen.add(graph)
                todo += graph.nodes
    return False


def conditions(
    graph: Graph, params: list[Value], sources: list[Value], filled: list[Value], conjugated: Container[Value]
) -> list[str]:
    """What must hold of the arguments, as Python expressions.

    params: the parameters of the function, and the parts of them of which something is declared. sources: values whose
    dtype new memory gets, into which no fraction could be written if they were integers; of those inside branches and
    loops nothing is known. filled: parameters into whose memory, or into memory of their dtype, the function writes
    fractions itself. conjugated: the parameters of which none must be complex where floats are declared.
    """
    arrays = sorted((p for p in params if p.type.ndim and not p.type.sequence), key=lambda p: -(p.type.ndim or 0))
    shapes = {p: tuple(map(graph.facts.canonical, p.type.shape)) for p in arrays}  # type: ignore[arg-type]
    anchors: dict[Size, tuple[Value, int]] = {}
    for plain in (True, False):  # names first, where they stand alone; then what names do not tell
        for p in arrays:
            for i, d in enumerate(shapes[p]):
                if isinstance(d, Dim) and plain == _is_name(d) and not _in_terms_of(anchors, d)[1]:
                    anchors[d] = p, i
    checked = enforced(graph, arrays)
    facts = checked[arrays[0]].graph.facts if arrays else graph.facts
    ranks: dict[int, list[str]] = {}
    terms = []
    for p in arrays:
        texts: list[str] = []
        open_axes = []
        for i, d in enumerate(shapes[p]):
            same, text = _in_terms_of(anchors, d)
            texts.append(text)
            if anchors.get(d) != (p, i) and text and not facts.same(own_size(p, i), same):
                open_axes.append(i)
        if open_axes and all(texts) and not any(anchors.get(d) == (p, i) for i, d in enumerate(shapes[p])):
            terms.append(f"{written(p)}.shape == {_shape_text(arrays, texts)}")
            continue
        ranks.setdefault(len(texts), []).append(f"{written(p)}.ndim")
        terms += [f"{written(p)}.shape[{i}] == {texts[i]}" for i in open_axes]
    chains = [" == ".join([*names, str(rank)]) for rank, names in ranks.items()]
    raising = enforced_numbers(graph)
    numbers = [p for p in params if p.type.scalar and p.type.kind != "object" and p not in raising]
    if numbers and not entry_by_entry(graph, params):
        terms.append(" == ".join([*(f'getattr({written(p)}, "ndim", 0)' for p in numbers), "0"]))
    reals = [p for p in [*arrays, *numbers] if p.type.kind == "float"]
    if not all(v in checked and checked[v].type.floating for v in sources):
        filled = arrays
    if kinds := [f"{written(p)}.dtype.kind" for p in arrays if p in reals and p in filled]:
        terms.append(" == ".join([*kinds, '"f"']))
        reals = [p for p in reals if p not in arrays or p not in filled]
    if any(p in conjugated for p in reals):
        terms.append(f'np.result_type({", ".join(map(written, reals))}).kind != "c"')
    return chains + terms


def holds(clause: list[Value]) -> tuple[str, str]:
    """When none of several parameters is of floats, as Python, and what to say then of memory of their common dtype."""
    names = [written(p) for p in clause]
    arrays = ", ".join(f"np.asarray({name})" for name in names)
    made = f"{arrays}.dtype" if len(names) == 1 else f"np.result_type({arrays})"
    return f'{made}.kind not in "fc"', f"memory of the dtype of {' and '.join(names)}, which must be one of floats"


def misshapen(graph: Graph, params: list[Value], cotangents: list[Value], names: dict[Value, str], exact: bool) -> str:
    """When a cotangent is not shaped like the result that it is of, as a Python expression; "" where none is read.

    Nearly any other shape broadcasts, and the answer is wrong. names: of the results. exact: whether what is a scalar
    by its type is surely one, no array that a function of one number goes through entry by entry.
    """
    read = {v for node in graph.nodes for v in node.inputs} | set(graph.results)
    exact = exact or not entry_by_entry(graph, params)
    terms = []
    for bar in cotangents:
        of = bar.bar_of
        assert of is not None
        if bar not in read:
            continue
        if of.type.scalar and exact:
            terms.append(f'getattr({bar.hint}, "ndim", 0) != 0')
        elif of in names and of.type.of is not None:
            terms.append(f"len({bar.hint}) != len({names[of]})")
        elif of in names and not of.type.sequence:
            shape = f"{names[of]}.shape" if of.type.ndim else f"np.shape({names[of]})"
            terms.append(f"np.shape({bar.hint}) != {shape}")
    return " or ".join(terms)


def written(v: Value) -> str:
    """How a parameter, or a part of one, is written where the function begins."""
    return v.hint if v.node is None else v.said


def own_size(p: Value, axis: int) -> Dim:
    """The size that stands for one dimension of a parameter alone."""
    return Dim.named(f"{written(p)}.shape[{axis}]")


def enforced(graph: Graph, arrays: list[Value]) -> dict[Value, Value]:
    """A copy of the graph that knows only what NumPy enforces, in terms of `own_size`: its values by the graph's.

    What was declared as a float may hold integers there.
    """
    copy = Graph(graph.name, Enforced())
    seen: dict[Value, Value] = {}
    for p in dict.fromkeys([*graph.params, *arrays]):
        known = p.type.scalar or p in arrays
        shape = tuple(own_size(p, i) for i in range(p.type.ndim or 0)) if known else Type().shape
        kind = "number" if p.type.kind == "float" and p in arrays else p.type.kind
        seen[p] = copy.param(p.hint, p.type.but(kind=kind, shape=shape, size=None))
    for node in graph.nodes:
        if all(out in seen for out in node.outputs):  # a part of a parameter
            continue
        inputs = [seen.get(v, v) for v in node.inputs]
        try:
            outputs = copy.add(node.op, inputs, node.options).outputs
        except (ShapeMismatch, TypeError, ValueError, IndexError):  # no use guarding what raises in any case
            outputs = []
        unknown = [Value(copy, v.type if v.type.scalar else Type(v.type.kind)) for v in node.outputs]
        seen.update(zip(node.outputs, [*outputs, *unknown[len(outputs) :]], strict=False))
    return seen


def enforced_numbers(graph: Graph) -> set[Value]:
    """The values that reach a function of `math` through elementwise operations: it raises where they are arrays."""
    found: set[Value] = set()
    for node in reversed(graph.nodes):
        if node.op.name.startswith("math.") or _is_elementwise(node.op) and not found.isdisjoint(node.outputs):
            found.update(node.inputs)
    return found


def entry_by_entry(graph: Graph, params: list[Value]) -> bool:
    """Whether it is a function of one number that for an array gives the derivative at each of its entries."""
    return len(params) == 1 and all(_is_elementwise(node.op) for node in graph.nodes)


def _is_elementwise(op: Operation) -> bool:
    return op.elementwise or op.name in ("product", "total", "const")


def _is_name(d: Dim) -> bool:
    return len(d.terms) == 1 and len(d.terms[0][0]) == 1 and d.terms[0][1] == 1


def _in_terms_of(anchors: dict[Size, tuple[Value, int]], d: Size) -> tuple[Size, str]:
    """A declared size in terms of dimensions of parameters, and as Python; "" where nothing tells what it is."""
    if isinstance(d, int):
        return d, str(d)
    for anchor, place in anchors.items():
        rest = dim_add(d, anchor, -1)
        if isinstance(rest, int):
            size = dim_add(own_size(*place), rest)
            return size, repr(size)
    total: Size = 0
    for monomial, c in d.terms:
        part: Size = c
        for name in monomial:
            if Dim.named(name) not in anchors:
                return d, ""
            part = dim_mul(part, own_size(*anchors[Dim.named(name)]))
        total = dim_add(total, part)
    return total, repr(total)


def _shape_text(arrays: list[Value], sizes: list[str]) -> str:
    """A shape as Python; sizes that follow each other in one parameter's shape are that shape, or a slice of it."""
    for p in arrays:
        rank, count = p.type.ndim or 0, len(sizes)
        for start in range(rank - count + 1):
            if sizes == [repr(own_size(p, start + i)) for i in range(count)]:
                stop = start + count
                part = f"[{start or ''}:{stop if stop < rank else ''}]" if count < rank else ""
                return f"{written(p)}.shape{part}"
    return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"
