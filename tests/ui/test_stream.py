import asyncio
import base64
import io
import json
from dataclasses import replace

import pytest
import torch
from PIL import Image

from gan_studio.config import RunConfig
from gan_studio.events import COLUMNS, Curve, Measurement
from gan_studio.snapshot import Snapshot
from gan_studio.ui.stream import Cursor, Hub


def point(step):
    return Measurement(step, *(float(step) for _ in COLUMNS[1:]))


def snapshot(steps, run_id="run-1"):
    curve = Curve()
    for step in steps:
        curve.add(point(step))
    pictures = torch.randint(0, 256, (64, 1, 28, 28), dtype=torch.uint8)
    return Snapshot(
        "running",
        run_id,
        RunConfig(),
        step=curve.newest.step,
        point=curve.newest,
        curve=curve,
        grid=pictures,
        real=pictures,
    )


def hub_with(first):
    hub = Hub()
    hub._take(first)
    return hub


def decoded(answer):
    message, cursor = answer
    return json.loads(message), cursor


def test_a_late_joiner_gets_the_whole_curve_and_all_pictures():
    shown = snapshot(range(1, 50))
    message, cursor = decoded(hub_with(shown).message(Cursor()))
    assert message["reset"] and [row[0] for row in message["points"]] == list(range(1, 50))
    sheet = Image.open(io.BytesIO(base64.b64decode(message["grid"]["png"])))
    assert sheet.size == (8 * 28, 8 * 28) and message["real"]["count"] == 64
    assert list(sheet.crop((28, 0, 56, 28)).tobytes()) == shown.grid[1].flatten().tolist()
    assert Cursor.parse(str(cursor)) == cursor == Cursor("run-1", 0, 49)


def test_a_viewer_that_returns_gets_what_it_missed_and_nothing_twice():
    shown = snapshot(range(1, 10))
    hub = hub_with(shown)
    _, cursor = hub.message(Cursor())
    for step in range(10, 25):
        shown.curve.add(point(step))
    hub._take(replace(shown, step=24))
    message, _ = decoded(hub.message(cursor))
    assert not message["reset"] and "real" not in message
    assert [row[0] for row in message["points"]] == list(range(10, 25))


def test_another_run_or_generation_begins_anew():
    hub = hub_with(snapshot([1, 2, 3]))
    _, cursor = hub.message(Cursor())
    hub._take(snapshot([1, 2], run_id="run-2"))
    message, cursor = decoded(hub.message(cursor))
    assert message["reset"] and len(message["points"]) == 2
    hub._snapshot.curve.cut(1)  # the run went back
    hub._take(hub._snapshot)
    message, _ = decoded(hub.message(cursor))
    assert message["reset"] and len(message["points"]) == 1


def test_the_message_is_encoded_once_for_all_viewers(monkeypatch):
    calls = []
    original = Hub.__init__.__globals__["encode_snapshot"]
    monkeypatch.setattr("gan_studio.ui.stream.encode_snapshot", lambda *a: calls.append(1) or original(*a))
    hub = hub_with(snapshot(range(5)))
    answers = {hub.message(Cursor("run-1", 0, 3))[0] for _ in range(40)}
    assert len(calls) == len(answers) == 1


@pytest.mark.parametrize("text", ["", "x", "a|b|c", "a|1|-2", "a|1|" + "9" * 300, "|||", "a|²|1", "run|0|१"])
def test_a_strange_cursor_counts_as_none(text):
    assert Cursor.parse(text) == Cursor() or Cursor.parse(text).number >= 0
    hub_with(snapshot([1])).message(Cursor.parse(text))


def read(event):
    return json.loads(event.split(b"data: ")[1])


def test_a_slow_viewer_skips_to_the_newest_and_loses_no_point():
    async def scenario():
        shown = snapshot([1])
        hub = hub_with(shown)
        stream = hub.events(Cursor())
        await stream.__anext__()  # the retry line
        seen = [row[0] for row in read(await stream.__anext__())["points"]]
        for step in range(2, 30):  # nobody reads meanwhile
            shown.curve.add(point(step))
            hub._take(replace(shown, step=step))
            await asyncio.sleep(0)
        message = read(await stream.__anext__())
        seen += [row[0] for row in message["points"]]
        assert message["step"] == 29 and seen == list(range(1, 30))
        await stream.aclose()
        assert hub._viewers == 0

    asyncio.run(scenario())


def test_viewers_that_never_read_do_not_make_the_others_wait():
    async def scenario():
        hub = hub_with(snapshot([1]))
        stalled = [hub.events(Cursor()) for _ in range(400)]  # as many who read would get a message in five seconds
        for stream in stalled:
            await stream.__anext__()
            await stream.__anext__()
        reader = hub.events(Cursor())
        await reader.__anext__()
        await reader.__anext__()
        hub._take(snapshot([1, 2]))
        assert read(await asyncio.wait_for(reader.__anext__(), 2))["step"] == 2
        for stream in [reader, *stalled]:
            await stream.aclose()
        assert hub._viewers == hub._waiting == 0

    asyncio.run(scenario())


def test_closing_ends_every_stream():
    async def scenario():
        hub = Hub()
        hub.attach(snapshot([1]))

        async def viewer():
            return [event async for event in hub.events(Cursor())]

        viewers = [asyncio.create_task(viewer()) for _ in range(5)]
        await asyncio.sleep(0.05)
        hub.close()
        events = await asyncio.wait_for(asyncio.gather(*viewers), 2)
        assert all(len(received) == 2 for received in events)

    asyncio.run(scenario())
