import pytest
import torch

from gan_studio.data import load_data
from gan_studio.data.pixels import to_unit_range
from gan_studio.errors import StudioError
from gan_studio.judges.player import HeldOut, live_player, saved_player
from gan_studio.training.checkpoint import CheckpointError, read_checkpoint, write_checkpoint
from gan_studio.training.run import Run
from tests.conftest import tiny_config, wait_until
from tests.judges.conftest import pictures

GREY = (1, 28, 28)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"discriminator_norm": "batch", "hidden": (16, 12, 8)},
        {"network": "dcgan", "discriminator_norm": "batch"},
        {"minibatch_std": True, "spectral_norm": True},
        {"generator_conditioning": "embedding", "discriminator_conditioning": "projection"},
        {"discriminator_dropout": 0.5},
    ],
)
def test_it_judges_a_batch_of_one_kind_as_training_does(make_player, tmp_path, values):
    data = pictures(GREY)
    judge = make_player(data, steps=3, **values).judge
    run = Run.load(tmp_path / "one.safetensors", lambda config: data)
    trained = run.trainer.discriminator
    trained.dropout = 0.0
    before = {name: tensor.clone() for name, tensor in judge.network.state_dict().items()}
    samples, labels = data.samples[:100], data.labels[:100]
    found = judge.outputs(samples, labels)
    if values.get("spectral_norm"):
        trained.eval()  # else each use refines the norm
    with torch.no_grad():
        expected = trained(to_unit_range(samples), labels).scores
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    after = judge.network.state_dict()  # judging changes nothing but a count of batches
    assert all(torch.equal(after[name], before[name]) for name in before if "num_batches" not in name)
    assert judge.looks_at_others == ("minibatch_std" in values or "discriminator_norm" in values)


def test_in_packs_each_sample_leads_one(make_player):
    data = pictures(GREY)
    judge = make_player(data, pack=3, batch_size=9).judge
    samples = data.samples[:100]
    found = judge.outputs(samples, None)
    pack = to_unit_range(torch.cat([samples[98], samples[99], samples[0]])[None])
    torch.testing.assert_close(found[98], judge.network(pack).scores[0], rtol=1e-4, atol=1e-5)
    assert found.shape == (100,) and judge.looks_at_others


def test_a_probability_has_its_line_at_one_half_and_another_critic_halfway(make_player):
    data = pictures(GREY)
    real, own = torch.tensor([4.0, 6.0]), torch.tensor([-1.0, -3.0])
    judge = make_player(data, objective="non_saturating").judge
    judge.calibrate(real, own)
    assert judge.threshold == 0.5
    assert judge.takes_for_real(torch.tensor([0.1, -0.1, float("nan")])).tolist() == [True, False, False]
    assert judge.scores(torch.tensor([0.0])).item() == 0.5
    for objective in ("wasserstein", "hinge", "relativistic"):
        judge = make_player(data, objective=objective).judge
        judge.calibrate(real, own)
        assert judge.threshold == 1.5  # between 5 and -2
        assert judge.takes_for_real(torch.tensor([1.6, 1.4])).tolist() == [True, False]


def test_the_features_of_mmd_are_compared_with_both_kinds(make_player):
    judge = make_player(pictures(GREY), objective="mmd").judge
    real, own = torch.zeros(20, 16), torch.full((20, 16), 3.0)
    judge.calibrate(real, own)
    assert judge.takes_for_real(torch.tensor([[0.1] * 16, [2.9] * 16])).tolist() == [True, False]


def test_classes_come_as_often_as_among_the_real_samples(make_player):
    data = pictures(GREY)
    rare = data.labels.clone().fill_(3)
    rare[:3] = 7
    player = make_player(data, generator_conditioning="embedding")
    skewed = type(data)("mnist", data.samples, rare, data.classes)
    samples, labels = player.draw(100, skewed, torch.Generator().manual_seed(0))
    assert set(labels.tolist()) <= {3, 7} and (labels == 3).sum() > 90
    assert torch.equal(samples, player.draw(100, skewed, torch.Generator().manual_seed(0))[0])
    told = {"generator_conditioning": "embedding", "discriminator_conditioning": "projection"}
    chooser = make_player(data, **told, classes_from_latent=True, latent_size=16)
    z = torch.randn(100, 16, generator=torch.Generator().manual_seed(0))
    assert torch.equal(chooser.draw(100, skewed, torch.Generator().manual_seed(0))[1], z[:, :10].argmax(1))
    assert make_player(data).draw(5, data, torch.Generator().manual_seed(0))[1] is None


def test_a_damaged_discriminator_is_named(make_player, tmp_path):
    make_player(pictures(GREY))
    path = tmp_path / "one.safetensors"
    saved = read_checkpoint(path)
    meta = {name: value for name, value in saved.meta.items() if name != "format"}
    lacking = {name: tensor for name, tensor in saved.tensors.items() if name != "discriminator.head.weight"}
    write_checkpoint(path, lacking, meta)
    with pytest.raises(CheckpointError, match="its discriminator does not fit"):
        saved_player(path)
    write_checkpoint(path, {**saved.tensors, "discriminator.head.weight": torch.zeros(1, 99)}, meta)
    with pytest.raises(CheckpointError, match="its discriminator does not fit"):
        saved_player(path)


def test_the_live_player_has_both_networks_of_one_step(session):
    with pytest.raises(StudioError, match="no run yet"):
        live_player(session)
    session.start(tiny_config(precision="float32"))
    wait_until(lambda: session.snapshot.step > 2)
    moving = live_player(session)
    kept = moving.judge.network.head.weight.clone()
    wait_until(lambda: session.snapshot.step > moving.source.step + 3)
    assert torch.equal(moving.judge.network.head.weight, kept)  # a copy
    session.pause()
    path = session.save("same")
    live, saved = live_player(session), saved_player(path)
    assert live.source.step == saved.source.step == session.snapshot.step
    samples = torch.zeros(100, *GREY, dtype=torch.uint8)
    assert torch.equal(live.judge.outputs(samples, None), saved.judge.outputs(samples, None))


def test_real_samples_are_held_out_ones_of_the_same_kind(make_player, monkeypatch, tmp_path):
    from gan_studio.judges import player as module

    loaded = []

    def load(config, data_dir, split):
        loaded.append((config.train_size, split))
        return pictures(GREY, count=9 if split == "test" and config.picture_size == 14 else 50)

    monkeypatch.setattr(module, "load_data", load)
    player, real = make_player(pictures(GREY), train_size=20), HeldOut(None)
    assert real.of(player) is real.of(player)  # kept
    assert loaded == [(0, "test")]
    small = make_player(pictures(GREY), picture_size=14)
    assert len(real.of(small).samples) == 50 and loaded[1:] == [(0, "test"), (0, "train")]  # too few are held out
    with pytest.raises(StudioError, match="one was made for samples like"):
        real.of(make_player(pictures((3, 28, 28)), colours="colour"))


def test_points_are_judged_in_their_own_scale(make_player):
    data = load_data(tiny_config(dataset="ring8"))
    player = make_player(data)
    points = data.samples[:100]
    found = player.judge.outputs(points, data.labels[:100])
    with torch.no_grad():
        expected = player.judge.network(points / data.scale).scores
    torch.testing.assert_close(found, expected)
