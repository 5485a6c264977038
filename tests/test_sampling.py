import json

import pytest
import torch
from safetensors.torch import load_file

from gan_studio import sampling
from gan_studio.latent.source import Source
from gan_studio.lessons.presets import PRESETS
from gan_studio.networks import build_networks
from gan_studio.sampling import draw_samples, sample_images
from gan_studio.space import Space
from gan_studio.training.checkpoint import CheckpointError
from tests.conftest import rewrite, tiny_config


@pytest.mark.parametrize("change", [lambda t: t.flatten(), lambda t: t.half(), lambda t: t[:1]])
def test_a_damaged_generator_is_refused_by_name(make_run, tmp_path, change):
    run, path = make_run(), tmp_path / "x.safetensors"
    run.step()
    run.save(path)
    tensors = load_file(path)
    tensors["average.first.weight"] = change(tensors["average.first.weight"]).clone()
    rewrite(path, tensors)
    with pytest.raises(CheckpointError, match="first.weight"):
        sample_images(path, 4, 0)


def test_the_first_samples_do_not_depend_on_the_count(make_run, tmp_path):
    run, path = make_run(), tmp_path / "x.safetensors"
    run.step()
    run.save(path)
    few, many = (torch.from_numpy(sample_images(path, count, 3)) for count in (3, 600))
    assert few.shape == (3, 28, 28, 1) and torch.equal(few, many[:3])


class Watched(Source):
    """A generator that notes how many latents go through its network at once."""

    def draw(self, z, labels=None):
        self.parts = [*getattr(self, "parts", []), len(z)]
        return super().draw(z, labels)


def watched(side, **values):
    config = tiny_config(**values)
    space = Space((3, side, side), tuple("0123456789"))
    network, _ = build_networks(config, space.shape, 10, torch.Generator().manual_seed(0))
    return Watched(config, space, network.state_dict(), 0)


def test_large_pictures_are_drawn_in_smaller_parts_with_the_same_latents_and_classes(monkeypatch):
    source = watched(16, network="dcgan", generator_conditioning="embedding")
    whole = draw_samples(source, 520, 3)
    assert source.parts == [500, 500]
    monkeypatch.setattr(sampling, "_AT_ONCE", 16 * 16 * 4 * 64)
    source.parts = []
    parts = draw_samples(source, 520, 3)
    assert source.parts == [64] * 7 + [52] + [64]
    assert (parts.int() - whole.int()).abs().max() <= 1  # only rounding differs
    assert torch.equal(draw_samples(source, 100, 3), parts[:100])


def test_the_largest_pictures_go_through_the_network_a_few_at_a_time():
    source = watched(128, network="mlp", channels=64)
    draw_samples(source, 60, 0)
    assert source.parts == [19, 19, 19, 19]


@pytest.mark.parametrize("name", ["mnist-dcgan", "mnist-mlp", "emoji"])
def test_the_bundled_presets_are_drawn_by_500(name):
    config = PRESETS[name].config
    side = 32 if name == "emoji" else 28
    assert sampling._AT_ONCE // (side * side * config.channels) >= 500


def metadata(path):
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        return json.loads(file.read(size))["__metadata__"]


def test_a_class_is_drawn_of_latents_that_choose_theirs():
    told = {"generator_conditioning": "embedding", "classes_from_latent": True}
    config = tiny_config("dcgan", **told)
    network, _ = build_networks(config, (1, 28, 28), 3, torch.Generator().manual_seed(0))
    source = Source(config, Space((1, 28, 28), ("a", "b", "c")), network.state_dict(), 1)
    asked = []
    source.draw = lambda z, labels=None: asked.append(z) or torch.zeros(len(z), 1, 28, 28, dtype=torch.uint8)
    draw_samples(source, 500, 0, 2)
    assert (torch.cat(asked)[:, :3].argmax(1) == 2).all()
    plain = torch.randn(500, 8, generator=torch.Generator().manual_seed(0))
    assert torch.equal(torch.cat(asked).sort(1).values, plain.sort(1).values)  # the same numbers in other places
