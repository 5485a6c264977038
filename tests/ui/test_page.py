"""What a person sees, in a real Chromium."""

import contextlib
import json

import pytest

from gan_studio.lessons.presets import DEFAULT_PRESET, PRESETS
from tests.conftest import start_app, wait_until
from tests.ui.visitor import (
    Visitor,
    choose,
    choose_preset,
    curve_length,
    drawn_step,
    open_tab,
    pixels,
    reaches,
    start,
    start_or_resume,
)

pytestmark = pytest.mark.browser
DEFAULT = PRESETS[DEFAULT_PRESET].config


def test_a_visit_from_start_to_latent_walk(visitor, app):
    page = visitor.open()
    start(page)
    first, length = pixels(page, "samples"), curve_length(page)
    reaches(page, f"document.querySelector('gan-board').charts[0].data[0].length > {length + 4}")
    assert pixels(page, "samples") != first  # the grid changes
    assert page.locator(".badge").inner_text() == "training"
    assert page.evaluate("document.querySelectorAll('.chart canvas').length") == 4

    choose(page, "generator_lr", "0.0007")  # an edit, and its marker
    reaches(page, "document.querySelector('.edits').dataset.count == 1")
    assert "0.0007" in page.locator(".edits").inner_text()
    edit = app.state()["events"][-1]
    assert edit["kind"] == "edit" and edit["detail"] == {"generator_lr": [DEFAULT.generator_lr, 0.0007]}
    marker = page.evaluate("document.querySelector('gan-board').charts[0].markers")[0]
    assert marker["step"] == edit["step"] and "0.0007" in marker["text"]

    choose(page, "generator_lr", "fast")  # a refusal, and the run's value again
    page.wait_for_selector("text=generator_lr = fast: must be a number from 0 to 1")
    reaches(page, "document.querySelector('#field-generator_lr input').value == '0.0007'")

    page.get_by_role("tab", name="Latent").click()
    reaches(page, "document.querySelector('[data-sheet=picture]').dataset.drawn")
    page.click("text=Raw dimensions")
    page.wait_for_selector("#latent-raw-3 >> text=z[3]")
    page.get_by_role("tab", name="Train").click()
    page.click("#button-pause")
    reaches(page, "document.querySelector('.badge').dataset.state == 'paused'")
    page.get_by_role("tab", name="Latent").click()
    page.wait_for_timeout(1500)
    before, variations = pixels(page, "picture"), pixels(page, "variations")
    slider = page.locator("#latent-principal-0 input[type=range]")
    box = slider.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.95 * box["width"], box["y"] + box["height"] / 2, steps=8)
    page.mouse.up()
    final = float(slider.input_value())
    assert final > 3
    reaches(page, f"JSON.parse(document.querySelector('[data-sheet=picture]').dataset.drawn).principal[0] == {final}")
    assert pixels(page, "picture") != before and pixels(page, "variations") != variations

    page.click("gan-tray [data-keep]")  # what is kept is what is seen again, with the sliders at rest
    page.click("gan-tray .tray-item canvas")
    reaches(page, "document.querySelector('#latent-principal-0 input[type=range]').value == 0")
    drawn = "JSON.parse(document.querySelector('[data-sheet=picture]').dataset.drawn)"
    reaches(page, f"{drawn}.z === JSON.parse(localStorage['gan-studio-tray'])[0].z && !{drawn}.principal.some(Boolean)")

    frame = pixels(page, "frame-spherical")  # scrub along the path
    page.locator("[data-position]").fill("1")
    assert pixels(page, "frame-spherical") != frame
    page.click("[data-play]")
    page.wait_for_timeout(400)
    moving = page.locator("[data-position]").input_value()
    page.wait_for_timeout(400)
    assert page.locator("[data-position]").input_value() != moving

    page.reload()  # back to the run that is there
    page.wait_for_selector("gan-board .status")
    reaches(page, "document.querySelector('.badge').dataset.state == 'paused'")
    reaches(page, "document.querySelector('#field-generator_lr input').value == '0.0007'")
    assert curve_length(page) > 4 and page.locator(".edits").get_attribute("data-count") == "1"


def test_what_is_typed_or_moved_with_keys_counts(visitor, app):
    asked = set()
    visitor.context.on("request", lambda request: request.url.endswith("/run/predict") and asked.add(request))
    for end in ("requestfinished", "requestfailed"):
        visitor.context.on(end, lambda request: asked.discard(request))  # noqa: PLW0108 (playwright marks what it calls)

    def settle():  # until no answer is to come that would write into a box
        page.wait_for_timeout(300)
        while asked:
            page.wait_for_timeout(100)
        page.wait_for_timeout(300)

    page = visitor.open()
    settle()
    start_or_resume(page, app)
    assert page.locator(".formulas").inner_text().split("\n")[-1].endswith("G: -log D(G(z))")
    page.click("#button-pause")

    def holds(field, value):
        wait_until(lambda: app.state()["config"][field] == value)
        settle()

    settle()
    choose(page, "batch_size", "12")  # and not the 128 among the suggestions
    holds("batch_size", 12)
    size = page.locator("#field-batch_size input").first
    size.fill("25")
    size.press("ArrowLeft")  # moves the caret only
    size.press("Enter")
    holds("batch_size", 25)
    steps = page.locator("#field-discriminator_steps")
    box, bar = steps.locator("input[type=number]"), steps.locator("input[type=range]")
    bar.focus()
    bar.press("ArrowRight")
    holds("discriminator_steps", 2)
    box.click()
    box.press_sequentially("99", delay=200)  # a click alone commits nothing, or 2 would be put back in between
    box.press("Enter")
    holds("discriminator_steps", int(bar.get_attribute("max")))
    box.fill("1")
    box.press("Enter")
    holds("discriminator_steps", 1)
    choose(page, "batch_size", "64")
    holds("batch_size", 64)
    page.click("#button-start")


