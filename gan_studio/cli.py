"""The command line: the same engine as the page."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gan_studio import __version__
from gan_studio.bench import command as bench
from gan_studio.config import FIELDS, make_config
from gan_studio.errors import StudioError
from gan_studio.lessons.presets import DEFAULT_PRESET, PRESETS, find_preset

INTERRUPTED = 130
MEASURE_SECONDS = 0.5
SAVE_SECONDS = 120.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status (0, 1 for a refusal, 2 for wrong usage, 130 for Ctrl-C)."""
    options = _parser().parse_args(arguments)
    try:
        return options.run(options)
    except (StudioError, OSError) as error:  # such as a file that may not be read
        print(f"gan-studio: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="gan-studio", description="Train generative adversarial networks live and walk their latent space."
    )
    parser.add_argument("--version", action="version", version=f"gan-studio {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_serve(commands)
    _add_train(commands)
    _add_sample(commands)
    _add_evaluate(commands)
    _add_match(commands)
    _add_replay(commands)
    _add_bench(commands)
    _add_presets(commands)
    _add_fields(commands)
    return parser


# -- serve -----------------------------------------------------------------------------------------------


def _add_serve(commands: Any) -> None:
    parser = commands.add_parser("serve", help="open the page on which a class trains and explores")
    parser.add_argument("--host", help="address to listen on (default: 127.0.0.1; 0.0.0.0 lets others in)")
    parser.add_argument("--port", type=_port, help="port to listen on (default: 7860 or the next free one)")
    parser.add_argument("--share", action="store_true", help="also make a public address, through gradio.live")
    parser.add_argument("--device", choices=FIELDS["device"].choices, help="where new runs compute (default: auto)")
    parser.add_argument("--checkpoints", type=Path, default=Path("checkpoints"), metavar="DIR")
    _add_data(parser)
    _add_inception(parser)
    parser.set_defaults(run=_serve)


def _port(text: str) -> int:
    return _whole(text, 0, 65535)


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="folder with your own copies of data sets, as torchvision stores them"
    )


def _add_inception(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--inception",
        type=Path,
        metavar="FILE",
        help="weights of torchvision's Inception-v3 as safetensors (default: its own, downloaded once)",
    )


def _serve(options: argparse.Namespace) -> int:
    from gan_studio.ui.server import serve

    return serve(
        host=options.host,
        port=options.port,
        share=options.share,
        device=options.device,
        checkpoints=options.checkpoints,
        data_dir=options.data,
        inception=options.inception,
    )


# -- train -----------------------------------------------------------------------------------------------


def _add_train(commands: Any) -> None:
    parser = commands.add_parser("train", help="train without the page")
    parser.add_argument("--preset", metavar="NAME", help=f"starting point (default: {DEFAULT_PRESET})")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", dest="changes", help="change one config field"
    )
    parser.add_argument("--steps", type=_positive, required=True, metavar="N", help="how many steps to train now")
    parser.add_argument("--seed", metavar="S", help="the same as --set seed=S")
    parser.add_argument("--device", choices=FIELDS["device"].choices, help="the same as --set device=D")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the checkpoint")
    parser.add_argument("--name", help="the checkpoint's name (default: the preset's, or the resumed one's)")
    parser.add_argument("--resume", type=Path, metavar="PATH", help="go on from this checkpoint")
    parser.add_argument("--json", action="store_true", help="one JSON object a line instead of a progress bar")
    _add_data(parser)
    parser.set_defaults(run=_train)


def _whole(text: str, low: int, high: int) -> int:
    number = int(text) if text.isascii() and text.lstrip("-").isdigit() else low - 1
    if not low <= number <= high:
        raise argparse.ArgumentTypeError(f"{text}: must be a whole number from {low} to {high}")
    return number


def _positive(text: str) -> int:
    return _whole(text, 1, 2**31 - 1)


