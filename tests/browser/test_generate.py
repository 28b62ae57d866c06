"""The generate panel in a real JupyterLab, a real browser, a real kernel and a real host."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

pytest.importorskip("playwright", reason="no chromium here: playwright is not installed")

from playwright.sync_api import Locator, expect

from tests.browser.lab_session import WAIT_MS, LabPage, complaints, lab_with_host

pytestmark = pytest.mark.browser

CELLS = ["from hay_say_lab import Lab\nlab = Lab()\npanel = lab.panels.generate()\npanel"]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabPage]:
    with lab_with_host(tmp_path_factory, CELLS) as opened:
        yield opened


@pytest.fixture(autouse=True)
def quiet(lab: LabPage) -> Iterator[None]:
    """Whatever a test does: no error on the console, no request to another machine."""
    yield
    assert lab.errors == []
    assert lab.strangers == []


@pytest.fixture
def panel(lab: LabPage) -> Locator:
    found = lab.page.locator(".hay-say-generate").first
    expect(found.get_by_role("combobox", name="Voice").first).not_to_have_value("", timeout=WAIT_MS)
    return found


def test_a_click_without_a_text_shows_what_is_missing_and_takes_the_person_there(panel: Locator) -> None:
    button = panel.get_by_role("button", name="Generate", exact=True)
    expect(button).to_be_enabled()
    button.click()
    expect(panel.get_by_role("alert")).to_contain_text("stands in the way", timeout=WAIT_MS)
    expect(panel.get_by_label("Text", exact=True)).to_be_focused()
    expect(panel.get_by_label("Text", exact=True)).to_have_attribute("aria-invalid", "true")


def test_a_setting_that_is_too_large_is_mended_by_one_click(panel: Locator) -> None:
    # given
    panel.get_by_label("Text", exact=True).fill("Good morning.")
    rate = panel.get_by_role("spinbutton", name=re.compile("Rate"))
    rate.evaluate("input => { input.value = '9999'; input.dispatchEvent(new Event('change')); }")
    # when
    panel.get_by_role("button", name="Generate", exact=True).click()
    mend = panel.locator(".hs-mend").first
    mend.click()
    # then
    expect(panel.get_by_role("alert")).to_be_hidden(timeout=WAIT_MS)
    expect(panel.get_by_role("spinbutton", name=re.compile("Rate"))).to_have_value("450")


def test_a_text_becomes_a_sound_that_plays_and_python_has_the_take(lab: LabPage, panel: Locator) -> None:
    # given
    panel.get_by_label("Text", exact=True).fill("Good evening, everybody.")
    expect(panel.get_by_role("status").filter(has_text="About")).to_be_visible(timeout=WAIT_MS)
    # when
    panel.get_by_role("button", name="Generate", exact=True).click()
    player = panel.locator(".hay-say-player").first
    player.wait_for(timeout=WAIT_MS)
    player.get_by_role("button", name="Play").click()
    # then
    lab.page.wait_for_function("() => window.played?.at(-1)?.currentTime > 0.3", timeout=WAIT_MS)
    loud = lab.page.evaluate(
        "async () => { const context = new OfflineAudioContext(1, 1, 22050);"
        " const bytes = await (await fetch(window.played.at(-1).src)).arrayBuffer();"
        " return Math.max(...(await context.decodeAudioData(bytes)).getChannelData(0)); }"
    )
    assert loud > 0.05
    lab.run_new_cell("print('took', panel.take.seconds > 0.5)")
    expect(lab.page.locator(".jp-OutputArea-output", has_text="took True")).to_be_visible(timeout=WAIT_MS)


def test_a_voice_is_found_by_typing_and_chosen_with_the_keyboard(lab: LabPage, panel: Locator) -> None:
    box = panel.get_by_role("combobox", name="Voice").first
    box.fill("polish")
    expect(panel.get_by_role("option").first).to_contain_text("Polish")
    lab.page.keyboard.press("Enter")
    expect(box).to_have_value("Polish")
    expect(panel.get_by_role("listbox")).to_be_hidden()


def test_a_recording_is_dropped_described_and_converted(lab: LabPage, panel: Locator) -> None:
    # given: a tone in a WAV, as a file manager drops it
    panel.get_by_role("button", name="Convert a recording").click()
    panel.locator(".hs-clip").evaluate(
        """async area => {
          const { length } = { length: 44100 };
          const wav = new DataView(new ArrayBuffer(44 + 2 * length));
          const text = (at, letters) => [...letters].forEach((l, i) => wav.setUint8(at + i, l.charCodeAt(0)));
          text(0, "RIFF"); wav.setUint32(4, 36 + 2 * length, true); text(8, "WAVEfmt "); wav.setUint32(16, 16, true);
          wav.setUint16(20, 1, true); wav.setUint16(22, 1, true); wav.setUint32(24, 44100, true);
          wav.setUint32(28, 88200, true); wav.setUint16(32, 2, true); wav.setUint16(34, 16, true);
          text(36, "data"); wav.setUint32(40, 2 * length, true);
          for (let i = 0; i < length; i++) wav.setInt16(44 + 2 * i, 9000 * Math.sin(i * 0.03), true);
          const transfer = new DataTransfer();
          transfer.items.add(new File([wav.buffer], "tone \u266a.wav", { type: "audio/wav" }));
          area.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
        }"""
    )
    told = panel.locator(".hs-clip-told")
    expect(told).to_contain_text("tone \u266a.wav", timeout=WAIT_MS)
    expect(told).to_contain_text("LUFS", timeout=WAIT_MS)
    # when
    panel.get_by_role("button", name="Generate", exact=True).click()
    # then
    expect(panel.locator(".hay-say-player").first).to_contain_text("world:controls", timeout=WAIT_MS)


def test_a_running_job_is_cancelled_from_the_panel_while_a_cell_is_busy(lab: LabPage) -> None:
    # given: a job of a minute, and a cell that keeps the kernel's main thread
    lab.run_new_cell("slow = lab.panels.generate('one two three', voice='parrot:polly', settings={'seconds_of_work': 60.0})\nslow")
    slow = lab.page.locator(".hay-say-generate").nth(1)
    expect(slow.get_by_label("Text", exact=True)).to_have_value("one two three", timeout=WAIT_MS)
    lab.run_new_cell("import time\ntime.sleep(8)\nprint('slept')")
    # when
    slow.get_by_role("button", name="Generate", exact=True).click()
    progress = slow.locator(".hay-say-progress")
    expect(progress).to_have_attribute("data-state", "running", timeout=WAIT_MS)
    progress.get_by_role("button", name="Cancel").click()
    # then
    expect(progress).to_have_attribute("data-state", "cancelled", timeout=WAIT_MS)
    expect(lab.page.get_by_text("slept", exact=True)).to_have_count(0)


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark", "JupyterLab Dark High Contrast"])
def test_everybody_can_use_it_in_any_theme(lab: LabPage, panel: Locator, theme: str) -> None:
    lab.use_theme(theme)
    for summary in panel.locator("details:not([open]) > summary").all():
        if summary.is_visible():
            summary.click()
    assert complaints(lab, ".hay-say-generate") == []
