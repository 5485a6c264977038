"""A trainer's complete state as flat, named tensors, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from torch import nn

from gan_studio.errors import StudioError

if TYPE_CHECKING:
    from gan_studio.training.trainer import Trainer

_PLAYERS = ("g_optimizer", "d_optimizer")


def trainer_state(trainer: Trainer) -> dict[str, torch.Tensor]:
    """Networks, optimisers, random states, and as ``progress`` step, data position and discriminator updates."""
    state = {f"{part}.{name}": t for part, m in _modules(trainer).items() for name, t in m.state_dict().items()}
    counts = []
    for part in _PLAYERS:
        kept = {
            f"{part}.{index}.{name}": tensor
            for index, entry in getattr(trainer, part).state_dict()["state"].items()
            for name, tensor in entry.items()
            if tensor is not None  # such as the momentum before it is first used
        }
        counts.append(len(kept))
        state |= kept
    state["latents"], state["noise"] = trainer.latents.get_state(), trainer.noise.get_state()
    sampler = trainer.sampler
    state["progress"] = torch.tensor(
        [trainer.step_count, sampler.epoch, sampler.position, trainer.d_updates, *counts], dtype=torch.int64
    )
    return state


def load_trainer_state(trainer: Trainer, state: Mapping[str, torch.Tensor]) -> None:
    """The inverse; raises :class:`StudioError` naming what does not fit, before anything is changed."""
    _check(trainer, state)
    step, epoch, position, d_updates, *_ = state["progress"].tolist()
    if min(step, epoch, d_updates) < 0 or not 0 <= position < trainer.sampler.size:
        raise StudioError(f"data position {position} of epoch {epoch} does not fit {trainer.sampler.size} samples")
    for part, module in _modules(trainer).items():
        module.load_state_dict(_under(part, state))
    for part in _PLAYERS:
        _load_optimizer(getattr(trainer, part), _under(part, state))
    trainer.latents.set_state(state["latents"].cpu())
    if state["noise"].shape == trainer.noise.get_state().shape:
        trainer.noise.set_state(state["noise"].cpu())
    else:  # another kind of device has another kind of generator; a run that moves there begins a new sequence
        trainer.noise.manual_seed(trainer.config.seed + 3 + step)
    trainer.step_count, trainer.d_updates = step, d_updates
    trainer.sampler.seek(epoch, position)


def _modules(trainer: Trainer) -> dict[str, nn.Module]:
    return {
        "generator": trainer.generator,
        "discriminator": trainer.discriminator,
        "average": trainer.average.network,
    }


def _check(trainer: Trainer, state: Mapping[str, torch.Tensor]) -> None:
    """Raise :class:`StudioError` naming a tensor that is missing, or of another shape or type."""
    expected = {f"{part}.{n}": t for part, m in _modules(trainer).items() for n, t in m.state_dict().items()}
    expected |= {"latents": trainer.latents.get_state(), "progress": torch.zeros(6, dtype=torch.int64)}
    missing = sorted({*expected, "noise"} - state.keys())
    foreign = [n for n in state if n.partition(".")[0] in _modules(trainer) and n not in expected]
    if foreign:
        raise StudioError(f"tensor {foreign[0]!r} belongs to no part of the run ({len(foreign)} in all)")
    if missing:
        raise StudioError(f"tensor {missing[0]!r} is missing ({len(missing)} in all)")
    for name, like in expected.items():
        found, wanted = (f"{tuple(t.shape)} {t.dtype}" for t in (state[name], like))
        if found != wanted:
            raise StudioError(f"tensor {name!r} has shape and type {found}, not {wanted}")
    for part, count in zip(_PLAYERS, state["progress"].tolist()[4:], strict=True):
        _check_optimizer(part, getattr(trainer, part), _under(part, state), count)


def _check_optimizer(part: str, optimizer: torch.optim.Optimizer, flat: Mapping[str, torch.Tensor], count: int) -> None:
    if len(flat) != count:
        raise StudioError(f"{part} has {len(flat)} tensors of the {count} that were saved")
    parameters = _parameters(optimizer)
    for key, tensor in flat.items():
        index, _, name = key.partition(".")
        if not index.isdigit() or int(index) >= len(parameters):
            raise StudioError(f"tensor '{part}.{key}' belongs to no parameter")
        wanted = 1 if name == "step" else parameters[int(index)].numel()
        if tensor.numel() != wanted:
            raise StudioError(f"tensor '{part}.{key}' has {tensor.numel()} numbers, not {wanted}")


def _load_optimizer(optimizer: torch.optim.Optimizer, flat: Mapping[str, torch.Tensor]) -> None:
    parameters = _parameters(optimizer)
    entries: dict[int, dict[str, torch.Tensor]] = {}
    for key, tensor in flat.items():
        index, name = key.split(".", 1)
        parameter = parameters[int(index)]
        # The fused kernels walk parameter and state side by side: their memory layouts must agree.
        like = tensor.new_empty(()) if name == "step" else parameter
        entries.setdefault(int(index), {})[name] = torch.empty_like(like).copy_(tensor.reshape(like.shape))
    optimizer.load_state_dict({"state": entries, "param_groups": optimizer.state_dict()["param_groups"]})


def _parameters(optimizer: torch.optim.Optimizer) -> list[torch.Tensor]:
    return [p for group in optimizer.param_groups for p in group["params"]]


def _under(part: str, state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name.removeprefix(f"{part}."): t for name, t in state.items() if name.startswith(f"{part}.")}
