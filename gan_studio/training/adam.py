"""Adam and AdamW that go straight to torch's fused kernel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch.optim import Adam, AdamW


class DirectAdam(Adam):
    """torch's fused Adam, bit for bit, for parameters of one group and device.

    In every step torch's own sorts all tensors by device and type and adds one to the step of each; with networks on
    points that is a tenth of the training step on a CPU. Here the tensors are gathered once, and their steps are one
    tensor. A ``GradScaler`` is not served.
    """

    _kernel = staticmethod(torch._fused_adam_)
    _gathered: list[list[torch.Tensor]] | None = None  # first moments, second moments, steps

    @torch.no_grad()
    def step(self, closure: None = None) -> None:
        """One step down the gradients; parameters without one stay."""
        (group,) = self.param_groups
        gradients = [parameter.grad for parameter in group["params"]]
        if self._gathered is None or any(gradient is None for gradient in gradients):
            super().step()
            if self._gathered is None:
                self._gather(group["params"])
            return
        self._steps.add_(1)
        first, second, steps = self._gathered
        beta1, beta2 = group["betas"]
        self._kernel(
            group["params"],
            gradients,
            first,
            second,
            [],
            steps,
            lr=group["lr"],
            beta1=beta1,
            beta2=beta2,
            weight_decay=group["weight_decay"],
            eps=group["eps"],
            amsgrad=False,
            maximize=False,
        )

    def _gather(self, parameters: list[torch.Tensor]) -> None:
        states = [self.state.get(parameter) for parameter in parameters]
        if not all(states):
            return
        self._steps = torch.stack([state["step"] for state in states])
        for state, step in zip(states, self._steps.unbind(), strict=True):
            state["step"] = step
        self._gathered = [[state[name] for state in states] for name in ("exp_avg", "exp_avg_sq", "step")]

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """As torch's."""
        super().load_state_dict(state_dict)
        self._gathered = None


class DirectAdamW(DirectAdam, AdamW):
    """The same of torch's AdamW."""

    _kernel = staticmethod(torch._fused_adamw_)
