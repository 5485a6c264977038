"""Every network over every shape it serves, plain and conditional."""

import copy
from functools import cache

import pytest
import torch
from torch.nn.utils.parametrize import is_parametrized

from gan_studio.config import FIELDS
from gan_studio.errors import StudioError
from gan_studio.networks import NETWORKS, Verdict, build_generator, build_networks
from tests.conftest import tiny_config

PICTURES = [(1, 28, 28), (3, 28, 28), (3, 32, 32), (3, 64, 64)]
SERVED = [(name, shape) for name in NETWORKS for shape in PICTURES] + [("mlp", (2,))]
SMALL = [(name, (1, 28, 28)) for name in NETWORKS] + [("mlp", (2,))]
CLASSES = 3
BATCH = 4
WITH_BATCH_NORM = [name for name in NETWORKS if name != "modern"]


def build(name, shape=(1, 28, 28), seed=0, classes=CLASSES, **values):
    config = tiny_config(name, **values)
    return build_networks(config, shape, classes, torch.Generator().manual_seed(seed))


@cache
def built(name, shape):
    return build(name, shape)


def fresh(name, shape):
    return copy.deepcopy(built(name, shape))


def labels(count=BATCH):
    return torch.arange(count) % CLASSES


def play(generator, discriminator):
    """One pass through both networks, with labels if they take any: samples and verdict."""
    samples = generator(torch.randn(BATCH, 8), labels())
    return samples, discriminator(samples, labels())


def assert_learns(*networks):
    """Every parameter has a finite gradient, and each network some that is not zero."""
    for network in networks:
        for name, parameter in network.named_parameters():
            assert parameter.grad is not None and parameter.grad.isfinite().all(), name
        assert any(parameter.grad.any() for parameter in network.parameters())


def total(verdict: Verdict) -> torch.Tensor:
    return sum(part.float().sum() for part in verdict if part is not None)


def test_the_settings_and_the_registry_name_the_same_networks():
    assert set(FIELDS["network"].choices) == set(NETWORKS)


@pytest.mark.parametrize(("name", "shape"), SERVED)
def test_shapes_ranges_and_gradients(name, shape):
    generator, discriminator = fresh(name, shape)
    samples, verdict = play(generator, discriminator)
    assert samples.shape == (BATCH, *shape) and (len(shape) == 1 or samples.abs().max() <= 1)
    assert verdict.scores.shape == (BATCH,) and verdict.features.shape[0] == BATCH and verdict.classes is None
    assert verdict.features.shape[1] == discriminator.head.in_features
    verdict.scores.sum().backward()
    assert_learns(generator, discriminator)


@pytest.mark.parametrize(("name", "shape"), SERVED)
def test_bfloat16_and_channels_last(name, shape):
    generator, discriminator = (network.to(memory_format=torch.channels_last) for network in fresh(name, shape))
    with torch.autocast("cpu", torch.bfloat16):
        samples, verdict = play(generator, discriminator)
    assert samples.dtype == verdict.features.dtype == torch.bfloat16
    verdict.scores.float().sum().backward()
    assert_learns(generator, discriminator)
    assert {p.dtype for p in discriminator.parameters()} == {torch.float32}


@pytest.mark.parametrize("bfloat16", [False, True])
@pytest.mark.parametrize(("name", "shape"), SERVED)
def test_the_slope_of_the_discriminator_can_be_learned(name, shape, bfloat16):
    """The gradient of a gradient penalty is finite and reaches all weights of the discriminator."""
    _, discriminator = fresh(name, shape)
    samples = torch.randn(BATCH, *shape, requires_grad=True)
    with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
        scores = discriminator(samples).scores
    (slope,) = torch.autograd.grad(scores.float().sum(), samples, create_graph=True)
    slope.square().sum().backward()
    assert all(p.grad.isfinite().all() for p in discriminator.parameters() if p.grad is not None)
    assert discriminator.head.weight.grad.any()


