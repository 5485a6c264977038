import pytest
import torch

from gan_studio.data import DataSet, load_data
from gan_studio.errors import StudioError
from gan_studio.training import device as device_module
from gan_studio.training.device import place_samples, resolve_device, resolve_precision
from gan_studio.training.run import Run
from tests.conftest import tiny_config


def test_samples_live_on_the_device_where_they_fit_and_stream_where_not(images, monkeypatch):
    elsewhere = torch.device("meta")  # a device that every machine has, besides the CPU
    assert place_samples(images, elsewhere).device == elsewhere
    monkeypatch.setattr(device_module, "_free_memory", lambda device: 2 * images.samples.nbytes - 1)
    assert place_samples(images, elsewhere) is images.samples
    monkeypatch.setattr(device_module, "_free_memory", lambda device: 2 * images.samples.nbytes)
    assert place_samples(images, elsewhere).device == elsewhere


def test_a_set_that_is_streamed_trains_to_the_same_weights(images, monkeypatch):
    runs = []
    for free in (float("inf"), 0):
        monkeypatch.setattr(device_module, "_free_memory", lambda device, free=free: free)
        run = Run(tiny_config(precision="float32"), images)
        run.step()
        runs.append(run.trainer.state_dict())
    assert all(torch.equal(tensor, runs[1][name]) for name, tensor in runs[0].items())


def test_points_are_scaled_to_order_one():
    data = load_data(tiny_config(dataset="grid25"))
    placed = place_samples(data, torch.device("cpu"))
    assert 0.5 < placed.std() < 2
    torch.testing.assert_close(placed * data.scale, data.samples)


def test_devices_and_precisions_by_name(images: DataSet):
    assert resolve_device("auto").type in ("cuda", "mps", "cpu")
    assert resolve_precision("bfloat16", torch.device("cpu")) == torch.bfloat16
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    for absent in (name for name in there if not there[name]):
        with pytest.raises(StudioError, match=f"device {absent} is not available here"):
            resolve_device(absent)
