"""Questions to a process of its own."""

import os

import pytest

from gan_studio.bench.worker import Worker
from gan_studio.errors import StudioError


def make_adder(start):
    total = start

    def add(number):
        nonlocal total
        if number == "leave":
            os._exit(1)
        total += number
        return total, os.getpid()

    return add


def make_nothing():
    raise MemoryError("too little")


def test_a_worker_keeps_its_state_in_another_process_and_says_what_went_wrong():
    with Worker(make_adder, 10) as worker:
        (first, pid), (second, same) = worker.ask(1), worker.ask(2)
        assert (first, second) == (11, 13) and pid == same != os.getpid()
        with pytest.raises(StudioError, match="TypeError: unsupported operand"):
            worker.ask("text")
        assert worker.ask(1)[0] == 14  # and it goes on
        with pytest.raises(StudioError, match="ended without an answer"):
            worker.ask("leave")


def test_what_cannot_be_made_is_an_error_of_the_question():
    with Worker(make_nothing) as worker, pytest.raises(StudioError, match="MemoryError: too little"):
        worker.ask(1)
