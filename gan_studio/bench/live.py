"""What the page costs and how fast it answers, with a real Chromium, while the default preset trains.

With one browser: how long the app takes to start, the time from Start to the first picture, from a published
snapshot to the frame that shows it, and from a hand's move on the Latent tab to the frame that shows its picture, with
training running and paused. Then training speed in the app with nobody watching, with simulated viewers, with ten
people who drag a slider and with a browser on this machine, each beside that from the command line: the two processes
take turns in short windows, the other one stopped, so that the machine's drift meets both alike.
"""

from __future__ import annotations

import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from functools import partial
from typing import Any

from gan_studio.bench.drags import DRAGS, HANDS, people, watch_drag
from gan_studio.bench.plan import Plan, say
from gan_studio.bench.timing import ratios, spread
from gan_studio.bench.visitors import (
    CommandLine,
    browser_page,
    find_browser,
    only,
    open_page,
    running_app,
    speed,
    start_training,
    viewers,
)
from gan_studio.errors import StudioError
from gan_studio.lessons.presets import DEFAULT_PRESET

VIEWERS, PEOPLE = (1, 10, 40), 10
COMMAND_LINE = "command line"
WARM_SECONDS = 3.0
"""How long training goes on before it is measured, and a page stands still after it was opened."""
WATCH_SNAPSHOTS = """() => {
  window.delays = [];
  document.addEventListener("drawn", (event) => {
    const { published } = event.detail;
    if (published) requestAnimationFrame(() => window.delays.push(Date.now() - 1000 * published));
  });
}"""


def measure(plan: Plan) -> dict[str, Any]:
    """Latencies and start-up times round by round; training speed as a share of the command line's."""
    browser = find_browser(plan.browser)
    if not hasattr(signal, "SIGSTOP"):
        raise StudioError("the page's cost is measured by stopping processes, which Windows cannot")
    seconds = max(plan.seconds, 1.5)  # a snapshot comes every quarter of a second, a measurement every half
    found: dict[tuple[str, str], list[float]] = {}
    for number in range(plan.rounds):
        say(f"the page's answers, round {number + 1} of {plan.rounds}")
        for what, value in _answers(plan, browser, seconds).items():
            found.setdefault(what, []).append(value)
    rows = [{"what": what, "value": spread(values), "unit": unit} for (what, unit), values in found.items()]
    say("the page's cost")
    speeds, received = _overhead(plan, browser, seconds)
    for name, pairs in speeds.items():
        app, line = zip(*pairs, strict=True)
        rows.append({"what": f"training, {name}", "value": spread(app), "unit": "samples/s"})
        share = ratios([100 * speed for speed in app], line)
        rows.append({"what": f"training, {name}, of the {COMMAND_LINE}'s", "value": share, "unit": "%"})
    for name, values in received.items():
        rows.append({"what": name, "value": spread(values), "unit": "1/s"})
    return {"rows": rows, "notes": [f"trained is {DEFAULT_PRESET}"]}


# -- how fast it answers ---------------------------------------------------------------------------------


def _answers(plan: Plan, browser: str, seconds: float) -> dict[tuple[str, str], float]:
    """One round: what was measured and its unit, to the number."""
    begin = time.perf_counter()
    with (
        tempfile.TemporaryDirectory() as folder,
        running_app(folder, "--device", plan.device) as (address, _),
        browser_page(address, browser) as page,
    ):
        page.wait_for_selector("#button-start")
        usable = time.perf_counter() - begin
        page.wait_for_timeout(1000 * WARM_SECONDS)
        first = start_training(page)
        page.wait_for_timeout(1000 * WARM_SECONDS)
        rate = speed(address, seconds)[1]
        snapshots = watch_snapshots(page, seconds)
        drags = {}
        for drag in DRAGS:
            drags[drag.what, "while training"] = watch_drag(page, drag, seconds)
        page.locator("[data-tab-id=train-tab]").click()
        page.click("#button-pause")
        for drag in DRAGS:
            drags[drag.what, "paused"] = watch_drag(page, drag, seconds)
    return {
        ("from the command to a usable page", "s"): usable,
        ("from Start to the first picture", "s"): first,
        ("snapshots", "1/s"): rate,
        ("from a snapshot to pixels, median", "ms"): percentile(snapshots, 0.5),
        ("from a snapshot to pixels, 95th percentile", "ms"): percentile(snapshots, 0.95),
        **{
            (f"from {what} to its picture, {when}, {name}", "ms"): percentile(times, share)
            for (what, when), times in drags.items()
            for name, share in (("median", 0.5), ("95th percentile", 0.95))
        },
    }


