"""How texts are cut into clauses, and what their words sound like: with the dictionaries that the exporter packed."""

import json
import re
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tts.clauses import LONGEST, SPARE, clauses
from tts.cleaning import LONGEST_TEXT, Unspeakable
from tts.english import English
from tts.languages import Language
from tts.lexicon import MOST_ENTRIES, PHONEMES, Lexicon
from tts.markup import parsed
from tts.pinyin import pinyin_phonemes, syllables, words
from tts.reading import Clause, Reader
from tts.voices import Voices

FOLDER = Path(__file__).parents[2] / "model_repository" / "tts" / "1"


@pytest.fixture(scope="module")
def reader() -> Reader:
    if not (FOLDER / "english.json").is_file():
        pytest.skip("the dictionary is not there: python -m exporters kokoro")
    return Reader(English(FOLDER))


def read(reader: Reader, text: str, lexicon: str = "", default: Language = "en") -> list[Clause]:
    script = reader.script(text)
    return list(clauses(reader.words(script, Lexicon(lexicon), default), script.content))


def sounds(reader: Reader, text: str, lexicon: str = "") -> str:
    return " ".join("".join(clause.tokens) for clause in read(reader, text, lexicon))


def shown(reader: Reader, text: str) -> list[str]:
    content = reader.script(text).content
    return [content[slice(*span)] for clause in read(reader, text) for span, _, _ in clause.ranges]


def pauses(reader: Reader, text: str) -> list[float]:
    return [clause.pause for clause in read(reader, text)]


def test_english_words_within_chinese_are_spoken_in_english(reader: Reader) -> None:
    said = sounds(reader, "这个 serum 真的 amazing，iPhone 也有 WiFi")
    assert all(word in said for word in ("sˈɪɹəm", "əmˈAzɪŋ", "ˈIfˌOn", "wˈIfˌI"))


def test_words_are_those_of_the_original_with_prices_whole(reader: Reader) -> None:
    text = "今天全场 8.5 折，iPhone 17 只要 $799，it’s great!"
    assert shown(reader, text) == ["今天", "全场", "8.5 折", "iPhone", "17", "只要", "$799", "it’s", "great"]


def test_words_of_a_long_text_come_once_each_and_in_order(reader: Reader) -> None:
    text = "家人们今天的价格真的太划算了我跟你们说原价199现在只要79而且买一送一还包邮 " * 20
    spans = [span for clause in read(reader, text) for span, _, _ in clause.ranges]
    assert spans == sorted(spans)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    assert "".join(text[slice(*span)] for span in spans) == text.replace(" ", "")


@pytest.mark.parametrize(
    "text",
    ["今天天气不错我们去公园玩" * 110, "and so we went on " * 200, "abc" * 1300, "1" * 4000, "长" * 1300],
)
def test_a_wall_of_text_is_cut_and_nothing_of_it_is_lost(reader: Reader, text: str) -> None:
    began = time.process_time()
    found = read(reader, text)
    assert time.process_time() - began < 6.0
    assert all(len(clause.tokens) <= SPARE * LONGEST + 2 for clause in found)
    assert found[-1].ranges[-1][0][1] == len(text.rstrip())


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Call 555-123-4567 now.", "555-123-4567"), ("2024-12-24", "2024-12-24"), ("On 12/24/2024 we start.", "12/24/2024"),
        ("Call 1-800-555-1234 today.", "1-800-555-1234"), ("The date is 24.12.2024.", "24.12.2024"), ("It costs $1,299,999.99 in total.", "$1,299,999.99"),
        ("It is on Nov 30, 2026, so be there.", "Nov 30, 2026"), ("他的电话是13812345678，快打吧", "13812345678"), ("It took 1½ hours.", "1½"),
    ],
)  # fmt: skip
def test_what_is_written_as_one_word_is_no_border_of_clauses(reader: Reader, text: str, written: str) -> None:
    assert shown(reader, text).count(written) == 1
    assert not any(clause.continued for clause in read(reader, text))


