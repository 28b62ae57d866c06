"""JSON <-> nouns: the one place where pydantic validates strangers' documents, all problems at once."""

from __future__ import annotations

from collections.abc import Hashable
from functools import cache
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from hay_say_lab.domain.control import pointer
from hay_say_lab.errors import Fix, InvalidRequest, Problem

T = TypeVar("T")


@cache
def _adapter(noun: Hashable) -> TypeAdapter[Any]:
    return TypeAdapter(cast(Any, noun))


def adapter(noun: Any) -> TypeAdapter[Any]:
    """Strict and closed by the noun's own `__pydantic_config__`."""
    return _adapter(noun)


def read(noun: type[T], body: bytes) -> T:
    """A frozen noun from a raw JSON body. Raises InvalidRequest with every field that does not fit."""
    try:
        return adapter(noun).validate_json(body)
    except ValidationError as error:
        problems = [_problem(item) for item in error.errors(include_url=False, include_input=False)]
        raise InvalidRequest(problems[0].message, problems=problems) from None


def schema(noun: Any, *, answer: bool) -> dict[str, Any]:
    """The JSON Schema of a noun; `$ref`s point into an OpenAPI document's components."""
    template = "#/components/schemas/{model}"
    return adapter(noun).json_schema(ref_template=template, mode="serialization" if answer else "validation")


def _problem(item: Any) -> Problem:
    field = ".".join(str(part) for part in item["loc"] if not _internal(part)) or "body"
    kind = item["type"]
    if kind in ("extra_forbidden", "unexpected_keyword_argument"):
        patch = ({"op": "remove", "path": pointer(field)},)
        return Problem(field, f"There is no field '{field}'.", Fix("Leave it out", patch))
    if kind.startswith("json_"):
        return Problem("body", "The body is not JSON.", Fix("Send a JSON document."))
    return Problem(field, f"{field}: {item['msg']}.", Fix("See the OpenAPI document for what is taken here."))


def _internal(part: Any) -> bool:
    """Pydantic puts the tried member of a union into the location; people do not know it."""
    return isinstance(part, str) and (part in {"str", "bool", "int", "float", "nullable"} or "[" in part)
