"""When the tutorial gets there, and a clock that stands still while samples are judged."""

import math

import pytest

from gan_studio.bench import quality


@pytest.mark.parametrize(
    ("theirs", "words"),
    [
        ({15: 90.0, 60: 40.0, 300: 9.0}, "FCD 10, which ours has at 60 s: the tutorial had reached it at 300 s"),
        ({15: 5.0, 60: 4.0, 300: 20.0}, "FCD 10, which ours has at 60 s: the tutorial had reached it at 15 s"),
        ({15: 90.0, 60: 12.0, 300: 30.0}, "the tutorial has not reached it in 300 s (its best is 12)"),
    ],
)
def test_the_goal_in_words(theirs, words):
    assert words in quality.goal({15: 30.0, 60: 10.0, 300: 3.0}, theirs)


def test_the_goal_without_a_minute_is_the_last_time():
    assert quality.goal({2: 30.0, 5: 20.0}, {2: 50.0, 5: 19.0}).startswith("FCD 20, which ours has at 5 s")


def test_training_goes_on_only_until_the_time_that_is_asked_for(monkeypatch):
    clock = iter(range(1000))
    monkeypatch.setattr(quality.time, "perf_counter", lambda: float(next(clock)))
    answer = quality._clocked(iter(range(1000)), lambda: [next(clock) for _ in range(100)])  # judging takes long
    first, _ = answer(5)
    again, _ = answer(5)
    more, _ = answer(12)
    assert again == first > 0 and more > first
    assert math.isclose(more - first, 7, abs_tol=2)  # a second for each step
