"""Inception-v3 with torchvision's weights: for the numbers under the names that papers use.

The FIDs in papers were measured with another port of the network (TensorFlow's of 2015) and another way of resizing;
these numbers compare generators that were measured here, not with theirs.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn
from torch.nn.functional import interpolate
from torch.nn.utils.fusion import fuse_conv_bn_eval
from tqdm import tqdm

from gan_studio.data.download import STALL_SECONDS
from gan_studio.data.pixels import to_unit_range
from gan_studio.errors import StudioError
from gan_studio.metrics.cache import digest, kept
from gan_studio.metrics.extractor import Seen
from gan_studio.training.device import resolve_device

FEATURES = 2048
SIDE = 299
KEPT = "inception_v3_imagenet1k_v1.safetensors"
_BATCH = 32


@dataclass(frozen=True, eq=False)
class Inception:
    """The network without its last layer, that layer, and the words for where the weights are from."""

    network: nn.Module
    head: nn.Linear
    weights: str
    fingerprint: str
    real_per_sample: int | None = 2  # all would take hours on a laptop; of twice as many the floor can still vary

    @property
    def name(self) -> str:
        """How a number says what it was measured with."""
        return (
            f"torchvision's Inception-v3 with {self.weights} ({self.fingerprint[:8]}), "
            "not the TensorFlow port that published FIDs use"
        )

    @torch.no_grad()
    def look(self, images: torch.Tensor) -> Seen:
        """The 2048 pooled features and 1000 logits of pictures (N, C, H, W) uint8, of any size, grey or colour."""
        batches = tqdm(images.split(_BATCH), desc="Inception-v3", unit="batch", leave=False, disable=None)
        features = torch.cat([self._features(batch) for batch in batches])
        return Seen(features, self.head(features))

    def _features(self, images: torch.Tensor) -> torch.Tensor:
        device = next(self.network.parameters()).device
        return self.network(fit(images).to(device, memory_format=torch.channels_last)).cpu()


def fit(images: torch.Tensor) -> torch.Tensor:
    """Pictures (N, C, H, W) uint8, C = 1 or 3, as the network takes them: (N, 3, 299, 299) in [-1, 1].

    The weights' own transforms normalise with the mean and deviation of ImageNet, and torchvision's
    ``transform_input`` turns that into [-1, 1] again, for which the weights were trained; both are left out here.
    """
    images = to_unit_range(images)
    if images.shape[2:] != (SIDE, SIDE):
        images = interpolate(images, (SIDE, SIDE), mode="bilinear", antialias=True)
    return images.expand(-1, 3, -1, -1)


def load_inception(path: Path | None, folder: Path) -> Inception:
    """The network with the weights in ``path``, or without one with torchvision's, kept in ``folder``.

    Where they are not there yet they are taken from torchvision's cache, or downloaded. Raises :class:`StudioError`
    where they cannot be had, or where the file is no safetensors file or holds something else.
    """
    if path is not None:
        return _build(path, _read(path), f"the weights of {path.name}")
    return _build(folder / KEPT, kept(folder / KEPT, lambda: _fetch(folder)), "its IMAGENET1K_V1 weights")


def check_file(path: Path) -> None:
    """Raises :class:`StudioError` where there is no such file."""
    if not path.is_file():
        raise StudioError(f"{path}: there is no such file; leave --inception out to have the weights downloaded")


def build_network() -> nn.Module:
    """torchvision's network with random weights."""
    from torchvision.models import inception_v3  # takes a second, and is needed for this only

    return inception_v3(weights=None, aux_logits=False, init_weights=False, transform_input=False)


def _build(path: Path, state: Mapping[str, torch.Tensor], weights: str) -> Inception:
    network = build_network()
    own = {name: t for name, t in network.state_dict().items() if not name.endswith("num_batches_tracked")}
    wrong = [name for name, t in own.items() if name not in state or state[name].shape != t.shape]
    if wrong:
        raise StudioError(
            f"{path}: not the weights of torchvision's Inception-v3 ({len(wrong)} of {len(own)} tensors are missing or "
            f"of another shape, such as {wrong[0]}); remove it, or name another file with --inception",
            "error.inception_file",
            path=str(path),
        )
    network.load_state_dict({name: state[name] for name in own}, strict=False)
    network.eval().requires_grad_(False)
    fingerprint = digest(*network.state_dict().values())
    _merge_normalisation(network)
    head, network.fc = network.fc, nn.Identity()
    return Inception(network.to(resolve_device("auto"), memory_format=torch.channels_last), head, weights, fingerprint)


def _merge_normalisation(network: nn.Module) -> None:
    """Make each convolution and the batch normalisation after it one convolution: a fifth less work."""
    for block in network.modules():
        if hasattr(block, "conv") and hasattr(block, "bn"):
            block.conv, block.bn = fuse_conv_bn_eval(block.conv, block.bn), nn.Identity()


def _read(path: Path) -> dict[str, torch.Tensor]:
    check_file(path)
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise StudioError(
            f"{path}: not a safetensors file ({error}); a .pth or other pickle can run code when it is opened and is "
            f"never read here. Leave --inception out: the weights are then converted from {_hub_file()} where that is, "
            "else downloaded, and kept as safetensors",
            "error.inception_file",
            path=str(path),
        ) from None


def _fetch(folder: Path) -> dict[str, torch.Tensor]:
    """torchvision's weights, without those of the branch that only helps training."""
    weights = _published()
    try:
        with _impatient(), redirect_stdout(sys.stderr):  # it says what it does where the result belongs
            state = weights.get_state_dict(progress=True, check_hash=True, weights_only=True)
    except Exception as error:  # no connection, a full disk, a damaged file: errors of many kinds
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise StudioError(
            f"the weights of Inception-v3 are not here and could not be had from {weights.url} ({reason}). Connect to "
            f"the internet, put that file in place of {_hub_file()}, or copy {folder / KEPT} from a machine that has "
            "it (or name it with --inception)",
            "error.inception_offline",
            url=weights.url,
            file=str(folder / KEPT),
        ) from None
    return {name: tensor for name, tensor in state.items() if not name.startswith("AuxLogits.")}


def _published():
    from torchvision.models import Inception_V3_Weights

    return Inception_V3_Weights.IMAGENET1K_V1


def _hub_file() -> Path:
    """Where torchvision keeps its own copy."""
    return Path(torch.hub.get_dir()) / "checkpoints" / _published().url.rpartition("/")[2]


@contextmanager
def _impatient() -> Iterator[None]:
    """Let a connection on which nothing arrives end with an error."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(STALL_SECONDS)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
