"""The server through its sockets: the routes, the guards, viewers that drop, and its end."""

import io
import json
import math
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
import torch
from PIL import Image

from gan_studio.data.uploads import list_uploads
from gan_studio.errors import StudioError
from gan_studio.judges.heat import Heat, HeatMaps
from gan_studio.judges.referee import Progress
from gan_studio.latent.vectors import pack
from gan_studio.quality import QualityMonitor
from gan_studio.session import Session
from gan_studio.training.checkpoint import list_checkpoints, read_meta
from gan_studio.ui import server as server_module
from gan_studio.ui.routes import finite
from gan_studio.ui.server import build_app, make_server, open_socket, serve
from gan_studio.ui.stream import Hub
from tests.conftest import ROOT, start_app, tiny_config, wait_until


class Served:
    def __init__(self, folder):
        self.hub = Hub()
        self.data = folder / "data"
        self.session = Session(folder, self.data, on_snapshot=self.hub.publish, snapshot_seconds=0.02)
        self.server = make_server(build_app(self.session, self.hub, local_only=True), self.hub)
        listener = open_socket("127.0.0.1", 0)
        self.port = listener.getsockname()[1]
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=20)
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [listener]})
        self.thread.start()
        wait_until(lambda: self.server.started)

    def close(self):
        self.client.close()
        self.hub.close()
        self.server.should_exit = True
        self.thread.join(10)
        assert not self.thread.is_alive(), "the server did not end"
        assert self.session.close(), "the session did not end"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    made = Served(tmp_path_factory.mktemp("served"))
    yield made
    made.close()


def test_no_control_waits_in_gradios_queue_which_sleeps(served):
    events = [event for event in served.client.get("/config").json()["dependencies"] if event["backend_fn"]]
    assert len(events) > 10 and all(event["queue"] is False for event in events)


@pytest.fixture
def training(served):
    served.session.reset(tiny_config())
    served.session.resume()
    wait_until(lambda: served.session.snapshot.step > 2)
    yield served
    served.session.pause()


def events(answer, count):
    found, lines = [], answer.iter_lines()
    for line in lines:
        if line.startswith("data: "):
            found.append(json.loads(line[6:]))
            if len(found) == count:
                return found
    raise AssertionError("the stream ended")


def test_an_answer_is_sent_at_once():
    with open_socket("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:  # else its body waits 40 ms for the browser to have confirmed its head
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_the_stream_carries_the_run_and_reconnects_without_a_gap(training):
    with training.client.stream("GET", "/live/stream") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        first = events(answer, 3)
    wait_until(lambda: training.session.snapshot.step > first[-1]["step"] + 5)
    with training.client.stream("GET", "/live/stream", headers={"Last-Event-ID": first[-1]["cursor"]}) as answer:
        second = events(answer, 1)
    assert first[0]["reset"] and not second[0]["reset"]
    rows = [row for message in first + second for row in message["points"]]
    kept = training.session.snapshot.curve.since(0)[2][: len(rows)]
    assert [row[0] for row in rows] == [point.step for point in kept]


def test_a_poll_of_what_is_known_gets_nothing(training):
    training.session.pause()
    message = training.client.get("/live/state").json()
    known = {"cursor": message["cursor"], "published": message["published"]}
    assert training.client.get("/live/state", params=known).status_code == 204
    training.session.step_once(tiny_config())
    wait_until(lambda: training.client.get("/live/state", params=known).status_code == 200)


def test_polling_gives_the_same(training):
    message = training.client.get("/live/state").json()
    later = training.client.get("/live/state", params={"cursor": message["cursor"]}).json()
    assert message["reset"] and not later["reset"] and later["step"] >= message["step"]


def test_quality_numbers_that_are_known_are_not_sent_again(served):
    first = served.client.get("/live/quality").json()
    again = served.client.get("/live/quality", params={"known": first["version"]}).json()
    assert first["numbers"] == [] and {**first, **again} == first and "numbers" not in again


def test_a_viewer_that_never_reads_costs_the_others_and_training_nothing(training):
    lazy = [socket.create_connection(("127.0.0.1", training.port)) for _ in range(5)]
    for each in lazy:
        each.sendall(b"GET /live/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    before = training.session.snapshot.step
    with training.client.stream("GET", "/live/stream") as answer:
        messages = events(answer, 10)
    assert messages[-1]["step"] > messages[0]["step"] >= before
    for each in lazy:
        each.close()
    wait_until(lambda: training.client.get("/live/state").json()["viewers"] == 0)


def latent(served, **request):
    return served.client.post("/live/latent", json=request)


def test_a_latent_picture_comes_as_one_sheet(training):
    answer = latent(training, seed=3, principal=[1.5])
    about = json.loads(answer.headers["x-drawing"])
    assert about["count"] == about["columns"] == 17 and about["latent_size"] == 8
    assert Image.open(io.BytesIO(answer.content)).size == (17 * 28, 28)
    path = latent(training, view="path", seed=3, to_seed=4)
    assert Image.open(io.BytesIO(path.content)).size == (33 * 28, 2 * 28)


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"{", "JSON"),
        (b"[]", "object"),
        (b'{"seed": -1}', "seed"),
        (b'{"seed": 1e400}', "seed"),
        (b'{"principal": [0,0,0,0,0,0,0,0,0]}', "principal"),
        (b'{"source": "../../etc/passwd"}', "checkpoint name"),
        (b'{"source": "missing"}', "not there"),
        (b'{"nonsense": 1}', "nonsense"),
        (b" " * 20_000, "larger than"),
    ],
)
def test_bad_latent_requests_get_a_sentence(training, body, complaint):
    answer = training.client.post("/live/latent", content=body)
    assert answer.status_code == 422 and complaint in answer.json()["error"]


