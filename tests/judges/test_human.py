import pytest
import torch

from gan_studio.data import load_data
from gan_studio.errors import StudioError
from gan_studio.judges.human import PICTURES, Answers, HumanTest, draw_test, report
from tests.conftest import tiny_config
from tests.judges.conftest import pictures


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (1, 64, 64), (3, 64, 64)])
def test_half_of_the_pictures_are_real_held_out_ones_and_the_key_says_which(make_player, shape):
    data = pictures(shape)
    test = draw_test(make_player(data, steps=2), data, seed=3)
    assert test.images.shape == (PICTURES, *shape) and test.images.dtype == torch.uint8
    real = [bool((data.samples == image).flatten(1).all(1).any()) for image in test.images]
    assert [not each for each in real] == list(test.fake) and sum(test.fake) == 10


def test_weights_and_seed_decide_everything(make_player):
    data = pictures((1, 28, 28))
    one, other = make_player(data, "one", steps=2), make_player(data, "other", steps=3)
    first, again = draw_test(one, data, 5), draw_test(one, data, 5)
    assert first.id == again.id and torch.equal(first.images, again.images) and first.scores == again.scores
    for test in (draw_test(one, data, 6), draw_test(other, data, 5)):
        assert test.id != first.id and not torch.equal(test.images, first.images)
    # The seed alone, which travels with the request, does not tell the order.
    assert (
        draw_test(other, data, 5).fake != first.fake or draw_test(other, data, 6).fake != draw_test(one, data, 6).fake
    )


def test_no_place_is_more_often_fake_than_others(make_player):
    data, player = pictures((1, 4, 4)), None
    player = make_player(data, hidden=(4,), latent_size=2)
    keys = torch.tensor([draw_test(player, data, seed).fake for seed in range(300)]).double()
    assert (keys.sum(1) == 10).all()
    spread = (0.25 / 300) ** 0.5
    assert ((keys.mean(0) - 0.5).abs() < 4.5 * spread).all()


@pytest.mark.parametrize(
    "values",
    [
        {"objective": "wasserstein"},
        {"objective": "mmd"},
        {"pack": 2},
        {"minibatch_std": True},
        {"generator_conditioning": "embedding", "discriminator_conditioning": "embedding"},
    ],
)
def test_every_kind_of_discriminator_gives_twenty_verdicts(make_player, values):
    data = pictures((1, 28, 28))
    test = draw_test(make_player(data, steps=2, **values), data, 0)
    assert len(test.says_fake) == len(test.scores) == PICTURES
    assert test.has_probability == ("objective" not in values)
    assert test.in_company == bool({"pack", "minibatch_std"} & values.keys())


def test_a_discriminator_that_knows_gets_all_right(make_player):
    data = pictures((1, 28, 28))
    dark = type(data)("mnist", data.samples // 8, data.labels, data.classes)  # real is dark, generated is not
    player = make_player(dark, objective="wasserstein")
    player.judge.network = torch.nn.Identity()
    player.judge.outputs = lambda samples, labels: -samples.float().mean((1, 2, 3))
    test = draw_test(player, dark, 0)
    assert test.says_fake == test.fake


def test_what_cannot_be_a_test_is_refused(make_player):
    points = load_data(tiny_config(dataset="ring8"))
    with pytest.raises(StudioError, match="the human test needs pictures, and ring generates points"):
        draw_test(make_player(points, "ring"), points, 0)
    few = pictures((1, 28, 28), count=9)
    with pytest.raises(StudioError, match="needs 10 real pictures; mnist has only 9"):
        draw_test(make_player(few), few, 0)


def known_test(**values):
    fake = tuple([True, False] * 10)
    base = {
        "id": "x", "source": "live", "dataset": "mnist", "step": 1, "seed": 0,
        "images": torch.zeros(PICTURES, 1, 2, 2, dtype=torch.uint8), "fake": fake, "says_fake": fake,
        "scores": tuple(0.1 if each else 0.9 for each in fake), "has_probability": True, "in_company": False,
    }  # fmt: skip
    return HumanTest(**{**base, **values})


def test_the_report_counts():
    test = known_test(says_fake=(True,) * 20)
    mine = Answers((True,) * 20, (1000,) * 20)  # right about the ten fakes
    other = Answers((False, False, True, *[False] * 17), (500,) * 20)  # fooled by nine
    found = report(test, mine, [other, mine])
    assert (found["right"], found["people"], found["class_right"]) == (10, 2, 10.5)
    assert (found["milliseconds"], found["class_milliseconds"]) == (1000, 750)
    assert (found["judge"]["right"], found["judge"]["ranked_right"]) == (10, 20)
    assert len(found["fooled"]) == 10 and found["fooled"][-1] == {"picture": 2, "fooled": 0}
    assert {row["fooled"] for row in found["fooled"][:9]} == {1}
    assert report(known_test(has_probability=False), mine, [mine])["judge"]["beliefs"] is None
