"""What the user's code writes into arrays: seen through every name, right in the backward pass, never the caller's."""

import linecache

import numpy as np
import pytest

import gradgen
from gradgen.interpret import run
from gradgen.options import make_options
from gradgen.pipeline import graph_of

SHAPES = "x=(4,), A=(3, 3), n=int()"


def element_by_element(x, A, n):
    y = np.zeros(4)
    y[0] = x[0] * x[1]
    y[1] = np.sin(x[2]) + y[0]
    y[2] = y[0] * y[1]
    y[0] += x[3] * y[2]
    y[-1] -= y[2] * x[0]
    return np.sum(y * y)


def a_slice_of_itself(x, A, n):
    u = x.copy()
    u[1:-1] = u[1:-1] * 2.0 + x[:-2] * u[2:]
    u[1:] *= u[:-1]
    u[::2] /= 3.0 + x[1]
    return np.sum(u**3)


def seen_through_a_view(x, A, n):
    u = x.copy()
    v = u[1:]
    u[1] *= x[2]
    v[1] = v[0] * 3.0
    return np.sum(v * u[:-1])


def a_view_of_a_view(x, A, n):
    B = A.copy()
    row = B[1]
    part = row[1:]
    part[0] = x[0] * part[1]
    row *= 2.0
    B[:, 2] = B[:, 0] * row
    column = B[:, 1]
    column[2] = x[1]
    return np.sum(B**3) + np.sum(part) * x[2]


def a_slice_of_a_slice(x, A, n):
    u = x * 1.0
    inner = u[1:-1]
    end = inner[1:]
    end *= x[0]
    inner[0] = end[0] * u[3]
    return np.sum(u * u)


def transposed(x, A, n):
    B = A * 1.0
    C = B.T
    C[0] = x[:3] * C[1]
    B[2, 0] += C[0, 1]
    return np.sum(B * C)


def transposed_more(x, A, n):
    B = A * 1.0
    C = np.swapaxes(B, 0, 1)
    D = B[::-1]
    E = np.flip(B, 0)
    F = B[:, None]
    C[1] *= x[0]
    D[0, 0] = x[1] * B[0, 0]
    E[1] += x[2]
    F[0, 0, 2] = x[3] ** 2
    return np.sum(B**2) * np.sum(C[0] * D[1] * E[2])


def by_a_mask(x, A, n):
    u = x * x
    u[u > 0.3] = np.sin(x[0])
    u[x < 0.5] *= x[x < 0.5]
    u[u > 0.1] += x[1]
    return np.sum(u * u * x)


def by_a_mask_of_values(x, A, n):
    u = x * x
    m = x > 0.2
    u[m] = x[m] * 2.0 + u[m]
    return np.sum(u**2)


def by_integers(x, A, n):
    u = x * 2.0
    u[[0, 2]] = x[[1, 3]] * u[[2, 0]]
    u[np.array([1, 3])] += x[:2]
    return np.sum(u**2)


def by_integers_that_repeat(x, A, n):
    u = x * 2.0
    k = np.array([0, 2, 0, 1])
    u[k] = x * x
    u[k] += x
    u[k] = u[k] * x[0]
    return np.sum(u**3)


def rows_and_columns(x, A, n):
    B = A.copy()
    B[0, 1:] = x[:2]
    B[1:, 0] -= x[2] * B[0, 1:]
    B[..., 2] *= 2.0
    B[2] = x[3]
    B[np.arange(3), np.arange(3)] += x[:3]
    return np.sum(B**2)


def broadcast_into(x, A, n):
    B = np.empty((3, 4))
    B[:] = x
    B[:, 1:3] *= A[:, :1]
    B[1] = 2.0
    return np.sum(B**3)


def a_parameter(x, A, n):
    x[0] = x[1] * 3.0
    x[1:] *= x[0]
    A[0] += x[:3]
    return np.sum(x * x) + np.sum(A**2)


def augmented(x, A, n):
    y = x * 1.0
    z = y
    y += x
    y *= z
    y -= 0.5
    y **= 2
    return np.sum(y * z * x)


def swapped_rows(x, A, n):
    B = A.copy()
    row = B[0].copy()
    B[0] = B[1] * x[0]
    B[1] = row
    B[[1, 2]] = B[[2, 1]]
    y = x.copy()
    y[0], y[1] = y[1], y[0]
    return np.sum(B[0] * B[1] ** 2) + y[0] ** 2 * y[1]


def added_at(x, A, n):
    u = np.zeros(4)
    np.add.at(u, [0, 2, 0, 1], x * x)
    np.subtract.at(u, np.array([3, 3]), x[:2])
    return np.sum(u**3)


def sorted_in_place(x, A, n):
    y = x * x
    y.sort()
    z = y * np.arange(4.0)
    z.fill(x[0])
    y[0] = z[1]
    return np.sum(y * np.arange(1.0, 5.0))


def by_functions(x, A, n):
    B = A.copy()
    np.fill_diagonal(B, x[0])
    y = x * 1.0
    np.copyto(y, x * x)
    np.copyto(y, 2.0 * x, where=x > 0.5)
    np.put(y, [1], x[2])
    np.multiply(y, x, out=y)
    z = np.empty_like(x)
    w = np.add(x, y, out=z)
    z *= 2.0
    return np.sum(B**2) + np.sum(y * w)


