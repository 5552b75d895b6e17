"""Random mutation: writes into arrays, through other names and views of them, and lists that grow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.writers.flow import Flow
from tests.writers.operations import MUL, away, far

VIEWS = ["p", "q", "part", "alias"]
LISTS = ["xs", "ys", "steps"]
PARTS = [
    "[0]", "[-1]", "[1:]", "[:-1]", "[::2]", "[::-1]", "[:]", "[...]", "[1:2]", "[-2:]", "[[0, -1]]", "[[0, 0]]",
    "[np.array([-1, 0])]", "[:, 0]", "[..., 0]", "[:, 1:]", "[0, 1:]", "[0, 0]", "[..., -1]", "[:, None]", "[[0], [0]]",
    "[len({0}) // 2]", "[{0} > 0.25]", "[np.abs({0}) < 0.5]", "[np.arange(2)]", "[:, [0, 0]]", "[()]", "[1, :]",
]  # fmt: skip
"""Where an array is written; `{0}` is the array."""
WAYS_TO_VIEW = [
    "{0}", "{0}", "{0}", "{0}[0]", "{0}[1:]", "{0}.T", "{0}[::-1]", "{0}[::2]", "{0}.reshape(-1)", "{0}.ravel()",
    "np.asarray({0})", "ident({0})", "{0}[:, 0]", "{0}[-1]", "({0}, 1.0)[0]", "{0}[None]",
    "{0} if SCALE > 0.5 else {1}", "np.transpose({0})", "{0}[:]", "both_of({0}, {1})[0]", "first_row({0})",
    "{0}.copy()", "np.diagonal({0})", "np.array({0})", "np.atleast_2d({0})", "{0}[...]", "{0}.swapaxes(0, -1)",
    "np.squeeze({0})", "np.array({0}, copy=False)", "{0}[[0, -1]]", "np.broadcast_to({0}, {0}.shape)",
    "np.split({0}, 1)[0]", "{0}.astype(float, copy=False)",
]  # fmt: skip
"""Other names for an array or for a part of it, and what merely looks so."""
WRITERS = [
    "np.copyto({a}, {e})", "{a}.fill({x})", "np.sin({e}, out={a})", "np.add({a}, {e}, out={a})",
    "np.multiply({e}, 0.5, out={a})", "np.add.at({a}, [0, 0], {x})", "np.fill_diagonal({a}, {x})",
    "np.put({a}, [0, -1], {x})", "{a}.sort()", "np.subtract.at({a}, -1, {x})", "np.negative({a}, {a})",
    "np.exp({a}, out={a})", "np.matmul({a}, {a}, out={a})", "np.cumsum({a}, out={a})", "bump({a}, {x})", "bump({a})",
    "fill_row({a}, {x})", "{new} = bump({a}, {x})", "{new} = np.tanh({e}, out={a})", "{a}[0], {a}[-1] = {a}[-1], {x}",
    "{a}[[0, -1]] = {a}[[-1, 0]]", "{a}[:] = {a}[::-1]", "{a}[1:] = {a}[:-1]", "{a}[1:] += {a}[:-1]",
    "np.clip({a}, -0.5, 0.75, out={a})", "np.maximum({a}, 0.0, out={a})", "np.place({a}, {a} > 9.0, 1.0)",
    "{a}.T[0] = {x}", "{a}.flat[0] = {x}", "{a}.put(0, {x})", "{a}[0] = {a}[-1] = {x}", "{a}[{a} > 9.0] = {x}",
]  # fmt: skip
"""Statements that write into the array `{a}`, by a call or otherwise; `{e}` fits into it, `{x}` is a number."""
OF_LISTS = [
    "{0}[-1]", "{0}[0]", "np.array({0})", "np.stack({0})", "sum({0})", "len({0}) * 0.5", "sum(v * v for v in {0})",
    "np.array([np.sin(v) for v in {0}])", "[v * 0.5 for v in {0}][0]", "sum([i * v for i, v in enumerate({0})])",
    "np.sum([np.sum(v) for v in {0}])", "max(np.sum(v) for v in {0})", "np.concatenate([np.ravel(v) for v in {0}])",
    "sum(np.sum(v) for v in {0} if np.sum(v) > 0.3)", "np.mean({0}, axis=0)",
    "functools.reduce(lambda s, v: s * 0.5 + v, {0})", "np.array({0}).sum()",
]  # fmt: skip
"""What is made of a list, or of the items of an array."""


class Writes(Flow):
    """The part of a writer that changes arrays and lists. themes: what a program is made of."""

    themes: set[str]

    def written(self) -> list[str]:
        """The arrays that may be written: those that hold floats, parameters among them."""
        arrays = [n for n in self.arrays() if isinstance(self.env[n], np.ndarray) and n not in self.protected]
        arrays = [n for n in arrays if self.env[n].dtype.kind == "f" and self.env[n].flags.writeable]
        return [n for n in arrays if n not in self.given or "parameters" in self.themes]

    def target(self) -> tuple[str, Any] | None:
        """A part of an array that is to be written, and what it holds."""
        names = self.written()
        if not names:
            return None
        name = self.pick(names[-3:] if self.chance(70) else names)
        counters = [n for n in self.names if type(self.env[n]) is int]
        parts = [part.format(name) for part in PARTS]
        for i in counters:
            parts += [f"[{i}]", f"[{i} - 1]", f"[{i}:]", f"[..., {i}]", f"[:{i} + 1]", f"[{i} % len({name})]"] * 2
        for _ in range(4):
            text = f"{name}{self.pick(parts)}"
            if ">" in text and not away(0.25)(self.env[name]) or "abs" in text and not away(-0.5, 0.5)(self.env[name]):
                continue
            found = self.make(text)
            if found is not None:
                return text, found.value
        return None

    def _fresh(self) -> bool:
        """A new array to be written into."""
        arrays = self.arrays()
        forms = ["np.zeros(3)", "np.zeros((2, 3))", "np.ones(2)", "np.zeros((3, 3))", "np.full(3, 0.5)"]
        if arrays:
            a = self.pick(arrays)
            forms += [f"np.zeros({a}.shape)", f"{a}.copy()", f"np.zeros(len({a}))", f"{a} * 1.0", f"np.zeros_like({a})",
                      f"np.array({a})", f"np.ones_like({a}) * 0.5", f"np.zeros(len({a}) + 1)"] * 2  # fmt: skip
        return self.write(f"{self.name()} = {self.pick(forms)}")

    def _set(self) -> bool:
        target = self.target()
        if target is None:
            return False
        text, value = target
        return self.write(f"{text} = {self.fitting(np.shape(value), 1 + self.choose(2)).text}")

    def _change(self) -> bool:
        """`a[i] += ...`"""
        target = self.target()
        if target is None:
            return False
        text, value = target
        e, operator = self.fitting(np.shape(value), 1), self.pick(["+=", "+=", "-=", "*=", "/=", "**="])
        if operator == "**=":
            return self.write(f"{text} **= 2")
        return (operator != "/=" or far(e.value)) and self.write(f"{text} {operator} {e.text}")

    def _change_all(self) -> bool:
        """`a += ...` on an array."""
        names = self.written()
        if not names:
            return False
        name = self.pick(names[-3:] if self.chance(70) else names)
        e, operator = self.fitting(np.shape(self.env[name]), 1), self.pick(["+=", "+=", "-=", "*=", "/="])
        return (operator != "/=" or far(e.value)) and self.write(f"{name} {operator} {e.text}")

    def _alias(self) -> bool:
        """Another name for an array, or a view of it."""
        names = self.written() or self.arrays()
        if not names:
            return False
        way, a, b = self.pick(WAYS_TO_VIEW), self.pick(names), self.pick(names)
        self.use(way.split("(")[0])
        return self.write(f"{self.pick(VIEWS) if self.chance(70) else self.name()} = {way.format(a, b)}")

    def _by_function(self) -> bool:
        """A call that writes into its argument."""
        names = self.written()
        if not names:
            return False
        a = self.pick(names)
        e, number = self.fitting(np.shape(self.env[a]), 1), self.fitting((), 1)
        form = self.pick(WRITERS).format(a=a, e=e.text, x=number.text, new=self.name())
        if ".sort" in form and not np.all(np.diff(np.sort(np.ravel(self.env[a]))) > 0.08):
            return False
        if "clip" in form and not away(-0.5, 0.75)(self.env[a]) or "maximum" in form and not away(0.0)(self.env[a]):
            return False
        self.use("bump" if "bump(" in form else form.split("(")[0])
        return self.write(form)

    def _table(self) -> bool:
        """An array that is filled element by element."""
        arrays, name = self.arrays(), self.name()
        if not arrays or self.nested > 1:
            return False
        a = self.pick(arrays)
        if a == name:  # it would read what nothing has been written into yet
            return False
        i, kind = "ijklm"[self.depth], self.pick(["empty", "zeros"])
        e = self.make(self.pick([f"np.sum({a}[0])", f"{a}[0]", f"np.tanh({a}[-1]) * SCALE", f"np.mean({a}[0]) * 2.0"]))
        if e is None:
            return False
        shape = f"len({a})" if e.ndim == 0 else f"{a}.shape"
        inside = f"{name}[{i}] = {e.text.replace('[0]', f'[{i}]').replace('[-1]', f'[-{i} - 1]')}"
        if self.chance(40):
            inside = f"{name}[{i}] = {e.text} if {i} == 0 else {name}[{i} - 1] * 0.5 + {e.at(MUL)}"
        return self.write(f"{name} = np.{kind}({shape})\nfor {i} in range(len({a})):\n    {inside}")

    # ---- lists

    def _list(self) -> bool:
        """A list, empty or not; in a loop it grows."""
        name, e = self.pick(LISTS), self.expr(1)
        if self.lists and self.chance(75):
            name = self.pick(self.lists)
            return self.write(
                self.pick([f"{name}.append({e.text})", f"{name}.append({e.text})", f"{name} += [{e.text}]",
                           f"{name} = {name} + [{e.text}]", f"{name}.extend([{e.text}])", f"{name}[-1] = {e.text}",
                           f"{name}.insert(0, {e.text})", f"{name}.pop()", f"{self.name()} = {name}.pop()"])
            )  # fmt: skip
        return self.write(f"{name} = {self.pick(['[]', '[]', f'[{e.text}]', f'[{e.text}, 0.5]'])}")

    def _of_list(self) -> bool:
        """What is made of a list, or of all items of something."""
        over = self.pick(self.lists) if self.lists and self.chance(80) else self.pick([*self.arrays(), "(0.5, 1.5)"])
        name = self.name() if self.chance(80) else self.pick(LISTS)
        return self.write(f"{name} = {self.pick(OF_LISTS).format(over)}")

    def _pair(self) -> bool:
        """A tuple that is kept, and what is taken out of it."""
        a, b = self.expr(1), self.leaf()
        if self.chance(50):
            return self.write(f"pair = ({a.text}, {b.text})")
        return self.write(f"{self.name()} = pair[{self.pick(['0', '1', '-1'])}]") or self.write(
            f"{self.name()}, {self.pick(VIEWS)} = pair"
        )


THEMES: dict[str, list[Callable[[Any], bool]]] = {
    "branches": [*[Writes._if] * 3],
    "loops": [*[Writes._for] * 6],
    "exits": [*[Writes._exit] * 4],
    "whiles": [*[Writes._while] * 3],
    "writes": [
        *[Writes._fresh] * 2,
        *[Writes._set] * 4,
        *[Writes._change] * 3,
        *[Writes._change_all] * 2,
        Writes._table,
    ],
    "functions": [Writes._fresh, *[Writes._by_function] * 3],
    "aliases": [*[Writes._alias] * 4],
    "lists": [*[Writes._list] * 4, *[Writes._of_list] * 2],
    "pairs": [*[Writes._pair] * 2],
    "parameters": [],
}
"""What a program may be made of beside simple statements; "parameters": the arguments are written to as well."""
