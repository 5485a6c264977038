import pytest
import torch

from gan_studio.errors import StudioError
from gan_studio.latent import sliders
from gan_studio.latent.directions import principal_directions
from gan_studio.latent.sliders import AttributeRequest, DirectionsRequest, attribute_of, directions_of
from gan_studio.latent.source import Source
from gan_studio.latent.vectors import pack
from gan_studio.networks import build_networks
from gan_studio.space import Space
from tests.conftest import tiny_config


def state_of(config, seed=0, classes=0):
    return build_networks(config, (1, 28, 28), classes, torch.Generator().manual_seed(seed))[0].state_dict()


@pytest.fixture
def source():
    return Source(tiny_config(), Space((1, 28, 28), ()), state_of(tiny_config()), 1)


def test_all_shares_are_of_the_same_variance(source):
    closed = directions_of(source, DirectionsRequest(kind="weights"))
    raw = directions_of(source, DirectionsRequest(kind="raw"))
    given = directions_of(source, DirectionsRequest(kind="given", z=pack(3 * closed.directions)))
    assert closed.explained.sum() == pytest.approx(1, abs=1e-5) and raw.explained.sum() == pytest.approx(1, abs=1e-5)
    torch.testing.assert_close(given.explained, closed.explained)
    torch.testing.assert_close(given.directions, closed.directions)
    weight = source.network.first.weight
    torch.testing.assert_close(raw.explained, weight.square().sum(0) / weight.square().sum())
    assert closed.layers[0] == ("first", "Linear") and len(closed.layers) == 1 + len(source.network.rest)


def test_the_closed_form_is_the_walks(source):
    closed = directions_of(source, DirectionsRequest(kind="weights"))
    assert torch.equal(closed.directions, principal_directions(source.network.first.weight, 8)[0])


def test_components_are_kept_as_long_as_the_weights(source, monkeypatch):
    asked = []

    def count(network, layer, *arguments, **options):
        asked.append(layer)
        return activation_components(network, layer, *arguments, **{**options, "latents": 100})

    activation_components = sliders.activation_components
    monkeypatch.setattr(sliders, "activation_components", count)
    request = DirectionsRequest(kind="layer", layer="2")
    first = directions_of(source, request)
    assert directions_of(source, request).directions is first.directions and asked == ["2"]
    directions_of(source, DirectionsRequest(kind="layer", layer="1"))
    source.load(state_of(tiny_config(), seed=1), 2)
    later = directions_of(source, request)
    assert asked == ["2", "1", "2"] and later.step == 2
    assert not torch.equal(later.directions, first.directions)


def test_what_cannot_be_a_direction_is_refused(source):
    with pytest.raises(StudioError, match="must have a length"):
        directions_of(source, DirectionsRequest(kind="given", z=pack(torch.zeros(8))))
    with pytest.raises(StudioError, match="another latent size"):
        directions_of(source, DirectionsRequest(kind="given", z=pack(torch.ones(7))))
    with pytest.raises(StudioError, match="there is no layer"):
        directions_of(source, DirectionsRequest(kind="layer", layer="77"))


def test_an_attribute_is_two_directions_with_their_shares(source):
    z = torch.randn(40, 8, generator=torch.Generator().manual_seed(0))
    request = AttributeRequest(present=pack(z[z[:, 2] > 0]), absent=pack(z[z[:, 2] <= 0]))
    found = attribute_of(source, request)
    assert (found.directions[:, 2] > 0.8).all() and found.accuracy > 0.8
    assert found.directions.shape == (2, 8) and (found.explained > 0).all()
    with pytest.raises(StudioError, match="one side has 0"):
        attribute_of(source, AttributeRequest(present=pack(z), absent=""))
