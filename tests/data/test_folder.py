import io
import os
import threading
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gan_studio.config import make_config
from gan_studio.data import decode, folder, load_data, members, storage
from gan_studio.errors import StudioError

RNG = np.random.default_rng(0)


def picture(width=40, height=30, colour=None, **options):
    """A file of one colour, or of noise."""
    shape = (height, width, 3)
    pixels = RNG.integers(0, 256, shape, np.uint8) if colour is None else np.full(shape, colour, np.uint8)
    return encoded(Image.fromarray(pixels), **options)


def encoded(image, kind="PNG", **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def write_files(root, files):
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return root


def write_zip(path, files, method=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def load(source, split="train", data_dir=None, progress=None, **values):
    config = make_config({"dataset": "folder", "source": str(source), **values})
    return load_data(config, data_dir, split, progress)


def pictures(count, prefix="", **options):
    return {f"{prefix}{number:03}.png": picture(**options) for number in range(count)}


@pytest.fixture(params=["folder", "zip"])
def make_source(request, tmp_path):
    """The same files in a folder or in a zip."""
    if request.param == "folder":
        return lambda files: write_files(tmp_path / "source", files)
    return lambda files: write_zip(tmp_path / "source.zip", files)


def test_pictures_of_all_kinds_and_sizes_become_one_set(make_source):
    files = {f"a.{kind.lower()}": picture(colour=(200, 10, 60), kind=kind) for kind in decode.FORMATS}
    files |= {"b.JPG": picture(300, 200, (200, 10, 60), kind="JPEG"), "tiny.png": picture(3, 5, (200, 10, 60))}
    data = load(make_source(files), picture_size=16)
    assert data.samples.shape == (8, 3, 16, 16) and data.samples.dtype == torch.uint8
    wanted = torch.tensor([200, 10, 60]).view(3, 1, 1)
    assert (data.samples.int() - wanted).abs().max() <= 6
    assert data.classes == () and data.labels.tolist() == [0] * 8
    assert load(make_source(files)).shape == (3, 32, 32)


def test_subfolders_are_classes(make_source):
    files = pictures(5, "dogs/x/", colour=(0, 0, 200)) | pictures(4, "cats/", colour=(200, 0, 0))
    data = load(make_source(files))
    assert data.classes == ("cats", "dogs") and data.labels.bincount().tolist() == [4, 5]
    assert ((data.samples[:, 0, 0, 0] == 200) == (data.labels == 0)).all()


def test_one_folder_around_the_classes_does_not_hide_them(make_source):
    data = load(make_source({"README.txt": b"hello"} | pictures(5, "all/dogs/") | pictures(4, "all/cats/")))
    assert data.classes == ("cats", "dogs")


def test_one_subfolder_makes_no_labels_and_stray_pictures_prevent_them(make_source):
    assert load(make_source(pictures(9, "only/"))).classes == ()
    data = load(make_source(pictures(5, "dogs/") | pictures(5)))
    assert data.classes == () and "no subfolder" in " ".join(data.notes)


def test_files_that_cannot_be_used_are_listed(make_source):
    files = pictures(8) | {
        "cut.png": picture()[:500],
        "notes.txt": b"hello",
        "text.jpg": b"hello",
        ".hidden.png": b"",
        "__MACOSX/001.png": b"",
        "float.tiff": encoded(Image.new("F", (9, 9)), "TIFF"),
    }
    note = load(make_source(files)).notes[0]
    assert note.startswith("4 files skipped: ") and "hidden" not in note and "MACOSX" not in note
    for part in ("cut.png (damaged)", "notes.txt (not a picture)", "text.jpg (not a picture)", "float.tiff (32 bits"):
        assert part in note


def test_only_the_first_skipped_files_are_named(make_source):
    note = load(make_source(pictures(8) | {f"{number}.txt": b"" for number in range(7)})).notes[0]
    assert note.startswith("7 files skipped: ") and note.count("not a picture") == 5 and note.endswith(", ...")


def test_eight_pictures_are_needed(make_source):
    files = pictures(7) | {"cut.png": picture()[:99]}
    with pytest.raises(StudioError, match=r"source.*7 pictures .* at least 8 .*1 file skipped: cut.png"):
        load(make_source(files))


@pytest.mark.parametrize(
    ("files", "complaint"),
    [({}, "no picture that can be read"), ({"a.txt": b""}, r"no picture .*a.txt \(not a picture\)")],
)
def test_nothing_to_see(make_source, files, complaint):
    with pytest.raises(StudioError, match=complaint):
        load(make_source({"sub/.hidden": b""} | files))


@pytest.mark.parametrize(("content", "complaint"), [(None, "no such folder or zip"), (b"PK", "neither a folder nor")])
def test_what_is_no_source_is_refused(tmp_path, content, complaint):
    path = tmp_path / "pictures.zip"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(StudioError, match=f"pictures.zip: .*{complaint}"):
        load(path)


def test_a_source_is_needed():
    with pytest.raises(StudioError, match="source: name a folder or a zip"):
        load(" ")


def test_every_tenth_is_held_out_and_few_are_shared(make_source):
    source = make_source(pictures(60))
    train, test = load(source), load(source, "test")
    assert (len(train.samples), len(test.samples), train.notes) == (54, 6, ())
    seen = {bytes(sample.numpy().tobytes()) for sample in torch.cat([train.samples, test.samples])}
    assert len(seen) == 60
    few = write_files(Path(source).parent / "few", pictures(49))
    assert len(load(few).samples) == len(load(few, "test").samples) == 49
    assert "Only 49 pictures" in load(few).notes[0]


def test_the_first_ones_are_a_fair_choice(make_source):
    source = make_source(pictures(40, "a/") | pictures(40, "b/"))
    some = load(source, train_size=30)
    assert 5 < some.labels.sum() < 25 and torch.equal(some.samples, load(source).samples[:30])


@pytest.mark.parametrize(("colours", "channels"), [("own", 1), ("grey", 1), ("colour", 3)])
def test_grey_pictures_have_one_channel_of_their_own(make_source, colours, channels):
    assert load(make_source(pictures(9, colour=90)), colours=colours).shape == (channels, 32, 32)


def test_one_coloured_picture_makes_all_coloured_in_both_splits(make_source):
    source = make_source(pictures(59, colour=90) | {"z.png": picture(colour=(1, 2, 3))})
    assert load(source).shape == load(source, "test").shape == (3, 32, 32)
    grey = load(source, colours="grey")
    assert grey.shape == (1, 32, 32) and set(grey.samples.flatten().tolist()) <= {90, 2}


def one(data, side=8, channels=3):
    return decode.decode(data, side, channels)


def test_the_middle_is_cut_out():
    pixels = np.zeros((10, 30, 3), np.uint8)
    pixels[:, 10:20] = 255
    middle = one(encoded(Image.fromarray(pixels)))
    assert (middle[:, :, 1:-1] == 255).all() and middle.min() > 200  # the edges see half a pixel beyond


def test_the_camera_may_have_been_turned():
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[:32] = 255  # the upper half is white
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    turned = one(encoded(Image.fromarray(pixels), "JPEG", exif=exif))
    assert (turned[:, :, 5:] > 200).all() and (turned[:, :, :3] < 50).all()


def test_what_is_transparent_is_white():
    half = Image.new("RGBA", (8, 8), (0, 0, 0, 128))
    assert np.abs(one(encoded(half)).astype(int) - 127).max() <= 1
    palette = Image.new("P", (8, 8))
    assert (one(encoded(palette, transparency=0)) == 255).all()


def test_sixteen_bits_become_eight_and_an_animation_its_first_frame():
    assert (one(encoded(Image.fromarray(np.full((9, 9), 200 << 8, np.uint16))), channels=1) == 200).all()
    frames = [Image.new("RGB", (9, 9), colour) for colour in ("red", "blue")]
    assert one(encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]))[:, 4, 4].tolist() == [255, 0, 0]


