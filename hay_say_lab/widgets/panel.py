"""What all panels have in common: messages from the browser reach them, even while a cell is busy."""

from __future__ import annotations

from abc import ABCMeta, abstractmethod
from typing import Any

import anywidget
from traitlets import MetaHasTraits


class _Kind(ABCMeta, MetaHasTraits):
    """A class with traits that may have abstract methods."""


class Panel(anywidget.AnyWidget, metaclass=_Kind):
    """A widget of ours. A subclass brings `_esm`, traits, and `_hear`."""

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        _let_the_browser_choose_the_subshell(self.comm)
        self.on_msg(self._hear)

    @abstractmethod
    def _hear(self, _widget: Any, message: object, _buffers: object) -> None:
        """Answer a message from the browser. A comm handler: it only queues or starts, and never waits."""


def _let_the_browser_choose_the_subshell(comm: Any) -> None:
    """Keep ipykernel from sending a panel's messages to the main thread.

    JupyterLab sends comm messages to a subshell, so that a Cancel is heard while a cell runs. ipykernel 7.4 sends
    them on to the shell that spoke last over the comm instead, which for a widget is the busy main one. It asks the
    comm by this name where there is one, and keeps to what the browser chose where there is none.
    """
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = None
