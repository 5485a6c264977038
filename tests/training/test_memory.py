"""What a process may take; each in a process of its own, since a limit holds for all that follows."""

import sys

import pytest
import torch

from gan_studio.training import memory
from tests.processes import NewProcess

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux's limit")


def ask_for_too_much():
    torch.set_num_threads(1)
    memory._left_to_control_group = lambda: 2**28
    assert memory.limit_memory() > 2**28
    torch.empty(2**24).zero_()
    try:
        torch.empty(2**31, dtype=torch.uint8)
    except RuntimeError as error:
        print(error, flush=True)
        with memory.without_limit():
            torch.empty(2**31, dtype=torch.uint8)
        print("lifted", flush=True)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is no limit with CUDA")
def test_what_there_is_no_room_for_is_refused():
    from gan_studio.training.run import _NO_MEMORY

    process = NewProcess(ask_for_too_much)
    said = process.stdout.read()
    assert process.wait(60) == 0 and any(sign in said for sign in _NO_MEMORY) and "lifted" in said


def test_a_containers_limit_is_read(tmp_path):
    assert memory._left_to_control_group(tmp_path) == float("inf")
    (tmp_path / "memory.max").write_text("max\n")
    assert memory._left_to_control_group(tmp_path) == float("inf")
    (tmp_path / "memory.max").write_text("1000\n")
    (tmp_path / "memory.stat").write_text("file 900\nanon 300\nanon_thp 7\n")
    assert memory._left_to_control_group(tmp_path) == 700
