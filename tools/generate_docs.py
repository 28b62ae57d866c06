"""Write docs/cli.md, docs/rest.md, the metrics of docs/operations.md and the panels' types from the code: `python
tools/generate_docs.py`; a test holds the files against it."""

from __future__ import annotations

import argparse
import json
import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hay_say_lab.cli.exits import MEANINGS, exit_of
from hay_say_lab.cli.parser import COMMANDS, build_parser
from hay_say_lab.errors import LabError, family
from hay_say_lab.service import metrics, openapi
from hay_say_lab.service.routes import PREFIX, ROUTES, Route

DOCS = Path(__file__).parents[1] / "docs"
TYPES = Path(__file__).parents[1] / "labextension" / "src" / "api" / "types.ts"
NOTE = "<!-- Made by `make docs` from {source}; edit that instead. -->"

REQUEST = {
    "text": {"body": "Hello from the lab.", "language": "en", "markup": "plain"},
    "clip": None,
    "steps": [
        {"task": "speak", "voice": "espeak_ng:en-us", "settings": {"rate_wpm": 170}},
        {"task": "convert", "voice": "world:controls", "settings": {"pitch_semitones": -3}},
    ],
    "prepare": {},
    "finish": {},
    "seed": 7,
    "lane": "interactive",
}
FIRST_MARK, LAST_MARK = "<!-- metrics -->", "<!-- end of metrics -->"


def pages() -> dict[Path, str]:
    """Every generated page, by where it belongs."""
    return {
        DOCS / "cli.md": "\n".join(cli_page()) + "\n",
        DOCS / "rest.md": "\n".join(rest_page()) + "\n",
        DOCS / "operations.md": operations_page(),
        TYPES: runpy.run_path(str(Path(__file__).with_name("generate_types.py")))["page"](),
    }


def operations_page() -> str:
    """The page as it is, with the table of metrics made anew between its two marks."""
    rows = [
        (f"`{metrics.PREFIX}{metric.name}`", metric.kind, _labels(metric), metric.help) for metric in metrics.METRICS
    ]
    before, rest = (DOCS / "operations.md").read_text(encoding="utf-8").split(FIRST_MARK, 1)
    after = rest.split(LAST_MARK, 1)[1]
    listed = "\n".join(_table(("metric", "kind", "labels", "what it is"), rows))
    return f"{before}{FIRST_MARK}\n{listed}\n{LAST_MARK}{after}"


def cli_page() -> Iterator[str]:
    """The command line: options that all commands share, exit statuses, then one section a command."""
    yield from (NOTE.format(source="`hay_say_lab/cli`"), "", "# The command line", "")
    yield "`hay-say` asks a host to do the work; where none runs, it starts one, which ends by itself when it is idle."
    yield "Answers go to standard output; progress and complaints go to standard error."
    yield from ("", "## Everywhere", "", *_table(("option", "what it does"), _options(_everywhere())), "")
    yield "With `--json` an error is a document too, in the one shape of [the REST API](rest.md#errors)."
    yield from ("", "## Exit status", "")
    rows = [(f"{status.value}", meaning, _errors_with(status)) for status, meaning in MEANINGS.items()]
    yield from _table(("status", "meaning", "error codes"), rows)
    parsers = subparsers(build_parser())
    for command in COMMANDS:
        yield from ("", f"## hay-say {command.name}", "", command.description, "")
        if command.examples:
            yield from ("```sh", *command.examples, "```", "")
        yield from _usage(f"hay-say {command.name}", parsers[command.name])


def _usage(name: str, parser: argparse.ArgumentParser) -> Iterator[str]:
    """Arguments of a command, or of each of its verbs."""
    verbs = subparsers(parser)
    if not verbs:
        yield from _arguments(parser)
    elif (default := parser.get_default("verb")) is not None:
        yield f"Without a verb: `{default}`."
    for verb, child in verbs.items():
        yield from ("", f"### {name} {verb}", "", f"{_sentence(child.description or '')}", "")
        yield from _arguments(child)


def _arguments(parser: argparse.ArgumentParser) -> Iterator[str]:
    shared = {option for option, _ in _options(_everywhere())}
    rows = [row for row in _options(parser._actions) if row[0] not in shared]
    yield from _table(("argument", "what it is"), rows) if rows else ["It takes nothing but the options of every command."]


def _everywhere() -> list[argparse.Action]:
    """The options that every command takes: those of the top, but its version and its commands."""
    top = build_parser()._actions
    return [action for action in top if action.option_strings and "--version" not in action.option_strings]


def _options(actions: list[argparse.Action]) -> list[tuple[str, str]]:
    rows = []
    for action in actions:
        if isinstance(action, argparse._SubParsersAction):
            continue
        metavar = action.metavar if action.metavar is not None else action.dest.upper()
        if action.choices is not None:
            metavar = "|".join(map(str, action.choices))
        value = "" if action.nargs == 0 else " ".join(metavar) if isinstance(metavar, tuple) else str(metavar)
        shown = f"`{' '.join([', '.join(action.option_strings), value]).strip()}`"
        needed = " **Needed.**" if action.option_strings and action.required else ""
        rows.append((shown.replace("|", "\\|"), _sentence(action.help or "") + needed))
    return rows


