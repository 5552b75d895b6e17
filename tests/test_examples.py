"""The examples, end to end: each runs in a process of its own in which gradgen cannot be imported."""

import ast
import importlib.util
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
