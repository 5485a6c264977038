import contextlib
import json
import os
import re
import select
import signal
import struct
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from gan_studio.cli import main
from gan_studio.config import make_config
from gan_studio.lessons.presets import DEFAULT_PRESET, PRESETS, find_preset
from gan_studio.training.checkpoint import read_checkpoint, read_meta
from tests.conftest import ROOT, run_cli
from tests.processes import NewProcess

SMALL = ["--set", "hidden=16,12", "--set", "latent_size=8", "--set", "batch_size=8", "--device", "cpu"]
TRAIN = ["train", "--preset", "mnist-mlp", *SMALL, "--json"]


def train(out, *more, steps=5):
    finished = run_cli(*TRAIN, "--steps", steps, "--out", out, *more)
    assert finished.returncode == 0, finished.stderr
    return [json.loads(line) for line in finished.stdout.splitlines()]


def test_train_resume_and_sample_from_the_command_line(tmp_path):
    straight = train(tmp_path / "a", "--seed", 3, steps=10)[-1]
    half = train(tmp_path / "b", "--seed", 3, steps=5)[-1]
    resumed = train(tmp_path / "c", "--seed", 3, "--resume", half["checkpoint"], steps=5)[-1]
    assert straight["step"] == resumed["step"] == 10
    assert set(straight) == {"step", "seconds", "images_per_second", "checkpoint"} and straight["images_per_second"] > 0
    a, c = read_checkpoint_tensors(straight), read_checkpoint_tensors(resumed)
    assert a.keys() == c.keys() and all((a[name] == c[name]).all() for name in a)

    out = tmp_path / "samples.npz"
    assert main(["sample", straight["checkpoint"], "--n", "20", "--seed", "1", "--out", str(out)]) == 0
    images = np.load(out)["images"]
    assert images.shape == (20, 28, 28, 1) and images.dtype == np.uint8
    assert main(["sample", straight["checkpoint"], "--grid", "3", "--out", str(tmp_path / "grid.png")]) == 0
    assert Image.open(tmp_path / "grid.png").size == (84, 84)


def read_checkpoint_tensors(result):
    from pathlib import Path

    return read_checkpoint(Path(result["checkpoint"])).tensors


def test_a_progress_line_and_the_result_without_json(tmp_path):
    arguments = [part for part in TRAIN if part != "--json"]
    finished = run_cli(*arguments, "--steps", 3, "--out", tmp_path)
    assert finished.returncode == 0 and "step 3:" in finished.stdout and "samples/s" in finished.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_saves_and_exits_130(tmp_path, number):
    process = NewProcess(main, [*TRAIN, "--steps", "100000000", "--out", str(tmp_path)])
    assert json.loads(process.stdout.readline())["step"] >= 1
    process.send_signal(number)
    result = json.loads(process.stdout.read().splitlines()[-1])
    assert process.wait(30) == 130
    assert read_meta(tmp_path / "mnist-mlp.safetensors")["step"] == result["step"]


def test_divergence_is_reported_and_the_good_state_saved(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(
        "gan_studio.training.trainer.Trainer.measure", lambda self: {"d_loss": float("nan"), "g_loss": 1.0}
    )
    status = main([*TRAIN, "--steps", "3", "--out", str(tmp_path)])
    assert status == 1 and "diverged by step 1" in capsys.readouterr().err
    assert read_meta(tmp_path / "mnist-mlp.safetensors")["step"] == 0


def test_a_folder_that_cannot_be_written_is_found_out_before_training(tmp_path, capsys):
    (tmp_path / "file").write_text("in the way")
    assert main([*TRAIN, "--steps", "1000000", "--out", str(tmp_path / "file")]) == 1
    assert "cannot be written" in capsys.readouterr().err


def test_a_reader_that_goes_away_ends_the_training_with_a_checkpoint(tmp_path):
    command = [sys.executable, "-m", "gan_studio.cli", *TRAIN, "--steps", "100000000", "--out", str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    step = json.loads(process.stdout.readline())["step"]
    process.stdout.close()
    assert process.wait(timeout=30) == 130
    assert read_meta(tmp_path / "mnist-mlp.safetensors")["step"] > step


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (
            ["train", "--preset", "nope", "--steps", "1", "--out", "x"],
            "preset 'nope' is unknown; known presets: mnist-d",
        ),
        (["train", "--set", "batch_size=0", "--steps", "1", "--out", "x"], "batch_size = 0: must be a whole number"),
        (["train", "--set", "batchsize", "--steps", "1", "--out", "x"], "write it as KEY=VALUE"),
        (["train", "--set", "lr=1", "--steps", "1", "--out", "x"], "lr: unknown key"),
        (["serve", "--inception", "none.safetensors"], "none.safetensors: there is no such file; leave"),
        (["train", "--seed", "-1", "--steps", "1", "--out", "x"], "seed = -1: must be"),
        (["train", "--resume", "none.safetensors", "--steps", "1", "--out", "x"], "there is no such file"),
        (["train", "--set", "dataset=kmnist", "--steps", "1", "--out", "x"], "by hand"),
        (["sample", "none.safetensors", "--n", "1", "--out", "x.npz"], "there is no such file"),
        (["sample", "none.safetensors", "--out", "x.npz"], "say --n N"),
        (["sample", "none.safetensors", "--n", "1", "--out", "x.png"], "must end in .npz"),
    ],
)
def test_mistakes_get_a_sentence_and_status_1(arguments, complaint, capsys):
    assert main(arguments) == 1
    assert complaint in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [[], ["train"], ["train", "--steps", "0", "--out", "x"], ["serve", "--port", "99999"]]
)
def test_wrong_usage_is_status_2(arguments):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2


