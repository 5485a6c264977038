import base64

import pytest
import torch

from gan_studio.errors import StudioError
from gan_studio.latent.vectors import MOST_LATENTS, pack, unpack, unpack_one

Z = torch.randn(3, 5, generator=torch.Generator().manual_seed(0))


def test_latents_come_back_as_they_were():
    assert torch.equal(unpack(pack(Z), 5), Z)
    assert torch.equal(unpack(pack(Z[0]), 5), Z[:1])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "0 numbers"),
        ("not base64!", "not latents"),
        (base64.b64encode(b"abc").decode(), "not latents"),
        (pack(Z[0, :4]), "4 numbers do not make latents of 5"),
        (pack(torch.full((5,), float("nan"))), "finite"),
        (pack(torch.full((5,), 1e9)), "at most 1000"),
        (pack(torch.zeros(MOST_LATENTS + 1, 5)), "401 latents at once"),
    ],
)
def test_anything_else_is_refused(text, said):
    with pytest.raises(StudioError, match=said):
        unpack(text, 5)


def test_one_latent_is_not_taken_from_many():
    assert torch.equal(unpack_one(pack(Z[0]), 5), Z[0])
    with pytest.raises(StudioError, match="15 numbers do not make one latent of 5"):
        unpack_one(pack(Z), 5)
    with pytest.raises(StudioError, match="0 numbers"):
        unpack_one("", 5)
