"""What loops leave in the arrays that they fill is read there, where it is still what the steps read; else recorded."""

import itertools
import linecache

import numpy as np
import pytest

import gradgen


def compiled(body):
    text = "import numpy as np\n\n\ndef f(x, n):\n" + "".join(f"    {line}\n" for line in body.splitlines())
    name, namespace = f"<lasting {len(linecache.cache)}>", {}
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    exec(compile(text, name, "exec"), namespace)
    return namespace["f"]


def check(body, n=6):
    """The gradient is that of differences; returned is its text."""
    f = compiled(body)
    x = np.linspace(0.3, 0.9, n)
    gradient = gradgen.grad(f, shapes="x=(m,), n=int()")
    got = gradient(x, n)
    wanted = [(f(x + e, n) - f(x - e, n)) / 2e-6 for e in np.eye(n) * 1e-6]
    np.testing.assert_allclose(got, wanted, rtol=1e-6, atol=1e-8)
    return gradient.source


RANGES = ["range(2, n - 2)", "range(n - 3, 1, -1)", "range(2, n - 2, 2)", "range(n - 3, 1, -2)", "range(0, n - 2)"]


@pytest.mark.parametrize("count", RANGES)
@pytest.mark.parametrize("into", [-1, 0, 1])
def test_one_index(count, into):
    for read, form in itertools.product(
        (-2, -1, 0, 1, 2), ("y[i + {w}] = np.sin(y[i + {r}]) * x[i]", "y[i + {w}] *= y[i + {r}]")
    ):
        check(f"y = x * 1.0\nfor i in {count}:\n    {form.format(w=into, r=read)}\nreturn np.sum(y * y)")


@pytest.mark.parametrize("read", ["y[i - 1]", "y[0]", "y[-1]", "y[i]", "y[n - 1]", "y[i - 2] * y[i - 1]", "y[k]"])
def test_a_second_write(read):
    for second in ("y[i - 1] *= 2.0", "y[i] = y[i] * 2.0", "y[0] = y[i]", "y[k] += x[0]", "pass"):
        body = f"y = x * 1.0\nk = n // 2\nfor i in range(2, n):\n    y[i] = np.sin({read}) * x[i]\n    {second}\n"
        check(body + "return np.sum(y * y)")


