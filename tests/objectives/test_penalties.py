"""Every penalty against a linear critic, whose slope is its weight everywhere."""

import pytest
import torch

from gan_studio.config import LIVE_FIELDS
from gan_studio.objectives import PENALTIES, squared_slopes

WEIGHT = torch.tensor([3.0, -4.0])  # of length 5
PRICES = {
    "gradient_penalty": 16.0,
    "dragan_penalty": 16.0,
    "zero_penalty": 25.0,
    "r1_penalty": 12.5,
    "r2_penalty": 12.5,
}


@pytest.mark.parametrize("name", PENALTIES)
@pytest.mark.parametrize("shape", [(2,), (2, 1, 1)], ids=["points", "pictures"])
def test_price_of_a_linear_critic(name, shape):
    row, noise = PENALTIES[name], torch.Generator().manual_seed(0)
    samples = row.place(torch.randn(5, *shape), torch.randn(5, *shape), noise).detach().requires_grad_()
    scores = samples.flatten(1) @ WEIGHT
    prices = row.price(squared_slopes(scores, samples))
    torch.testing.assert_close(prices, torch.full((5,), PRICES[name]))


def test_every_row_is_a_live_weight_with_formula_and_source():
    assert set(PRICES) == set(PENALTIES) <= set(LIVE_FIELDS)
    assert all(row.formula and row.source for row in PENALTIES.values())


def test_slopes_are_per_sample():
    samples = torch.tensor([[1.0], [2.0], [3.0]], requires_grad=True)
    torch.testing.assert_close(squared_slopes(samples[:, 0] ** 2, samples), torch.tensor([4.0, 16.0, 36.0]))


def test_the_gradient_reaches_the_critic():
    weight = torch.tensor([0.6, 0.8], requires_grad=True)  # of length 1: R1 pulls, the one-centred does not
    samples = torch.randn(4, 2).requires_grad_()
    slopes = squared_slopes(samples @ weight, samples)
    (pull,) = torch.autograd.grad(PENALTIES["r1_penalty"].price(slopes).mean(), weight, retain_graph=True)
    torch.testing.assert_close(pull, weight.detach())
    (pull,) = torch.autograd.grad(PENALTIES["gradient_penalty"].price(slopes).mean(), weight)
    assert pull.abs().max() < 1e-5


def test_a_flat_critic_has_a_finite_gradient():
    weight = torch.zeros(2, requires_grad=True)
    samples = torch.randn(4, 2).requires_grad_()
    for row in PENALTIES.values():
        (pull,) = torch.autograd.grad(row.price(squared_slopes(samples @ weight, samples)).mean(), weight)
        assert pull.isfinite().all()


def test_places():
    real, fake, noise = torch.zeros(1000, 2), torch.ones(1000, 2), torch.Generator().manual_seed(0)
    between = PENALTIES["gradient_penalty"].place(real, fake, noise)
    assert torch.equal(between[:, 0], between[:, 1])  # one place on the line for each sample
    assert between.min() >= 0 and between.max() <= 1 and between.mean() == pytest.approx(0.5, abs=0.05)
    spread = torch.randn(1000, 2)
    near = PENALTIES["dragan_penalty"].place(spread, fake, noise) - spread
    assert near.min() >= 0 and near.max() <= 0.5 * spread.std() + 1e-6
