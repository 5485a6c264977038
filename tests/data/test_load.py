import pytest
import torch

from gan_studio.config import FIELDS, POINT_SETS, make_config
from gan_studio.data import DATASETS, TOYS, data_key, load_data, storage
from gan_studio.data.dataset import no_progress
from gan_studio.data.transform import resize, to_colour, to_grey
from gan_studio.errors import StudioError


def load(**values):
    return load_data(make_config(values))


def test_the_registry_is_what_the_config_offers():
    assert tuple(DATASETS) and set(DATASETS) == set(FIELDS["dataset"].choices)
    assert set(TOYS) | {"points"} == set(POINT_SETS)
    assert all(row.source for row in DATASETS.values())


@pytest.mark.parametrize("name", ["mnist", "emoji", "ring8"])
def test_the_first_samples_are_taken(name):
    some, whole = load(dataset=name, train_size=7), load(dataset=name)
    assert torch.equal(some.samples, whole.samples[:7]) and torch.equal(some.labels, whole.labels[:7])
    test = load_data(make_config({"dataset": name, "train_size": 7}), split="test")
    assert len(test.samples) > 300


@pytest.mark.parametrize(
    ("values", "shape"),
    [
        ({"dataset": "mnist", "picture_size": 32}, (1, 32, 32)),
        ({"dataset": "mnist", "colours": "colour"}, (3, 28, 28)),
        ({"dataset": "emoji", "colours": "grey", "picture_size": 16}, (1, 16, 16)),
        ({"dataset": "emoji", "colours": "colour"}, (3, 32, 32)),
    ],
)
def test_pictures_get_the_size_and_colours_that_are_asked_for(values, shape):
    data = load(**values, train_size=3000)
    assert data.shape == shape and data.samples.dtype == torch.uint8 and len(data.samples) == 3000
    assert not data.is_points


def test_points_have_neither_size_nor_colours():
    assert load(dataset="ring").is_points and load(dataset="ring").shape == (2,)
    with pytest.raises(StudioError, match=r"picture_size, colours: ring has points.*picture_size must be 0 and col"):
        load(dataset="ring", picture_size=16, colours="grey")


def test_resizing_is_antialiased_and_rounds_to_bytes(tmp_path):
    rng = torch.Generator().manual_seed(0)
    pictures = torch.randint(0, 256, (5, 3, 24, 24), dtype=torch.uint8, generator=rng)
    half = resize(pictures, 12, tmp_path, no_progress)
    exact = torch.nn.functional.interpolate(pictures.float(), (12, 12), mode="bilinear", antialias=True)
    assert (half - exact).abs().max() <= 1.0
    flat = resize(torch.full((1, 1, 28, 28), 77, dtype=torch.uint8), 64, tmp_path, no_progress)
    assert flat.shape == (1, 1, 64, 64) and bool((flat == 77).all())


def test_grey_is_luma_and_colour_repeats():
    red_green_blue = torch.eye(3, dtype=torch.uint8).mul(255)[:, :, None, None]
    grey = to_grey(red_green_blue, None)
    assert grey.flatten().tolist() == [76, 150, 29]  # 0.299, 0.587 and 0.114 of 255
    assert torch.equal(to_colour(grey)[:, 2:], grey) and to_grey(grey, None) is grey


def test_large_results_live_in_a_file_that_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(storage, "MOST_IN_MEMORY", 1000)
    config = make_config({"dataset": "mnist", "picture_size": 16, "train_size": 50})
    in_file = load_data(config, tmp_path / "data").samples
    monkeypatch.undo()
    assert torch.equal(in_file, load_data(config).samples)
    assert list((tmp_path / "data").iterdir()) == []


def test_a_full_disk_is_told_beforehand(tmp_path):
    with pytest.raises(StudioError, match=r"need 9.*GiB, .* are free"):
        storage.new_bytes((10**10, 1000), tmp_path)


def test_the_key_holds_what_the_data_depends_on():
    key = data_key(make_config({"dataset": "mnist", "source": "unused"}))
    assert key == data_key(make_config({"dataset": "mnist", "seed": 5}))
    others = [{"dataset": "emoji"}, {"train_size": 5}, {"picture_size": 32}, {"colours": "grey"}]
    assert len({key, *(data_key(make_config(values)) for values in others)}) == 5
    drawn = [data_key(make_config({"dataset": "points", "source": source})) for source in "ab"]
    assert drawn[0] != drawn[1]
