"""Generated gradients against hand-written ones.

    python -m benchmarks.run [problem ...] [--rounds N] [--peers] [--gate]

For each problem: first the hand-written gradient is compared with finite differences and the generated one with it;
then all are timed in turns within this process, by the minimum of CPU time over many rounds. What is given is a ratio
to the hand-written gradient. `tight heap` is the ratio where malloc gives memory back at once, see `environment`;
`memory` that of what is allocated at the height of a call. `guards` and `call` are nanoseconds a call that the check at
entry, and calling through `gradgen.grad` in memory, add to the generated function.
"""

from __future__ import annotations

from benchmarks import environment  # isort: skip  (before NumPy)

import argparse
import math
import sys
import time
import tracemalloc
import types
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks import problems
from benchmarks.checks import check_expert, check_same, generated, positions

GOALS = {"without loops": (1.05, 1.2), "with loops": (1.1, 1.25)}
"""The ratio in the geometric mean, and at worst."""
BATCH = 2e-3
"""Seconds that one timed batch of calls takes at least."""


@dataclass
class Row:
    """One problem at one size: seconds a call, by what was called."""

    problem: str
    size: str
    gated: bool
    times: dict[str, float] = field(default_factory=dict)
    tight: dict[str, float] = field(default_factory=dict)
    """The same on a heap that gives memory back."""
    peaks: dict[str, int] = field(default_factory=dict)
    """Bytes that are in use at most while it runs, beyond the arguments, by what was called."""
    steps: int = 0
    """How many steps its loop has."""

    def ratio(self, name: str) -> float:
        return self.times[name] / self.times["expert"]


# ---- what is compared


def in_namespace(f: Callable[..., Any], numpy: Any) -> Callable[..., Any]:
    """`f` with another NumPy under the name np."""
    return types.FunctionType(f.__code__, {**f.__globals__, "np": numpy}, f.__name__)


def peers(problem: types.ModuleType, args: tuple[Any, ...]) -> dict[str, Callable[..., Any]]:
    """Gradients by the libraries that are installed and can run the problem."""
    found: dict[str, Callable[..., Any]] = {}
    for name, make in (("autograd", _by_autograd), ("jax", _by_jax), ("torch", _by_torch)):
        try:
            call = make(problem, args)
            call(*args)
        except Exception:  # not installed, or the library cannot run this function as it is written
            continue
        found[name] = call
    return found


def _by_autograd(problem: types.ModuleType, args: tuple[Any, ...]) -> Callable[..., Any]:
    import autograd
    import autograd.numpy

    return autograd.grad(in_namespace(problem.f, autograd.numpy), positions(problem))  # type: ignore[no-any-return]


def _by_jax(problem: types.ModuleType, args: tuple[Any, ...]) -> Callable[..., Any]:
    import jax
    import jax.numpy

    compiled = jax.jit(jax.grad(in_namespace(problem.f, jax.numpy), positions(problem)))
    return lambda *args: jax.block_until_ready(compiled(*args))


def _by_torch(problem: types.ModuleType, args: tuple[Any, ...]) -> Callable[..., Any]:
    import torch

    torch.set_num_threads(1)
    wanted = positions(problem)
    tensors = [torch.tensor(x, dtype=None if _is_whole(x) else torch.float64, requires_grad=i in wanted)
               for i, x in enumerate(args)]  # fmt: skip
    return lambda *_: torch.autograd.grad(problem.torch_f(torch, *tensors), [tensors[i] for i in wanted])


def _is_whole(x: Any) -> bool:
    return np.asarray(x).dtype.kind == "i"


# ---- how long they take


def interleaved(calls: dict[str, Callable[..., Any]], args: tuple[Any, ...], rounds: int) -> dict[str, float]:
    """Seconds of CPU a call: the minimum over rounds, in each of which every function has its turn."""
    counts = {}
    for name, call in calls.items():
        call(*args)
        start, n = time.process_time_ns(), 0
        while time.process_time_ns() - start < BATCH * 1e9:
            call(*args)
            n += 1
        counts[name] = n
    best = dict.fromkeys(calls, math.inf)
    names = list(calls)
    for turn in range(rounds):
        for name in names if turn % 2 == 0 else names[::-1]:
            call, n = calls[name], counts[name]
            start = time.process_time_ns()
            for _ in range(n):
                call(*args)
            best[name] = min(best[name], (time.process_time_ns() - start) * 1e-9 / n)
    return best


def peak(call: Callable[..., Any], args: tuple[Any, ...]) -> int:
    """Bytes that a call has allocated at its height, what it returns included."""
    call(*args)
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    call(*args)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most - before


