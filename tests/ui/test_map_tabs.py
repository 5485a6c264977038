"""The map, the pad and the cloud in a real Chromium."""

import json

import pytest
import torch

from gan_studio.data import load_data
from gan_studio.latent.vectors import unpack
from gan_studio.training.run import Run
from tests.conftest import tiny_config
from tests.ui.visitor import open_tab, pixels, reaches

pytestmark = pytest.mark.browser
MAP, CLOUD = "document.querySelector('[data-sheet=map]')", "document.querySelector('[data-sheet=cloud]')"


@pytest.fixture(scope="module", autouse=True)
def saved(app):
    """A small run of digits."""
    run = Run(tiny_config("dcgan"), load_data(tiny_config()))
    for _ in range(10):
        run.step()
    run.save(app.checkpoints / "digits.safetensors")


def open_inner_tab(visitor, name):
    page = visitor.open()
    open_tab(page, "Latent")
    page.click("#latent-source input")
    page.get_by_role("option", name="digits", exact=True).click()
    page.get_by_role("tab", name=name, exact=True).click()
    return page


def at(page, sheet, across, down):
    box = page.locator(sheet).bounding_box()
    return box["x"] + across * box["width"], box["y"] + down * box["height"]


def test_a_map_fills_in_and_is_moved_zoomed_and_clicked(visitor):
    page = open_inner_tab(visitor, "Map")
    asked = []
    page.on("request", lambda request: asked.append(request) if request.url.endswith("/live/map") else None)
    reaches(page, f"{MAP}.dataset.complete == 'true'")
    first = pixels(page, "map")
    assert page.evaluate("document.querySelector('gan-map').pictures.known.size") >= 256

    page.mouse.move(*at(page, "[data-sheet=map]", 0.5, 0.5))
    page.mouse.down()
    page.mouse.move(*at(page, "[data-sheet=map]", 0.7, 0.6), steps=4)
    page.mouse.up()
    reaches(page, f"{MAP}.dataset.complete == 'true' && {MAP}.toDataURL() != '{first}'")
    here = page.evaluate("document.querySelector('gan-map').here")
    assert here is None  # a drag is no click
    moved, count = pixels(page, "map"), len(asked)
    page.mouse.wheel(0, -300)
    reaches(page, f"{MAP}.dataset.complete == 'true' && {MAP}.toDataURL() != `{moved}`")
    assert all(len(json.loads(request.post_data)["places"]) <= 64 for request in asked) and len(asked) > count

    before = page.evaluate("window.ganStudio.board.picture.dataset.drawn")
    page.mouse.click(*at(page, "[data-sheet=map]", 0.25, 0.25))
    reaches(page, f"window.ganStudio.board.picture.dataset.drawn != `{before}`")
    expected = page.evaluate("document.querySelector('gan-map').latentAt(document.querySelector('gan-map').here)")
    assert json.loads(page.evaluate("window.ganStudio.board.picture.dataset.drawn"))["z"] == expected

    page.select_option("[data-choice=heat]", "class")
    reaches(page, f"{MAP}.dataset.heat == 'class'")
    assert page.locator("gan-heat-legend .class").count() >= 1
    assert "class the classifier sees" in page.locator("gan-map figcaption").inner_text()
    page.select_option("[data-choice=heat]", "pixels")
    reaches(page, "document.querySelector('gan-map [data-note=map]').textContent.startsWith('Being prepared, ')")
    reaches(page, f"{MAP}.dataset.heat == 'pixels'", 120)
    assert "Being prepared" not in page.locator("gan-map [data-note=map]").inner_text()


def test_a_map_goes_along_directions_that_were_found_and_saved_elsewhere(visitor):
    page = open_inner_tab(visitor, "Directions")
    page.select_option("[data-kind]", "layer")
    page.wait_for_selector("[data-direction='0'] b:has-text('first')")
    page.fill("[data-name]", "slant")
    page.locator("[data-direction='1'] button[title^='Save']").click()
    page.get_by_role("tab", name="Map", exact=True).click()
    asked = []
    page.on("request", lambda request: asked.append(request.post_data) if request.url.endswith("/live/plane") else None)
    page.select_option("[data-choice=through]", "directions")
    page.select_option("[data-choice=axis0]", label="slant")
    page.select_option("[data-choice=axis1]", label="z[2]")
    reaches(page, f"{MAP}.dataset.complete == 'true' && document.querySelector('gan-map .fault') == null")
    kept = page.evaluate("JSON.parse(localStorage.getItem('gan-studio-directions'))[0]")
    first, second = json.loads(asked[-1])["directions"]
    assert first == {"kind": "given", "z": kept["z"]} and second == {"kind": "raw", "number": 2}
    axes = torch.tensor(page.evaluate("document.querySelector('gan-map').axesOfPlane.map((axis) => [...axis])"))
    torch.testing.assert_close(axes[1], unpack(kept["z"], 8)[0], atol=1e-5, rtol=0)
    assert axes[2].abs().argmax() == 2

    page.locator("[data-choice=axis1]").select_option(label="first · 2")  # the very same direction
    page.wait_for_selector("gan-map .fault >> text=parallel")
    page.locator("[data-choice=axis1]").select_option(label="first · 1")
    reaches(page, f"document.querySelector('gan-map .fault') == null && {MAP}.dataset.complete == 'true'")


