"""The examples, end to end: each runs in a process of its own in which gradgen cannot be imported."""

import ast
import importlib
import importlib.util
import itertools
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = sorted(path.stem for path in (ROOT / "examples").glob("*.py"))
GENERATED = sorted((ROOT / "generated").glob("*_grad.py"))

BLOCKED = """
import runpy, sys
for name in ("gradgen", "astor", "black"):
    sys.modules[name] = None
runpy.run_path(sys.argv[1], run_name="__main__")
"""


def run(name, folder):
    """What the example prints, run in the working directory `folder` with gradgen and its dependencies blocked."""
    command = [sys.executable, "-c", BLOCKED, str(ROOT / "examples" / f"{name}.py")]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    assert "RuntimeWarning" not in result.stderr
    return result.stdout


def example(name):
    """The example as a module."""
    spec = importlib.util.spec_from_file_location(f"example_{name}", ROOT / "examples" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def number(pattern, text):
    """The number that `pattern`'s group matches in `text`."""
    match = re.search(pattern, text)
    assert match, f"{pattern!r} is not in:\n{text}"
    return float(match.group(1))


def test_each_example_is_tested_and_committed():
    tested = {name.removeprefix("test_the_example_") for name in globals() if name.startswith("test_the_example_")}
    assert set(EXAMPLES) == tested
    assert {f"{name}_grad" for name in EXAMPLES} <= {path.stem for path in GENERATED}


@pytest.mark.parametrize("name", EXAMPLES)
def test_importing_an_example_has_no_side_effects(name, capsys):
    before = list(sys.path)
    example(name)
    assert sys.path == before
    assert capsys.readouterr().out == ""


@pytest.mark.text
@pytest.mark.parametrize("seed", ["1", "2"])
def test_committed_modules_are_what_is_written_now(seed):
    """On every Python, whatever the order of sets."""
    command = [sys.executable, "-m", "gradgen", "build", "--check", "--diff"]
    env = {**os.environ, "PYTHONHASHSEED": seed}
    result = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("path", GENERATED, ids=lambda path: path.stem)
def test_a_committed_module_imports_numpy_and_the_standard_library_only(path):
    imported = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            imported.add(node.module.split(".")[0])
    assert imported - {"numpy"} <= sys.stdlib_module_names


def test_the_example_mlp(tmp_path):
    printed = run("mlp", tmp_path)
    assert number(r"test accuracy: ([\d.]+)%", printed) >= 95.0
    losses = [float(text) for text in re.findall(r"epoch +\d+ +loss ([\d.]+)", printed)]
    assert len(losses) >= 5
    assert losses[-1] < 0.2 * losses[0]
    if importlib.util.find_spec("matplotlib") is None:
        assert "no loss curve" in printed
    else:
        assert (tmp_path / "mlp_loss.png").read_bytes().startswith(b"\x89PNG")


def test_mlp_blocks_gradgen_itself(tmp_path):
    """`make demo` runs it where gradgen is installed."""
    text = (ROOT / "examples" / "mlp.py").read_text(encoding="utf-8")
    probe = text.replace("    main()\n", "    import gradgen\n")
    assert probe != text
    (tmp_path / "mlp.py").write_text(probe, encoding="utf-8")
    result = subprocess.run([sys.executable, "mlp.py"], cwd=tmp_path, capture_output=True, text=True)
    assert "ModuleNotFoundError: import of gradgen halted" in result.stderr


def test_the_example_logistic(tmp_path):
    printed = run("logistic", tmp_path)
    assert number(r"accuracy: ([\d.]+)%", printed) >= 98.0
    assert number(r"gradient: (\S+)", printed) < 1e-5
    linear_model = pytest.importorskip("sklearn.linear_model")
    module = example("logistic")
    X, y = module.breast_cancer()
    # scikit-learn minimises w @ w / 2 + C * (the sum of the losses)
    C = 1.0 / (2.0 * len(y) * 1e-3)
    peer = linear_model.LogisticRegression(C=C, fit_intercept=False, tol=1e-9, max_iter=10_000).fit(X, y)
    optimum = module.loss(peer.coef_[0], X, y, 1e-3)
    assert number(r"loss: ([\d.]+)", printed) == pytest.approx(optimum, abs=2e-6)


def test_the_example_gaussian_process(tmp_path):
    stats = pytest.importorskip("scipy.stats")
    printed = run("gaussian_process", tmp_path)
    theta = [number(rf"{name} ([\d.]+)", printed) for name in ("amplitude", "length scale", "noise")]
    assert number(r"gradient: (\S+)", printed) < 1e-4

    x, y = example("gaussian_process").observations(np.random.default_rng(0))

    def log_likelihood(amplitude, length, noise):
        K = amplitude**2 * np.exp(-0.5 * np.subtract.outer(x, x) ** 2 / length**2) + noise**2 * np.eye(len(x))
        return stats.multivariate_normal(np.zeros(len(x)), K).logpdf(y)

    best = log_likelihood(*theta)
    assert number(r"likelihood: (\S+)", printed) == pytest.approx(best, abs=1e-3)
    for i in range(3):
        for factor in (0.95, 1.05):
            moved = [t * factor if i == j else t for j, t in enumerate(theta)]
            assert log_likelihood(*moved) < best


def test_the_example_black_scholes(tmp_path):
    def cdf(x):
        return 0.5 * math.erfc(-x / math.sqrt(2.0))

    def density(x):
        return math.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi)

    rows = [list(map(float, line.split())) for line in run("black_scholes", tmp_path).splitlines()[1:]]
    assert len(rows) == 5
    spot, years, rate, volatility = 100.0, 0.5, 0.03, 0.2
    for strike, *printed in rows:
        root, discounted = math.sqrt(years), strike * math.exp(-rate * years)
        d1 = (math.log(spot / strike) + (rate + 0.5 * volatility**2) * years) / (volatility * root)
        d2 = d1 - volatility * root
        price = spot * cdf(d1) - discounted * cdf(d2)
        theta = -spot * density(d1) * volatility / (2.0 * root) - rate * discounted * cdf(d2)
        closed = [price, cdf(d1), theta, years * discounted * cdf(d2), spot * root * density(d1)]
        assert printed == pytest.approx(closed, abs=5.1e-5)