@pytest.mark.parametrize("bfloat16", [False, True])
@pytest.mark.parametrize(("name", "shape"), SMALL)
def test_everything_at_once_is_twice_differentiable(name, shape, bfloat16):
    _, discriminator = build(
        name, shape, spectral_norm=True, minibatch_std=True, discriminator_conditioning="projection"
    )
    discriminator.dropout = 0.2
    samples = torch.zeros(BATCH, *shape, requires_grad=True)  # a batch without any spread
    with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
        scores = discriminator(samples, labels()).scores
    (slope,) = torch.autograd.grad(scores.float().sum(), samples, create_graph=True)
    (scores.float().sum() + slope.square().sum()).backward()
    assert_learns(discriminator)


@pytest.mark.parametrize("condition", ["embedding", "batch_norm"])
@pytest.mark.parametrize(("name", "shape"), SMALL)
def test_a_conditional_generator_learns_from_the_class(name, shape, condition):
    if name == "modern" and condition == "batch_norm":
        pytest.skip("modern has no batch normalisation")
    generator, _ = build(name, shape, generator_conditioning=condition)
    with torch.autocast("cpu", torch.bfloat16):
        samples = generator(torch.randn(BATCH, 8), labels())
    assert samples.shape == (BATCH, *shape)
    samples.float().square().sum().backward()
    tables = [m for m in generator.modules() if isinstance(m, torch.nn.Embedding)]
    assert tables and all(t.weight.grad.isfinite().all() and t.weight.grad.any() for t in tables)
    with pytest.raises(StudioError, match="needs the class"):
        generator(torch.randn(BATCH, 8))


@pytest.mark.parametrize("condition", ["embedding", "projection", "auxiliary"])
@pytest.mark.parametrize(("name", "shape"), SMALL)
def test_a_conditional_discriminator_learns_from_the_class(name, shape, condition):
    _, discriminator = build(name, shape, discriminator_conditioning=condition, spectral_norm=True)
    with torch.autocast("cpu", torch.bfloat16):
        verdict = discriminator(torch.randn(BATCH, *shape), labels())
    assert verdict.scores.shape == (BATCH,)
    assert (verdict.classes is None) == (condition != "auxiliary")
    total(verdict).backward()
    assert_learns(discriminator)


@pytest.mark.parametrize("norm", ["batch", "none"])
@pytest.mark.parametrize("name", NETWORKS)
def test_batch_norm_is_where_the_settings_want_it(name, norm):
    networks = build(name, generator_norm=norm, discriminator_norm=norm)
    found = [
        any(isinstance(m, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d) for m in network.modules())
        for network in networks
    ]
    wanted = norm == "batch"
    assert found == [wanted and name != "modern", wanted and name in ("dcgan", "mlp")]
    _, verdict = play(*networks)
    verdict.scores.sum().backward()
    assert_learns(*networks)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("other", ["mlp", "residual"])
def test_the_discriminator_may_be_of_another_architecture(network, other):
    generator, discriminator = build(network, discriminator_network=other)
    wanted = build(other)[1]
    assert [p.shape for p in discriminator.parameters()] == [p.shape for p in wanted.parameters()]
    play(generator, discriminator)[1].scores.sum().backward()
    assert_learns(generator, discriminator)


@pytest.mark.parametrize(("name", "shape"), SMALL)
def test_packed_samples_are_judged_together(name, shape):
    _, discriminator = build(name, shape, pack=2)
    packed = torch.randn(BATCH, 2 * shape[0], *shape[1:])
    assert discriminator(packed).scores.shape == (BATCH,)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_first_layer_is_linear_in_the_latent(name):
    generator, _ = build(name)
    assert isinstance(generator.first, torch.nn.Linear) and generator.first.in_features == 8
    conditional, _ = build(name, generator_conditioning="embedding")
    assert conditional.first.in_features == 8 + 32
    z, zero = torch.randn(1, 8), torch.zeros(1, 8)
    seen = []
    conditional.first.register_forward_hook(lambda layer, inputs, output: seen.append(output))
    for latent in (z, zero):
        conditional.eval()(latent, torch.zeros(1, dtype=torch.int64))
    assert torch.allclose(seen[0] - seen[1], z @ conditional.first.weight[:, :8].T, atol=1e-5)


