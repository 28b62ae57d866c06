"""What is in order here, what is not, and how to mend each of it."""

from __future__ import annotations

import io
import json
import os
import platform
import shutil
import subprocess
import sys
from typing import Any

from hay_say_lab.audio import ffmpeg
from hay_say_lab.audio.kinds import KINDS
from hay_say_lab.audio.recording import INSTALL_FFMPEG
from hay_say_lab.service.surface import Surface
from hay_say_lab.service.views import DoctorLine
from hay_say_lab.worker.platform import worker_environment

LOW_DISK_BYTES = 2 << 30
SECONDS_TO_PROBE = 60
NEEDED_FORMATS = ("WAV", "FLAC", "OGG", "MP3", "AIFF", "CAF", "W64")
WSL_RECLAIM = (
    "In PowerShell, after 'wsl --shutdown': 'Optimize-VHD -Path <ext4.vhdx> -Mode Full' "
    "(or diskpart: select vdisk, compact vdisk) gives freed space back to Windows."
)
CONFINEMENT = {
    "full": (True, "voice files from strangers can be read with namespaces, Landlock and limits around them", ""),
    "limits": (
        False,
        "only resource limits can be put around a reader of voice files",
        "Use a kernel with Landlock that lets users make namespaces.",
    ),
    "none": (False, "nothing can be put around a reader of voice files", "Use Linux, or WSL 2 on Windows."),
}


def examine(surface: Surface) -> list[DoctorLine]:
    """Every check, in the order in which a person would mend them. Blocks for a second or two."""
    probed = _probe()
    return [
        *_system(),
        _python(),
        _torch(probed.get("torch"), known="torch" in probed),
        _codecs(),
        _ffmpeg(),
        *_architectures(surface),
        _profile(surface),
        _confinement(probed.get("confinement")),
        _disk(surface),
        _host(surface),
    ]


def _probe() -> dict[str, Any]:
    """What the probing child found; empty where it died of it."""
    command = [sys.executable, "-P", "-m", "hay_say_lab.worker.probe"]
    try:
        done = subprocess.run(
            command,
            env=worker_environment(dict(os.environ)),
            capture_output=True,
            timeout=SECONDS_TO_PROBE,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        return dict(json.loads(done.stdout))
    except (subprocess.TimeoutExpired, ValueError):
        return {}


def _system() -> list[DoctorLine]:
    release = platform.release()
    linux = sys.platform == "linux"
    lines = [
        DoctorLine(
            "system", linux, f"{platform.system()} {release}", "" if linux else "Only Linux is run in our tests."
        )
    ]
    if "microsoft" in release.lower():
        lines.append(DoctorLine("wsl", True, "Windows Subsystem for Linux; its disk file never shrinks by itself", WSL_RECLAIM))
    return lines


def _python() -> DoctorLine:
    ok = (3, 11) <= sys.version_info[:2] <= (3, 13)
    return DoctorLine("python", ok, platform.python_version(), "" if ok else "Use Python 3.11 to 3.13.")


def _torch(found: dict[str, Any] | None, *, known: bool) -> DoctorLine:
    if not known:
        return DoctorLine("torch", False, "the probe died", "Run 'python -m hay_say_lab.worker.probe' to see how.")
    if found is None:
        return DoctorLine("torch", True, "not installed; none of the installed architectures needs to have it here")
    if "problem" in found:
        return DoctorLine("torch", False, found["problem"], "Install torch==2.11.0 and torchaudio==2.11.0 together.")
    broken = [device["name"] for device in found["devices"] if not device["works"]]
    names = ", ".join(device["name"] for device in found["devices"]) or "no GPU: architectures run on the CPU"
    finding = f"torch {found['version']}: {names}"
    mend = "The driver or the GPU does not fit this torch's CUDA build: update the driver." if broken else ""
    return DoctorLine("torch", not broken, finding, mend)


def _codecs() -> DoctorLine:
    """Each container is written and read, not only looked up."""
    import numpy
    import soundfile

    silence = numpy.zeros(4410, dtype=numpy.float32)
    missing = []
    for name in NEEDED_FORMATS:
        try:
            buffer = io.BytesIO()
            soundfile.write(buffer, silence, 44100, format=name)
            buffer.seek(0)
            soundfile.read(buffer)
        except (soundfile.LibsndfileError, ValueError):
            missing.append(name)
    finding = f"libsndfile {soundfile.__libsndfile_version__} writes and reads {', '.join(NEEDED_FORMATS)}"
    if missing:
        return DoctorLine("codecs", False, f"libsndfile lacks {', '.join(missing)}", "pip install --upgrade soundfile")
    return DoctorLine("codecs", True, finding)


def _ffmpeg() -> DoctorLine:
    """A program of its own, under its own licence; nothing else needs it."""
    program = ffmpeg.find()
    titles = ", ".join(kind.title for kind in KINDS.values())
    if program is not None:
        return DoctorLine("ffmpeg", True, f"{program.name}, {program.licence}, reads {titles}: {program.path}")
    if named := os.environ.get(ffmpeg.SETTING):
        return DoctorLine("ffmpeg", False, f"{named} is no ffmpeg that runs", f"Mend or unset {ffmpeg.SETTING}.")
    return DoctorLine("ffmpeg", True, f"not found; it is optional, and without it these are not read: {titles}", INSTALL_FFMPEG)


def _architectures(surface: Surface) -> list[DoctorLine]:
    lines = []
    for manifest in surface.architectures.manifests.values():
        problem = surface.architectures.runtime_problem(manifest, "voice")
        finding = problem.message if problem else f"{manifest.title} {manifest.version} can run; it needs no assets"
        mend = problem.fix.label if problem else ""
        lines.append(DoctorLine(f"architecture {manifest.id}", problem is None, finding, mend))
    for entry in surface.architectures.broken:
        lines.append(DoctorLine(f"architecture {entry.name}", False, entry.reason, "Reinstall it."))
    if not lines:
        lines.append(DoctorLine("architectures", False, "none is installed", "pip install 'hay-say-lab[starter]'"))
    return lines


def _profile(surface: Surface) -> DoctorLine:
    profile = surface.profile
    rules = [
        "operators change the voices" if profile.library_changes else "nobody changes the voices",
        "a voice serves only where its source, licence and consent are known" if profile.provenance_needed else "any voice serves",
        f"strangers' files are read under '{profile.least_confinement}' confinement or better",
    ]
    return DoctorLine("profile", True, f"{profile.name} ({profile.summary}): {'; '.join(rules)}")


def _confinement(level: str | None) -> DoctorLine:
    ok, finding, mend = CONFINEMENT.get(level or "none", CONFINEMENT["none"])
    return DoctorLine("confinement", ok, f"{level or 'unknown'}: {finding}", mend)


def _disk(surface: Surface) -> DoctorLine:
    free = shutil.disk_usage(surface.home.root).free
    ok = free > LOW_DISK_BYTES
    return DoctorLine("disk", ok, f"{free / (1 << 30):.1f} GB free", "" if ok else "Free some disk space.")


def _host(surface: Surface) -> DoctorLine:
    workers = surface.engine.pool.described()
    accounts = surface.engine.pool.ledger().accounts
    given = ", ".join(f"{account.budget_mb / 1024:.1f} GB of {account.device}" for account in accounts)
    finding = f"version {surface.version}, {len(workers)} workers alive, {given} for workers"
    return DoctorLine("host", True, finding)
