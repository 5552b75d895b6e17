"""gradgen reads the source of a NumPy function and writes the source of its gradient.

from gradgen import grad

dloss = grad(loss, wrt=("W1", "W2"))
dloss(W1, W2, X, y)      # (W1_bar, W2_bar)
print(dloss.source)      # the module that computes them: NumPy and nothing else
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .api import (
    Gradient,
    differentiable,
    get_consumers,
    get_inputs,
    get_operation,
    grad,
    trace,
    value_and_grad,
    vjp,
)
from .errors import (
    CheckError,
    GradgenError,
    GradgenWarning,
    NonDifferentiableError,
    NoRuleError,
    NotScalarError,
    StaleError,
    UnsupportedError,
)

if TYPE_CHECKING:
    from .checking import check_grad as check_grad
    from .reverse import build_grad as build_grad

__version__ = "0.1.0"

__all__ = [
    "CheckError",
    "GradgenError",
    "GradgenWarning",
    "Gradient",
    "NoRuleError",
    "NonDifferentiableError",
    "NotScalarError",
    "StaleError",
    "UnsupportedError",
    "build_grad",
    "check_grad",
    "differentiable",
    "get_consumers",
    "get_inputs",
    "get_operation",
    "grad",
    "trace",
    "value_and_grad",
    "vjp",
]

_LATER = {"check_grad": "checking", "build_grad": "reverse", "functions": ""}


def __getattr__(name: str) -> Any:
    """What costs time to import, on first use."""
    if name not in _LATER:
        raise AttributeError(f"module 'gradgen' has no attribute {name!r}")
    if not _LATER[name]:
        return import_module(f".{name}", __name__)
    return getattr(import_module(f".{_LATER[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})
