"""What is written in figures is read in the language of its sentence, as people there say it."""

import sys
import time
import unicodedata

import pytest

from tts import chinese_reading, english_reading
from tts.cleaning import Unspeakable, cleaned
from tts.languages import language_of, sentences
from tts.spans import Text

DASHES = [chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) == "Pd"]


def chinese(text: str) -> str:
    return chinese_reading.as_said(Text.of(text)).characters


def english(text: str) -> str:
    return english_reading.as_said(Text.of(text)).characters


def heard(text: str) -> str:
    """What is said of a text as it comes, by its own language, in single spaces."""
    ready = cleaned(Text.of(text))
    reading = chinese_reading if language_of(ready.characters, "en") == "zh" else english_reading
    return " ".join(reading.as_said(ready).characters.split())


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("原价199，现在只要79", "原价一百九十九，现在只要七十九"),
        ("全场8.5折，85折，2折", "全场八点五折，八五折，两折"),
        ("3:0领先，比分2:10，比例16:9", "三比零领先，比分二比十，比例十六比九"),
        ("2026-11-30 20:30开播", "二零二六年十一月三十日 二十点三十分开播"),
        ("1,299.00元", "一千二百九十九元"),
        ("¥1,299.00，只要$5.99，€20", "一千二百九十九元，只要五点九九美元，二十欧元"),
        ("重3.5kg，10～20个，10-20块钱", "重三点五公斤，十到二十个，十到二十块钱"),
        ("拨打400-820-8820，电话13812345678", "拨打四零零八二零八八二零，电话幺三八幺二三四五六七八"),
        ("下降3.5%~4%，20%-30%", "下降百分之三点五到百分之四，百分之二十到百分之三十"),
        ("3/4杯，1 1/2杯", "四分之三杯，一又二分之一杯"),
        ("8:05到20:00", "八点零五分到二十点"),
        ("-5℃，100km/h，5m²", "负五摄氏度，一百公里每小时，五平方米"),
        ("2个，第2名，2月2号，2000年，2008", "两个，第二名，二月二号，二零零零年，两千零八"),
        ("¥99.9/瓶，500ml x 6瓶", "九十九点九元每瓶，五百毫升乘六瓶"),
        ("双11满199-20，12.12大促", "双十一满一百九十九减二十，十二月十二日大促"),
        ("尾号8888，房间号:123，007", "尾号八八八八，房间号:幺二三，零零七"),
        ("10w粉丝，10万+，1.5亿", "十万粉丝，十万加，一点五亿"),
        ("$5.99-$9.99，$10-20", "五点九九到九点九九美元，十到二十美元"),
        ("10+20=30，3x4", "十加二十等于三十，三乘四"),
        ("1米75，气温-3~5℃，12.5~15.8cm", "一米七五，气温负三到五摄氏度，十二点五到十五点八厘米"),
        ("2024-2025年，3.15晚会，$1.5M", "二零二四到二零二五年，三一五晚会，一百五十万美元"),
        ("QQ群:8888，客服95588", "QQ群:八八八八，客服九五五八八"),
        ("20002，10020，1010000", "两万零二，一万零二十，一百零一万"),
    ],
)
def test_a_chinese_sentence_reads_figures_as_chinese_does(written: str, said: str) -> None:
    assert chinese(written) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("was $199, now only $79", "was one hundred ninety nine dollars, now only seventy nine dollars"),
        (
            "$5.99 or $1,299.00",
            "five dollars and ninety nine cents or one thousand two hundred ninety nine dollars",
        ),
        ("15% off, score 3:0", "fifteen percent off, score three to zero"),
        ("2026-11-30 at 20:30", "November thirtieth, twenty twenty six at twenty thirty"),
        (
            "Nov 30, 2026, 3 Jan 2027",
            "November thirtieth, twenty twenty six, the third of January, twenty twenty seven",
        ),
        ("1,299.00", "one thousand two hundred ninety nine point zero zero"),
        ("3.5kg and 10-20 pieces", "three point five kilograms and ten to twenty pieces"),
        ("10～20", "ten to twenty"),
        ("(555) 123-4567", "five five five, one two three, four five six seven"),
        ("3/4 cup, 1 1/2 cups", "three quarters cup, one and a half cups"),
        ("8:30pm, 9am-5pm", "eight thirty P M, nine A M to five P M"),
        ("-5°C, 100 km/h", "minus five degrees celsius, one hundred kilometers per hour"),
        ("1st 21st 1990s", "first twenty first nineteen nineties"),
        ("Q3 2026, Mon-Fri 9-5", "Q three twenty twenty six, Monday to Friday nine to five"),
        ("$.99, 5$, .5, H2O, 24h", "ninety nine cents, five dollars, point five, H two O, twenty four hours"),
        (
            "$1.5M, 10k followers, 4K, 5G",
            "one point five million dollars, ten thousand followers, four K, five G",
        ),
        ("2008 units in 1999", "two thousand eight units in nineteen ninety nine"),
        ("Dr. Smith, No. 1, e.g. 24/7", "doctor Smith, number one, for example twenty four seven"),
        (
            "007, 192.168.1.1",
            "zero zero seven, one hundred ninety two point one hundred sixty eight point one point one",
        ),
    ],
)
def test_an_english_sentence_reads_figures_as_english_does(written: str, said: str) -> None:
    assert english(written) == said