def assembled(x, A, n):
    """Stiffness of a chain of springs: an element's matrix is added where its two ends stand."""
    K = np.zeros((4, 4))
    for e in range(3):
        ends = [e, e + 1]
        K[np.ix_(ends, ends)] += x[e] * np.array([[1.0, -1.0], [-1.0, 1.0]])
    K[np.ix_([0, 2, 0], [1, 1])] -= A[:, :2]  # of what is named twice the last one is taken
    K[np.ix_(x > 0.0, [3])] *= x[0]
    return np.sum(K[np.ix_([3, 1], [0, 3])] ** 2) + np.sum(K**3)


def augmented_where_places_repeat(x, A, n):
    places = np.array([1, 3, 1])
    u = x * 1.0
    u[places] += A[0] * x[:3]
    u[places] -= u[0]
    for i in range(2):
        u[[i, i + 1, i]] += A[1] * u[3]
    return np.sum(u**3)


def conjugate_gradients(x, A, n):
    """Several values of each step are wanted as it finds them, and as it leaves them."""
    M = A @ A.T + 4.0 * np.eye(3)
    y, r = np.zeros(3), x[:3] - 0.0
    p, rr = r.copy(), r @ r
    for _ in range(3):
        Mp = M @ p
        alpha = rr / (p @ Mp)
        y += alpha * p
        r -= alpha * Mp
        before, rr = rr, r @ r
        if rr < 1e-14:
            break
        p = r + (rr / before) * p
    return np.sum(y**2) * x[3]


def in_a_helper(x, A, n):
    y = x * 1.0
    _set_first(y, x[1])
    _set_first(y[1:], x[2] * y[0])
    return np.sum(y**2 * x)


def _set_first(a, value):
    a[0] = value * a[1]


def returned_by_a_helper(x, A, n):
    y = x * 1.0
    z = _doubled(y)
    z[0] = x[3]
    return np.sum(y * z)


def _doubled(a):
    a *= 2.0
    return a


def heat(x, A, n):
    u = x.copy()
    for _ in range(n):
        lap = u[:-2] - 2.0 * u[1:-1] + u[2:]
        u[1:-1] += 0.2 * lap * u[1:-1]
    return np.sum(u * u)


def recurrence(x, A, n):
    y = np.zeros(n + 1)
    y[0] = x[0]
    for i in range(1, n + 1):
        y[i] = np.sin(y[i - 1]) * x[1] + y[i - 1] * x[2]
    return np.sum(y * y)


def two_steps_back(x, A, n):
    y = np.empty(n + 2)
    y[:2] = x[:2]
    for i in range(n):
        y[i + 2] = y[i + 1] * x[2] + y[i] * y[i + 1]
    return np.sum(y**2)


def cholesky(x, A, n):
    M = A @ A.T + 3.0 * np.eye(3)
    L = np.zeros((3, 3))
    for i in range(3):
        for j in range(i + 1):
            s = M[i, j]
            for k in range(j):
                s -= L[i, k] * L[j, k]
            if i == j:
                L[i, j] = np.sqrt(s)
            else:
                L[i, j] = s / L[j, j]
    return np.sum(L**3) * x[0]


def two_buffers(x, A, n):
    u = x.copy()
    v = np.zeros_like(u)
    for _ in range(n):
        v[1:-1] = 0.5 * (u[2:] + u[:-2]) * u[1:-1]
        v[0] = u[0]
        u, v = v, u
    return np.sum(u * u)


def rows_one_by_one(x, A, n):
    B = A.copy()
    for i in range(3):
        row = B[i]
        row *= x[i]
        row[0] = row[1] * row[2]
        if i:
            row += B[i - 1]
    return np.sum(B**3)


def a_new_array_each_step(x, A, n):
    y = x * 1.0
    total = 0.0
    for i in range(n):
        z = np.zeros(4)
        z[: i % 3 + 1] = y[: i % 3 + 1] * x[0]
        z[-1] += y[0]
        y = z + x
        total += np.sum(z * z)
    return total + np.sum(y)


def in_branches(x, A, n):
    y = x * x
    if n > 1:
        y[0] = np.exp(x[1])
        if x[0] > 0:
            y[1:] *= y[0]
    else:
        y[1] += x[0] * n
    z = y if n else x * 3.0
    return np.sum(y * y) + np.sum(z)


def in_branches_of_a_loop(x, A, n):
    y = x * x
    for i in range(n):
        if y[i % 4] > 0.3:
            y[i % 4] *= x[0]
        elif i > 1:
            y[0] = y[1] * y[2]
        else:
            y += x
    return np.sum(y * y)


def a_table(x, A, n):
    D = np.zeros((n + 1, 4))
    D[0] = x
    D[:, 0] = x[1]
    for i in range(1, n + 1):
        for j in range(1, 4):
            best = np.logaddexp(D[i - 1, j], D[i, j - 1])
            D[i, j] = best * x[j] + D[i - 1, j - 1]
    return D[n, 3]


