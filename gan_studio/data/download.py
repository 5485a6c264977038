"""Fetching a data set's files from the internet, all or nothing."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from functools import partial
from http.client import HTTPException
from pathlib import Path

from gan_studio.data.dataset import Progress
from gan_studio.data.storage import not_kept
from gan_studio.errors import Sentence, StudioError

STALL_SECONDS = 30.0
"""Give up when nothing has arrived for so long: a firewall that swallows packets gives no error by itself."""


@dataclass(frozen=True)
class RemoteFile:
    """A file on the internet: its name, the addresses to try in turn, its md5 sum and about how large it is."""

    name: str
    urls: tuple[str, ...]
    md5: str
    size: int


def fetch(files: Sequence[RemoteFile], folder: Path, progress: Progress, then: Callable[[Path], None]) -> None:
    """Download ``files`` into a temporary folder inside ``folder`` and hand that to ``then``.

    Nothing half-fetched is ever left under the final names: ``then`` moves or unpacks what is complete.
    Raises :class:`StudioError` naming the file, its addresses and the reason.
    """
    whole, before = sum(file.size for file in files), 0
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix="fetching-", ignore_cleanup_errors=True) as place:
            for file in files:
                report = partial(_report, progress, _downloading(file), before, whole)
                report(0)
                _fetch_one(file, Path(place), report)
                before += file.size
            then(Path(place))
    except OSError as error:
        raise not_kept(f"could not be stored in {folder} ({error})", folder, error) from None
    progress(Sentence("downloaded", "loading.fetched"), 1.0)


def _downloading(file: RemoteFile) -> Sentence:
    return Sentence(f"downloading {file.name}", "loading.fetching", name=file.name)


def _report(progress: Progress, text: str, before: int, whole: int, size: int) -> None:
    progress(text, (before + size) / whole)


def _fetch_one(file: RemoteFile, folder: Path, report: Callable[[int], None]) -> None:
    failures = []
    for url in file.urls:
        try:
            return _watch(url, folder / file.name, file, report)
        except (OSError, RuntimeError, HTTPException) as error:
            failures.append(f"{url} ({_first_line(error)})")
    raise StudioError("could not be fetched: " + ", ".join(failures))


def _watch(url: str, path: Path, file: RemoteFile, report: Callable[[int], None]) -> None:
    """Download in a thread and watch the file grow, because torchvision reports only to the terminal."""
    from torchvision.datasets.utils import download_url

    done: Future[None] = Future()

    def work() -> None:
        try:
            done.set_result(download_url(url, path.parent, path.name, file.md5))
        except BaseException as error:
            done.set_exception(error)

    threading.Thread(target=work, name="download", daemon=True).start()
    size, changed = 0, time.monotonic()
    while not done.done():
        wait([done], timeout=0.2)
        grown = path.stat().st_size if path.exists() else 0
        if grown != size:
            size, changed = grown, time.monotonic()
            report(min(size, file.size))
        elif time.monotonic() - changed > STALL_SECONDS:
            raise TimeoutError(f"nothing arrived for {STALL_SECONDS:g} s")
    done.result()


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
