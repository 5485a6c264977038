import pytest
import torch

from gan_studio.assets import asset_dir
from gan_studio.config import make_config
from gan_studio.data import load_data
from gan_studio.errors import StudioError
from gan_studio.metrics.classifier import CLASSIFIERS, load_classifier, load_judge
from gan_studio.metrics.train_classifier import main
from tests.conftest import write_idx

LEAST = {"mnist": 0.993, "emoji": 0.6}


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_every_set_has_its_classifier_and_it_is_small(name):
    classifier = load_classifier(name)
    assert 0.5 < classifier.accuracy < 1 and len(classifier.classes) > 1
    assert (asset_dir() / "classifiers" / f"{name}.safetensors").stat().st_size < 2 * 2**20


@pytest.mark.parametrize("name", LEAST)
def test_a_classifier_of_bundled_data_is_as_good_as_it_says(name):
    classifier = load_classifier(name)
    test = load_data(make_config({"dataset": name}), split="test")
    right = (classifier.look(test.samples).logits.argmax(1) == test.labels).float().mean().item()
    assert right == pytest.approx(classifier.accuracy, abs=2e-3) and right >= LEAST[name]
    assert classifier.classes == test.classes


def test_pictures_of_another_size_or_colour_are_fitted():
    classifier = load_classifier("mnist")
    digits = load_data(make_config({"dataset": "mnist"}), split="test").samples[:200]
    verdict = classifier.look(digits).logits.argmax(1)
    assert torch.equal(classifier.look(digits.expand(-1, 3, -1, -1)).logits.argmax(1), verdict)
    large = torch.nn.functional.interpolate(digits.float(), 56, mode="bilinear").round().to(torch.uint8)
    assert (classifier.look(large).logits.argmax(1) == verdict).float().mean() > 0.97


def test_features_do_not_depend_on_the_batch():
    classifier = load_classifier("emoji")
    pictures = load_data(make_config({"dataset": "emoji"})).samples[:520]
    whole, part = classifier.look(pictures).features, classifier.look(pictures[500:]).features
    torch.testing.assert_close(whole[500:], part, rtol=1e-4, atol=1e-5)


def test_the_script_trains_a_classifier_and_tells_its_accuracy(tmp_path, monkeypatch, capsys):
    fashion = tmp_path / "data" / "FashionMNIST" / "raw"
    digits = load_data(make_config({"dataset": "mnist"}))
    chosen = digits.labels < 3
    pictures, labels = digits.samples[chosen, 0].numpy(), digits.labels[chosen].numpy().astype("uint8")
    for name, part in (("train", slice(0, 400)), ("t10k", slice(400, 600))):
        write_idx(fashion / f"{name}-images-idx3-ubyte.gz", pictures[part])
        write_idx(fashion / f"{name}-labels-idx1-ubyte.gz", labels[part])
    told = ["--data", str(tmp_path / "data"), "--epochs", "2", "--out", str(tmp_path / "out")]
    monkeypatch.setattr("gan_studio.metrics.train_classifier.BATCH", 16)
    monkeypatch.setattr("sys.argv", ["train_classifier", "fashion_mnist", *told])
    main()
    made = load_classifier("fashion_mnist", tmp_path / "out" / "fashion_mnist.safetensors")
    assert made.accuracy > 0.9
    assert f"test accuracy {100 * made.accuracy:.2f} % after 2 epochs, seed 0" in capsys.readouterr().out
    unseen = torch.from_numpy(pictures[400:600])[:, None]
    right = (made.look(unseen).logits.argmax(1) == torch.from_numpy(labels[400:600])).float().mean().item()
    assert right == pytest.approx(made.accuracy, abs=0.01)


def test_what_is_no_classifier_is_refused(tmp_path):
    with pytest.raises(StudioError, match="no classifier for kmnist; there are ones for mnist"):
        load_classifier("kmnist")
    (tmp_path / "x.safetensors").write_bytes(b"nonsense")
    with pytest.raises(StudioError, match="not a classifier for mnist"):
        load_classifier("mnist", tmp_path / "x.safetensors")
    with pytest.raises(StudioError, match=r"y\.safetensors: there is no such file; .*train_classifier mnist"):
        load_classifier("mnist", tmp_path / "y.safetensors")
    with pytest.raises(StudioError, match="not a classifier for fashion_mnist"):
        load_classifier("fashion_mnist", asset_dir() / "classifiers" / "emoji.safetensors")


def test_stacked_digits_are_judged_channel_by_channel():
    stacks = load_data(make_config({"dataset": "stacked_mnist"}), split="test")
    judge, digits = load_judge("stacked_mnist"), load_classifier("mnist")
    seen = judge.look(stacks.samples[:300])
    assert seen.features.shape == (300, 3 * 128) and seen.logits.shape == (300, 1000)
    torch.testing.assert_close(seen.features[:, 128:256], digits.look(stacks.samples[:300, 1:2]).features)
    assert (seen.logits.argmax(1) == stacks.labels[:300]).float().mean() > 0.97
    torch.testing.assert_close(seen.logits.exp().sum(1), torch.ones(300))
    with pytest.raises(StudioError, match="stacked digits are three channels, but these pictures have 1"):
        judge.look(stacks.samples[:6, :1])
