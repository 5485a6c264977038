"""The Train tab's board, its buttons, and each visitor's own latent, in a real Chromium."""

import re

import pytest

from tests.conftest import wait_until
from tests.ui.visitor import Visitor, drawn_step, reaches, start_or_resume

pytestmark = pytest.mark.browser
CHART = "document.querySelector('gan-board').charts[0]"
DRAWN = "JSON.parse(document.querySelector('[data-sheet=picture]').dataset.drawn)"


def fact(page, name):
    return page.locator(f"[data-fact={name}]").inner_text()


def running(page, app, points=4):
    start_or_resume(page, app)
    reaches(page, f"{CHART}.data[0].length > {points}")


def test_curves_have_axes_units_a_legend_and_values_under_the_pointer(visitor, app):
    page = visitor.open()
    running(page, app)
    assert "CPU" in fact(page, "device") and re.fullmatch(r"\d\d:\d\d", fact(page, "time"))
    reaches(page, "Number(document.querySelector('[data-fact=speed]').innerText.replace(/,/g, '')) > 0")
    page.click("#button-pause")
    reaches(page, "document.querySelector('.badge').dataset.state == 'paused'")
    axes = page.evaluate("document.querySelector('gan-board').charts.map(({ plot }) => plot.axes.map((a) => a.label))")
    assert all(step == "step" and unit for step, unit in axes) and axes[3][1] == "samples/s"
    values = page.locator("figure:has([data-chart=losses]) .u-value")
    names = page.locator("figure:has([data-chart=losses]) .u-label").all_inner_texts()
    assert {"discriminator", "generator"} <= set(names)
    page.hover("[data-chart=losses] .u-over")
    shown = dict(zip(names, values.all_inner_texts(), strict=True))
    places = f"{CHART}.data[0].map((step, i) => [step, {CHART}.data[2][i]])"
    under = [loss for step, loss in page.evaluate(places) if str(step) == shown["step"]]
    assert float(shown["discriminator"]) == pytest.approx(under[0], rel=1e-3)


def test_smoothing_changes_the_curves_and_keeps_the_measured_ones_behind_them(visitor, app):
    page = visitor.open()
    running(page, app, 8)
    page.click("#button-pause")
    reaches(page, "document.querySelector('.badge').dataset.state == 'paused'")
    page.locator("[data-smoothing]").fill("0")
    raw, measured = page.evaluate(f"{CHART}.data.slice(1, 3)")
    assert set(raw) == {None} and len(set(measured)) > 4
    page.locator("[data-smoothing]").fill("0.9")
    raw, smoothed = page.evaluate(f"{CHART}.data.slice(1, 3)")
    weights = [0.9**age for age in range(len(measured))]
    means = [
        sum(weight * value for weight, value in zip(weights, reversed(measured[: place + 1]), strict=False))
        / sum(weights[: place + 1])
        for place in range(len(measured))
    ]
    assert raw == measured and smoothed == pytest.approx(means)


def test_step_stop_and_reset_do_what_they_say(visitor, app):
    page = visitor.open()
    running(page, app)
    page.click("#button-pause")
    wait_until(lambda: app.state()["state"] == "paused")
    before = app.state()["step"]
    page.click("#button-step")
    reaches(page, f"document.querySelector('[data-sheet=samples]').dataset.step == {before + 1}")
    assert app.state()["state"] == "paused" and app.state()["events"] == []
    page.click("#button-stop")
    reaches(page, "document.querySelector('.badge').dataset.state == 'stopped'")
    assert app.state()["step"] == before + 1
    page.click("#button-reset")
    wait_until(lambda: app.state()["step"] == 0 and app.state()["state"] == "paused")
    reaches(page, f"{CHART}.data[0].length == 0")


def test_a_reload_amid_training_comes_back_to_it_and_sliders_draw_meanwhile(visitor, app):
    page = visitor.open()
    running(page, app)
    page.reload()
    page.wait_for_selector("gan-board .status")
    reaches(page, "document.querySelector('.badge').dataset.state == 'running'")
    reaches(page, f"{CHART}.data[0].length > 4")
    step = drawn_step(page)
    reaches(page, f"document.querySelector('[data-sheet=samples]').dataset.step > {step}")
    page.get_by_role("tab", name="Latent").click()
    reaches(page, "document.querySelector('[data-sheet=picture]').dataset.drawn")
    page.locator("#latent-principal-0 input[type=range]").fill("3")
    reaches(page, f"{DRAWN}.principal?.[0] == 3")
    assert app.state()["state"] == "running"


def test_each_browser_has_a_latent_of_its_own_in_one_shared_run(browser, visitor, app):
    other = Visitor(browser, app.address)
    mine, theirs = visitor.open(), other.open()
    running(mine, app, 1)
    for page, seed, truncation in ((mine, 5, 0.5), (theirs, 9, 1)):
        page.bring_to_front()
        page.get_by_role("tab", name="Latent").click()
        reaches(page, "document.querySelector('[data-sheet=picture]').dataset.drawn")
        box = page.locator("#latent-seed input")
        box.fill(str(seed))
        box.press("Enter")
        page.locator("#latent-truncation input[type=range]").fill(str(truncation))
        reaches(page, f"{DRAWN}.seed == {seed} && {DRAWN}.truncation == {truncation}")
    mine.bring_to_front()
    mine.click("text=Raw dimensions")
    mine.locator("#latent-raw-3 input[type=range]").fill("2.5")
    reaches(mine, f"{DRAWN}.raw?.[3] == 2.5")
    assert mine.evaluate(f"{DRAWN}.seed") == 5
    assert theirs.evaluate(f"{DRAWN}.seed") == 9 and not theirs.evaluate(f"{DRAWN}.raw?.[3]")
    other.context.close()
    assert other.problems == []
