"""docs/text.md is true: its examples run in order, its tables are those of the code."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

from hay_say_lab.domain.pronunciation import FIELDS
from hay_say_lab.text.elements import EMPHASES, KINDS, LONGEST_PAUSE_SECONDS, PAUSES, SAY_AS
from hay_say_lab.text.pronunciation import FORMAT
from hay_say_lab.text.sentences import sentences

PAGE = Path(__file__).parents[2] / "docs" / "text.md"
BLOCK = re.compile(r"^```(?P<kind>\w+)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)


def _page() -> str:
    return PAGE.read_text(encoding="utf-8")


def _blocks(kind: str) -> list[str]:
    return [block["code"] for block in BLOCK.finditer(_page()) if block["kind"] == kind]


def test_the_examples_run_in_order(tmp_path: Path) -> None:
    (dictionary,) = _blocks("json")
    examples = _blocks("python")
    assert len(examples) == 6
    script = tmp_path / "text.py"
    script.write_text("\n".join(examples), encoding="utf-8")
    runpy.run_path(str(script), init_globals={"DICTIONARY": dictionary})


def test_the_table_of_elements_is_the_one_that_is_read() -> None:
    rows = [
        f"| `{kind.name}` | {', '.join(f'`{one.name}`' for one in kind.attributes)} | {kind.meaning} | {kind.without} |"
        for kind in KINDS.values()
    ]
    first = _page().index("| `speak`")
    assert _page()[first:].split("\n\n")[0].splitlines() == rows


def test_every_value_and_field_is_named() -> None:
    page = _page()
    for value in (*PAUSES, *EMPHASES, *SAY_AS, *FIELDS):
        assert f"`{value}`" in page, value
    assert f"at most {LONGEST_PAUSE_SECONDS:g} s" in page
    assert FORMAT in page


def test_sentences_that_the_page_shows_in_its_table_are_cut_so() -> None:
    cases = [("Yahoo! is", 1), ("He has 3. John has 4.", 2), ("plan B. Then", 2), ("Wait... What?", 2), ("I... I forgot", 1)]
    for text, count in cases:
        assert f"`{text}`" in _page()
        assert len(sentences(text, "en")) == count
