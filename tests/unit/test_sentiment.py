"""How lines of chat are read, what a file of own lines must be, and what is measured."""

from pathlib import Path

import numpy as np
import pytest
from liveroom._sentiment import LINE_LANGUAGES, MOODS

from evaluation.chat_lines import LINES
from exporters.errors import ExportError
from exporters.sentiment import chinese
from exporters.sentiment.corpora import chat_words
from exporters.sentiment.lines import rated
from exporters.sentiment.own_lines import read_lines
from exporters.sentiment.parity import calibration_error, shift
from exporters.sentiment.training import CLASSES
from sentiment_features.features import (
    HASHED,
    LANGUAGES,
    LONGEST,
    LONGEST_TERM,
    VARIANTS,
    Reader,
    entries_of,
)
from sentiment_features.reading import read

FIRST_TERM = len(LANGUAGES) + HASHED


def reader(*terms: str, silent: tuple[str, ...] = ()) -> Reader:
    return Reader(np.sort(entries_of([*terms, *silent], [True] * len(terms) + [False] * len(silent))))


def terms(line: str, *known: str, silent: tuple[str, ...] = ()) -> set[str]:
    """Which of the known terms are found in a line, each after how it stands there: "denied love"."""
    every = [*known, *silent]
    order = np.argsort(entries_of(every, [True] * len(known) + [False] * len(silent)))
    (row,) = reader(*known, silent=silent)([line]).features
    found = row[row >= FIRST_TERM] - FIRST_TERM
    names = (("" if v == "plain" else v + " ") for v in VARIANTS)
    variants = list(names)
    return {variants[at // len(every)] + every[order[at % len(every)]] for at in found}


def test_the_client_and_the_classifier_name_the_same_moods_and_languages() -> None:
    assert MOODS == CLASSES
    assert set(LINE_LANGUAGES) == set(LANGUAGES)


@pytest.mark.parametrize(
    ("line", "as_read"),
    [
        ("ＧＯＯＤ　ｊｏｂ", "good job"),
        ("來晚了，現在講到哪裡", "来晚了,现在讲到哪里"),
        ("6666666666", "666"),
        ("sooooooo gooood", "sooo goood"),
        ("@someone see https://example.com/a?b now", " see now"),
        ("a\n\tb\r\nc", "a b c"),
        ("河南人和我妈妈都来了", "他和我他都来了"),
        ("", ""),
    ],
)
def test_forms_that_mean_the_same_are_read_the_same(line: str, as_read: str) -> None:
    assert read([line, "next"]) == [as_read, "next"]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("I love it", {"love"}),
        ("LOVE", {"love"}),
        ("I do not really love it", {"denied love"}),
        ("not now. then after that love", {"love"}),
        ("gloves", set()),
        ("我喜欢它", {"喜欢"}),
        ("我不喜欢它", {"denied 喜欢"}),
        ("喜歡", {"喜欢"}),
        ("😍😍", {"😍"}),
        ("没抢到 (╥﹏╥)", {"(╥﹏╥)"}),
        ("没抢到(╥﹏╥)", {"(╥﹏╥)"}),
    ],
)
def test_terms_of_the_lexicon_are_found_where_they_stand(line: str, found: set[str]) -> None:
    known = ("love", "喜欢", "😍", read(["(╥﹏╥)"])[0])
    assert {each.replace(known[3], "(╥﹏╥)") for each in terms(line, *known)} == found


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("好吃", {"好吃"}),
        ("不好吃", {"不好吃"}),
        ("没有想象中好吃", {"denied 好吃"}),
        ("没有。好吃", {"好吃"}),
        ("没有那么贵,好吃", {"denied 贵", "好吃"}),
        ("特别好吃", {"heavy 好吃"}),
        ("不是特别好吃", {"denied and heavy 好吃"}),
        ("贵,但是好吃", {"贵", "heavy 好吃"}),
        ("贵州", set()),
        ("不过好吃", {"好吃"}),
        ("买一个", set()),
        ("也不错", {"不错"}),
        ("东西都没坏", {"都没", "denied 坏"}),
    ],
)
def test_chinese_is_read_by_its_longest_terms_and_how_they_stand(line: str, found: set[str]) -> None:
    known = ("好", "好吃", "不好吃", "贵", "乱", "坏", "不错", "也不", "都没")
    assert terms(line, *known, silent=("贵州", "不过")) == found


