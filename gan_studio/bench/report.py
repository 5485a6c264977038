"""The measurements as a table on the terminal and as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gan_studio.bench.machine import in_words

Report = Mapping[str, Any]
"""``machine``, ``plan``, ``results`` (a part's name to its rows and notes) and ``skipped`` (to the reason)."""


def as_text(report: Report) -> str:
    """All tables, medians with their lowest and highest values in brackets, below a line about the machine."""
    blocks = [in_words(report["machine"])]
    for part, data in report["results"].items():
        blocks.append("\n".join([part, *_table(data["rows"]), *data["notes"]]))
    blocks += [f"{part}: not measured: {reason}" for part, reason in report["skipped"].items()]
    return "\n\n".join(blocks)


def write_json(report: Report, path: Path) -> None:
    """Everything, with the value of every round; what is not a finite number becomes null."""
    path.write_text(json.dumps(_finite(report), indent=2) + "\n", encoding="utf-8")


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _table(rows: list[Mapping[str, Any]]) -> list[str]:
    """Lines of aligned columns: texts to the left, numbers to the right."""
    names = list(rows[0])
    cells = [names, *([_cell(row[name]) for name in names] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(names))]
    left = [isinstance(rows[0][name], str) for name in names]
    return [
        "  ".join(
            cell.ljust(width) if side else cell.rjust(width)
            for cell, width, side in zip(line, widths, left, strict=True)
        ).rstrip()
        for line in cells
    ]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Mapping):
        median, lowest, highest = (_number(value[key]) for key in ("median", "lowest", "highest"))
        return f"{median} ({lowest} to {highest})"
    return value if isinstance(value, str) else _number(value)


def _number(value: float) -> str:
    """Three digits that count, and no more than are there."""
    if isinstance(value, int) or not math.isfinite(value) or value == 0:
        return f"{value:,}"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{digits}f}"
