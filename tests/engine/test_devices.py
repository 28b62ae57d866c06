"""What a device has, what others use of it, what ours hold: read from a machine that is a folder of files."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hay_say_lab.engine.devices import Machine, Reading, Simulated, family, out_of_memory_kills, processor_seconds

GB = 1 << 20        # in kB


def _machine(root: Path, available_kb: int = 6 * GB, cgroup: str = "0::/") -> Path:
    """8 GB, one worker (7) with a child (8) that hold 512 MB and 256 MB."""
    files = {
        "proc/meminfo": f"MemTotal: {8 * GB} kB\nMemFree: 1000 kB\nMemAvailable: {available_kb} kB\n",
        "proc/self/cgroup": cgroup,
        "proc/7/smaps_rollup": f"0-1 ---p 0 [rollup]\nRss: {GB} kB\nPss: {GB // 2} kB\n",
        "proc/7/task/7/children": "8 ",
        "proc/8/smaps_rollup": f"Rss: {GB} kB\nPss: {GB // 4} kB\n",
        "proc/vmstat": "pgfault 12\noom_kill 3\n",
    }
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    return root


def _group(root: Path, **files: str) -> None:
    root.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (root / name.replace("__", ".")).write_text(content)


def test_the_budget_is_what_others_and_the_reserve_leave(tmp_path: Path) -> None:
    """2 GB of 8 are in use, 768 MB of them by our worker and its child."""
    reading = Machine(_machine(tmp_path)).read([7])
    assert reading.ours_mb == {7: 768}
    assert reading.foreign_mb == 2048 - 768
    assert reading.capacity_mb == pytest.approx(8192 - 819.2)
    assert reading.budget_mb == pytest.approx(8192 - 819.2 - 1280)


def test_a_small_machine_keeps_six_hundred_megabytes() -> None:
    assert Reading(2000).capacity_mb == 1400
    assert Reading(500).capacity_mb == 0


def test_a_control_group_of_the_second_kind_bounds_it(tmp_path: Path) -> None:
    """4 GB, of which 3 GB are in use: 1 GB of it would be given back, 768 MB are ours."""
    root = _machine(tmp_path, cgroup="0::/box/inner")
    _group(root / "sys/fs/cgroup/box/inner", memory__max="max\n", memory__current="1")
    _group(root / "sys/fs/cgroup/box", memory__max=str(4 << 30), memory__current=str(3 << 30),
           memory__stat=f"anon 1\ninactive_file {1 << 30}\n")  # fmt: skip
    reading = Machine(root).read([7])
    assert reading.total_mb == 4096
    assert reading.foreign_mb == 2048 - 768
    assert reading.budget_mb == 4096 - 600 - 1280


def test_a_control_group_of_the_first_kind_bounds_it(tmp_path: Path) -> None:
    root = _machine(tmp_path, cgroup="4:cpu:/box\n5:memory:/box")
    _group(root / "sys/fs/cgroup/memory/box", memory__limit_in_bytes=str(2 << 30), memory__usage_in_bytes=str(1 << 30),
           memory__stat="total_inactive_file 0\n")  # fmt: skip
    reading = Machine(root).read([7])
    assert (reading.total_mb, reading.foreign_mb) == (2048, 1024 - 768)


def test_a_group_without_a_limit_bounds_nothing(tmp_path: Path) -> None:
    root = _machine(tmp_path, cgroup="5:memory:/")
    _group(root / "sys/fs/cgroup/memory", memory__limit_in_bytes=str((1 << 63) - 4096), memory__usage_in_bytes="1")
    assert Machine(root).read([]).total_mb == 8192


def test_a_persons_own_bound_is_for_workers_alone(tmp_path: Path) -> None:
    reading = Machine(_machine(tmp_path), most_mb=500).read([7])
    assert (reading.capacity_mb, reading.budget_mb) == (500, 500)
    crowded = Machine(_machine(tmp_path, available_kb=GB // 2), most_mb=500).read([7])
    assert crowded.budget_mb < 500, "but it makes no memory"


def test_a_machine_that_tells_nothing_is_not_read(tmp_path: Path) -> None:
    assert not Machine(tmp_path).read([7]).readable


def test_this_machine_can_be_read_and_a_child_of_ours_is_not_foreign() -> None:
    code = "held = bytearray(120 << 20); held[::4096] = bytes(len(held[::4096])); print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        known = Machine().read([child.pid])
        unknown = Machine().read([])
        seconds = processor_seconds(child.pid)
        child.communicate(b"\n")
    assert known.readable
    assert 120 < known.ours_mb[child.pid] < 200
    assert unknown.foreign_mb - known.foreign_mb > 60, "give or take what the machine did in between"
    assert seconds is not None
    assert seconds < 30
    assert processor_seconds(child.pid) is None, "it has ended"


def test_a_family_is_a_process_and_what_it_started(tmp_path: Path) -> None:
    assert family(7, _machine(tmp_path)) == [7, 8]
    assert family(os.getpid())[0] == os.getpid()


def test_the_systems_kills_for_memory_are_counted(tmp_path: Path) -> None:
    assert out_of_memory_kills(_machine(tmp_path)) == 3
    assert out_of_memory_kills(tmp_path / "nowhere") == 0


def test_a_simulated_device_shows_what_its_processes_hold_and_what_lags_behind() -> None:
    now = 0.0
    card = Simulated("cuda:0", "cuda", 1000, lag_seconds=2.0, clock=lambda: now)
    assert card.take(1, 600)
    assert not card.take(2, 500), "it has no more"
    assert card.take(2, 300)
    card.foreign_mb = 50
    assert card.read([1]) == Reading(1000, 350, {1: 600})
    card.leave(1)
    assert card.read([]).foreign_mb == 950
    now = 3.0
    assert card.read([]).foreign_mb == 350
