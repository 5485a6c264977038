"""What people answered, in one SQLite file that survives the app."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from gan_studio.data.storage import not_kept
from gan_studio.errors import StudioError
from gan_studio.judges.human import PICTURES, Answers, HumanTest

FILE_NAME = "human-test.sqlite"
_WAIT_SECONDS = 10.0  # for another process that writes
_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS answers (
    ticket TEXT PRIMARY KEY,
    test TEXT NOT NULL,
    source TEXT NOT NULL,
    dataset TEXT NOT NULL,
    step INTEGER NOT NULL,
    seed INTEGER NOT NULL,
    fake TEXT NOT NULL CHECK (length(fake) = {PICTURES}),
    said TEXT NOT NULL CHECK (length(said) = {PICTURES}),
    milliseconds TEXT NOT NULL,
    stored REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS answers_by_test ON answers (test);
"""


class AnswerStore:
    """Answers to human tests in the file ``path``, made when it is first needed; any thread may use it.

    The key and the answers are strings of F (fake) and R (real), the reaction times whole numbers with commas.
    The file is opened anew for each use, so it may be moved away at any time. Methods raise :class:`StudioError`
    where it cannot be read or written.
    """

    def __init__(self, path: Path):
        self.path = path
        self._lock = threading.Lock()

    def add(self, ticket: str, test: HumanTest, answers: Answers) -> None:
        """Keep ``answers``; :class:`StudioError` where the ``ticket`` was used before."""
        row = (
            ticket, test.id, test.source, test.dataset, test.step, test.seed, _letters(test.fake),
            _letters(answers.fake), ",".join(map(str, answers.milliseconds)), time.time(),
        )  # fmt: skip
        with self._open() as file:
            try:
                file.execute(f"INSERT INTO answers VALUES ({','.join('?' * len(row))})", row)
            except sqlite3.IntegrityError:
                raise StudioError("these answers have been handed in already", "error.handed_in") from None

    def answers(self, test: HumanTest) -> list[Answers]:
        """What everybody has answered to ``test``, the oldest first."""
        with self._open() as file:
            rows = file.execute(
                "SELECT said, milliseconds FROM answers WHERE test = ? AND fake = ? ORDER BY stored",
                (test.id, _letters(test.fake)),
            ).fetchall()
        return [_read(*row) for row in rows]

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """The file inside a transaction, one thread at a time."""
        try:
            with self._lock:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                with closing(sqlite3.connect(self.path, timeout=_WAIT_SECONDS)) as file, file:
                    file.executescript(_SCHEMA)
                    yield file
        except StudioError:
            raise
        except (sqlite3.Error, OSError, ValueError, TypeError, OverflowError) as error:
            raise not_kept(
                f"{self.path}: the class's answers cannot be read or kept ({error}); "
                "make the folder writable, or move the file away to begin a new one",
                self.path,
                error,
            ) from None


def _letters(fake: tuple[bool, ...]) -> str:
    return "".join("F" if each else "R" for each in fake)


def _read(said: str, milliseconds: str) -> Answers:
    return Answers(tuple(letter == "F" for letter in said), tuple(int(part) for part in milliseconds.split(",")))
