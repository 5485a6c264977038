"""The user's own pictures: a folder or a zip file of any kind and size of picture, made a data set."""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import torch

from gan_studio.config import RunConfig
from gan_studio.data.dataset import DataSet, Progress
from gan_studio.data.decode import Budget, Unusable, decode
from gan_studio.data.members import Listing, Member, open_source, printable
from gan_studio.data.order import fixed_order
from gan_studio.data.storage import new_bytes, user_path
from gan_studio.errors import Sentence, StudioError

OWN_SIDE = 32  # pixels, where the user chooses none: trains in minutes on a laptop
FEWEST_PICTURES = 8  # fewer are learnt by heart
FEWEST_TO_SPLIT = 50  # a tenth of fewer says nothing
MOST_CLASSES = 1000
_THREADS = min(4, os.cpu_count() or 1)  # each may hold a picture of 160 MB and its copy
_IN_FLIGHT = 4 * _THREADS
_READING = Sentence("reading pictures", "loading.reading")
_NAMED = 5  # skipped files that are named


@dataclass(frozen=True)
class _Decoded:
    """Pictures (N, C, side, side) and their paths: first those of "train", then ``held_out`` of "test"."""

    pictures: torch.Tensor
    paths: list[PurePosixPath]
    held_out: int


def load_folder(config: RunConfig, data_dir: Path, split: str, progress: Progress) -> DataSet:
    """The pictures of the folder or zip ``config.source``, (N, C, S, S): S is the picture size, 32 for 0.

    Colours "own" gives one channel if all are grey, else three. The names of direct subfolders, if there are
    several, are the classes. Every tenth file of a folder is held out for "test"; of fewer than 50 pictures all are
    in both.
    The order is shuffled, always in the same way, so that the first n are a fair choice.
    A set of more than 1 GiB is kept in a file in ``data_dir``.
    Raises :class:`StudioError` where there are fewer than 8 pictures, or what ``open_source`` raises.
    """
    if not config.source.strip():
        raise StudioError("source: name a folder or a zip file of pictures", "error.no_source")
    path, channels = user_path(config.source), 1 if config.colours == "grey" else 3
    with open_source(path) as listing:
        decoded = _decode_all(listing, config.picture_size or OWN_SIDE, channels, data_dir, progress)
    skipped = _skipped_note(listing.skipped)
    if len(decoded.paths) < FEWEST_PICTURES:
        found = f"{len(decoded.paths)} pictures that can be read" if decoded.paths else "no picture that can be read"
        raise StudioError(
            f"{path}: holds {found}; at least {FEWEST_PICTURES} are needed. {skipped}".strip(),
            "error.few_pictures",
            name=path.name,
            count=len(decoded.paths),
            least=FEWEST_PICTURES,
        )
    pictures = _one_channel_if_grey(decoded.pictures) if config.colours == "own" else decoded.pictures
    labels, classes, label_note = _labels(decoded.paths)
    part, split_note = _part(decoded, split)
    notes = tuple(note for note in (skipped, label_note, split_note) if note)
    return DataSet("folder", pictures[part], labels[part], classes, notes)


def _decode_all(listing: Listing, side: int, channels: int, data_dir: Path, progress: Progress) -> _Decoded:
    """Both splits are decoded, so that they agree on channels and classes."""
    members, tests = _train_then_test(listing.members)
    pictures = new_bytes((len(members), channels, side, side), data_dir)
    paths, taken_tests, budget = [], 0, Budget()
    for number, (member, result) in enumerate(_in_threads(members, side, channels, budget)):
        if number % 50 == 0:
            progress(_READING, number / len(members))
        try:
            pixels = result.result()
        except Unusable as error:
            listing.skip(member.path, str(error))
            continue
        pictures[len(paths)] = torch.from_numpy(pixels.copy())
        paths.append(member.path)
        taken_tests += number >= len(members) - tests
    progress(_READING, 1.0)
    return _Decoded(pictures[: len(paths)], paths, taken_tests)


