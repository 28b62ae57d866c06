"""The parameters of a notebook: what its cell tagged `parameters` assigns, and values that fit.

papermill's own inspection drops every line with a second '=' in it, so the cell is read as Python instead.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hay_say_lab.errors import Fix, InvalidRequest, NotFound, Problem

TAG = "parameters"
KINDS: dict[str, type] = {"str": str, "bool": bool, "int": int, "float": float, "list": list, "dict": dict}
WORDS = {str: "text", bool: "true or false", int: "a whole number", float: "a number", list: "a list", dict: "a dict"}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One assignment. `kinds`: what its annotation, else its default allows; empty allows anything that is written."""

    name: str
    default: Any
    kinds: tuple[type, ...]
    optional: bool              # whether None is a value of it

    def read(self, text: str) -> Any:
        """The value that `text` means here. Raises ValueError."""
        if self.optional and text.lower() in ("none", ""):
            return None
        for kind in self.kinds:
            if kind is str:
                continue
            value = _literal(text)
            if kind is float and isinstance(value, int) and not isinstance(value, bool):
                return float(value)
            if type(value) is kind:
                return value
        if str in self.kinds:
            return text
        if self.kinds:
            raise ValueError
        value = _literal(text)
        return text if value is None else value

    @property
    def wanted(self) -> str:
        return " or ".join([*(WORDS[kind] for kind in self.kinds), *(["none"] if self.optional else [])])


def parameters_of(path: Path) -> dict[str, Parameter]:
    """By name, in order. Raises NotFound, InvalidRequest (no notebook, a parameters cell that is not Python)."""
    if not path.is_file():
        raise NotFound(f"There is no notebook '{path}'.", field="notebook", fix="Check its name and folder.")
    try:
        cells = json.loads(path.read_bytes())["cells"]
        tagged = next((c for c in cells if TAG in c.get("metadata", {}).get("tags", ())), None)
        source = "" if tagged is None else "".join(tagged["source"])
        tree = ast.parse(source)
    except (ValueError, KeyError, TypeError, AttributeError, SyntaxError):
        raise InvalidRequest(
            f"'{path.name}' is no notebook that can be read, or its parameters cell is no Python.",
            field="notebook",
            fix="Open it in JupyterLab and save it again.",
        ) from None
    found = (_parameter(statement) for statement in tree.body)
    return {parameter.name: parameter for parameter in found if parameter is not None}


def read_values(parameters: Mapping[str, Parameter], pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Values by name. Raises InvalidRequest with every unknown name and every value of another kind."""
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    known = ", ".join(parameters) or "none"
    for name, text in pairs:
        if name not in parameters:
            sentence = f"The notebook has no parameter '{name}'; known are: {known}."
            problems.append(Problem(name, sentence, Fix("Use one of those names.")))
            continue
        try:
            values[name] = parameters[name].read(text)
        except ValueError:
            sentence = f"The parameter '{name}' is {parameters[name].wanted}, not '{text}'."
            problems.append(Problem(name, sentence, Fix(f"Its default is {parameters[name].default!r}.")))
    if problems:
        raise InvalidRequest(problems[0].message, problems=problems)
    return values


def _parameter(statement: ast.stmt) -> Parameter | None:
    """None for a statement that assigns no constant to a plain name."""
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target, annotation = statement.targets[0], None
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        target, annotation = statement.target, statement.annotation
    else:
        return None
    if not isinstance(target, ast.Name) or statement.value is None:
        return None
    try:
        default = ast.literal_eval(statement.value)
        if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
            annotation = ast.parse(annotation.value, mode="eval").body
    except (ValueError, SyntaxError):
        return None
    if annotation is not None:
        named = {node.id for node in ast.walk(annotation) if isinstance(node, ast.Name)}
        nothing = any(isinstance(node, ast.Constant) and node.value is None for node in ast.walk(annotation))
        kinds = tuple(kind for name, kind in KINDS.items() if name in named)
        return Parameter(target.id, default, kinds, nothing or default is None or "Optional" in named)
    return Parameter(target.id, default, () if default is None else (type(default),), default is None)


def _literal(text: str) -> Any:
    """A Python or JSON constant; None where it is none."""
    try:
        return {"true": True, "false": False}[text.lower()]
    except KeyError:
        pass
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
