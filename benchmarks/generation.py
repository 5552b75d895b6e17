"""How long generating takes as programs grow: it is to be near-linear.

    python -m benchmarks.generation [--text]

Milliseconds of CPU until a first gradient in memory is there, per thousand statements or terms, for chains of
statements, sums of many terms, and `np.sum` of a long list. `--text` adds the time of the formatted text.
"""

from __future__ import annotations

from benchmarks import environment  # isort: skip  (before NumPy)

import argparse
import importlib.util
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

del environment
STEPS = (
    "np.sin({v}) * x",
    "{v} * {v} - 0.5 * x",
    "np.exp(-0.1 * {v} * {v})",
    "np.tanh({v} + x)",
    "{v} / (1.0 + x * x)",
)


def chain(statements: int) -> str:
    """Each statement reads the one before."""
    lines = ["v0 = x"]
    lines += [f"v{i + 1} = " + STEPS[i % len(STEPS)].format(v=f"v{i}") for i in range(statements)]
    return function([*lines, f"return np.sum(v{statements})"])


def terms(count: int, per_statement: int = 500) -> str:
    """Sums of `per_statement` terms each."""
    lines, totals = [], []
    for k in range(0, count, per_statement):
        parts = [f"{1.0 + i % 7} * np.sin(x + {float(i)})" for i in range(k, min(k + per_statement, count))]
        totals.append(f"s{len(totals)}")
        lines.append(f"{totals[-1]} = " + " + ".join(parts))
    return function([*lines, f"return np.sum({' + '.join(totals)})"])


def long_list(items: int) -> str:
    """np.sum of a list that is written out."""
    parts = ", ".join(f"x[{i % 5}] * {1.0 + i % 3}" for i in range(items))
    return function([f"return np.sum([{parts}])"])


def function(lines: list[str]) -> str:
    return "import numpy as np\n\n\ndef f(x):\n" + "".join(f"    {line}\n" for line in lines)


def programs() -> Iterator[tuple[str, int, str]]:
    for n in (100, 1_000, 10_000):
        yield "chain of statements", n, chain(n)
    for n in (500, 2_500, 10_000):
        yield "terms, 500 a statement", n, terms(n)
    for n in (100, 1_000, 10_000):
        yield "np.sum of a list", n, long_list(n)


def loaded(text: str, folder: str, name: str) -> Callable[..., Any]:
    path = Path(folder) / f"{name}.py"
    path.write_text(text)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module.f  # type: ignore[no-any-return]


def seconds(call: Callable[[], Any]) -> float:
    start = time.process_time()
    call()
    return time.process_time() - start


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--text", action="store_true", help="also the text, formatted by black")
    parser.add_argument("--largest", type=int, default=10_000, help="leave out larger programs")
    options = parser.parse_args(arguments)
    import gradgen

    x, failed = np.linspace(0.1, 0.9, 5), 0
    print(f"{'program':25}{'size':>8}{'in memory':>13}{'per 1,000':>12}" + ("        text" if options.text else ""))
    with tempfile.TemporaryDirectory() as folder:
        gradgen.grad(loaded(chain(3), folder, "warm_up"))(x)
        for kind, n, text in programs():
            if n > options.largest:
                continue
            name = f"program_{kind.split()[0].strip(',').replace('.', '_')}_{n}"
            f = loaded(text, folder, name)
            gradient = gradgen.grad(f)
            try:
                first = seconds(lambda gradient=gradient: gradient(x))
            except (gradgen.GradgenError, RecursionError, MemoryError) as error:
                failed = 1
                print(f"{kind:25}{n:8,}  failed: {type(error).__name__}: {str(error).splitlines()[0][:60]}", flush=True)
                continue
            line = f"{kind:25}{n:8,}{1e3 * first:10.0f} ms{1e6 * first / n:9.0f} ms"
            if options.text:
                line += f"{1e3 * seconds(lambda gradient=gradient: gradient.source):9.0f} ms"
            print(line, flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
