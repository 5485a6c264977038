"""What a handler says to the visitor who pressed its button."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

from gan_studio.errors import StudioError


def try_to(action: Callable[[], Any]) -> str:
    """Do it; returns what the notice shows: nothing, or why it cannot be done."""
    try:
        action()
    except StudioError as error:
        return f'<gan-notice class="fault" role="alert">{html.escape(str(error))}</gan-notice>'
    return ""


def note(key: str, name: str = "") -> str:
    """A text of the locale files, said in the visitor's language."""
    return f'<gan-notice data-key="{key}" data-name="{html.escape(name)}"></gan-notice>'