def read_before_and_after(x, A, n):
    y = x * x
    before = y * 1.0
    s = np.sin(y)
    y[1:3] = s[:2] * x[2:]
    after = np.cos(y)
    y[0] = after[1]
    return np.sum(before * s * after * y)


def an_early_return(x, A, n):
    y = x * 2.0
    y[0] *= x[1]
    if n == 0:
        y[1] = x[2] ** 2
        return np.sum(y)
    y[2] = y[0] * y[1]
    return np.sum(y * y)


def integers_beside(x, A, n):
    counts = np.zeros(4, dtype=int)
    order = np.argsort(x)
    for k in range(4):
        counts[order[k]] += k
        counts[0] = 1
    y = x * counts
    y[order[0]] = x[order[1]] ** 2
    return np.sum(y * y)


PROGRAMS = [
    f for name, f in list(globals().items())
    if callable(f) and getattr(f, "__module__", "") == __name__ and not name.startswith("_")
]  # fmt: skip


@pytest.mark.filterwarnings("ignore:.*depends on .* not at all")
@pytest.mark.parametrize("shapes", ["", SHAPES])
@pytest.mark.parametrize("n", [0, 1, 4])
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
def test_against_differences_and_the_graph(program, n, shapes):
    x = np.array([0.3, 0.7, -1.1, 0.6])
    A = np.array([[0.4, -0.2, 0.9], [1.1, 0.5, -0.3], [0.2, 0.8, -0.6]])
    before = x.copy(), A.copy()
    value, got = gradgen.value_and_grad(program, wrt="x,A", shapes=shapes)(x, A, n)
    assert np.array_equal(x, before[0]) and np.array_equal(A, before[1])
    assert np.isclose(value, program(x.copy(), A.copy(), n), rtol=1e-14)
    h = 1e-6

    def slope(i, at):
        args = [[x.copy(), A.copy(), n] for _ in range(2)]
        args[0][i][at] += h
        args[1][i][at] -= h
        return (program(*args[0]) - program(*args[1])) / (2 * h)

    for i, (g, v) in enumerate(zip(got, (x, A), strict=True)):
        wanted = np.array([slope(i, at) for at in np.ndindex(v.shape)]).reshape(v.shape)
        np.testing.assert_allclose(g, wanted, rtol=2e-6, atol=1e-7)
        assert g.dtype == float and not np.shares_memory(g, v)
    if shapes:
        graph = graph_of(program, make_options(wrt="x,A", shapes=shapes))
        for g, interpreted in zip(got, run(graph, [x, A, n]), strict=True):
            np.testing.assert_allclose(np.broadcast_to(interpreted, g.shape), g, rtol=1e-12)


def test_a_pullback_may_be_called_twice():
    def f(x, n):
        u = x.copy()
        for _ in range(n):
            u[1:] += u[:-1] * u[1:]
            u[0] = u[1] * x[2]
        return u

    x = np.array([0.3, 0.7, 1.1])
    _, pullback = gradgen.vjp(f, shapes="x=(3,), n=int()")(x, 3)
    first = pullback(np.ones(3))
    np.testing.assert_array_equal(pullback(np.ones(3)), first)
    np.testing.assert_allclose(first, gradgen.grad(lambda x, n: np.sum(f(x, n)))(x, 3), rtol=1e-12)


REFUSED = {
    "`a` is changed in place here, and `x` may be the same array": """
        a = np.reshape(x, -1)
        a[0] = 1.0
        return np.sum(a * x)
    """,
    "`a` is changed in place here, and `c` may be the same array": """
        a, b = x * 1.0, x * 2.0
        c = a if n else b
        a[0] = 3.0
        b[1] = 2.0
        a = c
        a[1] = 2.0
        return np.sum(b)
    """,
    "comes from outside of the function": """
        TABLE[0] = x[0]
        return np.sum(TABLE * x)
    """,
    "an array of integers cannot hold": """
        k = np.arange(3)
        k += x
        return np.sum(k)
    """,
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_cannot_be_followed_is_refused(message):
    body = "\n".join(line[4:] for line in REFUSED[message].splitlines())
    text = "import numpy as np\n\nTABLE = np.ones(3)\n\n\ndef f(x, n):" + body + "\n"
    name, namespace = f"<writes {len(linecache.cache)}>", {}
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    exec(compile(text, name, "exec"), namespace)
    with pytest.raises(gradgen.GradgenError, match=message):
        _ = gradgen.grad(namespace["f"], shapes="x=(3,), n=int()").source


def test_a_mask_of_integers_is_no_index():
    """`np.place` and `np.putmask` take any numbers for truth values; as an index they would be places."""

    def placed(x):
        y = np.zeros(x.shape)
        np.place(y, 1 - (x > 0.5), 3.0)
        np.putmask(y, 1 * (x > 0.9), 5.0)
        return np.sum(y * x)

    x = np.array([0.2, 0.7, 0.95])
    np.testing.assert_array_equal(gradgen.grad(placed)(x), [3.0, 0.0, 5.0])
