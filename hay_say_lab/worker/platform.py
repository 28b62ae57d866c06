"""What differs between operating systems. Linux is run and tested; the other branches are kept simple and are not run."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import select
import signal
import sys
import threading
from collections.abc import Iterator, Sequence

_PR_SET_PDEATHSIG = 1
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000


def die_with_parent(parent: int) -> None:
    """Ask the kernel for SIGKILL when the parent dies; leave at once if it died before we asked (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(0)


def leave_when_closed(fileno: int) -> None:
    """A thread that ends the process when the other end of a socket is gone, also in the middle of computing."""

    def watch() -> None:
        poll = select.poll()
        poll.register(fileno, select.POLLRDHUP if sys.platform == "linux" else select.POLLHUP)
        while True:
            for _, event in poll.poll():
                if event & (select.POLLHUP | select.POLLERR | getattr(select, "POLLRDHUP", 0)):
                    os._exit(0)

    threading.Thread(target=watch, name="leave-when-closed", daemon=True).start()


@contextlib.contextmanager
def writing_into(path: str | None) -> Iterator[None]:
    """What is written to standard output and error meanwhile, also by libraries, goes into a file; else where it went."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600) if path else None
    except OSError:
        handle = None
    if handle is None:
        yield
        return
    kept = [os.dup(number) for number in (1, 2)]
    try:
        _redirect((handle, handle))
        yield
    finally:
        _redirect(kept)
        for number in (handle, *kept):
            os.close(number)


def _redirect(targets: Sequence[int]) -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    for target, number in zip(targets, (1, 2), strict=True):
        os.dup2(target, number)


def limit_self(*, memory_mb: int, cpu_seconds: int, mapped: bool = True) -> None:
    """Limits for a child that reads a stranger's file: memory, CPU time, no core file (POSIX only).

    `mapped`: mapped files count, too. Without, the data of the process alone: for one whose libraries map gigabytes.
    """
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_AS if mapped else resource.RLIMIT_DATA, (memory_mb << 20, memory_mb << 20))
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def limit_files() -> None:
    """Limits for a program that reads a stranger's file and writes into a pipe: no file of its own (POSIX only)."""
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def limit_storage(file_mb: int) -> None:
    """The largest file that a child may write, and how many it may hold open (POSIX only)."""
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (file_mb << 20, file_mb << 20))
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))


def leave_network() -> bool:
    """Into a network of our own with nothing in it, where this system lets users make one (Linux only)."""
    return sys.platform == "linux" and ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0


def memory_mb() -> float:
    """Memory that only this process's end gives back: its own and what it shares without a file.

    Pages of mapped files (sound, libraries) do not count: the system takes them whenever it needs them. Where it does
    not tell them apart (not Linux) it is the most that ever was resident.
    """
    own = _held("RssAnon", "RssShmem")
    return sum(own) if own else _most_held()


def peak_mb() -> float:
    """The most of `memory_mb` since `forget_peak`: what is held now, and all that was let go since the peak.

    Linux keeps the peak of all resident pages only, so mapped files that were let go count, too: never too little.
    """
    held = _held("VmRSS", "VmHWM")
    return memory_mb() + max(0.0, held[1] - held[0]) if held else _most_held()


def forget_peak() -> None:
    """From here on `peak_mb` counts anew (Linux; elsewhere it counts from the start of the process)."""
    with contextlib.suppress(OSError), open("/proc/self/clear_refs", "w") as file:
        file.write("5")


def _held(*names: str) -> list[float]:
    """Lines of the kernel's account of this process, in MB; none where it keeps none."""
    try:
        with open("/proc/self/status") as file:
            told = dict(line.split(":", 1) for line in file)
        return [int(told[name].split()[0]) / 1024 for name in names]
    except (OSError, KeyError):
        return []


def _most_held() -> float:
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def processor() -> str:
    """The processor's name as the system gives it."""
    try:
        with open("/proc/cpuinfo") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or "unknown"


def worker_environment(source: dict[str, str]) -> dict[str, str]:
    """The environment that a worker gets: what programs need to run, never a secret of the host's."""
    passed = {
        "PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV",
        "SYSTEMROOT", "TEMP", "TMP", "OMP_WAIT_POLICY", "CUDA_VISIBLE_DEVICES", "PYTHONPATH",
        "HAY_SAY_FFMPEG",
    }  # fmt: skip
    kept = {name: value for name, value in source.items() if name in passed}
    threads = source.get("OMP_NUM_THREADS", "1")
    return {**kept, "OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads, "MKL_NUM_THREADS": threads}
