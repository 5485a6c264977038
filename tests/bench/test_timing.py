"""The statistics, whose turn it is, and how steps are counted; no test here looks at a clock."""

import pytest

from gan_studio.bench.timing import alternate, ratios, spread, step_seconds, stepper


def test_spread_is_the_median_and_the_range_and_keeps_the_values():
    assert spread([3.0, 1.0, 10.0]) == {"median": 3.0, "lowest": 1.0, "highest": 10.0, "values": [3.0, 1.0, 10.0]}
    assert spread([1.0, 4.0])["median"] == 2.5


def test_ratios_are_taken_round_by_round():
    both_slow_together = ratios([10.0, 20.0, 40.0], [5.0, 10.0, 20.0])
    assert both_slow_together["values"] == [2.0, 2.0, 2.0]
    with pytest.raises(ValueError):
        ratios([1.0, 2.0], [1.0])


def test_measures_take_turns_and_the_order_is_reversed_every_second_round():
    calls = []

    def measure(name):
        calls.append(name)
        return len(calls)

    found = alternate({name: lambda name=name: measure(name) for name in "abc"}, 3)
    assert "".join(calls) == "abccbaabc"
    assert found == {"a": [1, 6, 7], "b": [2, 5, 8], "c": [3, 4, 9]}


def test_a_window_is_whole_steps_after_one_that_does_not_count():
    steps = iter(range(100))
    assert step_seconds(stepper(steps), 0.0) > 0
    assert next(steps) == 2  # one to warm up, one that is timed
