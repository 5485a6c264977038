"""Any combination of settings runs, or is refused by name, or reports its divergence; nothing else happens."""

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gan_studio.config import FIELDS, make_config
from gan_studio.data import DataSet
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
LEFT_ALONE = {*SMALL, "dataset", "source", "train_size", "picture_size", "colours", "seed"}


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
    return st.one_of(st.just(spec.low), st.just(spec.default), st.floats(spec.low, min(spec.high, spec.low + 1)))


CHANGES = st.dictionaries(st.sampled_from([n for n in FIELDS if n not in LEFT_ALONE]), st.none(), max_size=8).flatmap(
    lambda chosen: st.fixed_dictionaries({name: values_of(FIELDS[name]) for name in chosen})
)


@pytest.mark.parametrize("data", [PICTURES, POINTS], ids=["pictures", "points"])
@settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(changes=CHANGES)
def test_every_config_runs_or_says_why_not(data, changes):
    network = {"network": "mlp"} if data is POINTS else {}
    try:
        run = Run(make_config({"batch_size": 8, **network, **SMALL, **changes}), data)
    except StudioError as refusal:
        assert any(name in str(refusal) for name in FIELDS), str(refusal)
        return
    try:
        run.step()
        run.step()
        run.measure()
    except TrainingFault as fault:
        assert "diverged by step 2" in str(fault)
        return
    assert run.trainer.all_finite()
