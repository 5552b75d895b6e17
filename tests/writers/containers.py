"""Random writes into lists, dicts and objects, through every name of them and through other containers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.writers.flow import Flow
from tests.writers.operations import MUL, far
from tests.writers.running import is_number
from tests.writers.statements import Statements

DICTS = ["d", "e", "state", "cache"]
LISTS = ["xs", "ys", "rows"]
OBJECTS = ["s", "p", "obj"]
KEYS = ["a", "b", "c", "W"]
DEEPEST = 2


class Containers(Flow):
    """The part of a writer that fills and changes containers."""

    def containers(self, *kinds: type | str) -> list[str]:
        """Paths to the containers that are there each time that the place is passed."""
        found = [(path, type(x)) for path, x in self.paths() if not is_number(x)]
        return [path for path, kind in found if kind in kinds or kind.__name__ in kinds]

    def places(self) -> list[tuple[str, Any]]:
        """Paths to the numbers and arrays in containers."""
        return [(path, x) for path, x in self.paths() if is_number(x) and not path.isidentifier()]

    def paths(self) -> list[tuple[str, Any]]:
        """All that can be reached by names, keys and attributes, and what is there at first."""
        found: list[tuple[str, Any]] = []

        def go(path: str, x: Any, depth: int) -> None:
            found.append((path, x))
            if depth > DEEPEST:
                return
            if isinstance(x, dict):
                for key in x:
                    go(f'{path}["{key}"]', x[key], depth + 1)
            elif isinstance(x, list):
                for i in range(min(len(x), 3)):
                    go(f"{path}[{i}]", x[i], depth + 1)
            elif type(x).__name__ == "State":
                for key in vars(x):
                    go(f"{path}.{key}", getattr(x, key), depth + 1)

        for name, x in self.env.items():
            if name not in self.base and name in (*DICTS, *LISTS, *OBJECTS, "t"):
                go(name, x, 0)
        return [(path, x) for path, x in found if all(self._is_there(path, env) for env in self.envs[1:])]

    def _is_there(self, path: str, env: dict[str, Any]) -> bool:
        try:
            eval(path, dict(env))
        except Exception:  # it is there on some ways only
            return False
        return True

    def _new(self) -> bool:
        """A new container, of numbers and arrays or of others."""
        self.use("State")
        e, other = self.expr(1), self.leaf()
        inner = self.pick([*self.containers(dict, list, "State"), f"[{other.text}]", f'{{"a": {other.text}}}'])
        form, names = self.pick(
            [
                ("{{}}", DICTS),
                ('{{"a": {e}}}', DICTS),
                ('{{"a": {e}, "b": {other}}}', DICTS),
                ("dict(a={e}, c={other})", DICTS),
                ('{{"a": {e}, "W": {inner}}}', DICTS),
                ('{{k: {e} for k in ("a", "b")}}', DICTS),
                ("[{e}, {other}]", LISTS),
                ("[{e}]", LISTS),
                ("[{inner}, {inner}]", LISTS),
                ("[[{other}] for i in range(2)]", LISTS),
                ("State({e})", OBJECTS),
                ("State({e}, {other})", OBJECTS),
                ("State({e}, {inner})", OBJECTS),
            ]
        )
        return self.write(f"{self.pick(names)} = {form.format(e=e.text, other=other.text, inner=inner)}")

    def _again(self) -> bool:
        """Another name for a container, or a copy of it."""
        self.use("renewed")
        kind, names, forms = self.pick(
            [
                (dict, DICTS, ["dict({0})", '{{**{0}, "b": {e}}}', "{0}.copy()", '{0} | {{"c": {e}}}', "renewed({0})"]),
                (list, LISTS, ["list({0})", "{0}[:]", "{0} + [{e}]", "{0}.copy()", "{0}[::-1]", "[*{0}]"]),
                ("State", OBJECTS, ["copy.copy({0})"]),
            ]
        )
        found = self.containers(kind)
        if not found:
            return False
        one, other, e = self.pick(found), self.pick(found), self.leaf()
        form = self.pick([*forms, "{0}", "{0}", "{0}", "{0} if SCALE > 0.5 else {1}", "{0} if {c} else {1}"])
        test = self.condition() if "{c}" in form else ""
        return test is not None and self.write(f"{self.pick(names)} = {form.format(one, other, e=e.text, c=test)}")

    def _swapped(self) -> bool:
        names = [n for n in self.containers(dict, list, "State") if n.isidentifier()]
        kinds = {n: type(self.env[n]) for n in names}
        pairs = [(a, b) for a in names for b in names if a != b and kinds[a] is kinds[b]]
        if not pairs:
            return False
        a, b = self.pick(pairs)
        return self.write(f"{a}, {b} = {b}, {a}")

    def _put(self) -> bool:
        """`d["a"] = ...`, `xs[0] += ...`, `s.a *= ...`"""
        places = self.places()
        if not places:
            return False
        path, x = self.pick(places)
        operator = self.pick(["=", "=", "=", "+=", "-=", "*=", "/="])
        e = self.expr(1) if operator == "=" else self.fitting(np.shape(x), 1)
        if operator == "/=" and not far(e.value):
            return False
        if np.ndim(x) and np.asarray(x).dtype.kind != "f":  # it would cut off what it is given
            return False
        if np.ndim(x) and self.chance(30):
            return self.write(f"{path}[0] = {self.fitting(np.shape(x[0]), 1).text}")
        own = self.chance(50) and operator == "="
        return self.write(f"{path} {operator} {f'{path} * 0.5 + {e.at(MUL)}' if own else e.text}")

    def _put_new(self) -> bool:
        """An item or an attribute that may not have been there."""
        found = self.containers(dict, "State")
        if not found:
            return False
        path, e, key = self.pick(found), self.expr(1), self.pick(KEYS)
        inner = self.containers(dict, list, "State")
        value = self.pick(inner) if inner and self.chance(25) else e.text
        here = eval(path, dict(self.env))
        return self.write(f'{path}["{key}"] = {value}' if isinstance(here, dict) else f"{path}.{key} = {value}")

    def _method(self) -> bool:
        """A method or a function that changes a container."""
        for name in ("put", "State"):
            self.use(name)
        e, key, new = self.expr(1), self.pick(KEYS), self.name()
        inner = self.pick([*self.containers(dict, list, "State"), e.text])
        kind, forms = self.pick(
            [
                (
                    dict,
                    ['{0}.update({k}={e})', '{0}.update({{"{k}": {e}}})', '{0}.setdefault("{k}", {e})',
                     'del {0}["{k}"]', '{n} = {0}.pop("{k}")', '{n} = {0}.pop("{k}", {e})', "put({0}, {e})",
                     '{0} |= {{"{k}": {e}}}', '{n} = {0}.get("{k}", {e})', '{n} = {0}.setdefault("{k}", {e})'],
                ),
                (
                    list,
                    ["{0}.append({e})", "{0}.insert(0, {e})", "{n} = {0}.pop()", "{n} = {0}.pop(0)",
                     "{0}.extend([{e}])", "{0} += [{e}]", "del {0}[0]", "{0}[:] = [{e}, 0.5]", "{0}.reverse()",
                     "{0}.append({i})", "{0}[0], {0}[-1] = {0}[-1], {e}"],
                ),
                ("State", ["{0}.step({e})", "{n} = {0}.step({e})", 'setattr({0}, "{k}", {e})', "{0}.both += {e}"]),
            ]
        )  # fmt: skip
        found = self.containers(kind)
        if not found:
            return False
        return self.write(self.pick(forms).format(self.pick(found), e=e.text, k=key, n=new, i=inner))

    def _read(self) -> bool:
        """What is made of what is in containers."""
        places, found = self.places(), self.containers(dict, list)
        forms = []
        if places:
            path = self.pick(places)[0]
            forms += [path, f"{path} * 0.5 + {self.leaf().at(MUL)}", f"np.sum({path}) + {self.leaf().text}"] * 2
        if found:
            path = self.pick(found)
            listed = f"{path}.values()" if isinstance(eval(path, dict(self.env)), dict) else path
            forms += [f"sum({listed})", f"len({path}) * 0.5", f"sum(np.sum(v) for v in {listed})"]
        return bool(forms) and self.write(f"{self.name()} = {self.pick(forms)}")

    def _through(self) -> bool:
        """A loop through a container that changes it."""
        kind, forms = self.pick(
            [
                (dict, ["for k in {0}:\n    {0}[k] = {0}[k] * 0.5 + {e}",
                        "for k, u in {0}.items():\n    {0}[k] = u * {e}",
                        "for u in {0}.values():\n    {n} = {n} * 0.5 + np.sum(u)",
                        "for k in list({0}):\n    {0}[k] += {e}"]),
                (list, ["for i in range(len({0})):\n    {0}[i] = {0}[i] * 0.5 + {e}",
                        "for i, u in enumerate({0}):\n    {0}[i - 1] = u * {e}",
                        "for u in {0}:\n    {n} = {n} * 0.5 + np.sum(u)"]),
            ]
        )  # fmt: skip
        found = self.containers(kind)
        if not found or not self.names:
            return False
        name = self.pick(self.assignable() or ["0.5"])
        form = self.pick(forms).format(self.pick(found), e=self.leaf().at(MUL), n=name)
        return "0.5 =" not in form and self.write(form)

    def _told(self) -> bool:
        """All that containers hold, as a number, so that none of it goes unseen."""
        terms = [f"np.sum({path})" for path, x in self.places() if np.asarray(x).dtype.kind == "f"]
        return bool(terms) and self.write(f"told = {' + '.join(terms[-6:])}")


FILLED: list[Callable[[Any], bool]] = [
    *[Containers._new] * 4,
    *[Containers._again] * 4,
    *[Containers._swapped] * 2,
    *[Containers._put] * 8,
    *[Containers._put_new] * 4,
    *[Containers._method] * 6,
    *[Containers._read] * 4,
    *[Containers._through] * 2,
    *[Statements._assign] * 2,
    *[Flow._if] * 3,
    *[Flow._for] * 4,
    Flow._while,
    Flow._exit,
]
"""What a program is made of that changes containers."""
