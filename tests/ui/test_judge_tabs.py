"""A whole human test and a match in a real Chromium."""

import pytest

from gan_studio.data import load_data
from gan_studio.training.run import Run
from tests.conftest import tiny_config
from tests.ui.visitor import open_tab, reaches

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module", autouse=True)
def saved(app):
    """Two small runs of the same data."""
    run = Run(tiny_config(), load_data(tiny_config()))
    for name in ("early", "late"):
        for _ in range(20):
            run.step()
        run.save(app.checkpoints / f"{name}.safetensors")


def choose(page, control, name):
    page.click(f"#{control} input")
    page.get_by_role("option", name=name, exact=True).click()


def test_a_person_takes_a_test_with_keys_and_buttons(visitor):
    page = visitor.open()
    open_tab(page, "Human test")
    choose(page, "human-source", "late")
    page.fill("#human-seed input", "12")
    page.click("#human-start")
    for index in range(20):
        reaches(page, f"document.querySelector('gan-human').dataset.picture == {index}")
        page.wait_for_timeout(200)  # nobody is quicker, and it does not count what is
        if index < 12:
            page.keyboard.press(("ArrowLeft", "ArrowRight", "r", "f")[index % 4])
        else:
            page.click(f"[data-answer={'true' if index % 2 else 'false'}]")
    page.wait_for_selector("gan-human .cards")
    key = page.evaluate("JSON.parse(document.querySelector('gan-human').known).key")
    right = sum(fake == bool(index % 2) for index, fake in enumerate(key))
    assert page.locator("[data-card='human.you'] b").inner_text() == str(right)
    assert page.locator("gan-human .all figure").count() == 20
    assert 0.15 < float(page.locator("[data-card='human.time'] b").inner_text()) < 10
    fooled = sum(fake and index % 2 == 0 for index, fake in enumerate(key))
    assert page.locator("gan-human .fooled figure").count() == min(fooled, 5)
    assert "only you so far" in page.locator("[data-card='human.class']").inner_text()

    page.click("text=Back to the start")  # the next one takes the same test
    page.wait_for_selector("gan-human .given")
    assert "Test 12" in page.locator("gan-human .given").inner_text()
    page.click("text=Take it")
    page.wait_for_selector("[data-answer]")
    assert page.locator("gan-human .head b").inner_text() == "1 of 20"


def test_a_match_becomes_a_table(visitor):
    page = visitor.open()
    open_tab(page, "Match")
    page.click("#match-play")  # nobody is chosen yet
    page.wait_for_selector("text=between 2 and 8 runs, not 0")
    runs = page.locator("#match-players input")
    for name in ("early", "late"):  # the list stays open
        runs.fill(name)
        page.get_by_role("option", name=name, exact=True).wait_for()
        runs.press("Enter")
        page.wait_for_selector(f"#match-players .token:has-text('{name}')")
    runs.press("Escape")
    page.fill("#match-samples input", "300")
    page.click("#match-play")
    page.wait_for_selector("gan-match table")
    known = page.evaluate("JSON.parse(document.querySelector('gan-match').known)")
    shown = page.locator("gan-match td[data-role=cell]").all_inner_texts()
    assert shown == [f"{round(100 * share)} %" for row in known["fooled"] for share in row]
    assert page.locator("gan-match td.own").count() == 2 and known["samples"] == 300
    assert "Read a row" in page.locator("gan-match .note").inner_text()
