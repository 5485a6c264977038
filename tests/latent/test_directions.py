import pytest
import torch

from gan_studio.latent.directions import principal_directions


def test_planted_directions_and_shares_are_found():
    rng = torch.Generator().manual_seed(1)
    left, _ = torch.linalg.qr(torch.randn(40, 6, generator=rng, dtype=torch.float64))
    right, _ = torch.linalg.qr(torch.randn(6, 6, generator=rng, dtype=torch.float64))
    scales = torch.tensor([6.0, 5.0, 4.0, 3.0, 2.0, 1.0], dtype=torch.float64)
    directions, share = principal_directions((left * scales) @ right.T, 4)
    overlap = (directions.double() @ right[:, :4]).abs()
    torch.testing.assert_close(overlap, torch.eye(4, dtype=torch.float64), atol=1e-5, rtol=0)
    torch.testing.assert_close(share.double(), (scales**2 / (scales**2).sum())[:4], atol=1e-6, rtol=0)


def test_they_are_the_principal_components_of_the_layers_outputs():
    rng = torch.Generator().manual_seed(2)
    weight = torch.randn(30, 5, generator=rng) * torch.tensor([3.0, 1.0, 1.0, 0.5, 0.5])
    outputs = torch.randn(200_000, 5, generator=rng) @ weight.T
    component = torch.linalg.eigh(outputs.T.cov())[1][:, -1]
    directions, _ = principal_directions(weight, 1)
    image = weight @ directions[0]
    assert abs(image @ component / image.norm()).item() == pytest.approx(1, abs=1e-3)


def test_signs_are_fixed_and_small_layers_are_fine():
    weight = torch.randn(9, 3, generator=torch.Generator().manual_seed(3))
    (a, _), (b, _) = principal_directions(weight, 8), principal_directions(-weight, 8)
    torch.testing.assert_close(a, b)
    assert a.shape == (3, 3) and a.gather(1, a.abs().argmax(1, keepdim=True)).min() > 0
    directions, share = principal_directions(torch.zeros(4, 3), 2)
    assert directions.isfinite().all() and share.tolist() == [0, 0]
