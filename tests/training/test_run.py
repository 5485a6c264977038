import pytest
import torch
from safetensors.torch import load_file

from gan_studio.config import ConfigError
from gan_studio.errors import StudioError
from gan_studio.training.checkpoint import CheckpointError, read_checkpoint
from gan_studio.training.run import Run, TrainingFault
from tests.conftest import NETWORKS, rewrite
from tests.processes import NewProcess


def resume_for_five_steps(source, images, target):
    run = Run.load(source, lambda name: images)
    for _ in range(5):
        run.step()
    run.measure()
    run.save(target)


@pytest.mark.parametrize("network", NETWORKS)
def test_ten_steps_equal_five_save_load_in_a_new_process_five(make_run, images, tmp_path, network):
    straight, first = make_run(network=network), make_run(network=network)
    for run in (straight, first):
        for step in range(5):
            if step == 3:
                run.edit({"generator_lr": 2e-3, "batch_size": 13})
            run.step()
    first.save(tmp_path / "five.safetensors")
    new = NewProcess(resume_for_five_steps, tmp_path / "five.safetensors", images, tmp_path / "ten.safetensors")
    assert new.wait(100) == 0
    for _ in range(5):
        straight.step()
    resumed = read_checkpoint(tmp_path / "ten.safetensors")
    expected = straight.trainer.state_dict()
    assert expected.keys() == resumed.tensors.keys()
    assert [name for name in expected if not torch.equal(expected[name], resumed.tensors[name])] == []
    assert resumed.meta["events"] == [{"step": 3, "kind": "edit", "detail": {
        "generator_lr": [5e-4, 2e-3], "batch_size": [8, 13]}}]  # fmt: skip


def test_an_edit_to_the_same_value_is_no_event(make_run):
    run = make_run()
    run.edit({"generator_lr": 5e-4})
    assert run.events == []


def test_a_loaded_run_keeps_its_curve_clock_and_events(make_run, images, tmp_path):
    run = make_run()
    for _ in range(3):
        run.step()
        run.measure()
    run.record("pause")
    run.save(tmp_path / "x.safetensors")
    loaded = Run.load(tmp_path / "x.safetensors", lambda name: images)
    assert loaded.curve.since(0)[2] == run.curve.since(0)[2]
    assert loaded.seconds == run.seconds and loaded.events == run.events


def test_changes_at_resume_live_ones_become_an_edit_others_are_refused(make_run, images, tmp_path):
    make_run().save(tmp_path / "x.safetensors")
    loaded = Run.load(tmp_path / "x.safetensors", lambda name: images, {"generator_lr": 1e-2, "precision": "float32"})
    assert loaded.config.generator_lr == 1e-2 and loaded.trainer.precision == torch.float32
    assert [event.kind for event in loaded.events if event.kind != "moved"] == ["edit"]
    with pytest.raises(ConfigError, match="latent_size is 8 in the checkpoint, not 9"):
        Run.load(tmp_path / "x.safetensors", lambda name: images, {"latent_size": 9})


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"config": {"nonsense": 1}}, "nonsense: unknown key"),
        ({"config": 3}, "description is damaged"),
        ({"events": [{}]}, "description is damaged"),
        ({"curve": [["a"]]}, "description is damaged"),
        ({"curve": [[1, 2]]}, "description is damaged"),
        ({"curve": [[float("inf")] * 10]}, "description is damaged"),
        ({"seconds": float("nan")}, "description is damaged"),
        ({"events": [{"step": 1, "kind": "edit", "detail": {"batch_size": 3}}]}, "description is damaged"),
        ({"space": {"shape": [3, 32, 32], "classes": [], "scale": 1, "extent": 1}}, r"samples like .*3, 32, 32"),
    ],
)
def test_a_damaged_description_is_refused(make_run, images, tmp_path, changes, complaint):
    path = tmp_path / "x.safetensors"
    make_run().save(path)
    rewrite(path, **changes)
    with pytest.raises(CheckpointError, match=complaint):
        Run.load(path, lambda name: images)


@pytest.mark.parametrize("lost", ["d_optimizer.0.exp_avg_sq", "g_optimizer.1.step", "average.first.weight"])
def test_a_checkpoint_without_a_tensor_is_refused(make_run, images, tmp_path, lost):
    path = tmp_path / "x.safetensors"
    run = make_run()
    run.step()
    run.save(path)
    rewrite(path, {name: t for name, t in load_file(path).items() if name != lost})
    with pytest.raises(CheckpointError, match=f"'{lost}' is missing|of the .* that were saved"):
        Run.load(path, lambda name: images)