def _train_then_test(members: Sequence[Member]) -> tuple[list[Member], int]:
    """All members in their fixed order, those of "test" at the end, and how many these are.

    So both splits are slices, which a file of pictures gives without reading it. Every tenth picture of each folder
    is held out: no class is left without pictures to train on.
    """
    seen: Counter[PurePosixPath] = Counter()
    test = torch.zeros(len(members), dtype=torch.bool)
    for number, member in enumerate(members):
        seen[member.path.parent] += 1
        test[number] = seen[member.path.parent] % 10 == 0
    order = fixed_order(len(members))
    order = torch.cat([order[~test[order]], order[test[order]]])
    return [members[index] for index in order.tolist()], int(test.sum())


def _in_threads(
    members: Sequence[Member], side: int, channels: int, budget: Budget
) -> Iterator[tuple[Member, Future[np.ndarray]]]:
    """Each member with its picture, in order, decoded a few ahead: Pillow lets threads run side by side."""
    running: deque[tuple[Member, Future[np.ndarray]]] = deque()
    with ThreadPoolExecutor(_THREADS, "decode") as pool:
        for member in members:
            running.append((member, pool.submit(_read_and_decode, member, side, channels, budget)))
            if len(running) >= _IN_FLIGHT:
                yield running.popleft()
        while running:
            yield running.popleft()


def _read_and_decode(member: Member, side: int, channels: int, budget: Budget) -> np.ndarray:
    try:
        data = member.read()
    except Exception:  # a damaged zip raises errors of many kinds
        raise Unusable("cannot be read") from None
    return decode(data, side, channels, budget)


def _one_channel_if_grey(pictures: torch.Tensor) -> torch.Tensor:
    red = pictures[:, :1]
    chunks = zip(red.split(1024), pictures[:, 1:].split(1024), strict=True)
    return red if all(bool((one == others).all()) for one, others in chunks) else pictures


def _labels(paths: Sequence[PurePosixPath]) -> tuple[torch.Tensor, tuple[str, ...], str]:
    """Labels (N,), class names and a note, from the first folder in which the paths differ."""
    folders = [path.parts[:-1] for path in paths]
    while all(len(parts) > 0 and parts[0] == folders[0][0] for parts in folders):
        folders = [parts[1:] for parts in folders]  # a zip often holds one folder that holds all others
    none = torch.zeros(len(paths), dtype=torch.long)
    tops = [parts[0] if parts else "" for parts in folders]
    names = sorted(set(tops))
    if names == [""]:
        return none, (), ""
    if "" in names:
        return none, (), Sentence("No labels: some pictures are in no subfolder.", "loading.no_subfolder")
    if len(names) > MOST_CLASSES:
        count = len(names)
        text = f"No labels: there are {count} subfolders, more than {MOST_CLASSES}."
        return none, (), Sentence(text, "loading.many_subfolders", count=count, most=MOST_CLASSES)
    index = {name: number for number, name in enumerate(names)}
    return torch.tensor([index[top] for top in tops]), tuple(map(printable, names)), ""


def _part(decoded: _Decoded, split: str) -> tuple[slice, str]:
    count = len(decoded.paths)
    if count < FEWEST_TO_SPLIT or decoded.held_out == 0:
        text = f"Only {count} pictures: all are used for training and for testing."
        return slice(0, count), Sentence(text, "loading.few", count=count)
    border = count - decoded.held_out
    return (slice(0, border) if split == "train" else slice(border, count)), ""


def _skipped_note(skipped: Sequence[str]) -> str:
    if not skipped:
        return ""
    named = ", ".join(skipped[:_NAMED]) + (", ..." if len(skipped) > _NAMED else "")
    count = len(skipped)
    text = f"{count} {'file' if count == 1 else 'files'} skipped: {named}"
    return Sentence(text, "loading.skipped", count=count, files=named)
