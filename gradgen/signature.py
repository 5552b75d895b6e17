"""How an operation is called: which arguments are values of the graph, and which are static options."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any, NamedTuple

REQUIRED: Any = type("Required", (), {"__repr__": lambda self: "REQUIRED"})()


class Parameter(NamedTuple):
    """A parameter of an operation. stars: 1 for `*operands`, 2 for one that takes a sequence of inputs, 3 for one that
    takes lists in lists of them."""

    name: str
    default: Any
    is_input: bool
    stars: int


class Signature:
    """The parameters of an operation.

    signature: the parameters in NumPy's order, as in a `def`, `*v` for variadic and `**v` for one that takes a
    sequence; where there are two such, their sequences are equally long. `***v` is for lists in lists: how they are
    nested is an option of the same name, with the number of an input in the place of each. inputs: the names of those
    that are values of the graph (default: those without a default); the others are static options. aliases: other
    names of parameters, which then may be left out, for None.
    """

    def __init__(self, name: str, signature: str, inputs: str | None, aliases: dict[str, str] | None):
        self.name, self.signature, self._inputs, self.aliases = name, signature, inputs, aliases or {}
        self._parameters: list[Parameter] | None = None

    @property
    def parameters(self) -> list[Parameter]:
        if self._parameters is None:
            parts = [part.partition("=") for part in self.signature.split(", ")] if self.signature else []
            chosen = self._inputs
            self._parameters = [
                Parameter(
                    name.lstrip("*"),
                    ast.literal_eval(default) if default else REQUIRED,
                    (not default) if chosen is None else name.lstrip("*") in chosen.split(),
                    name.count("*"),
                )
                for name, _, default in parts
            ]
        return self._parameters

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """Split a call's arguments into inputs, in order, and options, with defaults filled in.

        Raises TypeError where the call does not fit, or passes an option that gradgen does not follow.
        """
        given: dict[str, Any] = {}
        rest = list(args)
        for p in self.parameters:
            if p.stars == 1:
                given[p.name], rest = tuple(rest), []
            elif rest:
                given[p.name] = rest.pop(0)
        if rest:
            raise TypeError(f"{self.name}() takes {len(self.parameters)} arguments, {len(args)} were given")
        if kwargs.keys() & self.aliases.keys():
            kwargs = dict.fromkeys(set(self.aliases.values()) - given.keys() - kwargs.keys()) | kwargs
            kwargs = {self.aliases.get(name, name): value for name, value in kwargs.items()}
        for name, value in kwargs.items():
            if name in given:
                raise TypeError(f"{self.name}() got two values for {name!r}")
            if name not in [p.name for p in self.parameters]:
                raise TypeError(f"{self.name}() with the option {name!r} is not differentiated")
            given[name] = value
        inputs: list[Any] = []
        options: dict[str, Any] = {}
        for p in self.parameters:
            value = given.get(p.name, p.default)
            if value is REQUIRED:
                raise TypeError(f"{self.name}() misses the argument {p.name!r}")
            if p.name == "out":
                if value is not None:
                    raise TypeError(f"{self.name}() with `out=` is not differentiated; assign its result instead")
            elif p.name.startswith("overwrite_") and getattr(value, "obj", value):  # a constant of the program, maybe
                raise TypeError(f"{self.name}() with `{p.name}=True` may change its argument in place; leave it out")
            elif p.is_input and p.stars == 3:
                leaves: list[Any] = []
                options[p.name] = nested(value, leaves)
                inputs.extend(leaves)
            elif p.is_input and p.stars:
                if not isinstance(value, (tuple, list)):
                    raise TypeError(f"{self.name}() needs {p.name!r} written out, as a tuple or a list")
                inputs.extend(value)
            elif p.is_input:
                inputs.append(value)
            else:
                options[p.name] = value
        return inputs, options

    def unbind(self, inputs: Sequence[Any], options: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """The inverse of `bind`: the positional and keyword arguments of a call, those at their defaults left out."""
        args: list[Any] = []
        kwargs: dict[str, Any] = {}
        rest = list(inputs)
        fixed = sum(1 for p in self.parameters if p.is_input and not p.stars)
        starred = sum(1 for p in self.parameters if p.is_input and p.stars)
        variadic = False
        for p in self.parameters:
            if p.name == "out":
                continue
            if p.is_input and p.stars == 3:
                args.append(filled(options[p.name], rest))
                continue
            if p.is_input and p.stars:
                variadic = variadic or p.stars == 1
                several = tuple(rest.pop(0) for _ in range((len(inputs) - fixed) // starred))
                args.extend(several if p.stars == 1 else [several])
                continue
            value = rest.pop(0) if p.is_input else options[p.name]
            bare = getattr(value, "const", value)  # what a value of the graph stands for
            if p.default is not REQUIRED and type(bare) is type(p.default) and bare == p.default:
                continue
            if p.default is REQUIRED and not kwargs and not variadic:
                args.append(value)
            else:
                kwargs[p.name] = value
        return args, kwargs


def nested(x: Any, leaves: list[Any]) -> Any:
    """How lists are nested: the place of each leaf, in tuples. The leaves are appended to `leaves`."""
    if isinstance(x, (tuple, list)):
        return tuple(nested(item, leaves) for item in x)
    leaves.append(x)
    return len(leaves) - 1


def filled(layout: Any, leaves: Sequence[Any]) -> Any:
    """Lists in lists with the leaves in the places that `layout` says."""
    return [filled(item, leaves) for item in layout] if isinstance(layout, tuple) else leaves[layout]
