import pytest

from gan_studio.config import FIELDS, ConfigError, RunConfig, edit_config, make_config, resume_config
from gan_studio.networks import NETWORKS
from gan_studio.objectives import OBJECTIVES


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_is_explained_and_bounded(name):
    spec = FIELDS[name]
    assert spec.text.endswith(".") and spec.when in ("live", "resume", "start")
    assert spec.kind not in ("whole", "real") or spec.low < spec.high
    assert getattr(make_config({name: spec.default}), name) == spec.default


@pytest.mark.parametrize("name", [name for name, spec in FIELDS.items() if spec.kind in ("whole", "real")])
def test_numbers_outside_the_range_are_refused_by_name(name):
    spec = FIELDS[name]
    for value in (spec.low - 1, spec.high + 1, float("nan"), True, "many", None):
        with pytest.raises(ConfigError, match=rf"{name} = .*must be .*from {spec.low:g} to"):
            make_config({name: value})
    for value in (spec.low, spec.high):
        assert getattr(make_config({name: value}), name) == value


def test_choices_are_the_registries():
    assert set(FIELDS["network"].choices) == set(NETWORKS)
    assert set(FIELDS["objective"].choices) == set(OBJECTIVES)


def test_unknown_keys_are_named_with_the_nearest_known_one():
    with pytest.raises(ConfigError, match=r"batchsize: unknown key \(did you mean batch_size\?\)"):
        make_config({"batchsize": 3})


def test_all_mistakes_are_reported_at_once():
    with pytest.raises(ConfigError) as refused:
        make_config({"batch_size": 0, "network": "vgg", "nonsense": 1})
    assert all(
        word in str(refused.value) for word in ("batch_size = 0", "network = vgg", "one of dcgan, mlp", "nonsense")
    )


@pytest.mark.parametrize("text", ["", "0,3", "a,b", "8," * 17])
def test_bad_widths_are_refused(text):
    with pytest.raises(ConfigError, match="hidden = .*must be 1 to 16 whole numbers"):
        make_config({"hidden": text})


def test_text_from_the_command_line_is_understood():
    config = make_config({"hidden": "32, 16", "generator_lr": "1e-3", "batch_size": "16"})
    assert (config.hidden, config.generator_lr, config.batch_size) == ((32, 16), 1e-3, 16)


def test_a_config_is_frozen():
    with pytest.raises(ValueError, match="frozen"):
        RunConfig().seed = 3


def test_only_live_fields_can_be_edited():
    assert edit_config(RunConfig(), {"generator_lr": 1e-3}).generator_lr == 1e-3
    with pytest.raises(ConfigError, match="latent_size: cannot change while a run goes on"):
        edit_config(RunConfig(), {"latent_size": 3})


def test_a_resumed_run_keeps_its_shape():
    assert resume_config(RunConfig(), {"device": "cpu", "generator_lr": 1e-3}).device == "cpu"
    with pytest.raises(ConfigError, match="keeps its shape: channels is 48 in the checkpoint, not 32"):
        resume_config(RunConfig(), {"channels": 32})