EVERYTHING = {"generator_conditioning": "embedding", "spectral_norm": True, "minibatch_std": True}


@pytest.mark.parametrize("condition", ["embedding", "projection", "auxiliary"])
@pytest.mark.parametrize("name", NETWORKS)
def test_the_seed_decides_the_weights_and_nothing_else_does(name, condition):
    values = {**EVERYTHING, "discriminator_conditioning": condition}
    torch.manual_seed(1)
    first = build(name, **values)
    torch.manual_seed(2)
    second, other = build(name, **values), build(name, seed=1, **values)
    for a, b, c in zip(first, second, other, strict=True):
        assert a.state_dict().keys() == b.state_dict().keys()
        assert all(torch.equal(x, y) for x, y in zip(a.state_dict().values(), b.state_dict().values(), strict=True))
        assert any(not torch.equal(x, y) for x, y in zip(a.parameters(), c.parameters(), strict=True))
    for _ in range(2):  # and so it goes on in training
        a, b = (discriminator(torch.ones(2, 1, 28, 28), labels(2)).scores for _, discriminator in (first, second))
        assert torch.equal(a, b)


def test_a_generator_takes_over_another_ones_weights():
    config = tiny_config("residual", generator_conditioning="batch_norm")
    trained, _ = build("residual", generator_conditioning="batch_norm")
    shown = build_generator(config, (1, 28, 28), CLASSES).eval()
    shown.load_state_dict(trained.state_dict(), assign=True)
    z = torch.randn(BATCH, 8)
    assert torch.equal(shown(z, labels()), trained.eval()(z, labels()))


@pytest.mark.parametrize("how", ["embedding", "batch_norm"])
def test_a_latent_that_chooses_its_class_is_drawn_as_of_that_class(how):
    values = {"generator_conditioning": how, "generator_norm": "batch"}
    chooser = build("dcgan", classes_from_latent=True, **values)[0].eval()
    told = build("dcgan", **values)[0].eval()
    for table in (layer for layer in told.modules() if isinstance(layer, torch.nn.Embedding)):
        torch.nn.init.normal_(table.weight, generator=torch.Generator().manual_seed(1))  # as if it had been trained
    chooser.load_state_dict(told.state_dict(), strict=False)
    z = torch.randn(6, 8)
    z[:, :CLASSES] = 4.0 * torch.eye(CLASSES).repeat(2, 1)  # quite decided: 0, 1, 2, 0, 1, 2
    assert chooser.votes.winners(z).tolist() == labels(6).tolist()
    assert not chooser.conditional and torch.allclose(chooser(z), told(z, labels(6)), atol=1e-5)
    assert torch.equal(chooser(z, labels(6).flip(0)), chooser(z))  # no label changes its mind
    undecided = z.clone()
    undecided[:, :CLASSES] = 1.0
    even = torch.full((6, CLASSES), 1 / CLASSES)
    assert torch.allclose(chooser(undecided), told(undecided, even), atol=1e-5)


def test_the_sigmoid_covers_the_range_of_pixels():
    generator, _ = build("mlp", output="sigmoid")
    bound = generator.rest[-1]
    assert torch.equal(bound(torch.tensor([-100.0, 0.0, 100.0])), torch.tensor([-1.0, 0.0, 1.0]))


def test_points_are_not_bounded():
    generator, _ = build("mlp", (2,))
    assert isinstance(generator.rest[-1], torch.nn.Linear)