@pytest.mark.parametrize("side", [6400, 30_000])  # over our limit, and over the one at which Pillow itself refuses
def test_a_picture_bomb_is_not_decoded(side):
    bomb = bytearray(encoded(Image.new("1", (8, 8))))
    bomb[16:24] = side.to_bytes(4, "big") * 2
    bomb[29:33] = zlib.crc32(bomb[12:29]).to_bytes(4, "big")
    with pytest.raises(decode.Unusable, match="more than 40 megapixels"):
        one(bytes(bomb))


def test_formats_that_run_programs_are_not_opened():
    with pytest.raises(decode.Unusable, match="not a picture"):
        one(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")


def test_huge_files_and_too_many_files_are_refused(make_source, monkeypatch):
    monkeypatch.setattr(members, "MOST_BYTES", 5000)
    source = make_source(pictures(9, colour=5) | {"huge.png": picture(80, 80)})
    assert "huge.png (more than 0 MB)" in load(source).notes[0]
    monkeypatch.setattr(members, "MOST_FILES", 9)
    with pytest.raises(StudioError, match="more than 9 files"):
        load(source)


def test_a_zip_of_too_many_entries_is_refused_before_they_are_listed(tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        for number in range(30):
            archive.writestr(f"{number}.png", b"")
    monkeypatch.setattr(members, "MOST_FILES", 29)
    monkeypatch.setattr(zipfile, "ZipFile", None)
    with pytest.raises(StudioError, match="holds more than 29 files"), members.open_source(tmp_path / "x.zip"):
        pass


def test_a_zip_bomb_is_skipped(tmp_path):
    bomb = write_zip(tmp_path / "bomb.zip", {"bomb.bmp": bytes(20 * 10**6)} | pictures(8), zipfile.ZIP_DEFLATED)
    assert "bomb.bmp (compressed more than 200 times)" in load(bomb).notes[0]
    other = write_zip(tmp_path / "other.zip", {"bomb.bmp": bytes(20 * 10**6)} | pictures(8), zipfile.ZIP_BZIP2)
    with pytest.raises(StudioError, match="in another way than deflate"):
        load(other)


def test_a_zip_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(members, "MOST_ZIPPED_BYTES", 20_000)
    with pytest.raises(StudioError, match=r"unpacks to .* GiB"):
        load(write_zip(tmp_path / "large.zip", pictures(9)))


def test_a_member_that_lies_about_its_size_is_not_unpacked_whole(tmp_path):
    path = write_zip(tmp_path / "lie.zip", {"lie.bmp": bytes(3 * 10**6)} | pictures(8), zipfile.ZIP_DEFLATED)
    data = path.read_bytes()
    path.write_bytes(data.replace((3 * 10**6).to_bytes(4, "little"), (1000).to_bytes(4, "little")))
    with members.open_source(path) as listing:
        lie = next(member for member in listing.members if member.path.name == "lie.bmp")
        tracemalloc.start()
        with pytest.raises(zipfile.BadZipFile):
            lie.read()
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert most < 10**6
    assert "lie.bmp (cannot be read)" in load(path).notes[0]


def test_an_encrypted_zip_is_refused(tmp_path):
    path = write_zip(tmp_path / "secret.zip", pictures(9))
    data = bytearray(path.read_bytes())
    entry = data.find(b"PK\x01\x02")
    data[entry + 8] |= 1  # the flag in the central directory
    path.write_bytes(data)
    with pytest.raises(StudioError, match="secret.zip: is encrypted"):
        load(path)


def test_names_that_lead_outside_are_skipped_and_nothing_is_written(tmp_path):
    files = pictures(9, "in/") | {"../../out.png": picture(), "/etc/out.png": picture(), "..\\out.png": picture()}
    data = load(write_zip(tmp_path / "escape.zip", files))
    assert data.notes[0].startswith("3 files skipped") and "leads outside" in data.notes[0]
    assert len(data.samples) == 9
    assert [path.name for path in tmp_path.iterdir()] == ["escape.zip"]


def test_links_that_lead_outside_are_skipped(tmp_path):
    outside = write_files(tmp_path / "outside", pictures(3))
    inside = write_files(tmp_path / "inside", pictures(9, "a/"))
    (inside / "link.png").symlink_to(outside / "000.png")
    (inside / "linked").symlink_to(outside)
    (inside / "again.png").symlink_to(inside / "a" / "000.png")
    (inside / "loop").symlink_to(inside)
    (inside / "broken.png").symlink_to(tmp_path / "nowhere")
    data = load(inside)
    assert len(data.samples) == 10
    for part in ("3 files skipped", "link.png (a link", "linked (a link", "broken.png (cannot be read)"):
        assert part in data.notes[0]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(write_files(tmp_path / "source", pictures(9)) / "pipe.png")
    assert "pipe.png (not a file)" in load(tmp_path / "source").notes[0]


def test_large_sets_live_in_a_file_that_leaves_nothing_behind(make_source, tmp_path, monkeypatch):
    source = make_source(pictures(60))
    in_memory = load(source)
    monkeypatch.setattr(storage, "MOST_IN_MEMORY", 1000)
    in_file = load(source, data_dir=tmp_path / "data")
    assert torch.equal(in_file.samples, in_memory.samples)
    if Path("/proc/self/maps").exists():
        assert str(tmp_path / "data") in Path("/proc/self/maps").read_text()
    assert list((tmp_path / "data").iterdir()) == []


def test_few_files_are_read_ahead_and_progress_is_told(make_source, monkeypatch):
    reading, most, lock = 0, 0, threading.Lock()
    taken = folder.decode

    def counted(*args):
        nonlocal reading, most
        with lock:
            reading += 1
            most = max(most, reading)
        return taken(*args)

    def report(text, share):
        nonlocal reading
        reports.append((text, share))
        with lock:
            reading = 0

    reports = []
    monkeypatch.setattr(folder, "decode", counted)
    load(make_source(pictures(150)), progress=report)
    assert most <= 50 + folder._IN_FLIGHT
    assert [share for _, share in reports] == sorted(share for _, share in reports) and reports[-1][1] == 1.0


def test_a_progress_that_raises_stops_the_reading(make_source):
    class Stop(Exception):
        pass

    def stop(text, share):
        raise Stop

    with pytest.raises(Stop):
        load(make_source(pictures(30)), progress=stop)


def test_no_class_is_left_without_training_pictures(make_source):
    files = {}
    for number in range(60):
        files |= pictures(1, f"class{number:02}/", colour=(number, 0, 0))
    for name in ("many", "more"):
        files |= pictures(20, f"{name}/")
    source = make_source(files)
    train, test = load(source), load(source, "test")
    assert train.labels.bincount(minlength=62).min() == 1
    assert test.labels.bincount(minlength=62).tolist() == [0] * 60 + [2, 2]


def test_what_is_cut_off_does_not_shine_through(make_source):
    pixels = np.zeros((480, 640, 3), np.uint8)
    pixels[:, 80:560] = 255
    data = load(make_source({f"{n}.png": encoded(Image.fromarray(pixels)) for n in range(8)}))
    assert data.samples.min() == 255


def test_small_files_of_endless_pixels_are_refused(make_source, monkeypatch):
    source = make_source(pictures(12, width=50, height=50))
    assert len(load(source).samples) == 12
    monkeypatch.setattr(folder, "Budget", lambda: decode.Budget(11 * 2500))
    with pytest.raises(StudioError, match="megapixels together"):
        load(source)