def test_a_word_that_no_clause_could_hold_goes_on_in_the_next(reader: Reader) -> None:
    found = read(reader, "1" * 60)
    assert [clause.continued for clause in found] == [True] * (len(found) - 1) + [False]


def test_a_wall_of_text_is_not_cut_within_a_word_or_a_number(reader: Reader) -> None:
    text = "我们这款面膜原价一百九十九块钱现在只要七十九块钱大家赶紧下单因为库存真的不多了" * 4
    cuts = [text[clause.ranges[0][0][0] :] for clause in read(reader, text)[1:]]
    assert not [cut for cut in cuts if cut[0] in "的了十百九块们膜存"]


def test_the_first_clause_is_short_so_that_it_is_heard_early(reader: Reader) -> None:
    for text in (
        "今天给大家介绍一款非常好用的新产品它真的很不错",
        "We are going to show you a wonderful new product today",
    ):
        first, *rest = read(reader, text)
        assert len(first.tokens) <= 36
        assert rest


def test_chinese_marks_end_clauses_and_longer_ones_pause_longer(reader: Reader) -> None:
    found = read(reader, "大家晚上好欢迎来到直播间，我们马上开始。请稍等一下！")
    assert [clause.tokens[-1] for clause in found][-2:] == [".", "!"]
    assert found[0].pause < found[-2].pause
    assert found[-1].pause == pytest.approx(0.35)


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("重庆", "chong2 qing4"), ("银行行长", "yin2 hang2 hang2 zhang3"), ("长大", "zhang3 da4"), ("还钱", "huan2 qian2"),
        ("音乐", "yin1 yue4"), ("三只", "san1 zhi1"), ("只要", "zhi3 yao4"), ("朝阳公园", "chao2 yang2 gong1 yuan2"),
    ],
)  # fmt: skip
def test_characters_with_several_readings_are_read_by_their_words(text: str, reading: str) -> None:
    found = words(text)
    around = ["", *found, ""]
    spoken = [s for i, word in enumerate(found, 1) for s in syllables(word, around[i - 1], around[i + 1])]
    assert " ".join(spoken) == reading


def test_the_lexicon_corrects_readings_names_and_words_with_curly_apostrophes(reader: Reader) -> None:
    lexicon = json.dumps({"重庆": "zhong4 qing4", "Kokoro": "/kəkˈɔɹO/", "it’s": "that is", "GIF": "jiff"})
    said = sounds(reader, "Kokoro 在重庆 it's it’s GIF", lexicon)
    assert "kəkˈɔɹO" in said
    assert pinyin_phonemes("zhong4") + pinyin_phonemes("qing4") in said
    assert said.count("ðæt ɪz") == 2
    assert "ʤˈɪf" in said
    assert "GIFT" not in said


@pytest.mark.parametrize(
    ("lexicon", "match"),
    [
        ("[1]", "no object"), ("{", "not JSON"), ('{"a": 1}', "no reading"), ('{"": "x"}', "no reading"), ('{"a": "/щ/"}', "is none"),
        ('{"重": "zhxng4"}', "no syllable"), ("[" * 5000, "not JSON"), (json.dumps({f"w{i}": "x" for i in range(MOST_ENTRIES + 1)}), "at most 256"),
        (json.dumps({"a": "x" * 40_000}), "at most 32768"),
    ],
)  # fmt: skip
def test_a_bad_lexicon_is_refused_with_what_would_be_right(lexicon: str, match: str) -> None:
    with pytest.raises(Unspeakable, match=match):
        Lexicon(lexicon)


