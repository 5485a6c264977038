"""The README's pictures: the default preset from a click on Start, in a real Chromium.

    python -m benchmarks.digits [--out docs] [--browser PATH]

Writes the sample grid as it stands 10, 30, 60 and 120 seconds after Start, and the two tabs.
"""

from __future__ import annotations

import argparse
import base64
import io
import tempfile
import time
from pathlib import Path

from PIL import Image, ImageDraw

from gan_studio.bench.visitors import browser_page, find_browser, running_app

SECONDS = (10, 30, 60, 120)
GRID = "document.querySelector('[data-sheet=samples]').toDataURL().split(',')[1]"


def grids(page) -> list[Image.Image]:
    """The sample grid at each of :data:`SECONDS` after Start."""
    page.click("#button-start")
    begin = time.monotonic()
    found = []
    for seconds in SECONDS:
        page.wait_for_timeout(1000 * (begin + seconds - time.monotonic()))
        found.append(Image.open(io.BytesIO(base64.b64decode(page.evaluate(GRID)))))
    return found


def side_by_side(pictures: list[Image.Image]) -> Image.Image:
    width, height = pictures[0].size
    sheet = Image.new("L", ((width + 8) * len(pictures) - 8, height + 18), 255)
    draw = ImageDraw.Draw(sheet)
    for index, (picture, seconds) in enumerate(zip(pictures, SECONDS, strict=True)):
        draw.text((index * (width + 8) + 2, 2), f"{seconds} s", fill=0)
        sheet.paste(picture.convert("L"), (index * (width + 8), 18))
    return sheet


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs"))
    parser.add_argument("--browser")
    options = parser.parse_args()
    options.out.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        running_app(folder) as (address, _),
        browser_page(address, find_browser(options.browser)) as page,
    ):
        side_by_side(grids(page)).save(options.out / "digits.png", optimize=True)
        page.locator("#field-discriminator_lr input").first.fill("0.0003")
        page.keyboard.press("Enter")
        page.wait_for_timeout(4000)
        page.evaluate("scrollTo(0, 0)")  # typing has scrolled to the box
        page.screenshot(path=options.out / "train.png")
        page.get_by_role("tab").nth(1).click()
        page.wait_for_timeout(2500)
        page.screenshot(path=options.out / "latent.png")


if __name__ == "__main__":
    main()
