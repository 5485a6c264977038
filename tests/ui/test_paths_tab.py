"""Paths, and two generators side by side, in a real Chromium."""

import json

import pytest

from gan_studio.data import load_data
from gan_studio.training.run import Run
from tests.conftest import tiny_config
from tests.ui.visitor import open_tab, reaches

pytestmark = pytest.mark.browser
BOARD = "document.querySelector('gan-paths')"
FRAME = f"{BOARD}.player.at"


@pytest.fixture(scope="module", autouse=True)
def saved(app):
    """Two states of one run that knows classes, and a run with smaller latents."""
    config = tiny_config(generator_conditioning="embedding")
    run = Run(config, load_data(config))
    for name in ("early", "late"):
        for _ in range(20):
            run.step()
        run.save(app.checkpoints / f"{name}.safetensors")
    Run(tiny_config(latent_size=5), load_data(config)).save(app.checkpoints / "small.safetensors")


def open_latent(visitor, source):
    page = visitor.open()
    open_tab(page, "Latent")
    choose(page, "latent-source", source)
    return page


def choose(page, control, name):
    page.click(f"#{control} input")
    page.get_by_role("option", name=name, exact=True).click()
    page.wait_for_selector("[role=option]", state="detached")  # the list closes slowly


def screen(page, name="spherical"):
    return page.evaluate(f"document.querySelector('[data-screen={name}]').toDataURL()")


def drawn(page, condition):
    """Wait until what is on the screen was asked for in that way; ``wanted`` is the request."""
    reaches(page, f"((wanted) => {condition})(JSON.parse({BOARD}.dataset.drawn ?? '{{\"keys\": []}}'))")


def open_paths(visitor):
    page = open_latent(visitor, "late")
    page.get_by_role("tab", name="Paths").click()
    drawn(page, "wanted.source == 'late'")
    return page


def test_a_path_is_scrubbed_played_and_changed(visitor):
    page = open_paths(visitor)
    reaches(page, f"{BOARD}.dataset.measured == 40")  # scores and distances are there
    assert page.evaluate(f"Object.values({BOARD}.charts).every((chart) => chart.data[2].length == 73)")
    first, place = screen(page), page.evaluate(f"{BOARD}.charts.norm.pointer.style.transform")
    page.locator("[data-frame]").fill("36")
    assert screen(page) != first and screen(page, "linear") != screen(page)  # at once: nothing is asked for
    assert page.evaluate(f"{BOARD}.charts.norm.pointer.style.transform") != place

    page.keyboard.press("ArrowRight")
    assert page.evaluate(FRAME) == 37
    page.keyboard.press("End")
    assert page.evaluate(FRAME) == 72
    page.keyboard.press("Space")
    reaches(page, f"{FRAME} > 2 && {FRAME} < 72")
    page.keyboard.press("Space")
    assert page.locator("[data-film=play]").inner_text() == "Play"

    page.locator("[data-key=after]").first.click()  # A and B change places
    drawn(page, "wanted.keys.map(({seed}) => seed).join() == '1,0,2,3'")
    page.locator(".key-frame").nth(3).drag_to(page.locator(".key-frame").nth(0))
    drawn(page, "wanted.keys.map(({seed}) => seed).join() == '3,1,0,2'")
    page.check("[data-path=closed]")
    reaches(page, f"{BOARD}.player.count == 96")
    before = page.evaluate("document.querySelector('[data-strip=linear]').toDataURL()")
    page.check("[data-path=morph]")
    drawn(page, "wanted.morph")
    assert page.evaluate("document.querySelector('[data-strip=linear]').toDataURL()") != before
    page.select_option("[data-path=mode]", "walk")
    page.wait_for_selector("[data-screen=walk]")
    assert page.locator("[data-screen]").count() == 1
    drawn(page, "wanted.mode == 'walk' && wanted.closed && wanted.morph")
    reaches(page, f"{BOARD}.player.count == 96 && {BOARD}.about.through.length == 5")
    for setting, shown in (("closed", True), ("morph", True), ("easing", False)):
        assert page.locator(f"[data-path={setting}]").is_visible() == shown


