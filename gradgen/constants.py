"""Objects that are at hand while the gradient is written, and their types."""

from __future__ import annotations

from typing import Any

import numpy as np

from .shapes import NONE, OBJECT, Type


def plain(x: Any) -> Any:
    """A NumPy scalar as the Python number that it is: in a float32 computation a literal must stay weak."""
    return x.item() if isinstance(x, np.generic) else x


def const_type(x: Any) -> Type:
    if x is None:
        return NONE
    if isinstance(x, (bool, np.bool_)):
        return Type("bool", ())
    if isinstance(x, (int, np.integer)):
        return Type("int", (), size=int(x))
    if isinstance(x, (float, np.floating)):
        return Type("float", ())
    if isinstance(x, (complex, np.complexfloating)):
        return Type("complex", ())
    if isinstance(x, np.ndarray):
        return array_type(x)
    if isinstance(x, tuple):
        return Type("object", (len(x),), items=tuple(const_type(item) for item in x))
    return OBJECT


def array_type(x: np.ndarray) -> Type:
    """The exact type of an array that is at hand."""
    kind = {"b": "bool", "i": "int", "u": "int", "f": "float", "c": "complex"}.get(x.dtype.kind, "object")
    return Type(kind, x.shape, array=True)
