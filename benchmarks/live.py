"""What the page costs and how fast it answers, with a real Chromium, while training.

    python -m benchmarks.live [--rounds 3] [--windows 8] [--seconds 6] [--browser /usr/bin/chromium]

With one browser: how long the app takes to start, the time from Start to the first picture, from a published
snapshot to the frame that shows it, and from a slider's move to the frame that shows its picture. Then training
speed from the command line, in the app with one browser, with nobody watching and with 40 viewers: the two
processes take turns in short windows, the other one stopped, so that the machine's drift meets all alike.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import httpx

from gan_studio.lessons.presets import DEFAULT_PRESET, find_preset

WATCHERS = ("app, one browser", "app, nobody watching", "app, 40 viewers")
CHROMIUM_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
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


@contextmanager
def running_app() -> Iterator[tuple[str, subprocess.Popen]]:
    """The app in a process of its own; yields its address and the process, and ends it afterwards."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "app.py", "--port", str(port), "--checkpoints", folder]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        address = f"http://127.0.0.1:{port}"
        try:
            for _ in range(600):
                try:
                    if httpx.get(address).is_success:
                        break
                except httpx.TransportError:
                    time.sleep(0.05)
            yield address, process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)


@contextmanager
def browser_page(address: str, executable: str) -> Iterator:
    """A page of the app in Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(address)
        page.wait_for_selector("gan-board .status")
        yield page
        browser.close()


def start_training(page) -> float:
    """Press Start; the seconds until the first picture is drawn."""
    begin = time.perf_counter()
    page.click("#button-start")
    page.wait_for_function("Number(document.querySelector('[data-sheet=samples]').dataset.step) > 0", polling="raf")
    return time.perf_counter() - begin


def speed(address: str, seconds: float) -> tuple[float, float]:
    """Images per second of training, and snapshots per second, over ``seconds``."""
    first = httpx.get(f"{address}/live/state").json()
    time.sleep(seconds)
    last = httpx.get(f"{address}/live/state?cursor={first['cursor']}").json()
    took = last["published"] - first["published"]
    pictures = (last["step"] - first["step"]) * last["config"]["batch_size"]
    return pictures / took, len(last["points"]) / took


class CommandLine:
    """``gan-studio train`` in a process that can be stopped and continued."""

    def __init__(self, folder: str):
        command = [sys.executable, "-m", "gan_studio.cli", "train", "--steps", "100000000", "--json", "--out", folder]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.points: list[dict] = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self.process.stdout:
            self.points.append(json.loads(line))

    def speed(self, seconds: float) -> float:
        """Images per second over its own measurements within the next ``seconds``."""
        time.sleep(1.5)
        begin = len(self.points)
        time.sleep(seconds)
        first, last = self.points[begin], self.points[-1]
        batch = find_preset(DEFAULT_PRESET).config.batch_size
        return (last["step"] - first["step"]) * batch / (last["seconds"] - first["seconds"])


@contextmanager
def only(running: subprocess.Popen, stopped: subprocess.Popen) -> Iterator[None]:
    """Let one of two processes have the machine: drift of its speed then meets both alike."""
    stopped.send_signal(signal.SIGSTOP)
    running.send_signal(signal.SIGCONT)
    yield
    running.send_signal(signal.SIGSTOP)


def measure_overhead(rounds: int, seconds: float, executable: str) -> tuple[dict[str, list[float]], float]:
    """Training speed in short alternating windows; and how many messages each of 40 viewers got per second."""
    speeds: dict[str, list[float]] = {name: [] for name in ("command line", *WATCHERS)}
    delivered = []
    with tempfile.TemporaryDirectory() as folder, running_app() as (address, app), ExitStack() as stack:
        line = CommandLine(folder)
        stack.callback(line.process.kill)
        stack.callback(app.send_signal, signal.SIGCONT)
        page = stack.enter_context(browser_page(address, executable))
        start_training(page)
        time.sleep(5)  # both are warm
        for _ in range(rounds):
            with only(line.process, app):
                speeds["command line"].append(line.speed(seconds))
            with only(app, line.process):
                page.goto(address)
                page.wait_for_selector("gan-board .status")
                time.sleep(5)  # loading the page is over
                speeds["app, one browser"].append(speed(address, seconds)[0])
                page.goto("about:blank")
                time.sleep(1)
                speeds["app, nobody watching"].append(speed(address, seconds)[0])
                with viewers(address, 40) as received:
                    before = received.value
                    speeds["app, 40 viewers"].append(speed(address, seconds)[0])
                    delivered.append((received.value - before) / seconds / 40)
    return speeds, statistics.median(delivered)


def watch_many(address: str, viewers: int, received) -> None:
    """Simulated browsers: each reads the event stream to the end."""

    async def one(client: httpx.AsyncClient) -> None:
        async with client.stream("GET", f"{address}/live/stream", timeout=None) as answer:
            async for chunk in answer.aiter_raw():
                if b"\nid:" in b"\n" + chunk:
                    received.value += 1

    async def all_of_them() -> None:
        async with httpx.AsyncClient(limits=httpx.Limits(max_connections=None)) as client:
            await asyncio.gather(*(one(client) for _ in range(viewers)))

    with suppress(KeyboardInterrupt, httpx.HTTPError):
        asyncio.run(all_of_them())


@contextmanager
def viewers(address: str, count: int) -> Iterator:
    received = multiprocessing.Value("i", 0)
    process = multiprocessing.Process(target=watch_many, args=(address, count, received))
    process.start()
    time.sleep(3)
    try:
        yield received
    finally:
        process.terminate()
        process.join()


def percentiles(values: list[float]) -> str:
    ordered = sorted(values)
    return (
        f"median {statistics.median(ordered):.0f} ms, 95th percentile {ordered[int(0.95 * (len(ordered) - 1))]:.0f} ms "
        f"(n = {len(ordered)})"
    )


def measure_snapshots(page, seconds: float) -> list[float]:
    page.evaluate(WATCH_SNAPSHOTS)
    page.wait_for_timeout(1000 * seconds)
    return page.evaluate("window.delays")


def measure_slider(page, seconds: float) -> list[float]:
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
    moves, shown = page.evaluate("[window.moves, window.shown]")
    return delays(moves, shown)


def delays(moves: list, shown: list) -> list[float]:
    """Milliseconds from each move until its value, or that of a later move, is on the screen."""
    found = []
    for index, (when, _) in enumerate(moves):
        acceptable = {round(value, 3) for _, value in moves[index:]}
        first = next((at for at, value in shown if at >= when and round(value, 3) in acceptable), None)
        found.append(float("inf") if first is None else first - when)
    return found


def start_seconds(executable: str) -> float:
    begin = time.perf_counter()
    with running_app() as (address, _), browser_page(address, executable) as page:
        page.wait_for_selector("#button-start")
        return time.perf_counter() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--windows", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--browser", default=os.environ.get("CHROMIUM", "/usr/bin/chromium"))
    options = parser.parse_args()
    rates, snapshot_delays, slider_delays, first_updates, starts = [], [], [], [], []
    for _ in range(options.rounds):
        starts.append(start_seconds(options.browser))
        with running_app() as (address, _), browser_page(address, options.browser) as page:
            page.wait_for_timeout(3000)
            first_updates.append(start_training(page))
            page.wait_for_timeout(2000)
            rates.append(speed(address, options.seconds)[1])
            snapshot_delays += measure_snapshots(page, options.seconds)
            slider_delays += measure_slider(page, options.seconds)
    print(f"{options.rounds} rounds of {options.seconds:g} s, {DEFAULT_PRESET}, {os.cpu_count()} cores")
    print(f"app usable after        {statistics.median(starts):.1f} s (page in Chromium included)")
    print(f"Start to first picture  {statistics.median(first_updates):.2f} s")
    print(f"snapshots a second      {statistics.median(rates):.1f}")
    print(f"snapshot to pixels      {percentiles(snapshot_delays)}")
    print(f"slider to picture       {percentiles(slider_delays)}", flush=True)
    speeds, delivered = measure_overhead(options.windows, options.seconds, options.browser)
    print(f"training speed, images per second, {options.windows} alternating windows of {options.seconds:g} s:")
    for name, values in speeds.items():
        ratios = [a / b for a, b in zip(values, speeds["command line"], strict=True)]
        print(
            f"  {name:22s} median {statistics.median(values):6.0f}; of the command line: median "
            f"{100 * statistics.median(ratios):5.1f} %, from {100 * min(ratios):.0f} to {100 * max(ratios):.0f} %"
        )
    print(f"each of 40 viewers gets {delivered:.1f} messages a second")


if __name__ == "__main__":
    main()
