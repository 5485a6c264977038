"""Measuring while a run trains: what is measured, when, and what is said where it cannot be."""

import pytest

from gan_studio.errors import StudioError
from gan_studio.lessons.presets import find_preset
from gan_studio.metrics.evaluate import Number, Report
from gan_studio.quality import MOST_ROWS, Measured, Plan, QualityMonitor, offered
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
    assert "none of the chosen numbers applies to ring8" in shown(monitor)["message"]
    assert session.snapshot.state == "running"
    monitor.begin(POINTS)
    wait_until(lambda: shown(monitor)["steps"])
    assert shown(monitor)["message"] == ""


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


def test_the_list_is_bounded_and_keeps_the_newest():
    measured = Measured("run")
    for step in range(3 * MOST_ROWS):
        measured.add(report(step))
    steps = [row.step for row in measured.rows]
    assert len(steps) <= MOST_ROWS and steps[0] == 0 and steps[-1] == 3 * MOST_ROWS - 1
