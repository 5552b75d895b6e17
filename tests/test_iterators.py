"""Iterators in other words: right, or refused where what they give is not what a list would hold."""

# ruff: noqa: B905, C408, C417, RUF007 -- as people write them
import functools
import itertools
import operator

import numpy as np
import pytest

import gradgen
from tests.test_programs import load_alone

X = np.array([0.7, 0.4, 1.9])


def greatest_of_two(x):
    return max(x[0], x[1], key=lambda v: -v) * 3


def greatest_by_key(x):
    ys = [x[0] * 2, x[1] ** 2, x[2]]
    return max(ys, key=lambda v: abs(v - 1))


def least_by_key(x):
    ys = [x[i] ** 2 for i in range(len(x))]
    return min(ys, key=lambda v: v)


def sorted_numbers(x):
    ys = sorted([x[0] * 2, x[1], x[2]])
    return ys[0] + 2 * ys[1] + 5 * ys[2]


def sorted_backwards(x):
    ys = sorted([x[0] * 2, x[1], x[2]], reverse=True)
    return ys[0] + 2 * ys[1] + 5 * ys[2]


def sorted_tuples(x):
    ps = sorted([(x[0], x[1]), (x[1], x[2]), (x[2], x[0])], key=lambda p: p[0])
    t = 0.0
    for i, (a, b) in enumerate(ps):
        t += i * a * b
    return t


def any_of_them(x):
    if any(v > 1 for v in x):
        return np.sum(x)
    return np.sum(x**2)


def all_of_them(x):
    if all(v > -5 for v in x):
        return np.sum(x**3)
    return np.sum(x**2)


def summed_from(x):
    return sum((v**2 for v in x), 1.0)


def summed_map(x):
    return sum(map(lambda v: v**2, x))


def summed_filter(x):
    return sum(filter(lambda v: v > 0, x))


def loop_over_filter(x):
    t = 0.0
    for v in filter(lambda v: v > 0, x):
        t += v * v
    return t


def loop_over_map(x):
    t = 0.0
    for v in map(lambda v: v * v, x):
        t += v
    return t


def product_of_arrays(x):
    t = 0.0
    for a, b in itertools.product(x, x):
        t += a * b**2
    return t


def chained(x):
    t = 0.0
    for a in itertools.chain(x, x[1:]):
        t += a**2
    return t


def named_once(x):
    g = (v**2 for v in x)
    return sum(g)


def named_and_looped(x):
    g = (v**2 for v in x)
    t = 0.0
    for v in g:
        t += v * 2
    return t


def generator(x):
    def gen(n):
        for i in range(n):
            yield x[i] ** 2

    t = 0.0
    for v in gen(3):
        t += v
    return t


def generator_summed(x):
    def gen(n):
        a = 1.0
        for i in range(n):
            a = a * x[i]
            yield a

    return sum(gen(3))


def reduced_generator(x):
    return functools.reduce(operator.mul, (v + 1 for v in x), 1.0)


def accumulated(x):
    t = 0.0
    for a, b in zip(x, itertools.accumulate(x)):
        t += a * b
    return t


def place_of_the_greatest(x):
    i = max(range(len(x)), key=lambda i: x[i])
    return x[i] ** 2


def place_by_getitem(x):
    i = max(range(3), key=x.__getitem__)
    return x[i] ** 2


def extended(x):
    xs = []
    xs.extend(v**2 for v in x)
    return sum(xs)


def augmented(x):
    xs = [1.0]
    xs += [v**2 for v in x]
    return sum(xs) * xs[0]


def from_iter(x):
    return np.sum(np.fromiter((v**2 for v in x), float))


def dict_of_keywords(x):
    d = dict(a=x[0], b=x[1])
    return d["a"] * d["b"]


def dict_of_pairs(x):
    d = dict(zip(("a", "b"), (x[0], x[1])))
    return d["a"] * d["b"]


def counted(x):
    t = 0.0
    for i, a in zip(itertools.count(), x):
        t += i * a**2
    return t