def test_tensors_of_another_network_are_refused(make_run, images, tmp_path):
    path = tmp_path / "x.safetensors"
    run = make_run()
    run.save(path)
    rewrite(path, config={**run.config.model_dump(), "latent_size": 5})
    with pytest.raises(CheckpointError, match="'generator.first.weight' has shape and type"):
        Run.load(path, lambda name: images)


def break_weights(run):
    with torch.no_grad():
        next(run.trainer.generator.parameters()).fill_(float("nan"))


def test_divergence_is_reported_with_the_last_finite_values_and_undone(make_run):
    run = make_run()
    run.step()
    good = {name: t.clone() for name, t in run.trainer.state_dict().items()}
    last = run.measure()
    run._good = run._copy_state()
    run.edit({"generator_lr": 1.0})
    break_weights(run)
    run.step()
    with pytest.raises(TrainingFault, match=rf"diverged by step 2 .*g_loss = nan.*last finite at step {last.step}"):
        run.measure()
    assert run.return_to_good_state() == 1
    assert run.config.generator_lr == 1.0  # settings stay as the user set them
    assert [event.kind for event in run.events] == ["edit", "return"]
    assert all(torch.equal(t, good[name]) for name, t in run.trainer.state_dict().items())
    run.step()
    run.measure()  # it goes on


def test_a_generator_update_that_fails_leaves_a_run_that_can_go_on(make_run, monkeypatch):
    run = make_run()
    run.step()
    run._good = run._copy_state()

    def fail():
        raise torch.OutOfMemoryError("CUDA out of memory")

    with monkeypatch.context() as patched:
        patched.setattr(run.trainer.g_optimizer, "step", fail)
        with pytest.raises(TrainingFault, match="out of memory"):
            run.step()
    run.return_to_good_state()
    run.step()
    assert run.measure().d_gradient > 0


def test_the_points_that_were_undone_leave_the_curve_when_the_run_goes_on(make_run):
    run = make_run()
    for step in range(6):
        run.step()
        run.measure()
        if step == 2:
            run._good = run._copy_state()
    assert run.return_to_good_state() == 3
    assert run.curve.newest.step == 6  # still to be seen
    run.step()
    run.measure()
    assert [point.step for point in run.curve.since(0, -1)[2]] == [1, 2, 3, 4]


def test_a_broken_state_never_becomes_the_good_one(make_run, monkeypatch):
    monkeypatch.setattr("gan_studio.training.run.GOOD_STATE_EVERY", 0.0)
    run = make_run()
    run.step()
    run.measure()
    assert run._good["tensors"]["progress"][0] == 1
    run.step()
    break_weights(run)  # the losses of this step were finite, its update was not
    run.measure()
    assert run._good["tensors"]["progress"][0] == 1


def test_a_run_that_has_diverged_is_neither_saved_nor_loaded(make_run, images, tmp_path):
    path, run = tmp_path / "x.safetensors", make_run()
    run.step()
    run.save(path)
    good = path.read_bytes()
    break_weights(run)
    with pytest.raises(TrainingFault, match="weights are not finite"):
        run.save(path)
    assert path.read_bytes() == good
    tensors = load_file(path)
    rewrite(path, {name: t * float("nan") if name == "discriminator.head.weight" else t for name, t in tensors.items()})
    with pytest.raises(CheckpointError, match="has diverged"):
        Run.load(path, lambda config: images)


def test_networks_that_do_not_fit_into_memory_are_refused(make_run, monkeypatch):
    def fail(*arguments):
        raise RuntimeError("[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: not enough memory")

    monkeypatch.setattr("gan_studio.training.run.Trainer", fail)
    with pytest.raises(StudioError, match="channels = .* do not fit into memory; make them smaller"):
        make_run()


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError(
            "[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: not enough memory: you tried to allocate"
        ),
        MemoryError(),
    ],
)
def test_out_of_memory_is_a_fault_that_says_what_to_do(make_run, monkeypatch, error):
    run = make_run()

    def fail():
        raise error

    monkeypatch.setattr(run.trainer, "step", fail)
    with pytest.raises(TrainingFault, match="out of memory in step 1.*smaller batch"):
        run.step()
