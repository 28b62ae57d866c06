"""The compare panel in a real JupyterLab, a real browser, a real kernel and a real host."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

pytest.importorskip("playwright", reason="no chromium here: playwright is not installed")

from playwright.sync_api import Locator, expect

from tests.browser.lab_session import WAIT_MS, LabPage, complaints, lab_with_host

pytestmark = pytest.mark.browser

CELLS = [
    """
from hay_say_lab import Lab
lab = Lab()
quiet = lab.say('Good morning.', voice='espeak_ng:en-us', then='world:controls', volume=30, seed=1)
loud = lab.say('Good morning.', voice='espeak_ng:en-us', volume=100, seed=1)
takes = [quiet.result(), loud.result()]
panel = lab.panels.compare(*takes)
panel
"""
]
# The gain of each track of the mixer, by the order in which they came: what is really let through to the ears.
NOTE_GAINS = """() => {
window.gains = [];
const make = AudioContext.prototype.createGain;
AudioContext.prototype.createGain = function () {
  const node = make.call(this);
  window.gains.push(node);
  return node;
};
}"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabPage]:
    with lab_with_host(tmp_path_factory, CELLS) as opened:
        opened.page.evaluate(NOTE_GAINS)
        yield opened


@pytest.fixture(autouse=True)
def quiet(lab: LabPage) -> Iterator[None]:
    yield
    assert lab.errors == []
    assert lab.strangers == []


@pytest.fixture
def panel(lab: LabPage) -> Locator:
    found = lab.page.locator(".hay-say-compare").first
    expect(found.locator(".hs-cell").first).to_be_visible(timeout=WAIT_MS)
    return found


GAINS = "window.gains.map(node => Math.round(100 * node.gain.value) / 100)"


def heard(lab: LabPage, before: list[float] | None = None) -> list[float]:
    """The gain of each track, rounded, once one is let through, others than `before`, and none is on its way."""
    settled = (
        f"before => {{ const now = {GAINS}; const same = JSON.stringify(now) === window.last;"
        " window.last = JSON.stringify(now);"
        " return same && now.filter(gain => gain > 0).length === 1 && window.last !== before; }"
    )
    lab.page.wait_for_function(settled, arg=json.dumps(before, separators=(",", ":")), polling=100, timeout=WAIT_MS)
    return list(lab.page.evaluate(f"() => {GAINS}"))


def test_a_take_shows_the_stages_that_it_went_through(panel: Locator) -> None:
    expect(panel.get_by_role("row")).to_have_count(3)
    expect(panel.locator(".hs-cell")).to_have_count(4)      # each: generated and finished; no recording, nothing prepared
    expect(panel.get_by_label("no such stage")).to_have_count(4)


def test_switching_while_it_plays_keeps_the_place_and_lets_one_take_through(lab: LabPage, panel: Locator) -> None:
    # given: it plays, in a loop, so that no switch meets the end
    finished = panel.get_by_role("button", name="Hear finished")
    finished.nth(0).click()
    expect(panel.locator(".hs-stage")).to_be_visible(timeout=WAIT_MS)
    panel.get_by_role("button", name="Loop").click()
    panel.get_by_role("button", name="Play").click()
    expect(panel.get_by_role("button", name="Pause")).to_be_visible(timeout=WAIT_MS)
    expect(panel.locator(".hs-cell[aria-busy=true]")).to_have_count(0, timeout=WAIT_MS)
    first = heard(lab)
    # when
    finished.nth(1).click()
    second = heard(lab, first)
    # then
    assert first.index(max(first)) != second.index(max(second))
    expect(panel.get_by_role("button", name="Pause")).to_be_visible()


def test_the_louder_take_is_turned_down_and_says_by_how_much(lab: LabPage, panel: Locator) -> None:
    loud = panel.get_by_role("button", name="Hear finished").nth(1)
    expect(loud).to_contain_text("dB", timeout=WAIT_MS)
    matched = heard(lab)
    assert max(matched) < 0.9
    panel.get_by_role("button", name="Same loudness").click()
    expect(loud).not_to_contain_text("dB")
    assert max(heard(lab, matched)) == 1.0
    panel.get_by_role("button", name="Same loudness").click()


def test_a_blind_test_ends_in_a_result_that_python_has(lab: LabPage, panel: Locator) -> None:
    # given
    panel.get_by_role("button", name="ABX").click()
    expect(panel.locator(".hs-grid-box")).to_be_hidden()
    # when: three answers
    for _ in range(3):
        panel.get_by_role("button", name="Hear X").click()
        panel.get_by_role("button", name="X is A").click()
    panel.get_by_role("button", name="End and reveal").click()
    # then
    expect(panel.locator(".hs-blind")).to_contain_text("of 3 right")
    lab.run_new_cell("line, = panel.results.lines()\nprint(line.test, line.answers, 0 < line.p <= 1)")
    expect(lab.page.locator(".jp-OutputArea-output", has_text="abx 3 True")).to_be_visible(timeout=WAIT_MS)


def test_scores_are_given_for_letters_and_kept_by_take(lab: LabPage, panel: Locator) -> None:
    panel.get_by_role("button", name="Score").click()
    panel.get_by_role("slider", name="A", exact=True).fill("80")
    panel.get_by_role("button", name="Next").click()
    panel.get_by_role("button", name="End and reveal").click()
    expect(panel.locator(".hs-blind")).to_contain_text("80 on average of 1.")


def test_a_favourite_is_kept(lab: LabPage, panel: Locator) -> None:
    panel.get_by_role("button", name="Favourite").first.click()
    lab.run_new_cell("print('star', [take.artifact for take in panel.favourite_takes] == [takes[0].artifact])")
    expect(lab.page.locator(".jp-OutputArea-output", has_text="star True")).to_be_visible(timeout=WAIT_MS)


def test_the_arrows_walk_through_the_grid(lab: LabPage, panel: Locator) -> None:
    panel.get_by_role("button", name="Hear generated").first.focus()
    lab.page.keyboard.press("ArrowRight")
    expect(panel.get_by_role("button", name="Hear finished").first).to_be_focused()
    lab.page.keyboard.press("ArrowDown")
    expect(panel.get_by_role("button", name="Hear finished").nth(1)).to_have_attribute("aria-pressed", "true")


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark", "JupyterLab Dark High Contrast"])
def test_everybody_can_use_it_in_any_theme(lab: LabPage, panel: Locator, theme: str) -> None:
    lab.use_theme(theme)
    panel.scroll_into_view_if_needed()
    assert complaints(lab, ".hay-say-compare") == []
