"""What a handler says to the visitor who pressed its button."""

from __future__ import annotations

import html
import json
import logging
from collections.abc import Callable
from typing import Any

from gan_studio.errors import Sentence, StudioError, unexpected

log = logging.getLogger(__name__)


def try_to(action: Callable[[], Any]) -> str:
    """Do it; returns what the notice shows: nothing, or why it cannot be done."""
    try:
        action()
    except StudioError as error:
        return _fault(error.sentence)
    except Exception as error:  # the visitor must hear of it, whatever it is
        log.exception("a control's handler failed")
        return _fault(unexpected(error))
    return ""


def _fault(sentence: Sentence) -> str:
    words = html.escape(json.dumps(sentence.to_json(), ensure_ascii=False))
    return f'<gan-notice class="fault" role="alert" data-words="{words}">{html.escape(sentence)}</gan-notice>'


def note(key: str, name: str = "") -> str:
    """A text of the locale files, said in the visitor's language."""
    return f'<gan-notice data-key="{key}" data-name="{html.escape(name)}"></gan-notice>'
