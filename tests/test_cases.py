"""The case files: a program, and the module that gradgen is to write for it, to the byte.

A file `tests/cases/NAME.py` begins with a line `# flags: FUNCTION OPTIONS`, the options being those of `gradgen emit`.
Then follows the program, a line `# output`, and the expected module. Arguments are drawn from the declared shapes;
what these do not tell, or what must lie in a certain range, is returned by the program's `example(rng)`, a tuple or a
dict. `pytest --update-cases` writes the files anew: read the difference as a reviewer who must sign it.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.util
import inspect
import io
import os
import pickle
import shlex
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradgen.checking import random_arguments
from gradgen.cli import main
from gradgen.options import make_options
from gradgen.routes import Route, parse_route, split_at_commas
from gradgen.routes import leaves as leaves_by_route

FOLDER = Path(__file__).parent / "cases"
MARK = "\n# output\n"
FLAGS = "# flags: "


@dataclass
class Case:
    """A case file; its program stands alone in `place`, a folder with a pyproject.toml."""

    path: Path
    place: Path

    @property
    def name(self) -> str:
        return self.path.stem

    @cached_property
    def text(self) -> str:
        return self.path.read_text()

    @property
    def program(self) -> str:
        return self.text.partition(MARK)[0].rstrip("\n") + "\n"

    @property
    def expected(self) -> str:
        return self.text.partition(MARK)[2]

    @cached_property
    def flags(self) -> list[str]:
        first = self.text.split("\n", 1)[0]
        assert first.startswith(FLAGS), f"{self.path.name} must begin with {FLAGS!r}"
        return shlex.split(first.removeprefix(FLAGS))

    def flag(self, name: str, default: str) -> str:
        return self.flags[self.flags.index(name) + 1] if name in self.flags else default

    @cached_property
    def file(self) -> Path:
        file = self.place / self.path.name
        file.write_text(self.program)
        return file

    @cached_property
    def written(self) -> str:
        """The module that gradgen writes."""
        out, problems = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(problems):
            code = main(["emit", f"{self.file}:{self.flags[0]}", *self.flags[1:]])
        assert code == 0, problems.getvalue()
        return out.getvalue()

    # ---- running it

    @cached_property
    def module(self) -> Any:
        spec = importlib.util.spec_from_file_location(f"case_{self.name}", self.file)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
        return module

    @property
    def primal(self) -> Any:
        return functools.reduce(getattr, self.flags[0].split("."), self.module)

    @cached_property
    def arguments(self) -> dict[str, Any]:
        if hasattr(self.module, "example"):
            found = self.module.example(np.random.default_rng(0))
            return found if isinstance(found, dict) else inspect.signature(self.primal).bind(*found).arguments
        return random_arguments(self.primal, dict(make_options(shapes=self.flag("--shapes", "")).shapes), self.targets)

    @property
    def mode(self) -> str:
        return self.flag("--mode", "grad")

    @cached_property
    def targets(self) -> list[str]:
        first = next(iter(inspect.signature(self.primal).parameters))
        return split_at_commas(self.flag("--wrt", first))

    def split(self, arguments: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """Arguments as they are passed: by position where the parameter takes no other."""
        kinds = {name: p.kind for name, p in inspect.signature(self.primal).parameters.items()}
        by_place = [name for name in arguments if kinds[name] is inspect.Parameter.POSITIONAL_ONLY]
        return [arguments[n] for n in by_place], {n: x for n, x in arguments.items() if n not in by_place}

    def call(self, fn: Any, arguments: dict[str, Any]) -> Any:
        """Call a function; what it prints is not shown."""
        args, kwargs = self.split(arguments)
        with contextlib.redirect_stdout(io.StringIO()):
            return fn(*args, **kwargs)

    @cached_property
    def generated(self) -> Any:
        scope: dict[str, Any] = {"__name__": "generated"}
        with blocked():
            exec(compile(self.written, f"{self.name}_grad.py", "exec"), scope)
        return scope[self.generated_name]

    @property
    def generated_name(self) -> str:
        return self.flag("--name", f"{self.mode}_{self.flags[0].rpartition('.')[2]}")

    def run(self, arguments: dict[str, Any]) -> tuple[Any, Any, list[Any]]:
        """(value or None, what each result is weighted with, the gradients)."""
        result = self.call(self.generated, arguments)
        if self.mode == "grad":
            return None, None, leaves(result)
        if self.mode == "value_and_grad":
            return result[0], [1.0], leaves(result[1])
        value, pullback = result
        weights = [weight(v) for v in leaves(value)]
        bars, again = (pullback(tuple(weights) if isinstance(value, tuple) else weights[0]) for _ in range(2))
        for one, other in zip(leaves(bars), leaves(again), strict=True):
            np.testing.assert_array_equal(one, other)
        return value, weights, leaves(bars)

    def scalar(self, arguments: dict[str, Any], weights: Any) -> float:
        """The number that was differentiated: the result, weighted and summed."""
        results = leaves(self.call(self.primal, arguments))
        weights = [np.ones_like(r) for r in results] if weights is None else weights
        return float(sum(np.sum(np.conj(w) * r) if np.iscomplexobj(r) else np.sum(w * r)
                         for w, r in zip(weights, results, strict=True)).real)  # fmt: skip


@contextlib.contextmanager
def blocked() -> Any:
    """No part of gradgen can be imported meanwhile."""
    hidden = {name: sys.modules.pop(name) for name in list(sys.modules) if name.split(".")[0] == "gradgen"}
    sys.modules["gradgen"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules["gradgen"]
        sys.modules.update(hidden)


def leaves(x: Any) -> list[Any]:
    """What is in a container, however deep; of anything else, itself."""
    return [leaf for _, leaf in leaves_by_route(x, Route(""))]


def weight(v: Any) -> Any:
    """A cotangent for a result, of its dtype."""
    w = 0.3 + 0.1 * np.arange(np.size(v), dtype=float).reshape(np.shape(v))
    return w.astype(np.asarray(v).dtype) if np.ndim(v) else type(v)(w) if isinstance(v, np.generic) else float(w)


PATHS = sorted(FOLDER.glob("*.py"))


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cases")
    (folder / "pyproject.toml").touch()
    return folder


@pytest.fixture(scope="session")
def cases(place: Path) -> dict[str, Case]:
    return {path.stem: Case(path, place) for path in PATHS}


@pytest.fixture
def case(request: pytest.FixtureRequest, cases: dict[str, Case]) -> Case:
    return cases[request.param]


each = pytest.mark.parametrize("case", [path.stem for path in PATHS], indirect=True)


@pytest.mark.text
@each
def test_text(case: Case, request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update-cases") and case.expected != case.written:
        case.path.write_text(case.program + MARK + case.written)
        case.__dict__.pop("text")
    assert case.written == case.expected


@each
def test_value_and_gradient(case: Case) -> None:
    """The gradient is that of central differences, entry by entry; two steps, so that their error is known."""
    arguments = case.arguments
    value, weights, bars = case.run(arguments)
    if value is not None:
        for got, wanted in zip(leaves(value), leaves(case.call(case.primal, arguments)), strict=True):
            np.testing.assert_array_equal(got, wanted)
    routes = [route for target in case.targets for route in parts_of(arguments, target)]
    assert len(bars) == len(routes)
    for route, bar in zip(routes, bars, strict=True):
        x = route.of(arguments[route.root])
        assert np.shape(bar) == np.shape(x)
        wanted, error = differences(case, route, weights)
        np.testing.assert_allclose(bar, wanted, rtol=1e-6, atol=max(1e-8, 4.0 * error), err_msg=str(route))


def parts_of(arguments: dict[str, Any], target: str) -> list[Route]:
    """The routes to the arrays and numbers that a target is made of."""
    route = parse_route(target)
    return [r for r, _ in leaves_by_route(route.of(arguments[route.root]), route)]


def differences(case: Case, route: Route, weights: Any) -> tuple[np.ndarray, float]:
    """The numerical gradient by one part of a parameter, extrapolated from two steps, and how far these are apart."""
    part = route.of(case.arguments[route.root])
    x = np.asarray(part)
    units = [1.0, 1j] if np.iscomplexobj(x) else [1.0]
    out = np.zeros(x.shape, np.result_type(x, float))
    apart = 0.0

    def at(index: Any, by: Any) -> float:
        moved = np.array(x, dtype=np.result_type(x, float))
        moved[index] += by
        argument = route.replaced(case.arguments[route.root], moved if np.ndim(part) else moved.item())
        return case.scalar({**case.arguments, route.root: argument}, weights)

    for index in np.ndindex(x.shape):
        for unit in units:
            h = 1e-4 * max(1.0, float(abs(x[index])))
            slow = (at(index, h * unit) - at(index, -h * unit)) / (2.0 * h)
            fast = (at(index, 0.5 * h * unit) - at(index, -0.5 * h * unit)) / h
            apart = max(apart, abs(fast - slow))
            out[index] += np.conj(unit) * (4.0 * fast - slow) / 3.0
    return out, apart


@each
def test_arguments_stay_as_they_are(case: Case) -> None:
    before = pickle.dumps(case.arguments)
    _, _, bars = case.run(case.arguments)
    assert pickle.dumps(case.arguments) == before
    for bar in bars:
        for x in leaves(list(case.arguments.values())):
            assert not (isinstance(bar, np.ndarray) and isinstance(x, np.ndarray) and np.shares_memory(bar, x))


@each
def test_float32_stays(case: Case) -> None:
    def single(x: Any) -> Any:
        if isinstance(x, np.ndarray) and x.dtype.kind in "fc":
            return x.astype(np.float32 if x.dtype.kind == "f" else np.complex64)
        return x

    arguments = dict(case.arguments)
    for name in arguments:
        for route, x in leaves_by_route(arguments[name], Route(name)):
            arguments[name] = route.replaced(arguments[name], single(x))
    results = leaves(case.call(case.primal, arguments))
    if any(np.asarray(r).dtype in (np.float64, np.complex128) for r in results):
        return  # the program itself leaves float32
    routes = [route for target in case.targets for route in parts_of(arguments, target)]
    for route, bar in zip(routes, case.run(arguments)[2], strict=True):
        x = route.of(arguments[route.root])
        if isinstance(x, np.ndarray) and x.dtype.kind in "fc":
            assert bar.dtype == x.dtype, str(route)


ALONE = """
import importlib.abc, importlib.util, pickle, sys
class Programs(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):  # the classes of arguments
        if name.startswith("case_"):
            return importlib.util.spec_from_file_location(name, f"{sys.argv[1]}/{name.removeprefix('case_')}.py")