def test_foreign_pages_and_names_are_refused(served):
    own = f"http://127.0.0.1:{served.port}"
    for origin, status in (
        (own, 422),
        ("http://evil.example", 403),
        ("null", 403),
        (f"http://localhost:{served.port}", 403),
    ):
        answer = served.client.post("/live/latent", content=b"{", headers={"Origin": origin})
        assert answer.status_code == status, origin
    for path in ("/gradio_api/upload", "/gradio_api/component_server", "/gradio_api/run/predict"):
        assert served.client.post(path, headers={"Origin": "http://evil.example"}).status_code == 403
    preflight = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
    assert served.client.options("/live/latent", headers=preflight).status_code == 403
    assert served.client.get("/live/state", headers={"Host": "evil.example"}).status_code == 403
    assert served.client.get("/live/state", headers={"Host": f"localhost:{served.port}"}).status_code == 200


def test_the_page_has_its_scripts_and_the_static_files_do_not_leak(served):
    page = served.client.get("/").text
    assert page.index("live/static/quiet.js") < page.index("assets/index-")
    assert served.client.get("/live/static/board.js").status_code == 200
    assert served.client.get("/live/vendor/uplot/uPlot.esm.js").status_code == 200
    for path in ("/live/static/../page.py", "/live/static/%2e%2e/page.py", "/live/vendor/..%2fMNIST/README.md"):
        assert "import" not in served.client.get(path).text or served.client.get(path).status_code != 200


def test_an_address_that_is_taken_or_unknown_is_named():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StudioError, match=f"cannot listen on 127.0.0.1 port {port}"):
            open_socket("127.0.0.1", port)
    with pytest.raises(StudioError, match=r"cannot listen on no\.such\.host"):
        open_socket("no.such.host", 1234)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_app_within_three_seconds_and_saves_the_run(tmp_path, number):
    app = start_app(tmp_path, script=number == signal.SIGINT)  # begun by a person, or not
    press_start(app)
    wait_until(lambda: app.state()["step"] > 2, 60)
    stop = threading.Event()

    def watch():
        try:
            with httpx.stream("GET", f"{app.address}/live/stream", timeout=20) as answer:
                for _ in answer.iter_lines():
                    if stop.is_set():
                        break
        except httpx.HTTPError:
            pass

    viewers = [threading.Thread(target=watch) for _ in range(3)]
    for viewer in viewers:
        viewer.start()
    time.sleep(0.5)
    step = app.state()["step"]
    assert app.end(number) < 3.0
    stop.set()
    for viewer in viewers:
        viewer.join()
    (name,) = list_checkpoints(tmp_path)
    assert read_meta(tmp_path / f"{name}.safetensors")["step"] >= step
    assert app.process.returncode in ((0,) if number == signal.SIGINT else (0, -number))


