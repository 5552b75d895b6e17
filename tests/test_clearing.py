"""Cotangents at places that are written once: no zero that nobody reads, `=` where nothing was added before."""

import random

import pytest

from gradgen import clearing
from tests.test_lasting import check

RANGES = ("range(2, n - 2)", "range(n - 3, 1, -1)", "range(2, n - 2, 2)", "range(n - 3, 1, -2)", "range(2, 2 + n % 5)")
INNER = (*RANGES, "range(2, i)", "range(i, n - 2)", "range(i - 1, 1, -1)", "range(2, i + 1)")


def program(seed):
    """A function that fills an array, or a table, in loops, at places that may meet."""
    draw = random.Random(seed)
    table, nested = draw.random() < 0.4, draw.random() < 0.5
    counters = "ij" if nested or table else "i"

    def place():
        if draw.random() < 0.15:
            return draw.choice(("0", "2", "n - 1", "-1", "k"))
        return f"{draw.choice(counters)}{draw.choice(('', ' + 1', ' - 1', ' - 2', ' + 2'))}"

    def at(name):
        if name == "D":
            return f"D[{place()}, {place()}]"
        form = draw.choice(("{}",) * 4 + ("{} : {} + 1", ": {}"))
        return f"{name}[{form.format(*[place()] * form.count('{}'))}]" if draw.random() < 0.2 else f"{name}[{place()}]"

    name = "D" if table else "y"

    def write():
        read, x = at(name), f"x[{place()}]"
        into = at(name)
        values = (f"np.sin({read}) * {x}", f"{x} ** 2", f"0.5 * {read} + {x} * {x}", read)
        return f"{into} {draw.choice(('=', '=', '=', '+=', '*='))} np.sum({draw.choice(values)})"

    def body(depth):
        lines = [write()]
        if draw.random() < 0.3:
            sign, limit = draw.choice(("==", "!=", "<")), draw.choice(("3", "k", counters[-1]))
            lines = [f"if {counters[0]} {sign} {limit}:", f"    {lines[0]}", "else:", f"    {write()}"]
        if draw.random() < 0.3:
            lines.append(write())
        return [f"{'    ' * depth}{line}" for line in lines]

    begins = {"D": ("np.zeros((n, n))", "np.outer(x, x)", "np.ones((n, n))"), "y": ("np.zeros(n)", "x * 1.0")}
    lines = ["k = n // 2", f"{name} = {draw.choice(begins[name])}"]
    for _ in range(draw.choice((1, 1, 2))):
        if draw.random() < 0.3:
            lines.append(f"y[{draw.choice(('0', '1', 'n - 1'))}] = x[1]" if name == "y" else "D[0, 0] = x[0]")
        lines.append(f"for i in {draw.choice(RANGES)}:")
        lines += [f"    for j in {draw.choice(INNER)}:", *body(2)] if len(counters) > 1 else body(1)
    ends = (f"np.sum({name} * {name})", f"np.sum({name}[2] * {name}[n - 3])", f"np.sum({name}[-1] ** 2)")
    return "\n".join([*lines, f"return {draw.choice(ends)} + np.sum(x)"])


@pytest.mark.parametrize("seed", range(120))
def test_random_places(seed):
    check(program(seed), 8)


def failures(seeds):
    """How many programs get a wrong gradient."""
    count = 0
    for seed in seeds:
        try:
            check(program(seed), 8)
        except AssertionError:
            count += 1
    return count


@pytest.mark.parametrize("proof", ["_is_seen", "_is_first"])
def test_a_proof_that_always_succeeds_is_caught(proof, monkeypatch):
    monkeypatch.setattr(clearing, proof, lambda node, ways: proof == "_is_first")
    assert failures(range(40)) > 3


@pytest.mark.parametrize("proof", ["never_meet", "is_past"])
def test_so_is_half_a_proof(proof, monkeypatch):
    monkeypatch.setattr(clearing, proof, lambda *args, **options: True)
    assert failures(range(40)) > 3


def test_a_recurrence_clears_nothing():
    body = "y = np.zeros(n)\ny[0] = x[0]\nfor i in range(1, n):\n    y[i] = np.sin(y[i - 1]) * x[i]\nreturn y @ y"
    text = check(body)
    assert "= 0.0" not in text and "x_bar[i] = " in text, text


def test_what_is_read_after_the_loop_is_another_place():
    body = "y = np.zeros(n)\ny[0] = x[0] ** 2\nfor i in range(1, n):\n    y[i] = y[i - 1] * x[i]\nreturn y[n - 1]"
    assert "y_bar[i] = 0.0" not in check(body)


def test_a_place_that_is_written_twice_is_cleared():
    body = "y = x * 1.0\nfor i in range(1, n):\n    y[i] = np.sin(y[i - 1]) * x[i]\nreturn y @ y"
    assert "y_bar[i] = 0.0" in check(body)


def test_an_array_of_each_step_of_an_outer_loop():
    body = """\
total = 0.0
for k in range(3):
    z = np.zeros(n)
    for i in range(n):
        z[i] = x[i] * x[k] - np.sum(z[:i])
    total += z @ z
return total"""
    text = check(body)
    assert "= 0.0\n" not in text.split("Backward")[1].replace("total_bar = 0.0\n", ""), text


def test_parts_that_do_not_overlap_are_assigned():
    text = check("a, b, c = x[0], x[1], x[2]\nreturn a * b * c")
    assert text.count("+=") == 0, text
    text = check("return np.sum(x[:2] ** 2) * np.sum(x[2:4] ** 3)")
    assert text.count("+=") == 0, text
