import copy

import pytest
import torch

from gan_studio.config import ConfigError
from gan_studio.data.pixels import to_bytes, to_unit_range
from gan_studio.errors import StudioError
from gan_studio.training.device import resolve_device, resolve_precision
from gan_studio.training.ema import Average
from gan_studio.training.trainer import Trainer
from tests.conftest import NETWORKS, tiny_config


def equal_states(a, b):
    assert a.keys() == b.keys()
    return [name for name in a if not torch.equal(a[name], b[name])]


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_resumed_trainer_goes_on_bit_for_bit(images, network, precision):
    config = tiny_config(network, precision=precision, batch_size=24, discriminator_steps=2, label_smoothing=0.1)
    straight, first = Trainer(config, images), Trainer(config, images)
    for _ in range(10):
        straight.step()
    for _ in range(5):
        first.step()
    second = Trainer(config, images)
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    for _ in range(5):
        second.step()
    assert equal_states(straight.state_dict(), second.state_dict()) == []
    assert straight.measure() == second.measure()


@pytest.mark.parametrize("network", NETWORKS)
def test_the_seed_decides_everything_and_other_randomness_nothing(images, network):
    trainers = [Trainer(tiny_config(network, seed=seed), images) for seed in (1, 1, 2)]
    for trainer in trainers:
        for _ in range(3):
            torch.randn(7)  # somebody else uses the global generator
            trainer.step()
    assert equal_states(trainers[0].state_dict(), trainers[1].state_dict()) == []
    assert equal_states(trainers[0].state_dict(), trainers[2].state_dict())


def test_optimiser_state_has_the_parameters_memory_layout_after_loading(images):
    trainer = Trainer(tiny_config("dcgan"), images)
    trainer.step()
    state = {name: t.contiguous() for name, t in trainer.state_dict().items()}
    trainer.load_state_dict(state)
    for parameter, entry in trainer.g_optimizer.state.items():
        assert entry["exp_avg"].stride() == parameter.stride()


@pytest.mark.parametrize("network", NETWORKS)
def test_pictures_of_one_channel_stay_in_one_memory_layout(images, network):
    """A layer that answers in the other one would make all later ones convert."""
    trainer, wrong = Trainer(tiny_config(network), images), []

    def look(layer, _, output):
        if output.ndim == 4 and not output.is_contiguous(memory_format=torch.channels_last):
            wrong.append(layer)

    for player in (trainer.generator, trainer.discriminator):
        for layer in player.modules():
            if isinstance(layer, torch.nn.Conv2d | torch.nn.ConvTranspose2d):
                layer.register_forward_hook(look)
    trainer.step()
    assert not wrong


def test_one_step_matches_a_plain_adam_update(images):
    config = tiny_config(precision="float32", batch_size=100)
    trainer, plain = Trainer(config, images), Trainer(config, images)
    z = torch.randn(100, 8, generator=torch.Generator().manual_seed(config.seed + 1))
    real = to_unit_range(images.samples)
    d_adam = torch.optim.Adam(plain.discriminator.parameters(), 5e-4, (0.5, 0.999))
    g_adam = torch.optim.Adam(plain.generator.parameters(), 5e-4, (0.5, 0.999))
    bce = torch.nn.functional.binary_cross_entropy_with_logits
    fake = plain.generator(z)
    judge = lambda samples: plain.discriminator(samples).scores  # noqa: E731
    d_loss = bce(judge(real), torch.ones(100)) + bce(judge(fake.detach()), torch.zeros(100))
    d_loss.backward()
    d_adam.step()
    g_loss = bce(judge(fake), torch.ones(100))
    plain.generator.zero_grad()
    g_loss.backward()
    g_adam.step()
    trainer.step()
    for mine, theirs in ((trainer.generator, plain.generator), (trainer.discriminator, plain.discriminator)):
        for a, b in zip(mine.parameters(), theirs.parameters(), strict=True):
            torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)
    measured = trainer.measure()
    assert measured["d_loss"] == pytest.approx(d_loss.item(), rel=1e-4)
    assert measured["g_loss"] == pytest.approx(g_loss.item(), rel=1e-4)
    norm = torch.linalg.vector_norm(torch.cat([p.grad.flatten() for p in plain.generator.parameters()])).item()
    assert measured["g_gradient"] == pytest.approx(norm, rel=1e-4)