def test_the_example_rosenbrock(tmp_path):
    printed = run("rosenbrock", tmp_path)
    assert number(r"minimum (\S+)", printed) < 1e-12
    coordinates = [float(text) for text in re.findall(r"[-\d.]+", printed.partition("at [")[2].rstrip("]\n"))]
    assert coordinates == pytest.approx([1.0] * 10, abs=1e-5)


def test_the_example_lstm(tmp_path):
    printed = run("lstm", tmp_path)
    losses = [float(text) for text in re.findall(r"step +\d+ +loss ([\d.]+)", printed)]
    assert losses[0] > 2.0 and losses[-1] < 0.05
    assert number(r"letters right: ([\d.]+)%", printed) == 100.0
    assert f"told: {example('lstm').TEXT}" in printed


def test_the_example_predator_prey(tmp_path):
    integrate = pytest.importorskip("scipy.integrate")
    printed = run("predator_prey", tmp_path)
    rates = [number(rf"{name} +([\d.]+) ", printed) for name in ("birth", "hunt", "growth", "death")]
    assert rates == pytest.approx([1.1, 0.4, 0.1, 0.4], rel=0.05)
    assert number(r"gradient: (\S+)", printed) < 1e-4

    module = example("predator_prey")
    y0, times = np.array([10.0, 5.0]), 0.5 * np.arange(1, 41)
    counts = module.observations(np.random.default_rng(0), np.array([1.1, 0.4, 0.1, 0.4]), y0, 0.05)

    def misfit(theta):
        flow = integrate.solve_ivp(lambda t, y: module.rates(y, theta), (0.0, 20.0), y0, t_eval=times, rtol=1e-9)
        return 0.5 * np.sum((np.log(flow.y.T) - np.log(counts)) ** 2)

    best = misfit(rates)
    assert best == pytest.approx(number(r"fitted ([\d.]+)", printed), abs=1e-3)
    for i, factor in itertools.product(range(4), (0.98, 1.02)):
        assert misfit([r * factor if i == j else r for j, r in enumerate(rates)]) > best


