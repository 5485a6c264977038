"""What the page costs and how fast it answers, with a real Chromium, while the default preset trains.

With one browser: how long the app takes to start, the time from Start to the first picture, from a published
snapshot to the frame that shows it, and from a slider's move to the frame that shows its picture. Then training
speed from the command line, and in the app with nobody watching, with simulated viewers and with a browser on this
machine: the two processes take turns in short windows, the other one stopped, so that the machine's drift meets all
alike.
"""

from __future__ import annotations

import signal
import tempfile
import time
from contextlib import ExitStack
from typing import Any

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

VIEWERS = (1, 10, 40)
COMMAND_LINE, NOBODY, BROWSER = "command line", "app, 0 viewers", "app, a browser on this machine"
WARM_SECONDS = 3.0
"""How long training goes on before it is measured, and a page stands still after it was opened."""
WATCH_SNAPSHOTS = """() => {
  window.delays = [];
  document.addEventListener("drawn", (event) => {
    const { published } = event.detail;
    if (published) requestAnimationFrame(() => window.delays.push(Date.now() - 1000 * published));
  });
}"""
WATCH_SLIDER = """() => {
  window.moves = []; window.shown = [];
  const slider = document.querySelector('#latent-principal-0 input[type=range]');
  slider.addEventListener("input", () => window.moves.push([Date.now(), Number(slider.value)]), true);
  document.addEventListener("drawn", (event) => {
    const { principal } = event.detail;
    if (principal) requestAnimationFrame(() => window.shown.push([Date.now(), principal[0]]));
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
    speeds, delivered = _overhead(plan, browser, seconds)
    for name, values in speeds.items():
        rows.append({"what": f"training, {name}", "value": spread(values), "unit": "samples/s"})
    for name, values in speeds.items():
        if name != COMMAND_LINE:
            share = ratios([100 * value for value in values], speeds[COMMAND_LINE])
            rows.append({"what": f"training, {name}, of the command line's", "value": share, "unit": "%"})
    for count, values in delivered.items():
        rows.append({"what": f"messages to each of {count} viewers", "value": spread(values), "unit": "1/s"})
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
        snapshots, slider = watch_snapshots(page, seconds), drag_slider(page, seconds)
    return {
        ("from the command to a usable page", "s"): usable,
        ("from Start to the first picture", "s"): first,
        ("snapshots", "1/s"): rate,
        ("from a snapshot to pixels, median", "ms"): percentile(snapshots, 0.5),
        ("from a snapshot to pixels, 95th percentile", "ms"): percentile(snapshots, 0.95),
        ("from a slider's move to its picture, median", "ms"): percentile(slider, 0.5),
        ("from a slider's move to its picture, 95th percentile", "ms"): percentile(slider, 0.95),
    }


def watch_snapshots(page: Any, seconds: float) -> list[float]:
    """Milliseconds from publishing to the frame that shows it, for each snapshot within ``seconds``."""
    page.evaluate(WATCH_SNAPSHOTS)
    page.wait_for_timeout(1000 * seconds)
    return page.evaluate("window.delays")


def drag_slider(page: Any, seconds: float) -> list[float]:
    """Drag the first principal slider to and fro; for each move, the time until it or a newer one is shown."""
    page.get_by_role("tab").nth(1).click()
    page.wait_for_timeout(1500)
    page.evaluate(WATCH_SLIDER)
    slider = page.locator("#latent-principal-0 input[type=range]")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, middle)
    page.mouse.down()
    end = time.perf_counter() + seconds
    place = 0
    while time.perf_counter() < end:
        place += 1
        share = abs((place * 0.02) % 2 - 1)
        page.mouse.move(box["x"] + box["width"] * (0.1 + 0.8 * share), middle)
        page.wait_for_timeout(16)
    page.mouse.up()
    page.wait_for_timeout(500)
    return delays(*page.evaluate("[window.moves, window.shown]"))


def delays(moves: list[list[float]], shown: list[list[float]]) -> list[float]:
    """Milliseconds from each move until its value, or that of a later move, is on the screen; inf: never.

    Both are rows of a time in milliseconds and a value.
    """
    found = []
    for index, (when, _) in enumerate(moves):
        acceptable = {round(value, 3) for _, value in moves[index:]}
        first = next((at for at, value in shown if at >= when and round(value, 3) in acceptable), None)
        found.append(float("inf") if first is None else first - when)
    return found


def percentile(values: list[float], share: float) -> float:
    """The value that ``share`` of ``values`` do not exceed; raises :class:`StudioError` where there are none."""
    if not values:
        raise StudioError("nothing was drawn in the browser; give it longer with --seconds")
    return float(sorted(values)[int(share * (len(values) - 1))])


# -- what it costs ---------------------------------------------------------------------------------------


def _overhead(plan: Plan, browser: str, seconds: float) -> tuple[dict[str, list[float]], dict[int, list[float]]]:
    """Training speed in short alternating windows; and how many messages each viewer got per second."""
    watched = {count: f"app, {count} viewer{'s' if count > 1 else ''}" for count in VIEWERS}
    speeds: dict[str, list[float]] = {name: [] for name in (COMMAND_LINE, NOBODY, *watched.values(), BROWSER)}
    delivered: dict[int, list[float]] = {count: [] for count in VIEWERS}
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
    return speeds, delivered
