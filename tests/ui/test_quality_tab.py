"""What a person sees on the Quality tab."""

import pytest

from tests.ui.visitor import choose_preset, reaches, start

pytestmark = pytest.mark.browser


def test_numbers_are_measured_while_points_train(visitor, app):
    page = visitor.open()
    choose_preset(page, "two-moons")
    start(page)
    page.get_by_role("tab", name="Quality").click()
    reaches(page, "document.querySelector('gan-quality').dataset.state == 'off'")
    page.locator("#quality-interval input").fill("0")
    page.click("#quality-begin")
    page.wait_for_selector("#quality-notice >> text=must be from 1 to 3600 seconds")
    page.locator("#quality-interval input").fill("1")
    page.locator("#quality-count input").fill("500")
    page.click("#quality-begin")
    reaches(page, "document.querySelector('gan-quality [data-metric=sliced_wasserstein]')?.textContent > 0")
    assert page.locator("gan-quality figure:not([hidden])").count() == 2  # two moons have no modes to count
    assert "500 samples, seed 0" in page.locator("gan-quality .protocol").inner_text()
    assert page.locator("#quality-notice").inner_text() == ""
    chart = "document.querySelector('gan-quality').shown.get('sliced_wasserstein').chart"
    reaches(page, f"{chart}.data[0].length >= 2")
    assert page.evaluate(f"{chart}.level.value") > 0
    page.click("#quality-end")
    reaches(page, "document.querySelector('gan-quality').dataset.state == 'off'")
    # What only pictures have, and numbers of a diverged run.
    board = "document.querySelector('gan-quality')"
    shares = "{ names: ['cat', 'dog'], generated: [0.25, 0.75], real: [0.5, 0.5] }"
    number = "{ js: [null, null, 0.1, null] }"
    view = f"{{ state: 'off', steps: [1], names: ['js'], left_out: {{ fid: 2049 }}, most: 378, classes: {shares} }}"
    page.evaluate(f"{board}.draw({{ ...{view}, message: '', protocol: '', run: 'another', numbers: [{number}] }})")
    assert page.locator("gan-quality .left-out").inner_text().endswith("at most 378 can be compared with these data")
    dog = page.locator("gan-quality [data-class=dog]")
    assert dog.locator("span").all_inner_texts() == ["75.0%", "50.0%"]
    assert dog.locator("i.real").get_attribute("style").startswith("width: 66.66")
    assert page.locator("gan-quality [data-metric=js]").inner_text() == "–"
