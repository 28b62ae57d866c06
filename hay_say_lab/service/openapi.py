"""The OpenAPI 3.1 document, made from the route table and the nouns; nothing is declared twice."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from hay_say_lab import __version__
from hay_say_lab.domain.canonical import canonical_json
from hay_say_lab.service import wire
from hay_say_lab.service.identity import Role
from hay_say_lab.service.routes import PREFIX, ROUTES, Route
from hay_say_lab.service.views import ErrorView


@cache
def document() -> bytes:
    """The document as JSON."""
    schemas: dict[str, Any] = {}
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(PREFIX + route.path, {})[route.method.lower()] = _operation(route, schemas)
    return canonical_json(
        {
            "openapi": "3.1.0",
            "info": {"title": "Hay Say Lab", "version": __version__, "license": {"name": "BSD-3-Clause"}},
            "paths": paths,
            "components": {
                "schemas": schemas,
                "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            },
        }
    )


def _operation(route: Route, schemas: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": f"{route.method.lower()}{re.sub(r'[^a-z0-9]+', '_', route.path)}",
        "summary": route.summary,
        "parameters": _parameters(route),
        "responses": {str(route.status): _answer(route, schemas)},
    }
    if route.method == "POST" and route.status == 201 and route.path in ("/jobs", "/uploads"):
        operation["responses"]["200"] = operation["responses"]["201"]
    if any(parameter.name == "Range" for parameter in route.parameters):
        operation["responses"]["206"] = operation["responses"]["200"]
        operation["responses"]["304"] = {"description": "You have it already."}
    codes = set(route.errors) | {400, 403} | ({401, 503} if route.role is not Role.ANYONE else set())
    if route.method not in ("GET", "HEAD"):
        codes |= {415}
    if route.body is not None:
        codes |= {413, 422}
    error = _reference(ErrorView, schemas, answer=True)
    for code in sorted(codes):
        operation["responses"][str(code)] = {
            "description": "A typed error.",
            "content": {"application/json": {"schema": error}},
        }
    if route.role is not Role.ANYONE:
        operation["security"] = [{"bearer": []}]
        operation["description"] = f"Role: {route.role.name.lower()}."
    if isinstance(route.body, str):
        operation["requestBody"] = {"required": True, "content": {route.body: {"schema": {"type": "string"}}}}
    elif route.body is not None:
        schema = _reference(route.body, schemas, answer=False)
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return operation


def _parameters(route: Route) -> list[dict[str, Any]]:
    named = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in re.findall(r"{(\w+)}", route.path)
    ]
    return named + [
        {"name": p.name, "in": p.where, "required": False, "schema": p.schema, "description": p.help}
        for p in route.parameters
    ]


def _answer(route: Route, schemas: dict[str, Any]) -> dict[str, Any]:
    if route.method == "HEAD":
        return {"description": route.summary}
    if isinstance(route.answer, str):
        return {"description": route.summary, "content": {route.answer: {"schema": {"type": "string"}}}}
    schema = {"type": "object"} if route.answer is dict else _reference(route.answer, schemas, answer=True)
    content: dict[str, Any] = {"application/json": {"schema": schema}}
    if route.path == "/events":
        content["text/event-stream"] = {"schema": {"type": "string"}}
    return {"description": route.summary, "content": content}


def _reference(noun: Any, schemas: dict[str, Any], *, answer: bool) -> dict[str, Any]:
    """Put a noun's schema and those it refers to among the components."""
    schema = wire.schema(noun, answer=answer)
    schemas.update(schema.pop("$defs", {}))
    schemas[noun.__name__] = schema
    return {"$ref": f"#/components/schemas/{noun.__name__}"}
