from itertools import pairwise

from gan_studio.past import GROWTH, MOST, Past


def train(past, last, size=1):
    """Keep each step that is due, up to ``last``."""
    while past.next_step <= last:
        step = past.next_step
        past.keep(step, f"weights of {step}", size)
    return [each.step for each in past.kept]


def test_steps_lie_ever_further_apart():
    past = Past()
    assert train(past, 300) == [0, 25, 50, 75, 100, 125, 157, 197, 247]
    assert past.next_step == 309


def test_a_run_that_goes_on_counts_from_where_it_does():
    past = Past()
    past.keep(1000, "weights of 1000", 1)
    assert train(past, 1140) == [1000, 1025, 1050, 1075, 1100, 1125]


def test_the_copy_of_the_nearest_step_is_found():
    past = Past()
    assert past.nearest(3) is None
    train(past, 100)
    assert [past.nearest(step) for step in (0, 12, 13, 60, 10**9)] == [
        f"weights of {step}" for step in (0, 0, 25, 50, 100)
    ]


def test_the_most_crowded_goes_first_and_both_ends_stay():
    past = Past(most=4)
    for step in (0, 10, 20, 90):
        past.keep(step, None, 1)
    past.keep(100, None, 1)  # log 1 11 21 91 101: of the middle ones, 90 has the nearest neighbours
    assert [each.step for each in past.kept] == [0, 10, 20, 100]
    past.keep(1000, None, 1)  # now 20: log(101/11) is less than log(21/1) and log(1001/21)
    assert [each.step for each in past.kept] == [0, 10, 100, 1000]


def test_a_long_run_stays_bounded_and_even_in_the_logarithm():
    past = Past()
    steps = train(past, 10**9)
    assert len(steps) == MOST and steps[:2] == [0, 25] and steps[-1] * GROWTH > 10**9
    assert max(later / earlier for earlier, later in pairwise(steps[1:])) < 2.5  # perfectly even: 1.8


def test_what_does_not_fit_is_thinned_but_never_the_ends():
    past = Past(most_bytes=100)
    assert len(train(past, 10**4, size=30)) == 3
    assert train(past, 10**5, size=90) == [0, past.kept[-1].step]


def test_what_was_undone_is_forgotten_and_kept_again():
    past = Past()
    train(past, 200)
    past.drop_after(100)
    assert [each.step for each in past.kept] == [0, 25, 50, 75, 100] and past.next_step == 125
    assert train(past, 160) == [0, 25, 50, 75, 100, 125, 157]
