"""Every objective: its values where a hand can compute them, and the direction of both players' gradients."""

import math
from typing import get_args

import pytest
import torch

from gan_studio.config import make_config
from gan_studio.objectives import OBJECTIVES, objective_of
from gan_studio.settings import RunConfig

REAL = torch.tensor([2.0, 0.5, -0.3])
FAKE = torch.tensor([-1.0, 0.4, 0.1])


def test_config_offers_exactly_the_registered_objectives():
    assert get_args(RunConfig.model_fields["objective"].annotation) == tuple(OBJECTIVES)


def test_rows_have_formula_and_source():
    assert all(row.formula and row.source for row in OBJECTIVES.values())


def outputs(row, seed):
    shape = (6, 4) if row.reads == "features" else (6,)
    # Between the targets 0 and 1, so that least squares pulls in one direction.
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)).requires_grad_()


@pytest.mark.parametrize("name", OBJECTIVES)
def test_gradients_point_the_right_way(name):
    """A step down d_loss parts real from fake; a step down g_loss makes fake look more real."""
    row = OBJECTIVES[name]
    real, fake = outputs(row, 0), outputs(row, 1)
    row.d_loss(real, fake).backward()
    if row.reads == "scores":
        assert (real.grad <= 0).all() and (fake.grad >= 0).all()
        assert real.grad.abs().sum() > 0 and fake.grad.abs().sum() > 0
    else:
        moved = row.d_loss((real - 0.1 * real.grad).detach(), (fake - 0.1 * fake.grad).detach())
        assert moved < row.d_loss(real, fake)
    generated = fake.detach().requires_grad_()
    row.g_loss(generated, real.detach()).backward()
    if row.reads == "scores":
        assert (generated.grad < 0).all()
    else:
        moved = generated.detach() - 0.1 * generated.grad
        assert row.g_loss(moved, real) < row.g_loss(generated, real)


KNOWN = {
    "least_squares": (((REAL - 1) ** 2).mean() / 2 + (FAKE**2).mean() / 2, ((FAKE - 1) ** 2).mean() / 2),
    "wasserstein": (FAKE.mean() - REAL.mean(), -FAKE.mean()),
    "hinge": (torch.tensor((0 + 0.5 + 1.3) / 3 + (0 + 1.4 + 1.1) / 3), -FAKE.mean()),
    "minimax": (
        -(torch.sigmoid(REAL).log().mean() + (1 - torch.sigmoid(FAKE)).log().mean()),
        (1 - torch.sigmoid(FAKE)).log().mean(),
    ),
    "non_saturating": (
        -(torch.sigmoid(REAL).log().mean() + (1 - torch.sigmoid(FAKE)).log().mean()),
        -torch.sigmoid(FAKE).log().mean(),
    ),
    "cross_entropy_squared": (
        -(torch.sigmoid(REAL).log().mean() + (1 - torch.sigmoid(FAKE)).log().mean()),
        ((torch.sigmoid(FAKE) - 1) ** 2).mean(),
    ),
    "relativistic_average": (
        -torch.sigmoid(REAL - FAKE.mean()).log().mean() - (1 - torch.sigmoid(FAKE - REAL.mean())).log().mean(),
        -torch.sigmoid(FAKE - REAL.mean()).log().mean() - (1 - torch.sigmoid(REAL - FAKE.mean())).log().mean(),
    ),
    "relativistic": (-torch.sigmoid(REAL - FAKE).log().mean(), -torch.sigmoid(FAKE - REAL).log().mean()),
}


@pytest.mark.parametrize("name", KNOWN)
def test_values_by_hand(name):
    row = OBJECTIVES[name]
    torch.testing.assert_close((row.d_loss(REAL, FAKE), row.g_loss(FAKE, REAL)), KNOWN[name])


def test_every_score_objective_is_checked_by_hand():
    assert set(KNOWN) == {name for name, row in OBJECTIVES.items() if row.reads == "scores"}


def test_equilibrium_of_the_classic_losses():
    zero = torch.zeros(4)
    assert OBJECTIVES["minimax"].d_loss(zero, zero) == pytest.approx(2 * math.log(2))
    assert OBJECTIVES["relativistic"].d_loss(zero, zero) == pytest.approx(math.log(2))


@pytest.mark.parametrize("name", ["minimax", "non_saturating", "cross_entropy_squared"])
def test_smoothing_is_cross_entropy_with_the_smoothed_target(name):
    row = OBJECTIVES[name]
    target = torch.full_like(REAL, 0.9)
    whole = row.d_loss(REAL, FAKE) + row.smoothing(REAL, 0.1)
    entropy = torch.nn.functional.binary_cross_entropy_with_logits
    torch.testing.assert_close(whole, entropy(REAL, target) + entropy(FAKE, torch.zeros_like(FAKE)))


def test_smoothing_of_least_squares_moves_the_target():
    row = OBJECTIVES["least_squares"]
    whole = row.d_loss(REAL, FAKE) + row.smoothing(REAL, 0.2)
    torch.testing.assert_close(whole, ((REAL - 0.8) ** 2).mean() / 2 + (FAKE**2).mean() / 2)


def test_losses_do_not_overflow():
    huge = torch.tensor([1e4, -1e4])
    for name, row in OBJECTIVES.items():
        if row.reads == "scores":
            assert row.d_loss(huge, -huge).isfinite() and row.g_loss(huge, huge).isfinite(), name


def test_mmd_reads_kernel_and_bandwidths():
    real, fake = torch.randn(5, 3), torch.randn(5, 3) + 1
    base = {"objective": "mmd"}
    values = [
        float(objective_of(make_config(base | more)).g_loss(fake, real))
        for more in ({}, {"kernel": "rational_quadratic"}, {"kernel": "polynomial"}, {"bandwidths": (7.0,)})
    ]
    assert len(set(values)) == len(values)
