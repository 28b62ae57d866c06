"""The panels in a real JupyterLab, in a real browser, with a real kernel behind them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("playwright", reason="no chromium here: playwright is not installed")

from playwright.sync_api import Locator, expect

from hay_say_lab.widgets.chunks import LARGEST_CHUNK_BYTES
from tests.browser.lab_session import LabPage, lab_page
from tests.browser.shots import CELLS, LONG, REPOSITORY, SCREENSHOTS, SHORT, THEMES, listen_a_moment, player, shoot
from tests.widgets.sample_take import SAMPLE_RATE, SampleTake

pytestmark = pytest.mark.browser

AXE = REPOSITORY / "node_modules" / "axe-core" / "axe.min.js"
SHORT_TAKE, LONG_TAKE = SampleTake(SHORT), SampleTake(LONG, seed=2**62 + 1)
SECONDS = len(SHORT_TAKE.samples()) / SAMPLE_RATE


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabPage]:
    with lab_page(tmp_path_factory.mktemp("lab"), CELLS) as opened:
        yield opened


@pytest.fixture(autouse=True)
def quiet(lab: LabPage) -> Iterator[None]:
    """Whatever a test does: no error on the console, no request to another machine."""
    yield
    assert lab.errors == []
    assert lab.strangers == []


@pytest.fixture
def short(lab: LabPage) -> Locator:
    """The first player: paused, at its start, without a loop, at its own speed, its slider focused."""
    panel = player(lab, 0)
    if panel.get_by_role("button", name="Pause").is_visible():
        panel.get_by_role("button", name="Pause").click()
    panel.get_by_label("Speed").select_option("1")
    panel.get_by_role("slider").focus()
    lab.page.keyboard.press("Escape")
    lab.page.keyboard.press("Home")
    expect(slider(panel)).to_have_attribute("aria-valuenow", "0.00")
    return panel


def slider(panel: Locator) -> Locator:
    return panel.get_by_role("slider")


def position(panel: Locator) -> float:
    return float(slider(panel).get_attribute("aria-valuenow") or "nan")


def box(part: Locator) -> dict[str, Any]:
    found = part.bounding_box()
    assert found is not None
    return dict(found)


def sound(lab: LabPage, what: str) -> Any:
    """A property of the audio element that played last."""
    return lab.page.evaluate(f"() => window.played.at(-1).{what}")


def test_pressing_play_is_heard_and_the_cursor_follows_the_sound(lab: LabPage, short: Locator) -> None:
    short.get_by_role("button", name="Play").click()
    expect(short.get_by_role("button", name="Pause")).to_be_visible()
    lab.page.wait_for_function("() => window.played.length > 0 && window.played.at(-1).currentTime > 0.4")
    assert sound(lab, "paused") is False
    assert sound(lab, "error") is None
    assert sound(lab, "duration") == pytest.approx(SECONDS, abs=0.05)
    short.get_by_role("button", name="Pause").click()
    assert sound(lab, "paused") is True
    assert position(short) == pytest.approx(sound(lab, "currentTime"), abs=0.02)


def test_the_word_that_sounds_is_marked(lab: LabPage, short: Locator) -> None:
    third = SHORT_TAKE.words()[2]
    short.get_by_text(third.text, exact=True).click()
    expect(short.locator("[aria-current]")).to_have_text(third.text)
    assert position(short) == pytest.approx(third.start / SAMPLE_RATE, abs=0.01)
    assert third.text in (slider(short).get_attribute("aria-valuetext") or "")


def test_a_click_on_the_picture_goes_there(lab: LabPage, short: Locator) -> None:
    for picture in (".hs-wave", ".hs-spectrum-box"):
        place = box(short.locator(picture))
        for share in (0.25, 0.75):
            lab.page.mouse.click(place["x"] + share * place["width"], place["y"] + place["height"] / 2)
            assert position(short) == pytest.approx(share * SECONDS, abs=0.02)


def test_a_dragged_stretch_is_played_again_and_again(lab: LabPage, short: Locator) -> None:
    # given a stretch of 0.4 to 0.5 of the take
    place = box(short.locator(".hs-wave"))
    middle = place["y"] + place["height"] / 2
    lab.page.mouse.move(place["x"] + 0.4 * place["width"], middle)
    lab.page.mouse.down()
    lab.page.mouse.move(place["x"] + 0.5 * place["width"], middle, steps=5)
    lab.page.mouse.up()
    expect(short.get_by_role("button", name="Loop")).to_have_attribute("aria-pressed", "true")
    # when it plays for three times its length
    short.get_by_role("button", name="Play").click()
    seen = []
    for _ in range(24):
        lab.page.wait_for_timeout(50)
        seen.append(position(short))
    # then it never left the stretch, and went back at least once
    assert min(seen) >= 0.4 * SECONDS - 0.02
    assert max(seen) <= 0.5 * SECONDS + 0.06
    assert any(later < earlier for earlier, later in pairwise(seen))
    lab.page.keyboard.press("Escape")
    expect(short.locator(".hs-region")).to_be_hidden()


def test_the_keyboard_alone_is_enough(lab: LabPage, short: Locator) -> None:
    press = lab.page.keyboard.press
    press("ArrowRight")
    assert position(short) == pytest.approx(0.5, abs=0.01)
    press("ArrowLeft")
    assert position(short) == pytest.approx(0, abs=0.01)
    press("Shift+ArrowRight")
    assert position(short) == pytest.approx(SHORT_TAKE.words()[0].start / SAMPLE_RATE, abs=0.01)
    press("[")
    press("End")
    assert position(short) == pytest.approx(SECONDS, abs=0.01)
    expect(short.get_by_role("button", name="Loop")).to_have_attribute("aria-pressed", "true")
    press("l")
    expect(short.get_by_role("button", name="Loop")).to_have_attribute("aria-pressed", "false")
    press("Space")
    expect(short.get_by_role("button", name="Pause")).to_be_visible()
    press("k")
    expect(short.get_by_role("button", name="Play")).to_be_visible()
    press("?")
    expect(short.get_by_label("Keyboard shortcuts").filter(has_text="play or pause")).to_be_visible()
    press("?")


def test_keys_pressed_in_the_player_do_nothing_to_the_notebook(lab: LabPage, short: Locator) -> None:
    cells = lab.cells()
    for key in ("d", "d", "x", "b", "a", "Shift+M", "Enter"):
        lab.page.keyboard.press(key)
    assert lab.cells() == cells
    expect(slider(short)).to_be_focused()


def test_speed_keeps_the_pitch(lab: LabPage, short: Locator) -> None:
    lab.page.keyboard.press("+")
    expect(short.get_by_label("Speed")).to_have_value("1.1")
    short.get_by_label("Speed").select_option("2")
    listen_a_moment(lab, short)
    assert sound(lab, "playbackRate") == 2
    assert sound(lab, "preservesPitch") is True
    assert position(short) > 1.6


def test_one_player_sounds_at_a_time(lab: LabPage, short: Locator) -> None:
    long = player(lab, 1)
    long.get_by_role("button", name="Play").click()
    expect(long.get_by_role("button", name="Pause")).to_be_visible()
    short.get_by_role("button", name="Play").click()
    expect(long.get_by_role("button", name="Play")).to_be_visible()
    expect(short.get_by_role("button", name="Pause")).to_be_visible()
    short.get_by_role("button", name="Pause").click()


@pytest.mark.parametrize("format", ["FLAC", "WAV"])
def test_a_take_larger_than_a_chunk_arrives_whole(lab: LabPage, format: str) -> None:
    # given
    whole = LONG_TAKE.export(format.lower())
    assert len(whole) > LARGEST_CHUNK_BYTES
    # when
    with lab.page.expect_download() as download:
        player(lab, 1).get_by_role("button", name=f"Download {format}").click()
    # then
    saved = Path(download.value.path()).read_bytes()
    assert hashlib.sha256(saved).digest() == hashlib.sha256(whole).digest()
    name = download.value.suggested_filename
    expect(player(lab, 1).get_by_role("status")).to_have_text(f"Saved as {name}.")
    assert re.fullmatch(rf"a-longer-story-[\w-]+-{LONG_TAKE.artifact[:8]}\.{format.lower()}", name)
    asking = re.compile(rf'"format": ?"{format.lower()}", ?"from": ?(\d+)'.encode())
    asked = {int(first) for frame in lab.sent for first in asking.findall(frame)}
    assert asked >= set(range(0, len(whole), LARGEST_CHUNK_BYTES))


def test_a_sound_that_cannot_come_is_told_with_its_way_out(lab: LabPage) -> None:
    lost = player(lab, 2)
    lost.get_by_role("button", name="Play").click()
    expect(lost.get_by_role("alert")).to_contain_text("The sound is gone. Run 'hay-say replay' to make it again.")
    expect(lost.get_by_role("button", name="Play")).to_be_visible()


def test_the_recipe_says_how_the_take_was_made(lab: LabPage, short: Locator) -> None:
    short.get_by_text("Recipe", exact=True).first.click()
    for told in ("parrot:polly", "pitch semitones", "not stated", SHORT_TAKE.artifact):
        expect(short.locator("dl").last).to_contain_text(told)
    short.get_by_text("Recipe", exact=True).first.click()
    expect(player(lab, 1).locator(".hs-subtitle")).to_contain_text(f"seed {2**62 + 1}")


def test_sound_comes_while_a_cell_is_busy_and_its_job_can_be_cancelled(lab: LabPage) -> None:
    # given a cell that holds the kernel's main thread until somebody cancels, and a player never heard before
    lab.run_new_cell(
        "import time\n"
        "fresh = Player(SampleTake('Heard while busy.'))\n"
        "display(fresh)\n"
        "end = time.monotonic() + 20\n"
        "while not pressed and time.monotonic() < end:\n"
        "    time.sleep(0.05)\n"
        "running.update(state='cancelled', message='')\n"
        "print('cancelled while busy' if pressed else 'nobody came')"
    )
    panel = player(lab, 3)
    # when
    listen_a_moment(lab, panel)
    assert position(panel) > 0.3
    running = lab.page.locator(".hay-say-progress").first
    running.get_by_role("button", name="Cancel").click()
    # then
    expect(lab.page.get_by_text("cancelled while busy", exact=True)).to_be_visible(timeout=15_000)
    expect(running.get_by_role("status")).to_have_text("Cancelled")
    expect(running.get_by_role("button", name="Cancel")).to_be_hidden()


def test_what_was_measured_is_told_and_the_pitch_is_drawn_when_it_is_wanted(lab: LabPage) -> None:
    panel = player(lab, 0)
    expect(panel.locator(".hs-facts summary")).to_contain_text("LUFS")
    button = panel.get_by_role("button", name="Pitch")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(panel.get_by_role("status")).to_have_text("Pitch on, found by dio")
    assert panel.locator(".hs-pitch-line").get_attribute("d")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")
    expect(panel.locator(".hs-pitch-line")).to_have_count(0)


def test_progress_tells_stage_share_and_what_a_job_waits_for(lab: LabPage) -> None:
    waiting = lab.page.locator(".hay-say-progress").nth(1)
    expect(waiting).to_contain_text("place 3 in the batch lane \u00b7 another voice is in memory")
    bar = waiting.get_by_role("progressbar")
    expect(bar).not_to_have_attribute("aria-valuenow", re.compile(".*"))
    lab.run_new_cell("fourth = Progress(lambda: None, title='Fourth')\nfourth")
    fourth = lab.page.locator(".hay-say-progress").nth(3)
    expect(fourth).to_be_visible()
    lab.run_new_cell("fourth.update(state='running', stage='Speak', fraction=0.5, message='piece 1 of 2')")
    expect(fourth.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "50")
    expect(fourth).to_contain_text("Speak \u00b7 piece 1 of 2")
    expect(fourth.get_by_role("list", name="Warnings")).to_be_hidden()
    lab.run_new_cell("fourth.update(warnings=['This voice lacks <break>.', 'Too loud.'])")
    expect(fourth.get_by_role("list", name="Warnings").get_by_role("listitem")).to_have_text(
        ["This voice lacks <break>.", "Too loud."]
    )


@pytest.mark.parametrize("theme", THEMES)
def test_everybody_can_use_the_panels_in_either_theme(lab: LabPage, short: Locator, theme: str) -> None:
    # given both panels, with all that can be opened open
    lab.use_theme(THEMES[theme])
    listen_a_moment(lab, short)
    assert shoot(short, f"player-{theme}", SCREENSHOTS).stat().st_size > 20_000
    short.get_by_role("button", name="Keyboard shortcuts").click()
    short.get_by_text("Recipe", exact=True).first.click()
    # when axe-core looks at them
    lab.page.evaluate(AXE.read_text())
    found = lab.page.evaluate(
        "() => axe.run({ include: [['.hay-say-player'], ['.hay-say-progress']] },"
        " { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })"
    )
    # then
    assert len(found["passes"]) > 10
    complaints = [(rule["id"], rule["help"], [node["html"] for node in rule["nodes"]]) for rule in found["violations"]]
    assert complaints == []
    short.get_by_role("button", name="Keyboard shortcuts").click()
    short.get_by_text("Recipe", exact=True).first.click()


def test_the_pictures_follow_a_change_of_theme(lab: LabPage) -> None:
    """The quietest corner of the spectrogram is light on a light ground, dark on a dark one."""
    quiet = (
        "() => { const canvas = document.querySelector('.hs-spectrum');"
        " return Math.max(...canvas.getContext('2d').getImageData(0, 0, 1, 1).data.slice(0, 3)); }"
    )
    lab.use_theme(THEMES["light"])
    assert lab.page.evaluate(quiet) > 150
    lab.use_theme(THEMES["dark"])
    assert lab.page.evaluate(quiet) < 150


def test_a_notebook_saved_while_it_is_live_holds_no_sound(lab: LabPage) -> None:
    lab.command("docmanager:save")
    saved = lab.page.evaluate("() => JSON.stringify(window.jupyterapp.shell.currentWidget.content.model.toJSON())")
    players = [
        output["data"]
        for cell in json.loads(saved)["cells"]
        for output in cell["outputs"]
        if "application/vnd.jupyter.widget-view+json" in output.get("data", {})
    ]
    assert len(players) > 3
    assert max(len(json.dumps(data)) for data in players) < 1000


def test_a_reloaded_page_finds_its_players_again(lab: LabPage) -> None:
    lab.page.reload()
    panel = lab.page.locator(".hay-say-player").first
    panel.wait_for(timeout=60_000)
    listen_a_moment(lab, player(lab, 0))
    assert position(player(lab, 0)) > 0.3
