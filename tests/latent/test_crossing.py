import pytest
import torch

from gan_studio.errors import StudioError
from gan_studio.latent.crossing import CrossRequest, cross, cross_in, mask_of
from gan_studio.latent.inside import layers_of
from gan_studio.latent.source import Source
from gan_studio.latent.vectors import pack
from gan_studio.networks import build_networks
from gan_studio.space import Space
from tests.conftest import NETWORKS, tiny_config

PARENTS = torch.randn(2, 8, generator=torch.Generator().manual_seed(1))
PATTERNS = ("random", "first", "left", "top")


@pytest.fixture(params=NETWORKS)
def generator(request, make_generator):
    shape = (1, 32, 32) if request.param in ("residual", "modern") else (1, 28, 28)
    return make_generator(shape, network=request.param)


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize(("share", "parent"), [(1.0, 0), (0.0, 1)])
def test_all_ones_give_the_first_parent_and_all_zeros_the_second(generator, pattern, share, parent):
    family = cross(generator, PARENTS, lambda shape: mask_of(pattern, share, shape))
    torch.testing.assert_close(family.samples[:2], generator(PARENTS), rtol=1e-4, atol=1e-5)
    for child in family.samples[2:]:
        torch.testing.assert_close(child, family.samples[parent], rtol=1e-4, atol=1e-5)
    if pattern in ("random", "first"):
        assert [name for name, _ in family.layers] == list(layers_of(generator))
    assert len(family.samples) == 2 + len(family.layers) > 2


def test_a_child_is_what_the_rest_makes_of_the_mixture(make_generator):
    generator = make_generator(network="dcgan")
    family = cross(generator, PARENTS, lambda shape: mask_of("random", 0.5, shape, 3))
    for index in range(len(generator.rest) + 1):
        a, b = generator.up_to(index, PARENTS)
        mask = mask_of("random", 0.5, a.shape, 3)
        expected = generator.rest[index:]((mask * a + (1 - mask) * b)[None])[0]
        torch.testing.assert_close(family.samples[2 + index], expected, rtol=1e-4, atol=1e-5)
    assert not torch.equal(family.samples[2], family.samples[0])


def test_mixing_pictures_side_by_side_is_the_last_layer(make_generator):
    family = cross(make_generator(network="dcgan"), PARENTS, lambda shape: mask_of("left", 0.5, shape))
    a, b, last = family.samples[0], family.samples[1], family.samples[-1]
    assert torch.equal(last[..., :14], a[..., :14]) and torch.equal(last[..., 14:], b[..., 14:])
    assert "first" not in [name for name, _ in family.layers]  # it is no feature map


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 1.0])
def test_masks_hold_the_share_and_depend_on_the_seed_only(pattern, share):
    mask = mask_of(pattern, share, torch.Size((8, 4, 12)), 5)
    assert mask.shape == (8, 4, 12) and mask.mean() == share
    assert torch.equal(mask, mask_of(pattern, share, torch.Size((8, 4, 12)), 5))
    if pattern == "random":
        assert (mask == mask[:, :1, :1]).all()  # whole channels
        assert share in (0, 1) or not torch.equal(mask, mask_of(pattern, share, torch.Size((8, 4, 12)), 6))


@pytest.mark.parametrize("conditioning", ["embedding", "batch_norm"])
def test_the_class_of_a_conditional_generator_counts(conditioning):
    config = tiny_config(generator_conditioning=conditioning, generator_norm="batch")
    network, _ = build_networks(config, (1, 28, 28), 3, torch.Generator().manual_seed(0))
    for table in (layer for layer in network.modules() if isinstance(layer, torch.nn.Embedding)):
        torch.nn.init.normal_(table.weight, generator=torch.Generator().manual_seed(1))  # as if it had been trained
    source = Source(config, Space((1, 28, 28), ("a", "b", "c")), network.state_dict(), 1)
    found = []
    for label in (0, 1):
        family, pictures = cross_in(source, CrossRequest(z=pack(PARENTS), label=label))
        expected = source.draw(PARENTS, torch.full((2,), label))
        assert (pictures[:2].int() - expected.int()).abs().max() <= 1
        found.append(family.samples)
    assert not torch.equal(*found)
    with pytest.raises(StudioError, match="two parents, not 1"):
        cross_in(source, CrossRequest(z=pack(PARENTS[0])))


def test_children_of_latents_that_choose_their_class_have_both_parents_classes():
    config = tiny_config("dcgan", generator_conditioning="embedding", classes_from_latent=True)
    network, _ = build_networks(config, (1, 28, 28), 3, torch.Generator().manual_seed(0))
    network.eval()
    for share, like in ((1.0, 0), (0.0, 1)):  # all of one parent, class and all
        family = cross(network, PARENTS, lambda shape, share=share: mask_of("random", share, shape))
        assert torch.allclose(family.samples[2:], family.samples[like].expand(len(family.layers), 1, 28, 28), atol=1e-6)
    norms = {"generator_conditioning": "batch_norm", "generator_norm": "batch", "classes_from_latent": True}
    network, _ = build_networks(tiny_config("dcgan", **norms), (1, 28, 28), 3, torch.Generator().manual_seed(0))
    told = []
    network.eval()
    layer = next(layer for layer in reversed(list(network.rest)) if hasattr(layer, "gain"))
    layer.register_forward_hook(lambda layer, inputs, output: told.append(inputs[1]))
    cross(network, PARENTS, lambda shape: mask_of("first", 0.25, shape))
    one, other = network.told(PARENTS, None)
    assert torch.allclose(told[0][2:], (0.25 * one + 0.75 * other).expand_as(told[0][2:]), atol=1e-6)
