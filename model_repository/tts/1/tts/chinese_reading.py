"""What is written in figures and signs, as a Chinese sentence says it.

Rules go from the particular (a date, a telephone number) to the general (a number), and what one has said has no
figures any more. No quantifier of theirs can match the same text in two ways, so they take linear time.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from re import Match

from tts.chinese_numbers import amount, digits, integer, number
from tts.spans import Text

Rule = tuple[re.Pattern[str], Callable[[Match[str]], str | None]]

_N = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
"""A number without a sign."""
_TO = r"\s?[-~～—–−至到]{1,2}\s?"
_ALONE = r"(?<![\d.,A-Za-z])"
"""Not within a longer number, nor the number of a model."""
_CURRENCY = {
    "¥": "元", "￥": "元", "RMB": "元", "CNY": "元", "$": "美元", "US$": "美元", "USD": "美元", "HK$": "港元",
    "€": "欧元", "EUR": "欧元", "£": "英镑", "GBP": "英镑", "₩": "韩元", "₹": "卢比",
}  # fmt: skip
_SIGN = r"(US\$|HK\$|RMB|CNY|USD|EUR|GBP|[¥￥$€£₩₹])"
_UNITS = {
    "km/h": "公里每小时", "m/s": "米每秒", "kwh": "千瓦时", "mah": "毫安时", "kg": "公斤", "mg": "毫克", "km": "公里",
    "cm": "厘米", "mm": "毫米", "ml": "毫升", "㎡": "平方米", "m²": "平方米", "m2": "平方米", "m³": "立方米",
    "cm²": "平方厘米", "℃": "摄氏度", "°c": "摄氏度", "℉": "华氏度", "°f": "华氏度", "khz": "千赫", "mhz": "兆赫",
    "ghz": "吉赫", "hz": "赫兹", "db": "分贝", "kw": "千瓦", "mw": "兆瓦", "oz": "盎司", "lb": "磅", "lbs": "磅", "ft": "英尺",
    "inch": "英寸", "pcs": "件", "min": "分钟", "ms": "毫秒", "ug": "微克", "μg": "微克", "µg": "微克", "nm": "纳米",
    "μm": "微米", "rpm": "转每分", "kpa": "千帕", "kcal": "千卡", "cal": "卡", "°": "度", "¢": "美分", "g": "克", "m": "米", "l": "升",
    "h": "小时", "s": "秒", "t": "吨",
}  # fmt: skip
_UNIT = "|".join(sorted(map(re.escape, _UNITS), key=len, reverse=True))
_COUNTED = (
    "小时|分钟|公斤|公里|平方|立方|英寸|英尺|毫升|厘米|个|件|只|条|款|瓶|盒|箱|袋|包|支|套|双|对|位|名|种|样|倍|人|块|元|毛|天|年|周|点|秒|斤|米|"
    "次|张|片|颗|粒|台|部|本|杯|份|把|根|枚|串|打|吨|升|克|步|遍|场|轮|间|组|批|层|队|家|辆|门|口|头|折|万|千|亿|页|句|股|罐|桶|筒|管|朵|棵|碗|盘|束|提|卷"
)
_SHOWN_BY_DIGITS = (
    "520|521|1314|618|818|666|888|233|996|007|110|119|120|122|211|985|315|12315|12345|10086|10010"
)
_DENOMINATORS = ("16", "20", "24")
"""Above 12, where a fraction is likelier than a day."""
_PRICED = "价|只要|仅|卖|满|减|送|共|到手|约|近|超|花|付|买|第|每|达|有|为|是|过"
_CODES = "QQ群|微信群|尾号|编号|验证码|房间号|房号|单号|订单号|学号|账号|密码|车牌|邮编|口令|暗号|代码|编码|号码|微信|群号|QQ|ID"


def _date(match: Match[str]) -> str | None:
    return _day_of(match[1], int(match[2]), int(match[3]))


def _date_backwards(match: Match[str]) -> str | None:
    first, second = int(match[1]), int(match[2])
    return _day_of(match[3], second, first) or _day_of(match[3], first, second)


def _day_of(year: str, month: int, day: int) -> str | None:
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    return f"{digits(year)}年{integer(str(month))}月{integer(str(day))}日"


def _month_and_day(match: Match[str]) -> str | None:
    month, day = int(match[1]), int(match[2])
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    return f"{integer(str(month))}月{integer(str(day))}日"


def _clock(hour: str, minute: str, second: str | None) -> str | None:
    if int(hour) > 24 or int(minute) > 59 or int(second or 0) > 59:
        return None
    said = ("两" if int(hour) == 2 else integer(hour)) + "点"
    if int(minute) or (second and int(second)):
        said += ("零" if minute[0] == "0" and int(minute) else "") + integer(minute) + "分"
    return said + (f"{integer(second)}秒" if second and int(second) else "")


def _time(match: Match[str]) -> str | None:
    said = _clock(match[1], match[2], match[3])
    if said is None:
        return None
    half = (match[4] or "").replace(".", "").lower()
    return {"am": "上午", "pm": "下午"}.get(half, "") + said


def _telephone(match: Match[str]) -> str:
    return ("加" if match[0][0] == "+" else "") + digits(match[0], one="幺")


def _money(value: str, scale: str | None, name: str) -> str:
    factor = {"k": 1000, "m": 10**6, "w": 10**4, "b": 10**9}.get((scale or "").lower())
    if factor is None:
        return amount(value) + (scale or "") + name
    exact = Decimal(value.replace(",", "")) * factor
    return amount(f"{exact:f}") + name


def _price(match: Match[str]) -> str:
    return _money(match[2], match[3], _CURRENCY[match[1].upper()])


def _price_range(match: Match[str]) -> str:
    low, high = amount(match[2]), amount(match[5])
    return f"{low}到{high}{match[6] or ''}{_CURRENCY[match[1].upper()]}"


def _percent(match: Match[str]) -> str:
    sign = "百分之" if match[2] in "%％" else "千分之"
    return ("负" if match[1][0] in "-−" else "") + sign + number(match[1].lstrip("+-−"))


def _percent_range(match: Match[str]) -> str:
    return f"百分之{number(match[1])}到百分之{number(match[2])}"


def _discount(match: Match[str]) -> str:
    whole = match[1]
    return ("".join(digits(whole)) if len(whole) == 2 and "." not in whole else amount(whole)) + "折"


def _range(match: Match[str]) -> str | None:
    low, high = float(match[1].replace(",", "")), float(match[2].replace(",", ""))
    if low >= high and match[3]:
        return None
    if low >= high:
        whole = "." not in match[0]
        return (
            f"{number(match[1])}{'比' if whole else '到'}{number(match[2])}{match[3]}"
            if "-" in match[0]
            else None
        )
    unit = match[3]
    reading = amount if re.match(_COUNTED, unit) else number
    return f"{reading(match[1])}到{reading(match[2])}{_UNITS.get(unit.lower(), unit)}"


def _fraction(match: Match[str]) -> str | None:
    said = _fraction_alone(match)
    return said and said + _UNITS.get((match[4] or "").lower(), "") + ("到" if match[5] else "")


def _fraction_alone(match: Match[str]) -> str | None:
    over, under = match[2], match[3]
    if int(under) == 0 or len(under) > 4 or len(over) > 4:
        return None
    if under not in _DENOMINATORS and int(over) <= 12 and 12 < int(under) <= 31 and not match[1]:
        return f"{integer(over)}月{integer(under)}日"
    if int(over) > int(under):
        return f"{integer(over)} {integer(under)}"
    return (f"{integer(match[1])}又" if match[1] else "") + f"{integer(under)}分之{integer(over)}"


def _measured(match: Match[str]) -> str:
    unit = match[2]
    value = match[1]
    if unit in ("°", "℃", "°C", "°c", "℉", "°F", "°f"):
        return number(value) + _UNITS[unit.lower()]
    return ("负" if value[0] in "-−" else "") + amount(value.lstrip("+-−")) + _UNITS[unit.lower()]


def _model_number(match: Match[str]) -> str:
    figures = match[1]
    return integer(figures) if len(figures) <= 2 or figures.endswith("00") else digits(figures)


def _plain(match: Match[str]) -> str:
    value = match[0]
    figures = value.lstrip("+-−")
    if figures.isdecimal() and ((figures[0] == "0" and len(figures) > 1) or len(figures) > 12):
        return ("负" if value[0] in "-−" else "") + digits(figures)
    return number(value)


def _after(words: str) -> str:
    """A pattern of nothing, after one of some words with | between."""
    return "(?:" + "|".join(f"(?<={word})" for word in words.split("|")) + ")"


def _not_after(words: str) -> str:
    return "".join(f"(?<!{word})" for word in words.split("|"))


def _rule(pattern: str, reading: Callable[[Match[str]], str | None]) -> Rule:
    return re.compile(pattern, re.IGNORECASE), reading


RULES: tuple[Rule, ...] = (
    # Dates and times
    _rule(r"(?<!\d)((?:19|20)\d\d)" + _TO + r"((?:19|20)\d\d)(?=\s?年)", lambda m: f"{digits(m[1])}到{digits(m[2])}"),
    _rule(r"(?<![\d.])(\d{1,2})\.(\d{1,2})(?=晚会|节)", lambda m: digits(m[1] + m[2])),
    _rule(r"(?<!\d)((?:19|20)\d\d)[-/.年](\d{1,2})[-/.月](\d{1,2})(?![\d.])[日号]?", _date),
    _rule(r"(?<![\d.])(\d{1,2})\.(\d{1,2})\.((?:19|20)\d\d)(?!\d|\.\d)", _date_backwards),
    _rule(r"(?<!\d)(\d{2,4})(?=\s?年(?![级纪]))", lambda m: digits(m[1]) if len(m[1]) == 4 or m[1][0] == "0" else None),
    _rule(r"(?<!\d)(\d{2})(?=[后年]代?(?:[^\d]|$))", lambda m: digits(m[1]) if m.string[m.end():m.end()+1] == "后" else None),
    _rule(r"(?<![\d.])(\d{1,2})[./](\d{1,2})(?=\s?(?:大促|购物|狂欢|活动|当天|[日号]|开播|直播))[日号]?", _month_and_day),
    _rule(r"(?<=[双雙])(11|12)(?!\d)", lambda m: integer(m[1])),
    _rule(rf"{_after('比分|比例')}(\s?)(\d+)\s?[:：–-]\s?(\d+)", lambda m: f"{integer(m[2])}比{integer(m[3])}"),
    _rule(r"(?<![\d:：.])(\d{1,2})[:：](\d{2})(?:[:：](\d{2}))?(?![\d:：])(?:\s?([ap]\.?m\b\.?))?", _time),
    _rule(r"(?<=[点分秒])" + _TO + r"(?=[一二三四五六七八九十两])", lambda _: "到"),
    _rule(r"(?<![\d:：.])(\d{1,4})\s?[:：]\s?(\d{1,4})(?![\d:：])", lambda m: f"{integer(m[1])}比{integer(m[2])}"),
    # Telephone numbers and codes
    _rule(r"(?<![\d.])(?:\+?86[- ]?)?1[3-9]\d([- ]?)\d{4}\1\d{4}(?!\d)", _telephone),
    _rule(r"(?<![\d.-])(?:\+\d{1,3}[- ])?\(?0\d{2,3}\)?[- ]?\d{7,8}(?!\d)", _telephone),
    _rule(r"(?<![\d.-])(?:400|800|95\d)[- ]?\d{3,4}[- ]?\d{3,4}(?![\d-])", _telephone),
    _rule(r"(?<![\d.-])\d{3,4}-\d{3,4}-\d{4}(?!\d)", _telephone),
    _rule(rf"{_after('电话|热线|打')}(\s?[:：是]?\s?)(\d{{3,13}})(?!\d)", lambda m: m[1] + digits(m[2], one="幺")),
    _rule(rf"{_after(_CODES)}(\s?[:：是为]?\s?)(\d+)", lambda m: m[1] + digits(m[2], one="幺")),
    _rule(r"(?<![\d.])(\d{1,3}(?:\.\d{1,3}){2,3})(?![\d.])", lambda m: "点".join(digits(part) for part in m[1].split("."))),
    # Money, percentages, discounts
    _rule(_SIGN + rf"\s?({_N})({_TO}){_SIGN[:-1]}|)\s?({_N})\s?([万亿千百])?(?![\d.])", lambda m: _price_range(m)),
    _rule(_SIGN + rf"\s?({_N})\s?(千万|百万|[万亿千百]|[kmwb](?![a-z]))?元?", _price),
    _rule(rf"{_ALONE}({_N})\s?([万亿千百]|[kmwb](?=\s))?\s?(RMB|CNY|USD|EUR|GBP|€|£)(?![a-z])", lambda m: _money(m[1], m[2], _CURRENCY[m[3].upper()])),
    _rule(rf"{_ALONE}({_N})[%％]?{_TO}({_N})[%％]", _percent_range),
    _rule(rf"(?<![\d.,a-z])([-+−]?{_N})\s?([%％‰])", _percent),
    _rule(rf"(?<![\d.])(\d(?:\.\d)?)折?{_TO}(\d(?:\.\d)?)\s?折", lambda m: f"{amount(m[1])}到{amount(m[2])}折"),
    _rule(r"(?<![\d.])(\d(?:\.\d)?|\d{2})\s?(?=折)折", _discount),
    # Sums
    _rule(r"(?<=[温在到至约是为])[-−](?=\d)", lambda _: "负"),
    _rule(r"(?<![\d.,])(\d)米(\d{1,2})(?!\d)(?!\s?[米个])", lambda m: f"{amount(m[1])}米{digits(m[2])}"),
    _rule(r"(?<=满)(\d+)\s?[-–－减]\s?(?=\d)", lambda m: f"{integer(m[1])}减"),
    _rule(rf"(?<![\d.,])({_N})\s?[x×*✕]\s?(?=\d)", lambda m: f"{number(m[1])}乘"),
    _rule(r"(?<![a-z\d])[x×*✕](?=\d)", lambda _: "乘"),
    _rule(rf"(?<![\d.,])({_N})\s?([-+−÷/])\s?(?={_N}\s?[=＝])", lambda m: number(m[1]) + {"+": "加", "÷": "除以", "/": "除以"}.get(m[2], "减")),
    _rule(rf"(?<![\d.,])({_N})\s?\+\s?(?=\d)", lambda m: f"{number(m[1])}加"),
    _rule(r"\s?[=＝]\s?(?=[\d一二三四五六七八九十百千万负-])", lambda _: "等于"),
    # Ranges and fractions
    _rule(rf"(?<![\d./])(?:(\d+)\s{{1,2}})?(\d{{1,4}})/(\d{{1,4}})(?![\d/])\s*(?:({_UNIT})(?![a-z]))?({_TO}(?=\d))?", _fraction),
    _rule(rf"(?<=[周期拜][一二三四五六日天末]){_TO}(?=周|星期|礼拜|[一二三四五六日天末])", lambda _: "到"),
    _rule(rf"(?<=[\d一二三四五六七八九十][月号日]){_TO}(?=[\d一二三四五六七八九十])", lambda _: "到"),
    _rule(rf"{_ALONE}({_N}){_TO}({_N})(?![\d.-])\s?((?:{_COUNTED}|[万千亿年月日号楼岁度级码寸]|{_UNIT})?)(?![a-z])", _range),
    # Measures
    _rule(rf"(?<![\d.,a-z])([-+−]?{_N})\s?({_UNIT})(?![a-z])", lambda m: None if m[2] in ("T", "G", "M", "K", "S", "H") else _measured(m)),
    _rule(rf"{_ALONE}({_N})\s?W(?![a-z])", lambda m: amount(m[1]) + ("万" if m[0][-1] == "w" else "瓦")),
    _rule(rf"(?<![\d.,a-z])({_N})\s?V(?![a-z])", lambda m: amount(m[1]) + "伏"),
    _rule(rf"(?<!第){_ALONE}({_N})(?=\s?(?:{_COUNTED}))", lambda m: amount(m[1])),
    _rule(r"(?<=[克升米斤瓦片寸])\s?[x×*✕]\s?(?=[一二三四五六七八九十两\d])", lambda _: "乘"),
    _rule(r"(?<=[元克升米斤公瓶个件])/(?=[\u4e00-\u9fff])", lambda _: "每"),
    _rule(r"(?<=[\d万千百十亿元个])\+", lambda _: "加"),
    # Numbers that are names
    _rule(r"(?<![a-z])No\.?\s?(\d+)|#(\d+)", lambda m: f"第{integer(m[1])}" if m[1] else f"{integer(m[2])}号"),
    _rule(r"(?<![\d.])(720|1080|1440|2160)(?=\s?p(?![a-z]))", lambda m: digits(m[1], one="幺")),
    _rule(rf"(?<![\d.,]){_not_after(_PRICED)}({_SHOWN_BY_DIGITS})(?![\d.,])(?!\s?(?:{_COUNTED}))", lambda m: digits(m[1], one="幺" if m[1] in ("110", "119", "120", "122", "12315", "12345", "10086", "10010", "211") else "一")),
    _rule(rf"(?<![\d.,])(95\d{{3}})(?![\d.,])(?!\s?(?:{_COUNTED}))", lambda m: digits(m[1])),
    _rule(r"(?<=[a-z])(\d+)(?![\d.,])", _model_number),
    _rule(rf"(?<![\d\u4e00-\u9fff a-z])[-−]?{_N}|{_N}", _plain),
)  # fmt: skip


_INITIALS = re.compile(r"(?<![A-Za-z.])(?:[A-Za-z]\.){2,6}(?![A-Za-z])")
_DOT = re.compile(r"(?<=[A-Za-z])\.(?=[A-Za-z]{2})")
"""Of an address."""


def as_said(sentence: Text) -> Text:
    """A sentence without figures."""
    sentence = sentence.sub(_INITIALS, lambda match: match[0].replace(".", " ").upper().strip()).sub(
        _DOT, lambda _: "点"
    )
    for pattern, reading in RULES:
        sentence = sentence.sub(pattern, reading)
    return sentence
