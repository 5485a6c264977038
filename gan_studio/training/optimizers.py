"""The optimisers and the schedules of their learning rates: one row each."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch.optim import SGD, Optimizer, RMSprop

from gan_studio.config import RunConfig
from gan_studio.training.adam import DirectAdam, DirectAdamW

Parameters = Iterable[torch.nn.Parameter]


@dataclass(frozen=True)
class OptimizerRow:
    """``make(parameters)`` builds it; ``settings(beta1, beta2)`` are its own entries in a parameter group."""

    make: Callable[[Parameters], Optimizer]
    settings: Callable[[float, float], Mapping[str, Any]]
    formula: str
    source: str


OPTIMIZERS: dict[str, OptimizerRow] = {
    "sgd": OptimizerRow(
        lambda p: SGD(p, lr=0.0, fused=True), lambda beta1, beta2: {}, "w - lr g", "Robbins and Monro 1951"
    ),
    "momentum": OptimizerRow(
        # Not fused: its kernel cannot begin the momentum of a layer that had no gradient in the first steps.
        lambda p: SGD(p, lr=0.0, momentum=0.9, foreach=True),
        lambda beta1, beta2: {"momentum": beta1},
        "v = beta1 v + g;  w - lr v",
        "Polyak 1964; Sutskever et al. 2013",
    ),
    "rmsprop": OptimizerRow(
        lambda p: RMSprop(p, lr=0.0, foreach=True),
        lambda beta1, beta2: {"alpha": beta2},
        "s = beta2 s + (1 - beta2) g^2;  w - lr g / sqrt(s)",
        "Tieleman and Hinton 2012, Coursera lecture 6.5",
    ),
    "adam": OptimizerRow(
        lambda p: DirectAdam(p, lr=0.0, fused=True),
        lambda beta1, beta2: {"betas": (beta1, beta2)},
        "m, s as moving means of g, g^2, unbiased;  w - lr m / sqrt(s)",
        "Kingma and Ba 2015, arXiv:1412.6980",
    ),
    "adamw": OptimizerRow(
        lambda p: DirectAdamW(p, lr=0.0, fused=True),
        lambda beta1, beta2: {"betas": (beta1, beta2)},
        "adam, with the weight decay beside the gradient",
        "Loshchilov and Hutter 2019, arXiv:1711.05101",
    ),
}

SCHEDULES: dict[str, Callable[[float], float]] = {
    "constant": lambda done: 1.0,
    "linear": lambda done: 1.0 - done,
    "cosine": lambda done: (1.0 + math.cos(math.pi * done)) / 2,
}
"""The learning rate's factor when the share ``done``, in [0, 1], of the scheduled steps is over.

cosine: Loshchilov and Hutter 2017, arXiv:1608.03983, without restarts.
"""


def make_optimizer(config: RunConfig, player: str, network: torch.nn.Module) -> Optimizer:
    """The optimiser of ``player`` ("generator" or "discriminator") for ``network``."""
    return OPTIMIZERS[getattr(config, f"{player}_optimizer")].make(network.parameters())


def apply_settings(config: RunConfig, player: str, optimizer: Optimizer, step: int) -> None:
    """Give ``optimizer`` what ``config`` says for the step after ``step``; it keeps its state."""
    read = {name: getattr(config, f"{player}_{name}") for name in ("lr", "beta1", "beta2", "optimizer")}
    factor = SCHEDULES[config.schedule](min(step / config.schedule_steps, 1.0))
    settings = OPTIMIZERS[read["optimizer"]].settings(read["beta1"], read["beta2"])
    for group in optimizer.param_groups:
        group.update(lr=read["lr"] * factor, weight_decay=config.weight_decay, **settings)
