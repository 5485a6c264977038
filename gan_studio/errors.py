"""The one exception whose message is written for the person using the program, and how other languages say it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class Sentence(str):
    """A sentence in English that also knows how to be said in other languages.

    ``key`` is a text of their locale files, whose placeholders are filled with ``values``: texts, numbers or further
    sentences. Without a key, or where a language lacks it, the English is shown.
    """

    key: str
    values: dict[str, Any]

    def __new__(cls, text: str, key: str = "", /, **values: Any) -> Sentence:
        made = super().__new__(cls, text)
        made.key, made.values = key, values
        return made

    def to_json(self) -> dict[str, Any]:
        """As the page takes it: ``error`` is the English."""
        values = {
            name: value.to_json() if isinstance(value, Sentence) else value for name, value in self.values.items()
        }
        return {"error": str(self), "key": self.key, "values": values}


def sentence_of(error: BaseException | str) -> Sentence:
    """What ``error``, an exception or a text, says."""
    said = getattr(error, "sentence", error)
    return said if isinstance(said, Sentence) else Sentence(str(said))


def in_words(message: str) -> dict[str, Any] | None:
    """A message as the page takes it: None where there is none."""
    return sentence_of(message).to_json() if message else None


class StudioError(ValueError):
    """A request that cannot be carried out; the message says what is wrong and what to do.

    ``key`` and ``values`` as in :class:`Sentence`; ``text`` may be one already.
    """

    def __init__(self, text: str, key: str = "", /, **values: Any):
        super().__init__(text)
        self.sentence = text if isinstance(text, Sentence) else Sentence(text, key, **values)


def unexpected(error: BaseException) -> Sentence:
    """What is said of a fault that nobody foresaw."""
    return Sentence(f"unexpected fault: {error}", "error.unexpected", error=str(error))


def joined(sentences: Sequence[str]) -> Sentence:
    """Several sentences as one; of none, the empty one."""
    first, *rest = map(sentence_of, sentences or [""])
    if not rest:
        return first
    return Sentence("; ".join(sentences), "error.several", first=first, rest=joined(rest))
