"""Paths and the second generator through the server's sockets."""

import base64
import io
import json
import threading

import httpx
import numpy as np
import pytest
from PIL import Image

from tests.conftest import tiny_config, wait_until
from tests.ui.test_server import Served

SEEDS = [{"seed": 1}, {"seed": 2}, {"seed": 3}]


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    made = Served(tmp_path_factory.mktemp("served"))
    for name, values in (
        ("one", {}),
        ("small", {"latent_size": 5}),
        ("points", {"dataset": "ring", "network": "mlp"}),
        ("classes", {"generator_conditioning": "embedding"}),
    ):
        made.session.reset(tiny_config(**values))
        made.session.step_once(tiny_config(**values))
        made.session.save(name)
    yield made
    made.close()


def path(served, where="path", **request):
    return served.client.post(f"/live/{where}", json={"keys": SEEDS, "frames": 10, **request})


def test_a_path_comes_with_all_frames_of_both_ways_and_what_is_known_of_them(served):
    answer = path(served, source="one").json()
    assert answer["count"] == 21 and answer["stops"] == [0, 10, 20] and answer["latent_size"] == 8
    sheet = Image.open(io.BytesIO(base64.b64decode(answer["png"])))
    assert sheet.size == (28 * answer["columns"], 28 * answer["rows"]) and answer["columns"] * answer["rows"] >= 42
    norms = answer["norms"]
    assert set(norms) == {"linear", "spherical"} and norms["linear"][0] == norms["spherical"][0]
    assert min(norms["linear"]) < min(norms["spherical"])
    low, middle, high = answer["shell"]
    assert low < middle == 8**0.5 < high
    assert not answer["classes"] and len(path(served, source="classes").json()["classes"]) == 10
    assert path(served, source="one").json() == answer


def test_a_walk_stays_on_the_shell_and_points_are_drawn_as_dots(served):
    walk = path(served, source="points", mode="walk", segments=2, walk_seed=4).json()
    assert list(walk["norms"]) == ["walk"] and walk["count"] == 21
    assert max(walk["norms"]["walk"]) - min(walk["norms"]["walk"]) < 0.01
    assert Image.open(io.BytesIO(base64.b64decode(walk["png"]))).size[0] == 48 * walk["columns"]


@pytest.mark.parametrize(
    ("source", "measured_in"), [("one", "mnist classifier"), ("points", "points"), ("classes", "mnist classifier")]
)
def test_curves_come_from_the_discriminator_and_the_classifier(served, source, measured_in):
    curves = path(served, "path/curves", source=source, morph=True).json()
    assert curves["measured_in"].startswith(measured_in)
    for kind in ("scores", "distances"):
        assert {name: len(values) for name, values in curves[kind].items()} == {"linear": 21, "spherical": 21}
    assert curves["distances"]["linear"][0] == 0 and sum(curves["distances"]["linear"]) > 0


def test_a_closed_path_or_walk_comes_back_to_its_first_frame(served):
    for request, row in (({"mode": "walk", "segments": 2}, "walk"), ({}, "linear")):
        for closed in (False, True):
            curves = path(served, "path/curves", source="one", **request, closed=closed).json()
            first, *others = curves["distances"][row]
            assert first > 0 and first < 2 * max(others) if closed else first == 0


def test_a_walk_says_through_which_classes_it_goes(served):
    walk = {"source": "classes", "mode": "walk", "segments": 2, "closed": True}
    answer = path(served, **walk, morph=True).json()
    first, second, last = answer["through"]
    assert answer["count"] == 20 and first == last == 0 != second
    assert path(served, **walk).json()["through"] == []


def test_both_ways_meet_at_the_key_frames_while_a_run_trains(served):
    served.session.reset(tiny_config(generator_lr=0.05))
    served.session.resume()
    wait_until(lambda: served.session.snapshot.step > 2)
    over = threading.Event()

    def look():  # as others do: each time the newest weights are taken over
        with httpx.Client(base_url=served.client.base_url) as client:
            while not over.is_set():
                client.post("/live/latent", json={})

    other = threading.Thread(target=look)
    other.start()
    try:
        keys = [{"seed": seed} for seed in range(12)]
        answer = path(served, keys=keys, frames=48, closed=True).json()
    finally:
        over.set()
        other.join()
        served.session.pause()
    assert served.session.snapshot.step > answer["step"]
    sheet = np.asarray(Image.open(io.BytesIO(base64.b64decode(answer["png"])))).astype(int)

    def frame(number):
        row, column = divmod(number, answer["columns"])
        return sheet[28 * row : 28 * row + 28, 28 * column : 28 * column + 28]

    for stop in answer["stops"]:  # the same latents in other company: rounded otherwise
        assert abs(frame(stop) - frame(answer["count"] + stop)).max() <= 1


@pytest.mark.parametrize(("kind", "begins"), [("gif", b"GIF89a"), ("png", b"\x89PNG"), ("webp", b"RIFF")])
def test_films_are_files(served, kind, begins):
    answer = path(served, "path/film", source="one", row="spherical", format=kind, frames_per_second=12)
    assert answer.status_code == 200 and answer.headers["content-type"] == f"image/{kind}"
    assert answer.content.startswith(begins)
    film = Image.open(io.BytesIO(answer.content))
    assert (film.size == (21 * 28, 28)) if kind == "png" else film.n_frames == 21


@pytest.mark.parametrize(
    ("where", "request_", "complaint"),
    [
        ("path", {"keys": SEEDS[:1]}, "at least two"),
        ("path", {"source": "gone"}, "not there"),
        ("path", {"keys": [{"z": base64.b64encode(bytes(36)).decode()}] * 2}, "another latent size"),
        ("path", {"frames": 1000}, "frames"),
        ("path/curves", {"mode": "walk", "segments": 90}, "at most 6"),
        ("path/curves", {"source": "gone"}, "not there"),
        ("path/film", {"row": "walk", "format": "gif"}, "linear and spherical, not walk"),
        ("path/film", {"row": "linear", "format": "exe"}, "format"),
    ],
)
def test_bad_requests_get_a_sentence(served, where, request_, complaint):
    answer = path(served, where, **{"source": "one", **request_})
    assert answer.status_code == 422 and complaint in answer.json()["error"]


def latent(served, **request):
    return served.client.post("/live/latent", json={"seed": 3, "principal": [1.5], **request})


def test_a_second_generator_draws_the_very_same_latents(served):
    served.session.load("one")
    for _ in range(3):
        served.session.step_once(tiny_config())
    saved, alone = latent(served, source="live", beside="one"), latent(served, source="one")
    live = latent(served, source="live")
    z = [json.loads(answer.headers["x-drawing"])["z"] for answer in (saved, live, alone)]
    assert z[0] == z[1] != z[2]  # the first one's latent, although its directions are not the other's
    raw = latent(served, source="live", beside="live", beside_raw=True)
    steps = [json.loads(answer.headers["x-drawing"])["step"] for answer in (saved, live, raw)]
    assert steps == [1, 4, 4]
    assert len({saved.content, live.content, raw.content}) == 3


def test_generators_that_do_not_fit_are_refused(served):
    for beside, complaint in (("small", "small has latents of 5 numbers, one of 8"), ("points", "points makes points")):
        answer = latent(served, source="one", beside=beside)
        assert answer.status_code == 422 and complaint in answer.json()["error"], answer.text
