import pytest
import torch
from safetensors.torch import load_file

from gan_studio.data import load_data
from gan_studio.lessons.presets import DEFAULT_PRESET, PRESETS, find_preset
from gan_studio.training.run import Run
from tests.processes import NewProcess


def resume_for_two_steps(folder, threads):
    """Train every checkpoint in a folder two steps more, with as many threads as those were trained with."""
    torch.set_num_threads(threads)
    for path in folder.glob("*.safetensors"):
        run = Run.load(path, load_data)
        for _ in range(2):
            run.step()
        run.save(path.with_suffix(".resumed"))


@pytest.fixture(scope="module")
def resumed(tmp_path_factory):
    """Every preset trained 3 steps, edited, saved, and trained 2 more in a new process; here too: name -> state."""
    folder, states = tmp_path_factory.mktemp("resumed"), {}
    for name in PRESETS:
        config = find_preset(name).config.model_copy(update={"device": "cpu"})
        run = Run(config, load_data(config))
        for _ in range(3):
            run.step()
        measured = run.measure()
        assert 0 <= measured.d_real <= 1 and measured.d_gradient > 0 and measured.g_gradient > 0
        run.edit({"generator_lr": config.generator_lr / 2})
        run.save(folder / f"{name}.safetensors")
        for _ in range(2):
            run.step()
        states[name] = run.trainer.state_dict()
    assert NewProcess(resume_for_two_steps, folder, torch.get_num_threads()).wait(200) == 0
    return folder, states


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_resumes_in_a_new_process_to_the_last_bit(name, resumed):
    folder, states = resumed
    state = load_file(folder / f"{name}.resumed")
    assert state.keys() == states[name].keys()
    assert [key for key, tensor in states[name].items() if not torch.equal(tensor, state[key])] == []


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
    z = torch.randn(200, config.latent_size, generator=torch.Generator().manual_seed(0))
    samples = run.trainer.sample(z).float()
    real = run.data.samples[:200].float()
    assert samples.mean().item() == pytest.approx(real.mean().item(), rel=0.4)
    assert samples.std(0).mean() > 0.5 * real.std(0).mean()
    border = samples[:, :, :2].mean()
    assert border < 12  # the background has become dark