def _changes(options: argparse.Namespace) -> dict[str, Any]:
    """What the options ask of the config, in the order preset, ``--set``, ``--seed`` and ``--device``."""
    changes: dict[str, Any] = {}
    if options.preset is not None or not options.resume:
        changes |= find_preset(options.preset or DEFAULT_PRESET).values
    for text in options.changes:
        key, equals, value = text.partition("=")
        if not equals:
            raise StudioError(f"--set {text}: write it as KEY=VALUE; keys: {', '.join(FIELDS)}")
        changes[key] = value
    if options.seed is not None:
        changes["seed"] = options.seed
    if options.device is not None:
        changes["device"] = options.device
    return changes


def _train(options: argparse.Namespace) -> int:
    changes = _changes(options)
    config = None if options.resume else make_config(changes)  # refuse a mistake before the slow imports

    from gan_studio.data import load_data
    from gan_studio.training.checkpoint import checkpoint_path
    from gan_studio.training.memory import keep_freed_memory, limit_memory
    from gan_studio.training.run import Run, TrainingFault

    keep_freed_memory()
    limit_memory()
    if config is None:
        run = Run.load(options.resume, lambda saved: load_data(saved, options.data), changes)
    else:
        run = Run(config, load_data(config, options.data))
    for sentence in run.notes:
        print(f"gan-studio: {sentence}", file=sys.stderr)
    name = options.name or options.preset or (options.resume.stem if options.resume else DEFAULT_PRESET)
    path = checkpoint_path(options.out, name)
    if path.exists() and not (options.resume and path.samefile(options.resume)):
        raise StudioError(
            f"{path} holds another run; go on with it (--resume {path}), or choose another --out or --name"
        )
    run.save(path)  # a folder that cannot be written is found out before the training, not after it
    start = time.monotonic()
    fault = None
    with _interruption() as interrupted, _progress(run, options) as report:
        try:
            _train_steps(run, options.steps, interrupted, report, lambda: run.save(path))
            run.check_finite()
        except TrainingFault as error:
            run.return_to_good_state()
            fault = error
        except BrokenPipeError:  # nobody reads any more: the same as Ctrl-C
            interrupted.append(signal.SIGPIPE)
            sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115 (for the rest of the process)
        run.save(path)
        report(_result(run, time.monotonic() - start, path), final=True)
    if fault is not None:
        raise StudioError(f"{fault}. The state of step {run.step_count} is saved in {path}")
    return INTERRUPTED if interrupted else 0


def _train_steps(run: Any, steps: int, interrupted: list[int], report: Any, save: Any) -> None:
    """Train ``steps`` steps or until ``interrupted`` is not empty, reporting and saving now and then."""
    last = run.step_count + steps
    due, save_due = 0.0, time.monotonic() + SAVE_SECONDS
    while run.step_count < last and not interrupted:
        run.step()
        if time.monotonic() >= due or run.step_count == last:
            report(run.measure())
            due = time.monotonic() + MEASURE_SECONDS
        if time.monotonic() >= save_due:
            save()
            save_due = time.monotonic() + SAVE_SECONDS


def _result(run: Any, seconds: float, path: Path) -> dict[str, Any]:
    return {
        "step": run.step_count,
        "seconds": round(seconds, 3),
        "images_per_second": round(run.pictures / seconds, 1),
        "checkpoint": str(path),
    }


@contextmanager
def _interruption() -> Iterator[list[int]]:
    """A list that is empty until Ctrl-C or SIGTERM; the step in progress is finished, then the run is saved."""
    seen: list[int] = []
    previous = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def remember(number: int, frame: Any) -> None:
        seen.append(number)
        signal.signal(signal.SIGINT, previous[signal.SIGINT])  # a second Ctrl-C ends at once

    for number in previous:
        signal.signal(number, remember)
    try:
        yield seen
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextmanager
def _progress(run: Any, options: argparse.Namespace) -> Iterator[Any]:
    """A function that shows a measurement, or the final result, on standard output."""
    if options.json:
        yield _print_json
        return
    from tqdm import tqdm

    with tqdm(total=options.steps, unit="step", disable=None, dynamic_ncols=True) as bar:
        first = run.step_count

        def show(value: Any, final: bool = False) -> None:
            bar.update(run.step_count - first - bar.n)
            if final:
                bar.close()
                print("step {step}: {seconds} s, {images_per_second} samples/s, saved {checkpoint}".format(**value))
            else:
                bar.set_postfix_str(
                    f"{value.images_per_second:.0f} samples/s, D {value.d_loss:.3f}, G {value.g_loss:.3f}",
                    refresh=False,
                )

        yield show


