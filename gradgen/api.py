"""The faces of gradgen in Python: `grad`, `value_and_grad`, `vjp`, `differentiable`, `trace`.

A `Gradient` is made at once and writes its text when it is first called or looked at. What is called in memory is
specialised to the kinds, ranks and sizes of 1 of the arguments; `source` and `save` depend on declared facts only.
"""

from __future__ import annotations

import contextlib
import inspect
import pickle
import sys
import threading
import types as python_types
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar, Unpack, overload

import numpy as np

from .constants import has_attributes, is_known, known_type, type_of_argument
from .decorated import plainly_called
from .errors import AlwaysRaises, GradgenError, NonDifferentiableError, NotScalarError, UnsupportedError
from .options import MODES, NAMES, Options, declared_types, free_targets, is_receiver, make_options
from .routes import Route, parse_route
from .shapes import ShapeMismatch, Type, as_number, leaf_types
from .source import function_source, opened

if TYPE_CHECKING:
    from .graph import Graph, Operation, Value
    from .memory import Compiled, Live
    from .pipeline import Derivative

F = TypeVar("F", bound=Callable[..., Any])
ATOMS = frozenset({float, int, bool, complex, str, type(None), np.float64, np.float32, np.int64, np.int32, np.bool_})
"""Types of arguments of which the type says all."""
KNOWN = frozenset({bool, str, bytes})
"""Types of arguments that a gradient in memory is made for one by one."""
_lock = threading.RLock()
"""One for all gradients: making one may need another."""
ROOM = 4096
"""How many different shapes of arguments are remembered."""


def _apart(x: Any) -> Any:
    """A copy of an array, or of a container of arrays, which the function that is called with it may change."""
    if isinstance(x, np.ndarray):
        return x.copy()
    if type(x) in (list, tuple):
        return type(x)(map(_apart, x))
    return {key: _apart(item) for key, item in x.items()} if type(x) is dict else x


