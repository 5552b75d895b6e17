"""The command line: emit, build, check, graph, exit codes, what goes where."""

import subprocess
import sys

import pytest

import gradgen
from gradgen import files
from gradgen.cli import main

SOURCE = """
import numpy as np
from gradgen import differentiable, grad

SCALE = 3.0


def f(x, y=2.0):
    return np.sum(SCALE * x * y)


def g(x, t):
    # a note
    z = np.sin(x) * t
    return z


@grad(wrt="x", shapes="x=(n,)", out="generated")
def decorated(x):
    return np.sum(np.exp(x))


@differentiable
def square(x):
    return x * x


def bad(x):
    y = x * 2.0
    yield y


def crooked(x):
    return np.sum(x * np.floor(1e8 * x) * 1e-8)


def count(x):
    return len(x)


def arguments():
    return np.ones((4, 1)), 2.0


number = 3
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "m.py").write_text(SOURCE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(files, "_claimed", {})
    monkeypatch.setattr(sys, "path", list(sys.path))
    sys.modules.pop("m", None)
    yield tmp_path
    sys.modules.pop("m", None)


@pytest.fixture
def run(project, capsys):
    """Run a command: (exit code, stdout, stderr)."""

    def call(*words):
        capsys.readouterr()
        code = main(list(words))
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return call


def targets(project, *tables):
    lines = []
    for table in tables:
        lines.append("[[tool.gradgen.targets]]")
        lines += [f"{k} = {str(v).lower() if isinstance(v, bool) else repr(v)}" for k, v in table.items()]
    (project / "pyproject.toml").write_text("\n".join(lines))


# ---- emit


def test_emit_prints_a_module(run):
    code, out, err = run("emit", "m.py:f", "--wrt", "x,y", "--mode", "value_and_grad")
    assert code == 0 and err == ""
    assert out.split("\n")[1] == "# Regenerate with:  gradgen emit m.py:f --wrt x,y --mode value_and_grad"
    namespace = {}
    exec(out, namespace)
    assert namespace["value_and_grad_f"](1.0) == (6.0, (6.0, 3.0))


def test_emit_by_module_name_and_by_position(run):
    one, two = run("emit", "m:f", "--wrt", "1"), run("emit", "m.py:f", "--wrt", "y")
    assert one[0] == two[0] == 0
    assert one[1].split("\n")[3:] == two[1].split("\n")[3:]


def test_emit_writes_a_file_or_into_a_folder(run, project):
    code, out, err = run("emit", "m.py:f", "-o", "some/where.py")
    assert (code, out, err) == (0, "", "wrote some/where.py\n")
    assert "-o some/where.py" in (project / "some" / "where.py").read_text()
    code, out, err = run("emit", "m.py:f", "-o", "generated")
    assert (code, err) == (0, "wrote generated/m_grad.py\n")
    (project / "generated" / "m_grad.py").write_text("mine")
    code, out, err = run("emit", "m.py:f", "-o", "generated")
    assert code == 1 and "was not written by gradgen" in err
    assert run("emit", "m.py:f", "-o", "generated", "--force")[0] == 0


def test_the_command_in_the_header_writes_the_same_file(run, project):
    import shlex

    words = [
        "emit",
        "m.py:f",
        "--wrt",
        "x",
        "--mode",
        "vjp",
        "--shapes",
        "x=(n, 2), y=()",
        "--adjoint",
        "d{}",
        "--name",
        "p",
    ]
    assert run(*words, "--no-guards", "-o", "generated/a.py")[0] == 0
    text = (project / "generated" / "a.py").read_text()
    command = text.split("\n")[1].removeprefix("# Regenerate with:  gradgen ")
    (project / "generated" / "a.py").unlink()
    assert run(*shlex.split(command))[0] == 0
    assert (project / "generated" / "a.py").read_text() == text


def test_emit_without_a_function_takes_all_decorated_ones(run, project):
    code, out, err = run("emit", "m.py")
    assert code == 0
    assert "def grad_decorated(x):" in out and "def grad_square(x):" in out and "def grad_f" not in out
    assert not (project / "generated").exists(), "importing writes nothing"
    (project / "n.py").write_text("def f(x):\n    return x\n")
    code, out, err = run("emit", "n.py")
    assert code == 2 and "no decorated functions; name one: n.py:function" in err


def test_emit_of_a_decorated_function_takes_its_options(run):
    code, out, _ = run("emit", "m.py:decorated")
    assert code == 0 and '--shapes "x=(n,)"' in out
    assert '--shapes "x=(4,)"' in run("emit", "m.py:decorated", "--shapes", "x=(4,)")[1]


def test_emit_with_an_example(run):
    code, out, err = run("emit", "m.py:f", "--example", "m:arguments")
    assert code == 0, err
    assert '--shapes "x=(x_0, 1), y=()"' in out


def test_emit_stages(run):
    assert "FunctionDef" in run("emit", "m.py:g", "--stage", "ast")[1]
    graph = run("emit", "m.py:g", "--stage", "graph")[1]
    assert "sin(x)" in graph and "backward" not in graph
    assert "# backward" in run("emit", "m.py:f", "--stage", "backward")[1]
    assert run("emit", "m.py:f", "--stage", "source")[1] == run("emit", "m.py:f")[1]


# ---- errors


def test_errors_show_the_line(run):
    code, out, err = run("emit", "m.py:bad")
    assert code == 2 and out == ""
    first, line, carets = err.split("\n")[:3]
    assert first.startswith("m.py:30:5: ") and line.strip() and set(carets.strip()) == {"^"}
    assert run("emit", "m.py:count")[0] == 2


@pytest.mark.parametrize(
    "words, said",
    [
        ("emit nothing.py:f", "there is no file"),
        ("emit m.py:ff", "m.py has no function 'ff'; did you mean 'f'?"),
        ("emit nowhere.at.all:f", "cannot be imported"),
        ("emit m.py:number", "is no function"),
        ("emit m.py:f --wrt z", "f() has no parameter 'z'; it has x, y"),
        ("emit m.py:f --wrt x,x", "named twice"),
        ("emit m.py:f --shapes x=(", "do not read as"),
        ("emit m.py:f --adjoint bar", "must hold one {}"),
        ("emit m.py:f --mode jacobian", "invalid choice"),
        ("emit m.py:f --example m", "names no function"),
        ("check m.py:f", "nothing is known of the parameter 'x'"),
        ("graph m.py:f -o x.bmp", "x.bmp is none of .svg"),
        ("build", "has no [[tool.gradgen.targets]]"),
        ("", "required"),
        ("emitt", "invalid choice"),
    ],
)
def test_usage_errors_exit_with_2(run, words, said):
    code, out, err = run(*words.split())
    assert (code, out) == (2, "") and said in err


def test_an_import_that_fails(run, project):
    (project / "broken.py").write_text("1 / 0\n")
    code, _, err = run("emit", "broken.py:f")
    assert code == 2 and "broken.py cannot be imported: ZeroDivisionError: division by zero" in err


def test_grad_of_an_array(run):
    code, _, err = run("emit", "m.py:g", "--shapes", "x=(n,), t=()")
    assert code == 2 and "use vjp, or sum it" in err and "m.py:1" in err


def test_version_and_module(project):
    for words, code, said in (
        (["--version"], 0, f"gradgen {gradgen.__version__}\n"),
        (["emit", "m.py:f"], 0, "def grad_f"),
    ):
        done = subprocess.run([sys.executable, "-m", "gradgen", *words], capture_output=True, text=True)
        assert done.returncode == code, done.stderr
        assert said in done.stdout


def test_help_names_every_option(run):
    code, out, _ = run("emit", "--help")
    assert code == 0
    for option in (
        "--wrt",
        "--mode",
        "--shapes",
        "--example",
        "--name",
        "--no-guards",
        "--strict",
        "--adjoint",
        "--stage",
        "-o",
    ):
        assert option in out


# ---- build


def test_build_brings_files_up_to_date(run, project):
    targets(
        project,
        {
            "function": "m.py:f",
            "wrt": ["x", "y"],
            "mode": "value_and_grad",
            "shapes": "x=(n,), y=()",
            "out": "generated",
        },
        {"function": "m:g", "mode": "vjp", "wrt": "x", "guards": False, "strict": True, "out": "generated"},
        {"function": "m.py:square", "name": "slope", "adjoint": "d{}", "out": "other/place.py", "shapes": "x=()"},
    )
    file = project / "generated" / "m_grad.py"
    code, out, err = run("build", "--check")
    assert code == 1 and "generated/m_grad.py is missing" in err and not file.exists()
    code, out, err = run("build")
    assert (code, out, err) == (0, "", "wrote generated/m_grad.py\nwrote other/place.py\n")
    assert "def value_and_grad_f" in file.read_text() and "def vjp_g" in file.read_text()
    assert "def slope(x):" in (project / "other" / "place.py").read_text()
    assert run("build", "--check") == (0, "", "")
    assert run("build") == (0, "", "")


def test_build_check_notices_what_is_stale(run, project):
    targets(project, {"function": "m.py:f"})
    run("build")
    file = project / "generated" / "m_grad.py"
    before = file.read_text()
    (project / "m.py").write_text(SOURCE.replace("SCALE * x * y", "SCALE * x * y * y"))
    sys.modules.pop("m")
    code, out, err = run("build", "--check", "--diff")
    assert code == 1 and "generated/m_grad.py is stale" in err and "run `gradgen build`" in err
    assert out.startswith("--- a/generated/m_grad.py\n+++ b/generated/m_grad.py\n@@")
    assert file.read_text() == before
    assert run("build")[0] == 0 and run("build", "--check")[0] == 0
    assert file.read_text() != before


def test_build_does_not_overwrite_edits(run, project):
    targets(project, {"function": "m.py:f"})
    run("build")
    file = project / "generated" / "m_grad.py"
    file.write_text(file.read_text().replace("return", "return 2.0 *"))
    code, _, err = run("build")
    assert code == 1 and "was edited by hand" in err and "return 2.0 *" in file.read_text()
    code, _, err = run("build", "--check")
    assert code == 1 and "generated/m_grad.py was edited by hand" in err
    assert run("build", "--force")[0] == 0 and run("build", "--check")[0] == 0


def test_build_from_a_folder_below(run, project, monkeypatch):
    targets(project, {"function": "m.py:f"})
    (project / "deep" / "er").mkdir(parents=True)
    monkeypatch.chdir(project / "deep" / "er")
    assert run("build")[0] == 0
    assert (project / "generated" / "m_grad.py").exists()


@pytest.mark.parametrize(
    "table, said",
    [
        ({"wrt": "x"}, "target 1 misses `function"),
        ({"function": "m.py:f", "shape": "x=()"}, "target 1 (m.py:f) has no option 'shape'; there are function, wrt"),
        ({"function": "m.py:f", "mode": "hessian"}, "mode 'hessian' is none of"),
    ],
)
def test_build_names_the_target_that_makes_no_sense(run, project, table, said):
    targets(project, table)
    code, _, err = run("build")
    assert code == 2 and said in err


def test_build_with_one_name_twice(run, project):
    targets(project, {"function": "m.py:f", "wrt": "x"}, {"function": "m.py:f", "wrt": "y"})
    code, _, err = run("build")
    assert code == 2 and "give one a `name`" in err


def test_build_with_broken_toml(run, project):
    (project / "pyproject.toml").write_text("[[tool.gradgen")
    code, _, err = run("build")
    assert code == 2 and "pyproject.toml" in err


# ---- check


def test_check(run):
    code, out, err = run("check", "m.py:f", "--wrt", "x,y", "--shapes", "x=(n,), y=()")
    assert code == 0 and err == ""
    header, x, y = out.rstrip("\n").split("\n")
    assert header.split() == ["parameter", "shape", "inner", "products", "entries"]
    assert x.split()[0] == "x" and x.endswith("ok") and "(5,)" in x and y.split()[0] == "y"


def test_check_with_an_example(run):
    code, out, _ = run("check", "m.py:f", "--example", "m:arguments")
    assert code == 0 and "(4, 1)" in out


def test_check_that_fails(run):
    code, out, err = run("check", "m.py:crooked", "--shapes", "x=(3,)")
    assert code == 1 and "WRONG" in out and "generated" in out and "is not that of its values" in err


# ---- graph


def test_graph(run, project):
    code, out, _ = run("graph", "m.py:f", "--shapes", "x=(n,), y=()")
    assert code == 0 and out.startswith("graph f(x: float(n,), y: float())") and "# backward" in out
    for name, begins in (("g.dot", "digraph {"), ("g.mmd", "flowchart BT"), ("g.txt", "graph f(")):
        code, out, err = run("graph", "m.py:f", "-o", name)
        assert (code, out, err) == (0, "", f"wrote {name}\n")
        assert (project / name).read_text(encoding="utf-8").startswith(begins)


def test_graph_as_svg_needs_graphviz(run, monkeypatch):
    monkeypatch.setenv("PATH", "")
    code, _, err = run("graph", "m.py:f", "-o", "g.svg")
    assert code == 2 and "install it" in err
