"""What the name of a licence says of commercial use; nobody guesses."""

from __future__ import annotations

import pytest

from hay_say_lab.domain.licence import HAY_SAY, commercial_use


@pytest.mark.parametrize(
    ("licence", "answer"),
    [
        ("CC0-1.0", "yes"),
        ("mit", "yes"),                                         # identifiers know no case
        ("CC-BY-SA-4.0", "yes"),
        ("CC-BY-NC-4.0", "no"),
        ("CC-BY-NC-SA-3.0-IGO", "no"),                          # a port of it
        ("CC-BY-NC-ND-2.0", "no"),
        ("GPL-3.0+", "yes"),
        ("GPL-3.0-or-later WITH Classpath-exception-2.0", "yes"),
        ("MIT OR CC-BY-NC-4.0", "yes"),                         # one may choose
        ("MIT AND CC-BY-NC-4.0", "no"),                         # both hold
        ("MIT AND something of ours", "unknown"),
        ("CC-BY-NC-4.0 OR something of ours", "unknown"),
        ("(MIT OR Apache-2.0) AND ISC", "unknown"),             # brackets are not read, and so not guessed
        ("", "unknown"),
        ("ask the author", "unknown"),
        ("not MIT", "unknown"),
        ("OPEN_RAIL_M", "yes"),                                 # the words of Hay Say's catalogues
        ("CC_BY_NC_ND_3", "no"),
        ("UNSPECIFIED", "unknown"),
    ],
)
def test_a_licence_says_whether_work_with_it_may_be_sold(licence: str, answer: str) -> None:
    assert commercial_use(licence) == answer


def test_every_word_of_the_catalogues_has_an_answer() -> None:
    words = ["UNSPECIFIED", "OPEN_RAIL_M", "CREATIVEML_OPEN_RAIL_M", "CC_UNSPECIFIC", "CC_BY_4", "CC0_1", "AFL_3", "LGPL_LR", "GPL", "CC_BY_NC_ND_2", "CC_BY_NC_ND_3", "ARTISTIC_2", "MIT"]
    assert set(words) <= set(HAY_SAY)
