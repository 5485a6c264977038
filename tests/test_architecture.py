"""Imports go one way, and Gradio stays in the page."""

import ast
from pathlib import Path

import pytest

from tests.conftest import ROOT

LAYERS = [
    {"errors", "assets", "events", "space"},
    {"settings"},
    {"config"},
    {"data", "networks", "objectives", "lessons"},
    {"latent"},
    {"training"},
    {"past", "snapshot", "formulas"},
    {"sampling", "session"},
    {"worker"},
    {"rounds"},
    {"explorer", "metrics", "judges"},
    {"quality", "bench", "into"},
    {"ui"},
    {"cli"},
]
FILES = sorted((ROOT / "gan_studio").rglob("*.py"))
CLI_MAY_IMPORT_OF_UI = {"gan_studio.ui.server"}


def layer(name: str) -> int:
    return next(i for i, names in enumerate(LAYERS) if name in names)


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module)
    return names


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_one_way(path):
    part = path.relative_to(ROOT / "gan_studio").parts[0].removesuffix(".py")
    names = imported(path)
    if part != "ui":
        assert not any(name.split(".")[0] == "gradio" for name in names)
    assert not {"pickle", "joblib", "dill"} & {name.split(".")[0] for name in names}
    if part == "__init__":
        return
    for name in names:
        parts = name.split(".")
        if parts[0] == "gan_studio" and len(parts) > 1 and parts[1] != part:
            assert layer(parts[1]) <= layer(part), f"{part} must not import {name}"
    if part == "cli":
        assert {name for name in names if name.startswith("gan_studio.ui")} <= CLI_MAY_IMPORT_OF_UI


def test_the_project_speaks_only_of_itself():
    assert "torch.load(" not in "".join(path.read_text(encoding="utf-8") for path in FILES)