def subparsers(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def _errors_with(status: int) -> str:
    codes = sorted(code for code, kind in family().items() if exit_of(kind("")) == status)
    return ", ".join(f"`{code}`" for code in codes)


def rest_page() -> Iterator[str]:
    """The REST API: how to call it, a request, errors, one section a route, then the documents' fields."""
    yield from (NOTE.format(source="`hay_say_lab/service/routes.py`"), "", "# The REST API", "")
    yield f"All paths begin with `{PREFIX}`; in Jupyter, the server's base URL stands in front of that."
    yield "`host.json` in the data home tells address and secret of the host, which travels as `Authorization: Bearer ...`."
    yield f"The same as OpenAPI 3.1: `GET {PREFIX}/openapi.json`."
    yield from ("", "## A request", "", "```json", json.dumps(REQUEST, indent=1), "```", "")
    yield "Times are UTC in ISO 8601, durations are in seconds, ids of jobs are ULIDs; clips, artifacts and recipes are named"
    yield "by sha256. Without a seed the host draws one, and without a voice it chooses one; its answer names both."
    yield from ("", "## Errors", "", "Every error has one shape:", "", *_fields("ErrorView"), "")
    yield "`fix.patch` is a JSON Patch on the request: where it is not empty, applying it mends the problem."
    yield from ("", *_table(("code", "status", "retry"), [(f"`{k.code}`", str(k.status), k.retry) for k in _tree()]))
    yield from ("", "## Routes", "")
    overview = [(f"[{r.method} {r.path}](#{_anchor(r)})", r.summary, r.role.name.lower()) for r in ROUTES]
    yield from _table(("route", "what it is for", "role"), overview)
    for route in ROUTES:
        yield from _route(route)
    yield from ("", "## Documents")
    for name in sorted(_schemas()):
        told = _first_paragraph(_schemas()[name].get("description", ""))
        yield from ("", f"### {name}", "", *([told, ""] if told else []), *_fields(name))


def _route(route: Route) -> Iterator[str]:
    yield from ("", f"### {route.method} {route.path}", "", f"{route.summary} Role: {route.role.name.lower()}.", "")
    rows = [(f"`{p.name}`", p.where, _kind(p.schema), p.help) for p in route.parameters]
    if rows:
        yield from (*_table(("parameter", "where", "kind", "what it does"), rows), "")
    if route.body is not None:
        yield f"Takes {_document(route.body)}."
    operation = _openapi()["paths"][PREFIX + route.path][route.method.lower()]
    yield f"Answers {route.status} with {_document(route.answer)}." if route.answer else f"Answers {route.status}."
    others = [code for code in operation["responses"] if code != str(route.status)]
    yield f"Else: {', '.join(sorted(others))}."


def _anchor(route: Route) -> str:
    """The heading's anchor, as Markdown readers make it."""
    return re.sub(r"[^a-z0-9_ -]", "", f"{route.method} {route.path}".lower()).replace(" ", "-")


def _document(noun: Any) -> str:
    if noun is dict:
        return "a JSON document"
    return f"bytes, `{noun}`" if isinstance(noun, str) else f"[{noun.__name__}](#{noun.__name__.lower()})"


def _fields(name: str) -> list[str]:
    schema = _schemas()[name]
    if "properties" not in schema:
        return [f"One of: {', '.join(f'`{value}`' for value in schema['enum'])}."]
    needed = schema.get("required", ())
    rows = [
        (f"`{field}`", f"{_kind(kind)}{'' if field in needed else '; may be left out'}")
        for field, kind in schema["properties"].items()
    ]
    return _table(("field", "kind"), rows)


def _kind(schema: dict[str, Any]) -> str:
    """A JSON Schema in a few words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_kind(part) for part in schema["anyOf"]))
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    kind = schema.get("type", "anything")
    if kind == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"map to {_kind(schema['additionalProperties'])}"
    limits = [f"{word} {schema[key]}" for key, word in (("minimum", "from"), ("maximum", "to")) if key in schema]
    return " ".join([kind, *limits])


def _openapi() -> dict[str, Any]:
    return json.loads(openapi.document())


def _schemas() -> dict[str, Any]:
    return _openapi()["components"]["schemas"]


def _tree() -> list[type[LabError]]:
    return sorted(family().values(), key=lambda kind: (kind.status, kind.code))


def _labels(metric: metrics.Metric) -> str:
    """Each label; of one that says few things, all of them."""
    told = f" ({', '.join(metric.closed)})" if 0 < len(metric.closed) <= metrics.FEW else ""
    return ", ".join(metric.labels) + told or "-"


def _table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    return [f"| {' | '.join(row)} |".replace("|  |", "| |") for row in (heads, tuple("---" for _ in heads), *rows)]


def _sentence(text: str) -> str:
    """Help texts begin small and end without a full stop."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def _first_paragraph(text: str) -> str:
    return re.split(r"\n\s*\n", text.strip())[0].replace("\n", " ")


def main() -> None:
    for path, text in pages().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
