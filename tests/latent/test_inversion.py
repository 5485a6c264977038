import pytest
import torch
from torch.nn.functional import avg_pool2d

from gan_studio.errors import StudioError
from gan_studio.latent.inversion import TRIES, add_noise, invert, shrink, typical_distance


def last(search):
    *_, found = search
    return found


@pytest.fixture
def generator(make_generator):
    return make_generator(network="dcgan", channels=8)


@pytest.fixture
def picture(generator):
    return generator(torch.randn(1, 8, generator=torch.Generator().manual_seed(3)))[0]


def test_a_generated_picture_is_found_again(generator, picture):
    found = last(invert(generator, picture, 8, prior=0.0))
    assert found.errors[0] < 0.01 * picture.square().mean()
    assert torch.equal(found.errors, found.errors.sort().values)
    torch.testing.assert_close((generator(found.latents) - picture).square().mean((1, 2, 3)), found.errors)


def test_a_linear_generator_is_solved(make_generator):
    generator = torch.nn.Sequential(torch.nn.Linear(4, 16, bias=False), torch.nn.Unflatten(1, (1, 4, 4)))
    torch.nn.init.orthogonal_(generator[0].weight, generator=torch.Generator().manual_seed(0))
    z = torch.tensor([[1.0, -0.5, 0.3, 0.0]])
    found = last(invert(generator, generator(z)[0].detach(), 4, prior=0.0, steps=400))
    torch.testing.assert_close(found.latents[0], z[0], atol=1e-2, rtol=0)


def test_it_reports_on_the_way_and_gets_better(generator, picture):
    reports = list(invert(generator, picture, 8, steps=50, report_every=20, prior=0.0))
    assert [found.step for found in reports] == [0, 20, 40, 50]
    assert reports[-1].errors[0] < reports[0].errors[0]
    assert reports[0].latents.shape == (8, 8)


def test_only_what_is_known_counts(generator, picture):
    mask = torch.zeros(1, 28, 28)
    mask[:, :14] = 1
    spoiled = torch.where(mask > 0, picture, torch.full_like(picture, 0.9))
    found = last(invert(generator, spoiled, 8, mask=mask, prior=0.0))
    best = generator(found.latents[:1])[0]
    hidden = (best - picture)[:, 14:].square().mean()
    assert hidden < 0.3 * picture[:, 14:].square().mean()  # the half that was covered comes back too


def test_a_smaller_picture_is_enlarged(generator, picture):
    small = avg_pool2d(picture, 4)
    found = last(invert(generator, small, 8, degrade=lambda x: avg_pool2d(x, 4), prior=0.0))
    assert (generator(found.latents[:1])[0] - picture).square().mean() < 0.3 * picture.square().mean()


def test_the_prior_keeps_latents_short(generator, picture):
    lengths = [last(invert(generator, picture, 8, prior=p, steps=60)).latents.norm(dim=1).mean() for p in (0.0, 1.0)]
    assert lengths[1] < 0.5 * lengths[0]


def test_the_same_seed_finds_the_same(generator, picture):
    found = [last(invert(generator, picture, 8, steps=10, seed=s)).latents for s in (1, 1, 2)]
    assert torch.equal(found[0], found[1]) and not torch.equal(found[0], found[2])


def test_nothing_known_and_a_diverged_generator_are_refused(generator, picture):
    with pytest.raises(StudioError, match="uncover"):
        last(invert(generator, picture, 8, mask=torch.zeros(1, 28, 28)))
    generator.first.weight.fill_(float("nan"))
    with pytest.raises(StudioError, match="diverged"):
        last(invert(generator, picture, 8))


def test_reports_carry_their_pictures_and_which_restart_each_is(generator, picture):
    first, last_one = list(invert(generator, picture, 8, restarts=4, steps=20, report_every=20))
    torch.testing.assert_close(first.pictures, generator(first.latents))
    assert sorted(last_one.restarts.tolist()) == [0, 1, 2, 3]


def test_each_restart_begins_at_the_nearest_of_its_random_latents(generator, picture):
    first = next(invert(generator, picture, 8, restarts=4))
    tries = torch.randn(TRIES * 4, 8, generator=torch.Generator().manual_seed(0)).unflatten(0, (TRIES, 4))
    errors = (generator(tries.flatten(0, 1)) - picture).square().mean((1, 2, 3)).unflatten(0, (TRIES, 4))
    nearest = tries[errors.argmin(0), torch.arange(4)]
    assert torch.equal(first.latents, nearest[first.restarts])


def test_shrunk_pictures_are_means_and_sides_need_not_divide():
    picture = torch.arange(16.0).view(1, 1, 4, 4)
    assert shrink(picture, 2).flatten().tolist() == [2.5, 4.5, 10.5, 12.5]
    assert shrink(torch.ones(2, 3, 32, 32), 7).shape == (2, 3, 4, 4)
    assert shrink(picture, 7).flatten().tolist() == [7.5]


def test_noise_belongs_to_its_seed_and_stays_in_range():
    grey = torch.zeros(1, 100, 100)
    noisy = [add_noise(grey, 0.3, seed) for seed in (1, 1, 2)]
    assert torch.equal(noisy[0], noisy[1]) and not torch.equal(noisy[0], noisy[2])
    assert abs(noisy[0].std().item() - 0.3) < 0.01 and add_noise(grey, 2.0, 0).abs().max() == 1


def test_the_typical_distance_is_the_median_over_pairs():
    pictures = torch.tensor([0.0, 0.1, 1.0]).view(3, 1, 1, 1).expand(-1, 1, 2, 2)  # 0.1, 0.9 and 1 apart
    assert typical_distance(pictures) == pytest.approx(0.9)
