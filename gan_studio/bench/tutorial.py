"""The loop that tutorials teach, for comparison: plain float32, BCE loss, a torchvision-style ``DataLoader``.

It follows the shape of the official PyTorch DCGAN tutorial: loader workers, one discriminator pass each for real and
generated samples, losses read with ``.item()`` in every iteration, and its networks for 64 x 64 pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset, TensorDataset
from torchvision import transforms

from gan_studio.config import RunConfig
from gan_studio.data import DataSet, load_data
from gan_studio.networks import build_networks
from gan_studio.training.device import resolve_device

DCGAN_SIDE, DCGAN_LATENT, DCGAN_BATCH = 64, 100, 64
WORKERS = 2
"""How many loader workers the tutorial has."""


class Pictures(Dataset):
    """Samples one by one as torchvision's data sets give them: a PIL picture through ``transform``, and its class."""

    def __init__(self, data: DataSet, side: int):
        self.data = data
        middle = (0.5,) * data.shape[0]
        resize = [transforms.Resize(side), transforms.CenterCrop(side)] if data.shape[1:] != (side, side) else []
        self.transform = transforms.Compose([*resize, transforms.ToTensor(), transforms.Normalize(middle, middle)])

    def __len__(self) -> int:
        return len(self.data.samples)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        picture = self.data.samples[index]
        picture = picture[0] if len(picture) == 1 else picture.permute(1, 2, 0)
        return self.transform(Image.fromarray(picture.numpy())), int(self.data.labels[index])


def make_loader(config: RunConfig, batch_size: int, side: int, workers: int) -> DataLoader:
    """Shuffled batches (real, classes) of what ``config`` trains on; pictures (N, C, side, side) in [-1, 1]."""
    data = load_data(config.model_copy(update={"picture_size": 0}))
    dataset = TensorDataset(data.samples / data.scale, data.labels) if data.is_points else Pictures(data, side)
    return DataLoader(dataset, batch_size, shuffle=True, num_workers=workers, drop_last=True)


def same_networks(config: RunConfig, workers: int) -> Iterator[None]:
    """The tutorial's training of the networks, the data and the batch size of ``config``."""
    side = config.picture_size or 28
    loader = make_loader(config, config.batch_size, side, workers)
    shape = tuple(loader.dataset[0][0].shape)
    classes = len(loader.dataset.data.classes) if config.classes_from_latent else 0
    generator, discriminator = build_networks(config, shape, classes, torch.Generator().manual_seed(config.seed))
    device = resolve_device(config.device)
    generator, discriminator = generator.to(device), discriminator.to(device)

    def scores(samples: torch.Tensor, labels: torch.Tensor | None) -> torch.Tensor:
        return discriminator(samples, labels).scores

    optimizers = (
        torch.optim.Adam(
            generator.parameters(), lr=config.generator_lr, betas=(config.generator_beta1, config.generator_beta2)
        ),
        torch.optim.Adam(
            discriminator.parameters(),
            lr=config.discriminator_lr,
            betas=(config.discriminator_beta1, config.discriminator_beta2),
        ),
    )
    return train(generator, scores, optimizers, loader, config.latent_size, told=config.classes_from_latent)


