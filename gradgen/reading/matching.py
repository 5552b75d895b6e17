"""`match` as `if` statements: a pattern is a number of conditions, and names that it gives to parts of the subject."""

from __future__ import annotations

import ast
import collections.abc
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..terms import Static, Term
from .rewriting import name, placed

WHOLE = (bool, bytearray, bytes, dict, float, frozenset, int, list, set, str, tuple)
"""Classes whose pattern with one part means the subject itself by it."""


@dataclass
class Pattern:
    """tests: what must hold, in order. given: the names that are bound then, and what to."""

    tests: list[ast.expr] = field(default_factory=list)
    given: list[tuple[str, ast.expr]] = field(default_factory=list)

    def with_part(self, part: Pattern) -> None:
        self.tests += part.tests
        self.given += part.given


@dataclass
class Matching:
    """Reads patterns. known: what an expression denotes, where that is known. hidden: a name for a term."""

    known: Callable[[ast.expr], Any]
    hidden: Callable[[Term], ast.Name]

    def branches(self, node: ast.Match, subject: ast.expr) -> list[ast.stmt] | None:
        """The statement in other words; None where a pattern is not followed."""
        made: list[ast.stmt] = []
        for case in reversed(node.cases):
            found = self.pattern(subject, case.pattern)
            if found is None:
                return None
            given = [ast.Assign([name(word, store=True)], value) for word, value in found.given]
            guard = [case.guard] if case.guard is not None else []
            before: list[ast.stmt] = []
            if given and guard:  # the names are bound before it is asked, and stay so
                before = [ast.If(_all(found.tests), [*given], [])]
                given = []
            tests = [*found.tests, *guard]
            made = [*before, ast.If(_all(tests), [*given, *case.body], made)]
            made = [placed(part, case.pattern) for part in made]
        return made

    def pattern(self, subject: ast.expr, pattern: ast.pattern) -> Pattern | None:
        """What a pattern asks of an expression; None where that is not followed."""
        match pattern:
            case ast.MatchValue(value=value):
                return Pattern([ast.Compare(subject, [ast.Eq()], [value])])
            case ast.MatchSingleton(value=constant):
                return Pattern([ast.Compare(subject, [ast.Is()], [ast.Constant(constant)])])
            case ast.MatchAs(pattern=inner, name=word):
                found = Pattern() if inner is None else self.pattern(subject, inner)
                if found is not None and word is not None:
                    found.given.append((word, subject))
                return found
            case ast.MatchOr(patterns=patterns):
                parts = [self.pattern(subject, part) for part in patterns]
                if any(part is None or part.given for part in parts):
                    return None
                return Pattern([ast.BoolOp(ast.Or(), [_all(part.tests) for part in parts if part is not None])])
            case ast.MatchSequence(patterns=patterns):
                return self._sequence(subject, patterns)
            case ast.MatchMapping(keys=keys, patterns=patterns, rest=None):
                tests: list[ast.expr] = [_isinstance(subject, name("dict"))]
                tests += [ast.Compare(key, [ast.In()], [subject]) for key in keys]
                return self._of_parts(tests, [(ast.Subscript(subject, k, ast.Load()), p)
                                              for k, p in zip(keys, patterns, strict=True)])  # fmt: skip
            case ast.MatchClass():
                return self._of_class(subject, pattern)
        return None

    def _sequence(self, subject: ast.expr, patterns: list[ast.pattern]) -> Pattern | None:
        sequence = self.hidden(Static(name("tuple"), collections.abc.Sequence))
        text = ast.Tuple([name("str"), name("bytes"), name("bytearray")], ast.Load())
        stars = [i for i, part in enumerate(patterns) if isinstance(part, ast.MatchStar)]
        length = ast.Call(name("len"), [subject], [])
        count = ast.Constant(len(patterns) - len(stars))
        tests: list[ast.expr] = [
            _isinstance(subject, sequence),
            ast.UnaryOp(ast.Not(), _isinstance(subject, text)),
            ast.Compare(length, [ast.GtE() if stars else ast.Eq()], [count]),
        ]
        parts: list[tuple[ast.expr, ast.pattern]] = []
        for i, part in enumerate(patterns):
            behind = len(patterns) - i
            if isinstance(part, ast.MatchStar):
                stop = _number(1 - behind) if behind > 1 else None
                rest = ast.Subscript(subject, ast.Slice(_number(i), stop), ast.Load())
                parts.append((ast.Call(name("list"), [rest], []), ast.MatchAs(None, part.name)))
            else:
                place = _number(-behind if stars and i > stars[0] else i)
                parts.append((ast.Subscript(subject, place, ast.Load()), part))
        return self._of_parts(tests, parts)

    def _of_class(self, subject: ast.expr, pattern: ast.MatchClass) -> Pattern | None:
        cls = self.known(pattern.cls)
        if not isinstance(cls, type):
            return None
        named = list(zip(pattern.kwd_attrs, pattern.kwd_patterns, strict=True))
        parts: list[tuple[ast.expr, ast.pattern]] = []
        if cls in WHOLE and len(pattern.patterns) == 1:
            parts.append((subject, pattern.patterns[0]))
        else:
            places = getattr(cls, "__match_args__", ())
            if len(places) < len(pattern.patterns):
                return None
            named = [*zip(places, pattern.patterns, strict=False), *named]
        parts += [(ast.Attribute(subject, word, ast.Load()), part) for word, part in named]
        return self._of_parts([_isinstance(subject, pattern.cls)], parts)

    def _of_parts(self, tests: list[ast.expr], parts: list[tuple[ast.expr, ast.pattern]]) -> Pattern | None:
        found = Pattern(tests)
        for expression, pattern in parts:
            inner = self.pattern(expression, pattern)
            if inner is None:
                return None
            found.with_part(inner)
        return found


def _all(tests: list[ast.expr]) -> ast.expr:
    """That all of them hold."""
    return ast.Constant(True) if not tests else tests[0] if len(tests) == 1 else ast.BoolOp(ast.And(), tests)


def _isinstance(subject: ast.expr, cls: ast.expr) -> ast.expr:
    return ast.Call(name("isinstance"), [subject, cls], [])


def _number(i: int) -> ast.expr:
    return ast.Constant(i) if i >= 0 else ast.UnaryOp(ast.USub(), ast.Constant(-i))
