"""Every file and every test function of a folder is accounted for: what Python reads there is what pytest collected."""

from __future__ import annotations

import ast
import warnings
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from readiness.core.errors import Problem
from readiness.core.text import one_line
from readiness.custom.conversation import Collected

_USUAL = "test"
_NAMES = "name its file test_<what>.py, its class Test<What>, and let no pytest.ini or conftest leave it out"
_ALWAYS_TRUE = "asserts a tuple, which is always true", "take the brackets away: assert condition, message"
_FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Written:
    """A test function as it is written: its scope `file::Class::function`, and the branches it stands in."""

    scope: str
    node: _FUNCTION
    branches: Mapping[int, str]
    classes: tuple[ast.ClassDef, ...]

    @property
    def line(self) -> int:
        """The line of its first decorator, as Python counts it, or its own."""
        return min([self.node.lineno, *(decorator.lineno for decorator in self.node.decorator_list)])

    def instead_of(self, other: Written) -> bool:
        """Whether it stands where the other one cannot be: in another branch of one statement."""
        return any(other.branches.get(key, branch) != branch for key, branch in self.branches.items())


def mistakes(files: Mapping[str, bytes], folder: str, place: Path, collected: Collected) -> list[Problem]:
    """What collecting found wrong, each test that is written below the folder and not collected, files without any."""
    broken = {problem.file for problem in collected.problems}
    whole = str(place / folder) not in broken
    problems: list[Problem] = []
    unread: set[str] = set()
    scopes = {test["scope"] for test in collected.tests}
    codes = {test["code"] for test in collected.tests}
    patterns = (_USUAL, *collected.functions)
    with_tests = {scope.split("::")[0] for scope in scopes}
    for name, data in files.items():
        if not (name.startswith(f"{folder}/") and name.endswith(".py")):
            continue
        file = str(place / name)
        try:
            with warnings.catch_warnings(action="ignore"):
                tree = ast.parse(data)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            line, column = (error.lineno or 0, error.offset or 0) if isinstance(error, SyntaxError) else (0, 0)
            message = f"does not load: {one_line(str(error.args[0] if error.args else error))}"
            problems.append(Problem(file, line, column, message, "mend or remove it"))
            unread.add(file)
            continue
        if file in broken or not whole:
            continue
        written = [test for test in _tests(name, tree.body, patterns) if test.scope.count("::")]
        problems += [Problem(file, node.lineno, node.col_offset + 1, *_ALWAYS_TRUE) for node in _always_true(tree)]
        lost = list(_lost(name, written, scopes, codes))
        problems += [Problem(file, test.line, test.node.col_offset + 1, *words) for test, words in lost]
        if name in collected.files and name not in with_tests and not lost:
            hint = "name its tests test_..., or remove it"
            problems.append(Problem(file, 0, 0, "no test of it is collected", hint))
    problems += [problem for problem in collected.problems if problem.file not in unread]
    if not collected.tests and not problems:
        hint = "files and tests are named test_..."
        problems.append(Problem(str(place / folder), 0, 0, "no test is collected", hint))
    return problems


def _always_true(tree: ast.Module) -> Iterator[ast.Assert]:
    """Assertions that cannot fail, whatever they look at; of those in brackets pytest only warns."""
    return (
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Assert) and isinstance(node.test, ast.Tuple) and node.test.elts
    )


def _tests(
    scope: str,
    body: Sequence[ast.stmt],
    patterns: Sequence[str],
    branches: Mapping[int, str] | None = None,
    classes: tuple[ast.ClassDef, ...] = (),
) -> Iterator[Written]:
    """The test functions among statements, in classes and under conditions, and not those within functions."""
    for node in body:
        if isinstance(node, _FUNCTION):
            if _is_named(node.name, patterns) and not _is_fixture(node):
                yield Written(f"{scope}::{node.name}", node, branches or {}, classes)
        elif isinstance(node, ast.ClassDef):
            yield from _tests(f"{scope}::{node.name}", node.body, patterns, branches, (*classes, node))
        else:
            for branch, statements in _branches(node):
                inner = {**(branches or {}), id(node): branch} if branch else branches
                yield from _tests(scope, statements, patterns, inner, classes)


def _branches(node: ast.stmt) -> Iterator[tuple[str, Sequence[ast.stmt]]]:
    """The statements within one, with a name for those that are run in place of each other."""
    match node:
        case ast.If():
            yield from (("if", node.body), ("else", node.orelse))
        case ast.Try() | ast.TryStar():
            yield "try", [*node.body, *node.orelse]
            yield from ((f"except {number}", handler.body) for number, handler in enumerate(node.handlers))
            yield "", node.finalbody
        case ast.Match():
            yield from ((f"case {number}", case.body) for number, case in enumerate(node.cases))
        case ast.For() | ast.While() | ast.AsyncFor():
            yield "", [*node.body, *node.orelse]
        case ast.With() | ast.AsyncWith():
            yield "", node.body


def _is_named(name: str, patterns: Sequence[str]) -> bool:
    return any(name.startswith(pattern) or fnmatchcase(name, pattern) for pattern in patterns)


def _is_fixture(node: _FUNCTION) -> bool:
    names = (decorator.func if isinstance(decorator, ast.Call) else decorator for decorator in node.decorator_list)
    return any(ast.unparse(name).split(".")[-1].endswith("fixture") for name in names)


def _lost(
    file: str, written: Sequence[Written], scopes: set[str], codes: set[str]
) -> Iterator[tuple[Written, tuple[str, str]]]:
    """Those that were not collected, each with what is wrong and what would be right."""
    by_scope: dict[str, list[Written]] = defaultdict(list)
    for test in written:
        by_scope[test.scope].append(test)
    for tests in by_scope.values():
        there = [test for test in tests if f"{file}:{test.line}" in codes]
        if not there and tests[0].scope in scopes:  # behind a decorator that does not say what it wraps
            there = tests[-1:]
        for test in tests:
            if test in there or any(test.instead_of(other) for other in there):
                continue
            yield test, _wrong(test, there)


def _wrong(test: Written, there: Sequence[Written]) -> tuple[str, str]:
    name = test.scope.split("::", 1)[1].replace("::", ".")
    if there:
        return f"{name} is defined again at line {there[-1].line}, and never run", "give each test a name of its own"
    message = f"{name} is not collected"
    for node in test.classes:
        for statement in node.body:
            if isinstance(statement, _FUNCTION) and statement.name in {"__init__", "__new__"}:
                return message, f"take {statement.name} away from class {node.name}: pytest passes over such classes"
            if isinstance(statement, ast.Assign) and ast.unparse(statement) == "__test__ = False":
                return message, f"take `__test__ = False` away from class {node.name}"
    return message, _NAMES