TABLES = {
    "a row before": ("D[i - 1, j]", True),
    "a column before": ("D[i, j - 1]", True),
    "the row before that": ("D[i - 2, j + 1]", False),  # row -1, which is the last one
    "the next row": ("D[i + 1, j]", False),
    "the next column of the row before": ("D[i - 1, j + 1]", True),
    "the row after, the column before": ("D[i + 1, j - 1]", False),
    "the place itself": ("D[i, j]", False),
    "transposed": ("D[j - 1, i - 1]", False),
    "a corner": ("D[0, 0]", True),
    "the last": ("D[-1, -1]", False),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table(name):
    read, kept = TABLES[name]
    body = f"""\
D = np.outer(x, x)
for i in range(1, n - 1):
    for j in range(1, n - 1):
        D[i, j] = np.sin({read}) + x[j]
return np.sum(D * D)"""
    text = check(body, 5)
    assert ("append" not in text) == kept, text


@pytest.mark.parametrize(
    "inner", ["range(i)", "range(i + 1)", "range(i + 2)", "range(i, n - 1)", "range(i - 1, -1, -1)"]
)
def test_a_triangle(inner):
    for read in ("D[j, i]", "D[i, j]", "D[j, j]", "D[i, i]", "D[i - 1, j]"):
        for test in ("i != j", "i == j", "True"):
            body = f"""\
D = np.outer(x, x) + 1.0
for i in range(1, n - 1):
    for j in {inner}:
        if {test}:
            D[i, j] = np.sin({read}) * x[j]
        else:
            D[i, j] *= {read}
return np.sum(D * D)"""
            check(body, 4)


def test_rows_of_a_table_are_read_where_they_are():
    body = """\
a = np.zeros((n, x.shape[0]))
a[0] = x
for t in range(1, n):
    a[t] = np.tanh(a[t - 1] * x + x)
return np.sum(a[-1] ** 2)"""
    text = check(body)
    assert "append" not in text, text


def test_what_is_written_again_after_the_loop_is_right():
    body = """\
y = x * 1.0
for i in range(1, n):
    y[i] = np.sin(y[i - 1]) * x[i]
y[2] = x[0]
y *= 2.0
for i in range(1, n):
    y[i] *= y[i - 1]
return np.sum(y * y)"""
    check(body)


def test_an_array_that_is_new_in_each_step_of_an_outer_loop():
    body = """\
total = 0.0
for k in range(3):
    y = np.zeros(n)
    y[0] = x[k]
    for i in range(1, n):
        y[i] = np.sin(y[i - 1]) * x[i]
    total += y[-1] ** 2
return total"""
    check(body)


def test_a_loop_that_goes_over_the_same_array_again():
    body = """\
y = x * 1.0
for k in range(3):
    for i in range(1, n):
        y[i] = np.sin(y[i - 1]) * x[i]
    y[0] = y[n - 1]
return np.sum(y * y)"""
    check(body)


def test_two_arrays_that_are_swapped():
    body = """\
y, z = x * 1.0, x * 2.0
for k in range(3):
    for i in range(1, n):
        y[i] = np.sin(z[i - 1]) * y[i - 1]
    y, z = z, y
return np.sum(y * z * z)"""
    check(body)


def cholesky_in_three_loops(x, n):
    A = np.outer(x, x) + 2.0 * np.eye(len(x))
    L = np.zeros((n, n))
    for i in range(n):
        for j in range(i + 1):
            s = A[i, j]
            for k in range(j):
                s -= L[i, k] * L[j, k]
            if i == j:
                L[i, i] = np.sqrt(s)
            else:
                L[i, j] = s / L[j, j]
    return np.sum(L * L * L)


def entries_of_an_array_that_changes(x, n):
    y = x * 1.0
    s = 0.0
    for i in range(n):
        s = s + y[0] * y[1] * y[i]
        y *= x
        y[1] += y[2] * y[3]
    return s


def a_diagonal_that_is_written_twice(x, n):
    L = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            if i == j:
                L[i, j] = np.sin(x[i])
            if j == i:
                L[j, i] = np.sin(L[i, j] * L[i, j])
    return np.sum(L * L)


@pytest.mark.parametrize(
    ("program", "records"),
    [(cholesky_in_three_loops, 0), (entries_of_an_array_that_changes, 1), (a_diagonal_that_is_written_twice, 1)],
)
def test_programs(program, records):
    x = np.linspace(0.3, 0.9, 6)
    gradient = gradgen.grad(program, shapes="x=(m,), n=int()")
    wanted = [(program(x + e, 6) - program(x - e, 6)) / 2e-6 for e in np.eye(6) * 1e-6]
    np.testing.assert_allclose(gradient(x, 6), wanted, rtol=1e-6, atol=1e-8)
    assert (".append(" in gradient.source) == bool(records)


SLICES = [
    "y[:i]", "y[i:]", "y[: i + 1]", "y[: i - 1]", "y[1:i]", "y[-3:i]", "y[:-1]", "y[:i:2]", "y[i + 1 :]", "y[i:1:-1]",
]  # fmt: skip


@pytest.mark.parametrize("count", ["range(1, n)", "range(n - 1, 0, -1)"])
@pytest.mark.parametrize("read", SLICES)
def test_slices(read, count):
    for write in ("y[i] =", "y[i - 1] =", "y[i:] *=", "y[:i] *=", "y[i : i + 1] ="):
        body = f"y = np.sin(x)\nfor i in {count}:\n    part = {read}\n    {write} 0.3 * (part @ part) + x[i]\n"
        check(body + "return np.sum(y * y)")


def test_a_sum_over_what_is_filled_so_far_is_read_from_there():
    text = check("y = x * 1.0\nfor i in range(1, n):\n    y[i] = y[:i] @ x[:i]\nreturn np.sum(y * y)")
    assert ".append(" not in text and ".copy()" not in text
