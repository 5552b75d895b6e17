"""Rules of `scipy.fft`: its Fourier transforms are as NumPy's, and cosine and sine transforms are nearly symmetric.

The transposed matrix of a cosine or sine transform of type 1 or 4 is that of the same, of type 2 that of type 3 and
the other way round: but for the weight that one term of a sum has, where the transform is not made orthogonal.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.fft as ft

from ...errors import NoRuleError
from ...graph import type_of
from ...shapes import Facts, Type, join_kinds
from ..fourier import (
    asked,
    axes_along,
    back,
    fitted,
    frequencies,
    one_axis,
    several_axes,
    several_lengths,
    shifts,
    transformed,
)
from ..primitives import apply
from ..registry import primitive, refuse, register

_MORE = "norm=None, overwrite_x=False, workers=None"
one_axis(ft, f"x, n=None, axis=-1, {_MORE}")
several_axes(ft, f"x, s=None, axes=None, {_MORE}")
shifts(ft)
frequencies(ft, "n, d=1.0, xp=None, device=None")

# ---- cosine and sine transforms


@primitive(signature="x, axes, factors", inputs="x",
           rule=lambda g, out, x, *, axes, factors: scaled_ends(g, axes=axes, factors=factors),
           infer=lambda facts, x, **_: Type(join_kinds("float", type_of(x).kind), type_of(x).shape, array=True))
def scaled_ends(x: Any, axes: Any, factors: Any) -> Any:
    """`x` with the first and the last entries along each axis multiplied by two factors."""
    out = np.array(x)
    for axis in axes:
        rows = np.moveaxis(out, axis, 0)
        rows[0] *= factors[0]
        rows[-1] *= factors[1]
    return out


TURNED = {1: 1, 2: 3, 3: 2, 4: 4}
"""The type of a transform whose matrix is the transposed one."""


def _weights(cosine: bool, type: int) -> tuple[float, float]:
    """By what the first and the last entry of the cotangent of a transform of a type are multiplied beforehand."""
    if cosine:
        return {1: (2.0, 2.0), 2: (2.0, 1.0)}.get(type, (1.0, 1.0))
    return {2: (1.0, 2.0)}.get(type, (1.0, 1.0))


def _transposed(fn: Any, cosine: bool, inverse: bool) -> Any:
    """The transform of the other type, the weights of ends put right before and after it."""

    def turned(g: Any, axes: Any, type: int, norm: Any, orthogonalize: Any, options: Any) -> Any:
        options = {name: value for name, value in options.items() if value is not None}
        options |= {} if norm in (None, "backward") else {"norm": norm}
        options |= {} if orthogonalize is None else {"orthogonalize": orthogonalize}
        of = TURNED[type] if inverse else type
        plain = not (norm == "ortho" if orthogonalize is None else orthogonalize)
        before, after = _weights(cosine, of), tuple(1.0 / w for w in _weights(cosine, TURNED[of]))
        g = scaled_ends(g, axes, before) if plain and before != (1.0, 1.0) else g
        x_bar = apply(fn, g, TURNED[type], **options)
        return scaled_ends(x_bar, axes, after) if plain and after != (1.0, 1.0) else x_bar

    def one(g, out, x, n, *, type, axis, norm, workers, orthogonalize, **_):
        options = {"axis": None if axis == -1 else axis, "workers": workers}
        return back(turned(g, (axis,), type, norm, orthogonalize, options), x, n, axis), None

    def several(g, out, x, s, *, type, axes, norm, workers, orthogonalize, **_):
        along = axes_along(x, s, axes)
        x_bar = turned(g, along, type, norm, orthogonalize, {"axes": axes, "workers": workers})
        return x_bar if s is None else fitted(x_bar, x, axes=along), None

    return several if fn.__name__.endswith("n") else one


def _kind(x: Any) -> str:
    kind = join_kinds("float", type_of(x).kind)
    if kind == "complex":  # of which SciPy forgets the options
        raise NoRuleError("cosine and sine transforms are differentiated for real numbers only",
                          advice="transform np.real(x) and np.imag(x)")  # fmt: skip
    return kind


def _one_type(facts: Facts, x: Any, n: Any, *, axis: int, **_: Any) -> Type:
    return transformed(facts, x, {axis: asked(x, n, axis)}, _kind(x))


def _several_type(facts: Facts, x: Any, s: Any, *, axes: Any, **_: Any) -> Type:
    return several_lengths(asked, _kind(x))(facts, x, s, axes=axes)  # type: ignore[no-any-return]


def _one_samples(rng: np.random.Generator) -> list[Any]:
    x, m = rng.normal(size=5), rng.normal(size=(3, 4))
    calls: list[Any] = [((x, type), {"norm": norm}) for type in (1, 2, 3, 4) for norm in (None, "ortho", "forward")]
    calls += [((m, type, n), {"axis": axis}) for type, n, axis in ((1, None, 0), (2, 6, -1), (3, 2, 1), (4, 3, 0))]
    return calls + [((x, type), {"norm": norm, "orthogonalize": made}) for type in (1, 2, 3)
                    for norm, made in (("ortho", False), (None, True))]  # fmt: skip


def _several_samples(rng: np.random.Generator) -> list[Any]:
    m, t = rng.normal(size=(3, 4)), rng.normal(size=(2, 3, 4))
    calls: list[Any] = [((m, type), {"norm": norm}) for type in (1, 2, 3, 4) for norm in (None, "ortho")]
    return [*calls, ((t, 2), {"axes": (0, -1)}), ((m, 3, (4, 3)), {}), ((t, 1, (2, 5)), {"axes": (1, 2)})]


for _fn in (ft.dct, ft.idct, ft.dst, ft.idst, ft.dctn, ft.idctn, ft.dstn, ft.idstn):
    _several, _name = _fn.__name__.endswith("n"), _fn.__name__
    register(
        _fn, name=_name, inputs="x s" if _several else "x n",
        signature=f"x, type=2, {'s=None, axes=None' if _several else 'n=None, axis=-1'}, {_MORE}, orthogonalize=None",
        rule=_transposed(_fn, "c" in _name, _name[0] == "i"), infer=_several_type if _several else _one_type,
        samples=_several_samples if _several else _one_samples, reals=True,
    )  # fmt: skip

# ---- without a derivative, and refused

for _fn in (ft.next_fast_len, getattr(ft, "prev_fast_len", None)):
    if _fn is not None:
        register(_fn, name=_fn.__name__, signature="target, real=False", differentiable=False,
                 infer=lambda facts, target, **_: Type("int", ()))  # fmt: skip
refuse(ft, "fht ifht", "gradgen has no rule for it", "write it as a product with its matrix, fht(np.eye(n), ...)")
refuse(ft, "fhtoffset get_workers set_workers set_backend set_global_backend register_backend skip_backend test",
       "what it gives is no number that varies", "keep it beside what is differentiated")  # fmt: skip
