"""The update of the two players: plain PyTorch, without thread, clock, file or page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import nn

from gan_studio.config import RunConfig, edit_config
from gan_studio.data import ImageSet, Sampler
from gan_studio.data.pixels import to_bytes, to_unit_range
from gan_studio.errors import StudioError
from gan_studio.networks import build_networks
from gan_studio.objectives import OBJECTIVES, label_smoothing
from gan_studio.training.device import resolve_device, resolve_precision
from gan_studio.training.ema import Average


class Trainer:
    """Generator, discriminator, their optimisers and the data they see.

    ``step()`` is one update of both players. Nothing in it waits for the device: losses stay there until
    :meth:`measure` is called. All randomness comes from two CPU generators and the sampler, so the same
    config gives the same numbers whatever else the process does.
    """

    def __init__(self, config: RunConfig, data: ImageSet):
        self.config = config
        self.device = resolve_device(config.device)
        self.precision = resolve_precision(config.precision, self.device)
        self.step_count = 0
        self.shape = data.shape
        self.images = data.images.to(self.device)
        self.sampler = Sampler(len(data.images), config.seed)
        self.latents = torch.Generator().manual_seed(config.seed + 1)
        pair = build_networks(config, data.shape, torch.Generator().manual_seed(config.seed))
        layout = {"device": self.device, "memory_format": torch.channels_last}
        self.generator, self.discriminator = (network.to(**layout) for network in pair)
        self.average = Average(self.generator)
        self.g_optimizer = self._adam(self.generator)
        self.d_optimizer = self._adam(self.discriminator)
        self._apply_optimizer_settings()
        self._last: dict[str, torch.Tensor] = {}

    def _adam(self, network: nn.Module) -> torch.optim.Adam:
        return torch.optim.Adam(network.parameters(), fused=True)

    def _apply_optimizer_settings(self) -> None:
        for player, optimizer in (("generator", self.g_optimizer), ("discriminator", self.d_optimizer)):
            read = {name: getattr(self.config, f"{player}_{name}") for name in ("lr", "beta1", "beta2")}
            for group in optimizer.param_groups:
                group["lr"], group["betas"] = read["lr"], (read["beta1"], read["beta2"])

    # -- one step ------------------------------------------------------------------------------------

    def step(self) -> None:
        """Update the discriminator ``discriminator_steps`` times, then the generator once."""
        for _ in range(self.config.discriminator_steps - 1):
            with torch.no_grad():
                fake = self._generate()
            self._update_discriminator(fake)
        # As in the PyTorch DCGAN example, the generator answers for the pictures just judged:
        # one forward pass of the generator serves both players.
        fake = self._generate()
        self._update_discriminator(fake.detach())
        self._update_generator(fake)
        self.step_count += 1
        self.average.update(self.config.ema_decay, self.step_count)

    def _generate(self) -> torch.Tensor:
        z = torch.randn(self.config.batch_size, self.config.latent_size, generator=self.latents)
        with self._autocast():
            return self.generator(z.to(self.device, non_blocking=True))

    def _update_discriminator(self, fake: torch.Tensor) -> None:
        index = self.sampler.draw(self.config.batch_size).to(self.device, non_blocking=True)
        real = to_unit_range(self.images[index])
        with self._autocast():
            # Two passes: batch normalisation must not mix the statistics of real and generated pictures.
            real_logits, fake_logits = self.discriminator(real).float(), self.discriminator(fake).float()
        loss = OBJECTIVES[self.config.objective].d_loss(real_logits, fake_logits)
        if self.config.label_smoothing:
            loss = loss + label_smoothing(real_logits, self.config.label_smoothing)
        self.d_optimizer.zero_grad()
        loss.backward()
        self.d_optimizer.step()
        self._last |= {"d_loss": loss.detach(), "real": real_logits.detach(), "fake": fake_logits.detach()}

    def _update_generator(self, fake: torch.Tensor) -> None:
        # The discriminator only passes the gradient on here; its own would be thrown away.
        self.discriminator.requires_grad_(False)
        try:
            with self._autocast():
                fake_logits = self.discriminator(fake).float()
            loss = OBJECTIVES[self.config.objective].g_loss(fake_logits, self._last["real"])
            self.g_optimizer.zero_grad()
            loss.backward()
            self.g_optimizer.step()
        finally:  # a step that failed half-way must not leave the discriminator unable to learn
            self.discriminator.requires_grad_(True)
        self._last["g_loss"] = loss.detach()

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == torch.bfloat16)

    @property
    def has_stepped(self) -> bool:
        """Whether there is a step to :meth:`measure` since this trainer was built or loaded."""
        return bool(self._last)

    # -- looking at it -------------------------------------------------------------------------------

    @torch.no_grad()
    def measure(self) -> dict[str, float]:
        """Losses, D(x), D(G(z)) and gradient norms of the last step, in one read from the device."""
        values = {
            "d_loss": self._last["d_loss"],
            "g_loss": self._last["g_loss"],
            "d_real": self._last["real"].sigmoid().mean(),
            "d_fake": self._last["fake"].sigmoid().mean(),
            "d_gradient": _norm(p.grad for p in self.discriminator.parameters()),
            "g_gradient": _norm(p.grad for p in self.generator.parameters()),
        }
        return dict(zip(values, torch.stack(list(values.values())).tolist(), strict=True))

    @torch.no_grad()
    def all_finite(self) -> bool:
        """Whether every parameter of both players is a finite number."""
        return bool(_norm([*self.generator.parameters(), *self.discriminator.parameters()]).isfinite())

    @torch.no_grad()
    def sample(self, z: torch.Tensor) -> torch.Tensor:
        """Pictures of the averaged generator for z: (N, Z), as (N, C, H, W) uint8 on the CPU."""
        with self._autocast():
            images = self.average.network(z.to(self.device))
        return to_bytes(images)

    # -- changing and keeping it ---------------------------------------------------------------------

    def edit(self, changes: Mapping[str, Any]) -> None:
        """Change live fields from the next step on; the optimisers keep their state.

        Raises :class:`gan_studio.config.ConfigError` and changes nothing where a change is refused.
        """
        self.config = edit_config(self.config, changes)
        self._apply_optimizer_settings()

    def state_dict(self) -> dict[str, torch.Tensor]:
        """Every tensor a resumed run needs, under flat names; step and data position are tensors too."""
        state = {f"{part}.{name}": t for part, m in self._modules().items() for name, t in m.state_dict().items()}
        for part, optimizer in self._optimizers().items():
            for index, entry in optimizer.state_dict()["state"].items():
                state |= {f"{part}.{index}.{name}": t for name, t in entry.items()}
        state["latents"] = self.latents.get_state()
        state["progress"] = torch.tensor([self.step_count, self.sampler.epoch, self.sampler.position])
        return state

    def load_state_dict(self, state: Mapping[str, torch.Tensor]) -> None:
        """Continue from :meth:`state_dict`; raises :class:`StudioError` naming what does not fit."""
        self._check(state)
        for part, module in self._modules().items():
            module.load_state_dict(_under(part, state))
        for part, optimizer in self._optimizers().items():
            self._load_optimizer(optimizer, _under(part, state))
        self.latents.set_state(state["latents"].cpu())
        step, epoch, position = state["progress"].tolist()
        if step < 0 or epoch < 0 or not 0 <= position < self.sampler.size:
            raise StudioError(f"data position {position} of epoch {epoch} does not fit {self.sampler.size} pictures")
        self.step_count = step
        self.sampler.seek(epoch, position)
        self._last = {}

    def _modules(self) -> dict[str, nn.Module]:
        return {"generator": self.generator, "discriminator": self.discriminator, "average": self.average.network}

    def _optimizers(self) -> dict[str, torch.optim.Optimizer]:
        return {"g_optimizer": self.g_optimizer, "d_optimizer": self.d_optimizer}

    def _check(self, state: Mapping[str, torch.Tensor]) -> None:
        """Raise :class:`StudioError` naming a tensor that is missing, or of another shape or type."""
        expected = {f"{part}.{n}": t for part, m in self._modules().items() for n, t in m.state_dict().items()}
        expected |= {"latents": self.latents.get_state(), "progress": torch.zeros(3, dtype=torch.int64)}
        if "progress" in state and state["progress"].numel() == 3 and state["progress"].flatten()[0] > 0:
            expected |= self._expected_optimizer_state()
        missing = sorted(expected.keys() - state.keys())
        if missing:
            raise StudioError(f"tensor {missing[0]!r} is missing ({len(missing)} in all)")
        for name, like in expected.items():
            found, wanted = (f"{tuple(t.shape)} {t.dtype}" for t in (state[name], like))
            if found != wanted:
                raise StudioError(f"tensor {name!r} has shape and type {found}, not {wanted}")

    def _expected_optimizer_state(self) -> dict[str, torch.Tensor]:
        """What Adam keeps for each parameter once it has made a step."""
        expected = {}
        for part, optimizer in self._optimizers().items():
            for index, parameter in enumerate(p for group in optimizer.param_groups for p in group["params"]):
                like = {"step": torch.zeros(()), "exp_avg": parameter, "exp_avg_sq": parameter}
                expected |= {f"{part}.{index}.{name}": tensor for name, tensor in like.items()}
        return expected

    def _load_optimizer(self, optimizer: torch.optim.Optimizer, flat: Mapping[str, torch.Tensor]) -> None:
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        entries: dict[int, dict[str, torch.Tensor]] = {}
        for key, tensor in flat.items():
            index, name = key.split(".", 1)
            parameter = parameters[int(index)]
            # The fused kernels walk parameter and state side by side: their memory layouts must agree.
            like = tensor if name == "step" else parameter
            entries.setdefault(int(index), {})[name] = torch.empty_like(like).copy_(tensor.reshape(like.shape))
        optimizer.load_state_dict({"state": entries, "param_groups": optimizer.state_dict()["param_groups"]})


def _norm(tensors: Iterable[torch.Tensor | None]) -> torch.Tensor:
    return torch.linalg.vector_norm(torch.stack(torch._foreach_norm([t for t in tensors if t is not None])))


def _under(part: str, state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name.removeprefix(f"{part}."): t for name, t in state.items() if name.startswith(f"{part}.")}
