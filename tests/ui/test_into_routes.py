"""The routes of the tabs Find, Inside and Copies? through the server's sockets."""

import base64
import io
import json

import numpy as np
import pytest
import torch
from PIL import Image

from gan_studio.into.targets import MOST_UPLOAD_BYTES
from gan_studio.latent.vectors import pack
from tests.conftest import tiny_config, wait_until
from tests.ui.test_server import Served

GREY = base64.b64encode(bytes([128] * 784)).decode()
Z = pack(torch.ones(1, 8))


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    made = Served(tmp_path_factory.mktemp("served"))
    made.session.step_once(tiny_config("dcgan", generator_conditioning="embedding"))
    made.session.save("digits")
    made.session.reset(tiny_config(dataset="emoji", train_size=60))
    made.session.save("emoji")
    made.session.reset(tiny_config(dataset="ring8"))
    made.session.save("points")
    yield made
    made.close()


def ask(served, path, **request):
    return served.client.post(f"/live/{path}", json=request)


def picture(text):
    return Image.open(io.BytesIO(base64.b64decode(text)))


# -- Find ------------------------------------------------------------------------------------------------


def test_a_generator_says_what_it_draws(served):
    about = ask(served, "find/about", source="digits").json()
    assert about == {"shape": [1, 28, 28], "classes": list("0123456789"), "conditional": True, "latent_size": 8}
    assert "points" in ask(served, "find/about", source="points").json()["error"]


def test_a_real_picture_comes_with_its_class(served):
    answer = ask(served, "find/real", source="digits", label=4, seed=3)
    about = json.loads(answer.headers["x-drawing"])
    assert about["class"] == "4" and 0.3 < about["typical"] < 1.2
    assert Image.open(io.BytesIO(answer.content)).size == (28, 28)


def test_uploads_are_fitted_to_the_generator(served):
    buffer = io.BytesIO()
    Image.new("RGBA", (300, 200), (255, 0, 0, 255)).save(buffer, "WEBP", lossless=True)
    for source, mode, size in (("digits", "L", (28, 28)), ("emoji", "RGB", (32, 32))):
        answer = served.client.post("/live/find/upload", params={"source": source}, content=buffer.getvalue())
        found = Image.open(io.BytesIO(answer.content))
        assert (found.mode, found.size) == (mode, size)


def png_that_says_it_is(width, height):
    """A small file whose header promises a large picture."""
    buffer = io.BytesIO()
    Image.new("L", (1, 1)).save(buffer, "PNG")
    data = bytearray(buffer.getvalue())
    data[16:24] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    return bytes(data)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"%PDF-1.4 no picture", "not a picture"),
        (b"", "not a picture"),
        (png_that_says_it_is(60_000, 60_000), "cannot be used"),
        (b"\x89PNG" + bytes(MOST_UPLOAD_BYTES), "larger than"),
    ],
    ids=["pdf", "empty", "bomb", "huge"],
)
def test_uploads_that_are_no_pictures_are_refused(served, content, complaint):
    answer = served.client.post("/live/find/upload", params={"source": "digits"}, content=content)
    assert answer.status_code == 422 and complaint in answer.json()["error"]


def test_what_the_search_sees_can_be_looked_at_first(served):
    answer = ask(served, "find/seen", source="digits", pixels=GREY, task="enlarge", factor=7)
    assert Image.open(io.BytesIO(answer.content)).size == (4, 4)
    noisy = [ask(served, "find/seen", source="digits", pixels=GREY, task="denoise", seed=s).content for s in (1, 1, 2)]
    assert noisy[0] == noisy[1] != noisy[2]


def test_a_search_is_watched_until_its_end(served):
    mask = base64.b64encode(bytes([255] * 392 + [0] * 392)).decode()
    settings = {"label": None, "restarts": 4, "steps": 50, "task": "fill", "mask": mask}
    search = ask(served, "find", source="digits", pixels=GREY, **settings).json()["search"]

    def progress(step=-1):
        return served.client.get("/live/find", params={"search": search, "step": step}).json()

    found = wait_until(lambda: (p := progress())["state"] == "done" and p)
    assert picture(found["pictures"]).size == picture(found["composites"]).size == (4 * 28, 28)
    assert found["errors"] == sorted(found["errors"]) and sorted(found["labels"]) == [0, 1, 2, 3]
    assert len(found["curve"]) == 6 and "pictures" not in progress(50)
    kept = np.asarray(picture(found["composites"]))[:14]
    assert (kept == 128).all()  # what was known stays
    drawn = ask(served, "draw", source="digits", z=found["z"][0], label=found["labels"][0])
    best = np.asarray(picture(found["pictures"]))[:, :28].astype(int)
    assert np.abs(np.asarray(Image.open(io.BytesIO(drawn.content))).astype(int) - best).max() <= 1


