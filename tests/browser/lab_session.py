"""A real JupyterLab with a real chromium in front of it, all of it on loopback and in temporary folders."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import nbformat
import pytest
from playwright.sync_api import ConsoleMessage, Page, Request, sync_playwright

from tests.hosts import end_host

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
WAIT_MS = 60_000
CHROMIUM = shutil.which("chromium")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--mute-audio",
    "--autoplay-policy=no-user-gesture-required",
)
START_SECONDS = 60
SETTINGS: dict[str, dict[str, Any]] = {
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
}
# Players keep their audio elements to themselves: note each one that plays.
NOTE_WHAT_PLAYS = """
window.played = [];
const play = HTMLMediaElement.prototype.play;
HTMLMediaElement.prototype.play = function () {
  if (!window.played.includes(this)) window.played.push(this);
  return play.call(this);
};
"""


class LabPage:
    """One notebook open in JupyterLab, all its cells run; it notes what a quiet page must not do."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        self.strangers: list[str] = []
        self.sent: list[bytes] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", self._see)
        page.on("websocket", lambda socket: socket.on("framesent", self._note))
        page.add_init_script(NOTE_WHAT_PLAYS)

    def open(self, url: str) -> None:
        """Open a notebook and run all its cells."""
        self.page.goto(url)
        self.page.wait_for_selector("#jupyterlab-splash", state="detached", timeout=60_000)
        self.page.wait_for_selector(".jp-NotebookPanel .jp-Cell")
        self.page.evaluate(
            "async () => { const { sessionContext } = window.jupyterapp.shell.currentWidget;"
            " await sessionContext.ready; await sessionContext.session.kernel.info; }"
        )
        self.command("notebook:run-all-cells")

    def command(self, name: str, **arguments: Any) -> None:
        """Execute one of JupyterLab's own commands."""
        self.page.evaluate(
            "([name, given]) => window.jupyterapp.commands.execute(name, given).then(() => null)", [name, arguments]
        )

    def use_theme(self, name: str) -> None:
        """'JupyterLab Light' or 'JupyterLab Dark'; returns once the page wears it."""
        self.command("apputils:change-theme", theme=name)
        self.page.wait_for_selector(f"body[data-jp-theme-name='{name}']", state="attached")
        self.page.wait_for_timeout(400)     # its style sheet arrives behind the name

    def run_new_cell(self, source: str) -> None:
        """Add a cell at the end of the notebook and start it; returns at once."""
        self.page.evaluate(
            "async source => { const panel = window.jupyterapp.shell.currentWidget;"
            " panel.content.activeCellIndex = panel.content.widgets.length - 1;"
            " await window.jupyterapp.commands.execute('notebook:insert-cell-below');"
            " panel.content.activeCell.model.sharedModel.setSource(source);"
            " void window.jupyterapp.commands.execute('notebook:run-cell'); }",
            source,
        )

    def cells(self) -> int:
        """How many cells the notebook has."""
        return int(self.page.evaluate("() => window.jupyterapp.shell.currentWidget.content.model.cells.length"))

    def _note(self, frame: str | bytes) -> None:
        self.sent.append(frame if isinstance(frame, bytes) else frame.encode())

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    def _see(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("blob", "data") and parts.hostname not in ("127.0.0.1", "localhost"):
            self.strangers.append(request.url)


@contextmanager
def lab_page(folder: Path, cells: list[str], width: int = 1180, height: int = 1400) -> Iterator[LabPage]:
    """Serve a notebook of these cells from `folder`, open it, run it; ends the browser, then the server."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, folder / "takes.ipynb")
    with _server(folder) as (url, token), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS), ignore_default_args=["--headless"])
        context = browser.new_context(viewport={"width": width, "height": height}, device_scale_factor=2)
        lab = LabPage(context.new_page())
        lab.open(f"{url}lab/tree/takes.ipynb?token={token}&reset")
        yield lab
        browser.close()


@contextmanager
def lab_with_host(factory: pytest.TempPathFactory, cells: list[str]) -> Iterator[LabPage]:
    """The same with a data home of its own, whose host ends at the end."""
    home = factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HAY_SAY_HOME", str(home))
        with lab_page(factory.mktemp("lab"), cells) as opened:
            yield opened
    end_host(home)


def complaints(lab: LabPage, *panels: str) -> list[tuple[str, str, list[str]]]:
    """What axe-core has against panels, by their selectors: rule, its help, the elements."""
    lab.page.evaluate(AXE.read_text())
    found = lab.page.evaluate(
        "panels => axe.run({ include: panels.map(panel => [panel]) },"
        " { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })",
        list(panels),
    )
    assert len(found["passes"]) > 10
    return [(rule["id"], rule["help"], [node["html"] for node in rule["nodes"]]) for rule in found["violations"]]


@contextmanager
def _server(folder: Path) -> Iterator[tuple[str, str]]:
    """JupyterLab on a free port of loopback: (address, token)."""
    runtime = folder / "runtime"
    environment = os.environ | {
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(runtime),
        "JUPYTERLAB_SETTINGS_DIR": str(_settings(folder / "settings")),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
        "IPYTHONDIR": str(folder / "ipython"),
    }
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ServerApp.ip=127.0.0.1", "--ServerApp.port=0",
               f"--ServerApp.root_dir={folder}", "--LabApp.expose_app_in_browser=True", "--LabApp.news_url=None"]  # fmt: skip
    if os.geteuid() == 0:
        command.append("--allow-root")
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        told = _told(runtime / f"jpserver-{server.pid}.json", server, folder / "server.log")
        yield f"http://127.0.0.1:{told['port']}{told['base_url']}", told["token"]
    finally:
        server.terminate()
        server.wait(timeout=30)


def _settings(folder: Path) -> Path:
    for plugin, values in SETTINGS.items():
        path = folder / f"{plugin}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))
    return folder


def _told(path: Path, server: subprocess.Popen[bytes], log: Path) -> dict[str, Any]:
    """What the server says of itself, once it has said it."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        if path.exists() and (text := path.read_text()):
            told: dict[str, Any] = json.loads(text)
            return told
        time.sleep(0.1)
    raise AssertionError(f"JupyterLab did not start:\n{log.read_text()}")