def test_a_path_may_have_many_key_frames_and_then_fewer_frames_to_each_segment(visitor, tmp_path):
    page = open_paths(visitor)
    page.locator("[data-path=frames]").fill("40")
    drawn(page, "wanted.frames == 40")
    keys = [{"name": f"seed {seed}", "label": 0, "seed": seed} for seed in range(39)]
    file = tmp_path / "path.json"
    file.write_text(json.dumps({"path": {"keys": keys, "frames": 40}}))
    page.set_input_files("gan-paths input[type=file]", file)
    drawn(page, "wanted.keys.length == 39 && wanted.frames == 15")  # 38 segments
    page.click("[data-path=add]")
    drawn(page, "wanted.keys.length == 40 && wanted.frames == 14")
    letters = page.locator(".key-frame small b").all_inner_texts()
    assert letters[:2] + letters[25:28] + letters[-1:] == ["A", "B", "Z", "AA", "AB", "AN"]
    row = page.locator(".key-frames").bounding_box()
    assert row["height"] < 300 and row["x"] + row["width"] <= 1440
    page.select_option("[data-path=mode]", "walk")
    drawn(page, "wanted.mode == 'walk' && wanted.frames == 40")  # as many as were wished for: four segments


def test_key_frames_come_from_the_tray_and_a_path_is_kept_as_a_file(visitor, tmp_path):
    page = open_latent(visitor, "late")
    reaches(page, "JSON.parse(document.querySelector('[data-sheet=picture]').dataset.drawn ?? '{}').source == 'late'")
    for seed in (5, 6):
        page.fill("#latent-seed input", str(seed))
        page.press("#latent-seed input", "Enter")
        reaches(page, f"JSON.parse(document.querySelector('[data-sheet=picture]').dataset.drawn).seed == {seed}")
        page.click("[data-keep]")
    for number in (1, 0):
        page.locator(".tray-pick").nth(number).click()
    page.get_by_role("tab", name="Paths").click()
    drawn(page, "wanted.keys.length == 2 && wanted.keys.every(({z}) => z)")
    names = page.locator(".key-frame small").all_inner_texts()
    assert names == ["A 2", "B 1"]  # in the order in which they were picked

    with page.expect_download() as download:
        page.click("[data-path=save]")
    file = tmp_path / "path.json"
    download.value.save_as(file)
    path = json.loads(file.read_text())["path"]
    assert path["latent_size"] == 8 and [len(key["z"]) for key in path["keys"]] == [8, 8]
    path["frames"] = 7
    file.write_text(json.dumps({"path": path}))
    page.set_input_files("gan-paths input[type=file]", file)
    reaches(page, f"{BOARD}.player.count == 8")

    path["latent_size"] = 100
    file.write_text(json.dumps({"path": path}))
    page.set_input_files("gan-paths input[type=file]", file)
    page.wait_for_selector("text=This path has latents of 100 numbers, the chosen generator of 8")
    with page.expect_download() as download:
        page.click("[data-path=film]")
    download.value.save_as(tmp_path / "film.mp4")
    assert download.value.suggested_filename == "path-spherical.mp4"
    assert (tmp_path / "film.mp4").read_bytes()[4:8] == b"ftyp"


def test_a_second_generator_stands_beside_the_first(visitor):
    page = open_latent(visitor, "late")
    assert not page.locator("[data-sheet=beside-picture]").is_visible()
    page.click("#latent-beside-group button")
    choose(page, "latent-beside", "early")
    reaches(page, "document.querySelector('.beside-note').textContent.startsWith('early: weights of step 20')")
    averaged = page.evaluate("document.querySelector('[data-sheet=beside-picture]').toDataURL()")
    assert averaged != page.evaluate("document.querySelector('[data-sheet=picture]').toDataURL()")
    page.check("#latent-beside-raw input")
    reaches(page, "document.querySelector('.beside-note').textContent.startsWith('early, raw weights')")
    assert page.evaluate("document.querySelector('[data-sheet=beside-picture]').toDataURL()") != averaged
    choose(page, "latent-beside", "small")
    page.wait_for_selector(".beside-note.fault:has-text('small has latents of 5 numbers, late of 8')")
    assert not page.locator("[data-sheet=beside-picture]").is_visible()
    choose(page, "latent-beside", "late")
    reaches(
        page, "document.querySelector('.beside-note').textContent.startsWith('late, raw weights: weights of step 40')"
    )
