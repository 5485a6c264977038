"""The app and the command line as processes, a real Chromium on the page, and many simulated viewers of its stream."""

from __future__ import annotations

import json
import multiprocessing
import os
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import httpx

from gan_studio.errors import StudioError
from gan_studio.lessons.presets import DEFAULT_PRESET, find_preset

CHROMIUM_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
_STUDIO = [sys.executable, "-m", "gan_studio.cli"]
_START_SECONDS = 60
_BEGIN = b"\nid:"
"""How each message of the stream begins."""


def find_browser(path: str | None = None) -> str:
    """The Chromium to measure with; raises :class:`StudioError` that says what to install."""
    try:
        import playwright  # noqa: F401
    except ImportError:
        raise StudioError("the page is measured in a browser: pip install playwright, and have a Chromium") from None
    found = path or os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if found is None or shutil.which(found) is None:
        raise StudioError(
            f"the page is measured in a browser, and {found or 'chromium'} is not here: install Chromium, or name "
            "one with --browser or the variable CHROMIUM"
        )
    return found


@contextmanager
def running_app(folder: str, *arguments: str) -> Iterator[tuple[str, subprocess.Popen]]:
    """The app with its checkpoints in ``folder``; yields its address and the process, and ends it afterwards."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [*_STUDIO, "serve", "--port", str(port), "--checkpoints", folder, *arguments]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(address, process)
        yield address, process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def _wait_for(address: str, process: subprocess.Popen) -> None:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        with suppress(httpx.TransportError):
            if httpx.get(address).is_success:
                return
        time.sleep(0.05)
    raise StudioError(f"the app did not start within {_START_SECONDS} s")


@contextmanager
def browser_page(address: str, executable: str) -> Iterator[Any]:
    """A page of the app in Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        open_page(page, address)
        yield page
        browser.close()


def open_page(page: Any, address: str) -> None:
    """Go to the app's page and wait for its first snapshot."""
    page.goto(address)
    page.wait_for_selector("gan-board .status")


def start_training(page: Any) -> float:
    """Press Start; the seconds until the first picture is drawn."""
    begin = time.perf_counter()
    page.click("#button-start")
    page.wait_for_function("Number(document.querySelector('[data-sheet=samples]').dataset.step) > 0", polling="raf")
    return time.perf_counter() - begin


def speed(address: str, seconds: float) -> tuple[float, float]:
    """Images per second of training, and snapshots per second, over ``seconds``."""
    # Made before: that takes this machine's time, as much as a training step. Neither side keeps idle connections long.
    with httpx.Client(base_url=address, headers={"Connection": "close"}) as client:
        first = client.get("/live/state").json()
        time.sleep(seconds)
        last = client.get("/live/state", params={"cursor": first["cursor"]}).json()
    took = last["published"] - first["published"]
    if took <= 0:
        raise StudioError(f"the app published nothing within {seconds:g} s; give it longer with --seconds")
    pictures = (last["step"] - first["step"]) * last["config"]["batch_size"]
    return pictures / took, len(last["points"]) / took


class CommandLine:
    """``gan-studio train`` in a process that can be stopped and continued; timed from outside, as the app is."""

    def __init__(self, folder: str, *arguments: str):
        command = [*_STUDIO, "train", "--steps", "100000000", "--json", "--out", folder, *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.points: list[dict[str, float]] = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self.process.stdout:
            self.points.append({**json.loads(line), "seconds": time.perf_counter()})

    def speed(self, seconds: float) -> float:
        """Images per second over its own measurements within the next ``seconds``, or until there are two."""
        begin = len(self.points)
        time.sleep(seconds)
        while len(self.points) < begin + 2 and self.process.poll() is None:
            time.sleep(0.1)
        if len(self.points) < begin + 2:
            raise StudioError("the command line's training ended early")
        first, last = self.points[begin], self.points[-1]
        batch = find_preset(DEFAULT_PRESET).config.batch_size
        return (last["step"] - first["step"]) * batch / (last["seconds"] - first["seconds"])


@contextmanager
def only(running: subprocess.Popen, stopped: subprocess.Popen) -> Iterator[None]:
    """Let one of two processes have the machine: drift of its speed then meets both alike.

    It has gone on for a moment already: its first measurement would count the time that it stood still.
    """
    stopped.send_signal(signal.SIGSTOP)
    running.send_signal(signal.SIGCONT)
    time.sleep(1.5)
    yield
    running.send_signal(signal.SIGSTOP)


@contextmanager
def viewers(address: str, count: int) -> Iterator[Any]:
    """``count`` simulated browsers; yields the shared number of messages that they have received."""
    context = multiprocessing.get_context("spawn")
    received, served = context.Value("i", 0), context.Value("i", 0)
    process = context.Process(target=_watch, args=(address, count, received, served))
    process.start()
    try:
        end = time.monotonic() + 30
        while served.value < count:
            if time.monotonic() > end:
                raise StudioError(f"only {served.value} of {count} viewers were served within 30 s")
            time.sleep(0.1)
        yield received
    finally:
        process.terminate()
        process.join()


def _watch(address: str, count: int, received: Any, served: Any) -> None:
    """Each viewer reads the event stream to the end; counts all messages, and the viewers that had one.

    Plain sockets: real viewers have computers of their own, so these should take next to nothing from this one.
    """
    place = urlsplit(address)
    rest: dict[socket.socket, bytes] = {}  # the newest bytes of each, where a message may just begin
    with suppress(KeyboardInterrupt), selectors.DefaultSelector() as ready:
        for _ in range(count):
            viewer = socket.create_connection((place.hostname, place.port))
            viewer.sendall(b"GET /live/stream HTTP/1.1\r\nHost: %s\r\n\r\n" % place.netloc.encode())
            ready.register(viewer, selectors.EVENT_READ)
        had_one = set()
        while ready.get_map():
            for viewer in [key.fileobj for key, _ in ready.select()]:
                part = _receive(viewer)
                if not part:
                    ready.unregister(viewer)
                    viewer.close()
                    continue
                read = rest.get(viewer, b"") + part
                rest[viewer] = read[-len(_BEGIN) + 1 :]
                if begun := read.count(_BEGIN):
                    received.value += begun
                    had_one.add(viewer)
                    served.value = len(had_one)


def _receive(viewer: socket.socket) -> bytes:
    """What has arrived; nothing where the connection has ended."""
    try:
        return viewer.recv(1 << 20)
    except ConnectionError:
        return b""