def test_an_edit_takes_effect_and_keeps_the_optimisers_state(images):
    trainer = Trainer(tiny_config(), images)
    trainer.step()
    before = {name: t.clone() for name, t in trainer.state_dict().items()}
    trainer.edit({"generator_lr": 0.0, "discriminator_beta1": 0.9, "batch_size": 16})
    assert equal_states(before, trainer.state_dict()) == []
    assert trainer.d_optimizer.param_groups[0]["betas"] == (0.9, 0.999)
    weights = [p.clone() for p in trainer.generator.parameters()]
    trainer.step()
    assert all(torch.equal(a, b) for a, b in zip(weights, trainer.generator.parameters(), strict=True))
    assert trainer.sampler.position == 8 + 16


def test_a_refused_edit_changes_nothing(images):
    trainer = Trainer(tiny_config(), images)
    with pytest.raises(ConfigError):
        trainer.edit({"generator_lr": 0.1, "batch_size": 0})
    assert trainer.config == tiny_config() and trainer.g_optimizer.param_groups[0]["lr"] == 5e-4


def test_discriminator_steps_draw_that_many_batches(images):
    trainer = Trainer(tiny_config(discriminator_steps=3), images)
    trainer.step()
    assert trainer.sampler.position == 3 * 8
    assert trainer.d_optimizer.state_dict()["state"][0]["step"] == 3
    assert trainer.g_optimizer.state_dict()["state"][0]["step"] == 1


def test_the_average_follows_parameters_and_buffers():
    source = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.BatchNorm1d(2))
    average = Average(source)
    start = average.network[0].weight.clone()
    with torch.no_grad():
        source[0].weight += 1
        source[1].running_mean += 1
        source[1].num_batches_tracked += 5
    average.update(decay=0.75, step=1000)
    torch.testing.assert_close(average.network[0].weight, start + 0.25)
    torch.testing.assert_close(average.network[1].running_mean, torch.full((2,), 0.25))
    assert average.network[1].num_batches_tracked == 5
    average.update(decay=0.999, step=1)  # warm-up: (1 + 1) / (10 + 1)
    torch.testing.assert_close(average.network[1].running_mean, torch.full((2,), 0.25 + 0.75 * 9 / 11))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda s: s.pop("generator.first.weight"), "'generator.first.weight' is missing"),
        (lambda s: s["progress"].__setitem__(2, 100), "data position 100"),
        (
            lambda s: s.update({"generator.first.weight": torch.zeros(3)}),
            r"has shape and type \(3,\) .*, not \(16, 8\)",
        ),
    ],
)
def test_a_state_that_does_not_fit_is_refused_by_name(images, change, complaint):
    trainer = Trainer(tiny_config(), images)
    trainer.step()
    state = trainer.state_dict()
    change(state)
    with pytest.raises(StudioError, match=complaint):
        trainer.load_state_dict(state)


def test_pixels_survive_the_way_to_the_network_and_back():
    pixels = torch.arange(256, dtype=torch.uint8)
    assert torch.equal(to_bytes(to_unit_range(pixels)), pixels)
    assert to_bytes(torch.tensor([-3.0, 3.0])).tolist() == [0, 255]


def test_auto_finds_a_device_and_a_precision(monkeypatch):
    assert resolve_device("auto").type in ("cuda", "mps", "cpu")
    cpu = torch.device("cpu")
    xeon = {"cpu_name": "Intel Xeon", "avx512_bf16": True}
    for fast in ({"cpu_name": "AMD EPYC", "avx512_bf16": True}, xeon | {"amx_tile": True}):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda fast=fast: fast)
        assert resolve_precision("auto", cpu) == torch.bfloat16
        assert resolve_precision("auto", cpu, points=True) == torch.float32
    for slow in (xeon, {}):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda slow=slow: slow)
        assert resolve_precision("auto", cpu) == torch.float32
    assert resolve_precision("bfloat16", cpu) == torch.bfloat16
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(StudioError, match="device cuda is not available here"):
        resolve_device("cuda")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_step_does_not_wait_for_the_gpu(images):
    trainer = Trainer(tiny_config("dcgan", device="cuda"), images)
    trainer.step()
    torch.cuda.set_sync_debug_mode("error")
    try:
        trainer.step()
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert trainer.step_count == 2  # a wait would have raised in the second step
