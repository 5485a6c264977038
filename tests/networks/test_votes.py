"""Classes that latents choose: as often as they should be, and the one that is wanted."""

import pytest
import torch

from gan_studio.networks.votes import Votes, leanings


@pytest.mark.parametrize("shares", [[0.5, 0.5], [0.2, 0.3, 0.5], [0.1] * 10, [0.05, 0.15, *[0.1] * 8]])
def test_each_class_wins_as_often_as_is_wished(shares):
    votes = Votes(len(shares))
    votes.lean_towards(torch.tensor(shares))
    z = torch.randn(200_000, 12, generator=torch.Generator().manual_seed(0))
    won = torch.bincount(votes.winners(z), minlength=len(shares)) / len(z)
    assert won.tolist() == pytest.approx(shares, abs=0.004)
    assert votes.leaning.mean() == pytest.approx(0, abs=1e-6)


def test_two_classes_lean_as_the_normal_distribution_says():
    # P(z_0 + b > z_1) = Phi(b / sqrt 2)
    difference = leanings(torch.tensor([0.8, 0.2])).diff().item()
    assert difference == pytest.approx(-(2**0.5) * torch.special.ndtri(torch.tensor(0.8)).item(), abs=1e-4)


def test_the_wanted_class_wins_and_the_rest_of_the_latent_stays():
    votes = Votes(4)
    votes.lean_towards(torch.tensor([0.1, 0.2, 0.3, 0.4]))
    z = torch.randn(50, 7, generator=torch.Generator().manual_seed(1))
    for wanted in range(4):
        changed = votes.choose(z, wanted)
        assert (votes.winners(changed) == wanted).all() and torch.equal(changed[:, 4:], z[:, 4:])
        already = votes.winners(z) == wanted
        torch.testing.assert_close(changed[already], z[already])


def test_shares_follow_the_votes():
    votes = Votes(3)
    z = torch.randn(20, 5, generator=torch.Generator().manual_seed(2))
    shares = votes(z)
    torch.testing.assert_close(shares.sum(1), torch.ones(20))
    assert torch.equal(shares.argmax(1), votes.winners(z)) and torch.equal(shares.argmax(1), z[:, :3].argmax(1))
