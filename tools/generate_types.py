"""The panels' types, from the OpenAPI document: `generate_docs.py` writes them into labextension/src/api/types.ts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from hay_say_lab.service import openapi

WIDTH = 110
HEAD = "/** What the host takes and answers. Made by `make docs` from the OpenAPI document; edit the nouns in Python instead. */"
SIMPLE = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}


def page() -> str:
    """The whole file."""
    schemas: Mapping[str, Any] = json.loads(openapi.document())["components"]["schemas"]
    return HEAD + "\n" + "".join("\n" + _declared(name, schemas[name]) for name in sorted(schemas))


def _declared(name: str, schema: Mapping[str, Any]) -> str:
    described = _comment(schema.get("description", ""), "")
    if schema.get("type") != "object" or "properties" not in schema:
        return f"{described}{_fitted(f'export type {name} =', _type(schema))}"
    needed = set(schema.get("required", ()))
    lines = [f"{described}export interface {name} {{"]
    for field, inner in schema["properties"].items():
        lines += [f"  {field}{'' if field in needed else '?'}: {_type(inner)};"]
    return "\n".join([*lines, "}\n"])


def _fitted(head: str, body: str) -> str:
    """One line where it fits; else the union below its name, as prettier writes it."""
    line = f"{head} {body};\n"
    return line if len(line) <= WIDTH + 1 else f"{head}\n  {body};\n"


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "enum" in schema:
        return " | ".join(json.dumps(value) for value in schema["enum"])
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(_type(one) for one in schema["anyOf"]))
    if schema.get("type") == "array":
        inner = _type(schema["items"]) if schema.get("items") else "unknown"
        return f"({inner})[]" if "|" in inner else f"{inner}[]"
    if schema.get("type") == "object":
        values = schema.get("additionalProperties")
        return f"Record<string, {_type(values) if isinstance(values, dict) and values else 'unknown'}>"
    return SIMPLE.get(str(schema.get("type")), "unknown")


def _comment(text: str, indent: str) -> str:
    lines = list(_wrapped(" ".join(text.split()).replace("*/", "* /"), WIDTH - len(indent) - 7))
    if not lines:
        return ""
    if len(lines) == 1:
        return f"{indent}/** {lines[0]} */\n"
    return f"{indent}/**\n" + "".join(f"{indent} * {line}\n" for line in lines) + f"{indent} */\n"


def _wrapped(text: str, width: int) -> Iterator[str]:
    line = ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > width:
            yield line
            line = word
        else:
            line = f"{line} {word}".strip()
    if line:
        yield line