def test_presets_are_listed_without_the_slow_imports():
    script = "import sys; from gan_studio.cli import main; main(['presets']); print('torch' in sys.modules)"
    listed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True)
    assert listed.stdout.endswith("False\n") and all(name in listed.stdout for name in PRESETS)
    rows = json.loads(run_cli("presets", "--json").stdout)
    assert [row["name"] for row in rows] == list(PRESETS)
    assert rows[1]["config"]["hidden"] == [128, 256]


@pytest.mark.skipif(sys.platform == "win32", reason="has no pseudo-terminals")
def test_a_terminal_gets_a_bar_with_speed_and_remaining_time(tmp_path):
    import fcntl
    import pty
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 24, 100, 0, 0))
    command = [sys.executable, "-m", "gan_studio.cli", "train", "--preset", "mnist-mlp", "--steps", "400"]
    command += ["--device", "cpu", "--out", str(tmp_path)]
    process = subprocess.Popen(command, stdout=theirs, stderr=theirs, cwd=ROOT)
    os.close(theirs)
    shown = b""
    try:
        with contextlib.suppress(OSError):  # how the end of the terminal shows
            while select.select([ours], [], [], 60)[0]:
                shown += os.read(ours, 4096)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    assert re.search(r"\d+/400 \[\d\d:\d\d<\d\d:\d\d,[^\r]*step/s, \d+ samples/s, D \d", shown.decode())
    assert "saved" in shown.decode()


def test_training_does_not_write_over_another_run(tmp_path):
    command = ("train", "--preset", "mnist-mlp", "--steps", 1, "--device", "cpu", "--out", tmp_path)
    assert run_cli(*command).returncode == 0
    path = tmp_path / "mnist-mlp.safetensors"
    before = path.read_bytes()
    again = run_cli(*command)
    assert again.returncode == 1 and f"--resume {path}" in again.stderr and path.read_bytes() == before
    assert run_cli("train", "--resume", path, "--steps", 1, "--out", tmp_path).returncode == 0
    assert read_meta(path)["step"] == 2


def test_what_was_skipped_is_said(tmp_path):
    for number in range(9):
        Image.new("L", (9, 9), 20 * number).save(tmp_path / f"{number}.png")
    (tmp_path / "broken.png").write_bytes(b"no picture")
    values = ("--set", "dataset=folder", "--set", f"source={tmp_path}", "--set", "picture_size=8")
    finished = run_cli("train", "--preset", "mnist-mlp", *values, "--steps", 1, "--out", tmp_path / "out")
    assert finished.returncode == 0 and "1 file skipped: broken.png" in finished.stderr


def test_without_a_preset_the_default_one_is_trained(tmp_path):
    assert main(["train", *SMALL, "--set", "latent_size=16", "--steps", "1", "--json", "--out", str(tmp_path)]) == 0
    config = read_meta(tmp_path / f"{DEFAULT_PRESET}.safetensors")["config"]
    told = {"hidden": [16, 12], "latent_size": 16, "batch_size": 8, "device": "cpu"}
    assert config == json.loads(make_config({**find_preset(DEFAULT_PRESET).values, **told}).model_dump_json())
