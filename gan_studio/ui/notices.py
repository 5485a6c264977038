"""What a handler says to the visitor who pressed its button."""

from __future__ import annotations

import html
import logging
from collections.abc import Callable
from typing import Any

from gan_studio.errors import StudioError

log = logging.getLogger(__name__)


def try_to(action: Callable[[], Any]) -> str:
    """Do it; returns what the notice shows: nothing, or why it cannot be done."""
    try:
        action()
    except StudioError as error:
        return _fault(str(error))
    except Exception as error:  # the visitor must hear of it, whatever it is
        log.exception("a control's handler failed")
        return _fault(f"unexpected fault: {error}")
    return ""


def _fault(text: str) -> str:
    return f'<gan-notice class="fault" role="alert">{html.escape(text)}</gan-notice>'


def note(key: str, name: str = "") -> str:
    """A text of the locale files, said in the visitor's language."""
    return f'<gan-notice data-key="{key}" data-name="{html.escape(name)}"></gan-notice>'
