"""What betrays a machine in generated text: each program here once gave such a line, and its gradient is right."""

import itertools
import re
from pathlib import Path

import numpy as np
import pytest

import gradgen
from benchmarks import programs
from tests.test_scale import calls_of

RNG = np.random.default_rng(7)
GENERATED = Path(__file__).parents[1] / "generated"


def check(f, *args, wrt):
    """The gradient agrees with differences, with the shapes known as in memory and with nothing known."""
    names = wrt.split(",")
    places = [f.__code__.co_varnames.index(name) for name in names]
    scope = {}
    exec(gradgen.grad(f, wrt=wrt).source, scope)
    for gradient in (gradgen.grad(f, wrt=wrt), scope[f"grad_{f.__name__}"]):
        bars = gradient(*args)
        for place, bar in zip(places, bars if len(names) > 1 else (bars,), strict=True):
            v = RNG.normal(size=np.shape(args[place]))
            ends = [f(*args[:place], args[place] + h * v, *args[place + 1 :]) for h in (1e-6, -1e-6)]
            np.testing.assert_allclose(np.sum(bar * v), (ends[0] - ends[1]) / 2e-6, rtol=1e-6, atol=1e-7)


def text(f, **options):
    """The body of the gradient: what comes behind its docstring."""
    return gradgen.grad(f, **options).source.split('"""')[4]


def recurrence(a, x):
    total = 0.0
    for i in range(len(a)):
        m = 1.0 - a[i] * x[i]
        total += a[i] * 2.0 / m
    return total


def test_what_several_statements_send_to_one_place_is_added_once():
    check(recurrence, RNG.uniform(0.1, 0.5, 4), RNG.uniform(0.1, 0.5, 4), wrt="a,x")
    written = re.findall(r"^ +a_bar\[i\] [+-]?= .*$", text(recurrence, wrt="a,x", shapes="a=(n,), x=(n,)"), re.M)
    assert len(written) == 1


def energy(p, h):
    total = 0.0
    for i in range(len(p)):
        if i + 1 < len(p):
            total -= p[i] * p[i + 1]
        total -= h * p[i]
    return total


def test_a_cotangent_that_is_a_number_is_no_variable():
    check(energy, RNG.normal(size=5), 0.3, wrt="p,h")
    body = text(energy, wrt="p,h", shapes="p=(n,), h=()")
    assert "total_bar" not in body


def test_places_are_computed_again_and_counted_through_once():
    body = text(energy, wrt="p,h", shapes="p=(n,), h=()")
    assert "i_plus_one" not in body and "i_1" not in body and "None" not in body


def soft_labels(q, y):
    total = 0.0
    for i in range(len(y)):
        if y[i] == 1:
            total += np.log1p(np.exp(-q[i]))
        else:
            total += np.log1p(np.exp(q[i]))
    return total


def test_what_both_sides_record_alike_is_one_record():
    y = np.array([1, 0, 0, 1])
    check(soft_labels, RNG.normal(size=4), y, wrt="q")
    assert "None" not in text(soft_labels, wrt="q", shapes="q=(n,), y=int(n,)")


def heads(x, W, count):
    width = x.shape[1] // count
    out = np.zeros_like(x)
    for h in range(count):
        columns = slice(h * width, (h + 1) * width)
        out[:, columns] = np.tanh(x @ W[:, columns])
    return np.sum(out**2)


def test_a_slice_under_a_name_is_as_good_as_one_in_brackets():
    check(heads, RNG.normal(size=(3, 4)), RNG.normal(size=(4, 4)), 2, wrt="x,W")
    body = text(heads, wrt="x,W", shapes="x=(n, d), W=(d, d), count=int()")
    assert "add.at" not in body and "_unbroadcast" not in body
    assert "W_bar[:, columns] += " in body or "W_bar[:, columns] = " in body


def taps(image, kernel, n):
    out = np.zeros(n)
    for k in range(len(kernel)):
        out += kernel[k] * image[k : k + n]
    return np.sum(out**2)


def test_what_the_user_adds_in_place_is_added_in_place():
    check(taps, RNG.normal(size=6), RNG.normal(size=3), 4, wrt="image,kernel")
    body = text(taps, wrt="image,kernel", shapes="image=(m,), kernel=(k,), n=int()")
    assert "out += kernel[k] * image[k : k + n]" in body and "out_steps" not in body


def gated(W, h, xs):
    for x in xs:
        z = np.tanh(W @ h + x)
        h = z * h + x
    return np.sum(h**2)


def test_the_cotangent_so_far_keeps_its_name_and_its_memory():
    check(gated, RNG.normal(size=(3, 3)), RNG.normal(size=3), RNG.normal(size=(4, 3)), wrt="W,h")
    body = text(gated, wrt="W,h", shapes="W=(n, n), h=(n,), xs=(T, n)")
    assert "h_bar *= z" in body and "h_bar += W.T @ " in body and "h_bar_1" not in body


