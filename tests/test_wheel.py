"""The package works installed from a wheel, outside the checkout, with its assets."""

import json
import os
import subprocess
import sys
import zipfile

import httpx
import pytest

from tests.conftest import ROOT, address_of


@pytest.mark.slow
def test_a_built_wheel_trains_and_serves_its_texts_outside_the_checkout(tmp_path):
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("gan_studio-*.whl")
    installed = tmp_path / "site"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(installed)]
    subprocess.run([*install, str(wheel)], check=True, capture_output=True)
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert "gan_studio/assets/MNIST/raw/train-images-idx3-ubyte.gz" in names
    assert "gan_studio/ui/static/board.js" in names and not any(name.startswith("tests/") for name in names)
    script = """
import json, sys
import gan_studio
from gan_studio.cli import main
from gan_studio.ui.page import head
from gan_studio.ui.routes import asset_dir
arguments = ["train", "--preset", "mnist-mlp", "--steps", "2", "--device", "cpu", "--out", "out"]
bench = ["bench", "--only", "memory", "--networks", "points", "--device", "cpu", "--json", "bench.json"]
statuses = main(arguments), main(bench)
print(json.dumps([gan_studio.__file__, statuses, len(head()), (asset_dir() / "vendor/uplot").is_dir()]))
"""
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    where, statuses, length, has_vendor = json.loads(run.stdout.splitlines()[-1])
    assert where.startswith(str(installed)) and statuses == [0, 0] and length > 1000 and has_vendor
    assert json.loads((tmp_path / "bench.json").read_text())["results"].keys() == {"memory"}
    assert (tmp_path / "out" / "mnist-mlp.safetensors").is_file()
    (script,) = installed.glob("bin/gan-studio")
    command = [sys.executable, str(script), "serve", "--port", "0", "--device", "cpu"]
    served = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        address = address_of(served)
        assert address.startswith("http://127.0.0.1:")  # this computer only, unless told otherwise
        assert "gan-board" in httpx.get(f"{address}/live/static/board.js").text
    finally:
        served.terminate()
        served.wait(30)
