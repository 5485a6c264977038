import math

import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy

from gan_studio.objectives import OBJECTIVES, label_smoothing

REAL, FAKE = torch.tensor([2.0, -1.0, 0.5]), torch.tensor([-3.0, 0.0, 1.0])


@pytest.mark.parametrize("name", OBJECTIVES)
def test_gradients_point_the_right_way_for_both_players(name):
    row = OBJECTIVES[name]
    real, fake = torch.zeros(4, requires_grad=True), torch.zeros(4, requires_grad=True)
    row.d_loss(real, fake).backward()
    assert (real.grad < 0).all() and (fake.grad > 0).all()
    fake = torch.zeros(4, requires_grad=True)
    row.g_loss(fake, torch.zeros(4)).backward()
    assert (fake.grad < 0).all()


@pytest.mark.parametrize("name", OBJECTIVES)
def test_every_row_names_its_formula_and_source(name):
    assert "D:" in OBJECTIVES[name].formula and "G:" in OBJECTIVES[name].formula
    assert "arXiv" in OBJECTIVES[name].source


@pytest.mark.parametrize("name", OBJECTIVES)
def test_extreme_logits_stay_finite(name):
    row, far = OBJECTIVES[name], torch.tensor([1e4, -1e4])
    assert row.d_loss(far, far).isfinite() and row.g_loss(far, far).isfinite()


def test_non_saturating_is_binary_cross_entropy():
    row = OBJECTIVES["non_saturating"]
    expected = cross_entropy(REAL, torch.ones(3)) + cross_entropy(FAKE, torch.zeros(3))
    assert torch.isclose(row.d_loss(REAL, FAKE), expected)
    assert torch.isclose(row.g_loss(FAKE, REAL), cross_entropy(FAKE, torch.ones(3)))
    assert row.d_loss(torch.zeros(1), torch.zeros(1)).item() == pytest.approx(2 * math.log(2))


@pytest.mark.parametrize("amount", [0.0, 0.1, 0.5])
def test_label_smoothing_is_cross_entropy_with_a_lower_target(amount):
    smoothed = OBJECTIVES["non_saturating"].d_loss(REAL, FAKE) + label_smoothing(REAL, amount)
    expected = cross_entropy(REAL, torch.full((3,), 1 - amount)) + cross_entropy(FAKE, torch.zeros(3))
    assert torch.isclose(smoothed, expected)
