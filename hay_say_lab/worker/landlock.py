"""Landlock: a process gives up every file but those it names (Linux 5.13 and later). By system calls, since libc has none.

The numbers are those of linux/landlock.h. What a kernel does not know yet is left out of the request, not of the wish.
"""

from __future__ import annotations

import ctypes
import os
import platform
import stat
import sys
from collections.abc import Iterable
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446      # the same on x86-64 and arm64
_ASK_VERSION = 1
_PATH_BENEATH = 1
_PR_SET_NO_NEW_PRIVS = 38

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REMOVE_DIR, _REMOVE_FILE, _MAKE_DIR, _MAKE_REG = 1 << 4, 1 << 5, 1 << 7, 1 << 8
_REFER, _TRUNCATE, _IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE
_ALL = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1}      # version -> rights it knows; later: 16
_ALL_TCP = 0b11                 # bind and connect, from version 4 on
_ALL_SCOPES = 0b11              # abstract sockets and signals to processes outside, from version 6 on

READ = _EXECUTE | _READ_FILE | _READ_DIR
LIST = _READ_DIR
WRITE = READ | _WRITE_FILE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG | _TRUNCATE


class _Ruleset(ctypes.Structure):
    _fields_ = [("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scoped", ctypes.c_uint64)]


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32)]


def version() -> int:
    """What this kernel knows of Landlock; 0: nothing."""
    if sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64"):
        return 0
    return max(0, int(ctypes.CDLL(None, use_errno=True).syscall(_CREATE_RULESET, None, 0, _ASK_VERSION)))


def restrict(allowed: Iterable[tuple[Path, int]]) -> bool:
    """From here on this process, and what it starts, has these files alone: (path, READ, LIST or WRITE), with all below.

    To be called while there is one thread: it holds for the caller and for threads that start later. False where it cannot be.
    """
    known = version()
    if known < 1:
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    files = _ALL.get(known, (1 << 16) - 1)
    ruleset = _Ruleset(files, _ALL_TCP if known >= 4 else 0, _ALL_SCOPES if known >= 6 else 0)
    length = 24 if known >= 6 else 16 if known >= 4 else 8
    rules = libc.syscall(_CREATE_RULESET, ctypes.byref(ruleset), ctypes.c_size_t(length), 0)
    if rules < 0:
        return False
    try:
        for path, rights in allowed:
            if not _add(libc, rules, path, rights & files):
                return False
        return libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 and libc.syscall(_RESTRICT_SELF, rules, 0) == 0
    finally:
        os.close(rules)


def _add(libc: ctypes.CDLL, rules: int, path: Path, rights: int) -> bool:
    """One rule; a path that is not there needs none."""
    try:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return True
    try:
        if not stat.S_ISDIR(os.fstat(handle).st_mode):
            rights &= _OF_FILES
        beneath = _Beneath(rights, handle)
        return bool(libc.syscall(_ADD_RULE, rules, _PATH_BENEATH, ctypes.byref(beneath), 0) == 0)
    finally:
        os.close(handle)