def watch_snapshots(page: Any, seconds: float) -> list[float]:
    """Milliseconds from publishing to the frame that shows it, for each snapshot within ``seconds``."""
    page.evaluate(WATCH_SNAPSHOTS)
    page.wait_for_timeout(1000 * seconds)
    return page.evaluate("window.delays")


def percentile(values: list[float], share: float) -> float:
    """The value that ``share`` of ``values`` do not exceed; raises :class:`StudioError` where there are none."""
    if not values:
        raise StudioError("nothing was drawn in the browser; give it longer with --seconds")
    return float(sorted(values)[int(share * (len(values) - 1))])


# -- what it costs ---------------------------------------------------------------------------------------


def _overhead(
    plan: Plan, browser: str, seconds: float
) -> tuple[dict[str, list[tuple[float, float]]], dict[str, list[float]]]:
    """For each number of people, the app's training speed and the command line's just before, round by round; and
    what each of those people got, per second."""
    speeds: dict[str, list[tuple[float, float]]] = {}
    received: dict[str, list[float]] = {}
    device = ("--device", plan.device)
    with ExitStack() as stack:
        folders = [stack.enter_context(tempfile.TemporaryDirectory()) for _ in range(2)]
        address, app = stack.enter_context(running_app(folders[0], *device))
        line = CommandLine(folders[1], *device)
        stack.callback(line.process.wait)
        stack.callback(line.process.kill)
        stack.callback(app.send_signal, signal.SIGCONT)
        page = stack.enter_context(browser_page(address, browser))
        start_training(page)
        time.sleep(WARM_SECONDS)  # both are warm
        page.goto("about:blank")
        crowds = {
            "app, 0 viewers": lambda: nullcontext(dict),
            **{_viewers(count): partial(_viewing, address, count, seconds) for count in VIEWERS},
            **{f"app, {PEOPLE} people dragging {hand}": partial(_dragging, address, seconds, hand) for hand in HANDS},
            "app, a browser on this machine": partial(_looking, page, address),
        }
        for number in range(plan.rounds):
            say(f"the page's cost, round {number + 1} of {plan.rounds}")
            for name, crowd in crowds.items():
                with only(line.process, app):
                    before = line.speed(seconds)
                with only(app, line.process), crowd() as count:
                    speeds.setdefault(name, []).append((speed(address, seconds)[0], before))
                    for what, value in count().items():
                        received.setdefault(what, []).append(value)
    return speeds, received


def _viewers(count: int) -> str:
    return f"app, {count} viewer{'s' if count > 1 else ''}"


@contextmanager
def _viewing(address: str, count: int, seconds: float) -> Iterator[Callable[[], dict[str, float]]]:
    """Simulated browsers that only watch; yields what says how many messages each got in the ``seconds`` until then."""
    with viewers(address, count) as received:
        before = received.value
        yield lambda: {f"messages to each of {count} viewers": (received.value - before) / seconds / count}


@contextmanager
def _dragging(address: str, seconds: float, hand: str) -> Iterator[Callable[[], dict[str, float]]]:
    """The same of pictures, for people who drag ``hand``."""
    with people(address, PEOPLE, hand) as received:
        before = list(received)

        def rates() -> dict[str, float]:
            each = [(now - then) / seconds for now, then in zip(received, before, strict=True)]
            named = {"the slowest": min(each), "the quickest": max(each)}
            return {f"pictures to {name} of {PEOPLE} people dragging {hand}": rate for name, rate in named.items()}

        yield rates


@contextmanager
def _looking(page: Any, address: str) -> Iterator[Callable[[], dict[str, float]]]:
    """A real browser with the page open."""
    open_page(page, address)
    time.sleep(WARM_SECONDS)  # loading the page is over
    yield dict
    page.goto("about:blank")
    time.sleep(1)
