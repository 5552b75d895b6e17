"""Objects that are at hand while the gradient is written, arguments among them, and their types."""

from __future__ import annotations

import sys
import types
from typing import Any

import numpy as np

from .sequences import list_of, sequence_type
from .shapes import NONE, OBJECT, Form, Type, container, leaf_types

MOST = 256
"""How many parts a container may have to be looked at part by part."""


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
    if isinstance(x, (tuple, list)):
        return sequence_type(tuple(const_type(item) for item in x))
    return OBJECT


def array_type(x: np.ndarray) -> Type:
    """The exact type of an array that is at hand."""
    kind = {"b": "bool", "i": "int", "u": "int", "f": "float", "c": "complex"}.get(x.dtype.kind, "object")
    return Type(kind, x.shape, array=True)


def type_of_argument(x: Any, numbers: bool = False) -> Type:
    """Kind and exact shape of an argument; kind "object" for what is no number or array of numbers.

    Containers are gone into where there is an array, a float or an object in them; with `numbers`, where there is an
    integer. Of an object its class is told.
    """
    if isinstance(x, np.ndarray):
        if type(x).__name__ in ("matrix", "MaskedArray"):
            raise TypeError(f"a {type(x).__name__} follows rules of its own; pass np.asarray(...) of it")
        exact = array_type(x)
        return exact if exact.kind != "object" else OBJECT
    scalars = (
        ("bool", (bool, np.bool_)), ("int", (int, np.integer)), ("float", (float, np.floating)),
        ("complex", (complex, np.complexfloating)),
    )  # fmt: skip
    for kind, classes in scalars:
        if isinstance(x, classes):
            return Type(kind, (), array=isinstance(x, np.generic))
    if isinstance(x, tuple) or type(x) in (list, dict):
        return container_type(x, numbers)
    if isinstance(x, range):
        return list_of(Type("int", ()), len(x))
    if x is None:
        return NONE
    return OBJECT.but(form=Form(type(x))) if has_attributes(x) else OBJECT


def container_type(x: Any, numbers: bool) -> Type:
    """The type of a tuple, list or dict; of a large one, or of one whose keys cannot be written down, OBJECT."""
    keys = named_fields(x) if isinstance(x, tuple) else tuple(x) if isinstance(x, dict) else ()
    if type(x) is list and not numbers and x and all(type(item) is int for item in x):
        return list_of(Type("int", ()), len(x))
    if len(x) > MOST or not all(isinstance(key, (str, int, tuple)) for key in keys):
        return OBJECT
    items = tuple(type_of_argument(item, numbers) for item in (x.values() if isinstance(x, dict) else x))
    made = container(items, Form(type(x) if keys else tuple if isinstance(x, tuple) else type(x), keys))
    parts = leaf_types(made)
    kinds = ("float", "complex", *(["int"] if numbers else []))
    if len(parts) > MOST or not any(t.kind in kinds or t.ndim or t.form is not None for t in parts):
        return OBJECT.but(shape=(len(x),), items=items) if isinstance(x, tuple) else OBJECT
    return made


def named_fields(x: Any) -> tuple[str, ...]:
    """The fields of a named tuple, or of its class."""
    return tuple(getattr(x, "_fields", ()))


def plain_fields(cls: Any) -> tuple[str, ...] | None:
    """The fields of a dataclass or a named tuple whose instances are made of them and nothing else; else None."""
    if not isinstance(cls, type):
        return None
    if issubclass(cls, tuple):
        maker = next(base for base in cls.__mro__ if "__new__" in vars(base))
        return named_fields(cls) if "_fields" in vars(maker) else None
    fields = cls.__dict__.get("__dataclass_fields__")
    if fields is None or hasattr(cls, "__post_init__") or not cls.__dataclass_params__.init:  # type: ignore[attr-defined]
        return None
    if not all(f.init and not f.kw_only for f in fields.values()):
        return None
    return tuple(fields)


def has_attributes(x: Any) -> bool:
    """Whether `x` is an object of a class that somebody wrote in Python, whose attributes are looked at."""
    cls = type(x)
    plain = isinstance(x, (type, types.FunctionType, types.MethodType, types.ModuleType, str, bytes))
    library = (cls.__module__ or "").split(".")[0] in ("builtins", "numpy", *sys.stdlib_module_names)
    simple = cls is types.SimpleNamespace
    return simple or not (plain or (library and cls.__module__ != "__main__"))


def is_known(obj: Any, counts: bool = False) -> bool:
    """Whether an argument, or an attribute of one, is taken as it is: text, None, a truth value, a function, a module.

    counts: whether integers are, and tuples and lists of what is known.
    """
    whole = type(obj) in (tuple, list) and all(is_known(item, counts) for item in obj)
    if counts and (whole or type(obj) is int):
        return True
    return obj is None or isinstance(obj, (bool, str, bytes, type, types.ModuleType)) or (
        callable(obj) and not has_attributes(obj)
    )


def known_type(obj: Any) -> Type:
    """What such an object is, as something that is the same for two only where they are."""
    by_value = isinstance(obj, (bool, str, bytes, int, tuple, list, type(None)))
    return OBJECT.but(form=Form(None, (type(obj), repr(obj) if by_value else id(obj))))