@pytest.mark.parametrize(
    ("path", "body", "complaint"),
    [
        ("find", {"pixels": GREY, "restarts": 17}, "restarts"),
        ("find", {"pixels": GREY, "steps": 10**6}, "steps"),
        ("find", {"pixels": GREY, "visitor": "me"}, "visitor"),
        ("find", {"pixels": "A" * 3_000_000}, "pixels"),
        ("find", {"pixels": "A" * 5_000_000}, "larger than"),
        ("find/seen", {"source": "emoji", "pixels": GREY}, "784 bytes do not fit 3 x 32 x 32"),
        ("find/seen", {"pixels": GREY, "factor": 3}, "factor"),
        ("find/real", {"source": "digits", "label": 10}, "10 classes"),
        ("find/real", {"source": "points"}, "points"),
        ("find/stop", {"search": "none"}, "not known"),
        ("inside", {"source": "digits", "z": pack(torch.ones(1, 9))}, "latents of 8"),
        ("inside", {"source": "digits", "layer": "99"}, "no layer"),
        ("inside", {"source": "digits", "layer": "1", "start": 10**6}, "has channels 0 to"),
        ("inside/without", {"source": "digits", "channel": 10**6}, "has channels 0 to"),
        ("inside/effects", {"source": "../x"}, "checkpoint name"),
        ("honest", {"source": "points"}, "no pictures to compare"),
        ("honest", {"source": "emoji", "neighbours": 50}, "neighbours"),
        ("honest", {"source": "emoji", "spaces": ["smell"]}, "spaces"),
    ],
)
def test_bad_requests_get_a_sentence(served, path, body, complaint):
    answer = served.client.post(f"/live/{path}", json=body)
    assert answer.status_code == 422 and complaint in answer.json()["error"]


def test_foreign_pages_start_nothing(served):
    for path in ("find", "find/stop", "find/upload", "inside", "honest"):
        answer = served.client.post(f"/live/{path}", json={}, headers={"Origin": "http://evil.example"})
        assert answer.status_code == 403


# -- Inside ----------------------------------------------------------------------------------------------


def test_every_layer_is_shown(served):
    answer = ask(served, "inside", source="digits", z=Z, label=3).json()
    kinds = [layer["kind"] for layer in answer["layers"]]
    assert kinds[:3] == ["Linear", "Grid", "BatchNorm2d"] and kinds[-1] == "Tanh" and answer["class"] == "3"
    dense, grid, norm, last = (answer["layers"][i] for i in (0, 1, 2, -1))
    assert len(dense["values"]) == dense["shape"][0] == 7 * 7 * 8
    assert picture(grid["sheet"]).size == (8 * 7, 7) and grid["low"] == min(dense["values"])
    assert len(norm["mean"]) == len(norm["deviation"]) == 8
    assert last["shape"] == [1, 28, 28] and picture(answer["picture"]).size == (28, 28)


def test_layers_are_shown_page_by_page_and_by_either_scale(served):
    def one(**request):
        return ask(served, "inside", source="digits", z=Z, layer="1", **request).json()["layers"][0]

    assert one(start=5)["count"] == 3
    brightest = np.asarray(picture(one(scale="channel")["sheet"])).reshape(7, 8, 7, 3).max((0, 2, 3))
    assert (brightest == 255).all()


def test_a_channel_that_is_off_changes_what_its_effect_says(served):
    effects = ask(served, "inside/effects", source="digits", z=Z, layer="2").json()["effects"]
    off = ask(served, "inside/without", source="digits", z=Z, layer="2", channel=5).json()
    assert len(effects) == 8 and off["change"] == pytest.approx(effects[5], rel=0.01)
    assert picture(off["sheet"]).size == (3 * 28, 28)


@pytest.mark.parametrize("source", ["digits", "emoji", "points"])
def test_directions_are_counted(served, source):
    found = ask(served, "inside/directions", source=source, z=Z).json()
    most = 2 if source == "points" else 8
    assert 1 <= found["participation"] <= most and 1 <= found["tenth"] <= most
    assert found["values"] == sorted(found["values"], reverse=True) and len(found["values"]) == most
    assert "error" not in ask(served, "inside/without", source=source, z=Z, layer="first").json()


# -- Copies? ----------------------------------------------------------------------------------------------


def test_random_pictures_and_a_given_one_are_compared(served):
    def ready(**request):
        answer = ask(served, "honest", source="emoji", **request).json()
        return "distances" in answer["pixels"] and "distances" in answer["features"] and answer

    answer = wait_until(lambda: ready(seed=4), 120)
    assert picture(answer["sheet"]).size == picture(answer["pixels"]["sheet"]).size == (12 * 32, 32)
    for space in ("pixels", "features"):
        near = [row[0] < answer[space]["limit"] for row in answer[space]["distances"]]
        assert near == answer[space]["suspicious"]
    single = ready(z=Z, neighbours=3)
    assert single["count"] == 1 and picture(single["features"]["sheet"]).size == (3 * 32, 32)
    assert single["pixels"]["distances"][0] == sorted(single["pixels"]["distances"][0])


@pytest.mark.parametrize(
    ("path", "keys"),
    [("latent", False), ("inside", False), ("inside/directions", False), ("honest", False), ("path", True)],
)
def test_two_latents_are_not_taken_for_one(served, path, keys):
    z = pack(torch.ones(2, 8))
    answer = ask(served, path, source="digits", **({"keys": [{"z": z}] * 2} if keys else {"z": z}))
    assert answer.status_code == 422 and "16 numbers do not make one latent of 8" in answer.json()["error"]