@pytest.mark.parametrize("dash", [*DASHES, "−", "~", "～"])
@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Keep it at 40-60°C.", "Keep it at forty to sixty degrees celsius."),
        ("It costs $5-10.", "It costs five to ten dollars."),
        ("9:00-17:00", "nine o'clock to seventeen hundred"),
        ("2019-2023", "twenty nineteen to twenty twenty three"),
        ("10-20%", "ten to twenty percent"),
        ("价格10-20元", "价格十到二十元"),
        ("水温20-30℃", "水温二十到三十摄氏度"),
        ("打7-8折", "打七到八折"),
        ("周一-周五", "周一到周五"),
        ("1月-2月", "一月到二月"),
        ("Monday-Friday, June-August", "Monday to Friday, June to August"),
        ("on Jan 3-5, 2024", "on January third to fifth, twenty twenty four"),
    ],
)
def test_every_dash_may_be_between_the_ends_of_a_range(written: str, said: str, dash: str) -> None:
    assert heard(written.replace("-", dash)) == said


@pytest.mark.parametrize("dash", ["-", "‐", "‒", "–"])
def test_days_may_have_a_dash_between_them(dash: str) -> None:
    assert heard(f"Mon{dash}Fri") == "Monday to Friday"


@pytest.mark.parametrize("text", ["Call 555-123-4567", "拨打400-820-8820", "2024-12-24"])
def test_dashes_within_telephone_numbers_and_dates_are_hyphens(text: str) -> None:
    assert heard(text.replace("-", "–")) == heard(text)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("It took 1½ hours.", "It took one and a half hours."),
        ("Add ½ cup", "Add one half cup"),
        ("1½ cups plus ¾ teaspoon", "one and a half cups plus three quarters teaspoon"),
        ("2½ kg or ⅓ oz", "two and a half kilograms or one third of an ounce"),
        ("¼", "one quarter"),
        ("1 ½ cups", "one and a half cups"),
        ("2½–3 hours", "two and a half to three hours"),
        ("这里有1½小时", "这里有一又二分之一小时"),
        ("加½杯，¾kg", "加 二分之一杯， 四分之三公斤"),
        ("50¢", "fifty cents"),
        ("只要50¢", "只要五十美分"),
        ("1→2", "one two"),
    ],
)
def test_fractions_of_one_character_and_cents_are_read(written: str, said: str) -> None:
    assert heard(written) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("The date is 24.12.2024.", "The date is December twenty fourth, twenty twenty four."),
        ("3.5.2025", "May third, twenty twenty five"),
        ("12.24.2024", "December twenty fourth, twenty twenty four"),
        ("日期是24.12.2024。", "日期是二零二四年十二月二十四日。"),
    ],
)
def test_a_date_with_dots_is_a_date_whose_day_comes_first(written: str, said: str) -> None:
    assert heard(written) == said


@pytest.mark.parametrize(
    ("sentence", "language"),
    [
        ("iPhone 17 Pro Max 256GB 只要 7999", "zh"),
        ("用 code live20 立减 20", "zh"),
        ("Our host 小美 has sold 1,299 units", "en"),
        ("Only $5.99 today", "en"),
    ],
)
def test_names_from_the_other_language_do_not_change_a_sentences_own(sentence: str, language: str) -> None:
    assert language_of(sentence, "en") == language
    assert language_of("12345", "zh") == "zh"


def test_each_figure_still_knows_which_part_of_the_original_it_is() -> None:
    said = chinese_reading.as_said(Text.of("只要$799啊"))
    assert said.characters == "只要七百九十九美元啊"
    assert set(said.spans[2:-1]) == {(2, 6)}
    assert said.spans[-1] == (6, 7)


def test_sentences_end_at_their_marks_and_not_within_numbers_or_abbreviations() -> None:
    text = Text.of("你好！It is 3.5 now. Dr. Li agrees.好的")
    assert [s.characters for s in sentences(text)] == ["你好！", "It is 3.5 now.", " Dr. Li agrees.好的"]


def test_full_width_and_traditional_forms_are_read_as_plain_ones_and_emoji_are_silent() -> None:
    assert cleaned(Text.of("Ｈｉ　歡迎！😀 café")).characters == "Hi 欢迎！ cafe"


@pytest.mark.parametrize("text", ["こんにちは", "안녕", "привет", "مرحبا"])
def test_another_script_is_refused_by_its_name(text: str) -> None:
    with pytest.raises(Unspeakable, match="tts speaks Chinese and English"):
        cleaned(Text.of(text))


@pytest.mark.parametrize(
    "text",
    ["1" * 4096, "1-" * 2048, "1," * 2048, "$" * 4096, "1:" * 2048, "1/1 " * 1024, "Jan 1 " * 682, "a1" * 2048, " " * 4095 + "1", "1 " * 2048, "-" * 4096, ".1" * 2048, "价1" * 1024],
)  # fmt: skip
def test_no_text_takes_long_to_read(text: str) -> None:
    began = time.process_time()
    chinese(text)
    english(text)
    assert time.process_time() - began < 2.0
