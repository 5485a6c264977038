"""What is made of the times that a browser noted."""

import math

import pytest

from gan_studio.bench.drags import delays
from gan_studio.bench.live import percentile
from gan_studio.bench.visitors import find_browser
from gan_studio.errors import StudioError


def test_a_move_is_answered_by_its_picture_or_that_of_a_later_move():
    moves = [[0, 0.1], [10, 0.2], [20, 0.3]]
    assert delays(moves, [[15, 0.1], [40, 0.3]]) == [15, 30, 20]
    assert delays(moves, [[5, 0.2], [12, 0.2]]) == [12, 2, math.inf]


def test_a_picture_that_was_asked_for_before_a_move_does_not_answer_it():
    """To and fro: the frame at 25 was drawn for the move at 10, though a later move has the same value."""
    moves = [[10, 0.2], [20, 0.3], [30, 0.2], [40, 0.1]]
    assert delays(moves, [[25, 0.2], [35, 0.3], [60, 0.1]]) == [15, 15, 30, 20]


def test_percentiles():
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile(list(range(101)), 0.95) == 95
    with pytest.raises(StudioError, match="nothing was drawn"):
        percentile([], 0.5)


def test_a_missing_browser_or_driver_says_what_to_install(monkeypatch, tmp_path):
    pytest.importorskip("playwright")
    with pytest.raises(StudioError, match="nowhere is not here: install Chromium, or name one with --browser"):
        find_browser(str(tmp_path / "nowhere"))
    monkeypatch.setitem(__import__("sys").modules, "playwright", None)
    with pytest.raises(StudioError, match="pip install playwright"):
        find_browser()
