"""After the disk refused a stage the queue rests a while, longer each time, and not at all once a result was written."""

from __future__ import annotations

from hay_say_lab.engine.rest import LONGEST_SECONDS, Rest


def test_each_refusal_in_a_row_makes_a_longer_rest_up_to_a_bound() -> None:
    rest, now, lengths = Rest(), 100.0, []
    assert not rest.lasts(now)
    for _ in range(8):
        rest.refused(now)
        began = now
        while rest.lasts(now):
            now += 0.25
        lengths.append(now - began)
    assert lengths == [1.0, 2.0, 4.0, 8.0, 16.0, LONGEST_SECONDS, LONGEST_SECONDS, LONGEST_SECONDS]


def test_stages_that_were_refused_together_count_once() -> None:
    rest = Rest()
    for _ in range(5):
        rest.refused(0.0)
    assert rest.lasts(0.9)
    assert not rest.lasts(1.0)


def test_a_result_that_was_written_ends_the_rest() -> None:
    rest = Rest()
    rest.refused(0.0)
    rest.refused(1.0)
    rest.done()
    assert not rest.lasts(1.0)
    rest.refused(2.0)
    assert not rest.lasts(3.0)
