import json

import pytest
import torch

from gan_studio.cli import main
from gan_studio.data import DataSet, load_data
from gan_studio.errors import StudioError
from gan_studio.judges.match import as_table, check_fit, play
from gan_studio.judges.player import HeldOut
from gan_studio.judges.referee import MatchRequest, Referee
from gan_studio.metrics.classifier import load_judge
from gan_studio.training.run import Run
from gan_studio.worker import Worker
from tests.conftest import tiny_config, wait_until
from tests.judges.conftest import pictures


@pytest.fixture
def points():
    return load_data(tiny_config(dataset="ring8"), split="test")


def fixed(player, share, limit):
    """``player`` with a generator of which ``share`` lies right of 0.5, and a judge whose line is at x = ``limit``."""
    player.source.draw = lambda z, labels=None: torch.stack([(torch.arange(len(z)) % 10 < 10 * share) * 1.0] * 2, 1)
    player.judge.outputs = lambda samples, labels: samples[:, 0]
    player.judge.calibrate = lambda real, own: setattr(player.judge, "_home", (real, own))
    player.judge.threshold = limit
    return player


def test_a_table_by_hand(make_player, points):
    real = DataSet(
        "ring8", torch.tensor([[2.0, 0.0]] * 3 + [[0.7, 0.0]]), torch.zeros(4).long(), points.classes, toy=points.toy
    )
    names = {"half": (0.5, 0.5), "most": (0.8, 1.5), "none": (0.0, -1.0)}
    players = [fixed(make_player(points, name, objective="wasserstein"), *how) for name, how in names.items()]
    match = play(players, real, samples=200)
    assert match.fooled == ((0.5, 0.0, 1.0), (0.8, 0.0, 1.0), (0.0, 0.0, 1.0))
    assert match.real == (1.0, 0.75, 1.0) and match.reals == 4
    assert match.win_rate == (0.5, 0.9, 0.0)
    assert match.caught == pytest.approx((0.6, 1.0, 0.0))
    text = as_table(match)
    assert "[50.0%]" in text and "90.0%" in text and "Each number: the share" in text


def test_the_seed_and_not_the_order_decides(make_player, points):
    players = [make_player(points, name, steps=steps, batch_size=64) for name, steps in (("a", 20), ("b", 60))]
    first, again = (play(players, points, samples=250, seed=1) for _ in range(2))
    assert first == again
    turned = play(players[::-1], points, samples=250, seed=1)
    assert turned.fooled == tuple(row[::-1] for row in first.fooled[::-1]) and turned.real == first.real[::-1]
    assert play(players, points, samples=250, seed=2) != first


def test_pictures_with_classes_and_every_kind_of_critic(make_player):
    data = pictures((1, 28, 28))
    told = {"generator_conditioning": "embedding", "discriminator_conditioning": "projection"}
    players = [
        make_player(data, "told", steps=1, **told),
        make_player(data, "critic", steps=1, generator_conditioning="embedding", objective="wasserstein"),
        make_player(data, "chooser", steps=1, **told, classes_from_latent=True, latent_size=16),
        make_player(data, "features", steps=1, generator_conditioning="embedding", objective="mmd"),
    ]
    shares = []
    match = play(players, data, samples=150, progress=shares.append)
    assert match.reals == 150 and shares[-1] == 1.0 and shares == sorted(shares)
    assert [entrant.threshold is None for entrant in match.entrants] == [True, False, True, False]
    json.dumps(match.to_json())


def test_the_bundled_classifier_names_what_a_generator_does_not_know(make_player):
    data = pictures((1, 28, 28))
    told = {"generator_conditioning": "embedding", "discriminator_conditioning": "projection"}
    players = [make_player(data, "told", **told), make_player(data, "plain")]
    heard = []
    judge = players[0].judge.outputs
    players[0].judge.outputs = lambda samples, labels: heard.append((samples, labels)) or judge(samples, labels)
    match = play(players, data, samples=100)
    assert match.named == ("plain",) and "classes of samples of plain" in as_table(match)
    named = load_judge("mnist").look(heard[-2][0]).logits.argmax(1)  # before the batch of real samples
    assert torch.equal(heard[-2][1], named)


