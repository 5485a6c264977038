"""The measurements as one picture: a panel for each thing measured, large enough for a projector."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, StrMethodFormatter

from gan_studio.bench.live import COMMAND_LINE
from gan_studio.bench.machine import in_words
from gan_studio.bench.report import Report
from gan_studio.bench.throughput import TUTORIAL
from gan_studio.errors import StudioError

Rows = Sequence[Mapping[str, Any]]
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7")
"""Okabe and Ito 2008: told apart also by people who see fewer colours."""
STYLE = {
    "font.size": 16,
    "axes.prop_cycle": f"cycler('color', {list(COLOURS)})",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "lines.linewidth": 3,
    "lines.markersize": 9,
}


def write_picture(report: Report, path: Path) -> None:
    """Draw all panels of ``report`` into a PNG file; raises :class:`StudioError` where it cannot be written."""
    panels = [(draw, data["rows"]) for part, data in report["results"].items() for draw in PANELS[part]]
    columns = min(len(panels), 3 if len(panels) <= 6 else 4)
    rows = math.ceil(len(panels) / columns)
    with rc_context(STYLE):
        figure = Figure(figsize=(max(6 * columns, 12), 6 * rows + 1), dpi=100, layout="constrained")
        for number, (draw, data) in enumerate(panels, 1):
            draw(figure.add_subplot(rows, columns, number), data)
        figure.supxlabel(
            "\n".join(textwrap.wrap(in_words(report["machine"]), 120 if columns < 3 else 200)), fontsize=13
        )
        try:
            figure.savefig(path)
        except OSError as error:
            raise StudioError(f"{path}: cannot be written ({error})") from None


def _throughput(axes: Axes, rows: Rows) -> None:
    other = next(iter(TUTORIAL))
    ours = [row for row in rows if row["loop"] not in TUTORIAL]
    _bars(axes, _series(ours, "loop", "network", f"times {other}"), "{:.1f}")
    axes.axvline(1, color="black", linewidth=1.5)
    axes.set_title(f"Training speed, times the\n{other}")


def _peak(axes: Axes, rows: Rows) -> None:
    _bars(axes, _series(rows, "precision", "network", "share of the peak, %"), "{:.0f}")
    axes.set_title("Share of this machine's matrix\nmultiplication, %")


def _cost(axes: Axes, rows: Rows) -> None:
    mark = f", of the {COMMAND_LINE}'s"
    shown = {row["what"].removesuffix(mark): row["value"] for row in rows if row["unit"] == "%"}
    shares = {what.removeprefix("training, app, ").replace(" on ", "\non "): value for what, value in shown.items()}
    _bars(axes, {"": shares}, "{:.0f}")
    axes.axvline(100, color="black", linewidth=1.5)
    axes.set_title("Training speed under watch,\n% of the command line's")


def _latency(axes: Axes, rows: Rows) -> None:
    shown = {
        row["what"].removeprefix("from ").replace(" to ", "\nto ").replace(", ", ",\n"): row["value"]
        for row in rows
        if row["unit"] == "ms" and math.isfinite(row["value"]["highest"])  # not where a move was never drawn
    }
    _bars(axes, {"": shown}, "{:.0f}")
    axes.set_title("The page's answers, ms")


def _memory(axes: Axes, rows: Rows) -> None:
    _bars(axes, {"": {row["network"]: _exactly(row["peak, MiB"]) for row in rows}}, "{:,.0f}")
    axes.set_title(f"Peak memory of training,\n{rows[0]['where']}, MiB")


def _scaling(axes: Axes, rows: Rows) -> None:
    for field in dict.fromkeys(row["varied"] for row in rows):
        of = [row for row in rows if row["varied"] == field]
        values = [row["value"] for row in of]
        label = f"{field}, from {values[0]} to {values[-1]}"
        _line(axes, [v / values[0] for v in values], [row["times the first"] for row in of], label)
    axes.set(xlabel="times the first value", title="Time of a step,\ntimes that of the first value")
    _logarithmic(axes, (1, 2, 4, 8, 16), (1, 2, 5, 10, 20, 50, 100))
    _legend(axes)


def _quality(axes: Axes, rows: Rows) -> None:
    for who in dict.fromkeys(row["who"] for row in rows):
        of = [row for row in rows if row["who"] == who]
        _line(axes, [row["seconds"] for row in of], [row["fcd"] for row in of], who)
    axes.set(xlabel="seconds of training", title="Distance from real pictures\n(FCD), lower is better")
    _logarithmic(axes, sorted({row["seconds"] for row in rows}), [m * 10**d for d in (-1, 0, 1, 2) for m in (1, 2, 5)])
    _legend(axes)


PANELS: dict[str, tuple[Callable[[Axes, Rows], None], ...]] = {
    "throughput": (_throughput,),
    "peak": (_peak,),
    "live": (_cost, _latency),
    "memory": (_memory,),
    "scaling": (_scaling,),
    "quality": (_quality,),
}

# -- what panels are made of -----------------------------------------------------------------------------


def _series(rows: Rows, series: str, group: str, value: str) -> dict[str, dict[str, Mapping[str, float]]]:
    """Rows as bars: for each name in column ``series`` its groups and their spreads."""
    found: dict[str, dict[str, Mapping[str, float]]] = {}
    for row in rows:
        found.setdefault(row[series], {})[row[group]] = row[value]
    return found


def _exactly(value: float) -> dict[str, float]:
    return {"median": value, "lowest": value, "highest": value}


def _bars(axes: Axes, series: Mapping[str, Mapping[str, Mapping[str, float]]], form: str) -> None:
    """Horizontal bars of medians with their ranges; one colour for each series, groups from top to bottom."""
    groups = list(dict.fromkeys(group for bars in series.values() for group in bars))
    height = 0.8 / len(series)
    highest = max(spread["highest"] for bars in series.values() for spread in bars.values())
    for number, (name, bars) in enumerate(series.items()):
        places = [groups.index(group) + (number - (len(series) - 1) / 2) * height for group in bars]
        medians = [spread["median"] for spread in bars.values()]
        axes.barh(places, medians, height * 0.9, xerr=_errors(bars.values()), label=name, capsize=4)
        for place, spread in zip(places, bars.values(), strict=True):
            axes.text(spread["highest"] + 0.015 * highest, place, form.format(spread["median"]), va="center")
    axes.set_yticks(range(len(groups)), groups)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.15 * highest)
    if len(series) > 1:
        _legend(axes)


def _line(axes: Axes, x: Sequence[float], spreads: Sequence[Mapping[str, float]], label: str) -> None:
    """Medians over x with their ranges as a band."""
    (drawn,) = axes.plot(x, [spread["median"] for spread in spreads], "o-", label=label)
    low, high = ([spread[side] for spread in spreads] for side in ("lowest", "highest"))
    axes.fill_between(x, low, high, color=drawn.get_color(), alpha=0.2, linewidth=0)


def _errors(spreads: Any) -> list[list[float]]:
    below = [spread["median"] - spread["lowest"] for spread in spreads]
    return [below, [spread["highest"] - spread["median"] for spread in spreads]]


def _logarithmic(axes: Axes, x: Sequence[float], y: Sequence[float]) -> None:
    """Both axes logarithmic with plain numbers; ticks at ``x`` and ``y``, or where matplotlib puts them."""
    axes.set(xscale="log", yscale="log")
    for axis, ticks in ((axes.xaxis, x), (axes.yaxis, y)):
        low, high = axis.get_view_interval()
        inside = [tick for tick in ticks if low <= tick <= high]
        axis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axis.set_minor_formatter(NullFormatter() if len(inside) > 1 else StrMethodFormatter("{x:g}"))
        if len(inside) > 1:
            axis.set_ticks(inside)


def _legend(axes: Axes) -> None:
    """Below the panel, where it covers nothing."""
    axes.legend(loc="upper center", bbox_to_anchor=(0.4, -0.14 if axes.get_xlabel() else -0.07), frameon=False)
