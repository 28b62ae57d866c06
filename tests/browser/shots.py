"""Pictures of the panels for people to look at: `python -m tests.browser.shots [folder]`, build/screenshots by default."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Locator

from tests.browser import panel_shots
from tests.browser.lab_session import LabPage, lab_page

REPOSITORY = Path(__file__).parents[2]
SCREENSHOTS = REPOSITORY / "build" / "screenshots"
SAMPLE_TAKE = REPOSITORY / "tests" / "widgets" / "sample_take.py"
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}

SHORT = "Hello from the lab, where sentences become voices."
LONG = " ".join(
    ["A longer story needs more room than one line under the waveform has, so its words flow below the pictures."] * 4
)
CELLS = [
    SAMPLE_TAKE.read_text(),
    *f"""
from hay_say_lab.widgets.player import Player
from hay_say_lab.widgets.progress import Progress
from hay_say_lab.widgets.preview import preview_html
from hay_say_lab.errors import ArtifactMissing
# %%
short = Player(SampleTake({SHORT!r}))
short
# %%
long = Player(SampleTake({LONG!r}, seed=2**62 + 1))
long
# %%
gone = ArtifactMissing("The sound is gone.", field="artifact", fix="Run 'hay-say replay' to make it again.")
Player(SampleTake("Nobody hears this.", fault=gone))
# %%
pressed = []
running = Progress(lambda: pressed.append(1), title="Hello from the lab.", state="running", stage="Convert",
                   fraction=0.42, message="piece 5 of 12")
running
# %%
Progress(lambda: None, title="A batch of ten", lane="batch", position=3, waiting="another voice is in memory")
# %%
Progress(lambda: None, title="Too many harmonics", state="failed", stage="Speak",
         message="The device ran out of memory.")
# %%
from IPython.display import HTML
HTML(preview_html(SampleTake({SHORT!r})))
""".split("# %%"),
]


def player(lab: LabPage, number: int) -> Locator:
    """The n-th player of the notebook, scrolled into view."""
    panel = lab.page.locator(".hay-say-player").nth(number)
    panel.scroll_into_view_if_needed()
    return panel


def shoot(panel: Locator, name: str, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.png"
    panel.screenshot(path=path)
    return path


def listen_a_moment(lab: LabPage, panel: Locator) -> None:
    panel.get_by_role("button", name="Play").click()
    lab.page.wait_for_timeout(1200)
    panel.get_by_role("button", name="Pause").click()


def shoot_theme(lab: LabPage, theme: str, folder: Path) -> None:
    lab.use_theme(THEMES[theme])
    panel = player(lab, 0)
    listen_a_moment(lab, panel)
    shoot(panel, f"player-{theme}", folder)
    panel.locator(".hs-facts summary").wait_for()
    for press in (panel.get_by_role("button", name="Pitch"), panel.locator(".hs-facts summary")):
        press.click()
    panel.locator(".hs-pitch").wait_for(state="attached")
    shoot(panel, f"player-{theme}-measured", folder)
    for press in (panel.get_by_role("button", name="Pitch"), panel.locator(".hs-facts summary")):
        press.click()
    for press in (panel.get_by_role("button", name="Keyboard shortcuts"), panel.locator(".hs-recipe:not(.hs-facts) summary")):
        press.click()
    shoot(panel, f"player-{theme}-open", folder)
    for press in (panel.get_by_role("button", name="Keyboard shortcuts"), panel.locator(".hs-recipe:not(.hs-facts) summary")):
        press.click()
    long = player(lab, 1)
    listen_a_moment(lab, long)
    box = long.locator(".hs-wave").bounding_box()
    assert box is not None
    lab.page.mouse.move(box["x"] + 200, box["y"] + 30)
    lab.page.mouse.down()
    lab.page.mouse.move(box["x"] + 420, box["y"] + 30, steps=4)
    lab.page.mouse.up()
    shoot(long, f"player-{theme}-loop", folder)
    lost = player(lab, 2)
    lost.get_by_role("button", name="Play").click()
    lost.get_by_role("alert").wait_for()
    shoot(lost, f"player-{theme}-error", folder)
    for number, name in enumerate(("running", "waiting", "failed")):
        panel = lab.page.locator(".hay-say-progress").nth(number)
        panel.scroll_into_view_if_needed()
        shoot(panel, f"progress-{theme}-{name}", folder)
    shoot(lab.page.locator("figure"), f"preview-{theme}", folder)


def main(folder: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="hay-say-shots-") as home, lab_page(Path(home), CELLS) as lab:
        lab.command("application:toggle-left-area")
        for theme in THEMES:
            shoot_theme(lab, theme, folder)
        lab.page.set_viewport_size({"width": 420, "height": 1400})
        shoot(player(lab, 0), "player-narrow", folder)
    panel_shots.take(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else SCREENSHOTS)