def test_ssml_breaks_substitutes_spells_and_changes_voice_and_rate(reader: Reader) -> None:
    text = (
        '<speak>你好<break time="700ms"/>我叫<phoneme alphabet="pinyin" ph="zhang1 hang2">张行</phoneme>。'
        '<prosody rate="slow">今天<say-as interpret-as="digits">315</say-as></prosody>'
        '<voice name="af_heart">hello <sub alias="world wide web">WWW</sub> '
        '<phoneme alphabet="ipa" ph="təˈmeɪtoʊ">tomato</phoneme></voice></speak>'
    )
    found = read(reader, text)
    assert found[0].pause == pytest.approx(0.7)
    assert "".join(found[1].tokens).endswith(pinyin_phonemes("zhang1") + pinyin_phonemes("hang2") + ".")
    assert found[2].manner.rate == pytest.approx(0.75)
    digits = "".join(map(pinyin_phonemes, ("san1", "yi1", "wu3")))
    assert digits in "".join(found[2].tokens).replace(" ", "")
    assert found[3].manner.voice == "af_heart"
    assert "wˈɜɹld" in "".join(found[3].tokens)
    assert "təˈmAtO" in "".join(found[3].tokens)
    assert "WWW" in shown(reader, text)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("<speak>a & b</speak>", "write &amp;"), ("<speak><emphasis>a</emphasis></speak>", "<emphasis> is not spoken"),
        ("<speak>a", "not well-formed"), ('<speak><break time="1h"/></speak>', "such as 0.5s"), ('<speak><break time="60s"/></speak>', "at most 10s"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><speak>&a;</speak>', "DOCTYPE"), ('<speak><prosody rate="9">a</prosody></speak>', "0.5 to 3"),
        ('<speak><say-as interpret-as="x">a</say-as></speak>', "expected characters"), ('<speak><prosody pitch="high">a</prosody></speak>', "is not known here"),
        ('<speak xml:lang="fr">a</speak>', "expected zh or en"), ("<speak>" + "<p>" * 40 + "</p>" * 40 + "</speak>", "more than 16"),
        ('<speak><phoneme ph="щ">a</phoneme></speak>', "expected IPA"), ("<speak><sub>a</sub></speak>", "no alias"),
    ],
)  # fmt: skip
def test_bad_ssml_is_refused_with_what_would_be_right(text: str, match: str) -> None:
    with pytest.raises(Unspeakable, match=match):
        parsed(text)


@pytest.mark.parametrize("text", ["", "  \n", "a" * (LONGEST_TEXT + 1)])
def test_nothing_and_too_much_are_refused(reader: Reader, text: str) -> None:
    with pytest.raises(Unspeakable, match=r"empty|at most 4096"):
        reader.script(text)


@pytest.mark.parametrize("text", ["😀😀", "！？", "----", "\u200b"])
def test_what_has_no_words_has_no_clauses(reader: Reader, text: str) -> None:
    assert not any(clause.ranges for clause in read(reader, text))


@pytest.mark.parametrize(
    ("text", "sound"),
    [
        ("the U.S. is big", "jˌuˈɛs ɪz"), ("AT&T", "ˈA tˈi ænd tˈi"), ("10%off", "pəɹsˈɛnt ˈɔf"), ("I'LL BE BACK", "ˌIl bi bˈæk"),
        ("www.taobao.com", "dˈɑt tˌWbˈW dˈɑt kˈɑm"), ("Wi-Fi and e-commerce", "wˈIfˌI ænd ˈikˌɑməɹs"), ("yyds", "wˌIwˌIdˌiˈɛs"),
    ],
)  # fmt: skip
def test_addresses_initials_and_words_with_hyphens_are_read_as_people_do(
    reader: Reader, text: str, sound: str
) -> None:
    assert sound in sounds(reader, text)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("x ≠ y", "x is not equal to y"), ("x =\u0338 y", "x is not equal to y"), ("x != y", "x is not equal to y"), ("x ∉ y", "x is not in y"),
        ("x ≢ y", "x is not identical to y"), ("x ≮ y", "x is not less than y"), ("甲≠乙", "甲不等于乙"), ("甲≯乙", "甲不大于乙"),
        ("≥18", "greater than or equal to eighteen"), ("x≧2", "x greater than or equal to two"), ("x >= 2", "x greater than or equal to two"),
        ("≤ 20", "less than or equal to twenty"), ("年龄≥18岁", "年龄大于等于十八岁"), ("温度≤ 20度", "温度小于等于二十度"),
        ("±5%", "plus or minus five percent"), ("误差±5%", "误差正负百分之五"), ("≈5", "about five"), ("长度≈5米", "长度约等于五米"),
        ("√9", "square root of nine"), ("这是√9", "这是根号九"), ("x < y", "x less than y"), ("x > y", "x greater than y"),
        ("价格<100元", "价格小于一百元"), ("价格 > 100元", "价格大于一百元"), ("rate of 5‰", "rate of five per mille"),
        ("x × y", "x times y"), ("x ÷ y", "x divided by y"), ("甲＝乙", "甲等于乙"), ("x -> y", "x y"), ("I <3 you", "I three you"),
        ("x ≁ y", "x y"), ("x ⊄ y", "x y"), (">_<  ok", "ok"),
    ],
)  # fmt: skip
def test_a_sign_is_read_in_the_language_of_its_sentence_and_never_as_its_opposite(
    reader: Reader, written: str, said: str
) -> None:
    found, expected = (re.sub(r"[\s,.—]|→|↓|↗|↘", "", sounds(reader, text)) for text in (written, said))
    assert found == expected