def rates(y, theta):
    birth, death = theta
    prey, predators = y
    return np.array([birth * prey - prey * predators, prey * predators - death * predators])


def orbit(theta, y, steps):
    for _ in range(steps):
        middle = y + 0.05 * rates(y, theta)
        y = y + 0.1 * rates(middle, theta)
    return np.sum(y**2)


def test_what_helpers_unpack_is_unpacked_in_one_statement_and_once():
    check(orbit, np.array([1.1, 0.4]), np.array([1.0, 0.5]), 3, wrt="theta,y")
    forward = text(orbit, wrt="theta,y", shapes="theta=(2,), y=(2,), steps=int()").split("# Backward pass")[0]
    assert forward.count("birth, death = theta") == 1 and forward.count("prey, predators = ") == 2
    assert "[0]" not in forward


def filled(A, c):
    total = 0.0
    for k in range(len(c)):
        z = np.zeros(len(A))
        for i in range(len(A)):
            z[i] = c[k] * A[i] ** 2
        total += z @ z
    return total


def test_what_a_step_makes_and_nobody_writes_again_is_recorded_as_it_is():
    check(filled, RNG.normal(size=3), RNG.normal(size=2), wrt="A,c")
    body = text(filled, wrt="A,c", shapes="A=(n,), c=(k,)")
    assert ".copy()" not in body and "total += z @ z" in body


def written_on(A, c):
    total = 0.0
    z = np.zeros(len(A))
    for k in range(len(c)):
        for i in range(len(A)):
            z[i] = c[k] * A[i] ** 2
        total += z @ z
    z[0] = 1.0
    return total + z[0]


def test_what_is_written_again_is_recorded_as_a_copy():
    check(written_on, RNG.normal(size=3), RNG.normal(size=2), wrt="A,c")
    assert "z.copy()" in text(written_on, wrt="A,c", shapes="A=(n,), c=(k,)")


def windows(x, w):
    out = np.zeros(len(x) - 2)
    for i in range(out.shape[0]):
        out[i] = np.sum(x[i : i + 3] * w)
    out = np.maximum(out, 0.0)
    return np.sum(out**2)


def test_nothing_is_copied_for_its_size():
    check(windows, RNG.normal(size=7), RNG.normal(size=3), wrt="x,w")
    assert ".copy()" not in text(windows, wrt="x,w", shapes="x=(n,), w=(3,)")


def springs(x, edges, rest):
    total = 0.0
    for (i, j), length in zip(edges, rest, strict=True):
        total += (np.linalg.norm(x[i] - x[j]) - length) ** 2
    return total


def test_rows_that_a_loop_unpacks_are_unpacked_in_its_head():
    edges = np.array([[0, 1], [1, 2], [0, 2]])
    check(springs, RNG.normal(size=(3, 2)), edges, np.ones(3), wrt="x,rest")
    body = text(springs, wrt="x,rest", shapes="x=(n, 2), edges=int(m, 2), rest=(m,)")
    assert "for (i, j), length in zip(edges, rest" in body and "x_bar[i] += " in body


def polynomials(c, x):
    T = [1.0, x]
    for k in range(2, len(c)):
        T.append(2.0 * x * T[k - 1] - T[k - 2])
    total = 0.0
    for k in range(len(c)):
        total += c[k] * T[k]
    return total


def test_items_behind_a_counter_are_read_as_the_user_wrote_it():
    check(polynomials, RNG.normal(size=5), 0.3, wrt="c,x")
    body = text(polynomials, wrt="c", shapes="c=(n,), x=()")
    assert "T.append(2.0 * x * T[k - 1] - T[k - 2])" in body and "%" not in body and "len(T)" not in body


def long_body(count):
    """A loop with a long body, all of which the way back reads."""
    lines = [f"        a = np.sin(a * x[i]) + {k}.5" for k in range(count)]
    head = ["def f(x):", "    s, a = 0.0, 1.0", "    for i in range(len(x)):"]
    return "\n".join([*head, *lines, "        s += a", "    return s", ""])


def test_the_body_of_a_loop_takes_steps_in_proportion_to_its_length(tmp_path):
    short, again, long = (
        programs.loaded("import numpy as np\n" + long_body(n), str(tmp_path), f"body_{i}")
        for i, n in enumerate((30, 30, 120))
    )
    calls_of(short)  # imports, and what is found out once
    assert calls_of(long) < 5.5 * calls_of(again)


@pytest.mark.parametrize("name", ["hmm", "soft_dtw", "wave", "kalman", "predator_prey"])
def test_no_heading_stands_twice_in_a_row(name):
    lines = (GENERATED / f"{name}_grad.py").read_text().splitlines()
    headings = [line.strip() for line in lines if re.match(r" +# \w.* [-+*/]?= ", line)]
    assert not [a for a, b in itertools.pairwise(headings) if a == b]
