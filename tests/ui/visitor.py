"""What the browser tests do on a page."""

from gan_studio.lessons.presets import PRESETS
from tests.conftest import wait_until

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


class Visitor:
    """A browser, and everything it complained about or asked of other hosts."""

    def __init__(self, browser, address, locale="en-US"):
        self.context = browser.new_context(viewport={"width": 1440, "height": 900}, locale=locale)
        self.address, self.problems = address, []

    def open(self):
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("request", self.check_host)
        page.goto(self.address)
        page.wait_for_selector("gan-board .status")
        return page

    def check_host(self, request):
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.problems.append(f"asked another host: {request.url}")


def open_tab(page, name):
    """Open a tab where runs are chosen, and wait for its lists of them: a list that comes late closes an open one."""
    lists, fetched = 2 if name == "Latent" else 1, []

    def is_the_last_list(request):
        if request.url.endswith("/run/predict") and f'"event_data":{{"value":"{name}"' in (request.post_data or ""):
            fetched.append(request)
        return len(fetched) == lists

    with page.expect_request_finished(is_the_last_list):
        page.get_by_role("tab", name=name).click()
    page.evaluate("new Promise((done) => setTimeout(() => requestAnimationFrame(done), 200))")  # and put in place


def pixels(page, sheet):
    return page.evaluate(f"document.querySelector('[data-sheet={sheet}]').toDataURL()")


def drawn_step(page):
    return int(page.get_attribute("[data-sheet=samples]", "data-step") or 0)


def reaches(page, condition, seconds=60):
    page.wait_for_function(condition, timeout=1000 * seconds, polling=100)


def curve_length(page):
    return page.evaluate("document.querySelector('gan-board').charts[0].data[0].length")


def choose(page, field, value):
    """Type a value into a control that offers choices but takes others too."""
    box = page.locator(f"#field-{field} input").first
    box.fill(value)
    box.press("Enter")


def start(page):
    page.click("#button-start")
    reaches(page, "document.querySelector('[data-sheet=samples]').dataset.step > 1")


def start_or_resume(page, app):
    page.click("#button-start")
    wait_until(lambda: app.state()["state"] == "running")


def choose_preset(page, name):
    """Pick a preset and wait until the controls have its values.

    Once more where it is in vain: the page's first filling of its controls may come after a very quick choice.
    """
    from playwright.sync_api import TimeoutError as TooLong

    for attempt in range(3):
        box = page.locator("#preset input").first
        box.click()
        box.fill(PRESETS[name].title)
        page.locator("ul[role=listbox] li", has_text=PRESETS[name].title).first.click()
        try:
            about = f"#preset-about [data-key='preset.{name}.info']"
            page.wait_for_selector(about, state="attached", timeout=20_000)
            return
        except TooLong:
            if attempt == 2:
                raise
