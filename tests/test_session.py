import threading
from itertools import pairwise

import pytest
import torch

from gan_studio.errors import StudioError
from gan_studio.session import AUTOSAVE, AUTOSAVES_KEPT, Session, SessionClosed
from gan_studio.training.checkpoint import list_checkpoints, read_checkpoint, read_meta
from gan_studio.training.run import Run
from tests.conftest import tiny_config, wait_until


def kinds(session):
    return [event.kind for event in session.snapshot.events]


def test_commands_need_a_run(session):
    for command in (session.pause, session.resume, session.stop, lambda: session.edit({}), lambda: session.save("x")):
        with pytest.raises(StudioError, match="no run yet"):
            command()


def test_a_run_trains_pauses_steps_resumes_and_stops(session):
    session.start(tiny_config())
    wait_until(lambda: session.snapshot.step > 3)
    session.pause()
    step = session.snapshot.step
    assert session.snapshot.state == "paused" and session.snapshot.point.step == step
    session.step_once(tiny_config())
    assert session.snapshot.step == session.snapshot.point.step == step + 1
    session.start(tiny_config())  # goes on: it is paused
    wait_until(lambda: session.snapshot.step > step + 3)
    session.stop()
    assert session.snapshot.state == "stopped"
    session.resume()
    assert kinds(session) == ["start", "pause", "step", "resume", "stop", "resume"]


def test_a_live_edit_lands_at_its_step_and_is_recorded_there(session):
    session.start(tiny_config())
    wait_until(lambda: session.snapshot.step > 2)
    session.edit({"generator_lr": 1e-3, "batch_size": 4})
    event = session.snapshot.events[-1]
    assert event.kind == "edit" and event.step == session.snapshot.step
    assert event.detail == {"generator_lr": [5e-4, 1e-3], "batch_size": [8, 4]}
    assert session.snapshot.config.batch_size == 4
    session.pause()
    positions = session._run.trainer.sampler
    shown = positions.epoch * positions.size + positions.position
    assert shown == 8 * event.step + 4 * (session.snapshot.step - event.step)


def test_an_edited_run_replayed_by_hand_gives_the_same_weights(session):
    config = tiny_config(precision="float32")
    session.start(config)
    wait_until(lambda: session.snapshot.step > 2)
    session.edit({"discriminator_lr": 1e-2})
    edited_at = session.snapshot.events[-1].step
    wait_until(lambda: session.snapshot.step > edited_at + 2)
    session.pause()
    again = Run(config, session._run.data)
    for step in range(session.snapshot.step):
        if step == edited_at:
            again.edit({"discriminator_lr": 1e-2})
        again.step()
    state = session._run.trainer.state_dict()
    assert all(torch.equal(t, state[name]) for name, t in again.trainer.state_dict().items())


def test_an_edit_of_a_stopped_run_is_saved_with_it(session):
    session.start(tiny_config())
    wait_until(lambda: session.snapshot.step > 0)
    session.stop()
    session.edit({"generator_lr": 1e-5})
    session.close()
    (name,) = list_checkpoints(session.checkpoints)
    assert read_meta(session.checkpoints / f"{name}.safetensors")["config"]["generator_lr"] == 1e-5


def test_refused_edits_change_nothing_and_the_run_goes_on(session):
    session.start(tiny_config())
    for changes in ({"batch_size": 0}, {"seed": 1}, {"nonsense": 1}, {"generator_lr": "fast"}):
        with pytest.raises(StudioError):
            session.edit(changes)
    step = session.snapshot.step
    wait_until(lambda: session.snapshot.step > step)
    assert kinds(session) == ["start"]


def test_a_start_that_is_refused_keeps_the_run_there_is(session):
    session.start(tiny_config())
    wait_until(lambda: session.snapshot.step > 0)
    session.stop()
    with pytest.raises(StudioError, match="kmnist"):
        session.start(tiny_config(dataset="kmnist"))
    assert session.snapshot.state == "stopped" and session.snapshot.config.dataset == "mnist"


