import pytest
import torch

from gan_studio.events import Event
from gan_studio.training.checkpoint import CheckpointError
from gan_studio.training.replay import effective_changes, original_config, original_machine, replay
from gan_studio.training.run import Run, TrainingFault
from tests.conftest import rewrite, tiny_config


def test_a_run_with_edits_is_replayed_to_the_last_bit(make_run, images, tmp_path):
    run = make_run(discriminator_norm="none", instance_noise=0.1)
    for changes in ({"objective": "hinge"}, {"batch_size": 12, "r1_penalty": 1.0}, {"augment_cutout": 0.5}):
        run.step()
        run.edit(changes)
        run.step()
    run.save(tmp_path / "x.safetensors")
    seen = []
    result = replay(tmp_path / "x.safetensors", lambda config: images, lambda step, last: seen.append((step, last)))
    assert result.exact and result.step == 6 and result.edits == 3
    assert seen == [(n, 6) for n in range(1, 7)]


def test_a_resumed_run_is_replayed_as_one(make_run, images, tmp_path):
    run = make_run()
    run.step()
    run.save(tmp_path / "a.safetensors")
    resumed = Run.load(tmp_path / "a.safetensors", lambda config: images, {"ema_decay": 0.5})
    resumed.step()
    resumed.save(tmp_path / "b.safetensors")
    assert replay(tmp_path / "b.safetensors", lambda config: images).exact


def test_a_run_that_went_back_after_a_fault_is_replayed(make_run, images, tmp_path):
    run = make_run()
    for _ in range(3):
        run.step()
    run._good = run._copy_state()
    run.step()
    run.edit({"generator_lr": 1e-3})
    run.step()
    with torch.no_grad():
        run.trainer.generator.first.weight.fill_(float("nan"))
    run.step()
    with pytest.raises(TrainingFault):
        run.measure()
    assert run.return_to_good_state() == 3
    run.step()
    run.save(tmp_path / "x.safetensors")
    assert replay(tmp_path / "x.safetensors", lambda config: images).exact


def test_a_run_is_replayed_with_as_many_threads_as_it_was_trained_with(make_run, images, tmp_path):
    before = torch.get_num_threads()
    torch.set_num_threads(before % 2 + 1)
    try:
        run = make_run()
        for _ in range(20):
            run.step()
        run.save(tmp_path / "x.safetensors")
    finally:
        torch.set_num_threads(before)
    assert replay(tmp_path / "x.safetensors", lambda config: images).exact
    assert torch.get_num_threads() == before
    resumed = Run.load(tmp_path / "x.safetensors", lambda config: images)
    assert resumed.events[-1].detail == {"threads": [before % 2 + 1, before]}
    for _ in range(20):
        resumed.step()
    resumed.save(tmp_path / "y.safetensors")
    assert replay(tmp_path / "y.safetensors", lambda config: images).exact
    assert torch.get_num_threads() == before


def test_a_run_that_went_on_in_another_precision_is_replayed_and_one_on_another_device_refused(
    make_run, images, tmp_path
):
    path, run = tmp_path / "x.safetensors", make_run(precision="float32")
    run.step()
    run.save(path)
    resumed = Run.load(path, lambda config: images, {"precision": "bfloat16"})
    resumed.step()
    resumed.save(path)
    assert [event.detail for event in resumed.events] == [{"precision": ["float32", "bfloat16"]}]
    assert replay(path, lambda config: images).exact
    moved = Event(1, "moved", {"device": ["cuda", "cpu"]})
    rewrite(path, events=[moved.to_json()])
    with pytest.raises(CheckpointError, match="another device"):
        replay(path, lambda config: images)


def test_a_changed_tensor_is_noticed_by_name(make_run, images, tmp_path):
    run = make_run()
    run.step()
    with torch.no_grad():
        run.trainer.generator.first.weight[0, 0] += 1e-3
    run.save(tmp_path / "x.safetensors")
    assert replay(tmp_path / "x.safetensors", lambda config: images).different == ("generator.first.weight",)


def test_edits_are_taken_back_and_moved():
    events = [
        Event(2, "edit", {"batch_size": [8, 16]}),
        Event(9, "edit", {"generator_lr": [1e-3, 1e-2]}),
        Event(5, "return", {"failed_at": 12}),
        Event(7, "edit", {"batch_size": [16, 4]}),
    ]
    assert original_config(tiny_config(batch_size=4, generator_lr=1e-2), events) == tiny_config(generator_lr=1e-3)
    assert [event.step for event in effective_changes(events)] == [2, 5, 7]


def test_moves_are_taken_back():
    now = {"device": "cpu", "precision": "bfloat16", "threads": 4}
    moves = [
        Event(3, "moved", {"threads": [1, 2]}),
        Event(5, "moved", {"threads": [2, 4], "precision": ["float32", 1]}),
    ]
    assert original_machine(now, moves) == {"device": "cpu", "precision": "float32", "threads": 1}


@pytest.mark.parametrize("step", [-5, 2, 10**9])
def test_a_step_that_the_tensors_do_not_have_is_refused(make_run, images, tmp_path, step):
    run = make_run()
    run.step()
    run.save(tmp_path / "x.safetensors")
    rewrite(tmp_path / "x.safetensors", step=step)
    with pytest.raises(CheckpointError, match=f"says step {step}"):
        replay(tmp_path / "x.safetensors", lambda config: images)