@pytest.mark.parametrize("case", ["points", "set", "shape", "classes", "told"])
def test_runs_that_do_not_fit_together_are_refused_by_name(make_player, points, case):
    data = pictures((1, 28, 28), name="kmnist" if case == "told" else "mnist")
    told = {"generator_conditioning": "embedding", "discriminator_conditioning": "projection"}
    one = make_player(data, "one", **(told if case == "told" else {}))
    other, complaint = {
        "points": lambda: (make_player(points, "other"), "one generates pictures, other generates points"),
        "set": lambda: (
            make_player(pictures((1, 28, 28), name="kmnist"), "other"),
            "one was trained on mnist, other was trained on kmnist",
        ),
        "shape": lambda: (make_player(pictures((1, 32, 32)), "other", picture_size=32), "of shape 1x32x32"),
        "classes": lambda: (make_player(pictures((1, 28, 28), classes=3), "other"), "other has the classes 0, 1, 2"),
        "told": lambda: (make_player(data, "other"), "one's discriminator must be told the class"),
    }[case]()
    with pytest.raises(StudioError, match=f"one and other cannot play against each other: .*{complaint}"):
        check_fit(one, other)
    with pytest.raises(StudioError, match="other and one cannot play against each other"):
        check_fit(other, one)
    with pytest.raises(StudioError, match=complaint):
        play([one, other], data, samples=100)


def saved_rings(folder, count=2):
    data = load_data(tiny_config(dataset="ring8"))
    paths = []
    for seed in range(count):
        run = Run(tiny_config(dataset="ring8", seed=seed, precision="float32"), data)
        run.step()
        paths.append(folder / f"ring-{seed}.safetensors")
        run.save(paths[-1])
    return paths


def test_the_command_prints_a_table_or_json(tmp_path, capsys):
    paths = list(map(str, saved_rings(tmp_path)))
    assert main(["match", *paths, "--n", "200", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [entrant["name"] for entrant in found["entrants"]] == ["ring-0", "ring-1"]
    assert found["samples"] == 200 and len(found["fooled"]) == 2
    assert main(["match", *paths, "--n", "200"]) == 0
    assert "win rate" in capsys.readouterr().out
    for arguments, complaint in (
        (paths[:1], "between 2 and 8 runs, not 1"),
        ([paths[0], paths[0]], "named twice"),
        ([*paths, "--n", "99"], "99 samples: must be from 100"),
        ([paths[0], str(tmp_path / "gone.safetensors")], "there is no such file"),
    ):
        assert main(["match", *arguments]) == 1
        assert complaint in capsys.readouterr().err


@pytest.fixture
def referee(session):
    worker = Worker(session)
    made = Referee(session, worker, HeldOut(None))
    yield made
    made.stop()
    worker.close()


def ended(referee):
    return wait_until(lambda: referee.progress.state != "running" and referee.progress)


def test_one_match_at_a_time_in_the_background(session, referee):
    session.step_once(tiny_config(dataset="ring8"))
    session.save("ring")
    with pytest.raises(StudioError, match="between 2 and 8"):
        referee.start(MatchRequest(players=("ring",)))
    referee.start(MatchRequest(players=("ring", "live"), samples=50_000))
    with pytest.raises(StudioError, match="between ring, live is being played"):
        referee.start(MatchRequest(players=("ring", "live")))
    referee.stop()
    assert ended(referee).state == "stopped"
    referee.start(MatchRequest(players=("ring", "live"), samples=200))
    done = ended(referee)
    assert done.state == "done" and done.share == 1.0
    assert done.match.fooled[0] == done.match.fooled[1]  # the same weights
    assert done.to_json()["match"]["entrants"][1]["name"] == "live"


def test_what_goes_wrong_in_the_background_is_said(session, referee):
    session.step_once(tiny_config(dataset="ring8"))
    session.save("ring")
    session.reset(tiny_config())
    for players, complaint in ((("ring", "gone"), "'gone' is not there"), (("ring", "live"), "generates pictures")):
        referee.start(MatchRequest(players=players))
        assert ended(referee).state == "failed" and complaint in referee.progress.message
