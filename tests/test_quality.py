"""Measuring while a run trains: what is measured, when, and what is said where it cannot be."""

import time
from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file

from gan_studio import quality as module
from gan_studio.errors import StudioError
from gan_studio.lessons.presets import find_preset
from gan_studio.metrics.classifier import Classifier, ClassifierNetwork
from gan_studio.metrics.evaluate import ClassShares, Number, Report
from gan_studio.metrics.extractor import Pace, Watched
from gan_studio.metrics.reference import PictureReference
from gan_studio.quality import MOST_ROWS, PREPARING_SHARE, Measured, Plan, QualityMonitor, offered
from gan_studio.session import Session
from tests.conftest import tiny_config, wait_until

POINTS = Plan(("modes", "sliced_wasserstein"), interval=1, count=200)


@pytest.fixture
def session(tmp_path):
    made = Session(tmp_path / "checkpoints", tmp_path / "data", snapshot_seconds=0.02)
    yield made
    made.close()


@pytest.fixture
def monitor(session):
    made = QualityMonitor(session)
    yield made
    made.close()
    wait_until(lambda: not made.busy)


def shown(monitor):
    return {**monitor.status(), **monitor.numbers()}


def points(**values):
    return tiny_config(dataset="ring8", **values)


def test_a_training_run_is_measured_again_and_again(session, monitor):
    session.start(points())
    monitor.begin(POINTS)
    wait_until(lambda: len(shown(monitor)["steps"]) >= 2)
    view = shown(monitor)
    assert view["names"] == ["modes", "sliced_wasserstein"] and "200 samples" in view["protocol"]
    assert view["steps"] == sorted(set(view["steps"]))
    for row in view["numbers"]:
        value, error, floor, spread = row["modes"]
        assert 0 <= value <= 8 and error is None and floor == 8 and spread == 0
        assert row["sliced_wasserstein"][0] > row["sliced_wasserstein"][2] > 0


def test_a_paused_run_is_measured_once_and_a_new_plan_at_once(session, monitor):
    session.step_once(points())
    monitor.begin(POINTS)
    wait_until(lambda: shown(monitor)["steps"] == [1])
    monitor.begin(Plan(("js",), interval=3600, count=300))
    wait_until(lambda: shown(monitor)["names"] == ["js"] and shown(monitor)["state"] == "waiting")
    assert shown(monitor)["steps"] == [1]


def test_another_run_begins_a_new_list(session, monitor):
    session.step_once(points())
    monitor.begin(POINTS)
    wait_until(lambda: shown(monitor)["steps"] == [1])
    first = shown(monitor)["run"]
    session.reset(points(seed=1))
    wait_until(lambda: shown(monitor)["run"] != first)
    assert shown(monitor)["steps"] == [0]


def test_without_a_run_it_waits_and_measures_when_there_is_one(session, monitor):
    monitor.begin(POINTS)
    assert shown(monitor)["state"] == "waiting" and shown(monitor)["steps"] == []
    session.step_once(points())
    wait_until(lambda: shown(monitor)["steps"] == [1])


def test_after_the_end_nothing_is_measured(session, monitor):
    session.step_once(points())
    monitor.begin(POINTS)
    wait_until(lambda: shown(monitor)["steps"] == [1])
    monitor.end()
    session.step_once(points())
    assert shown(monitor)["state"] == "off" and shown(monitor)["steps"] == [1]


def test_what_cannot_be_measured_is_said_and_the_run_goes_on(session, monitor):
    session.start(points())
    monitor.begin(Plan(("fcd",), interval=1, count=200))  # a number for pictures
    wait_until(lambda: shown(monitor)["state"] == "failed")
    assert "none of the chosen numbers applies to ring8" in shown(monitor)["message"]["error"]
    assert session.snapshot.state == "running"
    monitor.begin(POINTS)
    wait_until(lambda: shown(monitor)["steps"])
    assert shown(monitor)["message"] is None


def test_the_weights_of_inception_may_be_a_file_of_ones_own(session, tmp_path):
    foreign = tmp_path / "other.safetensors"
    save_file({"weight": torch.zeros(1)}, foreign)
    monitor = QualityMonitor(session, foreign)
    session.step_once(tiny_config())
    monitor.begin(Plan(("kid",), interval=1, count=200))
    wait_until(lambda: shown(monitor)["state"] == "failed")
    said = shown(monitor)["message"]["error"]
    assert str(foreign) in said and "not the weights of torchvision's Inception-v3" in said
    monitor.close()
    wait_until(lambda: not monitor.busy)


def test_what_fails_costs_as_much_as_what_succeeds(session, monitor, monkeypatch):
    def fail(*_, **__):
        end = time.thread_time() + 0.2
        while time.thread_time() < end:
            pass
        raise StudioError("diverged")

    monkeypatch.setattr(module, "evaluate", fail)
    session.step_once(points())
    wait_until(lambda: session.weights)
    assert monitor._guarded(POINTS, session.weights) >= 0.2  # so that the next one comes after 10 s, not 1
    assert shown(monitor)["message"]["error"] == "diverged"