def _print_json(value: Any, final: bool = False) -> None:
    print(json.dumps(value if final else vars(value)), flush=True)


# -- sample ----------------------------------------------------------------------------------------------


def _add_sample(commands: Any) -> None:
    parser = commands.add_parser("sample", help="draw pictures from a checkpoint's averaged generator")
    parser.add_argument("checkpoint", type=Path, metavar="CHECKPOINT")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--n", type=_positive, metavar="N", help="how many pictures to put into an .npz file")
    what.add_argument("--grid", type=_positive, metavar="N", help="draw N x N pictures into a .png file")
    parser.add_argument("--seed", type=_seed, default=0, metavar="S")
    parser.add_argument("--class", dest="label", metavar="NAME", help="only this class, of a conditional generator")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help=".npz with --n, .png with --grid")
    parser.set_defaults(run=_sample)


def _seed(text: str) -> int:
    return _whole(text, 0, 2**31 - 1)


def _sample(options: argparse.Namespace) -> int:
    if options.n is None and options.grid is None:
        raise StudioError("say --n N for an .npz file of pictures, or --grid N for a .png file")
    suffix = ".npz" if options.grid is None else ".png"
    if options.out.suffix != suffix:
        raise StudioError(f"--out {options.out}: its name must end in {suffix} here")

    from gan_studio.sampling import sample_images, save_grid, save_images

    count = options.n or options.grid**2
    images = sample_images(options.checkpoint, count, options.seed, options.label)
    if options.grid is None:
        save_images(images, options.out)
    else:
        save_grid(images, options.grid, options.out)
    print(options.out)
    return 0


# -- evaluate --------------------------------------------------------------------------------------------


def _add_evaluate(commands: Any) -> None:
    parser = commands.add_parser("evaluate", help="measure how good a checkpoint's samples are")
    parser.add_argument("checkpoint", type=Path, metavar="CHECKPOINT")
    parser.add_argument(
        "--metrics", metavar="A,B", help="which numbers (default: all that apply but fid, kid and inception_score)"
    )
    parser.add_argument(
        "--n", type=_positive, metavar="N", help="how many samples (default: 10000, or as many as can be compared)"
    )
    parser.add_argument("--seed", type=_seed, default=0, metavar="S")
    parser.add_argument("--against", choices=("train", "test"), default="train", help="which real samples")
    parser.add_argument("--json", action="store_true", help="the result as one JSON object")
    _add_data(parser)
    _add_inception(parser)
    parser.set_defaults(run=_evaluate)


def _evaluate(options: argparse.Namespace) -> int:
    from gan_studio.metrics.evaluate import as_table, evaluate_checkpoint

    names = [name.strip() for name in options.metrics.split(",")] if options.metrics else None
    report = evaluate_checkpoint(
        options.checkpoint,
        options.data,
        options.inception,
        names=names,
        count=options.n,
        seed=options.seed,
        against=options.against,
    )
    print(json.dumps(report.to_json()) if options.json else as_table(report))
    return 0


# -- match -----------------------------------------------------------------------------------------------


