import pytest
import torch

from gan_studio.errors import StudioError
from gan_studio.explorer import Explorer
from gan_studio.into import comparer as module
from gan_studio.into.comparer import Comparer
from gan_studio.metrics.copies import Preparing, TrainingPictures
from gan_studio.session import Session
from gan_studio.worker import Worker
from tests.conftest import tiny_config, wait_until

EMOJI = tiny_config(dataset="emoji", train_size=100)


@pytest.fixture(scope="module")
def comparer(tmp_path_factory):
    folder = tmp_path_factory.mktemp("comparer")
    session = Session(folder / "checkpoints", folder / "data")
    workers = Worker(session), Worker(session)
    made = Comparer(session, Explorer(session, *workers))
    yield made
    made.close()
    for worker in workers:
        worker.close()
    session.close()


def ready(comparer, images, space):
    def ask():
        answer = comparer.nearest(EMOJI, images, space, 2)
        return None if isinstance(answer, Preparing) else answer

    return wait_until(ask, 120).result(timeout=30)


def test_training_pictures_find_themselves(comparer):
    blank = torch.zeros(1, 3, 32, 32, dtype=torch.uint8)
    _, pictures = ready(comparer, blank, "pixels")
    for space in ("pixels", "features"):
        nearest, found = ready(comparer, pictures, space)
        assert torch.equal(found[::2], pictures) and nearest.suspicious.all()


def test_points_are_refused(comparer):
    config = tiny_config(dataset="ring8")

    def problem():
        try:
            comparer.nearest(config, torch.zeros(1, 1, 4, 4, dtype=torch.uint8), "pixels", 1)
        except StudioError as error:
            return str(error)

    assert "no pictures to compare" in wait_until(problem)


def test_what_cannot_be_read_is_said_each_time_it_is_asked_for(comparer):
    config = tiny_config(dataset="folder", source="gone")
    blank = torch.zeros(1, 3, 32, 32, dtype=torch.uint8)
    for _ in range(2):
        with pytest.raises(StudioError):
            wait_until(lambda: comparer.nearest(config, blank, "pixels", 1) and None)


@pytest.fixture
def endless(monkeypatch):
    """Training pictures that are never ready; how many of them were begun."""
    begun = []

    class Endless(TrainingPictures):
        def __init__(self, config, data_dir, looked):
            begun.append(config.train_size)
            while True:
                looked(1)

    monkeypatch.setattr(module, "TrainingPictures", Endless)
    return begun


def test_data_sets_that_are_being_prepared_are_not_begun_anew(comparer, endless):
    other = Comparer(comparer._session, comparer._explorer)
    configs = [tiny_config(dataset="emoji", train_size=size) for size in (100, 200, 300)]
    for config in 5 * configs:
        assert other.pictures(config, "pixels") == Preparing(0.0)
    wait_until(lambda: len(endless) >= 2)
    assert sorted(endless) == [100, 200] and len(other._threads) == 2
    other.close()
    wait_until(lambda: not other.busy)
    assert other.pictures(configs[2], "pixels") == Preparing(0.0)  # now there is room
    wait_until(lambda: not other.busy)
    assert len(other._sets) == 2


def test_preparing_ends_with_the_app(comparer, endless):
    other = Comparer(comparer._session, comparer._explorer)
    blank = torch.zeros(1, 3, 32, 32, dtype=torch.uint8)
    assert other.nearest(EMOJI, blank, "pixels", 1) == other.nearest(EMOJI, blank, "features", 1) == Preparing(0.0)
    assert wait_until(lambda: endless) and other.busy
    other.close()
    wait_until(lambda: not other.busy)