def test_measuring_takes_no_more_than_its_share_of_the_time_while_a_run_trains(session, monitor, monkeypatch):
    begun, measure = [], module.evaluate

    def slow(*asked, **options):
        begun.append(time.monotonic())
        end = time.thread_time() + 0.2
        while time.thread_time() < end:
            pass
        return measure(*asked, **options)

    monkeypatch.setattr(module, "evaluate", slow)
    monkeypatch.setattr(module, "SHARE", 0.1)
    session.start(points())
    monitor.begin(POINTS)
    wait_until(lambda: len(begun) == 3)
    assert begun[2] - begun[1] >= 0.2 / 0.1  # and not the plan's second


@pytest.fixture
def few_pictures(monkeypatch, images, tmp_path):
    """The real side becomes 100 pictures, or copies of them, in the eyes of a network that knows nothing."""
    network = ClassifierNetwork(1, 10).eval().requires_grad_(False)
    extractor = Classifier("mnist", network, images.classes, 0.5)

    def use(copies=1, noted=None):
        parts = [] if noted is None else noted
        data = replace(images, samples=images.samples.repeat(copies, 1, 1, 1), labels=images.labels.repeat(copies))

        def load(config, kinds, data_dir, inception, looked):
            watched = Watched(extractor, lambda count: (parts.append(count), looked(count)))
            return {"classifier": PictureReference(config, {"train": data, "test": data}, watched, tmp_path)}

        monkeypatch.setattr(module, "load_references", load)

    return use


def test_numbers_that_need_more_samples_are_left_out_and_the_others_measured(session, monitor, few_pictures):
    few_pictures()
    session.step_once(tiny_config(train_size=100))
    monitor.begin(Plan(("fcd", "precision"), interval=1, count=3000))
    wait_until(lambda: shown(monitor)["steps"] == [1])
    view = shown(monitor)
    assert view["names"] == ["precision"] and view["left_out"] == {"fcd": 129} and view["most"] == 100
    assert view["state"] == "waiting" and view["message"] is None
    assert view["classes"]["names"] == tuple("0123456789") and sum(view["classes"]["generated"]) == pytest.approx(1)
    monitor.begin(Plan(("fcd",), interval=1, count=3000))
    wait_until(lambda: shown(monitor)["state"] == "failed")
    assert "fcd needs 129 samples or more" in shown(monitor)["message"]["error"]


def test_real_samples_are_looked_at_part_by_part_with_rests_in_between(session, monitor, few_pictures, monkeypatch):
    rests, parts = [], []
    monkeypatch.setattr(Pace, "rest", lambda self: rests.append(self._share))
    few_pictures(copies=9, noted=parts)
    session.step_once(tiny_config(train_size=100))
    monitor.begin(Plan(("precision",), interval=1, count=200))
    wait_until(lambda: shown(monitor)["steps"] == [1])
    # Both splits of 900; then 200 generated ones, which count as measuring and are paid for afterwards.
    assert parts == [*[200, 200, 200, 200, 100] * 2, 200] and rests == [PREPARING_SHARE] * 10


def test_whoever_stops_while_the_real_samples_are_looked_at_is_heard(monitor):
    monitor._pace = Pace(PREPARING_SHARE, lambda: False)
    with pytest.raises(module._Ended):
        monitor._looked(200)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"names": ()}, "choose at least one"),
        ({"names": ("beauty",)}, "choose at least one"),
        ({"interval": 0}, "interval = 0: must be from 1 to 3600"),
        ({"interval": 1e9}, "must be from 1 to 3600"),
        ({"count": 10}, "samples = 10: must be from 200 to 10000"),
        ({"count": 10**9}, "must be from 200 to 10000"),
    ],
)
def test_plans_out_of_range_are_refused(values, said):
    with pytest.raises(StudioError, match=said):
        Plan(**values)


def test_the_plan_offers_what_applies():
    config = find_preset("grid25").config
    assert Plan().names_for(config) == ("modes", "good", "sliced_wasserstein", "js")
    assert Plan().names_for(find_preset("mnist-dcgan").config) == ("fcd", "precision", "recall", "memorised")
    assert set(Plan().names) <= {name for names in offered().values() for name in names}


def report(step):
    return Report(step, "ring8", "points", 200, 0, "train", (Number("modes", 1.0, None, 8.0, 0.0),))


def test_steps_that_were_undone_are_dropped():
    measured = Measured("run")
    for step in (1, 5, 9, 4):
        measured.add(report(step))
    assert [row.step for row in measured.rows] == [1, 4]


def test_only_the_newest_report_keeps_the_shares_of_the_classes():
    measured, shares = Measured("run"), ClassShares(("0", "1"), (0.4, 0.6), (0.5, 0.5))
    for step in (1, 2):
        measured.add(replace(report(step), classes=shares))
    assert [row.classes for row in measured.rows] == [None, shares]


def test_the_list_is_bounded_and_keeps_the_newest():
    measured = Measured("run")
    for step in range(3 * MOST_ROWS):
        measured.add(report(step))
    steps = [row.step for row in measured.rows]
    assert len(steps) <= MOST_ROWS and steps[0] == 0 and steps[-1] == 3 * MOST_ROWS - 1
