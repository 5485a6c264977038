"""The human test and the match through the server's sockets."""

import io
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from gan_studio.judges import referee
from gan_studio.judges.player import live_player
from tests.conftest import tiny_config, wait_until
from tests.ui.test_server import Served

TIMES = [800] * 20
REAL = [False] * 20


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    made = Served(tmp_path_factory.mktemp("served"))
    made.session.step_once(tiny_config())
    made.session.save("one")
    made.session.step_once(tiny_config())
    made.session.save("two")
    yield made
    made.close()


def begin(served, **request):
    answer = served.client.post("/live/human/begin", json=request)
    assert answer.status_code == 200, answer.text
    return json.loads(answer.headers["x-test"]), answer


def hand_in(served, about, fake=REAL):
    body = {"ticket": about["ticket"], "fake": fake, "milliseconds": TIMES}
    return served.client.post("/live/human/answers", json=body)


def test_a_whole_test_and_nothing_tells_which_are_fake_before_the_answers(served):
    about, answer = begin(served, source="one", seed=7)
    assert set(about) == {"ticket", "test", "source", "dataset", "step", "seed", "count"}
    sheet = Image.open(io.BytesIO(answer.content))
    assert sheet.size == (20 * 28, 28) and not sheet.info  # one file without notes: no address tells two apart
    assert served.client.get("/live/human/result", params={"ticket": about["ticket"]}).status_code == 422
    assert "key" not in served.client.get("/live/human/recent").text

    other, same = begin(served, source="one", seed=7)
    assert same.content == answer.content and other["ticket"] != about["ticket"]
    result = hand_in(served, about).json()
    assert sum(result["key"]) == result["right"] == 10 and result["people"] == 1
    assert hand_in(served, other, result["key"]).json()["right"] == 20
    later = served.client.get("/live/human/result", params={"ticket": about["ticket"]}).json()
    assert later["class_right"] == 15 and later["fooled"][0]["fooled"] == 1

    shown = np.split(np.asarray(sheet), 20, axis=1)
    real = served.session._load_data(tiny_config()).samples  # of the training split, from which none is taken
    assert not any((real.numpy() == picture).all((1, 2, 3)).any() for picture in shown)


def test_forty_students_at_once_are_all_counted(served):
    with ThreadPoolExecutor(40) as pool:
        given = list(pool.map(lambda _: begin(served, source="two", seed=1)[0], range(40)))
        answers = list(pool.map(lambda about: hand_in(served, about), given))
    assert [answer.status_code for answer in answers] == [200] * 40
    assert max(answer.json()["people"] for answer in answers) == 40
    (row,) = [row for row in served.client.get("/live/human/recent").json() if row["source"] == "two"]
    assert row["began"] == row["finished"] == 40
    again, _ = begin(served, test=row["test"])
    assert again["test"] == row["test"] and again["seed"] == 1


@pytest.mark.parametrize(
    ("path", "body", "complaint"),
    [
        ("human/begin", {"source": "gone"}, "not there"),
        ("human/begin", {"source": "../../etc/passwd"}, "checkpoint name"),
        ("human/begin", {"seed": -1}, "seed"),
        ("human/begin", {"test": "no such test"}, "expired"),
        ("human/answers", {"ticket": "x", "fake": REAL, "milliseconds": TIMES}, "expired"),
        ("human/answers", {"ticket": "x", "fake": REAL[1:], "milliseconds": TIMES}, "fake"),
        ("human/answers", {"ticket": "x", "fake": REAL, "milliseconds": [*TIMES[1:], -5]}, "milliseconds"),
        ("match", {"players": ["one"]}, "between 2 and 8 runs"),
        ("match", {"players": ["one", "one"]}, "named twice"),
        ("match", {"players": ["one", "two"], "samples": 10**9}, "samples"),
    ],
)
def test_bad_requests_get_a_sentence(served, path, body, complaint):
    answer = served.client.post(f"/live/{path}", json=body)
    assert answer.status_code == 422 and complaint in answer.json()["error"]


def test_a_second_answer_and_a_foreign_page_are_refused(served):
    about, _ = begin(served, source="one", seed=8)
    assert hand_in(served, about).status_code == 200
    answer = hand_in(served, about, [True] * 20)
    assert answer.status_code == 422 and "handed in already" in answer.json()["error"]
    for path in ("human/begin", "human/answers", "match", "match/stop"):
        foreign = served.client.post(f"/live/{path}", json={}, headers={"Origin": "http://evil.example"})
        assert foreign.status_code == 403


def test_a_match_is_played_while_the_server_answers(served):
    def match():
        return served.client.get("/live/match").json()

    assert match()["state"] == "empty"
    started = served.client.post("/live/match", json={"players": ["one", "two", "live"], "samples": 200, "seed": 3})
    assert started.json()["players"] == ["one", "two", "live"]
    wait_until(lambda: match()["state"] == "done")
    found = match()["match"]
    assert [row["name"] for row in found["entrants"]] == ["one", "two", "live"]
    assert found["fooled"][1] == found["fooled"][2]  # "two" is what is live
    served.client.post("/live/match", json={"players": ["one", "two"], "samples": 50_000})
    assert "is being played" in served.client.post("/live/match", json={"players": ["one", "two"]}).text
    served.client.post("/live/match/stop")
    wait_until(lambda: match()["state"] == "stopped")


def test_pictures_are_drawn_while_a_match_is_played(served, monkeypatch):
    begun, over = threading.Event(), threading.Event()

    def slow_player(session):
        begun.set()
        assert over.wait(30)
        return live_player(session)

    monkeypatch.setattr(referee, "live_player", slow_player)
    wanted = {"players": ["live", "one"], "samples": 100}
    assert served.client.post("/live/match", json=wanted).json()["state"] == "running"
    assert begun.wait(20)
    assert served.client.post("/live/latent", json={"source": "one"}).status_code == 200
    assert served.client.get("/live/match").json()["state"] == "running"
    over.set()
    wait_until(lambda: served.client.get("/live/match").json()["state"] != "running")
