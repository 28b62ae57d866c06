"""Dictionaries over HTTP: whole words lists in, versions out, every problem at once."""

from __future__ import annotations

from typing import Any

import pytest

from tests.service.conftest import ALICE, BOB
from tests.service.running_host import RunningHost, speak

ONE = {"entries": [{"word": "LA", "alias": "Los Angeles", "case": "exact"}], "name": "Places"}
TWO = {"entries": [*ONE["entries"], {"word": "Nguyen", "ipa": "ŋwiən"}], "format": "hay-say-pronunciation/1"}


def _put(host: RunningHost, name: str, words: Any, query: str = "", token: str = ALICE) -> Any:
    return host.call("PUT", f"/dictionaries/{name}{query}", words, token=token)


def test_versions_are_kept_and_read_back(host: RunningHost) -> None:
    first = _put(host, "places", ONE)
    assert first.status == 200
    second = _put(host, "places", TWO, f"?replaces={first.json()['version']}")
    assert second.status == 200
    assert _put(host, "places", TWO).json()["version"] == second.json()["version"]

    newest = host.call("GET", "/dictionaries/places", token=ALICE).json()
    assert newest["document"]["entries"] == TWO["entries"]
    assert [version["entries"] for version in newest["versions"]] == [1, 2]
    older = host.call("GET", f"/dictionaries/places@{first.json()['version'][:10]}", token=ALICE).json()
    assert older["document"] == {"format": "hay-say-pronunciation/1", **ONE}
    listed = host.call("GET", "/dictionaries", token=ALICE).json()["dictionaries"]
    assert [(one["entries"], one["versions"]) for one in listed if one["name"] == "places"] == [(2, 2)]
    assert "places" not in [one["name"] for one in host.call("GET", "/dictionaries", token=BOB).json()["dictionaries"]]


def test_a_change_to_what_another_changed_is_a_conflict(host: RunningHost) -> None:
    version = _put(host, "shared", ONE).json()["version"]
    assert _put(host, "shared", TWO, f"?replaces={version}").status == 200
    refused = _put(host, "shared", {"entries": []}, f"?replaces={version}")
    assert (refused.status, refused.error["code"]) == (409, "conflict")


@pytest.mark.parametrize(
    ("words", "fields"),
    [
        ({}, {"entries"}),
        ({"entries": [], "words": 1}, {"words"}),
        ({"entries": [], "format": "another/2"}, {"format"}),
        ({"entries": [{"word": 1}, {"alias": "x"}, {"word": "a", "sound": "b"}]}, {"entries.0.word", "entries.1.word", "entries.2.sound"}),
        (
            {"entries": [{"word": "!", "alias": "x"}, {"word": "b"}, {"word": "c", "alias": "C"}, {"word": "C", "alias": "d"}]},
            {"entries.0", "entries.1", "entries.3"},
        ),
        ({"entries": [{"word": "a", "ipa": "7"}, {"word": "b", "alias": " "}, {"word": "c", "alias": "d", "language": "?"}]},
         {"entries.0", "entries.1", "entries.2"}),
        ({"entries": [{"word": "a", "alias": "\x00"}]}, {"entries.0"}),
    ],
    ids=range(7),
)  # fmt: skip
def test_every_problem_of_a_list_is_told_at_once_and_nothing_is_kept(words: Any, fields: set[str], host: RunningHost) -> None:
    refused = _put(host, "wrong", words)
    assert refused.status == 422
    assert {problem["field"] for problem in refused.error["problems"]} == fields
    assert host.call("GET", "/dictionaries/wrong", token=ALICE).error["code"] == "dictionary_missing"


def test_a_name_that_is_none_is_refused(host: RunningHost) -> None:
    assert _put(host, "Not.A-Name", ONE).status == 422
    assert _put(host, "a%2Fb", ONE).status == 422


def test_what_is_removed_is_gone(host: RunningHost) -> None:
    _put(host, "doomed", ONE)
    assert host.call("DELETE", "/dictionaries/doomed", token=BOB).status == 404
    assert host.call("DELETE", "/dictionaries/doomed", token=ALICE).json()["name"] == "doomed"
    assert host.call("GET", "/dictionaries/doomed", token=ALICE).status == 404


def test_a_request_names_its_dictionary_and_the_job_names_the_version(host: RunningHost) -> None:
    version = _put(host, "spoken", ONE).json()["version"]
    request = speak() | {"text": {"body": "LA and LA", "dictionary": "spoken"}}
    job = host.call("POST", "/jobs", request, token=ALICE).json()
    assert job["request"]["text"]["dictionary"] == f"spoken@{version}"
    assert job["request"]["text"]["pronunciations"] == ONE["entries"]
    missing = host.call("POST", "/preflight", request, token=BOB).json()["problems"]
    assert [problem["field"] for problem in missing] == ["text.dictionary"]
