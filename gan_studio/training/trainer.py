"""The update of the two players: plain PyTorch, without thread, clock, file or page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from gan_studio.config import RunConfig, edit_config
from gan_studio.data import DataSet, Sampler
from gan_studio.data.pixels import in_channels_last, to_bytes, to_unit_range
from gan_studio.networks import Verdict, build_networks
from gan_studio.objectives import AUGMENTATIONS, PENALTIES, augment, objective_of, squared_slopes
from gan_studio.training.compatibility import check
from gan_studio.training.device import place_samples, resolve_device, resolve_precision
from gan_studio.training.ema import Average
from gan_studio.training.optimizers import apply_settings, make_optimizer
from gan_studio.training.state import load_trainer_state, trainer_state

SURFACE_SIDE = 40
"""Places along each side of the plane at which the discriminator is asked for the page."""


class Trainer:
    """Generator, discriminator, their optimisers and the data they see.

    ``step()`` is one round of updates of both players. Nothing in it waits for the device: losses stay there
    until :meth:`measure` is called. All randomness comes from three generators and the sampler, so the same
    config gives the same numbers whatever else the process does. Raises
    :class:`gan_studio.config.ConfigError` where settings exclude each other.
    """

    def __init__(self, config: RunConfig, data: DataSet):
        check(config, data)
        self.data = data
        self.device = resolve_device(config.device)
        self.precision = resolve_precision(config.precision, self.device, points=data.is_points)
        self.step_count = 0
        self.d_updates = 0
        self.shape = data.shape
        self.samples = place_samples(data, self.device)
        self.labels = data.labels.to(self.samples.device)
        self.sampler = Sampler(len(data.samples), config.seed)
        self.latents = torch.Generator().manual_seed(config.seed + 1)
        self.noise = torch.Generator(self.device).manual_seed(config.seed + 3)
        pair = build_networks(config, data.shape, len(data.classes), torch.Generator().manual_seed(config.seed))
        if config.classes_from_latent:
            pair[0].votes.lean_towards(torch.bincount(data.labels, minlength=len(data.classes)) / len(data.labels))
        layout = {"device": self.device} | ({} if data.is_points else {"memory_format": torch.channels_last})
        self.generator, self.discriminator = (network.to(**layout) for network in pair)
        self.discriminator.noise = self.noise
        self._g_parameters, self._d_parameters = (list(n.parameters()) for n in (self.generator, self.discriminator))
        self.average = Average(self.generator)
        self.g_optimizer = make_optimizer(config, "generator", self.generator)
        self.d_optimizer = make_optimizer(config, "discriminator", self.discriminator)
        self._use(config)
        self._last: dict[str, torch.Tensor] = {}

    def _use(self, config: RunConfig) -> None:
        """Let ``config`` hold from the next step on."""
        self.config = config
        self._objective = objective_of(config)
        self._augmentations = {n: getattr(config, n) for n in AUGMENTATIONS if getattr(config, n) > 0}
        self._penalties = {n: getattr(config, n) for n in PENALTIES if getattr(config, n) > 0}
        self._conditional = config.generator_conditioning != "none" or config.discriminator_conditioning != "none"
        self.discriminator.dropout = config.discriminator_dropout
        self._apply_optimizer_settings()

    def _apply_optimizer_settings(self) -> None:
        apply_settings(self.config, "generator", self.g_optimizer, self.step_count)
        apply_settings(self.config, "discriminator", self.d_optimizer, self.step_count)

    # -- one step ------------------------------------------------------------------------------------

    def step(self) -> None:
        """Update the discriminator ``discriminator_steps`` times, then the generator ``generator_steps`` times."""
        if self.config.schedule != "constant":
            self._apply_optimizer_settings()
        for _ in range(self.config.discriminator_steps - 1):
            with torch.no_grad():
                fake, labels = self._generate()
            self._update_discriminator(fake, labels)
        # As in the PyTorch DCGAN example, the generator answers for the samples just judged:
        # one forward pass of the generator serves both players.
        fake, labels = self._generate()
        real = self._update_discriminator(fake.detach(), labels)
        self._update_generator(fake, labels, *real)
        for _ in range(self.config.generator_steps - 1):
            self._update_generator(*self._generate(), *real)
        self.step_count += 1
        self.average.update(self.config.ema_decay, self.step_count)

    def _generate(self) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Fresh samples, and the classes that they are meant to have."""
        size, labels = self.config.batch_size, None
        z = torch.randn(size, self.config.latent_size, generator=self.latents).to(self.device, non_blocking=True)
        if self.config.classes_from_latent:
            labels = self.generator.votes.winners(z)
        elif self._conditional:
            # As often as among the real samples: the two players are to meet in the joint distribution.
            drawn = torch.randint(len(self.labels), (size,), generator=self.latents)
            labels = self.labels[drawn.to(self.labels.device)].to(self.device)
        with self._autocast():
            return self.generator(z, labels), labels

    def _draw_real(self) -> tuple[torch.Tensor, torch.Tensor | None]:
        index = self.sampler.draw(self.config.batch_size).to(self.samples.device, non_blocking=True)
        samples = self.samples.index_select(0, index).to(self.device, non_blocking=True)
        labels = self.labels[index].to(self.device, non_blocking=True) if self._conditional else None
        return samples if self.data.is_points else to_unit_range(samples), labels

    def _present(self, samples: torch.Tensor) -> torch.Tensor:
        """What the discriminator gets to see of ``samples``: augmented, with noise, packed."""
        if self._augmentations:
            samples = augment(samples.float(), self._augmentations, self.noise)
        if self.config.instance_noise:
            noise = torch.randn(samples.shape, device=self.device, generator=self.noise)
            samples = samples + self.config.instance_noise * noise
        if self.config.pack > 1:
            samples = samples.unflatten(0, (-1, self.config.pack)).flatten(1, 2)
        return samples

    def _judge(self, samples: torch.Tensor, labels: torch.Tensor | None, exact: bool = False) -> Verdict:
        """The discriminator's verdict in float32; ``exact``: computed in float32 throughout."""
        if not self.data.is_points:
            samples = in_channels_last(samples)
        with self._autocast(enabled=not exact):
            return Verdict(*(None if part is None else part.float() for part in self.discriminator(samples, labels)))

    def _judge_both(
        self, seen: tuple[torch.Tensor, ...], labels: tuple[torch.Tensor | None, ...], exact: bool
    ) -> tuple[Verdict, ...]:
        """The verdicts on real and on generated samples, as many of each.

        In one pass where that is allowed: batch statistics must not mix the two, and a slope is that of one side.
        """
        if exact or self.discriminator.sees_batch:
            return tuple(self._judge(*side, exact) for side in zip(seen, labels, strict=True))
        both = self._judge(torch.cat(seen), None if labels[0] is None else torch.cat(labels))
        halves = ((None, None) if part is None else part.chunk(2) for part in both)
        return tuple(Verdict(*parts) for parts in zip(*halves, strict=True))

    def _update_discriminator(
        self, fake: torch.Tensor, fake_labels: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """One update against ``fake``; returns the real batch and its labels."""
        real_samples, labels = self._draw_real()
        seen = self._present(real_samples), self._present(fake)
        self.d_updates += 1
        penalties = self._penalties if self.d_updates % self.config.penalty_interval == 0 else {}
        exact = {"r1_penalty", "r2_penalty"} & penalties.keys() != set()
        if exact:
            seen = tuple(samples.float().detach().requires_grad_() for samples in seen)
        verdicts = self._judge_both(seen, (labels, fake_labels), exact)
        real, fake = (getattr(verdict, self._objective.reads) for verdict in verdicts)
        loss = self._discriminator_loss(real, fake)
        self._last |= {"d_loss": loss.detach(), "real": real.detach(), "fake": fake.detach()}
        if verdicts[0].classes is not None:
            told = cross_entropy(verdicts[0].classes, labels) + cross_entropy(verdicts[1].classes, fake_labels)
            loss = loss + self.config.auxiliary_weight * told
        for name, weight in penalties.items():
            loss = loss + self.config.penalty_interval * weight * self._penalty(name, seen, verdicts, labels)
        self._descend(loss, self.d_optimizer, self._d_parameters)
        if self.config.weight_clip:
            _clamp(self.discriminator, self.config.weight_clip)
        return real_samples, labels

    def _discriminator_loss(self, real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
        if self.config.label_flip:
            flips = torch.rand(len(real), device=self.device, generator=self.noise) < self.config.label_flip
            flips = flips.unflatten(0, (-1, *[1] * (real.ndim - 1)))
            real, fake = torch.where(flips, fake, real), torch.where(flips, real, fake)
        loss = self._objective.d_loss(real, fake)
        if self.config.label_smoothing:
            loss = loss + self._objective.smoothing(real, self.config.label_smoothing)
        return loss

    def _penalty(
        self,
        name: str,
        seen: tuple[torch.Tensor, ...],
        verdicts: tuple[Verdict, ...],
        labels: torch.Tensor | None,
    ) -> torch.Tensor:
        """The mean price of one penalty, in float32, on what the discriminator has ``seen``."""
        row, (real, fake) = PENALTIES[name], (samples.float() for samples in seen)
        samples = row.place(real, fake, self.noise)
        outputs = [getattr(verdict, self._objective.reads) for verdict in verdicts]
        if samples is real or samples is fake:  # already judged, and exactly
            at = outputs[0] if samples is real else outputs[1]
            outputs = [output.detach() for output in outputs]  # the slope at a sample is not that of its peers
        else:
            samples = samples.detach().requires_grad_()
            at = getattr(self._judge(samples, labels, exact=True), self._objective.reads)
        scores = self._objective.scores(at, *outputs)
        return row.price(squared_slopes(scores, samples)).mean()

    def _update_generator(
        self,
        fake: torch.Tensor,
        fake_labels: torch.Tensor | None,
        real: torch.Tensor,
        labels: torch.Tensor | None,
    ) -> None:
        verdict = self._judge(self._present(fake), fake_labels)
        output, known = getattr(verdict, self._objective.reads), None
        if self._objective.needs_real:
            with torch.no_grad():  # the discriminator has just changed
                known = getattr(self._judge(self._present(real), labels), self._objective.reads)
        loss = self._objective.g_loss(output, known)
        self._last["g_loss"] = loss.detach()
        if verdict.classes is not None:
            loss = loss + self.config.auxiliary_weight * cross_entropy(verdict.classes, fake_labels)
        self._descend(loss, self.g_optimizer, self._g_parameters)

    def _descend(self, loss: torch.Tensor, optimizer: torch.optim.Optimizer, parameters: list[nn.Parameter]) -> None:
        """One step of ``parameters`` down the slope of ``loss``; the other player's slopes are not computed."""
        for parameter in parameters:
            parameter.grad = None  # what zero_grad() does, without its bookkeeping
        loss.backward(inputs=parameters)
        if self.config.gradient_clip:
            nn.utils.clip_grad_norm_(parameters, self.config.gradient_clip, foreach=True)
        optimizer.step()

    def _autocast(self, enabled: bool = True) -> AbstractContextManager:
        if enabled and self.precision == torch.bfloat16:
            return torch.autocast(self.device.type, torch.bfloat16)
        return nullcontext()

    @property
    def has_stepped(self) -> bool:
        """Whether there is a step to :meth:`measure` since this trainer was built or loaded."""
        return bool(self._last)

    # -- looking at it -------------------------------------------------------------------------------

    @torch.no_grad()
    def measure(self) -> dict[str, float]:
        """Losses, D(x), D(G(z)) and gradient norms of the last step, in one read from the device."""
        last = self._last
        real, fake = (self._objective.scores(last[side], last["real"], last["fake"]) for side in ("real", "fake"))
        believe = self._objective.probability
        if believe is None:  # only differences of such scores mean something: 0 is put between the two sides
            middle = (real.mean() + fake.mean()) / 2
            real, fake, believe = real - middle, fake - middle, torch.sigmoid
        values = {
            "d_loss": last["d_loss"],
            "g_loss": last["g_loss"],
            "d_real": believe(real).mean(),
            "d_fake": believe(fake).mean(),
            "d_gradient": _norm(p.grad for p in self.discriminator.parameters()),
            "g_gradient": _norm(p.grad for p in self.generator.parameters()),
        }
        return dict(zip(values, torch.stack(list(values.values())).tolist(), strict=True))

    @torch.no_grad()
    def all_finite(self) -> bool:
        """Whether every parameter of both players is a finite number."""
        return bool(_norm([*self.generator.parameters(), *self.discriminator.parameters()]).isfinite())

    @torch.no_grad()
    def sample(self, z: torch.Tensor, labels: torch.Tensor | None = None) -> torch.Tensor:
        """Samples of the averaged generator for z: (N, Z), on the CPU.

        Pictures as (N, C, H, W) uint8, points as (N, 2) in the data's own units. ``labels``: (N,), for a
        conditional generator.
        """
        with self._autocast():
            samples = self.average.network(z.to(self.device), None if labels is None else labels.to(self.device))
        return samples.float().cpu() * self.data.scale if self.data.is_points else to_bytes(samples)

    @torch.no_grad()
    def surface(self, side: int = SURFACE_SIDE) -> torch.Tensor | None:
        """How real the discriminator finds each place of the plane: (S, S) in [0, 1], the top row first, on the CPU.

        Critics without probabilities are shown relative to their own mean and spread. None where a place alone
        has no score: the discriminator is told classes, or compares features.
        """
        if self.config.discriminator_conditioning in ("embedding", "projection") or self._objective.reads != "scores":
            return None
        line = torch.linspace(-1, 1, side, device=self.device) * (self.data.extent / self.data.scale)
        places = torch.cartesian_prod(-line, line).flip(1).repeat(1, self.config.pack)
        self.discriminator.eval()
        try:
            scores = self.discriminator(places).scores.float()
        finally:
            self.discriminator.train()
        if self._objective.probability:
            shades = self._objective.probability(scores)
        else:
            shades = ((scores - scores.mean()) / scores.std().clamp_min(1e-6)).sigmoid()
        return shades.unflatten(0, (side, side)).cpu()

    # -- changing and keeping it ---------------------------------------------------------------------

    def edit(self, changes: Mapping[str, Any]) -> None:
        """Change live fields from the next step on; the optimisers keep their state.

        Raises :class:`gan_studio.config.ConfigError` and changes nothing where a change is refused.
        """
        config = edit_config(self.config, changes)
        check(config, self.data)
        if config.objective != self.config.objective:
            self._last = {}  # its outputs may be of another kind
        self._use(config)

    def state_dict(self) -> dict[str, torch.Tensor]:
        """Every tensor a resumed run needs, under flat names; see :mod:`gan_studio.training.state`."""
        return trainer_state(self)

    def load_state_dict(self, state: Mapping[str, torch.Tensor]) -> None:
        """Continue from :meth:`state_dict`; raises :class:`gan_studio.errors.StudioError` naming what does not fit."""
        load_trainer_state(self, state)
        self._last = {}
        self._apply_optimizer_settings()


def _norm(tensors: Iterable[torch.Tensor | None]) -> torch.Tensor:
    return torch.linalg.vector_norm(torch.stack(torch._foreach_norm([t for t in tensors if t is not None])))


@torch.no_grad()
def _clamp(network: nn.Module, limit: float) -> None:
    """Keep every weight in [-limit, limit] (Arjovsky et al. 2017, arXiv:1701.07875, algorithm 1)."""
    parameters = list(network.parameters())
    torch._foreach_clamp_min_(parameters, -limit)
    torch._foreach_clamp_max_(parameters, limit)
