"""Whole evaluations: of points from the command line, and of pictures with a small stand-in for the data."""

import json
import math
import shutil
from dataclasses import replace

import pytest
import torch

from gan_studio.assets import asset_dir
from gan_studio.cli import main
from gan_studio.config import make_config
from gan_studio.data import DataSet, load_data
from gan_studio.errors import StudioError
from gan_studio.metrics import evaluate as evaluate_module
from gan_studio.metrics.classifier import CLASSIFIERS, Classifier, ClassifierNetwork
from gan_studio.metrics.evaluate import ClassShares, as_table, check_names, evaluate
from gan_studio.metrics.reference import PictureReference, PointReference
from gan_studio.metrics.registry import METRICS, metrics_for
from gan_studio.training.run import Run
from tests.conftest import run_cli, tiny_config

PICTURES = metrics_for("classifier")
COUNT = 300


class Fixed:
    """A generator whose samples are known."""

    def __init__(self, samples, space, step=7):
        self.samples, self.space, self.step = samples, space, step
        self.latent_size, self.conditional, self.config = 4, False, tiny_config()

    def draw(self, z, labels):
        return self.samples


def strokes(count, seed):
    """Pictures of ten kinds: a bright bar at one of ten heights, shifted and with noise."""
    rng = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % 10
    pictures = torch.randint(0, 60, (count, 1, 28, 28), generator=rng)
    left = torch.randint(0, 8, (count,), generator=rng)
    for picture, label, start in zip(pictures, labels.tolist(), left.tolist(), strict=True):
        picture[0, 2 * label + 3 : 2 * label + 5, start : start + 20] = 230
    return pictures.to(torch.uint8), labels


@pytest.fixture
def reference(tmp_path):
    torch.manual_seed(0)
    network = ClassifierNetwork(1, 10).eval().requires_grad_(False)
    network.head.weight.mul_(30)
    return PictureReference(tiny_config(), SETS, Classifier("mnist", network, DIGITS, 0.5), tmp_path / "metrics")


DIGITS = tuple("0123456789")
SPLITS = (("train", 600, 1), ("test", 400, 2))
SETS = {split: DataSet("mnist", *strokes(count, seed), DIGITS) for split, count, seed in SPLITS}


def judge(reference, samples, names=PICTURES, **options):
    space = DataSet("mnist", samples, torch.zeros(len(samples))).space
    report = evaluate(
        Fixed(samples, space), tiny_config(), {"classifier": reference}, names=names, count=len(samples), **options
    )
    return {number.name: number for number in report.numbers}


def test_real_pictures_are_at_the_floor_and_noise_is_far_from_it(reference):
    real = judge(reference, strokes(COUNT, 3)[0])
    noise = judge(reference, torch.randint(0, 256, (COUNT, 1, 28, 28), dtype=torch.uint8))
    for name, number in real.items():
        assert math.isfinite(number.value) and math.isfinite(number.floor) and number.spread >= 0, name
    for name in ("precision", "recall", "density", "coverage", "diversity"):
        assert real[name].value == pytest.approx(real[name].floor, abs=0.15)
    for name in ("fcd", "kcd"):
        assert noise[name].value > 10 * abs(noise[name].floor) > 0
        assert real[name].value < 0.2 * noise[name].value
    assert noise["precision"].value < 0.1 and noise["coverage"].value < 0.1
    assert real["kcd"].error > 0 and real["fcd"].error is None


def test_training_pictures_given_back_are_found_to_be_memorised(reference):
    copies = judge(reference, strokes(600, 1)[0][:COUNT], ("memorised", "train_distance"))
    assert copies["memorised"].value > 0.95 and copies["train_distance"].value < 0.2
    fresh = judge(reference, strokes(COUNT, 4)[0], ("memorised", "train_distance"))
    assert fresh["memorised"].value < 0.1 and fresh["train_distance"].value == pytest.approx(1, abs=0.2)


