"""The parts that all networks share, checked against what their papers say."""

import pytest
import torch
from torch import nn

from gan_studio.networks.layers import ClassBatchNorm, Dropout, Pointwise, Rectifier, ToPicture, minibatch_std
from gan_studio.networks.spectral import normalise_weights
from tests.networks.test_registry import BATCH, build, labels

PICTURES = (1, 28, 28)


# -- minibatch standard deviation --------------------------------------------------------------------


def test_minibatch_std_is_the_mean_standard_deviation():
    features = torch.randn(6, 5)
    appended = minibatch_std(features)
    assert torch.equal(appended[:, :5], features)
    wanted = features.std(0, correction=0).mean()
    assert torch.allclose(appended[:, 5], wanted.expand(6), atol=1e-4)


@pytest.mark.parametrize("features", [torch.ones(4, 5), torch.randn(1, 5)])
def test_minibatch_std_without_spread_is_zero_and_twice_differentiable(features):
    features.requires_grad_()
    spread = minibatch_std(features)[:, -1].sum()
    assert spread < 1e-3
    (slope,) = torch.autograd.grad(spread, features, create_graph=True)
    (curvature,) = torch.autograd.grad(slope.square().sum() + slope.sum(), features)
    assert slope.isfinite().all() and curvature.isfinite().all()


def test_the_discriminator_sees_collapse():
    _, discriminator = build("mlp", minibatch_std=True, discriminator_norm="none")
    collapsed, varied = torch.zeros(BATCH, *PICTURES), torch.randn(BATCH, *PICTURES)
    varied[0] = 0
    with torch.no_grad():
        alone, among = discriminator(collapsed).scores[0], discriminator(varied).scores[0]
    # The first sample is the same: only the company that it keeps can tell.
    assert alone != among
    assert discriminator(collapsed[:1]).scores.isfinite().all()


# -- conditions --------------------------------------------------------------------------------------


def test_projection_adds_the_product_of_class_and_features():
    _, discriminator = build("dcgan", discriminator_conditioning="projection")
    samples = torch.randn(BATCH, *PICTURES)
    scores, features, _ = discriminator(samples, labels())
    plain = features @ discriminator.head.weight[0] + discriminator.head.bias
    product = torch.stack([discriminator.projection.weight[y] @ f for y, f in zip(labels(), features, strict=True)])
    assert torch.allclose(scores, plain + product, atol=1e-6)
    assert product.abs().max() > 0


def test_auxiliary_classes_are_linear_in_the_features_and_need_no_labels():
    _, discriminator = build("residual", discriminator_conditioning="auxiliary")
    _, features, classes = discriminator(torch.randn(BATCH, *PICTURES))
    assert torch.allclose(classes, features @ discriminator.classifier.weight.T + discriminator.classifier.bias)


def test_an_embedded_class_is_one_more_channel():
    _, discriminator = build("dcgan", discriminator_conditioning="embedding")
    samples = torch.randn(BATCH, *PICTURES)
    seen = []
    discriminator.layers.register_forward_pre_hook(lambda layers, inputs: seen.append(inputs[0]))
    discriminator(samples, labels())
    assert torch.equal(seen[0][:, :1], samples)
    assert torch.equal(seen[0][:, 1], discriminator.label_map.weight[labels()].view(BATCH, 28, 28))


@pytest.mark.parametrize(("kind", "shape"), [(nn.BatchNorm1d, (8, 5)), (nn.BatchNorm2d, (8, 5, 3, 3))])
def test_a_class_batch_norm_with_one_gain_for_all_is_a_batch_norm(kind, shape):
    plain, by_class = kind(5), ClassBatchNorm(kind(5, affine=False), 3)
    x, y = 3 * torch.randn(shape) + 1, torch.arange(8) % 3
    assert torch.allclose(plain(x), by_class(x, y))  # gain 1, bias 0
    with torch.no_grad():
        nn.init.normal_(plain.weight)
        nn.init.normal_(plain.bias)
        by_class.gain.weight.copy_(plain.weight.expand(3, 5))
        by_class.bias.weight.copy_(plain.bias.expand(3, 5))
    assert torch.allclose(plain(x), by_class(x, y), atol=1e-6)
    assert torch.equal(plain.running_var, by_class.norm.running_var)
    plain.eval(), by_class.eval()
    assert torch.allclose(plain(x), by_class(x, y), atol=1e-6)


def test_a_class_batch_norm_gives_each_class_its_own():
    norm = ClassBatchNorm(nn.BatchNorm1d(5, affine=False), 3)
    with torch.no_grad():
        norm.gain.weight[1] = 0
        norm.bias.weight[1] = 7
    out = norm(torch.randn(6, 5), torch.tensor([0, 1, 2, 0, 1, 2]))
    assert torch.equal(out[[1, 4]], torch.full((2, 5), 7.0)) and (out[[0, 2]] != 7).all()


# -- dropout -----------------------------------------------------------------------------------------


def test_dropout_changes_live_and_follows_its_own_noise():
    _, discriminator = build("dcgan", discriminator_norm="none")
    samples = torch.randn(BATCH, *PICTURES)

    def scores(share, seed):
        discriminator.dropout, discriminator.noise = share, torch.Generator().manual_seed(seed)
        return discriminator(samples).scores

    whole = scores(0.0, 0)
    assert torch.equal(whole, scores(0.0, 1))
    torch.manual_seed(1)
    first = scores(0.5, 0)
    torch.manual_seed(2)
    assert torch.equal(first, scores(0.5, 0))
    assert not torch.equal(first, whole) and not torch.equal(first, scores(0.5, 1))
    discriminator.eval()
    assert torch.equal(whole, scores(0.5, 0))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_dropout_drops_its_share_and_keeps_the_mean(dtype):
    dropout = Dropout()
    dropout.share, dropout.noise = 0.3, torch.Generator().manual_seed(0)
    out = dropout(torch.ones(200, 200, dtype=dtype))
    assert out.dtype == dtype
    assert (out == 0).float().mean().item() == pytest.approx(0.3, abs=0.01)
    assert out.float().mean().item() == pytest.approx(1.0, abs=0.02)


