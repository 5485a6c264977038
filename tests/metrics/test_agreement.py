"""The same numbers as torch-fidelity's (Obukhov et al. 2020, doi 10.5281/zenodo.4957738) on the same features."""

import pytest
import torch
from torch_fidelity import metric_fid as fid
from torch_fidelity import metric_isc as isc
from torch_fidelity import metric_kid as kid
from torch_fidelity import metric_prc as prc

from gan_studio.metrics.classes import classifier_score
from gan_studio.metrics.frechet import frechet_distance, moments
from gan_studio.metrics.kernel import kernel_distance
from gan_studio.metrics.neighbours import compare_manifolds

COUNT = 600


def random_features():
    rng = torch.Generator().manual_seed(0)
    real = torch.randn(COUNT, 64, generator=rng)
    mix = torch.eye(64) + 0.05 * torch.randn(64, 64, generator=rng)
    return real, torch.randn(COUNT, 64, generator=rng) @ mix + 0.1


@pytest.fixture(scope="module", params=["random", "digits"])
def features(request):
    """Real and other features, (600, F) each: of a shifted and stretched Gaussian, or of noisy digits."""
    if request.param == "random":
        return random_features()
    digits, classifier = request.getfixturevalue("digits"), request.getfixturevalue("digit_classifier")
    noise = 10 * torch.rand(COUNT, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    noisy = (digits.samples[COUNT : 2 * COUNT] + noise).clamp(0, 255).to(torch.uint8)
    return tuple(classifier.look(pictures).features for pictures in (digits.samples[:COUNT], noisy))


def test_the_frechet_distance(features):
    real, fake = features
    theirs = fid.fid_statistics_to_metric(
        *(fid.fid_features_to_statistics(side.double()) for side in (fake, real)), verbose=False
    )
    ours = frechet_distance(moments(fake), moments(real))
    assert ours > 0.1 and ours == pytest.approx(theirs["frechet_inception_distance"], rel=1e-3)


def test_the_kernel_distance(features):
    """One subset that is the whole set makes theirs the same unbiased estimate over all pairs."""
    real, fake = (side.double() for side in features)
    theirs = kid.kid_features_to_metric(
        fake, real, kid_subsets=1, kid_subset_size=COUNT, kid_kernel_poly_degree=3, kid_kernel_poly_coef0=1,
        verbose=False,
    )  # fmt: skip
    ours = kernel_distance(fake, real)
    assert ours.value > 5 * ours.error
    assert ours.value == pytest.approx(theirs["kernel_inception_distance_mean"], rel=1e-3)


@pytest.mark.parametrize("save_cpu_ram", [False, True])
def test_precision_and_recall(features, save_cpu_ram):
    real, fake = features
    theirs = prc.prc_features_to_metric(fake, real, prc_neighborhood=3, save_cpu_ram=save_cpu_ram, verbose=False)
    ours = compare_manifolds(real, fake)
    assert 0.05 < ours.precision < 1 and 0.05 < ours.recall < 1 and ours.precision != ours.recall
    assert ours.precision == pytest.approx(theirs["precision"], rel=1e-3)
    assert ours.recall == pytest.approx(theirs["recall"], rel=1e-3)


def test_the_score_of_logits():
    logits = 3 * torch.randn(COUNT, 10, generator=torch.Generator().manual_seed(0))
    theirs = isc.isc_features_to_metric(logits, splits=1, shuffle=False)
    assert classifier_score(logits) == pytest.approx(theirs["inception_score_mean"], rel=1e-3)
