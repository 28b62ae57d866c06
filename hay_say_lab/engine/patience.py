"""How long the host waits for a worker before it goes on without it."""

from __future__ import annotations

from dataclasses import dataclass

from hay_say_lab.worker.protocol import HEARTBEAT_SECONDS


@dataclass(frozen=True, slots=True)
class Patience:
    """In seconds. A heart that beats is no sign of work: what computes without a checkpoint is watched apart.

    `computing` is processor time, so that a machine that stood still or is crowded is no fault of the worker's; `still` is
    time that the worker lived through, heartbeat by heartbeat, without computing or telling anything. Both are for offers
    that promise a checkpoint a second; one that declares more atomic seconds gets `margin` times those.
    """

    lease: float = 20.0         # without any frame: heartbeats come four times as often
    start: float = 60.0         # importing a runtime
    stop: float = 2.0           # to the next checkpoint, or to its end once the line is closed; then SIGTERM
    terminate: float = 5.0      # then SIGKILL
    computing: float = 20.0     # of processor time between two checkpoints
    still: float = 60.0         # of the worker's own life between two checkpoints
    loading: float = 600.0      # of its life while it loads a voice
    margin: float = 4.0

    @property
    def heartbeat(self) -> float:
        return min(HEARTBEAT_SECONDS, self.lease / 4)


PATIENCE = Patience()
