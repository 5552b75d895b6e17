"""What gradgen says of programs that it does not differentiate, to the letter: place, line, carets, and a way out.

Each case is a program, the options, and what is printed. `python tests/test_errors.py` prints what is said now.
"""

import importlib.util
import pickle
import subprocess
import sys
import textwrap
import warnings
from pathlib import Path

import numpy as np
import pytest

import gradgen
from gradgen.errors import Located

ROOT = Path(__file__).resolve().parents[1]
CASES = {}


def case(name, program, said, **options):
    assert name not in CASES
    CASES[name] = textwrap.dedent(program).strip("\n"), textwrap.dedent(said).strip("\n"), options


def said_of(program, options, folder):
    """What is raised, or warned, for the function `f` of a program, as the command line prints it."""
    path = Path(folder) / "m.py"
    path.write_text(f"import numpy as np\n\n\n{program}\n", encoding="utf-8")
    spec = importlib.util.spec_from_file_location("m", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    mode = getattr(gradgen, options.get("mode", "grad"))
    rest = {k: v for k, v in options.items() if k != "mode"}
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            mode(module.f, **rest).source  # noqa: B018
        except Located as error:
            return f"{type(error).__name__} {error.render()}"
        except (gradgen.GradgenError, TypeError) as error:
            return f"{type(error).__name__} {error}"
    return "\n".join(f"{w.category.__name__} {w.message}" for w in warned)


# ---- functions without a derivative

case(
    "unknown function",
    """
    def f(x, n):
        y = np.exp(x)
        return np.sum(np.trim_zeros(y)) * n
    """,
    """
    NoRuleError m.py:6:19: gradgen knows no derivative of `np.trim_zeros`: how long its result is depends on the values
        return np.sum(np.trim_zeros(y)) * n
                      ^^^^^^^^^^^^^^^^
      write the slice, as in x[1:-1]
    """,
)
case(
    "unknown method",
    """
    def f(x):
        return x.smoothed(1.0) * x
    """,
    """
    NoRuleError m.py:5:12: gradgen knows no derivative of `x.smoothed`
        return x.smoothed(1.0) * x
               ^^^^^^^^^^^^^^^
      gradgen's docs/accepted.md lists those that have one; pass what does not depend on a target as an argument
    """,
)
case(
    "unknown attribute",
    """
    def f(x):
        return (2.0 * x).slope
    """,
    """
    UnsupportedError m.py:5:12: 'float' object has no attribute 'slope'
        return (2.0 * x).slope
               ^^^^^^^^^^^^^^^
    """,
)
case(
    "unknown function of a library",
    """
    import statistics

    def f(x):
        return statistics.fmean(x) * 2.0
    """,
    """
    NoRuleError m.py:7:12: gradgen knows no derivative of `statistics.fmean`
        return statistics.fmean(x) * 2.0
               ^^^^^^^^^^^^^^^^^^^
      gradgen's docs/accepted.md lists those that have one; pass what does not depend on a target as an argument
    """,
)
case(
    "unknown function in a helper",
    """
    def smooth(y):
        return np.trim_zeros(y)  # here it is

    def f(x):
        return np.sum(smooth(x * 2.0))
    """,
    """
    NoRuleError m.py:5:12: gradgen knows no derivative of `np.trim_zeros`: how long its result is depends on the values
        return np.trim_zeros(y)  # here it is
               ^^^^^^^^^^^^^^^^
      write the slice, as in x[1:-1]
    """,
)
case(
    "a dictionary",
    """
    def f(x):
        parts = {str(1): x, "b": x * x}
        return parts["1"] + parts["b"]
    """,
    """
    NoRuleError m.py:5:13: a dict of values that carry a derivative is not followed
        parts = {str(1): x, "b": x * x}
                ^^^^^^^^^^^^^^^^^^^^^^^
      use variables or a tuple
    """,
)
case(
    "a call for its effect that may do anything",
    """
    def f(x, tracker):
        y = np.exp(x)
        tracker.observe(y)
        return y
    """,
    """
    NoRuleError m.py:6:5: gradgen knows no derivative of `tracker.observe`
        tracker.observe(y)
        ^^^^^^^^^^^^^^^^^^
      gradgen's docs/accepted.md lists those that have one; pass what does not depend on a target as an argument
    """,
)

case(
    "a gradient that is made within",
    """
    from gradgen import grad

    def g(x):
        return np.sum(x * x)

    def f(x):
        return np.sum(grad(g)(x) ** 2)
    """,
    """
    UnsupportedError m.py:10:19: `grad` is called within the function
        return np.sum(grad(g)(x) ** 2)
                      ^^^^^^^
      call it outside, as in `dg = grad(g)`, and use `dg` here
    """,
)

# ---- writing in place

case(
    "an item of what may be the argument is written, which is read again",
    """
    def f(x):
        y = np.asarray(x)
        y[0] = 1.0
        return np.sum(y * x)
    """,
    """
    UnsupportedError m.py:6:5: `y` is changed in place here, and `x` may be the same array
        y[0] = 1.0
        ^^^^
      write `y = y.copy()` before
    """,
)
case(
    "one of two dicts is changed",
    """
    def f(x, n):
        d = {"a": x}
        e = {"a": x * x}
        f = d if n > 1 else e
        f["a"] = f["a"] * 2.0
        return sum(d["a"])
    """,
    """
    UnsupportedError m.py:8:5: `f` is changed here, and `d` may be the same
        f["a"] = f["a"] * 2.0
        ^^^^^^
      write into a copy of `f` instead
    """,
)
case(
    "a function that writes into its argument",
    """
    def f(x):
        y = x[:, None] * x
        np.fill_diagonal(y, 0.0)
        return np.sum(y)
    """,
    """
    UnsupportedError m.py:6:5: `fill_diagonal` is followed for matrices
        np.fill_diagonal(y, 0.0)
        ^^^^^^^^^^^^^^^^^^^^^^^^
      declare the shapes
    """,
)
case(
    "shuffle",
    """
    def f(x, rng):
        y = x * 2.0
        rng.shuffle(y)
        return np.sum(y * x)
    """,
    """
    UnsupportedError m.py:6:5: `y` is changed in place, which gradgen does not follow yet
        rng.shuffle(y)
        ^^^^^^^^^^^^^^
      build a new one instead
    """,
)
case(
    "augmented assignment to an array with two names",
    """
    def f(x):
        y = x * 2.0
        z = y
        z += 1.0
        return np.sum(y * z)
    """,
    """
    UnsupportedError m.py:7:5: `z` is changed in place here, and `y` may be the same array
        z += 1.0
        ^^^^^^^^
      declare the shapes if `z` is a number; if it is an array, write `z = z.copy()` before
    """,
)

# ---- what is not followed yet

case(
    "an effect in a branch",
    """
    def note(x):
        '''Keeps it somewhere.'''

    def f(x, flag):
        if flag:
            note(x)
        return x * x
    """,
    """
    NoRuleError m.py:8:5: what this `if` does with values that carry a derivative is not followed
        if flag:
        ^^^^^^^^
      do it outside, with the value that is returned
    """,
)
case(
    "a name bound in the test of a loop with an else",
    """
    def f(x):
        while (y := x * x) > 1.0:
            x = x / 2.0
        else:
            x = x + y
        return x
    """,
    """
    UnsupportedError m.py:5:11: a loop whose test binds a name is not followed with an `else`
        while (y := x * x) > 1.0:
              ^^^^^^^^^^^^^^^^^^
    """,
)
case(
    "a loop that nothing ends",
    """
    def f(x):
        while True:
            x = x / 2.0
        return x
    """,
    """
    UnsupportedError m.py:5:5: nothing ends this loop
        while True:
        ^^^^^^^^^^^
    """,
)
case(
    "try",
    """
    def f(x):
        try:
            y = np.log(x)
        except ValueError:
            y = 0.0
        return y
    """,
    """
    NoRuleError m.py:5:5: a `try` around values that carry a derivative is not followed
        try:
        ^^^^
      move them out of it
    """,
)
case(
    "a generator",
    """
    def f(x):
        yield x
    """,
    """
    UnsupportedError m.py:5:5: a `yield` cannot be followed
        yield x
        ^^^^^^^
    """,
)
case(
    "an async function",
    """
    async def f(x):
        return x
    """,
    """
    UnsupportedError m.py:4:1: an async function cannot be differentiated
        async def f(x):
        ^^^^^^^^^^^^^^^
    """,
)
case(
    "a starred target",
    """
    def f(x):
        first, *rest = x
        return first
    """,
    """
    UnsupportedError m.py:5:5: how much a starred target takes is not known
        first, *rest = x
        ^^^^^^^^^^^^
      declare the shape
    """,
)
case(
    "global",
    """
    def f(x):
        global y
        y = x * 2.0
        return y
    """,
    """
    UnsupportedError m.py:5:5: `global` cannot be followed
        global y
        ^^^^^^^^
      pass the value and return it
    """,
)
case(
    "recursion without end",
    """
    def f(x):
        return f(x) * 2.0
    """,
    """
    UnsupportedError m.py:5:12: 'f' calls itself without end
        return f(x) * 2.0
               ^^^^
      call it under a condition
    """,
)
case(
    "an axis that depends on a target",
    """
    def f(x):
        return np.sum(x, axis=int(x[0]))
    """,
    """
    UnsupportedError m.py:5:12: the option `axis` must be known when the gradient is written
        return np.sum(x, axis=int(x[0]))
               ^^^^^^^^^^^^^^^^^^^^^^^^^
      write it as a constant
    """,
)

# ---- names and numbers that make no sense

case(
    "an undefined name",
    """
    def f(x):
        return x * nowhere
    """,
    """
    UnsupportedError m.py:5:16: the name 'nowhere' is not defined
        return x * nowhere
                   ^^^^^^^
    """,
)
case(
    "a name before its time",
    """
    def f(x):
        y = z + 1.0
        z = x
        return y
    """,
    """
    UnsupportedError m.py:5:9: the name 'z' has no value here
        y = z + 1.0
            ^
    """,
)
case(
    "a deleted name, after characters that are wider in bytes",
    """
    def f(ψ):
        ä = ψ * 2.0
        del ä
        return ψ + ä
    """,
    """
    UnsupportedError m.py:7:16: the name 'ä' has no value here
        return ψ + ä
                   ^
    """,
)
case(
    "no such function",
    """
    def f(x):
        return np.sinus(x)
    """,
    """
    UnsupportedError m.py:5:12: module 'numpy' has no attribute 'sinus'
        return np.sinus(x)
               ^^^^^^^^
    """,
)
case(
    "constants that do not fit",
    """
    def f(x):
        return x * np.sum(np.ones(3) + np.ones(4))
    """,
    """
    UnsupportedError m.py:5:23: ValueError: operands could not be broadcast together with shapes (3,) (4,)
        return x * np.sum(np.ones(3) + np.ones(4))
                          ^^^^^^^^^^^^^^^^^^^^^^^
    """,
)
case(
    "declared shapes that do not fit",
    """
    def f(x, y):
        return np.sum(x + y)
    """,
    """
    UnsupportedError m.py:5:19: the sizes 3 and 4 do not fit
        return np.sum(x + y)
                      ^^^^^
    """,
    shapes="x=(3,), y=(4,)",
)
case(
    "a call that does not fit",
    """
    def g(a, b):
        return a * b

    def f(x):
        return g(x)
    """,
    """
    UnsupportedError m.py:8:12: the call of 'g' misses b
        return g(x)
               ^^^^
    """,
)
case(
    "a variable that is called as an adjoint is",
    """
    def f(x):
        x_bar = np.mean(x)
        return np.sum((x - x_bar) ** 2)
    """,
    """
    UnsupportedError m.py:5:5: `x_bar` is a variable here, and what the adjoint of `x` is called
        x_bar = np.mean(x)
        ^^^^^^^^^^^^^^^^^^
      choose how adjoints are called with the option `adjoint`, as in adjoint='d{}'
    """,
)
case(
    "a parameter that is called as the adjoint of the value is",
    """
    def f(x, value_bar):
        return x * value_bar
    """,
    """
    UnsupportedError m.py:4:10: `value_bar` is a variable here, and what the adjoint of the value is called
        def f(x, value_bar):
                 ^^^^^^^^^
      choose how adjoints are called with the option `adjoint`, as in adjoint='d{}'
    """,
    mode="vjp",
)

# ---- results

case(
    "an integer",
    """
    def f(x):
        return np.argmax(x)
    """,
    """
    NonDifferentiableError m.py:5:5: the result is an integer, which has no derivative
        return np.argmax(x)
        ^^^^^^^^^^^^^^^^^^^
      return the number that it is made from
    """,
)
case(
    "a truth value, where the path ends",
    """
    def f(x):
        late = x > 1.0
        return late
    """,
    """
    NonDifferentiableError m.py:5:5: the result is a truth value, which has no derivative
        late = x > 1.0
        ^^^^^^^^^^^^^^
      return the number that it is made from
    """,
)
case(
    "a string",
    """
    def f(x):
        return "x"
    """,
    """
    NonDifferentiableError m.py:5:5: the result is a str, which has no derivative
        return "x"
        ^^^^^^^^^^
      return the number that it is made from
    """,
)
case(
    "nothing",
    """
    def f(x):
        np.exp(x)
    """,
    """
    UnsupportedError m.py:4:1: 'f' returns nothing, so that there is nothing to differentiate
        def f(x):
        ^^^^^^^^^
    """,
)
case(
    "an empty return",
    """
    def f(x):
        return
    """,
    """
    UnsupportedError m.py:5:5: 'f' returns nothing, so that there is nothing to differentiate
        return
        ^^^^^^
    """,
)
case(
    "an array",
    """
    def f(x):
        return x * 2.0
    """,
    """
    NotScalarError m.py:5:5: 'f' returns an array of shape (n, 2), and a gradient is of one number
        return x * 2.0
        ^^^^^^^^^^^^^^
      use vjp, or sum it
    """,
    shapes="x=(n, 2)",
)
case(
    "several values",
    """
    def f(x):
        return x, x * x
    """,
    """
    NotScalarError m.py:5:5: 'f' returns several values; a gradient is of one number
        return x, x * x
        ^^^^^^^^^^^^^^^
      use vjp, or has_aux=True for a pair (number, aux)
    """,
)
case(
    "zero through floor",
    """
    def f(x):
        steps = np.floor(x)
        return np.sum(steps) * 2.0
    """,
    """
    GradgenWarning m.py:5: the result of 'f' depends on 'x' only through `floor`, which has no derivative: its gradient is zero
    """,
)
case(
    "zero through floor, strictly",
    """
    def f(x):
        steps = np.floor(x)
        return np.sum(steps) * 2.0
    """,
    """
    NonDifferentiableError m.py:5:5: the result of 'f' depends on 'x' only through `floor`, which has no derivative: its gradient is zero
        steps = np.floor(x)
        ^^^^^^^^^^^^^^^^^^^
      choose other targets with wrt, or leave out `strict`
    """,
    strict=True,
)
case(
    "no dependence",
    """
    def f(x, y):
        return y * 2.0
    """,
    """
    GradgenWarning m.py:5: the result of 'f' depends on 'x' not at all: its gradient is zero
    """,
)

# ---- options

case(
    "no such target",
    """
    def f(x, y):
        return x * y
    """,
    "GradgenError f() has no parameter 'z'; it has x, y",
    wrt="z",
)
case(
    "no such position",
    """
    def f(x, y):
        return x * y
    """,
    "GradgenError f() has no parameter 2; it has x, y",
    wrt=2,
)
case(
    "a target twice",
    """
    def f(x, y):
        return x * y
    """,
    "GradgenError a target is named twice: x, x",
    wrt=("x", 0),
)
case(
    "no parameters",
    """
    def f():
        return 1.0
    """,
    """
    UnsupportedError m.py:4:1: 'f' has no parameter to differentiate by
        def f():
        ^^^^^^^^
    """,
)
case(
    "a target that is a truth value",
    """
    def f(x):
        return x * 2.0
    """,
    """
    UnsupportedError m.py:4:1: the target 'x' is no number
        def f(x):
        ^^^^^^^^^
      choose other targets with wrt
    """,
    shapes="x=bool(n,)",
)
case(
    "a large constant",
    """
    TABLE = np.ones(1000)

    def f(x):
        return np.sum(x * TABLE)
    """,
    """
    GradgenError the constant 'TABLE' (an array of shape (1000,)) cannot be written into a module; pass it as an argument
    """,
)


@pytest.mark.text
@pytest.mark.parametrize("name", CASES)
def test_what_is_said(name, tmp_path):
    program, said, options = CASES[name]
    assert said_of(program, options, tmp_path) == said


@pytest.mark.parametrize(
    "options, said",
    [
        ({"mode": "hessian"}, "mode 'hessian' is none of grad, value_and_grad, vjp"),
        ({"adjoint": "d"}, "adjoint 'd' must hold one {} and make a name, like 'd{}'"),
        ({"shapes": "x=[3]"}, "shapes 'x=[3]' do not read as `name=(d, n), other=int(n,)`: [3] is no shape"),
        ({"shapes": "x=(n/2,)"}, "shapes 'x=(n/2,)' do not read as `name=(d, n), other=int(n,)`: n / 2 is no size"),
        ({"shapes": "z=(n,)"}, "f() has no parameter 'z', whose shape is declared; it has x"),
    ],
)
def test_options_that_make_no_sense(options, said, tmp_path):
    from gradgen.api import Gradient
    from gradgen.options import make_options

    def f(x):
        return x * 2.0

    with pytest.raises(gradgen.GradgenError) as caught:
        Gradient(f, make_options(**options)).source  # noqa: B018
    assert str(caught.value) == said


def test_a_function_without_source():
    namespace = {}
    exec("def f(x):\n    return x * 2.0", namespace)
    with pytest.raises(gradgen.UnsupportedError) as caught:
        gradgen.grad(namespace["f"])(1.0)
    assert str(caught.value) == (
        "the source of 'f' is not to be had (<string>); define the function in a file, a notebook, or an interpreter"
        " that keeps its source"
    )
    with pytest.raises(gradgen.UnsupportedError) as caught:
        gradgen.grad(len)(1.0)
    assert str(caught.value) == "<built-in function len> is no Python function, so that there is no source to read"


def test_a_file_that_has_changed(tmp_path):
    path = tmp_path / "changed.py"
    path.write_text("def f(x):\n    return x * 2.0\n")
    spec = importlib.util.spec_from_file_location("changed", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    path.write_text("# a line more\n\ndef f(x):\n    return x * 2.0\n")
    with pytest.raises(gradgen.UnsupportedError) as caught:
        gradgen.grad(module.f)(1.0)
    assert str(caught.value) == (
        f"the source of 'f' does not stand at {path}:1 any more; reload the module: its file has changed since it was"
        " imported"
    )


def test_python_itself_prints_line_and_carets(tmp_path):
    program, _, _ = CASES["unknown function"]
    path = tmp_path / "m.py"
    path.write_text(f"import gradgen\nimport numpy as np\n\n{program}\n\ngradgen.grad(f)(np.ones(3), 2)\n")
    env = {"PYTHONPATH": str(ROOT), "PATH": ""}
    result = subprocess.run([sys.executable, path], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60)
    file, line, carets, message = result.stderr.splitlines()[-4:]
    assert (file, line) == ('  File "m.py", line 6', "    return np.sum(np.trim_zeros(y)) * n")
    # before 3.13 Python prints a single caret for a class that derives from SyntaxError
    assert carets in (18 * " " + "^", 18 * " " + 16 * "^")
    assert message.startswith("gradgen.errors.NoRuleError: gradgen knows no derivative of `np.trim_zeros`: how long")


def test_a_warning_shows_the_line_where_the_path_ends(tmp_path):
    """Python prints the user's file and line, not gradgen's."""
    program, said, _ = CASES["zero through floor"]
    path = tmp_path / "m.py"
    path.write_text(f"import gradgen\nimport numpy as np\n\n{program}\n\ngradgen.grad(f)(np.ones(3))\n")
    env = {"PYTHONPATH": str(ROOT), "PATH": ""}
    result = subprocess.run([sys.executable, path], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60)
    assert result.stderr == f"{path}:5: {said.replace(' ', ': ', 1)}\n  steps = np.floor(x)\n"


async def _later(x):
    return x


def test_errors_pickle():
    """As those do that come out of another process."""
    with pytest.raises(gradgen.UnsupportedError) as caught:
        gradgen.grad(_later)(1.0)
    again = pickle.loads(pickle.dumps(caught.value))
    assert again.render() == caught.value.render() and again.lineno == caught.value.lineno


if __name__ == "__main__":
    import tempfile

    for name, (program, said, options) in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            now = said_of(program, options, folder)
        print(f"==== {name}{'' if now == said else '  (not what is expected)'}\n{now}")


def test_what_fails_in_another_file_says_what_was_called(tmp_path, monkeypatch):
    (tmp_path / "deep_library.py").write_text(
        "import re\n\n\ndef outer(x):\n    return inner(x)\n\n\ndef inner(x):\n    return re.compile(str(x)) * x\n"
    )
    (tmp_path / "my_own.py").write_text(
        "from deep_library import outer\n\n\ndef f(x):\n    y = outer(x * 2.0)\n    return y\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    import my_own

    with pytest.raises(gradgen.GradgenError) as caught:
        gradgen.grad(my_own.f)(1.0)
    lines = caught.value.render().splitlines()
    assert "deep_library.py:9:" in lines[0]
    assert lines[-1].endswith("my_own.py:5: y = outer(x * 2.0)") and lines[-1].startswith("  called from ")


def test_a_known_text_names_an_attribute():
    def f(x, n):
        return np.sum(getattr(np, f"atleast_{2}d")(x) ** n)

    np.testing.assert_allclose(gradgen.grad(f)(np.array([1.0, 2.0]), 2), [2.0, 4.0])
