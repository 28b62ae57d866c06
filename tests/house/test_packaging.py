"""What a person gets: the wheel is built here, from the checkout, as `make` left it."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from importlib.metadata import entry_points, metadata
from pathlib import Path

import pytest

import hay_say_lab
from tests.house.source import REPOSITORY, core


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    built = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    (path,) = folder.glob("*.whl")
    return zipfile.ZipFile(path)


def test_the_wheel_holds_every_module_and_the_panels(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    assert {module.place for module in core()} <= names
    assert "hay_say_lab/py.typed" in names
    sources = sorted((REPOSITORY / "labextension" / "src" / "panels").glob("*.ts"))
    assert sources
    assert "hay_say_lab/widgets/static/player.js" in names
    assert len(names) == len(wheel.namelist()), "a file is in the wheel twice"


def test_the_wheel_holds_nothing_else(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert tops == {
        "hay_say_lab",
        f"hay_say_lab-{hay_say_lab.__version__}.dist-info",
        f"hay_say_lab-{hay_say_lab.__version__}.data",
    }
    assert not [name for name in wheel.namelist() if name.endswith((".ts", ".map", ".pyc"))]


def test_installing_the_wheel_enables_the_extension(wheel: zipfile.ZipFile) -> None:
    data = f"hay_say_lab-{hay_say_lab.__version__}.data/data"
    config = json.loads(wheel.read(f"{data}/etc/jupyter/jupyter_server_config.d/hay_say_lab.json"))
    assert config == {"ServerApp": {"jpserver_extensions": {"hay_say_lab": True}}}


def test_jupyter_finds_the_extension_that_is_installed_here() -> None:
    config = Path(sys.prefix, "etc/jupyter/jupyter_server_config.d/hay_say_lab.json")
    assert json.loads(config.read_text()) == {"ServerApp": {"jpserver_extensions": {"hay_say_lab": True}}}
    from jupyter_server.extension.utils import get_metadata

    _, points = get_metadata("hay_say_lab")
    assert points, "hay_say_lab has no _jupyter_server_extension_points"


def test_the_wheel_says_under_which_licences_it_comes(wheel: zipfile.ZipFile) -> None:
    info = f"hay_say_lab-{hay_say_lab.__version__}.dist-info"
    assert wheel.read(f"{info}/licenses/LICENSE") == (REPOSITORY / "LICENSE").read_bytes()
    assert wheel.read(f"{info}/licenses/NOTICE") == (REPOSITORY / "NOTICE").read_bytes()
    assert "License-Expression: BSD-3-Clause" in wheel.read(f"{info}/METADATA").decode()


def test_the_command_line_is_installed() -> None:
    (command,) = entry_points(group="console_scripts", name="hay-say")
    assert command.value == "hay_say_lab.cli:main"
    assert callable(command.load())


def test_one_version_everywhere() -> None:
    node = json.loads((REPOSITORY / "package.json").read_text(encoding="utf-8"))
    assert metadata("hay-say-lab")["Version"] == hay_say_lab.__version__ == node["version"]
    assert f"## [{hay_say_lab.__version__}]" in (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")
