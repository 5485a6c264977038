"""The command: what it refuses, what it leaves out, and what it writes."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image, ImageColor

from gan_studio.bench import command, scaling
from gan_studio.bench.command import QUICK, measure
from gan_studio.bench.picture import COLOURS, PANELS, write_picture
from gan_studio.bench.plan import CASES, PARTS, Plan
from gan_studio.bench.report import as_text, write_json
from gan_studio.bench.timing import spread
from gan_studio.cli import main
from gan_studio.data import load_data
from gan_studio.errors import StudioError
from gan_studio.networks import NETWORKS
from gan_studio.training.compatibility import check
from tests.conftest import run_cli

MACHINE = {
    "processor": "Example 9000", "cores": 4, "threads": 2, "device": "cpu", "system": "Linux", "python": "3.12",
    "torch": "2.15", "gan-studio": "1.0", "date": "2026-01-02 03:04 UTC", "load": 0.5,
}  # fmt: skip
VALUE = spread([1.0, 2.0, 4.0])
RESULTS = {
    "throughput": [
        {"network": n, "loop": loop, "samples per second": VALUE, "times tutorial, 2 workers": times}
        for n in ("mlp", "points")
        for loop, times in (("tutorial, 2 workers", None), ("ours, float32", VALUE), ("ours, compiled", VALUE))
    ],
    "peak": [
        {"network": "mlp", "precision": p, "GFLOP a step": 0.25, "share of the peak, %": VALUE}
        for p in ("float32", "bfloat16")
    ],
    "live": [
        {"what": "training, app, 0 viewers, of the command line's", "value": VALUE, "unit": "%"},
        {"what": "from a slider's move to its picture, median", "value": VALUE, "unit": "ms"},
        {"what": "from a snapshot to pixels, median", "value": spread([1.0, float("inf")]), "unit": "ms"},
    ],
    "memory": [{"network": "mlp", "where": "process", "peak, MiB": 812.4}],
    "scaling": [{"varied": "channels", "value": v, "times the first": VALUE} for v in (16, 32, 64)],
    "quality": [{"who": w, "seconds": s, "fcd": VALUE} for w in ("ours", "tutorial") for s in (15, 60)],
}


@pytest.fixture
def report():
    results = {part: {"rows": rows, "notes": [f"a note on {part}"]} for part, rows in RESULTS.items()}
    return {"machine": MACHINE, "plan": {}, "results": results, "skipped": {}}


def test_every_part_has_panels_and_every_network_is_measured():
    assert set(RESULTS) == set(PARTS) == set(PANELS)
    configs = [Plan().config(name) for name in CASES]
    assert {config.network for config in configs} == set(NETWORKS)
    for config in configs:
        check(config, load_data(config.model_copy(update={"train_size": 100})))


def test_the_table_names_the_machine_and_shows_medians_and_ranges(report):
    report["skipped"] = {"live": "there is no browser"}
    text = as_text(report)
    assert "Example 9000, 4 cores, 2 threads, device cpu; PyTorch 2.15" in text and "2026-01-02" in text
    assert "2.00 (1.00 to 4.00)" in text and "a note on quality" in text and "812" in text
    assert "live: not measured: there is no browser" in text


def test_json_keeps_every_value_and_has_null_for_what_is_not_finite(report, tmp_path):
    write_json(report, tmp_path / "a.json")
    read = json.loads((tmp_path / "a.json").read_text(), parse_constant=pytest.fail)
    assert read["machine"] == MACHINE
    assert read["results"]["peak"]["rows"][0]["share of the peak, %"]["values"] == [1.0, 2.0, 4.0]
    assert read["results"]["live"]["rows"][2]["value"]["highest"] is None


def test_the_picture_shows_the_series_of_its_parts(report, tmp_path):
    write_picture(report, tmp_path / "all.png")
    report["results"] = {"memory": report["results"]["memory"]}
    write_picture(report, tmp_path / "one.png")
    shown = []
    for name in ("all.png", "one.png"):
        picture = np.asarray(Image.open(tmp_path / name).convert("RGB"))
        assert picture.shape[0] > 600 and picture.shape[1] >= 1200
        shown.append([(picture == ImageColor.getrgb(colour)).all(2).sum() > 100 for colour in COLOURS[:3]])
    assert shown == [[True, True, False], [True, False, False]]
    with pytest.raises(StudioError, match="cannot be written"):
        write_picture(report, tmp_path / "no" / "such.png")


def test_a_part_that_cannot_be_measured_here_is_left_out_with_its_reason(monkeypatch):
    def refuse(plan):
        raise StudioError("no browser")

    parts = {"live": refuse, "memory": lambda plan: {"rows": [{"a": 1}], "notes": []}}
    monkeypatch.setattr("importlib.import_module", lambda name: SimpleNamespace(measure=parts[name.split(".")[-1]]))
    found = measure(("live", "memory"), QUICK)
    assert found["skipped"] == {"live": "no browser"} and found["results"]["memory"]["rows"] == [{"a": 1}]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--only", "speed"], "part 'speed' is unknown; there are throughput, peak"),
        (["--networks", "mlp,vgg"], "network 'vgg' is unknown; there are mnist-dcgan, mlp, dcgan28"),
        (["--times", "5,soon"], "--times 5,soon: soon: must be a number above 0"),
        (["--preset", "nobody"], "preset 'nobody' is unknown"),
        (["--picture", "a.jpg"], "its name must end in .png"),
        (["--json", "no/such/folder.json"], "there is no folder"),
    ],
)
def test_mistakes_are_refused_before_anything_is_measured(arguments, complaint, monkeypatch, capsys):
    monkeypatch.setattr(command, "measure", pytest.fail)
    assert main(["bench", *arguments]) == 1
    assert complaint in capsys.readouterr().err


def test_scaling_compares_with_the_first_value(monkeypatch):
    monkeypatch.setattr(scaling, "keep_freed_memory", lambda: True)
    monkeypatch.setattr(scaling, "SWEEPS", {"batch_size": (2, 4), "channels": (4, 8)})
    rows = scaling.measure(Plan(rounds=2, seconds=1e-6, device="cpu"))["rows"]
    assert [(row["varied"], row["value"]) for row in rows] == [
        ("batch_size", 2), ("batch_size", 4), ("channels", 4), ("channels", 8)
    ]  # fmt: skip
    assert [rows[i]["times the first"]["values"] for i in (0, 2)] == [[1.0, 1.0], [1.0, 1.0]]


@pytest.mark.slow
def test_the_whole_command_with_tiny_rounds(tmp_path):
    files = ["--json", tmp_path / "bench.json", "--picture", tmp_path / "bench.png"]
    short = ["--networks", "points", "--rounds", 1, "--seconds", 0.01, "--device", "cpu"]
    finished = run_cli("bench", "--only", "peak,memory", *short, *files)
    assert finished.returncode == 0, finished.stderr
    results = json.loads((tmp_path / "bench.json").read_text())["results"]
    assert all(0 < row["share of the peak, %"]["median"] < 200 for row in results["peak"]["rows"])
    (row,) = results["memory"]["rows"]
    assert 2000 > row["peak, MiB"] > row["before, MiB"] > 50
    assert "share of the peak" in finished.stdout and Image.open(tmp_path / "bench.png").width >= 1200


def test_what_fails_or_is_interrupted_does_not_take_the_rest_with_it(monkeypatch, tmp_path):
    def answer(part):
        def measure(plan):
            if part == "memory":
                raise KeyError("odd")
            if part == "scaling":
                raise KeyboardInterrupt
            return {"rows": [{"what": part}], "notes": []}

        return SimpleNamespace(measure=measure)

    monkeypatch.setattr("importlib.import_module", lambda name: answer(name.rsplit(".", 1)[1]))
    seen = []
    report = measure(
        ("peak", "memory", "scaling", "quality"), QUICK, lambda report: seen.append(len(report["skipped"]))
    )
    assert list(report["results"]) == ["peak"] and seen == [0, 1, 3]
    assert "odd" in report["skipped"]["memory"] and report["skipped"]["quality"] == "interrupted"


def test_quality_needs_a_classifier(monkeypatch):
    report = measure(("quality",), replace(QUICK, preset="grid25"))
    assert "no classifier for grid25" in report["skipped"]["quality"]