def test_divergence_stops_the_run_keeps_the_last_good_state_and_can_be_resumed(session):
    session.start(tiny_config())
    wait_until(lambda: session.snapshot.step > 2)

    def break_it():
        with torch.no_grad():
            session._run.trainer.generator.first.weight.fill_(float("inf"))

    session._do(break_it)
    wait_until(lambda: session.snapshot.state == "failed")
    assert "diverged" in session.snapshot.message and "is kept" in session.snapshot.message
    assert kinds(session)[-2:] == ["fault", "return"]
    session.resume()
    wait_until(lambda: session.snapshot.state == "running" and session.snapshot.step > 3)
    assert session.snapshot.message == ""


def test_an_unexpected_fault_never_ends_the_session(session, monkeypatch):
    session.start(tiny_config())
    wait_until(lambda: session.snapshot.step > 0)
    monkeypatch.setattr(session._run.trainer, "step", lambda: 1 / 0)
    wait_until(lambda: session.snapshot.state == "failed")
    assert "division by zero" in session.snapshot.message
    with pytest.raises(StudioError, match="unexpected fault: 'boom'"):
        session._do(lambda: {}["boom"])
    session.start(tiny_config())
    wait_until(lambda: session.snapshot.state == "running" and session.snapshot.step > 0)


def test_nobody_elses_saved_run_is_replaced(session):
    session.step_once(tiny_config())
    path = session.save("mine")
    session.step_once(tiny_config())
    session.save("mine")  # the same run, further on
    first = path.read_bytes()
    session.reset(tiny_config())
    for _ in range(2):  # until it is where the other one was saved
        session.step_once(tiny_config())
        with pytest.raises(StudioError, match="a saved run called mine already: choose another name"):
            session.save("mine")
    assert path.read_bytes() == first and kinds(session)[-1] == "step"
    session.save("other")
    session.load("mine")
    session.edit({"generator_lr": 1e-3})
    session.step_once(tiny_config())
    session.save("mine")  # it has come from there
    session.load("other")
    with pytest.raises(StudioError, match="choose another name"):
        session.save("mine")


def test_a_run_of_the_command_line_is_not_replaced_either(session, make_run):
    path = session.checkpoints / "theirs.safetensors"
    make_run().save(path)
    session.step_once(tiny_config())
    with pytest.raises(StudioError, match="called theirs already"):
        session.save("theirs")
    session.load("theirs")
    session.step_once(tiny_config())
    session.save("theirs")
    path.write_bytes(b"damaged")
    with pytest.raises(StudioError, match="called theirs already"):
        session.save("theirs")


def test_save_and_load(session):
    session.start(tiny_config())
    wait_until(lambda: session.snapshot.step > 2)
    session.pause()
    path = session.save("mine")
    step, curve = session.snapshot.step, session.snapshot.curve.to_rows()
    assert path.name == "mine.safetensors" and kinds(session)[-1] == "save"
    session.start(tiny_config())
    wait_until(lambda: session.snapshot.step > step + 2)
    session.load("mine")
    assert session.snapshot.state == "paused" and session.snapshot.step == step
    assert session.snapshot.curve.to_rows() == curve
    for name in ("../mine", "missing"):
        with pytest.raises(StudioError):
            session.load(name)
    assert session.snapshot.step == step


def test_runs_are_autosaved_when_they_end_and_the_oldest_are_dropped(session):
    for _ in range(AUTOSAVES_KEPT + 2):
        session.reset(tiny_config())
        session.step_once(tiny_config())
    session.stop()
    names = list_checkpoints(session.checkpoints)
    assert len(names) == AUTOSAVES_KEPT and all(name.startswith(AUTOSAVE) for name in names)
    assert all(read_meta(session.checkpoints / f"{name}.safetensors")["step"] == 1 for name in names)


def test_closing_saves_the_running_run_and_refuses_later_commands(tmp_path):
    session = Session(tmp_path)
    session.start(tiny_config())
    wait_until(lambda: session.snapshot.step > 2)
    session.close()
    session.close()
    assert not session._thread.is_alive()
    (name,) = list_checkpoints(tmp_path)
    assert read_meta(tmp_path / f"{name}.safetensors")["step"] >= session.snapshot.step
    with pytest.raises(SessionClosed):
        session.pause()


