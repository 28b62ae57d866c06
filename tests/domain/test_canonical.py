"""Names made from content, and ids that sort by time."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hay_say_lab.domain.canonical import canonical_json, content_id, is_sha256, is_ulid, new_id, sha256_hex

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@pytest.mark.parametrize(
    ("document", "written"),
    [
        ({}, b"{}"),
        ({"b": 1, "a": [1, 2.5, None, True]}, b'{"a":[1,2.5,null,true],"b":1}'),    # keys in order, no spaces
        ({"ä": "ö"}, '{"ä":"ö"}'.encode()),                                         # UTF-8, not escapes
        ({"a": "\n\"\\"}, b'{"a":"\\n\\"\\\\"}'),
        ([0.1, 1e300], b"[0.1,1e+300]"),
    ],
)  # fmt: skip
def test_a_value_has_one_byte_string(document: Any, written: bytes) -> None:
    assert canonical_json(document) == written


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), JSON, max_size=5))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_the_order_in_which_keys_were_written_does_not_count(document: dict[str, Any]) -> None:
    backwards = dict(reversed(document.items()))
    assert content_id(document) == content_id(backwards)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), "\ud800"])
def test_what_no_json_can_say_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"JSON|surrogates"):
        canonical_json({"value": value})


def test_a_content_id_is_the_sha256_of_the_canonical_form() -> None:
    assert content_id({"a": 1}) == sha256_hex(b'{"a":1}')
    assert is_sha256(content_id({"a": 1}))


@pytest.mark.parametrize(
    "text",
    ["", "a" * 63, "a" * 65, "A" * 64, "g" * 64, "../" + "a" * 61, "a" * 63 + "\n", "\u0661" * 64],
)
def test_what_is_no_sha256_is_seen(text: str) -> None:
    assert not is_sha256(text)


def test_ids_are_ulids_and_never_the_same() -> None:
    ids = [new_id() for _ in range(20_000)]

    assert len(set(ids)) == len(ids)
    assert all(is_ulid(name) for name in ids)


def test_ids_sort_by_the_millisecond_in_which_they_were_made() -> None:
    made = []
    for _ in range(20):
        made.append(new_id())
        time.sleep(0.002)

    assert made == sorted(made)


@pytest.mark.parametrize("text", ["", "8" + "0" * 25, "0" * 25, "0" * 27, "0" * 25 + "U", "0" * 25 + "l", "0" * 25 + "a"])
def test_what_is_no_ulid_is_seen(text: str) -> None:
    assert not is_ulid(text)


def test_ids_sort_in_the_order_in_which_they_were_made_also_within_a_millisecond() -> None:
    made = [new_id() for _ in range(5000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert all(is_ulid(name) for name in made)
