import time

import pytest

from gan_studio.metrics.extractor import Pace


@pytest.mark.parametrize(("training", "rests"), [(True, [6.0, 3.0]), (False, [])])
def test_work_takes_its_share_while_a_run_trains(training, rests, monkeypatch):
    clock, slept = [10.0], []
    monkeypatch.setattr(time, "thread_time", lambda: clock[0])
    monkeypatch.setattr(time, "sleep", slept.append)
    pace = Pace(0.25, lambda: training)
    for worked in (2.0, 1.0):
        clock[0] += worked
        pace.rest()
    assert slept == rests
