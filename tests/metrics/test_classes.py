import math

import pytest
import torch

from gan_studio.metrics.classes import classifier_score, count_classes


def test_the_score_goes_from_one_to_the_number_of_classes():
    assert classifier_score(torch.zeros(50, 4)) == pytest.approx(1)
    assert classifier_score(1000 * torch.eye(4).repeat(25, 1)) == pytest.approx(4)
    assert classifier_score(1000 * torch.eye(4)[torch.zeros(20, dtype=torch.long)]) == pytest.approx(1)


def test_the_score_of_two_pictures_by_hand():
    logits = torch.tensor([[0.8, 0.2], [0.4, 0.6]]).log()
    p = [[0.8, 0.2], [0.4, 0.6]]
    expected = sum(row[k] * math.log(row[k] / m) for row in p for k, m in enumerate((0.6, 0.4))) / 2
    assert classifier_score(logits) == pytest.approx(math.exp(expected))


def test_classes_are_counted_beside_the_real_ones():
    found = count_classes(torch.tensor([0, 0, 0, 1]), torch.tensor([0, 1, 2, 2]), 3)
    assert found.shares == (0.75, 0.25, 0) and found.real == (0.25, 0.25, 0.5)
    assert found.covered == 2 and found.total_variation == pytest.approx(0.5)
    assert found.reverse_kl(floor=0.01) == pytest.approx(0.75 * math.log(3))
    assert count_classes(torch.tensor([1]), torch.tensor([0]), 2).reverse_kl(floor=0.5) == pytest.approx(math.log(2))
