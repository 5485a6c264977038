import pytest
import torch

from gan_studio.data import load_data
from gan_studio.lessons.presets import DEFAULT_PRESET, PRESETS, find_preset
from gan_studio.training.run import Run


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_trains_saves_and_resumes_equal(name, tmp_path):
    preset = find_preset(name)
    config = preset.config.model_copy(update={"device": "cpu"})
    data = load_data(config)
    run = Run(config, data)
    for _ in range(3):
        run.step()
    measured = run.measure()
    assert 0 < measured.d_real < 1 and measured.d_gradient > 0 and measured.g_gradient > 0
    run.save(tmp_path / "x.safetensors")
    resumed = Run.load(tmp_path / "x.safetensors", lambda _: data)
    for either in (run, resumed):
        either.step()
    state = resumed.trainer.state_dict()
    assert all(torch.equal(t, state[key]) for key, t in run.trainer.state_dict().items())


def test_the_default_is_there_and_all_are_described():
    assert DEFAULT_PRESET in PRESETS
    assert all(preset.title and preset.description.endswith(".") for preset in PRESETS.values())


def test_the_mlp_is_the_classroom_one():
    config = find_preset("mnist-mlp").config.model_copy(update={"device": "cpu"})
    run = Run(config, load_data(config))
    shapes = [tuple(w.shape) for w in run.trainer.generator.parameters() if w.ndim == 2]
    assert shapes == [(128, 100), (256, 128), (784, 256)]
    z = torch.randn(4, 100)
    assert run.trainer.generator(z).abs().max() <= 1


@pytest.mark.slow
def test_the_default_preset_learns(tmp_path):
    """After 250 steps the averaged samples are as bright as digits are, and differ from each other."""
    config = find_preset(DEFAULT_PRESET).config.model_copy(update={"device": "cpu"})
    run = Run(config, load_data(config))
    for _ in range(250):
        run.step()
    samples = run.trainer.sample(torch.randn(200, 100, generator=torch.Generator().manual_seed(0))).float()
    real = run.data.samples[:200].float()
    assert samples.mean().item() == pytest.approx(real.mean().item(), rel=0.4)
    assert samples.std(0).mean() > 0.5 * real.std(0).mean()
    border = samples[:, :, :2].mean()
    assert border < 12  # the background has become dark
