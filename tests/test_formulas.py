"""Every choice has its formula and its source, and both can be read."""

import json

import pytest

from gan_studio.cli import main
from gan_studio.config import FIELDS, make_config
from gan_studio.formulas import CHOICES, TERMS, losses_of

WITHOUT_FORMULA = {"network", "dataset"}  # their formulas are their files


@pytest.mark.parametrize("name", FIELDS)
def test_every_regulariser_and_every_choice_has_a_row(name):
    spec = FIELDS[name]
    if spec.group in ("regularisation", "augmentation"):
        assert name in TERMS
    if name in CHOICES:
        assert set(CHOICES[name]) == set(spec.choices) - {"none", "constant"}
    for term in (*CHOICES.get(name, {}).values(), *([TERMS[name]] if name in TERMS else [])):
        assert term.source and (term.formula or name in WITHOUT_FORMULA)


def test_rows_are_of_fields():
    assert set(TERMS) | set(CHOICES) <= set(FIELDS)
    chosen = {name for name, spec in FIELDS.items() if spec.kind == "choice"}
    assert chosen - set(CHOICES) == {"output", "colours", "device", "precision", "discriminator_network"}


def test_the_losses_of_a_run_name_its_penalties():
    plain = losses_of(make_config({"objective": "wasserstein"}))
    assert plain == ("D: D(G(z)) - D(x)", "G: -D(G(z))")
    punished = losses_of(make_config({"objective": "wasserstein", "gradient_penalty": 10}))
    assert punished[:2] == plain and punished[2].startswith("D + 10 (||grad D(u x + (1 - u) G(z))|| - 1)^2")


def test_the_command_explains_fields(capsys):
    assert main(["fields", "r1_penalty", "objective", "--json"]) == 0
    assert [row["name"] for row in json.loads(capsys.readouterr().out)] == ["objective", "r1_penalty"]
    assert main(["fields", "pack"]) == 0
    assert "pack = 1 samples" in (told := capsys.readouterr().out) and "1712.04086" in told
    assert main(["fields", "nonsense"]) == 1
    assert "nonsense: no field; there are" in capsys.readouterr().err