def cycled(x):
    t = 0.0
    for a, s in zip(x, itertools.cycle((1.0, -1.0))):
        t += s * a**2
    return t


def repeated(x):
    t = 0.0
    for a, s in zip(x, itertools.repeat(2.0)):
        t += s * a**2
    return t


def starmapped(x):
    return sum(map(operator.mul, x, x[1:]))


def sorted_places(x):
    return sum(x[i] for i in sorted(range(3), key=lambda i: -i) if i > 0)


def mapped_operator(x):
    return sum(map(operator.mul, x, x))


def unpacked_generator(x):
    def gen():
        yield x[0]
        yield x[1] ** 2

    a, b = gen()
    return a * b


def generator_of_pairs(x):
    def pairs(v):
        for i in range(len(v) - 1):
            if v[i] > 0:
                yield v[i], v[i + 1]

    return sum(a * b for a, b in pairs(x))


def first_that_holds(x):
    return next(v for v in x if v > 0.5) ** 2


def named_generator(x):
    def gen():
        for v in x:
            yield v * v

    g = gen()
    return sum(g)


def named_zip(x):
    g = zip(x, x[1:])
    t = 0.0
    for a, b in g:
        t += a * b
    return t


def generator_of_arrays(x):
    def gen():
        a = x * 1.0
        for i in range(3):
            a = a * x[i]
            yield a

    return sum(np.sum(v) for v in gen())


def yielded_from(x):
    def walk(v):
        yield v[0]
        yield from v[1:] * 2

    return sum(walk(x))


def left_early(x):
    for v in (a for a in x if a > 0):
        if v > 0.3:
            break
    else:
        v = x[0]
    return v * v


def variables_apart(x):
    t = 0.0
    v = 5.0
    for w in (v * v for v in x):
        t += w * v
    return t


def starred_in_the_middle(x):
    xs = [1.0, *x, 2.0, *(v * v for v in x)]
    return xs[1] * xs[-1] + sum(xs) + max(0.0, *x) + len((*x, 1.0))


def along_the_axis(x):
    def scaled(v, power):
        return [v[0] ** power, v[1] * v[2]]

    return np.sum(np.apply_along_axis(scaled, 0, x, 3.0) ** 2)


def lists_joined(x):
    xs = [1.0] + list(x * 2.0)
    ys = xs + [v * v for v in x] + [2.0]
    return sum(ys) * ys[0] + ys[1] * ys[-2]


def sorted_generator(x):
    ys = sorted((v * v for v in x), reverse=True)
    zs = sorted((v for v in x if v > 0.5), key=lambda v: -v)
    return ys[0] * 3 + ys[2] + zs[0] * zs[1] + max((v for v in x), key=abs)


def by_key_or_default(x):
    return max((v * v for v in x), key=lambda v: -v) + min(x, key=lambda v: (v - 1) ** 2, default=3.0)


def gone_through_twice(x):
    g = (v**2 for v in x)
    a = sum(g)
    return a + sum(g)


def changed_between(x):
    c = 2.0
    g = (c * v**2 for v in x)
    c = 3.0
    return sum(g)


def inside_a_loop(x):
    g = map(lambda v: v * v, x)
    t = 0.0
    for a in x:
        for b in g:
            t += a * b
    return t


def written_meanwhile(x):
    y = x * 1.0

    def gen():
        for i in range(len(y)):
            yield y[i] * y[0]

    t = 0.0
    for v in gen():
        t += v
        y[0] = t
    return t


def rebound_meanwhile(x):
    k = 1.0

    def gen():
        for i in range(len(x)):
            yield k * x[i]

    t = 0.0
    for v in gen():
        t += v
        k = k + t
    return t


def writes_while_it_yields(x):
    def gen():
        a = x * 1.0
        for i in range(3):
            a *= x[i]
            yield a

    return sum(np.sum(v) for v in gen())


def returns_from_a_loop(x):
    def gen():
        i = 0
        while True:
            if i >= 3:
                return
            yield x[i]
            i += 1

    return sum(v * v for v in gen())


