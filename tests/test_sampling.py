import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from gan_studio.sampling import sample_images
from gan_studio.training.checkpoint import CheckpointError


@pytest.mark.parametrize("change", [lambda t: t.flatten(), lambda t: t.half(), lambda t: t[:1]])
def test_a_damaged_generator_is_refused_by_name(make_run, tmp_path, change):
    run, path = make_run(), tmp_path / "x.safetensors"
    run.step()
    run.save(path)
    tensors, meta = load_file(path), metadata(path)
    tensors["average.first.weight"] = change(tensors["average.first.weight"]).clone()
    save_file(tensors, path, meta)
    with pytest.raises(CheckpointError, match="first.weight"):
        sample_images(path, 4, 0)


def test_the_first_samples_do_not_depend_on_the_count(make_run, tmp_path):
    run, path = make_run(), tmp_path / "x.safetensors"
    run.step()
    run.save(path)
    few, many = (torch.from_numpy(sample_images(path, count, 3)) for count in (3, 600))
    assert few.shape == (3, 28, 28, 1) and torch.equal(few, many[:3])


def metadata(path):
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        return json.loads(file.read(size))["__metadata__"]
