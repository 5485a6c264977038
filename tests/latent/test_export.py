import io

import numpy as np
import pytest
import torch
from PIL import Image

from gan_studio.errors import StudioError
from gan_studio.latent.export import FORMATS, MOST_FRAMES, encode_film

FRAMES = torch.randint(0, 256, (6, 1, 28, 28), generator=torch.Generator().manual_seed(0)).to(torch.uint8)


@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_films_have_all_frames_and_their_speed(kind):
    film = Image.open(io.BytesIO(encode_film(FRAMES, kind, 20)))
    assert film.n_frames == 6 and min(film.size) >= 256 and film.info["loop"] == 0
    film.seek(3)
    film.load()
    assert film.info["duration"] == 50
    factor = film.size[0] // 28
    small = film.convert("L").resize((28, 28), Image.Resampling.NEAREST)
    assert torch.equal(torch.from_numpy(np.array(small)), FRAMES[3, 0]) and factor == 10


@pytest.mark.parametrize("speed", [24, 30, 50, 60])
def test_a_gif_keeps_its_length_with_delays_that_browsers_heed(speed):
    count = 2 * speed
    levels = torch.arange(count, dtype=torch.uint8).mul(2).view(-1, 1, 1, 1).expand(-1, 1, 28, 28)
    film = Image.open(io.BytesIO(encode_film(levels, "gif", speed)))
    delays, shades = [], []
    for index in range(film.n_frames):
        film.seek(index)
        delays.append(film.info["duration"])
        shades.append(film.convert("L").getpixel((5, 5)))
    assert sum(delays) == 2000 and min(delays) >= 20 and not any(delay % 10 for delay in delays)
    assert len(delays) == min(count, 100) and max(delays) - min(delays) <= 10
    # What is seen at a time is what is due then, or one frame before.
    due = [2 * (sum(delays[:index]) * speed // 1000) for index in range(len(delays))]
    assert all(abs(shade - wanted) <= 2 for shade, wanted in zip(shades, due, strict=True))


def test_a_strip_is_exact():
    strip = Image.open(io.BytesIO(encode_film(FRAMES, "png")))
    assert strip.size == (6 * 28, 28)
    assert strip.getpixel((2 * 28 + 5, 7)) == FRAMES[2, 0, 7, 5]


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (3, 27, 31)])
def test_a_video_can_be_played(shape):
    av = pytest.importorskip("av")
    smooth = torch.linspace(0, 255, 10).view(10, 1, 1, 1).expand(10, *shape).to(torch.uint8)
    with av.open(io.BytesIO(encode_film(smooth, "mp4", 24))) as film:
        stream = film.streams.video[0]
        frames = [frame.to_ndarray(format="rgb24") for frame in film.decode(stream)]
    assert len(frames) == 10 and stream.average_rate == 24 and min(frames[0].shape[:2]) >= 256
    assert stream.codec_context.pix_fmt == "yuv420p"
    assert abs(float(frames[5].mean()) - float(smooth[5].float().mean())) < 4


@pytest.mark.parametrize(
    ("frames", "kind", "speed", "said"),
    [
        (FRAMES, "exe", 24, "choose one of"),
        (FRAMES[:0], "gif", 24, "0 frames"),
        (FRAMES[:1].expand(MOST_FRAMES + 1, -1, -1, -1), "gif", 24, "from 1 to 600"),
        (FRAMES, "gif", 0, "frames a second"),
    ],
)
def test_what_cannot_be_written_is_refused(frames, kind, speed, said):
    with pytest.raises(StudioError, match=said):
        encode_film(frames, kind, speed)
    assert set(FORMATS) == {"gif", "webp", "mp4", "png"}
