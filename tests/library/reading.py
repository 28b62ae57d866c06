"""A librarian as a host has one: real children, real books of memory."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import psutil

from hay_say_lab.engine.librarian import Librarian
from hay_say_lab.engine.news import News
from hay_say_lab.engine.pool import WorkerPool
from hay_say_lab.registry.architectures import Architectures
from hay_say_lab.storage.home import Home
from hay_say_lab.storage.objects import ObjectStore


@contextlib.contextmanager
def librarian(root: Path) -> Iterator[tuple[Librarian, WorkerPool]]:
    """At the end every seat is free and no child that reads files lives on."""
    home = Home(root)
    home.prepare()
    architectures = Architectures()
    pool = WorkerPool(home, ObjectStore(home.objects), architectures, places=2)
    yield Librarian(home=home, pool=pool, architectures=architectures, news=News()), pool
    assert not [seat for seat in pool.ledger().seats if seat.busy]
    assert not [child for child in psutil.Process().children(recursive=True) if _reads(child)]


def _reads(child: psutil.Process) -> bool:
    """Workers of other tests in this process may be at work beside us."""
    try:
        words = " ".join(child.cmdline())
    except psutil.NoSuchProcess:
        return False
    return "hay_say_lab.worker.examine" in words or "hay_say_lab.worker.convert" in words
