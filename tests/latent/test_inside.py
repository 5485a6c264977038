import pytest
import torch
from torch import nn

from gan_studio.errors import StudioError
from gan_studio.latent.inside import (
    channel_effects,
    jacobian_singular_values,
    layers_of,
    look_inside,
    participation_ratio,
    without_channel,
)
from tests.conftest import NETWORKS

Z = torch.randn(1, 8, generator=torch.Generator().manual_seed(1))


@pytest.fixture(params=NETWORKS)
def generator(request, make_generator):
    shape = (1, 32, 32) if request.param in ("residual", "modern") else (1, 28, 28)
    return make_generator(shape, network=request.param)


def test_every_layer_is_shown_in_order_and_the_last_is_the_picture(generator):
    views = look_inside(generator, Z)
    assert [view.name for view in views] == list(layers_of(generator))
    torch.testing.assert_close(views[-1].activations, generator(Z)[0])
    torch.testing.assert_close(views[0].activations, generator.first(Z)[0])
    assert not any(layer._forward_hooks for layer in generator.modules())


@pytest.mark.parametrize("network", ["dcgan", "residual"])
@pytest.mark.parametrize("conditioning", ["none", "batch_norm"])
def test_batch_norms_show_what_they_have_seen_beside_their_own_channels(make_generator, network, conditioning):
    values = {"network": network, "generator_norm": "batch", "generator_conditioning": conditioning}
    generator = make_generator((1, 32, 32), classes=10, **values)
    rng = torch.Generator().manual_seed(2)
    for norm in generator.modules():
        if isinstance(norm, nn.BatchNorm1d | nn.BatchNorm2d):
            norm.running_mean.normal_(generator=rng)
            norm.running_var.uniform_(0.5, 4, generator=rng)
    views = look_inside(generator, Z, torch.tensor([3]) if conditioning != "none" else None)
    layers = layers_of(generator)
    shown = {view.name: view for view in views if view.mean is not None}
    assert shown and set(shown) == {view.name for view in views if "BatchNorm" in view.kind}
    for name, view in shown.items():
        norm = layers[name] if conditioning == "none" else layers[name].norm
        assert len(view.mean) == len(view.deviation) == len(view.activations)
        assert torch.equal(view.mean, norm.running_mean) and torch.equal(view.deviation, norm.running_var.sqrt())


def test_a_channel_that_is_off_changes_what_its_effect_says(generator):
    layer = "2" if "2" in layers_of(generator) else "first"
    effects = channel_effects(generator, Z, layer)
    for channel in (0, len(effects) - 1):
        off = without_channel(generator, Z, layer, channel)
        change = (off - generator(Z)).square().mean().sqrt()
        torch.testing.assert_close(effects[channel], change, rtol=1e-3, atol=1e-6)
    assert effects.max() > 0


def test_many_channels_are_tried_part_by_part(make_generator):
    generator = make_generator(network="dcgan")  # its first layer is 392 wide
    effects = channel_effects(generator, Z, "first")
    assert len(effects) == generator.first.out_features > 128
    for channel in (0, 200, 391):
        change = (without_channel(generator, Z, "first", channel) - generator(Z)).square().mean().sqrt()
        torch.testing.assert_close(effects[channel], change, rtol=1e-3, atol=1e-6)


def test_a_channel_that_nothing_reads_has_no_effect(make_generator):
    generator = make_generator(network="mlp", generator_norm="none")
    generator.rest[1].weight[:, 3] = 0
    effects = channel_effects(generator, Z, "first")
    assert effects[3] < 1e-6 and (effects > 1e-3).sum() > 1


@pytest.mark.parametrize(("layer", "channel"), [("40", 0), ("first", 10_000), ("first", -1), ("", 0)])
def test_layers_and_channels_that_are_not_there_are_refused(make_generator, layer, channel):
    generator = make_generator()
    with pytest.raises(StudioError, match=r"there is no layer|has channels 0 to"):
        without_channel(generator, Z, layer, channel)
    assert not any(module._forward_hooks for module in generator.modules())


def test_singular_values_agree_with_small_steps(generator):
    values = jacobian_singular_values(generator.double(), Z.double())
    eps = 1e-6
    steps = torch.cat([Z.double() + eps * torch.eye(8), Z.double() - eps * torch.eye(8)])
    ahead, back = generator(steps).flatten(1).chunk(2)
    torch.testing.assert_close(values, torch.linalg.svdvals((ahead - back) / (2 * eps)), rtol=1e-3, atol=1e-6)


def test_a_linear_generator_has_the_singular_values_of_its_weight(make_generator):
    generator = make_generator((2,), hidden=(8,), generator_norm="none").double()
    generator.rest[0] = torch.nn.Identity()
    expected = torch.linalg.svdvals(generator.rest[1].weight @ generator.first.weight)
    torch.testing.assert_close(jacobian_singular_values(generator, Z.double()), expected)


@pytest.mark.parametrize(("values", "ratio"), [([2, 2, 2], 3), ([5, 0, 0], 1), ([0, 0], 0), ([2, 1], 25 / 17)])
def test_the_participation_ratio_counts_directions(values, ratio):
    assert participation_ratio(torch.tensor(values)) == pytest.approx(ratio)
