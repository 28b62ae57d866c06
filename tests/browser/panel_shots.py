"""Pictures of the larger panels, in every state, for people to look at: `make screenshots` takes them, too."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from playwright.sync_api import Locator

from tests.browser.lab_session import LabPage, lab_page
from tests.hosts import end_host

WAIT_MS = 60_000
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
CELLS = [
    """
from hay_say_lab import Lab
lab = Lab()
panel = lab.panels.generate()
panel
""",
    """
first = lab.say('Good morning.', voice='espeak_ng:en-us', then='world:controls', volume=30, seed=1).result()
second = lab.say('Good morning.', voice='espeak_ng:en-us', volume=100, seed=1).result()
compare = lab.panels.compare(first, second)
compare
""",
    """
queue = lab.panels.queue()
queue
""",
]


def shoot(panel: Locator, name: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    panel.scroll_into_view_if_needed()
    panel.screenshot(path=folder / f"{name}.png")


def generate(lab: LabPage, folder: Path) -> None:
    panel = lab.page.locator(".hay-say-generate").first
    panel.locator(".hs-form .hs-field").first.wait_for(timeout=WAIT_MS)
    shoot(panel, "generate-empty", folder)
    panel.get_by_role("button", name="Generate", exact=True).click()
    panel.get_by_role("alert").wait_for(timeout=WAIT_MS)
    shoot(panel, "generate-problems", folder)
    panel.get_by_label("Text", exact=True).fill("Hello from the panel, where sentences become voices.")
    panel.get_by_role("button", name="Speak, then convert").click()
    panel.get_by_role("button", name="Generate", exact=True).click()
    panel.locator(".hay-say-player").first.wait_for(timeout=WAIT_MS)
    lab.page.wait_for_timeout(500)
    shoot(panel, "generate-filled", folder)


def compare(lab: LabPage, folder: Path) -> None:
    panel = lab.page.locator(".hay-say-compare").first
    panel.get_by_role("button", name="Hear finished").first.click(timeout=WAIT_MS)
    panel.locator(".hs-stage").wait_for(timeout=WAIT_MS)
    panel.locator(".hs-cell[aria-busy=true]").first.wait_for(state="detached", timeout=WAIT_MS)
    shoot(panel, "compare-filled", folder)
    panel.get_by_role("button", name="Score").click()
    shoot(panel, "compare-blind", folder)
    panel.get_by_role("button", name="Next").click()
    panel.get_by_role("button", name="End and reveal").click()
    shoot(panel, "compare-result", folder)


def queue(lab: LabPage, folder: Path) -> None:
    panel = lab.page.locator(".hay-say-queue").first
    panel.locator(".hs-job").first.wait_for(timeout=WAIT_MS)
    panel.locator(".hs-meter").first.wait_for(timeout=WAIT_MS)
    shoot(panel, "queue-filled", folder)


def take(folder: Path) -> None:
    """All of them, then each panel in the dark, then narrow."""
    with tempfile.TemporaryDirectory(prefix="hay-say-shots-") as home, tempfile.TemporaryDirectory() as place:
        before = os.environ.get("HAY_SAY_HOME")
        os.environ["HAY_SAY_HOME"] = home
        try:
            with lab_page(Path(place), CELLS) as lab:
                lab.command("application:toggle-left-area")
                generate(lab, folder)
                compare(lab, folder)
                queue(lab, folder)
                lab.use_theme(THEMES["dark"])
                for name in ("generate", "compare", "queue"):
                    shoot(lab.page.locator(f".hay-say-{name}").first, f"{name}-dark", folder)
                lab.page.set_viewport_size({"width": 480, "height": 1400})
                for name in ("generate", "compare", "queue"):
                    shoot(lab.page.locator(f".hay-say-{name}").first, f"{name}-narrow", folder)
        finally:
            end_host(Path(home))
            if before is None:
                del os.environ["HAY_SAY_HOME"]
            else:
                os.environ["HAY_SAY_HOME"] = before
