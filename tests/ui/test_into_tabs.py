"""Find, Inside and Copies? in a real Chromium."""

import pytest

from gan_studio.data import load_data
from gan_studio.training.run import Run
from tests.conftest import tiny_config, wait_until
from tests.ui.visitor import open_tab, pixels, reaches

pytestmark = pytest.mark.browser

DIGITS = tiny_config("dcgan", channels=40, generator_conditioning="embedding")
EMOJI = tiny_config(dataset="emoji", train_size=60)


@pytest.fixture(scope="module", autouse=True)
def saved(app):
    for name, config in (("digits", DIGITS), ("emoji", EMOJI)):
        Run(config, load_data(config)).save(app.checkpoints / f"{name}.safetensors")


def open_inner_tab(visitor, name, source):
    page = visitor.open()
    open_tab(page, "Latent")
    page.click("#latent-source input")
    page.get_by_role("option", name=source, exact=True).click()
    reaches(page, f"document.querySelector('[data-sheet=picture]').dataset.drawn?.includes('{source}')")
    page.get_by_role("tab", name=name).click()
    return page


def brush(page, *places):
    box = page.locator("[data-sheet=target]").bounding_box()
    for index, (x, y) in enumerate(places):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
        if index == 0:
            page.mouse.down()
    page.mouse.up()


def easel(page, expression):
    return page.evaluate(f"document.querySelector('gan-find').easel.{expression}")


def test_a_drawn_picture_is_searched_for_filled_in_and_kept(visitor):
    page = open_inner_tab(visitor, "Find", "digits")
    reaches(page, "document.querySelector('gan-find').easel.pixels().some((pixel) => pixel > 100)")  # a real digit
    page.click("[data-choice=from] [data-value=draw]")
    assert easel(page, "pixels().some(Boolean)") is False
    brush(page, (0.5, 0.2), (0.5, 0.8))
    assert easel(page, "pixels()[14 * 28 + 14]") == 255 and easel(page, "pixels()[14 * 28 + 3]") == 0
    brush(page, (0.1, 0.1), (0.9, 0.1))
    page.click("[data-do=undo]")
    assert easel(page, "pixels()[3 * 28 + 3]") == 0
    page.click("[data-choice=task] [data-value=fill]")
    page.select_option("[data-field=class]", "")  # each restart another class
    page.click("[data-do=start]")
    page.wait_for_selector("gan-find .note.fault >> text=Cover a part")
    brush(page, (0.3, 0.7), (0.7, 0.7))
    page.click("[data-do=start]")
    reaches(page, "document.querySelector('.find-status').textContent.startsWith('Found in')")
    assert page.locator(".find-all figure").count() == 8
    shown = "document.querySelector('[data-sheet=composite]').getContext('2d').getImageData(14, 8, 1, 1).data[0]"
    assert page.evaluate(shown) == 255  # what was drawn is kept
    page.click("gan-find [data-do=keep]")
    assert page.locator("gan-tray .tray-item").count() == 1
    stopped = """async (found) => {
        found.actions.hidden = true;
        await found.show({...found.last, state: 'running'});
        await found.show({...found.last, state: 'stopped', pictures: undefined});
    }"""
    page.evaluate(f"({stopped})(document.querySelector('gan-find').found)")
    assert page.locator("gan-find [data-do=keep]").is_visible()  # although the end brought no new pictures
    label = page.evaluate("document.querySelector('gan-find').found.label()")
    page.locator(".find-all canvas").nth(0 if label else 1).click()  # one that is not of class 0, which is current
    page.click("gan-find [data-do=go]")
    page.get_by_role("tab", name="Walk").click()
    found = "document.querySelector('gan-find').found"
    drawn = "JSON.parse(document.querySelector('[data-sheet=picture]').dataset.drawn)"
    reaches(page, f"{drawn}.z === {found}.z[{found}.chosen] && {drawn}.label === {found}.label()")