def test_a_number_is_the_same_each_time_and_says_what_it_is_of(reference):
    samples = strokes(COUNT, 3)[0]
    assert judge(reference, samples, against="test") == judge(reference, samples, against="test")
    space = DataSet("mnist", samples, torch.zeros(COUNT)).space
    report = evaluate(
        Fixed(samples, space), tiny_config(), {"classifier": reference}, names=["fcd"], count=COUNT, seed=5
    )
    assert report.step == 7 and report.samples == COUNT and report.seed == 5 and report.against == "train"
    assert "mnist classifier (50.00 %)" in as_table(report) and "fcd" in as_table(report)


def test_samples_are_compared_with_the_split_that_is_asked_for(reference):
    dark, bright = (torch.full((COUNT, 1, 28, 28), shade, dtype=torch.uint8) for shade in (0, 255))
    noise = torch.randint(0, 9, dark.shape, dtype=torch.uint8)
    reference.sets = {
        "train": replace(SETS["train"], samples=dark + noise),
        "test": replace(SETS["test"], samples=bright - noise),
    }
    near, far = (judge(reference, bright - noise, ("fcd",), against=split)["fcd"].value for split in ("test", "train"))
    assert near < 1e-6 * far


def test_real_pictures_are_looked_at_once_for_the_same_pictures_and_network(reference, tmp_path):
    class Counted(Classifier):
        def look(self, images):
            looked.append(len(images))
            return super().look(images)

    def measure(sets, network):
        looked.clear()
        counted = Counted("mnist", network, DIGITS, 0.5)
        judge(PictureReference(tiny_config(), sets, counted, tmp_path / "kept"), samples, ("fcd",))
        return looked.count(600)  # how often at all pictures that are trained on

    looked, samples, network = [], strokes(COUNT, 3)[0], reference._looks.network
    assert measure(SETS, network) == 1 and measure(SETS, network) == 0
    changed = SETS["train"].samples.clone()
    changed[0, 0, 0, 0] += 1
    assert measure({**SETS, "train": replace(SETS["train"], samples=changed)}, network) == 1
    assert measure(SETS, network) == 0
    network.head.bias[0] += 1
    assert measure(SETS, network) == 1


def test_numbers_of_two_extractors_stand_in_one_report_in_the_order_asked_for(reference, tmp_path):
    class Other(Classifier):
        name, fingerprint = "another network", "other"

    other = PictureReference(tiny_config(), SETS, Other("mnist", reference._looks.network, DIGITS, 0.5), tmp_path)
    samples = strokes(COUNT, 3)[0]
    source = Fixed(samples, DataSet("mnist", samples, torch.zeros(COUNT)).space)
    references = {"classifier": reference, "inception": other}
    report = evaluate(source, tiny_config(), references, names=["kid", "fcd", "kcd", "kid"], count=COUNT)
    assert [number.name for number in report.numbers] == ["kid", "fcd", "kcd"]
    assert report.numbers[0].value == report.numbers[2].value
    assert report.extractor == "another network; mnist classifier (50.00 %)"


