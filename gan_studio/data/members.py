"""The files of a user's folder or zip, listed with care: nothing is unpacked to the disk, no link leads outside."""

from __future__ import annotations

import os
import stat
import struct
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from gan_studio.errors import StudioError

SUFFIXES = frozenset((".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff"))

MOST_FILES = 200_000  # as many as the largest public sets of one kind have (CelebA); listing them takes seconds
MOST_BYTES = 50 * 10**6  # a photograph of 40 megapixels has 20 MB; several are read at a time
MOST_ZIPPED_BYTES = 4 * 2**30  # where a zip without the 64-bit extension ends
MOST_RATIO = 200  # pictures hardly shrink in a zip, plain drawings (BMP) about a hundred times, a bomb a thousand
_ENTRY_BYTES = 500  # of a zip's directory, with a long name: no entry of a set has more on average
SMALL_BYTES = 2**20  # what cannot hurt may shrink as it likes


@dataclass(frozen=True)
class Member:
    """A picture file: its path below the source, and the function that reads its bytes."""

    path: PurePosixPath
    read: Callable[[], bytes]


@dataclass
class Listing:
    """The picture files of a source in the order of their names, and what was skipped: "name (reason)"."""

    members: list[Member] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    def skip(self, path: PurePosixPath | str, reason: str) -> None:
        self.skipped.append(f"{printable(path)} ({reason})")


def printable(path: PurePosixPath | str) -> str:
    """A file name that can be shown: names on disk need not be valid text."""
    return str(path).encode("utf-8", "replace").decode("utf-8")


@contextmanager
def open_source(path: Path) -> Iterator[Listing]:
    """List a folder or a zip file; its members can be read inside the ``with`` block.

    Raises :class:`StudioError` where it is neither, encrypted, or over one of the limits above.
    """
    if path.is_dir():
        yield _sorted(_list_folder(path))
        return
    if not path.is_file():
        raise StudioError(f"{path}: there is no such folder or zip file", "error.no_such_file", name=path.name)
    with _open_zip(path) as archive:
        yield _sorted(_list_zip(path, archive))


def _sorted(listing: Listing) -> Listing:
    listing.members.sort(key=lambda member: member.path.parts)
    return listing


def _check_count(path: Path, count: int) -> None:
    if count > MOST_FILES:
        raise StudioError(
            f"{path}: holds more than {MOST_FILES:,} files; choose a part of it",
            "error.many_files",
            name=path.name,
            most=f"{MOST_FILES:,}",
        )


def _is_hidden(parts: tuple[str, ...]) -> bool:
    """Hidden files, and the twin of each file that a Mac adds to a zip."""
    return any(part.startswith(".") or part == "__MACOSX" for part in parts)


def _complaint(path: PurePosixPath, size: int) -> str:
    """Why a file is skipped unread, or nothing."""
    if path.suffix.lower() not in SUFFIXES:
        return "not a picture"
    return f"more than {MOST_BYTES // 10**6} MB" if size > MOST_BYTES else ""


def _list_folder(folder: Path) -> Listing:
    listing, count, root = Listing(), 0, folder.resolve()
    unreadable: list[OSError] = []
    for place, subfolders, names in os.walk(root, onerror=unreadable.append):
        subfolders[:] = [name for name in subfolders if not _is_hidden((name,))]
        for name in [*names, *(name for name in subfolders if (Path(place) / name).is_symlink())]:
            count += 1
            _check_count(folder, count)
            _list_file(listing, root, Path(place) / name)
    for error in unreadable:
        listing.skip(error.filename, "folder cannot be read")
    return listing


def _list_file(listing: Listing, root: Path, path: Path) -> None:
    relative = PurePosixPath(path.relative_to(root).as_posix())
    if _is_hidden(relative.parts):
        return
    try:
        status = path.stat()
        if path.is_symlink() and not path.resolve().is_relative_to(root):
            listing.skip(relative, "a link that leads outside")
        elif stat.S_ISDIR(status.st_mode):
            pass  # a link to a folder inside, whose pictures are found there
        elif not stat.S_ISREG(status.st_mode):
            listing.skip(relative, "not a file")  # reading a pipe would wait for ever
        elif complaint := _complaint(relative, status.st_size):
            listing.skip(relative, complaint)
        else:
            listing.members.append(Member(relative, partial(_read_file, path)))
    except (OSError, RuntimeError):
        listing.skip(relative, "cannot be read")


def _read_file(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MOST_BYTES)


def _open_zip(path: Path) -> zipfile.ZipFile:
    try:
        with path.open("rb") as file:
            _check_count(path, _zip_entries(file))  # before Python makes an object of each
        return zipfile.ZipFile(path)
    except StudioError:
        raise
    except (zipfile.BadZipFile, OSError, NotImplementedError, ValueError, struct.error):
        raise StudioError(
            f"{path}: neither a folder nor a zip file that can be read", "error.no_zip", name=path.name
        ) from None


def _zip_entries(file: BinaryIO) -> int:
    """How many entries a zip says that it has, or more where its directory is too long for them; 0 without one."""
    end = zipfile._EndRecData(file)  # its own reader, which knows the 64-bit form as well
    return max(end[zipfile._ECD_ENTRIES_TOTAL], end[zipfile._ECD_SIZE] // _ENTRY_BYTES) if end else 0


def _list_zip(path: Path, archive: zipfile.ZipFile) -> Listing:
    infos = [info for info in archive.infolist() if not info.is_dir()]
    _check_count(path, len(infos))
    if any(info.flag_bits & 1 for info in infos):
        raise StudioError(f"{path}: is encrypted; save it again without a password", "error.encrypted", name=path.name)
    total = sum(info.file_size for info in infos)
    if total > MOST_ZIPPED_BYTES:
        size, most = f"{total / 2**30:.1f}", MOST_ZIPPED_BYTES >> 30
        raise StudioError(
            f"{path}: unpacks to {size} GiB; at most {most} are taken",
            "error.unpacked_size",
            name=path.name,
            size=size,
            most=most,
        )
    listing = Listing()
    for info in infos:
        name = PurePosixPath(info.filename.replace("\\", "/"))
        if _is_hidden(tuple(part for part in name.parts if part != "..")):
            continue
        if complaint := _zip_complaint(name, info):
            listing.skip(name, complaint)
        else:
            listing.members.append(Member(name, partial(_read_zipped, archive, info)))
    return listing


def _zip_complaint(name: PurePosixPath, info: zipfile.ZipInfo) -> str:
    if name.is_absolute() or ".." in name.parts:
        return "a name that leads outside"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "compressed in another way than deflate"  # Python unpacks others without a limit
    if info.file_size > max(SMALL_BYTES, MOST_RATIO * info.compress_size):
        return f"compressed more than {MOST_RATIO} times"
    return _complaint(name, info.file_size)


def _read_zipped(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """The number to read is given because without it a member that lies about its size is unpacked whole."""
    with archive.open(info) as file:
        return file.read(info.file_size + 1)
