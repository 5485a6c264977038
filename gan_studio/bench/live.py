"""What the page costs and how fast it answers, with a real Chromium, while the default preset trains.

With one browser: how long the app takes to start, the time from Start to the first picture, from a published
snapshot to the frame that shows it, and from a hand's move on the Latent tab to the frame that shows its picture, with
training running and paused. Then training speed from the command line, and in the app with nobody watching, with
simulated viewers, with ten people who drag a slider and with a browser on this machine: the two processes take turns in
short windows, the other one stopped, so that the machine's drift meets all alike.
"""

from __future__ import annotations

import signal
import tempfile
import time
from contextlib import ExitStack
from typing import Any

from gan_studio.bench.drags import DRAGS, people, watch_drag
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
COMMAND_LINE, NOBODY, BROWSER = "command line", "app, 0 viewers", "app, a browser on this machine"
DRAGGED = f"app, {PEOPLE} people dragging a slider"
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
    speeds, delivered, drawn = _overhead(plan, browser, seconds)
    for name, values in speeds.items():
        rows.append({"what": f"training, {name}", "value": spread(values), "unit": "samples/s"})
    for name, values in speeds.items():
        if name != COMMAND_LINE:
            share = ratios([100 * value for value in values], speeds[COMMAND_LINE])
            rows.append({"what": f"training, {name}, of the command line's", "value": share, "unit": "%"})
    for count, values in delivered.items():
        rows.append({"what": f"messages to each of {count} viewers", "value": spread(values), "unit": "1/s"})
    for name, values in drawn.items():
        rows.append({"what": f"pictures to {name} of {PEOPLE} people dragging", "value": spread(values), "unit": "1/s"})
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
) -> tuple[dict[str, list[float]], dict[int, list[float]], dict[str, list[float]]]:
    """Training speed in short alternating windows; how many messages each viewer got per second; and how many pictures
    each of those who drag."""
    watched = {count: f"app, {count} viewer{'s' if count > 1 else ''}" for count in VIEWERS}
    speeds: dict[str, list[float]] = {name: [] for name in (COMMAND_LINE, NOBODY, *watched.values(), DRAGGED, BROWSER)}
    delivered: dict[int, list[float]] = {count: [] for count in VIEWERS}
    drawn: dict[str, list[float]] = {"the slowest": [], "the quickest": []}
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
        for number in range(plan.rounds):
            say(f"the page's cost, round {number + 1} of {plan.rounds}")
            with only(line.process, app):
                speeds[COMMAND_LINE].append(line.speed(seconds))
            with only(app, line.process):
                open_page(page, address)
                time.sleep(WARM_SECONDS)  # loading the page is over
                speeds[BROWSER].append(speed(address, seconds)[0])
                page.goto("about:blank")
                time.sleep(1)
                speeds[NOBODY].append(speed(address, seconds)[0])
                for count, name in watched.items():
                    with viewers(address, count) as received:
                        before = received.value
                        speeds[name].append(speed(address, seconds)[0])
                        delivered[count].append((received.value - before) / seconds / count)
                with people(address, PEOPLE) as received:
                    before = list(received)
                    speeds[DRAGGED].append(speed(address, seconds)[0])
                    each = [(now - then) / seconds for now, then in zip(received, before, strict=True)]
                    drawn["the slowest"].append(min(each))
                    drawn["the quickest"].append(max(each))
    return speeds, delivered, drawn
