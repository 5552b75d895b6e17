"""How long generating takes as programs grow: it is to be near-linear.

    python -m benchmarks.generation [--text]

Seconds of CPU until a first gradient in memory is there, in all and by stage, for chains of statements, sums of many
terms, `np.sum` of a long list, and functions that call functions twice (which are not run). `growth` is the exponent p
with which time went up from the size before, as size**p: 1 is linear. `--text` adds the time of the formatted text,
nearly all of which is black's.
"""

from __future__ import annotations

from benchmarks import environment  # isort: skip  (before NumPy)

import argparse
import contextlib
import gc
import importlib
import math
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from benchmarks.programs import HELPERS, chain, loaded, programs

del environment
STAGES = (
    ("read", "pipeline", "read"), ("backward", "pipeline", "backward"), ("simplify", "pipeline", "simplify"),
    ("finish", "pipeline", "finish"), ("verify", "pipeline", "verify"), ("order", "compose", "Schedule"),
    ("name", "compose", "Names"), ("buffers", "compose", "Buffers"), ("write", "compose", "define"),
    ("print", "writer", "text_of"), ("compile", "memory", "compile_text"),
)  # fmt: skip
"""The stages by the module, and the name in it, of what runs them; writing includes order, name and buffers."""


@contextlib.contextmanager
def timed_stages(found: dict[str, float]) -> Iterator[None]:
    """Add the seconds that each stage takes meanwhile to `found`."""
    owners = {m: importlib.import_module(f"gradgen.{m}") for _, m, _ in STAGES}
    saved = {(m, name): getattr(owners[m], name) for _, m, name in STAGES}

    def timed(stage: str, run: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            start = time.process_time()
            try:
                return run(*args, **kwargs)
            finally:
                found[stage] = found.get(stage, 0.0) + time.process_time() - start

        return call

    for stage, m, name in STAGES:
        setattr(owners[m], name, timed(stage, saved[m, name]))
    try:
        yield
    finally:
        for (m, name), run in saved.items():
            setattr(owners[m], name, run)


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
    from gradgen.memory import compile_gradient

    x, failed = np.linspace(0.1, 0.9, 5), 0
    names = [stage for stage, _, _ in STAGES]
    head = f"{'program':24}{'size':>7}{'seconds':>9}{'growth':>8}" + ("     text" if options.text else "")
    print(head + "".join(f"{name:>9}" for name in names))
    with tempfile.TemporaryDirectory() as folder:
        gradgen.grad(loaded(chain(3), folder, "warm_up"))(x)
        before: tuple[str, int, float] = ("", 0, 0.0)
        for kind, n, text in programs():
            if n > options.largest:
                continue
            f = loaded(text, folder, f"program_{kind.split()[0].strip(',').replace('.', '_')}_{n}")
            gradient = gradgen.grad(f, shapes="x=(n,)")
            stages: dict[str, float] = {}
            gc.collect()
            try:
                with timed_stages(stages):
                    if kind == HELPERS:
                        first = seconds(lambda f=f, gradient=gradient: compile_gradient(f, gradient.options))
                    else:
                        first = seconds(lambda gradient=gradient: gradient(x))
            except (gradgen.GradgenError, RecursionError, MemoryError) as error:
                failed = 1
                print(f"{kind:24}{n:7,}  failed: {type(error).__name__}: {str(error).splitlines()[0][:60]}", flush=True)
                continue
            growth = math.log(first / before[2]) / math.log(n / before[1]) if before[0] == kind else math.nan
            before = (kind, n, first)
            line = f"{kind:24}{n:7,}{first:9.2f}" + (f"{growth:8.2f}" if growth == growth else f"{'':8}")
            if options.text:
                line += f"{seconds(lambda gradient=gradient: gradient.source):9.2f}"
            print(line + "".join(f"{stages.get(name, 0.0):9.3f}" for name in names), flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
