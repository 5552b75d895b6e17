"""The modules stand in layers: each may use its own layer and those below, inside functions too, and none in a ring."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import gradgen

LAYERS = {
    "what stands alone": "errors routes functions callbacks operators syntax writer shapes sequences constants",
    "what needs no graph": "annotations signature probing source decorated managers options config",
    "the graph, and what is said of one": "graph control terms library travelling guards draw verify interpret",
    "rules": "rules.*",
    "what a graph says of its values": "forms words responses invariance masks schedule lives buffers lasting",
    "from graph to a simpler graph": "identities sums factors totals likeness simplify",
    "from graph to its gradient": "reverse branches calls exits twins loops records saving clearing fusion finish "
    "keeping",
    "from syntax to graph": "reading.* frontend",
    "what may be asked for": "admission",
    "from graph to text": "naming listings spell filling emit simulate docstrings module carrying compose leaving",
    "from source to source": "pipeline",
    "faces": "ops memory targets merging files checking testing api cli __init__ __main__",
}
EXCEPTIONS = {
    ("graph", "reverse"): "`op.bprop` of the book's language sums broadcast cotangents back, as the backward pass does",
    ("graph", "draw"): "`str(graph)` is the dump of it",
    ("rules.matrix_snippets", "interpret"): "the rule of a snippet made of others is the backward pass over its parts",
    ("rules.matrix_snippets", "masks"): "as above",
    ("rules.matrix_snippets", "reverse"): "as above",
}
ROOT = Path(gradgen.__file__).parent


def modules() -> dict[str, Path]:
    """The files of the package by the names of the modules, the package's own left out, except for its face."""
    found = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in sorted(ROOT.rglob("*.py"))}
    return {name: path for name, path in found.items() if not name.endswith(".__init__")}


def imported(name: str, path: Path) -> set[str]:
    """What a module imports of the package, wherever in the file, save what it imports for its annotations alone."""
    known, tree = modules(), ast.parse(path.read_text(encoding="utf-8"))
    guards = [node for node in ast.walk(tree) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)]
    unused = {id(node) for guard in guards for part in guard.body for node in ast.walk(part)}
    package = name.split(".")[:-1]
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level and id(node) not in unused:
            base = package[: len(package) - node.level + 1] + (node.module.split(".") if node.module else [])
            for alias in node.names:
                inner = ".".join([*base, alias.name])
                found.add(inner if inner in known else ".".join(base))
    return found & known.keys()


def layer_of(name: str) -> int:
    """The layer of a module, counted from below; each stands in one."""
    package = f"{name.split('.')[0]}.*" if "." in name else name
    found = [i for i, names in enumerate(LAYERS.values()) if {name, package} & set(names.split())]
    assert len(found) == 1, f"{name} stands in {len(found)} layers"
    return found[0]


def test_no_module_uses_a_layer_above_its_own() -> None:
    upward = {
        (name, other)
        for name, path in modules().items()
        for other in imported(name, path)
        if layer_of(other) > layer_of(name)
    }
    assert upward <= EXCEPTIONS.keys()


def test_no_modules_use_each_other_in_a_ring() -> None:
    uses = {
        name: {other for other in imported(name, path) if (name, other) not in EXCEPTIONS}
        for name, path in modules().items()
    }
    TopologicalSorter(uses).prepare()  # raises CycleError


def test_every_layer_and_every_exception_is_still_there() -> None:
    named = {name for names in LAYERS.values() for name in names.split() if not name.endswith("*")}
    assert named <= modules().keys()
    assert all(other in imported(name, modules()[name]) for name, other in EXCEPTIONS)
