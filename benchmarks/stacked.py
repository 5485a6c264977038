"""How many of the thousand modes of stacked MNIST are covered after so many seconds.

    python -m benchmarks.stacked [--seeds 3] [--first-seed 0] [--seconds 300 900] [--threads 1] [--preset stacked-mnist]

The published protocol: 26,000 samples, the classifier of digits on each channel, modes with at least one sample, and
the Kullback-Leibler divergence of the samples' modes from the real ones, in nats. For comparison, PacGAN (Lin et al.
2018, arXiv:1712.04086) gives DCGAN 99 modes and 3.40, VEEGAN 150 and 2.95, PacDCGAN2 1,000 and 0.06. The clock
stands still while samples are judged; on one thread it counts CPU time, on several time passed. Prints a Markdown
table.
"""

from __future__ import annotations

import argparse
import time

from benchmarks.recipes import Row, make_run, marks
from gan_studio.bench.quality import judge, samples_of
from gan_studio.data.stacked import COUNTS
from gan_studio.lessons.presets import find_preset
from gan_studio.metrics.reference import load_references
from gan_studio.training.device import use_threads
from gan_studio.training.memory import keep_freed_memory


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, nargs="*", default=[300.0, 900.0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--preset", default="stacked-mnist")
    options = parser.parse_args()
    options.seconds.sort()
    keep_freed_memory()
    use_threads(options.threads)
    clock = time.thread_time if options.threads == 1 else time.perf_counter
    reference = load_references(find_preset(options.preset).config, ("classifier",))["classifier"]
    print("| seed | seconds | steps | modes | divergence |\n|---|---|---|---|---|", flush=True)
    for seed in range(options.first_seed, options.first_seed + options.seeds):
        run = make_run(Row(options.preset), seed)
        for seconds, steps in zip(options.seconds, marks(run, options.seconds, clock), strict=True):
            found = judge(reference, samples_of(run, COUNTS["test"]), ("classes", "class_kl"))
            print(
                f"| {seed} | {seconds:g} | {steps:,} | {found['classes']:.0f} | {found['class_kl']:.3f} |", flush=True
            )


if __name__ == "__main__":
    main()
