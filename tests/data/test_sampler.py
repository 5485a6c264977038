import torch

from gan_studio.data import Sampler


def test_every_epoch_shows_every_item_once_in_a_new_order():
    sampler = Sampler(10, seed=3)
    first, second = sampler.draw(10).tolist(), sampler.draw(10).tolist()
    assert sorted(first) == sorted(second) == list(range(10))
    assert first != second


def test_batches_cross_the_end_of_an_epoch_whole():
    sampler = Sampler(10, seed=0)
    drawn = torch.cat([sampler.draw(7) for _ in range(10)]).tolist()
    assert all(sorted(drawn[i : i + 10]) == list(range(10)) for i in range(0, 70, 10))
    assert sampler.epochs == 7.0


def test_a_batch_may_be_larger_than_the_set():
    assert Sampler(3, seed=0).draw(8).bincount().tolist() in ([3, 3, 2], [3, 2, 3], [2, 3, 3])


def test_it_resumes_from_two_numbers_and_any_batch_size():
    straight, resumed = Sampler(50, seed=9), Sampler(50, seed=9)
    straight.draw(33), straight.draw(40)
    resumed.seek(straight.epoch, straight.position)
    expected = straight.draw(60)
    assert torch.equal(torch.cat([resumed.draw(n) for n in (1, 9, 50)]), expected)


def test_seeds_and_epochs_give_different_orders():
    orders = [Sampler(50, seed).draw(50).tolist() for seed in range(3)]
    assert orders[0] != orders[1] != orders[2]
