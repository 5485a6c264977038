"""Directions, sums and crossings in a real Chromium."""

import json

import pytest

from gan_studio.data import load_data
from gan_studio.training.run import Run
from tests.conftest import tiny_config
from tests.ui.visitor import open_tab, reaches

pytestmark = pytest.mark.browser

DRAWN = "document.querySelector('[data-directions=picture]').dataset.drawn"
GRID_DRAWN = "document.querySelector('[data-directions=grid]').dataset.drawn"


@pytest.fixture(scope="module", autouse=True)
def saved(app):
    run = Run(tiny_config("dcgan", generator_lr=0.01), load_data(tiny_config()))
    for _ in range(30):
        run.step()
    run.save(app.checkpoints / "small.safetensors")


def open_inner_tab(visitor, name):
    page = visitor.open()
    open_tab(page, "Latent")
    page.click("#latent-source input")
    page.get_by_role("option", name="small", exact=True).click()
    reaches(page, "document.querySelector('[data-sheet=picture]').dataset.drawn?.includes('small')")
    page.get_by_role("tab", name=name).click()
    return page


def choose_kind(page, kind, rows):
    page.select_option("[data-kind]", kind)
    page.wait_for_selector(rows)


def picture(page, query):
    """The pixels of a canvas, as numbers."""
    return page.evaluate(
        f"""(() => {{
          const canvas = document.querySelector('{query}');
          return [...canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data];
        }})()"""
    )


def nearly_same(one, other):
    return len(one) == len(other) and max(abs(a - b) for a, b in zip(one, other, strict=True)) <= 2


def test_directions_of_every_kind_move_the_picture_and_the_grid(visitor):
    page = open_inner_tab(visitor, "Directions")
    reaches(page, f"{DRAWN} == '[0,0,0,0,0,0,0,0]'")
    reaches(page, f"{GRID_DRAWN} == '[0,0,0,0,0,0,0,0]'")
    start, grid = picture(page, "[data-directions=picture]"), picture(page, "[data-directions=grid]")
    slider = page.locator("[data-direction='0'] input[type=range]")
    slider.fill("3.5")
    reaches(page, f"{DRAWN} == '[3.5,0,0,0,0,0,0,0]'")
    assert not nearly_same(picture(page, "[data-directions=picture]"), start)
    reaches(page, f"{GRID_DRAWN} == '[3.5,0,0,0,0,0,0,0]'")
    assert not nearly_same(picture(page, "[data-directions=grid]"), grid)
    moved = picture(page, "[data-directions=picture]")

    page.click("[data-direction='0'] [aria-pressed]")  # a locked one stays
    page.click("[data-act=random]")
    reaches(page, f"JSON.parse({DRAWN}).slice(1).some(Boolean)")  # one may be rounded to none
    assert page.evaluate(f"JSON.parse({DRAWN})[0]") == 3.5
    page.click("[data-act=reset]")
    reaches(page, f"{DRAWN} == '[3.5,0,0,0,0,0,0,0]'")
    assert nearly_same(picture(page, "[data-directions=picture]"), moved)
    page.fill("[data-name]", "slant")
    page.click("[data-act='save.sum']")
    page.wait_for_selector("text=Saved: slant")

    choose_kind(page, "layer", "[data-direction='7']:has-text('first · 8')")
    choose_kind(page, "raw", "[data-direction='7']:has-text('z[7]')")
    assert nearly_same(picture(page, "[data-directions=picture]"), moved)  # what was moved stays
    choose_kind(page, "examples", "[data-example='39']")
    for index in range(8):
        for _ in range(1 + index % 2):
            page.click(f"[data-example='{index}']")
    page.click("[data-examples=find]")
    page.wait_for_selector("[data-direction='1']:has-text('separator')")
    page.wait_for_selector("text=/each judged by a separator that was made without it, .* % come out right/")
    choose_kind(page, "saved", "[data-direction='0'] input[value=slant]")
    page.locator("[data-direction='0'] input[type=range]").fill("-3.5")
    reaches(page, f"{DRAWN} == '[-3.5]'")
    assert nearly_same(picture(page, "[data-directions=picture]"), start)  # there and back again

    with page.expect_download() as download:
        page.click("gan-directions [data-act=export]")
    written = download.value.path().read_bytes()
    (kept,) = json.loads(written)["directions"]
    assert kept["name"] == "slant" and kept["latent_size"] == len(kept["direction"]) == 8
    page.set_input_files("[data-file]", {"name": "d.json", "mimeType": "application/json", "buffer": written})
    page.wait_for_selector("[data-direction='1'] input[value=slant]")
    foreign = json.dumps({"directions": [{"name": "other", "direction": [1.0] * 5}]}).encode()
    page.set_input_files("[data-file]", {"name": "d.json", "mimeType": "application/json", "buffer": foreign})
    page.wait_for_selector("text=“other” was saved for latents of 5 numbers; this generator's have 8.")
    page.click("[data-act=keep]")
    assert page.locator(".tray-item").count() == 1


def test_sums_and_crossings_of_kept_latents(visitor):
    page = open_inner_tab(visitor, "Walk")
    for seed in (5, 6, 7):
        page.fill("#latent-seed input", str(seed))
        page.keyboard.press("Tab")
        reaches(page, f"document.querySelector('[data-sheet=picture]').dataset.drawn.includes('\"seed\":{seed},')")
        page.click("[data-keep]")
    page.get_by_role("tab", name="Arithmetic").click()
    for place in (0, 1):
        page.locator(".tray-pick").nth(place).click()
    page.locator(".tray-item").nth(2).drag_to(page.locator(".slot.free"))
    page.wait_for_selector("[data-term='2']")
    page.locator("[data-sign]").nth(1).click()
    page.uncheck("[data-sphere]")
    page.locator("[data-weight]").nth(2).fill("0.5")
    assert page.locator(".words").inner_text() == "“1” minus “2” plus 0.50 · “3”"
    reaches(
        page,
        """(() => {
          const numbers = (z) => new Float32Array(Uint8Array.from(atob(z), (c) => c.charCodeAt(0)).buffer);
          const [a, b, c] = JSON.parse(localStorage['gan-studio-tray']).map(({ z }) => numbers(z));
          const sum = document.querySelector('[data-sum]').dataset.drawn;
          return sum && numbers(sum).every((value, i) => Math.abs(value - (a[i] - b[i] + 0.5 * c[i])) < 1e-5);
        })()""",
    )
    page.click("gan-arithmetic [data-act=average]")
    assert page.locator(".words").inner_text() == "0.33 · “1” plus 0.33 · “2” plus 0.33 · “3”"

    def children():
        return page.evaluate("[...document.querySelectorAll('.children canvas')].map((c) => c.toDataURL())")

    def mix(share):
        page.locator("[data-share]").fill(share)
        reaches(page, f"JSON.parse(document.querySelector('.children').dataset.drawn ?? '{{}}').share == {share}")

    mix("0.4")
    a, *between, b = children()
    assert len(set(between)) > 2 and not {a, b} & set(between[:1])
    mix("1")
    first, *between, last = children()
    assert set(between) == {first} == {a} and last == b
    assert page.locator("gan-crossing button", has_text="keep").count() == 0
    assert "cannot be kept" in page.locator("gan-crossing").inner_text()