@pytest.mark.parametrize("name", [name for name in NETWORKS if name != "mlp"])
def test_points_are_for_mlp_only(name):
    with pytest.raises(StudioError, match=f"{name} .*needs pictures, not points"):
        NETWORKS[name].check((2,))
    for values in ({"network": name}, {"network": "mlp", "discriminator_network": name}):
        with pytest.raises(StudioError, match=f"{name} .*needs pictures, not points"):
            build_networks(tiny_config(**values), (2,), 0, torch.Generator())


@pytest.mark.parametrize(
    ("name", "shape", "words"),
    [
        ("dcgan", (1, 30, 28), "dcgan .*needs pictures whose sides are divisible by 4, not 30 x 28"),
        ("dcgan", (1, 56, 56), "divisible by 16, not 56 x 56"),
        ("dense_conv", (1, 30, 30), "dense_conv .*needs pictures whose sides are divisible by 4, not 30 x 30"),
        ("residual", (1, 36, 36), "residual .*needs pictures whose sides are divisible by 8, not 36 x 36"),
        ("modern", (1, 50, 50), "modern .*needs pictures whose sides are divisible by 16, not 50 x 50"),
    ],
)
def test_sizes_that_cannot_be_halved_are_refused(name, shape, words):
    with pytest.raises(StudioError, match=words):
        build(name, shape)


@pytest.mark.parametrize(
    ("values", "classes", "words"),
    [
        ({"generator_conditioning": "embedding"}, 0, "generator_conditioning embedding needs a data set with classes"),
        (
            {"discriminator_conditioning": "projection"},
            0,
            "discriminator_conditioning projection needs a data set with classes",
        ),
        (
            {"generator_conditioning": "batch_norm", "generator_norm": "none"},
            3,
            "generator_conditioning batch_norm .* generator_norm none has none",
        ),
        (
            {"generator_conditioning": "batch_norm", "network": "modern"},
            3,
            "generator_conditioning batch_norm .* network modern",
        ),
        ({"discriminator_conditioning": "auxiliary", "pack": 2}, 3, "needs pack 1, not 2"),
        (
            {"generator_conditioning": "embedding", "classes_from_latent": True},
            10,
            "each of 10 classes: latent_size = 8 is too small",
        ),
    ],
)
def test_conditions_that_cannot_be_met_are_refused(values, classes, words):
    with pytest.raises(StudioError, match=words):
        build_networks(tiny_config(**{"network": "dcgan", **values}), (1, 28, 28), classes, torch.Generator())


def test_the_default_dcgan_starts_at_the_papers_scale():
    generator, discriminator = build("dcgan", channels=48)
    layers = [*generator.modules(), *discriminator.modules()]
    weights = [m.weight for m in layers if isinstance(m, torch.nn.Linear | torch.nn.Conv2d | torch.nn.ConvTranspose2d)]
    assert len(weights) == 6
    large = [weight for weight in weights if weight.numel() > 4000]
    assert len(large) == 4
    assert all(weight.std().item() == pytest.approx(0.02, rel=0.05) for weight in large)


@pytest.mark.parametrize("name", ["mlp", "dense_conv", "residual", "modern"])
def test_a_fresh_generator_neither_vanishes_nor_saturates(name):
    generator, discriminator = build(name, channels=16, latent_size=64, hidden=(128, 256), generator_norm="none")
    with torch.no_grad():
        samples = generator(torch.randn(32, 64))
        scores = discriminator(samples).scores
    assert 0.05 < samples.std() < 0.95
    assert 1e-3 < scores.std() < 100


def test_modern_blocks_start_as_the_identity():
    _, discriminator = build("modern")
    block = discriminator.layers[1]
    x = torch.randn(2, block.block[0].in_channels, 4, 4)
    assert torch.equal(block(x), x)


def test_every_weight_is_under_spectral_norm():
    for name in NETWORKS:
        _, discriminator = build(name, spectral_norm=True, discriminator_conditioning="projection")
        kinds = torch.nn.Linear | torch.nn.Conv2d | torch.nn.Embedding
        assert all(is_parametrized(m, "weight") for m in discriminator.modules() if isinstance(m, kinds))