def test_the_shares_of_the_classes_stand_beside_the_real_ones(reference):
    samples = strokes(COUNT, 3)[0][: COUNT // 2].repeat(2, 1, 1, 1)
    source = Fixed(samples, DataSet("mnist", samples, torch.zeros(COUNT)).space)
    report = evaluate(source, tiny_config(), {"classifier": reference}, names=["class_balance"], count=COUNT)
    verdicts = reference.look(samples).logits.argmax(1).bincount(minlength=10) / COUNT
    assert report.classes.names == DIGITS and sum(report.classes.real) == pytest.approx(1)
    assert report.classes.generated == pytest.approx(verdicts.tolist())
    off = sum(abs(a - b) for a, b in zip(report.classes.generated, report.classes.real, strict=True)) / 2
    assert off == pytest.approx(report.numbers[0].value)
    assert json.loads(json.dumps(report.to_json()))["classes"]["generated"] == list(report.classes.generated)
    table, share = as_table(report), report.classes.generated[3]
    assert f"\n{'3':20s}{share:12.2%}" in table
    many = replace(report, classes=ClassShares(*((share,) * 51 for share in ("x", 0.1, 0.2))))
    assert "generated" not in as_table(many)


def test_numbers_of_inception_are_only_made_when_asked_for():
    assert check_names(None, make_config({"dataset": "mnist"})) == metrics_for("classifier")
    for dataset in ("mnist", "kmnist", "cifar10", "folder"):
        config = make_config({"dataset": dataset})
        assert check_names(metrics_for("inception"), config) == ("fid", "kid", "inception_score")
        assert check_names(("is", "inception_score"), config) == ("inception_score",)
    with pytest.raises(StudioError, match="no classifier for kmnist; ask for .* --metrics fid,kid,inception_score"):
        check_names(None, make_config({"dataset": "kmnist"}))


def test_the_spread_is_honest_where_every_draw_has_the_same_real_pictures(reference):
    count, rare = reference.most, 0.01  # all test pictures; a hundredth of them seems to be memorised
    floor = reference.floor(["memorised", "classes", "precision"], count, "train")
    expected = (rare * (1 - rare) / count) ** 0.5
    assert floor["memorised"][0] == pytest.approx(rare, abs=0.005)
    assert 0.5 * expected < floor["memorised"][1] < 2 * expected
    assert floor["precision"][1] > 0 and floor["classes"][1] >= 0


def test_the_halves_of_a_pair_are_different_samples_of_both_sides(reference):
    whole = reference.pair(strokes(301, 3)[0], "train", 0)
    one, other = whole.halves()
    assert len(one.features) == len(other.features) == len(other.real_logits) == 150
    assert torch.equal(torch.cat([one.real_features, other.real_features]), whole.real_features[:300])
    assert torch.equal(torch.cat([one.to_train, other.to_train]), whole.to_train[:300])


def test_unseen_pictures_are_the_same_that_are_drawn_also_where_only_some_are_looked_at(reference):
    reference._looks = replace(reference._looks, real_per_sample=2)
    drawn, chosen = reference._draw("test", 50, 3), reference._chosen("test", 50, 3)
    expected = reference.look(SETS["test"].samples[chosen]).features
    torch.testing.assert_close(drawn.features, expected, rtol=1e-4, atol=1e-5)


def test_floors_are_kept_and_made_anew_when_damaged(reference, tmp_path):
    first = reference.floor(["fcd", "precision"], COUNT, "train")
    (kept,) = [path for path in (tmp_path / "metrics").glob("*-train-*.json") if str(COUNT) in path.name]
    assert json.loads(kept.read_text()).keys() == {"fcd", "precision"}
    kept.write_text(json.dumps({"fcd": [1.5, 0.5]}))
    assert reference.floor(["fcd"], COUNT, "train") == {"fcd": (1.5, 0.5)}
    kept.write_text("{")
    assert reference.floor(["fcd", "precision"], COUNT, "train") == first


@pytest.mark.parametrize(
    ("dataset", "names", "complaint"),
    [
        ("mnist", ["nonsense"], "metric 'nonsense' is unknown; these apply here: fcd, kcd"),
        ("mnist", ["modes"], "metric 'modes' does not apply to mnist"),
        ("two_moons", ["modes"], "does not apply to two_moons; these do: js, kl"),
        ("ring8", ["fcd"], "does not apply to ring8"),
    ],
)
def test_names_that_do_not_apply_are_refused(dataset, names, complaint):
    with pytest.raises(StudioError, match=complaint):
        check_names(names, make_config({"dataset": dataset}))


def test_too_many_and_too_few_samples_are_refused_with_the_reason(reference):
    with pytest.raises(StudioError, match="401 samples: at most 400 can be compared with mnist"):
        judge(reference, strokes(401, 0)[0])
    with pytest.raises(
        StudioError, match="100 samples are too few for fcd: take 129 or more .more than its 128 features"
    ):
        judge(reference, strokes(100, 0)[0], ("fcd",))


def test_by_default_as_many_samples_are_measured_as_can_be_compared(reference):
    samples = strokes(400, 3)[0]
    source = Fixed(samples, DataSet("mnist", samples, torch.zeros(400)).space)
    report = evaluate(source, tiny_config(), {"classifier": reference}, names=["fcd"])
    assert report.samples == 400 == reference.most
    with pytest.raises(StudioError, match="fid needs 2049 samples or more .* at most 400 can be compared"):
        evaluate(source, tiny_config(), {"inception": reference}, names=["fid"])


def test_the_command_line_leaves_the_number_of_samples_open(monkeypatch):
    asked = {}

    def refuse(*_, **options):
        asked.update(options)
        raise StudioError("enough")

    monkeypatch.setattr(evaluate_module, "evaluate_checkpoint", refuse)
    assert main(["evaluate", "emoji.safetensors"]) == 1 and asked["count"] is None
    assert main(["evaluate", "emoji.safetensors", "--n", "400"]) == 1 and asked["count"] == 400


def test_every_number_is_described():
    assert all(row.text.endswith(".") and row.source for row in METRICS.values())
    assert set(CLASSIFIERS) == {"mnist", "fashion_mnist", "emoji"}


def test_points_of_the_distribution_itself_are_at_the_floor(tmp_path):
    config = make_config({"dataset": "grid25", "network": "mlp"})
    reference = PointReference(load_data(config), tmp_path)
    samples = reference._toy.sample(2000, torch.Generator().manual_seed(9))[0]
    pair = reference.pair(samples, "train", 0)
    floor = reference.floor(metrics_for("points"), 2000, "train")
    assert floor["modes"] == (25.0, 0.0) and METRICS["good"].compute(pair) == pytest.approx(0.989, abs=0.01)
    for name in ("js", "kl", "sliced_wasserstein"):
        assert METRICS[name].compute(pair) == pytest.approx(floor[name][0], rel=0.3)
    shifted = reference.pair(samples + 1, "train", 0)
    assert METRICS["modes"].compute(shifted) == 0
    assert METRICS["js"].compute(shifted) == pytest.approx(math.log(2), abs=0.01)
    assert METRICS["sliced_wasserstein"].compute(shifted) == pytest.approx(1.0, abs=0.1)  # sqrt(2) / sqrt(2)


def test_a_checkpoint_is_evaluated_from_the_command_line(tmp_path):
    trained = run_cli("train", "--preset", "ring8", "--steps", 20, "--out", tmp_path, "--device", "cpu")
    assert trained.returncode == 0, trained.stderr
    command = ("evaluate", tmp_path / "ring8.safetensors", "--data", tmp_path / "data", "--n", 500)
    found = json.loads(run_cli(*command, "--json").stdout)
    assert found["step"] == 20 and found["samples"] == 500
    assert {number["name"] for number in found["numbers"]} == set(metrics_for("points"))


@pytest.fixture
def saved(tmp_path, images):
    """A checkpoint of random digits, and files that are none."""
    Run(tiny_config(), images).save(tmp_path / "run.safetensors")
    Run(tiny_config(dataset="ring8", network="mlp"), load_data(make_config({"dataset": "ring8"}))).save(
        tmp_path / "points.safetensors"
    )
    (tmp_path / "text.safetensors").write_text("nonsense")
    torch.save({"weight": torch.zeros(2)}, tmp_path / "pickle.pth")
    shutil.copy(asset_dir() / "classifiers" / "mnist.safetensors", tmp_path / "classifier.safetensors")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "options", "complaint"),
    [
        ("none.safetensors", [], "there is no such file; name one that the page or gan-studio train has saved"),
        ("classifier.safetensors", [], "not a GAN Studio checkpoint; name one that"),
        ("text.safetensors", [], "damaged or not a safetensors file"),
        ("pickle.pth", [], "never loaded here; name one that"),
        ("run.safetensors", ["--metrics", "nope"], "'nope' is unknown; these apply here: fcd, kcd"),
        ("run.safetensors", ["--metrics", "fcd,modes"], "'modes' does not apply to mnist; these do: fcd"),
        ("run.safetensors", ["--n", "128"], "128 samples are too few for fcd: take 129 or more"),
        ("run.safetensors", ["--inception", "x.safetensors"], "ask for some: --metrics fid,kid,inception_score"),
        ("points.safetensors", ["--metrics", "modes,fid"], "'fid' does not apply to ring8; these do: modes"),
        ("points.safetensors", ["--n", "20001"], "at most 20000 can be compared with ring8; ask for 20000 or fewer"),
    ],
)
def test_mistakes_get_a_sentence_with_a_remedy(name, options, complaint, saved, capsys):
    assert main(["evaluate", str(saved / name), "--data", str(saved), *options]) == 1
    said = capsys.readouterr().err
    assert complaint in said and said.count("\n") == 1