def test_an_end_in_the_middle_of_a_long_step_saves_the_last_good_state(tmp_path, monkeypatch):
    monkeypatch.setattr("gan_studio.training.run.SLOW_STEP", 0.0)
    session, go_on = Session(tmp_path), threading.Event()
    session.start(tiny_config())
    wait_until(lambda: session.snapshot.step > 2)
    step, stuck = session._run.trainer.step, threading.Event()

    def stay():
        stuck.set()
        go_on.wait(60)
        step()

    monkeypatch.setattr(session._run.trainer, "step", stay)
    assert stuck.wait(60)
    assert not session.close(0.1)
    (name,) = list_checkpoints(tmp_path)
    good, saved = session._run._good["step"], read_meta(tmp_path / f"{name}.safetensors")
    assert saved["threads"] == session._threads  # not those of the thread that saved it
    assert Run.load(tmp_path / f"{name}.safetensors", lambda config: session._run.data).step_count == good > 0
    go_on.set()
    assert session.close()
    assert read_meta(tmp_path / f"{name}.safetensors")["step"] == good


def test_what_has_just_diverged_is_not_saved(session):
    session.start(tiny_config())
    wait_until(lambda: session.snapshot.step > 0)
    session.pause()

    def break_weights():
        session._run.trainer.discriminator.head.weight.data.fill_(float("nan"))

    session._do(break_weights)
    path = session.save("x")
    assert session.snapshot.state == "failed" and "weights are not finite" in session.snapshot.message
    tensors = read_checkpoint(path).tensors
    assert all(t.isfinite().all() for t in tensors.values() if t.is_floating_point())


def test_an_end_in_the_middle_of_a_long_step_keeps_what_was_saved_before(tmp_path, monkeypatch):
    session, go_on, stuck = Session(tmp_path), threading.Event(), threading.Event()
    session.start(tiny_config())
    wait_until(lambda: session.snapshot.step > 2)
    session.stop()
    stopped, step = session.snapshot.step, session._run.trainer.step
    steps = iter([step, lambda: stuck.set() or go_on.wait(60)])

    def one_step():
        next(steps)()

    monkeypatch.setattr(session._run.trainer, "step", one_step)
    session.resume()
    assert stuck.wait(60)
    assert not session.close(0.1)
    (name,) = list_checkpoints(tmp_path)
    assert read_meta(tmp_path / f"{name}.safetensors")["step"] == stopped
    go_on.set()
    assert session.close()


def test_a_failed_save_is_no_event_and_a_step_that_fails_hides_nothing(session, monkeypatch):
    session.start(tiny_config())
    wait_until(lambda: session.snapshot.step > 0)

    def refuse(*arguments, **options):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as full_disk:
        full_disk.setattr("gan_studio.training.checkpoint.save", refuse)
        with pytest.raises(StudioError):
            session.save("x")
    assert "save" not in kinds(session)
    measure, once = session._run.trainer.measure, [{"d_loss": float("nan")}]

    def break_it():  # between two snapshots
        session._snapshot_seconds = 60
        session._run.trainer.measure = lambda: once.pop() if once else measure()

    session._do(break_it)
    session.step_once(tiny_config())
    assert session.snapshot.state == "failed" and "diverged" in session.snapshot.message
    assert kinds(session)[-1] == "return"


def test_a_full_disk_is_said_and_training_goes_on(session, monkeypatch):
    def refuse(*arguments, **options):
        raise OSError(28, "No space left on device")

    session.start(tiny_config())
    wait_until(lambda: session.snapshot.step > 0)
    monkeypatch.setattr("gan_studio.training.checkpoint.save", refuse)
    with pytest.raises(StudioError, match="cannot be written.*No space left"):
        session.save("x")
    assert session.snapshot.state == "running"
    step = session.snapshot.step
    with pytest.raises(StudioError, match="the present run is kept"):
        session.reset(tiny_config())
    assert session.snapshot.step >= step > 0


