"""The update of the two players: plain PyTorch, without thread, clock, file or page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch import nn

from gan_studio.config import RunConfig, edit_config
from gan_studio.data import DataSet, Sampler
from gan_studio.data.pixels import to_bytes, to_unit_range
from gan_studio.networks import build_networks
from gan_studio.training.compatibility import check
from gan_studio.training.device import place_samples, resolve_device, resolve_precision
from gan_studio.training.ema import Average
from gan_studio.training.losses import Batch, Losses, Shown
from gan_studio.training.optimizers import apply_settings, make_optimizer
from gan_studio.training.state import load_trainer_state, trainer_state
from gan_studio.training.traced import Tensors, trace

SURFACE_SIDE = 40
"""Places along each side of the plane at which the discriminator is asked for the page."""
TRACE_AFTER = 100
"""Steps under the same settings before their operations are traced, which takes as long as about so many steps."""
OUTSIDE_LOSSES = {
    *(f"{player}_{name}" for player in ("generator", "discriminator") for name in ("lr", "beta1", "beta2", "steps")),
    *("weight_decay", "schedule", "schedule_steps", "ema_decay", "weight_clip", "gradient_clip"),
}
"""The live fields that the losses do not depend on: what was traced before such an edit holds after it."""


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
        self.generator, self.discriminator = players = tuple(network.to(**layout) for network in pair)
        precision = resolve_precision(config.precision, self.device, points=data.is_points)
        self.losses = Losses(players, self.noise, precision, points=data.is_points)
        self._g_parameters, self._d_parameters = (list(n.parameters()) for n in players)
        others = any(list(n.buffers()) or any(p.ndim > 2 for p in n.parameters()) for n in players)
        self.traceable = self.device.type == "cpu" and not others
        """Whether steps may be traced: on a CPU, with networks of matrices and vectors alone."""
        self.average = Average(self.generator)
        self.g_optimizer = make_optimizer(config, "generator", self.generator)
        self.d_optimizer = make_optimizer(config, "discriminator", self.discriminator)
        self._use(config)
        self._forget_traces()
        self._last: dict[str, torch.Tensor] = {}
        self._one = torch.ones((), device=self.device)

    def _use(self, config: RunConfig) -> None:
        """Let ``config`` hold from the next step on."""
        self.config = config
        self.losses.use(config)
        self._conditional = config.generator_conditioning != "none" or config.discriminator_conditioning != "none"
        self._apply_optimizer_settings()

    @property
    def precision(self) -> torch.dtype:
        """What the networks compute in; it may be set between steps."""
        return self.losses.precision

    @precision.setter
    def precision(self, precision: torch.dtype) -> None:
        self.losses.precision = precision
        self._forget_traces()

    def _forget_traces(self) -> None:
        self._settled: int = 0
        self._traced: dict[bool, Callable[..., Tensors]] = {}

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
                fake = self._generate()
            self._update_discriminator(self._draw_real(), fake)
        latents, real = self._draw_latents(), self._draw_real()
        self._settled += 1
        if self.traceable and self._settled > TRACE_AFTER and not self.losses.random:
            self._update_both_as_traced(latents, real)
        else:
            # As in the PyTorch DCGAN example, the generator answers for the samples just judged:
            # one forward pass of the generator serves both players.
            fake = self.losses.generate(*latents)
            self._update_discriminator(real, fake.detach())
            self._update_generator(real, fake)
        for _ in range(self.config.generator_steps - 1):
            self._update_generator(real, self._generate())
        self.step_count += 1
        self.average.update(self.config.ema_decay, self.step_count)

    def _draw_latents(self) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Latents, and the classes that the samples are meant to have."""
        size, labels = self.config.batch_size, None
        z = torch.randn(size, self.config.latent_size, generator=self.latents).to(self.device, non_blocking=True)
        if self.config.classes_from_latent:
            labels = self.generator.votes.winners(z)
        elif self._conditional:
            # As often as among the real samples: the two players are to meet in the joint distribution.
            drawn = torch.randint(len(self.labels), (size,), generator=self.latents)
            labels = self.labels[drawn.to(self.labels.device)].to(self.device)
        return z, labels

    def _generate(self) -> Batch:
        return self.losses.generate(*self._draw_latents())

    def _draw_real(self) -> Batch:
        index = self.sampler.draw(self.config.batch_size).to(self.samples.device, non_blocking=True)
        samples = self.samples.index_select(0, index).to(self.device, non_blocking=True)
        labels = self.labels[index].to(self.device, non_blocking=True) if self._conditional else None
        return Batch(samples if self.data.is_points else to_unit_range(samples), labels)

    def _penalised(self) -> bool:
        """Count an update of the discriminator; whether slopes are penalised in it."""
        self.d_updates += 1
        return bool(self.losses.penalties) and self.d_updates % self.config.penalty_interval == 0

    def _update_discriminator(self, real: Batch, fake: Batch) -> None:
        loss, shown = self.losses.of_discriminator(real, fake, penalised=self._penalised())
        self._last |= shown._asdict()
        _fill_gradients(loss, self._d_parameters)
        self._move_discriminator()

    def _update_generator(self, real: Batch, fake: Batch) -> None:
        loss, self._last["g_loss"] = self.losses.of_generator(real, fake)
        _fill_gradients(loss, self._g_parameters)
        self._move_generator()

    def _move_discriminator(self) -> None:
        self._descend(self.d_optimizer, self._d_parameters)
        if self.config.weight_clip:
            _clamp(self._d_parameters, self.config.weight_clip)

    def _move_generator(self) -> None:
        self._descend(self.g_optimizer, self._g_parameters)

    def _descend(self, optimizer: torch.optim.Optimizer, parameters: list[nn.Parameter]) -> None:
        if self.config.gradient_clip:
            nn.utils.clip_grad_norm_(parameters, self.config.gradient_clip, foreach=True)
        optimizer.step()

    # -- both updates as traced ----------------------------------------------------------------------

    def _update_both_as_traced(self, latents: Tensors, real: Batch) -> None:
        """The same numbers as of an update of the discriminator and one of the generator."""
        penalised = self._penalised()
        if penalised not in self._traced:
            self._traced[penalised] = trace(partial(self._gradients_of_both, penalised), *latents, *real)
        compute = self._traced[penalised]
        self._last["g_loss"], *gradients = compute(self._take_discriminators, *latents, *real)
        _take_gradients(gradients, self._g_parameters)
        self._move_generator()

    def _gradients_of_both(self, penalised: bool, *drawn: torch.Tensor | None) -> tuple[Tensors, Tensors]:
        """Of the discriminator and of the generator: what is shown of the loss, then the gradients."""
        fake, real = self.losses.generate(*drawn[:2]), Batch(*drawn[2:])
        loss, shown = self.losses.of_discriminator(real, fake.detach(), penalised=penalised)
        first = *shown, *torch.autograd.grad(loss, self._d_parameters, self._one, allow_unused=True)
        loss, shown = self.losses.of_generator(real, fake)
        return first, (shown, *torch.autograd.grad(loss, self._g_parameters, self._one, allow_unused=True))

    def _take_discriminators(self, found: Tensors) -> None:
        shown, gradients = found[: len(Shown._fields)], found[len(Shown._fields) :]
        self._last |= Shown(*shown)._asdict()
        _take_gradients(gradients, self._d_parameters)
        self._move_discriminator()

    @property
    def has_stepped(self) -> bool:
        """Whether there is a step to :meth:`measure` since this trainer was built or loaded."""
        return bool(self._last)

    # -- looking at it -------------------------------------------------------------------------------

    @torch.no_grad()
    def measure(self) -> dict[str, float]:
        """Losses, D(x), D(G(z)) and gradient norms of the last step, in one read from the device."""
        last = self._last
        real, fake = (self.losses.objective.scores(last[side], last["real"], last["fake"]) for side in ("real", "fake"))
        believe = self.losses.objective.probability
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
        with self.losses.autocast():
            samples = self.average.network(z.to(self.device), None if labels is None else labels.to(self.device))
        return samples.float().cpu() * self.data.scale if self.data.is_points else to_bytes(samples)

    @torch.no_grad()
    def surface(self, side: int = SURFACE_SIDE) -> torch.Tensor | None:
        """How real the discriminator finds each place of the plane: (S, S) in [0, 1], the top row first, on the CPU.

        Critics without probabilities are shown relative to their own mean and spread. None where a place alone
        has no score: the discriminator is told classes, or compares features.
        """
        told = self.config.discriminator_conditioning in ("embedding", "projection")
        if told or self.losses.objective.reads != "scores":
            return None
        line = torch.linspace(-1, 1, side, device=self.device) * (self.data.extent / self.data.scale)
        places = torch.cartesian_prod(-line, line).flip(1).repeat(1, self.config.pack)
        self.discriminator.eval()
        try:
            scores = self.discriminator(places).scores.float()
        finally:
            self.discriminator.train()
        if self.losses.objective.probability:
            shades = self.losses.objective.probability(scores)
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
        if any(getattr(config, name) != getattr(self.config, name) for name in changes.keys() - OUTSIDE_LOSSES):
            self._forget_traces()
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


def _fill_gradients(loss: torch.Tensor, parameters: list[nn.Parameter]) -> None:
    """Those of ``parameters`` alone; the other player's are not computed."""
    for parameter in parameters:
        parameter.grad = None  # what zero_grad() does, without its bookkeeping
    loss.backward(inputs=parameters)


def _take_gradients(gradients: Sequence[torch.Tensor | None], parameters: list[nn.Parameter]) -> None:
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient


@torch.no_grad()
def _clamp(parameters: list[nn.Parameter], limit: float) -> None:
    """Keep every weight in [-limit, limit] (Arjovsky et al. 2017, arXiv:1701.07875, algorithm 1)."""
    torch._foreach_clamp_min_(parameters, -limit)
    torch._foreach_clamp_max_(parameters, limit)