def test_eight_tabs_share_one_connection_and_all_follow(visitor, app):
    tabs = [visitor.open() for _ in range(8)]
    tabs[0].bring_to_front()
    start_or_resume(tabs[0], app)
    for tab in tabs:
        tab.bring_to_front()
        step = drawn_step(tab)
        reaches(tab, f"document.querySelector('[data-sheet=samples]').dataset.step > {step}")
    assert app.state()["viewers"] == 1
    tabs[7].click("#button-pause")
    tabs[7].bring_to_front()
    reaches(tabs[7], "document.querySelector('.badge').dataset.state == 'paused'")


def test_another_browsers_edit_reaches_this_ones_controls(browser, visitor, app):
    mine = visitor.open()
    start_or_resume(mine, app)
    other = Visitor(browser, app.address)
    choose(other.open(), "batch_size", "48")
    mine.bring_to_front()
    reaches(mine, "document.querySelector('#field-batch_size input').value == '48'")
    other.context.close()
    assert other.problems == []


def test_anothers_edit_leaves_alone_what_is_being_prepared(browser, visitor, app):
    mine, other = visitor.open(), Visitor(browser, app.address)
    start_or_resume(mine, app)
    choose_preset(mine, "wgan-gp")
    prepared = "document.querySelector('#field-objective input').value"
    objective = PRESETS["wgan-gp"].config.objective
    reaches(mine, f"{prepared} == '{objective}'")
    choose(other.open(), "discriminator_lr", "0.0003")
    mine.bring_to_front()
    reaches(mine, "document.querySelector('#field-discriminator_lr input').value == '0.0003'")
    assert mine.evaluate(prepared) == objective != app.state()["config"]["objective"]
    other.context.close()
    assert other.problems == []


def test_a_dropped_server_is_shown_and_the_curve_goes_on_after_it_returns(browser, tmp_path):
    first = start_app(tmp_path)
    visitor = Visitor(browser, first.address)
    page = visitor.open()
    start(page)
    first.end()
    reaches(page, "document.querySelector('.badge').dataset.state == 'offline'")
    port = first.address.rsplit(":", 1)[1]
    second = start_app(tmp_path, "--port", port)
    with contextlib.closing(visitor.context):
        reaches(page, "document.querySelector('.badge').dataset.state == 'empty'", 40)
        assert curve_length(page) == 0  # the new server has no run
        page.click("#button-start")
        reaches(page, "document.querySelector('gan-board').charts[0].data[0].length > 2")
        assert second.state()["step"] >= page.evaluate("document.querySelector('gan-board').known.step") > 0
    second.end()


def test_checkpoints_are_saved_loaded_and_explored_from_the_page(visitor, app):
    page = visitor.open()
    start_or_resume(page, app)
    page.click("#checkpoints button")
    page.fill("#checkpoint-name textarea, #checkpoint-name input", "../escape")
    page.click("#checkpoint-save")
    page.wait_for_selector("text=use 1 to 80 letters")
    page.fill("#checkpoint-name textarea, #checkpoint-name input", "from-page")
    page.click("#checkpoint-save")
    wait_until((app.checkpoints / "from-page.safetensors").exists)
    saved = app.state()["step"]
    reaches(page, f"document.querySelector('[data-sheet=samples]').dataset.step > {saved + 3}")
    page.click("#checkpoint-list input")
    page.get_by_role("option", name="from-page", exact=True).click()
    reaches(page, "document.querySelector('#checkpoint-list input').value == 'from-page'")
    page.click("#checkpoint-load")
    page.wait_for_selector("text=Loaded from-page")
    wait_until(lambda: app.state()["state"] == "paused" and app.state()["step"] <= saved)
    open_tab(page, "Latent")
    page.click("#latent-source input")
    page.get_by_role("option", name="from-page", exact=True).click()
    reaches(page, "JSON.parse(document.querySelector('[data-sheet=picture]').dataset.drawn).source == 'from-page'")


def test_the_page_speaks_chinese_to_a_chinese_browser(browser, app):
    visitor = Visitor(browser, app.address, locale="zh-CN")
    page = visitor.open()
    page.wait_for_selector("text=学习率")
    assert page.locator("#button-start").inner_text() == "开始"
    assert "生成的图像" in page.locator("gan-board").inner_text()
    visitor.context.close()
    assert visitor.problems == []


def test_the_whole_page_speaks_one_language_and_changes_it(browser, app):
    visitor = Visitor(browser, app.address, locale="fr-FR")
    page = visitor.open()
    page.locator("#data-controls button").first.click()
    page.wait_for_selector("text=Click to Upload")  # Gradio's own words, which it has in French too
    assert page.locator("#button-start").inner_text() == "Start"
    page.click("[data-language=zh]")
    page.wait_for_selector("text=学习率")
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
    page.locator("#checkpoints button").first.click()
    page.locator("#checkpoint-name :is(input, textarea)").fill("a/b")
    page.click("#checkpoint-save")
    page.wait_for_selector("text=名称“a/b”不能用")
    visitor.context.close()
    assert visitor.problems == []


def test_without_shared_workers_the_page_polls(browser, app):
    visitor = Visitor(browser, app.address)
    visitor.context.add_init_script("delete window.SharedWorker")
    page = visitor.open()
    start_or_resume(page, app)
    step = drawn_step(page)
    reaches(page, f"document.querySelector('[data-sheet=samples]').dataset.step > {step + 3}")
    assert json.loads(page.evaluate("JSON.stringify(window.SharedWorker ?? null)")) is None
    visitor.context.close()
    assert visitor.problems == []
