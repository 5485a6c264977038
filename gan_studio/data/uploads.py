"""What visitors bring along: pictures, a zip of pictures, or points, kept in one folder of the server."""

from __future__ import annotations

import re
import secrets
import shutil
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from gan_studio.config import RunConfig
from gan_studio.data.members import open_source
from gan_studio.data.points import parse_points, read_text
from gan_studio.data.storage import default_data_dir, not_kept, user_path
from gan_studio.errors import StudioError

MOST_BYTES = 256 * 2**20
"""All files of one upload together: about fifty photographs, or a zip of a hundred thousand small pictures."""

MOST_KEPT = 4 * 2**30
"""All uploads together; the oldest make room for new ones."""

_LEFT_FREE = 2**28  # of the disk, for checkpoints
_POINT_SUFFIXES = (".csv", ".json")
_KEPT_SUFFIXES = (".zip", *_POINT_SUFFIXES)


def uploads_dir(data_dir: Path | None) -> Path:
    """The folder of all uploads."""
    return (data_dir or default_data_dir()) / "uploads"


def list_uploads(data_dir: Path | None) -> list[str]:
    """The sources that were uploaded or drawn, newest first, as ``RunConfig.source`` wants them."""
    return [str(entry) for entry, _ in sorted(_entries(data_dir), key=lambda pair: pair[1], reverse=True)]


def _entries(data_dir: Path | None) -> list[tuple[Path, float]]:
    """What is kept, and since when; what vanishes meanwhile is left out."""
    found = []
    with suppress(OSError):
        for entry in uploads_dir(data_dir).iterdir():
            with suppress(OSError):
                if not entry.name.startswith("."):
                    found.append((entry, entry.stat().st_mtime))
    return found


def keep_upload(files: Sequence[Path], data_dir: Path | None) -> tuple[str, str]:
    """Keep uploaded ``files``: one zip, one file of points, or pictures; returns the data set's name and source.

    Raises :class:`StudioError` where there is nothing, too much, or no room, and for what cannot be used.
    """
    if not files:
        raise StudioError("no file was uploaded", "error.no_file")
    total = sum(file.stat().st_size for file in files)
    if total > MOST_BYTES:
        size, most = f"{total / 2**20:.0f}", f"{MOST_BYTES / 2**20:.0f}"
        raise StudioError(
            f"{size} MiB were uploaded; at most {most} MiB are taken", "error.upload_size", size=size, most=most
        )
    single = files[0] if len(files) == 1 else None
    kind = single.suffix.lower() if single else ""
    if kind in _POINT_SUFFIXES:
        parse_points(read_text(single), single.name)
    elif kind == ".zip":
        with open_source(single):
            pass
    _make_room(total, data_dir)
    target = _new_path(data_dir, single.stem if single else "pictures", kind if kind in _KEPT_SUFFIXES else "")
    try:
        if target.suffix:
            shutil.copyfile(single, target)
        else:
            target.mkdir()
            for number, file in enumerate(files):
                shutil.copyfile(file, target / f"{number:06d}{file.suffix.lower()[:8]}")
    except OSError as error:
        _remove(target)
        folder = target.parent
        raise not_kept(f"the upload cannot be kept in {folder} ({error})", folder, error) from None
    return ("points" if kind in _POINT_SUFFIXES else "folder"), str(target)


def keep_drawing(text: str, data_dir: Path | None) -> str:
    """Keep points drawn on the page, a JSON list of pairs; returns their source."""
    try:
        parse_points(text, "the drawing")
    except StudioError as error:
        raise StudioError(
            f"the drawing cannot be used: {error}; draw a few strokes first", "error.drawing", error=error.sentence
        ) from None
    _make_room(len(text), data_dir)
    target = _new_path(data_dir, "drawn", ".json")
    try:
        target.write_text(text, encoding="utf-8")
    except (OSError, UnicodeError) as error:
        _remove(target)
        folder = target.parent
        raise not_kept(f"the drawing cannot be kept in {folder} ({error})", folder, error) from None
    return str(target)


def _make_room(size: int, data_dir: Path | None) -> None:
    """Remove the oldest uploads until ``size`` more bytes fit under the limit; raises where the disk is full."""
    folder = uploads_dir(data_dir)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise not_kept(f"{folder}: uploads cannot be kept there ({error})", folder, error) from None
    if free < size + _LEFT_FREE:
        mebibytes = f"{free / 2**20:.0f}"
        raise StudioError(
            f"{folder}: the disk is too full for another upload ({mebibytes} MiB are free)",
            "error.disk_full",
            free=mebibytes,
        )
    entries = sorted(_entries(data_dir), key=lambda pair: pair[1])
    kept = {entry: _size(entry) for entry, _ in entries}
    while entries and sum(kept.values()) + size > MOST_KEPT:
        oldest, _ = entries.pop(0)
        kept.pop(oldest)
        _remove(oldest)


def _size(entry: Path) -> int:
    files = entry.iterdir() if entry.is_dir() else [entry]
    return sum(file.stat().st_size for file in files)


def _remove(entry: Path) -> None:
    if entry.is_dir():
        shutil.rmtree(entry, ignore_errors=True)
    else:
        entry.unlink(missing_ok=True)


def check_source(config: RunConfig, data_dir: Path | None) -> None:
    """Raise :class:`StudioError` where a visitor's ``config`` would read something that is not an upload."""
    if config.dataset not in ("folder", "points"):
        return
    folder = uploads_dir(data_dir).resolve()
    if folder not in user_path(config.source).resolve().parents:
        raise StudioError("source: choose one of the uploads, or upload or draw your own data first", "error.no_source")


def _new_path(data_dir: Path | None, name: str, suffix: str) -> Path:
    """A path that nobody else gets."""
    clean = re.sub(r"[^A-Za-z0-9_-]+", "-", name)[:40].strip("-") or "upload"
    return uploads_dir(data_dir) / f"{clean}-{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}{suffix}"