def test_acronyms_are_spelled_and_shouted_words_are_not(reader: Reader) -> None:
    assert "jˌuˌɛsbˈi" in sounds(reader, "a USB cable")
    assert sounds(reader, "SALE is 50% OFF NOW").startswith("sˈAl")


@pytest.mark.parametrize(
    ("text", "sound"),
    [
        ("I live here.", "lˈɪv"), ("a live show", "lˈIv"), ("to record it", "ɹəkˈɔɹd"), ("the record", "ɹˈɛkəɹd"),
        ("livestream skincare", "lˈIvstɹˌim skˈɪnkˌɛɹ"), ("hyaluronic", "hˌIələɹˈɑnɪk"), ("the apple", "ði ˈæpᵊl"), ("boxes unboxed", "bˈɑksᵻz ˌʌnbˈɑkst"),
    ],
)  # fmt: skip
def test_english_words_are_read_by_context_rules_and_spelling(reader: Reader, text: str, sound: str) -> None:
    assert sound in sounds(reader, text)


def test_every_phoneme_that_is_written_is_in_the_vocabulary(reader: Reader) -> None:
    vocabulary = json.loads((FOLDER / "vocabulary.json").read_bytes())
    entries = json.loads((FOLDER / "english.json").read_bytes()).values()
    texts = [
        text for entry in entries for text in (entry.values() if isinstance(entry, dict) else [entry]) if text
    ]
    missing = {c for text in texts for c in text} - vocabulary.keys()
    assert missing <= set("ɾʔ"), missing  # which the served names stand for
    assert vocabulary.keys() | {" "} >= PHONEMES


def test_voices_are_listed_with_language_and_license_and_mix_by_weight(reader: Reader) -> None:
    voices = Voices(FOLDER)
    assert len(voices.listed) > 30
    assert all(voice["language"] and voice["license"] for voice in voices.listed.values())
    one, other = (voices.style(name, 40) for name in ("zf_xiaoxiao", "af_heart"))
    assert voices.style("zf_xiaoxiao:3,af_heart:1", 40) == pytest.approx(0.75 * one + 0.25 * other, abs=1e-6)


@pytest.mark.parametrize(
    "voice",
    ["nobody", "zf_xiaoxiao:", "zf_xiaoxiao:-1", "", "zf_xiaoxiao:0", "a" * 500, ",".join(["af_heart"] * 9)],
)
def test_an_unknown_voice_is_refused_with_those_there_are(reader: Reader, voice: str) -> None:
    with pytest.raises(Unspeakable, match=r"expected"):
        Voices(FOLDER).style(voice, 10)


def random_texts() -> Iterator[str]:
    yield from (
        "\u202eabc",
        "a\x00b",
        "\ufeff你好",
        "a" + "\u0301" * 500,
        "🏳️‍🌈 ok",
        "ﬁne ½ ⅷ ㈠",
        "\ue000你好\uf8ff",
    )


@pytest.mark.parametrize("text", list(random_texts()))
def test_odd_characters_are_spoken_around_and_end_nothing(reader: Reader, text: str) -> None:
    assert any(clause.ranges for clause in read(reader, text))