def _add_match(commands: Any) -> None:
    parser = commands.add_parser("match", help="let each checkpoint's discriminator judge the others' samples")
    parser.add_argument("checkpoints", type=Path, nargs="+", metavar="CHECKPOINT", help="from two to eight")
    parser.add_argument("--n", type=_positive, default=2000, metavar="N", help="samples of each (default: 2000)")
    parser.add_argument("--seed", type=_seed, default=0, metavar="S")
    parser.add_argument("--json", action="store_true", help="the result as one JSON object")
    _add_data(parser)
    parser.set_defaults(run=_match)


def _match(options: argparse.Namespace) -> int:
    from gan_studio.judges.match import as_table, match_checkpoints

    match = match_checkpoints(options.checkpoints, options.data, samples=options.n, seed=options.seed)
    print(json.dumps(match.to_json()) if options.json else as_table(match))
    return 0


# -- replay ----------------------------------------------------------------------------------------------


def _add_replay(commands: Any) -> None:
    parser = commands.add_parser(
        "replay", help="train a saved run again from its config, seed and edits, and compare bit for bit"
    )
    parser.add_argument("checkpoint", type=Path, metavar="CHECKPOINT")
    parser.add_argument("--json", action="store_true", help="the result as one JSON object")
    _add_data(parser)
    parser.set_defaults(run=_replay)


def _replay(options: argparse.Namespace) -> int:
    from tqdm import tqdm

    from gan_studio.data import load_data
    from gan_studio.training.memory import keep_freed_memory
    from gan_studio.training.replay import replay

    keep_freed_memory()
    with tqdm(unit="step", disable=True if options.json else None, dynamic_ncols=True) as bar:

        def progress(step: int, last: int) -> None:
            bar.total = last
            bar.update(step - bar.n)

        result = replay(options.checkpoint, lambda config: load_data(config, options.data), progress)
    if options.json:
        print(json.dumps({"step": result.step, "edits": result.edits, "different": list(result.different)}))
    elif result.exact:
        print(f"the same to the last bit: {result.step} steps, {result.edits} edits")
    else:
        print(f"{len(result.different)} tensors came out otherwise, such as {result.different[0]}")
    return 0 if result.exact else 1


# -- bench -----------------------------------------------------------------------------------------------


def _add_bench(commands: Any) -> None:
    parser = commands.add_parser("bench", help="measure speed, memory and quality over time on this machine")
    bench.add_options(parser)
    parser.set_defaults(run=bench.run)


# -- presets ---------------------------------------------------------------------------------------------


def _add_presets(commands: Any) -> None:
    parser = commands.add_parser("presets", help="list the named starting points")
    parser.add_argument("--json", action="store_true", help="with their complete configs, as one JSON array")
    parser.set_defaults(run=_presets)


def _presets(options: argparse.Namespace) -> int:
    if options.json:
        rows = [
            {**{key: value for key, value in vars(p).items() if key != "values"}, "config": p.config.model_dump()}
            for p in PRESETS.values()
        ]
        print(json.dumps(rows, indent=2))
        return 0
    for preset in PRESETS.values():
        default = " (default)" if preset.name == DEFAULT_PRESET else ""
        print(f"{preset.name}{default}: {preset.title}\n    {preset.description}")
    return 0


# -- fields ----------------------------------------------------------------------------------------------


def _add_fields(commands: Any) -> None:
    parser = commands.add_parser("fields", help="explain the fields of a config: what --set takes, formulas, sources")
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these (default: all)")
    parser.add_argument("--json", action="store_true", help="as one JSON array")
    parser.set_defaults(run=_fields)


def _fields(options: argparse.Namespace) -> int:
    from gan_studio.formulas import explain_fields

    rows = explain_fields(options.names)
    if options.json:
        print(json.dumps(rows, indent=2, ensure_ascii=False))
        return 0
    for row in rows:
        unit = f" {row['unit']}" if row["unit"] else ""
        print(f"{row['name']} = {row['default']}{unit}: {row['text']}\n    {row['allowed']}; may change: {row['when']}")
        for name, term in row["formulas"].items():
            told = "; ".join(part for part in (term["formula"], term["source"]) if part)
            print(f"    {name}: {told}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
