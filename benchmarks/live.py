"""What the page costs and how fast it answers, with a real Chromium, while training.

    python -m benchmarks.live [--rounds 3] [--seconds 10] [--browser /usr/bin/chromium]

In one run, alternating: training speed from the command line; in the app with nobody watching, with one browser
and with 40 viewers; then, with one browser, the time from a published snapshot to the frame that shows it and
from a slider's move to the frame that shows its picture. Also how long the app takes to start.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import httpx

from benchmarks.throughput import run_ours

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
def running_app() -> Iterator[str]:
    """The app in a process of its own; yields its address and ends it afterwards."""
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
            yield address
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
    first, begin = httpx.get(f"{address}/live/state").json(), time.perf_counter()
    time.sleep(seconds)
    last, took = httpx.get(f"{address}/live/state?cursor={first['cursor']}").json(), time.perf_counter() - begin
    pictures = (last["step"] - first["step"]) * last["config"]["batch_size"]
    return pictures / took, len(last["points"]) / took


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
    with running_app() as address, browser_page(address, executable) as page:
        page.wait_for_selector("#button-start")
        return time.perf_counter() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--browser", default=os.environ.get("CHROMIUM", "/usr/bin/chromium"))
    options = parser.parse_args()
    speeds: dict[str, list[float]] = {}
    rates, snapshot_delays, slider_delays, first_updates, starts = [], [], [], [], []

    def note(name: str, value: float) -> None:
        speeds.setdefault(name, []).append(value)

    for _ in range(options.rounds):
        starts.append(start_seconds(options.browser))
        note("command line", run_ours("mnist-dcgan", options.seconds, "auto"))
        with running_app() as address:
            with browser_page(address, options.browser) as page:
                first_updates.append(start_training(page))
                page.wait_for_timeout(3000)
                value, rate = speed(address, options.seconds)
                note("app, one browser", value)
                rates.append(rate)
                snapshot_delays += measure_snapshots(page, options.seconds)
                slider_delays += measure_slider(page, options.seconds)
            time.sleep(1)
            note("app, nobody watching", speed(address, options.seconds)[0])
            with viewers(address, 40) as received:
                before = received.value
                note("app, 40 viewers", speed(address, options.seconds)[0])
                delivered = (received.value - before) / options.seconds / 40
        note("command line, again", run_ours("mnist-dcgan", options.seconds, "auto"))
    base = [(a + b) / 2 for a, b in zip(speeds["command line"], speeds["command line, again"], strict=True)]
    print(f"{options.rounds} rounds of {options.seconds:g} s, mnist-dcgan, {os.cpu_count()} cores; images per second")
    for name, values in speeds.items():
        ratio = statistics.median(a / b for a, b in zip(values, base, strict=True))
        print(f"  {name:22s} median {statistics.median(values):7.0f}   {100 * ratio:5.1f} % of the command line")
    print(f"snapshots a second      {statistics.median(rates):.1f}; each of 40 viewers gets {delivered:.1f} a second")
    print(f"app usable after        {statistics.median(starts):.1f} s (page in Chromium included)")
    print(f"Start to first picture  {statistics.median(first_updates):.2f} s")
    print(f"snapshot to pixels      {percentiles(snapshot_delays)}")
    print(f"slider to picture       {percentiles(slider_delays)}")


if __name__ == "__main__":
    main()
