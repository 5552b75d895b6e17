"""Functions of the user's that are passed on: in memory they are used as they are, and a module takes them along."""

import subprocess
import sys
import textwrap

import numpy
import numpy as np
import pytest

from gradgen import GradgenError, grad

X = np.array([1.0, 2.0])
WORDS = ["abc", "de"]
SCALE = 2.0
TABLE = {"abc": 5.0, "de": 7.0}


def length(word):
    # what a word counts
    return len(word) * SCALE


def weight(word, *, extra=1.0):
    """What it weighs."""
    return length(word) + extra


def looked_up(word: str) -> float:
    best = max([TABLE[w] for w in TABLE if w == word], key=lambda w: -w)
    return float(np.sqrt(best)) + np.pi


def counted_down(word):
    return 0.0 if not word else 1.0 + counted_down(word[1:])


def with_length(x, words):
    return np.sum(x * np.array(list({w: length(w) for w in words}.values())))


def with_weight(x, words):
    n = {w: weight(w) for w in sorted(words, key=length)}
    return np.sum(x * np.array(list(n.values())))


def with_table(x, words):
    return np.sum(x * np.array(list({w: looked_up(w) for w in words}.values())))


def with_recursion(x, words):
    return np.sum(x * np.array(list({w: counted_down(w) for w in words}.values())))


PROGRAMS = [with_length, with_weight, with_table, with_recursion]


def written(f, **options):
    source = grad(f, **options).source
    namespace = {}
    exec(source, namespace)
    return namespace[f"grad_{f.__name__}"], source


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_a_module_takes_them_along(f):
    base = f(np.zeros(2), WORDS)
    wanted = [f(e, WORDS) - base for e in np.eye(2)]
    np.testing.assert_allclose(grad(f)(X, WORDS), wanted)
    np.testing.assert_allclose(written(f)[0](X, WORDS), wanted)


def test_comments_stay_and_annotations_go():
    source = written(with_length)[1]
    assert source.count("def length(") == 1
    assert "def length(word):\n    # what a word counts\n    return len(word) * SCALE\n" in source
    assert "\nSCALE = 2.0\n" in source and "written into this one: `SCALE`" in source
    assert "def looked_up(word):\n" in written(with_table)[1]
    assert '    """What it weighs."""\n' in written(with_weight)[1]


def test_a_change_of_a_function_that_is_passed_on_makes_the_file_stale(tmp_path):
    program = """
        import numpy as np

        def inner(word):
            return len(word) * FACTOR

        def length(word):
            return inner(word)

        def f(x, words):
            return np.sum(x * np.array(list({w: length(w) for w in words}.values())))
        """
    (tmp_path / "pyproject.toml").write_text('[[tool.gradgen.targets]]\nfunction = "m.py:f"\nout = "."\n')

    def run(*words):
        command = [sys.executable, "-m", "gradgen", "build", *words]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=60).returncode

    (tmp_path / "m.py").write_text(textwrap.dedent(program).replace("FACTOR", "1"))
    assert [run(), run("--check")] == [0, 0]
    (tmp_path / "m.py").write_text(textwrap.dedent(program).replace("FACTOR", "10"))
    assert [run("--check"), run(), run("--check")] == [1, 0, 0]
    assert "len(word) * 10" in (tmp_path / "m_grad.py").read_text()


def test_functions_of_the_users_modules(tmp_path, monkeypatch):
    (tmp_path / "a_module_with_lengths.py").write_text("def length(word):\n    return len(word)\n")
    monkeypatch.syspath_prepend(tmp_path)
    import a_module_with_lengths as lengths

    def f(x, words):
        return np.sum(x * np.array(list(map(lengths.length, words))))

    assert grad(f)(X, WORDS).tolist() == [3.0, 2.0]
    d, source = written(f)
    assert d(X, WORDS).tolist() == [3.0, 2.0] and "lengths" not in source.split('"""')[2]


def once(word):
    def again(w):
        return len(w)

    return again(word)


short = lambda word: len(word)  # noqa: E731


def with_default(word, table=TABLE):
    return table[word]


def test_what_cannot_be_taken_along_is_refused_by_name():
    def of(function):
        def f(x, words):
            return np.sum(x * np.array(list({w: function(w) for w in words}.values())))

        return f

    for function, said in (
        (once, "it holds an import, `global`, or another function"),
        (short, "it is a lambda"),
        (with_default, "the default of its parameter 'table' is no constant"),
    ):
        with pytest.raises(GradgenError, match=f"^the function 'function' cannot be written into a module: {said}"):
            grad(of(function)).source  # noqa: B018


def shadowing(word):
    np = len(word)
    return numpy.sqrt(np)

def test_a_variable_with_the_name_of_something_in_the_module_is_refused():
    def f(x, words):
        return np.sum(x * np.array(list({w: shadowing(w) for w in words}.values())))

    np.testing.assert_allclose(grad(f)(X, WORDS), np.sqrt([3.0, 2.0]))
    with pytest.raises(GradgenError, match="its variable 'np' has the name of something in the module"):
        grad(f).source  # noqa: B018
