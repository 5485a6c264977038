"""Which loops are compared, and what becomes of one that does not work here."""

import pytest
import torch

from gan_studio.bench import ours, throughput
from gan_studio.bench.plan import Plan
from gan_studio.errors import StudioError

PLAN = Plan(networks=("points",), rounds=2, seconds=0.01, device="cpu")
LOOPS = ["tutorial, 2 workers", "tutorial, no worker", "ours, automatic precision", "ours, float32"]


class Inline:
    """A worker in this process."""

    def __init__(self, make, *arguments):
        self.make, self.arguments, self.ask = make, arguments, self.first

    def first(self, question):
        self.ask = self.make(*self.arguments)
        return self.ask(question)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        pass


@pytest.fixture(autouse=True)
def _in_this_process(monkeypatch):
    monkeypatch.setattr(throughput, "Worker", Inline)
    monkeypatch.setattr(throughput, "TUTORIAL", dict.fromkeys(throughput.TUTORIAL, 0))
    monkeypatch.setattr(ours, "keep_freed_memory", lambda: True)


def test_each_loop_is_measured_and_ours_compared_round_by_round():
    rows = throughput.measure(PLAN)["rows"]
    assert [row["loop"] for row in rows] == LOOPS
    speeds = {row["loop"]: row["samples per second"]["values"] for row in rows}
    assert all(len(values) == 2 and min(values) > 0 for values in speeds.values())
    for row in rows:
        times = row["times tutorial, no worker"]
        if row["loop"].startswith("tutorial"):
            assert times is None
        else:
            expected = [a / b for a, b in zip(speeds[row["loop"]], speeds["tutorial, no worker"], strict=True)]
            assert times["values"] == pytest.approx(expected)


def test_a_gpu_also_compiles_and_says_why_where_that_fails(monkeypatch):
    def refuse(trainer):
        raise StudioError("no compiler\nand a long trace")

    monkeypatch.setattr(throughput, "resolve_device", lambda name: torch.device("cuda"))
    monkeypatch.setattr(ours, "compile_step", refuse)
    found = throughput.measure(PLAN)
    assert found["notes"] == ["points, ours, compiled: no compiler"]
    assert [row["loop"] for row in found["rows"]] == LOOPS
    monkeypatch.setattr(ours, "compile_step", lambda trainer: None)
    assert [row["loop"] for row in throughput.measure(PLAN)["rows"]] == [*LOOPS, "ours, compiled"]