def test_dropout_without_a_share_does_nothing():
    x = torch.randn(3)
    assert Dropout()(x) is x


# -- spectral norm -----------------------------------------------------------------------------------


def weights(discriminator):
    kinds = nn.Linear | nn.Conv2d | nn.Embedding
    return [m.weight.detach().flatten(1) for m in discriminator.modules() if isinstance(m, kinds)]


@pytest.mark.parametrize("bfloat16", [False, True])
@pytest.mark.parametrize("name", ["dcgan", "mlp", "dense_conv", "residual", "modern"])
def test_spectral_norm_makes_the_largest_singular_value_one(name, bfloat16):
    _, discriminator = build(name, spectral_norm=True, discriminator_conditioning="projection")
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
        for _ in range(100):
            discriminator(torch.zeros(2, *PICTURES), labels(2))
    discriminator.eval()
    found = [torch.linalg.matrix_norm(weight, 2).item() for weight in weights(discriminator)]
    assert found == pytest.approx([1.0] * len(found), abs=0.02)


def test_spectral_norm_estimates_in_float32_under_bfloat16():
    layer = nn.Sequential(nn.Linear(64, 48))
    nn.init.normal_(layer[0].weight, generator=torch.Generator().manual_seed(0))
    normalise_weights(layer, torch.Generator().manual_seed(0))
    for _ in range(100):
        with torch.autocast("cpu", torch.bfloat16):
            weight = layer[0].weight
    assert weight.dtype == torch.float32
    assert torch.linalg.matrix_norm(weight.detach(), 2).item() == pytest.approx(1.0, abs=1e-3)


def test_spectral_norm_agrees_with_torchs():
    layer = nn.Conv2d(5, 7, 3)
    other = nn.utils.parametrizations.spectral_norm(nn.Conv2d(5, 7, 3))
    other.parametrizations.weight.original = nn.Parameter(layer.weight.detach().clone())
    normalise_weights(layer, torch.Generator().manual_seed(0))
    for _ in range(200):
        ours, theirs = layer.weight, other.weight
    assert torch.allclose(ours, theirs, atol=1e-5)


def test_spectral_norm_rests_in_evaluation():
    _, discriminator = build("mlp", spectral_norm=True)
    discriminator.eval()
    before = {name: value.clone() for name, value in discriminator.state_dict().items()}
    discriminator(torch.zeros(2, *PICTURES))
    assert all(torch.equal(value, before[name]) for name, value in discriminator.state_dict().items())


# -- the last transposed convolution -----------------------------------------------------------------


@pytest.mark.parametrize("channels", [1, 3])
def test_the_way_to_the_picture_is_a_transposed_convolution(channels):
    ours, plain = ToPicture(5, channels).double(), nn.ConvTranspose2d(5, channels, 4, 2, 1).double()
    plain.load_state_dict(ours.state_dict())
    found = []
    for layer in (ours, plain):
        x = torch.linspace(-1, 1, 2 * 5 * 6 * 7, dtype=torch.float64).reshape(2, 5, 6, 7).requires_grad_()
        pictures = layer(x)
        slopes = torch.autograd.grad(pictures.sin().sum(), [x, layer.weight, layer.bias])
        found.append((pictures, *slopes))
    for one, other in zip(*found, strict=True):
        assert one.shape == other.shape and torch.allclose(one, other, atol=1e-12)


# -- layers with cheap second derivatives ------------------------------------------------------------------


@pytest.mark.parametrize("slope", [0.0, 0.2])
def test_a_rectifier_is_torchs_and_its_slope_depends_on_nothing_before_it(slope):
    x = torch.randn(4, 5, requires_grad=True)
    there = torch.randn(4, 5, requires_grad=True)
    (ours,) = torch.autograd.grad(Rectifier(slope)(x), x, there, create_graph=True)
    (torchs,) = torch.autograd.grad(nn.functional.leaky_relu(x, slope), x, there, create_graph=True)
    assert torch.equal(Rectifier(slope)(x), nn.functional.leaky_relu(x, slope))
    assert torch.equal(ours, torchs)
    back, forth = torch.autograd.grad(ours.square().sum(), (x, there), allow_unused=True)
    assert back is None
    assert torch.equal(forth, torch.autograd.grad(torchs.square().sum(), there)[0])


@pytest.mark.parametrize("bias", [True, False])
def test_a_pointwise_convolution_is_a_convolution_to_the_second_derivative(bias):
    x = torch.randn(4, 3, 6, 5, dtype=torch.float64, requires_grad=True)
    layer = Pointwise(3, 7, bias=bias).double()
    found = []
    for maps in (layer(x), nn.functional.conv2d(x, layer.weight, layer.bias)):
        (slope,) = torch.autograd.grad(maps.square().sum(), x, create_graph=True)
        found.append((maps, slope, *torch.autograd.grad(slope.square().sum(), (x, layer.weight))))
    for ours, torchs in zip(*found, strict=True):
        torch.testing.assert_close(ours, torchs)
    assert layer(torch.randn(4, 3, 6, 5).double().to(memory_format=torch.channels_last)).is_contiguous(
        memory_format=torch.channels_last
    )