def test_a_run_whose_good_state_cannot_be_restored_is_said_to_have_failed(session, monkeypatch):
    session.start(tiny_config())
    wait_until(lambda: session.snapshot.step > 0)

    def fail(*arguments):
        raise RuntimeError("the GPU answers no more")

    monkeypatch.setattr(session._run, "return_to_good_state", fail)
    monkeypatch.setattr(session._run.trainer, "step", fail)
    wait_until(lambda: session.snapshot.state == "failed")
    assert "could not be restored" in session.snapshot.message
    session.reset(tiny_config())
    assert session.snapshot.state == "paused"


def test_snapshots_are_immutable_and_independent_of_later_training(session):
    session.start(tiny_config())
    wait_until(lambda: session.snapshot.step > 0)
    old, weights = session.snapshot, session.weights
    grid, first = old.grid.clone(), weights.state["first.weight"].clone()
    wait_until(lambda: session.snapshot.step > old.step + 5)
    assert torch.equal(old.grid, grid) and torch.equal(weights.state["first.weight"], first)
    assert not torch.equal(session.weights.state["first.weight"], first)
    with pytest.raises(AttributeError):
        old.step = 3


def test_commands_from_many_threads_all_land(session):
    session.start(tiny_config())
    rates = [1e-4 + 1e-6 * n for n in range(40)]
    threads = [threading.Thread(target=session.edit, args=({"generator_lr": rate},)) for rate in rates]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    edits = [event.detail["generator_lr"] for event in session.snapshot.events if event.kind == "edit"]
    assert sorted(after for _, after in edits) == rates
    assert all(a[1] == b[0] for a, b in pairwise(edits))  # one after the other


def kept_steps(session):
    return [each.step for each in session.past.kept]


def test_the_past_holds_both_networks_exactly_as_they_were(session):
    config = tiny_config("dcgan", precision="float32")
    session.start(config)
    wait_until(lambda: session.snapshot.step > 50)
    session.pause()
    assert kept_steps(session)[:3] == [0, 25, 50]
    by_hand = Run(config, session._run.data)
    for kept in session.past.kept[:3]:
        while by_hand.step_count < kept.step:
            by_hand.step()
        for then, now in (
            (kept.copy.state, by_hand.trainer.average.network),
            (kept.copy.discriminator, by_hand.trainer.discriminator),
        ):
            assert all(torch.equal(then[name], tensor) for name, tensor in now.state_dict().items())
        assert kept.size == kept.copy.size > 4 * sum(p.numel() for p in by_hand.trainer.generator.parameters())


def test_another_run_has_another_past_and_a_resumed_one_begins_where_it_goes_on(session):
    for _ in range(26):
        session.step_once(tiny_config())
    assert kept_steps(session) == [0, 25]
    session.save("mine")
    session.reset(tiny_config(seed=1))
    assert kept_steps(session) == [0] and session.past.kept[0].copy.run_id == session.snapshot.run_id
    session.load("mine")
    assert kept_steps(session) == [26] and session.past.next_step == 51
    session.stop()
    assert kept_steps(session) == [26]


def test_going_back_to_the_last_good_state_drops_what_lies_after_it(session):
    for _ in range(30):
        session.step_once(tiny_config())
    assert kept_steps(session) == [0, 25]
    session._do(lambda: session._fail("broken"))
    assert session.snapshot.step == 0 and kept_steps(session) == [0]
    session.resume()
    wait_until(lambda: kept_steps(session)[:2] == [0, 25])


def test_what_is_to_be_said_of_a_run_is_said_until_its_first_step_and_at_it(session):
    told = {"generator_conditioning": "embedding", "classes_from_latent": True}
    session.reset(tiny_config(dataset="ring", **told))
    assert session.snapshot.message.startswith("ring: trained without classes")
    session.step_once(tiny_config())
    assert session.snapshot.step == 1 and session.snapshot.message.startswith("ring: trained without classes")
    session.step_once(tiny_config())
    assert session.snapshot.step == 2 and session.snapshot.message == ""