sys.meta_path.append(Programs())
sys.modules["gradgen"] = None
cases = pickle.load(sys.stdin.buffer)
out = {}
for name, (text, function, args, kwargs) in cases.items():
    scope = {"__name__": "generated"}
    exec(compile(text, name, "exec"), scope)
    stdout, sys.stdout = sys.stdout, sys.stderr
    result = scope[function](*args, **kwargs)
    sys.stdout = stdout
    assert not any(m.split(".")[0] == "gradgen" for m in sys.modules if sys.modules[m] is not None), name
    out[name] = result[0] if callable(result[-1] if isinstance(result, tuple) else None) else result
pickle.dump(out, sys.stdout.buffer)
"""


def test_modules_run_where_there_is_no_gradgen(cases: dict[str, Case], place: Path, tmp_path: Path) -> None:
    asked = {
        c.name: (c.written, c.generated_name, *c.split(c.arguments)) for c in cases.values()
    }
    command = [sys.executable, "-c", ALONE, str(place)]
    ran = subprocess.run(command, input=pickle.dumps(asked), capture_output=True, cwd=tmp_path, check=False)
    assert ran.returncode == 0, ran.stderr.decode()
    for name, result in pickle.loads(ran.stdout).items():
        case = cases[name]
        value, _, bars = case.run(case.arguments)
        wanted = leaves(value) if case.mode == "vjp" else (leaves(value) if value is not None else []) + bars
        for got, expected in zip(leaves(result), wanted, strict=True):
            np.testing.assert_allclose(got, expected, rtol=1e-12)


DIGESTS = """
import contextlib, hashlib, io, sys
from gradgen.cli import main
for line in sys.stdin.read().splitlines():
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        main(["emit", *line.split("\\x00")])
    print(hashlib.sha256(out.getvalue().encode()).hexdigest())
"""


@pytest.mark.text
@pytest.mark.parametrize("seed", ["1", "2"])
def test_every_hash_seed_gives_the_same_text(cases: dict[str, Case], seed: str) -> None:
    lines = "\n".join("\x00".join([f"{c.file}:{c.flags[0]}", *c.flags[1:]]) for c in cases.values())
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    ran = subprocess.run(
        [sys.executable, "-c", DIGESTS], input=lines, capture_output=True, text=True, env=environment, check=True
    )
    wanted = [hashlib.sha256(c.written.encode()).hexdigest() for c in cases.values()]
    for case, got, expected in zip(cases.values(), ran.stdout.split(), wanted, strict=True):
        assert got == expected, case.name
