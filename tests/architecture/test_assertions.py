"""Every test can fail by a statement of its own, or of something it calls that is there to judge."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

TESTS = Path(__file__).parents[1]
JUDGES = frozenset({"raises", "warns", "fail"})
"""Of pytest."""
Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def called(node: ast.AST) -> set[str]:
    """The names of what is called somewhere in it."""
    functions = [each.func for each in ast.walk(node) if isinstance(each, ast.Call)]
    return {each.attr for each in functions if isinstance(each, ast.Attribute)} | {
        each.id for each in functions if isinstance(each, ast.Name)
    }


def judges(node: ast.AST) -> bool:
    """Whether it asserts by itself."""
    return any(isinstance(each, ast.Assert) for each in ast.walk(node)) or bool(called(node) & JUDGES)


def functions(path: Path) -> Iterator[Function]:
    """Those of a module, and of its classes."""
    for node in parsed(path).body:
        for each in node.body if isinstance(node, ast.ClassDef) else [node]:
            if isinstance(each, Function):
                yield each


@cache
def judging(path: Path) -> frozenset[str]:
    """What in a module asserts, or calls what does."""
    known = {each.name for each in functions(path) if judges(each)}
    more = {each.name for each in functions(path) if called(each) & known}
    return frozenset(known | more)


def helpers(path: Path) -> frozenset[str]:
    """What asserts in a test's own module and in the modules of tests that it imports."""
    found = judging(path)
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "tests":
            place = TESTS.parent.joinpath(*node.module.split("."))
            candidates = [place.with_suffix(".py"), *(place / f"{name.name}.py" for name in node.names)]
            for module in candidates:
                found |= judging(module) if module.is_file() else frozenset()
    return found


def bare(path: Path) -> list[str]:
    """The tests of a module that assert nothing."""
    tests = [each for each in functions(path) if each.name.startswith("test_")]
    return [test.name for test in tests if not judges(test) and not called(test) & helpers(path)]


def test_every_test_asserts_something() -> None:
    files = sorted(TESTS.rglob("test_*.py"))
    assert len(files) > 300
    assert {str(path.relative_to(TESTS)): bare(path) for path in files if bare(path)} == {}


def test_a_test_that_asserts_nothing_is_found(tmp_path: Path) -> None:
    path = tmp_path / "test_it.py"
    lines = [
        "def helper(): assert True",
        "def test_bare(): print(1)",
        "def test_helped(): helper()",
        "def test_raising():",
        "    with pytest.raises(ValueError): int('x')",
        "class TestIt:",
        "    def test_method(self): int('1')",
    ]
    path.write_text("\n".join(lines), "utf-8")
    assert bare(path) == ["test_bare", "test_method"]
