from itertools import pairwise

from gan_studio.events import COLUMNS, Curve, Measurement


def point(step):
    return Measurement(step, *(float(step) for _ in COLUMNS[1:]))


def steps(curve, number=0, generation=0):
    return [p.step for p in curve.since(number, generation)[2]]


def test_the_curve_is_bounded_keeps_its_ends_and_its_newest_part_whole():
    curve = Curve(recent=40, older=60)
    for step in range(10_000):
        curve.add(point(step))
        assert len(curve) <= 40 + 60 + 20
    kept = steps(curve)
    assert kept[0] == 0 and kept[-20:] == list(range(9980, 10_000))
    assert kept == sorted(set(kept))
    gaps = [b - a for a, b in pairwise(kept)]
    assert max(gaps) <= 10_000 / 30  # thinned evenly, no hole


def test_a_viewer_gets_exactly_what_it_lacks():
    curve = Curve(recent=40, older=60)
    seen, number = [], 0
    for step in range(1000):
        curve.add(point(step))
        if step % 7 == 0:
            number, _, points = curve.since(number)
            seen += [p.step for p in points]
    assert seen == list(range(seen[-1] + 1)) and seen[-1] == 994
    assert curve.since(curve.last)[2] == []


def test_going_back_drops_the_points_left_behind_and_starts_a_generation():
    curve = Curve()
    for step in (1, 2, 3, 4):
        curve.add(point(step))
    curve.cut(2)
    curve.add(point(3))
    assert steps(curve, generation=1) == [1, 2, 3]
    assert steps(curve, number=4, generation=0) == [1, 2, 3]  # a viewer of the old generation gets all again


def test_rows_there_and_back():
    curve = Curve()
    for step in (1, 2, 3):
        curve.add(point(step))
    rows = curve.to_rows()
    assert steps(Curve.from_rows(rows)) == [1, 2, 3]
    assert rows == Curve.from_rows(rows).to_rows()
