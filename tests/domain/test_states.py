"""The job's states and edges: what the table allows, and nothing else."""

from __future__ import annotations

import itertools

import pytest

from hay_say_lab.domain.job import ENDED, TRANSITIONS, State, next_state
from hay_say_lab.errors import IllegalTransition

EVENTS = (
    "started", "refused", "cancel", "stage_done", "finished", "gave_way", "worker_lost", "host_changed", "poisoned",
    "failed", "stopped", "retry", "released",
)  # fmt: skip

# The specification once more, by hand: from, event, to.
LEGAL = {
    ("queued", "started"): "running",
    ("queued", "refused"): "failed",
    ("queued", "cancel"): "cancelling",
    ("running", "stage_done"): "queued",
    ("running", "finished"): "succeeded",
    ("running", "gave_way"): "queued",
    ("running", "worker_lost"): "queued",
    ("running", "host_changed"): "queued",
    ("running", "poisoned"): "quarantined",
    ("running", "failed"): "failed",
    ("running", "cancel"): "cancelling",
    ("cancelling", "stopped"): "cancelled",
    ("cancelling", "worker_lost"): "cancelled",
    ("cancelling", "host_changed"): "cancelled",
    ("failed", "retry"): "queued",
    ("quarantined", "released"): "queued",
}


@pytest.mark.parametrize(("state", "event"), list(itertools.product([state.value for state in State], EVENTS)))
def test_every_pair_of_state_and_event_is_decided_by_the_table(state: str, event: str) -> None:
    target = LEGAL.get((state, event))

    if target is None:
        with pytest.raises(IllegalTransition, match=state):
            next_state(State(state), event)
    else:
        assert next_state(State(state), event) is State(target)


def test_the_table_names_no_event_beyond_those_tested_here() -> None:
    assert {event for _, event in TRANSITIONS} == set(EVENTS)


def test_an_event_nobody_knows_is_illegal_in_every_state() -> None:
    for state in State:
        with pytest.raises(IllegalTransition):
            next_state(state, "exploded")


def test_every_unfinished_state_can_still_reach_an_end() -> None:
    def reachable(state: State) -> set[State]:
        seen, open_ = {state}, [state]
        while open_:
            here = open_.pop()
            for (source, _), target in TRANSITIONS.items():
                if source is here and target not in seen:
                    seen.add(target)
                    open_.append(target)
        return seen

    for state in State:
        assert reachable(state) & ENDED, f"{state.value} never ends"


def test_a_cancelled_or_succeeded_job_never_moves_again() -> None:
    assert not [pair for pair in TRANSITIONS if pair[0] in (State.SUCCEEDED, State.CANCELLED)]


def test_no_edge_leads_from_cancelling_to_a_result() -> None:
    behind = {target for (source, _), target in TRANSITIONS.items() if source is State.CANCELLING}
    assert behind == {State.CANCELLED}
