"""RVC's voices on a whole host: brought in from a folder and from an upload, killed in the middle, kept bit by bit, removed to
the byte."""

from __future__ import annotations

import io
import random
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy
import pytest
from safetensors.numpy import load_file

from architectures.rvc.tests.rule_files import PARITY, Kind, arrays, small_model
from conftest import TORCH_PYTHON
from hay_say_lab.storage.survey import folder_bytes
from hay_say_rvc.generator import expected
from tests.faults.test_imports import check, has_ended, start
from tests.library.torch_files import write_zip
from tests.service.running_host import RunningHost, until

KILLS = 2
MOST_STEPS = 60
INDEX = PARITY / "index_v1" / "added_IVF6_Flat_nprobe_1_case_v1.index"

pytestmark = pytest.mark.torch


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "brought" / "Trixie"
    made.mkdir(parents=True)
    write_zip(made / "Trixie.pth", small_model(Kind("v1").small))
    shutil.copy(INDEX, made / "added_IVF6_Flat_nprobe_1_Trixie_v1.index")
    (made / "readme.txt").write_text("Please credit me.")
    return made


@pytest.fixture
def control(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HAY_SAY_TORCH_PYTHON", str(TORCH_PYTHON))
    return tmp_path / "control"


def test_a_voice_comes_in_whole_wherever_its_host_dies_and_goes_to_the_byte(folder: Path, control: Path, tmp_path: Path) -> None:
    host, draw = start(tmp_path / "home", control), random.Random(21)
    try:
        for _ in range(KILLS):
            control.symlink_to(str(draw.randrange(MOST_STEPS)))
            name = host.call("POST", "/imports", {"source": str(folder), "provenance": {"licence": "MIT"}}).json()["id"]
            until(lambda host=host, name=name: host.process.poll() is not None or has_ended(host, name), 120, "neither died nor ended")
            if host.process.poll() is not None:
                host = start(tmp_path / "home", control)
            control.unlink(missing_ok=True)
            ended = _ended(host, name)
            assert ended["voices"] == ["rvc:trixie"], ended["error"]
            check(host)
            _check_kept(host)
            _check_removed(host)
    finally:
        control.unlink(missing_ok=True)
        host.end()


def test_a_zip_that_was_sent_becomes_the_same_voice(folder: Path, control: Path, tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path in sorted(folder.iterdir()):
            archive.write(path, f"some folder/{path.name}")
    content = packed.getvalue()
    host = start(tmp_path / "home", control)
    try:
        begun = host.call("POST", "/uploads", {"bytes": len(content), "label": "Trixie.zip", "kind": "voice"}).json()
        headers = {"Content-Type": "application/octet-stream", "Upload-Offset": "0"}
        assert host.call("PATCH", f"/uploads/{begun['id']}", body=content, headers=headers).json()["complete"]
        sent = _ended(host, host.call("POST", "/imports", {"source": f"upload:{begun['id']}"}).json()["id"])
        assert sent["voices"] == ["rvc:trixie"], sent["error"]
        again = _ended(host, host.call("POST", "/imports", {"source": str(folder)}).json()["id"])
        assert (again["voices"], again["already"]) == (["rvc:trixie"], ["rvc:trixie"])
        assert host.call("GET", f"/uploads/{begun['id']}").status == 404, "it was used up"
        _check_kept(host)
    finally:
        host.end()


def _ended(host: RunningHost, name: str) -> dict[str, Any]:
    until(lambda: has_ended(host, name), 120, "the import did not end")
    return dict(host.call("GET", f"/imports/{name}").json())


def _check_kept(host: RunningHost) -> None:
    voice = host.call("GET", "/voices/rvc:trixie").json()
    kept = host.home / "voices" / "rvc" / "trixie"
    weights = [path for path in kept.iterdir() if path.suffix == ".safetensors" and "index" not in path.name]
    (found,) = [load_file(path) for path in weights]
    wanted = arrays(expected(Kind("v1").small))
    assert {array.tobytes() for array in wanted.values()} <= {array.tobytes() for array in found.values()}
    assert all(array.dtype == numpy.float16 for array in found.values())
    assert not list(kept.rglob("*.pth")), "no pickle is kept"
    assert voice["origin"]["confinement"] in ("full", "limits", "none")
    assert {file["name"] for file in voice["origin"]["files"]} & {"Trixie.pth", "Trixie.zip"}


def _check_removed(host: RunningHost) -> None:
    before = folder_bytes(host.home / "voices")
    preview = host.call("GET", "/voices/rvc:trixie/removal").json()
    assert host.call("DELETE", "/voices/rvc:trixie").status == 200
    freed = host.call("DELETE", "/trash").json()["freed_bytes"]
    assert freed == preview["bytes"] == before
    assert folder_bytes(host.home / "voices") == 0