def test_chinese_terms_are_as_long_as_is_read_and_of_one_valence() -> None:
    words = chinese.words()
    assert len(words) > 4000
    assert max(map(len, words)) <= LONGEST_TERM
    assert all(-3 <= value <= 3 for value in words.values())


def test_lines_made_of_what_was_written_are_the_same_each_time() -> None:
    made = list(chinese.examples())
    assert made == list(chinese.examples())
    assert {int(np.argmax(each.target)) for each in made} == {0, 1, 2}


@pytest.mark.parametrize(
    ("line", "language"),
    [
        ("主播好", "zh"),
        ("這個 iPhone 多少錢", "zh"),
        ("hello", "en"),
        ("LUL", "en"),
        ("I live in 北京 and like it here", "en"),
        ("666", "und"),
        ("😍😍", "und"),
        ("(╥﹏╥)", "und"),
        ("かわいい", "und"),
        ("\u200b", "und"),
        ("", "und"),
    ],
)
def test_the_language_is_what_a_line_is_written_in(line: str, language: str) -> None:
    assert LANGUAGES[reader()([line]).languages[0]] == language


def test_lines_in_one_batch_are_read_as_each_alone() -> None:
    lines = [*LINES, "", "\n", "\u0301 on its own", "x" * 4096, "好" * 1365]
    read_by = reader("love", "好看")
    together = read_by(lines).features
    for line, row in zip(lines, together, strict=True):
        (alone,) = read_by([line]).features
        assert sorted(row[row >= 0]) == sorted(alone[alone >= 0])


def test_the_longest_line_has_a_bounded_number_of_features() -> None:
    lines = ["好" * 4096, "a b " * 1024, "🎁" * 1024, "".join(map(chr, range(0x4E00, 0x4E00 + 1365)))]
    assert reader("好")(lines).features.shape[1] <= LONGEST


def test_ratings_become_shares_of_people() -> None:
    for value in np.linspace(-4, 4, 33):
        assert sum(rated(value)) == pytest.approx(1)
        assert rated(value) == pytest.approx(rated(-value)[::-1])
    assert np.argmax(rated(0.0)) == 1
    assert rated(2.0)[2] > 0.9


def test_words_of_rooms_are_within_the_scale() -> None:
    assert len(chat_words()) > 200
    assert all(-3 <= value <= 3 for value in chat_words().values())


def test_calibration_is_the_gap_between_confidence_and_truth() -> None:
    confidence = np.array([0.95, 0.95, 0.65, 0.65], np.float32)
    assert calibration_error(confidence, np.array([1, 1, 1, 0], np.float32)) == pytest.approx(0.1, abs=1e-6)


def test_a_shift_is_seen_where_it_matters_who_a_line_is_about() -> None:
    same = np.tile(np.array([[0.2, 0.5, 0.3]], np.float32), (4, 1))
    other = same + np.array([[0.1, 0, -0.1]]) * np.array([[-1], [-1], [1], [1]])
    assert shift([same]) == 0
    assert shift([other.astype(np.float32)]) == pytest.approx(0.1, abs=1e-6)


def test_own_lines_are_read_with_their_labels(tmp_path: Path) -> None:
    file = tmp_path / "own.csv"
    file.write_text(
        'text,label,language\n"好看,真的",positive,zh\nmeh,neutral,en\n😡,negative,\n', "utf-8-sig"
    )
    assert [(line.text, line.target) for line in read_lines(file)] == [
        ("好看,真的", (0, 0, 1)),
        ("meh", (0, 1, 0)),
        ("😡", (1, 0, 0)),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"text,label\nx,positive\n", "row 1 has the columns text, label; language is missing"),
        (b"", "row 1 has the columns none"),
        (b"text,label,language\nfine,neutral,en\nx,good,en\n", "row 3, column label is 'good'; use one of"),
        (b"text,label,language\n ,neutral,en\n", "row 2, column text is ' '; give the line"),
        (b"text,label,language\nx,neutral,fr\n", "row 2, column language is 'fr'; use zh, en"),
        (b"text,label,language\nx\n", "row 2, column label is None"),
        (b"text,label,language\n" + b"x" * 5000 + b",neutral,en\n", "at most 4096 bytes in UTF-8, not 5000"),
        (b"text,label,language\n\xff,neutral,en\n", "is not UTF-8"),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_row_and_column(
    tmp_path: Path, content: bytes, message: str
) -> None:
    file = tmp_path / "own.csv"
    file.write_bytes(content)
    with pytest.raises(ExportError, match=message):
        list(read_lines(file))
