"""The map, the pad and the cloud through the server's sockets."""

import asyncio
import base64
import io
import json
import threading
from concurrent.futures import Future

import numpy as np
import pytest
import torch
from PIL import Image

from gan_studio import explorer
from gan_studio.errors import StudioError
from gan_studio.latent.source import latent_of_seed
from gan_studio.latent.vectors import pack, unpack
from gan_studio.ui import encode, routes
from gan_studio.ui.routes import while_listening
from tests.conftest import tiny_config, wait_until
from tests.ui.test_server import Served

SQUARE = [[x, y] for y in range(8) for x in range(8)]


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    made = Served(tmp_path_factory.mktemp("served"))
    made.session.step_once(tiny_config(dataset="emoji", network="dcgan"))
    made.session.save("one")
    yield made
    made.close()


def post(served, path, **body):
    answer = served.client.post(f"/live/{path}", json=body)
    assert answer.status_code == 200, answer.text
    return answer


def sheet(answer):
    about = json.loads(answer.headers["x-drawing"])
    return about, np.asarray(Image.open(io.BytesIO(answer.content)))


def test_a_plane_and_its_pictures(served):
    plane = post(served, "plane", source="one", seed=3).json()
    assert plane["marks"][0] == [0, 0] and plane["latent_size"] == 8
    about, picture = sheet(post(served, "map", source="one", plane=plane["plane"], places=plane["marks"]))
    assert (about["count"], about["columns"], about["step"]) == (3, 3, 1) and picture.shape == (32, 96, 3)
    z = pack(torch.stack([latent_of_seed(seed, 8) for seed in (3, 4, 5)]))
    _, exact = sheet(post(served, "draw", source="one", z=z))
    assert np.abs(picture.astype(int) - exact).mean() < 2
    about, picture = sheet(post(served, "map", plane=plane["plane"], places=SQUARE))
    assert about["count"] == 64 and picture.shape == (256, 256, 3)


@pytest.mark.parametrize(("kind", "limited"), [("score", True), ("class", False), ("pixels", True)])
def test_heat_over_it(served, kind, limited):
    plane = post(served, "plane", source="one").json()["plane"]

    def heat():
        answer = post(served, "heat", source="one", plane=plane, places=SQUARE[:5], kind=kind).json()
        return "preparing" not in answer and answer

    found = wait_until(heat)
    assert len(found["values"]) == 5 and (found["limit"] is not None) == limited and found["step"] == 1
    assert bool(found["names"]) == (kind == "class")


def test_the_pad_says_which_latent_it_shows(served):
    about, _ = sheet(post(served, "blend", seed=2, places=[[1, 1]]))
    torch.testing.assert_close(unpack(about["z"], 8)[0], latent_of_seed(5, 8), atol=1e-5, rtol=0)


def test_a_cloud_and_its_pictures(served):
    wanted = {"source": "one", "generated": 30, "real": 25, "what": "pixels"}
    found = post(served, "cloud", **wanted).json()
    assert (found["count"], found["generated"], len(found["places"])) == (55, 30, 110)
    picture = Image.open(io.BytesIO(base64.b64decode(found["png"])))
    assert picture.size == (50 * 32, 2 * 32) and found["columns"] == 50
    assert post(served, "cloud", **wanted).json() == found


def test_many_latents_are_drawn_in_pieces_and_encoded_beside_the_event_loop(served, monkeypatch):
    drawn, encoded_in = [], []
    draw, sheet_png = routes.draw, encode.sheet_png

    def noted(images, columns):
        encoded_in.append(threading.current_thread())
        return sheet_png(images, columns)

    for module in (explorer, routes):
        monkeypatch.setattr(module, "draw", lambda source, z, labels: drawn.append(len(z)) or draw(source, z, labels))
    monkeypatch.setattr(encode, "sheet_png", noted)
    z = torch.stack([latent_of_seed(seed, 8) for seed in range(100)])
    about, picture = sheet(post(served, "draw", source="one", z=pack(z)))
    assert drawn == [40, 40, 20] and about["count"] == 100 and picture.shape == (160, 640, 3)
    for at in (3, 99):
        _, alone = sheet(post(served, "draw", source="one", z=pack(z[at])))
        row, column = divmod(at, 20)
        there = picture[32 * row : 32 * row + 32, 32 * column : 32 * column + 32].astype(int)
        assert np.abs(there - alone).max() <= 1
    assert [thread is served.thread for thread in encoded_in] == [False, True, True]


class Visitor:
    def __init__(self, gone):
        self.gone = gone

    async def is_disconnected(self):
        return self.gone


def test_a_study_that_nobody_waits_for_is_not_begun():
    waiting = Future()
    with pytest.raises(StudioError, match="nobody waits"):
        asyncio.run(while_listening(Visitor(gone=True), waiting))
    assert waiting.cancelled()
    done = Future()
    done.set_result(5)
    assert asyncio.run(while_listening(Visitor(gone=True), done)) == 5
    failed = Future()
    failed.set_exception(StudioError("no run yet"))
    with pytest.raises(StudioError, match="no run yet"):
        asyncio.run(while_listening(Visitor(gone=False), failed))


@pytest.mark.parametrize(
    ("path", "body", "complaint"),
    [
        ("plane", {"source": "gone"}, "not there"),
        ("plane", {"through": "latents", "z": ""}, "do not make latents"),
        ("plane", {"through": "directions", "directions": [{}, {"number": 5000}]}, "directions.1"),
        ("plane", {"through": "directions", "directions": [{}]}, "directions"),
        ("plane", {"through": "directions", "z": pack(torch.ones(8)), "directions": [{}, {}]}, "parallel"),
        ("map", {"plane": pack(torch.eye(8)[:3]), "places": []}, "places"),
        ("map", {"plane": pack(torch.eye(8)[:3]), "places": [[0, 0]] * 65}, "at most 64"),
        ("map", {"plane": pack(torch.eye(8)[:2]), "places": [[0, 0]]}, "3 are needed"),
        ("blend", {"places": [[0, 1.5]]}, "places"),
        ("heat", {"plane": pack(torch.eye(8)[:3]), "places": [[0, 0]], "kind": "taste"}, "kind"),
        ("cloud", {"generated": 5000}, "generated"),
        ("cloud", {"what": "smell"}, "what"),
    ],
)
def test_what_cannot_be_done_is_said(served, path, body, complaint):
    answer = served.client.post(f"/live/{path}", json=body)
    assert answer.status_code == 422 and complaint in answer.json()["error"]


def test_everything_follows_the_training_run(served):
    served.session.reset(tiny_config())
    served.session.resume()
    wait_until(lambda: served.session.snapshot.step > 2)
    plane = post(served, "plane").json()["plane"]
    steps = [json.loads(post(served, "map", plane=plane, places=[[0, 0]]).headers["x-drawing"])["step"]]
    steps.append(post(served, "heat", plane=plane, places=[[0, 0]]).json()["step"])
    steps.append(post(served, "cloud", generated=10, real=0, what="latents").json()["step"])
    served.session.pause()
    assert 1 < steps[0] <= steps[1] <= steps[2]


def test_values_of_one_map_can_be_of_the_same_weights_while_training_goes_on(served):
    served.session.step_once(tiny_config())
    plane = post(served, "plane").json()["plane"]

    def heat(**more):
        answer = post(served, "heat", plane=plane, places=SQUARE[:5], **more).json()
        return answer["step"], answer["values"]

    first = heat()
    served.session.step_once(tiny_config())
    assert heat(step=first[0]) == first
    assert heat()[0] == heat(step=10**6)[0] == first[0] + 1  # of weights that nobody knows any more: the newest
