"""The queue panel in a real JupyterLab, a real browser, a real kernel and a real host."""

from __future__ import annotations

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
spoken = lab.say('Good morning.', voice='parrot:polly').result()
failing = lab.say('Bad morning.', voice='parrot:polly', crash='raise')
slow = lab.say('Slow morning.', voice='parrot:polly', seconds_of_work=60.0)
queue = lab.panels.queue()
queue
"""
]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabPage]:
    with lab_with_host(tmp_path_factory, CELLS) as opened:
        yield opened


@pytest.fixture(autouse=True)
def quiet(lab: LabPage) -> Iterator[None]:
    yield
    assert lab.errors == []
    assert lab.strangers == []


@pytest.fixture
def panel(lab: LabPage) -> Locator:
    found = lab.page.locator(".hay-say-queue").first
    expect(found.locator(".hs-job").nth(2)).to_be_visible(timeout=WAIT_MS)
    return found


def row(panel: Locator, words: str) -> Locator:
    return panel.locator(".hs-job", has_text=words)


def test_jobs_stand_in_the_order_of_their_states_and_move_by_themselves(lab: LabPage, panel: Locator) -> None:
    expect(row(panel, "Slow morning.")).to_have_attribute("data-state", "running", timeout=WAIT_MS)
    expect(row(panel, "Bad morning.")).to_have_attribute("data-state", "failed", timeout=WAIT_MS)
    expect(row(panel, "Slow morning.").locator(".hs-share")).to_contain_text("%", timeout=WAIT_MS)
    lab.run_new_cell("late = lab.say('Late morning.', voice='parrot:polly')")
    expect(row(panel, "Late morning.")).to_have_attribute("data-state", "succeeded", timeout=WAIT_MS)


def test_a_running_job_is_cancelled_and_a_failed_one_tried_again(panel: Locator) -> None:
    slow = row(panel, "Slow morning.")
    slow.get_by_role("button", name="Cancel").click()
    expect(slow).to_have_attribute("data-state", "cancelled", timeout=WAIT_MS)
    bad = row(panel, "Bad morning.")
    bad.get_by_role("button", name="Try again").click()
    expect(bad.get_by_role("button", name="Try again")).to_be_visible(timeout=WAIT_MS)


def test_jobs_are_found_by_state_and_by_words(panel: Locator) -> None:
    panel.get_by_role("button", name="Trouble").click()
    expect(panel.locator(".hs-job")).to_have_count(1)
    panel.get_by_role("button", name="All", exact=False).first.click()
    panel.get_by_role("textbox", name="Find jobs").fill("good polly")
    expect(panel.locator(".hs-job")).to_have_count(1)
    panel.get_by_role("textbox", name="Find jobs").fill("nobody")
    expect(panel.locator(".hs-empty").first).to_have_text("No job is like that.")
    panel.get_by_role("textbox", name="Find jobs").fill("")


def test_a_job_opens_into_its_player(panel: Locator) -> None:
    row(panel, "Good morning.").get_by_role("button", name="Good morning.").click()
    expect(panel.locator(".hay-say-player")).to_contain_text("parrot:polly", timeout=WAIT_MS)


def test_a_lane_is_paused_and_resumed(panel: Locator) -> None:
    panel.get_by_role("button", name="Pause the batch lane").click()
    expect(panel.locator(".hs-lanes")).to_contain_text("paused by", timeout=WAIT_MS)
    panel.get_by_role("button", name="Resume the batch lane").click()
    expect(panel.get_by_role("button", name="Pause the batch lane")).to_be_visible(timeout=WAIT_MS)


def test_a_warm_model_is_kept_let_go_and_ejected(panel: Locator) -> None:
    keep = panel.get_by_role("button", name="Keep: parrot:polly").first
    worker = (keep.get_attribute("aria-label") or "").removeprefix("Keep: ")
    keep.click()
    panel.get_by_role("button", name=f"Let go: {worker}", exact=True).click(timeout=WAIT_MS)
    panel.get_by_role("button", name=f"Eject: {worker}", exact=True).click(timeout=WAIT_MS)
    expect(panel.get_by_role("button", name=f"Eject: {worker}", exact=True)).to_have_count(0, timeout=WAIT_MS)


def test_a_prune_is_shown_before_it_is_done(panel: Locator) -> None:
    panel.get_by_role("button", name="What would a prune remove?").click()
    expect(panel.locator(".hs-storage")).to_contain_text("A prune would free", timeout=WAIT_MS)


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark", "JupyterLab Dark High Contrast"])
def test_everybody_can_use_it_in_any_theme(lab: LabPage, panel: Locator, theme: str) -> None:
    lab.use_theme(theme)
    panel.scroll_into_view_if_needed()
    assert complaints(lab, ".hay-say-queue") == []
