"""Chinese is written in the script that was asked for, with its punctuation, and nothing stable changes."""

import csv
import os
from pathlib import Path

import pytest

from captions.writing import Shown, heard, plain, show
from evaluation.mixed_scripts import of_the_other_script
from serving_common.chinese_script import Script, script_of, simplified
from tests.tiny_whisper import VOCABULARY
from whisper_decoder.punctuation import chinese, punctuated
from whisper_decoder.vocabulary import LanguageError, Vocabulary

ROOT = Path(__file__).parents[2]
CHAT = Path(os.environ.get("LIVEROOM_CHAT", "zh_live_chat.csv"))
"""A table of chat in traditional characters, to evaluate on; it is no part of the project."""


@pytest.mark.parametrize(
    ("language", "script"),
    [
        *(
            (tag, Script.SIMPLIFIED)
            for tag in ("auto", "", "en", "zh", "zh-CN", "zh_cn", "ZH-SG", "zh-hans-cn")
        ),
        *((tag, Script.TRADITIONAL) for tag in ("zh-Hant", "zh-hant-CN", "en, zh_Hant")),
        *((tag, Script.TAIWAN) for tag in ("zh-TW", "zh-Hant-TW", "en,zh-tw", "zh-TW,zh-CN")),
        *((tag, Script.HONG_KONG) for tag in ("zh-HK", "zh_MO", "zh-Hant-HK", "yue")),
        ("zh-Hans-TW", Script.SIMPLIFIED),
    ],
)
def test_a_tag_says_how_chinese_is_written(language: str, script: Script) -> None:
    assert script_of(language) is script


@pytest.mark.parametrize("language", ["zh-XX", "zh-", "en,zh-Latn", "zh-CN-TW"])
def test_a_tag_that_names_no_script_is_refused_with_those_there_are(language: str) -> None:
    with pytest.raises(ValueError, match=f"language is '{language}'; Chinese is written as zh or zh-Hans"):
        script_of(language)


@pytest.mark.parametrize(
    ("code", "instead"), [("yue", "zh-HK"), ("cmn", "Mandarin is zh"), ("English", "English is en")]
)
def test_other_names_of_chinese_are_refused_with_its_own(tmp_path: Path, code: str, instead: str) -> None:
    from tokenizers import Tokenizer  # noqa: PLC0415
    from tokenizers.models import BPE  # noqa: PLC0415

    (tmp_path / "vocabulary.json").write_text(VOCABULARY.to_json())
    Tokenizer(BPE()).save(str(tmp_path / "tokenizer.json"))
    with pytest.raises(LanguageError, match=instead):
        Vocabulary(tmp_path).indices(code)


@pytest.mark.parametrize(
    ("decoded", "served"),
    [
        ("廣州市 佛地產 中間協會分析", "广州市佛地产中间协会分析"),
        ("看著甚麼?這麼多么", "看着什么？这么多么"),
        ("乾隆的乾淨衣服和名著", "乾隆的干净衣服和名著"),
        ("你好,世界.你今天好嗎??", "你好，世界。你今天好吗？？"),
        ("价格是3.14元,时间10:30,一共1,000人.", "价格是3.14元，时间10:30，一共1,000人。"),
        ("我喜歡iPhone, iPad, 和Mac.", "我喜欢iPhone, iPad，和Mac。"),
        ("How are you? 我很好.", "How are you? 我很好。"),
        ("我在看 live stream. 你呢...", "我在看 live stream。你呢……"),
        ("「你好」,他說", "“你好”，他说"),
        ('他說"hello",走了', "他说“hello”，走了"),
    ],
)
def test_chinese_comes_in_simplified_characters_with_its_own_marks(decoded: str, served: str) -> None:
    assert chinese(decoded, "zh", Script.SIMPLIFIED) == served
    assert punctuated(simplified(served)) == served


@pytest.mark.parametrize(
    ("text", "language"),
    [(" Hello, world. It's 3.14", "en"), ("東京の天気は、良い. 図書館", "ja"), ("大韓民國 만세.", "ko")],
)
@pytest.mark.parametrize("script", Script)
def test_what_is_not_chinese_is_not_touched(text: str, language: str, script: Script) -> None:
    assert chinese(text, language, script) == text


@pytest.mark.parametrize(
    ("script", "served"),
    [
        (Script.TRADITIONAL, "頭髮的發展，軟件裡的信息，「出租車」"),
        (Script.TAIWAN, "頭髮的發展，軟體裡的資訊，「計程車」"),
        (Script.HONG_KONG, "頭髮的發展，軟件裏的信息，「出租車」"),
    ],
)
def test_traditional_is_written_with_the_words_of_a_region_only_for_it(script: Script, served: str) -> None:
    assert chinese("头发的发展,软件里的信息,“出租车”", "zh", script) == served
    assert heard(served, "zh", script) == "头发的发展，软件里的信息，“出租车”"


def test_a_prefix_stays_as_it_was_given() -> None:
    assert chinese("後來的發展", "zh", Script.SIMPLIFIED, "後來") == "後來的发展"


@pytest.mark.parametrize("script", Script)
def test_what_was_shown_as_stable_never_changes(script: Script) -> None:
    """However the hypotheses are cut, and where the cut changes what a character stands for."""
    text = "我的头发干了，干部坐出租车看软件里的信息，皇后在公里后面吃面，一只猫只有台湾的钟。"
    for stride in (1, 2, 3):
        shown, before = Shown(), ""
        for at in range(0, len(text), stride):
            tail = "发" if at % 2 else text[at : at + 4]
            now = show(shown, text[:at] + tail, text[:at], "zh", script)
            assert now.startswith(before)
            assert shown.text.startswith(before)
            assert now.startswith(shown.text)
            before = shown.text
        assert len(before) >= len(text) - 10


def test_a_word_of_a_region_is_stable_whole() -> None:
    shown = Shown()
    assert show(shown, "出租车来了", "出租", "zh", Script.TAIWAN) == "計程車來了"
    assert shown.text == ""
    assert show(shown, "出租车来了", "出租车来", "zh", Script.TAIWAN) == "計程車來了"
    assert shown.text == "計程車來"


def test_captions_ask_for_what_was_heard_in_simplified_characters() -> None:
    assert plain("en, zh-TW") == "en,zh"
    assert plain("auto") == "auto"


def test_no_character_of_the_other_script_is_left_in_thousands_of_lines() -> None:
    """Real chat; what GB 2312 lacks of it is slang and names."""
    if not CHAT.is_file():
        pytest.skip(f"{CHAT} is not there: name a table of chat in LIVEROOM_CHAT")
    with CHAT.open(encoding="utf-8-sig") as file:
        text = "\n".join(" ".join(row) for row in csv.reader(file))
    assert len(of_the_other_script(text)) > 20_000
    plain_text = chinese(text, "zh", Script.SIMPLIFIED)
    assert len(of_the_other_script(plain_text)) < 40
    for script in (Script.TRADITIONAL, Script.TAIWAN):
        assert len(of_the_other_script(chinese(text, "zh", script), traditional=True)) < 5
