"""Searches in the background: what they find, that they take turns, and that they end."""

import base64
from contextvars import copy_context

import pytest
import torch

from gan_studio.errors import StudioError
from gan_studio.explorer import Explorer
from gan_studio.into import finder as module
from gan_studio.into.finder import MOST_SEARCHES, Finder, FindRequest, problem_of
from gan_studio.worker import MOST_WAITING, Worker, visitor
from tests.conftest import held, tiny_config, wait_until

GREY = base64.b64encode(bytes([128] * 784)).decode()
HALF = base64.b64encode(bytes([255] * 392 + [0] * 392)).decode()


@pytest.fixture
def explorer(session):
    session.step_once(tiny_config(generator_conditioning="embedding"))
    workers = Worker(session), Worker(session)
    yield Explorer(session, *workers)
    for worker in workers:
        worker.close()


@pytest.fixture
def finder(explorer):
    return Finder(explorer)


def request(**values):
    return FindRequest(**{"pixels": GREY, "restarts": 3, "steps": 50, **values})


def start_as(finder, who):
    """Somebody else's search, as it is begun in the context of their request."""
    return copy_context().run(lambda: visitor.set(who) and finder.start(request()))


def finished(finder, name):
    return wait_until(lambda: (p := finder.progress(name)) and not p.active and p)


def test_a_search_gets_nearer_and_says_how_far_it_is(finder):
    progress = finished(finder, finder.start(request()))
    assert progress.state == "done" and progress.found.step == 50 and progress.weights == 1
    assert [step for step, _, _ in progress.curve] == [0, 10, 20, 30, 40, 50]
    assert progress.curve[-1][1] < progress.curve[0][1] and progress.curve[-1][1] <= progress.curve[-1][2]
    torch.testing.assert_close(progress.found.errors[0].sqrt().item(), progress.curve[-1][1])


def test_the_end_of_a_search_is_told_together_with_what_was_found(finder, monkeypatch):
    seen = []

    class Watched(module._Search):
        def __setattr__(self, name, value):
            super().__setattr__(name, value)
            if name == "progress":
                seen.append(value)

    monkeypatch.setattr(module, "_Search", Watched)
    finished(finder, finder.start(request()))
    done = [progress for progress in seen if progress.state == "done"]
    assert [progress.found.step for progress in done] == [50] and done[0].curve[-1][0] == 50


def test_the_same_search_finds_the_same(finder):
    twice = [finished(finder, finder.start(request(seed=5))).found.latents for _ in range(2)]
    assert torch.equal(*twice)


def test_each_restart_may_look_in_another_class(finder):
    progress = finished(finder, finder.start(request(label=None)))
    assert progress.labels.tolist() == progress.found.restarts.tolist()
    assert finished(finder, finder.start(request(label=7))).labels.tolist() == [7, 7, 7]


def test_the_weights_stay_what_they_were_at_the_start(session, finder, explorer):
    name = finder.start(request(restarts=16, steps=500))
    wait_until(lambda: finder.progress(name).found)
    session.step_once(tiny_config())
    progress = finished(finder, name)
    assert progress.weights == 1 and progress.state == "done"


def test_filling_in_keeps_what_is_known(finder):
    progress = finished(finder, finder.start(request(task="fill", mask=HALF)))
    whole = progress.problem.composite(progress.found.pictures)
    assert torch.equal(whole[:, :, :14], progress.problem.target[None, :, :14].expand(3, -1, -1, -1))
    assert torch.equal(whole[:, :, 14:], progress.found.pictures[:, :, 14:])


def test_what_is_seen_depends_on_the_task(explorer):
    def problem(**values):
        return explorer.study("live", lambda source: problem_of(request(**values), source)).result(timeout=20)

    assert torch.equal(problem().seen, problem().target)
    noisy = problem(task="denoise", noise=0.5)
    assert 0.4 < (noisy.seen - noisy.target).std() < 0.6
    assert problem(task="enlarge", factor=7).seen.shape == (1, 4, 4)
    with pytest.raises(StudioError, match="cover a part"):
        problem(task="fill", mask=base64.b64encode(b"\xff" * 784).decode())
    with pytest.raises(StudioError, match="784 bytes do not fit|100 bytes do not fit 1 x 28 x 28"):
        problem(pixels=base64.b64encode(bytes(100)).decode())
    with pytest.raises(StudioError, match="base64"):
        problem(pixels="ü!")


@pytest.fixture
def hold(explorer):
    """Nothing is searched for until this is set."""
    with held(explorer.go_on) as event:
        yield event


def test_people_take_turns(finder, hold, monkeypatch):
    turns, go_on = [], module._Search.go_on
    monkeypatch.setattr(module, "_PART_SECONDS", 0.001)
    monkeypatch.setattr(module._Search, "go_on", lambda self: (turns.append(self.visitor), go_on(self)))
    names = [start_as(finder, who) for who in "abc"]
    assert finder.progress(names[0]).state == "waiting"
    hold.set()
    assert [finished(finder, name).state for name in names] == ["done"] * 3
    assert "".join(turns[:6]) == "abcabc"


def test_a_search_can_be_stopped(finder, hold):
    name = finder.start(request())
    finder.stop(name)
    hold.set()
    assert finished(finder, name).state == "stopped"


def test_a_new_search_takes_the_place_of_the_last_one(finder, hold):
    first, second = finder.start(request()), finder.start(request())
    hold.set()
    assert finished(finder, first).state == "stopped" and finished(finder, second).state == "done"


def test_a_search_that_nobody_watches_ends(finder, hold, monkeypatch):
    monkeypatch.setattr(module, "_ABANDONED_SECONDS", 0.0)
    name = finder.start(request())
    hold.set()
    assert finished(finder, name).state == "stopped"


def test_too_many_searches_at_once_are_refused(finder, hold):
    for who in range(MOST_SEARCHES):
        start_as(finder, str(who))
    with pytest.raises(StudioError, match="searching already"):
        start_as(finder, "one more")
    start_as(finder, "0")  # in place of the own one


def test_a_search_for_which_there_is_no_room_fails_and_says_so(finder, explorer, hold):
    for _ in range(MOST_WAITING):
        explorer.go_on(int)
    progress = finder.progress(finder.start(request()))
    assert progress.state == "failed" and "busy" in progress.message


def test_what_goes_wrong_is_said(finder):
    progress = finished(finder, finder.start(request(source="gone")))
    assert progress.state == "failed" and "not there" in progress.message
    with pytest.raises(StudioError, match="not known"):
        finder.progress("never")


def test_points_are_not_searched_for(session, finder):
    session.reset(tiny_config(dataset="ring8"))
    progress = finished(finder, finder.start(request()))
    assert progress.state == "failed" and "points" in progress.message