def test_the_example_kalman(tmp_path):
    stats = pytest.importorskip("scipy.stats")
    printed = run("kalman", tmp_path)
    q, r1, r2 = map(float, re.search(r"q ([\d.]+) .*, r ([\d.]+) and ([\d.]+) ", printed).groups())
    assert number(r"gradient: (\S+)", printed) < 1e-3

    # all observations at once are Gaussian
    module = example("kalman")
    A = np.array([[1.0, 0.0, 0.1, 0.0], [0.0, 1.0, 0.0, 0.1], [0.0, 0.0, 0.98, 0.0], [0.0, 0.0, 0.0, 0.98]])
    C = np.eye(4)[:2]
    ys = module.track(np.random.default_rng(0), A, C, 0.04, np.array([0.25, 1.0]))

    def log_likelihood(q, r, ys):
        T = len(ys)
        P, own = np.eye(4), []
        for _ in range(T):
            P = A @ P @ A.T + q * np.eye(4)
            own.append(P)
        cov = np.zeros((T, 2, T, 2))
        for s in range(T):
            across = own[s]
            for t in range(s, T):
                cov[t, :, s, :] = C @ across @ C.T
                cov[s, :, t, :] = cov[t, :, s, :].T
                across = A @ across
        cov = cov.reshape(2 * T, 2 * T) + np.diag(np.tile(r, T))
        return stats.multivariate_normal(np.zeros(2 * T), cov).logpdf(ys.ravel())

    theta = np.log([q, r1, r2])
    found = -module.negative_log_likelihood(theta[0], theta[1:], A, C, ys[:40])
    assert found == pytest.approx(log_likelihood(q, np.array([r1, r2]), ys[:40]), rel=1e-9)
    best = -module.negative_log_likelihood(theta[0], theta[1:], A, C, ys)
    assert number(r"likelihood: (\S+)", printed) == pytest.approx(best, abs=2e-3)
    for move in (*(0.1 * np.eye(3)), *(-0.1 * np.eye(3))):
        assert -module.negative_log_likelihood((theta + move)[0], (theta + move)[1:], A, C, ys) < best


def test_the_example_hmm(tmp_path):
    printed = run("hmm", tmp_path)
    assert number(r"log-likelihood: (-[\d.]+),", printed) > number(r"true model (-[\d.]+),", printed)
    assert number(r"gradient: (\S+)", printed) < 1e-2
    loaded = [float(p) for p in printed.splitlines()[-1].split()[1:]]
    assert loaded[5] > 0.4 and sum(loaded) == pytest.approx(1.0, abs=0.01)

    # the sum over all ways through the states
    rng = np.random.default_rng(0)
    module = example("hmm")
    scores = [rng.normal(size=shape) for shape in ((3,), (3, 3), (3, 4))]
    start, A, B = map(module.softmax, scores)
    symbols = rng.integers(4, size=5)
    total = 0.0
    for ways in itertools.product(range(3), repeat=5):
        p = start[ways[0]] * B[ways[0], symbols[0]]
        for before, state, symbol in zip(ways, ways[1:], symbols[1:], strict=False):
            p *= A[before, state] * B[state, symbol]
        total += p
    assert module.negative_log_likelihood(*scores, symbols) == pytest.approx(-np.log(total), rel=1e-12)


def test_the_example_heat(tmp_path):
    printed = run("heat", tmp_path)
    assert number(r"largest error: ([\d.]+)", printed) < 0.15
    assert number(r"warmest at ([\d.]+)", printed) == pytest.approx(0.3, abs=0.02)


def test_the_example_wave(tmp_path):
    printed = run("wave", tmp_path)
    assert number(r"first, ([\d.]+) after", printed) < 1e-3 * number(r"misfit ([\d.]+) at", printed)
    assert number(r"largest error: ([\d.]+)", printed) < 0.01


def test_the_example_soft_dtw(tmp_path):
    printed = run("soft_dtw", tmp_path)
    heights = [float(text) for text in re.search(r"bump: ([\d.]+) and ([\d.]+)", printed).groups()]
    assert heights[0] < 0.7 and heights[1] == pytest.approx(1.0, abs=0.15)

    # the soft minimum over all ways to warp
    def ways(i, j):
        if (i, j) == (0, 0):
            return [[(0, 0)]]
        steps = [(i - 1, j), (i, j - 1), (i - 1, j - 1)]
        return [[*way, (i, j)] for a, b in steps if min(a, b) >= 0 for way in ways(a, b)]

    x, y = np.random.default_rng(0).normal(size=(2, 4))
    costs = np.array([sum((x[i] - y[j]) ** 2 for i, j in way) for way in ways(3, 3)])
    wanted = -0.5 * np.log(np.sum(np.exp(-costs / 0.5)))
    assert example("soft_dtw").soft_dtw(x, y, 0.5) == pytest.approx(wanted, rel=1e-12)


