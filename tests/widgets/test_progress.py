"""The progress panel's Python side."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Any

import pytest
import traitlets

from hay_say_lab.domain.job import State
from hay_say_lab.errors import IllegalTransition
from hay_say_lab.widgets.progress import Progress

WAIT_SECONDS = 10


class HeardProgress(Progress):
    """What it says to the browser is heard here: the seam where anywidget hands messages and traits to a comm."""

    def __init__(self, cancel: Callable[[], object]) -> None:
        self.said: queue.Queue[dict[str, Any]] = queue.Queue()
        self.states: list[set[str]] = []
        super().__init__(cancel)
        self.states.clear()

    def send(self, content: dict[str, Any], buffers: object = None) -> None:
        self.said.put(content)

    def send_state(self, key: Any = None) -> None:
        self.states.append({key} if isinstance(key, str) else set(key or ()))


def test_cancel_calls_back_on_another_thread() -> None:
    called: queue.Queue[threading.Thread] = queue.Queue()
    panel = HeardProgress(lambda: called.put(threading.current_thread()))
    panel._handle_custom_msg({"kind": "cancel"}, [])
    assert called.get(timeout=WAIT_SECONDS) is not threading.current_thread()


def test_a_cancel_that_fails_is_told_to_the_person() -> None:
    def cancel() -> None:
        raise IllegalTransition("The job has ended.", field="state", fix="Look at its result.")

    panel = HeardProgress(cancel)
    panel._handle_custom_msg({"kind": "cancel"}, [])
    assert panel.said.get(timeout=WAIT_SECONDS) == {
        "kind": "error",
        "message": "The job has ended.",
        "fix": "Look at its result.",
    }


@pytest.mark.parametrize("message", [{"kind": "release"}, {}, "cancel", None])
def test_any_other_message_cancels_nothing(message: object) -> None:
    panel = HeardProgress(lambda: pytest.fail("cancelled"))
    panel._handle_custom_msg(message, [])
    assert not [thread for thread in threading.enumerate() if thread.name == "hay-say-cancel"]


def test_an_update_changes_what_it_names_and_travels_as_one_message() -> None:
    panel = HeardProgress(lambda: None)
    panel.update(title="Hello", lane="batch", position=2, waiting="the device is busy")
    panel.update(state="running", stage="Convert", fraction=0.25, message="piece 1 of 4", position=0, waiting="")
    assert (panel.title, panel.lane, panel.state, panel.fraction) == ("Hello", "batch", "running", 0.25)
    assert len([keys for keys in panel.states if "fraction" in keys]) == 1


def test_warnings_travel_as_sentences() -> None:
    panel = HeardProgress(lambda: None)
    assert panel.get_state()["warnings"] == []
    panel.update(warnings=["The voice lacks <break>."])
    assert panel.get_state()["warnings"] == ["The voice lacks <break>."]
    with pytest.raises(traitlets.TraitError):
        panel.update(warnings=[1])  # type: ignore[list-item]


def test_an_update_refuses_what_the_panel_does_not_show() -> None:
    panel = HeardProgress(lambda: None)
    with pytest.raises(TypeError, match="speed"):
        panel.update(speed=3)  # type: ignore[call-arg]
    with pytest.raises(traitlets.TraitError):
        panel.update(state="dreaming")


def test_it_shows_every_state_that_a_job_can_have() -> None:
    panel = HeardProgress(lambda: None)
    for state in State:
        panel.update(state=state)
        assert panel.get_state()["state"] == state.value
