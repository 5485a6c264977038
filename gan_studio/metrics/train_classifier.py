"""Train a bundled classifier and write its weights.

python -m gan_studio.metrics.train_classifier mnist [--data DIR] [--epochs 12] [--out DIR]

Small shifts, turns and changes of size make every picture new in every epoch; AdamW with one cycle of the learning
rate (Smith and Topin 2019, arXiv:1708.07120) and an average of the weights. The test set is used once, at the end.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch.nn.functional import affine_grid, cross_entropy, grid_sample
from tqdm import tqdm

from gan_studio.assets import asset_dir
from gan_studio.config import make_config
from gan_studio.data import DataSet, load_data
from gan_studio.data.pixels import to_unit_range
from gan_studio.metrics.classifier import CLASSIFIERS, Classifier, ClassifierNetwork, describe
from gan_studio.training.device import resolve_device, resolve_precision

BATCH = 128
PEAK_LR = 4e-3
WEIGHT_DECAY = 0.02
AVERAGE_SHARE = 0.1
"""Of all updates, over about as many of the last ones the weights are averaged."""


def vary(images: torch.Tensor, rng: torch.Generator, mirror: bool) -> torch.Tensor:
    """Turn by up to 10 degrees, resize by up to 10 %, shift by up to 8 % of the side; with ``mirror`` also flip."""
    count = len(images)

    def draw(span: float) -> torch.Tensor:
        return (2 * torch.rand(count, generator=rng) - 1) * span

    angle, size = draw(math.radians(10)), 1 + draw(0.1)
    flip = torch.where(torch.rand(count, generator=rng) < 0.5, -1.0, 1.0) if mirror else torch.ones(count)
    cosine, sine = angle.cos() * size, angle.sin() * size
    rows = [torch.stack([cosine * flip, -sine, draw(0.16)], 1), torch.stack([sine * flip, cosine, draw(0.16)], 1)]
    grid = affine_grid(torch.stack(rows, 1).to(images.device), images.shape, align_corners=False)
    return grid_sample(images, grid, padding_mode="border", align_corners=False)


def train(data: DataSet, epochs: int, seed: int, device: torch.device, mirror: bool) -> ClassifierNetwork:
    """A classifier of ``data``, trained for ``epochs``; its weights are the average over the last updates."""
    torch.manual_seed(seed)
    rng = torch.Generator().manual_seed(seed)
    network = ClassifierNetwork(data.shape[0], len(data.classes)).to(device, memory_format=torch.channels_last)
    steps = math.ceil(len(data.samples) / BATCH)
    decay = 1 - 1 / max(2, AVERAGE_SHARE * epochs * steps)
    average = torch.optim.swa_utils.AveragedModel(
        network, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(decay), use_buffers=True
    )
    optimizer = torch.optim.AdamW(network.parameters(), lr=PEAK_LR, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, PEAK_LR, epochs * steps)
    fast = resolve_precision("auto", device) == torch.bfloat16
    for epoch in range(epochs):
        order = torch.randperm(len(data.samples), generator=rng).split(BATCH)
        for index in tqdm(order, desc=f"epoch {epoch + 1} of {epochs}", leave=False):
            images = vary(to_unit_range(data.samples[index].to(device)), rng, mirror)
            with torch.autocast(device.type, torch.bfloat16, fast):
                _, logits = network(images.contiguous(memory_format=torch.channels_last))
            loss = cross_entropy(logits.float(), data.labels[index].to(device), label_smoothing=0.05)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            average.update_parameters(network)
    return average.module.eval()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", choices=list(CLASSIFIERS))
    parser.add_argument("--data", type=Path, help="folder with copies of data sets, as torchvision stores them")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=asset_dir() / "classifiers")
    options = parser.parse_args()
    config, device = make_config({"dataset": options.dataset}), resolve_device("auto")
    data, unseen = (load_data(config, options.data, split) for split in ("train", "test"))
    network = train(data, options.epochs, options.seed, device, mirror=options.dataset != "mnist")
    verdicts = Classifier(options.dataset, network.cpu(), data.classes, 0.0).look(unseen.samples).logits.argmax(1)
    reached = (verdicts == unseen.labels).float().mean().item()
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / f"{options.dataset}.safetensors"
    state = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    save_file(state, path, describe(data.classes, reached, epochs=options.epochs, seed=options.seed))
    print(f"{path}: test accuracy {100 * reached:.2f} % after {options.epochs} epochs, seed {options.seed}")


if __name__ == "__main__":
    main()
