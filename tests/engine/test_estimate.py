"""How much of a stage is in work at a time: a piece, where it comes in pieces."""

from __future__ import annotations

import pytest

from hay_say_lab.domain.manifest import AudioContract, Offer, TextContract
from hay_say_lab.engine.estimate import CHARACTERS_PER_SECOND, seconds_at_once

MINUTE = AudioContract(lowest_rate=8000, highest_rate=48_000, shortest_seconds=0.1, longest_seconds=60.0)
PAGE = TextContract(markups=("plain",), longest_characters=1300)


@pytest.mark.parametrize(
    ("offer", "seconds"),
    [
        (None, 3600.0),                                                             # the audio worker's own
        (Offer(task="convert", audio=MINUTE), 60.0),
        (Offer(task="convert", audio=MINUTE, pieces=False), 3600.0),
        (Offer(task="separate", audio=MINUTE), 3600.0),                             # never cut
        (Offer(task="speak", text=PAGE), 1300 / CHARACTERS_PER_SECOND),
        (Offer(task="speak", text=PAGE, piece_characters=130), 130 / CHARACTERS_PER_SECOND),
    ],
)  # fmt: skip
def test_an_hour_takes_the_memory_of_one_piece(offer: Offer | None, seconds: float) -> None:
    assert seconds_at_once(3600.0, offer) == pytest.approx(seconds)
    assert seconds_at_once(5.0, offer) == 5.0


def test_an_offer_whose_pieces_could_not_hold_their_overlaps_is_none() -> None:
    with pytest.raises(ValueError, match="pieces=False"):
        Offer(task="convert", audio=MINUTE, overlap_seconds=16.0)