def test_a_target_that_comes_late_does_not_replace_a_newer_one(visitor):
    page, held = open_inner_tab(visitor, "Find", "digits"), []
    reaches(page, "document.querySelector('gan-find').easel.pixels().some((pixel) => pixel > 100)")
    page.route("**/live/find/real", lambda route: bool(held.append(route)))
    before = pixels(page, "target")
    for _ in range(2):
        page.click("[data-do=another]")
    wait_until(lambda: page.wait_for_timeout(20) or len(held) == 2)
    held[1].continue_()
    reaches(page, f"document.querySelector('[data-sheet=target]').toDataURL() != '{before}'")
    newer = pixels(page, "target")
    with page.expect_response("**/live/find/real"):
        held[0].continue_()
    page.wait_for_timeout(300)
    assert pixels(page, "target") == newer


def test_a_class_is_chosen_by_its_name_and_kept_with_a_latent(visitor):
    page = open_inner_tab(visitor, "Walk", "digits")
    drawn = "JSON.parse(document.querySelector('[data-sheet=picture]').dataset.drawn)"
    page.select_option("[data-field=latent-class]", label="7")
    reaches(page, f"{drawn}.label === 7")
    page.click("gan-tray [data-keep]")
    page.select_option("[data-field=latent-class]", label="2")
    reaches(page, f"{drawn}.label === 2")
    page.click("gan-tray .tray-item canvas")
    reaches(page, f"{drawn}.label === 7 && {drawn}.z === JSON.parse(localStorage['gan-studio-tray'])[0].z")
    assert page.input_value("[data-field=latent-class]") == "7"
    page.click("#latent-source input")
    page.get_by_role("option", name="emoji", exact=True).click()
    page.wait_for_selector("[data-field=latent-class]", state="detached")


def test_tabs_of_one_browser_share_the_tray_and_a_full_one_says_so(visitor):
    mine, other = visitor.open(), visitor.open()
    for tab in (mine, other):
        tab.get_by_role("tab", name="Latent").click()
    module = "import('/live/static/latents.js')"
    keep = f"(count) => {module}.then(({{ keep }}) => Array(count).fill('AAAAAA==').forEach((z) => keep(z)))"
    for tab, count, kept in ((mine, 1, 1), (other, 1, 2), (mine, 59, 60)):
        tab.evaluate(keep, count)
        for each in (mine, other):
            reaches(each, f"document.querySelectorAll('gan-tray .tray-item').length === {kept}")
    assert "room for 60" in mine.locator(".tray-bar .fault").text_content()


def test_a_channel_is_switched_off(visitor):
    page = open_inner_tab(visitor, "Inside", "digits")
    page.wait_for_selector("[data-card='8'] canvas")
    reaches(page, "document.querySelector('.inside-matter').textContent.includes('of 8 directions')")
    page.click("[data-card='3'] [data-do=rank]")
    first = page.locator(".inside-ranked button").first
    first.click()
    channel = first.get_attribute("data-channel")
    reaches(page, f"document.querySelector('[data-sheet=without]').dataset.channel === '3 {channel}'")
    page.locator("[data-layer='3']").hover(position={"x": 5, "y": 5})
    page.wait_for_selector("text=ReLU 3, channel 0")
    page.click("[data-card='1'] [data-do=after]")
    page.wait_for_selector("[data-card='1'] >> text=channels 64 to 79 of 80")
    assert page.locator(".inside-ranked button").count() > 1 and channel is not None


def test_pictures_stand_beside_their_nearest_training_pictures(visitor):
    page = open_inner_tab(visitor, "Copies?", "emoji")
    page.wait_for_selector(".honest-verdicts [data-space=pixels]:not(.preparing)", timeout=60_000)
    assert page.locator(".honest-card").count() == 12
    page.wait_for_selector(".honest-verdicts [data-space=features]:not(.preparing)", timeout=120_000)
    page.click("[data-choice=which] [data-value=this]")
    page.wait_for_selector(".honest-body.single .honest-row[data-space=features]")
    assert page.locator(".honest-body.single .honest-row canvas").count() == 8
