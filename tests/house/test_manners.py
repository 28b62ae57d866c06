"""How our code reads: small files, no prints, no nets that catch everything, no shell, no drawer for leftovers."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.source import CORE, REPOSITORY, Module, modules, tracked_files

MOST_LINES = 400

# Names that say nothing about what lies inside.
DRAWERS = {"base", "common", "core", "helper", "helpers", "lib", "misc", "util", "utils", "manager2", "stuff", "tools"}

# The room that may print: the command line, whose output is its work.
PRINTER = "cli"

# Edges at which anything at all may come up and must become a value: (file, function) -> why.
EDGES: dict[tuple[str, str], str] = {
    ("hay_say_lab/cli/__init__.py", "_perform"): "a fault of ours gives people a sentence, and the log the trace",
    ("hay_say_lab/engine/carrier.py", "carry"): "a fault of ours fails one job and frees its seat; the log keeps the trace",
    ("hay_say_lab/engine/engine.py", "_try"): "a job that cannot even be looked at is refused; the queue goes on without it",
    ("hay_say_lab/engine/imports.py", "_carry"): "a fault of ours fails one import; the log keeps the trace",
    ("hay_say_lab/registry/architectures.py", "_read"): "a stranger's manifest is imported; the others must go on",
    ("hay_say_lab/storage/database.py", "_commit"): "what a commit raises belongs to all who wait for it",
    ("hay_say_lab/storage/database.py", "_at_once"): "who of a group raised is found out one by one",
    ("hay_say_lab/storage/database.py", "_one_by_one"): "what a write raises belongs to the thread that asked for it",
    ("hay_say_lab/worker/convert.py", "_loaded"): "whatever a stranger's checkpoint makes torch raise is a refusal",
    ("hay_say_lab/worker/process.py", "_load"): "a stranger's runtime; the host gets what it raises as a frame",
    ("hay_say_lab/worker/process.py", "_run"): "a stranger's runtime; the host gets what it raises as a frame",
}


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _functions(tree: ast.AST, name: str = "") -> Iterator[tuple[str, ast.AST]]:
    """Every node below `tree` with the name of the innermost function around it ('' at module level)."""
    for child in ast.iter_child_nodes(tree):
        inner = child.name if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) else name
        yield inner, child
        yield from _functions(child, inner)


def _is_net(node: ast.AST) -> bool:
    """Whether a node catches everything: a bare or broad `except`, or a broad `suppress`."""
    if isinstance(node, ast.ExceptHandler):
        caught = {"BaseException"} if node.type is None else {ast.unparse(part) for part in ast.walk(node.type)}
    elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("suppress", "contextlib.suppress"):
        caught = {ast.unparse(argument) for argument in node.args}
    else:
        return False
    return bool(caught & {"Exception", "BaseException"})


def _broad_catches(module: Module) -> Iterator[tuple[str, int]]:
    """(function, line) of every net."""
    for function, node in _functions(module.tree):
        if isinstance(node, ast.ExceptHandler | ast.Call) and _is_net(node):
            yield function, node.lineno


def test_nothing_prints_but_the_command_line() -> None:
    complaints = [
        f"{module.place}:{call.lineno}"
        for module in modules()
        if module.room != PRINTER
        for call in _calls(module.tree)
        if isinstance(call.func, ast.Name) and call.func.id == "print"
    ]
    assert not complaints, f"print() outside the command line: {complaints}"


def test_no_net_catches_everything_but_at_a_named_edge() -> None:
    complaints = [
        f"{module.place}:{line} in {function or 'the module'}"
        for module in modules()
        for function, line in _broad_catches(module)
        if (module.place, function) not in EDGES
    ]
    assert not complaints, "bare or broad except:\n" + "\n".join(complaints)


def test_every_named_edge_is_still_there() -> None:
    found = {(module.place, function) for module in modules() for function, _ in _broad_catches(module)}
    assert set(EDGES) <= found, f"no longer needed: {sorted(set(EDGES) - found)}"


def test_no_command_goes_through_a_shell() -> None:
    complaints = [
        f"{module.place}:{call.lineno}"
        for module in modules()
        for call in _calls(module.tree)
        if ast.unparse(call.func) in ("os.system", "os.popen")
        or any(
            keyword.arg == "shell" and not (isinstance(keyword.value, ast.Constant) and keyword.value.value is False)
            for keyword in call.keywords
        )
    ]
    assert not complaints, f"through a shell: {complaints}"


def test_no_file_is_longer_than_its_second_noun() -> None:
    made = {REPOSITORY / "labextension/src/api/types.ts"}       # from the OpenAPI document, as long as that is
    written = [path for path in tracked_files() if path.suffix in (".py", ".ts", ".mjs", ".css", ".sh") and path not in made]
    long = {
        path.relative_to(REPOSITORY).as_posix(): lines
        for path in written
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > MOST_LINES
    }
    assert not long, f"more than {MOST_LINES} lines; find the second noun: {long}"


def test_no_module_is_a_drawer_for_leftovers() -> None:
    places = [path.relative_to(REPOSITORY) for path in tracked_files() if path.suffix in (".py", ".ts")]
    inside = [place for place in places if place.parts[0] in (CORE, "architectures", "labextension", "tests")]
    complaints = [str(place) for place in inside if DRAWERS & {Path(part).stem for part in place.parts}]
    assert not complaints, f"names that say nothing: {complaints}"


def test_importing_starts_nothing_and_writes_nothing() -> None:
    """At module level no thread or process starts, no environment variable changes, no log handler is set up."""
    banned = ("os.environ.setdefault", "os.environ.update", "os.putenv", "logging.basicConfig", "subprocess.run",
              "subprocess.Popen", "threading.Thread", "warnings.filterwarnings", "np.random.seed")  # fmt: skip
    complaints = []
    for module in modules():
        for function, node in _functions(module.tree):
            if function:
                continue
            if isinstance(node, ast.Call) and ast.unparse(node.func) in banned:
                complaints.append(f"{module.place}:{node.lineno}: {ast.unparse(node.func)}")
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]).startswith("os.environ["):
                complaints.append(f"{module.place}:{node.lineno}: sets an environment variable")
    assert not complaints, "\n".join(complaints)


@pytest.mark.parametrize(
    "code",
    [
        "def work():\n    try:\n        go()\n    except Exception:\n        pass",
        "def work():\n    try:\n        go()\n    except:\n        pass",
        "def work():\n    try:\n        go()\n    except (OSError, BaseException):\n        pass",
        "def work():\n    with contextlib.suppress(Exception):\n        go()",
    ],
)
def test_the_check_knows_a_broad_net(code: str, tmp_path: Path) -> None:
    path = tmp_path / "work.py"
    path.write_text(code)
    assert [function for function, _ in _broad_catches(Module(path, "hay_say_lab.work"))] == ["work"]
