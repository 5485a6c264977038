"""Directions, attributes and crossings through the server's sockets."""

import io
import json

import pytest
import torch
from PIL import Image

from gan_studio.latent.vectors import pack, unpack
from tests.conftest import tiny_config
from tests.ui.test_server import Served

Z = torch.randn(40, 8, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    made = Served(tmp_path_factory.mktemp("served"))
    made.session.step_once(tiny_config("dcgan"))
    made.session.save("one")
    yield made
    made.close()


def post(served, path, **body):
    return served.client.post(f"/live/{path}", json=body)


@pytest.mark.parametrize("source", ["live", "one"])
def test_directions_of_each_kind_travel(served, source):
    weights = post(served, "directions", source=source).json()
    directions = unpack(weights["directions"], 8)
    torch.testing.assert_close(directions @ directions.T, torch.eye(8), atol=1e-5, rtol=0)
    assert weights["latent_size"] == 8 and weights["step"] == 1 and weights["layers"][1] == ["1", "Grid"]
    layer = post(served, "directions", source=source, kind="layer", layer="3").json()
    assert unpack(layer["directions"], 8).shape == (8, 8) and len(layer["explained"]) == 8
    raw = post(served, "directions", source=source, kind="raw").json()
    assert raw["directions"] == "" and len(raw["explained"]) == 8
    given = post(served, "directions", source=source, kind="given", z=weights["directions"]).json()
    assert given["explained"] == pytest.approx(weights["explained"], abs=2e-5)


def test_an_attribute_comes_with_its_accuracy(served):
    apart = torch.zeros(8).index_fill(0, torch.tensor(0), 4.0)
    one, other = Z[:20] + apart, Z[20:] - apart
    found = post(served, "attribute", present=pack(one), absent=pack(other)).json()
    assert unpack(found["directions"], 8)[0, 0] > 0.9 and 0.9 < found["accuracy"] <= 1


def test_children_come_as_one_sheet(served):
    answer = post(served, "cross", z=pack(Z[:2]), pattern="first", share=0.5)
    about = json.loads(answer.headers["x-drawing"])
    assert about["count"] == 2 + len(about["layers"]) and about["layers"][0] == ["first", "Linear", False]
    assert [same for _, kind, same in about["layers"] if kind == "ReLU"] == [True, True]  # it keeps channels apart
    sheet = Image.open(io.BytesIO(answer.content))
    assert sheet.size == (28 * about["columns"], 28)
    parents = Image.open(io.BytesIO(post(served, "draw", z=pack(Z[:2])).content))
    assert sheet.crop((0, 0, 56, 28)).tobytes() == parents.tobytes()
    assert post(served, "cross", z=pack(Z[:2]), pattern="first", share=0.5).content == answer.content


@pytest.mark.parametrize(
    ("path", "body", "complaint"),
    [
        ("directions", {"kind": "wrong"}, "kind"),
        ("directions", {"source": "gone"}, "not there"),
        ("directions", {"kind": "layer", "layer": "40"}, "there is no layer '40'"),
        ("directions", {"kind": "given", "z": "AAAA"}, "z: "),
        ("attribute", {"present": pack(Z[:2]), "absent": pack(Z[2:])}, "one side has 2"),
        ("attribute", {"present": pack(Z)}, "absent"),
        ("cross", {"z": pack(Z[:3])}, "two parents, not 3"),
        ("cross", {"z": pack(Z[:2]), "share": 1.5}, "share"),
        ("cross", {"z": pack(Z[:2]), "pattern": "stripes"}, "pattern"),
    ],
)
def test_bad_requests_get_a_sentence(served, path, body, complaint):
    answer = post(served, path, **body)
    assert answer.status_code == 422 and complaint in answer.json()["error"]