ACCEPTED = [
    greatest_of_two,
    greatest_by_key,
    least_by_key,
    sorted_numbers,
    sorted_backwards,
    sorted_tuples,
    any_of_them,
    all_of_them,
    summed_from,
    summed_map,
    summed_filter,
    loop_over_filter,
    loop_over_map,
    product_of_arrays,
    chained,
    named_once,
    named_and_looped,
    generator,
    generator_summed,
    reduced_generator,
    accumulated,
    place_of_the_greatest,
    place_by_getitem,
    extended,
    augmented,
    from_iter,
    dict_of_keywords,
    dict_of_pairs,
    counted,
    cycled,
    repeated,
    starmapped,
    sorted_places,
    mapped_operator,
    unpacked_generator,
    generator_of_pairs,
    first_that_holds,
    named_generator,
    named_zip,
    generator_of_arrays,
    yielded_from,
    left_early,
    variables_apart,
    starred_in_the_middle,
    sorted_generator,
    lists_joined,
    along_the_axis,
    by_key_or_default,
]
REFUSED = {
    gone_through_twice: "already",
    changed_between: "another value",
    inside_a_loop: "inside a loop",
    written_meanwhile: "writes arrays",
    rebound_meanwhile: "new value",
    writes_while_it_yields: "writes an array",
    returns_from_a_loop: "use `break`",
}


def slopes(f, x):
    return np.array([(f(x + e) - f(x - e)) / 2e-6 for e in 1e-6 * np.eye(len(x))])


@pytest.mark.parametrize("f", ACCEPTED, ids=lambda f: f.__name__)
def test_iterators_are_followed(f):
    wanted = slopes(f, X)
    np.testing.assert_allclose(gradgen.grad(f)(X), wanted, rtol=1e-6, atol=1e-9)
    for shapes in ("x=(n,)", "x=(3,)"):
        module = load_alone(gradgen.grad(f, shapes=shapes).source)
        np.testing.assert_allclose(module.__dict__[f"grad_{f.__name__}"](X), wanted, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("f", REFUSED, ids=lambda f: f.__name__)
def test_what_a_list_would_not_be_is_refused(f):
    with pytest.raises(gradgen.UnsupportedError, match=REFUSED[f]) as caught:
        gradgen.grad(f)(X)
    assert "^" in caught.value.render()


def said_by_both(x):
    total = 0.0
    for v in map(lambda v: print(v) or 2.0 * v, range(3)):
        print("taken")
        total = total + v * x[0]
    return total


def test_items_are_made_in_the_steps_that_take_them(capsys):
    said_by_both(X)
    wanted = capsys.readouterr().out
    gradgen.grad(said_by_both)(X)
    assert capsys.readouterr().out == wanted


def grouped(x):
    total = 1.0
    for k, group in itertools.groupby([1, 1, 2], key=lambda v: v):
        total = total * x[k] * len(list(group))
    return total


def test_groups_are_refused():
    with pytest.raises(gradgen.UnsupportedError, match="groups are gone through once"):
        gradgen.grad(grouped)(X)


def endless(x):
    def gen():
        i = 0
        while True:
            yield x[i]
            i += 1

    total = 0.0
    for v, _ in zip(gen(), range(3)):
        total = total + v
    return total


def test_a_generator_without_end_is_refused():
    with pytest.raises(gradgen.UnsupportedError, match="without end"):
        gradgen.grad(endless)(X)


def test_the_order_of_equal_keys_is_pythons():
    def f(x):
        pairs = sorted([(1.0, x[0]), (1.0, x[1]), (0.5, x[2])], key=lambda p: p[0], reverse=True)
        return sum(i * v * v for i, (_, v) in enumerate(pairs, 1)) + max(x[0], x[0] * 1.0, key=lambda v: 0.0)

    np.testing.assert_allclose(gradgen.grad(f)(X), slopes(f, X), rtol=1e-6)
