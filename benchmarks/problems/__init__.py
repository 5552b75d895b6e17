"""The problems, one a file.

Each has `f`, the function as a person writes it; `expert`, the gradient that an expert writes by hand, which keeps
the forward statements of `f` and has the best backward pass in NumPy; `WRT` and `SHAPES` as `gradgen.grad` takes them;
`SIZES`, the options of `arguments(rng, ...)` for each size by its name; `REPORTED`, the sizes that no goal is set for.
`torch_f(torch, ...)` is `f` in PyTorch, where that is more than another import. Those with loops have `STEPS`, the
option of `arguments` that says how many steps there are.
"""

from importlib import import_module
from types import ModuleType

LOOPS = ("rnn", "heat", "recurrence", "runge_kutta")
NAMES = ("black_scholes", "mlp", "rosenbrock", "logistic", "gmm", "chain", *LOOPS)


def load(name: str) -> ModuleType:
    return import_module(f"{__name__}.{name}")
