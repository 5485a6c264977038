"""``gan-studio bench``: its options, and the parts put together."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from gan_studio.bench.plan import CASES, PARTS, Plan, say
from gan_studio.config import FIELDS
from gan_studio.errors import StudioError
from gan_studio.lessons.presets import DEFAULT_PRESET

log = logging.getLogger(__name__)

QUICK = Plan(networks=("mlp", "dcgan28", "points"), rounds=2, seconds=0.5, seeds=1, times=(2, 5), samples=1000)
"""A minute or two to see that everything works; its numbers say little."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command; what is not given follows :class:`Plan`, or :data:`QUICK` with ``--quick``."""
    parser.add_argument("--only", metavar="A,B", help=f"which parts (default: all of {','.join(PARTS)})")
    parser.add_argument("--quick", action="store_true", help="short rounds and few networks, to try it out")
    parser.add_argument("--networks", metavar="A,B", help=f"which networks (default: all of {','.join(CASES)})")
    parser.add_argument("--rounds", type=_above_zero(int), metavar="N", help=f"rounds (default: {Plan.rounds})")
    parser.add_argument(
        "--seconds", type=_above_zero(float), metavar="S", help=f"length of a window (default: {Plan.seconds:g})"
    )
    parser.add_argument("--device", choices=FIELDS["device"].choices, help="where to compute (default: auto)")
    parser.add_argument("--preset", metavar="NAME", help=f"for quality (default: {DEFAULT_PRESET})")
    parser.add_argument("--seeds", type=_above_zero(int), metavar="N", help=f"for quality (default: {Plan.seeds})")
    parser.add_argument("--times", metavar="S,S", help=f"for quality (default: {','.join(map(str, Plan.times))})")
    parser.add_argument("--browser", metavar="PATH", help="the Chromium for live (default: the one installed)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything, every round's value, to FILE")
    parser.add_argument("--picture", type=Path, metavar="FILE.png", help="draw the results")


def _above_zero(kind: type) -> Any:
    def read(text: str) -> Any:
        try:
            number = kind(text)
        except ValueError:
            number = 0
        if not 0 < number < 1e6:
            raise argparse.ArgumentTypeError(f"{text}: must be a number above 0")
        return number

    return read


def run(options: argparse.Namespace) -> int:
    """Measure, print and write; raises :class:`StudioError` for a mistake, before anything is measured."""
    parts = _names(options.only, PARTS, "part") or PARTS
    plan = make_plan(options)
    _check_files(options)
    from gan_studio.bench.report import as_text, write_json

    # After each part: what was measured in an hour is not lost with the last one.
    report = measure(parts, plan, lambda report: options.json and write_json(report, options.json))
    print(as_text(report))
    if options.picture and report["results"]:
        from gan_studio.bench.picture import write_picture

        write_picture(report, options.picture)
    return 0 if report["results"] else 1


def make_plan(options: argparse.Namespace) -> Plan:
    """What the options ask for; raises :class:`StudioError` naming what is wrong."""
    from gan_studio.lessons.presets import find_preset
    from gan_studio.training.device import resolve_device

    given = {name: getattr(options, name) for name in ("rounds", "seconds", "device", "preset", "seeds", "browser")}
    given["networks"] = _names(options.networks, tuple(CASES), "network")
    given["times"] = _times(options.times)
    base = QUICK if options.quick else Plan()
    plan = replace(base, **{name: value for name, value in given.items() if value is not None})
    find_preset(plan.preset)
    resolve_device(plan.device)
    return plan


def _names(text: str | None, known: tuple[str, ...], kind: str) -> tuple[str, ...] | None:
    if text is None:
        return None
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",")))
    for name in names:
        if name not in known:
            raise StudioError(f"{kind} {name!r} is unknown; there are {', '.join(known)}")
    return names


def _times(text: str | None) -> tuple[float, ...] | None:
    if text is None:
        return None
    read = _above_zero(float)
    try:
        return tuple(sorted({read(part) for part in text.split(",")}))
    except argparse.ArgumentTypeError as error:
        raise StudioError(f"--times {text}: {error}; write seconds like 15,30,60") from None


def _check_files(options: argparse.Namespace) -> None:
    """Hours of measuring must not end with a file that cannot be written."""
    if options.picture and options.picture.suffix != ".png":
        raise StudioError(f"--picture {options.picture}: its name must end in .png")
    for path in (options.json, options.picture):
        if path and not path.absolute().parent.is_dir():
            raise StudioError(f"{path}: there is no folder {path.absolute().parent}; make it first")


def measure(
    parts: tuple[str, ...], plan: Plan, done: Callable[[dict[str, Any]], Any] = lambda report: None
) -> dict[str, Any]:
    """The report of ``parts``; what cannot be measured here is in ``skipped`` with the reason.

    ``done`` is called with the report so far after each part. Ctrl-C ends the measuring, not the report.
    """
    import importlib

    from gan_studio.bench.machine import describe_machine

    report = {"machine": describe_machine(plan.device), "plan": asdict(plan), "results": {}, "skipped": {}}
    for part in parts:
        try:
            report["results"][part] = importlib.import_module(f"gan_studio.bench.{part}").measure(plan)
        except KeyboardInterrupt:
            report["skipped"] |= dict.fromkeys(parts[parts.index(part) :], "interrupted")
            break
        except StudioError as error:
            report["skipped"][part] = str(error)
            say(f"{part}: {error}")
        except Exception as error:  # the other parts are worth having
            log.exception("%s failed", part)
            report["skipped"][part] = f"failed: {error!r}"
        finally:
            done(report)
    return report
