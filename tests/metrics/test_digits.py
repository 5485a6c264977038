"""Known answers of the numbers on real digits in the eyes of the bundled classifier."""

import pytest
import torch
from torch.nn.functional import avg_pool2d

from gan_studio.errors import StudioError
from gan_studio.metrics import classifier as classifier_module
from gan_studio.metrics.classes import count_classes
from gan_studio.metrics.frechet import frechet_distance, moments
from gan_studio.metrics.kernel import kernel_distance
from gan_studio.metrics.neighbours import compare_manifolds, memorised, nearest

COUNT = 1000


@pytest.fixture(scope="module")
def seen(digits, digit_classifier):
    """What the classifier says of 4,000 test digits."""
    return digit_classifier.look(digits.samples[:4000])


@pytest.fixture(scope="module")
def real(seen):
    return seen.features[:COUNT]


@pytest.fixture(scope="module")
def others(seen):
    """Other real digits: what a perfect generator makes."""
    return seen.features[COUNT : 2 * COUNT]


def test_identical_sets_score_zero(seen, real):
    assert frechet_distance(moments(real), moments(real)) == pytest.approx(0, abs=1e-6)
    verdicts = seen.logits[:COUNT].argmax(1)
    assert count_classes(verdicts, verdicts, 10).total_variation == 0
    assert count_classes(verdicts, verdicts, 10).reverse_kl(floor=0.01) == 0
    # Without the bias of the pairs of a sample with itself the kernel distance is a little below zero.
    kernel = kernel_distance(real, real)
    assert kernel.value < 0 and abs(kernel.value) < 1e-2 * kernel_distance(real, real + real.std()).value


def test_other_real_digits_are_nearly_at_zero(real, others):
    shrunk = frechet_distance(moments(real), moments(0.8 * others))
    assert 0 < frechet_distance(moments(real), moments(others)) < 0.2 * shrunk
    kernel = kernel_distance(others, real)
    assert abs(kernel.value) < 5 * kernel.error


def test_the_kernel_distance_of_halves_averages_to_zero(real):
    rng = torch.Generator().manual_seed(0)
    halves = [real[torch.randperm(COUNT, generator=rng)].split(COUNT // 2) for _ in range(20)]
    values = torch.tensor([kernel_distance(*pair, blocks=2).value for pair in halves])
    assert values.min() < 0 < values.max()
    # Over all ways to halve a set, pairs within halves and across them are the same pairs: the mean is exactly zero.
    assert values.mean().abs() < 3 * values.std() / len(values) ** 0.5


def test_shifted_and_stretched_features_match_the_closed_form(real):
    shift, stretch = 0.7, 1.5
    spread = moments(real).covariance.trace().item()
    mean = moments(real).mean
    moved = mean + stretch * (real - mean) + shift
    expected = real.shape[1] * shift**2 + (stretch - 1) ** 2 * spread
    assert frechet_distance(moments(real), moments(moved)) == pytest.approx(expected, rel=1e-5)


def test_dropping_classes_lowers_recall_and_coverage_but_not_precision(digits, seen, real):
    labels, features = digits.labels[COUNT:4000], seen.features[COUNT:4000]
    whole = compare_manifolds(real, features[:COUNT])
    half = compare_manifolds(real, features[labels < 5][:COUNT])
    assert half.precision > whole.precision - 0.05
    assert half.recall < 0.75 * whole.recall and half.coverage < 0.7 * whole.coverage
    verdicts = seen.logits[COUNT:4000].argmax(1)[labels < 5]
    assert count_classes(verdicts, digits.labels[:COUNT], 10).total_variation > 0.4


def test_blurring_lowers_precision(digits, digit_classifier, real, others):
    pictures = digits.samples[COUNT : 2 * COUNT].float()
    precision = [compare_manifolds(real, others).precision]
    for width in (3, 7):
        blurred = avg_pool2d(pictures, width, 1, width // 2).round().to(torch.uint8)
        precision.append(compare_manifolds(real, digit_classifier.look(blurred).features).precision)
    assert precision[0] > 0.7 and precision[1] < 0.9 * precision[0] and precision[2] < 0.1 * precision[0]


def test_copies_of_training_digits_are_memorised(seen, digits, digit_classifier):
    train, unseen, fresh = seen.features[:2000], seen.features[2000:3000], seen.features[3000:]
    unseen_to_train = nearest(unseen, train)[0]
    assert memorised(nearest(fresh, train)[0], unseen_to_train) < 0.04
    again = digit_classifier.look(digits.samples[:500]).features  # the same pictures in other batches
    assert memorised(nearest(again, train)[0], unseen_to_train) > 0.98
    mixed = torch.cat([again, fresh[:500]])
    assert memorised(nearest(mixed, train)[0], unseen_to_train) == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("batch", [1, 7, 10_000])
def test_features_and_logits_do_not_depend_on_the_batch(batch, digits, digit_classifier, seen, monkeypatch):
    monkeypatch.setattr(classifier_module, "_BATCH", batch)
    again = digit_classifier.look(digits.samples[:60])
    torch.testing.assert_close(again.features, seen.features[:60], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(again.logits, seen.logits[:60], rtol=1e-4, atol=1e-4)


def test_too_few_digits_for_the_features_are_refused(real):
    with pytest.raises(StudioError, match="128 samples are too few for 128 features: take more than 128"):
        moments(real[:128])
    assert moments(real[:129]).count == 129
