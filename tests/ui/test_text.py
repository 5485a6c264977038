import ast
import re

import pytest

from gan_studio.config import FIELDS
from gan_studio.lessons.presets import PRESETS
from gan_studio.ui.page import STATIC
from gan_studio.ui.text import LANGUAGES, texts
from tests.conftest import ROOT

SAID = ("error.", "loading.")
"""Texts of sentences whose English is in the code that says them."""


def test_all_languages_have_the_same_keys_and_placeholders():
    english = texts("en")
    for language in LANGUAGES:
        other = texts(language)
        of_sentences = {key for key in other if key.startswith(SAID)} if language != "en" else set()
        assert other.keys() - of_sentences == english.keys()
        for key, text in english.items():
            assert other[key].strip()
            assert re.findall(r"\{\w+\}", other[key]) == re.findall(r"\{\w+\}", text), key


def sentences():
    """The keys that code gives its English sentences, and the values that come with each."""
    for path in (ROOT / "gan_studio").rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and len(call.args) == 2 and isinstance(call.args[1], ast.Constant):
                key = call.args[1].value
                if isinstance(key, str) and (key.startswith(SAID) or key in texts("en")):
                    yield key, {keyword.arg for keyword in call.keywords}


def test_what_the_engine_says_is_translated():
    found = dict(sentences())
    for language in set(LANGUAGES) - {"en"}:
        known = texts(language)
        assert {key for key in found if key.startswith(SAID)} == {key for key in known if key.startswith(SAID)}
        for key, values in sentences():
            assert set(re.findall(r"\{(\w+)\}", known[key])) <= values, key


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
