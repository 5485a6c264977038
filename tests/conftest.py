"""What several tests need: a tiny data set, tiny configs, and the app in a process or in a thread."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import httpx
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

from gan_studio.cli import main
from gan_studio.config import RunConfig, make_config
from gan_studio.data import DataSet
from gan_studio.session import Session
from gan_studio.training.checkpoint import checksum, read_checkpoint
from gan_studio.training.run import Run
from gan_studio.worker import Worker, visitor
from tests.processes import NewProcess

ROOT = Path(__file__).parent.parent
NETWORKS = ("dcgan", "mlp", "dense_conv", "residual", "modern")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests say why they cannot run where there is no Chromium; CI must have one."""
    if chromium() is None and not os.environ.get("CI"):
        for item in items:
            if item.get_closest_marker("browser"):
                item.add_marker(pytest.mark.skip(reason="no Chromium: install one or set CHROMIUM"))


def chromium() -> str | None:
    """The browser to test with."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")


def tiny_config(network: str = "mlp", **values) -> RunConfig:
    """A config whose steps take a millisecond."""
    small = {"network": network, "latent_size": 8, "channels": 4, "hidden": (16, 12), "batch_size": 8, "device": "cpu"}
    return make_config({**small, **values})


@pytest.fixture
def images() -> DataSet:
    """100 random pictures in the shape of MNIST."""
    rng = torch.Generator().manual_seed(0)
    pictures = torch.randint(0, 256, (100, 1, 28, 28), dtype=torch.uint8, generator=rng)
    return DataSet("mnist", pictures, torch.arange(100) % 10, tuple("0123456789"))


def write_idx(path: Path, array: np.ndarray) -> None:
    """An IDX file of unsigned bytes, gzipped where the name says so."""
    header = bytes([0, 0, 8, array.ndim]) + b"".join(side.to_bytes(4, "big") for side in array.shape)
    opener = gzip.open if path.suffix == ".gz" else open
    path.parent.mkdir(parents=True, exist_ok=True)
    with opener(path, "wb") as file:
        file.write(header + array.astype(np.uint8).tobytes())


@pytest.fixture
def make_run(images: DataSet) -> Callable[..., Run]:
    return lambda **values: Run(tiny_config(**values), images)


@pytest.fixture(autouse=True)
def no_memory_limit(monkeypatch):
    """A limit would hold for all tests that follow, and for their browsers."""
    monkeypatch.setattr("gan_studio.training.memory.limit_memory", lambda: None)


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """A session on the bundled data that is closed after the test."""
    made = Session(tmp_path / "checkpoints", snapshot_seconds=0.02)
    yield made
    made.close()
    assert not made._thread.is_alive()


def wait_until(condition: Callable[[], object], seconds: float = 40.0):
    """The first true value of ``condition``; fails after ``seconds``."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError(f"nothing happened in {seconds} s")


def as_visitor(who: str, call: Callable, *arguments):
    """What ``call`` gives when the visitor called ``who`` asks."""

    def asked():
        visitor.set(who)
        return call(*arguments)

    return copy_context().run(asked)


@contextmanager
def held(submit: Callable) -> Iterator[threading.Event]:
    """Nothing else that is handed to ``submit`` is done until the event is set."""
    event, begun = threading.Event(), threading.Event()
    submit(lambda: (begun.set(), event.wait(30)))
    assert begun.wait(20)
    yield event
    event.set()


@pytest.fixture
def state() -> SimpleNamespace:
    """The part of a session that a worker looks at."""
    return SimpleNamespace(snapshot=SimpleNamespace(state="paused"))


@pytest.fixture
def worker(state) -> Iterator[Worker]:
    made = Worker(state)
    yield made
    made.close()


@pytest.fixture
def hold(worker) -> Iterator[threading.Event]:
    """The worker does nothing until this is set."""
    with held(worker.submit) as event:
        yield event


def run_cli(*arguments: object) -> subprocess.CompletedProcess[str]:
    """The command line in a new process."""
    with tempfile.TemporaryDirectory() as folder:
        errors = Path(folder) / "stderr"
        process = NewProcess(main, [str(argument) for argument in arguments], stderr=errors)
        out = process.stdout.read()
        return subprocess.CompletedProcess(arguments, process.wait(200), out, errors.read_text())


@dataclass
class App:
    """The app in a process of its own."""

    process: subprocess.Popen | NewProcess
    address: str
    checkpoints: Path

    def state(self, cursor: str = "") -> dict:
        return httpx.get(f"{self.address}/live/state", params={"cursor": cursor}, timeout=10).json()

    def end(self, number: int = signal.SIGTERM) -> float:
        """Send a signal and return the seconds until the process has ended."""
        start = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(timeout=30)
        return time.monotonic() - start


def start_app(checkpoints: Path, *arguments: str, script: bool = False) -> App:
    """The app on a free port, begun at once, or with ``script`` as a person begins it."""
    command = ["--port", "0", "--device", "cpu", "--checkpoints", str(checkpoints), *arguments]
    if script:
        process = subprocess.Popen([sys.executable, "app.py", *command], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    else:
        process = NewProcess(main, ["serve", *command])
    return App(process, address_of(process), checkpoints)


def address_of(process: subprocess.Popen | NewProcess) -> str:
    """Where the app of ``process`` says that it is, once it answers there."""
    address = re.search(r"http://\S+", process.stdout.readline()).group()
    threading.Thread(target=process.stdout.read, daemon=True).start()
    wait_until(lambda: _answers(address), 60)
    return address


def _answers(address: str) -> bool:
    try:
        return httpx.get(address, timeout=10).is_success
    except httpx.TransportError:
        return False


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    made = start_app(tmp_path / "checkpoints")
    yield made
    if made.process.poll() is None:
        made.end()


def rewrite(path, tensors=None, **changes):
    """Put other tensors or values into a checkpoint, and make its checksum fit."""
    saved = read_checkpoint(path)
    tensors, text = tensors or dict(saved.tensors), json.dumps({**saved.meta, **changes})
    save_file(tensors, path, {"gan_studio": text, "crc32": checksum(text, tensors)})
