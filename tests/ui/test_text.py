import re

import pytest

from gan_studio.config import FIELDS
from gan_studio.lessons.presets import PRESETS
from gan_studio.ui.page import STATIC
from gan_studio.ui.text import LANGUAGES, texts
from tests.conftest import ROOT


def test_all_languages_have_the_same_keys_and_placeholders():
    english = texts("en")
    for language in LANGUAGES:
        other = texts(language)
        assert other.keys() == english.keys()
        for key, text in english.items():
            assert other[key].strip()
            assert re.findall(r"\{\w+\}", other[key]) == re.findall(r"\{\w+\}", text), key


def test_no_text_is_left_over():
    code = "".join(
        p.read_text(encoding="utf-8") for p in (ROOT / "gan_studio" / "ui").rglob("*.*") if p.suffix in (".py", ".js")
    )
    built = (
        "field.",
        "preset.",
        "state.",
        "status.",
        "chart.",
        "button.",
        "group.",
        "pad.",
        "quality.",
        "metric.",
        "paths.",
        "directions.",
        "arithmetic.",
        "crossing.",
        "map.axis.",
        "map.heat.",
        "map.legend.",
        "cloud.",
        "find.",
        "inside.",
        "honest.",
    )  # put together from a name in the code
    unused = [key for key in texts("en") if not key.startswith(built) and f'"{key}"' not in code]
    assert unused == []


def test_every_field_and_preset_is_translated():
    for language in LANGUAGES:
        assert all(f"field.{name}.info" in texts(language) for name in FIELDS)
        assert all(f"preset.{name}" in texts(language) for name in PRESETS)


@pytest.mark.parametrize(
    "path", [*STATIC.glob("*.js"), *(ROOT / "gan_studio" / "ui").glob("*.py")], ids=lambda p: p.name
)
def test_every_text_that_code_asks_for_exists(path):
    for key in re.findall(r"\bsay\([\"']([\w.-]+)[\"']", path.read_text(encoding="utf-8")):
        assert key in texts("en"), key
