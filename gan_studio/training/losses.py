"""What the two players minimise, given samples."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple

import torch
from torch.nn.functional import cross_entropy

from gan_studio.config import RunConfig
from gan_studio.data.pixels import in_channels_last
from gan_studio.networks import Discriminator, Generator, Verdict
from gan_studio.objectives import AUGMENTATIONS, PENALTIES, augment, objective_of, squared_slopes

_AT_SAMPLES = {"r1_penalty", "r2_penalty"}
"""The penalties on slopes at the samples themselves; others draw places around them."""


class Batch(NamedTuple):
    """Samples (N, ...) in the networks' range, and their classes (N,) where a network is told them."""

    samples: torch.Tensor
    labels: torch.Tensor | None

    def detach(self) -> Batch:
        """The same without a way back to what made the samples."""
        return Batch(self.samples.detach(), self.labels)


class Shown(NamedTuple):
    """What the page shows of a loss: itself, without prices for classes and slopes, and the outputs (N, ...)."""

    d_loss: torch.Tensor
    real: torch.Tensor
    fake: torch.Tensor


class Losses:
    """The losses of both players, as a config has them; ``precision`` may be set at any time.

    ``noise`` is all randomness there is, and belongs to the device; ``points``: samples are no pictures.
    """

    def __init__(
        self,
        players: tuple[Generator, Discriminator],
        noise: torch.Generator,
        precision: torch.dtype,
        *,
        points: bool,
    ):
        self._generator, self._discriminator = players
        self._noise, self.precision, self._points = noise, precision, points
        self._discriminator.noise = noise

    def use(self, config: RunConfig) -> None:
        """Let ``config`` hold from now on."""
        self.config = config
        self.objective = objective_of(config)
        self._augmentations = {n: getattr(config, n) for n in AUGMENTATIONS if getattr(config, n) > 0}
        self.penalties = {n: getattr(config, n) for n in PENALTIES if getattr(config, n) > 0}
        self._discriminator.dropout = config.discriminator_dropout

    @property
    def random(self) -> bool:
        """Whether noise is drawn for them."""
        kinds = (self._augmentations, self.penalties.keys() - _AT_SAMPLES)
        config = self.config
        return any(kinds) or config.instance_noise + config.label_flip + config.discriminator_dropout > 0

    # -- the losses ----------------------------------------------------------------------------------

    def generate(self, z: torch.Tensor, labels: torch.Tensor | None) -> Batch:
        """Samples for the latents z: (N, Z)."""
        with self.autocast():
            return Batch(self._generator(z, labels), labels)

    def of_discriminator(self, real: Batch, fake: Batch, *, penalised: bool) -> tuple[torch.Tensor, Shown]:
        """What the discriminator minimises; ``penalised``: with the penalties on its slopes."""
        penalties = self.penalties if penalised else {}
        seen = self._present(real.samples), self._present(fake.samples)
        exact = _AT_SAMPLES & penalties.keys() != set()
        if exact:
            seen = tuple(samples.float().detach().requires_grad_() for samples in seen)
        verdicts = self._judge_both(seen, (real.labels, fake.labels), exact)
        outputs = [getattr(verdict, self.objective.reads) for verdict in verdicts]
        loss = self._adversarial(*outputs)
        shown = Shown(loss.detach(), *(output.detach() for output in outputs))
        if verdicts[0].classes is not None:
            told = cross_entropy(verdicts[0].classes, real.labels) + cross_entropy(verdicts[1].classes, fake.labels)
            loss = loss + self.config.auxiliary_weight * told
        for name, weight in penalties.items():
            loss = loss + self.config.penalty_interval * weight * self._penalty(name, seen, outputs, real.labels)
        return loss, shown

    def of_generator(self, real: Batch, fake: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """What the generator minimises, and the same without the price for classes, detached."""
        verdict = self._judge(self._present(fake.samples), fake.labels)
        output, known = getattr(verdict, self.objective.reads), None
        if self.objective.needs_real:
            with torch.no_grad():  # the discriminator has just changed
                known = getattr(self._judge(self._present(real.samples), real.labels), self.objective.reads)
        loss = self.objective.g_loss(output, known)
        shown = loss.detach()
        if verdict.classes is not None:
            loss = loss + self.config.auxiliary_weight * cross_entropy(verdict.classes, fake.labels)
        return loss, shown

    # -- their parts ---------------------------------------------------------------------------------

    def _present(self, samples: torch.Tensor) -> torch.Tensor:
        """What the discriminator gets to see of ``samples``: augmented, with noise, packed."""
        if self._augmentations:
            samples = augment(samples.float(), self._augmentations, self._noise)
        if self.config.instance_noise:
            noise = torch.randn(samples.shape, device=samples.device, generator=self._noise)
            samples = samples + self.config.instance_noise * noise
        if self.config.pack > 1:
            samples = samples.unflatten(0, (-1, self.config.pack)).flatten(1, 2)
        return samples

    def _judge(self, samples: torch.Tensor, labels: torch.Tensor | None, exact: bool = False) -> Verdict:
        """The discriminator's verdict in float32; ``exact``: computed in float32 throughout."""
        if not self._points:
            samples = in_channels_last(samples)
        with nullcontext() if exact else self.autocast():
            return Verdict(*(None if part is None else part.float() for part in self._discriminator(samples, labels)))

    def _judge_both(
        self, seen: tuple[torch.Tensor, ...], labels: tuple[torch.Tensor | None, ...], exact: bool
    ) -> tuple[Verdict, ...]:
        """The verdicts on real and on generated samples, as many of each.

        In one pass where that is allowed: batch statistics must not mix the two, and a slope is that of one side.
        """
        if exact or self._discriminator.sees_batch:
            return tuple(self._judge(*side, exact) for side in zip(seen, labels, strict=True))
        both = self._judge(torch.cat(seen), None if labels[0] is None else torch.cat(labels))
        halves = ((None, None) if part is None else part.chunk(2) for part in both)
        return tuple(Verdict(*parts) for parts in zip(*halves, strict=True))

    def _adversarial(self, real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
        if self.config.label_flip:
            flips = torch.rand(len(real), device=real.device, generator=self._noise) < self.config.label_flip
            flips = flips.unflatten(0, (-1, *[1] * (real.ndim - 1)))
            real, fake = torch.where(flips, fake, real), torch.where(flips, real, fake)
        loss = self.objective.d_loss(real, fake)
        if self.config.label_smoothing:
            loss = loss + self.objective.smoothing(real, self.config.label_smoothing)
        return loss

    def _penalty(
        self, name: str, seen: tuple[torch.Tensor, ...], outputs: list[torch.Tensor], labels: torch.Tensor | None
    ) -> torch.Tensor:
        """The mean price of one penalty, in float32, on what the discriminator has ``seen`` and its ``outputs``."""
        row, (real, fake) = PENALTIES[name], (samples.float() for samples in seen)
        samples = row.place(real, fake, self._noise)
        if samples is real or samples is fake:  # already judged, and exactly
            at = outputs[0] if samples is real else outputs[1]
            outputs = [output.detach() for output in outputs]  # the slope at a sample is not that of its peers
        else:
            samples = samples.detach().requires_grad_()
            at = getattr(self._judge(samples, labels, exact=True), self.objective.reads)
        scores = self.objective.scores(at, *outputs)
        return row.price(squared_slopes(scores, samples)).mean()

    def autocast(self) -> AbstractContextManager:
        """In it, networks compute in the precision that was given."""
        if self.precision == torch.bfloat16:
            return torch.autocast(self._noise.device.type, torch.bfloat16)
        return nullcontext()
