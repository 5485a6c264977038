import json

import pytest
import torch

from gan_studio.config import make_config
from gan_studio.data import load_data
from gan_studio.data.points import JITTER, drawn_toy, read_points
from gan_studio.errors import StudioError
from tests.data.test_toys import grid

PAIRS = [[0.0, 1.0], [2.5, -3.0]]


@pytest.mark.parametrize(
    "text",
    [
        "0,1\n2.5,-3\n",
        "x,y\n0,1\n2.5,-3",
        "\ufeffx;y\r\n0; 1\r\n\r\n2.5;-3\r\n",
        "0 1\n2.5\t-3e0\n",
        json.dumps(PAIRS),
        json.dumps([{"x": x, "y": y} for x, y in PAIRS]),
    ],
)
def test_files_of_many_kinds_are_read(tmp_path, text):
    path = tmp_path / "points.txt"
    path.write_text(text, encoding="utf-8")
    assert read_points(str(path)).tolist() == PAIRS


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "holds 0 points"),
        ("1,2", "holds 1 points"),
        ("1,2\n3", "row 2, '3', is not a pair"),
        ("1,2\n3,a", "row 2, '3, a', is not a pair"),
        ("1,2\n3,nan", "point 2 is .*nan.*from -100 to 100"),
        ("1,2\n3,101", "point 2"),
        ("0,0\n" * 100_001, "holds 100001 points"),
        ("0,0" + " " * 21_000_000, "more than 20 MB"),
        ("[[1, 2], [3, true]]", "row 2 is not a pair"),
        ('[[1, 2], [3, "4"]]', "row 2 is not a pair"),
        ("[[1, 2], [3, 1" + "0" * 400 + "]]", "two numbers"),
        ("[[1, 2], 3]", "two numbers"),
        ("[[1, 2], [3, NaN]]", "point 2"),
        ('{"points": 1}', "not a list"),
        ("[" * 100_000, "two numbers"),
        ("[[1, 2", "two numbers"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, text, complaint):
    path = tmp_path / "points.csv"
    path.write_text(text)
    with pytest.raises(StudioError, match=f"points.csv: .*{complaint}"):
        read_points(str(path))


@pytest.mark.parametrize(("source", "complaint"), [("", "name a CSV"), ("/no/such/file", "no such file")])
def test_a_file_is_needed(source, complaint):
    with pytest.raises(StudioError, match=complaint):
        load_data(make_config({"dataset": "points", "source": source}))


def test_a_picture_is_no_text(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"\x89PNG\xff\xfe")
    with pytest.raises(StudioError, match="as text"):
        read_points(str(tmp_path / "a.csv"))


def test_samples_lie_around_the_points_with_that_density(tmp_path):
    (tmp_path / "p.json").write_text(json.dumps([[0.2, 0.1], [-0.3, 0.4], [0.2, -0.2]]))
    data = load_data(make_config({"dataset": "points", "source": str(tmp_path / "p.json"), "train_size": 9000}))
    points = read_points(str(tmp_path / "p.json"))
    distances = torch.cdist(data.samples, points).min(1).values
    assert data.samples.shape == (9000, 2) and data.classes == ()
    assert distances.square().mean().sqrt().item() == pytest.approx(JITTER * 2**0.5, rel=0.03)
    places, area = grid(data.toy.extent, 250)
    assert (data.toy.log_density(places).exp().sum() * area).item() == pytest.approx(1.0, abs=1e-3)
    assert data.samples.abs().max() < data.toy.extent
    assert data.samples.div(data.scale).square().mean().sqrt().item() == pytest.approx(1.0, rel=0.05)


def test_points_that_coincide_and_many_points_work():
    assert drawn_toy(torch.zeros(2, 2)).scale > 0
    many = drawn_toy(torch.rand(50_000, 2, generator=torch.Generator().manual_seed(0)))
    inside = many.log_density(torch.tensor([[0.5, 0.5]]))
    assert inside.item() == pytest.approx(0.0, abs=0.7)  # the unit square has density 1
