"""How a latent chooses the class of its picture: its first numbers are votes, and the largest one wins."""

from __future__ import annotations

import torch

SHARPNESS = 8.0
"""How decided a latent is that chooses its class: of ten, half of N(0, I) gives one more than 95 % of the shares."""
_ROUNDS = 100


class Votes(torch.nn.Module):
    """The first K numbers of z: (N, Z), one for each class.

    ``leaning`` (K,) is added to them, so that classes win as often as among the training pictures: where they do not,
    the discriminator knows generated pictures by their class alone.
    """

    def __init__(self, classes: int):
        super().__init__()
        self.register_buffer("leaning", torch.zeros(classes))

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Shares of the classes in the picture of each latent, (N, K): the softmax of ``SHARPNESS`` times the votes."""
        return (SHARPNESS * self._count(z)).softmax(1)

    def winners(self, z: torch.Tensor) -> torch.Tensor:
        """The class (N,) int64 with the largest share."""
        return self._count(z).argmax(1)

    def choose(self, z: torch.Tensor, wanted: int) -> torch.Tensor:
        """Latents (N, Z) that choose the class ``wanted``: z with its vote and the largest one exchanged.

        Of z ~ N(0, I) they are that too, but for what leans.
        """
        votes = self._count(z)
        rows, largest = torch.arange(len(z), device=z.device), votes.argmax(1)
        changed = votes.clone()
        changed[rows, largest], changed[:, wanted] = votes[:, wanted], votes[rows, largest]
        return torch.cat([changed - self.leaning.to(z), z[:, votes.shape[1] :]], 1)

    def lean_towards(self, shares: torch.Tensor) -> None:
        """Let class k win in a share ``shares[k]`` > 0 of all z ~ N(0, I); they sum to 1."""
        self.leaning.copy_(leanings(shares))

    def _count(self, z: torch.Tensor) -> torch.Tensor:
        return z[:, : len(self.leaning)] + self.leaning.to(z)


def leanings(shares: torch.Tensor) -> torch.Tensor:
    """What to add to K independent numbers ~ N(0, 1) so that number k is the largest in a share ``shares[k]`` of cases.

    (K,) float64, of mean 0, by fixed-point iteration on P(k) = integral phi(u - b_k) prod_{j != k} Phi(u - b_j) du.
    """
    shares = shares.double()
    found = torch.zeros_like(shares)
    reach = torch.linspace(-10, 10, 401, dtype=torch.float64)[:, None]
    for _ in range(_ROUNDS):
        below = torch.special.log_ndtr(reach - found)
        wins = torch.exp(below.sum(1, keepdim=True) - below - (reach - found).square() / 2).sum(0)
        found += 0.5 * (shares * wins.sum() / wins).log()
        found -= found.mean()
    return found
