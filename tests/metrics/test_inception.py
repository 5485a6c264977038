"""Inception-v3 as extractor: random weights stand in for torchvision's, whose file is not bundled."""

import json
import math

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from gan_studio.cli import main
from gan_studio.data import DataSet
from gan_studio.errors import StudioError
from gan_studio.metrics import inception as module
from gan_studio.metrics.extractor import Seen
from gan_studio.metrics.inception import KEPT, build_network, fit, load_inception
from gan_studio.metrics.reference import PictureReference
from gan_studio.metrics.registry import METRICS, PicturePair, metrics_for
from gan_studio.training.run import Run
from tests.conftest import tiny_config

NAMES = metrics_for("inception")


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A file of weights that let signals through, as trained ones do."""
    torch.manual_seed(0)
    network = build_network()
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu")
    path = tmp_path_factory.mktemp("inception") / "random.safetensors"
    save_file(network.state_dict(), path)
    return path


@pytest.fixture(scope="module")
def inception(weights):
    return load_inception(weights, weights.parent)


def pictures(count, channels=3, side=32, seed=0):
    rng = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, channels, side, side), generator=rng, dtype=torch.uint8)


def test_features_and_logits_are_those_of_torchvision_with_its_own_normalisation(inception, weights):
    from torchvision.models import Inception_V3_Weights, inception_v3
    from torchvision.transforms.v2.functional import normalize

    network = inception_v3(weights=None, aux_logits=False, init_weights=False, transform_input=True).eval()
    network.load_state_dict(load_file(weights))
    published = Inception_V3_Weights.IMAGENET1K_V1.transforms()
    images = pictures(2, side=299)
    expected = network(normalize(images / 255, published.mean, published.std))
    found = inception.look(images)
    assert found.features.shape == (2, 2048) and found.logits.shape == (2, 1000)
    torch.testing.assert_close(found.logits, expected, rtol=1e-3, atol=1e-3 * expected.abs().max().item())


def test_pictures_are_resized_as_the_transforms_do_and_grey_is_repeated():
    from torchvision.transforms.v2.functional import InterpolationMode, resize

    images = pictures(3)
    expected = resize(images / 255, [299, 299], InterpolationMode.BILINEAR, antialias=True) * 2 - 1
    torch.testing.assert_close(fit(images), expected, rtol=0, atol=1e-5)
    large = pictures(1, side=400)
    expected = resize(large / 255, [299, 299], InterpolationMode.BILINEAR, antialias=True) * 2 - 1
    torch.testing.assert_close(fit(large), expected, rtol=0, atol=1e-5)
    grey = fit(pictures(2, channels=1, side=28))
    assert grey.shape == (2, 3, 299, 299) and torch.equal(grey[:, 0], grey[:, 2])


def test_features_do_not_depend_on_the_batch(inception, monkeypatch):
    whole = inception.look(pictures(5))
    monkeypatch.setattr(module, "_BATCH", 2)
    parts = inception.look(pictures(5))
    for one, other in ((whole.features, parts.features), (whole.logits, parts.logits)):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4 * one.abs().max().item())
    assert whole.features.std(0).mean() > 1e-3 * whole.features.mean()  # other pictures have other features


def test_the_name_says_whose_weights_they_are(inception, weights, tmp_path):
    assert "torchvision's Inception-v3 with the weights of random.safetensors" in inception.name
    assert "not the TensorFlow port" in inception.name and inception.fingerprint[:8] in inception.name
    (tmp_path / KEPT).symlink_to(weights)
    published = load_inception(None, tmp_path)
    assert "torchvision's Inception-v3 with its IMAGENET1K_V1 weights" in published.name
    assert published.fingerprint == inception.fingerprint


def test_downloaded_weights_are_kept_as_safetensors(weights, tmp_path, monkeypatch, capsys):
    asked = []

    def download(url, **options):
        asked.append((url, options))
        print("Downloading")
        state = {name: t for name, t in load_file(weights).items() if "num_batches" not in name}  # as older files are
        return {**state, "AuxLogits.fc.weight": torch.zeros(1000, 768)}

    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", download)
    first = load_inception(None, tmp_path)
    assert load_inception(None, tmp_path).fingerprint == first.fingerprint and len(asked) == 1
    assert not any(name.startswith("AuxLogits") for name in load_file(tmp_path / KEPT))
    assert asked[0][1] == {"progress": True, "check_hash": True, "weights_only": True}
    assert capsys.readouterr().out == ""  # standard output is for the numbers


def test_offline_it_is_said_what_to_do(tmp_path, monkeypatch):
    def no_connection(*_, **__):
        raise OSError("no route to host\nand more")

    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", no_connection)
    with pytest.raises(StudioError, match="could not be had from https.*no route to host.\\. Connect to.*--inception"):
        load_inception(None, tmp_path)
    assert not list(tmp_path.iterdir())


def test_what_is_no_such_file_of_weights_is_refused(weights, tmp_path):
    with pytest.raises(StudioError, match="gone.safetensors: there is no such file; leave --inception out"):
        load_inception(tmp_path / "gone.safetensors", tmp_path)
    torch.save({"fc.weight": torch.zeros(2)}, tmp_path / "weights.pth")
    with pytest.raises(StudioError, match="pickle can run code.*never read here.*converted from .*inception_v3_google"):
        load_inception(tmp_path / "weights.pth", tmp_path)
    state = load_file(weights)
    save_file({**state, "fc.weight": torch.zeros(10, 2048)}, tmp_path / "other.safetensors")
    with pytest.raises(StudioError, match="1 of .* missing or of another shape, such as fc.weight"):
        load_inception(tmp_path / "other.safetensors", tmp_path)


class Projection:
    """A quick extractor of as many features: random projections."""

    name, fingerprint, real_per_sample = "projection", "1234", 2

    def look(self, images):
        mix = torch.randn(images[0].numel(), 2048, generator=torch.Generator().manual_seed(0))
        features = (images.flatten(1).float() / 255 @ mix).relu()
        return Seen(features, features[:, :1000] / 10)


def shaded(count, seed, most=200):
    """Pictures that are darker towards one side."""
    rng = torch.Generator().manual_seed(seed)
    slope = torch.linspace(0.2, 1, 16) * torch.rand(count, 3, 1, 1, generator=rng)
    return (slope.expand(-1, 3, 16, 16) * most + 40 * torch.rand(count, 3, 16, 16, generator=rng)).to(torch.uint8)


@pytest.fixture
def reference(tmp_path):
    sizes = (("train", 500), ("test", 150))
    sets = {split: DataSet("cifar10", shaded(n, n), torch.zeros(n)) for split, n in sizes}
    return PictureReference(tiny_config(dataset="cifar10"), sets, Projection(), tmp_path)


def test_real_pictures_are_at_the_floor_and_others_are_not(reference, tmp_path):
    floor = reference.floor(["kid", "inception_score"], 100, "train")
    assert floor["kid"][1] > 0 and floor["inception_score"][1] > 0  # a spread over resamples
    real = reference.pair(shaded(100, 1), "train", 0)
    dark = reference.pair(shaded(100, 1, most=60), "train", 0)
    kid = METRICS["kid"]
    assert abs(kid.compute(real) - floor["kid"][0]) < 5 * (floor["kid"][1] + kid.error(real))
    assert kid.compute(dark) > 20 * abs(kid.compute(real)) and kid.error(dark) > 0
    assert METRICS["inception_score"].compute(real) == pytest.approx(floor["inception_score"][0], rel=0.2)
    assert reference.most == 150
    sizes = {path.stem.rpartition("-")[2]: len(load_file(path)["features"]) for path in tmp_path.glob("*.safetensors")}
    assert sizes == {"200": 200, "150": 150}  # not all of the 500: to look at them is slow


def test_the_frechet_number_is_that_of_its_features():
    rng = torch.Generator().manual_seed(0)
    x = torch.randn(300, 16, generator=rng)
    pair = PicturePair(x + 2, torch.zeros(300, 1000), x, torch.zeros(300, 1000), lambda: x[0], lambda: x[0])
    assert METRICS["fid"].compute(pair) == pytest.approx(16 * 4, rel=1e-5)
    assert METRICS["inception_score"].compute(pair) == pytest.approx(1)


# -- from the command line ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder of ten colour pictures; so few are used for training and for testing."""
    from PIL import Image

    place = tmp_path_factory.mktemp("pictures")
    for number, picture in enumerate(shaded(10, 0)):
        Image.fromarray(picture.permute(1, 2, 0).numpy()).save(place / f"{number}.png")
    return place


