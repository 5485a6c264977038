"""A real Chromium, the app in a process of its own, and a visitor that notices every complaint."""

import pytest

from tests.conftest import chromium, start_app
from tests.ui.visitor import FLAGS, Visitor


@pytest.fixture(scope="module")  # not longer: playwright keeps an event loop in this thread that others cannot use
def browser():
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        made = driver.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield made
        made.close()


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    folder = tmp_path_factory.mktemp("app")
    made = start_app(folder / "checkpoints", "--data", str(folder / "data"))
    yield made
    made.end()


@pytest.fixture
def visitor(browser, app):
    made = Visitor(browser, app.address)
    yield made
    made.context.close()
    assert made.problems == []
