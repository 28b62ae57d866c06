"""Our own source as house tests see it: modules with their rooms, trees and imports."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Literal

REPOSITORY = Path(__file__).parents[2]
CORE = "hay_say_lab"
VERSION = f"{CORE}.__version__"

IGNORED = {
    ".git", ".hypothesis", ".ipynb_checkpoints", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".venv", "__pycache__",
    "build", "dist", "node_modules", "static",
}  # fmt: skip

Where = Literal["top", "function", "typing"]


@dataclass(frozen=True)
class Import:
    """One imported module: its full name, the line, and whether it runs at import, in a call, or never (typing)."""

    target: str
    line: int
    where: Where


@dataclass(frozen=True)
class Module:
    """One Python file. `name` is dotted; `package` is the distribution's package it belongs to."""

    path: Path
    name: str

    @property
    def package(self) -> str:
        return self.name.partition(".")[0]

    @property
    def room(self) -> str:
        """The core's room (second part of the name), '' for its root; 'architectures' for every plugin."""
        return (self.name.split(".") + [""])[1] if self.package == CORE else "architectures"

    @property
    def place(self) -> str:
        return self.path.relative_to(REPOSITORY).as_posix()

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, str(self.path))

    def imports(self) -> Iterator[Import]:
        yield from _imports(self.tree, "top", self)


def _imports(node: ast.AST, where: Where, module: Module) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            for alias in child.names:
                yield Import(alias.name, child.lineno, where)
        elif isinstance(child, ast.ImportFrom):
            yield from _from_import(child, where, module)
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            for statement in child.body:
                yield from _imports(ast.Module([statement], []), "typing", module)
            yield from _imports(ast.Module(child.orelse, []), where, module)
        else:
            in_function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from _imports(child, "function" if in_function else where, module)


def _from_import(node: ast.ImportFrom, where: Where, module: Module) -> Iterator[Import]:
    """`from a import b` names the module a.b where there is one, else a; the version counts as a module."""
    base = node.module or ""
    if node.level:
        package = module.name if module.path.name == "__init__.py" else module.name.rpartition(".")[0]
        for _ in range(node.level - 1):
            package = package.rpartition(".")[0]
        base = f"{package}.{base}".rstrip(".")
    for alias in node.names:
        inner = f"{base}.{alias.name}"
        yield Import(inner if inner in _names() or inner == VERSION else base, node.lineno, where)


@cache
def modules() -> tuple[Module, ...]:
    """Every Python module that is ours and no test: the core, the architectures, the tests' own plugins."""
    packages = [
        REPOSITORY / CORE,
        *sorted(REPOSITORY.glob("architectures/*/hay_say_*")),
        *sorted(REPOSITORY.glob("tests/plugins/*/hay_say_*")),
    ]
    return tuple(
        Module(path, _dotted(path.relative_to(package.parent)))
        for package in packages
        for path in sorted(package.rglob("*.py"))
    )


def core() -> tuple[Module, ...]:
    return tuple(module for module in modules() if module.package == CORE)


def tests() -> tuple[Module, ...]:
    """Every Python file of the tests: ours, and the architectures'."""
    paths = [*REPOSITORY.glob("tests/**/*.py"), *REPOSITORY.glob("architectures/*/tests/**/*.py")]
    return tuple(
        Module(path, _dotted(path.relative_to(REPOSITORY)))
        for path in sorted(paths)
        if "plugins" not in path.relative_to(REPOSITORY).parts
    )


@cache
def tracked_files() -> tuple[Path, ...]:
    """Every file that is in git or would be added by `git add .`; without git, every file in no ignored folder."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=REPOSITORY, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if listed.returncode == 0:
        found = [REPOSITORY / name for name in listed.stdout.split("\0") if name]
    else:
        found = [path for path in REPOSITORY.rglob("*") if not IGNORED & set(path.relative_to(REPOSITORY).parts)]
    return tuple(path for path in sorted(found) if path.is_file())


def docstrings(tree: ast.Module) -> set[int]:
    """The ids of the constant nodes that are docstrings."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                found.add(id(first.value))
    return found


@cache
def _names() -> frozenset[str]:
    return frozenset(module.name for module in modules())


def _dotted(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
