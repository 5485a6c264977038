"""The past of a run through the server's sockets."""

import pytest

from tests.conftest import tiny_config
from tests.ui.test_server import Served


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    made = Served(tmp_path_factory.mktemp("served"))
    yield made
    made.close()


def drawn(served, **request):
    return served.client.post("/live/latent", json={"view": "picture", **request})


def test_the_steps_that_are_kept_and_their_pictures(served):
    assert served.client.get("/live/past").json() == {"run": "", "steps": [], "next": 0}
    assert drawn(served, source="live@0").json()["error"].startswith("there is no run yet")
    for values in ({}, {"dataset": "ring"}, {"generator_conditioning": "embedding"}, {"dataset": "emoji"}):
        served.session.reset(tiny_config(generator_lr=0.05, **values))
        for _ in range(26):
            served.session.step_once(tiny_config())
        run = served.session.snapshot.run_id
        assert served.client.get("/live/past").json() == {"run": run, "steps": [0, 25], "next": 50}
        early, late, now = (drawn(served, source=source, label=2).content for source in ("live@0", "live@26", "live"))
        assert len({early, late, now}) == 3


def test_what_is_no_step_becomes_a_sentence(served):
    answer = drawn(served, source="live@soon")
    assert answer.status_code == 422 and "must be a step" in answer.json()["error"]
