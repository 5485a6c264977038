import json
import zipfile

import pytest
from PIL import Image

from gan_studio.config import make_config
from gan_studio.data import load_data
from gan_studio.data import uploads as uploads_module
from gan_studio.data.uploads import check_source, keep_drawing, keep_upload, list_uploads, uploads_dir
from gan_studio.errors import StudioError


@pytest.fixture
def pictures(tmp_path):
    files = [tmp_path / f"{n}.png" for n in range(9)]
    for n, file in enumerate(files):
        Image.new("RGB", (12, 10), (20 * n, 50, 90)).save(file)
    return files


def load(dataset, source, data_dir):
    config = make_config({"dataset": dataset, "source": source})
    check_source(config, data_dir)
    return load_data(config, data_dir)


def test_pictures_and_a_zip_of_them_become_the_same_data(pictures, tmp_path):
    packed = tmp_path / "my pictures.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for file in pictures:
            archive.write(file, file.name)
    loose, zipped = keep_upload(pictures, tmp_path / "data"), keep_upload([packed], tmp_path / "data")
    assert loose[0] == zipped[0] == "folder" and "my-pictures-" in zipped[1]
    assert load(*loose, tmp_path / "data").shape == load(*zipped, tmp_path / "data").shape == (3, 32, 32)
    assert set(list_uploads(tmp_path / "data")) == {loose[1], zipped[1]}


def test_points_are_checked_before_they_are_kept(tmp_path):
    good, bad = tmp_path / "a.csv", tmp_path / "b.csv"
    good.write_text("x,y\n0,1\n1,0\n")
    bad.write_text("x,y\n0,nonsense\n")
    dataset, source = keep_upload([good], tmp_path / "data")
    assert dataset == "points" and load(dataset, source, tmp_path / "data").is_points
    with pytest.raises(StudioError, match="two numbers"):
        keep_upload([bad], tmp_path / "data")
    assert list_uploads(tmp_path / "data") == [source]


def test_drawings(tmp_path):
    source = keep_drawing(json.dumps([[0, 0], [0.5, -0.5], [1, 1]]), tmp_path)
    assert load("points", source, tmp_path).is_points
    for bad in ("", "[[0, 0]]", "[[0, 1e9], [0, 0]]", "{", "[" * 100_000):
        with pytest.raises(StudioError, match="drawing"):
            keep_drawing(bad, tmp_path)
    assert list_uploads(tmp_path) == [source]


def test_visitors_read_uploads_only(tmp_path, pictures):
    uploads_dir(tmp_path / "data").mkdir(parents=True)
    for source in (str(tmp_path), "/etc", "", str(uploads_dir(tmp_path / "data") / ".." / ".."), "~"):
        with pytest.raises(StudioError, match="choose one of the uploads"):
            check_source(make_config({"dataset": "folder", "source": source}), tmp_path / "data")
    check_source(make_config({"dataset": "mnist", "source": "/etc"}), tmp_path / "data")


def test_too_much_or_nothing_is_refused(tmp_path, pictures, monkeypatch):
    with pytest.raises(StudioError, match="no file"):
        keep_upload([], tmp_path)
    monkeypatch.setattr(uploads_module, "MOST_BYTES", 10)
    with pytest.raises(StudioError, match="were uploaded; at most"):
        keep_upload(pictures, tmp_path)


def test_drawings_of_one_moment_do_not_meet(tmp_path):
    sources = [keep_drawing(json.dumps([[0, 0], [0, n / 100]]), tmp_path) for n in range(1, 21)]
    with pytest.raises(StudioError, match="draw a few strokes first"):
        keep_drawing("[]", tmp_path)
    assert len(set(sources)) == 20 == len(list_uploads(tmp_path))


def test_old_uploads_make_room_for_new_ones(tmp_path, pictures, monkeypatch):
    drawn = keep_drawing("[[0, 0], [1, 1]]", tmp_path)
    _, first = keep_upload(pictures, tmp_path)
    monkeypatch.setattr(uploads_module, "MOST_KEPT", 1.5 * sum(file.stat().st_size for file in pictures))
    _, second = keep_upload(pictures, tmp_path)
    assert list_uploads(tmp_path) == [second] and drawn != first


def test_a_zip_that_is_none_and_a_full_disk_are_refused(tmp_path, pictures, monkeypatch):
    (tmp_path / "no.zip").write_text("no zip")
    with pytest.raises(StudioError, match="neither a folder nor a zip"):
        keep_upload([tmp_path / "no.zip"], tmp_path / "data")
    monkeypatch.setattr(uploads_module, "_LEFT_FREE", 2**62)
    with pytest.raises(StudioError, match="the disk is too full"):
        keep_upload(pictures, tmp_path / "data")
    assert list_uploads(tmp_path / "data") == []


@pytest.mark.parametrize("source", ["~nobody-here/x", "x" * 300, "a\0b"])
def test_sources_that_nobody_can_have_are_refused_by_name(tmp_path, source):
    config = make_config({"dataset": "folder", "source": source})
    with pytest.raises(StudioError, match="source"):
        check_source(config, tmp_path)
    with pytest.raises(StudioError, match="source"):
        load_data(config, tmp_path)
