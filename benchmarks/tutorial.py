"""The loop that tutorials teach, for comparison: plain float32, BCE loss, a torchvision ``DataLoader``.

It follows the shape of the official PyTorch DCGAN tutorial: two loader workers, one discriminator pass
each for real and generated pictures, losses read with ``.item()`` in every iteration. The networks, the data
and the batch size are those of the preset it is measured against.

    python -m benchmarks.tutorial --preset mnist-dcgan --seconds 15
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import torch
import torchvision
from torch import nn
from torch.utils.data import DataLoader
from torchvision import transforms

from gan_studio.assets import asset_dir
from gan_studio.data.idx import read_idx
from gan_studio.lessons.presets import find_preset
from gan_studio.networks import build_networks


def unpacked_mnist(root: Path) -> Path:
    """torchvision reads the unpacked files: write the bundled ones so, once."""
    folder = root / "MNIST" / "raw"
    folder.mkdir(parents=True, exist_ok=True)
    for packed in (asset_dir() / "MNIST" / "raw").glob("*.gz"):
        plain = folder / packed.stem
        if not plain.exists():
            array = read_idx(packed)
            header = bytes([0, 0, 8, array.ndim]) + b"".join(side.to_bytes(4, "big") for side in array.shape)
            plain.write_bytes(header + array.tobytes())
    return root


def train(preset: str, seconds: float, workers: int) -> float:
    """Images per second over ``seconds`` after a warm-up of 20 iterations."""
    config = find_preset(preset).config
    transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,), (0.5,))])
    root = unpacked_mnist(Path(tempfile.gettempdir()) / "gan-studio-benchmark")
    dataset = torchvision.datasets.MNIST(root, train=True, transform=transform)
    loader = DataLoader(dataset, config.batch_size, shuffle=True, num_workers=workers, drop_last=True)
    generator, discriminator = build_networks(config, (1, 28, 28), 0, torch.Generator().manual_seed(0))
    criterion = nn.BCEWithLogitsLoss()
    betas = config.generator_beta1, config.generator_beta2
    optimizer_d = torch.optim.Adam(discriminator.parameters(), lr=config.discriminator_lr, betas=betas)
    optimizer_g = torch.optim.Adam(generator.parameters(), lr=config.generator_lr, betas=betas)
    losses = []
    iteration, start = 0, 0.0
    while True:
        for real, _ in loader:
            if iteration == 20:
                start = time.perf_counter()
            discriminator.zero_grad()
            label = torch.full((real.size(0),), 1.0)
            output = discriminator(real).scores
            loss_real = criterion(output, label)
            loss_real.backward()
            d_x = output.mean().item()
            fake = generator(torch.randn(real.size(0), config.latent_size))
            label.fill_(0.0)
            output = discriminator(fake.detach()).scores
            loss_fake = criterion(output, label)
            loss_fake.backward()
            d_g_z = output.mean().item()
            optimizer_d.step()

            generator.zero_grad()
            label.fill_(1.0)
            output = discriminator(fake).scores
            loss_g = criterion(output, label)
            loss_g.backward()
            optimizer_g.step()
            losses.append((loss_g.item(), (loss_real + loss_fake).item(), d_x, d_g_z, output.mean().item()))
            iteration += 1
            if iteration > 20 and time.perf_counter() - start > seconds:
                return (iteration - 20) * config.batch_size / (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", default="mnist-dcgan")
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    print(json.dumps({"images_per_second": train(options.preset, options.seconds, options.workers)}))


if __name__ == "__main__":
    main()