@pytest.fixture(scope="module")
def checkpoint(folder):
    images = DataSet("folder", shaded(10, 0), torch.zeros(10, dtype=torch.long))
    run = Run(tiny_config(dataset="folder", source=str(folder), picture_size=16), images)
    run.save(folder.parent / "own.safetensors")
    return folder.parent / "own.safetensors"


def test_pictures_without_a_classifier_are_evaluated(checkpoint, weights, tmp_path, capsys):
    command = ["evaluate", checkpoint, "--data", tmp_path, "--n", 4, "--metrics", "inception_score,inception_score"]
    assert main([*map(str, command), "--inception", str(weights), "--json"]) == 0, capsys.readouterr().err
    report = json.loads(capsys.readouterr().out)
    assert "Inception-v3 with the weights of random.safetensors" in report["extractor"] and report["samples"] == 4
    (number,) = report["numbers"]
    assert number["name"] == "inception_score" and 1 <= number["value"] <= 4 and 1 <= number["floor"] <= 4
    assert math.isfinite(number["spread"]) and len(list((tmp_path / "metrics").iterdir())) == 3  # two splits, a floor


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ([], "no classifier for folder; ask for numbers of Inception-v3: --metrics fid,kid,inception_score"),
        (["--metrics", "FID"], "metric 'FID' is unknown; these apply here: fid, kid, inception_score"),
        (["--metrics", "fcd"], "metric 'fcd' does not apply to folder; these do: fid, kid, inception_score"),
        (
            ["--metrics", "fid", "--n", "2048"],
            "2048 samples are too few for fid: take 2049 or more (more than its 2048",
        ),
        (["--metrics", "kid", "--n", "39"], "39 samples are too few for kid: take 40 or more (two for each of 20"),
        (["--metrics", "kid", "--inception", "gone.safetensors"], "gone.safetensors: there is no such file; leave"),
        (["--metrics", "kid", "--inception", __file__], "never read here. Leave --inception out"),
    ],
)
def test_mistakes_are_refused_before_anything_slow(options, complaint, checkpoint, tmp_path, capsys):
    assert main(["evaluate", str(checkpoint), "--data", str(tmp_path), *options]) == 1
    assert complaint in capsys.readouterr().err