class Case:
    """A problem at one size: its arguments and what is compared on them, all found to be right."""

    def __init__(self, name: str, size: str):
        self.problem = problem = problems.load(name)
        self.args = problem.arguments(np.random.default_rng(0), **problem.SIZES[size])
        check_expert(problem, self.args, np.random.default_rng(1))
        self.calls: dict[str, Callable[..., Any]] = {"expert": problem.expert}
        self.calls["generated"], self.calls["in memory"] = generated(problem, guards=False)
        self.calls["guarded"], _ = generated(problem, guards=True)
        for call in self.calls.values():
            check_same(problem, call, self.args)
        steps = problem.SIZES[size][problem.STEPS] if name in problems.LOOPS else 0
        self.row = Row(name, size, size not in problem.REPORTED, steps=steps)

    def measure_tight(self, rounds: int) -> None:
        self.row.tight = interleaved({name: self.calls[name] for name in ("expert", "generated")}, self.args, rounds)

    def measure(self, rounds: int, with_peers: bool) -> None:
        # arrays lie where this heap places them
        self.args = tuple(np.array(x) if isinstance(x, np.ndarray) else x for x in self.args)
        more = peers(self.problem, self.args) if with_peers else {}
        self.row.times = interleaved(self.calls | more, self.args, rounds)
        self.row.peaks = {name: peak(self.calls[name], self.args) for name in ("expert", "generated")}


# ---- what is printed


def table(rows: list[Row]) -> str:
    columns = [n for n in ("autograd", "jax", "torch") if any(n in row.times for row in rows)]
    head = f"{'problem':15}{'size':>16}{'expert':>12}{'generated':>11}{'tight heap':>12}{'memory':>8}"
    head += f"{'guards':>10}{'call':>10}"
    lines = [head + "".join(f"{n:>10}" for n in columns)]
    for row in rows:
        t = row.times
        more = [1e9 * (t[n] - t["generated"]) for n in ("guarded", "in memory")]
        mark = " " if row.gated else "*"
        line = f"{row.problem:15}{row.size:>16}{1e6 * t['expert']:9.1f} us{row.ratio('generated'):10.3f}{mark}"
        line += f"{row.tight['generated'] / row.tight['expert']:12.3f}" if row.tight else f"{'-':>12}"
        large = row.peaks["expert"] > 1 << 14
        line += f"{row.peaks['generated'] / row.peaks['expert']:8.2f}" if large else f"{'-':>8}"
        line += "".join(f"{x:7.0f} ns" if t["expert"] < 1e-3 else f"{'-':>10}" for x in more)
        lines.append(line + "".join(f"{row.ratio(n):10.2f}" if n in t else f"{'-':>10}" for n in columns))
    return "\n".join(lines)


def growth(rows: list[Row]) -> list[str]:
    """How the generated gradients of loops grow: p where time, or memory at the height, goes with steps**p."""
    lines = []
    for name in dict.fromkeys(row.problem for row in rows if row.steps):
        first, *_, last = [row for row in rows if row.problem == name]
        more = math.log(last.steps / first.steps)
        time, memory = (
            math.log(b["generated"] / a["generated"]) / more
            for a, b in ((first.times, last.times), (first.peaks, last.peaks))
        )
        lines.append(f"{name:15} grows with steps**p: p = {time:.2f} in time, {memory:.2f} in memory")
    return lines


def summary(rows: list[Row]) -> tuple[float, float]:
    ratios = [row.ratio("generated") for row in rows if row.gated]
    return math.exp(sum(map(math.log, ratios)) / len(ratios)), max(ratios)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("problems", nargs="*", help=f"of {', '.join(problems.NAMES)}; all by default")
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--peers", action="store_true", help="also autograd, JAX and PyTorch, where they are installed")
    parser.add_argument("--gate", action="store_true", help="exit 1 where a goal is missed")
    options = parser.parse_args(arguments)
    cases = [Case(name, size) for name in options.problems or problems.NAMES for size in problems.load(name).SIZES]
    if environment.set_heap("tight"):
        for case in cases:
            case.measure_tight(options.rounds // 2)
        environment.set_heap("roomy")
    for case in cases:
        case.measure(options.rounds, options.peers)
    rows = [case.row for case in cases]
    print(table(rows))
    print("\n".join(growth(rows)))
    missed = False
    for kind, (mean_goal, worst_goal) in GOALS.items():
        counted = [row for row in rows if row.gated and bool(row.steps) == (kind == "with loops")]
        if counted:
            mean, worst = summary(counted)
            missed = missed or mean > mean_goal or worst > worst_goal
            print(f"{kind}, generated over expert: {mean:.3f} in the geometric mean (goal {mean_goal}), {worst:.3f} at "
                  f"worst (goal {worst_goal}); * is not counted")  # fmt: skip
    return int(options.gate and missed)


if __name__ == "__main__":
    sys.exit(main())
