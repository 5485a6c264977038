"""One file a checkpoint: tensors as safetensors, everything else as JSON in its header.

A single file can be replaced atomically, so a crash in the middle of saving leaves the old one whole.
No pickle is ever read.
"""

from __future__ import annotations

import json
import os
import re
import zipfile
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from gan_studio.errors import StudioError

SUFFIX = ".safetensors"
FORMAT = 2
_KEY, _CHECKSUM = "gan_studio", "crc32"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_PARTIAL = ".partial-"
_REMEDY = "name one that the page or gan-studio train has saved"


class CheckpointError(StudioError):
    """A checkpoint that cannot be read, written or used; the message says what is wrong with it."""


def damaged(path: Path, reason: str) -> CheckpointError:
    """What is said of a file that is no whole checkpoint."""
    return CheckpointError(f"{path}: {reason}", "error.damaged", name=path.name)


@dataclass(frozen=True)
class Checkpoint:
    """What a file holds: named tensors on the CPU, and JSON values."""

    tensors: Mapping[str, torch.Tensor]
    meta: Mapping[str, Any]


def checkpoint_path(folder: Path, name: str) -> Path:
    """``folder/name.safetensors``; :class:`CheckpointError` where ``name`` is not a plain file name."""
    stem = str(name).removesuffix(SUFFIX)
    if not _NAME.fullmatch(stem) or stem.endswith("."):
        raise CheckpointError(
            f"checkpoint name {str(name)[:100]!r}: use 1 to 80 letters, digits, dots, dashes or underscores, "
            "beginning with a letter or digit",
            "error.checkpoint_name",
            name=str(name)[:100],
        )
    return folder / f"{stem}{SUFFIX}"


def saved_path(folder: Path, name: str) -> Path:
    """The checkpoint called ``name`` in ``folder``; :class:`CheckpointError` where there is none."""
    path = checkpoint_path(folder, name)
    if not path.is_file():
        raise CheckpointError(f"checkpoint {name!r} is not there (any more)", "error.checkpoint_gone", name=str(name))
    return path


def list_checkpoints(folder: Path) -> list[str]:
    """The names of the checkpoints in ``folder``, newest first."""
    files = [path for path in folder.glob(f"*{SUFFIX}") if path.is_file() and not path.name.startswith(".")]
    dated = sorted(((_modified(path), path.stem) for path in files), reverse=True)
    return [stem for _, stem in dated]


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # deleted since it was listed
        return 0.0


def write_checkpoint(path: Path, tensors: Mapping[str, torch.Tensor], meta: Mapping[str, Any]) -> None:
    """Write ``path`` atomically; raises :class:`CheckpointError` where the folder or disk refuses."""
    partial = path.with_name(f".{path.name}{_PARTIAL}{os.getpid()}")
    try:
        tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
        text = json.dumps({"format": FORMAT, **meta}, allow_nan=False)
        header = {_KEY: text, _CHECKSUM: checksum(text, tensors)}
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_stale_partials(path)
        # Not save_file: it writes to a file of its own first, and a killed process would leave that one behind.
        partial.write_bytes(save(tensors, header))
        _flush(partial)
        partial.replace(path)
        _flush(path.parent)
    except (OSError, SafetensorError, ValueError, RuntimeError) as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise CheckpointError(
            f"{path}: cannot be written ({error})", "error.cannot_write", path=str(path), error=str(error)
        ) from error


def _remove_stale_partials(path: Path) -> None:
    """Drop what a killed process left of the same checkpoint."""
    for stale in path.parent.glob(f".{path.name}{_PARTIAL}*"):
        stale.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    """Wait until ``path`` (a file or, where the system allows it, a folder) is on the disk."""
    if path.is_dir() and os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read_checkpoint(path: Path) -> Checkpoint:
    """Read ``path``; raises :class:`CheckpointError` that says what is wrong with it."""
    meta = read_meta(path)
    with _open(path) as file:
        header = file.metadata()
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    if _CHECKSUM in header and header[_CHECKSUM] != checksum(header[_KEY], tensors):  # the first files had none
        raise damaged(path, f"damaged: its content is not what was written (CRC-32); {_REMEDY}")
    return Checkpoint(tensors, meta)


def checksum(text: str, tensors: Mapping[str, torch.Tensor]) -> str:
    """CRC-32 of the description and of the bytes of contiguous tensors on the CPU, in the order of their names."""
    found = zlib.crc32(text.encode())
    for name in sorted(tensors):
        found = zlib.crc32(tensors[name].flatten().view(torch.uint8).numpy(), found)
    return f"{found:08x}"


def read_meta(path: Path) -> dict[str, Any]:
    """Only the JSON part of ``path``, without reading the tensors."""
    if not path.is_file():
        raise CheckpointError(f"{path}: there is no such file; {_REMEDY}", "error.checkpoint_gone", name=path.stem)
    with _open(path) as file:
        header = file.metadata() or {}
    if _KEY not in header:
        raise CheckpointError(
            f"{path}: a safetensors file, but not a GAN Studio checkpoint; {_REMEDY}",
            "error.checkpoint_foreign",
            name=path.name,
        )
    try:
        meta = json.loads(header[_KEY], parse_constant=_refuse_constant)
    except ValueError as error:
        raise damaged(path, f"its description is damaged ({error})") from None
    if not isinstance(meta, dict) or not isinstance(meta.get("format"), int):
        raise damaged(path, "its description is damaged (no format number)")
    if meta["format"] > FORMAT:
        raise CheckpointError(
            f"{path}: written by a newer GAN Studio (format {meta['format']}); update to read it",
            "error.checkpoint_newer",
            name=path.stem,
        )
    if meta["format"] < FORMAT:
        raise CheckpointError(
            f"{path}: written by an older GAN Studio (format {meta['format']}), which had other parts; train it anew",
            "error.checkpoint_older",
            name=path.stem,
        )
    return meta


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no value of a run")


def _open(path: Path) -> safe_open:
    try:
        return safe_open(path, framework="pt")
    except (SafetensorError, OSError) as error:
        if zipfile.is_zipfile(path):
            raise CheckpointError(
                f"{path}: a pickled PyTorch file; those can run code when opened and are never loaded here; {_REMEDY}",
                "error.pickle",
                name=path.name,
            ) from None
        raise damaged(path, f"damaged or not a safetensors file ({error}); {_REMEDY}") from None
