import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest

from gan_studio.errors import StudioError
from gan_studio.judges.human import Answers
from gan_studio.judges.store import AnswerStore
from tests.judges.test_human import known_test

SAID = Answers(tuple([True, True, False, False] * 5), tuple(range(300, 320)))


def test_answers_are_there_again_in_another_process(tmp_path):
    path = tmp_path / "new folder" / "answers.sqlite"
    AnswerStore(path).add("a", known_test(), SAID)
    AnswerStore(path).add("b", known_test(id="another"), SAID)
    assert AnswerStore(path).answers(known_test()) == [SAID]
    assert AnswerStore(path).answers(known_test(id="unknown")) == []


def test_a_ticket_is_good_for_one_time(tmp_path):
    store = AnswerStore(tmp_path / "answers.sqlite")
    store.add("a", known_test(), SAID)
    with pytest.raises(StudioError, match="handed in already"):
        store.add("a", known_test(), Answers((False,) * 20, (1,) * 20))
    assert store.answers(known_test()) == [SAID]


def test_a_class_that_answers_at_once_loses_nothing(tmp_path):
    stores = [AnswerStore(tmp_path / "answers.sqlite") for _ in range(2)]  # as two processes would
    with ThreadPoolExecutor(40) as pool:
        list(pool.map(lambda number: stores[number % 2].add(f"ticket {number}", known_test(), SAID), range(40)))
    assert stores[0].answers(known_test()) == [SAID] * 40


@pytest.mark.parametrize("content", [b"no data base at all, but some text" * 99, b"SQLite format 3\0" + bytes(4000)])
def test_a_damaged_file_is_a_sentence(tmp_path, content):
    path = tmp_path / "answers.sqlite"
    path.write_bytes(content)
    for use in (
        lambda: AnswerStore(path).add("a", known_test(), SAID),
        lambda: AnswerStore(path).answers(known_test()),
    ):
        with pytest.raises(StudioError, match="answers.sqlite: the class's answers cannot be read or kept"):
            use()


def test_another_table_of_the_same_name_is_a_sentence(tmp_path):
    path = tmp_path / "answers.sqlite"
    with sqlite3.connect(path) as file:
        file.execute("CREATE TABLE answers (something TEXT)")
    file.close()
    with pytest.raises(StudioError, match="cannot be read or kept"):
        AnswerStore(path).add("a", known_test(), SAID)


def test_a_place_that_cannot_be_written_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StudioError, match="cannot be read or kept"):
        AnswerStore(tmp_path / "file" / "answers.sqlite").add("a", known_test(), SAID)
    (tmp_path / "answers.sqlite").mkdir()
    with pytest.raises(StudioError, match="cannot be read or kept"):
        AnswerStore(tmp_path / "answers.sqlite").add("a", known_test(), SAID)
