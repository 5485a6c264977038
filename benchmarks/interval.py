"""What the Quality panel costs at its defaults: training speed while it measures, of that without.

    python -m benchmarks.interval [--rounds 2] [--seconds 62]

The default preset trains in a session as the page has it. The first measurement, which also looks at the real pictures,
comes before; then windows with and without measuring take turns. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from gan_studio.lessons.presets import DEFAULT_PRESET, find_preset
from gan_studio.quality import Plan, QualityMonitor
from gan_studio.session import Session
from gan_studio.training.device import use_threads


def steps_per_second(session: Session, seconds: float) -> float:
    begin, first = time.perf_counter(), session.snapshot.step
    time.sleep(seconds)
    return (session.snapshot.step - first) / (time.perf_counter() - begin)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=62.0, help="of each window; measurements come every 60 s")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        session = Session(Path(folder))
        use_threads(1)
        monitor = QualityMonitor(session)
        session.start(find_preset(DEFAULT_PRESET).config)
        monitor.begin(Plan())
        while not monitor.numbers()["steps"]:
            time.sleep(1)
        print("| round | measurements | steps a second | without | share |\n|---|---|---|---|---|", flush=True)
        for number in range(1, options.rounds + 1):
            before = len(monitor.numbers()["steps"])
            with_it = steps_per_second(session, options.seconds)
            measured = len(monitor.numbers()["steps"]) - before
            monitor.end()
            without = steps_per_second(session, options.seconds)
            print(f"| {number} | {measured} | {with_it:.1f} | {without:.1f} | {with_it / without:.1%} |", flush=True)
            monitor.begin(Plan())
        monitor.close()
        session.close()


if __name__ == "__main__":
    main()
