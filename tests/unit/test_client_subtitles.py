"""SRT and WebVTT: times, escaping, wrapping in both scripts."""

from __future__ import annotations

import io
from itertools import pairwise

import pytest
from liveroom import Caption
from liveroom._text import join, width
from liveroom.subtitles import CUE_LINES, LINE_WIDTH, SrtWriter, VttWriter, cues, timestamp, wrap

DICKENS = (
    "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of "
    "foolishness, it was the epoch of belief, it was the epoch of incredulity. It was the season of Light. "
    "It was the season of Darkness, it was the spring of hope."
)
CHINESE = (
    "这是最好的时代，这是最坏的时代；这是智慧的年代，这是愚蠢的年代。这是信仰的时期，这是怀疑的时期！"
    "“这是光明的季节”，这是GPT-4黑暗的季节；这是希望之春，这是失望之冬。"
)


def final(text: str, start: float, end: float) -> Caption:
    return Caption("final", text, text, start, end, "en", 0.0)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "00:00:00,000"),
        (-0.2, "00:00:00,000"),
        (1.2345, "00:00:01,234"),
        (59.9996, "00:01:00,000"),
        (3599.9996, "01:00:00,000"),
        (360_000.001, "100:00:00,001"),
    ],
)
def test_timestamps(seconds: float, text: str) -> None:
    assert timestamp(seconds, ",") == text


def test_srt_is_numbered_and_ignores_partials() -> None:
    out = io.StringIO()
    writer = SrtWriter(out)
    writer.write(final("Hello.", 0.5, 1.5))
    writer.write(Caption("partial", "Wor", "", 2.0, 2.5, "en", 0.0))
    writer.write(final("", 2.0, 2.5))
    writer.write(final("World --> here\n\nand <there>", 2.0, 3.0))
    assert out.getvalue() == (
        "1\n00:00:00,500 --> 00:00:01,500\nHello.\n\n"
        "2\n00:00:02,000 --> 00:00:03,000\nWorld -> here and <there>\n\n"
    )


def test_webvtt_has_a_header_and_escapes() -> None:
    out = io.StringIO()
    VttWriter(out).write(final("a < b & c --> d", 0.0, 1.0))
    assert out.getvalue() == "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\na &lt; b &amp; c --&gt; d\n\n"


@pytest.mark.parametrize("text", [DICKENS, CHINESE, "x" * 200, "안녕하세요 여러분 " * 12, "。" * 90])
def test_long_finals_become_readable_cues_that_lose_nothing(text: str) -> None:
    shown = cues(final(text, 10.0, 22.0))
    assert len(shown) > 1
    assert all(1 <= len(cue.lines) <= CUE_LINES for cue in shown)
    assert all(0 < width(line) <= LINE_WIDTH and line == line.strip() for cue in shown for line in cue.lines)
    assert "".join("".join(cue.lines) for cue in shown).replace(" ", "") == text.replace(" ", "")
    assert shown[0].start == 10.0
    assert shown[-1].end == pytest.approx(22.0)
    for cue, following in pairwise(shown):
        assert cue.start < cue.end == following.start


def test_the_time_is_shared_out_by_the_width_of_the_text() -> None:
    sentence = "One two three four five six seven eight nine ten eleven twelve thirteen. "
    first, second = cues(final(sentence * 2, 0.0, 10.0))
    assert first.lines == second.lines
    assert first.end == pytest.approx(5.0)


def test_cues_break_between_sentences_where_they_fit() -> None:
    texts = [" ".join(cue.lines) for cue in cues(final(DICKENS, 0.0, 12.0))]
    assert any(text.startswith("It was the season of Light.") for text in texts)


def test_cues_never_overlap_even_when_captions_do() -> None:
    out = io.StringIO()
    writer = SrtWriter(out)
    writer.write(final("one", 0.0, 5.0))
    writer.write(final("two", 4.0, 4.5))
    times = [line for line in out.getvalue().splitlines() if "-->" in line]
    assert times == ["00:00:00,000 --> 00:00:05,000", "00:00:05,000 --> 00:00:05,001"]


def test_lines_do_not_begin_with_closing_or_end_with_opening_punctuation() -> None:
    lines = wrap(CHINESE, 20)
    assert not any(line[0] in "，。！？；”）" for line in lines)
    assert not any(line[-1] in "“（" for line in lines)
    assert any("GPT-4" in line for line in lines)


def test_wide_characters_count_twice() -> None:
    assert [width(text) for text in ("abc", "你好", "你a", "e\u0301", "한")] == [3, 4, 3, 1, 2]
    assert wrap("一" * 21) == ["一" * 21]
    assert wrap("一" * 22) == ["一" * 21, "一"]
    assert wrap("") == []


@pytest.mark.parametrize(
    ("texts", "joined"),
    [
        (["Hello", "world"], "Hello world"),
        (["你好，", "世界"], "你好，世界"),
        (["你好。", "“世界”"], "你好。“世界”"),
        (["我用", "Triton", "推理"], "我用 Triton 推理"),
        (["안녕", "하세요"], "안녕 하세요"),
        ([" a ", "", "b"], "a b"),
        ([], ""),
    ],
)
def test_texts_are_joined_as_their_script_is_written(texts: list[str], joined: str) -> None:
    assert join(texts) == joined
