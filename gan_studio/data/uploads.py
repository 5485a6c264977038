"""What visitors bring along: pictures, a zip of pictures, or points, kept in one folder of the server."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

from gan_studio.config import RunConfig
from gan_studio.data.points import read_points
from gan_studio.data.storage import default_data_dir
from gan_studio.errors import StudioError

MOST_BYTES = 4 * 2**30
"""All files of one upload together; as much as a zip may hold unpacked."""

_POINT_SUFFIXES = (".csv", ".json")


def uploads_dir(data_dir: Path | None) -> Path:
    """The folder of all uploads."""
    return (data_dir or default_data_dir()) / "uploads"


def list_uploads(data_dir: Path | None) -> list[str]:
    """The sources that were uploaded or drawn, newest first, as ``RunConfig.source`` wants them."""
    folder = uploads_dir(data_dir)
    entries = [entry for entry in folder.iterdir() if not entry.name.startswith(".")] if folder.is_dir() else []
    return [str(entry) for entry in sorted(entries, key=lambda entry: entry.stat().st_mtime, reverse=True)]


def keep_upload(files: Sequence[Path], data_dir: Path | None) -> tuple[str, str]:
    """Keep uploaded ``files``: one zip, one file of points, or pictures; returns the data set's name and source.

    Raises :class:`StudioError` where there is nothing, too much, or no room.
    """
    if not files:
        raise StudioError("no file was uploaded")
    total = sum(file.stat().st_size for file in files)
    if total > MOST_BYTES:
        raise StudioError(f"{total / 2**30:.1f} GiB were uploaded; at most {MOST_BYTES / 2**30:.0f} GiB are kept")
    single = files[0] if len(files) == 1 else None
    kind = single.suffix.lower() if single else ""
    if kind in _POINT_SUFFIXES:
        read_points(str(single))  # refused before it is kept
    target = _new_path(data_dir, single.stem if single else "pictures")
    try:
        if kind in (".zip", *_POINT_SUFFIXES):
            target = target.with_name(target.name + kind)
            shutil.copyfile(single, target)
        else:
            target.mkdir()
            for number, file in enumerate(files):
                shutil.copyfile(file, target / f"{number:06d}{file.suffix.lower()[:8]}")
    except OSError as error:
        raise StudioError(f"the upload cannot be kept in {target} ({error})") from None
    return ("points" if kind in _POINT_SUFFIXES else "folder"), str(target)


def keep_drawing(text: str, data_dir: Path | None) -> str:
    """Keep points drawn on the page, a JSON list of pairs; returns their source."""
    target = _new_path(data_dir, "drawn").with_suffix(".json")
    try:
        target.write_text(text, encoding="utf-8")
        read_points(str(target))
    except (StudioError, OSError, UnicodeError) as error:
        target.unlink(missing_ok=True)
        raise StudioError(f"the drawing cannot be used: {error}") from None
    return str(target)


def check_source(config: RunConfig, data_dir: Path | None) -> None:
    """Raise :class:`StudioError` where a visitor's ``config`` would read something that is not an upload."""
    if config.dataset not in ("folder", "points"):
        return
    folder = uploads_dir(data_dir).resolve()
    if folder not in Path(config.source).expanduser().resolve().parents:
        raise StudioError("source: choose one of the uploads, or upload or draw your own data first")


def _new_path(data_dir: Path | None, name: str) -> Path:
    folder = uploads_dir(data_dir)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StudioError(f"{folder}: uploads cannot be kept there ({error})") from None
    clean = re.sub(r"[^A-Za-z0-9_-]+", "-", name)[:40].strip("-") or "upload"
    return folder / f"{clean}-{time.time_ns() // 1_000_000}"