def test_a_heat_map_shows_values_of_one_step_only(visitor):
    page = visitor.open()
    seen = page.evaluate("""async () => {
      const { Lattice, pointsIn } = await import("/live/static/lattice.js");
      let [value, most] = [1, Infinity];
      const ask = (points) => (most-- > 0 ? Promise.resolve(points.map(() => value)) : new Promise(() => {}));
      const settle = () => new Promise((done) => setTimeout(done, 100));
      const begin = async (lattice, view) => {
        for (const round of [1, 2]) {
          value = round;
          lattice.want(view);
          await settle();
          lattice.renew();
        }
      };
      const view = { x: 0, y: 0, size: 16 };
      const [lattice, moved] = [1, 2].map(() => new Lattice(ask, () => {}, () => {}, 1));
      const kinds = (get) => [...new Set(pointsIn(view, 1).map(get))];
      await begin(lattice, view);
      [value, most] = [3, 2];
      lattice.want(view);
      await settle();
      const renewing = [kinds((point) => lattice.getTogether(point)), kinds((point) => lattice.get(point)).length];
      most = Infinity;
      await begin(moved, view);
      value = 3;
      moved.want(view);
      await settle();
      most = 1;
      view.x = 8; // to where something is not known
      moved.want(view);
      await settle();
      return [...renewing, kinds((point) => moved.getTogether(point))];
    }""")
    assert seen[:2] == [[2], 2]  # some are known anew, and none of those is shown
    assert sorted(seen[2], key=str) == [3, None]  # when all were, what was before is over


def test_what_was_lost_is_asked_for_again_and_a_fault_is_said(visitor):
    page = open_inner_tab(visitor, "Map")
    reaches(page, f"{MAP}.dataset.complete == 'true'")
    page.route("**/live/plane", lambda route: route.abort())
    before = page.evaluate("document.querySelector('gan-map').plane")
    page.click("[data-map=anew]")
    page.wait_for_selector("gan-map .fault >> text=does not answer")
    page.unroute("**/live/plane")
    reaches(page, f"{MAP}.dataset.complete == 'true' && document.querySelector('gan-map').plane != '{before}'")
    assert page.locator("gan-map .fault").count() == 0

    page.route("**/live/map", lambda route: route.fulfill(status=500, body="Internal Server Error"))
    page.click("[data-map=anew]")
    page.wait_for_selector("gan-map .fault >> text=error 500")


def test_the_pad_follows_the_mouse_and_shows_its_last_place(visitor):
    page = open_inner_tab(visitor, "Blend")
    reaches(page, "document.querySelector('[data-sheet=blend-grid]').dataset.drawn")
    page.mouse.move(*at(page, "[data-blend]", 0.5, 0.5))
    page.mouse.move(*at(page, "[data-blend]", 0.01, 0.99), steps=20)
    reaches(page, "document.querySelector('[data-sheet=blend]').dataset.drawn == '[0,1]'")
    page.mouse.click(*at(page, "[data-blend]", 0.01, 0.99))
    page.wait_for_selector("gan-tray .tray-item")
    assert page.locator("gan-tray .tray-item").count() == 1


def test_a_cloud_shows_what_is_under_the_mouse(visitor):
    page = open_inner_tab(visitor, "Cloud")
    page.fill("[data-cloud=generated]", "60")
    page.fill("[data-cloud=real]", "40")
    page.press("[data-cloud=real]", "Enter")
    cloud = "document.querySelector('gan-cloud')"
    reaches(page, f"{cloud}.cloud?.count == 100 && {CLOUD}.dataset.complete == 'true'")
    places = torch.tensor(page.evaluate(f"{cloud}.cloud.places")).view(-1, 2)
    apart = torch.cdist(places, places).fill_diagonal_(torch.inf).min(1).values
    lonely = int(apart[:60].argmax())  # nobody else is under the mouse
    x, y = page.evaluate(f"{cloud}.view.toPixels({cloud}.placeOf({lonely})).map((at) => at / {CLOUD}.width)")
    page.mouse.move(*at(page, "[data-sheet=cloud]", x, y))
    reaches(page, f"{CLOUD}.dataset.pointed == '{lonely}'")
    assert f"seed {lonely}" in page.locator("gan-cloud figcaption").inner_text()
    assert page.locator("gan-cloud .near canvas").count() == 8
    page.mouse.click(*at(page, "[data-sheet=cloud]", x, y))
    ask = "(seed) => fetch('live/latent', {method: 'POST', body: JSON.stringify({source: 'digits', seed})})"
    expected = page.evaluate(f"{ask}.then((answer) => JSON.parse(answer.headers.get('X-Drawing')).z)", lonely)
    reaches(page, f"JSON.parse(window.ganStudio.board.picture.dataset.drawn).z == '{expected}'")
