"""What the Quality panel costs at its defaults: training speed while it measures, of that without.

    python -m benchmarks.interval [--rounds 2]

The default preset trains in a session as the page has it. The first measurement, which also looks at the real pictures,
comes before. Each window lasts from the end of one measurement to the end of the next, so it holds one; one without
any follows it. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from gan_studio.errors import StudioError
from gan_studio.lessons.presets import DEFAULT_PRESET, find_preset
from gan_studio.quality import Plan, QualityMonitor
from gan_studio.session import Session
from gan_studio.training.device import use_threads


def measured(monitor: QualityMonitor) -> None:
    """Wait until the next measurement is over; raises :class:`StudioError` where it fails."""
    before = len(monitor.numbers()["steps"])
    while len(monitor.numbers()["steps"]) == before:
        if monitor.status()["state"] == "failed":
            raise StudioError(f"measuring failed: {monitor.status()['message']}")
        time.sleep(0.1)


def steps_per_second(session: Session, wait: Callable[[], object]) -> tuple[float, float]:
    """The speed until ``wait`` returns, and how many seconds that was."""
    begin, first = time.perf_counter(), session.snapshot.step
    wait()
    seconds = time.perf_counter() - begin
    return (session.snapshot.step - first) / seconds, seconds


def compare(session: Session, monitor: QualityMonitor) -> tuple[float, float, float]:
    """Steps a second from the end of one measurement to the end of the next, and without; and seconds of each."""
    monitor.begin(Plan())
    measured(monitor)
    with_it, seconds = steps_per_second(session, lambda: measured(monitor))
    monitor.end()  # nothing is being measured just now
    without, _ = steps_per_second(session, lambda: time.sleep(seconds))
    return with_it, without, seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        session = Session(Path(folder))
        use_threads(1)
        monitor = QualityMonitor(session)
        try:
            session.start(find_preset(DEFAULT_PRESET).config)
            monitor.begin(Plan())
            measured(monitor)  # which also looks at the real pictures
            print("| round | seconds | steps a second | without | share |\n|---|---|---|---|---|", flush=True)
            for number in range(1, options.rounds + 1):
                with_it, without, seconds = compare(session, monitor)
                print(
                    f"| {number} | {seconds:.0f} | {with_it:.1f} | {without:.1f} | {with_it / without:.1%} |",
                    flush=True,
                )
        finally:
            monitor.close()
            session.close()


if __name__ == "__main__":
    main()