def press_start(app):
    """Press Start as the page does: post the handler's inputs to Gradio."""
    config = httpx.get(f"{app.address}/config").json()
    ids = {c["props"].get("elem_id"): c["id"] for c in config["components"]}
    values = {c["id"]: c["props"].get("value") for c in config["components"]}
    start = next(d for d in config["dependencies"] if [ids["button-start"], "click"] in map(list, d["targets"]))
    body = {"data": [values[i] for i in start["inputs"]], "fn_index": start["id"], "session_hash": "test"}
    answer = httpx.post(f"{app.address}/gradio_api/run/predict", json=body, timeout=30)
    assert answer.is_success, answer.text


def test_help_names_the_options():
    text = subprocess.run(
        [sys.executable, "app.py", "--help"], capture_output=True, text=True, cwd=ROOT, check=True
    ).stdout
    assert all(option in text for option in ("--host", "--port", "--share", "--device", "--checkpoints", "--data"))


def upload(served, files):
    """Send the page's upload event, as a browser does."""
    config = served.client.get("/config").json()
    box = next(c["id"] for c in config["components"] if c["props"].get("elem_id") == "data-upload")
    event = next(d["id"] for d in config["dependencies"] if [box, "upload"] in [list(t) for t in d["targets"]])
    data = [[{"path": str(path), "meta": {"_type": "gradio.FileData"}} for path in files]]
    return served.client.post("/gradio_api/run/predict", json={"data": data, "fn_index": event, "session_hash": "x"})


@pytest.mark.parametrize("name", ["points.csv", "key.json", "picture.png", "archive.zip"])
def test_a_visitor_cannot_name_another_file_of_this_computer_as_an_upload(served, tmp_path, name):
    secret = tmp_path / name
    secret.write_text("0,0\n1,1\n")
    before = list_uploads(served.data)
    answer = upload(served, [secret])
    assert answer.status_code == 500 and "0,0" not in answer.text and str(tmp_path) not in answer.text
    assert list_uploads(served.data) == before


def test_an_upload_of_some_megabytes_is_kept(served):
    rows = "0.25,0.5\n" * 99_999 + " " * 2_000_000
    sent = served.client.post("/gradio_api/upload", files={"files": ("my points.csv", rows.encode())})
    answer = upload(served, sent.json())
    assert answer.status_code == 200 and "my-points" in answer.text
    assert any("my-points" in path for path in list_uploads(served.data))


def test_numbers_that_are_none_become_null():
    odd = {"a": [1.5, math.nan, (math.inf, 2)], "b": {"c": -math.inf, "d": "nan"}, "e": None, "f": True}
    assert finite(odd) == {"a": [1.5, None, [None, 2]], "b": {"c": None, "d": "nan"}, "e": None, "f": True}


def test_a_diverged_run_is_no_fault_of_the_server(served, monkeypatch):
    heat = Heat(torch.tensor([math.nan]), 3, limit=math.nan)
    monkeypatch.setattr(HeatMaps, "measure", lambda *_: heat)
    monkeypatch.setattr(QualityMonitor, "status", lambda self: {"version": 7.0})  # none that has been encoded
    monkeypatch.setattr(QualityMonitor, "numbers", lambda self: {"numbers": [{"fcd": [math.nan, None, math.inf, 0.5]}]})
    monkeypatch.setattr(Progress, "to_json", lambda self: {"match": {"entrants": [{"threshold": math.nan}]}})
    served.session.step_once(tiny_config())
    body = {"plane": pack(torch.eye(8)[:3]), "places": [[0, 0]]}
    assert served.client.post("/live/heat", json=body).json()["limit"] is None
    assert served.client.get("/live/quality").json()["numbers"] == [{"fcd": [None, None, None, 0.5]}]
    assert served.client.get("/live/match").json() == {"match": {"entrants": [{"threshold": None}]}}


def test_only_the_session_shares_its_work_out_to_several_threads(monkeypatch, tmp_path):
    """Any other team of threads would put the session's to sleep between two operations."""
    before, seen = torch.get_num_threads(), []

    def look(session, hub, **rest):
        with ThreadPoolExecutor(1) as another:
            seen.extend([session._do(torch.get_num_threads), another.submit(torch.get_num_threads).result()])
        raise StudioError("seen enough")

    monkeypatch.setattr(server_module, "build_app", look)
    try:
        torch.set_num_threads(2)
        with pytest.raises(StudioError, match="seen enough"):
            serve(port=0, checkpoints=tmp_path)
        assert [*seen, torch.get_num_threads()] == [2, 1, 1]
    finally:
        torch.set_num_threads(before)