def test_the_example_cholesky(tmp_path):
    printed = run("cholesky", tmp_path)
    assert number(r"likelihood: ([\d.]+)", printed) == pytest.approx(number(r"linalg: ([\d.]+)", printed), abs=1e-5)
    assert number(r"gradient: (\S+)", printed) < 1e-3
    A = np.cov(np.random.default_rng(0).normal(size=(4, 20)))
    np.testing.assert_allclose(example("cholesky").cholesky(A), np.linalg.cholesky(A), rtol=1e-12)


def test_the_example_layers(tmp_path):
    printed = run("layers", tmp_path)
    assert number(r"accuracy: ([\d.]+)%", printed) == 100.0
    assert number(r"new points ([\d.]+)%", printed) > 95.0


def test_the_gradient_of_a_list_of_layers_is_a_list_of_layers():
    generated = importlib.import_module("generated.layers_grad").value_and_grad_loss
    module, rng = example("layers"), np.random.default_rng(0)
    params = [(rng.normal(size=(m, n)), rng.normal(size=n)) for m, n in ((2, 3), (3, 3), (3, 1))]
    X, y = module.spirals(rng, 20)
    value, bars = generated(params, X, y)
    assert value == module.loss(params, X, y)
    assert [tuple(p.shape for p in layer) for layer in bars] == [tuple(p.shape for p in layer) for layer in params]
    for layer, layer_bar in zip(params, bars, strict=True):
        for p, bar in zip(layer, layer_bar, strict=True):
            for index in np.ndindex(p.shape):
                p[index] += 1e-6
                high = module.loss(params, X, y)
                p[index] -= 2e-6
                low = module.loss(params, X, y)
                p[index] += 1e-6
                assert bar[index] == pytest.approx((high - low) / 2e-6, rel=1e-5, abs=1e-8)


ARGUMENTS = {
    "heat": lambda rng: (rng.normal(size=7), 0.3, np.array([0, 2, 6]), rng.normal(size=(3, 3)), 2, 0.1),
    "wave": lambda rng: (rng.uniform(0.2, 0.5, 9), rng.normal(size=8), rng.normal(size=(8, 2)), 0.1),
    "soft_dtw": lambda rng: (rng.normal(size=5), rng.normal(size=4), 0.5),
    "cholesky": lambda rng: (np.cov(rng.normal(size=(4, 20))), np.eye(4) + 0.1 * np.tri(4), 7),
    "lstm": lambda rng: (
        *(0.5 * rng.normal(size=shape) for shape in ((5, 12), (3, 12), (12,), (3, 5), (5,))), rng.integers(5, size=9),
    ),
    "predator_prey": lambda rng: (
        0.3 * rng.normal(size=4), rng.uniform(1.0, 2.0, 2), 0.05, rng.uniform(1.0, 2.0, (4, 2)), 3,
    ),
    "kalman": lambda rng: (
        -0.3, 0.3 * rng.normal(size=2), 0.5 * rng.normal(size=(3, 3)), rng.normal(size=(2, 3)), rng.normal(size=(6, 2)),
    ),
    "hmm": lambda rng: (rng.normal(size=3), rng.normal(size=(3, 3)), rng.normal(size=(3, 4)), rng.integers(4, size=8)),
}  # fmt: skip
"""Arguments for the gradients of the examples that hold loops."""


@pytest.mark.parametrize("name", ARGUMENTS)
def test_the_gradient_of_an_example_is_that_of_differences(name):
    module = importlib.import_module(f"generated.{name}_grad")
    [generated] = [f for key, f in vars(module).items() if key.startswith("value_and_grad_")]
    fn = getattr(example(name), generated.__name__.removeprefix("value_and_grad_"))
    arguments = list(ARGUMENTS[name](np.random.default_rng(3)))
    value, bars = generated(*arguments)
    assert value == fn(*arguments)
    for place, bar in enumerate(bars if isinstance(bars, tuple) else [bars]):
        x = np.asarray(arguments[place])
        wanted = np.zeros(x.shape)
        for index in np.ndindex(x.shape):
            step = np.zeros(x.shape)
            step[index] = 1e-6
            low, high = ([*arguments[:place], x + s, *arguments[place + 1 :]] for s in (-step, step))
            wanted[index] = (fn(*high) - fn(*low)) / 2e-6
        np.testing.assert_allclose(bar, wanted, rtol=1e-5, atol=1e-7)
