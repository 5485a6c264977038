"""Any combination of settings runs, or is refused by name, or reports its divergence; nothing else happens."""

import re

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gan_studio.config import FIELDS, make_config
from gan_studio.data import DataSet, data_key, load_data
from gan_studio.errors import StudioError
from gan_studio.training.run import Run, TrainingFault

RNG = torch.Generator().manual_seed(0)
PICTURES = DataSet(
    "mnist",
    torch.randint(0, 256, (40, 1, 28, 28), dtype=torch.uint8, generator=RNG),
    torch.arange(40) % 4,
    tuple("abcd"),
)
POINTS = DataSet("ring8", torch.randn(40, 2, generator=RNG), torch.zeros(40, dtype=torch.int64))
SMALL = {"latent_size": 6, "channels": 4, "hidden": (8, 6), "device": "cpu"}
OF_DATA = {
    "dataset": ["mnist", "emoji", "grid25", "two_moons", "folder", "points", "nonsense"],
    "picture_size": [0, 1, 2, 3, 7, 16, 28, 32, 33, 48, -1],
    "colours": ["grey", "colour", "nonsense"],
    "train_size": [10, 40, 41],
    "source": ["", "/nowhere"],
}
OF_SIZE = {"latent_size": [1, 2, 12, 0], "channels": [4, 5, 3], "hidden": [(1,), (3, 2, 5), ()], "seed": [0, 7, -1]}
LEFT_ALONE = {*SMALL, *OF_DATA, "seed"}


def values_of(spec):
    """Values of a field, allowed ones and a few that are not."""
    if spec.kind == "choice":
        return st.sampled_from([*spec.choices, "nonsense"])
    if spec.kind == "flag":
        return st.booleans()
    if spec.kind == "scales":
        return st.lists(st.floats(1e-3, 100), min_size=1, max_size=3).map(tuple)
    if spec.name == "batch_size":
        return st.integers(0, 12)
    if spec.kind == "whole":
        return st.integers(int(spec.low), int(min(spec.high, spec.low + 3)))
    limits = st.sampled_from([spec.low, spec.default, spec.high])
    return st.one_of(limits, st.floats(spec.low, min(spec.high, spec.low + 1)))


CHANGES = st.dictionaries(st.sampled_from([n for n in FIELDS if n not in LEFT_ALONE]), st.none(), max_size=8).flatmap(
    lambda chosen: st.fixed_dictionaries({name: values_of(FIELDS[name]) for name in chosen})
)


@pytest.mark.parametrize("data", [PICTURES, POINTS], ids=["pictures", "points"])
@settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(changes=CHANGES)
def test_every_config_runs_or_says_why_not(data, changes):
    network = {"network": "mlp"} if data is POINTS else {}
    runs_or_says_why_not({"batch_size": 8, **network, **SMALL}, changes, lambda config: data)


@settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    data=st.fixed_dictionaries({}, optional={name: st.sampled_from(values) for name, values in OF_DATA.items()}),
    sizes=st.fixed_dictionaries({}, optional={name: st.sampled_from(values) for name, values in OF_SIZE.items()}),
    network=st.sampled_from(FIELDS["network"].choices),
    changes=CHANGES,
)
def test_every_config_of_real_data_does_too(data, sizes, network, changes):
    changes = {"network": network, **changes, **sizes, **data}
    runs_or_says_why_not({"batch_size": 8, **SMALL, "train_size": 40}, changes, load_once)


KNOWN = {}


def load_once(config):
    key = data_key(config)
    if key not in KNOWN:
        KNOWN[key] = load_data(config)
    return KNOWN[key]


def runs_or_says_why_not(base, changes, load):
    try:
        config = make_config({**base, **changes})
        run = Run(config, load(config))
    except StudioError as refusal:
        # By a changed field, by what was put into it, or by the one that lacks a value.
        named = [*changes, "source", *(value for value in changes.values() if isinstance(value, str) and value)]
        assert any(re.search(rf"(?<!\w){name}\b", str(refusal)) for name in named), f"{refusal}: {changes}"
        return
    try:
        run.step()
        run.step()
        run.measure()
    except TrainingFault as fault:
        assert "diverged by step 2" in str(fault)
        return
    assert run.trainer.all_finite()