def test_more_samples_than_real_pictures_are_refused(checkpoint, weights, tmp_path, capsys):
    command = ["evaluate", str(checkpoint), "--data", str(tmp_path), "--inception", str(weights), "--metrics"]
    assert main([*command, "fid,kid"]) == 1
    assert "fid needs 2049 samples or more (more than its 2048 features), but at most 10" in capsys.readouterr().err
    assert main([*command, "inception_score", "--n", "11"]) == 1
    assert "11 samples: at most 10 can be compared with folder; ask for 10 or fewer" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (lambda place: (place / "0.png").write_bytes(b"no picture"), "holds no picture that can be read"),
        (lambda place: place.rename(place.with_name("elsewhere")), "there is no such folder or zip file"),
    ],
)
def test_a_folder_that_is_gone_or_cannot_be_read_is_named(damage, complaint, weights, tmp_path, capsys):
    (tmp_path / "own").mkdir()
    config = tiny_config(dataset="folder", source=str(tmp_path / "own"), picture_size=16)
    Run(config, DataSet("folder", shaded(10, 0), torch.zeros(10))).save(tmp_path / "run.safetensors")
    damage(tmp_path / "own")
    command = ["evaluate", tmp_path / "run.safetensors", "--data", tmp_path, "--inception", weights]
    assert main([*map(str, command), "--metrics", "kid"]) == 1
    said = capsys.readouterr().err
    assert complaint in said and f"was trained on {tmp_path / 'own'}, and is measured against it: put it back" in said