def train(
    generator: nn.Module,
    scores: Callable[[torch.Tensor, torch.Tensor | None], torch.Tensor],
    optimizers: tuple[torch.optim.Optimizer, torch.optim.Optimizer],
    loader: DataLoader,
    latent_size: int,
    *,
    told: bool = False,
) -> Iterator[None]:
    """Endless training, one iteration for each item.

    ``scores(samples, labels)`` are the discriminator's logits: (N,). ``optimizers`` are the generator's and the
    discriminator's. ``told``: the latents choose a class, and the discriminator is told which.
    """
    optimizer_g, optimizer_d = optimizers
    device = next(generator.parameters()).device
    criterion = nn.BCEWithLogitsLoss()
    losses = []
    while True:
        for real, real_classes in loader:
            real = real.to(device)  # noqa: PLW2901
            optimizer_d.zero_grad()
            label = torch.full((real.size(0),), 1.0, device=device)
            output = scores(real, real_classes.to(device))
            loss_real = criterion(output, label)
            loss_real.backward()
            d_x = output.mean().item()
            z = torch.randn(real.size(0), latent_size, device=device)
            fake = generator(z)
            fake_classes = generator.votes.winners(z) if told else None
            label.fill_(0.0)
            output = scores(fake.detach(), fake_classes)
            loss_fake = criterion(output, label)
            loss_fake.backward()
            d_g_z = output.mean().item()
            optimizer_d.step()

            optimizer_g.zero_grad()  # the discriminator's gradients are computed below as well, and thrown away
            label.fill_(1.0)
            output = scores(fake, fake_classes)
            loss_g = criterion(output, label)
            loss_g.backward()
            optimizer_g.step()
            losses.append((loss_g.item(), (loss_real + loss_fake).item(), d_x, d_g_z, output.mean().item()))
            yield


# -- the tutorial's own networks ---------------------------------------------------------------------------


def dcgan_pair(channels: int) -> tuple[nn.Module, nn.Module]:
    """DCGAN for 64 x 64 pictures: five layers each, 64 to 512 channels wide (arXiv:1511.06434, figure 1).

    z: (N, 100) to pictures (N, C, 64, 64) in [-1, 1], and these to logits (N,).
    """
    widths = (512, 256, 128, 64)
    up = [nn.Unflatten(1, (DCGAN_LATENT, 1, 1)), nn.ConvTranspose2d(DCGAN_LATENT, 512, 4, 1, 0, bias=False)]
    for before, after in zip(widths, (*widths[1:], channels), strict=True):
        up += [nn.BatchNorm2d(before), nn.ReLU(True), nn.ConvTranspose2d(before, after, 4, 2, 1, bias=False)]
    down = [nn.Conv2d(channels, 64, 4, 2, 1, bias=False), nn.LeakyReLU(0.2, True)]
    for before, after in ((64, 128), (128, 256), (256, 512)):
        down += [nn.Conv2d(before, after, 4, 2, 1, bias=False), nn.BatchNorm2d(after), nn.LeakyReLU(0.2, True)]
    generator = nn.Sequential(*up, nn.Tanh())
    discriminator = nn.Sequential(*down, nn.Conv2d(512, 1, 4, 1, 0, bias=False), nn.Flatten(0))
    return generator.apply(_initialise), discriminator.apply(_initialise)


def _initialise(layer: nn.Module) -> None:
    """Weights N(0, 0.02), batch-norm gains N(1, 0.02), biases zero."""
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(layer.weight, 0.0, 0.02)
    elif isinstance(layer, nn.BatchNorm2d):
        nn.init.normal_(layer.weight, 1.0, 0.02)
        nn.init.zeros_(layer.bias)


class TutorialDCGAN:
    """The tutorial's training of its own networks on what ``config`` trains on, resized to 64 x 64."""

    def __init__(self, config: RunConfig, seed: int):
        torch.manual_seed(seed)
        loader = make_loader(config, DCGAN_BATCH, DCGAN_SIDE, WORKERS)
        self.device = resolve_device(config.device)
        channels = loader.dataset.data.shape[0]
        self.generator, judge = (network.to(self.device) for network in dcgan_pair(channels))
        optimizers = tuple(
            torch.optim.Adam(network.parameters(), lr=2e-4, betas=(0.5, 0.999)) for network in (self.generator, judge)
        )
        self.steps = train(self.generator, lambda pictures, _: judge(pictures), optimizers, loader, DCGAN_LATENT)

    @torch.no_grad()
    def sample(self, count: int, seed: int) -> torch.Tensor:
        """Pictures in [-1, 1], (N, C, 64, 64), drawn as the tutorial does: batches of 64 in training mode."""
        rng = torch.Generator().manual_seed(seed)
        batches = []
        for _ in range(0, count, DCGAN_BATCH):
            z = torch.randn(DCGAN_BATCH, DCGAN_LATENT, generator=rng)
            batches.append(self.generator(z.to(self.device)))
        return torch.cat(batches)[:count]
