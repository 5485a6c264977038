import json
import os
import signal
import time

import pytest
import torch
from safetensors.torch import save_file

from gan_studio.training.checkpoint import (
    CheckpointError,
    checkpoint_path,
    list_checkpoints,
    read_checkpoint,
    write_checkpoint,
)
from tests.processes import NewProcess


@pytest.mark.parametrize(
    "name", ["", "..", "../x", "a/b", "a\\b", "/etc/passwd", ".hidden", "a" * 81, "x\n", "con\0", "é", "a.", " a"]
)
def test_names_that_could_leave_the_folder_are_refused(tmp_path, name):
    with pytest.raises(CheckpointError, match="checkpoint name"):
        checkpoint_path(tmp_path, name)


def test_plain_names_are_accepted_with_and_without_suffix(tmp_path):
    expected = tmp_path / "run-1.b_2.safetensors"
    assert checkpoint_path(tmp_path, "run-1.b_2") == checkpoint_path(tmp_path, expected.name) == expected


def test_what_is_written_is_read(tmp_path):
    tensors = {"a": torch.randn(3, 4).T, "b": torch.tensor([1, 2])}  # one of them not contiguous
    write_checkpoint(tmp_path / "sub" / "x.safetensors", tensors, {"step": 3})
    checkpoint = read_checkpoint(tmp_path / "sub" / "x.safetensors")
    assert all(torch.equal(checkpoint.tensors[name], tensors[name]) for name in tensors)
    assert checkpoint.meta == {"format": 2, "step": 3}
    assert list_checkpoints(tmp_path / "sub") == ["x"]


def damaged(tmp_path, content):
    path = tmp_path / "x.safetensors"
    path.write_bytes(content)
    return path


def good_bytes(tmp_path):
    path = tmp_path / "good.safetensors"
    write_checkpoint(path, {"a": torch.randn(100)}, {"step": 1})
    return path.read_bytes()


def test_every_way_to_cut_or_flip_a_file_is_an_error_or_still_readable(tmp_path):
    good = good_bytes(tmp_path)
    for length in (0, 1, 7, 8, 20, len(good) // 2, len(good) - 1):
        with pytest.raises(CheckpointError, match="damaged"):
            read_checkpoint(damaged(tmp_path, good[:length]))
    for place in range(0, 120, 3):
        flipped = bytearray(good)
        flipped[place] ^= 0xFF
        try:
            read_checkpoint(damaged(tmp_path, bytes(flipped)))
        except CheckpointError as error:
            assert "x.safetensors" in str(error)


def test_a_changed_byte_of_a_tensor_is_found(tmp_path):
    good = good_bytes(tmp_path)
    for place in (len(good) - 1, len(good) - 200):
        flipped = bytearray(good)
        flipped[place] ^= 0x01
        with pytest.raises(CheckpointError, match="not what was written"):
            read_checkpoint(damaged(tmp_path, bytes(flipped)))


def test_foreign_files_are_named_for_what_they_are(tmp_path):
    torch.save({"a": 1}, tmp_path / "pickle.safetensors")
    with pytest.raises(CheckpointError, match="pickled PyTorch file.*never loaded"):
        read_checkpoint(tmp_path / "pickle.safetensors")
    save_file({"a": torch.zeros(1)}, tmp_path / "plain.safetensors")
    with pytest.raises(CheckpointError, match="not a GAN Studio checkpoint"):
        read_checkpoint(tmp_path / "plain.safetensors")
    save_file({"a": torch.zeros(1)}, tmp_path / "new.safetensors", {"gan_studio": json.dumps({"format": 99})})
    with pytest.raises(CheckpointError, match="newer GAN Studio"):
        read_checkpoint(tmp_path / "new.safetensors")
    for text in ("{", "[]", "{}"):
        save_file({"a": torch.zeros(1)}, tmp_path / "odd.safetensors", {"gan_studio": text})
        with pytest.raises(CheckpointError, match="description is damaged"):
            read_checkpoint(tmp_path / "odd.safetensors")
    with pytest.raises(CheckpointError, match="no such file"):
        read_checkpoint(tmp_path / "missing.safetensors")


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CheckpointError, match="cannot be written"):
        write_checkpoint(tmp_path / "file" / "x.safetensors", {"a": torch.zeros(1)}, {})


def write_again_and_again(path):
    for step in range(10**9):
        write_checkpoint(path, {"a": torch.full((300_000,), float(step))}, {"step": step})
        if step == 0:
            print("ready", flush=True)


@pytest.mark.skipif(os.name == "nt", reason="needs kill -9")
def test_kill_9_during_saves_leaves_a_whole_checkpoint(tmp_path):
    path = tmp_path / "x.safetensors"
    for attempt in range(4):
        process = NewProcess(write_again_and_again, path)
        assert process.stdout.readline()
        time.sleep(0.05 + 0.037 * attempt)
        process.send_signal(signal.SIGKILL)
        assert process.wait(30) == -signal.SIGKILL
        checkpoint = read_checkpoint(path)
        assert (checkpoint.tensors["a"] == checkpoint.meta["step"]).all()
    write_checkpoint(path, {"a": torch.zeros(1)}, {})
    assert [p.name for p in tmp_path.iterdir()] == ["x.safetensors"]  # what the killed ones left is gone