class Gradient:
    """The gradient of a function: callable with the function's own arguments.

    primal: the function that it came from. options: how it is written. out: the folder of the generated file, or "".
    Calling it raises TypeError where the result is not of size 1 or the arguments contradict declared shapes, and
    UnsupportedError, NoRuleError or NonDifferentiableError where the function cannot be differentiated.
    """

    def __init__(self, primal: Callable[..., Any], options: Options, out: str = "", example: Any = None):
        if not callable(primal):
            raise TypeError(f"{primal!r} is no function")
        self.primal, self.options, self.out, self.example = primal, options, str(out or ""), example
        self._function, self._before, self._named = opened(primal)
        self._function = plainly_called(self._function)
        """The function that is read, and the arguments that it is given before all others: the object of a method."""
        if isinstance(primal, Gradient):
            self._before, self._named = primal._before, primal._named
        if self._before or self._named:
            self.options = options.but(wrt=free_targets(self._function, self._before, self._named, options.wrt))
        self._depth = 0
        """How many gradients are taken of what this computes."""
        name = getattr(primal, "__name__", type(primal).__name__)
        self.__name__, self.__qualname__ = name, getattr(primal, "__qualname__", name)
        self.__module__ = getattr(primal, "__module__", None) or "__main__"
        self.__doc__ = getattr(primal, "__doc__", None)
        self._reset()

    def _reset(self) -> None:
        self._seen: dict[Any, Compiled] = {}
        self._made: dict[Any, Compiled] = {}
        self._general: Compiled | None = None
        self._declared: dict[str, Type] | None = None
        self._derived: tuple[Derivative, str, tuple[Any, ...]] | None = None
        self._sign: inspect.Signature | None = None
        self._loaded: Any = None
        self._arrays: frozenset[str] | None = None
        self._counts = False
        """Whether a gradient is made for each integer and function among the arguments: it takes that to make one."""
        self._looked_at: dict[Route, None] | None = None
        """Parts of objects among the arguments that a gradient is made for."""
        self._within: Gradient | None = None

    def __repr__(self) -> str:
        wrt = f", wrt={self.options.wrt!r}" if self.options.wrt else ""
        return f"<{self.options.mode} of {self.__qualname__}{wrt}>"

    # ---- calling

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        if self._before or self._named:
            args, kwargs = (*self._before, *args), self._named | kwargs
        if self._loaded is not None:
            return self._loaded(*args, **kwargs)
        marks: list[Any] = []
        for x in args:
            t = type(x)
            if t is np.ndarray:
                marks += x.dtype, x.shape
            elif t in ATOMS:
                marks.append((t, x) if t in KNOWN or t is int and self._counts else t)
            else:
                marks.append(self._mark(x))
        if kwargs:
            marks.append(tuple(kwargs))
            marks += map(self._mark, kwargs.values())
        if self._looked_at:
            marks.append(self._parts(args, kwargs))
        found = self._seen.get(tuple(marks))
        if found is None:
            return self._first_call(tuple(marks), args, kwargs)
        for watch in found.watches:
            if watch.copy is not None or watch.read() is not watch.obj:
                if not watch.holds():
                    return self._first_call(tuple(marks), args, kwargs)
        return found.call(*args, **kwargs)

    def _first_call(self, marks: tuple[Any, ...], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A call with arguments whose like was not seen before."""
        if self.out:
            function = self._file_function()
            if function is not None:
                return function(*args, **kwargs)
        from .memory import as_array, bind

        arguments = bind(self._signature, self.__name__, args, kwargs)
        converted = False
        for name in self._array_names():
            if isinstance(arguments.get(name), (list, tuple)):
                arguments[name], converted = as_array(arguments[name], name), True
        targets = self._targets()
        given = {name: type_of_argument(x, name in targets) for name, x in arguments.items()}
        count = len(self._before)
        own = {name: x for name, x in kwargs.items() if name not in self._named}
        before = self._looked_at, self._counts

        def call() -> Any:
            return self.primal(*map(_apart, args[count:]), **{name: _apart(x) for name, x in own.items()})

        try:
            compiled = self._compiled(given, call, arguments)
        except AlwaysRaises:
            call()  # the exception is the user's own
            raise
        except (UnsupportedError, NonDifferentiableError) as error:
            compiled, arguments, arrays = self._compiled_otherwise(arguments, error)
            converted = converted or arrays
        if not converted:
            if before == (self._looked_at, self._counts):
                if len(self._seen) >= ROOM:
                    self._seen.clear()
                self._seen[marks] = compiled
            return compiled.call(*args, **kwargs)
        bound = inspect.BoundArguments(self._signature, arguments)
        return compiled.call(*bound.args, **bound.kwargs)

    def _compiled_otherwise(self, arguments: dict[str, Any], error: Any) -> tuple[Compiled, dict[str, Any], bool]:
        """The gradient where it cannot be made as it is; the arguments, and whether lists of numbers became arrays.

        It may take that the integers and functions among the arguments are known, or that where the function goes on
        with arrays, a list of numbers stands for one. Raises the last of the errors, which is `error` at first.
        """
        from .memory import numbers_as_array

        targets = self._targets()
        arrays = {name: x for name in targets if (x := numbers_as_array(arguments[name])) is not None}
        more = not self._counts and self._tells_more(arguments)
        for counts, lists in ((more, {}), (self._counts, arrays), (more, arrays)):
            if not lists and not counts or lists and counts and not more:
                continue
            before, self._counts = self._counts, counts
            given = arguments | lists
            try:
                made = self._compiled({n: type_of_argument(x, n in targets) for n, x in given.items()}, None, given)
            except (UnsupportedError, NonDifferentiableError) as again:
                self._counts, error = before, again
                continue
            if self._counts is not before:
                self._seen.clear()
            return made, given, bool(lists)
        raise error

    def _tells_more(self, arguments: dict[str, Any]) -> bool:
        """Whether there is anything among the arguments, or in them, that would be known with `_counts`."""
        rest = [x for name, x in arguments.items() if name not in self._targets() and not self._is_known(x)]
        return any(x is not None and (is_known(x, counts=True) or has_attributes(x)) for x in rest)

    def _is_known(self, x: Any) -> bool:
        """Whether an argument is known as the object that it is, and not as one of its kind."""
        return type(x) in KNOWN or self._counts and is_known(x, counts=True)

    def _mark(self, x: Any) -> Any:
        """What the text that fits an argument depends on."""
        return (type(x), repr(x) if type(x) in (tuple, list) else x) if self._is_known(x) else _mark(x)

    def _parts(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """What the text depends on of parts of objects among the arguments."""
        given = self._signature.bind(*args, **kwargs).arguments
        found: list[Any] = []
        for route in self._looked_at or ():
            try:
                part = route.of(given[route.root])
                found.append(part if is_known(part) else self._mark(part))
            except (AttributeError, LookupError, TypeError):
                found.append(None)
        return tuple(found)

    def _compiled(
        self,
        given: dict[str, Type],
        call: Callable[[], Any] | None = None,
        live: dict[str, Any] | None = None,
    ) -> Compiled:
        """The gradient for arguments of these exact types. call: calls the primal with them. live: the arguments."""
        from .memory import Live, check_declared, facts_hold, specialised

        with _lock:
            given = given | self._types_of_parts(live)
            declared = self._with_optional(self._declared_types(), given)
            sizes = check_declared(declared, given, self.__name__)
            targets = frozenset(map(str, self._routes()))
            for name in sorted(targets & given.keys()):
                if given[name].kind in ("object", "bool") and given[name].form is None:
                    obj = (live or {}).get(name)
                    large = isinstance(obj, (list, tuple, dict)) and bool(obj)
                    raise TypeError(
                        f"{self.__name__}(): {name} is differentiated by, so it must be a float or an array of them;"
                        + (" pass np.array(...) of it" if large else " wrt names other targets")
                    )
            given = {name: as_number(t) if name in targets else t for name, t in given.items()}

            known = {x: self._is_known(obj) for x, obj in (live or {}).items() if x not in targets}
            given |= {name: known_type((live or {})[name]) for name, flag in known.items() if flag}

            def seen(sizes: dict[str, int], exact: bool = False) -> Live | None:
                return None if live is None else Live(live, sizes, exact, targets, self._counts)

            try:
                made = self._specialised(specialised(given, declared, sizes), given, seen(sizes))
                if facts_hold(made.facts, sizes):
                    return made
            except NotScalarError:
                made = None
            except UnsupportedError as error:  # sizes that were taken to be equal, where one of them is 1
                if not isinstance(error.__cause__, ShapeMismatch):
                    raise
                made = None
            exact, all_known = specialised(given, declared, sizes, exact=True), seen(sizes, exact=True)
            if made is None:
                return self._specialised(exact, given, all_known)
            try:
                return self._specialised(exact, given, all_known)
            except GradgenError:
                if call is not None:
                    call()  # sizes that do not fit are an error of NumPy's, on the user's own line
                return made  # they do not fit in code that does not run

    def _types_of_parts(self, live: dict[str, Any] | None) -> dict[str, Type]:
        """The types of the parts of objects that were looked at; of what is no number, text and the like, itself."""
        if self._looked_at is None:
            declared = [parse_route(name) for name in self._declared_types()]
            self._looked_at = {route: None for route in [*declared, *self._routes()] if route.steps}
        found: dict[str, Type] = {}
        targets = frozenset(map(str, self._routes()))
        for route in self._looked_at:
            with contextlib.suppress(AttributeError, LookupError, TypeError):
                name, part = str(route), route.of((live or {})[route.root])
                known = name not in targets and is_known(part, self._counts)
                found[name] = known_type(part) if known else type_of_argument(part, name in targets)
        return found

    def _specialised(self, types: dict[str, Type], given: dict[str, Type], live: Live | None) -> Compiled:
        """The gradient for types whose sizes have names, made if there is none or a constant has changed."""
        from .memory import compile_gradient
        from .shapes import Facts

        key = tuple(types.items())
        made = self._made.get(key)
        if made is not None and not made.fresh():
            self._seen.clear()
            self._made.clear()
            made = None
        if made is None:
            plain, facts = self._plain(given), Facts(closed=True)
            made = compile_gradient(plain, self.options, types, facts, self.__module__, live)
            assert self._looked_at is not None
            fresh = sorted(made.looked_at - self._looked_at.keys(), key=str)
            if fresh:  # from now on they are among what a gradient is made for
                assert live is not None
                parts: dict[Route, Any] = {}
                for route in fresh:
                    with contextlib.suppress(AttributeError):  # what an object does not have was looked for
                        parts[route] = route.of(live.arguments[route.root])
                known = {r: known_type(p) if live.knows(r, p) else live.type_of(r, p) for r, p in parts.items()}
                key += tuple((str(route), t) for route, t in known.items())
                self._looked_at |= dict.fromkeys(fresh)
                self._seen.clear()
            self._made[key] = made
        return made

    def _with_optional(self, declared: dict[str, Type], given: dict[str, Type]) -> dict[str, Type]:
        """`declared` without the parameters that are None by default and None now."""
        none = {
            name for name, p in self._signature.parameters.items()
            if p.default is None and name in given and given[name].kind == "object" and given[name].shape == ()
        }  # fmt: skip
        return {name: t for name, t in declared.items() if name not in none}

    def _plain(self, given: dict[str, Type] | None = None) -> Any:
        """The function whose source is read; for a gradient of a gradient, the text that was generated."""
        if isinstance(self.primal, Gradient):
            inner = self.primal._inner(self._depth + 1)
            return (inner._compiled(given) if given is not None else inner._generic()).function
        return self._function

    def _inner(self, depth: int) -> Gradient:
        """What this is where it is differentiated in turn: `w_grad` is a variable there, and `w_bar` its adjoint."""
        if self._within is None or self._within._depth != depth:
            adjoint = self.options.adjoint
            if adjoint == Options().adjoint:
                adjoint = "{}_grad" if depth == 1 else f"{{}}_grad{depth}"
            self._within = Gradient(self.primal, self.options.but(adjoint=adjoint, guards=False), "", self.example)
            self._within._depth = depth
        return self._within

    def _array_names(self) -> frozenset[str]:
        """The parameters for which a list stands for an array: those declared as arrays."""
        if self._arrays is None:
            self._arrays = frozenset(n for n, t in self._declared_types().items() if t.ndim and not t.sequence)
        return self._arrays

    def _declared_types(self) -> dict[str, Type]:
        if self._declared is None:
            self._declared = declared_types(function_source(self._plain()), self.options)
        return self._declared

    def _routes(self) -> list[Route]:
        """The routes of the targets, as far as there are such parameters."""
        names = list(self._signature.parameters)
        wrt = self.options.wrt or (int(is_receiver(names)),)
        count = len(names)
        given = [Route(names[t]) if isinstance(t, int) and -count <= t < count else parse_route(str(t)) for t in wrt]
        return [route for route in given if route.root in names]

    def _targets(self) -> frozenset[str]:
        """The parameters that are targets as a whole."""
        return frozenset(r.root for r in self._routes() if not r.steps)

    # ---- text

    def _derive(self) -> tuple[Derivative, str]:
        """The derivative from declared facts alone, and its text as black lays it out."""
        with _lock:
            if self._derived is None or not all(watch.holds() for watch in self._derived[2]):
                from . import files
                from .memory import watches

                derivative = files.derive_declared(self.target())
                text = files.standalone([(self.target(), derivative)])
                self._derived = derivative, text, watches(derivative.program)
            return self._derived[0], self._derived[1]

    def target(self) -> Any:
        """This gradient as `gradgen.files` knows it."""
        from .targets import Target

        return Target(self._plain(), self.options, example=self.example)

    def _generic(self) -> Compiled:
        """The gradient in memory for arguments of which nothing but the declared is known."""
        with _lock:
            if self._general is None or not self._general.fresh():
                from .memory import compile_gradient

                self._general = compile_gradient(self._plain(), self.options, module=self.__module__)
            return self._general

    @property
    def source(self) -> str:
        """The text of the standalone module, which depends on declared facts only."""
        return self._derive()[1]

    @property
    def graph(self) -> Graph:
        """Forward and backward nodes in one graph, as they are before statements are put in order."""
        from .pipeline import graph_of

        made: Graph = graph_of(self._plain(), self.options)
        return made

    def save(self, path: str | Path, force: bool = False) -> Path:
        """Write the standalone module to the file `path`, or into the folder, and return where it is.

        Raises StaleError for a file that is not gradgen's or was edited by hand, unless `force`; GradgenError where a
        constant from outside is too large to be written.
        """
        from . import files

        return files.save(self.target(), path, force=force)

    def _file_function(self) -> Any:
        """The function from the generated file, which is written first where it is missing or stale."""
        with _lock:
            if self._loaded is None:
                from . import files

                self._loaded = files.load_or_write(self.target(), self.out)
            return self._loaded

    # ---- what Python asks of a function

    @property
    def __signature__(self) -> inspect.Signature:
        return inspect.signature(self.primal)

    @property
    def _signature(self) -> inspect.Signature:
        """That of the function that is read, which has the object of a method as its first parameter."""
        if self._sign is None:
            self._sign = inspect.signature(self._function)
        return self._sign

    @property
    def __wrapped__(self) -> Any:
        """The generated function, so that `inspect.getsource` shows its text."""
        try:
            if self._loaded is not None:
                return self._loaded
            made = list(self._made.values())
            return (made[-1] if made else self._generic()).function
        except GradgenError as error:
            raise AttributeError(f"there is no generated function: {error}") from error

    @property
    def __gradgen_primal__(self) -> Any:
        """The plain function that computes what this does: the generated one, as it can be differentiated."""
        return self._inner(self._depth + 1)._generic().function

    def __gradgen_primal_for__(self, args: list[Type], kwargs: dict[str, Type]) -> Any:
        """`__gradgen_primal__` for arguments of these types, as far as they are arrays and numbers of known rank."""
        try:
            given = dict(self._signature.bind(*args, **kwargs).arguments)
        except TypeError:
            return self.__gradgen_primal__
        for name, p in self._signature.parameters.items():
            if p.default is not p.empty:
                given.setdefault(name, type_of_argument(p.default))
        known = [leaf for t in given.values() for leaf in (leaf_types(t) if t.items is not None else [t])]
        plain = all(t.ndim is not None and (t.kind != "object" or t.of is not None) for t in known)
        if self._before or self._named or not plain:
            return self.__gradgen_primal__
        targets = frozenset(map(str, self._routes()))
        types = {name: as_number(t) if name in targets else t for name, t in given.items()}
        return self._inner(self._depth + 1)._unchecked(types).function

    def _unchecked(self, types: dict[str, Type]) -> Compiled:
        """The gradient for arguments of these types, be the result one number or, as it may be, the sum of several."""
        from .memory import compile_gradient
        from .shapes import Facts

        key = ("unchecked", *types.items())
        made = self._made.get(key)
        if made is None or not made.fresh():
            facts = Facts(closed=True)
            made = compile_gradient(self._plain(types), self.options, types, facts, self.__module__, checked=False)
            self._made[key] = made
        return made

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else python_types.MethodType(self, instance)

    def __reduce__(self) -> Any:
        if _found(self.__module__, self.__qualname__) is self:
            return self.__qualname__
        if not isinstance(self.primal, Gradient):
            module = getattr(self.primal, "__module__", None) or ""
            qualname = getattr(self.primal, "__qualname__", "")
            if _found(module, qualname) is not self.primal:
                raise pickle.PicklingError(
                    f"{self!r} cannot be pickled: {qualname!r} is not found in module {module!r}; define the function"
                    " at the top of a module, or save the gradient to a file and import that"
                )
        return Gradient, (self.primal, self.options, self.out, self.example)

    def __copy__(self) -> Gradient:
        return Gradient(self.primal, self.options, self.out, self.example)

    def __deepcopy__(self, memo: Any) -> Gradient:
        return self.__copy__()


def _mark(x: Any) -> Any:
    """What the text that fits an argument depends on."""
    if isinstance(x, np.ndarray):
        return type(x), x.dtype, x.shape
    if isinstance(x, (tuple, list)) or type(x) is dict:
        items = map(_mark, x.values() if isinstance(x, dict) else x)
        return (type(x), *(x if isinstance(x, dict) else ()), *items)
    return type(x)


def _found(module: str, qualname: str) -> Any:
    obj: Any = sys.modules.get(module)
    for part in qualname.split("."):
        obj = getattr(obj, part, None)
    return obj


class Said(TypedDict, total=False):
    """The options of `grad` and the others; their docstring is that of `grad`."""

    shapes: str | Mapping[str, Any]
    example: Any
    name: str
    out: str | Path | None
    guards: bool
    strict: bool
    adjoint: str
    has_aux: bool


Decorator = Callable[[Callable[..., Any]], Gradient]


def _make(mode: str, fn: Any, wrt: Any, options: Said) -> Any:
    """A `Gradient` of `fn`, or the decorator that makes one."""
    for option in options:
        if option not in Said.__annotations__:
            raise TypeError(f"{mode}() got an unexpected keyword argument {option!r}")
    written: dict[str, Any] = {name: x for name, x in options.items() if name in NAMES}
    chosen, out = make_options(wrt, mode, **written), str(options.get("out") or "")

    def wrap(fn: Any) -> Gradient:
        made = Gradient(fn, chosen, out, options.get("example"))
        if out:
            from . import files

            files.at_decoration(made)
        return made

    return wrap if fn is None else wrap(fn)


@overload
def grad(fn: Callable[..., Any], wrt: Any = (), **options: Unpack[Said]) -> Gradient: ...
@overload
def grad(fn: None = None, wrt: Any = (), **options: Unpack[Said]) -> Decorator: ...
def grad(fn: Any = None, wrt: Any = (), **options: Unpack[Said]) -> Any:
    """The gradient of `fn`, whose result must be of size 1: a function of the same arguments.

    wrt: the targets, by name, position, or a tuple of them; the first parameter by default. One target gives the bare
    gradient, several a tuple; each has kind and shape of its parameter. shapes: declared shapes, such as
    "W=(d, h), b=(h,), y=int(n,)" or a dict. example: arguments to learn shapes from, or a function that returns them.
    name: of the generated function. out: a folder for the generated file. guards: whether generated modules check
    what was declared. strict: whether warnings at generation are errors. adjoint: how the adjoint of `v` is called,
    "{}_bar". has_aux: whether `fn` returns a pair, the number and something else, which comes with the gradient then:
    `(gradient, aux)`, and from `value_and_grad` `((value, aux), gradient)`. Without `fn`, a decorator. Raises
    GradgenError for options that make no sense; the rest when called.
    """
    return _make("grad", fn, wrt, options)


@overload
def value_and_grad(fn: Callable[..., Any], wrt: Any = (), **options: Unpack[Said]) -> Gradient: ...
@overload
def value_and_grad(fn: None = None, wrt: Any = (), **options: Unpack[Said]) -> Decorator: ...
def value_and_grad(fn: Any = None, wrt: Any = (), **options: Unpack[Said]) -> Any:
    """Like `grad`, and returns `(value, gradient)`; fits `scipy.optimize.minimize(..., jac=True)`."""
    return _make("value_and_grad", fn, wrt, options)


@overload
def vjp(fn: Callable[..., Any], wrt: Any = (), **options: Unpack[Said]) -> Gradient: ...
@overload
def vjp(fn: None = None, wrt: Any = (), **options: Unpack[Said]) -> Decorator: ...
def vjp(fn: Any = None, wrt: Any = (), **options: Unpack[Said]) -> Any:
    """Like `grad`, for results of any shape: returns `(value, pullback)`.

    `pullback(value_bar)` maps a cotangent, shaped like the value, to those of the targets; call it as often as needed.
    It raises ValueError for a cotangent of another shape, unless `guards` is False.
    """
    return _make("vjp", fn, wrt, options)


@overload
def differentiable(fn: F, wrt: Any = (), **options: Unpack[Said]) -> F: ...
@overload
def differentiable(fn: None = None, wrt: Any = (), **options: Unpack[Said]) -> Callable[[F], F]: ...
def differentiable(fn: Any = None, wrt: Any = (), **options: Unpack[Said]) -> Any:
    """The function itself, which gains `.grad`, `.value_and_grad` and `.vjp`, each written on first use.

    The options are those of `grad`.
    """

    def wrap(fn: Any) -> Any:
        for mode in MODES:
            setattr(fn, mode, _make(mode, fn, wrt, options))
        return fn

    return wrap if fn is None else wrap(fn)


def trace(fn: Callable[..., Any], shapes: Any = "") -> Graph:
    """The computational graph of a function, with its values by name: `G["z"]`.

    Raises UnsupportedError where the source cannot be followed.
    """
    from .pipeline import deep_recursion, read

    with deep_recursion():
        return read(fn._plain() if isinstance(fn, Gradient) else fn, make_options(shapes=shapes), targets=False).graph


# ---- the book's language


def get_operation(V: Value, G: Graph | None = None) -> Operation | None:
    """The operation that computes V; None for a parameter."""
    return None if V.node is None else V.node.op


def get_consumers(V: Value, G: Graph) -> list[Value]:
    """The values that are computed from V, V's children in G."""
    return G.get_consumers(V)


def get_inputs(V: Value, G: Graph) -> list[Value]:
    """The values that V is computed from, V's parents in G."""
    return G.get_inputs(V)
