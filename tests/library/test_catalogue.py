"""Every variety of entry of Hay Say's catalogues, also those that break their own schema: taken with what is known of them,
or refused with the reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hay_say_lab.errors import FetchFailed, InvalidRequest
from hay_say_lab.library import catalogue
from hay_say_lab.library.names import slug_of

FOLDER = Path(__file__).parent / "catalogue"
CHARACTERS: list[dict[str, Any]] = json.loads((FOLDER / "character_models.json").read_bytes())
LONG = next(entry["Model Name"] for entry in CHARACTERS if len(entry["Model Name"]) > 80)

# name -> the licence that is kept
TAKEN = {
    "Plain Pony": "CC-BY-4.0",
    "Licence UNSPECIFIED": "",
    "Licence OPEN_RAIL_M": "Open RAIL-M",
    "Licence CREATIVEML_OPEN_RAIL_M": "CreativeML Open RAIL-M",
    "Licence CC_UNSPECIFIC": "Creative Commons, which one is not said",
    "Licence CC0_1": "CC0-1.0",
    "Licence AFL_3": "AFL-3.0",
    "Licence LGPL_LR": "LGPLLR",
    "Licence GPL": "GPL, which version is not said",
    "Licence CC_BY_NC_ND_2": "CC-BY-NC-ND-2.0",
    "Licence CC_BY_NC_ND_3": "CC-BY-NC-ND-3.0",
    "Licence ARTISTIC_2": "Artistic-2.0",
    "Licence MIT": "MIT",
    "No Licence": "",
    "Null Licence": "",
    "Odd Licence": "BEERWARE",
    "From the Hub": "Open RAIL-M",
    "Zipped": "MIT",
    "Unzipped in Place": "MIT",
    "From Drive": "GPL, which version is not said",
    "From Drive Viewed": "GPL, which version is not said",
    "Speaker of Many": "CC-BY-NC-ND-3.0",
    "Dependency without Links": "MIT",
    "Unknown Dependency": "MIT",
    "Extra Fields": "MIT",
    "No Size": "MIT",
    "Size of Zero": "MIT",
    LONG: "MIT",
    "Зайка 兎": "MIT",
    "Twice": "MIT",
    "With Styles": "MIT",
}

# name -> why it is refused
REFUSED = {
    "Not of Drive": "none of Google Drive",
    "From Mega": "Download it in a browser",
    "Links without Dependency": "names none",
    "Link Out": "leads out",
    "Target Out": "leads out",
    "Nothing at All": "names no file",
    "../Escape": "holds a folder",
    "C:\\Escape": "leads out",
    "..": "leads out",
    "": "no name|names one|Name one",
    "File Out": "leads out",
    "File Absolute": "leads out",
    "File with a Backslash": "leads out",
    "File with NUL": "leads out",
    "File like a Device": "leads out",
    "Twice the Same File": "two of its files",
    "No Address": "no address",
    "Unknown Way": "no way to fetch",
    "Files that are none": "no list",
    "Twice Different": "2 different models",
}


def test_every_entry_is_taken_or_refused() -> None:
    assert {entry["Model Name"] for entry in CHARACTERS} == set(TAKEN) | set(REFUSED)


@pytest.mark.parametrize("name", TAKEN)
def test_an_entry_is_taken_with_what_is_known_of_it(name: str) -> None:
    entry = catalogue.chosen(CHARACTERS, name)
    assert (entry.name, entry.provenance.licence) == (name, TAKEN[name])
    assert not entry.problems
    assert entry.items or entry.depends_on


@pytest.mark.parametrize("name", REFUSED)
def test_an_entry_is_refused_with_its_reason(name: str) -> None:
    with pytest.raises(InvalidRequest, match=REFUSED[name]):
        catalogue.chosen(CHARACTERS, name)


def test_creator_and_origin_become_author_and_source() -> None:
    provenance = catalogue.chosen(CHARACTERS, "Plain Pony").provenance
    assert (provenance.author, provenance.source) == ("An Author", "https://forum.example/thread/7")
    assert provenance.consent == "", "nobody has said"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Extra Fields", ["'Checksum' of a file", "'Rating'"]),
        ("Odd Licence", ["kept as it is written"]),
        ("No Size", ["size of 'G_1.pth' is not said"]),
        ("Dependency without Links", ["all of them are taken"]),
    ],
)
def test_what_breaks_the_schema_and_does_no_harm_is_warned_of(name: str, said: list[str]) -> None:
    warnings = " ".join(warning.message for warning in catalogue.chosen(CHARACTERS, name).warnings)
    assert all(part in warnings for part in said), warnings


def test_a_size_of_zero_and_the_size_of_a_readme_say_nothing() -> None:
    assert catalogue.chosen(CHARACTERS, "Size of Zero").items[0].bytes is None
    model, readme = catalogue.chosen(CHARACTERS, "From the Hub").items
    assert (model.bytes, model.optional) == (2000, False)
    assert (readme.bytes, readme.optional) == (None, True)


def test_a_file_of_drive_is_asked_for_as_a_browser_would() -> None:
    for name in ("From Drive", "From Drive Viewed"):
        item = catalogue.chosen(CHARACTERS, name).items[0]
        assert item.confirmed
        assert item.url == "https://drive.google.com/uc?export=download&id=1AbCdEfGhIjKlMnOpQrStUv"


def test_a_long_name_makes_a_short_slug_and_a_foreign_one_none() -> None:
    assert slug_of(LONG) == slug_of(LONG)[:64] != ""
    assert slug_of("Зайка 兎") == ""
    assert slug_of("Twilight Sparkle (Singing)!") == "twilight-sparkle-singing"


@pytest.mark.parametrize("document", [{}, [1], "x", None, [[]]])
def test_what_is_no_catalogue_is_refused(document: Any) -> None:
    with pytest.raises(InvalidRequest, match="no catalogue"):
        catalogue.chosen(document, "Plain Pony")


def test_a_misspelt_name_is_helped() -> None:
    with pytest.raises(InvalidRequest, match="Plain Pony"):
        catalogue.chosen(CHARACTERS, "plain")


def test_styles_are_read_by_model_character_and_trait() -> None:
    styles = json.loads((FOLDER / "precomputed_styles.json").read_bytes())
    assert catalogue.read_styles(styles, "With Styles") == {"Pony": {"Happy": [0.5, -1.0, 2.0], "Sad": [0.25, 0.5, 1.0]}}
    assert catalogue.read_styles(styles, "Plain Pony") == {}


@pytest.mark.parametrize("vector", [[], ["x"], [float("nan")], [1.0] * 5000, None, [[1.0], [2.0]], [True]])
def test_a_style_that_is_no_vector_is_refused(vector: Any) -> None:
    document = [{"Model": "m", "Characters": [{"Character": "c", "Pre-computed Styles": [{"Trait": "t", "Style Vector": vector}]}]}]
    with pytest.raises(InvalidRequest, match="no list of precomputed styles"):
        catalogue.read_styles(document, "m")


def test_a_shared_model_that_must_be_refused_refuses_who_depends_on_it() -> None:
    entry = catalogue.chosen(CHARACTERS, "Speaker of Many")
    shared = catalogue.read_entry({"Model Name": "Many Ponies", "Files": []})
    with pytest.raises((InvalidRequest, FetchFailed), match="names no file"):
        catalogue.plan("haysay:x#y", entry, shared, {}, lambda url, item: item)
