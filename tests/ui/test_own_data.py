"""Points and the visitor's own data, in a real Chromium."""

import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from tests.conftest import wait_until
from tests.ui.visitor import choose_preset, drawn_step, pixels, reaches, start

pytestmark = pytest.mark.browser


@pytest.fixture
def page(visitor, app):
    """A page without a run that goes on."""
    opened = visitor.open()
    if app.state()["state"] == "running":
        opened.click("#button-stop")
        wait_until(lambda: app.state()["state"] == "stopped")
    return opened


def picked(page, field):
    return page.locator(f"#field-{field} input").first.input_value()


def zip_of_pictures():
    rng, buffer = np.random.default_rng(0), io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for number in range(40):
            picture = io.BytesIO()
            Image.fromarray(rng.integers(0, 256, (30, 40, 3), dtype=np.uint8)).save(picture, "PNG")
            file.writestr(f"{'cats' if number % 2 else 'dogs'}/{number}.png", picture.getvalue())
        file.writestr("cats/broken.png", b"no picture")
        file.writestr("../escape.png", b"no picture")
    return buffer.getvalue()


def test_points_are_trained_and_drawn_over_the_discriminators_belief(page, app):
    choose_preset(page, "ring8")
    start(page)
    assert app.state()["config"]["dataset"] == "ring8"
    before, step = pixels(page, "samples"), drawn_step(page)
    reaches(page, f"document.querySelector('[data-sheet=samples]').dataset.step > {step + 5}")
    assert pixels(page, "samples") != before
    assert page.locator("[data-sheet=real]").is_hidden() and page.locator(".plane-key").is_visible()
    page.get_by_role("tab", name="Latent").click()
    reaches(page, "document.querySelector('[data-sheet=picture]').dataset.drawn")
    page.get_by_role("tab", name="Train").click()
    page.click("#button-stop")


def test_drawn_points_become_the_data_set(page, app):
    choose_preset(page, "two-moons")
    page.click("#data-controls button")
    page.click("[data-pad-button=use]")
    page.wait_for_selector("text=the drawing cannot be used")  # nothing is drawn yet
    pad = page.locator("[data-pad]")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    for height in (0.2, 0.5, 0.8):
        page.mouse.move(box["x"] + 0.1 * box["width"], box["y"] + height * box["height"])
        page.mouse.down()
        page.mouse.move(box["x"] + 0.9 * box["width"], box["y"] + height * box["height"], steps=40)
        page.mouse.up()
    page.click("[data-pad-button=undo]")
    page.click("[data-pad-button=use]")
    reaches(page, "document.querySelector('#field-dataset input').value == 'points'")
    assert "drawn" in picked(page, "source")
    page.click("#button-start")
    wait_until(lambda: app.state()["config"]["dataset"] == "points" and app.state()["step"] > 1)
    real = app.state()["real"]["points"]
    assert min(real[1::2]) > -300  # two lines of three: the lowest was taken back
    page.click("#button-stop")


def test_an_uploaded_zip_is_trained_on_and_says_what_was_skipped(page, app):
    choose_preset(page, "mnist-dcgan")
    page.click("#data-controls button")
    page.set_input_files(
        "#data-upload input[type=file]",
        {"name": "my pets.zip", "mimeType": "application/zip", "buffer": zip_of_pictures()},
    )
    reaches(page, "document.querySelector('#field-dataset input').value == 'folder'")
    assert "my-pets" in picked(page, "source")
    page.click("#button-start")
    wait_until(lambda: app.state()["config"]["dataset"] == "folder" and app.state()["step"] > 1)
    message = app.state()["message"]["error"]
    assert "broken.png" in message and "escape" in message
    page.wait_for_selector(".fault.remark")
    page.click("#button-stop")


def test_an_upload_that_is_nothing_is_refused_with_the_reason(page, app):
    page.click("#data-controls button")
    page.set_input_files(
        "#data-upload input[type=file]", {"name": "points.csv", "mimeType": "text/csv", "buffer": b"a,b\nc,d\n"}
    )
    page.wait_for_selector("#notice >> text=/points.*is not a pair of numbers/")
    assert "points" not in picked(page, "source")
