"""The time machine in a real Chromium."""

import json

import pytest

from tests.conftest import wait_until
from tests.ui.visitor import choose_preset, open_tab, pixels, reaches, start_or_resume

pytestmark = pytest.mark.browser
RANGE = "document.querySelector('[data-past]')"


def drawn(page, condition, sheet="picture"):
    """Wait until what is on a sheet was asked for in that way; ``wanted`` is the request."""
    canvas = f"document.querySelector('[data-sheet={sheet}]')"
    reaches(page, f"((wanted) => {condition})(JSON.parse({canvas}.dataset.drawn ?? '{{}}'))")


def test_the_same_latent_at_the_beginning_of_training_and_now(visitor, app):
    page = visitor.open()
    page.get_by_role("tab", name="Latent").click()
    page.wait_for_selector(".past", state="attached")
    assert page.evaluate("document.querySelector('.past').hidden")  # no run, no past
    page.get_by_role("tab", name="Train").click()
    choose_preset(page, "mnist-mlp")  # its steps are quick
    start_or_resume(page, app)
    wait_until(lambda: app.state()["step"] > 60, 120)
    page.get_by_role("tab", name="Latent").click()
    reaches(page, f"{RANGE}.max >= 3")
    drawn(page, "wanted.source == 'live'")
    page.locator("[data-past]").focus()
    page.keyboard.press("Home")
    drawn(page, "wanted.source == 'live@0'")
    then, latent = pixels(page, "picture"), page.evaluate("window.ganStudio.latest?.z ?? ''")
    assert page.locator(".past-where").inner_text().startswith("step 0 of ")
    assert page.locator("gan-latent .note").first.inner_text() == "weights of step 0: not trained yet"
    reaches(page, "document.querySelector('.past-newer').textContent")  # training goes on, the picture stays
    assert pixels(page, "picture") == then

    page.click("[data-do=past-beside]")
    drawn(page, "wanted.source == 'live@0' && wanted.beside == 'live' && wanted.step > 60", "beside-picture")
    assert pixels(page, "beside-picture") != pixels(page, "picture") == then
    notes = page.locator("gan-latent .note").all_inner_texts()
    assert notes[0] == "then: weights of step 0: not trained yet" and notes[1].startswith("now: weights of step")

    page.locator("#latent-tabs").get_by_role("tab", name="Directions").click()  # all tools are there with it
    reaches(page, "document.querySelector('gan-directions').textContent.includes('weights of step 0')")
    page.locator("#latent-tabs").get_by_role("tab", name="Walk").click()

    page.locator("[data-past]").focus()
    page.keyboard.press("End")
    drawn(page, "wanted.source == 'live'")
    assert page.locator(".past-where").inner_text().startswith("now: step ")
    assert pixels(page, "picture") != then
    assert page.evaluate("window.ganStudio.latest?.z ?? ''") == latent

    page.evaluate(
        "window.seen = []; document.addEventListener('drawn', ({ detail }) => window.seen.push(detail.source))"
    )
    page.click("[data-do=past-film]")
    ended = f"window.seen.at(-1) == 'live' && {RANGE}.value == {RANGE}.max"
    reaches(page, f"{ended} && window.seen.some((source) => source != 'live')")
    seen = page.evaluate("JSON.stringify(window.seen)")
    steps = [int(source.split("@")[1]) for source in json.loads(seen) if "@" in source]
    assert steps == sorted(steps)


def test_a_saved_run_has_no_past_and_a_new_run_begins_now(visitor, app):
    page = visitor.open()
    start_or_resume(page, app)
    wait_until(lambda: app.state()["step"] > 30, 120)
    page.get_by_role("tab", name="Latent").click()
    reaches(page, f"{RANGE}.max >= 2")
    page.locator("[data-past]").fill("0")
    drawn(page, "wanted.source == 'live@0'")
    page.get_by_role("tab", name="Train").click()
    page.click("#button-reset")
    wait_until(lambda: app.state()["step"] == 0)
    open_tab(page, "Latent")
    drawn(page, "wanted.source == 'live'")
    reaches(page, "document.querySelector('.past').hidden")
    page.click("#latent-source input")
    page.locator("[role=option]", has_text="autosave").first.click()
    drawn(page, "wanted.source.startsWith('autosave')")
    assert page.evaluate("document.querySelector('.past').hidden")
