"""What is in order here, what is not, and how to mend each of it."""

from __future__ import annotations

import platform
import shutil
import sys

from hay_say_lab.service.surface import Surface
from hay_say_lab.service.views import DoctorLine

LOW_DISK_BYTES = 2 << 30


def examine(surface: Surface) -> list[DoctorLine]:
    """Every check, in the order in which a person would mend them."""
    return [_system(), _python(), *_architectures(surface), _disk(surface)]


def _system() -> DoctorLine:
    return DoctorLine("system", sys.platform == "linux", f"{platform.system()} {platform.release()}",
                      "" if sys.platform == "linux" else "Only Linux is tested.")  # fmt: skip


def _python() -> DoctorLine:
    version = platform.python_version()
    ok = (3, 11) <= sys.version_info[:2] <= (3, 13)
    return DoctorLine("python", ok, version, "" if ok else "Use Python 3.11 to 3.13.")


def _architectures(surface: Surface) -> list[DoctorLine]:
    lines = []
    for manifest in surface.architectures.manifests.values():
        problem = surface.architectures.runtime_problem(manifest, "voice")
        finding = problem.message if problem else f"{manifest.title} {manifest.version} can run"
        lines.append(
            DoctorLine(f"architecture {manifest.id}", problem is None, finding, problem.fix.label if problem else "")
        )
    for entry in surface.architectures.broken:
        lines.append(DoctorLine(f"architecture {entry.name}", False, entry.reason, "Reinstall it."))
    if not lines:
        lines.append(DoctorLine("architectures", False, "none is installed", "pip install 'hay-say-lab[starter]'"))
    return lines


def _disk(surface: Surface) -> DoctorLine:
    free = shutil.disk_usage(surface.home.root).free
    ok = free > LOW_DISK_BYTES
    return DoctorLine("disk", ok, f"{free / (1 << 30):.1f} GB free", "" if ok else "Free some disk space.")
